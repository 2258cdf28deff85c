"""The fitted model: what it promises about any row, and that it replays."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st

from riskmodel.errors import DataError
from riskmodel.model import RiskModel, fit


def row(exports, arrears, deal=50_000.0, sector="toys"):
    return {
        "exports_usd_6m": exports,
        "days_past_due_now": arrears,
        "deal_usd_mean_12m": deal,
        "sector": sector,
    }


def frame(*rows):
    return pd.DataFrame(list(rows)).astype({"sector": "str"})


AMOUNTS = st.floats(0, 1e7)
DAYS = st.floats(0, 400)


def test_a_model_read_from_its_files_scores_the_same(model, panel):
    again = RiskModel.from_files(model.to_files())
    first, second = model.score(panel), again.score(panel)
    numbers = ["pd_12m", "pd_low", "pd_high"]
    assert np.abs(first[numbers] - second[numbers]).to_numpy().max() <= 1e-12
    assert first["grade"].equals(second["grade"])
    assert again.fingerprint == model.fingerprint
    assert again.facts == model.facts
    assert again.facts["data"] == "drawn"
    assert again.tested_model.tested_model is None
    tested = model.tested_model.score(panel)[numbers] - again.tested_model.score(panel)[numbers]
    assert np.abs(tested).to_numpy().max() <= 1e-12


def test_a_model_of_another_format_is_refused(model):
    files = model.to_files()
    document = json.loads(files["model.json"]) | {"format": 99}
    with pytest.raises(DataError, match="format 99"):
        RiskModel.from_files({**files, "model.json": json.dumps(document)})


def test_two_fits_give_the_same_bytes(fitted, panel, date_split, task):
    again = fit(panel, date_split, task)
    for name, model in fitted.models.items():
        assert again.models[name].to_files() == model.to_files()
    pd.testing.assert_frame_equal(again.predictions, fitted.predictions, check_exact=True)


def test_the_fingerprint_tells_models_apart(fitted):
    assert len({model.fingerprint for model in fitted.models.values()}) == len(fitted.models)


@rules(max_examples=60, deadline=None)
@given(exports=AMOUNTS, more=AMOUNTS, arrears=DAYS, deal=AMOUNTS)
def test_more_of_what_lowers_risk_never_raises_the_pd(signed, exports, more, arrears, deal):
    pds = signed.score(frame(row(exports, arrears, deal), row(exports + more, arrears, deal)))
    assert pds["pd_12m"].iloc[1] <= pds["pd_12m"].iloc[0]


@rules(max_examples=60, deadline=None)
@given(exports=AMOUNTS, arrears=DAYS, more=DAYS, deal=AMOUNTS)
def test_more_of_what_raises_risk_never_lowers_the_pd(signed, exports, arrears, more, deal):
    pds = signed.score(frame(row(exports, arrears, deal), row(exports, arrears + more, deal)))
    assert pds["pd_12m"].iloc[1] >= pds["pd_12m"].iloc[0]


def test_the_pd_falls_all_along_the_exports_and_rises_all_along_the_arrears(signed):
    exports = np.exp(np.linspace(8, 16, 400))
    days = np.linspace(0, 60, 200)
    for deal in (30_000.0, 50_000.0, 70_000.0):
        by_exports = signed.score(frame(*(row(amount, 15.0, deal) for amount in exports)))
        by_days = signed.score(frame(*(row(2e5, late, deal) for late in days)))
        assert by_exports["pd_12m"].is_monotonic_decreasing
        assert by_days["pd_12m"].is_monotonic_increasing


def test_the_signs_are_fitted_in_the_right_direction(fitted):
    trees = fitted.models["trees"]
    pds = trees.score(frame(row(2e4, 45.0), row(2e6, 0.0)))["pd_12m"]
    assert pds.iloc[0] > 3 * pds.iloc[1]


def test_the_interval_holds_the_pd(model, panel):
    found = model.score(panel)
    assert (found["pd_low"] <= found["pd_12m"]).all()
    assert (found["pd_12m"] <= found["pd_high"]).all()
    assert found["pd_low"].min() >= 0
    assert found["pd_high"].max() <= 1
    assert (found["pd_low"] < found["pd_high"]).all()


def test_a_worse_pd_never_has_a_better_grade(model, panel):
    found = model.score(panel).sort_values("pd_12m")
    assert found["grade"].is_monotonic_increasing
    assert found["grade"].nunique() > 2


def test_contributions_sum_to_the_log_odds_of_the_pd(model, panel):
    sums = model.contributions(panel).sum(axis=1).to_numpy()
    pds = model.score(panel)["pd_12m"].to_numpy()
    assert np.abs(sums - model.log_odds(panel)).max() < 1e-9
    assert np.abs(sums - np.log(pds / (1 - pds))).max() < 1e-9


def test_a_missing_feature_is_bad_data_and_a_missing_value_is_not(fitted, panel):
    trees = fitted.models["trees"]
    with pytest.raises(DataError, match=r"1 that the model needs are missing .*exports_usd_6m"):
        trees.score(panel.drop(columns="exports_usd_6m"))
    assert trees.score(frame(row(np.nan, np.nan, np.nan, None)))["pd_12m"].between(0, 1).all()


def test_a_category_never_seen_counts_as_missing(fitted):
    trees = fitted.models["trees"]
    new = frame(row(1e5, 0.0, sector="balloons"))
    none = frame(row(1e5, 0.0, sector=None))
    assert trees.score(new)["pd_12m"].tolist() == trees.score(none)["pd_12m"].tolist()
    assert trees.ranker.inputs.count_unseen(new) == {"sector": 1}
    assert trees.ranker.inputs.count_unseen(none) == {"sector": 0}


def test_scores_stand_on_the_rows_own_index_and_do_not_depend_on_other_rows(model, panel):
    some = panel.iloc[5:50:9]
    alone, beside = model.score(some), model.score(panel)
    pd.testing.assert_frame_equal(alone, beside.loc[some.index], check_exact=True)


def test_the_order_of_columns_changes_nothing(model, panel):
    mirrored = panel[panel.columns[::-1]]
    pd.testing.assert_frame_equal(model.score(mirrored), model.score(panel), check_exact=True)
