"""Fitting: every candidate on the same rows, calibrated on rows that its ranking has not seen."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.datasets import Split, balanced_folds
from riskmodel.errors import SettingsError
from riskmodel.features.language import Card
from riskmodel.model import one_number, trees
from riskmodel.model.calibrate import calibrate
from riskmodel.model.grade import merged
from riskmodel.model.inputs import learn_inputs
from riskmodel.model.risk_model import RiskModel
from riskmodel.settings import Settings

Array = npt.NDArray[np.float64]
Ranker = trees.Trees | one_number.OneNumber
Progress = Callable[[str], None]
PREDICTED = ["pd_12m", "pd_low", "pd_high"]


@dataclass(frozen=True)
class Task:
    """What every candidate is given: the cards, the settings and facts to remember."""

    cards: Sequence[Card]
    settings: Settings
    facts: Mapping[str, Any] = field(default_factory=dict)
    progress: Progress | None = None

    def tell(self, words: str) -> None:
        """Progress, where somebody listens."""
        if self.progress:
            self.progress(words)


@dataclass(frozen=True)
class Fitted:
    """The candidates' models by name, their predictions, and those of every repeat of the folds.

    `predictions`: enterprise_id, as_of, split, defaulted, model, pd_12m, pd_low, pd_high, grade.
    Under cross-validation the rows of `test` are out-of-fold means. `repeats`: the same rows with
    `repeat`; empty for a split by time.
    """

    models: Mapping[str, RiskModel]
    predictions: pd.DataFrame
    repeats: pd.DataFrame


def fit(panel: pd.DataFrame, parts: Split, task: Task) -> Fitted:
    """All candidates of the settings on the panel; see `Fitted`."""
    models: dict[str, RiskModel] = {}
    predictions, repeats = [], []
    for name in task.settings.model.candidates:
        task.tell(f"fitting {name}")
        models[name] = _final(name, panel, parts, task)
        scored = panel if parts.by_time else panel[panel["split"] == "score"]
        predictions.append(predict(models[name], scored))
        if not parts.by_time:
            folds = _cross_validated(models[name], panel[panel["split"] == "fit"], task)
            repeats.append(folds)
            predictions.append(_averaged(folds, models[name]))
    empty = pd.DataFrame(columns=["repeat"])
    return Fitted(
        models,
        pd.concat(predictions, ignore_index=True),
        pd.concat(repeats, ignore_index=True) if repeats else empty,
    )


def predict(model: RiskModel, rows: pd.DataFrame) -> pd.DataFrame:
    """The model's predictions beside the rows' keys."""
    keys = rows[["enterprise_id", "as_of", "split", "defaulted"]].assign(model=model.name)
    return keys.join(model.score(rows))


def learn(name: str, rows: pd.DataFrame, task: Task, rounds: int | None = None) -> Ranker:
    """One candidate's ranking, learnt from the rows (`defaulted` and features)."""
    model = task.settings.model
    inputs = learn_inputs(rows, task.cards, model.most_levels)
    if name == "one_number":
        _checked_number(model.one_number, rows)
        return one_number.choose(rows, inputs, model.one_number)
    how = _parameters(rows, task)
    rounds = rounds or trees.best_rounds(rows, _inner_folds(rows, task), inputs, how, model.trees)
    return trees.grow(rows, inputs, how, rounds)


def _final(name: str, panel: pd.DataFrame, parts: Split, task: Task) -> RiskModel:
    """The ranking of the fit rows, calibrated on the calibrate rows, or on held-out folds."""
    rows = panel[panel["split"] == "fit"].astype({"defaulted": bool})
    later = panel[panel["split"] == "calibrate"] if parts.by_time else rows
    return fitted(name, (rows, later.astype({"defaulted": bool})), task)


def fitted(
    name: str, samples: tuple[pd.DataFrame, pd.DataFrame], task: Task, rounds: int | None = None
) -> RiskModel:
    """One model: ranked on the first sample, calibrated on the second by rankings that are blind
    to each enterprise."""
    settings = task.settings.model
    rows, later = samples
    ranker = learn(name, rows, task, rounds)
    raw = _blind_scores(name, ranker, rows, later, task)
    calibration = calibrate(
        raw,
        later["defaulted"].to_numpy(float),
        later["enterprise_id"],
        draws=settings.interval_draws,
        interval=settings.interval,
        seed=task.settings.run.seed,
    )
    grades = merged(settings.grade_bounds, calibration.pd(raw), settings.min_defaults_per_grade)
    return RiskModel(name, ranker, calibration, grades, task.facts)


def _blind_scores(
    name: str, ranker: Ranker, rows: pd.DataFrame, later: pd.DataFrame, task: Task
) -> Array:
    """Scores of the later rows, each by a ranking that never saw the row's enterprise."""
    everyone = pd.concat([rows, later])
    fold = _inner_folds(everyone.reset_index(drop=True), task).to_numpy()
    mine, theirs = fold[: len(rows)], fold[len(rows) :]
    rounds = _rounds(ranker)
    raw = np.empty(len(later))
    for k in np.unique(theirs):
        blind = rows[mine != k]
        able = blind["defaulted"].nunique() > 1
        one = learn(name, blind, task, rounds) if able else ranker
        raw[theirs == k] = one.raw(later[theirs == k])
    return raw


def _rounds(ranker: Ranker) -> int | None:
    return ranker.booster.num_trees() if isinstance(ranker, trees.Trees) else None


def _inner_folds(rows: pd.DataFrame, task: Task) -> pd.Series:
    model, run = task.settings.model, task.settings.run
    how = task.settings.datasets.model_copy(update={"folds": model.inner_folds, "repeats": 1})
    _, fold = next(balanced_folds(rows, how, run.seed))
    return fold


def _parameters(rows: pd.DataFrame, task: Task) -> dict[str, Any]:
    run = task.settings.run
    return trees.parameters(task.settings.model, len(rows), run.seed, run.threads)


def _cross_validated(whole: RiskModel, rows: pd.DataFrame, task: Task) -> pd.DataFrame:
    """Out-of-fold predictions of every repeat: model and calibration never saw the enterprise.

    With plenty of defaults there is one repeat, and the number of rounds is the whole model's.
    """
    rows = rows.astype({"defaulted": bool}).reset_index(drop=True)
    how, found = task.settings.datasets, []
    plenty = rows["defaulted"].sum() >= how.plenty_defaults
    how = how.model_copy(update={"repeats": 1}) if plenty else how
    rounds = _rounds(whole.ranker) if plenty else None
    for repeat, fold in balanced_folds(rows, how, task.settings.run.seed):
        task.tell(f"{whole.name}: repeat {repeat + 1} of {how.repeats}")
        for k in sorted(fold.unique()):
            seen = rows[fold != k].reset_index(drop=True)
            model = fitted(whole.name, (seen, seen), task, rounds)
            found.append(predict(model, rows[fold == k]).assign(repeat=repeat, split="test"))
    return pd.concat(found, ignore_index=True)


def _averaged(folds: pd.DataFrame, model: RiskModel) -> pd.DataFrame:
    """The mean of the out-of-fold predictions over the repeats, graded on the final scale."""
    keys = ["enterprise_id", "as_of", "split", "defaulted", "model"]
    mean = folds.groupby(keys, sort=True)[PREDICTED].mean().reset_index()
    return mean.assign(grade=model.grades.of(mean["pd_12m"].to_numpy()))


def _checked_number(name: str, rows: pd.DataFrame) -> None:
    if name != "auto" and name not in rows:
        raise SettingsError(f"model.one_number: no feature is called {name}. Name a card.")
