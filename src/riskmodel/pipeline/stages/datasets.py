"""The stage `datasets`: labels, exclusions, splits and the panel."""

from dataclasses import dataclass

import pandas as pd

from riskmodel import datasets as data
from riskmodel import features as feature
from riskmodel.pipeline.artifacts.datasets import as_of_date, population_of
from riskmodel.pipeline.artifacts.sources import source_of
from riskmodel.runs.run_folder import Run
from riskmodel.runs.stage_inputs import StageInputs
from riskmodel.tables.run.datasets import TABLES
from riskmodel.tables.run.declaration import conform_all

INPUTS = StageInputs(
    "datasets", settings=("run.as_of", "features", "datasets"), stages=("sources", "features")
)


@dataclass(frozen=True)
class DatasetsResult:
    """The labelled population, its split, the panel, the labels under other definitions, and the
    default rate by year."""

    population: data.Population
    split: data.Split
    panel: pd.DataFrame
    sensitivity: pd.DataFrame
    yearly_rates: pd.DataFrame


def build_datasets(run: Run) -> DatasetsResult:
    """Build labels, exclusions, splits and the panel."""
    run.begin("datasets")
    source, settings = source_of(run), run.settings.datasets
    population = population_of(run, source)
    ever = population.horizon_months is None
    split = data.split(population.labelled, settings, ever=ever)
    panel = data.panel(population, split, run.read("features", "features"))
    definitions = feature.available(source, run.settings.features)
    rates = data.compute_yearly_default_rates(population.labelled, settings.max_default_rate_change)
    moved = data.sensitivity(source, settings, as_of_date(run), definitions)
    run.write(
        "datasets",
        **conform_all(
            TABLES,
            panel=panel,
            without_line=population.without_line,
            exclusions=population.exclusions,
            splits=split.counts,
            sensitivity=moved,
            yearly_default_rates=rates,
            early_signs=data.compute_early_delinquency(
                source, population.labelled, population.horizon_months
            ),
        ),
    )
    run.write_json(
        "datasets",
        "population",
        {
            "kind": population.kind,
            "outcome": population.outcome,
            "horizon_months": population.horizon_months,
            "by_time": split.by_time,
            "gap": split.gap,
            "split": split.text,
        },
    )
    return DatasetsResult(population, split, panel, moved, rates)
