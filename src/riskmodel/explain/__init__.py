"""Explain: exact contributions, grouped into faithful business reasons in two languages."""

from riskmodel.explain.baseline import Baseline, make_baseline
from riskmodel.explain.contributions import compute_contributions, sum_by_family
from riskmodel.explain.fidelity import measure_fidelity
from riskmodel.explain.reasons import find_reasons, reasons_in_columns
from riskmodel.explain.shap_check import compare_with_shap
from riskmodel.explain.stability import measure_stability, resample_enterprises
from riskmodel.explain.strengths import compute_strengths, points_below_best
from riskmodel.explain.texts import reason_texts

__all__ = [
    "Baseline",
    "compare_with_shap",
    "compute_contributions",
    "compute_strengths",
    "find_reasons",
    "make_baseline",
    "measure_fidelity",
    "measure_stability",
    "points_below_best",
    "reason_texts",
    "reasons_in_columns",
    "resample_enterprises",
    "sum_by_family",
]
