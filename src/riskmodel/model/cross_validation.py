"""Cross-validation by enterprise, where a date split would leave too few defaults."""

from dataclasses import replace

import pandas as pd

from riskmodel.datasets import balanced_folds
from riskmodel.model.candidate import fit_candidate
from riskmodel.model.candidate_tuning import tune_candidate
from riskmodel.model.predictions import predict
from riskmodel.model.task import FitTask, lighten
from riskmodel.settings import ModelSettings


def cross_validate(
    name: str, rows: pd.DataFrame, task: FitTask, settings: ModelSettings
) -> pd.DataFrame:
    """Predict out of fold in every repeat: ranking and calibration never saw the enterprise.

    With few defaults the number of rounds and the linear model's weight are chosen in every fold
    anew; with `datasets.split.min_defaults_single_repeat` of them one repeat does, at the settings
    of all rows. The other settings are those of all rows.
    """
    rows, found = rows.reset_index(drop=True), []
    task = lighten(task)
    splits = task.settings.datasets
    few = rows["defaulted"].sum() < splits.split.min_defaults_single_repeat
    splits = splits if few else splits.with_values({"split.repeats": 1})
    for repeat, fold in balanced_folds(rows, splits, task.settings.run.seed):
        task.progress(f"{name}: repeat {repeat + 1} of {splits.split.repeats}")
        for k in sorted(fold.unique()):
            seen = rows[fold != k].reset_index(drop=True)
            own = _choose_again(name, seen, task, settings) if few else settings
            model = fit_candidate(name, (seen, seen), task, own).model
            found.append(predict(model, rows[fold == k]).assign(repeat=repeat, split="test"))
    return pd.concat(found, ignore_index=True)


def _choose_again(
    name: str, rows: pd.DataFrame, task: FitTask, settings: ModelSettings
) -> ModelSettings:
    """Return the settings with the rounds and the linear model's weight chosen on these rows."""
    given = task.settings.model
    start = settings.with_values(
        {"trees.max_rounds": given.trees.max_rounds, "linear": given.linear}
    )
    own = replace(task, settings=task.settings.with_values({"model": start}))
    return tune_candidate(name, rows, own, trials=1)[0]
