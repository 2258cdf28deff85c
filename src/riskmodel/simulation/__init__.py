"""The fictional economy: a world with hidden causes, written to the contract's tables."""

from riskmodel.simulation.simulate import write_world
from riskmodel.simulation.truth import true_drawn_share, true_lgd, true_outcome, true_pd

__all__ = ["true_drawn_share", "true_lgd", "true_outcome", "true_pd", "write_world"]
