"""Exact Shapley values of boosted trees, by look-up.

The values are path-dependent TreeSHAP's (Lundberg and others 2020, Nature Machine Intelligence 2),
as LightGBM's `pred_contrib` has them. A leaf's shares depend only on which of the distinct features
on its path let the row pass, so that they can be worked out before any row is seen (Yang 2021,
"Fast TreeSHAP", version 2); the sums over subsets of features are integrals of polynomials (as in
Yu and others 2022, "Linear TreeSHAP"). Here a table stands for a run of neighbouring leaves, so that
one look-up a feature takes the place of one a leaf and feature.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from riskmodel.errors import DataError
from riskmodel.model.learners.shapley.booster_text import CATEGORY, Tree, parse_trees

Array = npt.NDArray[np.float64]
Records = npt.NDArray[Any]

PLACES = [("feature", "i8"), ("low", "i8"), ("middle", "i8"), ("high", "i8")]
LAYOUT = np.dtype([*PLACES, ("left_first", "?"), ("to_first", "f8"), ("to_second", "f8")])
COLUMN = np.dtype([("feature", "i8"), ("kind", "i8"), ("start", "i8"), ("size", "i8")])
NODE = np.dtype([("column", "i8"), ("sets", "i8"), ("bound", "i8"), ("shift", "i8")])
TREE = np.dtype([("node", "i8"), ("segment", "i8")])
SEGMENT = np.dtype(
    [
        ("test", "i8"),
        ("slot", "i8"),
        ("table", "i8"),
        ("bits", "i8"),
        ("value", "f8"),
        ("long", "?"),
    ]
)
TEST = np.dtype([("node", "i8"), ("bit", "u1"), ("left", "u1")])
SLOT = np.dtype([("feature", "i8"), ("ratio", "f8")])

MAX_BITS = 9
"""Of a segment's pattern: its table has at most 512 entries a feature, 4 kB."""
COSTS = np.array([1.0, 0.15, 0.002])
"""Relative seconds a row: of a look-up, of a test in a pattern, of reading a table's entry."""
MAX_PATH_FEATURES = 20
"""Distinct features on one path; the leaf at its end has a table of 8 MB."""
MAX_ENTRIES = 1 << 26
"""Of all tables together: half a gigabyte."""
MAX_CUTS = 32_767
"""Of one feature: a code has two bytes."""


@dataclass(frozen=True)
class Segment:
    """Leaves next to each other, from the place `first`, whose shares are looked up together."""

    layout: Records
    values: Array
    first: int
    bit: npt.NDArray[np.int64]
    bits: int
    tests: Records
    slots: Records

    @property
    def long(self) -> bool:
        """One leaf with so many features that its table holds sums that they share."""
        return self.bits > MAX_BITS

    @property
    def value(self) -> float:
        """The (first) leaf's score."""
        return float(self.values[0])

    @property
    def sizes(self) -> dict[str, int]:
        """The number of tests, slots and entries of the table."""
        entries = (1 if self.long else len(self.slots)) << self.bits
        return {"test": len(self.tests), "slot": len(self.slots), "table": entries}

    def fill(self, table: Array) -> None:
        """Writes the table, features x patterns, into zeros."""
        from riskmodel.model.learners.shapley import kernels

        if self.long:
            table += kernels.sum_subsets(self.slots["ratio"], *_quadrature_rule(self.bits))
            return
        kernels.add_leaves(
            self.layout,
            (self.values, self.first),
            self.bit,
            self.slots["feature"],
            _quadrature_rule(MAX_BITS),
            table.reshape(len(self.slots), -1),
        )


