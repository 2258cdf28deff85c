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
from riskmodel.model.calibration import Blind, Calibration, How, calibrate, recalibrated
from riskmodel.model.inputs import learn_inputs
from riskmodel.model.leakage.suspects import as_table, fading, left_out, suspects
from riskmodel.model.learners.interface import LADDER, Ranker
from riskmodel.model.master_scale import Graded, Grades, master_scale
from riskmodel.model.risk_model import RiskModel
from riskmodel.model.tuning import Search, Trial, tuned
from riskmodel.progress import Progress, no_progress
from riskmodel.settings import ModelSettings, Settings

Array = npt.NDArray[np.float64]
FEWEST_DRAWS = 20
PREDICTED = ["pd_12m", "pd_low", "pd_high"]


@dataclass(frozen=True)
class Task:
    """What every candidate is given: the features, the settings and facts to remember.

    `tried` are trials of the tuning that an earlier go finished, by candidate; `keep` is called
    with each new one.
    """

    definitions: Sequence[FeatureDefinition]
    settings: Settings
    facts: Mapping[str, Any] = field(default_factory=dict)
    progress: Progress = no_progress
    tried: Mapping[str, Sequence[Trial]] = field(default_factory=dict)
    keep: Callable[[str, Trial], None] | None = None


@dataclass(frozen=True)
class Fitted:
    """The candidates' models by name, and what they say.

    `predictions`: enterprise_id, as_of, split, defaulted, model, pd_12m, pd_low, pd_high, grade:
    see `said`; under cross-validation the rows of `test` are out-of-fold means.
    `blind`: the same of the test rows, each by a ranking and a calibration that never saw the
    enterprise: out of time and out of enterprise, the headline. `repeats`: out-of-fold rows with
    `repeat`. `trials`: model, trial, settings, log_loss, rounds, pruned. `suspects`: columns taken
    for leaks. Tables that do not apply are empty.
    """

    models: Mapping[str, RiskModel]
    predictions: pd.DataFrame
    blind: pd.DataFrame
    repeats: pd.DataFrame
    trials: pd.DataFrame
    suspects: pd.DataFrame


