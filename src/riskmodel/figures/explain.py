"""Charts of the explanations: what matters, in which direction, and why for one enterprise."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.figures.canvas import (
    BAD,
    GOOD,
    MAIN,
    Picture,
    bars,
    figures_beside,
    in_counts,
    named,
    nothing,
    single,
    tall,
)

SHOWN = 12
MOST_POINTS = 1500
SPREAD = 0.35
LOG_ODDS = "contribution to the log-odds of default (above 0: more risk)"


def importance(families: pd.DataFrame) -> Picture:
    """The mean size of each family's contribution to the log-odds."""
    title = "Mean size of the contribution, by family"
    sizes = families.drop(columns="base", errors="ignore").abs().mean()
    if families.empty or sizes.empty:
        return nothing(title, "no row is explained")
    sizes = sizes.sort_values(ascending=False, kind="stable")
    figure, axes = single(title, height=tall(len(sizes)))
    bars(axes, sizes)
    axes.set_xlabel("mean absolute contribution to the log-odds of default")
    return figure


def beeswarm(rows: pd.DataFrame, shares: pd.DataFrame) -> Picture:
    """Contributions of the strongest features, a point a row, coloured by the feature's value.

    `rows` are keys and features, `shares` contributions by feature on the same index. Of many
    rows, evenly spaced ones are drawn.
    """
    title = "Contributions of the strongest features"
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
    named(axes, sizes.index)
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
    """Where each value stands among all, from 0 to 1; texts and missing ones in the middle."""
    if not pd.api.types.is_numeric_dtype(values):
        return np.full(len(values), 0.5)
    places = values.astype("float64").rank(pct=True).fillna(0.5)
    return np.asarray(places, dtype=np.float64)


def riskiest_enterprise(shares: pd.DataFrame) -> Picture:
    """What makes up the highest log-odds: the average, the strongest features, the others."""
    title = "Contributions for the enterprise of the highest probability"
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
    named(axes, parts.index)
    axes.axvline(row["base"], color="grey", linestyle=":", label=f"average {row['base']:.2f}")
    axes.axvline(row.sum(), color=MAIN, label=f"this enterprise {row.sum():.2f}")
    figures_beside(axes, (start + parts).where(parts > 0, start), [f"{p:+.2f}" for p in parts])
    axes.set_xlabel("log-odds of default")
    figure.legend(loc="outside lower center", ncols=2, frameon=False)
    return figure


def reason_counts(reasons: pd.DataFrame) -> Picture:
    """How often each family is a reason, and how often the first one."""
    title = "Reasons named, by family"
    if reasons.empty:
        return nothing(title, "no family raises a risk by enough to be named")
    counts = reasons.groupby("family").agg(
        every=("rank", "size"), first=("rank", lambda rank: (rank == 1).sum())
    )
    counts = counts.sort_values(["every", "first"], ascending=False, kind="stable")
    figure, axes = single(title, height=tall(len(counts)))
    bars(axes, counts["every"], colour="#9dbcd6")
    axes.barh(range(len(counts)), counts["first"], color=MAIN)
    in_counts(axes, "x")
    axes.set_xlabel("rows (enterprise and date) with this reason; dark: as the first reason")
    return figure