@dataclass(frozen=True)
class ShapleyTables:
    """A model's tables; `arrays` as `kernels.explain` takes them."""

    base: float
    arrays: tuple[Records, ...]

    def contributions(self, matrix: Array, threads: int = 1) -> Array:
        """Rows x (features, then the mean score), in log-odds; the same for any `threads`.

        Each row sums to the raw score. `matrix`: rows x all features, missing as NaN; `DataError`
        where it has fewer than the trees ask for.
        """
        from riskmodel.model.learners.shapley import kernels

        matrix = np.ascontiguousarray(matrix, dtype=float)
        asked = int(self.arrays[0]["feature"].max(initial=-1)) + 1
        if asked > matrix.shape[1]:
            raise DataError(
                f"booster: its trees ask for {asked} features, {matrix.shape[1]} are given."
                " Bring the model's own inputs and booster."
            )
        out = np.empty((len(matrix), matrix.shape[1] + 1))
        step = max(kernels.BLOCK, -(-len(matrix) // threads))

        def work(first: int) -> None:
            rows = slice(first, first + step)
            kernels.explain(matrix[rows], self.arrays, self.base, out[rows])

        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(work, range(0, len(matrix), step)))
        return out


def build_shapley_tables(text: str) -> ShapleyTables | None:
    """Build the tables of a model in LightGBM's text.

    None where the model has another form (see `parse_trees`), where a path has more than `MAX_PATH_FEATURES`
    features, the tables more than `MAX_ENTRIES`, or a feature more than `MAX_CUTS` cuts: there
    LightGBM's own `pred_contrib` has to answer, which is slower.
    """
    trees = parse_trees(text)
    if trees is None:
        return None
    base = sum(tree.mean for tree in trees)
    grown = [tree for tree in trees if len(tree.feature)]
    encoded, built = _encode_trees(grown), _build_segments(grown)
    if encoded is None or built is None:
        return None
    return ShapleyTables(base, (*encoded, *built))


def _encode_trees(trees: Sequence[Tree]) -> tuple[Records, Records, Records, Records] | None:
    """Columns, their cuts, sets of categories, and the nodes as tests of codes.

    A column is a feature with its kind of node; its cuts are filled up with infinity to one less
    than a power of two, for a search without branches.
    """
    kind = _concatenate([tree.kind for tree in trees], int)
    feature = _concatenate([tree.feature for tree in trees], int)
    keys, column = np.unique(np.stack([feature, kind]), axis=1, return_inverse=True)
    nodes, sets = _nodes(trees, kind)
    nodes["column"] = column
    threshold = _concatenate([tree.threshold for tree in trees], float)
    columns, cuts = np.zeros(keys.shape[1], COLUMN), [np.empty(0)]
    for number, (of_feature, of_kind) in enumerate(keys.T):
        mine = column == number
        own, size = np.empty(0), int(nodes["bound"][mine].max())
        if of_kind != CATEGORY:
            own, places = np.unique(threshold[mine], return_inverse=True)
            nodes["bound"][mine] += places
            size = (1 << len(own).bit_length()) - 1
            own = np.append(own, np.full(size - len(own), np.inf))
        columns[number] = (of_feature, of_kind, sum(map(len, cuts)), size)
        cuts.append(own)
    if (columns["size"] > MAX_CUTS).any():
        return None
    return columns, _concatenate(cuts, float), sets, nodes


def _nodes(trees: Sequence[Tree], kind: npt.NDArray[np.int64]) -> tuple[Records, Records]:
    """The nodes without their columns and places among cuts, and the sets of categories."""
    category = kind == CATEGORY
    nodes = np.zeros(len(kind), NODE)
    nodes["shift"] = _concatenate([tree.default_left for tree in trees], int) * ~category
    nodes["bound"] = nodes["shift"]
    sets = [tree.sets[node] for tree in trees for node in sorted(tree.sets)]
    lengths = np.array([len(own) for own in sets], dtype=np.int64)
    nodes["sets"] = -1
    nodes["sets"][category] = np.cumsum(lengths) - lengths
    nodes["bound"][category] = lengths
    return nodes, _concatenate(sets, bool)


def _build_segments(
    trees: Sequence[Tree],
) -> tuple[Records, Records, Records, Records, Records] | None:
    """Build the trees' starts, the segments, and their tests, slots and tables, end to end."""
    bounds = np.zeros(len(trees) + 1, TREE)
    pieces: list[Segment] = []
    for number, tree in enumerate(trees):
        pieces += _cut_into_segments(tree)
        bounds[number + 1] = (bounds[number]["node"] + len(tree.feature), len(pieces))
    if any(piece.bits > MAX_PATH_FEATURES for piece in pieces):
        return None
    segments = np.zeros(len(pieces) + 1, SEGMENT)
    for field in ("test", "slot", "table"):
        segments[field][1:] = np.cumsum([piece.sizes[field] for piece in pieces])
    for field in ("bits", "long", "value"):
        segments[field][:-1] = [getattr(piece, field) for piece in pieces]
    if segments["table"][-1] > MAX_ENTRIES:
        return None
    tables = np.zeros(segments["table"][-1])
    for start, piece in zip(segments["table"], pieces, strict=False):
        piece.fill(tables[start : start + piece.sizes["table"]])
    tests = np.concatenate([np.empty(0, TEST), *(piece.tests for piece in pieces)])
    slots = np.concatenate([np.empty(0, SLOT), *(piece.slots for piece in pieces)])
    return bounds, segments, tests, slots, tables


def _cut_into_segments(tree: Tree) -> list[Segment]:
    """The tree cut into runs of leaves with the least cost of a row."""
    from riskmodel.model.learners.shapley import kernels

    layout = np.zeros(len(tree.feature), LAYOUT)
    layout["feature"] = tree.feature
    leaf_at = kernels.lay_out(tree.left, tree.right, tree.node_rows, tree.leaf_rows, layout)
    starts = kernels.cut_into_segments(layout, MAX_BITS, COSTS)
    return [
        _segment(layout, tree.leaf_value[leaf_at[first:last]], first)
        for first, last in pairwise(starts)
    ]


def _segment(layout: Records, values: Array, first: int) -> Segment:
    from riskmodel.model.learners.shapley import kernels

    bit = np.empty(len(layout), np.int64)
    bits, _ = kernels.bits_of(layout, first, first + len(values), bit)
    on = np.flatnonzero(bit >= 0)
    tests = np.zeros(len(on), TEST)
    tests["node"], tests["bit"] = on, bit[on]
    tests["left"] = layout["left_first"][on] ^ (first >= layout["middle"][on])
    features = list(dict.fromkeys(layout["feature"][on].tolist()))
    slots = np.zeros(len(features), SLOT)
    slots["feature"] = features
    if len(values) == 1:
        kernels.path(layout, first, slots["feature"], slots["ratio"])
    return Segment(layout, values, first, bit, int(bits), tests, slots)


@cache
def _quadrature_rule(features: int) -> tuple[Array, Array]:
    """Points and weights on (0, 1), exact for polynomials of a degree below `features`."""
    points, weights = np.polynomial.legendre.leggauss((features + 1) // 2)
    return (points + 1) / 2, weights / 2


def _concatenate(parts: Sequence[npt.NDArray[Any]], kind: type) -> Any:
    return np.concatenate([np.empty(0, kind), *parts]).astype(kind)
