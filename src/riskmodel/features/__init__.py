"""Features: tables and as-of dates become one row per enterprise and date."""

from riskmodel.features.engine import Features, available, compute
from riskmodel.features.registry import CARDS, FAMILIES, by_name, dictionary

__all__ = ["CARDS", "FAMILIES", "Features", "available", "by_name", "compute", "dictionary"]
