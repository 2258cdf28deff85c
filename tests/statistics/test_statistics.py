"""Statistics against answers by hand, golden values and a second library."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st

from riskmodel.statistics import statistics
from riskmodel.statistics.low_default import jeffreys_interval
from riskmodel.validate.performance import by_grade, by_vintage, holm, judged, performance


def test_jeffreys_gives_the_golden_value():
    # reference/validation.md, after the ECB's instructions of 2019.
    assert statistics.jeffreys(7, 200, 0.025) == pytest.approx(0.1778527043990, abs=1e-12)


def test_jeffreys_in_the_cycle_is_jeffreys_without_correlation_and_milder_with_it():
    alone = statistics.jeffreys(14, 200, 0.025)
    assert statistics.jeffreys_in_cycle(14, 200, 0.025, 0.0) == pytest.approx(alone, abs=1e-12)
    assert statistics.jeffreys_in_cycle(14, 200, 0.025, 0.1) > 5 * alone


def test_jeffreys_in_the_cycle_agrees_with_draws_of_the_cycle():
    from scipy.stats import norm

    z = np.random.default_rng(1).standard_normal(20_000)
    shifted = norm.cdf((norm.ppf(0.025) + np.sqrt(0.1) * z) / np.sqrt(0.9))
    drawn = np.mean([statistics.jeffreys(14, 200, p) for p in shifted[:4000]])
    assert statistics.jeffreys_in_cycle(14, 200, 0.025, 0.1) == pytest.approx(drawn, abs=0.01)


def test_the_interval_of_a_rate_reaches_zero_and_one_where_nothing_speaks_against_it():
    low, high = jeffreys_interval(0, 20)
    assert (low, round(high, 3)) == (0, 0.117)
    assert jeffreys_interval(20, 20)[1] == 1


def test_auc_counts_ties_half():
    # Pairs (defaulter, other): .5 beats .1, ties .5, loses to .9; .9 beats two, ties one.
    score, bad = np.array([0.1, 0.5, 0.9, 0.5, 0.9]), np.array([0, 0, 0, 1, 1])
    assert statistics.auc(score, bad) == pytest.approx((1.5 + 2.5) / 6)


def test_auc_has_no_answer_without_both_outcomes():
    assert np.isnan(statistics.auc(np.array([0.1, 0.2]), np.array([1, 1])))
    assert np.isnan(statistics.auc(np.array([]), np.array([])))


ROWS = st.lists(
    st.tuples(st.integers(0, 9), st.booleans(), st.integers(0, 3)), min_size=4, max_size=40
)


@rules(max_examples=80, deadline=None)
@given(ROWS)
def test_auc_agrees_with_another_library_also_under_weights(rows):
    from sklearn.metrics import roc_auc_score

    score, bad, weights = (np.array(column, float) for column in zip(*rows, strict=True))
    if not 0 < (weights * bad).sum() < weights.sum():
        assert np.isnan(statistics.auc(score, bad, weights))
        return
    theirs = roc_auc_score(bad, score, sample_weight=weights)
    assert statistics.auc(score, bad, weights) == pytest.approx(theirs, abs=1e-12)


def test_ks_brier_and_log_loss_agree_with_another_library():
    from scipy.stats import ks_2samp
    from sklearn.metrics import brier_score_loss, log_loss

    rng = np.random.default_rng(3)
    p = rng.random(200).round(2).clip(0.01, 0.99)
    bad = (rng.random(200) < p).astype(float)
    ks = ks_2samp(p[bad == 1], p[bad == 0]).statistic
    assert statistics.kolmogorov_smirnov(p, bad) == pytest.approx(ks, abs=1e-12)
    assert statistics.brier(p, bad) == pytest.approx(brier_score_loss(bad, p), abs=1e-12)
    assert statistics.log_loss(p, bad) == pytest.approx(log_loss(bad, p), abs=1e-12)


def test_a_ratio_above_one_says_that_the_pds_are_too_low():
    bad = np.array([1.0, 0, 0, 0])
    assert statistics.calibration_ratio(np.full(4, 0.125), bad) == 2


def test_psi_is_zero_for_the_same_sample_and_finite_with_an_empty_bin():
    sample = np.arange(100.0)
    assert statistics.psi(sample, sample) == 0
    moved = statistics.psi(sample, np.full(100, 5.0))
    assert np.isfinite(moved)
    assert moved > 1


def test_psi_sees_values_that_go_missing():
    sample = np.arange(100.0)
    gone = np.where(sample % 2 == 0, np.nan, sample)
    assert statistics.psi(sample, gone) > 0.5


def test_psi_by_hand_on_two_bins():
    # Ones and twos, none missing; half a row is added to each of the two bins that there are.
    e, a = np.array([1.0, 1.0, 2.0, 2.0]), np.array([1.0, 2.0, 2.0, 2.0])
    shares = np.array([[2.5, 2.5], [1.5, 3.5]]) / 5
    answer = ((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum()
    assert statistics.psi(e, a, bins=2) == pytest.approx(answer, abs=1e-12)


def test_psi_sees_a_shift_away_from_a_tied_value():
    zeros_and_ones = np.repeat([0.0, 1.0], [960, 40]), np.repeat([0.0, 1.0], [400, 600])
    a, b = np.array([960.5, 40.5]) / 1001, np.array([400.5, 600.5]) / 1001
    answer = ((b - a) * np.log(b / a)).sum()
    assert answer == pytest.approx(2.0, abs=0.01)
    assert statistics.psi(*zeros_and_ones) == pytest.approx(answer, abs=1e-12)
    upside_down = [1 - sample for sample in zeros_and_ones]
    assert statistics.psi(*upside_down) == pytest.approx(answer, abs=1e-12)


def test_without_drift_psi_exceeds_its_bound_once_in_twenty_however_many_rows_an_enterprise_has():
    rng = np.random.default_rng(3)
    owners = np.repeat(np.arange(200), rng.integers(1, 8, 200))
    others = np.repeat(np.arange(100, 300), rng.integers(1, 8, 200))
    exceeded = []
    for _ in range(400):
        traits = rng.normal(size=300)
        then, now = (
            np.round(traits[who] + 0.3 * rng.normal(size=len(who)), 1) for who in (owners, others)
        )
        bound = statistics.psi_bound(then, now, (pd.Series(owners), pd.Series(others)))
        exceeded.append(statistics.psi(then, now) > bound)
    assert 0.02 < np.mean(exceeded) < 0.09


def test_a_bootstrap_draws_enterprises_with_all_their_rows():
    owners = pd.Series(["A", "A", "B", "C", "C", "C"])
    draws = statistics.draws_by_enterprise(owners, 30, seed=1)
    for weights in draws:
        assert pd.Series(weights).groupby(owners).nunique().max() == 1
        assert pd.Series(weights).groupby(owners).first().sum() == 3
    assert len({tuple(weights) for weights in draws}) > 3
    again = statistics.draws_by_enterprise(owners, 30, seed=1)
    assert all((one == two).all() for one, two in zip(draws, again, strict=True))


def test_an_interval_leaves_out_draws_without_an_answer():
    assert statistics.interval([1.0, 2.0, 3.0, float("nan")], 1.0) == (1, 3)
    assert np.isnan(statistics.interval([float("nan")])).all()


def test_holm_multiplies_the_smallest_most_and_never_falls():
    found = holm(pd.Series([0.04, 0.01, 0.03, 0.9]))
    assert found.tolist() == pytest.approx([0.09, 0.04, 0.09, 0.9])


def predicted(*rows):
    frame = pd.DataFrame(rows, columns=["enterprise_id", "as_of", "grade", "pd_12m", "defaulted"])
    return frame.assign(
        as_of=pd.to_datetime(frame["as_of"]), defaulted=frame["defaulted"].astype("boolean")
    )


def test_an_enterprise_counts_once_in_a_grade_however_many_dates_tell_of_it():
    rows = predicted(
        ("E1", "2022-01-01", "G01", 0.1, True),
        ("E1", "2022-04-01", "G01", 0.3, True),
        ("E2", "2022-01-01", "G01", 0.1, False),
        ("E1", "2022-07-01", "G02", 0.5, False),
    )
    table = by_grade(rows).set_index("grade")
    first = table.loc["G01"]
    assert (first["rows"], first["enterprises"], first["defaults"]) == (3, 2, 1)
    assert (first["rate"], first["pd_12m"]) == (0.5, pytest.approx((0.2 + 0.1) / 2))
    assert first["p"] == pytest.approx(statistics.jeffreys(1, 2, 0.15))
    assert first["low"] < 0.5 < first["high"]


def test_performance_speaks_of_calibrate_and_test_rows_only_each_figure_in_its_interval():
    rng = np.random.default_rng(2)
    rows = pd.DataFrame(
        {
            "enterprise_id": [f"E{n}" for n in range(300)],
            "split": np.repeat(["fit", "calibrate", "test"], 100),
            "model": "trees",
            "pd_12m": rng.random(300),
        }
    )
    rows["defaulted"] = pd.array(rng.random(300) < rows["pd_12m"], dtype="boolean")
    table = performance(rows, 60, 7)
    assert set(table["split"]) == {"calibrate", "test"}
    assert (table["low"] <= table["figure"]).all()
    assert (table["figure"] <= table["high"]).all()
    assert set(table["rows"]) == {100}


def test_the_slope_is_one_for_true_pds_and_a_half_for_log_odds_twice_as_far_apart():
    rng = np.random.default_rng(3)
    odds = rng.normal(-1, 1, 40_000)
    p = 1 / (1 + np.exp(-odds))
    y = (rng.random(40_000) < p).astype(float)
    twice = 1 / (1 + np.exp(-2 * odds))
    assert statistics.calibration_slope(p, y) == pytest.approx(1, abs=0.05)
    assert statistics.calibration_slope(twice, y) == pytest.approx(0.5, abs=0.025)


def test_the_slope_agrees_with_another_library_under_weights():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(4)
    p = rng.uniform(0.02, 0.6, 500)
    y = (rng.random(500) < p).astype(float)
    w = rng.integers(0, 4, 500).astype(float)
    odds = np.log(p / (1 - p))[:, None]
    theirs = LogisticRegression(C=1e12, tol=1e-10).fit(odds, y, sample_weight=w)
    ours = statistics.calibration_slope(p, y, w)
    assert ours == pytest.approx(theirs.coef_[0, 0], abs=1e-4)


def test_the_headline_takes_the_place_of_the_models_own_word_on_the_test_rows():
    own = pd.DataFrame({"split": ["fit", "test"], "pd_12m": [0.1, 0.2]})
    blind = pd.DataFrame({"split": ["test"], "pd_12m": [0.3]})
    found = judged(own, blind)
    assert found["split"].tolist() == ["fit", "same_enterprises", "test"]
    assert found["pd_12m"].tolist() == [0.1, 0.2, 0.3]
    assert judged(own, blind.iloc[:0]).equals(own)


def test_each_vintage_has_its_own_ranking():
    walked = pd.DataFrame(
        {
            "enterprise_id": list("ABCDABCD"),
            "vintage": ["2020-01"] * 4 + ["2020-07"] * 4,
            "model": "trees",
            "defaulted": [True, False, False, False, True, False, True, False],
            "score": [4.0, 1.0, 2.0, 3.0, 1.0, 2.0, 3.0, 4.0],
        }
    )
    found = by_vintage(walked, 50, 1)
    # All above; then 1 of 4 pairs in order (the 3 above the 2).
    assert found["auc"].tolist() == [1.0, 0.25]
    assert found["defaults"].tolist() == [1, 2]
