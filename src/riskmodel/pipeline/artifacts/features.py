"""Readers of what the stage `features` writes."""

from riskmodel import features as feature
from riskmodel.features.spec import FeatureDefinition
from riskmodel.runs.run_folder import Run


def features_of(run: Run) -> feature.Features:
    """Return the features that the stage wrote, with their features."""
    frame, absent = run.read("features", "features"), run.read("features", "absent")
    return feature.Features(frame, definitions_of(run), absent)


def definitions_of(run: Run) -> tuple[FeatureDefinition, ...]:
    """Return the features that were computed."""
    named = run.read_json("features", "definitions")
    return feature.select_definitions(
        named["computed"], named["attributes"], run.settings.features.attributes
    )
