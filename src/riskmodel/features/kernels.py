"""Compiled loops over what is visible: each runs through the places of every pair.

A *pair* is an enterprise at a date; its *places* `first[p]:last[p]` are its visible rows, by event.
What a loop reads comes with the index that leads to it: `keep[at[place]]`, `values[on[place]]`.
For columns of the rows that is the row seen, so that nothing is copied; for columns that exist at
a date only it is the place itself. Money comes as whole cents with what is left of them (`rest`,
empty where nothing is), so that sums of two-decimal amounts are exact. Loops run in the order of
places, so that a value depends on its own pair's rows alone.
"""

import numpy as np
from numba import njit

kernel = njit(nogil=True, cache=True)


@kernel
def find_visible(offsets, known, until, event, enterprise, as_of, cut):
    """The rows that each pair sees: seen, first, last."""
    pairs = len(enterprise)
    first, last = np.empty(pairs, np.int64), np.empty(pairs, np.int64)
    count = 0
    for p in range(pairs):
        for row in range(offsets[enterprise[p]], offsets[enterprise[p] + 1]):
            if event[row] >= as_of[p]:
                break
            count += known[row] < cut[p] and until[row] >= cut[p]
    seen = np.empty(count, np.int32)
    place = 0
    for p in range(pairs):
        first[p] = place
        for row in range(offsets[enterprise[p]], offsets[enterprise[p] + 1]):
            if event[row] >= as_of[p]:
                break
            if known[row] < cut[p] and until[row] >= cut[p]:
                seen[place] = row
                place += 1
        last[p] = place
    return seen, first, last


@kernel
def first_since(first, last, event, start):
    """Each pair's first place whose event lies on or after its start."""
    found = np.empty(len(first), np.int64)
    for p in range(len(first)):
        low, high = first[p], last[p]
        while low < high:
            middle = (low + high) // 2
            if event[middle] < start[p]:
                low = middle + 1
            else:
                high = middle
        found[p] = low
    return found


@kernel
def repeat_by_pair(first, last, values, places):
    """A pair's value at each of its places."""
    out = np.empty(places, values.dtype)
    for p in range(len(first)):
        for place in range(first[p], last[p]):
            out[place] = values[p]
    return out


@kernel
def gather(values, seen):
    """The values of the rows seen; numpy's own indexing takes four times as long."""
    out = np.empty(len(seen), values.dtype)
    for place in range(len(seen)):
        out[place] = values[seen[place]]
    return out


@kernel
def filter_places(first, last, keep, seen):
    """The places that are kept, as a view of their own: seen, first, last."""
    fewer = np.empty(keep.sum(), np.int32)
    starts, ends = np.empty(len(first), np.int64), np.empty(len(first), np.int64)
    count = 0
    for p in range(len(first)):
        starts[p] = count
        for place in range(first[p], last[p]):
            if keep[place]:
                fewer[count] = seen[place]
                count += 1
        ends[p] = count
    return fewer, starts, ends


@kernel
def encode_by_enterprise(codes, offsets, words):
    """Codes counted anew within each enterprise, and the most that one enterprise has."""
    owner, own = np.full(words, -1, np.int64), np.zeros(words, np.int32)
    local = np.full(len(codes), -1, np.int32)
    most = 0
    for e in range(len(offsets) - 1):
        count = 0
        for row in range(offsets[e], offsets[e + 1]):
            code = codes[row]
            if code >= 0:
                if owner[code] != e:
                    owner[code], own[code] = e, count
                    count += 1
                local[row] = own[code]
        most = max(most, count)
    return local, most


@kernel
def count_rows(first, last, keep, at):
    """Count the places kept."""
    out = np.empty(len(first))
    for p in range(len(first)):
        count = 0
        for place in range(first[p], last[p]):
            count += keep[at[place]]
        out[p] = count
    return out


@kernel
def count_values(first, last, keep, at, values, on):
    """Count the places kept that have a value."""
    out = np.empty(len(first))
    for p in range(len(first)):
        count = 0
        for place in range(first[p], last[p]):
            count += keep[at[place]] and not np.isnan(values[on[place]])
        out[p] = count
    return out


