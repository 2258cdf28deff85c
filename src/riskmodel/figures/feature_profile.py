"""Charts of the features' profile: how they drift, and how each alone ranks defaults."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.lines import Line2D

from riskmodel.features.attributes import PREFIX, TABLE
from riskmodel.features.profile import Profile
from riskmodel.features.ranking import flip_auc
from riskmodel.figures.axis_range import say_undrawn, undrawable
from riskmodel.figures.canvas import (
    BAD,
    GOOD,
    MAIN,
    MAX_LINES,
    MAX_PANELS,
    PALE,
    SECOND,
    Picture,
    blank,
    label_bars,
    nothing,
    panels,
    plain,
    say_shown,
)
from riskmodel.figures.features import in_short, of_family
from riskmodel.statistics.outward_rounding import format_upper

AGREEMENTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "agrees": (GOOD, "as declared"),
        "disagrees": (BAD, "against what is declared"),
        "undecided": ("#7a8794", "undecided: the interval holds 0.5"),
        "undeclared": (MAIN, "no direction declared: right is rising"),
    }
)
LINE = 0.135
"""Inches: the height of one feature among many."""
LEAST = 0.05
"""The minimum reach of the axis of directions from one half."""
FEW = 40
"""Lines that are not cut into two columns."""
STRONG = 1.0
"""A stability index from which the colour is the darkest."""
ONE_DATE = "there is no as-of date after the first year"
NO_RANK = "no labelled row of both outcomes has a number"


def feature_drift(profile: Profile) -> Picture:
    """The median stability index of a family's model features, by as-of date."""
    title = "Drift from the first year: median stability index (PSI) of each family"
    moved = profile.drift[profile.drift["use"] == "model"]
    if moved.empty:
        return nothing(title, ONE_DATE)
    dated = moved.assign(scored=~moved["labelled"].astype(bool))
    table = dated.pivot_table("psi", "family", ["scored", "as_of"], "median", sort=False)
    every = len(table)
    most = table.max(axis=1).nlargest(MAX_LINES).index
    table = table[table.index.isin(most)].sort_index(axis=1)
    figure = blank(1.5 + 0.24 * len(table))
    axes = figure.subplots()
    axes.set_title(title, loc="left")
    shown = axes.imshow(table, cmap="YlOrBr", norm=PowerNorm(0.5, 0, STRONG), aspect="auto")
    for (line, column), value in np.ndenumerate(table.to_numpy(float)):
        colour = "white" if value > 0.6 * STRONG else "black"
        axes.text(column, line, f"{value:.2f}", ha="center", va="center", size=7, color=colour)
    days, scored = (table.columns.get_level_values(name) for name in ("as_of", "scored"))
    words = [
        f"{day:%Y-%m}" + ("\nto score" if last else "")
        for day, last in zip(days, scored, strict=True)
    ]
    axes.set_xticks(range(len(words)), words, fontsize=7)
    label_bars(axes, table.index)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.axvline(float(np.sum(~scored.to_numpy(bool))) - 0.5, color="white", linewidth=4)
    chance = moved["by_chance"].max()
    axes.set_xlabel(
        f"as-of date (by chance alone a feature mostly stays below {format_upper(chance, '.2f')})"
        f"{say_shown(len(table), every, 'that drifted most')}"
    )
    figure.colorbar(shown, ax=axes, label="PSI, no unit", extend="max", aspect=40, pad=0.01)
    return figure


def feature_bands(profile: Profile) -> Picture:
    """Median and the middle four fifths by as-of date: each family's feature that drifted most."""
    title = "Median, and 10th to 90th percentile, of each family's feature that drifted most"
    bands = profile.bands
    if bands["as_of"].nunique() < 2:
        return nothing(title, ONE_DATE)
    features = list(dict.fromkeys(bands["feature"]))[:MAX_PANELS]
    figure, charts = panels(title, features, columns=4)
    for axes, feature in zip(charts, features, strict=True):
        own = bands[bands["feature"] == feature].sort_values("as_of")
        labelled = own["labelled"].astype(bool)
        of_family(axes, feature, own["family"].iloc[0])
        values = own[["low", "middle", "high"]].to_numpy(float)
        why = undrawable(values[~np.isnan(values)])
        if why:
            say_undrawn(axes, feature, why)
            continue
        _band(axes, own[labelled], own[~labelled])
        axes.set_ylabel(plain(own["unit"].iloc[0]), fontsize="x-small")
    figure.supxlabel("as-of date (orange: the rows to be scored)", fontsize="small")
    return figure


def _band(axes: Axes, labelled: pd.DataFrame, scored: pd.DataFrame) -> None:
    axes.fill_between(labelled["as_of"], labelled["low"], labelled["high"], color=PALE)
    axes.plot(labelled["as_of"], labelled["middle"], color=MAIN)
    axes.vlines(scored["as_of"], scored["low"], scored["high"], color=PALE, linewidth=4)
    axes.plot(scored["as_of"], scored["middle"], "o", color=SECOND, markersize=4)
    ends = pd.to_datetime(
        [labelled["as_of"].min(), max(labelled["as_of"].max(), scored["as_of"].max())]
    )
    axes.set_xticks(ends, [f"{day:%Y-%m}" for day in ends])
    in_short(axes, "y")


