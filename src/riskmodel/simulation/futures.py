"""The future from a saved hidden state, many times over: what is true of a limit.

Each path is lived like history; the arrears, which no path depends on, are carried along it as
chances, not as draws, so that a few paths give a sharp mean. The draws of a path depend on the
enterprise, the date and the path's number alone: limits are compared on the same futures (common
random numbers).
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from riskmodel.simulation.arrears import (
    DEFAULTED,
    entry_chance,
    exit_chance,
    high_loss_chance,
    roll_chance,
    unpaid_exit_chance,
)
from riskmodel.simulation.buyers import Market
from riskmodel.simulation.calendar import HORIZON
from riskmodel.simulation.hidden_path import DRAWN, PIPE, STATE, advance_month, enter_buyer
from riskmodel.simulation.kernel_records import Record, Records
from riskmodel.simulation.lives import AHEAD
from riskmodel.simulation.random_streams import Floats, Ints, subkey
from riskmodel.simulation.traits import SLOTS

RESULTS = (
    "pd_12m",
    "standard_error",
    "drawn_share",
    "drawn_error",
    "drawn_share_at_default",
    "at_default_error",
    "lgd",
    "lgd_error",
)
"""Means over the paths, each with its standard error."""
_FUTURE = 50_000_000


class StartStates(NamedTuple):
    """Hidden states to go on from, one entry a question.

    `row` is the enterprise's position in the traits, `step` the first month that is lived,
    `limit` the line held from then on.
    """

    row: Ints
    step: Ints
    state: Floats
    ahead: Floats
    buyers: Ints
    arrears: Ints
    ailing: Ints
    rate: Floats
    limit: Floats


def simulate_futures(
    starts: StartStates,
    traits: Records,
    factors: Records,
    market: Market,
    p: Record,
    paths: int,
) -> Floats:
    """Simulate futures and return each start's `RESULTS`; a PD of one for those in default, shares NaN where undefined."""
    results = np.full((len(starts.row), len(RESULTS)), np.nan)
    _simulate_paths(results, starts, traits, factors, market, p, paths)
    return results


@njit(cache=True, nogil=True)
def _advance_chances(
    chance: Floats, state: Floats, t: Record, step: int, now: Record, p: Record
) -> float:
    """The chances of the steps of arrears a month on, in place; returns that of default now.

    `chance` holds current, three steps of arrears, then the four of those who left unpaid.
    """
    falls = entry_chance(state, t)
    leaves = exit_chance(state, t, step, now, p)
    owes = t.loan > 0.0 or state[DRAWN] > 0.0
    deserts = unpaid_exit_chance(state, owes, p)
    rolls_1, rolls_2 = roll_chance(state, 1, p), roll_chance(state, 2, p)
    rolls_3 = roll_chance(state, 3, p)
    cured = chance[1] * (1.0 - rolls_1) + chance[2] * (1.0 - rolls_2) + chance[3] * (1.0 - rolls_3)
    defaults = chance[3] * rolls_3 + chance[7]
    chance[7], chance[6], chance[5] = chance[6], chance[5], chance[4]
    chance[3], chance[2] = chance[2] * rolls_2, chance[1] * rolls_1
    chance[1] = chance[0] * falls
    sound = chance[0] * (1.0 - falls) + cured
    chance[0] = sound * (1.0 - leaves)
    chance[4] = sound * leaves * deserts
    return defaults


@njit(cache=True, nogil=True)
def _restore(
    state: Floats, pipe: Floats, book: Floats, chance: Floats, starts: StartStates, n: int,
    buyers: Floats,
) -> None:  # fmt: skip
    """Put start state `n` back, in place: state, payments on their way, buyers, arrears."""
    state[:] = starts.state[n]
    book[:, :] = buyers
    pipe[:] = 0.0
    for month in range(AHEAD):
        pipe[(starts.step[n] + month) % PIPE] = starts.ahead[n, month]
    chance[:] = 0.0
    chance[starts.arrears[n] + (4 if starts.ailing[n] > 0 else 0)] = 1.0


