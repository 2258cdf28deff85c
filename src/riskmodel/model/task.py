"""The task of fitting: what every candidate is given, and the folds that all of them share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd

from riskmodel.datasets import balanced_folds
from riskmodel.features.spec import FeatureDefinition
from riskmodel.model.tuning import Trial
from riskmodel.progress import Progress, no_progress
from riskmodel.settings import Settings

MIN_DRAWS = 20


@dataclass(frozen=True)
class FitTask:
    """The features, settings and facts that every candidate is fitted with.

    `finished_trials` are trials of the tuning that an earlier go finished, by candidate; `on_trial` is called
    with each new one.
    """

    definitions: Sequence[FeatureDefinition]
    settings: Settings
    facts: Mapping[str, Any] = field(default_factory=dict)
    progress: Progress = no_progress
    finished_trials: Mapping[str, Sequence[Trial]] = field(default_factory=dict)
    on_trial: Callable[[str, Trial], None] | None = None


def assign_folds(rows: pd.DataFrame, task: FitTask) -> pd.Series:
    """Assign each enterprise to one of `model.inner_folds`, defaulters spread evenly."""
    model, run = task.settings.model, task.settings.run
    splits = task.settings.datasets.with_values(
        {"split.folds": model.inner_folds, "split.repeats": 1}
    )
    rows = rows.reset_index(drop=True)
    _, fold = next(balanced_folds(rows, splits, run.seed))
    return pd.Series(fold.to_numpy(int), index=rows["enterprise_id"]).groupby(level=0).first()


def lighten(task: FitTask) -> FitTask:
    """Return the task for models of a fold: no trials kept, a quarter of the bootstrap's draws.

    The folds' intervals are averaged, so fewer draws do.
    """
    draws = max(task.settings.model.calibration.bootstrap_draws // 4, MIN_DRAWS)
    model = task.settings.model.with_values({"calibration.bootstrap_draws": draws})
    settings = task.settings.with_values({"model": model})
    return replace(task, settings=settings, finished_trials={}, on_trial=None)
