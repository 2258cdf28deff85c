"""LightGBM's text read as arrays: what its trees ask, and how many rows went where."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

NO_MISSING, ZERO_IS_MISSING, NAN_IS_MISSING, CATEGORY = 0, 1, 2, 3
"""Kinds of a node: a number by what counts as missing there, or a set of categories."""


@dataclass(frozen=True)
class Tree:
    """One tree, an element a node; children below 0 are leaves (`~leaf`).

    `sets` are the categories that go left, by node. A tree without nodes has one leaf.
    """

    feature: Ints
    kind: Ints
    default_left: Flags
    threshold: Array
    left: Ints
    right: Ints
    node_rows: Array
    leaf_rows: Array
    leaf_value: Array
    sets: Mapping[int, Flags]

    @property
    def mean(self) -> float:
        """The tree's mean score over the rows that it was grown on."""
        if not len(self.feature):
            return float(self.leaf_value[0])
        return float((self.leaf_rows / self.node_rows[0] * self.leaf_value).sum())


def parse_trees(text: str) -> list[Tree] | None:
    """The trees whose sum is the raw score.

    None for models of another form: more than one score, averages, linear leaves, uncounted rows.
    """
    head, *bodies = text.split("\nend of trees", maxsplit=1)[0].split("\nTree=")
    settings = head.splitlines()
    if "num_tree_per_iteration=1" not in settings or "average_output" in settings:
        return None
    fields = [
        dict(line.split("=", 1) for line in body.splitlines() if "=" in line) for body in bodies
    ]
    if any(found.get("is_linear", "0") != "0" for found in fields):
        return None
    trees = [_parse_tree(found) for found in fields]
    counted = all((tree.node_rows > 0).all() for tree in trees)
    return trees if counted else None


def _parse_tree(fields: Mapping[str, str]) -> Tree:
    decision, threshold = _whole(fields, "decision_type"), _real(fields, "threshold")
    kind = np.where(decision & 1, CATEGORY, decision >> 2 & 3)
    edges, words = _whole(fields, "cat_boundaries"), _whole(fields, "cat_threshold")
    sets = {}
    for node in np.flatnonzero(kind == CATEGORY):
        which = int(threshold[node])
        bits = words[edges[which] : edges[which + 1]].astype("<u4").view(np.uint8)
        sets[int(node)] = np.unpackbits(bits, bitorder="little").astype(bool)
    return Tree(
        feature=_whole(fields, "split_feature"),
        kind=kind,
        default_left=(decision & 2) > 0,
        threshold=threshold,
        left=_whole(fields, "left_child"),
        right=_whole(fields, "right_child"),
        node_rows=_real(fields, "internal_count"),
        leaf_rows=_real(fields, "leaf_count"),
        leaf_value=_real(fields, "leaf_value"),
        sets=sets,
    )


def _real(fields: Mapping[str, str], name: str) -> Array:
    return np.array(fields.get(name, "").split(), dtype=float)


def _whole(fields: Mapping[str, str], name: str) -> Any:
    return np.array(fields.get(name, "").split(), dtype=np.int64)
