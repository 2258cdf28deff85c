"""One candidate: its ranking, its calibration out of fold and its level."""

import sys

import pandas as pd
import pytest

from riskmodel.datasets.splits import select_newest_rows
from riskmodel.model import FitTask, fit

pytestmark = pytest.mark.slow

candidates = sys.modules["riskmodel.model.candidate"]


@pytest.mark.parametrize("name", ["single_feature", "trees"])
def test_later_rows_inside_the_first_sample_give_level_and_scale_whatever_the_order(
    name, panel, task
):
    labelled = panel[panel["split"] != "score"].astype({"defaulted": bool})
    newest = labelled["as_of"] == labelled["as_of"].max()
    # The last date is a bad one, for enterprises of every place in the order.
    bad = labelled["defaulted"] | (newest & (labelled["enterprise_id"].str[-1] < "1"))
    labelled = labelled.assign(defaulted=bad)
    later = labelled[newest]
    found = candidates.fit_candidate(name, (labelled, later), task, task.settings.model).model
    rate = later["defaulted"].mean()
    assert rate > labelled["defaulted"].mean() + 0.03
    assert found.score(later)["pd_12m"].mean() == pytest.approx(rate, rel=0.05)
    seen = found.grades.statistics
    assert sum(one.defaults for one in seen) == pytest.approx(later["defaulted"].sum(), rel=1e-9)
    large = [one for one in seen if one.enterprises > 50]
    assert len(large) > 1
    for one in large:
        assert one.defaults / one.enterprises == pytest.approx(one.pd_12m, abs=0.1)


def test_an_out_of_fold_prediction_comes_from_a_model_that_never_saw_the_enterprise(
    panel, task, monkeypatch
):
    learnt, known = {}, candidates.fit_ranker

    def spied(name, rows, task, settings):
        ranker = known(name, rows, task, settings)
        learnt[ranker.text] = set(rows["enterprise_id"])
        return ranker

    monkeypatch.setattr(candidates, "fit_ranker", spied)
    rows = panel[panel["split"] == "fit"].astype({"defaulted": bool})
    later = panel[panel["split"] == "calibrate"].astype({"defaulted": bool})
    seen = rows[rows["enterprise_id"] != "E007"]
    others = later[later["enterprise_id"] != "E007"]
    found = candidates.fit_candidate("trees", (seen, others), task, task.settings.model)
    assert len(found.fold_models) == task.settings.model.inner_folds
    for enterprise, k in found.fold.items():
        assert enterprise not in learnt[found.fold_models[k].ranker.text]
    test = panel[panel["split"] == "test"]
    out_of_fold = found.predict_out_of_fold(test)
    assert out_of_fold.index.equals(test.index)
    # An enterprise without a fold was never seen by the model itself.
    own = candidates.predict(found.model, test)
    stranger = test["enterprise_id"] == "E007"
    assert out_of_fold[stranger].equals(own[stranger])
    assert not out_of_fold[~stranger]["pd_12m"].equals(own[~stranger]["pd_12m"])


def test_an_anchor_is_the_mean_of_the_years_not_of_the_rows():
    days = pd.to_datetime(["2021-03-01"] * 4 + ["2022-03-01"])
    rows = pd.DataFrame({"as_of": days, "defaulted": [True, False, False, False, True]})
    assert candidates.long_run_rate(rows) == pytest.approx((0.25 + 1.0) / 2)


def test_the_long_run_anchor_holds_the_level(panel, date_split, settings, definitions):
    held = settings.with_values(
        {"model.calibration.central_tendency": "long_run", "model.candidates": ("single_feature",)}
    )
    found = fit(panel, date_split, FitTask(definitions, held)).models["single_feature"]
    rows = panel[panel["split"].isin(["fit", "calibrate"])]
    later = panel[panel["split"] == "calibrate"]
    rate = candidates.long_run_rate(rows.astype({"defaulted": float}))
    assert found.tested_model.score(later)["pd_12m"].mean() == pytest.approx(rate, rel=1e-6)
    labelled = panel[panel["split"] != "score"].astype({"defaulted": float})
    newest = select_newest_rows(labelled, held.datasets.split.calibration_share)
    rate = candidates.long_run_rate(labelled)
    assert found.score(newest)["pd_12m"].mean() == pytest.approx(rate, rel=0.01)
