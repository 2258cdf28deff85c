"""Fitting: what the candidates learn from, and what they never see."""

import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from riskmodel.datasets import Split
from riskmodel.datasets.splits import latest
from riskmodel.errors import DataError, SettingsError
from riskmodel.features import definitions_by_name
from riskmodel.model import FitTask, fit, replay
from riskmodel.model.inputs import fit_inputs
from riskmodel.model.learners.single_feature import fit_on_feature
from riskmodel.settings import Settings

pytestmark = pytest.mark.slow

learning = sys.modules["riskmodel.model.candidate"]
KINDS = ("trees", "scorecard", "unconstrained_trees", "single_feature")


def changed(settings: Settings, table: str, **values) -> Settings:
    return settings.with_values(
        {f"{table}.{key.replace('__', '.')}": value for key, value in values.items()}
    )


def test_every_row_is_predicted_by_every_candidate_and_the_labelled_ones_by_both_its_fits(
    fitted, panel
):
    found, labelled = fitted.predictions, int((panel["split"] != "score").sum())
    assert found.groupby("model").size().to_dict() == dict.fromkeys(KINDS, 2400 + labelled)
    again = found["split"] == "train_all"
    assert again.sum() == labelled * len(KINDS)
    assert not found[~again].duplicated(["enterprise_id", "as_of", "model"]).any()
    assert fitted.repeats.empty


def test_rows_of_the_test_are_said_by_the_tested_fit_and_those_to_score_by_the_last(fitted, panel):
    for name, model in fitted.models.items():
        mine = fitted.predictions[fitted.predictions["model"] == name]
        for split, fit_ in (
            ("test", model.tested_model),
            ("calibrate", model.tested_model),
            ("score", model),
        ):
            said = mine.loc[mine["split"] == split, "pd_12m"].to_numpy()
            rows = panel[panel["split"] == split]
            assert np.array_equal(said, fit_.score(rows)["pd_12m"].to_numpy())
        learnt = mine.loc[mine["split"] == "train_all", "pd_12m"].to_numpy()
        labelled = panel[panel["split"] != "score"]
        assert np.array_equal(learnt, model.score(labelled)["pd_12m"].to_numpy())


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
    found = learning.fit_candidate(name, (labelled, later), task, task.settings.model).model
    rate = later["defaulted"].mean()
    assert rate > labelled["defaulted"].mean() + 0.03
    assert found.score(later)["pd_12m"].mean() == pytest.approx(rate, rel=0.05)
    seen = found.grades.statistics
    assert sum(one.defaults for one in seen) == pytest.approx(later["defaulted"].sum(), rel=1e-9)
    large = [one for one in seen if one.enterprises > 50]
    assert len(large) > 1
    for one in large:
        assert one.defaults / one.enterprises == pytest.approx(one.pd_12m, abs=0.1)


def test_rows_of_the_gap_are_fitted_on_only_by_what_scores(panel, parts, settings, definitions):
    only = changed(settings, "model", candidates=("trees",))
    some = (panel["split"] == "calibrate") & (panel["enterprise_id"] < "E300")
    gap = panel.assign(split=panel["split"].mask(some, "gap"))
    flipped = gap.assign(defaulted=gap["defaulted"].where(gap["split"] != "gap", ~gap["defaulted"]))
    was, now = (fit(one, parts, FitTask(definitions, only)) for one in (gap, flipped))
    tested = [one.models["trees"].tested_model.to_files() for one in (was, now)]
    assert tested[0] == tested[1]
    assert was.out_of_fold["pd_12m"].equals(now.out_of_fold["pd_12m"])
    scores = [one.models["trees"].ranker.to_files() for one in (was, now)]
    assert scores[0] != scores[1]
    assert "gap" not in set(was.predictions["split"])


def test_the_headline_has_each_test_row_once_by_every_candidate(fitted, panel):
    keys = ["enterprise_id", "as_of"]
    test = panel.loc[panel["split"] == "test", keys].reset_index(drop=True)
    for _, rows in fitted.out_of_fold.groupby("model"):
        assert rows[keys].reset_index(drop=True).equals(test)


