"""Bins: splits that hold, weights by hand, and information values with honest intervals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import settings as rules
from hypothesis import strategies as st

from riskmodel.model.inputs import Inputs
from riskmodel.model.learners.scorecard.bins import (
    Bins,
    Sample,
    _count_rows,
    assign_vintages,
    fit_bins,
    merge_bins,
    round_between,
)
from riskmodel.settings import default_settings

HOW = default_settings().model.scorecard


def drawn(rows=3000, seed=3, effect=1.0):
    """A risk that rises with `x`; of the missing, half default; the code 98 is no quantity."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 1, rows)
    bad = rng.random(rows) < 1 / (1 + np.exp(2 - effect * x))
    missing, code = rng.random((2, rows)) < 0.1
    bad = np.where(missing, rng.random(rows) < 0.5, bad)
    x = np.where(missing, np.nan, np.where(code, 98.0, x))
    return pd.DataFrame({"x": x, "defaulted": bad})


def learnt(rows, sign=1, levels=None, **settings):
    inputs = Inputs(("x",), (sign,), {} if levels is None else {"x": levels})
    (found,) = fit_bins(
        rows,
        inputs,
        HOW.with_values(settings),
        7,
    )
    return found


def test_weights_are_the_log_of_the_shares_with_one_default_of_average_rows_added():
    rows = pd.DataFrame({"x": [0.0] * 50 + [np.nan] * 50, "defaulted": [False] * 80 + [True] * 20})
    found = learnt(rows)
    # overall odds 1 : 4; "any number": 0 of 50, missing: 20 of 50
    assert found.rows == (50, 50)
    assert found.defaults == (0, 20)
    assert found.weights == pytest.approx([np.log(1 / 54 * 4), np.log(21 / 34 * 4)])
    assert found.information == pytest.approx(
        (0 - 50 / 80) * np.log(4 / 54) + (1 - 30 / 80) * np.log(84 / 34)
    )


@pytest.mark.parametrize(("sign", "effect"), [(1, 1.0), (-1, -1.0)])
def test_weights_run_in_the_direction_of_the_feature(sign, effect):
    found = learnt(drawn(effect=effect), sign, special_codes={"x": (98.0,)})
    assert found.ordinary >= 3
    assert (np.diff(found.weights[: found.ordinary]) * sign > 0).all()


def test_a_feature_that_runs_against_its_feature_is_not_split():
    assert learnt(drawn(), -1, special_codes={"x": (98.0,)}).ordinary == 1


def test_missing_values_and_special_codes_have_their_own_rows_and_weight():
    rows = drawn()
    found = learnt(rows, special_codes={"x": (98.0, 96.0)})
    assert found.labels()[-3:] == ["code 96", "code 98", "missing"]
    assert found.rows[-3:] == (0, (rows["x"] == 98).sum(), rows["x"].isna().sum())
    assert found.defaults[-1] == rows.loc[rows["x"].isna(), "defaulted"].sum()
    assert found.weights[-3] == pytest.approx(0)
    assert found.weights[-1] > 1


def test_a_value_on_an_edge_belongs_to_the_bin_above_it():
    bins = Bins("x", 1, edges=(1.0, 2.0), codes=(9.0,))
    column = np.array([-np.inf, 0.5, 1.0, 1.5, 2.0, np.inf, 9.0, np.nan])
    assert bins.places(column).tolist() == [0, 0, 1, 1, 2, 2, 3, 4]


def test_levels_of_like_risk_share_a_bin_and_an_unknown_level_counts_as_missing():
    rng = np.random.default_rng(1)
    x = rng.choice(["a", "b", "c", "rare"], 4000, p=[0.3, 0.3, 0.35, 0.05])
    bad = rng.random(4000) < np.where(x == "c", 0.4, 0.1)
    found = learnt(pd.DataFrame({"x": x, "defaulted": bad}), 0, ("a", "b", "c"))
    assert found.groups() == [["a", "b"], ["c"]]
    assert found.rows[-1] == (x == "rare").sum()
    assert found.places(np.array([0.0, 1, 2, np.nan])).tolist() == [0, 0, 1, 2]


