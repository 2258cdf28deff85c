"""The fictional economy: a world with hidden causes, written to the contract's tables."""

from riskmodel.sources.economy.world import write_world

__all__ = ["write_world"]
