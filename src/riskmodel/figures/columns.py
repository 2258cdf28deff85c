"""Charts column by column: the default rate and the strength of a feature by its values."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from riskmodel.features.bins import bin_values, separation
from riskmodel.features.profile import Profile
from riskmodel.figures.canvas import MAIN, PALE, Picture, in_percent, nothing, panels, plain

SHOWN = 12
"""Columns of a page."""
ENDS = (0.1, 0.5, 0.9)
"""Percentiles of the strengths of a bin."""


def default_rates(profile: Profile) -> Picture:
    """Default rate by bin, with its interval, of the features whose bins separate the defaults most."""
    title = "Default rate by value, of the features that separate the defaults most"
    names = separation(profile.rates).index[:SHOWN].tolist()
    if not names:
        return nothing(title, "no labelled row has a model feature")
    figure, charts = panels(title, names)
    for axes, name in zip(charts, names, strict=True):
        own = profile.rates[profile.rates["feature"] == name]
        share = own["rows"] / own["rows"].sum()
        words = [
            f"{plain(one, 20)} ({part:.0%})" for one, part in zip(own["values"], share, strict=True)
        ]
        _draw_bins(axes, words, own[["low", "rate", "high"]].to_numpy(float))
        in_percent(axes, "x")
        axes.set_xlabel("default rate (share of the rows)", fontsize="x-small")
    return figure


def strengths_by_value(rows: pd.DataFrame, strengths: pd.DataFrame) -> Picture:
    """Median strength by bin, and the middle four fifths, of the features that matter most.

    `rows` are keys and features, `strengths` by feature on the same index.
    """
    title = "Strength by value, of the features that matter most"
    every = strengths.drop(columns="base", errors="ignore")
    names = every.abs().mean().sort_values(ascending=False, kind="stable").index[:SHOWN].tolist()
    if every.empty or not names:
        return nothing(title, "no row is explained")
    figure, charts = panels(title, names)
    for axes, name in zip(charts, names, strict=True):
        places, words = bin_values(rows[name])
        by_bin = every[name].groupby(places)
        spread = pd.DataFrame({end: by_bin.quantile(end) for end in ENDS})
        _draw_bins(axes, [plain(one, 24) for one in words], spread.to_numpy(float))
        axes.axvline(0, color="grey", linewidth=0.6)
        axes.set_xlabel("log-odds (above 0: more risk)", fontsize="x-small")
    return figure


def _draw_bins(
    axes: Axes, words: list[str], ends: "np.ndarray[tuple[int, int], np.dtype[np.float64]]"
) -> None:
    """A dot and its reach a bin, the first on top."""
    places = np.arange(len(words))
    axes.hlines(places, ends[:, 0], ends[:, 2], color=PALE, linewidth=3)
    axes.scatter(ends[:, 1], places, color=MAIN, s=10, zorder=3)
    axes.set_yticks(places, words, fontsize=5.5)
    axes.set_ylim(len(words) - 0.4, -0.6)
