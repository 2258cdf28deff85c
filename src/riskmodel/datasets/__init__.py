"""Datasets: labels, exclusions, splits and the panel."""

from riskmodel.datasets.default_events import current_rows
from riskmodel.datasets.early_delinquency import compute_early_delinquency
from riskmodel.datasets.observation_end import LastDay, last_day, refuse_outside
from riskmodel.datasets.panel import feature_rows, panel
from riskmodel.datasets.past_lines import past_lines
from riskmodel.datasets.population import (
    Population,
    find_last_as_of,
    population,
    resolve_population,
)
from riskmodel.datasets.sensitivity import sensitivity
from riskmodel.datasets.splits import Split, balanced_folds, split
from riskmodel.datasets.yearly_default_rates import compute_yearly_default_rates, describe_jumps

__all__ = [
    "LastDay",
    "Population",
    "Split",
    "balanced_folds",
    "compute_early_delinquency",
    "compute_yearly_default_rates",
    "current_rows",
    "describe_jumps",
    "feature_rows",
    "find_last_as_of",
    "last_day",
    "panel",
    "past_lines",
    "population",
    "refuse_outside",
    "resolve_population",
    "sensitivity",
    "split",
]
