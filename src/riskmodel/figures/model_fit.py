"""Charts of how models are made: the search, the calibration, the master scale, the vintages."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.ticker import MaxNLocator

from riskmodel.figures.canvas import (
    BAD,
    GOOD,
    MAIN,
    PALE,
    Picture,
    bars,
    grade_colour,
    in_percent,
    model_colour,
    nothing,
    panels,
    single,
)
from riskmodel.model import RiskModel
from riskmodel.model.learners.scorecard.scorecard import Scorecard

MOST_FEATURES = 8
"""Features of a scorecard that a page shows; all stand in its table."""


def trials(found: pd.DataFrame) -> Picture:
    """The log loss on folds of the fit rows of every trial that went through, a chart a model.

    `found`: model, trial, log_loss, pruned. Those that were given up have seen fewer folds, so
    their losses cannot be compared: their number stands in the chart's title.
    """
    title = "Tuning: log loss of each trial on held-out folds (lower is better)"
    whole = found[~found["pruned"]] if len(found) else found
    if whole.empty:
        return nothing(title, "no candidate was tuned")
    given_up = found.groupby("model")["pruned"].sum()
    names = {model: f"{model}: {given_up[model]:.0f} given up" for model in whole["model"].unique()}
    figure, charts = panels(title, list(names.values()))
    for axes, model in zip(charts, names, strict=True):
        mine, colour = whole[whole["model"] == model], model_colour(model)
        axes.plot(mine["trial"], mine["log_loss"], "o", color=colour)
        axes.axhline(mine["log_loss"].min(), color=colour, linewidth=0.8, linestyle=":")
        axes.set_xlabel("trial (0: the settings as they stand)", fontsize="x-small")
        axes.set_ylabel("nats a row", fontsize="x-small")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def calibration_curves(models: Mapping[str, RiskModel]) -> Picture:
    """From the score to the PD, with the interval, a chart a model; the method in its title."""
    title = "From the score (log-odds, before calibration) to the default probability"
    if not models:
        return nothing(title, "there is no model")
    named = {f"{name}: {one.calibration.curve.method}": one for name, one in models.items()}
    figure, charts = panels(title, list(named), columns=2)
    for axes, one in zip(charts, named.values(), strict=True):
        ends = [score for score, _, _ in one.calibration.margins]
        raw = np.linspace(ends[0], ends[-1], 200)
        low, high = one.calibration.bounds(raw)
        colour = model_colour(one.name)
        axes.fill_between(raw, low, high, color=colour, alpha=0.25, linewidth=0)
        axes.plot(raw, one.calibration.pd(raw), color=colour)
        axes.set_yscale("log")
        axes.set_ylim(one.calibration.pd(raw).min() / 4, 1)
        axes.set_xlabel("score", fontsize="x-small")
        axes.set_ylabel("default probability", fontsize="x-small")
        in_percent(axes, "y")
    return figure


def scorecard(models: Mapping[str, RiskModel]) -> Picture:
    """The points of each bin of the features that move most, a chart a feature; more, less risk.

    The colour of a bar is the bin's default rate against that of all fit rows: red above, green
    below, pale where the bin held nobody.
    """
    title = "Points of the scorecard by bin, the features that move most first"
    scorecards = [one.ranker for one in models.values() if isinstance(one.ranker, Scorecard)]
    if not scorecards:
        return nothing(title, "no scorecard was fitted")
    table = scorecards[0].table()
    spread = table.groupby("feature")["points"].agg(np.ptp).sort_values(ascending=False)
    figure, charts = panels(title, list(spread.index[:MOST_FEATURES]), columns=2)
    for axes, feature in zip(charts, spread.index, strict=False):
        mine = table[table["feature"] == feature]
        colours = np.where(mine["woe"] > 0, BAD, GOOD)
        filled = np.where(mine["rows"] > 0, colours, PALE)
        bars(axes, mine.set_index("bin")["points"], colour=filled.tolist())
        axes.tick_params(axis="y", labelsize="xx-small")
        axes.set_xlabel("points", fontsize="x-small")
    return figure


def scale(model: RiskModel) -> Picture:
    """The master scale: what each grade states, and what was seen of it when it was made.

    Bars: Jeffreys' 95 % interval of the rate; triangles: Pluto and Tasche's prudent bound.
    """
    title = f"Master scale of {model.name} (rows that it was calibrated on)"
    statistics = model.grades.statistics
    if not statistics:
        return nothing(title, "the model does not say what was seen of its grades")
    figure, axes = single(title, height=4)
    places = np.arange(len(statistics))
    colours = [grade_colour(one.grade) for one in statistics]
    low, high = [one.low for one in statistics], [one.high for one in statistics]
    axes.vlines(places, low, high, colors=colours, linewidth=7, alpha=0.6)
    rates = [one.defaults / max(one.enterprises, 1e-12) for one in statistics]
    axes.plot(places, rates, "ok", label="rate seen, with its 95 % interval")
    axes.plot(
        places, [one.pd_12m for one in statistics], "Dk", mfc="white", label="probability stated"
    )
    axes.plot(
        places, [one.prudent for one in statistics], "v", color=MAIN, label="prudent bound, 90 %"
    )
    names = [f"{one.grade}\n{one.enterprises:,.0f}\n{one.defaults:.0f}" for one in statistics]
    axes.set_xticks(places, names)
    axes.set_xlabel("grade, its enterprises, their defaults")
    axes.set_ylabel("default rate, default probability")
    axes.set_ylim(0)
    in_percent(axes, "y")
    axes.legend(frameon=False, loc="upper left")
    return figure


def vintage_ranking(found: pd.DataFrame) -> Picture:
    """The AUC of each vintage by a ranking of all that was known before it, with its interval.

    `found`: vintage, model, auc, low, high, defaults.
    """
    title = "Walk-forward AUC of each vintage, fitted on what was known before it"
    if found.empty:
        return nothing(title, "no vintage has enough defaults before it and in it")
    figure, axes = single(title)
    vintages = sorted(found["vintage"].unique())
    models = list(dict.fromkeys(found["model"]))
    for number, model in enumerate(models):
        mine = found[found["model"] == model]
        at = np.array([vintages.index(one) for one in mine["vintage"]]) + 0.12 * number
        colour = model_colour(model)
        axes.vlines(at, mine["low"], mine["high"], colors=colour, linewidth=2)
        axes.plot(at, mine["auc"], "o", color=colour, label=model)
    counted = found.drop_duplicates("vintage").set_index("vintage")["defaults"]
    axes.set_xticks(range(len(vintages)), [f"{one}\n{counted[one]:,.0f}" for one in vintages])
    axes.set_xlabel("vintage (first as-of date), and its defaults")
    axes.set_ylabel("AUC (0.5: no ranking)")
    axes.legend(frameon=False)
    return figure
