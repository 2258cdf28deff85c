"""Exclusion of leaks before the candidates are fitted."""

import pytest

from riskmodel.model import FitTask, fit

pytestmark = pytest.mark.slow


def test_a_leak_is_left_out_and_named(panel, date_split, settings, definitions):
    leaking = panel.assign(
        deal_usd_mean_12m=panel["deal_usd_mean_12m"].mask(panel["defaulted"].fillna(False), 0.0)
    )
    only = settings.with_values({"model.candidates": ("trees",)})
    found = fit(leaking, date_split, FitTask(definitions, only))
    assert found.suspects["feature"].tolist() == ["deal_usd_mean_12m"]
    assert "deal_usd_mean_12m" not in found.models["trees"].ranker.inputs.names
    kept = fit(
        leaking,
        date_split,
        FitTask(definitions, only.with_values({"model.leakage.action": "keep"})),
    )
    assert "deal_usd_mean_12m" in kept.models["trees"].ranker.inputs.names
