"""Readers of what the stage `features` writes."""

from riskmodel import features as feature
from riskmodel.features.spec import Card
from riskmodel.runs.run_folder import Run


def features_of(run: Run) -> feature.Features:
    """Return the features that the stage wrote, with their cards."""
    frame, absent = run.read("features", "features"), run.read("features", "absent")
    return feature.Features(frame, cards_of(run), absent)


def cards_of(run: Run) -> tuple[Card, ...]:
    """Return the cards that were computed."""
    named = run.read_json("features", "cards")
    return feature.computed_cards(
        named["computed"], named["attributes"], run.settings.features.attribute_risk
    )
