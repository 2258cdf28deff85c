"""Draws of enterprises and the percentile interval."""

import numpy as np
import pandas as pd
import pytest

from riskmodel.statistics.bootstrap import bootstrap_weights, percentile_interval


def test_a_bootstrap_draws_enterprises_with_all_their_rows():
    owners = pd.Series(["A", "A", "B", "C", "C", "C"])
    draws = list(bootstrap_weights(owners, 30, seed=1))
    for weights in draws:
        assert pd.Series(weights).groupby(owners).nunique().max() == 1
        assert pd.Series(weights).groupby(owners).first().sum() == 3
    assert len({tuple(weights) for weights in draws}) > 3
    again = bootstrap_weights(owners, 30, seed=1)
    assert all((one == two).all() for one, two in zip(draws, again, strict=True))


def test_an_interval_leaves_out_draws_without_an_answer():
    assert percentile_interval([1.0, 2.0, 3.0, float("nan")], 1.0) == (1, 3)
    assert np.isnan(percentile_interval([float("nan")])).all()


def test_an_interval_is_of_the_middle_nineteen_twentieths() -> None:
    assert percentile_interval([float(n) for n in range(1_001)]) == pytest.approx((25.0, 975.0))
    assert percentile_interval([0.0, 10.0], 0.5) == pytest.approx((2.5, 7.5))


def test_an_interval_leaves_a_fortieth_at_either_end() -> None:
    assert percentile_interval([float(n) for n in range(201)]) == pytest.approx((5, 195))


def test_another_seed_draws_other_enterprises() -> None:
    owners = pd.Series([f"E{n}" for n in range(30)])
    one, other = (list(bootstrap_weights(owners, 3, seed)) for seed in (1, 2))
    assert not np.array_equal(one, other)
    assert len(one) == 3
