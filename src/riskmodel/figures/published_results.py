"""Charts of the public anchors: our figures beside those that others published."""

import pandas as pd

from riskmodel.figures.canvas import BAD, Picture, label_bars, model_colour, nothing, panels

THEIRS = "published"


def published_auc(found: pd.DataFrame) -> Picture:
    """Each model's AUC with its interval, and the published ones, a chart a data set.

    `found` is what `riskmodel bench models` gives; differences between models are left out.
    """
    title = "Ranking on public data, ours and the published"
    shown = found[found["auc"] >= LEAST]
    if shown.empty:
        return nothing(title, "no data set is there")
    sets = list(dict.fromkeys(shown["data"]))
    figure, charts = panels(title, sets, columns=2)
    figure.set_figheight(1.2 + 0.32 * int(shown["data"].value_counts().max()))
    for axes, name in zip(charts, sets, strict=True):
        own = shown[shown["data"] == name].reset_index(drop=True)
        for place, row in own.iterrows():
            published = row["whose"] == THEIRS
            colour = BAD if published else model_colour(str(row["model"]))
            axes.plot([row["auc_low"], row["auc_high"]], [place, place], color=colour)
            axes.plot(row["auc"], place, "D" if published else "o", color=colour)
        label_bars(
            axes,
            [
                f"{m} ({w})" if w == THEIRS else m
                for m, w in zip(own["model"], own["whose"], strict=True)
            ],
        )
        axes.set_xlabel("AUC, with 95 % interval over folds (0.5: no ranking)", fontsize="x-small")
    return figure


LEAST = 0.5
"""A ranking's AUC is above it; a difference of two is far below."""
