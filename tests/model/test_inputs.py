"""The inputs of a model: features that vary, and levels that are common."""

import pandas as pd
import pytest

from riskmodel.errors import DataError
from riskmodel.features import definitions_by_name
from riskmodel.model.inputs import fit_inputs


def test_features_that_do_not_vary_and_texts_with_too_many_levels_are_left_out(panel, definitions):
    rows = panel[panel["split"] == "fit"].assign(deal_usd_mean_12m=5.0)
    assert "deal_usd_mean_12m" not in fit_inputs(rows, definitions, 60).names
    assert "sector" not in fit_inputs(rows, definitions, 2).names
    assert fit_inputs(rows, definitions, 3).levels == {"sector": ("lamps", "shoes", "toys")}


def test_a_rare_level_is_no_level(panel, definitions):
    rows = panel[panel["split"] == "fit"].reset_index(drop=True)
    rare = rows.assign(sector=rows["sector"].where(rows.index >= 5, "balloons"))
    assert fit_inputs(rare, definitions, 3).levels == {"sector": ("lamps", "shoes", "toys")}


def test_a_text_of_many_levels_is_a_feature_while_most_rows_have_a_common_one(panel, definitions):
    rows = panel[panel["split"] == "fit"].reset_index(drop=True)
    names = pd.Series([f"name {n}" for n in rows.index], dtype="str")
    for common, kept in ((0.6, True), (0.4, False)):
        own = names.mask(rows.index < common * len(rows), rows["sector"])
        assert ("sector" in fit_inputs(rows.assign(sector=own), definitions, 60).names) == kept
    streets = pd.Series([f"street {n % 25}" for n in rows.index], dtype="str")
    assert len(fit_inputs(rows.assign(sector=streets), definitions, 60).levels["sector"]) == 25


def test_features_for_rules_only_are_never_offered_to_a_model(panel, definitions):
    rows = panel.assign(province=panel["sector"], paid_cny_6m=panel["exports_usd_6m"])
    both = (*definitions, definitions_by_name()["province"], definitions_by_name()["paid_cny_6m"])
    assert set(fit_inputs(rows, both, 60).names) == {feature.name for feature in definitions}


def test_without_any_feature_that_varies_there_is_nothing_to_learn_from(panel, definitions):
    rows = pd.DataFrame({"exports_usd_6m": [1.0, 1.0], "defaulted": [True, False]})
    with pytest.raises(DataError, match="none varies"):
        fit_inputs(rows, definitions, 60)
