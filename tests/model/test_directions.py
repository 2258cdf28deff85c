"""Declared directions that the fit rows contradict: released where that is sure, and only there."""

import numpy as np
import pandas as pd
import pytest

from riskmodel.features.spec import FeatureDefinition
from riskmodel.model.directions import (
    find_contradicted,
    prepare_inputs,
    release_contradicted,
    released_names,
)
from riskmodel.model.inputs import Inputs
from riskmodel.settings import default_settings


def made_rows(seed, effects, dates=4, enterprises=300):
    """Rows of enterprises on several dates; each column moves the log-odds by its effect."""
    rng = np.random.default_rng(seed)
    count = dates * enterprises
    x = {name: rng.normal(size=count) for name in effects}
    odds = -1.5 + sum(effect * x[name] for name, effect in effects.items())
    return pd.DataFrame(
        {
            "enterprise_id": np.repeat([f"E{n:03d}" for n in range(enterprises)], dates),
            "defaulted": rng.random(count) < 1 / (1 + np.exp(-odds)),
            **x,
        }
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_the_rows_surely_contradict_is_released_and_nothing_else(seed):
    rows = made_rows(seed, {"right": 0.8, "wrong": -0.8, "free": -0.8})
    inputs = Inputs(("right", "wrong", "free"), (1, 1, 0), {})
    assert find_contradicted(inputs, rows) == ("wrong",)
    assert release_contradicted(inputs, rows).signs == (1, 0, 0)


def test_by_chance_one_direction_in_forty_is_released():
    """Of 60 idle features with a direction 1.5 lie beyond an interval of 95 % on the wrong side."""
    names = [f"x{n:02d}" for n in range(60)]
    inputs = Inputs(tuple(names), (1,) * 60, {})
    found = [
        len(find_contradicted(inputs, made_rows(seed, dict.fromkeys(names, 0.0), 2, 150)))
        for seed in range(20)
    ]
    assert 0.5 <= np.mean(found) <= 2.5


def test_an_enterprise_on_many_dates_counts_once():
    """The same rows thirty times over say no more: the error is by enterprise."""
    rows = made_rows(5, {"x": -0.25}, dates=1, enterprises=120)
    inputs = Inputs(("x",), (1,), {})
    again = pd.concat([rows] * 30, ignore_index=True)
    assert find_contradicted(inputs, again) == find_contradicted(inputs, rows)
    assert find_contradicted(inputs, again.assign(enterprise_id=np.arange(len(again))))


def test_missing_values_say_nothing_of_a_direction():
    rows = made_rows(6, {"x": 0.8})
    rows.loc[rows["defaulted"] & (np.arange(len(rows)) % 2 == 0), "x"] = np.nan
    assert find_contradicted(Inputs(("x",), (1,), {}), rows) == ()
    assert find_contradicted(Inputs(("x",), (-1,), {}), rows) == ("x",)


def test_the_setting_says_whether_directions_are_released(
    definitions: tuple[FeatureDefinition, ...],
):
    rows = made_rows(7, {"exports_usd_6m": 0.9})
    settings = default_settings().model
    sign = {
        action: prepare_inputs(
            rows, definitions, settings.with_values({"contradicted_directions": action})
        ).signs
        for action in ("release", "keep")
    }
    assert sign == {"release": (0,), "keep": (-1,)}


def test_a_model_names_the_directions_that_were_released(
    definitions: tuple[FeatureDefinition, ...],
):
    rows = made_rows(8, {"exports_usd_6m": 0.9, "deal_usd_mean_12m": 0.3})
    inputs = prepare_inputs(rows, definitions, default_settings().model)
    assert list(released_names(inputs, definitions)) == ["exports_usd_6m"]
