"""Small pictures as inline SVG: they need no file, no script and no address."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from riskmodel.publish.report.markup import Html, element, join_html, text_element

WIDTH, HEIGHT = 460, 220
LEFT, RIGHT, TOP, BOTTOM = 12, 12, 34, 46


@dataclass(frozen=True)
class Bar:
    """One bar: its name below, its height, and the figure and a second one written above it."""

    name: str
    value: float
    figure: str
    second: str = ""


def bar_picture(title: str, bars: Sequence[Bar], *, axis: str) -> Html:
    """Bars side by side under a title; `axis` says what their names mean, with the unit."""
    top = max((bar.value for bar in bars), default=0.0) or 1.0
    step = (WIDTH - LEFT - RIGHT) / max(len(bars), 1)
    drawn = join_html(_bar(bar, number * step + LEFT, step, top) for number, bar in enumerate(bars))
    line = HEIGHT - BOTTOM
    return element(
        "svg",
        text_element("title", title),
        text_element("text", title, x=LEFT, y=16, class_="picture-title"),
        drawn,
        element("line", x1=LEFT, x2=WIDTH - RIGHT, y1=line, y2=line, class_="axis"),
        text_element("text", axis, x=WIDTH / 2, y=HEIGHT - 6, class_="axis-name"),
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        role="img",
    )


def pd_by_grade(rows: pd.DataFrame) -> Html:
    """Draw the number of enterprises in each grade, and the grade's mean PD."""
    graded = rows.dropna(subset=["grade", "pd_12m"]).groupby("grade", sort=True)["pd_12m"]
    bars = [
        Bar(str(grade), float(pds.size), f"{pds.mean():.1%}", f"{pds.size:,}")
        for grade, pds in graded
    ]
    return bar_picture("Enterprises and mean PD by grade", bars, axis="grade · 等级")


def limits_histogram(limits_cny: pd.Series) -> Html:
    """Draw the number of offers in each band of the limit, in million CNY."""
    edges = np.array([0.0, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, np.inf])
    names = ["to 0.1", "0.25", "0.5", "1", "2", "5", "above 5"]
    counts = np.histogram(-limits_cny.to_numpy() / 1e6, bins=-edges[::-1])[0][::-1]
    bars = [
        Bar(name, float(count), f"{count:,}") for name, count in zip(names, counts, strict=True)
    ]
    return bar_picture("Offers by limit", bars, axis="limit up to, million CNY · 额度（百万元）")


def declines_by_reason(first_reasons: pd.Series) -> Html:
    """The most frequent first reasons of declines."""
    counted = first_reasons.fillna("none").value_counts()
    ordered = counted.rename_axis("code").reset_index(name="count")
    ordered = ordered.sort_values(["count", "code"], ascending=[False, True]).head(6)
    bars = [
        Bar(str(code), float(count), f"{count:,}")
        for code, count in zip(ordered["code"], ordered["count"], strict=True)
    ]
    return bar_picture("Declines by first reason", bars, axis="first reason · 首要原因")


def _bar(bar: Bar, x: float, step: float, top: float) -> Html:
    room = HEIGHT - TOP - BOTTOM - 18
    height = room * bar.value / top
    line = HEIGHT - BOTTOM
    middle = f"{x + step / 2:.1f}"
    # long names are shortened: their full text stands in the table below the picture
    most = max(int(step / 5.4), 3)
    name = bar.name if len(bar.name) <= most else bar.name[: most - 1] + "…"
    return join_html(
        (
            element(
                "rect",
                x=f"{x + step * 0.15:.1f}",
                y=f"{line - height:.1f}",
                width=f"{step * 0.7:.1f}",
                height=f"{height:.1f}",
            ),
            text_element("text", bar.figure, x=middle, y=f"{line - height - 5:.1f}", class_="bar"),
            text_element("text", bar.second, x=middle, y=f"{line - height - 17:.1f}", class_="bar"),
            text_element("text", name, x=middle, y=line + 15, class_="bar"),
        )
    )