def test_an_out_of_fold_prediction_comes_from_a_model_that_never_saw_the_enterprise(
    panel, task, monkeypatch
):
    learnt, known = {}, learning.fit_ranker

    def spied(name, rows, task, settings):
        ranker = known(name, rows, task, settings)
        learnt[ranker.text] = set(rows["enterprise_id"])
        return ranker

    monkeypatch.setattr(learning, "fit_ranker", spied)
    rows = panel[panel["split"] == "fit"].astype({"defaulted": bool})
    later = panel[panel["split"] == "calibrate"].astype({"defaulted": bool})
    seen = rows[rows["enterprise_id"] != "E007"]
    others = later[later["enterprise_id"] != "E007"]
    found = learning.fit_candidate("trees", (seen, others), task, task.settings.model)
    assert len(found.fold_models) == task.settings.model.inner_folds
    for enterprise, k in found.fold.items():
        assert enterprise not in learnt[found.fold_models[k].ranker.text]
    test = panel[panel["split"] == "test"]
    out_of_fold = found.predict_out_of_fold(test)
    assert out_of_fold.index.equals(test.index)
    # An enterprise without a fold was never seen by the model itself.
    own = learning.predict(found.model, test)
    stranger = test["enterprise_id"] == "E007"
    assert out_of_fold[stranger].equals(own[stranger])
    assert not out_of_fold[~stranger]["pd_12m"].equals(own[~stranger]["pd_12m"])


def test_labels_of_the_test_rows_teach_the_tested_model_nothing(panel, parts, task, fitted):
    flipped = panel.assign(
        defaulted=panel["defaulted"].where(panel["split"] != "test", ~panel["defaulted"])
    )
    again = fit(flipped, parts, task)
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


def test_folds_by_enterprise_predict_each_row_once_a_repeat(panel, settings, definitions):
    rows = panel[panel["split"].isin(["fit", "score"])]
    frame = rows.loc[rows["split"] == "fit", ["enterprise_id", "as_of", "defaulted", "split"]]
    only = changed(settings, "model", candidates=("single_feature",))
    found = fit(rows, Split(frame, False, ""), FitTask(definitions, only))
    assert found.repeats.groupby("repeat").size().tolist() == [600, 600]
    test = found.predictions[found.predictions["split"] == "test"]
    assert len(test) == 600
    assert (found.predictions["split"] == "score").sum() == 600
    mean = found.repeats.groupby("enterprise_id")["pd_12m"].mean()
    assert np.allclose(test.set_index("enterprise_id")["pd_12m"], mean)


def test_the_single_feature_is_the_best_ranking_one_or_the_one_that_the_settings_name(
    panel, definitions
):
    rows = panel[panel["split"] == "fit"].astype({"defaulted": bool})
    inputs = fit_inputs(rows, definitions, 60)
    assert fit_on_feature(rows, inputs, "auto").inputs.names == ("exports_usd_6m",)
    named = fit_on_feature(rows, inputs, "days_past_due_now")
    assert (named.inputs.names, named.sign, named.median) == (("days_past_due_now",), 1, 0.0)


def test_a_number_without_a_declared_direction_may_be_the_single_feature(panel, definitions):
    rows = panel[panel["split"] == "fit"].astype({"defaulted": bool})
    free = [replace(feature, risk="none") for feature in definitions]
    found = fit_on_feature(rows, fit_inputs(rows, free, 60), "auto")
    assert (found.inputs.names, found.sign) == (("exports_usd_6m",), -1)


def test_a_single_feature_that_no_feature_gives_is_a_bad_setting(
    panel, parts, settings, definitions
):
    bad = changed(
        settings, "model", single_feature__feature="exports_usd_7m", candidates=("single_feature",)
    )
    with pytest.raises(SettingsError, match="exports_usd_7m"):
        fit(panel, parts, FitTask(definitions, bad))


def test_features_that_do_not_vary_and_texts_with_too_many_levels_are_left_out(panel, definitions):
    rows = panel[panel["split"] == "fit"].assign(deal_usd_mean_12m=5.0)
    assert "deal_usd_mean_12m" not in fit_inputs(rows, definitions, 60).names
    assert "sector" not in fit_inputs(rows, definitions, 2).names
    assert fit_inputs(rows, definitions, 3).levels == {"sector": ("lamps", "shoes", "toys")}


