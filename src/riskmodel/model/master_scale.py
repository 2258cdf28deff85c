"""Grades: a master scale of PD bands, the thin ones merged, each with what was seen of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from riskmodel.statistics.low_default import jeffreys_interval, pluto_tasche

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Seen:
    """A grade on the rows it was calibrated on: enterprises, their defaults, and what these say.

    `pd_12m` is the mean PD stated; `low` and `high` are Jeffreys' 95 % interval of the rate;
    `prudent` is Pluto and Tasche's bound at 90 %. Rows share weights (see `Graded`), so counts need
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
class Grades:
    """PD bounds between grades, rising; G01 is the best grade. `seen` has one entry a grade."""

    bounds: tuple[float, ...]
    seen: tuple[Seen, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The grades, best first."""
        return tuple(f"G{number:02d}" for number in range(1, len(self.bounds) + 2))

    def of(self, pd_12m: Array) -> npt.NDArray[np.str_]:
        """The grade of each PD; a PD on a bound belongs to the worse grade."""
        return np.array(self.names)[self.place(pd_12m)]

    def place(self, pd_12m: Array) -> npt.NDArray[np.int64]:
        """The grade's number, counted from 0."""
        return np.searchsorted(self.bounds, pd_12m, side="right")


@dataclass(frozen=True)
class Graded:
    """Rows that a scale is made from: PDs, labels, and each row's weight.

    Rows of one enterprise in one band of the given bounds share a weight of one, since they tell of
    the same default.
    """

    pd_12m: Array
    defaulted: Array
    weight: Array


def master_scale(bounds: Sequence[float], rows: Graded, least_defaults: float) -> Grades:
    """The bounds that leave every grade at least so many expected defaults, with what was seen."""
    kept = _enough(list(bounds), rows, least_defaults)
    return Grades(tuple(kept), _seen(Grades(tuple(kept)), rows))


def _sums(grades: Grades, rows: Graded) -> tuple[Array, Array, Array]:
    """Enterprises, expected and seen defaults of each grade."""
    place, count = grades.place(rows.pd_12m), len(grades.names)
    weighed = (rows.weight, rows.weight * rows.pd_12m, rows.weight * rows.defaulted)
    count_of, expected, bad = (np.asarray(np.bincount(place, w, count), float) for w in weighed)
    return count_of, expected, bad


def _enough(bounds: list[float], rows: Graded, least: float) -> list[float]:
    _, expected, _ = _sums(Grades(tuple(bounds)), rows)
    kept: list[float] = []
    held = 0.0
    for bound, more in zip(bounds, expected[:-1], strict=True):
        held += more
        if held >= least:
            kept.append(bound)
            held = 0.0
    if kept and held + expected[-1] < least:
        kept.pop()
    return kept


def _seen(grades: Grades, rows: Graded) -> tuple[Seen, ...]:
    count, expected, bad = _sums(grades, rows)
    prudent = pluto_tasche(bad.tolist(), count.tolist())
    return tuple(
        Seen(name, float(n), float(d), float(e / max(n, 1e-12)), *jeffreys_interval(d, n), most)
        for name, n, e, d, most in zip(grades.names, count, expected, bad, prudent, strict=True)
    )
