"""Explain: exact contributions, grouped into business reasons in two languages."""

from riskmodel.explain.agreement import agreement_with_shap
from riskmodel.explain.contributions import by_family, contributions
from riskmodel.explain.reasons import reasons

__all__ = ["agreement_with_shap", "by_family", "contributions", "reasons"]
