"""The single-feature baseline: the best ranking feature, or the one that the settings name."""

from dataclasses import replace

import pytest

from riskmodel.errors import SettingsError
from riskmodel.model import FitTask, fit
from riskmodel.model.inputs import fit_inputs
from riskmodel.model.learners.single_feature import fit_on_feature


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
    panel, date_split, settings, definitions
):
    bad = settings.with_values(
        {"model.single_feature.feature": "exports_usd_7m", "model.candidates": ("single_feature",)}
    )
    with pytest.raises(SettingsError, match="exports_usd_7m"):
        fit(panel, date_split, FitTask(definitions, bad))
