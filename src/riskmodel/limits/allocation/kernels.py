"""Compiled loops of the allocation, each over one block of enterprises.

An *option* is a pair at a level. Options come in two forms: whole (`Options`: every pair has all
levels, in the order of pairs), and listed (`Shortlist`: a list an enterprise). Given `prices`, a
pair pays one price for its limit and one for its loss, the sums over its constraints; an option's
*net* is its value less both. `max_use` is the most that one option may use of a constraint.
"""
# mypy: allow-untyped-defs, allow-incomplete-defs, allow-untyped-calls, allow-untyped-decorators
# ruff: noqa: PLR0917

import numpy as np
from numba import njit

kernel = njit(nogil=True, cache=True, error_model="numpy")
step = njit(nogil=True, error_model="numpy", inline="always")
"""A named step of one kernel, put in its place before it is compiled: a call would cost a third."""
vectorised = njit(nogil=True, cache=True, fastmath={"nnan", "nsz"})
"""Maxima in several lanes at once: no input is NaN, and the sign of a zero says nothing."""
CUT = 36.0
"""exp(-36) is a double's rounding: what lies so far below the best weighs nothing."""


@kernel
def count_faults(value, limit, loss, first, last):
    """Count faulty values, limits and losses of the pairs first to last, and find the largest
    amount."""
    values, limits, losses, largest = 0, 0, 0, 0.0
    for p in range(first, last):
        for j in range(value.shape[1]):
            values += not (value[p, j] < np.inf)
            limits += not (0.0 <= limit[p, j] < np.inf)
            losses += not (0.0 <= loss[p, j] < np.inf)
            largest = max(largest, limit[p, j], loss[p, j])
    return values, limits, losses, largest


@kernel
def sum_over_constraints(rows, of):
    """Sum `of` over one pair's constraints."""
    total = 0.0
    for k in range(len(rows)):
        if rows[k] >= 0:
            total += of[rows[k]]
    return total


@kernel
def _min_over_constraints(rows, of):
    least = np.inf
    for k in range(len(rows)):
        if rows[k] >= 0:
            least = min(least, of[rows[k]])
    return least


@vectorised
def _best_level(value, limit, loss, limit_price, loss_price, max_limit, max_loss):
    """Return the best net of one pair's levels that fit under the maxima; minus infinity if none."""
    best = -np.inf
    for j in range(len(value)):
        net = value[j] - limit_price * limit[j] - loss_price * loss[j]
        fits = (limit[j] <= max_limit) & (loss[j] <= max_loss)
        net = net if fits else -np.inf
        best = net if net > best else best
    return best


@kernel
def sum_best_nets(
    start, limit_constraints, loss_constraints, value, limit, loss, prices, max_use, first, last
):
    """Sum the best nets (0 for nothing) of the enterprises first to last.

    Compensated (Neumaier 1974), so that its error is that of one rounding or two.
    """
    total, rest = 0.0, 0.0
    for i in range(first, last):
        best = 0.0
        for p in range(start[i], start[i + 1]):
            best = max(
                best,
                _best_level(
                    value[p], limit[p], loss[p],
                    sum_over_constraints(limit_constraints[p], prices), sum_over_constraints(loss_constraints[p], prices),
                    _min_over_constraints(limit_constraints[p], max_use), _min_over_constraints(loss_constraints[p], max_use),
                ),
            )  # fmt: skip
        new = total + best
        rest += (total - new) + best if abs(total) >= abs(best) else (best - new) + total
        total = new
    return total, rest


@kernel
def _mark_shortlist(net, hope, least, most, kept):
    """Mark the options whose hope reaches `least`; of more than `most` those of the best net."""
    count = 0
    for o in range(len(net)):
        kept[o] = hope[o] >= least and hope[o] > 0.0
        count += kept[o]
    if count <= most:
        return count
    taken = np.zeros(len(net), np.bool_)
    for _ in range(most):
        best = -1
        for o in range(len(net)):
            if kept[o] and not taken[o] and (best < 0 or net[o] > net[best]):
                best = o
        taken[best] = True
    kept[: len(net)] = taken
    return most


