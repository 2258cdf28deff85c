"""Strengths: contributions held against approved peers, or against a scorecard's best bins."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st

from riskmodel.errors import UsageError
from riskmodel.explain import Baseline, compute_strengths, points_below_best, sum_by_family
from riskmodel.features import definitions_by_name
from riskmodel.model.inputs import Inputs
from riskmodel.model.learners.scorecard.scorecard import fit_scorecard
from riskmodel.model.reference_group import ReferenceGroup
from riskmodel.settings import default_settings


def test_a_strength_is_the_contribution_less_the_reference_rows_mean_times_the_calibrations_slope(
    held_against, rows_of
):
    baseline = held_against(reference_group={"inquiries_3m": 2.0})
    found = compute_strengths(baseline, rows_of({"inquiries_3m": 5.0, "exports_usd_6m": 0.5}))
    assert found["inquiries_3m"].iloc[0] == pytest.approx(2 * (5 - 2))
    assert found["exports_usd_6m"].iloc[0] == pytest.approx(2 * -0.5)
    # the peers' log-odds: -1 + 2 * (-3 + 2)
    assert found["base"].iloc[0] == pytest.approx(-3.0)
    assert found.sum(axis=1).iloc[0] == pytest.approx(-1 + 2 * (-3 + 5 - 0.5))


VALUE = st.floats(-3, 3, allow_subnormal=False)


@rules(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(VALUE, VALUE, VALUE), min_size=1, max_size=5),
    st.sampled_from([0.0, 0.3]),
    st.booleans(),
)
def test_each_row_sums_to_its_log_odds_by_feature_and_by_family(
    held_against, scorecard, rows_of, drawn, bend, bins
):
    baseline = scorecard if bins else held_against(bend=bend, reference_group={"debt_cny": 0.7})
    names = ["exports_usd_6m", "inquiries_3m", "debt_cny"]
    rows = rows_of(*(dict(zip(names, one, strict=True)) for one in drawn))
    log_odds = baseline.model.calibration.log_odds(baseline.model.ranker.raw(rows))
    found = compute_strengths(baseline, rows)
    families = sum_by_family(found, baseline.definitions)
    assert np.abs(found.sum(axis=1) - log_odds).max() < 1e-9
    assert np.abs(families.sum(axis=1) - log_odds).max() < 1e-9


def test_a_bent_calibration_changes_neither_order_nor_shares(held_against, rows_of):
    rows = rows_of({"inquiries_3m": 1.0, "debt_cny": 2.0}, {"exports_usd_6m": -0.5})
    straight, bent = (
        compute_strengths(held_against(bend=bend), rows).drop(columns="base") for bend in (0.0, 0.3)
    )
    parts = [one.div(one.sum(axis=1), axis=0) for one in (straight, bent)]
    assert np.allclose(*parts)
    assert not np.allclose(straight, bent)


def test_a_row_like_the_reference_rows_has_no_strengths(held_against, rows_of):
    found = compute_strengths(held_against(bend=0.3), rows_of({}))
    assert found.drop(columns="base").to_numpy().tolist() == [[0.0] * 7]


def test_a_scorecard_is_held_against_its_best_bins(scorecard, rows_of):
    rows = rows_of({"inquiries_3m": -1.0, "debt_cny": 2.0})
    found = compute_strengths(scorecard, rows)
    assert found["inquiries_3m"].iloc[0] == 0
    assert found["debt_cny"].iloc[0] == pytest.approx(2 * (2 + 1))
    # all seven features at their best: -1 + 2 * (-3 - 7)
    assert found["base"].iloc[0] == pytest.approx(-21.0)


def test_points_below_the_best_follow_the_scorecards_own_scale(scorecard, rows_of):
    rows = rows_of({"inquiries_3m": np.log(2) - 1, "debt_cny": -1.0})
    found = points_below_best(scorecard, rows)
    assert found["inquiries_3m"].iloc[0] == pytest.approx(20.0)
    assert found["debt_cny"].iloc[0] == 0
    assert (found >= 0).all(axis=None)


def test_a_fitted_scorecards_points_below_the_best_lead_from_the_best_score_to_each_rows():
    rng = np.random.default_rng(3)
    names = ("exports_usd_6m", "inquiries_3m")
    rows = pd.DataFrame(rng.normal(size=(900, 2)), columns=list(names)).assign(
        enterprise_id=[f"E{number}" for number in range(900)], as_of=pd.Timestamp("2024-07-01")
    )
    odds = -1 - 1.5 * rows["exports_usd_6m"] + rows["inquiries_3m"]
    rows = rows.assign(defaulted=rng.random(900) < 1 / (1 + np.exp(-odds)))
    how = default_settings().model.scorecard
    feature = fit_scorecard(rows, Inputs(names, (-1, 1), {}), how, seed=1, threads=1)
    model: Any = SimpleNamespace(ranker=feature, name="scorecard")
    peers = ReferenceGroup(dict.fromkeys(names, 0.0), (0.0, 0.0), 1, 0.5)

    lost = points_below_best(Baseline(model, peers, definitions_by_name()), rows)

    assert (lost >= 0).all(axis=None)
    assert (lost.min() == 0).all()
    assert np.abs(feature.points(rows).max() - feature.points(rows) - lost.sum(axis=1)).max() < 1e-9


def test_points_below_the_best_need_a_scorecard(held_against, rows_of):
    with pytest.raises(UsageError, match="no scorecard"):
        points_below_best(held_against(), rows_of({}))


def test_a_familys_strength_is_the_sum_of_its_features(held_against):
    shares = pd.DataFrame({"exports_usd_6m": [0.5], "exports_usd_12m": [-0.2], "base": [-3.0]})
    found = sum_by_family(shares, held_against().definitions)
    assert list(found.columns) == ["size", "base"]
    assert found.iloc[0].tolist() == pytest.approx([0.3, -3.0])


def test_no_rows_have_no_strengths(held_against, rows_of):
    assert compute_strengths(held_against(), rows_of({}).iloc[:0]).empty
