"""Charts of the explanations: what matters, which way, why for one enterprise, and the proof."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.figures.canvas import (
    BAD,
    GOOD,
    MAIN,
    MAX_LINES,
    PALE,
    Picture,
    bars,
    figures_beside,
    in_counts,
    in_percent,
    label_bars,
    nothing,
    say_shown,
    single,
    tall,
)

SHOWN = 12
MOST_POINTS = 1500
SPREAD = 0.35
LOG_ODDS = "log-odds of default against the baseline (above 0: more risk)"
COVERAGE = "interval by enterprise"


def importance(families: pd.DataFrame) -> Picture:
    """The mean size of what each family adds to or takes from the baseline's log-odds."""
    title = "Mean size of the strength, by family"
    sizes = families.drop(columns="base", errors="ignore").abs().mean()
    if families.empty or sizes.empty:
        return nothing(title, "no row is explained")
    largest = sizes.sort_values(ascending=False, kind="stable").head(MAX_LINES)
    figure, axes = single(title, height=tall(len(largest)))
    bars(axes, largest)
    more = say_shown(len(largest), len(sizes), "largest")
    axes.set_xlabel(f"mean absolute strength in log-odds of default{more}")
    return figure


def beeswarm(rows: pd.DataFrame, shares: pd.DataFrame) -> Picture:
    """The strongest features, a point a row, coloured by the feature's value.

    `rows` are keys and features, `shares` strengths by feature on the same index. Of many
    rows, evenly spaced ones are drawn.
    """
    title = "What the strongest features add"
    every = shares.drop(columns="base", errors="ignore")
    sizes = every.abs().mean().sort_values(ascending=False, kind="stable").head(SHOWN)
    if every.empty or sizes.empty:
        return nothing(title, "no row is explained")
    step = -(-len(every) // MOST_POINTS)
    figure, axes = single(title, height=1 + 0.4 * len(sizes))
    for place, name in enumerate(sizes.index):
        points = every[name].iloc[::step].to_numpy(float)
        height = place + SPREAD * _jitter(points)
        colour = _place_in_order(rows[name].iloc[::step])
        drawn = axes.scatter(points, height, c=colour, cmap="coolwarm", s=6, vmin=0, vmax=1)
    label_bars(axes, sizes.index)
    axes.axvline(0, color="grey", linewidth=0.8)
    axes.set_xlabel(LOG_ODDS)
    bar = figure.colorbar(drawn, ax=axes, ticks=[0, 1], aspect=40)
    bar.ax.set_yticklabels(["low", "high"])
    bar.set_label("value of the feature (missing and texts: middle)")
    return figure


def _jitter(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Heights from -1 to 1 that keep equal points apart, the wider the denser they lie."""
    low, high = points.min(), points.max()
    bins = np.floor((points - low) / (high - low or 1.0) * 60).astype(np.int64)
    table = pd.Series(bins)
    turn = table.groupby(table).cumcount().to_numpy(float)
    crowd = table.map(table.value_counts()).to_numpy(float)
    side = np.where(turn % 2 == 0, 1.0, -1.0)
    heights: npt.NDArray[np.float64] = side * np.ceil(turn / 2) / max(crowd.max() / 2, 1.0)
    return heights.clip(-1, 1)


def _place_in_order(values: pd.Series) -> npt.NDArray[np.float64]:
    """The rank of each value, from 0 to 1; texts and missing ones in the middle."""
    if not pd.api.types.is_numeric_dtype(values):
        return np.full(len(values), 0.5)
    places = values.astype("float64").rank(pct=True).fillna(0.5)
    return np.asarray(places, dtype=np.float64)


def riskiest_enterprise(shares: pd.DataFrame) -> Picture:
    """Draw the parts of the highest log-odds: the baseline, the strongest features, the others."""
    title = "The way from the baseline to the highest probability"
    if shares.empty:
        return nothing(title, "no row is explained")
    row = shares.iloc[int(shares.sum(axis=1).to_numpy().argmax())]
    features = row.drop("base")
    largest = features.abs().sort_values(ascending=False, kind="stable").index[:SHOWN]
    other = f"the other {len(features) - len(largest)} features"
    parts = features[largest]
    if len(features) > len(largest):
        parts = pd.concat([parts, pd.Series({other: features.drop(largest).sum()})])
    start = row["base"] + parts.cumsum().shift(fill_value=0.0)
    figure, axes = single(title, height=tall(len(parts) + 2))
    axes.barh(range(len(parts)), parts, left=start, color=np.where(parts > 0, BAD, GOOD).tolist())
    label_bars(axes, parts.index)
    axes.axvline(row["base"], color="grey", linestyle=":", label=f"baseline {row['base']:.2f}")
    axes.axvline(row.sum(), color=MAIN, label=f"this enterprise {row.sum():.2f}")
    figures_beside(axes, (start + parts).where(parts > 0, start), [f"{p:+.2f}" for p in parts])
    axes.set_xlabel("log-odds of default")
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def reason_counts(reasons: pd.DataFrame) -> Picture:
    """Draw the share of enterprises with each family as a reason, and as the first one."""
    title = "Reasons named, by family"
    if reasons.empty:
        return nothing(title, "no family raises a risk by enough to be named")
    counts = reasons.groupby("family").agg(
        every=("rank", "size"), first=("rank", lambda rank: (rank == 1).sum())
    )
    every = len(counts)
    counts = counts.sort_values(["every", "first"], ascending=False, kind="stable").head(MAX_LINES)
    figure, axes = single(title, height=tall(len(counts)))
    bars(axes, counts["every"], colour="#9dbcd6")
    axes.barh(range(len(counts)), counts["first"], color=MAIN)
    in_counts(axes, "x")
    more = say_shown(len(counts), every, "most frequent")
    axes.set_xlabel(f"rows (enterprise and date) with this reason; dark: as the first reason{more}")
    return figure


def reasons_at_reference_group(fidelity: pd.DataFrame) -> Picture:
    """PD now, and with the first reason's feature alone at the reference group's value: below the diagonal, it fell.

    `fidelity` has rank, pd_12m, pd_at_reference. Of many rows, evenly spaced ones are drawn.
    """
    title = "The first reason's value set to the reference group's"
    first = fidelity[fidelity["rank"] == 1]
    if first.empty:
        return nothing(title, "no reason is named")
    some = first.iloc[:: -(-len(first) // MOST_POINTS)]
    figure, axes = single(title, height=4.2)
    ends = [float(first["pd_at_reference"].min()), float(first["pd_12m"].max())]
    axes.plot(ends, ends, color="grey", linewidth=0.8, label="no change")
    fell = (some["pd_at_reference"] < some["pd_12m"]).to_numpy()
    axes.scatter(some["pd_12m"], some["pd_at_reference"], s=8, c=np.where(fell, GOOD, BAD).tolist())
    axes.set_xscale("log")
    axes.set_yscale("log")
    # whole per cents would call a tenth of one nothing
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(lambda share, _: f"{100 * share:g}%")
    axes.set_xlabel("probability of default now")
    axes.set_ylabel("with that one value the reference group's")
    figure.legend(loc="outside lower center", frameon=False)
    return figure


def reason_overlap(stability: pd.DataFrame) -> Picture:
    """The share of families that a refit names too, with its interval, a bar a refit.

    `stability` has refit, overlap, low, high.
    """
    title = "Reasons that a refit names too"
    known = stability.dropna(subset=["overlap"])
    if known.empty:
        return nothing(title, "no refit was asked for, or no reason is named")
    figure, axes = single(title, height=tall(len(known)))
    bars(axes, known.set_index("refit")["overlap"], colour=PALE)
    middle = known["overlap"]
    reach = [(middle - known["low"]).tolist(), (known["high"] - middle).tolist()]
    axes.errorbar(middle, range(len(known)), xerr=reach, fmt="o", color=MAIN, label=COVERAGE)
    axes.set_xlim(0, 1)
    in_percent(axes, "x")
    axes.set_xlabel("families in common, of the larger number named (mean over rows)")
    axes.set_ylabel("refit")
    figure.legend(loc="outside lower center", frameon=False)
    return figure
