"""Charts of the back-test: volume against bad rate, who changes places, what the regret hangs on,
what was promised and what came, what a stress breaks."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd

from riskmodel.figures.canvas import (
    BAD,
    GOOD,
    MAIN,
    PALE,
    SECOND,
    Picture,
    bars,
    blank,
    figures_beside,
    in_percent,
    label_bars,
    nothing,
    panels,
    single,
    tall,
)
from riskmodel.limits.backtest.backtest import BOOK, CUT, CUT_AT_BASE, ORACLE, RULE

MILLION = 1e6
BOOKS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        BOOK: ("our book", MAIN),
        CUT: ("1:1 rule with a cut", SECOND),
        CUT_AT_BASE: ("1:1 rule with a cut, base rates", "#8f6bb0"),
        RULE: ("1:1 rule", BAD),
        ORACLE: ("oracle", GOOD),
    }
)
"""Each book's words and colour, the same in every chart of the back-test."""
NO_BOOK = "no book was evaluated"


def volume_frontier(steps: pd.DataFrame) -> Picture:
    """Volume against the true bad rate, and against the true profit, a curve a book.

    `steps`: book, step, limit_cny, bad_rate_by_limit, profit_cny; the step of 1 is marked.
    """
    title = "Volume against bad rate and profit, true of the year after"
    if steps.empty:
        return nothing(title, NO_BOOK)
    figure, charts = panels(title, ["true default rate, by limit", "true profit"], columns=2)
    figure.set_size_inches(figure.get_size_inches()[0], 3.8)
    handles = []
    for book, rows in steps.sort_values("limit_cny").groupby("book", sort=False):
        words, colour = BOOKS[str(book)]
        volume = rows["limit_cny"] / MILLION
        values = (rows["bad_rate_by_limit"], rows["profit_cny"] / MILLION)
        marked = rows["step"].eq(1.0).to_numpy()
        for axes, value in zip(charts, values, strict=True):
            (line,) = axes.plot(volume, value, ".-", color=colour, label=words)
            axes.plot(volume[marked], value[marked], "o", color=colour)
        handles.append(line)
    for axes in charts:
        axes.set_xlabel("limits (million CNY); large dot: the banks' budgets", fontsize="x-small")
    in_percent(charts[0], "y")
    charts[1].set_ylabel("million CNY a year", fontsize="x-small")
    figure.legend(handles=handles, loc="outside lower center", ncols=3, frameon=False)
    return figure


def swap_sets(sets: pd.DataFrame) -> Picture:
    """Swap sets: enterprises in our book, in the rule's, or in both, with their outcomes.

    `sets`: set, enterprises, limit_cny, their_limit_cny, profit_cny, their_profit_cny, bad_rate.
    """
    title = "Swap sets: our book and the 1:1 rule with a cut, at the same volume"
    if sets.empty or not sets["enterprises"].sum():
        return nothing(title, NO_BOOK)
    names = ["enterprises", "limits (million CNY)", "true profit (million CNY)"]
    figure, charts = panels(title, names)
    figure.set_size_inches(figure.get_size_inches()[0], 3.0)
    colours = [PALE, MAIN, SECOND]
    bars(charts[0], sets.set_index("set")["enterprises"], colour=colours)
    rates = sets["bad_rate"].map("{:.1%} bad".format).where(sets["enterprises"] > 0, "")
    counts = sets["enterprises"].map("{:,.0f}, ".format)
    figures_beside(charts[0], sets["enterprises"], (counts + rates).tolist())
    charts[0].margins(x=0.9)
    for axes, column in zip(charts[1:], ("limit_cny", "profit_cny"), strict=True):
        places = np.arange(len(sets))
        ours, theirs = sets[column] / MILLION, sets[f"their_{column}"] / MILLION
        axes.barh(places - 0.2, ours, height=0.38, color=MAIN, label="our book")
        axes.barh(places + 0.2, theirs, height=0.38, color=SECOND, label="the rule")
        axes.axvline(0, color="black", linewidth=0.8)
        label_bars(axes, sets["set"].tolist())
        axes.set_yticklabels([])
    for axes, name in zip(charts, names, strict=True):
        axes.set_xlabel(name, fontsize="x-small")
    handles, texts = charts[1].get_legend_handles_labels()
    figure.legend(handles, texts, loc="outside lower center", ncols=2, frameon=False)
    return figure


def regret_causes(value_of_information: pd.DataFrame) -> Picture:
    """The regret that is left with one component known, and with all but one known.

    `value_of_information`: knows, regret, as `limits.backtest.value_of_information` gives them.
    """
    title = "Regret against the oracle, by what is known"
    if value_of_information.empty or value_of_information["regret"].isna().all():
        return nothing(title, NO_BOOK)
    rows = value_of_information[value_of_information["knows"] != "everything"].set_index("knows")[
        "regret"
    ]
    figure, axes = single(title, height=tall(len(rows)))
    colours = [_knower(str(name)) for name in rows.index]
    bars(axes, rows.rename(index=lambda name: str(name).replace("_", " ")), colour=colours)
    figures_beside(axes, rows, [f"{value:.1%}" for value in rows])
    axes.axvline(rows["nothing"], color=MAIN, linewidth=0.8, linestyle=":")
    in_percent(axes, "x")
    axes.set_xlabel("profit missed, share of the oracle's (dotted: the book as it is)")
    return figure


