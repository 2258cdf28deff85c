"""Compiled loops behind `shapley`: cutting trees into segments, their tables, and the look-ups.

A tree's leaves have *places* from left to right, the smaller child first, so that shallow leaves
stand together. A *segment* is a run of places. Its *pattern* is a number with a bit for each thing
that its leaves' shares depend on. The records that the loops read are declared in `shapley`.
"""

import numpy as np

from riskmodel.features.kernels import kernel
from riskmodel.model.learners.shapley.booster_text import CATEGORY, NAN_IS_MISSING, ZERO_IS_MISSING

BLOCK = 1024
"""Rows at once: what a look-up touches (a table, a feature's sums, patterns) stays in fast cache."""
TILE = 64
"""Rows whose values are coded together, so that a row-major matrix is read from memory once."""
MISSING = 65535
"""The code of a missing value: above every bound, and one more wraps it below every bound."""
ZERO = float(np.float32(1e-35))
"""LightGBM takes what lies within it as 0 (`kZeroThreshold`, single precision)."""


@kernel
def lay_out(left, right, node_rows, leaf_rows, layout):
    """Fills `layout`, a record a node; returns the leaf at each place.

    `low`, `middle`, `high`: the places of the first child's leaves, then the second's. `left_first`:
    the first child is the left one. `to_first`, `to_second`: shares of the node's rows.
    """
    nodes = len(left)
    size = np.empty(nodes, np.int64)
    for n in range(nodes - 1, -1, -1):  # a child's number is above its parent's
        size[n] = (size[left[n]] if left[n] >= 0 else 1) + (size[right[n]] if right[n] >= 0 else 1)
    leaf_at = np.empty(nodes + 1, np.int64)
    layout[0].low = 0
    for n in range(nodes):
        node = layout[n]
        on_left = size[left[n]] if left[n] >= 0 else 1
        node.left_first = 2 * on_left <= size[n]
        node.middle = node.low + (on_left if node.left_first else size[n] - on_left)
        node.high = node.low + size[n]
        for first in (True, False):
            child = left[n] if first == node.left_first else right[n]
            place = node.low if first else node.middle
            rows = node_rows[child] if child >= 0 else leaf_rows[~child]
            if first:
                node.to_first = rows / node_rows[n]
            else:
                node.to_second = rows / node_rows[n]
            if child >= 0:
                layout[child].low = place
            else:
                leaf_at[place] = ~child
    return leaf_at


@kernel
def bits_of(layout, first, last, bit):
    """Gives each node on a path to the places `first:last` its bit (-1: on none): bits, features.

    A node that parts the places has a bit of its own. Nodes on one feature that the same places
    hang on, all below the same child, share one: only whether all of them hold matters.
    """
    bits, features = 0, 0
    for n in range(len(layout)):
        node = layout[n]
        bit[n] = -1
        low, high = max(node.low, first), min(node.high, last)
        if low >= high:
            continue
        parts = low < node.middle < high
        new = True
        own = True
        for m in range(n):
            other = layout[m]
            if bit[m] >= 0 and other.feature == node.feature:
                new = False
                if not parts and max(other.low, first) == low and min(other.high, last) == high:
                    bit[n] = bit[m]
                    own = False
        if own:
            bit[n] = bits
            bits += 1
        features += new
    return bits, features


@kernel
def cut_into_segments(layout, most_bits, costs):
    """The first places of the segments with the least cost, then the number of leaves.

    `costs` are relative seconds of a look-up, of a bit of a pattern, and of a table's entry. A leaf
    with more than `most_bits` features is a segment of its own.
    """
    leaves = len(layout) + 1
    best = np.full(leaves + 1, np.inf)
    best[0] = 0.0
    before = np.zeros(leaves + 1, np.int64)
    bit = np.empty(len(layout), np.int64)
    for first in range(leaves):
        for last in range(first + 1, leaves + 1):
            bits, features = bits_of(layout, first, last, bit)
            if bits > most_bits and last > first + 1:
                break
            cost = features * (costs[0] + costs[2] * 2.0 ** min(bits, most_bits))
            cost = best[first] + cost + costs[1] * (bit >= 0).sum()
            if cost < best[last]:
                best[last], before[last] = cost, first
    starts, at = np.empty(leaves + 1, np.int64), leaves
    starts[at] = last = leaves
    while last > 0:
        last, at = before[last], at - 1
        starts[at] = last
    return starts[at:]