@kernel
def sum_values(first, last, keep, at, cents, rest, on):
    """The sum over the places kept."""
    out = np.empty(len(first))
    for p in range(len(first)):
        whole, part = 0, 0.0
        for place in range(first[p], last[p]):
            whole += cents[on[place]] & -np.int64(keep[at[place]])
        if len(rest):
            for place in range(first[p], last[p]):
                part += rest[on[place]] * keep[at[place]]
        out[p] = whole / 100.0 + part
    return out


@kernel
def max_value(first, last, keep, at, values, on, sign):
    """The largest value times the sign over the places kept; NaN where none has a value."""
    out = np.full(len(first), np.nan)
    for p in range(len(first)):
        for place in range(first[p], last[p]):
            if keep[at[place]]:
                value = values[on[place]] * sign
                if not value <= out[p] and not np.isnan(value):
                    out[p] = value
    return out


@kernel
def last_place(first, last, keep, at):
    """The last place kept, or -1."""
    out = np.full(len(first), -1, np.int64)
    for p in range(len(first)):
        for place in range(last[p] - 1, first[p] - 1, -1):
            if keep[at[place]]:
                out[p] = place
                break
    return out


@kernel
def first_place(first, last, keep, at):
    """The first place kept, or -1."""
    out = np.full(len(first), -1, np.int64)
    for p in range(len(first)):
        for place in range(first[p], last[p]):
            if keep[at[place]]:
                out[p] = place
                break
    return out


@kernel
def count_distinct(first, last, keep, at, codes, on, most):
    """Count different codes of the places kept; below 0 is none."""
    out = np.empty(len(first))
    stamp = np.full(most, -1, np.int64)
    for p in range(len(first)):
        count = 0
        for place in range(first[p], last[p]):
            code = codes[on[place]]
            if code >= 0 and keep[at[place]] and stamp[code] != p:
                stamp[code] = p
                count += 1
        out[p] = count
    return out


@kernel
def sum_by_group(first, last, keep, at, codes, to, most, cents, rest, on):
    """Each pair's groups in the order of their first place: offsets, sum and that place of each;
    sum of all."""
    pairs = len(first)
    offsets, wholes = np.empty(pairs + 1, np.int64), np.empty(pairs)
    capacity = 0
    for p in range(pairs):
        capacity += min(last[p] - first[p], most)
    sums, places = np.empty(capacity), np.empty(capacity, np.int32)
    stamp, group = np.full(most, -1, np.int64), np.empty(most, np.int64)
    whole, part = np.empty(most, np.int64), np.empty(most)
    total = 0
    for p in range(pairs):
        offsets[p] = total
        groups, all_whole, all_part = 0, 0, 0.0
        for place in range(first[p], last[p]):
            code = codes[to[place]]
            if code >= 0 and keep[at[place]]:
                if stamp[code] != p:
                    stamp[code], group[code] = p, groups
                    whole[groups], part[groups] = 0, 0.0
                    places[total + groups] = place
                    groups += 1
                whole[group[code]] += cents[on[place]]
                all_whole += cents[on[place]]
                if len(rest):
                    part[group[code]] += rest[on[place]]
                    all_part += rest[on[place]]
        for g in range(groups):
            sums[total + g] = whole[g] / 100.0 + part[g]
        wholes[p] = all_whole / 100.0 + all_part
        total += groups
    offsets[pairs] = total
    return offsets, sums[:total], places[:total], wholes


@kernel
def largest_group(offsets, sums, places, ranks):
    """The place of each pair's largest group, of equal ones that of the lowest rank; or -1."""
    out = np.full(len(offsets) - 1, -1, np.int64)
    for p in range(len(out)):
        top = offsets[p]
        for g in range(offsets[p], offsets[p + 1]):
            equal = sums[g] == sums[top]
            if sums[g] > sums[top] or (equal and ranks[g] < ranks[top]):
                top = g
            out[p] = places[top]
    return out


