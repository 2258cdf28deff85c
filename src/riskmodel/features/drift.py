"""How far the cards' values drift from those of the first year."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmodel.features.engine import Features
from riskmodel.features.language import Card

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TENTHS = np.linspace(0, 1, 11)[1:-1]
RARELY = 0.05
"""How often the index exceeds `by_chance` where nothing drifts."""


def drift(features: Features, labelled: pd.Series) -> pd.DataFrame:
    """card, as_of, labelled, enterprises, psi, by_chance, known_before and known_share of every
    date after the first year.

    `psi` is the population stability index, sum (a - e) ln(a / e), of the date's rows against the
    labelled rows of the first year, over the first year's tenths or the text's levels; a missing
    value is a bin of its own, and half a row is added to every bin. Without drift it stays below
    chi-square(bins - 1) (1/N + 1/M) nineteen times in twenty (Yurdakul and Naranjo 2020); N and M
    count enterprises, not rows, since an enterprise's rows are alike. `known_before` and
    `known_share` are the values known in the first year and on the date. `labelled` is false for
    the rows that are only scored: they may be of another population.
    """
    from scipy.stats import chi2

    moment, dates = _moments(features.frame, labelled)
    first, later = dates.loc[:0], dates.loc[1:]
    columns = ["card", *later.columns, "psi", "by_chance", "known_before", "known_share"]
    if first.empty or later.empty or not features.cards:
        return pd.DataFrame(columns=columns).astype({"labelled": bool, "psi": float})
    rarity = 1 / first["enterprises"].iloc[0] + 1 / later["enterprises"].to_numpy()
    tables = []
    for card in features.cards:
        counts = _counted(features.frame[card.name], moment, card)
        shares = (counts + 0.5) / (counts + 0.5).sum(axis=1, keepdims=True)
        psi = ((shares - shares[0]) * np.log(shares / shares[0])).sum(axis=1)
        chance = chi2.ppf(1 - RARELY, max(np.count_nonzero(counts.sum(axis=0)) - 1, 1)) * rarity
        known = 1 - counts[:, -1] / counts.sum(axis=1)
        tables.append(np.stack([psi[1:], chance, np.full(len(later), known[0]), known[1:]], 1))
    names = np.repeat([card.name for card in features.cards], len(later))
    every = pd.concat([later] * len(tables), ignore_index=True).assign(card=names)
    every[columns[-4:]] = np.concatenate(tables)
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


def _counted(values: pd.Series, moment: Ints, card: Card) -> Floats:
    """Rows by moment and bin; the last bin holds the missing values."""
    if card.category:
        place, levels = pd.factorize(values)
        bins = len(levels)
    else:
        numbers = values.to_numpy(float, na_value=np.nan)
        there = ~np.isnan(numbers)
        first = numbers[there & (moment == 0)]
        edges = np.unique(np.quantile(first, TENTHS)) if len(first) else first
        place, bins = np.searchsorted(edges, numbers, "right"), len(edges) + 1
        place[~there] = bins
    place = np.where(place < 0, bins, place)
    flat = np.bincount(moment * (bins + 1) + place, minlength=(moment.max() + 1) * (bins + 1))
    return flat.reshape(-1, bins + 1).astype(float)


def largest(moved: pd.DataFrame) -> pd.DataFrame:
    """card, drift, drifted_on, by_chance, known_before, known_then, drift_to_scored."""
    learnt, scored = moved[moved["labelled"]], moved[~moved["labelled"]]
    names = {"psi": "drift", "as_of": "drifted_on", "known_share": "known_then"}
    top = learnt.loc[learnt.groupby("card")["psi"].idxmax()]
    named = top.drop(columns=["labelled", "enterprises"]).rename(columns=names)
    last = scored.groupby("card")["psi"].max().rename("drift_to_scored")
    return named.merge(last, how="outer", on="card", validate="1:1")