def directions(profile: Profile) -> Picture:
    """Every number's AUC with its 95 % interval, turned so that right is as its definition declares.

    Where none is declared, right means that risk rises with the feature.
    """
    title = "How each feature alone ranks defaults, against its declared direction"
    features = profile.features.dropna(subset=["auc"])
    if features.empty:
        return nothing(title, NO_RANK)
    lines = _with_heads(flip_auc(features, features["risk"] == "falls"))
    columns = _two_columns(lines)
    longest = max(len(column) for column in columns)
    figure = blank(1.4 + LINE * longest)
    figure.suptitle(title, x=0.01, ha="left")
    charts = figure.subplots(1, len(columns), sharex=True, squeeze=False)[0]
    for axes, column in zip(charts, columns, strict=True):
        _dots(axes, column)
        axes.set_ylim(longest - 0.4, -0.6)
        axes.set_xlabel("AUC, as declared to the right", fontsize="small")
    far = np.abs(lines[["auc", "low", "high"]].to_numpy(float) - 0.5)
    reach = max(LEAST, 1.05 * float(np.nanmax(far)))
    charts[0].set_xlim(0.5 - reach, 0.5 + reach)
    _legend(figure, features["agreement"].value_counts())
    return figure


def _with_heads(features: pd.DataFrame) -> pd.DataFrame:
    """The features of each family, the strongest first, below a line with the family's name alone."""
    own = features["family"].str.startswith(PREFIX)  # columns of attributes stand below one line
    together = features.assign(family=features["family"].mask(own, TABLE))
    ordered = together.assign(place=np.arange(len(features)))
    first = ordered.groupby("family")["place"].transform("min")
    heads = together.drop_duplicates("family")[["family"]].assign(auc=np.nan)
    heads = heads.assign(feature=heads["family"], first=first.loc[heads.index], head=True)
    every = pd.concat([heads, ordered.assign(first=first, head=False)], ignore_index=True)
    by = ["first", "head", "auc"]
    return every.sort_values(by, ascending=[True, False, False], ignore_index=True)


def _two_columns(lines: pd.DataFrame) -> list[pd.DataFrame]:
    """The lines cut before the family that begins nearest to their middle; few are not cut."""
    heads = np.flatnonzero(lines["head"])[1:]
    if len(lines) < FEW or not len(heads):
        return [lines]
    cut = int(heads[np.abs(heads - len(lines) / 2).argmin()])
    return [lines[:cut], lines[cut:]]


def _dots(axes: Axes, lines: pd.DataFrame) -> None:
    places, features = np.arange(len(lines)), lines["auc"].notna().to_numpy()
    colours = [AGREEMENTS[name][0] for name in lines.loc[features, "agreement"]]
    low, auc, high = (lines.loc[features, name] for name in ("low", "auc", "high"))
    axes.axvline(0.5, color=PALE, linewidth=0.8, zorder=0)
    axes.hlines(places[features], low, high, colors=colours, linewidth=1)
    axes.scatter(auc, places[features], c=colours, s=9, zorder=3)
    label_bars(axes, lines["feature"].tolist())
    for label, is_feature in zip(axes.get_yticklabels(), features, strict=True):
        label.set_fontweight("normal" if is_feature else "bold")
    axes.tick_params(axis="y", labelsize=6.5, length=0)
    axes.tick_params(axis="x", labelsize="x-small")
    axes.spines[["top", "right", "left"]].set_visible(False)


def _legend(figure: Picture, counts: pd.Series) -> None:
    """The legend of colours, with the number of features of each."""
    handles = [
        Line2D([], [], color=colour, marker="o", label=f"{words} ({counts[name]})")
        for name, (colour, words) in AGREEMENTS.items()
        if name in counts
    ]
    figure.legend(
        handles=handles, loc="outside lower center", ncols=2, frameon=False, fontsize="small"
    )


def rankings_in_time(profile: Profile) -> Picture:
    """By half-year the AUC of each family's strongest feature with its interval; others pale."""
    title = "How each family's strongest feature ranks defaults, by half-year"
    best = profile.strongest.drop_duplicates("family").set_index("family")
    periods = profile.periods.dropna(subset=["auc"])
    if periods.empty:
        return nothing(title, NO_RANK)
    whole = profile.features.set_index("feature")
    lines = flip_auc(periods, periods["feature"].map(whole["auc"] < 0.5))
    families = [name for name in profile.families["family"] if name in best.index][:MAX_PANELS]
    names = sorted(set(profile.periods["period"]))
    lines = lines.assign(place=lines["period"].map(names.index))
    figure, charts = panels(title, families, columns=4)
    for axes, family in zip(charts, families, strict=True):
        feature, own = best.loc[family, "feature"], lines[lines["family"] == family]
        top = own[own["feature"] == feature]
        colour = AGREEMENTS[whole.loc[feature, "agreement"]][0]
        others = own[own["feature"] != feature].pivot_table("auc", "place", "feature")
        axes.plot(others.index, others.to_numpy(), color=PALE, linewidth=1)
        axes.vlines(top["place"], top["low"], top["high"], color=colour, linewidth=1)
        axes.plot(top["place"], top["auc"], color=colour, marker="o", markersize=3)
        of_family(axes, feature, family)
        axes.axhline(0.5, color="black", linewidth=0.6)
        axes.set_xticks(range(0, len(names), 2), [name[2:] for name in names[::2]], fontsize=6)
        axes.set_ylabel("AUC", fontsize="x-small")
    low, high = lines["auc"].min(), lines["auc"].max()
    for axes in charts:
        axes.set_ylim(low - 0.05, high + 0.1)
    words = "half-year of the as-of date (AUC turned to the side found over all; colours as above)"
    figure.supxlabel(words, fontsize="small")
    return figure
