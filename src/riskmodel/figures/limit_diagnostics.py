"""Charts of the limits' diagnostics: intervals, costs of errors, actions, provinces, changes."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

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
    in_counts,
    in_percent,
    label_bars,
    nothing,
    panels,
    single,
    tall,
)
from riskmodel.limits.diagnostics.stability import ALL, REASONS, SMALL

MILLION = 1e6
NO_OFFER = "no line is offered"
BANDS = 5
"""Groups of offers of about equal number, by the size of the limit."""
ERRORS: Mapping[str, str] = MappingProxyType({"pd_low": "its low end", "pd_high": "its high end"})
ENDS: Mapping[str, str] = MappingProxyType({"as it is": PALE, "smaller": SECOND, "gone": BAD})
FEWEST_BARS = 3
"""Places for bars in a small chart, so that a single one is no block."""
ACTION_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "exports": "exports higher by",
        "platform": "of other exports moved to the platform",
        "receipts": "of buyers' lateness ended",
        "arrears": "of arrears paid",
        "concentration": "of sales spread evenly over buyers",
    }
)
"""Words for the step of each action."""


def limit_intervals(intervals: pd.DataFrame) -> Picture:
    """Intervals of offers over the ends of their PDs and of the response, by size of the limit.

    `intervals`: limit_cny, limit_low_cny, limit_high_cny, one row an enterprise.
    """
    title = "Limits over the intervals of PD and response, at the same prices"
    offers = intervals[intervals["limit_cny"] > 0] if len(intervals) else intervals
    if offers.empty:
        return nothing(title, NO_OFFER)
    size = offers["limit_cny"].to_numpy(np.float64)
    band = np.searchsorted(np.unique(np.quantile(size, np.arange(1, BANDS) / BANDS)), size)
    groups = [offers[band == one] for one in np.unique(band)] + [offers]
    figure = blank(tall(len(groups)) + 0.6)
    figure.suptitle(title, x=0.01, ha="left")
    left, right = figure.subplots(1, 2, sharey=True)
    for place, rows in enumerate(groups):
        sums = rows[["limit_low_cny", "limit_high_cny"]].sum() / rows["limit_cny"].sum()
        left.hlines(place, *sums, colors=PALE, linewidth=7)
    left.plot(np.ones(len(groups)), range(len(groups)), "o", color=MAIN)
    left.set_xlabel("the sum of the limits at their least and\nlargest, of the sum decided (dot)")
    _fates(right, groups)
    label_bars(left, [*[_band_name(rows) for rows in groups[:-1]], "all offers"])
    left.set_ylabel("limit (million CNY)")
    for axes in (left, right):
        in_percent(axes, "x")
        axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside lower right", ncols=len(ENDS), frameon=False)
    return figure


def _band_name(offers: pd.DataFrame) -> str:
    return " to ".join(f"{one / MILLION:.2f}" for one in offers["limit_cny"].agg(["min", "max"]))


def _fates(axes: Axes, groups: list[pd.DataFrame]) -> None:
    """The shares of offers that are as they are, smaller or gone at their least."""
    gone = [(rows["limit_low_cny"] <= 0).mean() for rows in groups]
    kept = [(rows["limit_low_cny"] >= rows["limit_cny"]).mean() for rows in groups]
    shares = {"as it is": kept, "smaller": 1 - np.add(gone, kept), "gone": gone}
    start = np.zeros(len(groups))
    for name, colour in ENDS.items():
        axes.barh(range(len(groups)), shares[name], left=start, color=colour, label=name)
        start = start + shares[name]
    axes.set_xlabel("offers, by what is left of them\nat their least")


def pd_error_costs(pd_errors: pd.DataFrame) -> Picture:
    """Cost of errors of the PD: the chosen lines' profit beside the best lines'.

    Over all, and by bank for the dearest error.

    `pd_errors`: bank ("" where no line is, "all" over all), error, believed_cny, true_cny,
    best_cny, lost_cny.
    """
    title = "What an error of the PD costs a year"
    if pd_errors.empty or not pd_errors["lines"].sum():
        return nothing(title, NO_OFFER)
    whole = pd_errors[pd_errors["bank"] == "all"].set_index("error")
    dearest = str(whole["lost_cny"].idxmax())
    banks = pd_errors[(pd_errors["bank"] != "all") & (pd_errors["error"] == dearest)]
    lost = banks.set_index("bank")["lost_cny"].rename({"": "no line now"}) / MILLION
    figure = blank(tall(max(len(whole), len(lost))) + 0.6)
    figure.suptitle(title, x=0.01, ha="left")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    kept, missed = whole["true_cny"] / MILLION, whole["lost_cny"] / MILLION
    bars(left, kept)
    left.barh(range(len(whole)), missed, left=kept, color=BAD)
    left.axvline(whole["believed_cny"].iloc[0] / MILLION, color="black", linestyle=":")
    end = pd.Series((kept + missed).clip(lower=0).max(), index=whole.index)
    figures_beside(left, end, [f"{one:,.2f} lost" for one in missed])
    left.margins(x=0.3)
    label_bars(left, [f"true PD: {_error(str(name))}" for name in whole.index])
    left.set_xlabel(
        "million CNY a year less the rows' prices: the lines\n"
        "as chosen (dotted: as believed); red: what is lost"
    )
    bars(right, lost.sort_values(ascending=False, kind="stable"), colour=BAD)
    right.set_title(f"true PD: {_error(dearest)}", fontsize="small")
    right.set_xlabel("lost (million CNY a year)")
    for axes in (left, right):
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def _error(name: str) -> str:
    return ERRORS.get(name, name.replace("x", "predicted x "))


def recourse_actions(recourse: pd.DataFrame) -> Picture:
    """Enterprises whose limit each action raises, by its least step; first limits and higher ones.

    `recourse`: enterprise_id, rank (0 where nothing raises the limit), action, step, limit_cny.
    """
    title = "What would raise limits, by the least step that does"
    told = recourse[recourse["rank"] > 0] if len(recourse) else recourse
    if told.empty:
        return nothing(title, "no action raises a limit by enough")
    counts = told["action"].value_counts()
    every, some = recourse["enterprise_id"].nunique(), told["enterprise_id"].nunique()
    figure, charts = panels(
        f"{title} ({some:,} of {every:,} enterprises have one)",
        [f"{action}: {count:,}" for action, count in counts.items()],
        columns=2,
    )
    first = (told["limit_cny"] > 0).map({True: "a higher limit", False: "a first limit"})
    for axes, action in zip(charts, counts.index, strict=True):
        rows = told["action"] == action
        mine = pd.crosstab(told.loc[rows, "step"], first[rows])
        start = np.zeros(len(mine))
        for name, colour in (("a higher limit", MAIN), ("a first limit", GOOD)):
            height = mine[name].to_numpy(float) if name in mine else np.zeros(len(mine))
            axes.bar(range(len(mine)), height, bottom=start, color=colour, label=name)
            start = start + height
        axes.set_xticks(range(len(mine)), [f"{step:.0%}" for step in mine.index])
        axes.set_xlim(-0.6, max(len(mine), FEWEST_BARS) - 0.4)
        axes.set_xlabel(ACTION_WORDS.get(str(action), "step"), fontsize="x-small")
        in_counts(axes, "y")
        axes.set_ylabel("enterprises", fontsize="x-small")
    handles, names = charts[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=2, frameon=False)
    return figure


def regional_parity(provinces: pd.DataFrame) -> Picture:
    """Limits of each province against those of similar enterprises elsewhere, with intervals.

    `provinces`: province, matched, difference, low, high, judged, apart. Those that are apart are
    red, those with too few matched pale.
    """
    title = "Limits against those of similar enterprises in other provinces"
    rows = provinces[provinces["difference"].notna()] if len(provinces) else provinces
    if rows.empty:
        return nothing(title, "no offer has a province and a similar enterprise elsewhere")
    rows = rows.sort_values("matched", ascending=False, kind="stable")
    colours = np.select([~rows["tested"], rows["apart"]], [PALE, BAD], default=MAIN).tolist()
    figure, axes = single(title, height=tall(len(rows)))
    places = np.arange(len(rows))
    axes.hlines(places, rows["low"], rows["high"], colors=colours, linewidth=3)
    axes.scatter(rows["difference"], places, color=colours, zorder=3)
    texts = [f"{count:,} matched" for count in rows["matched"]]
    figures_beside(axes, rows["high"], texts)
    axes.axvline(0, color="grey", linewidth=0.8)
    label_bars(axes, rows["province"].tolist())
    in_percent(axes, "x")
    axes.set_xlabel("difference of the mean limit (red: the interval excludes 0; pale: too few)")
    return figure


def limit_changes(change_counts: pd.DataFrame) -> Picture:
    """Changes against last month by their reason: how many, and by how much limits moved in sum.

    `change_counts`: bank ("all" over all), reason, changes, share, limit_change_cny.
    """
    title = "Changes against last month's limits, by reason"
    if change_counts.empty:
        return nothing(title, "the settings name no last run")
    rows = change_counts[change_counts["bank"] == ALL].set_index("reason")
    figure = blank(tall(len(rows)) + 0.3)
    figure.suptitle(title, x=0.01, ha="left")
    left, right = figure.subplots(1, 2, sharey=True)
    colours = [{SMALL: PALE, REASONS[-1]: BAD}.get(str(one), MAIN) for one in rows.index]
    for axes, column in ((right, "limit_change_cny"), (left, "changes")):
        values = rows[column] / (MILLION if axes is right else 1)
        bars(axes, values.rename(lambda one: str(one).replace("_", " ")), colour=colours)
        axes.spines[["top", "right"]].set_visible(False)
    figures_beside(left, rows["changes"], [f"{one:.1%}" for one in rows["share"].fillna(0)])
    in_counts(left, "x")
    left.set_xlabel("enterprises at banks")
    right.axvline(0, color="black", linewidth=0.8)
    right.set_xlabel("sum of the changes (million CNY)")
    return figure
