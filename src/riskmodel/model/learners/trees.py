"""Boosted trees averaged with a linear model, monotone where the inputs have signs: the only place
that imports LightGBM."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.model import unseen_missing
from riskmodel.model.inputs import Inputs
from riskmodel.model.learners import linear as lines
from riskmodel.model.learners.linear import LinearModel
from riskmodel.model.learners.monotone import check_signs
from riskmodel.model.learners.shapley.shapley import ShapleyTables, build_shapley_tables
from riskmodel.model.learners.staged_fit import StagedFit
from riskmodel.model.learners.tree_sizes import other_sizes, resolve_size
from riskmodel.settings import LinearSettings, TreesSettings

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Trees:
    """Boosted trees as LightGBM's own text, averaged with a linear model, if any, by its share."""

    inputs: Inputs
    text: str
    threads: int = 1
    linear: LinearModel | None = None

    @cached_property
    def booster(self) -> Any:
        """The booster, read from its text once."""
        import lightgbm

        return lightgbm.Booster(model_str=self.text)

    @cached_property
    def tables(self) -> ShapleyTables | None:
        """The tables of contributions, made once; None where LightGBM's own must do."""
        return build_shapley_tables(self.text)

    def raw(self, frame: pd.DataFrame) -> Array:
        """The score in log-odds, before calibration; one value a row."""
        return self.raw_of(self.inputs.matrix(frame))

    def raw_of(self, matrix: Array) -> Array:
        """The score of rows that `inputs.matrix` made; unknown values as `imputations` says."""
        return unseen_missing.score_rows(self.inputs, matrix, self._scores)

    def contributions(self, frame: pd.DataFrame) -> Array:
        """In log-odds, rows x (features, then the mean score): the trees' exact Shapley values
        averaged with the linear model's."""
        matrix = self.inputs.matrix(frame)
        return unseen_missing.explain_rows(self.inputs, matrix, self._scores, self._shares)

    def _scores(self, matrix: Array) -> Array:
        if not len(matrix):
            return np.empty(0)
        scores = self.booster.predict(matrix, raw_score=True, num_threads=self.threads)
        scores = np.asarray(scores, dtype=float)
        if self.linear is None:
            return scores
        return (1 - self.linear.share) * scores + self.linear.share * self.linear.raw_of(matrix)

    def _shares(self, matrix: Array) -> Array:
        shares = self._of_trees(matrix)
        if self.linear is None:
            return shares
        return (1 - self.linear.share) * shares + self.linear.share * self.linear.contributions(
            matrix
        )

    def _of_trees(self, matrix: Array) -> Array:
        if self.tables is not None:
            return self.tables.contributions(matrix, self.threads)
        if not len(matrix):
            return np.empty((0, matrix.shape[1] + 1))
        shares = self.booster.predict(matrix, pred_contrib=True, num_threads=self.threads)
        return np.asarray(shares, dtype=float)

    def to_files(self) -> dict[str, str]:
        """Return the booster's text, and the linear model's where there is one."""
        return {FILE: self.text} | (
            {} if self.linear is None else {LINEAR_FILE: self.linear.to_text()}
        )


FILE = "booster.txt"
LINEAR_FILE = "linear.json"
PAST_DUE = "past_due"
"""The column of early delinquency: see `datasets.early_delinquency`."""


def read_trees(inputs: Inputs, files: Mapping[str, str], threads: int) -> Trees:
    """Read the trees that `to_files` wrote."""
    line = LinearModel.from_text(files[LINEAR_FILE]) if LINEAR_FILE in files else None
    return Trees(inputs, files[FILE], threads, line)


MONOTONE_METHOD = "basic"
"""LightGBM's method for signs. Its "intermediate" and "advanced" grow trees that go against them
(experiments/LOG); what was grown is proven by `monotone` all the same."""
MIN_ROWS_FOR_THREADS = 20_000
"""Fewer rows are fitted on one thread: handing them round costs more than it saves."""


def fit_trees(
    rows: pd.DataFrame,
    inputs: Inputs,
    settings: TreesSettings,
    linear: LinearSettings,
    *,
    seed: int,
    threads: int,
    weights: Array | None = None,
) -> Trees:
    """Fit `settings.max_rounds` rounds to `defaulted`, monotone by the inputs' signs.

    Their scores are averaged with those of a linear model fitted to the same rows, whose share is
    `linear.weight`: both err on few defaults, and not alike.

    Where the rows say how far `past_due` they came in their horizon, a row that did not default
    counts as a part of a default by `settings.early_delinquency_weights` times their scale: in some
    economies arrears are the way into most defaults, and several times as frequent. Calibration
    sees defaults alone. `weights`, one a row, only where a sample must speak for another (selection).
    "auto" among the settings is what `resolve` says: tuning chooses before.
    """
    import lightgbm

    settings, linear = resolve(settings, rows["defaulted"]), resolve_linear(linear)
    given = _parameters(inputs, settings, rows, seed=seed, threads=threads)
    sample = inputs.matrix(rows), compute_targets(rows, settings)
    train = _dataset(sample, inputs)
    train.set_weight(weights)
    booster = lightgbm.train(given, train, num_boost_round=settings.max_rounds)
    text = _drop_thread_count(booster.model_to_string())
    check_signs(text, inputs)
    found = Trees(inputs, text, threads, _fit_linear(sample, inputs, linear, weights))
    return replace(found, inputs=unseen_missing.fit_imputations(inputs, sample[0], found.raw_of))


def _drop_thread_count(text: str) -> str:
    """A booster's text as if one thread had made it: it is the same for any number of them."""
    return re.sub(r"^\[num_threads: \d+\]$", "[num_threads: 1]", text, flags=re.MULTILINE)


