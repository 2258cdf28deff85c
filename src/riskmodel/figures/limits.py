"""Charts of the limits: who is eligible, what decides, what a line earns, what banks use."""

import numpy as np
import pandas as pd

from riskmodel.figures.canvas import (
    BAD,
    DECISIONS,
    GOOD,
    MAIN,
    PALE,
    Picture,
    bank_colours,
    bars,
    blank,
    figures_beside,
    grade_colour,
    in_counts,
    in_percent,
    named,
    nothing,
    panels,
    single,
    tall,
)

MILLION = 1e6
NO_OFFER = "no line is offered"


def funnel(steps: pd.DataFrame) -> Picture:
    """Enterprises left after each rule and those above it."""
    title = "Enterprises left after each rule"
    if steps.empty or not steps["tested"].max():
        return nothing(title, "no enterprise is scored, or no rule is set")
    left = pd.Series(
        [steps["tested"].iloc[0], *steps["left"]], index=["all scored", *steps["rule"]]
    )
    unseen = steps["missing"].map(", {:,} not shown".format).where(steps["missing"] > 0, "")
    failed = steps["left"].map("{:,}".format) + steps["failed"].map(" ({:,} fail the rule".format)
    texts = [f"{left.iloc[0]:,}", *(failed + unseen + ")")]
    figure, axes = single(title, height=tall(len(left)))
    bars(axes, left)
    figures_beside(axes, left, texts)
    axes.margins(x=0.35)
    in_counts(axes, "x")
    axes.set_xlabel("enterprises")
    return figure


def binding(recommendations: pd.DataFrame) -> Picture:
    """What holds each offer down, and what stands in the way of each decline."""
    title = "What decides each enterprise and bank"
    if recommendations.empty:
        return nothing(title, "no enterprise is scored")
    pairs = recommendations.groupby(["decision", "binding_constraint"]).size()
    counts = (
        pairs.rename("rows")
        .reset_index()
        .sort_values(["decision", "rows"], ascending=False, kind="stable")
    )
    names = counts["decision"] + ": " + counts["binding_constraint"]
    figure, axes = single(title, height=tall(len(counts)))
    bars(axes, counts.set_axis(names)["rows"], colour=[DECISIONS[d] for d in counts["decision"]])
    figures_beside(axes, counts["rows"], [f"{rows:,}" for rows in counts["rows"]])
    in_counts(axes, "x")
    axes.set_xlabel("pairs of enterprise and bank (and enterprises without a bank)")
    return figure


def profit_curves(curves: pd.DataFrame) -> Picture:
    """Mean expected profit by the size of the line, a chart a bank, a curve a grade."""
    title = "Expected profit by size of the line"
    if curves.empty:
        return nothing(title, "no eligible enterprise has signed with a bank")
    banks = sorted(curves["bank"].unique())
    figure, charts = panels(title, banks)
    for axes, bank in zip(charts, banks, strict=True):
        for grade, rows in curves[curves["bank"] == bank].groupby("grade", sort=True):
            profit = rows["expected_profit_cny"] / 1e3
            axes.plot(rows["level"], profit, color=grade_colour(str(grade)))
        axes.axhline(0, color="grey", linewidth=0.8)
        in_percent(axes, "x")
        axes.set_xlabel("size, share of the cap", fontsize="x-small")
        axes.set_ylabel("thousand CNY a year", fontsize="x-small")
    lines = [charts[0].plot([], [], color=grade_colour(g))[0] for g in _grades(curves)]
    figure.legend(lines, _grades(curves), loc="outside lower center", ncols=10, frameon=False)
    return figure


def _grades(curves: pd.DataFrame) -> list[str]:
    return sorted(curves["grade"].unique())


def limit_sizes(recommendations: pd.DataFrame) -> Picture:
    """Offers by the size of the limit."""
    title = "Offers by limit"
    offers = recommendations[recommendations["decision"] == "offer"]
    if offers.empty:
        return nothing(title, NO_OFFER)
    figure, axes = single(title)
    axes.hist(offers["limit_cny"] / MILLION, bins=30, color=GOOD)
    axes.set_xlabel("limit (million CNY)")
    axes.set_ylabel("offers")
    in_counts(axes, "y")
    return figure


def rates(recommendations: pd.DataFrame, banks: pd.Series) -> Picture:
    """The yearly rate of each offer against its twelve-month probability, coloured by bank.

    `banks` are the programme's banks, so that colours do not depend on who makes an offer.
    """
    title = "Rate and default probability of the offers"
    offers = recommendations[recommendations["decision"] == "offer"]
    if offers.empty:
        return nothing(title, NO_OFFER)
    figure, axes = single(title, height=4)
    colours = bank_colours(banks)
    for bank, rows in offers.groupby("bank", sort=True):
        axes.scatter(rows["pd_12m"], rows["annual_rate"], s=9, color=colours[str(bank)], label=bank)
    in_percent(axes, "x")
    in_percent(axes, "y")
    axes.set_xlabel("twelve-month default probability")
    axes.set_ylabel("yearly rate")
    figure.legend(loc="outside right center", frameon=False, markerscale=2)
    return figure


def bank_use(by_bank: pd.DataFrame) -> Picture:
    """Limits against budget, and expected loss against its cap, by bank."""
    title = "Use of the banks' budgets and loss caps"
    if by_bank.empty:
        return nothing(title, "the programme has no bank")
    figure = blank(tall(len(by_bank)) + 0.5)
    figure.suptitle(title, x=0.01, ha="left")
    left, right = figure.subplots(1, 2, sharey=True)
    places = np.arange(len(by_bank))
    for axes, used, room, colour in (
        (left, "limit_cny", "budget_cny", MAIN),
        (right, "expected_loss_cny", "loss_cap_cny", BAD),
    ):
        axes.barh(places, by_bank[room] / MILLION, color=PALE, label="room")
        axes.barh(places, by_bank[used] / MILLION, color=colour, height=0.5, label="used")
        named(axes, by_bank["bank"].tolist())
        axes.spines[["top", "right"]].set_visible(False)
    left.set_xlabel("limits (million CNY)\ngrey: the budget")
    right.set_xlabel("expected loss (million CNY)\ngrey: the cap")
    return figure
