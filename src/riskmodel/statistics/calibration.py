"""Calibration: whether PDs agree with what happened. Losses, ratio, slope and Jeffreys' test."""

import numpy as np
import numpy.typing as npt

from riskmodel.statistics.logistic import CLIP, fit_logistic, logit

Array = npt.NDArray[np.float64]


def brier(pd_12m: Array, defaulted: Array, weights: Array | None = None) -> float:
    """Compute the mean squared distance between PD and outcome (Brier 1950)."""
    return float(np.average((pd_12m - defaulted) ** 2, weights=weights))


def log_loss(pd_12m: Array, defaulted: Array, weights: Array | None = None) -> float:
    """Compute the mean of -log of the probability given to the outcome, PDs clipped by `CLIP`."""
    p = np.clip(pd_12m, CLIP, 1 - CLIP)
    return float(-np.average(np.log(np.where(defaulted > 0, p, 1 - p)), weights=weights))


def log_losses(log_odds: Array, defaulted: Array | npt.NDArray[np.bool_]) -> Array:
    """Compute each row's log loss from log-odds, which need no clip."""
    return np.asarray(np.logaddexp(0.0, np.where(defaulted > 0, -1.0, 1.0) * log_odds))


def recalibrated_log_losses(log_odds: Array, defaulted: npt.NDArray[np.bool_]) -> Array:
    """Compute each row's log loss once intercept and slope of the log-odds are fitted to the rows.

    So scores of different levels compare: by what they rank and how far they spread it.
    """
    intercept, slopes = fit_logistic(
        log_odds[:, None], defaulted.astype(float), np.ones(len(log_odds))
    )
    return log_losses(intercept + slopes[0] * log_odds, defaulted)


def calibration_ratio(pd_12m: Array, defaulted: Array, weights: Array | None = None) -> float:
    """Compute realised default rate over mean PD: 1 is right, above 1 the PDs are too low.

    >>> calibration_ratio(np.array([0.1, 0.1, 0.1, 0.1]), np.array([1, 0, 0, 0]))
    2.5
    """
    expected = np.average(pd_12m, weights=weights)
    return float(np.average(defaulted, weights=weights) / expected)


def calibration_slope(pd_12m: Array, defaulted: Array, weights: Array | None = None) -> float:
    """Fit the slope of the outcome on the PD's log-odds (Cox 1958).

    1 is right, below 1 the PDs lie too far apart.
    """
    w = np.ones(len(pd_12m)) if weights is None else weights
    _, slopes = fit_logistic(logit(pd_12m)[:, None], defaulted.astype(float), w)
    return float(slopes[0])


def jeffreys_test(defaults: float, rows: float, pd_12m: float) -> float:
    """Compute p of "the applied PD is at least the true one": F_Beta(PD; D + 1/2, N - D + 1/2).

    ECB, Instructions for reporting the validation results of internal models (2019), 2.5.3.1.

    >>> round(jeffreys_test(defaults=7, rows=200, pd_12m=0.025), 4)
    0.1779
    """
    from scipy.stats import beta

    return float(beta.cdf(pd_12m, defaults + 0.5, rows - defaults + 0.5))


def jeffreys_test_in_cycle(
    defaults: float, rows: float, pd_12m: float, correlation: float
) -> float:
    """Compute Jeffreys' p where one common factor moves all defaults of the year.

    The mean over Z ~ N(0, 1) of Jeffreys' p at Vasicek's p(Z) = Phi((Phi^-1(PD) + sqrt(rho) Z) /
    sqrt(1 - rho)), by Gauss-Hermite quadrature (Vasicek 2002). At a correlation of 0 it is
    `jeffreys_test`.
    """
    from scipy.stats import beta, norm

    nodes, weights = np.polynomial.hermite_e.hermegauss(64)
    shifted = norm.ppf(pd_12m) + np.sqrt(correlation) * nodes
    given = norm.cdf(shifted / np.sqrt(1 - correlation))
    p = beta.cdf(given, defaults + 0.5, rows - defaults + 0.5)
    return float((weights * p).sum() / weights.sum())