def _knower(name: str) -> str:
    if name == "nothing":
        return MAIN
    return PALE if name.startswith("all but") else GOOD


def promised_profit(figures: pd.DataFrame) -> Picture:
    """Expected profit, true profit and true expected loss of each book.

    `figures`: book, expected_profit_cny, profit_cny, loss_cny, bad_rate.
    """
    title = "Profit promised and true, and the true expected loss"
    if figures.empty:
        return nothing(title, NO_BOOK)
    places = np.arange(len(figures))
    figure, axes = single(title, height=tall(2 * len(figures)))
    hopes = figures["expected_profit_cny"].where(figures["book"] == BOOK) / MILLION
    axes.barh(places - 0.27, hopes, height=0.25, color=PALE, label="promised profit")
    profit, loss = figures["profit_cny"] / MILLION, figures["loss_cny"] / MILLION
    axes.barh(places, profit, height=0.25, color=GOOD, label="true profit")
    axes.barh(places + 0.27, loss, height=0.25, color=BAD, label="true expected loss")
    ends = pd.concat([profit, loss, hopes], axis=1).max(axis=1)
    figures_beside(axes, ends, [f"{bad:.2%} bad" for bad in figures["bad_rate"]])
    label_bars(axes, [BOOKS[book][0] for book in figures["book"]])
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_xlabel("million CNY a year, at equal volume; beside it the true default rate")
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return figure


def stress_caps(stress: pd.DataFrame) -> Picture:
    """True expected loss against each bank's cap, a chart a scenario; a cap that is broken in red.

    `stress`: scenario, bank, loss_cny, loss_cap_cny.
    """
    title = "True expected loss as a share of each bank's cap"
    if stress.empty:
        return nothing(title, "no scenario was run")
    names = [str(name) for name in stress["scenario"].drop_duplicates()]
    figure, charts = panels(title, [_losing(stress, name) for name in names])
    most = float((stress["loss_cny"] / stress["loss_cap_cny"]).max())
    for axes, name in zip(charts, names, strict=True):
        rows = stress[stress["scenario"] == name].set_index("bank")
        share = rows["loss_cny"] / rows["loss_cap_cny"]
        bars(axes, share, colour=[BAD if over else MAIN for over in share > 1])
        axes.axvline(1, color="black", linewidth=0.8)
        axes.set_xlim(0, 1.05 * max(most, 1.0))
        in_percent(axes, "x")
        axes.set_xlabel("share of the cap", fontsize="x-small")
    return figure


def _losing(stress: pd.DataFrame, name: str) -> str:
    """The scenario's name with its profit."""
    profit = stress.loc[stress["scenario"] == name, "profit_cny"].sum() / MILLION
    return f"{name}: profit {profit:,.1f} million"


def stress_profit(stress: pd.DataFrame) -> Picture:
    """The book's true profit and expected loss under each scenario, and what is too high of its
    limits.

    `stress`: scenario, profit_cny, loss_cny (a bank each), bad_rate, losing, too_high_cny.
    """
    title = "The book under the scenarios"
    if stress.empty:
        return nothing(title, "no scenario was run")
    by = stress.groupby("scenario", sort=False)
    sums = by[["profit_cny", "loss_cny"]].sum() / MILLION
    whole = by[["bad_rate", "losing", "too_high_cny"]].first()
    places = np.arange(len(sums))
    figure = blank(tall(2 * len(sums)))
    figure.suptitle(title, x=0.01, ha="left")
    left, right = figure.subplots(1, 2, width_ratios=(2, 1))
    left.barh(places - 0.2, sums["profit_cny"], height=0.38, color=GOOD, label="true profit")
    left.barh(places + 0.2, sums["loss_cny"], height=0.38, color=BAD, label="true expected loss")
    texts = [
        f"{bad:.2%} bad, {count:.0f} lines lose"
        for bad, count in zip(whole["bad_rate"], whole["losing"], strict=True)
    ]
    figures_beside(left, sums.max(axis=1), texts)
    left.margins(x=0.5)
    left.axvline(0, color="black", linewidth=0.8)
    left.set_xlabel("million CNY a year")
    right.barh(places, whole["too_high_cny"] / MILLION, height=0.5, color=SECOND)
    right.set_xlabel("limits that the stress\nmakes too high (million CNY)")
    for axes in (left, right):
        label_bars(axes, sums.index)
        axes.spines[["top", "right"]].set_visible(False)
    right.set_yticklabels([])
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2, frameon=False)
    return figure


def backtest_intervals(measured: pd.DataFrame) -> Picture:
    """The back-test's measures with their intervals.

    `measured`: measure, value, low, high (missing where there is no interval); shares.
    """
    title = "The back-test's measures with their intervals"
    if measured.empty:
        return nothing(title, NO_BOOK)
    places = np.arange(len(measured))
    figure, axes = single(title, height=tall(len(measured)))
    axes.hlines(places, measured["low"], measured["high"], colors=PALE, linewidth=4)
    axes.plot(measured["value"], places, "o", color=MAIN)
    ends = measured["high"].fillna(measured["value"])
    figures_beside(axes, ends, [f"{value:.2%}" for value in measured["value"]])
    axes.axvline(0, color="black", linewidth=0.8)
    label_bars(axes, [str(name).replace("_", " ") for name in measured["measure"]])
    in_percent(axes, "x")
    axes.set_xlabel("share")
    return figure
