"""Comparison of our contributions with shap's: the only module that imports shap."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.model import RiskModel
from riskmodel.model.learners.linear import LinearModel
from riskmodel.model.learners.trees import Trees

Array = npt.NDArray[np.float64]


def compare_with_shap(model: RiskModel, rows: pd.DataFrame) -> float:
    """Compute the largest difference, in log-odds, of our contributions to those found otherwise.

    The trees' are held to shap's TreeExplainer. What the linear model beside them adds is held to the
    changes of its score where one column at a time takes another row's value. `nan` where the model
    is no tree ensemble. The imputations of unknown values, which shap does not know, are left out.
    """
    ranker = model.ranker
    if not isinstance(ranker, Trees):
        return float("nan")
    import shap

    matrix = ranker.inputs.matrix(rows)
    theirs = np.asarray(shap.TreeExplainer(ranker.booster).shap_values(matrix))
    plain = replace(ranker, inputs=replace(ranker.inputs, imputations={}))
    of_trees = replace(plain, linear=None).contributions(rows)[:, :-1]
    apart = float(np.abs(theirs - of_trees).max())
    if plain.linear is None:
        return apart
    rest = plain.contributions(rows)[:, :-1] - (1 - plain.linear.share) * theirs
    return max(apart, _compare_with_changes(plain.linear, matrix, rest))


def _compare_with_changes(line: LinearModel, matrix: Array, shares: Array) -> float:
    """The largest difference of a linear model's shares, row against row, to changes of its score.

    Its Shapley values are those changes, since no column's effect hangs on another's.
    """
    scores, apart = line.raw_of(matrix), [0.0]
    for place, own in enumerate(shares.T):
        other = matrix.copy()
        other[:, place] = np.roll(matrix[:, place], 1)
        change = line.share * (scores - line.raw_of(other))
        apart.append(float(np.abs(own - np.roll(own, 1) - change).max()))
    return max(apart)
