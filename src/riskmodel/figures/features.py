"""Charts of the features: how much is known, and how it is spread."""

from math import ceil, floor

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, MaxNLocator

from riskmodel.features import Features
from riskmodel.features.catalogue import family_texts
from riskmodel.features.spec import FeatureDefinition
from riskmodel.figures.axis_range import say_undrawn, undrawable
from riskmodel.figures.canvas import (
    MAIN,
    MAX_LINES,
    MAX_PANELS,
    Picture,
    bars,
    figures_beside,
    in_percent,
    nothing,
    panels,
    plain,
    say_shown,
    single,
    tall,
)

BARS = 30
EDGES = (0.01, 0.99)
"""The percentiles between which a feature's values are drawn."""


def coverage(features: Features) -> Picture:
    """Share of rows and features with a value, by family."""
    title = "Values known, by family of features"
    if not features.definitions or features.frame.empty:
        return nothing(title, "no feature could be computed")
    known = features.frame[[feature.name for feature in features.definitions]].notna().mean()
    families = pd.Series({feature.name: feature.family for feature in features.definitions})
    every = known.groupby(families).agg(["mean", "size"]).sort_values("mean", ascending=False)
    shares = every.tail(MAX_LINES)
    figure, axes = single(title, height=tall(len(shares)))
    bars(axes, shares["mean"])
    figures_beside(axes, shares["mean"], [f"{count} features" for count in shares["size"]])
    in_percent(axes, "x")
    more = say_shown(len(shares), len(every), "least known")
    axes.set_xlabel(f"share of rows and features with a value{more}")
    return figure


def shapes(features: Features) -> Picture:
    """The spread of one numeric feature of each family, its outermost hundredths left out."""
    title = "Spread of features, one of each family"
    shown = _one_a_family(features)
    if not shown:
        return nothing(title, "no numeric feature has a value")
    figure, charts = panels(title, [feature.name for feature in shown], columns=4)
    for axes, feature in zip(charts, shown, strict=True):
        values = features.frame[feature.name].to_numpy(np.float64, na_value=np.nan)
        of_family(axes, feature.name, feature.family)
        _draw_histogram(axes, feature, values[~np.isnan(values)])
    return figure


def _draw_histogram(
    axes: Axes, feature: FeatureDefinition, values: npt.NDArray[np.float64]
) -> None:
    # no percentile lies between two values: the way between numbers of 300 digits has no end
    first, last = EDGES[0] * (len(values) - 1), EDGES[1] * (len(values) - 1)
    low, high = np.sort(values)[[floor(first), ceil(last)]]
    inner = values[(values >= low) & (values <= high)]
    why = undrawable(inner, BARS) or (
        "" if low < high else "without the outermost hundredths it has one value"
    )
    if why:
        say_undrawn(axes, feature.name, why)
        return
    axes.hist(inner, bins=BARS, color=MAIN)
    axes.set_xlabel(plain(feature.unit), fontsize="x-small")
    axes.set_ylabel("rows", fontsize="x-small")
    for which in ("x", "y"):
        in_short(axes, which)


def of_family(axes: Axes, feature: str, family: str) -> None:
    """A small chart's title: the feature, and its family below."""
    axes.set_title(f"{plain(feature)}\n{plain(family)}", fontsize="x-small")


def in_short(axes: Axes, which: str) -> None:
    """The axis `x` or `y` of a small chart has few numbers, and thousands and millions in short."""
    place = {"x": axes.xaxis, "y": axes.yaxis}[which]
    place.set_major_locator(MaxNLocator(nbins=4, steps=[1, 2, 5, 10]))
    place.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))


def _short(value: float) -> str:
    for size, letter in ((1e9, "bn"), (1e6, "m"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.4g}{letter}"
    return f"{value:.4g}"


def _one_a_family(features: Features) -> list[FeatureDefinition]:
    """Of each family the first feature, one for the model first, that is a number and varies."""
    chosen: dict[str, FeatureDefinition] = {}
    for feature in sorted(features.definitions, key=lambda feature: not feature.model):
        if not feature.category and _varies(features.frame[feature.name]):
            chosen.setdefault(feature.family, feature)
    ordered = [chosen[family] for family in family_texts(features.definitions) if family in chosen]
    return ordered[:MAX_PANELS]


def _varies(values: pd.Series) -> bool:
    numbers = values.astype("float64")
    return bool(numbers.min() < numbers.max())
