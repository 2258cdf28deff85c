"""Sizes of trees: by the number of defaults, and what the settings say goes first."""

import numpy as np
import pandas as pd

from riskmodel.model.learners.tree_sizes import NAMES, other_sizes, resolve_size
from riskmodel.model.learners.trees import compute_targets, plan, resolve
from riskmodel.settings import default_settings

TREES = default_settings().model.trees


def test_more_defaults_bear_trees_of_more_leaves():
    leaves = [resolve_size(TREES, defaults).num_leaves for defaults in (5, 200, 2_000, 8_000, 1e6)]
    assert leaves == sorted(leaves)
    assert len(set(leaves)) == len(leaves)


def test_what_the_settings_say_is_kept():
    own = TREES.with_values({"num_leaves": 5, "l2": 0.25})
    found = resolve_size(own, 10_000)
    assert (found.num_leaves, found.l2) == (5, 0.25)
    assert found.with_values({"num_leaves": 0, "l2": 0}) == resolve_size(TREES, 10_000).with_values(
        {"num_leaves": 0, "l2": 0}
    )


def test_the_rarer_outcome_counts():
    many = pd.Series([True] * 9_000 + [False] * 30)
    assert resolve(TREES, many) == resolve(TREES, ~many)


def test_the_other_sizes_are_tried_nearest_first():
    own = resolve_size(TREES, 500)
    leaves = [size["num_leaves"] for size in other_sizes(own)]
    assert own.num_leaves not in leaves
    apart = np.abs(np.log(np.array(leaves) / own.num_leaves))
    assert (np.diff(apart) >= 0).all()
    assert all(set(size) == set(NAMES) for size in other_sizes(own))


def test_early_delinquency_is_tried_where_it_is_known():
    rows = pd.DataFrame({"defaulted": [True, False], "past_due": [90.0, 12.0]})
    own = resolve(TREES, rows["defaulted"])
    assert own.early_delinquency_scale == 0.0
    tried = [one.get("early_delinquency_scale") for one in plan(own, rows)]
    assert tried[0] == 1.0
    for absent in (rows.drop(columns="past_due"), rows.assign(past_due=0.0)):
        assert all("early_delinquency_scale" not in one for one in plan(own, absent))


def test_the_scale_of_early_delinquency_lessens_each_part():
    rows = pd.DataFrame({"defaulted": [True, False, False], "past_due": [90.0, 45.0, 0.0]})
    parts = {
        scale: compute_targets(rows, TREES.with_values({"early_delinquency_scale": scale})).tolist()
        for scale in (0.0, 0.5, 1.0)
    }
    assert parts == {0.0: [1, 0, 0], 0.5: [1, 0.3, 0], 1.0: [1, 0.6, 0]}