def test_the_scale_of_a_feature_moves_edges_and_nothing_else():
    rows = drawn()
    plain = learnt(rows, special_codes={"x": (98.0,)})
    large = learnt(rows.assign(x=rows["x"] * 1e300), special_codes={"x": (98e300,)})
    assert large.rows == plain.rows
    assert large.weights == plain.weights


@rules(max_examples=100, deadline=None)
@given(st.floats(-1e300, 1e300), st.floats(-1e300, 1e300))
def test_an_edge_parts_its_two_neighbours(one, other):
    low, high = sorted([one, other])
    if low < high:
        assert low < round_between(low, high) <= high


def test_an_edge_is_the_shortest_decimal_between():
    assert round_between(0.21813, 0.21877) == 0.2184
    assert round_between(2.0, 3.0) == 2.5
    assert round_between(12.0, 47.0) == 30.0


def test_a_split_that_a_vintage_turns_round_is_dropped():
    rows = np.array([[500.0, 500], [500, 500]])
    steady = np.array([[20.0, 60], [25, 55]])
    turned = np.array([[10.0, 90], [60, 20]])
    assert merge_bins(rows, steady, sign=1, reversal=1.0).tolist() == [0, 1]
    assert merge_bins(rows, turned, sign=1, reversal=1.0).tolist() == [0, 0]
    # the same counts in one vintage: nothing to hold against the split
    pooled = turned.sum(axis=0, keepdims=True)
    assert merge_bins(rows[:1] * 2, pooled, sign=1, reversal=1.0).tolist() == [0, 1]


def test_a_vintage_may_waver_within_its_noise():
    rows, wavering = np.full((2, 2), 200.0), np.array([[5.0, 30], [11, 10]])
    assert merge_bins(rows, wavering, sign=1, reversal=1.0).tolist() == [0, 1]
    assert merge_bins(rows, wavering, sign=1, reversal=0.1).tolist() == [0, 0]


@rules(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 90)), min_size=2, max_size=9))
def test_what_is_left_rises_with_the_feature_whatever_the_counts(cells):
    bad = np.array([[b for b, _ in cells]], float)
    assume(bad.sum() > 0)
    rows = bad + np.array([[g for _, g in cells]])
    bin_of = merge_bins(rows, bad, sign=1, reversal=1.0)
    n, d = np.bincount(bin_of, rows[0]), np.bincount(bin_of, bad[0])
    odds = (rows.sum() - bad.sum()) / bad.sum()
    assert (np.diff((d + 1) / (n - d + odds)) > 0).all()


def test_vintages_are_dates_together_until_they_hold_enough_defaults():
    dates = pd.to_datetime(["2020-01-01", "2020-04-01", "2020-07-01", "2020-10-01"]).repeat(4)
    rows = pd.DataFrame({"as_of": dates, "defaulted": [True, True, False, False] * 4})
    assert assign_vintages(rows, 3).tolist() == [0] * 8 + [1] * 8
    assert assign_vintages(rows, 5).tolist() == [0] * 16
    assert assign_vintages(rows.drop(columns="as_of"), 1).tolist() == [0] * 16


def test_the_interval_covers_the_information_value():
    edges, odds = (0.0,), np.array([0.05, 0.15])
    truth = (odds / odds.sum()) - (1 - odds) / (1 - odds).sum()
    truth = float(truth @ np.log(odds / (1 - odds)))
    hits = 0
    for seed in range(200):
        rng = np.random.default_rng(seed)
        x = rng.choice([-1.0, 1.0], 4000)
        bad = rng.random(4000) < odds[(x > 0).astype(int)]
        whole = np.zeros(4000, dtype=np.int64)
        bins = Bins("x", 1, edges=edges)
        found = _count_rows(bins, bins.places(x), Sample(bad, whole, np.arange(4000), whole))
        hits += found.low <= truth <= found.high
    assert 180 <= hits <= 200


def test_rows_of_one_enterprise_are_no_independent_evidence():
    rows = drawn(800).assign(enterprise_id=[f"E{n}" for n in range(800)])
    once = learnt(rows, max_p_value=1.0)
    thrice = learnt(pd.concat([rows] * 3, ignore_index=True), max_p_value=1.0)
    assert thrice.edges == once.edges
    assert thrice.high - thrice.information == pytest.approx(once.high - once.information, rel=0.15)
