"""Whole choices that fit, from prices of the rows: greedy ones, and an LP's vertex filled up."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskmodel.limits.options import NONE, Problem

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
CONTESTED = 2_000
"""Enterprises left to the LP: those nearest to a tie. The others take their best option."""
NEAREST = 10
"""Options of each of them that the LP sees: the best ones net of prices."""


def greedy(problem: Problem, prices: Floats) -> Ints:
    """What the enterprises take at these prices, as far as it fits, then filled up."""
    nobody = np.full(len(problem.value), NONE, dtype=np.int64)
    return improved(problem, improved(problem, nobody, problem.reduced(prices)), problem.value)


def rounded(problem: Problem, prices: Floats) -> Ints:
    """The whole part of an LP's vertex over the enterprises nearest to a tie, then filled up.

    A vertex has at most as many fractional enterprises as there are rows, so little is lost.
    """
    net = problem.reduced(prices)
    contested = _contested(net)
    nobody = np.full(len(net), NONE, dtype=np.int64)
    settled = np.where(contested[:, None], -np.inf, net)
    choice = improved(problem, nobody, settled)
    return improved(
        problem, _vertex(problem, choice, np.flatnonzero(contested), net), problem.value
    )


def improved(problem: Problem, choice: Ints, score: Floats) -> Ints:
    """The choice after single moves to an option of a higher score, for as long as one fits."""
    least = 1e-12 * float(problem.value.max())
    while True:
        room = problem.room - problem.usage(choice, problem.whole)
        option, gain, extra = _best_moves(problem, choice, score, room)
        gain = np.where(gain > least, gain, 0.0)
        admitted = _admitted(gain, extra, problem.bank[option], room)
        if not admitted.any():
            return choice
        choice = np.where(admitted, option, choice)


def _best_moves(
    problem: Problem, choice: Ints, score: Floats, room: Floats
) -> tuple[Ints, Floats, Floats]:
    """Each enterprise's best option that fits by itself, its gain, and what it uses more."""
    everyone = np.arange(len(choice))
    taken = choice >= 0
    now = np.where(taken, score[everyone, choice], 0.0)
    using = np.where(taken, problem.whole[:, everyone, choice], 0.0)
    stays = taken[:, None] & (problem.bank[choice][:, None] == problem.bank[None, :])
    extra = problem.whole - np.where(stays[None], using[:, :, None], 0.0)
    fits = (extra <= room[:, problem.bank][:, None, :]).all(axis=0)
    closed = ~fits | np.isneginf(score)
    gain = np.where(closed, -np.inf, score - np.where(np.isneginf(now), 0.0, now)[:, None])
    option = gain.argmax(axis=1)
    return option, gain[everyone, option], extra[:, everyone, option]


def _admitted(gain: Floats, extra: Floats, bank: Ints, room: Floats) -> Flags:
    """The moves that fit together, the largest gain first.

    What a move frees elsewhere is not counted on, so each admitted set fits.
    """
    more = np.maximum(extra, 0.0)
    order = np.lexsort((np.arange(len(gain)), -gain))
    order = order[gain[order] > 0]
    admitted = np.zeros(len(gain), dtype=np.bool_)
    for one in range(room.shape[1]):
        here = order[bank[order] == one]
        together = np.cumsum(more[:, here], axis=1)
        admitted[here[(together <= room[:, one, None]).all(axis=0)]] = True
    return admitted


def _contested(net: Floats) -> Flags:
    """The enterprises whose two best options, or best one and none, lie nearest together."""
    best = np.sort(np.column_stack([net, np.zeros(len(net))]), axis=1)
    margin = best[:, -1] - best[:, -2]
    contested = np.zeros(len(net), dtype=np.bool_)
    contested[np.argsort(margin, kind="stable")[:CONTESTED]] = True
    return contested


def _vertex(problem: Problem, choice: Ints, contested: Ints, net: Floats) -> Ints:
    """The choice with the whole part of the LP's solution for the contested enterprises."""
    from scipy.optimize import linprog
    from scipy.sparse import csr_matrix

    best = np.argsort(-net[contested], axis=1, kind="stable")[:, :NEAREST]
    who = np.repeat(np.arange(len(contested)), best.shape[1])
    option = best.reshape(-1)
    seen = np.isfinite(problem.value[contested[who], option])
    who, option = who[seen], option[seen]
    room = problem.room - problem.usage(choice, problem.whole)
    scale = np.where(problem.room > 0, problem.room, 1.0)
    uses = problem.whole[:, contested[who], option] / scale[:, problem.bank[option]]
    measures, banks = room.shape
    row = len(contested) + np.arange(measures)[:, None] * banks + problem.bank[option]
    column = np.tile(np.arange(len(who)), measures + 1)
    matrix = csr_matrix(
        (
            np.concatenate([np.ones(len(who)), uses.reshape(-1)]),
            (np.concatenate([who, row.reshape(-1)]), column),
        ),
        shape=(len(contested) + room.size, len(who)),
    )
    most = np.concatenate([np.ones(len(contested)), (room / scale).reshape(-1)])
    worth = problem.value[contested[who], option]
    solved: Any = linprog(-worth / worth.max(), A_ub=matrix, b_ub=most, method="highs-ds")
    if solved.status != 0:
        return choice  # only an improvement is lost, and the certificate's gap shows it
    whole = solved.x > 1 - 1e-6
    suggested = choice.copy()
    suggested[contested[who[whole]]] = option[whole]
    return _fitting(problem, suggested, choice)


def _fitting(problem: Problem, suggested: Ints, choice: Ints) -> Ints:
    """As much of the suggestion as fits exactly: the LP holds its rows only to a tolerance."""
    moved = np.flatnonzero(suggested != choice)
    score = np.full_like(problem.value, -np.inf)
    score[moved, suggested[moved]] = problem.value[moved, suggested[moved]]
    return improved(problem, choice, score)
