"""Charts of the fictional economy: its fidelity report, and the curves behind them."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from riskmodel.figures.canvas import (
    BAD,
    GOOD,
    MAIN,
    PALE,
    SECOND,
    Picture,
    in_percent,
    label_bars,
    nothing,
    single,
    tall,
)

REACH = 1.0
"""The widths of the target range that are shown on either side of it."""
THIN = 1e-9


def fidelity(report: pd.DataFrame) -> Picture:
    """Every fact on a scale on which its target range is the band from 0 to 1.

    The point is the measured figure, the bar its 95 % interval; a triangle points to one that
    lies beyond the chart. Beside it: measured, target, unit.
    """
    if report.empty:
        return nothing("Facts and their target ranges", "the report holds no fact")
    passed = report["passed"].to_numpy(bool)
    title = f"{passed.sum()} of {len(report)} facts in their target ranges"
    figure, axes = single(title, height=tall(len(report)))
    axes.axvspan(0, 1, color=GOOD, alpha=0.15, linewidth=0)
    places = np.arange(len(report), dtype=float)
    _draw_intervals(axes, report, places)
    label_bars(axes, report["fact"].tolist())
    _families(axes, report["family"])
    axes.set_xlim(-REACH - 0.1, 1 + REACH + 2.1)
    axes.set_xticks([0, 1], ["low end", "high end"])
    axes.tick_params(labelsize="small")
    axes.set_xlabel("place in its target range (measured, target, unit)")
    axes.spines["bottom"].set_visible(False)
    for place, (_, fact) in zip(places, report.iterrows(), strict=True):
        axes.text(1.15 + REACH, place, _fact_text(fact), va="center", fontsize="x-small")
    return figure


def _draw_intervals(axes: Axes, report: pd.DataFrame, places: npt.NDArray[np.float64]) -> None:
    """Draw each fact's figure and interval; a triangle for one that lies beyond the chart."""
    point, low, high = (_scale_to_target(report, name) for name in ("measured", "low", "high"))
    colours = np.where(report["passed"].to_numpy(bool), GOOD, BAD)
    low, high = low.clip(-REACH, 1 + REACH), high.clip(-REACH, 1 + REACH)
    axes.hlines(places, low, high, colors=colours.tolist())
    for where, marker in (
        (point.between(-REACH, 1 + REACH), "o"),
        (point < -REACH, "<"),
        (point > 1 + REACH, ">"),
    ):
        shown = point[where].clip(-REACH, 1 + REACH)
        axes.scatter(shown, places[where], c=colours[where], marker=marker, s=22, zorder=3)


def _scale_to_target(report: pd.DataFrame, name: str) -> pd.Series:
    width = (report["target_high"] - report["target_low"]).clip(lower=THIN)
    place = (report[name] - report["target_low"]) / width
    # a target of one value is no range: what meets it stands in the middle of the band
    met = (width <= THIN) & (report[name] == report["target_low"])
    scaled: pd.Series = place.mask(met, 0.5).astype(float).reset_index(drop=True)
    return scaled


def _families(axes: Axes, families: pd.Series) -> None:
    """A line above the first fact of each family, and its name."""
    begins = np.flatnonzero(families.to_numpy() != families.shift().to_numpy())
    for place in begins:
        axes.axhline(place - 0.5, color=PALE, linewidth=0.8)
        axes.text(
            -REACH - 0.05, float(place), families.iloc[place], va="center", fontsize="x-small",
            style="italic", color=MAIN,
        )  # fmt: skip


def _fact_text(fact: pd.Series) -> str:
    """Measured figure, target range and unit in words."""
    if np.isnan(fact["measured"]):
        return "not measured"
    share = fact["unit"] == "share"
    measured, low, high = (
        _number(fact[name], share) for name in ("measured", "target_low", "target_high")
    )
    unit = "" if share else f" {fact['unit']}"
    target = low if low == high else f"{low} to {high}"
    return f"{measured}   ({target}){unit}"


def _number(value: float, share: bool) -> str:
    if share:
        return f"{100 * value:.3g} %"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _percent(value: float, _: object) -> str:
    """A share on a log scale, in per cent with as many figures as it needs."""
    return f"{100 * value:.3g}%"


def monthly_exports(months: pd.DataFrame) -> Picture:
    """All exports by month, with the days of the lunar new year."""
    title = "Exports by month, and the lunar new year"
    if months.empty:
        return nothing(title, "no export is declared")
    figure, axes = single(title)
    axes.plot(months["month"], months["exports_usd"], color=MAIN, marker=".")
    holidays = months["lunar_new_year"].dropna()
    top = float(months["exports_usd"].max()) * 1.08
    axes.vlines(holidays, 0, top, colors=SECOND, linestyles=":", label="lunar new year")
    axes.set_ylim(0, top)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / 1e6:,.0f}"))
    axes.set_ylabel("million USD a month")
    if len(holidays):
        axes.legend(frameon=False, loc="lower right")
    return figure


def export_sizes(sizes: pd.DataFrame) -> Picture:
    """The distribution of twelve-month exports, on a log scale, beside the normal curve."""
    title = "Twelve-month exports of active enterprises"
    usd = sizes["exports_usd_12m"]
    if usd.nunique() < 2:
        return nothing(title, "fewer than two enterprises export")
    figure, axes = single(title)
    logs = np.log10(usd.to_numpy(float))
    axes.hist(logs, bins=50, density=True, color=MAIN, alpha=0.7)
    centre, spread = float(np.median(logs)), float(logs.std())
    x = np.linspace(centre - 4 * spread, centre + 4 * spread, 200)
    curve = np.exp(-(((x - centre) / spread) ** 2) / 2) / (spread * np.sqrt(2 * np.pi))
    axes.plot(x, curve, color=SECOND, label=f"lognormal, sigma {spread * np.log(10):.2f}")
    axes.axvline(centre, color="black", linewidth=0.8, label=f"median {10**centre:,.0f} USD")
    powers = range(int(np.floor(x[0])), int(np.ceil(x[-1])) + 1)
    axes.set_xticks(list(powers), [f"{10.0**power:,.0f}" for power in powers], fontsize="small")
    axes.set_xlabel("exports in twelve months, USD")
    axes.set_ylabel("density by power of ten")
    axes.legend(frameon=False, loc="upper left")
    return figure


