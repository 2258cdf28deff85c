"""A logistic regression's slope on a treatment within strata, and each row's pull on it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
RIDGE = 1e-2
"""On the strata's levels alone, so that a stratum without events keeps a finite one."""
STEPS = 50


@dataclass(frozen=True)
class Fit:
    """The slope and each row's influence on it."""

    slope: float
    influence: Floats


def fit_within_strata(treatment: Floats, event: Floats, stratum: Ints, log_odds: Floats) -> Fit:
    """The effect of `treatment` on the log-odds of `event`, given `stratum` and known `log_odds`.

    All one a row. The treatment is centred in its stratum: where it is as good as random there, the
    slope's estimating equation is a sum of (treatment - its mean given the stratum) x (event - its
    chance), which stays unbiased though the known log-odds be wrong (Robinson 1988; Chernozhukov
    et al. 2018, "Double/debiased machine learning"). Fitted by Newton's method.
    """
    levels = (stratum[:, None] == np.unique(stratum)[None, :]).astype(np.float64)
    centred = treatment - levels @ ((levels.T @ treatment) / levels.sum(axis=0))
    others = np.column_stack([log_odds - log_odds.mean(), levels])
    columns = np.column_stack([centred, others])
    penalty = np.concatenate([[0.0, RIDGE], np.full(levels.shape[1], RIDGE)])
    beta = np.zeros(columns.shape[1])
    start = np.log(max(event.mean(), 1e-6) / max(1 - event.mean(), 1e-6))
    beta[2:] = start
    for _ in range(STEPS):
        chance = 1 / (1 + np.exp(-columns @ beta))
        weight = chance * (1 - chance)
        bend = (columns.T * weight) @ columns + np.diag(penalty) + 1e-9 * np.eye(len(beta))
        held = np.concatenate([[0.0], beta[1:2], beta[2:] - start])
        move = np.linalg.solve(bend, columns.T @ (event - chance) - penalty * held)
        beta = beta + np.clip(move, -2.0, 2.0)
        if np.abs(move).max() < 1e-10:
            break
    pull = columns * (event - chance)[:, None]
    influence = pull @ np.linalg.inv(bend)[0]
    return Fit(float(beta[0]), influence)


def covariance(influences: list[Floats], enterprise: Ints) -> Floats:
    """The slopes' covariance, rows of one enterprise counting as one (sandwich, by cluster)."""
    count = int(enterprise.max()) + 1
    sums = np.column_stack(
        [np.bincount(enterprise, weights=one, minlength=count) for one in influences]
    )
    matrix: Floats = (sums.T @ sums).astype(np.float64)
    return matrix


def pool_slopes(
    slopes: Floats, spread: Floats, prior: tuple[float, float], transfer_sd: float
) -> tuple[float, float]:
    """The first outcome's slope and its standard deviation, from all outcomes' and the prior.

    `slopes` have the covariance `spread`; the other outcomes' true slopes lie about the first's
    with standard deviation `transfer_sd`; `prior` is the first's mean and standard deviation. The
    normal model's posterior, in closed form.

    >>> mean, sd = pool_slopes(np.array([1.0]), np.array([[0.25]]), (0.0, 0.5), 0.3)
    >>> round(mean, 3), round(sd, 3)
    (0.5, 0.354)
    """
    apart = np.full(len(slopes), transfer_sd**2)
    apart[0] = 0.0
    weights = np.linalg.solve(spread + np.diag(apart), np.ones(len(slopes)))
    known, mean, sd = weights.sum(), prior[0], prior[1]
    precision = known + sd**-2
    return float((weights @ slopes + mean * sd**-2) / precision), float(precision**-0.5)
