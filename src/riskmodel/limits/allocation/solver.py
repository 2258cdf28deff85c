"""At most one pair and level an enterprise, under the constraints, with a certificate."""

import math
from dataclasses import dataclass

import numpy as np

from riskmodel.errors import SettingsError
from riskmodel.limits.allocation.blocks import BlockMap, block_map
from riskmodel.limits.allocation.dual import (
    COLD,
    FROZEN,
    HOT,
    exact_bound,
    largest_amount,
    minimise_dual,
    price_scales,
    smoothed_dual,
    sum_best_nets,
    use_bounds,
)
from riskmodel.limits.allocation.options import NONE, Floats, Ints, Options, validate_options
from riskmodel.limits.allocation.rounding import (
    GrainCapacity,
    PricedShortlist,
    improve_rounding,
    round_greedily,
    round_vertex,
)
from riskmodel.limits.allocation.shortlist import Shortlist, ShortlistRule, make_shortlist

LARGE = 60_000
"""Enterprises from which on a sample is solved first, and short lists made at its prices."""
SAMPLE = 20_000
LISTS = ((0.05, 12), (0.2, 20), (0.6, 32))
"""The short lists of a large book: options that are best while prices move by a share, at most so
many an enterprise. The wider ones are made only where the prices moved by half the share."""


MORE = 6
"""Steps of prices, at most, from which a greedy choice is made as well."""


@dataclass(frozen=True)
class Allocation:
    """An allocation and its certificate.

    `pair` (a position among all pairs) and `level` are one an enterprise, -1 where nothing is
    chosen. `value` is CNY; no allocation is worth more than `bound`. `shadow_prices` is what one more CNY
    of each constraint's capacity earns, `used` what is used of it, CNY.
    """

    pair: Ints
    level: Ints
    value: float
    bound: float
    shadow_prices: Floats
    used: Floats
    max_violation: float

    @property
    def gap(self) -> float:
        """Distance of the value from the optimum at most, relative to the bound."""
        return (self.bound - self.value) / self.bound if self.bound > 0 else 0.0


def allocate(options: Options, *, warm_start: Floats | None = None, threads: int = 1) -> Allocation:
    """Allocate levels to enterprises: the largest value found, with the smallest bound on any.

    A smoothed dual (log-sum-exp, Newton steps on the prices, temperature lowered in steps), its
    exact bound, and whole choices from its prices, the best of which is taken. `warm_start` are prices to
    begin from, one a constraint, such as last month's; bad ones cost time only. The same bytes whatever
    the number of threads. `DataError` for options that break their contract, `SettingsError` for
    warm prices or threads that do.

    >>> options = Options(
    ...     start=np.array([0, 1, 2]), limit_constraints=np.array([[0], [0]]),
    ...     loss_constraints=np.array([[-1], [-1]]), value=np.array([[4.0], [3.0]]),
    ...     limit=np.array([[100.0], [100.0]]), loss=np.zeros((2, 1)), capacity=np.array([150.0]))
    >>> found = allocate(options)
    >>> found.level.tolist(), found.value
    ([0, -1], 4.0)
    """
    if threads < 1:
        raise SettingsError(f"allocation: {threads} threads. Give 1 or more.")
    options = validate_options(options)
    begin = _check_warm_start(warm_start, options.constraints)
    with block_map(threads) as over:
        found = _solve_dual(options, begin, over)
        choice = _round(found, options.capacity, over)
    return _allocation(options, found, choice)


def _check_warm_start(warm_start: Floats | None, rows: int) -> Floats | None:
    if warm_start is None:
        return None
    prices = np.asarray(warm_start, dtype=np.float64)
    if prices.shape != (rows,) or not (np.isfinite(prices) & (prices >= 0)).all():
        raise SettingsError(
            f"allocation: the warm prices are not {rows} numbers of 0 or more. Give one a row."
        )
    return prices


@dataclass(frozen=True)
class _DualSolution:
    """Prices, the bound that they prove, and the options that they were found on.

    `steps` are the prices on the way, from which whole choices are made as well: a smoother
    dual's, which are further from a tie, at times lead to better ones.
    """

    of: Shortlist
    steps: list[Floats]
    prices: Floats
    bound: float


