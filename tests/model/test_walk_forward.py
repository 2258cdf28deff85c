"""Walking forward: each vintage is ranked by what was known before it."""

import sys

import pandas as pd
import pytest

from riskmodel.model import FitTask, walk_forward
from riskmodel.settings import Settings

walking = sys.modules["riskmodel.model.walk_forward"]


@pytest.fixture
def small(settings: Settings) -> Settings:
    model = settings.model.with_values({"trees.max_rounds": 10})
    return settings.with_values({"model": model})


def test_a_vintage_learns_only_from_labels_known_before_it(
    fitted, panel, small, definitions, monkeypatch
):
    seen, known = [], walking.fit_ranker

    def spied(name, rows, task, settings):
        seen.append(rows["as_of"].max())
        return known(name, rows, task, settings)

    monkeypatch.setattr(walking, "fit_ranker", spied)
    found = walk_forward(fitted.models["trees"], panel, 12, FitTask(definitions, small))
    # Dates are 2021-01, 2022-04, 2023-07: the first is known when the second begins.
    assert found["vintage"].unique().tolist() == ["2022-04", "2023-07"]
    assert seen == [pd.Timestamp("2021-01-01"), pd.Timestamp("2022-04-01")]
    assert found.groupby("vintage").size().tolist() == [600, 600]


def test_without_enough_known_defaults_there_is_no_vintage(fitted, panel, small, definitions):
    datasets = small.datasets.with_values({"split.min_defaults": 10_000})
    few = small.with_values({"datasets": datasets})
    assert walk_forward(fitted.models["trees"], panel, 12, FitTask(definitions, few)).empty
