"""The line beside the trees: its signs, its shares, its text, and the average of both."""

from dataclasses import replace

import lightgbm
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st
from scipy.stats import rankdata
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from riskmodel.model.inputs import Inputs
from riskmodel.model.learners import linear, trees
from riskmodel.model.learners.interface import LEARNERS
from riskmodel.model.learners.linear import FLAT, LinearModel
from riskmodel.settings import default_settings
from riskmodel.statistics.logistic import expit

INPUTS = Inputs(
    ("up", "down", "wrong", "free", "sector"), (1, -1, 1, 0, 0), {"sector": ("a", "b", "c")}
)
HOW = default_settings().model.with_values(
    {
        "trees.max_rounds": 30,
        "trees.min_child_samples": 20,
        "trees.early_delinquency_weights": (),
        "trees.early_delinquency_scale": 1.0,
        "linear.weight": 0.5,
        "linear.l2": 100.0,
    }
)
VALUES = st.one_of(st.just(np.nan), st.floats(-4, 4, allow_subnormal=False))


def drawn(rows: int = 3000, seed: int = 3) -> pd.DataFrame:
    """Risk rises with `up`, falls with `down`, and goes against the feature's sign with `wrong`."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, 4))
    sector = rng.choice(["a", "b", "c"], rows, p=[0.6, 0.395, 0.005])
    odds = -2.5 + values @ [0.8, -0.6, -0.7, 0.5] + 0.8 * (sector == "b")
    gone = rng.random((rows, 4)) < [0.05, 0.005, 0.0, 0.0]
    return (
        pd.DataFrame(values, columns=["up", "down", "wrong", "free"])
        .mask(gone)
        .assign(
            sector=pd.Series(sector, dtype="str"),
            defaulted=rng.random(rows) < expit(odds + 1.5 * gone[:, 0]),
        )
    )


def learnt(rows: pd.DataFrame, inputs: Inputs = INPUTS, l2: float = 10.0) -> LinearModel:
    return linear.fit_linear(inputs.matrix(rows), rows["defaulted"].to_numpy(float), inputs, l2)


def with_trees(rows: pd.DataFrame, inputs: Inputs = INPUTS, **changes: object) -> trees.Trees:
    settings = HOW.with_values({key.replace("__", "."): value for key, value in changes.items()})
    return trees.fit_trees(rows, inputs, settings.trees, settings.linear, seed=7, threads=1)


ROWS = drawn()
KNOWN = ROWS[ROWS["down"].notna()]
"""Rows without the gaps of which there are too few to learn from: `imputations` has those."""
LEARNT = learnt(ROWS)
GROWN = with_trees(ROWS)


@rules(max_examples=150, deadline=None)
@given(st.lists(VALUES, min_size=4, max_size=4), st.floats(-4, 4), st.floats(0, 2))
def test_more_of_a_signed_feature_never_turns_the_score_round(others, value, more):
    for place, sign in enumerate(INPUTS.signs[:3]):
        row = np.array([*others, 1.0])
        pair = np.stack([row, row])
        pair[:, place] = value, value + more
        for scores in (LEARNT.raw_of(pair), GROWN.raw_of(pair)):
            assert sign * (scores[1] - scores[0]) >= 0


def test_between_knots_the_score_rises_in_the_last_bit_too():
    values = np.linspace(-3, 3, 20_001)
    assert (np.diff(LEARNT.curves[0].evaluate(values)) >= 0).all()
    assert (np.diff(LEARNT.curves[1].evaluate(values)) <= 0).all()


def test_a_feature_that_goes_against_its_feature_is_left_out_and_without_a_sign_is_used():
    assert LEARNT.curves[2] == FLAT
    unsigned = learnt(ROWS, INPUTS.without_signs()).curves[2]
    assert unsigned.shares[0] > 1 > -1 > unsigned.shares[-1]


def test_shares_sum_to_the_score_and_are_nought_on_average():
    matrix = INPUTS.matrix(ROWS)
    shares = LEARNT.contributions(matrix)
    assert np.abs(shares.sum(axis=1) - LEARNT.raw_of(matrix)).max() < 1e-12
    assert np.abs(shares[:, :-1].mean(axis=0)).max() < 1e-12
    assert LEARNT.raw_of(matrix).mean() == pytest.approx(LEARNT.base, abs=1e-12)
    assert LEARNT.contributions(matrix[:0]).shape == (0, 6)


def test_shares_of_trees_and_line_sum_to_their_average():
    assert replace(GROWN.linear, share=1.0) == LEARNT_AS_SET
    assert GROWN.linear.share == HOW.linear.weight
    assert np.abs(GROWN.contributions(ROWS).sum(axis=1) - GROWN.raw(ROWS)).max() < 1e-9
    alone = replace(GROWN, linear=None)
    average = (GROWN.linear.raw_of(INPUTS.matrix(KNOWN)) + alone.raw(KNOWN)) / 2
    assert np.abs(GROWN.raw(KNOWN) - average).max() < 1e-12
    most = with_trees(ROWS, linear__weight=0.75)
    odds = 0.75 * most.linear.raw_of(INPUTS.matrix(KNOWN)) + 0.25 * alone.raw(KNOWN)
    assert np.abs(most.raw(KNOWN) - odds).max() < 1e-12
    assert GROWN.raw(ROWS.iloc[:0]).shape == (0,)
    assert GROWN.contributions(ROWS.iloc[:0]).shape == (0, 6)


LEARNT_AS_SET = learnt(ROWS, l2=HOW.linear.l2)


def test_without_signs_and_gaps_it_is_sklearns_ridge_on_standardised_ranks():
    rows = ROWS.iloc[:60]
    inputs = Inputs(("wrong", "free"), (0, 0), {})
    bad = rows["defaulted"].to_numpy()
    ranks = rankdata(rows[["wrong", "free"]], axis=0)
    ranks = (ranks - ranks.mean(axis=0)) / ranks.std(axis=0)
    theirs = LogisticRegression(C=1 / 10, tol=1e-10, max_iter=1000).fit(ranks, bad)
    ours = learnt(rows, inputs).raw_of(inputs.matrix(rows))
    assert ours == pytest.approx(theirs.decision_function(ranks), abs=1e-5)


def test_many_values_have_few_knots_that_keep_the_ranks():
    values = np.random.default_rng(1).exponential(size=20_000)
    ((_, curve),) = linear._ranks(values, 1)
    assert len(curve.knots) <= linear.KNOTS
    ranks = rankdata(values) / len(values) - 0.5
    assert np.abs(curve.evaluate(values) - ranks).max() < 0.01


def test_equal_values_share_their_middle_rank():
    ((_, curve),) = linear._ranks(np.repeat([0.0, 2.0, 5.0], [6, 2, 2]), 1)
    assert curve.knots == (0.0, 2.0, 5.0)
    assert curve.shares == pytest.approx((-0.2, 0.2, 0.4))


def test_a_rare_gap_stands_in_the_middle_and_a_frequent_one_has_its_own_share():
    up, down, _, free, _ = LEARNT.curves
    assert up.missing > up.shares[-1] / 2 > 0
    assert down.missing == pytest.approx(0, abs=0.02)
    assert free.missing == pytest.approx(0, abs=0.02)


def test_a_rare_level_and_an_unseen_one_have_no_share_of_their_own():
    sector = LEARNT.curves[4]
    a, b, rare = sector.evaluate(np.arange(3.0))
    assert b > rare == sector.missing > a
    unseen = INPUTS.matrix(ROWS.iloc[:1].assign(sector="d"))
    none = INPUTS.matrix(ROWS.iloc[:1].assign(sector=None))
    assert LEARNT.raw_of(unseen).tolist() == LEARNT.raw_of(none).tolist()


def test_what_does_not_vary_or_is_never_there_has_no_share():
    rows = ROWS.assign(up=5.0, down=np.nan)
    found = learnt(rows)
    assert found.curves[0] == found.curves[1] == FLAT
    one = INPUTS.matrix(ROWS.iloc[:3])
    assert found.contributions(one)[:, :2].tolist() == [[0.0, 0.0]] * 3


def test_a_constant_that_is_often_missing_tells_by_its_gaps_alone():
    curve = learnt(ROWS.assign(up=ROWS["up"] * 0)).curves[0]
    assert len(set(curve.evaluate(np.array([-1.0, 0.0, 7.0])))) == 1
    assert curve.missing > curve.evaluate(np.zeros(1))[0]


def test_a_linear_model_read_from_its_text_has_the_same_bits():
    again = LinearModel.from_text(LEARNT.to_text())
    matrix = INPUTS.matrix(ROWS)
    assert again == LEARNT
    assert again.to_text() == LEARNT.to_text()
    assert again.raw_of(matrix).tolist() == LEARNT.raw_of(matrix).tolist()
    assert len(LEARNT.to_text()) < 12_000


def test_infinite_values_rank_at_the_ends_and_their_knots_have_a_text():
    ends = np.where(ROWS["up"] > 2, np.inf, np.where(ROWS["up"] < -2, -np.inf, ROWS["up"]))
    found = LinearModel.from_text(learnt(ROWS.assign(up=ends)).to_text())
    shares = found.curves[0].evaluate(np.array([-np.inf, -1e9, -1.0, 0.0, 1.0, 1e9, np.inf]))
    assert np.isfinite(shares).all()
    assert (np.diff(shares) >= 0).all()
    assert shares[-1] > shares[0] + 1


def test_threads_change_no_byte():
    rng = np.random.default_rng(5)
    matrix = rng.normal(size=(4000, 60)) + rng.normal(size=(4000, 1))
    bad = (rng.random(4000) < expit(matrix[:, :9].sum(axis=1) / 5 - 3)).astype(float)
    inputs = Inputs(tuple(f"f{n}" for n in range(60)), (1, 0, -1) * 20, {})
    texts = set()
    for threads in (1, 2, 4, 1):
        with threadpool_limits(threads):
            texts.add(linear.fit_linear(matrix, bad, inputs, 100.0).to_text())
    assert len(texts) == 1


def test_threads_change_no_byte_of_trees(monkeypatch):
    monkeypatch.setattr(trees, "MIN_ROWS_FOR_THREADS", 0)
    found = [
        trees.fit_trees(ROWS, INPUTS, HOW.trees, HOW.linear, seed=7, threads=threads)
        for threads in (1, 2, 3)
    ]
    assert len({str(one.to_files()) for one in found}) == 1
    assert len({one.raw(ROWS).tobytes() for one in found}) == 1


def test_a_row_that_counts_twice_is_two_rows():
    rows = ROWS[["up", "down", "wrong", "free", "sector", "defaulted"]].iloc[:400]
    inputs = Inputs(("wrong", "free"), (0, 0), {})
    matrix, bad = inputs.matrix(rows), rows["defaulted"].to_numpy(float)
    twice = linear.fit_linear(matrix, bad, inputs, 10.0, np.full(400, 2.0))
    again = linear.fit_linear(np.tile(matrix, (2, 1)), np.tile(bad, 2), inputs, 10.0)
    assert twice.raw_of(matrix) == pytest.approx(again.raw_of(matrix), abs=1e-6)
    uneven = linear.fit_linear(matrix, bad, inputs, 10.0, 1.0 + 4 * bad)
    assert uneven.base > twice.base + 0.5


def test_trees_with_a_linear_model_read_from_files_are_the_same_and_without_one_as_they_were():
    files = GROWN.to_files()
    again = trees.read_trees(GROWN.inputs, files, 1)
    assert again.raw(ROWS).tolist() == GROWN.raw(ROWS).tolist()
    assert again.to_files() == files == with_trees(ROWS).to_files()
    bare = trees.read_trees(GROWN.inputs, {trees.FILE: files[trees.FILE]}, 1)
    assert bare.linear is None
    assert bare.raw(ROWS).tolist() == replace(GROWN, linear=None).raw(ROWS).tolist()


def test_where_the_linear_model_has_no_share_there_is_none():
    found = with_trees(ROWS, linear__weight=0.0)
    settings = HOW.with_values({"linear.weight": 0.0})
    data = lightgbm.Dataset(
        INPUTS.matrix(ROWS),
        ROWS["defaulted"].to_numpy(float),
        categorical_feature=[4],
        params={"verbosity": -1},
        free_raw_data=False,
    )
    own = trees.resolve(settings.trees, ROWS["defaulted"])
    theirs = lightgbm.train(trees._parameters(INPUTS, own, ROWS, seed=7, threads=1), data, 30)
    assert found.to_files() == {trees.FILE: theirs.model_to_string()}


def test_rows_that_all_came_out_alike_have_no_line():
    assert with_trees(ROWS.assign(defaulted=False)).linear is None


def test_unconstrained_trees_have_a_free_line():
    free = LEARNERS["unconstrained_trees"].fit(ROWS, INPUTS, HOW, seed=7, threads=1)
    assert isinstance(free, trees.Trees) and free.linear is not None
    shares = free.linear.curves[2].shares
    assert shares[0] > shares[-1]


def test_the_linear_model_learns_from_early_signs_as_the_trees_do():
    settings = HOW.with_values({"trees.early_delinquency_weights": ((1.0, 0.5),)})
    rows = ROWS.assign(past_due=np.where(ROWS["free"] > 1, 40.0, np.nan))
    found = trees.fit_trees(rows, INPUTS, settings.trees, settings.linear, seed=7, threads=1).linear
    target = trees.compute_targets(rows, settings.trees)
    assert replace(found, share=1.0) == linear.fit_linear(
        INPUTS.matrix(rows), target, INPUTS, settings.linear.l2
    )
    assert found.curves[3].shares[-1] > 1.3 * GROWN.linear.curves[3].shares[-1]


@pytest.mark.parametrize("rounds", [1, 30])
def test_rounds_are_counted_by_the_loss_of_the_trees_alone(rounds):
    seen, held = ROWS.iloc[:2000], KNOWN.loc[2000:].reset_index(drop=True)
    fit = trees.fit_in_rounds((seen, held), INPUTS, HOW.trees, seed=7, threads=1)
    found = with_trees(seen, trees__max_rounds=rounds, linear__weight=0.0)
    bad = held["defaulted"].to_numpy()
    chance = expit(found.raw(held))
    loss = -np.log(np.where(bad, chance, 1 - chance)).mean()
    assert fit.curve[rounds - 1] == pytest.approx(loss, abs=1e-6)
    np.testing.assert_allclose(fit.score(rounds), found.raw(held), atol=1e-9)


def test_a_path_of_shrinkages_is_each_fit_by_itself():
    matrix, bad = INPUTS.matrix(ROWS), ROWS["defaulted"].to_numpy(float)
    shrinkages = (300.0, 30.0, 3.0)
    for l2, found in zip(
        shrinkages, linear.fit_linear_path(matrix, bad, INPUTS, shrinkages), strict=True
    ):
        alone = linear.fit_linear(matrix, bad, INPUTS, l2)
        np.testing.assert_allclose(found.raw_of(matrix), alone.raw_of(matrix), atol=1e-4)
