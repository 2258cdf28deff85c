"""Grades: a master scale of PD bands, the thin ones merged."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Grades:
    """PD bounds between grades, rising; G01 is the best grade."""

    bounds: tuple[float, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The grades, best first."""
        return tuple(f"G{number:02d}" for number in range(1, len(self.bounds) + 2))

    def of(self, pd_12m: Array) -> npt.NDArray[np.str_]:
        """The grade of each PD; a PD on a bound belongs to the worse grade."""
        return np.array(self.names)[np.searchsorted(self.bounds, pd_12m, side="right")]


def merged(bounds: Sequence[float], pd_12m: Array, least_defaults: float) -> Grades:
    """The bounds that leave every grade at least so many expected defaults in the given PDs."""
    kept: list[float] = []
    edges = [0.0, *bounds, 1.0]
    expected = [
        float(pd_12m[(pd_12m >= low) & (pd_12m < high)].sum())
        for low, high in zip(edges[:-1], edges[1:], strict=True)
    ]
    held = 0.0
    for bound, more in zip(bounds, expected[:-1], strict=True):
        held += more
        if held >= least_defaults:
            kept.append(bound)
            held = 0.0
    if kept and held + expected[-1] < least_defaults:
        kept.pop()
    return Grades(tuple(kept))
