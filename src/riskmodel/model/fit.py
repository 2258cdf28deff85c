"""Fitting: every candidate on the same rows, calibrated on rows that its ranking has not seen."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pandas as pd

from riskmodel.datasets import Split
from riskmodel.datasets.splits import select_newest_rows
from riskmodel.model.candidate import Candidate, fit_candidate
from riskmodel.model.candidate_tuning import trials_table, tune_candidate
from riskmodel.model.cross_validation import cross_validate
from riskmodel.model.directions import prepare_inputs
from riskmodel.model.leakage.looked_at import suspects_table
from riskmodel.model.leakage_exclusion import exclude_leaks, find_leaks, record_suspects
from riskmodel.model.learners.interface import LEARNERS
from riskmodel.model.predictions import average_repeats, concat_tables, predict, predict_splits
from riskmodel.model.reference_group import fit_reference_group
from riskmodel.model.risk_model import RiskModel
from riskmodel.model.task import FitTask
from riskmodel.settings import ModelSettings


@dataclass(frozen=True)
class FitResult:
    """The candidates' models by name, and their predictions.

    `predictions`: enterprise_id, as_of, split, defaulted, model, pd_12m, pd_low, pd_high, grade:
    see `predict_splits`; under cross-validation the rows of `test` are out-of-fold means.
    `out_of_fold`: the same of the test rows, each by a ranking and a calibration that never saw the
    enterprise: out of time and out of enterprise, the headline; and of the champion's fit rows, by the
    same, as `cross_validated`. `repeats`: out-of-fold rows with
    `repeat`. `trials`: model, trial, settings, log_loss, rounds, pruned. `suspects`: columns taken
    for leaks. Tables that do not apply are empty.
    """

    models: Mapping[str, RiskModel]
    predictions: pd.DataFrame
    out_of_fold: pd.DataFrame
    repeats: pd.DataFrame
    trials: pd.DataFrame
    suspects: pd.DataFrame


@dataclass(frozen=True)
class CandidateResult:
    """One candidate's model and its tables; see `FitResult`. Those that do not apply are left out."""

    model: RiskModel
    trials: pd.DataFrame
    predictions: tuple[pd.DataFrame, ...]
    out_of_fold: tuple[pd.DataFrame, ...] = ()
    repeats: tuple[pd.DataFrame, ...] = ()

    def rename(self, name: str) -> "CandidateResult":
        """Return the same by another name."""
        tables = (
            tuple(one.assign(model=name) for one in group if len(one))
            for group in ((self.trials,), self.predictions, self.out_of_fold, self.repeats)
        )
        trials, predictions, out_of_fold, repeats = tables
        first = trials[0] if trials else self.trials
        return CandidateResult(
            _rename_model(name, self.model), first, predictions, out_of_fold, repeats
        )


def fit(panel: pd.DataFrame, split: Split, task: FitTask) -> FitResult:
    """Fit all candidates of the settings on the panel.

    Where the rows are split by time, the model that is tested knows only what was known when the
    test begins: it ranks by the rows to fit and to calibrate together, and takes its level from the
    latter, scored without their enterprise. The model that scores is the same fit on all labelled
    rows: years younger, and of more defaults.
    """
    labelled, _ = _labelled_rows(panel)
    early = labelled[labelled["split"] == "fit"]
    leaks = find_leaks(early, panel[panel["split"] == "calibrate"], task)
    task = record_suspects(leaks, exclude_leaks(leaks, task))
    results: dict[str, CandidateResult] = {}
    for name in dict.fromkeys(task.settings.model.candidates):
        equal = _equal_candidate(name, results, labelled, task)
        if equal:
            task.progress(f"{name}: nothing has a sign, so it is {equal} by another name")
            results[name] = results[equal].rename(name)
            continue
        task.progress(f"fitting {name}")
        results[name] = _fit_one(name, panel, split, task)
    every = results.values()
    return FitResult(
        {name: one.model for name, one in results.items()},
        concat_tables([table for one in every for table in one.predictions]),
        concat_tables([table for one in every for table in one.out_of_fold]),
        concat_tables([table for one in every for table in one.repeats]),
        concat_tables([one.trials for one in every]),
        leaks,
    )


