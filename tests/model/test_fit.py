"""Fitting: what the candidates learn from, and what they never see."""

import pandas as pd
import pytest

from riskmodel.model import FitTask, fit, replay

pytestmark = pytest.mark.slow


def test_what_scores_is_fitted_on_every_labelled_row_and_the_tested_one_before_the_test(
    fitted, panel
):
    labelled = panel[panel["split"] != "score"]
    before = panel[panel["split"].isin(["fit", "calibrate"])]
    for model in fitted.models.values():
        for one, rows in ((model, labelled), (model.tested_model, before)):
            counted = one.facts["rows"]
            assert (counted["rows"], counted["defaults"]) == (len(rows), rows["defaulted"].sum())
            assert counted["to"] == f"{rows['as_of'].max():%Y-%m-%d}"
        assert model.facts["tuned"] == model.tested_model.facts["tuned"]


def test_rows_of_the_gap_are_fitted_on_only_by_what_scores(
    panel, date_split, settings, definitions
):
    only = settings.with_values({"model.candidates": ("trees",)})
    some = (panel["split"] == "calibrate") & (panel["enterprise_id"] < "E300")
    gap = panel.assign(split=panel["split"].mask(some, "gap"))
    flipped = gap.assign(defaulted=gap["defaulted"].where(gap["split"] != "gap", ~gap["defaulted"]))
    was, now = (fit(one, date_split, FitTask(definitions, only)) for one in (gap, flipped))
    tested = [one.models["trees"].tested_model.to_files() for one in (was, now)]
    assert tested[0] == tested[1]
    assert was.out_of_fold["pd_12m"].equals(now.out_of_fold["pd_12m"])
    scores = [one.models["trees"].ranker.to_files() for one in (was, now)]
    assert scores[0] != scores[1]
    assert "gap" not in set(was.predictions["split"])


def test_labels_of_the_test_rows_teach_the_tested_model_nothing(panel, date_split, task, fitted):
    flipped = panel.assign(
        defaulted=panel["defaulted"].where(panel["split"] != "test", ~panel["defaulted"])
    )
    again = fit(flipped, date_split, task)
    for name, model in fitted.models.items():
        assert again.models[name].tested_model.fingerprint == model.tested_model.fingerprint
        assert again.models[name].fingerprint != model.fingerprint
    assert again.out_of_fold["pd_12m"].equals(fitted.out_of_fold["pd_12m"])


def test_the_mean_pd_of_the_calibration_rows_is_their_default_rate(fitted, panel):
    rows = fitted.predictions[fitted.predictions["split"] == "calibrate"]
    rate = panel.loc[panel["split"] == "calibrate", "defaulted"].mean()
    for _, group in rows.groupby("model"):
        # The final ranking is near the blind ones, on which the calibration was made.
        assert group["pd_12m"].mean() == pytest.approx(rate, rel=0.15)


def test_a_model_that_stands_is_replayed_without_learning(fitted, panel):
    model = fitted.models["trees"]
    found = replay(model, panel)
    mine = fitted.predictions[fitted.predictions["model"] == "trees"].reset_index(drop=True)
    pd.testing.assert_frame_equal(found.predictions.reset_index(drop=True), mine)
    assert found.out_of_fold.empty
