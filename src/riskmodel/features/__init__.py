"""Features: tables and as-of dates become one row per enterprise and date."""

from riskmodel.features.catalogue import CARDS, FAMILIES, by_name, dictionary
from riskmodel.features.engine import Features, compute, computed_cards
from riskmodel.features.plan import attribute_columns, available

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
