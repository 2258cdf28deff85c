"""Log-odds and the bounded logistic fit against answers by hand and a second library."""

import numpy as np
import pytest
from scipy import special

from riskmodel.statistics.logistic import CLIP, MIN_SLOPE, expit, fit_logistic, logit, shift_to_rate


def test_log_odds_and_their_inverse_are_those_of_scipy():
    p = np.array([1e-9, 0.02, 0.5, 0.73, 1 - 1e-9])
    assert logit(p) == pytest.approx(special.logit(p), rel=1e-12, abs=1e-15)
    x = np.array([-700.0, -3.0, 0.0, 2.5, 700.0])
    assert expit(x) == pytest.approx(special.expit(x), rel=1e-9, abs=1e-16)


def test_probabilities_of_nought_and_one_are_clipped_by_the_stated_clip():
    assert logit(np.array([0.0, 1.0])) == pytest.approx(special.logit([CLIP, 1 - CLIP]))
    assert logit(0.0, clip=1e-6) == pytest.approx(np.log(1e-6 / (1 - 1e-6)))
    assert isinstance(logit(0.2), float)


def test_one_slope_that_must_be_held_leaves_the_other_free():
    rng = np.random.default_rng(3)
    terms = rng.normal(size=(3000, 2))
    bad = (rng.random(3000) < expit(-1 + 0.8 * terms[:, 0] - 0.5 * terms[:, 1])).astype(float)
    _, slopes = fit_logistic(terms, bad, np.ones(3000))
    assert slopes[1] == MIN_SLOPE
    assert slopes[0] == pytest.approx(0.8, abs=0.15)


def test_the_level_is_what_makes_the_mean_probability_the_rate():
    odds = np.array([-2.0, 0.0, 1.0])
    assert expit(odds + shift_to_rate(odds, 0.5, np.ones(3))).mean() == pytest.approx(
        0.5, abs=1e-10
    )
    twice = shift_to_rate(odds, 0.5, np.array([2.0, 1.0, 1.0]))
    assert twice == pytest.approx(shift_to_rate(np.array([-2.0, -2.0, 0.0, 1.0]), 0.5, np.ones(4)))