def exits_by_year(exits: pd.DataFrame) -> Picture:
    """The yearly exit of small and large exporters by year of export; targets of the small ones."""
    title = "Yearly exit by year of export"
    if exits.empty:
        return nothing(title, "nobody is watched from entry to exit")
    figure, axes = single(title)
    targets = exits[exits["size"] == "small"]
    axes.vlines(
        targets["year"], targets["target_low"], targets["target_high"],
        colors=GOOD, alpha=0.3, linewidth=18, label="target for small ones",
    )  # fmt: skip
    for size, colour in (("small", MAIN), ("large", SECOND)):
        mine = exits[exits["size"] == size]
        axes.plot(mine["year"], mine["exit"], marker="o", color=colour, label=size)
    last = int(exits["year"].max())
    years = list(range(1, last + 1))
    axes.set_xticks(years, [*map(str, years[:-1]), f"{last} and later"])
    axes.set_ylim(0)
    in_percent(axes, "y")
    axes.set_xlabel("year of export")
    axes.set_ylabel("enterprises that leave in the year")
    axes.legend(frameon=False)
    return figure


def payment_delays(delays: pd.DataFrame) -> Picture:
    """The sales by days from the due day to the payment; what never came in words."""
    title = "When sales are paid, by days from the due day"
    if delays.empty:
        return nothing(title, "no receipt can be held against a declaration")
    figure, axes = single(title)
    inner = delays.iloc[1:-1]
    late = np.where(inner["from_days"] >= 0, SECOND, MAIN)
    width = inner["to_days"] - inner["from_days"]
    axes.bar(inner["from_days"], inner["share"], width=width, align="edge", color=late)
    last = delays.iloc[-1]
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(_percent))
    text = (
        f"later than {last['from_days']:.0f} days: {last['share']:.2%}\nnever: {last['never']:.2%}"
    )
    axes.text(0.98, 0.95, text, transform=axes.transAxes, ha="right", va="top")
    axes.set_xlabel("days from the due day to the last receipt")
    axes.set_ylabel("share of sales (log scale)")
    return figure


def vintage_defaults(vintages: pd.DataFrame) -> Picture:
    """The lines in default by months since the grant, a curve a year of grant."""
    title = "Lines in default by age, a curve a year of grant"
    if vintages.empty:
        return nothing(title, "no year has lines enough")
    figure, axes = single(title)
    years = sorted(vintages["vintage"].unique())
    colours = colormaps["viridis"](np.linspace(0, 0.9, len(years)))
    for year, colour in zip(years, colours, strict=True):
        mine = vintages[vintages["vintage"] == year]
        axes.plot(mine["age"], mine["defaulted"], color=colour, label=f"{year:.0f}")
    axes.axvline(14, color="black", linewidth=0.8, linestyle=":", label="14 months")
    axes.set_ylim(0)
    in_percent(axes, "y")
    axes.set_xlabel("months since the grant")
    axes.set_ylabel("lines in default so far")
    axes.legend(frameon=False, title="granted in")
    return figure


def limit_response(responses: pd.DataFrame) -> Picture:
    """The true default probability by limit, an enterprise a curve; those helped in green."""
    title = "True default probability by limit, ten enterprises"
    if responses.empty:
        return nothing(title, "the simulation holds no response to limits")
    figure, axes = single(title)
    for name, mine in responses.groupby("enterprise", sort=False):
        colour = GOOD if mine["slope"].iloc[0] < 0 else BAD
        axes.plot(
            mine["share_of_cap"], mine["pd_12m"], marker=".", color=colour, alpha=0.8, label=name
        )
    axes.plot([], [], color=GOOD, label="a line helps")
    axes.plot([], [], color=BAD, label="a line harms")
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(FuncFormatter(_percent))
    axes.set_xlabel("limit over the cap")
    axes.set_ylabel("twelve-month default\nprobability (log scale)")
    handles = axes.get_legend_handles_labels()[0][-2:]
    figure.legend(handles=handles, loc="outside lower center", ncols=2, frameon=False)
    return figure


def true_pd(deciles: pd.DataFrame) -> Picture:
    """The realised default rate of each decile, with its interval, against its true probability."""
    title = "Realised default rate by decile of the true probability"
    if deciles.empty:
        return nothing(title, "the simulation holds no true probability of line holders")
    figure, axes = single(title, height=4)
    floor = float(deciles["pd_12m"].min()) / 2
    axes.vlines(
        deciles["pd_12m"], deciles["low"].clip(lower=floor), deciles["high"],
        colors=MAIN, linewidth=5, alpha=0.5,
    )  # fmt: skip
    axes.plot(deciles["pd_12m"], deciles["rate"].clip(lower=floor), "ok")
    ends = [floor, float(deciles[["pd_12m", "high"]].max().max()) * 1.2]
    axes.plot(ends, ends, color=SECOND, linewidth=0.8, label="as foreseen")
    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(_percent))
    axes.set_xlabel("mean true probability of the decile")
    axes.set_ylabel("realised rate, with its 95 % interval")
    axes.legend(frameon=False, loc="upper left")
    return figure
