"""Monotone boosted trees: the only place that imports LightGBM."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.model.inputs import Inputs
from riskmodel.settings import ModelSettings

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Trees:
    """Boosted trees as LightGBM's own text."""

    inputs: Inputs
    text: str
    threads: int = 1

    @cached_property
    def booster(self) -> Any:
        """The booster, read from its text once."""
        import lightgbm

        return lightgbm.Booster(model_str=self.text)

    def raw(self, frame: pd.DataFrame) -> Array:
        """The score in log-odds, before calibration; one value a row."""
        matrix = self.inputs.matrix(frame)
        if not len(matrix):
            return np.empty(0)
        scores = self.booster.predict(matrix, raw_score=True, num_threads=self.threads)
        return np.asarray(scores, dtype=float)

    def contributions(self, frame: pd.DataFrame) -> Array:
        """Exact Shapley values in log-odds: rows x (features, then the mean score)."""
        matrix = self.inputs.matrix(frame)
        if not len(matrix):
            return np.empty((0, matrix.shape[1] + 1))
        shares = self.booster.predict(matrix, pred_contrib=True, num_threads=self.threads)
        return np.asarray(shares, dtype=float)


SMALL = 20_000
"""Fewer rows are fitted on one thread: handing them round costs more than it saves."""


def parameters(settings: ModelSettings, rows: int, seed: int, threads: int) -> dict[str, Any]:
    """LightGBM's parameters; a leaf never asks for more than a twentieth of the rows."""
    return {
        "objective": "binary",
        "learning_rate": settings.learning_rate,
        "num_leaves": settings.leaves,
        "max_depth": settings.depth,
        "min_data_in_leaf": max(2, min(settings.min_rows_per_leaf, rows // 20)),
        "bagging_fraction": settings.row_share,
        "bagging_freq": 1,
        "feature_fraction": settings.feature_share,
        "lambda_l2": settings.l2,
        "monotone_constraints_method": "basic",
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": threads if rows >= SMALL else 1,
        "seed": seed,
        "verbosity": -1,
    }


def grow(rows: pd.DataFrame, inputs: Inputs, how: dict[str, Any], rounds: int) -> Trees:
    """Trees fitted to `defaulted` with the cards' monotone signs."""
    import lightgbm

    how = {**how, "monotone_constraints": list(inputs.signs)}
    booster = lightgbm.train(how, _dataset(rows, inputs), num_boost_round=rounds)
    return Trees(inputs, booster.model_to_string(), how["num_threads"])


def best_rounds(
    rows: pd.DataFrame, fold: pd.Series, inputs: Inputs, how: dict[str, Any], most: int
) -> int:
    """The number of rounds with the least log loss over the folds (by enterprise) of the fit rows."""
    import lightgbm

    place = np.arange(len(rows))
    folds = [(place[fold != k], place[fold == k]) for k in sorted(fold.unique())]
    how = {**how, "monotone_constraints": list(inputs.signs), "metric": "binary_logloss"}
    losses = lightgbm.cv(how, _dataset(rows, inputs), num_boost_round=most, folds=folds)
    return int(np.argmin(losses["valid binary_logloss-mean"])) + 1


def _dataset(rows: pd.DataFrame, inputs: Inputs) -> Any:
    import lightgbm

    return lightgbm.Dataset(
        inputs.matrix(rows),
        label=rows["defaulted"].astype(float).to_numpy(),
        categorical_feature=[inputs.names.index(name) for name in inputs.levels],
        params={"verbosity": -1},
        free_raw_data=False,
    )
