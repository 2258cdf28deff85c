"""Charts of the datasets: who is left out, how often they default, how rows are split."""

import pandas as pd

from riskmodel.figures.canvas import (
    BAD,
    MAIN,
    SPLITS,
    Picture,
    bars,
    blank,
    figures_beside,
    in_counts,
    in_percent,
    nothing,
    single,
    tall,
)


def exclusions(found: pd.DataFrame) -> Picture:
    """Rows left out of the fit, or marked in scoring, by reason."""
    title = "Rows left out or marked, by reason"
    found = found[found["rows"] > 0]
    if found.empty:
        return nothing(title, "no row is left out")
    shown = found.sort_values("rows", ascending=False)
    names = shown["purpose"] + ": " + shown["reason"]
    figure, axes = single(title, height=tall(len(shown)))
    bars(axes, shown.set_axis(names)["rows"])
    figures_beside(axes, shown["rows"], [f"{n:,} enterprises" for n in shown["enterprises"]])
    in_counts(axes, "x")
    axes.set_xlabel("rows (enterprise and date)")
    return figure


def default_rate(panel: pd.DataFrame) -> Picture:
    """The share of labelled rows that default, and their number, by as-of date."""
    title = "Default rate by as-of date"
    labelled = panel.dropna(subset=["defaulted"])
    if labelled.empty:
        return nothing(title, "no row is labelled")
    by_date = labelled.astype({"defaulted": float}).groupby("as_of")["defaulted"]
    rate, rows = by_date.mean(), by_date.size()
    figure = blank(4.2)
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[2, 1])
    above.set_title(title, loc="left")
    days = [f"{day:%Y-%m-%d}" for day in pd.to_datetime(rate.index)]
    above.plot(days, rate.to_numpy(), marker="o", color=BAD)
    below.bar(days, rows.to_numpy(), color=MAIN, width=min(0.8, 0.1 * len(days)))
    above.set_ylim(0)
    above.set_ylabel("rows that default")
    below.set_ylabel("labelled rows")
    below.set_xlabel("as-of date")
    in_percent(above, "y")
    in_counts(below, "y")
    below.set_xticks(range(0, len(days), 1 + len(days) // 12))
    below.tick_params(axis="x", rotation=30)
    return figure


def yearly_default_rates(found: pd.DataFrame) -> Picture:
    """The default rate of each as-of year with its interval; jumps stand out."""
    title = "Default rate by as-of year, with 95 % intervals"
    if found.empty:
        return nothing(title, "no row is labelled")
    figure, axes = single(title, height=3.6)
    places, colours = range(len(found)), [BAD if jump else MAIN for jump in found["jump"]]
    axes.vlines(places, found["low"], found["high"], colors=colours, linewidth=6, alpha=0.5)
    axes.scatter(places, found["rate"], c=colours)
    step = 1 + len(found) // 12
    axes.set_xticks(places[::step], found["period"].tolist()[::step])
    axes.set_ylim(0)
    axes.set_xlabel("as-of year (red: a jump from the one before)")
    axes.set_ylabel("enterprises that default")
    in_percent(axes, "y")
    return figure


def split_sizes(counts: pd.DataFrame) -> Picture:
    """Rows of each split, with their defaults and period."""
    title = "Rows by split"
    if counts.empty:
        return nothing(title, "no row is labelled")
    figure, axes = single(title, height=tall(2 * len(counts)))
    bars(axes, counts.set_index("split")["rows"], colour=[SPLITS[name] for name in counts["split"]])
    texts = counts["defaults"].map("{:,} defaults, ".format) + _period(counts)
    figures_beside(axes, counts["rows"], texts.tolist())
    axes.margins(x=0.5)
    in_counts(axes, "x")
    axes.set_xlabel("rows (enterprise and date)")
    return figure


def _period(counts: pd.DataFrame) -> pd.Series:
    first = counts["first_as_of"].dt.strftime("%Y-%m")
    last = counts["last_as_of"].dt.strftime("%Y-%m")
    period: pd.Series = first.where(first == last, first + " to " + last)
    return period


def sensitivity(found: pd.DataFrame) -> Picture:
    """The default rate under neighbouring definitions of default."""
    title = "Default rate by definition of default"
    found = found.dropna(subset=["rate"])
    if found.empty:
        return nothing(title, "the source gives its labels itself, so none can be redefined")
    figure, axes = single(title, height=tall(len(found)))
    bars(axes, found.set_index("definition")["rate"])
    counted = zip(found["defaults"], found["rows"], strict=True)
    figures_beside(axes, found["rate"], [f"{d:,} of {n:,} rows" for d, n in counted])
    axes.margins(x=0.25)
    in_percent(axes, "x")
    axes.set_xlabel("labelled rows that default")
    return figure
