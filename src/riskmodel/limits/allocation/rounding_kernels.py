"""Compiled loops of the rounding, each over the options of a shortlist.

Use is counted in whole grains of a constraint (`rounding.GrainCapacity`); `room` is what is left.
"""
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-calls, allow-untyped-decorators
# ruff: noqa: PLR0917

import numpy as np

from riskmodel.limits.allocation.kernels import kernel, sum_over_constraints


@kernel
def compute_margins(
    start,
    pair,
    value,
    limit,
    loss,
    top,
    limit_constraints,
    loss_constraints,
    prices,
    net,
    margin,
    first,
    last,
):
    """Compute each option's net and each enterprise's margin of its best option over its second.

    A margin is in the enterprise's largest values; choosing nothing counts as an option of 0.
    """
    for i in range(first, last):
        best, second = 0.0, -np.inf
        for o in range(start[i], start[i + 1]):
            at = pair[o]
            net[o] = (
                value[o]
                - sum_over_constraints(limit_constraints[at], prices) * limit[o]
                - sum_over_constraints(loss_constraints[at], prices) * loss[o]
            )
            if net[o] > best:
                best, second = net[o], best
            else:
                second = max(second, net[o])
        margin[i] = (best - second) / top[i] if top[i] > 0.0 else np.inf


@kernel
def _change_room(o, sign, pair, limit, loss, limit_constraints, loss_constraints, grains, room):
    """Take an option's use from the room (sign 1), or give it back (sign -1).

    Use is counted in whole grains of a constraint, rounded up.
    """
    at = pair[o]
    for k in range(limit_constraints.shape[1]):
        r = limit_constraints[at, k]
        if r >= 0:
            room[r] -= sign * np.int64(np.ceil(limit[o] * grains[r]))
    for k in range(loss_constraints.shape[1]):
        r = loss_constraints[at, k]
        if r >= 0:
            room[r] -= sign * np.int64(np.ceil(loss[o] * grains[r]))


@kernel
def _fits(o, pair, limit, loss, limit_constraints, loss_constraints, grains, room):
    at = pair[o]
    for k in range(limit_constraints.shape[1]):
        r = limit_constraints[at, k]
        if r >= 0 and np.ceil(limit[o] * grains[r]) > room[r]:
            return False
    for k in range(loss_constraints.shape[1]):
        r = loss_constraints[at, k]
        if r >= 0 and np.ceil(loss[o] * grains[r]) > room[r]:
            return False
    return True


@kernel
def move_in_order(
    order,
    score,
    start,
    pair,
    limit,
    loss,
    limit_constraints,
    loss_constraints,
    grains,
    room,
    choice,
):
    """Move one enterprise after the other to its best-scored option that fits, and count the moves.

    It moves only to a better score than it has (0 for nothing); `room` and `choice` change.
    """
    moves = 0
    for n in range(len(order)):
        i = order[n]
        now = choice[i]
        best, found = (score[now] if now >= 0 else 0.0), now
        if now >= 0:
            _change_room(
                now, -1, pair, limit, loss, limit_constraints, loss_constraints, grains, room
            )
        for o in range(start[i], start[i + 1]):
            if score[o] > best and _fits(
                o, pair, limit, loss, limit_constraints, loss_constraints, grains, room
            ):
                best, found = score[o], o
        if found >= 0:
            _change_room(
                found, 1, pair, limit, loss, limit_constraints, loss_constraints, grains, room
            )
        moves += found != now
        choice[i] = found
    return moves


@kernel
def _draw_bits(state):
    """Draw the next 32 bits of a generator (PCG, O'Neill 2014), and its state after them."""
    after = state * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
    mixed = (((after >> np.uint64(18)) ^ after) >> np.uint64(27)) & np.uint64(0xFFFFFFFF)
    turn = after >> np.uint64(59)
    back = (np.uint64(32) - turn) & np.uint64(31)
    turned = (mixed >> turn) | (mixed << back)
    return np.int64(turned & np.uint64(0xFFFFFFFF)), after


@kernel
def _remove(
    size, pool, state, value, pair, limit, loss, limit_constraints, loss_constraints, grains,
    room, choice, who, had,
):  # fmt: skip
    """Draw `size` enterprises of the pool and take their options; return their value and the state."""
    before = 0.0
    for n in range(size):
        bits, state = _draw_bits(state)
        who[n] = pool[bits % len(pool)]
        had[n] = choice[who[n]]
        if had[n] >= 0:
            before += value[had[n]]
            _change_room(
                had[n], -1, pair, limit, loss, limit_constraints, loss_constraints, grains, room
            )
        choice[who[n]] = -1
    return before, state


@kernel
def _choose_anew(
    i, score_of, state, start, pair, limit, loss, limit_constraints, loss_constraints, grains,
    room, skipped,
):  # fmt: skip
    """Return an enterprise's best option that fits, at times passing one over, and the state."""
    best, found = 0.0, -1
    for o in range(start[i], start[i + 1]):
        score = score_of[o]
        if score > best and _fits(
            o, pair, limit, loss, limit_constraints, loss_constraints, grains, room
        ):
            bits, state = _draw_bits(state)
            if bits % 256 >= skipped:
                best, found = score, o
    return found, state


@kernel
def _restore(
    size, pair, limit, loss, limit_constraints, loss_constraints, grains, room, choice, who, had
):
    """Give the drawn enterprises back what they had."""
    for n in range(size):
        if choice[who[n]] >= 0:
            _change_room(
                choice[who[n]], -1, pair, limit, loss, limit_constraints, loss_constraints, grains,
                room,
            )  # fmt: skip
            choice[who[n]] = -1
    for n in range(size):
        if had[n] >= 0:
            _change_room(
                had[n], 1, pair, limit, loss, limit_constraints, loss_constraints, grains, room
            )
            choice[who[n]] = had[n]


@kernel
def ruin_and_recreate(
    pool, net, value, start, pair, limit, loss, limit_constraints, loss_constraints, grains, room,
    choice, rounds, largest, skipped,
):  # fmt: skip
    """Improve a choice by ruin and recreate (Schrimpf et al. 2000), and return the gain.

    A few enterprises of the pool give back their options and choose anew, one after the other, by
    net or by value, at times passing over an option (`skipped` in 256). The new choice stands where
    it is worth no less.
    """
    state = np.uint64(20140722)
    who, had = np.empty(largest, np.int64), np.empty(largest, np.int64)
    gained = 0.0
    for _ in range(rounds):
        bits, state = _draw_bits(state)
        size = min(2 + bits % (largest - 1), len(pool))
        score_of = value if (bits >> 16) % 4 == 0 else net
        before, state = _remove(
            size, pool, state, value, pair, limit, loss, limit_constraints, loss_constraints,
            grains, room, choice, who, had,
        )  # fmt: skip
        after = 0.0
        for n in range(size):
            i = who[n]
            if choice[i] >= 0:
                continue  # drawn twice
            found, state = _choose_anew(
                i, score_of, state, start, pair, limit, loss, limit_constraints, loss_constraints,
                grains, room, skipped,
            )  # fmt: skip
            choice[i] = found
            if found >= 0:
                after += value[found]
                _change_room(
                    found, 1, pair, limit, loss, limit_constraints, loss_constraints, grains, room
                )
        if after >= before:
            gained += after - before
        else:
            _restore(
                size, pair, limit, loss, limit_constraints, loss_constraints, grains, room, choice,
                who, had,
            )  # fmt: skip
    return gained
