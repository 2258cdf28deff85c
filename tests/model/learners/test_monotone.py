"""Signs hold: with all else held, no move of a signed feature's value goes against it."""

from contextlib import nullcontext

import lightgbm
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st

from riskmodel.errors import RiskModelError
from riskmodel.model.inputs import Inputs
from riskmodel.model.learners import ebm, trees
from riskmodel.model.learners.ebm import Ebm, Term
from riskmodel.model.learners.monotone import check_signs, find_violations
from riskmodel.model.learners.scorecard import scorecard
from riskmodel.model.learners.trees import Trees
from riskmodel.settings import default_settings

HOW = default_settings().model
ROUNDING = 1e-12
LEVELS = ("a", "b", "c", "d")


def drawn(seed: int) -> tuple[pd.DataFrame, Inputs]:
    """Rows whose risk goes against the signs as often as along with them, ties and gaps among
    them; the last feature is a text."""
    rng = np.random.default_rng(seed)
    rows, features = int(rng.integers(400, 1500)), int(rng.integers(3, 7))
    x = rng.normal(size=(rows, features)).round(int(rng.integers(0, 4)))
    z = sum(
        rng.normal() * x[:, a] * x[:, b] + np.sin(2 * x[:, c]) * rng.normal()
        for a, b, c in rng.integers(features, size=(6, 3))
    )
    bad = rng.random(rows) < 1 / (1 + np.exp(rng.choice([0.5, 1.5]) - z))
    x[rng.random(x.shape) < rng.choice([0.0, 0.1, 0.4])] = np.nan
    names = tuple(f"f{place}" for place in range(features))
    text = pd.Series(rng.choice([*LEVELS, None], rows), dtype="str")
    frame = pd.DataFrame(x, columns=list(names)).assign(text=text, defaulted=bad)
    frame["enterprise_id"] = [f"E{number // 2}" for number in range(rows)]
    signs = (*rng.choice([-1, 1, 1, 0, -1], features).tolist(), 0)
    return frame, Inputs((*names, "text"), signs, {"text": LEVELS})


def varied(seed: int, **more: object):
    """Settings of the whole range that tuning looks in, and beyond."""
    rng = np.random.default_rng(seed)
    some = {
        "trees.num_leaves": int(rng.integers(4, 32)),
        "trees.max_depth": int(rng.integers(3, 9)),
        "trees.learning_rate": float(rng.choice([0.05, 0.3])),
        "trees.min_child_samples": int(rng.choice([2, 20])),
        "trees.colsample": float(rng.uniform(0.15, 1)),
        "trees.subsample": float(rng.uniform(0.4, 1)),
        "trees.l2": float(rng.choice([0.3, 10.0])),
        "linear.weight": float(rng.choice([0.0, 0.5])),
        "trees.max_rounds": 40,
    }
    return HOW.with_values(some | more)


def worst_step(ranker, frame: pd.DataFrame, seed: int) -> float:
    """The largest step against a sign, of signed features moved through their values alone."""
    rng, inputs, worst = np.random.default_rng(seed), ranker.inputs, 0.0
    matrix = inputs.matrix(frame)
    for place, sign in enumerate(inputs.signs):
        values = np.unique(matrix[:, place][~np.isnan(matrix[:, place])])
        if not sign or len(values) < 2:
            continue
        values = values[np.unique(np.linspace(0, len(values) - 1, 40).astype(int))]
        values = np.r_[values[0] - 1, values, values[-1] + 1]
        start = matrix[rng.integers(len(matrix), size=60)]
        moved = np.repeat(start, len(values), axis=0)
        moved[:, place] = np.tile(values, len(start))
        steps = np.diff(ranker.raw_of(moved).reshape(len(start), -1), axis=1) * sign
        worst = max(worst, -float(steps.min()))
    return worst


@pytest.mark.parametrize("seed", range(12))
def test_no_tree_and_no_average_with_the_linear_model_goes_against_a_sign(seed):
    frame, inputs = drawn(seed)
    settings = varied(seed)
    found = trees.fit_trees(frame, inputs, settings.trees, settings.linear, seed=seed, threads=1)
    assert find_violations(found.text, inputs).pairs == {}
    assert worst_step(found, frame, seed) <= ROUNDING


@pytest.mark.parametrize("seed", range(3))
def test_no_scorecard_goes_against_a_sign(seed):
    frame, inputs = drawn(seed)
    settings = HOW.with_values(
        {"scorecard.min_iv": 0.0, "scorecard.max_p_value": 1.0, "scorecard.max_correlation": 1.0}
    )
    found = scorecard.fit_scorecard(frame, inputs, settings.scorecard, seed=seed, threads=1)
    assert any(found.inputs.signs)
    assert worst_step(found, frame, seed) <= ROUNDING


