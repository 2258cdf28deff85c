"""At most one bank and level an enterprise, under the banks' rows, with a certificate."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riskmodel.limits.dual import prices_by_step
from riskmodel.limits.options import NONE, Options, Problem, open_options
from riskmodel.limits.rounding import greedy, rounded

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Allocation:
    """The choice and its certificate.

    `bank` and `level` are -1 where nothing is chosen; `prices` is measures x banks: what one more
    unit of that row's capacity earns. No allocation is worth more than `bound`.
    """

    bank: Ints
    level: Ints
    value: float
    bound: float
    prices: Floats
    used: Floats
    largest_violation: float

    @property
    def gap(self) -> float:
        """How far the value may be from the optimum, relative to the bound."""
        return (self.bound - self.value) / self.bound if self.bound > 0 else 0.0


def allocated(options: Options) -> Allocation:
    """The allocation of the largest value that was found, and the smallest bound on any.

    A smoothed dual (log-sum-exp, L-BFGS-B on the prices, temperature lowered in steps), its exact
    bound at every step, and whole choices from each step's prices, the best of which is taken.
    """
    count, _, levels = options.value.shape
    rows = open_options(options)
    if not rows.any():
        return _empty(options)
    kept = np.flatnonzero(rows.any(axis=(1, 2)))
    problem = Problem.of(options, rows, kept)
    steps = prices_by_step(problem)
    bounds = [problem.bound(prices) for prices in steps]
    prices = steps[int(np.argmin(bounds))]
    found = [*(greedy(problem, step) for step in steps), rounded(problem, prices)]
    best = max(found, key=problem.worth)
    choice = np.full(count, NONE, dtype=np.int64)
    choice[kept] = best
    used = problem.usage(best, problem.uses)
    return Allocation(
        bank=np.where(choice >= 0, choice // levels, NONE),
        level=np.where(choice >= 0, choice % levels, NONE),
        value=problem.worth(best),
        bound=min(bounds),
        prices=prices,
        used=used,
        largest_violation=float(np.maximum(used - options.capacity, 0.0).max()),
    )


def _empty(options: Options) -> Allocation:
    nobody = np.full(len(options.value), NONE, dtype=np.int64)
    nothing = np.zeros_like(options.capacity)
    return Allocation(nobody, nobody, 0.0, 0.0, nothing, nothing, 0.0)
