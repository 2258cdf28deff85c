"""Charts of the features: how much is known, and how it is spread."""

import pandas as pd

from riskmodel.features import Features
from riskmodel.features.language import Card
from riskmodel.figures.canvas import (
    MAIN,
    Picture,
    bars,
    figures_beside,
    in_percent,
    nothing,
    panels,
    single,
    tall,
)

MOST_SHAPES = 12


def coverage(features: Features) -> Picture:
    """Share of rows and features with a value, by family."""
    title = "Values known, by family of features"
    if not features.cards or features.frame.empty:
        return nothing(title, "no feature could be computed")
    known = features.frame[[card.name for card in features.cards]].notna().mean()
    families = pd.Series({card.name: card.family for card in features.cards})
    shares = known.groupby(families).agg(["mean", "size"]).sort_values("mean", ascending=False)
    figure, axes = single(title, height=tall(len(shares)))
    bars(axes, shares["mean"])
    figures_beside(axes, shares["mean"], [f"{count} features" for count in shares["size"]])
    in_percent(axes, "x")
    axes.set_xlabel("share of rows and features with a value")
    return figure


def shapes(features: Features) -> Picture:
    """The spread of one numeric feature of each family, its outermost hundredths left out."""
    title = "Spread of features, one of each family"
    shown = _one_a_family(features)
    if not shown:
        return nothing(title, "no numeric feature has a value")
    figure, charts = panels(title, [card.name for card in shown])
    for axes, card in zip(charts, shown, strict=True):
        values = features.frame[card.name].astype("float64").dropna()
        low, high = values.quantile(0.01), values.quantile(0.99)
        axes.hist(values[values.between(low, high)], bins=30, color=MAIN)
        axes.set_xlabel(card.unit, fontsize="x-small")
        axes.set_ylabel("rows", fontsize="x-small")
        axes.locator_params(axis="x", nbins=4)
    return figure


def _one_a_family(features: Features) -> list[Card]:
    """The first feature of each family that is a number and has several values."""
    chosen: dict[str, Card] = {}
    for card in features.cards:
        if not card.category and _varies(features.frame[card.name]):
            chosen.setdefault(card.family, card)
    return list(chosen.values())[:MOST_SHAPES]


def _varies(values: pd.Series) -> bool:
    numbers = values.astype("float64")
    return bool(numbers.min() < numbers.max())
