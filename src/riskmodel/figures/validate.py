"""Charts of the validation: checks, figures with intervals, grades against what happened."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from riskmodel.figures.canvas import (
    BAD,
    GOOD,
    Picture,
    grade_colour,
    in_percent,
    label_bars,
    model_colour,
    nothing,
    panels,
    single,
    tall,
)
from riskmodel.statistics.outward_rounding import format_beside

UNITS: Mapping[str, str] = MappingProxyType(
    {
        "auc": "share of pairs in order",
        "ks": "largest distance, as a share",
        "brier": "mean squared error",
        "log_loss": "nats a row",
        "realised_to_expected": "realised rate over mean PD",
        "calibration_slope": "outcome on log-odds of the PD",
    }
)


def checks(found: pd.DataFrame) -> Picture:
    """Each check with its mark, its value and its threshold."""
    title = "Checks passed and failed"
    if found.empty:
        return nothing(title, "no check was run")
    figure, axes = single(title, height=tall(len(found)))
    passed = found["passed"].astype(bool).to_numpy()
    places = np.arange(len(found))
    axes.scatter(np.zeros(len(found)), places, c=np.where(passed, GOOD, BAD), s=90)
    words = np.where(passed, "passed", "failed")
    described = zip(places, words, found["value"], found["threshold"], strict=True)
    for place, word, value, threshold in described:
        axes.text(
            0.1,
            float(place),
            f"{word}: {_number(value, threshold)} (threshold: {threshold:.6g})",
            va="center",
        )
    label_bars(axes, found["check"].tolist())
    axes.set_xlim(-0.1, 2)
    axes.xaxis.set_visible(False)
    axes.spines[["bottom", "left"]].set_visible(False)
    return figure


def _number(value: float, threshold: float) -> str:
    return "nothing to compare" if np.isnan(value) else format_beside(value, threshold, ".3g")


def performance(found: pd.DataFrame) -> Picture:
    """Every metric on the test rows with its 95 % interval, a chart a metric, by model; beside it
    that of those who may be lent to, where measured apart, and the champion's on the fit rows,
    cross-validated, where the test is of later dates."""
    title = "Figures on the test rows, with 95 % intervals"
    test = found[found["split"].isin(["test", "eligible"])] if len(found) else found
    if test.empty:
        return nothing(title, "the test rows do not hold both outcomes")
    beside = found[(found["split"] == "cross_validated") & (found["model"].isin(test["model"]))]
    names = {
        "test": "",
        "eligible": ", may be lent to",
        "cross_validated": ", cross-validated on fit rows",
    }
    test = pd.concat([test, beside])
    test = test.assign(label=test["model"] + test["split"].map(names))
    metrics = list(dict.fromkeys(test["metric"]))
    figure, charts = panels(title, metrics)
    for axes, metric in zip(charts, metrics, strict=True):
        mine = test[test["metric"] == metric].sort_values("label")
        places = np.arange(len(mine))
        colours = [model_colour(model) for model in mine["model"]]
        axes.hlines(places, mine["low"], mine["high"], colors=colours, linewidth=2)
        axes.scatter(mine["value"], places, c=colours)
        label_bars(axes, mine["label"].tolist())
        axes.set_xlabel(UNITS.get(metric, metric), fontsize="x-small")
    return figure


def calibration(grades: pd.DataFrame) -> Picture:
    """The realised default rate of each grade, with its interval, against its mean probability.

    `grades`: grade, pd_12m, rate, low, high, enterprises; the interval is Jeffreys' of 95 %.
    """
    title = "Realised default rate and mean probability, by grade (test rows)"
    if grades.empty:
        return nothing(title, "no test row is graded")
    figure, axes = single(title, height=4)
    places = np.arange(len(grades))
    colours = [grade_colour(grade) for grade in grades["grade"]]
    axes.vlines(places, grades["low"], grades["high"], colors=colours, linewidth=7, alpha=0.6)
    axes.plot(places, grades["rate"], "ok", label="realised rate, with its 95 % interval")
    axes.plot(places, grades["pd_12m"], "Dk", mfc="white", label="mean probability given")
    counted = zip(grades["grade"], grades["enterprises"], strict=True)
    axes.set_xticks(places, [f"{grade}\n{count:,.0f}" for grade, count in counted])
    axes.set_xlabel("grade, best first, and its enterprises")
    axes.set_ylabel("default rate, default probability")
    axes.set_ylim(0)
    in_percent(axes, "y")
    axes.legend(frameon=False, loc="upper left")
    return figure