@kernel
def path(layout, place, features, ratios):
    """The distinct features on the way to a leaf, and for each the product of its nodes' ratios."""
    count = 0
    for n in range(len(layout)):
        node = layout[n]
        if node.low <= place < node.high:
            slot = 0
            while slot < count and features[slot] != node.feature:
                slot += 1
            if slot == count:
                features[slot], ratios[slot] = node.feature, 1.0
                count += 1
            ratios[slot] *= node.to_first if place < node.middle else node.to_second
    return count


@kernel
def sum_subsets(ratios, points, weights):
    """For each subset of features that hold, the weighed sum over its own subsets S.

    Of m features, S counts |S|! (m - 1 - |S|)! / m!, times the ratios of the others in the subset.
    As the Beta integral of t^|S| (1 - t)^(m - 1 - |S|) over (0, 1), that sum is an integral of a
    polynomial of degree m - 1, exact by Gauss and Legendre's points. The full subset is not used.
    """
    features = len(ratios)
    total = np.zeros(1 << features)
    product = np.empty(1 << features)
    for number in range(len(points)):
        point, weight = points[number], weights[number]
        odds = point / (1.0 - point)
        product[0] = weight * (1.0 - point) ** (features - 1)
        total[0] += product[0]
        for f in range(features):
            half = 1 << f
            for subset in range(half):
                product[half + subset] = product[subset] * (odds + ratios[f])
                total[half + subset] += product[half + subset]
    return total


@kernel
def leaf_table(value, ratios, points, weights):
    """A leaf's share for each feature, by the subset of features that hold."""
    features = len(ratios)
    sums = sum_subsets(ratios, points, weights)
    table = np.empty((features, 1 << features))
    for subset in range(1 << features):
        missed = value
        for f in range(features):
            if not subset >> f & 1:
                missed *= ratios[f]
        for f in range(features):
            factor = 1.0 - ratios[f] if subset >> f & 1 else -1.0
            table[f, subset] = missed * factor * sums[subset & ~(1 << f)]
    return table


@kernel
def add_leaves(layout, run, bit, segment_features, rule, table):
    """Adds the leaves' shares to their segment's table, features x patterns.

    `run`: the leaves' scores, and the place of the first.
    """
    values, first = run
    features, ratios = np.empty(len(layout), np.int64), np.empty(len(layout))
    for leaf in range(len(values)):
        place = first + leaf
        count = path(layout, place, features, ratios)
        shares = leaf_table(values[leaf], ratios[:count], rule[0], rule[1])
        masks, wants = patterns_of_leaf(
            layout, (place, first, first + len(values)), bit, features[:count]
        )
        for f in range(count):
            for slot in range(len(segment_features)):
                if segment_features[slot] == features[f]:
                    features[f] = slot
                    break
        for pattern in range(table.shape[1]):
            subset = 0
            for f in range(count):
                if pattern & masks[f] == wants[f]:
                    subset |= 1 << f
            for f in range(count):
                table[features[f], pattern] += shares[f, subset]


@kernel
def patterns_of_leaf(layout, places, bit, features):
    """For each feature of a leaf: its bits in a pattern, and what they are where it holds."""
    place, first, last = places
    masks, wants = np.zeros(len(features), np.int64), np.zeros(len(features), np.int64)
    for n in range(len(layout)):
        node = layout[n]
        if node.low <= place < node.high:
            f = 0
            while features[f] != node.feature:
                f += 1
            masks[f] |= 1 << bit[n]
            parts = max(node.low, first) < node.middle < min(node.high, last)
            if not parts or place < node.middle:
                wants[f] |= 1 << bit[n]
    return masks, wants


@kernel
def code_rows(matrix, columns, cuts, codes):
    """Each row's value of each column as a number: how many of the model's cuts lie below it."""
    for start in range(0, len(matrix), TILE):
        end = min(start + TILE, len(matrix))
        for c in range(len(columns)):
            column = columns[c]
            own = cuts[column.start : column.start + column.size]
            for r in range(start, end):
                value = matrix[r, column.feature]
                codes[c, r] = code_of(value, column.kind, own, column.size)


