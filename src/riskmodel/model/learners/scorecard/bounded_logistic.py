"""Penalised logistic regression within bounds, by Newton's method."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from riskmodel.statistics.logistic import expit

Array = npt.NDArray[np.float64]
MAX_STEPS = 100
MAX_HALVINGS = 40
TOLERANCE = 1e-12
"""Smaller steps of a coefficient count as none."""
MIN_GAIN = 1e-9
"""The search ends where a step would win less log likelihood."""
SUFFICIENT_DECREASE = 1e-4
"""Of what a full step promises, so much must come true (Armijo 1966)."""


@dataclass(frozen=True)
class BoundedLogistic:
    """The task: log-odds are `design @ made @ x`, with `x` between `low` and `high`.

    `design` is rows x terms, dense or sparse, and `made` terms x coefficients. The log likelihood
    is lessened by half of `penalty` (one a term) times the squared distance of each term's weight
    from `centre`. `count` is how often each row counts.
    """

    design: Any
    made: Array
    defaulted: Array
    penalty: Array
    centre: Array
    low: Array
    high: Array
    count: Array | float = 1.0

    def loss(self, x: Array) -> float:
        """Compute the penalised negative log likelihood."""
        weights = self.made @ x
        z, away = self.design @ weights, weights - self.centre
        kept = self.penalty @ away**2 / 2
        gained = (self.count * self.defaulted) @ z
        return float((self.count * np.logaddexp(0.0, z)).sum() - gained + kept)

    def slope_and_curve(self, x: Array) -> tuple[Array, Array]:
        """Its first and second derivatives."""
        weights = self.made @ x
        p = expit(self.design @ weights)
        away = self.count * (p - self.defaulted)
        by_term = self.design.T @ away + self.penalty * (weights - self.centre)
        curve = self.design.T @ _weight_rows(self.design, self.count * p * (1 - p))
        curve = np.asarray(curve.todense() if hasattr(curve, "todense") else curve)
        curve = curve + np.diag(self.penalty)
        return self.made.T @ by_term, self.made.T @ curve @ self.made


def fit_bounded(task: BoundedLogistic, start: Array) -> Array:
    """The coefficients that minimise the loss.

    Newton's method: each step goes towards the least of the local parabola within the bounds, and is
    halved until the loss falls enough.
    """
    x = np.clip(start, task.low, task.high)
    best = task.loss(x)
    for _ in range(MAX_STEPS):
        slope, curve = task.slope_and_curve(x)
        step = _step(curve, slope, task.low - x, task.high - x)
        if -slope @ step < MIN_GAIN:
            break
        x, best, fell = _halve_step(task, x, step, (best, float(slope @ step)))
        if not fell:
            break
    return x


def _step(curve: Array, slope: Array, low: Array, high: Array) -> Array:
    """A d between `low` and `high`, 0 among them, that lessens slope d + d curve d / 2 most.

    By the active-set method (Nocedal and Wright 2006, section 16.5) as far as holding goes: a
    coefficient that meets its bound on the way stays there for the rest of the step. The next step
    lets go whatever the slope then draws inside.
    """
    d = np.zeros(len(slope))
    held = ((low >= 0) & (slope > 0)) | ((high <= 0) & (slope < 0))
    while True:
        free = np.flatnonzero(~held)
        move = np.zeros(len(d))
        move[free] = -np.linalg.solve(curve[np.ix_(free, free)], (slope + curve @ d)[free])
        reach = _reach(move, low - d, high - d)
        share = min(1.0, float(reach.min()))
        d = np.clip(d + share * move, low, high)
        if share == 1:
            return d
        stopped = reach <= share
        d = np.where(stopped, np.where(move < 0, low, high), d)
        held |= stopped


def _reach(move: Array, low: Array, high: Array) -> Array:
    """The share of its step that each coefficient can go until a bound."""
    room = np.where(move < 0, low, high)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(np.abs(move) > TOLERANCE, np.maximum(room / move, 0.0), np.inf)


def _halve_step(
    task: BoundedLogistic, x: Array, step: Array, known: tuple[float, float]
) -> tuple[Array, float, bool]:
    """The first of the step, its half, its quarter and so on that lessens the loss enough."""
    best, slope = known
    for share in 0.5 ** np.arange(MAX_HALVINGS):
        moved = np.clip(x + share * step, task.low, task.high)
        loss = task.loss(moved)
        if loss <= best + SUFFICIENT_DECREASE * share * slope:
            return moved, loss, True
    return x, best, False


def _weight_rows(design: Any, weights: Array) -> Any:
    """The design with each row times its weight."""
    if hasattr(design, "multiply"):
        return design.multiply(weights[:, None]).tocsr()
    return design * weights[:, None]
