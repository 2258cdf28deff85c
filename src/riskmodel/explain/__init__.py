"""Explain: exact contributions, grouped into faithful business reasons in two languages."""

from riskmodel.explain.baseline import Baseline, baseline_of
from riskmodel.explain.contributions import by_family, contributions
from riskmodel.explain.fidelity import fidelity
from riskmodel.explain.reasons import in_columns, reasons
from riskmodel.explain.shap_check import agreement_with_shap
from riskmodel.explain.stability import resampled, stability
from riskmodel.explain.strengths import points_below_best, strengths
from riskmodel.explain.texts import vocabulary

__all__ = [
    "Baseline",
    "agreement_with_shap",
    "baseline_of",
    "by_family",
    "contributions",
    "fidelity",
    "in_columns",
    "points_below_best",
    "reasons",
    "resampled",
    "stability",
    "strengths",
    "vocabulary",
]
