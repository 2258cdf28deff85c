"""The population stability index (PSI): bins of a reference sample, the index, and its chance.

Values that many rows share are bins of their own, so that a shift away from them shows. Missing
values are a bin too. A bin that neither sample has does not count.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BINS = 10
RARELY = 0.05
"""How often the index exceeds `chance_bound` where nothing drifts."""


def bin_edges(reference: Floats, bins: int = BINS) -> Floats:
    """Rising edges for `assign_bins`: each is the largest value of its bin.

    A value is a bin of its own if it holds a bin's share of the known reference, and every value is
    where there are no more of them than bins; the rest is cut at quantiles. The outermost bins are
    open, so that values beyond such a value stand apart from it.
    """
    values, counts = np.unique(reference[~np.isnan(reference)], return_counts=True)
    if len(values) <= bins:
        return np.unique(np.concatenate([values, np.nextafter(values, -np.inf)]))
    rows = counts.sum()
    cuts = values[np.searchsorted(np.cumsum(counts) * bins, np.arange(1, bins) * rows)]
    alone = values[counts * bins >= rows]
    return np.unique(np.concatenate([cuts, alone, np.nextafter(alone, -np.inf)]))


def assign_bins(values: Floats, edges: Floats) -> Ints:
    """The bin of each value; missing values have the last one, `len(edges) + 1`."""
    places = np.searchsorted(edges, values, "left")
    return np.where(np.isnan(values), len(edges) + 1, places).astype(np.int64)


def stability_index(expected: Floats, actual: Floats) -> float:
    """Sum (a - e) ln(a / e) over the bins that there are, from rows by bin; half a row is added to
    each."""
    there = expected + actual > 0
    e, a = ((rows[there] + 0.5) / (rows[there] + 0.5).sum() for rows in (expected, actual))
    return float(((a - e) * np.log(a / e)).sum())


def chance_bound(expected: Floats, actual: Floats, p: float = RARELY) -> float:
    """The PSI that is exceeded with probability p where nothing drifts.

    Both hold rows by enterprise and bin, the same enterprise in the same place: an enterprise's rows
    are alike, also from one sample to the other, so it counts as one draw. Where each has one row in
    one sample this is chi-square(bins - 1) (1/n + 1/m) (Yurdakul and Naranjo 2020). Else the
    covariance of the shares is that between enterprises, and the sum of chi-squares is held against
    the one with the same mean and variance (Rao and Scott 1984).
    """
    from scipy.stats import chi2

    there = (expected.sum(axis=0) + actual.sum(axis=0)) > 0
    e, a = expected[:, there], actual[:, there]
    pooled = (e.sum(axis=0) + a.sum(axis=0)) / (e.sum() + a.sum())
    departures = (_departures(a, pooled) - _departures(e, pooled)) / np.sqrt(pooled)
    covariance = departures.T @ departures
    mean, square = float(np.trace(covariance)), float((covariance**2).sum())
    return square / mean * float(chi2.ppf(1 - p, mean**2 / square)) if mean > 0 else 0.0


def _departures(rows: Floats, shares: Floats) -> Floats:
    """Each enterprise's part in how far the sample's shares lie from these."""
    departures: Floats = (rows - rows.sum(axis=1, keepdims=True) * shares) / rows.sum()
    return departures


def rows_by_owner(owners: Ints, places: Ints, shape: tuple[int, int]) -> Floats:
    """Rows by owner and bin; `shape` counts both."""
    flat = np.bincount(owners * shape[1] + places, minlength=shape[0] * shape[1])
    return flat.reshape(shape).astype(float)
