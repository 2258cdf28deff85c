"""Shadow prices of the constraints from the smoothed Lagrangian dual, and the exact bound they
prove.

The dual separates over enterprises: given the prices, each takes its best option net of them. Any
prices of zero or more give an upper bound on every allocation (weak duality).
"""

import math
from functools import partial

import numpy as np

from riskmodel.errors import DataError
from riskmodel.limits.allocation import kernels
from riskmodel.limits.allocation.blocks import BlockMap
from riskmodel.limits.allocation.newton import Point, minimise
from riskmodel.limits.allocation.options import Floats, Options
from riskmodel.limits.allocation.shortlist import Shortlist

HOT = (0.1, 0.03, 0.01)
COLD = (0.003, 0.001, 0.0003)
FROZEN = (0.0001, 0.00003)
"""Temperatures of the smoothing, in each enterprise's largest value: from a smooth landscape to
nearly the true one. Large books have so many enterprises near a tie that they are smooth without
the last two."""
ROUNDING = float(np.finfo(np.float64).eps)
NOTHING = 1e-30
"""A constraint that holds less than this share of the largest amount holds nothing."""


def largest_amount(options: Options, over: BlockMap) -> float:
    """Return the largest limit or loss, CNY; `DataError` where values or amounts are faulty."""
    amounts = (options.value, options.limit, options.loss)
    found = list(over(lambda a, b: kernels.count_faults(*amounts, a, b), options.pairs))
    names = {"value": "a number or minus infinity", "limit": "0 or more", "loss": "0 or more"}
    for place, (name, right) in enumerate(names.items()):
        bad = sum(one[place] for one in found)
        if bad:
            raise DataError(
                f"options.{name}: {bad:,} of {options.value.size:,} entries are not {right}. "
                "Close a level by a value of minus infinity, and give amounts that are numbers."
            )
    return max((float(one[3]) for one in found), default=0.0)


def price_scales(capacity: Floats, total: float, largest: float) -> Floats:
    """Return the price at which a constraint's whole capacity costs `total`; 0 where it needs none.

    Those are constraints without a bound, and constraints that hold nothing: what uses them is closed.
    """
    priced = np.isfinite(capacity) & (capacity > NOTHING * largest)
    scale: Floats = np.where(priced, total / np.where(priced, capacity, 1.0), 0.0)
    return scale


def use_bounds(capacity: Floats, largest: float) -> Floats:
    """Return the most that an option may use of a constraint in the bound: all, or nothing where it
    is empty.

    An option that is alone larger than a constraint is never chosen. The bound lets a part of it in all
    the same, as the linear relaxation does, so that it is never under a linear program's optimum.
    """
    max_use: Floats = np.where(capacity > NOTHING * largest, np.inf, 0.0)
    return max_use


def exact_bound(
    options: Options, prices: Floats, max_use: Floats, *, worth: float, over: BlockMap
) -> float:
    """Compute the dual's value without smoothing: no allocation is worth more, rounding included.

    An enterprise's best option, if its true net is above 0, is charged less than it is worth, so
    the net is wrong by a few roundings of its value. All such values together are not above
    `worth`, the sum of the enterprises' largest values; a few roundings of it are added.
    """
    best = sum_best_nets(options, prices, max_use, over)
    priced = prices > 0
    cost = math.fsum(prices[priced] * options.capacity[priced])
    steps = options.limit_constraints.shape[1] + options.loss_constraints.shape[1] + 8
    bound: float = best + cost + 2 * ROUNDING * (steps * worth + best + cost)
    return bound


def sum_best_nets(options: Options, prices: Floats, max_use: Floats, over: BlockMap) -> float:
    """Sum what the enterprises' best options are worth net of these prices, CNY."""
    columns = (
        options.start, options.limit_constraints, options.loss_constraints,
        options.value, options.limit, options.loss,
    )  # fmt: skip
    sums = over(
        lambda a, b: kernels.sum_best_nets(*columns, prices, max_use, a, b), options.enterprises
    )
    return math.fsum(part for pair in sums for part in pair)


def minimise_dual(
    of: Shortlist,
    capacity: Floats,
    start: Floats,
    scale: Floats,
    *,
    heats: tuple[float, ...],
    over: BlockMap,
) -> list[Floats]:
    """Minimise the smoothed dual: prices at each temperature, each solved from the last.

    `start` and what is given are in CNY a CNY; the search runs in prices of `scale`.
    """
    total = float(of.top.sum())
    known = scale > 0
    if not known.any() or total == 0:
        return [np.zeros_like(capacity)]
    unit = scale[known]

    def dual_at(x: Floats, heat: float) -> Point:
        prices = np.zeros_like(capacity)
        prices[known] = x * unit
        smooth, use, hessian = smoothed_dual(of, prices, heat, over)
        gradient = (capacity[known] - use[known]) * unit
        cost = float(prices[known] @ capacity[known])
        curve = hessian[np.ix_(known, known)] * unit[:, None] * unit
        return Point(x, (smooth + cost) / total, gradient / total, curve / total)

    x = np.where(known, start / np.where(known, scale, 1.0), 0.0)[known]
    steps = []
    for heat in heats:
        x = minimise(partial(dual_at, heat=heat), x)
        prices = np.zeros_like(capacity)
        prices[known] = x * unit
        steps.append(prices)
    return steps


def smoothed_dual(
    of: Shortlist, prices: Floats, heat: float, over: BlockMap
) -> tuple[float, Floats, Floats]:
    """Return the enterprises' part of the smoothed dual, CNY, their use of each constraint, and the
    Hessian."""
    rows = len(prices)

    def block(first: int, last: int) -> tuple[float, Floats, Floats]:
        use, hessian = np.zeros(rows), np.zeros((rows, rows))
        smooth = kernels.add_smoothed_dual(
            of.start, of.pair, of.value, of.limit, of.loss, of.top, of.limit_constraints, of.loss_constraints,
            prices, heat, use, hessian, first, last,
        )  # fmt: skip
        return smooth, use, hessian

    use, hessian, smooth = np.zeros(rows), np.zeros((rows, rows)), []
    for part, used, second in over(block, of.enterprises):
        smooth.append(part)
        use += used
        hessian += second
    return math.fsum(smooth), use, hessian
