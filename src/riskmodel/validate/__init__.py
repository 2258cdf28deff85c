"""Validate: statistics, checks and the verdict."""

from riskmodel.validate.checks import Evidence, run_checks
from riskmodel.validate.performance import by_grade, by_vintage, judged, performance
from riskmodel.validate.time_travel import changed_values
from riskmodel.validate.verdict import Verdict, verdict

__all__ = [
    "Evidence",
    "Verdict",
    "by_grade",
    "by_vintage",
    "changed_values",
    "judged",
    "performance",
    "run_checks",
    "verdict",
]
