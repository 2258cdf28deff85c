"""Check of the signs of fitted trees, leaf by leaf, whatever method grew them.

A sum of trees that each keep a sign keeps it, in the last bit too, since sums round in order. A tree
keeps it if no two leaves that a single row can reach, by moving the feature alone, stand in the wrong
order. Moves between values are held to it; missing has no place among the values.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from riskmodel.errors import RiskModelError
from riskmodel.model.inputs import Inputs
from riskmodel.model.learners.shapley.booster_text import (
    CATEGORY,
    NAN_IS_MISSING,
    Ints,
    Tree,
    parse_trees,
)

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Violations:
    """Pairs of leaves in the wrong order, by feature, and the largest step against a sign."""

    pairs: dict[str, int]
    worst: float


def check_signs(text: str, inputs: Inputs) -> None:
    """Raise `RiskModelError` where a tree of LightGBM's text goes against a sign."""
    found = find_violations(text, inputs)
    if found.pairs:
        name = max(found.pairs, key=lambda one: found.pairs[one])
        raise RiskModelError(
            f"trees: {sum(found.pairs.values())} pairs of leaves go against the sign of"
            f" {len(found.pairs)} features (first: {name}), by up to {found.worst:.2g} log-odds."
            " Nothing was kept; report it with the settings."
        )


def find_violations(text: str, inputs: Inputs) -> Violations:
    """Find the pairs of leaves of all trees that go against a sign."""
    signed = {place: sign for place, sign in enumerate(inputs.signs) if sign}
    trees = parse_trees(text) if signed else []
    if trees is None:
        raise RiskModelError("trees: a form whose signs cannot be proven. Nothing was kept.")
    pairs: dict[str, int] = {}
    worst = 0.0
    for tree in trees:
        for place, steps in _find_wrong_pairs(tree, signed):
            name = inputs.names[place]
            pairs[name] = pairs.get(name, 0) + len(steps)
            worst = max(worst, float(steps.max()))
    return Violations(pairs, worst)


def _find_wrong_pairs(
    tree: Tree, signed: dict[int, int]
) -> list[tuple[int, npt.NDArray[np.float64]]]:
    """Each signed feature of the tree with wrong pairs of leaves, and by how much each is wrong."""
    used = list(dict.fromkeys(tree.feature.tolist()))
    if not signed.keys() & set(used):
        return []
    boxes = _Boxes.from_tree(tree, used)
    apart = np.stack([boxes.apart(number) for number in range(len(used))])
    others = apart.sum(axis=0)
    rise = tree.leaf_value[None, :] - tree.leaf_value[:, None]
    found = []
    for number, place in enumerate(used):
        if place in signed:
            below = boxes.below(number) & (others == apart[number])
            steps = -signed[place] * rise[below]
            if (steps > 0).any():
                found.append((place, steps[steps > 0]))
    return found


@dataclass(frozen=True)
class _Boxes:
    """The values that reach each leaf, features x leaves: numbers in (low, high], missing, categories."""

    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    missing: Flags
    levels: dict[int, Flags]

    @classmethod
    def from_tree(cls, tree: Tree, used: Sequence[int]) -> "_Boxes":
        leaves = len(tree.leaf_value)
        shape = (len(used), leaves)
        low, high = np.full(shape, -np.inf), np.full(shape, np.inf)
        missing = np.ones(shape, bool)
        levels: dict[int, Flags] = {}
        sides = _leaves_of_children(tree)
        for node, (left, right) in enumerate(sides):
            k, at = used.index(int(tree.feature[node])), tree.threshold[node]
            if tree.kind[node] == CATEGORY:
                own = levels.setdefault(k, _all_levels(tree, used[k], leaves))
                inside = np.zeros(own.shape[1], bool)
                inside[: len(tree.sets[node])] = tree.sets[node]
                own[left] &= inside
                own[right] &= ~inside
                continue
            missing_left = tree.default_left[node] if tree.kind[node] == NAN_IS_MISSING else at >= 0
            high[k, left] = np.minimum(high[k, left], at)
            low[k, right] = np.maximum(low[k, right], at)
            missing[k, right if missing_left else left] = False
        return cls(low, high, missing, levels)

    def apart(self, k: int) -> Flags:
        """Leaves x leaves: no value of the feature reaches both."""
        if k in self.levels:
            together = self.levels[k].astype(int) @ self.levels[k].T.astype(int)
            return np.asarray(together == 0)
        low, high, missing = self.low[k], self.high[k], self.missing[k]
        numbers = np.maximum.outer(low, low) < np.minimum.outer(high, high)
        return np.asarray(~(numbers | np.logical_and.outer(missing, missing)))

    def below(self, k: int) -> Flags:
        """Leaves x leaves: both take numbers of the feature, the first only lower ones."""
        some = self.low[k] < self.high[k]
        return np.asarray(
            (self.high[k][:, None] <= self.low[k][None, :]) & np.logical_and.outer(some, some)
        )


def _leaves_of_children(tree: Tree) -> list[tuple[Ints, Ints]]:
    """The leaves below each node's left and right child."""
    under: dict[int, Ints] = {}
    sides: list[tuple[Ints, Ints]] = []
    for node in range(len(tree.feature) - 1, -1, -1):  # a child's number is above its parent's
        left, right = (
            under[child] if child >= 0 else np.array([~child], dtype=np.int64)
            for child in (int(tree.left[node]), int(tree.right[node]))
        )
        under[node] = np.concatenate([left, right])
        sides.append((left, right))
    return sides[::-1]


def _all_levels(tree: Tree, feature: int, leaves: int) -> Flags:
    """Leaves x (levels that the feature's nodes name, and one for all others and missing)."""
    mine = np.flatnonzero((tree.feature == feature) & (tree.kind == CATEGORY))
    return np.ones((leaves, 1 + max(len(tree.sets[int(node)]) for node in mine)), bool)
