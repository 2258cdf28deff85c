"""The model: a ladder of kinds, fitted, calibrated, graded."""

from riskmodel.model.fit import FitResult, FitTask, exclude_leaks, fit, predict, replay
from riskmodel.model.risk_model import RiskModel
from riskmodel.model.walk_forward import walk_forward

__all__ = [
    "FitResult",
    "FitTask",
    "RiskModel",
    "exclude_leaks",
    "fit",
    "predict",
    "replay",
    "walk_forward",
]