@pytest.mark.parametrize("seed", range(3))
def test_no_ebm_goes_against_a_sign(seed):
    pytest.importorskip("interpret.glassbox", reason="the extra ebm is not installed")
    frame, inputs = drawn(seed)
    quick = {"ebm.max_rounds": 80, "ebm.learning_rate": 0.1, "ebm.outer_bags": 2}
    found = ebm.fit_ebm(frame, inputs, HOW.with_values(quick).ebm, seed=seed, threads=1)
    assert worst_step(found, frame, seed) <= ROUNDING


@pytest.mark.parametrize(
    ("terms", "refused"),
    [
        ([Term((0,), ((1.0, 2.0),), (9.0, -0.2, 0.0, 0.3))], False),  # missing lies anywhere
        ([Term((0,), ((1.0, 2.0),), (0.0, -0.2, 0.3, 0.0))], True),
        ([Term((0, 1), ((1.0,), (1.0,)), (0.0,) * 9)], True),
        ([Term((1,), ((1.0,),), (0.0, 1.0, -1.0))], False),
    ],
)
def test_tables_that_go_against_a_sign_are_refused(terms, refused):
    found = Ebm(Inputs(("days", "age"), (1, 0), {}), 0.0, tuple(terms))
    with pytest.raises(RiskModelError, match="the term of days") if refused else nullcontext():
        ebm.check_signs(found)


def test_trees_that_go_against_a_sign_are_refused(monkeypatch):
    frame, inputs = crossed()
    monkeypatch.setattr(trees, "MONOTONE_METHOD", "intermediate")
    settings = HOW.with_values(
        {
            "trees.num_leaves": 16,
            "trees.max_depth": 6,
            "trees.max_rounds": 100,
            "trees.learning_rate": 0.05,
            "trees.min_child_samples": 60,
            "trees.subsample": 0.7,
            "trees.colsample": 0.5,
            "trees.l2": 10.0,
        }
    )
    with pytest.raises(RiskModelError, match=r"pairs of leaves go against the sign of \d feature"):
        trees.fit_trees(frame, inputs, settings.trees, settings.linear, seed=4, threads=1)


def crossed() -> tuple[pd.DataFrame, Inputs]:
    """Rows on which LightGBM's own "intermediate" method goes against signs."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=(6000, 8)).round(6)
    z = x[:, 0] * x[:, 1] - x[:, 2] * np.abs(x[:, 3]) + np.sin(3 * x[:, 4]) * x[:, 5]
    z += x[:, 6] * x[:, 7] * x[:, 0]
    bad = rng.random(6000) < 1 / (1 + np.exp(1.5 - z))
    x[rng.random(x.shape) < 0.1] = np.nan
    names = tuple(f"f{place}" for place in range(8))
    frame = pd.DataFrame(x, columns=list(names)).assign(defaulted=bad)
    return frame, Inputs(names, (1, -1, 1, 1, -1, 0, -1, 1), {})


GRID = np.array(np.meshgrid(*[[np.nan, 0.0, 1.0, 2.0, 3.0]] * 3, indexing="ij")).reshape(3, -1).T


def goes_against(text: str, inputs: Inputs) -> set[str]:
    """The features that some move between whole numbers goes against, by trying all."""
    score = Trees(inputs, text).raw_of(GRID).reshape(5, 5, 5)
    found = set()
    for place, sign in enumerate(inputs.signs):
        known = np.moveaxis(score, place, 0)[1:]
        rises = known[None, :] - known[:, None]
        first, second = np.triu_indices(4, 1)
        if sign and (rises[first, second] * sign < 0).any():
            found.add(inputs.names[place])
    return found


@rules(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    leaves=st.integers(2, 9),
    gaps=st.sampled_from([0.0, 0.2]),
    category=st.booleans(),
)
def test_the_proof_finds_what_trying_every_value_finds(seed, leaves, gaps, category):
    rng = np.random.default_rng(seed)
    x = rng.integers(0, 4, size=(200, 3)).astype(float)
    target = (x[:, 0] - 1.2 * x[:, 1]) * rng.normal() + rng.normal(size=200) + 0.3 * x[:, 2]
    x[rng.random(x.shape) < gaps] = np.nan
    levels = {"c": ("0", "1", "2", "3")} if category else {}
    inputs = Inputs(("a", "b", "c"), (1, -1, 0 if category else 1), levels)
    method = str(rng.choice(["none", "basic"]))
    constraints = {"monotone_constraints": list(inputs.signs)} if method == "basic" else {}
    given_to = {"num_leaves": leaves, "min_data_in_leaf": 3, "verbosity": -1, "num_threads": 1}
    data = lightgbm.Dataset(x, target, categorical_feature=[2] if category else [])
    text = lightgbm.train({**given_to, **constraints}, data, 1).model_to_string()
    assert set(find_violations(text, inputs).pairs) == goes_against(text, inputs)
    if method == "basic":
        check_signs(text, inputs)


def test_nothing_is_asked_of_trees_without_signs():
    inputs = Inputs(("a",), (0,), {})
    assert find_violations("no trees at all", inputs).pairs == {}
