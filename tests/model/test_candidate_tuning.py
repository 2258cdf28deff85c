"""The trials of a candidate: kept as they end and taken up again."""

import pytest

from riskmodel.model import FitTask, fit

pytestmark = pytest.mark.slow


def test_trials_are_kept_as_they_end_and_taken_up_again(
    panel, date_split, settings, definitions, fitted
):
    kept = []
    only = settings.with_values({"model.candidates": ("trees",), "model.tuning.trials": 3})
    task = FitTask(definitions, only, on_trial=lambda name, trial: kept.append((name, trial)))
    first = fit(panel, date_split, task)
    assert [name for name, _ in kept] == ["trees"] * 3
    again = []
    tried = {"trees": [trial for _, trial in kept[:2]]}
    task = FitTask(
        definitions, only, finished_trials=tried, on_trial=lambda name, trial: again.append(trial)
    )
    second = fit(panel, date_split, task)
    assert again == [kept[2][1]]
    assert second.models["trees"].to_files() == first.models["trees"].to_files()
