"""Predictions of every row, each by the fit that its split asks for."""

import numpy as np
import pytest

pytestmark = pytest.mark.slow

KINDS = ("trees", "scorecard", "unconstrained_trees", "single_feature")


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


def test_the_headline_has_each_test_row_once_by_every_candidate(fitted, panel):
    keys = ["enterprise_id", "as_of"]
    test = panel.loc[panel["split"] == "test", keys].reset_index(drop=True)
    headline = fitted.out_of_fold[fitted.out_of_fold["split"] == "test"]
    assert set(headline["model"]) == set(KINDS)
    for _, rows in headline.groupby("model"):
        assert rows[keys].reset_index(drop=True).equals(test)


def test_the_champions_fit_rows_stand_beside_the_headline_each_without_its_enterprise(
    fitted, panel
):
    beside = fitted.out_of_fold[fitted.out_of_fold["split"] == "cross_validated"]
    rows = panel[panel["split"].isin(["fit", "calibrate"])].reset_index(drop=True)
    assert set(beside["model"]) == {"trees"}
    assert beside["enterprise_id"].tolist() == rows["enterprise_id"].tolist()
    whole = fitted.models["trees"].tested_model.score(rows)["pd_12m"].to_numpy()
    assert (beside["pd_12m"].to_numpy() != whole).mean() > 0.9
