"""The master scale: PD bands, the thin ones merged, each with its observed defaults."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from riskmodel.statistics.low_default import jeffreys_interval, pluto_tasche

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class GradeStatistics:
    """A grade's rows at calibration: enterprises, their defaults, and bounds of the rate.

    `pd_12m` is the mean PD stated; `low` and `high` are Jeffreys' 95 % interval of the rate;
    `prudent` is Pluto and Tasche's bound at 90 %. Rows share weights (see `GradedRows`), so counts need
    not be whole.
    """

    grade: str
    enterprises: float
    defaults: float
    pd_12m: float
    low: float
    high: float
    prudent: float


@dataclass(frozen=True)
class MasterScale:
    """PD bounds between grades, rising; G01 is the best grade. `statistics` has one entry a grade."""

    bounds: tuple[float, ...]
    statistics: tuple[GradeStatistics, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The grades, best first."""
        return tuple(f"G{number:02d}" for number in range(1, len(self.bounds) + 2))

    def assign(self, pd_12m: Array) -> npt.NDArray[np.str_]:
        """Assign each PD its grade; a PD on a bound belongs to the worse grade.

        >>> MasterScale((0.02, 0.1)).assign(np.array([0.01, 0.02, 0.3])).tolist()
        ['G01', 'G02', 'G03']
        """
        return np.array(self.names)[self.index(pd_12m)]

    def index(self, pd_12m: Array) -> npt.NDArray[np.int64]:
        """Return each PD's grade as a number, counted from 0."""
        return np.searchsorted(self.bounds, pd_12m, side="right")


@dataclass(frozen=True)
class GradedRows:
    """Rows that a scale is made from: PDs, labels, and each row's weight.

    Rows of one enterprise in one band of the given bounds share a weight of one, since they tell of
    the same default.
    """

    pd_12m: Array
    defaulted: Array
    weight: Array


def fit_master_scale(bounds: Sequence[float], rows: GradedRows, min_defaults: float) -> MasterScale:
    """Fit the bounds that leave every grade enough expected defaults, with its statistics."""
    kept = _merge_thin_grades(list(bounds), rows, min_defaults)
    return MasterScale(tuple(kept), _grade_statistics(MasterScale(tuple(kept)), rows))


def _sum_by_grade(grades: MasterScale, rows: GradedRows) -> tuple[Array, Array, Array]:
    """Enterprises, expected and seen defaults of each grade."""
    place, count = grades.index(rows.pd_12m), len(grades.names)
    weighed = (rows.weight, rows.weight * rows.pd_12m, rows.weight * rows.defaulted)
    count_of, expected, bad = (np.asarray(np.bincount(place, w, count), float) for w in weighed)
    return count_of, expected, bad


def _merge_thin_grades(bounds: list[float], rows: GradedRows, min_defaults: float) -> list[float]:
    _, expected, _ = _sum_by_grade(MasterScale(tuple(bounds)), rows)
    kept: list[float] = []
    held = 0.0
    for bound, more in zip(bounds, expected[:-1], strict=True):
        held += more
        if held >= min_defaults:
            kept.append(bound)
            held = 0.0
    if kept and held + expected[-1] < min_defaults:
        kept.pop()
    return kept


def _grade_statistics(grades: MasterScale, rows: GradedRows) -> tuple[GradeStatistics, ...]:
    count, expected, bad = _sum_by_grade(grades, rows)
    prudent = pluto_tasche(bad.tolist(), count.tolist())
    return tuple(
        GradeStatistics(
            name, float(n), float(d), float(e / max(n, 1e-12)), *jeffreys_interval(d, n), most
        )
        for name, n, e, d, most in zip(grades.names, count, expected, bad, prudent, strict=True)
    )
