"""Fidelity: a reason's feature, set to the peers' value, lowers the probability of default."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st

from riskmodel.explain import Baseline, compute_strengths, find_reasons, measure_fidelity
from riskmodel.features import definitions_by_name
from riskmodel.model.inputs import Inputs
from riskmodel.model.learners.trees import Trees
from riskmodel.model.reference_group import ReferenceGroup, fit_reference_group
from riskmodel.settings import default_settings

FOUR = default_settings().explain
PAIR = ("exports_usd_6m", "exports_usd_12m", "deals_6m")


@dataclass(frozen=True)
class Twins:
    """Two values of one family that are safe together at 0, risky together at 1, and riskiest
    apart: 0, 1 and 2. A third of the family adds a fifth of itself.

    Their Shapley values, each of the four corners being as frequent: -5/8 each at (0, 0), -1/8
    each at (1, 1).
    """

    inputs: Inputs

    def raw(self, frame: pd.DataFrame) -> Any:
        return self.raw_of(self.inputs.matrix(frame))

    def raw_of(self, matrix: Any) -> Any:
        a, b, c = matrix.T
        return np.where(a == b, a, 2.0) + 0.2 * c

    def contributions(self, frame: pd.DataFrame) -> Any:
        a, b, c = self.inputs.matrix(frame).T
        own = np.where((a == 0) & (b == 0), -5 / 8, -1 / 8)
        return np.column_stack([own, own, 0.2 * c, np.full(len(a), 1.25)])


@dataclass(frozen=True)
class Model:
    ranker: Any
    calibration: Any
    name: str = "drawn"


@pytest.fixture
def twins(held_against):
    calibration = held_against().model.calibration
    inputs = Inputs(PAIR, (0, 0, 0), {})
    peers = ReferenceGroup(dict.fromkeys(PAIR, 0.0), (-5 / 8, -5 / 8, 0.0), 1, 0.5)
    model: Any = Model(Twins(inputs), calibration)
    return Baseline(model, peers, definitions_by_name())


def together(**values):
    frame = pd.DataFrame([{"exports_usd_6m": 1.0, "exports_usd_12m": 1.0, "deals_6m": 0.0}])
    return frame.assign(enterprise_id="E0", as_of=pd.Timestamp("2024-07-01"), **values)


def test_a_family_is_not_named_where_none_of_its_features_lowers_the_risk_by_itself(twins):
    rows = together()
    found = compute_strengths(twins, rows)
    assert found[["exports_usd_6m", "exports_usd_12m"]].iloc[0].tolist() == pytest.approx([1, 1])
    assert find_reasons(twins, rows, FOUR).empty


def test_a_weaker_feature_answers_where_the_strongest_would_raise_the_risk(twins):
    rows = together(deals_6m=1.0)
    found = find_reasons(twins, rows, FOUR)
    assert found["feature"].tolist() == ["deals_6m"]
    assert found["contribution"].tolist() == pytest.approx([2 * (0.5 + 0.5 + 0.2)])
    checked = measure_fidelity(twins, rows, found)
    assert checked["strongest"].tolist() == [False]
    assert (checked["pd_at_reference"] < checked["pd_12m"]).all()


def test_the_probability_at_the_reference_rows_value_is_worked_out_by_hand(held_against, rows_of):
    baseline = held_against(reference_group={"debt_cny": 1.0})
    rows = rows_of({}, {"debt_cny": 3.0})
    checked = measure_fidelity(baseline, rows, find_reasons(baseline, rows, FOUR))
    assert checked["enterprise_id"].tolist() == ["E1"]
    # log-odds -1 + 2 * (-3 + 3) and -1 + 2 * (-3 + 1)
    assert checked["pd_12m"].tolist() == pytest.approx([1 / (1 + np.exp(1))])
    assert checked["pd_at_reference"].tolist() == pytest.approx([1 / (1 + np.exp(5))])
    assert checked["strongest"].tolist() == [True]


def test_nothing_named_is_nothing_checked(held_against, rows_of):
    baseline = held_against()
    assert measure_fidelity(baseline, rows_of({}), find_reasons(baseline, rows_of({}), FOUR)).empty


NAMES = (*PAIR, "inquiries_3m", "debt_cny", "sector")


@pytest.fixture(scope="module")
def grown():
    """Unconstrained trees on rows where two values of one family are riskiest apart, with gaps."""
    import lightgbm

    rng = np.random.default_rng(5)
    values = rng.integers(0, 2, (4000, 6)).astype(float)
    values[:, 3] = rng.normal(size=4000)
    a, b, c, d, e, sector = values.T
    odds = -3 + np.where(a == b, a, 2.0) + 0.2 * c + 0.4 * d + 0.5 * e + 0.4 * sector
    values[rng.random((4000, 6)) < 0.05] = np.nan
    bad = rng.random(4000) < 1 / (1 + np.exp(-odds))
    data = lightgbm.Dataset(values, label=bad.astype(float), categorical_feature=[5])
    how = {"objective": "binary", "num_leaves": 8, "num_threads": 1, "verbosity": -1, "seed": 3}
    text = lightgbm.train(how, data, num_boost_round=40).model_to_string()
    inputs = Inputs(NAMES, (0,) * 6, {"sector": ("shoes", "toys")})
    frame = pd.DataFrame(values, columns=list(NAMES)).assign(
        sector=pd.Series(values[:, 5]).map({0.0: "shoes", 1.0: "toys"}).astype("str"),
        enterprise_id=[f"E{number}" for number in range(4000)],
        as_of=pd.Timestamp("2024-07-01"),
    )
    return Trees(inputs, text), frame


def test_every_reason_of_unconstrained_trees_is_faithful_where_the_naive_one_is_not(
    grown, held_against
):
    trees, frame = grown
    model: Any = Model(trees, held_against().model.calibration)
    baseline = Baseline(model, fit_reference_group(trees, frame, 0.5), definitions_by_name())
    found = find_reasons(baseline, frame, FOUR)
    checked = measure_fidelity(baseline, frame, found)
    assert len(checked) > 4000
    assert (checked["pd_at_reference"] < checked["pd_12m"]).all()
    assert not checked["strongest"].all()


@rules(max_examples=40, deadline=None)
@given(
    st.lists(st.floats(-2, 2, allow_subnormal=False), min_size=7, max_size=7),
    st.lists(st.one_of(st.none(), st.floats(-2, 2, allow_subnormal=False)), min_size=6, max_size=6),
)
def test_a_reason_lowers_the_probability_whatever_the_weights_and_gaps(
    held_against, rows_of, weights, values
):
    names = [name for name in held_against().inputs.names if name != "sector"]
    by_feature = dict(zip([*names, "sector"], weights, strict=True))
    baseline = held_against(by_feature, missing=dict.fromkeys(names, 0.3))
    given_values = dict(zip(names, (np.nan if v is None else v for v in values), strict=True))
    rows = rows_of(given_values | {"sector": "toys"})
    checked = measure_fidelity(baseline, rows, find_reasons(baseline, rows, FOUR))
    assert (checked["pd_at_reference"] < checked["pd_12m"]).all()
