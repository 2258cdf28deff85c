"""Features: tables and as-of dates become one row per enterprise and date."""

from riskmodel.features.engine import (
    Features,
    attribute_columns,
    available,
    compute,
    computed_cards,
)
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
