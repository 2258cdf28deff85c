"""The fictional economy: a world with hidden causes, written to the contract's tables."""

from riskmodel.sources.economy.truth import true_drawn_share, true_lgd, true_outcome, true_pd
from riskmodel.sources.economy.world import write_world

__all__ = ["true_drawn_share", "true_lgd", "true_outcome", "true_pd", "write_world"]
