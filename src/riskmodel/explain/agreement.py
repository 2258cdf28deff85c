"""Our contributions held against shap's own explainer: the only place that imports shap."""

import numpy as np
import pandas as pd

from riskmodel.model import RiskModel
from riskmodel.model.trees import Trees


def agreement_with_shap(model: RiskModel, rows: pd.DataFrame) -> float:
    """The largest difference, in log-odds, between our contributions and shap's TreeExplainer.

    `nan` where the model is no tree ensemble.
    """
    if not isinstance(model.ranker, Trees):
        return float("nan")
    import shap

    matrix = model.ranker.inputs.matrix(rows)
    theirs = shap.TreeExplainer(model.ranker.booster).shap_values(matrix)
    ours = model.ranker.contributions(rows)[:, :-1]
    return float(np.abs(np.asarray(theirs) - ours).max())
