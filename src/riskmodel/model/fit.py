"""Fitting: every candidate on the same rows, calibrated on rows that its ranking has not seen."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.datasets import Split, balanced_folds
from riskmodel.datasets.panel import KEY
from riskmodel.datasets.splits import drawn, latest
from riskmodel.features.spec import FeatureDefinition
from riskmodel.model import reference_group
from riskmodel.model.calibration import (
    Calibration,
    CalibrationOptions,
    OutOfFold,
    fit_calibration,
    refit_calibration,
)
from riskmodel.model.inputs import fit_inputs
from riskmodel.model.leakage.suspects import (
    excluded_names,
    find_fading,
    find_suspects,
    suspects_table,
)
from riskmodel.model.learners.interface import LEARNERS, Ranker
from riskmodel.model.master_scale import GradedRows, MasterScale, fit_master_scale
from riskmodel.model.risk_model import RiskModel
from riskmodel.model.tuning import Search, Trial, tune
from riskmodel.progress import Progress, no_progress
from riskmodel.settings import ModelSettings, Settings

Array = npt.NDArray[np.float64]
MIN_DRAWS = 20
PREDICTED = ["pd_12m", "pd_low", "pd_high"]


@dataclass(frozen=True)
class FitTask:
    """What every candidate is given: the features, the settings and facts to remember.

    `finished_trials` are trials of the tuning that an earlier go finished, by candidate; `on_trial` is called
    with each new one.
    """

    definitions: Sequence[FeatureDefinition]
    settings: Settings
    facts: Mapping[str, Any] = field(default_factory=dict)
    progress: Progress = no_progress
    finished_trials: Mapping[str, Sequence[Trial]] = field(default_factory=dict)
    on_trial: Callable[[str, Trial], None] | None = None


@dataclass(frozen=True)
class FitResult:
    """The candidates' models by name, and what they say.

    `predictions`: enterprise_id, as_of, split, defaulted, model, pd_12m, pd_low, pd_high, grade:
    see `predict_splits`; under cross-validation the rows of `test` are out-of-fold means.
    `out_of_fold`: the same of the test rows, each by a ranking and a calibration that never saw the
    enterprise: out of time and out of enterprise, the headline. `repeats`: out-of-fold rows with
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
class Candidate:
    """A model, and the same by the folds of enterprises that it was calibrated with.

    `fold` says which of `out_of_fold` has a ranking and a calibration fitted without an enterprise; others
    are unknown to `model` itself. What is chosen rather than fitted (settings, leaks, the
    calibration's form, the scale) is chosen on all fit and calibrate rows.
    """

    model: RiskModel
    out_of_fold: Mapping[int, RiskModel]
    fold: pd.Series

    def predict_out_of_fold(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Each row by a model that never saw its enterprise."""
        place = rows["enterprise_id"].map(self.fold).fillna(-1).astype(int)
        found = [predict(self.model, rows.iloc[:0])]
        found += [
            predict(self.out_of_fold.get(int(k), self.model), group)
            for k, group in rows.groupby(place)
        ]
        return pd.concat([one for one in found if len(one)] or found).loc[rows.index]


def fit(panel: pd.DataFrame, parts: Split, task: FitTask) -> FitResult:
    """All candidates of the settings on the panel; see `FitResult`.

    Where the rows are split by time, the model that is tested knows only what was known when the
    test begins. The model that scores is the same fit on all labelled rows: years younger, and of
    more defaults.
    """
    labelled = panel[panel["split"] != "score"].astype({"defaulted": bool})
    learnt = labelled[labelled["split"] == "fit"]
    leaks = _find_leaks(learnt, panel[panel["split"] == "calibrate"], task)
    task = _record_suspects(leaks, exclude_leaks(leaks, task))
    models: dict[str, RiskModel] = {}
    said_by: tuple[list[pd.DataFrame], ...] = ([], [], [], [])
    predictions, blind, repeats, trials = said_by
    # Few defaults without a date split: every fold looks for its own rounds, and nothing is tuned.
    few = not parts.by_time and learnt["defaulted"].sum() < task.settings.datasets.plenty_defaults
    for name in dict.fromkeys(task.settings.model.candidates):
        twin = _equal_candidate(name, models, labelled, task)
        if twin:
            task.progress(f"{name}: nothing has a sign, so it is {twin} by another name")
            models[name] = _rename_model(name, models[twin])
            for tables in said_by:
                tables += [_relabel(name, one) for one in tables if len(one) and _is_of(twin, one)]
            continue
        task.progress(f"fitting {name}")
        budget = 1 if few else task.settings.model.trials
        settings, tries = _tune(name, learnt, task, trials=budget)
        trials.append(_trials_table(name, tries))
        later = panel[panel["split"] == "calibrate"] if parts.by_time else learnt
        one = fit_candidate(name, (learnt, later.astype({"defaulted": bool})), task, settings)
        model = one.model
        if parts.by_time:
            blind.append(one.predict_out_of_fold(panel[panel["split"] == "test"]))
            task.progress(f"{name}: fitted again on all labelled rows")
            newest = latest(labelled, task.settings.datasets.calibrate_share)
            model = replace(
                fit_candidate(name, (labelled, newest), task, settings).model, tested_model=model
            )
            predictions.append(predict_splits(model, panel))
        else:
            predictions.append(predict(model, panel[panel["split"] == "score"]))
            folds = _cross_validated(name, learnt, task, None if few else settings)
            repeats.append(folds)
            predictions.append(_average_repeats(folds, model))
        near = reference_group.fit_reference_group(
            model.ranker, labelled, task.settings.explain.peers_share
        )
        models[name] = replace(model, reference_group=near)
    return FitResult(
        models,
        _concat(predictions),
        _concat(blind),
        _concat(repeats),
        _concat(trials),
        leaks,
    )


def _equal_candidate(
    name: str, models: Mapping[str, RiskModel], labelled: pd.DataFrame, task: FitTask
) -> str | None:
    """The candidate fitted before whose fit this one's would be: they differ in signs alone, and
    nothing has one."""
    alike = [
        other
        for other in models
        if name == LEARNERS[other].same_without_signs or other == LEARNERS[name].same_without_signs
    ]
    if not alike:
        return None
    inputs = fit_inputs(labelled, task.definitions, task.settings.model.most_levels)
    return None if any(inputs.signs) else alike[0]


def _rename_model(name: str, model: RiskModel) -> RiskModel:
    """The model by another name, and so what was tested in its place."""
    tested = model.tested_model and _rename_model(name, model.tested_model)
    return replace(model, name=name, tested_model=tested)


def _relabel(name: str, table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(model=name)


def _is_of(name: str, table: pd.DataFrame) -> bool:
    return bool((table["model"] == name).all())


def replay(model: RiskModel, panel: pd.DataFrame) -> FitResult:
    """A model that stands, on a new panel: nothing is learnt; its leaks are those it remembers."""
    none = pd.DataFrame()
    leaks = pd.DataFrame(list(model.facts.get("suspects", ())), columns=suspects_table(()).columns)
    return FitResult({model.name: model}, predict_splits(model, panel), none, none, none, leaks)


def predict_splits(model: RiskModel, panel: pd.DataFrame) -> pd.DataFrame:
    """What a model says of a panel: rows to score and, as `train_all`, the labelled ones; the rows of
    fit, calibrate and test are said by the model that was tested in its place."""
    if model.tested_model is None:
        return predict(model, panel)
    own = panel["split"].where(panel["split"] == "score", "train_all")
    known = panel["split"].isin(["fit", "calibrate", "test"])
    both = [predict(model.tested_model, panel[known]), predict(model, panel.assign(split=own))]
    return pd.concat(both, ignore_index=True)


def predict(model: RiskModel, rows: pd.DataFrame) -> pd.DataFrame:
    """The model's predictions beside the rows' keys."""
    keys = rows[[*KEY, "split", "defaulted"]].assign(model=model.name)
    return keys.join(model.score(rows))


def fit_ranker(name: str, rows: pd.DataFrame, task: FitTask, settings: ModelSettings) -> Ranker:
    """One candidate's ranking, learnt from the rows (`defaulted` and features)."""
    run = task.settings.run
    inputs = fit_inputs(rows, task.definitions, settings.most_levels)
    return LEARNERS[name].fit(rows, inputs, settings, seed=run.seed, threads=run.threads)


def fit_candidate(
    name: str, samples: tuple[pd.DataFrame, pd.DataFrame], task: FitTask, settings: ModelSettings
) -> Candidate:
    """One model: ranked on the first sample, calibrated on the second by rankings that are blind
    to each enterprise (where the others hold one outcome only, by the whole ranking). The second
    may lie inside the first."""
    rows, later = samples
    everyone = pd.concat([rows, later]).drop_duplicates(KEY, keep="last")
    fold = _folds(everyone, task)
    mine, of = rows["enterprise_id"].map(fold), everyone["enterprise_id"].map(fold).to_numpy()
    ranker = fit_ranker(name, rows, task, settings)
    settings = settings.model_copy(update=dict(LEARNERS[name].chosen_settings(ranker)))
    rankers: dict[int, Ranker] = {}
    raw = np.empty(len(everyone))
    for k in sorted(fold.unique()):
        seen = rows[mine != k]
        rankers[k] = (
            fit_ranker(name, seen, task, settings) if seen["defaulted"].nunique() > 1 else ranker
        )
        raw[of == k] = rankers[k].raw(everyone[of == k])
    blind = _out_of_fold(raw, everyone, later)
    anchor = _level_anchor(everyone, task.settings.model)
    calibration = fit_calibration(blind, _calibration_options(task), anchor)
    tuned = {key: getattr(settings, key) for key in _tuned_names(name)}
    facts = {**task.facts, "tuned": tuned, "rows": _count_rows(everyone)}
    grades = _fit_scale(calibration.pd(blind.raw[blind.later]), later, task.settings.model)
    whole = RiskModel(name, ranker, calibration, grades, facts)
    others = {
        k: replace(whole, ranker=one, calibration=_recalibrate(calibration, blind, of != k, anchor))
        for k, one in rankers.items()
    }
    return Candidate(whole, others, fold)


def _count_rows(rows: pd.DataFrame) -> dict[str, str | int]:
    """How many rows and defaults of which dates."""
    first, last = (f"{day:%Y-%m-%d}" for day in (rows["as_of"].min(), rows["as_of"].max()))
    return {"from": first, "to": last, "rows": len(rows), "defaults": int(rows["defaulted"].sum())}


def _out_of_fold(raw: Array, everyone: pd.DataFrame, later: pd.DataFrame) -> OutOfFold:
    """The scores with their labels; the later rows stand last."""
    is_later = np.arange(len(everyone)) >= len(everyone) - len(later)
    labels = everyone["defaulted"].to_numpy(float)
    return OutOfFold(raw, labels, everyone["enterprise_id"].reset_index(drop=True), is_later)


def _recalibrate(
    known: Calibration, out_of_fold: OutOfFold, others: npt.NDArray[np.bool_], anchor: float | None
) -> Calibration:
    """The calibration of other enterprises' rows, where these hold both outcomes."""
    labels = out_of_fold.defaulted[others & out_of_fold.later]
    able = 0 < labels.sum() < len(labels)
    return refit_calibration(known, out_of_fold.select(others), anchor) if able else known


def _level_anchor(everyone: pd.DataFrame, model: ModelSettings) -> float | None:
    """The default rate that the settings hold the level to; None: that of the later rows."""
    if model.anchor == "long_run":
        return long_run_rate(everyone)
    return model.anchor if isinstance(model.anchor, float) else None


def _calibration_options(task: FitTask) -> CalibrationOptions:
    model = task.settings.model
    return CalibrationOptions(
        model.calibration, model.interval_draws, model.interval, model.cycle, task.settings.run.seed
    )


def long_run_rate(rows: pd.DataFrame) -> float:
    """The mean of the years' default rates, each year of as-of dates counting once.

    EBA/GL/2017/16, paragraphs 82 and 83: the long-run average of one-year default rates.
    """
    years = rows["defaulted"].astype(float).groupby(rows["as_of"].dt.year)
    return float(years.mean().mean())


def _fit_scale(pd_12m: Array, later: pd.DataFrame, model: ModelSettings) -> MasterScale:
    own = [later["enterprise_id"].to_numpy(), MasterScale(model.grade_bounds).assign(pd_12m)]
    weight = 1 / pd.Series(pd_12m).groupby(own).transform("size").to_numpy(float)
    rows = GradedRows(pd_12m, later["defaulted"].to_numpy(float), weight)
    return fit_master_scale(model.grade_bounds, rows, model.min_defaults_per_grade)


def _tune(
    name: str, rows: pd.DataFrame, task: FitTask, *, trials: int
) -> tuple[ModelSettings, list[Trial]]:
    """The candidate's settings after so many trials on folds of the rows."""
    model = task.settings.model.model_copy(update={"trials": trials})
    some = drawn(rows, model.tuning_rows, task.settings.run.seed)
    known = task.finished_trials.get(name, ())
    numbers = count(len(known) + 1)
    settings, tries = tune(
        LEARNERS[name],
        _search(some, task, model),
        known,
        lambda trial: _keep(task, name, trial, f"{next(numbers)} of {trials}"),
    )
    if len(some) < len(rows) and LEARNERS[name].losses:
        once = settings.model_copy(update={"trials": 1, "trees": model.trees})
        settings, _ = tune(LEARNERS[name], _search(rows, task, once), (), lambda _: None)
    return settings, tries


def _search(rows: pd.DataFrame, task: FitTask, settings: ModelSettings) -> Search:
    rows = rows.reset_index(drop=True)
    inputs = fit_inputs(rows, task.definitions, settings.most_levels)
    fold = rows["enterprise_id"].map(_folds(rows, task)).to_numpy()
    run = task.settings.run
    return Search(rows, fold, inputs, settings, run.seed, run.threads)


def _keep(task: FitTask, name: str, trial: Trial, which: str) -> None:
    if task.on_trial:
        task.on_trial(name, trial)
    task.progress(f"{name}: trial {which} done")


def _folds(rows: pd.DataFrame, task: FitTask) -> pd.Series:
    """The fold of each enterprise, defaulters spread evenly."""
    model, run = task.settings.model, task.settings.run
    splits = task.settings.datasets.model_copy(update={"folds": model.inner_folds, "repeats": 1})
    rows = rows.reset_index(drop=True)
    _, fold = next(balanced_folds(rows, splits, run.seed))
    return pd.Series(fold.to_numpy(int), index=rows["enterprise_id"]).groupby(level=0).first()


def _tuned_names(name: str) -> list[str]:
    """The settings that tuning may have changed."""
    kind = LEARNERS[name]
    return [*kind.search_space, *(["trees"] if kind.losses else [])]


def _find_leaks(learnt: pd.DataFrame, later: pd.DataFrame, task: FitTask) -> pd.DataFrame:
    """Columns taken for leaks, and those that rank well in the fit rows and hardly later."""
    found = [find_suspects(learnt, task.definitions, task.settings)]
    if later["defaulted"].nunique() > 1:
        later, named = later.astype({"defaulted": bool}), set(found[0]["feature"])
        others = [feature for feature in task.definitions if feature.name not in named]
        found.append(find_fading(learnt, later, others, task.settings))
    return pd.concat([one for one in found if len(one)] or [suspects_table(())], ignore_index=True)


def exclude_leaks(leaks: pd.DataFrame, task: FitTask) -> FitTask:
    """The task without the columns that are left out as leaks."""
    out = excluded_names(leaks)
    return replace(
        task, definitions=[feature for feature in task.definitions if feature.name not in out]
    )


def _record_suspects(leaks: pd.DataFrame, task: FitTask) -> FitTask:
    """The task with the suspects among the facts, so that a model's replay still names them."""
    plain = leaks.astype(object).where(leaks.notna(), None).to_dict("records")
    return replace(task, facts={**task.facts, "suspects": plain})


def _cross_validated(
    name: str, rows: pd.DataFrame, task: FitTask, settings: ModelSettings | None
) -> pd.DataFrame:
    """Out-of-fold predictions of every repeat: ranking and calibration never saw the enterprise.

    `settings` None: the number of rounds is looked for in every fold anew, as few defaults demand.
    """
    rows, found = rows.reset_index(drop=True), []
    task = _lighten(task)
    splits = task.settings.datasets
    splits = splits if settings is None else splits.model_copy(update={"repeats": 1})
    for repeat, fold in balanced_folds(rows, splits, task.settings.run.seed):
        task.progress(f"{name}: repeat {repeat + 1} of {splits.repeats}")
        for k in sorted(fold.unique()):
            seen = rows[fold != k].reset_index(drop=True)
            own = settings or _tune(name, seen, task, trials=1)[0]
            model = fit_candidate(name, (seen, seen), task, own).model
            found.append(predict(model, rows[fold == k]).assign(repeat=repeat, split="test"))
    return pd.concat(found, ignore_index=True)


def _lighten(task: FitTask) -> FitTask:
    """The task for models of a fold: no trials kept, and a quarter of the bootstrap's draws, since
    the folds' intervals are averaged."""
    draws = max(task.settings.model.interval_draws // 4, MIN_DRAWS)
    model = task.settings.model.model_copy(update={"interval_draws": draws})
    settings = task.settings.model_copy(update={"model": model})
    return replace(task, settings=settings, finished_trials={}, on_trial=None)


def _average_repeats(folds: pd.DataFrame, model: RiskModel) -> pd.DataFrame:
    """The mean of the out-of-fold predictions over the repeats, graded on the final scale."""
    keys = [*KEY, "split", "defaulted", "model"]
    mean = folds.groupby(keys, sort=True)[PREDICTED].mean().reset_index()
    return mean.assign(grade=model.grades.assign(mean["pd_12m"].to_numpy()))


def _trials_table(name: str, trials: Sequence[Trial]) -> pd.DataFrame:
    """The trials: model, trial, log_loss, rounds, pruned, and what was tried as JSON."""
    return pd.DataFrame(
        [
            {
                "model": name,
                "trial": number,
                "log_loss": trial.losses[-1],
                "rounds": trial.rounds,
                "pruned": trial.pruned,
                "settings": json.dumps(dict(trial.params), sort_keys=True),
            }
            for number, trial in enumerate(trials)
        ]
    )


def _concat(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    some = [table for table in tables if len(table)]
    return pd.concat(some, ignore_index=True) if some else pd.DataFrame()