@kernel
def _compute_nets(
    i,
    start,
    limit_constraints,
    loss_constraints,
    value,
    limit,
    loss,
    prices,
    slack,
    max_use,
    net,
    hope,
):
    """Compute one enterprise's nets, its hopes and its best sure net.

    Hopes are values at prices lower by the share `slack`, sure ones at prices higher by it. A slack
    of 1 or more hopes for the whole value, and nothing is sure.
    """
    levels = value.shape[1]
    sure = 0.0
    place = 0
    for p in range(start[i], start[i + 1]):
        limit_price, loss_price = (
            sum_over_constraints(limit_constraints[p], prices),
            sum_over_constraints(loss_constraints[p], prices),
        )
        max_limit = _min_over_constraints(limit_constraints[p], max_use)
        max_loss = _min_over_constraints(loss_constraints[p], max_use)
        for j in range(levels):
            net[place], hope[place] = -np.inf, -np.inf
            fits = limit[p, j] <= max_limit and loss[p, j] <= max_loss
            if value[p, j] > 0.0 and fits:
                charge = limit_price * limit[p, j] + loss_price * loss[p, j]
                net[place] = value[p, j] - charge
                hope[place] = value[p, j] - max(1.0 - slack, 0.0) * charge
                if slack < 1.0:
                    sure = max(sure, value[p, j] - (1.0 + slack) * charge)
            place += 1
    return sure, place


@kernel
def count_shortlist(
    who, start, limit_constraints, loss_constraints, value, limit, loss, prices, slack, max_use, most, counts,
    first, last,
):  # fmt: skip
    """Count each enterprise's options that may be its best one while prices move by `slack`."""
    widest = 0
    for w in range(first, last):
        widest = max(widest, start[who[w] + 1] - start[who[w]])
    net, hope = np.empty(widest * value.shape[1]), np.empty(widest * value.shape[1])
    kept = np.empty(widest * value.shape[1], np.bool_)
    for w in range(first, last):
        sure, size = _compute_nets(
            who[w], start, limit_constraints, loss_constraints, value, limit, loss, prices, slack, max_use,
            net, hope,
        )  # fmt: skip
        counts[w] = _mark_shortlist(net[:size], hope[:size], sure, most, kept)


@kernel
def write_shortlist(
    who, start, limit_constraints, loss_constraints, value, limit, loss, prices, slack, max_use, most,
    places, pair, level, worth, lent, lost, top, first, last,
):  # fmt: skip
    """Write the options that `count_shortlist` counted, and each enterprise's largest value."""
    levels = value.shape[1]
    widest = 0
    for w in range(first, last):
        widest = max(widest, start[who[w] + 1] - start[who[w]])
    net, hope = np.empty(widest * levels), np.empty(widest * levels)
    kept = np.empty(widest * levels, np.bool_)
    for w in range(first, last):
        i = who[w]
        sure, size = _compute_nets(
            i,
            start,
            limit_constraints,
            loss_constraints,
            value,
            limit,
            loss,
            prices,
            slack,
            max_use,
            net,
            hope,
        )
        _mark_shortlist(net[:size], hope[:size], sure, most, kept)
        o = places[w]
        top[w] = 0.0
        for place in range(size):
            if kept[place]:
                p, j = start[i] + place // levels, place % levels
                pair[o], level[o] = p, j
                worth[o], lent[o], lost[o] = value[p, j], limit[p, j], loss[p, j]
                top[w] = max(top[w], value[p, j])
                o += 1


@step
def _option_nets(
    first, last, pair, value, limit, loss, limit_constraints, loss_constraints, prices, net
):
    """Write the nets of one enterprise's options, and return the best one (0 for nothing)."""
    at, best, limit_price, loss_price = -1, 0.0, 0.0, 0.0
    for o in range(first, last):
        if pair[o] != at:
            at = pair[o]
            limit_price = sum_over_constraints(limit_constraints[at], prices)
            loss_price = sum_over_constraints(loss_constraints[at], prices)
        x = value[o] - limit_price * limit[o] - loss_price * loss[o]
        net[o - first] = x
        best = max(best, x)
    return best


