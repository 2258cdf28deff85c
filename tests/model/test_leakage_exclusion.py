"""Exclusion of leaks before the candidates are fitted."""

import pytest

from riskmodel.features.attributes import attribute_definitions
from riskmodel.model import FitTask, fit

pytestmark = pytest.mark.slow


def overwritten(panel):
    """The panel with a column that is 0 for all who defaulted."""
    return panel["deal_usd_mean_12m"].mask(panel["defaulted"].fillna(False), 0.0)


def test_a_leak_is_left_out_and_named(panel, date_split, settings, definitions):
    leaking = panel.assign(attribute_deal_usd=overwritten(panel))
    given = (*definitions, *attribute_definitions({"deal_usd": "number"}))
    only = settings.with_values({"model.candidates": ("trees",)})
    found = fit(leaking, date_split, FitTask(given, only))
    assert found.suspects["feature"].tolist() == ["attribute_deal_usd"]
    assert "attribute_deal_usd" not in found.models["trees"].ranker.inputs.names
    kept = fit(
        leaking,
        date_split,
        FitTask(given, only.with_values({"model.leakage.action": "keep"})),
    )
    assert "attribute_deal_usd" in kept.models["trees"].ranker.inputs.names


def test_a_feature_of_our_own_is_watched_and_never_left_out(
    panel, date_split, settings, definitions
):
    leaking = panel.assign(deal_usd_mean_12m=overwritten(panel))
    only = settings.with_values({"model.candidates": ("trees",)})
    found = fit(leaking, date_split, FitTask(definitions, only))
    assert found.suspects[["feature", "kind", "decision"]].to_numpy().tolist() == [
        ["deal_usd_mean_12m", "proven", "watched"]
    ]
    assert "computed as of the date" in found.suspects["reason"][0]
    assert "deal_usd_mean_12m" in found.models["trees"].ranker.inputs.names
