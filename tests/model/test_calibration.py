"""Calibration: laws, and answers from other libraries."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st

from riskmodel.model.calibration import (
    Calibration,
    CalibrationOptions,
    Curve,
    OutOfFold,
    fit_calibration,
    fit_curve,
    venn_abers,
)
from riskmodel.statistics.logistic import MIN_SLOPE, expit

pytestmark = pytest.mark.slow


def out_of_fold(raw, bad, later=None):
    owners = pd.Series([f"E{n}" for n in range(len(raw))])
    later = np.ones(len(raw), bool) if later is None else later
    return OutOfFold(np.asarray(raw, float), np.asarray(bad, float), owners, later)


def calibrated(raw, bad, method="logistic", draws=20, cycle=0.0, anchor=None):
    return fit_calibration(
        out_of_fold(raw, bad), CalibrationOptions(method, draws, 0.9, cycle, 1), anchor
    )


def drawn(slope, rows=400):
    rng = np.random.default_rng(2)
    raw = rng.normal(0, 1, rows)
    return raw, rng.random(rows) < expit(-1 + slope * raw)


def test_logistic_calibration_agrees_with_an_unpenalised_regression_of_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    raw, bad = drawn(0.7)
    theirs = LogisticRegression(C=1e12, tol=1e-10).fit(raw[:, None], bad)
    ours = calibrated(raw, bad).curve
    assert ours.terms[0] == pytest.approx(theirs.coef_[0, 0], abs=1e-4)
    assert ours.intercept == pytest.approx(theirs.intercept_[0], abs=1e-4)


def test_beta_calibration_agrees_with_a_regression_on_its_two_terms():
    from sklearn.linear_model import LogisticRegression

    raw, bad = drawn(0.7, 4000)
    s = expit(raw)
    theirs = LogisticRegression(C=1e12, tol=1e-10).fit(
        np.column_stack([np.log(s), -np.log(1 - s)]), bad
    )
    ours = calibrated(raw, bad, "beta").curve
    assert (theirs.coef_ > MIN_SLOPE).all()  # else the comparison would say nothing
    assert ours.terms == pytest.approx(theirs.coef_[0], abs=1e-2)


def test_isotonic_calibration_pools_violators_and_adds_half_a_row_to_each_outcome():
    # 0, 1 | 0, 0 | 1: the second row violates the third and fourth; blocks 0 | 1 of 3 | 1 of 1.
    curve = fit_curve("isotonic", out_of_fold([0, 1, 2, 3, 4], [0, 1, 0, 0, 1]))
    assert [score for score, _ in curve.knots] == [0.0, 2.0, 4.0]
    rates = expit(np.array([odds for _, odds in curve.knots]))
    assert rates == pytest.approx([0.5 / 2, 1.5 / 4, 1.5 / 2])


def test_the_method_of_the_least_held_out_loss_is_taken_only_where_it_is_surely_better():
    rng = np.random.default_rng(5)
    raw = rng.normal(0, 2, 4000)
    straight = rng.random(4000) < expit(-1 + raw)
    stepped = rng.random(4000) < np.where(raw > 1, 0.7, 0.02)
    assert calibrated(raw, straight, "best", 20).curve.method == "logistic"
    found = calibrated(raw, stepped, "best", 20)
    assert found.curve.method == "isotonic"
    assert found.losses["isotonic"] < found.losses["logistic"]
    some = calibrated(raw[:300], stepped[:300], "best", 20)
    assert stepped[:300].sum() < 100
    assert some.curve.method == "logistic"


@pytest.mark.parametrize("method", ["logistic", "beta", "isotonic"])
@rules(max_examples=40, deadline=None)
@given(rows=st.lists(st.tuples(st.floats(-9, 9), st.booleans()), min_size=4, max_size=40))
def test_the_ranking_is_never_turned_round_and_the_interval_holds_the_pd(method, rows):
    raw = np.array([score for score, _ in rows])
    bad = np.array([outcome for _, outcome in rows])
    found = calibrated(raw, bad, method, 5)
    order = np.unique(np.round(raw, 6))
    assert (np.diff(found.log_odds(order)) > 0).all()
    low, high = found.bounds(raw)
    assert (low <= found.pd(raw)).all()
    assert (found.pd(raw) <= high).all()


@pytest.mark.parametrize("method", ["logistic", "beta"])
def test_a_score_that_ranks_the_wrong_way_is_flattened_and_the_mean_pd_is_the_default_rate(method):
    raw, bad = drawn(-2.0)
    found = calibrated(raw, bad, method)
    assert set(found.curve.terms) == {MIN_SLOPE}
    assert found.pd(raw).mean() == pytest.approx(bad.mean(), abs=1e-9)


def test_fewer_rows_leave_a_wider_interval():
    raw, bad = drawn(0.7)
    wide, narrow = calibrated(raw[:60], bad[:60], draws=200), calibrated(raw, bad, draws=200)
    width = [np.diff(one.bounds(np.array([0.0])), axis=0)[0, 0] for one in (wide, narrow)]
    assert width[0] > 1.5 * width[1]


def test_what_a_year_may_bring_widens_the_interval():
    raw, bad = drawn(0.7)
    calm, rough = calibrated(raw, bad), calibrated(raw, bad, cycle=1.0)
    at = np.array([-1.0, 0.0, 1.0])
    assert (rough.bounds(at)[0] < calm.bounds(at)[0]).all()
    assert (rough.bounds(at)[1] > calm.bounds(at)[1]).all()
    # A normal year of standard deviation 1 in log-odds reaches 1.645 at a coverage of .9.
    assert rough.margins[20][1] > 1.6448


def test_an_anchor_moves_the_mean_pd_to_it_and_no_ranking():
    raw, bad = drawn(0.7)
    free, held = calibrated(raw, bad), calibrated(raw, bad, anchor=0.02)
    assert held.pd(raw).mean() == pytest.approx(0.02, abs=1e-9)
    assert free.pd(raw).mean() == pytest.approx(bad.mean(), abs=1e-9)
    assert held.curve == free.curve


def test_the_venn_abers_pair_is_that_of_the_reference_library():
    from venn_abers.venn_abers import calc_p0p1, calc_probs

    raw, bad = drawn(0.9, 60)
    rows = out_of_fold(raw, bad)
    asked = np.r_[raw[:7], -3.0, 0.05, 3.0]
    low, high = venn_abers(rows, asked)
    s, t = expit(raw), expit(asked)
    p0, p1, places = calc_p0p1(np.column_stack([1 - s, s]), rows.defaulted)
    _, theirs = calc_probs(p0, p1, places, np.column_stack([1 - t, t]))
    assert low == pytest.approx(theirs[:, 0], abs=1e-9)
    assert high == pytest.approx(theirs[:, 1], abs=1e-9)


def test_the_venn_abers_pair_of_a_drawn_sample():
    # Scores 0 good, 1 bad; asked at 2. As good: 0 | 1 of 2. As bad: 0 | 1 | 1.
    low, high = venn_abers(out_of_fold([0, 1], [0, 1]), np.array([2.0]))
    assert (low[0], high[0]) == (0.5, 1.0)


def test_bounds_do_not_depend_on_the_rows_beside():
    margins = ((-2.0, 0.1, 0.3), (2.0, 0.2, 0.1))
    found = Calibration(Curve("logistic", -1.0, (1.0,)), 0.0, margins, 0.9, {})
    raw = np.linspace(-3, 3, 9)
    low, high = found.bounds(raw)
    assert found.bounds(raw[4:5])[0][0] == low[4]
    assert found.bounds(raw[::-1])[1].tolist() == high[::-1].tolist()
    assert low[4] == pytest.approx(expit(np.array([-1.0 - 0.15]))[0])


@pytest.mark.parametrize("method", ["logistic", "beta", "isotonic"])
def test_a_step_of_the_score_is_stretched_to_the_step_of_the_log_odds(method):
    raw, bad = drawn(0.9)
    found = calibrated(raw, bad, method)
    start = np.full(len(raw), raw.mean())
    stretch = found.stretch(start, raw)
    assert (stretch > 0).all()
    step = found.log_odds(raw) - found.log_odds(start)
    assert stretch * (raw - start) == pytest.approx(step, abs=1e-9)


def test_all_rows_give_the_form_and_the_later_ones_the_level():
    rng = np.random.default_rng(4)
    raw, late = rng.normal(0, 1, 6000), np.arange(6000) >= 5000
    bad = rng.random(6000) < expit(np.where(late, -2.0, -1.0) + raw)
    found = fit_calibration(
        out_of_fold(raw, bad, late), CalibrationOptions("logistic", 20, 0.9, 0.0, 1)
    )
    assert found.basis == "pooled"
    assert found.pd(raw[late]).mean() == pytest.approx(bad[late].mean(), abs=1e-9)
    pooled = fit_curve("logistic", out_of_fold(raw, bad, late))
    assert found.curve.terms == pooled.terms


def test_later_rows_that_contradict_the_form_give_it_alone():
    raw, bad = drawn(1.0, 6000)
    late = np.arange(6000) >= 4000
    noise = np.random.default_rng(4).random(6000) < bad.mean()
    bad = np.where(late, noise, bad)  # the score no longer says anything
    found = fit_calibration(
        out_of_fold(raw, bad, late), CalibrationOptions("logistic", 20, 0.9, 0.0, 1)
    )
    assert found.basis == "later"
    assert found.curve.terms[0] < 0.3


def test_separated_samples_have_a_finite_answer():
    found = calibrated([-2, -1, 1, 2], [0, 0, 1, 1])
    assert found.pd(np.array([-2.0, 2.0])) == pytest.approx([0, 1], abs=0.05)
