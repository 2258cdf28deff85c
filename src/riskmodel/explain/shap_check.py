"""Comparison of our contributions with shap's: the only module that imports shap."""

from dataclasses import replace

import numpy as np
import pandas as pd

from riskmodel.model import RiskModel
from riskmodel.model.learners.trees import Trees


def compare_with_shap(model: RiskModel, rows: pd.DataFrame) -> float:
    """Compute the largest difference, in log-odds, of our contributions to shap's TreeExplainer.

    `nan` where the model is no tree ensemble. The line beside the trees is left out, and so are
    the imputations of unknown values, which shap does not know.
    """
    ranker = model.ranker
    if not isinstance(ranker, Trees):
        return float("nan")
    import shap

    theirs = shap.TreeExplainer(ranker.booster).shap_values(ranker.inputs.matrix(rows))
    alone = replace(ranker, linear=None, inputs=replace(ranker.inputs, imputations={}))
    ours = alone.contributions(rows)[:, :-1]
    return float(np.abs(np.asarray(theirs) - ours).max())
