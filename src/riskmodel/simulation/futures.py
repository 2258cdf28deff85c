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
from riskmodel.simulation.life_histories import AHEAD
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
    """For each start its `RESULTS`; a PD of one for those in default, shares NaN where undefined."""
    results = np.full((len(starts.row), len(RESULTS)), np.nan)
    _go(results, starts, traits, factors, market, p, paths)
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
def _go(
    results: Floats,
    starts: StartStates,
    traits: Records,
    factors: Records,
    market: Market,
    p: Record,
    paths: int,
) -> None:
    state, pipe, book = np.zeros(len(STATE)), np.zeros(PIPE), np.zeros((SLOTS, 5))
    first_book, chance, used = np.zeros((SLOTS, 5)), np.zeros(8), np.zeros(HORIZON + 3)
    last = p.programme.last_draw
    for n in range(len(starts.row)):
        t, first, limit = traits[starts.row[n]], starts.step[n], starts.limit[n]
        if starts.arrears[n] >= DEFAULTED:
            results[n, 0], results[n, 1] = 1.0, 0.0
            continue
        for slot in range(SLOTS):
            enter_buyer(first_book, slot, starts.buyers[n, slot], market)
        own = subkey(subkey(t.key, _FUTURE), first)
        sums, weights = np.zeros(4), np.zeros(4)
        squares, crosses, evens = np.zeros(4), np.zeros(4), np.zeros(4)
        for path in range(paths):
            key = subkey(own, path)
            state[:] = starts.state[n]
            book[:, :] = first_book
            pipe[:] = 0.0
            for month in range(AHEAD):
                pipe[(first + month) % PIPE] = starts.ahead[n, month]
            chance[:] = 0.0
            chance[starts.arrears[n] + (4 if starts.ailing[n] > 0 else 0)] = 1.0
            share = state[DRAWN] / limit if limit > 0.0 else 0.0
            used[:3] = min(share, 1.0)
            pd, sound, drawn, at_default, lost = 0.0, 0.0, 0.0, 0.0, 0.0
            for month in range(HORIZON):
                step = first + month
                line = (limit, starts.rate[n], limit > 0.0)
                advance_month(state, pipe, book, t, step, key, line, factors, market, p)
                defaults = _advance_chances(chance, state, t, step, factors[step], p)
                used[month + 3] = min(state[DRAWN] / limit, 1.0) if limit > 0.0 else 0.0
                pd += defaults
                sound += chance[0]
                drawn += chance[0] * used[month + 3]
                # the line is frozen when arrears begin, three months before the default
                before = used[month]
                at_default += defaults * (before + last * (1.0 - before) if before > 0.0 else 0.0)
                high = high_loss_chance(t, factors[step], p)
                lost += defaults * (
                    high * p.programme.lgd_high + (1.0 - high) * p.programme.lgd_low
                )
            tops = (pd, drawn, at_default, lost)
            bottoms = (1.0, sound, pd, pd)
            for one in range(4):
                sums[one] += tops[one]
                weights[one] += bottoms[one]
                squares[one] += tops[one] * tops[one]
                crosses[one] += tops[one] * bottoms[one]
                evens[one] += bottoms[one] * bottoms[one]
        _estimate_ratios(results[n], sums, weights, (squares, crosses, evens), paths)


@njit(cache=True, nogil=True)
def _estimate_ratios(
    result: Floats,
    sums: Floats,
    weights: Floats,
    products: tuple[Floats, Floats, Floats],
    paths: int,
) -> None:
    """Ratios of sums over the paths, with the standard error of a ratio's linear approximation."""
    squares, crosses, evens = products
    for one in range(len(sums)):
        if weights[one] <= 0.0:
            continue
        mean = sums[one] / weights[one]
        result[2 * one] = mean
        if paths > 1:
            spread = squares[one] - 2.0 * mean * crosses[one] + mean * mean * evens[one]
            result[2 * one + 1] = (max(spread, 0.0) * paths / (paths - 1)) ** 0.5 / weights[one]