@kernel
def code_of(value, kind, cuts, size):
    """The code of a value, by LightGBM's rules for what is missing."""
    if kind == CATEGORY:
        return np.uint16(value) if -1.0 < value < size else np.uint16(MISSING)
    missing = np.isnan(value)
    if abs(value) <= ZERO or (missing and kind != NAN_IS_MISSING):
        missing = kind == ZERO_IS_MISSING
        value = 0.0
    step = (size + 1) >> 1
    below = 0
    while step:
        below += step * (cuts[below + step - 1] < value)
        step >>= 1
    return np.uint16(MISSING) if missing else np.uint16(below)


@kernel
def decide(nodes, codes, sets, lefts):
    """Find the rows that go left at each node."""
    rows = codes.shape[1]
    for n in range(len(nodes)):
        node = nodes[n]
        code, left = codes[node.column], lefts[n]
        if node.sets >= 0:
            inside = sets[node.sets : node.sets + node.bound]
            for r in range(rows):
                left[r] = code[r] < node.bound and inside[code[r]]
        else:
            shift, bound = np.uint16(node.shift), np.uint16(node.bound)
            for r in range(rows):
                left[r] = np.uint16(code[r] + shift) <= bound


@kernel
def patterns(tests, lefts, bits, pattern):
    """Each row's pattern: all bits set, less those of which a test fails."""
    one = pattern.dtype.type(1)
    pattern[:] = (one << bits) - 1
    for t in range(len(tests)):
        place, wanted, left = tests[t].bit, tests[t].left, lefts[tests[t].node]
        for r in range(len(pattern)):
            pattern[r] &= ~((left[r] ^ wanted) << place)


@kernel
def add_looked_up(slots, tables, pattern, sums):
    """Adds each feature's share by the row's pattern; `tables` are the features', end to end."""
    size = len(tables) // len(slots)
    for f in range(len(slots)):
        shares, total = tables[f * size : (f + 1) * size], sums[slots[f].feature]
        for r in range(len(pattern)):
            total[r] += shares[pattern[r]]


@kernel
def add_long_path(slots, held_sums, value, pattern, sums):
    """Adds the shares of one leaf with many features, from the sums of `sum_subsets` alone."""
    rows = len(pattern)
    missed = np.full(rows, value)
    for f in range(len(slots)):
        ratio = slots[f].ratio
        for r in range(rows):
            missed[r] *= 1.0 if pattern[r] >> f & 1 else ratio
    for f in range(len(slots)):
        total, others, rest = sums[slots[f].feature], ~np.uint32(1 << f), 1.0 - slots[f].ratio
        for r in range(rows):
            factor = rest if pattern[r] >> f & 1 else -1.0
            total[r] += missed[r] * factor * held_sums[pattern[r] & others]


@kernel
def add_tree(tree, model, codes, scratch, sums):
    """Adds a tree's shares for a block of rows."""
    _, _, sets, nodes, trees, segments, tests, slots, tables = model
    lefts, pattern, wide = scratch
    decide(nodes[trees[tree].node : trees[tree + 1].node], codes, sets, lefts)
    for s in range(trees[tree].segment, trees[tree + 1].segment):
        segment, after = segments[s], segments[s + 1]
        own_tests = tests[segment.test : after.test]
        own_slots = slots[segment.slot : after.slot]
        own_table = tables[segment.table : after.table]
        if segment.long:
            patterns(own_tests, lefts, segment.bits, wide)
            add_long_path(own_slots, own_table, segment.value, wide, sums)
        else:
            patterns(own_tests, lefts, segment.bits, pattern)
            add_looked_up(own_slots, own_table, pattern, sums)


@kernel
def explain(matrix, model, base, out):
    """Fills `out`, rows x (features, then the base); a row's sums run in the order of trees."""
    columns, cuts, _, _, trees, _, _, _, _ = model
    features, most_nodes = out.shape[1] - 1, 0
    for t in range(len(trees) - 1):
        most_nodes = max(most_nodes, trees[t + 1].node - trees[t].node)
    for start in range(0, len(matrix), BLOCK):
        end = min(start + BLOCK, len(matrix))
        rows = end - start
        codes = np.empty((len(columns), rows), np.uint16)
        code_rows(matrix[start:end], columns, cuts, codes)
        lefts = np.empty((most_nodes, rows), np.uint8)
        scratch = (lefts, np.empty(rows, np.uint16), np.empty(rows, np.uint32))
        sums = np.zeros((features, rows))
        for t in range(len(trees) - 1):
            add_tree(t, model, codes, scratch, sums)
        for r in range(rows):
            for f in range(features):
                out[start + r, f] = sums[f, r]
            out[start + r, features] = base
