"""Shapley values by look-up: LightGBM's own to the last digits, and what a drawn tree must give."""

import time

import lightgbm
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel.errors import DataError
from riskmodel.model.inputs import Inputs
from riskmodel.model.learners.shapley import shapley
from riskmodel.model.learners.shapley.shapley import ShapleyTables, build_shapley_tables
from riskmodel.model.learners.trees import Trees

SAME = 1e-9
ODD = (np.nan, 0.0, -0.0, np.inf, -np.inf, 1e-36, -1e-36, 1e300, -0.5, -3.0, 1e-35, 2.0**40)
"""Values at which the rules for missing values, zeros and categories turn."""


def drawn(rng: np.random.Generator, rows: int, features: int) -> np.ndarray:
    """Numbers, counts with many zeros, and categories, with missing values among all."""
    matrix = rng.normal(size=(rows, features))
    matrix[:, 1::3] = rng.poisson(1.0, size=matrix[:, 1::3].shape)
    matrix[:, 2::3] = rng.integers(0, 40, size=matrix[:, 2::3].shape)
    matrix[rng.random(matrix.shape) < rng.choice([0.0, 0.2])] = np.nan
    return matrix


def grown(matrix: np.ndarray, rng: np.random.Generator, **settings: object) -> lightgbm.Booster:
    known = np.nan_to_num(matrix)
    score = known @ rng.normal(size=matrix.shape[1]) + 2 * np.isnan(matrix[:, 0])
    target = score + rng.normal(size=len(matrix)) > np.median(score)
    given = {
        "objective": "binary",
        "verbosity": -1,
        "num_threads": 1,
        "min_data_in_leaf": 3,
        **settings,
    }
    rounds = int(given.pop("rounds", 5))
    categories = list(given.pop("categories", []))
    data = lightgbm.Dataset(matrix, target, categorical_feature=categories)
    return lightgbm.train(given, data, num_boost_round=rounds)


