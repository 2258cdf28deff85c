"""The model: fit, calibrate, grade."""

from riskmodel.model.fit import Fitted, Task, fit, predict
from riskmodel.model.risk_model import RiskModel

__all__ = ["Fitted", "RiskModel", "Task", "fit", "predict"]