def _solve_dual(options: Options, warm_start: Floats | None, over: BlockMap) -> _DualSolution:
    """Solve for the prices of the smallest bound: of the whole book, or from a sample's and short
    lists."""
    largest = largest_amount(options, over)
    max_use = use_bounds(options.capacity, largest)
    nothing = np.zeros(options.constraints)
    worth = sum_best_nets(options, nothing, max_use, over)

    def bound(prices: Floats) -> float:
        return exact_bound(options, prices, max_use, worth=worth, over=over)

    who, large = _sample_positions(options.enterprises)
    of = make_shortlist(options, who, ShortlistRule(nothing, max_use), over)
    share = len(who) / max(options.enterprises, 1)
    steps = _prices_by_temperature(of, options.capacity * share, warm_start, largest, over)
    tried = [nothing, *steps[-3:]]
    bounds = [bound(prices) for prices in tried]
    for slack, most in LISTS if large else ():
        begin = tried[int(np.argmin(bounds))]
        rule = ShortlistRule(begin, max_use, slack, most)
        of = make_shortlist(options, np.arange(options.enterprises), rule, over)
        scale = price_scales(options.capacity, float(of.top.sum()), largest)
        steps = minimise_dual(of, options.capacity, begin, scale, heats=COLD[1:], over=over)
        tried.append(steps[-1])
        bounds.append(bound(steps[-1]))
        if _price_change(begin, steps[-1], options.capacity) < slack / 2:
            break
    best = int(np.argmin(bounds))
    return _DualSolution(of, steps, tried[best], bounds[best])


def _sample_positions(enterprises: int) -> tuple[Ints, bool]:
    """Return the enterprises that prices are first solved on, and whether they are a sample."""
    if enterprises <= LARGE:
        return np.arange(enterprises), False
    drawn = np.random.default_rng(0).choice(enterprises, SAMPLE, replace=False)
    return np.sort(drawn), True


def _prices_by_temperature(
    of: Shortlist, capacity: Floats, warm_start: Floats | None, largest: float, over: BlockMap
) -> list[Floats]:
    """Return prices by temperature: from none, or from a warm start that is nearer to the minimum."""
    scale = price_scales(capacity, float(of.top.sum()), largest)
    nothing = np.zeros_like(capacity)
    if warm_start is not None:
        warm_start = np.where(scale > 0, warm_start, 0.0)
        if _dual(of, warm_start, capacity, over) < _dual(of, nothing, capacity, over):
            return minimise_dual(of, capacity, warm_start, scale, heats=COLD + FROZEN, over=over)
    return minimise_dual(of, capacity, nothing, scale, heats=HOT + COLD + FROZEN, over=over)


def _dual(of: Shortlist, prices: Floats, capacity: Floats, over: BlockMap) -> float:
    priced = prices > 0
    smooth = smoothed_dual(of, prices, COLD[0], over)[0]
    return smooth + math.fsum(prices[priced] * capacity[priced])


def _price_change(before: Floats, after: Floats, capacity: Floats) -> float:
    """Relative change of prices, weighted by the cost of each constraint."""
    priced = (before > 0) | (after > 0)
    cost = before[priced] @ capacity[priced]
    change = np.abs(after - before)[priced] @ capacity[priced]
    return float(change / cost) if cost > 0 else float(change > 0)


def _round(found: _DualSolution, capacity: Floats, over: BlockMap) -> Ints:
    """Round to the integer choice that is worth most: places of the shortlist, `NONE` for nothing."""
    room = GrainCapacity.of(capacity)
    priced_list = PricedShortlist.at(found.of, found.prices, over)
    choices = [round_greedily(priced_list, room), round_vertex(priced_list, room)]
    for prices in found.steps[-MORE:]:
        choices.append(round_greedily(PricedShortlist.at(found.of, prices, over), room))
    best = max(choices, key=lambda choice: _value_of(found.of, choice))
    return max(
        best,
        improve_rounding(priced_list, room, best),
        key=lambda choice: _value_of(found.of, choice),
    )


def _value_of(of: Shortlist, choice: Ints) -> float:
    return math.fsum(of.value[choice[choice >= 0]])


def _allocation(options: Options, found: _DualSolution, choice: Ints) -> Allocation:
    of, chosen = found.of, choice >= 0
    pair, level = (np.full(options.enterprises, NONE, dtype=np.int64) for _ in range(2))
    pair[chosen], level[chosen] = of.pair[choice[chosen]], of.level[choice[chosen]]
    used = of.use_of(choice[chosen], options.constraints)
    over = np.maximum(used - options.capacity, 0.0)
    return Allocation(
        pair=pair,
        level=level,
        value=_value_of(of, choice),
        bound=found.bound,
        shadow_prices=found.prices,
        used=used,
        max_violation=float(over.max(initial=0.0)),
    )