@kernel
def largest_share(offsets, sums, whole):
    """The largest group over the whole; NaN where that is 0."""
    out = np.full(len(whole), np.nan)
    for p in range(len(whole)):
        if whole[p] != 0 and offsets[p] < offsets[p + 1]:
            out[p] = sums[offsets[p] : offsets[p + 1]].max() / whole[p]
    return out


@kernel
def sum_squared_shares(offsets, sums, whole):
    """The sum of the squared shares of the groups; NaN where the whole is 0."""
    out = np.full(len(whole), np.nan)
    for p in range(len(whole)):
        if whole[p] != 0 and offsets[p] < offsets[p + 1]:
            squares = 0.0
            for g in range(offsets[p], offsets[p + 1]):
                squares += (sums[g] / whole[p]) ** 2
            out[p] = squares
    return out


@kernel
def share_of_other_groups(
    first, last, other_first, other_last, keep, at, codes, to, most, cents, rest, on
):
    """The part of the sum with groups that the pair's other window lacks; NaN where it is 0."""
    out = np.full(len(first), np.nan)
    stamp = np.full(most, -1, np.int64)
    for p in range(len(first)):
        for place in range(other_first[p], other_last[p]):
            code = codes[to[place]]
            if code >= 0 and keep[at[place]]:
                stamp[code] = p
        whole, part, fresh, fresh_part = 0, 0.0, 0, 0.0
        for place in range(first[p], last[p]):
            code = codes[to[place]]
            if code >= 0 and keep[at[place]]:
                whole += cents[on[place]]
                fresh += cents[on[place]] * (stamp[code] != p)
                if len(rest):
                    part += rest[on[place]]
                    fresh_part += rest[on[place]] * (stamp[code] != p)
        total = whole / 100.0 + part
        if total != 0:
            out[p] = (fresh / 100.0 + fresh_part) / total
    return out


@kernel
def sum_by_month(first, last, keep, at, event, date, edges, cents, rest, on):
    """Totals and counts by month before `as_of`, newest first; `edges` by date and month."""
    months = edges.shape[1]
    totals, counts = np.zeros((len(first), months)), np.zeros((len(first), months), np.int32)
    whole = np.empty(months, np.int64)
    for p in range(len(first)):
        whole[:] = 0
        month = 0
        for place in range(last[p] - 1, first[p] - 1, -1):
            while month < months and event[place] < edges[date[p], month]:
                month += 1
            if month == months:
                break
            if keep[at[place]]:
                counts[p, month] += 1
                if len(cents):
                    whole[month] += cents[on[place]]
                if len(rest):
                    totals[p, month] += rest[on[place]]
        for month in range(months):
            totals[p, month] += whole[month] / 100.0
    return totals, counts


@kernel
def newest_by_code(first, last, seen, event, start, codes, most):
    """Return which places are the last of their code in their pair, not older than the start."""
    out = np.zeros(len(seen), np.bool_)
    stamp = np.full(most, -1, np.int64)
    for p in range(len(first)):
        for place in range(last[p] - 1, first[p] - 1, -1):
            if event[place] < start[p]:
                break
            code = codes[seen[place]]
            if stamp[code] != p:
                stamp[code] = p
                out[place] = True
    return out


@kernel
def last_match(first, last, seen, codes, others, other_seen, other_codes, words):
    """The last place of the other view's same pair that has each place's code, -1 where none has."""
    out = np.full(len(seen), -1, np.int64)
    newest = np.full(words, -1, np.int64)
    for p in range(len(first)):
        for place in range(others[0][p], others[1][p]):
            code = other_codes[other_seen[place]]
            if code >= 0:
                newest[code] = place
        for place in range(first[p], last[p]):
            code = codes[seen[place]]
            if code >= 0 and newest[code] >= others[0][p]:
                out[place] = newest[code]
    return out


