"""Values in a few bins, and the default rate of each: what a feature alone says."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmodel.features.attributes import short_text
from riskmodel.features.engine import Features
from riskmodel.statistics.low_default import jeffreys_interval
from riskmodel.statistics.psi import assign_bins, bin_edges

MAX_BINS = 6
MISSING, OTHER = "not given", "others"
COLUMNS = ["feature", "family", "bin", "values", "rows", "defaults", "rate", "low", "high"]


class Binned(NamedTuple):
    """The bin of each value, counted from 0, and the words of each bin."""

    places: NDArray[np.int64]
    words: tuple[str, ...]


def bin_values(values: pd.Series) -> Binned:
    """Cut numbers at quantiles, and texts to the most frequent ones; missing values stand last."""
    if pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        return _bin_numbers(values.to_numpy(np.float64, na_value=np.nan))
    levels = values.value_counts().index[:MAX_BINS].astype(str).tolist()
    codes = pd.Categorical(values, categories=levels).codes.astype(np.int64)
    places = np.where(values.isna(), len(levels) + 1, np.where(codes < 0, len(levels), codes))
    return _renumbered(places, [*map(short_text, levels), OTHER, MISSING])


def _bin_numbers(values: NDArray[np.float64]) -> Binned:
    edges = bin_edges(values, MAX_BINS)
    places = assign_bins(values, edges)
    known = pd.Series(values).groupby(places).agg(["min", "max"])
    words = {
        place: f"{low:.3g}" if low == high else f"{low:.3g} to {high:.3g}"
        for place, low, high in known.itertuples()
    }
    words[len(edges) + 1] = MISSING
    return _renumbered(places, [words.get(place, "") for place in range(len(edges) + 2)])


def _renumbered(places: NDArray[np.int64], words: list[str]) -> Binned:
    """The bins that have a value alone."""
    there, number = np.unique(places, return_inverse=True)
    return Binned(number.astype(np.int64), tuple(words[place] for place in there))


def default_rates(features: Features, defaulted: pd.Series) -> pd.DataFrame:
    """The default rate of each bin of each model feature, over the labelled rows.

    Columns as `COLUMNS`; the interval is Jeffreys', as if each enterprise of a bin were one row.
    """
    labelled = defaulted.notna().to_numpy(bool)
    rows, bad = features.frame[labelled], defaulted[labelled].to_numpy(bool)
    lines: list[tuple[object, ...]] = []
    for feature in (one for one in features.definitions if one.model and len(rows)):
        places, words = bin_values(rows[feature.name])
        own = pd.DataFrame({"bin": places, "bad": bad, "who": rows["enterprise_id"].to_numpy()})
        counts = own.groupby("bin").agg(
            rows=("bad", "size"), bad=("bad", "sum"), who=("who", "nunique")
        )
        for place, count, defaults, who in counts.itertuples():
            rate = defaults / count
            ends = jeffreys_interval(rate * who, who)
            named = (feature.name, feature.family, place, words[place])
            lines.append((*named, count, defaults, rate, *ends))
    return pd.DataFrame(lines, columns=COLUMNS)


def separation(rates: pd.DataFrame) -> pd.Series:
    """Chi-square of each feature's bins over the rows, largest first."""
    whole = rates.groupby("feature", sort=False)
    mean = whole["defaults"].transform("sum") / whole["rows"].transform("sum")
    departure = rates["rows"] * (rates["rate"] - mean) ** 2 / (mean * (1 - mean)).where(mean > 0)
    found = departure.groupby(rates["feature"], sort=False).sum() / whole["rows"].sum()
    return found.sort_values(ascending=False, kind="stable")