@dataclass(frozen=True)
class Candidate:
    """A model, and the same by the folds of enterprises that it was calibrated with.

    `fold` says which of `blind` has a ranking and a calibration fitted without an enterprise; others
    are unknown to `model` itself. What is chosen rather than fitted (settings, leaks, the
    calibration's form, the scale) is chosen on all fit and calibrate rows.
    """

    model: RiskModel
    blind: Mapping[int, RiskModel]
    fold: pd.Series

    def blind_predictions(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Each row by a model that never saw its enterprise."""
        place = rows["enterprise_id"].map(self.fold).fillna(-1).astype(int)
        found = [predict(self.model, rows.iloc[:0])]
        found += [
            predict(self.blind.get(int(k), self.model), group) for k, group in rows.groupby(place)
        ]
        return pd.concat([one for one in found if len(one)] or found).loc[rows.index]


def fit(panel: pd.DataFrame, parts: Split, task: Task) -> Fitted:
    """All candidates of the settings on the panel; see `Fitted`.

    Where the rows are split by time, the model that is tested knows only what was known when the
    test begins. The model that scores is the same fit on all labelled rows: years younger, and of
    more defaults.
    """
    labelled = panel[panel["split"] != "score"].astype({"defaulted": bool})
    learnt = labelled[labelled["split"] == "fit"]
    leaks = _leaks(learnt, panel[panel["split"] == "calibrate"], task)
    task = _remembering(leaks, without(leaks, task))
    models: dict[str, RiskModel] = {}
    said_by: tuple[list[pd.DataFrame], ...] = ([], [], [], [])
    predictions, blind, repeats, trials = said_by
    # Few defaults without a date split: every fold looks for its own rounds, and nothing is tuned.
    few = not parts.by_time and learnt["defaulted"].sum() < task.settings.datasets.plenty_defaults
    for name in dict.fromkeys(task.settings.model.candidates):
        twin = _twin(name, models, labelled, task)
        if twin:
            task.progress(f"{name}: nothing has a sign, so it is {twin} by another name")
            models[name] = _called(name, models[twin])
            for tables in said_by:
                tables += [_of(name, one) for one in tables if len(one) and _is_of(twin, one)]
            continue
        task.progress(f"fitting {name}")
        budget = 1 if few else task.settings.model.trials
        how, tries = _tuned(name, learnt, task, trials=budget)
        trials.append(_table(name, tries))
        later = panel[panel["split"] == "calibrate"] if parts.by_time else learnt
        one = fitted(name, (learnt, later.astype({"defaulted": bool})), task, how)
        model = one.model
        if parts.by_time:
            blind.append(one.blind_predictions(panel[panel["split"] == "test"]))
            task.progress(f"{name}: fitted again on all labelled rows")
            newest = latest(labelled, task.settings.datasets.calibrate_share)
            model = replace(fitted(name, (labelled, newest), task, how).model, tested=model)
            predictions.append(said(model, panel))
        else:
            predictions.append(predict(model, panel[panel["split"] == "score"]))
            folds = _cross_validated(name, learnt, task, None if few else how)
            repeats.append(folds)
            predictions.append(_averaged(folds, model))
        near = reference_group.learn(model.ranker, labelled, task.settings.explain.peers_share)
        models[name] = replace(model, peers=near)
    return Fitted(
        models,
        _together(predictions),
        _together(blind),
        _together(repeats),
        _together(trials),
        leaks,
    )


def _twin(
    name: str, models: Mapping[str, RiskModel], labelled: pd.DataFrame, task: Task
) -> str | None:
    """The candidate fitted before whose fit this one's would be: they differ in signs alone, and
    nothing has one."""
    alike = [
        other
        for other in models
        if name == LADDER[other].without_signs or other == LADDER[name].without_signs
    ]
    if not alike:
        return None
    inputs = learn_inputs(labelled, task.definitions, task.settings.model.most_levels)
    return None if any(inputs.signs) else alike[0]


def _called(name: str, model: RiskModel) -> RiskModel:
    """The model by another name, and so what was tested in its place."""
    tested = model.tested and _called(name, model.tested)
    return replace(model, name=name, tested=tested)


def _of(name: str, table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(model=name)


def _is_of(name: str, table: pd.DataFrame) -> bool:
    return bool((table["model"] == name).all())


def replayed(model: RiskModel, panel: pd.DataFrame) -> Fitted:
    """A model that stands, on a new panel: nothing is learnt; its leaks are those it remembers."""
    none = pd.DataFrame()
    leaks = pd.DataFrame(list(model.facts.get("suspects", ())), columns=as_table(()).columns)
    return Fitted({model.name: model}, said(model, panel), none, none, none, leaks)


def said(model: RiskModel, panel: pd.DataFrame) -> pd.DataFrame:
    """What a model says of a panel: rows to score and, as `learnt`, the labelled ones; the rows of
    fit, calibrate and test are said by the model that was tested in its place."""
    if model.tested is None:
        return predict(model, panel)
    own = panel["split"].where(panel["split"] == "score", "learnt")
    known = panel["split"].isin(["fit", "calibrate", "test"])
    both = [predict(model.tested, panel[known]), predict(model, panel.assign(split=own))]
    return pd.concat(both, ignore_index=True)


def predict(model: RiskModel, rows: pd.DataFrame) -> pd.DataFrame:
    """The model's predictions beside the rows' keys."""
    keys = rows[[*KEY, "split", "defaulted"]].assign(model=model.name)
    return keys.join(model.score(rows))


def learn(name: str, rows: pd.DataFrame, task: Task, how: ModelSettings) -> Ranker:
    """One candidate's ranking, learnt from the rows (`defaulted` and features)."""
    run = task.settings.run
    inputs = learn_inputs(rows, task.definitions, how.most_levels)
    return LADDER[name].learn(rows, inputs, how, seed=run.seed, threads=run.threads)


def fitted(
    name: str, samples: tuple[pd.DataFrame, pd.DataFrame], task: Task, how: ModelSettings
) -> Candidate:
    """One model: ranked on the first sample, calibrated on the second by rankings that are blind
    to each enterprise (where the others hold one outcome only, by the whole ranking). The second
    may lie inside the first."""
    rows, later = samples
    everyone = pd.concat([rows, later]).drop_duplicates(KEY, keep="last")
    fold = _folds(everyone, task)
    mine, of = rows["enterprise_id"].map(fold), everyone["enterprise_id"].map(fold).to_numpy()
    ranker = learn(name, rows, task, how)
    how = how.model_copy(update=dict(LADDER[name].settled(ranker)))
    rankers: dict[int, Ranker] = {}
    raw = np.empty(len(everyone))
    for k in sorted(fold.unique()):
        seen = rows[mine != k]
        rankers[k] = learn(name, seen, task, how) if seen["defaulted"].nunique() > 1 else ranker
        raw[of == k] = rankers[k].raw(everyone[of == k])
    blind = _blind(raw, everyone, later)
    anchor = _anchor(everyone, task.settings.model)
    calibration = calibrate(blind, _how(task), anchor)
    learnt = {key: getattr(how, key) for key in _learnt(name)}
    facts = {**task.facts, "learnt": learnt, "rows": _counted(everyone)}
    grades = _graded(calibration.pd(blind.raw[blind.later]), later, task.settings.model)
    whole = RiskModel(name, ranker, calibration, grades, facts)
    others = {
        k: replace(
            whole, ranker=one, calibration=_recalibrated(calibration, blind, of != k, anchor)
        )
        for k, one in rankers.items()
    }
    return Candidate(whole, others, fold)


def _counted(rows: pd.DataFrame) -> dict[str, str | int]:
    """How many rows and defaults of which dates."""
    first, last = (f"{day:%Y-%m-%d}" for day in (rows["as_of"].min(), rows["as_of"].max()))
    return {"from": first, "to": last, "rows": len(rows), "defaults": int(rows["defaulted"].sum())}


def _blind(raw: Array, everyone: pd.DataFrame, later: pd.DataFrame) -> Blind:
    """The scores with their labels; the later rows stand last."""
    is_later = np.arange(len(everyone)) >= len(everyone) - len(later)
    labels = everyone["defaulted"].to_numpy(float)
    return Blind(raw, labels, everyone["enterprise_id"].reset_index(drop=True), is_later)


def _recalibrated(
    known: Calibration, blind: Blind, others: npt.NDArray[np.bool_], anchor: float | None
) -> Calibration:
    """The calibration of other enterprises' rows, where these hold both outcomes."""
    labels = blind.defaulted[others & blind.later]
    able = 0 < labels.sum() < len(labels)
    return recalibrated(known, blind.only(others), anchor) if able else known


def _anchor(everyone: pd.DataFrame, model: ModelSettings) -> float | None:
    """The default rate that the settings hold the level to; None: that of the later rows."""
    if model.anchor == "long_run":
        return long_run_rate(everyone)
    return model.anchor if isinstance(model.anchor, float) else None


def _how(task: Task) -> How:
    model = task.settings.model
    return How(
        model.calibration, model.interval_draws, model.interval, model.cycle, task.settings.run.seed
    )


def long_run_rate(rows: pd.DataFrame) -> float:
    """The mean of the years' default rates, each year of as-of dates counting once.

    EBA/GL/2017/16, paragraphs 82 and 83: the long-run average of one-year default rates.
    """
    years = rows["defaulted"].astype(float).groupby(rows["as_of"].dt.year)
    return float(years.mean().mean())


def _graded(pd_12m: Array, later: pd.DataFrame, model: ModelSettings) -> Grades:
    own = [later["enterprise_id"].to_numpy(), Grades(model.grade_bounds).of(pd_12m)]
    weight = 1 / pd.Series(pd_12m).groupby(own).transform("size").to_numpy(float)
    rows = Graded(pd_12m, later["defaulted"].to_numpy(float), weight)
    return master_scale(model.grade_bounds, rows, model.min_defaults_per_grade)


def _tuned(
    name: str, rows: pd.DataFrame, task: Task, *, trials: int
) -> tuple[ModelSettings, list[Trial]]:
    """The candidate's settings after so many trials on folds of the rows."""
    model = task.settings.model.model_copy(update={"trials": trials})
    some = drawn(rows, model.tuning_rows, task.settings.run.seed)
    known = task.tried.get(name, ())
    numbers = count(len(known) + 1)
    how, tries = tuned(
        LADDER[name],
        _search(some, task, model),
        known,
        lambda trial: _keep(task, name, trial, f"{next(numbers)} of {trials}"),
    )
    if len(some) < len(rows) and LADDER[name].losses:
        once = how.model_copy(update={"trials": 1, "trees": model.trees})
        how, _ = tuned(LADDER[name], _search(rows, task, once), (), lambda _: None)
    return how, tries


def _search(rows: pd.DataFrame, task: Task, how: ModelSettings) -> Search:
    rows = rows.reset_index(drop=True)
    inputs = learn_inputs(rows, task.definitions, how.most_levels)
    fold = rows["enterprise_id"].map(_folds(rows, task)).to_numpy()
    run = task.settings.run
    return Search(rows, fold, inputs, how, run.seed, run.threads)


def _keep(task: Task, name: str, trial: Trial, which: str) -> None:
    if task.keep:
        task.keep(name, trial)
    task.progress(f"{name}: trial {which} done")


def _folds(rows: pd.DataFrame, task: Task) -> pd.Series:
    """The fold of each enterprise, defaulters spread evenly."""
    model, run = task.settings.model, task.settings.run
    how = task.settings.datasets.model_copy(update={"folds": model.inner_folds, "repeats": 1})
    rows = rows.reset_index(drop=True)
    _, fold = next(balanced_folds(rows, how, run.seed))
    return pd.Series(fold.to_numpy(int), index=rows["enterprise_id"]).groupby(level=0).first()


def _learnt(name: str) -> list[str]:
    """The settings that tuning may have changed."""
    kind = LADDER[name]
    return [*kind.space, *(["trees"] if kind.losses else [])]


def _leaks(learnt: pd.DataFrame, later: pd.DataFrame, task: Task) -> pd.DataFrame:
    """Columns taken for leaks, and those that rank well in the fit rows and hardly later."""
    found = [suspects(learnt, task.definitions, task.settings)]
    if later["defaulted"].nunique() > 1:
        later, named = later.astype({"defaulted": bool}), set(found[0]["feature"])
        others = [feature for feature in task.definitions if feature.name not in named]
        found.append(fading(learnt, later, others, task.settings))
    return pd.concat([one for one in found if len(one)] or [as_table(())], ignore_index=True)


def without(leaks: pd.DataFrame, task: Task) -> Task:
    """The task without the columns that are left out as leaks."""
    out = left_out(leaks)
    return replace(
        task, definitions=[feature for feature in task.definitions if feature.name not in out]
    )


def _remembering(leaks: pd.DataFrame, task: Task) -> Task:
    """The task with the suspects among the facts, so that a model's replay still names them."""
    plain = leaks.astype(object).where(leaks.notna(), None).to_dict("records")
    return replace(task, facts={**task.facts, "suspects": plain})


def _cross_validated(
    name: str, rows: pd.DataFrame, task: Task, how: ModelSettings | None
) -> pd.DataFrame:
    """Out-of-fold predictions of every repeat: ranking and calibration never saw the enterprise.

    `how` None: the number of rounds is looked for in every fold anew, as few defaults demand.
    """
    rows, found = rows.reset_index(drop=True), []
    task = _light(task)
    settings = task.settings.datasets
    settings = settings if how is None else settings.model_copy(update={"repeats": 1})
    for repeat, fold in balanced_folds(rows, settings, task.settings.run.seed):
        task.progress(f"{name}: repeat {repeat + 1} of {settings.repeats}")
        for k in sorted(fold.unique()):
            seen = rows[fold != k].reset_index(drop=True)
            own = how or _tuned(name, seen, task, trials=1)[0]
            model = fitted(name, (seen, seen), task, own).model
            found.append(predict(model, rows[fold == k]).assign(repeat=repeat, split="test"))
    return pd.concat(found, ignore_index=True)


def _light(task: Task) -> Task:
    """The task for models of a fold: no trials kept, and a quarter of the bootstrap's draws, since
    the folds' intervals are averaged."""
    draws = max(task.settings.model.interval_draws // 4, FEWEST_DRAWS)
    model = task.settings.model.model_copy(update={"interval_draws": draws})
    settings = task.settings.model_copy(update={"model": model})
    return replace(task, settings=settings, tried={}, keep=None)


def _averaged(folds: pd.DataFrame, model: RiskModel) -> pd.DataFrame:
    """The mean of the out-of-fold predictions over the repeats, graded on the final scale."""
    keys = [*KEY, "split", "defaulted", "model"]
    mean = folds.groupby(keys, sort=True)[PREDICTED].mean().reset_index()
    return mean.assign(grade=model.grades.of(mean["pd_12m"].to_numpy()))


def _table(name: str, trials: Sequence[Trial]) -> pd.DataFrame:
    """The trials: model, trial, log_loss, rounds, pruned, and what was tried as JSON."""
    return pd.DataFrame(
        [
            {
                "model": name,
                "trial": number,
                "log_loss": trial.losses[-1],
                "rounds": trial.rounds,
                "pruned": trial.pruned,
                "settings": json.dumps(dict(trial.tried), sort_keys=True),
            }
            for number, trial in enumerate(trials)
        ]
    )


def _together(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    some = [table for table in tables if len(table)]
    return pd.concat(some, ignore_index=True) if some else pd.DataFrame()
