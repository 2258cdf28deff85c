"""The model: a ladder of kinds, fitted, calibrated, graded."""

from riskmodel.model.fit import Fitted, Task, fit, predict, replayed, without
from riskmodel.model.risk_model import RiskModel
from riskmodel.model.walk_forward import walk_forward

__all__ = ["Fitted", "RiskModel", "Task", "fit", "predict", "replayed", "walk_forward", "without"]