@kernel
def sum_matches(
    first, last, seen, codes, others, other_seen, other_codes, words, cents, rest, event
):
    """For each place, the sum and the last event of the other view's places of its code.

    `others` are the other view's first and last places; its columns stand by row.
    """
    sums, days = np.zeros(len(seen)), np.full(len(seen), np.nan)
    stamp = np.full(words, -1, np.int64)
    whole, part = np.zeros(words, np.int64), np.zeros(words)
    newest = np.zeros(words, np.int32)
    for p in range(len(first)):
        for place in range(others[0][p], others[1][p]):
            row = other_seen[place]
            code = other_codes[row]
            if code >= 0:
                if stamp[code] != p:
                    stamp[code], whole[code], part[code] = p, 0, 0.0
                whole[code] += cents[row]
                if len(rest):
                    part[code] += rest[row]
                newest[code] = event[row]
        for place in range(first[p], last[p]):
            code = codes[seen[place]]
            if code >= 0 and stamp[code] == p:
                sums[place] = whole[code] / 100.0 + part[code]
                days[place] = newest[code]
    return sums, days


@kernel
def is_reversed(first, last, seen, counts, at, codes, values, event):
    """Return which sales come back: a later place of the same code and of its value below zero."""
    out = np.zeros(len(seen), np.bool_)
    for p in range(len(first)):
        for back in range(first[p], last[p]):
            row = seen[back]
            if values[row] < 0 and counts[at[back]] and codes[row] >= 0:
                for place in range(first[p], last[p]):
                    if event[place] > event[back]:
                        break
                    sale = seen[place]
                    if counts[at[place]] and codes[sale] == codes[row]:
                        out[place] |= values[sale] == -values[row]
    return out


@kernel
def add_to_market(first, last, keep, at, late, codes, cents, on, date, sums, late_sums):
    """Adds the places kept to their date's and code's sums, and those late to the late sums."""
    for p in range(len(first)):
        for place in range(first[p], last[p]):
            code = codes[on[place]]
            if code >= 0 and keep[at[place]]:
                sums[date[p], code] += cents[on[place]]
                if late[place]:
                    late_sums[date[p], code] += cents[on[place]]


@kernel
def sum_of_others(
    first,
    last,
    seen,
    codes,
    pool_codes,
    own_first,
    own_last,
    own_seen,
    keep,
    at,
    cents,
    date,
    sums,
    most,
):
    """For each place, its code's pooled sum less the pair's own part of it; NaN without a code."""
    out = np.full(len(seen), np.nan)
    own, stamp = np.zeros(most, np.int64), np.full(most, -1, np.int64)
    for p in range(len(first)):
        for place in range(own_first[p], own_last[p]):
            row = own_seen[place]
            code = codes[row]
            if code >= 0 and keep[at[place]]:
                if stamp[code] != p:
                    stamp[code], own[code] = p, 0
                own[code] += cents[row]
        for place in range(first[p], last[p]):
            row = seen[place]
            code, pool = codes[row], pool_codes[row]
            if code >= 0:
                others = 0
                if pool >= 0:
                    others = sums[date[p], pool] - (own[code] if stamp[code] == p else 0)
                out[place] = others / 100.0
    return out


@kernel
def mean_lag(first, last, keep, at, days, on, event, as_of):
    """Mean days from event to a date that lies before `as_of`; NaN where there is none."""
    out = np.full(len(first), np.nan)
    for p in range(len(first)):
        total, count = 0, 0
        for place in range(first[p], last[p]):
            if keep[at[place]] and days[on[place]] < as_of[p]:
                total += days[on[place]] - event[place]
                count += 1
        if count:
            out[p] = total / count
    return out


@kernel
def count_enterprises(codes, offsets, words):
    """Count enterprises by code; more than two count as two."""
    owner, count = np.full(words, -1, np.int64), np.zeros(words, np.int8)
    for e in range(len(offsets) - 1):
        for row in range(offsets[e], offsets[e + 1]):
            code = codes[row]
            if code >= 0 and owner[code] != e:
                owner[code] = e
                count[code] = min(count[code] + 1, 2)
    return count
