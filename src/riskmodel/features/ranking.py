"""How each card alone ranks defaults: its AUC, with an interval that knows enterprises repeat."""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmodel.features.engine import Features

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

COVERAGE = 0.95
"""Of every interval."""
WHOLE = "all"
"""All half-years together."""


class Ranking(NamedTuple):
    """How well values rank defaults: their AUC, its standard error and degrees of freedom.

    Above one half defaults have the larger values; NaN where it cannot be said.
    """

    rows: int
    defaults: int
    auc: float
    error: float
    freedom: int


def rankings(features: Features, defaulted: pd.Series) -> pd.DataFrame:
    """card, period, rows, defaults, auc, low, high of every number.

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
    for card in (card for card in features.cards if not card.category):
        values = rows[card.name].to_numpy(float, na_value=np.nan)
        rising = np.argsort(values)[: np.count_nonzero(~np.isnan(values))]
        v, y, w, part = values[rising], bad[rising], who[rising], number[rising]
        lines.append((card.name, WHOLE, *_sorted_auc(v, y, w)))
        for place, name in enumerate(names):
            own = part == place
            lines.append((card.name, name, *_sorted_auc(v[own], y[own], w[own])))
    return _with_intervals(pd.DataFrame(lines, columns=["card", "period", *Ranking._fields]))


def clustered_auc(values: Floats, bad: Flags, who: Ints) -> Ranking:
    """The AUC of the values, with its error where an enterprise, numbered in `who`, has several rows.

    V is the share of the other outcome's rows that a row is in order with, ties counting half; b
    and g are an enterprise's sums of V - AUC over its bad and its good rows, of which there are m
    and n in all; I1, I0 and I count the enterprises with bad, with good and with any rows. Then
    var = I1/(I1-1) sum(b^2)/m^2 + I0/(I0-1) sum(g^2)/n^2 + 2 I/(I-1) sum(b g)/(m n)
    (Obuchowski 1997, Biometrics 53, 567-578). With a row an enterprise it is DeLong's.
    """
    rising = np.argsort(values)
    return _sorted_auc(values[rising], bad[rising], who[rising])


def _sorted_auc(values: Floats, bad: Flags, who: Ints) -> Ranking:
    """The same of rising values, none missing."""
    rows, m = len(values), int(np.count_nonzero(bad))
    n = rows - m
    if not m or not n:
        return Ranking(rows, m, np.nan, np.nan, 0)
    first = np.r_[True, values[1:] != values[:-1]]
    ties, starts = np.cumsum(first) - 1, np.flatnonzero(first)
    ends = np.r_[starts[1:], rows]
    bads = np.r_[0, np.cumsum(bad)]
    # of a tie half counts as below: the mean of what lies below its first and below its end
    bads_below = (bads[starts] + bads[ends]) / 2
    goods_below = (starts + ends) / 2 - bads_below
    in_order, out_of_order = goods_below[ties[bad]] / n, bads_below[ties[~bad]] / m
    auc = float(in_order.mean())
    most = int(who.max()) + 1
    b = np.bincount(who[bad], in_order - auc, most) / m
    g = np.bincount(who[~bad], 1 - out_of_order - auc, most) / n
    i1, i0, i = (np.count_nonzero(np.bincount(some)) for some in (who[bad], who[~bad], who))
    freedom = int(min(i1, i0)) - 1
    if not freedom:
        return Ranking(rows, m, auc, np.nan, 0)
    # sums rather than products of vectors: the linear algebra's threads wait for each other
    variance = (b * b).sum() * i1 / (i1 - 1) + (g * g).sum() * i0 / (i0 - 1)
    variance += 2 * (b * g).sum() * i / (i - 1)
    return Ranking(rows, m, auc, float(np.sqrt(max(variance, 0))), freedom)


def _with_intervals(ranked: pd.DataFrame) -> pd.DataFrame:
    """low and high in place of error and freedom."""
    from scipy.stats import t

    error = ranked["error"].astype(float).where(ranked["error"] > 0)
    reach = error * t.ppf((1 + COVERAGE) / 2, ranked["freedom"].clip(lower=1).astype(float))
    ends = {"low": (ranked["auc"] - reach).clip(0), "high": (ranked["auc"] + reach).clip(upper=1)}
    return ranked.drop(columns=["error", "freedom"]).assign(**ends)


def turned(ranked: pd.DataFrame, falls: pd.Series) -> pd.DataFrame:
    """AUC and interval of the feature with its sign changed where `falls`."""
    ends = {"auc": "auc", "low": "high", "high": "low"}
    sides = {name: ranked[name].where(~falls, 1 - ranked[end]) for name, end in ends.items()}
    return ranked.assign(**sides)


def _half_years(days: pd.Series) -> pd.Series:
    """Like "2014 H1"."""
    half = np.where(days.dt.month <= 6, " H1", " H2")
    named: pd.Series = days.dt.year.astype(str) + half
    return named
