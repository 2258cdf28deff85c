"""A measured figure with its 95 % sampling interval, and the few ways to get one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from riskmodel.statistics.bootstrap import draw_resamples
from riskmodel.statistics.low_default import jeffreys_quantiles

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

DRAWS, SEED = 300, 20140630
TAIL, NORMAL = 0.025, 1.959964
MIN_CASES = 20
"""Fewer cases than this say nothing about a share, a mean or a median."""


class TooFewCasesError(Exception):
    """A fact cannot be measured on this simulation; the words say what is missing or too thin."""


@dataclass(frozen=True)
class Measurement:
    """A figure with the interval in which it would lie in 95 % of such samples."""

    figure: float
    low: float = float("nan")
    high: float = float("nan")


def require_cases(cases: float, of: str, least: int = MIN_CASES) -> None:
    """Raises `TooFewCasesError` where there are fewer cases than a figure needs."""
    if cases < least:
        raise TooFewCasesError(f"{cases:,.0f} {of} where {least} are needed")


def sums_by(enterprise: Any, count: int, *values: Any) -> Floats:
    """The sums of each value over an enterprise's rows: enterprises x values."""
    place = np.asarray(enterprise, dtype=np.int64)
    return np.stack(
        [np.bincount(place, np.asarray(one, dtype=np.float64), count) for one in values], axis=1
    )


def bootstrap_interval(sums: Floats, statistic: Callable[[Floats], Any]) -> Measurement:
    """A statistic of column sums, with its bootstrap interval over the rows (enterprises).

    `statistic` takes sums along the last axis, and any axes before it. Rows of zeros are left
    out: they bring nothing to any sum.
    """
    rows = sums[(sums != 0).any(axis=1)]
    require_cases(len(rows), "enterprises", 1)
    picks = draw_resamples(len(rows), DRAWS, SEED)
    totals = np.stack([np.bincount(pick, minlength=len(rows)) @ rows for pick in picks])
    with np.errstate(divide="ignore", invalid="ignore"):
        figure, drawn = float(statistic(rows.sum(axis=0))), statistic(totals)
    kept = drawn[np.isfinite(drawn)]
    if not len(kept):
        raise TooFewCasesError("no bootstrap draw gives a figure")
    low, high = np.quantile(kept, [TAIL, 1 - TAIL])
    return Measurement(figure, float(low), float(high))


def ratio(sums: Floats) -> Any:
    """The first sum over the second."""
    return sums[..., 0] / sums[..., 1]


def share_by(enterprise: Any, count: int, hit: Any, weight: Any = None) -> Measurement:
    """The share of rows (or of their weight) that hit, resampled by enterprise."""
    hits = np.asarray(hit, dtype=np.float64)
    require_cases(len(hits), "cases")
    whole = np.ones(len(hits)) if weight is None else np.asarray(weight, dtype=np.float64)
    return bootstrap_interval(sums_by(enterprise, count, hits * whole, whole), ratio)


def share_of(hits: float, cases: float) -> Measurement:
    """A share of independent cases with Jeffreys' interval (Brown, Cai and DasGupta 2001)."""
    require_cases(cases, "cases")
    return Measurement(hits / cases, *jeffreys_quantiles(hits, cases))


def mean_of(values: Any) -> Measurement:
    """The mean of independent values, with its normal interval."""
    v = np.asarray(values, dtype=np.float64)
    require_cases(len(v), "cases")
    mean, reach = float(v.mean()), float(NORMAL * v.std(ddof=1) / np.sqrt(len(v)))
    return Measurement(mean, mean - reach, mean + reach)


def deviation_of(values: Any) -> Measurement:
    """The standard deviation of independent values, with its bootstrap interval."""
    v = np.asarray(values, dtype=np.float64)
    require_cases(len(v), "cases")
    centred = v - v.mean()
    return bootstrap_interval(np.stack([np.ones(len(v)), centred, centred**2], axis=1), deviation)


def deviation(sums: Floats) -> Any:
    """The standard deviation from the sums of ones, values and squares."""
    mean = sums[..., 1] / sums[..., 0]
    return np.sqrt(np.maximum(sums[..., 2] / sums[..., 0] - mean**2, 0))


def median_by(values: Any, enterprise: Any, count: int) -> Measurement:
    """The median, with Woodruff's interval (1952): the quantiles whose ranks its error covers.

    The error of the share below the median is taken over enterprises, not over rows.
    """
    v = np.asarray(values, dtype=np.float64)
    require_cases(len(v), "cases")
    median = float(np.median(v))
    below = sums_by(enterprise, count, (v < median) + 0.5 * (v == median) - 0.5)[:, 0]
    reach = min(NORMAL * float(np.sqrt((below**2).sum())) / len(v), 0.5)
    low, high = np.quantile(v, [0.5 - reach, 0.5 + reach])
    return Measurement(median, float(low), float(high))
