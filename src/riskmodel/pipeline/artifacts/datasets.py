"""The labelled population of a run, and readers of what the stage `datasets` writes."""

from datetime import date

import pandas as pd

from riskmodel import datasets as data
from riskmodel import features as feature
from riskmodel.datasets.panel import KEY
from riskmodel.runs.run_folder import Run
from riskmodel.sources import Source


def population_of(run: Run, source: Source) -> data.Population:
    """Return the enterprises that are labelled and scored as of the run's date."""
    definitions = feature.available(source, run.settings.features)
    return data.population(source, run.settings.datasets, as_of_date(run), definitions)


def as_of_date(run: Run) -> date:
    """Return the run's as-of date."""
    return pd.Timestamp(run.settings.run.as_of).date()


def panel_of(run: Run) -> pd.DataFrame:
    """Return the panel, its `defaulted` as pandas' boolean."""
    return run.read("datasets", "panel").astype({"defaulted": "boolean"})


def horizon_months(run: Run) -> int | None:
    """Return the months over which the labels' outcome is observed; None for outcomes ever seen."""
    months: int | None = run.read_json("datasets", "population")["horizon_months"]
    return months


def learning_panel(run: Run) -> pd.DataFrame:
    """Return the panel with the early signs that trees may learn from beside the defaults."""
    signs = run.read("datasets", "early_signs")
    panel = panel_of(run)
    return panel.merge(signs, on=KEY, how="left", validate="m:1") if len(signs) else panel
