"""Reader of what the stage `sources` writes."""

from riskmodel.runs.run_folder import Run
from riskmodel.sources import Source
from riskmodel.sources.persistence import load_source


def source_of(run: Run) -> Source:
    """Return the source that the stage wrote."""
    return load_source(run.path_of("sources", "source.json").parent)
