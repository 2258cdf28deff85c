"""Fitting: what the candidates learn from, and what they never see."""

import numpy as np
import pandas as pd
import pytest

from riskmodel.datasets import Split
from riskmodel.errors import DataError, SettingsError
from riskmodel.features import by_name
from riskmodel.model import Task, fit
from riskmodel.model.inputs import learn_inputs
from riskmodel.model.one_number import choose
from riskmodel.settings import Settings


def changed(settings: Settings, table: str, **values) -> Settings:
    one = getattr(settings, table).model_copy(update=values)
    return settings.model_copy(update={table: one})


def test_every_row_is_predicted_once_by_every_candidate(fitted, panel):
    found = fitted.predictions
    assert found.groupby("model").size().to_dict() == {"one_number": 2400, "trees": 2400}
    assert not found.duplicated(["enterprise_id", "as_of", "model"]).any()
    assert fitted.repeats.empty


def test_labels_of_the_test_rows_teach_nothing(panel, parts, task, fitted):
    flipped = panel.assign(
        defaulted=panel["defaulted"].where(panel["split"] != "test", ~panel["defaulted"])
    )
    again = fit(flipped, parts, task)
    for name, model in fitted.models.items():
        assert again.models[name].fingerprint == model.fingerprint


def test_the_mean_pd_of_the_calibration_rows_is_their_default_rate(fitted, panel):
    rows = fitted.predictions[fitted.predictions["split"] == "calibrate"]
    rate = panel.loc[panel["split"] == "calibrate", "defaulted"].mean()
    for _, group in rows.groupby("model"):
        # The final ranking is near the blind ones, on which the calibration was made.
        assert group["pd_12m"].mean() == pytest.approx(rate, rel=0.15)


def test_folds_by_enterprise_predict_each_row_once_a_repeat(panel, settings, cards):
    rows = panel[panel["split"].isin(["fit", "score"])]
    frame = rows.loc[rows["split"] == "fit", ["enterprise_id", "as_of", "defaulted", "split"]]
    only = changed(settings, "model", candidates=("one_number",))
    found = fit(rows, Split(frame, False, ""), Task(cards, only))
    assert found.repeats.groupby("repeat").size().tolist() == [600, 600]
    test = found.predictions[found.predictions["split"] == "test"]
    assert len(test) == 600
    assert (found.predictions["split"] == "score").sum() == 600
    mean = found.repeats.groupby("enterprise_id")["pd_12m"].mean()
    assert np.allclose(test.set_index("enterprise_id")["pd_12m"], mean)


def test_the_one_number_is_the_best_ranking_one_or_the_one_that_the_settings_name(panel, cards):
    rows = panel[panel["split"] == "fit"].astype({"defaulted": bool})
    inputs = learn_inputs(rows, cards, 60)
    assert choose(rows, inputs, "auto").inputs.names == ("exports_usd_6m",)
    named = choose(rows, inputs, "days_past_due_now")
    assert (named.inputs.names, named.sign, named.median) == (("days_past_due_now",), 1, 0.0)


def test_a_one_number_that_no_card_gives_is_a_bad_setting(panel, parts, settings, cards):
    bad = changed(settings, "model", one_number="exports_usd_7m", candidates=("one_number",))
    with pytest.raises(SettingsError, match="exports_usd_7m"):
        fit(panel, parts, Task(cards, bad))


def test_features_that_do_not_vary_and_texts_with_too_many_levels_are_left_out(panel, cards):
    rows = panel[panel["split"] == "fit"].assign(deal_usd_mean_12m=5.0)
    assert "deal_usd_mean_12m" not in learn_inputs(rows, cards, 60).names
    assert "sector" not in learn_inputs(rows, cards, 2).names
    assert learn_inputs(rows, cards, 3).levels == {"sector": ("lamps", "shoes", "toys")}


def test_a_rare_level_is_no_level(panel, cards):
    rows = panel[panel["split"] == "fit"].reset_index(drop=True)
    rare = rows.assign(sector=rows["sector"].where(rows.index >= 5, "balloons"))
    assert learn_inputs(rare, cards, 60).levels == {"sector": ("lamps", "shoes", "toys")}


def test_cards_for_rules_only_are_never_offered_to_a_model(panel, cards):
    rows = panel.assign(province=panel["sector"], paid_cny_6m=panel["exports_usd_6m"])
    both = (*cards, by_name()["province"], by_name()["paid_cny_6m"])
    assert set(learn_inputs(rows, both, 60).names) == {card.name for card in cards}


def test_without_any_feature_that_varies_there_is_nothing_to_learn_from(panel, cards):
    rows = pd.DataFrame({"exports_usd_6m": [1.0, 1.0], "defaulted": [True, False]})
    with pytest.raises(DataError, match="none varies"):
        learn_inputs(rows, cards, 60)
