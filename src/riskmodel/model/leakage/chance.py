"""Chance: how far a region of default stands out where the labels say nothing of the columns."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from riskmodel.features.ranking import COVERAGE
from riskmodel.model.leakage.regions import MIN_GROUP_ROWS
from riskmodel.model.leakage.univariate import (
    Flags,
    Floats,
    Ints,
    LabelledRows,
    group_values,
    to_numbers,
)

Codes = tuple[Ints, tuple[int, int]]

FINE_BINS = 100
"""Bins of equal counts of a number: the ends of the tails that are tried."""


def excess(defaults: Floats, rows: Floats, of_defaults: float, of_rows: float) -> Floats:
    """Compute the log-likelihood ratio of a region with a rate of its own, above that of the rest.

    Kulldorff's scan statistic (1997, Communications in Statistics 26, 1481-1496); 0 where the rate
    is not above.
    """
    others, rest = of_rows - rows, of_defaults - defaults
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = _log_likelihood(defaults, rows) + _log_likelihood(rest, others)
        ratio -= _log_likelihood(np.asarray(of_defaults), np.asarray(of_rows))
        above = defaults * others > rest * rows
    return np.where(above, ratio, 0.0)


def _log_likelihood(defaults: Floats, rows: Floats) -> Floats:
    """Of so many defaults among the rows at their own rate."""
    from scipy.special import xlogy

    goods, some = np.maximum(rows - defaults, 0), np.maximum(rows, 1e-12)
    return np.asarray(xlogy(defaults, defaults / some) + xlogy(goods, goods / some))


def observed_excess(inside: Flags, labelled: LabelledRows) -> float:
    """Compute `excess` of a region, an enterprise counting once over all its rows."""
    weight = _weights(labelled)
    bad = weight * labelled.bad
    inner = np.asarray(bad[inside].sum()), np.asarray(weight[inside].sum())
    return float(excess(*inner, bad.sum(), weight.sum()))


def largest_by_chance(
    rows: pd.DataFrame,
    names: Sequence[str],
    labelled: LabelledRows,
    min_defaults: int,
    draws: tuple[int, int],
) -> float:
    """Compute the excess that the best region of all columns reaches by chance once in twenty.

    The labels are permuted by enterprise, so that they say nothing of any column; of each
    permutation the largest excess over every column, tail and set of groups counts, among regions
    of `min_defaults`. `draws`: the number of permutations, and the seed.
    """
    rng, weight = np.random.default_rng(draws[1]), _weights(labelled)
    share = np.bincount(labelled.enterprise, weight * labelled.bad)
    numbers = [name for name in names if to_numbers(rows[name]) is not None]
    groups = _codes([group_values(rows[name]) for name in names])
    bins = _codes([_bins(rows[name]) for name in numbers])
    of_groups, of_bins = _sums(groups, weight), _sums(bins, weight)
    largest = []
    for _ in range(draws[0]):
        own = rng.permutation(share)[labelled.enterprise]
        drawn, bad = own > 0, weight * own
        total = float(bad.sum()), float(weight.sum())
        pairs = [
            *_group_regions(_sums(groups, bad, drawn), of_groups, min_defaults),
            *_tail_regions(_sums(bins, bad, drawn), of_bins),
        ]
        largest.append(
            max(_best_excess(defaults, count, total, min_defaults) for defaults, count in pairs)
        )
    return float(np.quantile(largest, COVERAGE))


def _weights(labelled: LabelledRows) -> Floats:
    """Each row's part of its enterprise."""
    return np.asarray(1 / np.bincount(labelled.enterprise)[labelled.enterprise])


def _bins(values: pd.Series) -> Ints:
    """0 for missing, then a number for each value or bin of equal counts."""
    if values.nunique() <= FINE_BINS:
        return np.asarray(pd.factorize(values, sort=True)[0] + 1, dtype=np.int64)
    place = values.rank(method="min", pct=True).fillna(0).to_numpy(float)
    return np.ceil(place * FINE_BINS).astype(np.int64)


def _codes(columns: Sequence[Ints]) -> Codes:
    """Rows x columns of bins that are numbered through, and how many columns and bins there are."""
    if not columns:
        return np.empty((0, 0), dtype=np.int64), (0, 0)
    most = max(int(one.max()) for one in columns) + 1
    return np.column_stack(columns) + np.arange(len(columns)) * most, (len(columns), most)


def _sums(codes: Codes, weight: Floats, drawn: Flags | slice = slice(None)) -> Floats:
    """Sum the drawn rows' weights by column and bin."""
    places, (columns, bins) = codes
    if not columns:
        return np.empty((0, 0))
    flat = np.bincount(
        places[drawn].ravel(), np.repeat(weight[drawn], columns), minlength=columns * bins
    )
    return np.asarray(flat.reshape(columns, bins), dtype=float)


def _group_regions(bad: Floats, rows: Floats, min_defaults: int) -> Iterator[tuple[Floats, Floats]]:
    """Defaults and rows of the missing, of those there, and of the worst groups together."""
    yield bad[:, 0], rows[:, 0]
    yield bad[:, 1:].sum(axis=1), rows[:, 1:].sum(axis=1)
    large = rows >= MIN_GROUP_ROWS
    worst = np.argsort(np.where(large, -bad / np.maximum(rows, 1e-12), 1), axis=1)
    bad, rows = (
        np.cumsum(np.take_along_axis(np.where(large, one, 0), worst, axis=1), axis=1)
        for one in (bad, rows)
    )
    first = np.argmax(bad >= min_defaults, axis=1)[:, None]
    yield np.take_along_axis(bad, first, axis=1), np.take_along_axis(rows, first, axis=1)


def _tail_regions(bad: Floats, rows: Floats) -> Iterator[tuple[Floats, Floats]]:
    """Defaults and rows of every lower and every upper tail of the numbers."""
    for step in (1, -1):
        yield (
            np.cumsum(bad[:, 1:][:, ::step], axis=1),
            np.cumsum(rows[:, 1:][:, ::step], axis=1),
        )


def _best_excess(
    defaults: Floats, rows: Floats, total: tuple[float, float], min_defaults: int
) -> float:
    """The largest excess among regions that hold enough defaults."""
    found = excess(defaults, rows, *total)[defaults >= min_defaults]
    return float(found.max(initial=0.0))
