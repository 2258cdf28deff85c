"""Charts of the limits: eligibility, binding constraints, behaviour of past lines, profit."""

from collections.abc import Mapping
from statistics import NormalDist
from types import MappingProxyType

import numpy as np
import pandas as pd

from riskmodel.features import definitions_by_name
from riskmodel.figures.canvas import (
    BAD,
    DECISIONS,
    GOOD,
    MAIN,
    PALE,
    SECOND,
    Picture,
    bank_colours,
    bars,
    blank,
    figures_beside,
    grade_colour,
    in_counts,
    in_percent,
    label_bars,
    nothing,
    panels,
    single,
    tall,
)
from riskmodel.limits.behaviour.limit_response import Estimate, LimitResponse
from riskmodel.limits.behaviour.utilisation import Utilisation
from riskmodel.limits.constraints import BUDGET, DESTINATION_SHARE, LOSS_CAP, SECTOR_SHARE
from riskmodel.limits.policy import Policy

MILLION = 1e6
ROWS_SHOWN = 12
LEAST_WORTH_CNY = 100.0
"""A row whose next million earns less a year is not shown as binding: nobody would ask for it."""
ROWS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        BUDGET: ("budget", MAIN),
        LOSS_CAP: ("loss cap", BAD),
        SECTOR_SHARE: ("share of", SECOND),
        DESTINATION_SHARE: ("share of", "#6a4c93"),
    }
)
COVERAGE = 0.95
"""Of the intervals of the response."""
LINES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "naive": ("naive regression", BAD),
        "randomised": ("set by experiment", GOOD),
        "strata": ("within strata", MAIN),
    }
)
COLUMNS_SHOWN = 12
DRAWN: Mapping[str, str] = MappingProxyType(
    {
        "served": "had a line before",
        "lapsed": "had one, none now",
        "use": "use of earlier lines, two years",
        "recent_use": "use of the line now",
        "carried": "balance carried over, of the new limit",
        "carried_over": "balance above the new limit",
        "limit_to_sales": "limit to exports (log)",
        "deposits_to_limit": "deposits to limit (log)",
        "log_odds": "log-odds of the model",
    }
)
"""The utilisation's own columns in words; the others are features."""
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
    """Binding constraints of the offers, and reasons of the declines."""
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


def limit_response_estimates(response: LimitResponse | None, policy: Policy) -> Picture:
    """Each estimate of the response to the limit with its interval, the prior, and what is used.

    The last row is one enterprise's own response, as far as it is told.
    """
    title = "How the log-odds of default answer to the limit"
    if response is None:
        return nothing(title, "no past line is used, the policy's response stands")
    prior = (policy.economics.pd_slope, policy.behaviour.pd_slope_sd)
    own = float(np.hypot(response.slope_sd, response.spread))
    seen = [
        (_estimate_name(one, policy), one.slope, one.standard_error, LINES[one.lines][1])
        for one in response.estimates
    ]
    rows = [
        *seen,
        ("the policy's belief beforehand", *prior, "grey"),
        ("pooled: the mean response used", response.slope, response.slope_sd, "black"),
        ("pooled: one enterprise's own", response.slope, own, "black"),
    ]
    figure, axes = single(title, height=tall(len(rows)))
    half = NormalDist().inv_cdf((1 + COVERAGE) / 2)
    for place, (_, slope, error, colour) in enumerate(rows):
        axes.hlines(place, slope - half * error, slope + half * error, colors=colour, linewidth=3)
        axes.plot(slope, place, "o", color=colour)
    right = max(slope + half * error for _, slope, error, _ in rows)
    texts = [f"{slope:+.2f}" for _, slope, _, _ in rows]
    figures_beside(axes, pd.Series(right, index=range(len(rows))), texts)
    axes.axvline(0, color="grey", linewidth=0.8)
    label_bars(axes, [name for name, *_ in rows])
    axes.set_xlabel(
        f"move of the log-odds for a line larger by the whole cap, {COVERAGE:.0%} intervals\n"
        "(in brackets: how often it happened)"
    )
    return figure


def _estimate_name(one: Estimate, policy: Policy) -> str:
    """The lines of an estimate, and its outcome with the number of events."""
    late = f"{policy.behaviour.early_days_past_due}+ days past due"
    outcome = late if one.outcome == "early" else one.outcome
    return f"{LINES[one.lines][0]}: {outcome} ({one.events:,})"


def utilisation_effects(utilisation: Utilisation | None) -> Picture:
    """Effects on the utilisation of a limit, the strongest first."""
    title = "What the drawn share of a limit hangs on"
    if utilisation is None:
        return nothing(title, "no past line is used, the policy's share stands")
    if not utilisation.columns:
        return nothing(
            title, f"{utilisation.rows:,} past lines tell only a mean, {utilisation.level:.0%}"
        )
    effects = pd.Series({_column(one.name): 100 * one.effect for one in utilisation.columns})
    order = effects.abs().sort_values(ascending=False, kind="stable").index
    points = effects[order[:COLUMNS_SHOWN]]
    figure, axes = single(title, height=tall(len(points)))
    bars(axes, points, colour=[MAIN if effect > 0 else SECOND for effect in points])
    figures_beside(axes, points.clip(lower=0), [f"{one:+.1f}" for one in points])
    axes.axvline(0, color="black", linewidth=0.8)
    axes.set_xlabel(
        "percentage points for one standard deviation more\n"
        f"{utilisation.level:.0%} drawn on average; {len(points)} of {len(effects)} columns shown\n"
        f"{utilisation.r2:.0%} of the variance of {utilisation.rows:,} past lines told where held out"
    )
    return figure


def _column(name: str) -> str:
    return DRAWN[name] if name in DRAWN else definitions_by_name()[name].texts[0]


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
        label_bars(axes, by_bank["bank"].tolist())
        axes.spines[["top", "right"]].set_visible(False)
    left.set_xlabel("limits (million CNY)\ngrey: the budget")
    right.set_xlabel("expected loss (million CNY)\ngrey: the cap")
    return figure


def shadow_prices(rows: pd.DataFrame) -> Picture:
    """Shadow prices of the binding constraints: yearly profit for a million CNY more.

    The dearest come first. `rows`: bank ("" for all together), row, key, price. A loss cap's
    million is one of expected loss, the others' one of limits.
    """
    title = "What a little more of each row would earn, at the margin"
    worth = rows["shadow_price"] * MILLION
    binding = rows.assign(worth=worth)[worth >= LEAST_WORTH_CNY]
    if binding.empty:
        return nothing(title, f"none of the {len(rows):,} rows binds")
    most = binding.sort_values("worth", ascending=False, kind="stable").head(ROWS_SHOWN)
    who = most["bank"].where(most["bank"] != "", "all banks")
    names = who + ": " + most["constraint"].map(lambda row: ROWS[row][0]) + " " + most["segment"]
    figure, axes = single(title, height=tall(len(most)))
    earned = most["worth"].set_axis(names.str.strip()) / 1e3
    bars(axes, earned, colour=[ROWS[row][1] for row in most["constraint"]])
    figures_beside(axes, earned, [f"{one:,.1f}" for one in earned])
    axes.set_xlabel(
        "thousand CNY a year for a million (a loss cap's is one of expected loss)\n"
        f"{len(binding):,} of {len(rows):,} rows bind, {len(most):,} shown"
    )
    return figure
