"""Simulation of a fictional economy with hidden causes, written as canonical tables."""

from riskmodel.simulation.simulate import write_simulation
from riskmodel.simulation.truth import true_drawn_share, true_lgd, true_outcome, true_pd

__all__ = ["true_drawn_share", "true_lgd", "true_outcome", "true_pd", "write_simulation"]
