"""Aggregates over monthly totals: one function each, over an array of rows x months.

Column k holds the window `[as_of - (k + 1) months, as_of - k months)`: the newest month first.
"""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def months_active(totals: Array, counts: Array, months: int) -> Array:
    """How many of the months have rows."""
    return np.asarray((counts[:, :months] > 0).sum(axis=1), dtype=float)


def longest_gap(totals: Array, counts: Array, months: int) -> Array:
    """The longest run of months without rows; missing where there are no rows at all."""
    run = np.zeros(len(counts))
    longest = np.zeros(len(counts))
    for month in range(months):
        run = np.where(counts[:, month] > 0, 0.0, run + 1)
        longest = np.maximum(longest, run)
    return np.where(counts[:, :months].sum(axis=1) > 0, longest, np.nan)


def volatility(totals: Array, counts: Array, months: int) -> Array:
    """Standard deviation (n) over mean; missing where the mean is not above 0."""
    window = totals[:, :months]
    return _over_mean(window.std(axis=1), window)


def trend(totals: Array, counts: Array, months: int) -> Array:
    """Least-squares slope a month, over the mean; missing where the mean is not above 0."""
    window = totals[:, :months]
    time = np.arange(months)[::-1] - (months - 1) / 2
    slope = (window * time).sum(axis=1) / (time**2).sum()
    return _over_mean(slope, window)


def growth(totals: Array, counts: Array, months: int) -> Array:
    """The window against the one before, over their mean; missing where both are 0."""
    return _change(totals[:, :months], totals[:, months : 2 * months])


def growth_on_year(totals: Array, counts: Array, months: int) -> Array:
    """The window against the same months a year before, over their mean."""
    return _change(totals[:, :months], totals[:, 12 : 12 + months])


def _change(now: Array, then: Array) -> Array:
    new, old = now.sum(axis=1), then.sum(axis=1)
    middle = (np.abs(new) + np.abs(old)) / 2
    return np.asarray(np.divide(new - old, middle, out=np.full(len(new), np.nan), where=middle > 0))


def _over_mean(values: Array, window: Array) -> Array:
    mean = window.mean(axis=1)
    return np.asarray(np.divide(values, mean, out=np.full(len(mean), np.nan), where=mean > 0))


MONTHLY: Mapping[str, Callable[[Array, Array, int], Array]] = {
    "months_active": months_active,
    "longest_gap": longest_gap,
    "volatility": volatility,
    "trend": trend,
    "growth": growth,
    "growth_on_year": growth_on_year,
}
"""Aggregates over monthly totals."""


def reach(kind: str, months: int) -> int:
    """How many months back the aggregate looks."""
    return {"growth": 2 * months, "growth_on_year": 12 + months}.get(kind, months)
