"""Features: tables and as-of dates become one row per enterprise and date."""

from riskmodel.features.engine import Features, compute, computed_cards
from riskmodel.features.plan import attribute_columns, available
from riskmodel.features.registry import CARDS, FAMILIES, by_name, dictionary

__all__ = [
    "CARDS",
    "FAMILIES",
    "Features",
    "attribute_columns",
    "available",
    "by_name",
    "compute",
    "computed_cards",
    "dictionary",
]
