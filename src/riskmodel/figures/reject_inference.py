"""The chart of reject inference: what each method gains over the accepted alone."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from riskmodel.figures.canvas import GOOD, MAIN, PALE, SECOND, Picture, label_bars, nothing, panels

ACCEPTS_ONLY, ALL_KNOWN = "accepts_only", "all_outcomes_known"
"""The method that the others are compared with, and what no method can know."""
POPULATIONS = {"all": MAIN, "rejected": SECOND}
METRICS = {"auc": "AUC", "brier": "Brier score"}
APART = 0.18


def reject_inference_gains(table: pd.DataFrame) -> Picture:
    """The gain of every method with its 95 % interval, on all applicants and on the rejected.

    `table`: question, method, population, metric, gain, gain_low, gain_high; rows of the question
    `fit` are drawn. To the right of the line is better; the band is what knowing every outcome
    would gain on all applicants.
    """
    title = "Reject inference: gain over fitting to the accepted alone"
    rows = table[(table["question"] == "fit") & (table["method"] != ACCEPTS_ONLY)]
    if rows.empty:
        return nothing(title, "no method was compared")
    names = [f"{text}, better to the right" for text in METRICS.values()]
    figure, axes = panels(title, names, columns=2)
    figure.set_size_inches(figure.get_size_inches()[0], 3.8)
    for one, metric in zip(axes, METRICS, strict=True):
        _gains(one, rows[rows["metric"] == metric])
    axes[1].set_yticklabels([])
    handles, texts = axes[0].get_legend_handles_labels()
    figure.legend(handles, texts, loc="outside lower center", ncols=3, frameon=False)
    return figure


def _gains(axes: Axes, rows: pd.DataFrame) -> None:
    methods = [*rows["method"].drop_duplicates()]
    axes.axvline(0, color="black", linewidth=0.8)
    most = rows[(rows["method"] == ALL_KNOWN) & (rows["population"] == "all")]
    for low, high in zip(most["gain_low"], most["gain_high"], strict=True):
        axes.axvspan(low, high, color=GOOD, alpha=0.15, linewidth=0, label="every outcome known")
    for side, (population, colour) in enumerate(POPULATIONS.items()):
        mine = rows[rows["population"] == population].set_index("method").reindex(methods)
        places = np.arange(len(methods)) + APART * (2 * side - 1)
        axes.hlines(places, mine["gain_low"], mine["gain_high"], colors=colour, linewidth=2)
        label = "all applicants" if population == "all" else "the rejected"
        axes.plot(mine["gain"], places, "o", color=colour, markersize=4, label=label)
    label_bars(axes, [name.replace("_", " ") for name in methods])
    axes.grid(axis="x", color=PALE, linewidth=0.5)
    axes.set_xlabel("gain", fontsize="small")
