"""All facts by family, and the fidelity report."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from riskmodel.simulation.fidelity import (
    arrival,
    banks,
    default,
    exporters,
    gaming,
    lines,
    payment,
    survival,
)
from riskmodel.simulation.fidelity.fact import Fact
from riskmodel.simulation.fidelity.tables import open_tables

FAMILIES: Mapping[str, tuple[Fact, ...]] = MappingProxyType(
    {
        "exporters": (*exporters.FACTS, *survival.FACTS),
        "payment": payment.FACTS,
        "default": (*default.FACTS, *lines.FACTS),
        "banks": banks.FACTS,
        "arrival": arrival.FACTS,
        "gaming": gaming.FACTS,
    }
)


def fidelity_report(simulation: Path) -> pd.DataFrame:
    """Measure each fact that the economy must show on a written simulation beside its target.

    Columns: fact, family, unit, measured, low, high (95 % sampling interval; missing where it
    makes no sense), target_low, target_high (tolerance included), source, passed (the interval
    reaches the target: the difference could be one of sampling), note. A fact whose tables are
    absent or too thin is missing, has not passed, and its note says why.
    Raises `DataError` for a folder that is no simulation.
    """
    tables = open_tables(simulation)
    rows = [fact.row(tables, family) for family, facts in FAMILIES.items() for fact in facts]
    return pd.DataFrame(rows)
