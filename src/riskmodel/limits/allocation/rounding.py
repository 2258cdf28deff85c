"""Feasible integer choices from shadow prices: greedy ones, and an LP's vertex filled up."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from riskmodel.limits.allocation import rounding_kernels as kernels
from riskmodel.limits.allocation.blocks import BlockMap, run_all
from riskmodel.limits.allocation.options import NONE, Flags, Floats, Ints
from riskmodel.limits.allocation.shortlist import Shortlist

CONTESTED = 1_000
"""Enterprises left to the LP: those nearest to a tie. The others take their best option."""
NEAREST = 4
"""Options of each of them that the LP sees: the best ones net of prices."""
REBUILT, REBUILDS = 300, 50_000
"""Enterprises nearest to a tie that are rebuilt a few at a time, and how often; a small book's
number of times is `REBUILDS_EACH` an enterprise."""
REBUILDS_EACH = 200
TOGETHER, SKIPPED = 6, 10
"""Enterprises in one rebuild, at most, and options passed over, in 256."""
FINEST = 1_000
"""The binary exponent of the smallest grain: beyond it doubles come to their end."""
FILLS = 4
"""Rounds of filling up; each begins with the largest gains."""
FEW = 1_000
"""A round that moves no more than one enterprise in so many is the last."""


@dataclass(frozen=True)
class GrainCapacity:
    """Capacities in whole grains, so that sums are exact in any order.

    A grain is a power of two, some 2^-51 of the constraint's capacity; `grains` is how many make a CNY
    (0: no bound), `free` how many the constraint holds.
    Use is rounded up to whole grains, capacity down. Sums in floating point of what was chosen
    cannot exceed the capacity either, in whatever order: rounding is monotone, and the sums of the
    rounded amounts, which are no smaller, are exact.
    """

    grains: Floats
    free: Ints

    @classmethod
    def of(cls, capacity: Floats) -> "GrainCapacity":
        bounded = np.isfinite(capacity)
        size = np.where(bounded & (capacity > 0), capacity, np.finfo(np.float64).tiny)
        fine = np.exp2(np.minimum(51 - np.floor(np.log2(size)), FINEST))
        grains = np.where(bounded, fine, 0.0)
        return cls(grains, np.floor(np.where(bounded, capacity, 0.0) * grains).astype(np.int64))

    @property
    def is_bounded(self) -> Flags:
        return self.grains > 0

    def in_cny(self, grains: Ints) -> Floats:
        """So many grains of each constraint, CNY; 0 where there is no bound."""
        size: Floats = np.where(self.is_bounded, grains, 0) / np.where(
            self.is_bounded, self.grains, 1.0
        )
        return size


@dataclass(frozen=True)
class PricedShortlist:
    """The shortlist at some prices: nets, margins, and enterprises by falling margin.

    A net is an option's value less its use at the prices; a margin is that of the best option over
    the second, in the enterprise's largest values.
    """

    of: Shortlist
    net: Floats
    margin: Floats
    order: Ints

    @classmethod
    def at(cls, of: Shortlist, prices: Floats, over: BlockMap) -> "PricedShortlist":
        net, margin = np.empty(len(of.value)), np.empty(of.enterprises)
        columns = (
            of.start, of.pair, of.value, of.limit, of.loss, of.top, of.limit_constraints, of.loss_constraints,
            prices, net, margin,
        )  # fmt: skip
        run_all(over(lambda a, b: kernels.compute_margins(*columns, a, b), of.enterprises))
        able = np.flatnonzero(of.top > 0)
        return cls(of, net, margin, able[np.argsort(-margin[able], kind="stable")])


def round_greedily(priced_list: PricedShortlist, room: GrainCapacity) -> Ints:
    """Return each enterprise's best option that still fits at these prices, the largest margin
    first.

    Options are places of the shortlist (`NONE`: nothing); free capacity is then filled up.

    So what a full constraint turns away loses least.
    """
    choice = np.full(priced_list.of.enterprises, NONE, dtype=np.int64)
    free = room.free.copy()
    _move(priced_list.of, priced_list.order, priced_list.net, room, free, choice)
    return _fill_up(priced_list.of, room, free, choice)


def round_vertex(priced_list: PricedShortlist, room: GrainCapacity) -> Ints:
    """Return the integer part of an LP's vertex over the enterprises nearest to a tie, filled up.

    A vertex has at most as many fractional enterprises as there are constraints, so little is lost.
    """
    of = priced_list.of
    contested = np.sort(priced_list.order[-CONTESTED:])
    clean_truth = priced_list.order[:-CONTESTED]
    choice = np.full(of.enterprises, NONE, dtype=np.int64)
    free = room.free.copy()
    _move(of, clean_truth, priced_list.net, room, free, choice)
    share, places = _vertex(priced_list, contested, room, free)
    whole = places[share > 1 - 1e-6]
    owner = np.searchsorted(of.start, whole, side="right") - 1
    suggested = np.full(len(of.value), -np.inf)
    suggested[whole] = of.value[whole]
    _move(
        of, owner[np.argsort(-priced_list.net[whole], kind="stable")], suggested, room, free, choice
    )
    # the fractional ones at these prices: by value alone they would crowd each other out
    _move(
        of,
        priced_list.order[choice[priced_list.order] == NONE],
        priced_list.net,
        room,
        free,
        choice,
    )
    return _fill_up(of, room, free, choice)


def improve_rounding(priced_list: PricedShortlist, room: GrainCapacity, choice: Ints) -> Ints:
    """Return the choice after many small rebuilds of what is nearest to a tie; it is worth no less."""
    of, better = priced_list.of, choice.copy()
    pool = priced_list.order[-REBUILT:]
    if not len(pool):
        return better
    free = room.free - _use_in_grains(of, room, choice[choice >= 0])
    kernels.ruin_and_recreate(
        pool, priced_list.net, of.value, of.start, of.pair, of.limit, of.loss, of.limit_constraints,
        of.loss_constraints, room.grains, free, better,
        min(REBUILDS, REBUILDS_EACH * of.enterprises), TOGETHER, SKIPPED,
    )  # fmt: skip
    return _fill_up(of, room, free, better)


def _use_in_grains(of: Shortlist, room: GrainCapacity, places: Ints) -> Ints:
    """Use of each constraint by these places, in whole grains."""
    use = np.zeros(len(room.free), dtype=np.int64)
    for of_pairs, amount in ((of.limit_constraints, of.limit), (of.loss_constraints, of.loss)):
        for row in of_pairs[of.pair[places]].T:
            counted = row >= 0
            grains = np.ceil(amount[places][counted] * room.grains[row[counted]])
            np.add.at(use, row[counted], grains.astype(np.int64))
    return use


def _move(
    of: Shortlist, order: Ints, score: Floats, room: GrainCapacity, free: Ints, choice: Ints
) -> int:
    moves = kernels.move_in_order(
        order, score, of.start, of.pair, of.limit, of.loss, of.limit_constraints, of.loss_constraints,
        room.grains, free, choice,
    )  # fmt: skip
    return int(moves)


def _fill_up(of: Shortlist, room: GrainCapacity, free: Ints, choice: Ints) -> Ints:
    """Return the choice after moves to options of more value, for as long as some fit."""
    for _ in range(FILLS):
        has = np.where(choice >= 0, of.value[choice], 0.0) if len(of.value) else of.top
        order = np.argsort(has - of.top, kind="stable")
        order = order[(of.top > has)[order]]
        moves = _move(of, order, of.value, room, free, choice)
        if moves * FEW <= of.enterprises:
            break
    return choice


def _vertex(
    priced_list: PricedShortlist, contested: Ints, room: GrainCapacity, free: Ints
) -> tuple[Floats, Ints]:
    """The LP's shares of the contested enterprises' nearest options, and those options' places."""
    from scipy.optimize import linprog
    from scipy.sparse import csr_array

    of = priced_list.of
    places, who = _nearest(priced_list, contested)
    if not len(places):
        return np.zeros(0), places
    most = room.in_cny(free)
    size = np.where(room.free > 0, room.in_cny(room.free), 1.0)
    rows, columns, uses = [who], [np.arange(len(places))], [np.ones(len(places))]
    for of_pairs, amount in ((of.limit_constraints, of.limit), (of.loss_constraints, of.loss)):
        for row in of_pairs[of.pair[places]].T:
            counted = np.flatnonzero(row >= 0)
            counted = counted[room.is_bounded[row[counted]]]
            rows.append(len(contested) + row[counted])
            columns.append(counted)
            uses.append(amount[places[counted]] / size[row[counted]])
    matrix = csr_array(
        (np.concatenate(uses), (np.concatenate(rows), np.concatenate(columns))),
        shape=(len(contested) + len(size), len(places)),
    )
    worth = of.value[places]
    solved: Any = linprog(
        -worth / worth.max(),
        A_ub=matrix,
        b_ub=np.concatenate([np.ones(len(contested)), most / size]),
        method="highs-ds",
    )
    # without a solution only an improvement is lost, and the certificate's gap shows it
    return (solved.x if solved.status == 0 else np.zeros(len(places))), places


def _nearest(priced_list: PricedShortlist, contested: Ints) -> tuple[Ints, Ints]:
    """The places of the contested enterprises' best options, and whose each is."""
    of = priced_list.of
    sizes = of.start[contested + 1] - of.start[contested]
    who = np.repeat(np.arange(len(contested)), sizes)
    ends = np.cumsum(sizes)
    places = np.arange(len(who)) - np.repeat(ends - sizes - of.start[contested], sizes)
    by_net = np.lexsort((-priced_list.net[places], who))
    rank = np.arange(len(who)) - np.repeat(ends - sizes, sizes)
    kept = np.sort(by_net[rank < NEAREST])
    return places[kept], who[kept]
