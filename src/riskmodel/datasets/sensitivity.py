"""Sensitivity of the default rate to the definition of default."""

from collections.abc import Iterable
from datetime import date

import pandas as pd

from riskmodel.datasets.population import Population, population, resolve_population
from riskmodel.features.catalogue import DEFINITIONS
from riskmodel.features.spec import FeatureDefinition
from riskmodel.settings import DatasetsSettings
from riskmodel.sources import Source

DAYS_PAST_DUE = (30, 60, 90)
HORIZONS = (6, 12, 18)


def definitions(settings: DatasetsSettings) -> tuple[tuple[str, DatasetsSettings], ...]:
    """The definition in force and its neighbours, each with its name."""
    shorter = [
        settings.with_values({"default_definition.days_past_due": days}) for days in DAYS_PAST_DUE
    ]
    longer = [settings.with_values({"horizon_months": months}) for months in HORIZONS]
    named = {
        f"{s.default_definition.days_past_due} days past due, {s.horizon_months} months": s
        for s in (*shorter, *longer)
    }
    return tuple(named.items())


def sensitivity(
    source: Source,
    settings: DatasetsSettings,
    as_of: date,
    features: Iterable[FeatureDefinition] = DEFINITIONS,
) -> pd.DataFrame:
    """definition, rows, defaults, rate: one row a definition; empty for given labels."""
    given = resolve_population(source, settings) == "outcomes"
    rows = [
        (name, *_rate(population(source, changed, as_of, features)))
        for name, changed in definitions(settings)
        if not given
    ]
    return pd.DataFrame(rows, columns=["definition", "rows", "defaults", "rate"])


def _rate(found: Population) -> tuple[int, int, float]:
    labels = found.labelled["defaulted"]
    return len(labels), int(labels.sum()), float(labels.mean()) if len(labels) else float("nan")
