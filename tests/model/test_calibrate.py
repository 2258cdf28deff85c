"""Calibration and grades: laws, and one answer from another library."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st

from riskmodel.model.calibrate import LEAST_SLOPE, Calibration, calibrate, expit
from riskmodel.model.grade import Grades, merged


def calibrated(raw, bad, draws=20):
    owners = pd.Series([f"E{n}" for n in range(len(raw))])
    return calibrate(
        np.asarray(raw, float), np.asarray(bad, float), owners, draws=draws, interval=0.9, seed=1
    )


def drawn(slope, rows=400):
    rng = np.random.default_rng(2)
    raw = rng.normal(0, 1, rows)
    return raw, rng.random(rows) < expit(-1 + slope * raw)


def test_the_calibration_agrees_with_an_unpenalised_logistic_regression():
    from sklearn.linear_model import LogisticRegression

    raw, bad = drawn(0.7)
    theirs = LogisticRegression(C=1e12, tol=1e-10).fit(raw[:, None], bad)
    ours = calibrated(raw, bad)
    assert ours.slope == pytest.approx(theirs.coef_[0, 0], abs=1e-4)
    assert ours.intercept == pytest.approx(theirs.intercept_[0], abs=1e-4)


@rules(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.floats(-9, 9), st.booleans()), min_size=4, max_size=40))
def test_the_ranking_is_never_turned_round_and_the_interval_holds_the_pd(rows):
    raw = np.array([score for score, _ in rows])
    bad = np.array([outcome for _, outcome in rows])
    found = calibrated(raw, bad)
    assert found.slope > 0
    assert all(slope > 0 for _, slope in found.draws)
    low, high = found.bounds(raw)
    assert (low <= found.pd(raw)).all()
    assert (found.pd(raw) <= high).all()


def test_a_score_that_ranks_the_wrong_way_is_flattened_and_the_mean_pd_is_the_default_rate():
    raw, bad = drawn(-2.0)
    found = calibrated(raw, bad)
    assert found.slope == LEAST_SLOPE
    assert found.pd(raw).mean() == pytest.approx(bad.mean(), abs=1e-9)


def test_separated_samples_have_a_finite_answer():
    found = calibrated([-2, -1, 1, 2], [0, 0, 1, 1])
    assert np.isfinite([found.intercept, found.slope]).all()
    assert found.pd(np.array([-2.0, 2.0])) == pytest.approx([0, 1], abs=0.05)


def test_fewer_rows_leave_a_wider_interval():
    raw, bad = drawn(0.7)
    wide, narrow = calibrated(raw[:60], bad[:60], 200), calibrated(raw, bad, 200)
    width = [np.diff(one.bounds(np.array([0.0])), axis=0)[0, 0] for one in (wide, narrow)]
    assert width[0] > 1.5 * width[1]


def test_bounds_do_not_depend_on_the_rows_beside():
    found = Calibration(-1.0, 1.0, ((-1.2, 0.9), (-0.8, 1.1), (-1.0, 1.0)), 0.9)
    raw = np.linspace(-3, 3, 9)
    low, high = found.bounds(raw)
    assert found.bounds(raw[4:5])[0][0] == low[4]
    assert found.bounds(raw[::-1])[1].tolist() == high[::-1].tolist()


def test_a_pd_on_a_bound_belongs_to_the_worse_grade():
    grades = Grades((0.01, 0.05))
    assert grades.of(np.array([0.0099, 0.01, 0.05, 0.9])).tolist() == ["G01", "G02", "G03", "G03"]


def test_thin_grades_are_merged_until_each_expects_enough_defaults():
    # Expected defaults: 1 below .02, 3 up to .05, 10 up to .2, 1 above.
    pds = np.repeat([0.01, 0.03, 0.1, 0.5], [100, 100, 100, 2])
    assert merged((0.02, 0.05, 0.2), pds, 0).bounds == (0.02, 0.05, 0.2)
    assert merged((0.02, 0.05, 0.2), pds, 3).bounds == (0.05,)
    assert merged((0.02, 0.05, 0.2), pds, 0.9).bounds == (0.02, 0.05, 0.2)
    assert merged((0.02, 0.05, 0.2), pds, 99).bounds == ()


@rules(max_examples=80, deadline=None)
@given(
    st.lists(st.floats(1e-4, 0.999), min_size=1, max_size=80),
    st.floats(0, 5),
)
def test_every_grade_expects_enough_defaults_or_there_is_one_grade(pds, least):
    values = np.array(pds)
    found = merged((0.01, 0.05, 0.2, 0.5), values, least)
    expected = pd.Series(values).groupby(found.of(values)).sum()
    expected = expected.reindex(list(found.names), fill_value=0)
    assert len(found.names) == 1 or (expected >= least - 1e-9).all()
