"""Tuning of one candidate: its search on folds of the rows, and the table of its trials."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count

import pandas as pd

from riskmodel.datasets.splits import sample_enterprises
from riskmodel.model.directions import prepare_inputs
from riskmodel.model.learners.interface import LEARNERS
from riskmodel.model.stacking import choose_linear
from riskmodel.model.task import FitTask, assign_folds
from riskmodel.model.tuning import Search, Trial, tune
from riskmodel.settings import ModelSettings


def tune_candidate(
    name: str, rows: pd.DataFrame, task: FitTask, *, trials: int
) -> tuple[ModelSettings, list[Trial]]:
    """Return the candidate's settings after so many trials on folds of the rows, and the trials."""
    model = task.settings.model.with_values({"tuning.trials": trials})
    some = sample_enterprises(rows, model.tuning.max_rows, task.settings.run.seed)
    known = task.finished_trials.get(name, ())
    numbers = count(len(known) + 1)
    settings, tries = tune_learner(
        name,
        _search(some, task, model),
        known,
        lambda trial: _finish_trial(task, name, trial, f"{next(numbers)} of at most {trials}"),
    )
    if len(some) < len(rows) and LEARNERS[name].fit_in_rounds:
        lid = {"tuning.trials": 1, "trees.max_rounds": model.trees.max_rounds}
        whole = replace(_search(rows, task, settings.with_values(lid)), held_out=1)
        settings, _ = tune_learner(name, whole, (), lambda _: None)
    return settings, tries


def tune_learner(
    name: str, search: Search, before: Sequence[Trial], keep: Callable[[Trial], None]
) -> tuple[ModelSettings, list[Trial]]:
    """Return the settings of the best trial, with the linear model's weight, and every trial."""
    learner = LEARNERS[name]
    search = search if learner.signed else replace(search, inputs=search.inputs.without_signs())
    found = tune(learner, search, before, keep)
    if found is None:
        return search.settings, []
    settings = found.settings_of(found.best)
    if learner.fit_in_rounds:
        settings = choose_linear(search, settings, found.scores_of(found.best))
    return settings, found.trials


def trials_table(name: str, trials: Sequence[Trial]) -> pd.DataFrame:
    """Build the table of trials: model, trial, log_loss, lead, lead_error, rounds, pruned, and what
    was tried as JSON."""
    return pd.DataFrame(
        [
            {
                "model": name,
                "trial": number,
                "log_loss": trial.losses[-1],
                "lead": trial.lead,
                "lead_error": trial.lead_error,
                "rounds": trial.rounds,
                "pruned": trial.pruned,
                "settings": json.dumps(dict(trial.params), sort_keys=True),
            }
            for number, trial in enumerate(trials)
        ]
    )


def _search(rows: pd.DataFrame, task: FitTask, settings: ModelSettings) -> Search:
    rows = rows.reset_index(drop=True)
    inputs = prepare_inputs(rows, task.definitions, settings)
    fold = rows["enterprise_id"].map(assign_folds(rows, task)).to_numpy()
    run = task.settings.run
    return Search(rows, fold, inputs, settings, run.seed, run.threads)


def _finish_trial(task: FitTask, name: str, trial: Trial, which: str) -> None:
    if task.on_trial:
        task.on_trial(name, trial)
    task.progress(f"{name}: trial {which} done")
