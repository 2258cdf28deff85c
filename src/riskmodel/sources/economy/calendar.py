"""The world's calendar: its months and days, and how the lunar new year empties some of them."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from riskmodel.errors import UsageError
from riskmodel.sources.economy.parameters import Trade

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

LAST_MONTH = np.datetime64("2014-06", "M")
SHORTEST, LONGEST = 12, 120
LUNAR_NEW_YEARS = (
    *("2004-01-22", "2005-02-09", "2006-01-29", "2007-02-18", "2008-02-07", "2009-01-26"),
    *("2010-02-14", "2011-02-03", "2012-01-23", "2013-02-10", "2014-01-31"),
)
HOLIDAY = (-4, 14)
RUSH = (-25, -5)


@dataclass(frozen=True)
class Calendar:
    """`months` whole months that end with June 2014; days are counted from 1970-01-01.

    `UsageError` where the months are fewer or more than the calendar knows.
    """

    months: int

    def __post_init__(self) -> None:
        if not SHORTEST <= self.months <= LONGEST:
            raise UsageError(
                f"world: {self.months} months asked; give {SHORTEST} to {LONGEST} (--months)."
            )

    @cached_property
    def edges(self) -> Ints:
        """The first day of each month, and the day after the last: `months` + 1 day numbers."""
        first = LAST_MONTH - self.months + 1
        starts = first + np.arange(self.months + 1)
        return starts.astype("datetime64[D]").astype(np.int64)

    @property
    def first_day(self) -> int:
        """The first day of the world."""
        return int(self.edges[0])

    @property
    def last_day(self) -> int:
        """The last day of the world."""
        return int(self.edges[-1]) - 1

    @cached_property
    def days(self) -> Ints:
        """Every day of the world."""
        return np.arange(self.first_day, self.last_day + 1)

    def month_of(self, days: Ints) -> Ints:
        """The index of each day's month; -1 before the world, `months` after it."""
        return np.searchsorted(self.edges, days, side="right").astype(np.int64) - 1

    def month_end(self, month: Ints) -> Ints:
        """The last day of each month given by index."""
        return self.edges[month + 1] - 1

    def day_in(self, month: Ints, day_of_month: Ints) -> Ints:
        """The given day (1-28) of each month; months may lie outside the world."""
        first = (LAST_MONTH - self.months + 1 + month).astype("datetime64[D]").astype(np.int64)
        return np.asarray(first + day_of_month - 1, dtype=np.int64)

    def day_weights(self, trade: Trade) -> Floats:
        """How busy each day is, 1 on ordinary ones."""
        lunar = np.array([date.fromisoformat(day).toordinal() for day in LUNAR_NEW_YEARS])
        lunar = lunar - date(1970, 1, 1).toordinal()
        since = self.days[:, None] - lunar[None, :]
        holiday = ((since >= HOLIDAY[0]) & (since <= HOLIDAY[1])).any(axis=1)
        rush = ((since >= RUSH[0]) & (since <= RUSH[1])).any(axis=1)
        weights = np.where(holiday, trade.holiday_weight, np.where(rush, trade.rush_weight, 1.0))
        return np.asarray(weights, dtype=np.float64)
