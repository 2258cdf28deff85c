"""Logistic regression with slopes that never turn a ranking round."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

RIDGE = 1e-3
"""A trace of shrinkage of the slopes to 1, so that separated samples have a finite answer."""

LEAST_SLOPE = 0.02
"""A ranking that the rows contradict is flattened, but stays a ranking."""

STEPS = 50


def expit(x: Array) -> Array:
    """The logistic function, safe for large arguments."""
    return np.asarray(0.5 * (1 + np.tanh(x / 2)))


def fit_logistic(terms: Array, defaulted: Array, weights: Array) -> tuple[float, Array]:
    """Intercept and slopes (rows x terms, rows, rows), each slope at least `LEAST_SLOPE`.

    Newton's method; a slope that would fall below is held there and the others are fitted anew.
    """
    slopes = np.ones(terms.shape[1])
    free = np.ones(terms.shape[1], bool)
    while True:
        held = terms[:, ~free] @ slopes[~free]
        intercept, slopes[free] = _newton(terms[:, free], held, defaulted, weights)
        low = free & (slopes < LEAST_SLOPE)
        if not low.any():
            return intercept, slopes
        slopes[low], free[low] = LEAST_SLOPE, False


def level(log_odds: Array, rate: float, weights: Array) -> float:
    """What to add to the log-odds so that their mean probability is the rate."""
    from scipy.optimize import brentq

    held, share = float(np.clip(rate, 1e-6, 1 - 1e-6)), weights / weights.sum()
    return float(brentq(lambda shift: expit(log_odds + shift) @ share - held, -50, 50, xtol=1e-12))


def _newton(terms: Array, held: Array, defaulted: Array, weights: Array) -> tuple[float, Array]:
    middle = np.average(terms, axis=0, weights=weights)
    x = np.column_stack([np.ones(len(terms)), terms - middle])
    rate = np.clip(np.average(defaulted, weights=weights), 1e-6, 1 - 1e-6)
    shrunk = np.r_[0.0, np.full(terms.shape[1], RIDGE)]
    found = np.r_[
        np.log(rate / (1 - rate)) - np.average(held, weights=weights), np.ones(terms.shape[1])
    ]
    for _ in range(STEPS):
        p = expit(x @ found + held)
        gradient = x.T @ (weights * (defaulted - p)) - shrunk * (found - 1)
        spread = weights * np.clip(p * (1 - p), 1e-12, None)
        information = (x * spread[:, None]).T @ x + np.diag(shrunk)
        step = np.clip(np.linalg.solve(information, gradient), -2.0, 2.0)
        found = found + step
        if np.abs(step).max() < 1e-10:
            break
    return float(found[0] - middle @ found[1:]), found[1:]