def asked(matrix: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Rows of the same kind with odd values strewn in."""
    rows = matrix[:80].copy()
    return np.where(rng.random(rows.shape) < 0.2, rng.choice(ODD, rows.shape), rows)


def tables(booster: lightgbm.Booster) -> ShapleyTables:
    made = build_shapley_tables(booster.model_to_string())
    assert made is not None
    return made


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    leaves=st.integers(2, 31),
    features=st.integers(1, 12),
    zero_as_missing=st.booleans(),
    use_missing=st.booleans(),
    with_categories=st.booleans(),
    signs=st.booleans(),
    most_bits=st.sampled_from([1, 3, 6, shapley.MAX_BITS]),
)
def test_the_values_are_those_of_pred_contrib_and_sum_to_the_score(
    *,
    seed: int,
    leaves: int,
    features: int,
    zero_as_missing: bool,
    use_missing: bool,
    with_categories: bool,
    signs: bool,
    most_bits: int,
) -> None:
    rng = np.random.default_rng(seed)
    matrix = drawn(rng, 300, features)
    categories = list(range(2, features, 3)) if with_categories else []
    sign = [0 if f in categories else int(rng.integers(-1, 2)) for f in range(features)]
    booster = grown(
        matrix,
        rng,
        num_leaves=leaves,
        zero_as_missing=zero_as_missing,
        use_missing=use_missing,
        categories=categories,
        cat_smooth=1.0,
        min_data_per_group=5,
        max_cat_to_onehot=int(rng.choice([1, 4])),
        monotone_constraints=sign if signs else [0] * features,
        bagging_fraction=0.7,
        bagging_freq=1,
        seed=seed % 1000,
    )
    rows = asked(matrix, rng)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shapley, "MAX_BITS", most_bits)
        ours = tables(booster).contributions(rows)

    assert ours == pytest.approx(booster.predict(rows, pred_contrib=True), abs=SAME)
    assert ours.sum(axis=1) == pytest.approx(booster.predict(rows, raw_score=True), abs=SAME)


ONE_NODE = """tree
num_tree_per_iteration=1

Tree=0
num_leaves=2
split_feature=0
threshold=5
decision_type={kind}
left_child=-1
right_child=-2
leaf_value=-1 2
leaf_count=30 10
internal_count=40

end of trees
"""
TWO_NODES = """tree
num_tree_per_iteration=1

Tree=0
num_leaves=3
split_feature=0 1
threshold=0 0
decision_type=8 8
left_child=-1 -2
right_child=1 -3
leaf_value=0 0 4
leaf_count=20 10 10
internal_count=40 20

end of trees
"""


def looked_up(text: str, rows: list[list[float]]) -> list[list[float]]:
    made = build_shapley_tables(text)
    assert made is not None
    return made.contributions(np.array(rows)).tolist()


def test_one_split_gives_its_feature_the_distance_from_the_mean() -> None:
    # mean: (30 x -1 + 10 x 2) / 40 = -0.25
    found = looked_up(ONE_NODE.format(kind=8), [[5.0, 9.0], [5.5, 9.0]])

    assert found == [pytest.approx([-0.75, 0.0, -0.25]), pytest.approx([2.25, 0.0, -0.25])]


@pytest.mark.parametrize(
    ("kind", "missing_goes", "zero_goes"),
    [
        (0, "left", "left"),  # nothing counts as missing: NaN is 0, and 0 is below 5
        (4, "right", "right"),  # zero counts as missing, and so does NaN
        (6, "left", "left"),
        (8, "right", "left"),  # NaN is missing
        (10, "left", "left"),
    ],
)
def test_a_missing_value_goes_where_the_node_says(
    kind: int, missing_goes: str, zero_goes: str
) -> None:
    share = {"left": -0.75, "right": 2.25}

    (missing, *_), (zero, *_) = looked_up(ONE_NODE.format(kind=kind), [[np.nan], [1e-36]])

    assert (missing, zero) == pytest.approx((share[missing_goes], share[zero_goes]))


def test_two_features_that_only_count_together_share_alike() -> None:
    # both above 0: 4. Knowing either alone: 2. Knowing none: 1. So each gets (1 + 2) / 2.
    # only the first above 0: 0. Knowing it: 2, the second: 0. So (1 + 0) / 2 and (-1 - 2) / 2.
    found = looked_up(TWO_NODES, [[1.0, 1.0], [1.0, -1.0]])

    assert found == [pytest.approx([1.5, 1.5, 1.0]), pytest.approx([0.5, -1.5, 1.0])]


def test_threads_blocks_and_company_do_not_change_a_row_s_bytes() -> None:
    rng = np.random.default_rng(3)
    matrix = drawn(rng, 2500, 9)
    made = tables(grown(matrix, rng, num_leaves=15, rounds=20))

    whole = made.contributions(matrix, threads=1)

    assert whole.tobytes() == made.contributions(matrix, threads=2).tobytes()
    assert whole.tobytes() == made.contributions(matrix, threads=7).tobytes()
    assert whole[700:].tobytes() == made.contributions(matrix[700:]).tobytes()
    assert whole[::-1].tobytes() == made.contributions(matrix[::-1]).tobytes()


def staircase(steps: int, rng: np.random.Generator) -> tuple[lightgbm.Booster, np.ndarray]:
    """Trees whose deepest leaf asks of every feature in turn, and rows that stop at each step."""
    stopped = rng.integers(0, steps + 1, 4000)
    step = np.arange(steps)
    matrix = rng.integers(0, 2, (4000, steps)).astype(float)
    matrix[step < stopped[:, None]] = 1.0
    matrix[step == stopped[:, None]] = 0.0
    settings = {
        "objective": "regression",
        "verbosity": -1,
        "num_threads": 1,
        "num_leaves": steps + 1,
    }
    settings |= {"min_data_in_leaf": 2, "min_sum_hessian_in_leaf": 0.0}
    data = lightgbm.Dataset(matrix, 2.0 ** (steps - stopped))
    return lightgbm.train(settings, data, num_boost_round=3), matrix


def test_a_leaf_with_more_features_than_a_table_has_bits_is_exact_too() -> None:
    booster, matrix = staircase(17, np.random.default_rng(5))
    made = tables(booster)
    assert made.arrays[5]["bits"].max() > shapley.MAX_BITS

    theirs = booster.predict(matrix[:500], pred_contrib=True)

    assert made.contributions(matrix[:500]) == pytest.approx(theirs, rel=SAME, abs=SAME)


def ranking(booster: lightgbm.Booster, features: int) -> tuple[Trees, list[str]]:
    names = [f"f{number}" for number in range(features)]
    return Trees(Inputs(tuple(names), (0,) * features, {}), booster.model_to_string()), names


@pytest.mark.parametrize(
    ("bound", "at"), [("MAX_PATH_FEATURES", 2), ("MAX_ENTRIES", 100), ("MAX_CUTS", 3)]
)
def test_beyond_the_bounds_lightgbm_answers(
    bound: str, at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(8)
    matrix = drawn(rng, 300, 4)
    booster = grown(matrix, rng, num_leaves=12)
    theirs = booster.predict(matrix, pred_contrib=True)
    assert build_shapley_tables(booster.model_to_string()) is not None
    monkeypatch.setattr(shapley, bound, at)
    monkeypatch.setattr(shapley, "MAX_BITS", 2)

    assert build_shapley_tables(booster.model_to_string()) is None
    trees, names = ranking(booster, 4)
    assert trees.contributions(pd.DataFrame(matrix, columns=names)).tolist() == theirs.tolist()


@pytest.mark.parametrize(
    "settings",
    [
        {"linear_tree": True},
        {"boosting": "rf", "bagging_fraction": 0.5, "bagging_freq": 1},
        {"objective": "multiclass", "num_class": 2},
    ],
    ids=str,
)
def test_models_of_another_form_have_no_tables(settings: dict[str, object]) -> None:
    rng = np.random.default_rng(2)
    booster = grown(drawn(rng, 300, 4), rng, **settings)

    assert build_shapley_tables(booster.model_to_string()) is None


def test_a_model_that_fitted_nothing_says_its_mean_of_every_row() -> None:
    matrix = np.zeros((50, 3))
    target = np.arange(50) < 10
    booster = lightgbm.train(
        {"objective": "binary", "verbosity": -1}, lightgbm.Dataset(matrix, target), 4
    )

    found = tables(booster).contributions(np.ones((2, 3)))

    assert found.tolist() == booster.predict(np.ones((2, 3)), pred_contrib=True).tolist()
    assert found[0, 3] == pytest.approx(np.log(10 / 40))


def test_a_frame_in_single_precision_or_without_rows_has_contributions() -> None:
    rng = np.random.default_rng(4)
    matrix = drawn(rng, 300, 4).astype(np.float32)
    booster = grown(matrix, rng, num_leaves=12)
    trees, names = ranking(booster, 4)
    frame = pd.DataFrame(matrix, columns=names)

    assert trees.contributions(frame.iloc[:0]).shape == (0, 5)
    theirs = booster.predict(matrix.astype(float), pred_contrib=True)
    assert trees.contributions(frame) == pytest.approx(theirs, abs=SAME)


def test_rows_with_fewer_features_than_the_trees_ask_for_are_refused() -> None:
    made = build_shapley_tables(TWO_NODES)
    assert made is not None

    with pytest.raises(DataError, match="ask for 2 features, 1 are given"):
        made.contributions(np.zeros((3, 1)))


def test_it_takes_less_than_a_sixth_of_pred_contrib_s_time() -> None:
    rng = np.random.default_rng(6)
    matrix = drawn(rng, 3000, 60)
    booster = grown(matrix, rng, num_leaves=31, rounds=40)
    made = tables(booster)
    made.contributions(matrix[:10])

    began = time.process_time()
    made.contributions(matrix)
    ours = time.process_time() - began
    began = time.process_time()
    booster.predict(matrix[:500], pred_contrib=True, num_threads=1)
    theirs = (time.process_time() - began) * len(matrix) / 500

    assert ours * 6 < theirs
