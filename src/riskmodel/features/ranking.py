"""Ranking of defaults by each feature alone: AUC, with an interval that knows enterprises repeat."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmodel.features.engine import Features
from riskmodel.statistics.discrimination import ClusteredAuc, clustered_auc_of_sorted

Floats = NDArray[np.float64]

COVERAGE = 0.95
"""Of every interval."""
WHOLE = "all"
"""All half-years together."""


def rankings(features: Features, defaulted: pd.Series) -> pd.DataFrame:
    """feature, period, rows, defaults, auc, low, high of every number.

    Of the labelled rows whose value is known: by half-year of the as-of date, and "all" together.
    The interval is Student's, of 95 %, with as many degrees of freedom as the rarer outcome has
    enterprises, less one: the fewest that Satterthwaite's formula can give. There is none where
    one enterprise alone has an outcome, or where nothing varies.
    """
    labelled = defaulted.notna().to_numpy(bool)
    rows, bad = features.frame[labelled], defaulted[labelled].to_numpy(bool)
    who = pd.factorize(rows["enterprise_id"])[0]
    number, names = pd.factorize(_half_years(rows["as_of"]), sort=True)
    lines = []
    for feature in (feature for feature in features.definitions if not feature.category):
        values = rows[feature.name].to_numpy(float, na_value=np.nan)
        rising = np.argsort(values)[: np.count_nonzero(~np.isnan(values))]
        v, y, w, part = values[rising], bad[rising], who[rising], number[rising]
        lines.append((feature.name, WHOLE, *clustered_auc_of_sorted(v, y, w)))
        for place, name in enumerate(names):
            own = part == place
            lines.append((feature.name, name, *clustered_auc_of_sorted(v[own], y[own], w[own])))
    return _with_intervals(
        pd.DataFrame(lines, columns=["feature", "period", *ClusteredAuc._fields])
    )


def _with_intervals(ranked: pd.DataFrame) -> pd.DataFrame:
    """low and high in place of error and freedom."""
    from scipy.stats import t

    error = ranked["error"].astype(float).where(ranked["error"] > 0)
    reach = error * t.ppf((1 + COVERAGE) / 2, ranked["freedom"].clip(lower=1).astype(float))
    ends = {"low": (ranked["auc"] - reach).clip(0), "high": (ranked["auc"] + reach).clip(upper=1)}
    return ranked.drop(columns=["error", "freedom"]).assign(**ends)


def flip_auc(ranked: pd.DataFrame, falls: pd.Series) -> pd.DataFrame:
    """AUC and interval of the feature with its sign changed where `falls`."""
    ends = {"auc": "auc", "low": "high", "high": "low"}
    sides = {name: ranked[name].where(~falls, 1 - ranked[end]) for name, end in ends.items()}
    return ranked.assign(**sides)


def _half_years(days: pd.Series) -> pd.Series:
    """Like "2014 H1"."""
    half = np.where(days.dt.month <= 6, " H1", " H2")
    named: pd.Series = days.dt.year.astype(str) + half
    return named
