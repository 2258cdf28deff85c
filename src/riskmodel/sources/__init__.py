"""Sources: canonical tables from extracts, checked at the contract's door."""

from riskmodel.sources.source import Source

__all__ = ["Source"]
