"""The mean's error where rows come in clusters: against independent rows, and a bootstrap."""

import numpy as np
import pytest

from riskmodel.statistics.clustered_mean import clustered_mean


def test_with_a_row_a_cluster_it_is_the_usual_error():
    values = np.random.default_rng(1).normal(size=200)
    mean, error = clustered_mean(values, np.arange(200))
    assert mean == pytest.approx(values.mean())
    assert error == pytest.approx(values.std(ddof=1) / np.sqrt(200))


def test_it_is_the_spread_over_clusters_drawn_again():
    rng = np.random.default_rng(2)
    cluster = np.repeat(np.arange(80), rng.integers(1, 9, 80))
    values = rng.normal(size=80)[cluster] + 0.3 * rng.normal(size=len(cluster))
    _, error = clustered_mean(values, cluster)
    sums, sizes = np.bincount(cluster, values), np.bincount(cluster)
    drawn = rng.integers(80, size=(4000, 80))
    spread = (sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)).std()
    assert error == pytest.approx(spread, rel=0.1)


def test_one_cluster_knows_nothing_of_its_error():
    assert clustered_mean(np.array([1.0, 2.0]), np.array([0, 0])) == (1.5, float("inf"))