@njit(cache=True, nogil=True)
def _simulate_path(
    scratch: tuple[Floats, Floats, Floats, Floats, Floats],
    t: Record,
    first: int,
    key: np.uint64,
    line: tuple[float, float, bool],
    factors: Records,
    market: Market,
    p: Record,
) -> tuple[float, float, float, float, float]:
    """Simulate one path from the state in `scratch`.

    Returns the sums over its months: the chance of default, of being current, the utilisation while
    current, at default, and the loss given default, the last two weighted by the chance of default.
    """
    state, pipe, book, chance, used = scratch
    limit, g = line[0], p.programme
    used[:3] = min(state[DRAWN] / limit if limit > 0.0 else 0.0, 1.0)
    pd, sound, drawn, at_default, lost = 0.0, 0.0, 0.0, 0.0, 0.0
    for month in range(HORIZON):
        step = first + month
        advance_month(state, pipe, book, t, step, key, line, factors, market, p)
        defaults = _advance_chances(chance, state, t, step, factors[step], p)
        used[month + 3] = min(state[DRAWN] / limit, 1.0) if limit > 0.0 else 0.0
        pd += defaults
        sound += chance[0]
        drawn += chance[0] * used[month + 3]
        # the line is frozen when arrears begin, three months before the default
        before = used[month]
        at_default += defaults * (before + g.last_draw * (1.0 - before) if before > 0.0 else 0.0)
        high = high_loss_chance(t, factors[step], p)
        lost += defaults * (high * g.lgd_high + (1.0 - high) * g.lgd_low)
    return pd, sound, drawn, at_default, lost


@njit(cache=True, nogil=True)
def _add_path(totals: Floats, path: tuple[float, float, float, float, float]) -> None:
    """Add a path to the sums of numerators, denominators, their squares and products."""
    pd, sound, drawn, at_default, lost = path
    tops = (pd, drawn, at_default, lost)
    bottoms = (1.0, sound, pd, pd)
    for one in range(4):
        totals[0, one] += tops[one]
        totals[1, one] += bottoms[one]
        totals[2, one] += tops[one] * tops[one]
        totals[3, one] += tops[one] * bottoms[one]
        totals[4, one] += bottoms[one] * bottoms[one]


@njit(cache=True, nogil=True)
def _simulate_paths(
    results: Floats,
    starts: StartStates,
    traits: Records,
    factors: Records,
    market: Market,
    p: Record,
    paths: int,
) -> None:
    """Simulate the paths of every start state, and estimate its `RESULTS`."""
    state, pipe, book = np.zeros(len(STATE)), np.zeros(PIPE), np.zeros((SLOTS, 5))
    buyers, chance, used = np.zeros((SLOTS, 5)), np.zeros(8), np.zeros(HORIZON + 3)
    scratch, totals = (state, pipe, book, chance, used), np.zeros((5, 4))
    for n in range(len(starts.row)):
        t, first, limit = traits[starts.row[n]], starts.step[n], starts.limit[n]
        if starts.arrears[n] >= DEFAULTED:
            results[n, 0], results[n, 1] = 1.0, 0.0
            continue
        for slot in range(SLOTS):
            enter_buyer(buyers, slot, starts.buyers[n, slot], market)
        own = subkey(subkey(t.key, _FUTURE), first)
        line = (limit, starts.rate[n], limit > 0.0)
        totals[:, :] = 0.0
        for path in range(paths):
            _restore(state, pipe, book, chance, starts, n, buyers)
            key = subkey(own, path)
            _add_path(totals, _simulate_path(scratch, t, first, key, line, factors, market, p))
        _estimate_ratios(results[n], totals, paths)


@njit(cache=True, nogil=True)
def _estimate_ratios(result: Floats, totals: Floats, paths: int) -> None:
    """Estimate ratios of sums over the paths, each with its standard error.

    The error is that of the ratio's linear approximation.
    """
    for one in range(totals.shape[1]):
        top, bottom, square = totals[0, one], totals[1, one], totals[2, one]
        cross, even = totals[3, one], totals[4, one]
        if bottom <= 0.0:
            continue
        mean = top / bottom
        result[2 * one] = mean
        if paths > 1:
            spread = square - 2.0 * mean * cross + mean * mean * even
            result[2 * one + 1] = (max(spread, 0.0) * paths / (paths - 1)) ** 0.5 / bottom
