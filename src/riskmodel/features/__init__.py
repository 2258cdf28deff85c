"""Features: tables and as-of dates become one row per enterprise and date."""

from riskmodel.features.attributes import attribute_columns
from riskmodel.features.catalogue import DEFINITIONS, FAMILIES, definitions_by_name, dictionary
from riskmodel.features.engine import Features, compute, select_definitions
from riskmodel.features.plan import available

__all__ = [
    "DEFINITIONS",
    "FAMILIES",
    "Features",
    "attribute_columns",
    "available",
    "compute",
    "definitions_by_name",
    "dictionary",
    "select_definitions",
]