def _fit_one(name: str, panel: pd.DataFrame, split: Split, task: FitTask) -> CandidateResult:
    """Tune, fit and test one candidate, and find its reference group."""
    labelled, rows = _labelled_rows(panel)
    trials = task.settings.model.tuning.trials
    settings, tries = tune_candidate(name, rows, task, trials=trials)
    table = trials_table(name, tries)
    test = _test_by_time if split.by_time else _test_by_folds
    result = test(name, panel, (task, settings), table)
    share = task.settings.explain.reference_group_share
    group = fit_reference_group(result.model.ranker, labelled, share)
    return replace(result, model=replace(result.model, reference_group=group))


def _test_by_time(
    name: str, panel: pd.DataFrame, given: tuple[FitTask, ModelSettings], trials: pd.DataFrame
) -> CandidateResult:
    """Fit for the test on what was known before it, and for scoring on all labelled rows."""
    task = given[0]
    labelled, rows = _labelled_rows(panel)
    later = panel[panel["split"] == "calibrate"].astype({"defaulted": bool})
    tested = fit_candidate(name, (rows, later if len(later) else rows), *given)
    out_of_fold = tested.predict_out_of_fold(panel[panel["split"] == "test"])
    same_dates = _predict_same_dates(tested, rows, task)
    task.progress(f"{name}: fitted again on all labelled rows")
    newest = select_newest_rows(labelled, task.settings.datasets.split.calibration_share)
    scoring = fit_candidate(name, (labelled, newest), *given).model
    model = replace(scoring, tested_model=tested.model)
    own = predict_splits(model, panel)
    return CandidateResult(model, trials, (own,), (out_of_fold, *same_dates))


def _predict_same_dates(
    tested: Candidate, rows: pd.DataFrame, task: FitTask
) -> tuple[pd.DataFrame, ...]:
    """Cross-validate the champion on its fit rows, by the fold models that predict the test rows:
    nothing is fitted anew, and only the dates differ."""
    if tested.model.name != task.settings.model.candidates[0]:
        return ()
    return (tested.predict_out_of_fold(rows.assign(split="cross_validated")),)


def _test_by_folds(
    name: str, panel: pd.DataFrame, given: tuple[FitTask, ModelSettings], trials: pd.DataFrame
) -> CandidateResult:
    """Fit on all labelled rows, and test on folds of enterprises."""
    task, settings = given
    _, rows = _labelled_rows(panel)
    model = fit_candidate(name, (rows, rows), *given).model
    scored = predict(model, panel[panel["split"] == "score"])
    folds = cross_validate(name, rows, task, settings)
    return CandidateResult(model, trials, (scored, average_repeats(folds, model)), repeats=(folds,))


def _labelled_rows(panel: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All labelled rows, and those of them that the tested model is fitted on."""
    labelled = panel[panel["split"] != "score"].astype({"defaulted": bool})
    return labelled, labelled[labelled["split"].isin(["fit", "calibrate"])]


def replay(model: RiskModel, panel: pd.DataFrame) -> FitResult:
    """Predict a new panel by a model that stands: nothing is fitted, its suspects are kept."""
    none = pd.DataFrame()
    leaks = pd.DataFrame(list(model.facts.get("suspects", ())), columns=suspects_table(()).columns)
    return FitResult({model.name: model}, predict_splits(model, panel), none, none, none, leaks)


def _equal_candidate(
    name: str, fitted: Mapping[str, CandidateResult], labelled: pd.DataFrame, task: FitTask
) -> str | None:
    """The candidate fitted before that this one would equal: they differ in signs alone, and no
    feature has one."""
    alike = [
        other
        for other in fitted
        if name == LEARNERS[other].same_without_signs or other == LEARNERS[name].same_without_signs
    ]
    if not alike:
        return None
    inputs = prepare_inputs(labelled, task.definitions, task.settings.model)
    return None if any(inputs.signs) else alike[0]


def _rename_model(name: str, model: RiskModel) -> RiskModel:
    """The model by another name, and so what was tested in its place."""
    tested = model.tested_model and _rename_model(name, model.tested_model)
    return replace(model, name=name, tested_model=tested)
