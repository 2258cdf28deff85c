"""Log-odds, and logistic regression with slopes that never reverse a ranking."""

from typing import overload

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

CLIP = 1e-12
"""Probabilities are held this far from 0 and 1 before their log-odds are taken, where a caller
states no other clip."""

RIDGE = 1e-3
"""A trace of shrinkage of the slopes to 1, so that separated samples have a finite answer."""

MIN_SLOPE = 0.02
"""A ranking that the rows contradict is flattened, but stays a ranking."""

MAX_STEPS = 50


def expit(x: Array) -> Array:
    """Compute the logistic function, safe for large arguments."""
    return np.asarray(0.5 * (1 + np.tanh(x / 2)))


@overload
def logit(p: float, clip: float = CLIP) -> float: ...
@overload
def logit(p: Array, clip: float = CLIP) -> Array: ...
def logit(p: Array | float, clip: float = CLIP) -> Array | float:
    """Compute log-odds of probabilities, held `clip` away from 0 and 1.

    >>> logit(np.array([0.5, 0.9])).round(3).tolist()
    [0.0, 2.197]
    """
    inside = np.clip(p, clip, 1 - clip)
    odds = np.log(inside / (1 - inside))
    return odds if isinstance(odds, np.ndarray) else float(odds)


def fit_logistic(terms: Array, defaulted: Array, weights: Array) -> tuple[float, Array]:
    """Fit intercept and slopes (rows x terms, rows, rows), each slope at least `MIN_SLOPE`.

    Newton's method; a slope that would fall below is fixed there and the others are fitted anew.
    """
    slopes = np.ones(terms.shape[1])
    free = np.ones(terms.shape[1], bool)
    while True:
        offset = terms[:, ~free] @ slopes[~free]
        intercept, slopes[free] = _newton(terms[:, free], offset, defaulted, weights)
        low = free & (slopes < MIN_SLOPE)
        if not low.any():
            return intercept, slopes
        slopes[low], free[low] = MIN_SLOPE, False


def shift_to_rate(log_odds: Array, rate: float, weights: Array) -> float:
    """Find what to add to the log-odds so that their mean probability is the rate.

    >>> round(shift_to_rate(np.array([-3.0, -1.0]), rate=0.25, weights=np.ones(2)), 3)
    0.649
    """
    from scipy.optimize import brentq

    goal, share = float(np.clip(rate, 1e-6, 1 - 1e-6)), weights / weights.sum()
    return float(brentq(lambda shift: expit(log_odds + shift) @ share - goal, -50, 50, xtol=1e-12))


def _newton(terms: Array, offset: Array, defaulted: Array, weights: Array) -> tuple[float, Array]:
    middle = np.average(terms, axis=0, weights=weights)
    x = np.column_stack([np.ones(len(terms)), terms - middle])
    start = logit(float(np.average(defaulted, weights=weights)), clip=1e-6)
    ridge = np.r_[0.0, np.full(terms.shape[1], RIDGE)]
    found = np.r_[start - np.average(offset, weights=weights), np.ones(terms.shape[1])]
    for _ in range(MAX_STEPS):
        p = expit(x @ found + offset)
        gradient = x.T @ (weights * (defaulted - p)) - ridge * (found - 1)
        spread = weights * np.clip(p * (1 - p), 1e-12, None)
        information = (x * spread[:, None]).T @ x + np.diag(ridge)
        step = np.clip(np.linalg.solve(information, gradient), -2.0, 2.0)
        found = found + step
        if np.abs(step).max() < 1e-10:
            break
    return float(found[0] - middle @ found[1:]), found[1:]