PATIENCE = 2.0
"""Rounds without a lower loss after which no more are fitted, in steps that sum to this,"""
MIN_PATIENCE = 50
"""and at least so many of them."""
FEW_COLUMNS = 0.2
"""Of the columns, for each tree: where many say much the same, few at a time rank better."""
CELLS_A_SECOND = 1.5e8
"""Rows x features x rounds that a usual core fits in a second, by which work is counted."""


def fit_in_rounds(
    samples: tuple[pd.DataFrame, pd.DataFrame],
    inputs: Inputs,
    settings: TreesSettings,
    *,
    seed: int,
    threads: int,
) -> StagedFit:
    """Fit the trees to the first sample until rounds stop helping on the second, or
    `settings.max_rounds` of them."""
    import lightgbm

    settings = resolve(settings, samples[0]["defaulted"])
    given = _parameters(inputs, settings, samples[0], seed=seed, threads=threads)
    train, later = ((inputs.matrix(some), compute_targets(some, settings)) for some in samples)
    dataset = _dataset(train, inputs)
    curve: dict[str, dict[str, list[float]]] = {}
    booster = lightgbm.train(
        {**given, "metric": "cross_entropy"},
        dataset,
        num_boost_round=settings.max_rounds,
        valid_sets=[_dataset(later, inputs, dataset)],
        valid_names=["held"],
        callbacks=[
            lightgbm.record_evaluation(curve),
            lightgbm.early_stopping(_patience(settings), verbose=False),
        ],
        keep_training_booster=True,
    )
    losses = np.array(curve["held"]["cross_entropy"])

    def score(rounds: int) -> Array:
        raw = booster.predict(later[0], raw_score=True, num_iteration=rounds, num_threads=threads)
        return np.asarray(raw, dtype=float)

    return StagedFit(losses, score, train[0].size * len(losses) / CELLS_A_SECOND)


def _patience(settings: TreesSettings) -> int:
    return max(MIN_PATIENCE, math.ceil(PATIENCE / float(settings.learning_rate)))


def resolve(settings: TreesSettings, defaulted: pd.Series) -> TreesSettings:
    """Return numbers for "auto": the size that so many defaults bear, and defaults alone."""
    rarer = float(min(defaulted.sum(), len(defaulted) - defaulted.sum()))
    settings = resolve_size(settings, rarer)
    if settings.early_delinquency_scale != "auto":
        return settings
    return settings.with_values({"early_delinquency_scale": 0.0})


def resolve_linear(settings: LinearSettings) -> LinearSettings:
    """Return numbers for "auto" where nothing was searched: half, shrunk as is usual."""
    usual = {"weight": 0.5, "l2": 100.0}
    return settings.with_values(
        {name: value for name, value in usual.items() if settings.value(name) == "auto"}
    )


def plan(settings: TreesSettings, rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the values that a search tries first: early delinquency where it is known, few columns
    a tree, and sizes."""
    known = settings.early_delinquency_weights and PAST_DUE in rows and rows[PAST_DUE].gt(0).any()
    scales = [{"early_delinquency_scale": 1.0}] if known else []
    return [*scales, {"colsample": FEW_COLUMNS}, *other_sizes(settings)]


def _parameters(
    inputs: Inputs, settings: TreesSettings, rows: pd.DataFrame, *, seed: int, threads: int
) -> dict[str, Any]:
    """LightGBM's parameters; a leaf never asks for more than a twentieth of the rows."""
    return {
        "objective": "cross_entropy" if _uses_early_delinquency(rows, settings) else "binary",
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.num_leaves,
        "max_depth": settings.max_depth,
        "min_data_in_leaf": max(2, min(settings.min_child_samples, len(rows) // 20)),
        "bagging_fraction": settings.subsample,
        "bagging_freq": 1,
        "feature_fraction": settings.colsample,
        "lambda_l2": settings.l2,
        "monotone_constraints": list(inputs.signs),
        "monotone_constraints_method": MONOTONE_METHOD,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": threads if len(rows) >= MIN_ROWS_FOR_THREADS else 1,
        "seed": seed,
        "verbosity": -1,
    }


def _uses_early_delinquency(rows: pd.DataFrame, settings: TreesSettings) -> bool:
    return (
        bool(settings.early_delinquency_weights)
        and settings.early_delinquency_scale != 0
        and PAST_DUE in rows
    )


def compute_targets(rows: pd.DataFrame, settings: TreesSettings) -> Array:
    """1 for a default; else the part of one that the row's days past due stand for; else 0."""
    defaulted = rows["defaulted"].to_numpy(float)
    if not _uses_early_delinquency(rows, settings):
        return defaulted
    days = rows[PAST_DUE].fillna(0.0).to_numpy(float)
    partial = np.zeros(len(rows))
    for min_days, share in settings.early_delinquency_weights:
        partial = np.where(days >= min_days, share, partial)
    found: Array = np.maximum(defaulted, settings.early_delinquency_scale * partial)
    return found


def _fit_linear(
    sample: tuple[Array, Array], inputs: Inputs, settings: LinearSettings, weights: Array | None
) -> LinearModel | None:
    """Fit the linear model; None where the settings want none, or all rows have one outcome."""
    matrix, target = sample
    if not settings.weight or target.min() == target.max():
        return None
    found = lines.fit_linear(matrix, target, inputs, float(settings.l2), weights)
    return replace(found, share=float(settings.weight))


def _dataset(sample: tuple[Array, Array], inputs: Inputs, reference: Any = None) -> Any:
    import lightgbm

    matrix, target = sample
    return lightgbm.Dataset(
        matrix,
        label=target,
        categorical_feature=[inputs.names.index(name) for name in inputs.levels],
        reference=reference,
        params={"verbosity": -1},
        free_raw_data=False,
    )
