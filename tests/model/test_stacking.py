"""The linear model's weight: by held-out loss, and none where it does not help."""

import numpy as np
import pandas as pd
import pytest

from riskmodel.model.inputs import Inputs
from riskmodel.model.stacking import SHRINKAGES, choose_linear, choose_weight
from riskmodel.model.tuning import Search
from riskmodel.settings import default_settings


def made_search(seed, rows=900):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=rows)
    frame = pd.DataFrame(
        {
            "enterprise_id": [f"E{n:04d}" for n in range(rows)],
            "x": x,
            "defaulted": rng.random(rows) < 1 / (1 + np.exp(2 - x)),
        }
    )
    settings = default_settings().model
    search = Search(frame, np.arange(rows) % 3, Inputs(("x",), (1,), {}), settings, 7, 1)
    return search, x, rng


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_two_scores_that_err_apart_are_averaged(seed):
    search, x, rng = made_search(seed)
    one, two = (x - 2 + rng.normal(size=len(x)) for _ in range(2))
    assert 0.2 <= choose_weight(search, one, two) <= 0.8


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_score_that_says_nothing_has_no_weight(seed):
    search, x, rng = made_search(seed)
    assert choose_weight(search, x - 2, rng.normal(size=len(x))) == 0.0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_trees_that_say_nothing_leave_all_to_the_linear_model(seed):
    search, x, rng = made_search(seed)
    found = choose_linear(search, search.settings, 5 * rng.normal(size=len(x)))
    assert found.linear.weight >= 0.8
    assert found.linear.l2 in SHRINKAGES


def test_what_the_settings_say_is_not_searched():
    search, x, _ = made_search(4)
    settings = search.settings.with_values({"linear.weight": 0.25, "linear.l2": 7.0})
    assert choose_linear(search, settings, x).linear == settings.linear
    fixed = search.settings.with_values({"linear.l2": 7.0})
    assert choose_linear(search, fixed, 0 * x).linear.l2 == 7.0


def test_a_fold_of_one_outcome_scores_the_mean():
    search, x, _ = made_search(5)
    bad = search.rows["defaulted"] & (search.fold == 0)
    lone = Search(
        search.rows.assign(defaulted=bad), search.fold, search.inputs, search.settings, 7, 1
    )
    assert 0 <= choose_linear(lone, lone.settings, x).linear.weight <= 1
