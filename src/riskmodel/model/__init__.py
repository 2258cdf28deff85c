"""The model: learners fitted, calibrated and graded on a panel."""

from riskmodel.model.fit import FitResult, fit, replay
from riskmodel.model.leakage_exclusion import exclude_leaks
from riskmodel.model.predictions import predict
from riskmodel.model.risk_model import RiskModel
from riskmodel.model.task import FitTask
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
