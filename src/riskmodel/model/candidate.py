"""One candidate: its ranking, and the calibration by rankings that never saw the enterprise."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.datasets.panel import KEY
from riskmodel.model.calibration import (
    Calibration,
    CalibrationOptions,
    OutOfFold,
    fit_calibration,
    refit_calibration,
)
from riskmodel.model.directions import prepare_inputs, released_names
from riskmodel.model.learners.interface import LEARNERS, Ranker
from riskmodel.model.learners.trees import MIN_ROWS_FOR_THREADS
from riskmodel.model.master_scale import GradedRows, MasterScale, fit_master_scale
from riskmodel.model.predictions import predict
from riskmodel.model.risk_model import RiskModel
from riskmodel.model.task import FitTask, assign_folds
from riskmodel.settings import ModelSettings

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Candidate:
    """A model, and the same by the folds of enterprises that it was calibrated with.

    `fold` says which of `fold_models` has a ranking and a calibration fitted without an enterprise;
    other enterprises are unknown to `model` itself. What is chosen rather than fitted (settings, leaks, the
    calibration's form, the scale) is chosen on all fit and calibrate rows.
    """

    model: RiskModel
    fold_models: Mapping[int, RiskModel]
    fold: pd.Series

    def predict_out_of_fold(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Predict each row by a model that never saw its enterprise."""
        place = rows["enterprise_id"].map(self.fold).fillna(-1).astype(int)
        found = [predict(self.model, rows.iloc[:0])]
        found += [
            predict(self.fold_models.get(int(k), self.model), group)
            for k, group in rows.groupby(place)
        ]
        return pd.concat([one for one in found if len(one)] or found).loc[rows.index]


def fit_ranker(name: str, rows: pd.DataFrame, task: FitTask, settings: ModelSettings) -> Ranker:
    """Fit one candidate's ranking to rows of features and `defaulted`."""
    run = task.settings.run
    inputs = prepare_inputs(rows, task.definitions, settings)
    return LEARNERS[name].fit(rows, inputs, settings, seed=run.seed, threads=run.threads)


def fit_candidate(
    name: str, samples: tuple[pd.DataFrame, pd.DataFrame], task: FitTask, settings: ModelSettings
) -> Candidate:
    """Fit one model: ranked on the first sample, calibrated on the second.

    Calibration sees scores of rankings fitted without the enterprise; where the others hold one
    outcome only, of the whole ranking. The second sample may lie inside the first.
    """
    rows, later = samples
    everyone = pd.concat([rows, later]).drop_duplicates(KEY, keep="last")
    fold = assign_folds(everyone, task)
    ranker = fit_ranker(name, rows, task, settings)
    settings = settings.with_values(dict(LEARNERS[name].chosen_settings(ranker)))
    rankers = _fit_fold_rankers(name, rows, fold, (task, settings), ranker)
    of = everyone["enterprise_id"].map(fold).to_numpy()
    out_of_fold = _score_out_of_fold(rankers, of, everyone, later)
    anchor = _level_anchor(everyone, task.settings.model)
    calibration = fit_calibration(out_of_fold, _calibration_options(task), anchor)
    tuned = {key: settings.value(key) for key in LEARNERS[name].tuned_settings}
    facts = {**task.facts, "tuned": tuned, "rows": _count_rows(everyone)}
    facts["released"] = list(released_names(ranker.inputs, task.definitions))
    later_pds = calibration.pd(out_of_fold.raw[out_of_fold.later])
    grades = _fit_scale(later_pds, later, task.settings.model)
    whole = RiskModel(name, ranker, calibration, grades, facts)
    fold_models = {
        k: replace(
            whole, ranker=one, calibration=_recalibrate(calibration, out_of_fold, of != k, anchor)
        )
        for k, one in rankers.items()
    }
    return Candidate(whole, fold_models, fold)


def _fit_fold_rankers(
    name: str,
    rows: pd.DataFrame,
    fold: pd.Series,
    given: tuple[FitTask, ModelSettings],
    whole: Ranker,
) -> dict[int, Ranker]:
    """A ranking without the enterprises of each fold; the whole one where one outcome is left.

    Few rows are fitted on one thread each, so as many folds go at once as there are threads.
    """
    own, run = rows["enterprise_id"].map(fold), given[0].settings.run

    def fit(k: int) -> Ranker:
        others = rows[own != k]
        able = others["defaulted"].nunique() > 1
        return fit_ranker(name, others, *given) if able else whole

    folds = sorted(fold.unique())
    with ThreadPoolExecutor(run.threads if len(rows) < MIN_ROWS_FOR_THREADS else 1) as pool:
        return dict(zip(folds, pool.map(fit, folds), strict=True))


def _score_out_of_fold(
    rankers: Mapping[int, Ranker],
    of: npt.NDArray[np.int64],
    everyone: pd.DataFrame,
    later: pd.DataFrame,
) -> OutOfFold:
    """The scores by rankings without the enterprise, with labels; the later rows stand last."""
    raw = np.empty(len(everyone))
    for k, ranker in rankers.items():
        raw[of == k] = ranker.raw(everyone[of == k])
    is_later = np.arange(len(everyone)) >= len(everyone) - len(later)
    labels = everyone["defaulted"].to_numpy(float)
    return OutOfFold(raw, labels, everyone["enterprise_id"].reset_index(drop=True), is_later)


def long_run_rate(rows: pd.DataFrame) -> float:
    """Compute the mean of the years' default rates, each year of as-of dates counting once.

    EBA/GL/2017/16, paragraphs 82 and 83: the long-run average of one-year default rates.
    """
    years = rows["defaulted"].astype(float).groupby(rows["as_of"].dt.year)
    return float(years.mean().mean())


def _count_rows(rows: pd.DataFrame) -> dict[str, str | int]:
    """Count rows and defaults, with the first and last date."""
    first, last = (f"{day:%Y-%m-%d}" for day in (rows["as_of"].min(), rows["as_of"].max()))
    return {"from": first, "to": last, "rows": len(rows), "defaults": int(rows["defaulted"].sum())}


def _recalibrate(
    known: Calibration, out_of_fold: OutOfFold, others: npt.NDArray[np.bool_], anchor: float | None
) -> Calibration:
    """The calibration of other enterprises' rows, where these hold both outcomes."""
    labels = out_of_fold.defaulted[others & out_of_fold.later]
    able = 0 < labels.sum() < len(labels)
    return refit_calibration(known, out_of_fold.select(others), anchor) if able else known


def _level_anchor(everyone: pd.DataFrame, model: ModelSettings) -> float | None:
    """The default rate that the settings hold the level to; None: that of the later rows."""
    if model.calibration.central_tendency == "long_run":
        return long_run_rate(everyone)
    return (
        model.calibration.central_tendency
        if isinstance(model.calibration.central_tendency, float)
        else None
    )


def _calibration_options(task: FitTask) -> CalibrationOptions:
    model = task.settings.model
    return CalibrationOptions(
        model.calibration.method,
        model.calibration.bootstrap_draws,
        model.calibration.confidence_level,
        model.calibration.cycle_sd,
        task.settings.run.seed,
    )


def _fit_scale(pd_12m: Array, later: pd.DataFrame, model: ModelSettings) -> MasterScale:
    own = [
        later["enterprise_id"].to_numpy(),
        MasterScale(model.master_scale.pd_bounds).assign(pd_12m),
    ]
    weight = 1 / pd.Series(pd_12m).groupby(own).transform("size").to_numpy(float)
    rows = GradedRows(pd_12m, later["defaulted"].to_numpy(float), weight)
    return fit_master_scale(
        model.master_scale.pd_bounds, rows, model.master_scale.min_defaults_per_grade
    )
