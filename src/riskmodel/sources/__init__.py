"""Sources: canonical tables from extracts, validated by the data contract."""

from riskmodel.sources.source import Source

__all__ = ["Source"]
