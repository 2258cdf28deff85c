"""AUC, its errors and KS against answers by hand and a second library."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import settings as rules
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from riskmodel.statistics.bootstrap import bootstrap_weights
from riskmodel.statistics.calibration import brier, log_loss
from riskmodel.statistics.discrimination import (
    auc,
    auc_difference,
    clustered_auc,
    kolmogorov_smirnov,
)


def test_auc_counts_ties_half():
    # Pairs (defaulter, other): .5 beats .1, ties .5, loses to .9; .9 beats two, ties one.
    score, bad = np.array([0.1, 0.5, 0.9, 0.5, 0.9]), np.array([0, 0, 0, 1, 1])
    assert auc(score, bad) == pytest.approx((1.5 + 2.5) / 6)


def test_an_area_counts_ties_half_and_rows_by_their_weight() -> None:
    score, bad = np.array([1.0, 2.0, 2.0, 3.0]), np.array([0.0, 1.0, 0.0, 1.0])
    assert auc(score, bad, np.ones(4)) == (1 + 0.5 + 2) / 4
    assert auc(score, bad, np.array([1.0, 1.0, 1.0, 0.0])) == (1 + 0.5) / 2


def test_auc_has_no_answer_without_both_outcomes():
    assert np.isnan(auc(np.array([0.1, 0.2]), np.array([1, 1])))
    assert np.isnan(auc(np.array([]), np.array([])))


ROWS = st.lists(
    st.tuples(st.integers(0, 9), st.booleans(), st.integers(0, 3)), min_size=4, max_size=40
)


@rules(max_examples=80, deadline=None)
@given(ROWS)
def test_auc_agrees_with_another_library_also_under_weights(rows):
    from sklearn.metrics import roc_auc_score

    score, bad, weights = (np.array(column, float) for column in zip(*rows, strict=True))
    if not 0 < (weights * bad).sum() < weights.sum():
        assert np.isnan(auc(score, bad, weights))
        return
    theirs = roc_auc_score(bad, score, sample_weight=weights)
    assert auc(score, bad, weights) == pytest.approx(theirs, abs=1e-12)


def test_ks_brier_and_log_loss_agree_with_another_library():
    from scipy.stats import ks_2samp
    from sklearn.metrics import brier_score_loss
    from sklearn.metrics import log_loss as log_loss_of_sklearn

    rng = np.random.default_rng(3)
    p = rng.random(200).round(2).clip(0.01, 0.99)
    bad = (rng.random(200) < p).astype(float)
    ks = ks_2samp(p[bad == 1], p[bad == 0]).statistic
    assert kolmogorov_smirnov(p, bad) == pytest.approx(ks, abs=1e-12)
    assert brier(p, bad) == pytest.approx(brier_score_loss(bad, p), abs=1e-12)
    assert log_loss(p, bad) == pytest.approx(log_loss_of_sklearn(bad, p), abs=1e-12)


def test_ks_looks_at_whole_ties_and_certain_pds_have_a_finite_loss() -> None:
    # at .1 one of two others and none of two defaulters lie below; at .5 all of both
    tied = kolmogorov_smirnov(np.asarray([0.1, 0.5, 0.5, 0.5]), np.asarray([0, 0, 1, 1]))
    assert tied == pytest.approx(0.5)
    assert log_loss(np.asarray([0.0]), np.asarray([1.0])) == pytest.approx(-np.log(1e-12))
    assert log_loss(np.asarray([1.0]), np.asarray([1.0])) == pytest.approx(0.0, abs=1e-9)


def clustered(seed: int, firms: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values, outcomes and enterprises: four rows each, alike within an enterprise."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(firms), 4)
    bad = rng.random(len(who)) < np.repeat(rng.beta(1, 3, firms), 4)
    values = np.repeat(rng.normal(size=firms), 4) + 0.5 * rng.normal(size=len(who)) + 0.7 * bad
    return np.round(values, 1), bad, who


def test_the_auc_is_the_share_of_pairs_in_order_and_ties_count_half() -> None:
    # bad 3 and 2 against good 1, 2, 4: of six pairs 1 + 1 + 0 and 1 + 1/2 + 0 are in order
    values, bad = np.array([3.0, 2, 1, 2, 4]), np.array([True, True, False, False, False])
    assert clustered_auc(values, bad, np.arange(5)).auc == pytest.approx(3.5 / 6)


def test_the_auc_is_that_of_scikit_learn() -> None:
    values, bad, who = clustered(1)
    assert clustered_auc(values, bad, who).auc == pytest.approx(roc_auc_score(bad, values))


def test_with_a_row_an_enterprise_the_error_is_that_of_delong() -> None:
    values, bad, _ = clustered(2)
    order = (values[bad][:, None] > values[~bad]) + (values[bad][:, None] == values[~bad]) / 2
    of_bad, of_good = order.mean(axis=1), order.mean(axis=0)
    expected = of_bad.var(ddof=1) / bad.sum() + of_good.var(ddof=1) / (~bad).sum()
    found = clustered_auc(values, bad, np.arange(len(bad)))
    assert found.error == pytest.approx(np.sqrt(expected))


def test_the_error_of_repeated_rows_is_that_of_drawing_whole_enterprises() -> None:
    values, bad, who = clustered(3)
    weights = bootstrap_weights(pd.Series(who), 2000, seed=1)
    redrawn = np.std([auc(values, bad.astype(float), w) for w in weights])
    clustered_error = clustered_auc(values, bad, who).error
    assert clustered_error == pytest.approx(redrawn, rel=0.08)
    assert clustered_error > 1.2 * clustered_auc(values, bad, np.arange(len(who))).error


def test_copies_of_an_enterprises_rows_tell_nothing_new() -> None:
    values, bad, who = clustered(4)
    once = clustered_auc(values, bad, who)
    twice = clustered_auc(np.tile(values, 2), np.tile(bad, 2), np.tile(who, 2))
    assert (twice.auc, twice.error) == pytest.approx((once.auc, once.error))
    assert (twice.rows, twice.freedom) == (2 * once.rows, once.freedom)


@given(st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, 4)), max_size=30))
def test_the_opposite_value_ranks_the_other_way_and_as_surely(rows: list[tuple]) -> None:
    table = np.array(rows, float).reshape(-1, 3)
    values, bad, who = table[:, 0], table[:, 1] > 0, table[:, 2].astype(int)
    assume(bad.any() and not bad.all())
    up, down = clustered_auc(values, bad, who), clustered_auc(-values, bad, who)
    assert up.auc + down.auc == pytest.approx(1)
    assert up.error == pytest.approx(down.error, nan_ok=True, abs=1e-7)
    assert 0 <= up.auc <= 1


def test_the_freedom_of_the_interval_is_that_of_the_rarer_outcomes_enterprises() -> None:
    values, who = np.arange(8.0), np.array([0, 0, 1, 2, 3, 4, 5, 5])
    for bad in (who < 2, who >= 2):
        assert clustered_auc(values, bad, who).freedom == 1


def test_the_difference_of_two_scores_has_the_error_of_delong():
    one, two = np.array([3.0, 1.0, 2.0, 0.0]), np.array([1.0, 3.0, 2.0, 0.0])
    gain, error = auc_difference(one, two, np.array([True, True, False, False]), np.arange(4))
    # V10: one 1, .5; two .5, 1: differences .5, -.5; V01: .5, 1 in both: differences 0.
    assert gain == 0
    assert error == pytest.approx(np.sqrt((0.25 + 0.25) / (2 - 1) / 2))
