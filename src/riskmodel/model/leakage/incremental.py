"""Incremental tests: quick models of all columns, with and without one of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.features.ranking import COVERAGE
from riskmodel.model.leakage.univariate import LabelledRows, group_values, to_numbers
from riskmodel.statistics.discrimination import auc_difference

Array = npt.NDArray[np.float64]

MAX_COMPARED = 10
"""Columns that are set beside all others though they rank no better than most: what a model gains
little from is no leak that moves it."""
ROUNDS, QUICK = 60, {"learning_rate": 0.1, "num_leaves": 8, "lambda_l2": 10.0}
"""The quick models only rank columns against each other; they are kept nowhere."""


def most_used_columns(
    rows: pd.DataFrame, names: Sequence[str], given: frozenset[str], labelled: LabelledRows
) -> set[str]:
    """Return the `given` columns that a model of all columns gains most from."""
    if not given:
        return set()
    gain = fit_quick_trees(*to_matrix(rows, names), labelled.bad).feature_importance("gain")
    most = sorted(zip(-gain, names, strict=True))
    return {name for _, name in [one for one in most if one[1] in given][:MAX_COMPARED]}


def find_partner(
    rows: pd.DataFrame, name: str, others: Sequence[str], labelled: LabelledRows
) -> str:
    """Find the other column that a model gains more from once this one joins: either may be
    the one from after the outcome."""
    without, beside = (
        fit_quick_trees(*to_matrix(rows, names), labelled.bad).feature_importance("gain")
        for names in (others, [*others, name])
    )
    return others[int(np.argmax(beside[:-1] - without))]


def combined_auc(one: float, two: float) -> float:
    """Compute the AUC of two normal scores together that are independent given the outcome.

    The squares of their distances add up (Su and Liu 1993, JASA 88, 1350-1355). Scores that know
    the same rank less well together; better only where each tells what the other means.

    >>> round(combined_auc(0.7, 0.7), 3)
    0.771
    """
    from scipy.stats import norm

    apart = [norm.ppf(np.clip(auc, 0.5, 1 - 1e-9)) for auc in (one, two)]
    return float(norm.cdf(np.hypot(*apart)))


def to_matrix(rows: pd.DataFrame, names: Sequence[str]) -> tuple[Array, list[int]]:
    """Return the columns as numbers, texts as codes, and the places of the texts."""
    plain = [to_numbers(rows[name]) for name in names]
    columns = [
        group_values(rows[name]).astype(float) if one is None else one
        for name, one in zip(names, plain, strict=True)
    ]
    return np.column_stack(columns), [place for place, one in enumerate(plain) if one is None]


def predict_out_of_fold(matrix: Array, texts: Sequence[int], labelled: LabelledRows) -> Array:
    """Predict by small boosted trees, each row by a model that never saw its enterprise."""
    scores = np.zeros(len(matrix))
    if not matrix.shape[1]:
        return scores
    for k in np.unique(labelled.fold):
        mine = labelled.fold == k
        booster = fit_quick_trees(matrix[~mine], texts, labelled.bad[~mine])
        scores[mine] = booster.predict(matrix[mine], num_threads=1)
    return scores


def fit_quick_trees(
    matrix: Array, texts: Sequence[int], target: npt.NDArray[Any], objective: str = "binary"
) -> Any:
    """Fit small boosted trees: LightGBM's booster."""
    import lightgbm

    data = lightgbm.Dataset(
        matrix,
        target.astype(float),
        categorical_feature=list(texts),
        params={"verbosity": -1},
    )
    return lightgbm.train({**_quick(len(matrix)), "objective": objective}, data, ROUNDS)


def _quick(rows: int) -> dict[str, Any]:
    """LightGBM's parameters; a leaf never asks for more than a twentieth of the rows."""
    fixed = {"deterministic": True, "force_row_wise": True, "seed": 1}
    min_rows = max(2, min(60, rows // 20))
    return {**fixed, **QUICK, "min_data_in_leaf": min_rows, "num_threads": 1, "verbosity": -1}


def auc_gain(one: Array, two: Array, labelled: LabelledRows) -> tuple[float, float, float]:
    """Compute the difference of two scores' AUCs and the ends of its interval of 95 %."""
    gain, error = auc_difference(one, two, labelled.bad, labelled.enterprise)
    return gain, gain - normal_reach(1) * error, gain + normal_reach(1) * error


def normal_reach(looks: int) -> float:
    """Return the normal quantile of a 95 % interval that allows for several looks (Bonferroni)."""
    from scipy.stats import norm

    return float(norm.ppf(1 - (1 - COVERAGE) / 2 / max(looks, 1)))