@step
def _exponentiate(net, count, best, heat):
    """Turn nets into exp((net - best) / heat), and return their sum and largest, nothing included."""
    lowest = best - CUT * heat
    mass = np.exp(-best / heat)
    heaviest = mass
    for n in range(count):
        if net[n] > lowest:
            net[n] = np.exp((net[n] - best) / heat)
            mass += net[n]
            heaviest = max(heaviest, net[n])
        else:
            net[n] = 0.0
    return mass, heaviest


@step
def _constraints_of(o, pair, limit, loss, limit_constraints, loss_constraints, at_rows, amounts):
    """Write the constraints that an option counts in, and its amounts; return their number."""
    at, found = pair[o], 0
    for k in range(limit_constraints.shape[1]):
        if limit_constraints[at, k] >= 0:
            at_rows[found], amounts[found] = limit_constraints[at, k], limit[o]
            found += 1
    for k in range(loss_constraints.shape[1]):
        if loss_constraints[at, k] >= 0:
            at_rows[found], amounts[found] = loss_constraints[at, k], loss[o]
            found += 1
    return found


@step
def _add_covariance(touched, count, mean, seen, heat, curved, use, hessian):
    """Add the means of the touched constraints to `use`, their products to `hessian`; clear them."""
    for n in range(count):
        r = touched[n]
        if curved:
            for other in range(count):
                hessian[r, touched[other]] -= mean[r] / heat * mean[touched[other]]
    for n in range(count):
        r = touched[n]
        use[r] += mean[r]
        mean[r] = 0.0
        seen[r] = False


@kernel
def add_smoothed_dual(
    start, pair, value, limit, loss, top, limit_constraints, loss_constraints, prices,
    temperature, use, hessian, first, last,
):  # fmt: skip
    """Return the sum over enterprises of T log(1 + sum of exp(net / T)), and add its derivatives.

    T is the temperature times the enterprise's largest value. The use of each constraint, minus the
    gradient by the prices, is added to `use`; the second derivatives, which are the uses'
    covariances over T, to `hessian` (constraints x constraints, all of it).
    """
    widest = 0
    for i in range(first, last):
        widest = max(widest, start[i + 1] - start[i])
    net = np.empty(widest)
    mean, touched = np.zeros(len(use)), np.empty(len(use), np.int64)
    seen = np.zeros(len(use), np.bool_)
    most = limit_constraints.shape[1] + loss_constraints.shape[1]
    at_rows, amounts = np.empty(most, np.int64), np.empty(most)
    total = 0.0
    for i in range(first, last):
        if start[i] == start[i + 1]:
            continue
        best = _option_nets(
            start[i], start[i + 1], pair, value, limit, loss, limit_constraints, loss_constraints,
            prices, net,
        )  # fmt: skip
        heat = max(temperature * top[i], 1e-290)
        mass, heaviest = _exponentiate(net, start[i + 1] - start[i], best, heat)
        total += best + heat * np.log(mass)
        curved = mass - heaviest > 1e-9 * mass
        count = 0
        for o in range(start[i], start[i + 1]):
            weight = net[o - start[i]] / mass
            if weight == 0.0:
                continue
            found = _constraints_of(
                o, pair, limit, loss, limit_constraints, loss_constraints, at_rows, amounts
            )
            for k in range(found):
                r = at_rows[k]
                mean[r] += weight * amounts[k]
                if not seen[r]:
                    seen[r] = True
                    touched[count] = r
                    count += 1
                if curved:
                    for other in range(found):
                        hessian[r, at_rows[other]] += weight / heat * amounts[k] * amounts[other]
        _add_covariance(touched, count, mean, seen, heat, curved, use, hessian)
    return total
