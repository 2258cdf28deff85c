"""Drift of the features' values from those of the first year."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmodel.features.engine import Features
from riskmodel.features.spec import FeatureDefinition
from riskmodel.statistics.psi import (
    assign_bins,
    bin_edges,
    count_by_enterprise,
    critical_value_of_counts,
    psi_of_counts,
)

Ints = NDArray[np.int64]


def drift(features: Features, labelled: pd.Series) -> pd.DataFrame:
    """feature, as_of, labelled, enterprises, psi, by_chance, known_before and known_share of every
    date after the first year.

    `psi` is the population stability index of the date's rows against the labelled rows of the first
    year, over the first year's bins or the text's levels; a missing value is a bin of its own.
    Without drift it stays below `by_chance` nineteen times in twenty: that counts enterprises, not
    rows, since an enterprise's rows are alike, and the bins that there are. `known_before` and
    `known_share` are the values known in the first year and on the date. `labelled` is false for
    the rows that are only scored: they may be of another population.
    """
    moment, dates = _moments(features.frame, labelled)
    later = dates.loc[1:]
    columns = ["feature", *later.columns, "psi", "by_chance", "known_before", "known_share"]
    if dates.loc[:0].empty or later.empty or not features.definitions:
        return pd.DataFrame(columns=columns).astype({"labelled": bool, "psi": float})
    rows = [np.flatnonzero(moment == number) for number in dates.index]
    owners, unique = pd.factorize(features.frame["enterprise_id"])
    tables = []
    for feature in features.definitions:
        place, missing = _places(features.frame[feature.name], rows[0], feature)
        shape = (len(unique), missing + 1)
        first, known = count_by_enterprise(owners[rows[0]], place[rows[0]], shape), place < missing
        for date in rows[1:]:
            there = count_by_enterprise(owners[date], place[date], shape)
            psi = psi_of_counts(first.sum(axis=0), there.sum(axis=0))
            shares = known[rows[0]].mean(), known[date].mean()
            tables.append((psi, critical_value_of_counts(first, there), *shares))
    names = np.repeat([feature.name for feature in features.definitions], len(later))
    every = pd.concat([later] * len(features.definitions), ignore_index=True).assign(feature=names)
    every[columns[-4:]] = np.array(tables)
    return every[columns]


def _moments(frame: pd.DataFrame, labelled: pd.Series) -> tuple[Ints, pd.DataFrame]:
    """Each row's group, and as_of, labelled and enterprises of the groups.

    0 is the labelled rows of the first year; each later date follows, those only scored last.
    """
    rows = frame[["enterprise_id", "as_of"]].assign(scored=~labelled.to_numpy(bool))
    year = rows.loc[~rows["scored"], "as_of"].min() + pd.DateOffset(months=12)
    later = rows[rows["scored"] | ~(rows["as_of"] < year)]
    number = (later.groupby(["scored", "as_of"]).ngroup() + 1).reindex(rows.index, fill_value=0)
    dates = rows.groupby(number).agg(
        as_of=("as_of", "min"),
        labelled=("scored", lambda scored: not scored.any()),
        enterprises=("enterprise_id", "nunique"),
    )
    return number.to_numpy(np.int64), dates


def _places(values: pd.Series, first: Ints, feature: FeatureDefinition) -> tuple[Ints, int]:
    """Each row's bin or level, and the one of the missing values, which is the last."""
    if feature.category:
        place, levels = pd.factorize(values)
        return np.where(place < 0, len(levels), place), len(levels)
    numbers = values.to_numpy(float, na_value=np.nan)
    edges = bin_edges(numbers[first])
    return assign_bins(numbers, edges), len(edges) + 1


def largest_drift(moved: pd.DataFrame) -> pd.DataFrame:
    """feature, drift, drifted_on, by_chance, known_before, known_then, drift_to_scored."""
    labelled, scored = moved[moved["labelled"]], moved[~moved["labelled"]]
    names = {"psi": "drift", "as_of": "drifted_on", "known_share": "known_then"}
    top = labelled.loc[labelled.groupby("feature")["psi"].idxmax()]
    named = top.drop(columns=["labelled", "enterprises"]).rename(columns=names)
    last = scored.groupby("feature")["psi"].max().rename("drift_to_scored")
    return named.merge(last, how="outer", on="feature", validate="1:1")
