"""Datasets: labels, exclusions, splits and the panel."""

from riskmodel.datasets.default_events import current
from riskmodel.datasets.early_delinquency import early_signs
from riskmodel.datasets.observation_end import LastDay, last_day, refuse_outside
from riskmodel.datasets.panel import observed, panel
from riskmodel.datasets.past_lines import past_lines
from riskmodel.datasets.population import Population, kind_of, last_as_of, population
from riskmodel.datasets.sensitivity import sensitivity
from riskmodel.datasets.splits import Split, balanced_folds, split

__all__ = [
    "LastDay",
    "Population",
    "Split",
    "balanced_folds",
    "current",
    "early_signs",
    "kind_of",
    "last_as_of",
    "last_day",
    "observed",
    "panel",
    "past_lines",
    "population",
    "refuse_outside",
    "sensitivity",
    "split",
]
