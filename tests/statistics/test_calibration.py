"""Losses, ratio, slope and Jeffreys' test against answers by hand, golden values and a second library."""

import numpy as np
import pytest
from scipy.stats import beta, norm

from riskmodel.statistics.calibration import (
    brier,
    calibration_ratio,
    calibration_slope,
    jeffreys_test,
    jeffreys_test_in_cycle,
    log_loss,
)
from riskmodel.statistics.discrimination import auc, kolmogorov_smirnov


def test_jeffreys_gives_the_golden_value():
    # reference/validation.md, after the ECB's instructions of 2019.
    assert jeffreys_test(7, 200, 0.025) == pytest.approx(0.1778527043990, abs=1e-12)


def test_jeffreys_in_the_cycle_is_jeffreys_without_correlation_and_milder_with_it():
    alone = jeffreys_test(14, 200, 0.025)
    assert jeffreys_test_in_cycle(14, 200, 0.025, 0.0) == pytest.approx(alone, abs=1e-12)
    assert jeffreys_test_in_cycle(14, 200, 0.025, 0.1) > 5 * alone


def test_jeffreys_in_the_cycle_agrees_with_draws_of_the_cycle():
    from scipy.stats import norm

    z = np.random.default_rng(1).standard_normal(20_000)
    shifted = norm.cdf((norm.ppf(0.025) + np.sqrt(0.1) * z) / np.sqrt(0.9))
    drawn = np.mean([jeffreys_test(14, 200, p) for p in shifted[:4000]])
    assert jeffreys_test_in_cycle(14, 200, 0.025, 0.1) == pytest.approx(drawn, abs=0.01)


def test_a_ratio_above_one_says_that_the_pds_are_too_low():
    bad = np.array([1.0, 0, 0, 0])
    assert calibration_ratio(np.full(4, 0.125), bad) == 2


def test_the_slope_is_one_for_true_pds_and_a_half_for_log_odds_twice_as_far_apart():
    rng = np.random.default_rng(3)
    odds = rng.normal(-1, 1, 40_000)
    p = 1 / (1 + np.exp(-odds))
    y = (rng.random(40_000) < p).astype(float)
    twice = 1 / (1 + np.exp(-2 * odds))
    assert calibration_slope(p, y) == pytest.approx(1, abs=0.05)
    assert calibration_slope(twice, y) == pytest.approx(0.5, abs=0.025)


def test_the_slope_agrees_with_another_library_under_weights():
    from sklearn.linear_model import LogisticRegression

    rng = np.random.default_rng(4)
    p = rng.uniform(0.02, 0.6, 500)
    y = (rng.random(500) < p).astype(float)
    w = rng.integers(0, 4, 500).astype(float)
    odds = np.log(p / (1 - p))[:, None]
    theirs = LogisticRegression(C=1e12, tol=1e-10).fit(odds, y, sample_weight=w)
    ours = calibration_slope(p, y, w)
    assert ours == pytest.approx(theirs.coef_[0, 0], abs=1e-4)


def test_weights_count_rows_as_often_as_they_say() -> None:
    p, y, w = np.asarray([0.1, 0.4, 0.8]), np.asarray([0.0, 1.0, 1.0]), np.asarray([1.0, 2.0, 3.0])
    p_long, y_long = np.repeat(p, w.astype(int)), np.repeat(y, w.astype(int))
    for metric in (
        auc, kolmogorov_smirnov, brier, log_loss,
        calibration_ratio,
    ):  # fmt: skip
        assert metric(p, y, w) == pytest.approx(metric(p_long, y_long))
    # -(ln .9 + 2 ln .4 + 3 ln .8) / 6; (.01 + 2 x .36 + 3 x .04) / 6; 5 of (.1 + .8 + 2.4)
    assert log_loss(p, y, w) == pytest.approx(0.434562, abs=1e-6)
    assert brier(p, y, w) == pytest.approx(0.85 / 6)
    assert calibration_ratio(p, y, w) == pytest.approx(5 / 3.3)


def test_jeffreys_p_is_a_beta_distributions_and_in_the_cycle_its_mean() -> None:
    assert jeffreys_test(3, 50, 0.04) == pytest.approx(beta.cdf(0.04, 3.5, 47.5))
    z = np.linspace(-8, 8, 20_001)
    given = norm.cdf((norm.ppf(0.04) + 0.4 * z) / np.sqrt(0.84))
    density = norm.pdf(z)
    mean = (beta.cdf(given, 3.5, 47.5) * density).sum() / density.sum()
    assert jeffreys_test_in_cycle(3, 50, 0.04, 0.16) == pytest.approx(mean, abs=1e-4)


def test_the_slope_bears_pds_of_none_and_of_one() -> None:
    p = np.asarray([0.0, 0.1, 0.4, 0.6, 0.9, 1.0, 0.2, 0.7])
    y = np.asarray([0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0])
    assert np.isfinite(calibration_slope(p, y))


def test_a_weight_of_three_is_a_row_told_three_times() -> None:
    rng = np.random.default_rng(5)
    p = rng.uniform(0.05, 0.9, 80)
    bad = (rng.random(80) < p).astype(float)
    weights = rng.integers(0, 4, 80)
    often = np.repeat(np.arange(80), weights)
    for metric in (
        auc,
        kolmogorov_smirnov,
        brier,
        log_loss,
        calibration_ratio,
        calibration_slope,
    ):
        weighted = metric(p, bad, weights.astype(float))
        assert weighted == pytest.approx(metric(p[often], bad[often]), abs=1e-6)
        assert weighted != pytest.approx(metric(p, bad), abs=1e-6)