def test_a_rare_level_is_no_level(panel, definitions):
    rows = panel[panel["split"] == "fit"].reset_index(drop=True)
    rare = rows.assign(sector=rows["sector"].where(rows.index >= 5, "balloons"))
    assert fit_inputs(rare, definitions, 60).levels == {"sector": ("lamps", "shoes", "toys")}


def test_features_for_rules_only_are_never_offered_to_a_model(panel, definitions):
    rows = panel.assign(province=panel["sector"], paid_cny_6m=panel["exports_usd_6m"])
    both = (*definitions, definitions_by_name()["province"], definitions_by_name()["paid_cny_6m"])
    assert set(fit_inputs(rows, both, 60).names) == {feature.name for feature in definitions}


def test_without_any_feature_that_varies_there_is_nothing_to_learn_from(panel, definitions):
    rows = pd.DataFrame({"exports_usd_6m": [1.0, 1.0], "defaulted": [True, False]})
    with pytest.raises(DataError, match="none varies"):
        fit_inputs(rows, definitions, 60)


def test_an_anchor_is_the_mean_of_the_years_not_of_the_rows():
    days = pd.to_datetime(["2021-03-01"] * 4 + ["2022-03-01"])
    rows = pd.DataFrame({"as_of": days, "defaulted": [True, False, False, False, True]})
    assert learning.long_run_rate(rows) == pytest.approx((0.25 + 1.0) / 2)


def test_the_long_run_anchor_holds_the_level(panel, parts, settings, definitions):
    held = changed(
        settings, "model", calibration__central_tendency="long_run", candidates=("single_feature",)
    )
    found = fit(panel, parts, FitTask(definitions, held)).models["single_feature"]
    rows = panel[panel["split"].isin(["fit", "calibrate"])]
    later = panel[panel["split"] == "calibrate"]
    rate = learning.long_run_rate(rows.astype({"defaulted": float}))
    assert found.tested_model.score(later)["pd_12m"].mean() == pytest.approx(rate, rel=1e-6)
    labelled = panel[panel["split"] != "score"].astype({"defaulted": float})
    newest = latest(labelled, held.datasets.split.calibration_share)
    rate = learning.long_run_rate(labelled)
    assert found.score(newest)["pd_12m"].mean() == pytest.approx(rate, rel=0.01)


def test_a_model_that_stands_is_replayed_without_learning(fitted, panel):
    model = fitted.models["trees"]
    found = replay(model, panel)
    mine = fitted.predictions[fitted.predictions["model"] == "trees"].reset_index(drop=True)
    pd.testing.assert_frame_equal(found.predictions.reset_index(drop=True), mine)
    assert found.out_of_fold.empty


def test_trials_are_kept_as_they_end_and_taken_up_again(
    panel, parts, settings, definitions, fitted
):
    kept = []
    only = changed(settings, "model", candidates=("trees",), tuning__trials=3)
    task = FitTask(definitions, only, on_trial=lambda name, trial: kept.append((name, trial)))
    first = fit(panel, parts, task)
    assert [name for name, _ in kept] == ["trees"] * 3
    again = []
    tried = {"trees": [trial for _, trial in kept[:2]]}
    task = FitTask(
        definitions, only, finished_trials=tried, on_trial=lambda name, trial: again.append(trial)
    )
    second = fit(panel, parts, task)
    assert again == [kept[2][1]]
    assert second.models["trees"].to_files() == first.models["trees"].to_files()


def test_a_leak_is_left_out_and_named(panel, parts, settings, definitions):
    leaking = panel.assign(
        deal_usd_mean_12m=panel["deal_usd_mean_12m"].mask(panel["defaulted"].fillna(False), 0.0)
    )
    only = changed(settings, "model", candidates=("trees",))
    found = fit(leaking, parts, FitTask(definitions, only))
    assert found.suspects["feature"].tolist() == ["deal_usd_mean_12m"]
    assert "deal_usd_mean_12m" not in found.models["trees"].ranker.inputs.names
    kept = fit(leaking, parts, FitTask(definitions, changed(only, "model", leakage__action="keep")))
    assert "deal_usd_mean_12m" in kept.models["trees"].ranker.inputs.names
