"""Charts of the sources: rows used and set aside, when they happened, how late they came."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.dates import AutoDateLocator

from riskmodel.figures.canvas import (
    BAD,
    MAIN,
    PALE,
    SECOND,
    Picture,
    figures_beside,
    in_percent,
    label_bars,
    nothing,
    panels,
    single,
    tall,
)
from riskmodel.sources import Source
from riskmodel.tables.canonical import CANONICAL

PARTS: Mapping[str, tuple[str, str]] = {
    "rows_used": ("used", MAIN),
    "copies": ("copies", PALE),
    "rows_rejected": ("set aside", BAD),
}


def table_rows(report: pd.DataFrame) -> Picture:
    """Share of each table's rows that are used, copies and set aside; the count beside it."""
    title = "Rows used and set aside, by table"
    if report.empty:
        return nothing(title, "no table was read")
    figure, axes = single(title, height=tall(len(report)))
    given = report["rows_in"].where(report["rows_in"] > 0, 1)
    left = pd.Series(0.0, index=report.index)
    for column, (words, colour) in PARTS.items():
        share = report[column] / given
        axes.barh(range(len(report)), share, left=left, color=colour, label=words)
        left = left + share
    label_bars(axes, report["table"].tolist())
    figures_beside(axes, left, [f"{rows:,}" for rows in report["rows_in"]])
    in_percent(axes, "x")
    axes.set_xlabel("share of the table's rows (the number of rows beside it)")
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return figure


def arrivals(source: Source) -> Picture:
    """Rows a month by the date of their event, a chart a table."""
    counts = {name: monthly(source, name) for name in CANONICAL if source.has(name)}
    counts = {name: months for name, months in counts.items() if len(months)}
    title = "Rows by month of the event"
    if not counts:
        return nothing(title, "no table carries the date of an event")
    figure, charts = panels(title, list(counts))
    for axes, months in zip(charts, counts.values(), strict=True):
        axes.fill_between(months.index, months.to_numpy(), color=MAIN, alpha=0.8, linewidth=0.5)
        axes.set_ylim(0)
        few = AutoDateLocator(maxticks=5)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_locator(few)
        axes.tick_params(axis="x", rotation=30)
        axes.set_ylabel("rows a month", fontsize="x-small")
    return figure


def monthly(source: Source, name: str) -> pd.Series:
    """Rows of a table by the month of its event, empty months as 0; empty without an event."""
    event = CANONICAL[name].event
    if not event or event not in source.tables[name].column_names:
        return pd.Series(dtype="int64")
    # counted by day in arrow: the months of a large table need not become a frame
    days = pd.DataFrame(source.tables[name][event].value_counts().to_pylist())
    if days.empty:
        return pd.Series(dtype="int64")
    dated = pd.Series(days["counts"].to_numpy(), index=pd.to_datetime(days["values"]))
    return dated[dated.index.notna()].resample("MS").sum()


def lateness(report: pd.DataFrame) -> Picture:
    """Share of rows that came late, and of keys that were corrected, by table."""
    title = "Rows late and keys corrected, by table"
    shown = report.dropna(subset=["share_late", "share_corrected"], how="all")
    if shown.empty:
        return nothing(title, "no table says when its rows became known")
    figure, axes = single(title, height=tall(2 * len(shown)))
    middle = pd.Series(range(len(shown)), dtype=float)
    axes.barh(middle - 0.2, shown["share_late"], height=0.38, color=MAIN, label="rows late")
    axes.barh(
        middle + 0.2, shown["share_corrected"], height=0.38, color=SECOND, label="keys corrected"
    )
    label_bars(axes, shown["table"].tolist())
    in_percent(axes, "x")
    axes.set_xlabel("share of the table's rows, of its keys")
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure
