"""Validate: statistics, checks and the verdict."""

from riskmodel.validate.checks import run_checks
from riskmodel.validate.distance import Draws, describe_distance, measure_beyond, measure_distance
from riskmodel.validate.evidence import Evidence
from riskmodel.validate.performance import (
    compare_candidates,
    measure_performance,
    performance_by_grade,
    performance_by_vintage,
    with_eligible,
    with_headline,
)
from riskmodel.validate.time_travel import count_changed_values
from riskmodel.validate.verdict import Verdict, reach_verdict

__all__ = [
    "Draws",
    "Evidence",
    "Verdict",
    "compare_candidates",
    "count_changed_values",
    "describe_distance",
    "measure_beyond",
    "measure_distance",
    "measure_performance",
    "performance_by_grade",
    "performance_by_vintage",
    "reach_verdict",
    "run_checks",
    "with_eligible",
    "with_headline",
]
