"""The population stability index (PSI): bins of a reference sample, the index, its critical value.

Values that many rows share are bins of their own, so that a shift away from them shows. Missing
values are a bin too. A bin that neither sample has does not count.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BINS = 10
SIGNIFICANCE = 0.05
"""The share of samples without drift that exceed the critical value."""


def psi(expected: Floats, actual: Floats, *, bins: int = BINS) -> float:
    """Compute the PSI of values: sum (a - e) ln(a / e) over the bins of `bin_edges`.

    Half a row is added to every bin that there is.

    >>> round(psi(np.array([1.0, 1.0, 2.0, 2.0]), np.array([1.0, 2.0, 2.0, 2.0])), 3)
    0.169
    """
    places, count = _bins_of_both(expected, actual, bins)
    return psi_of_counts(*(np.bincount(one, minlength=count).astype(float) for one in places))


def psi_critical_value(
    expected: Floats,
    actual: Floats,
    enterprises: tuple[pd.Series, pd.Series],
    *,
    p: float = SIGNIFICANCE,
) -> float:
    """Compute the PSI that values exceed with probability p where nothing drifts.

    `enterprises`: that of each row of the two samples, which may share some. See
    `critical_value_of_counts`.
    """
    places, count = _bins_of_both(expected, actual, BINS)
    codes, unique = pd.factorize(pd.concat(enterprises, ignore_index=True))
    first, second = (
        count_by_enterprise(code, place, (len(unique), count))
        for code, place in zip(np.split(codes, [len(expected)]), places, strict=True)
    )
    return critical_value_of_counts(first, second, p)


def bin_edges(reference: Floats, bins: int = BINS) -> Floats:
    """Compute rising edges for `assign_bins`: each is the largest value of its bin.

    A value is a bin of its own if it holds a bin's share of the known reference, and every value is
    where there are no more of them than bins; the rest is cut at quantiles. The outermost bins are
    open, so that values beyond such a value stand apart from it.
    """
    values, counts = np.unique(reference[~np.isnan(reference)], return_counts=True)
    if len(values) <= bins:
        return np.unique(np.concatenate([values, np.nextafter(values, -np.inf)]))
    rows = counts.sum()
    cuts = values[np.searchsorted(np.cumsum(counts) * bins, np.arange(1, bins) * rows)]
    frequent = values[counts * bins >= rows]
    return np.unique(np.concatenate([cuts, frequent, np.nextafter(frequent, -np.inf)]))


def assign_bins(values: Floats, edges: Floats) -> Ints:
    """Find the bin of each value; missing values have the last one, `len(edges) + 1`."""
    places = np.searchsorted(edges, values, "left")
    return np.where(np.isnan(values), len(edges) + 1, places).astype(np.int64)


def psi_of_counts(expected: Floats, actual: Floats) -> float:
    """Compute the PSI from rows by bin, half a row added to each bin that either sample has."""
    used = expected + actual > 0
    e, a = ((rows[used] + 0.5) / (rows[used] + 0.5).sum() for rows in (expected, actual))
    return float(((a - e) * np.log(a / e)).sum())


def critical_value_of_counts(expected: Floats, actual: Floats, p: float = SIGNIFICANCE) -> float:
    """Compute the PSI that is exceeded with probability p where nothing drifts.

    Both are rows by enterprise and bin, the same enterprise in the same place: an enterprise's rows
    are alike, also from one sample to the other, so it counts as one draw. Where each has one row in
    one sample this is chi-square(bins - 1) (1/n + 1/m) (Yurdakul and Naranjo 2020). Else the
    covariance of the shares is that between enterprises, and the sum of chi-squares is compared to
    the one with the same mean and variance (Rao and Scott 1984).
    """
    from scipy.stats import chi2

    used = (expected.sum(axis=0) + actual.sum(axis=0)) > 0
    e, a = expected[:, used], actual[:, used]
    pooled = (e.sum(axis=0) + a.sum(axis=0)) / (e.sum() + a.sum())
    departures = (_departures(a, pooled) - _departures(e, pooled)) / np.sqrt(pooled)
    covariance = departures.T @ departures
    mean, square = float(np.trace(covariance)), float((covariance**2).sum())
    return square / mean * float(chi2.ppf(1 - p, mean**2 / square)) if mean > 0 else 0.0


def count_by_enterprise(enterprises: Ints, places: Ints, shape: tuple[int, int]) -> Floats:
    """Count rows by enterprise and bin; `shape` is the number of either."""
    flat = np.bincount(enterprises * shape[1] + places, minlength=shape[0] * shape[1])
    return flat.reshape(shape).astype(float)


def _departures(rows: Floats, shares: Floats) -> Floats:
    """Each enterprise's contribution to the distance of the sample's shares from these."""
    departures: Floats = (rows - rows.sum(axis=1, keepdims=True) * shares) / rows.sum()
    return departures


def _bins_of_both(expected: Floats, actual: Floats, bins: int) -> tuple[tuple[Ints, Ints], int]:
    """The bin of each value of both samples, and the number of bins that there may be."""
    edges = bin_edges(expected, bins)
    return (assign_bins(expected, edges), assign_bins(actual, edges)), len(edges) + 2
