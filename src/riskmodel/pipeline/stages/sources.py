"""The stage `sources`: the source folder read, checked, and cut to what was known on the run's date."""

from pathlib import Path

import pandas as pd

from riskmodel import months
from riskmodel.runs.run_folder import Run
from riskmodel.runs.stage_inputs import StageInputs
from riskmodel.sources.folder import Reading, accept_reading, read_folder
from riskmodel.sources.persistence import save_reading

INPUTS = StageInputs("sources", settings=("run.as_of", "run.data", "sources"), stages=())


def read_sources(run: Run) -> Reading:
    """Read and check the source folder as it was known at the run's date."""
    run.begin("sources")
    settings = run.settings
    reading = accept_reading(
        read_folder(Path(settings.run.data), settings.sources), settings.sources
    )
    cut = months.day_start(pd.Timestamp(settings.run.as_of).date(), settings.sources.timezone)
    known = Reading(reading.source.known_before(cut), reading.rejects, reading.report)
    save_reading(known, run.folder / "sources")
    return known
