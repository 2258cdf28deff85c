"""The simulation's calendar: its months and days, and how the lunar new year empties some of them."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np

from riskmodel.errors import UsageError
from riskmodel.months import LUNAR_NEW_YEARS
from riskmodel.simulation.parameters import Trade
from riskmodel.simulation.random_streams import Floats, Ints

LAST_MONTH = np.datetime64("2014-06", "M")
SHORTEST, LONGEST = 12, 120
BURN = 24
"""Months lived before the simulation begins, so that it begins in the middle of things."""
HORIZON = 12
"""Months lived after the simulation ends, so that what came of its last month is known to the truth."""
BEYOND = HORIZON + 24
"""Months after the end that the calendar knows: what is shipped within the horizon is paid then."""
HOLIDAY = (-1, 14)
RUSH = (-10, -2)


@dataclass(frozen=True)
class Calendar:
    """`months` whole months that end with June 2014; days are counted from 1970-01-01.

    Month 0 is the simulation's first. A *step* counts from `BURN` months before it: step = month +
    `BURN`. `UsageError` where the months are fewer or more than the calendar knows.
    """

    months: int

    def __post_init__(self) -> None:
        if not SHORTEST <= self.months <= LONGEST:
            raise UsageError(
                f"simulate: {self.months} months asked; give {SHORTEST} to {LONGEST} (--months)."
            )

    @property
    def steps(self) -> int:
        """The months that are lived: before, in and after the simulation."""
        return BURN + self.months + HORIZON

    @property
    def opening(self) -> int:
        """The month in which the programme's records begin: trade is on record for some time then.

        The lines of the pilot before it are taken over in that month.
        """
        return self.months // 8

    @cached_property
    def step_edges(self) -> Ints:
        """The first day of every step that the calendar knows, and the day after the last."""
        count = BURN + self.months + BEYOND
        starts = LAST_MONTH - self.months + 1 - BURN + np.arange(count + 1)
        return starts.astype("datetime64[D]").astype(np.int64)

    @cached_property
    def edges(self) -> Ints:
        """The first day of each month, and the day after the last: `months` + 1 day numbers."""
        return self.step_edges[BURN : BURN + self.months + 1]

    @property
    def first_day(self) -> int:
        """The first day of the simulation."""
        return int(self.edges[0])

    @property
    def last_day(self) -> int:
        """The last day of the simulation."""
        return int(self.edges[-1]) - 1

    @cached_property
    def days(self) -> Ints:
        """Every day of the simulation."""
        return np.arange(self.first_day, self.last_day + 1)

    def month_of(self, days: Ints) -> Ints:
        """The index of each day's month; below 0 before the simulation."""
        return np.searchsorted(self.step_edges, days, side="right").astype(np.int64) - 1 - BURN

    def month_end(self, month: Ints) -> Ints:
        """The last day of each month given by index."""
        return self.day_in(month + 1, np.zeros_like(month))

    def day_in(self, month: Ints, day_of_month: Ints) -> Ints:
        """The given day (1-28) of each month; months may lie outside the simulation."""
        first = (LAST_MONTH - self.months + 1 + month).astype("datetime64[D]").astype(np.int64)
        return np.asarray(first + day_of_month - 1, dtype=np.int64)

    def month_index(self, day: date) -> int:
        """The index of the month that holds the day; below 0 before the simulation."""
        month = np.datetime64(day, "M").astype(int) - LAST_MONTH.astype(int)
        return int(month) + self.months - 1

    def day_weights(self, trade: Trade) -> Floats:
        """Return the weight of each day in shipments, 1 on ordinary ones."""
        lunar = LUNAR_NEW_YEARS.astype(np.int64)
        since = np.arange(self.step_edges[0], self.step_edges[-1])[:, None] - lunar[None, :]
        holiday = ((since >= HOLIDAY[0]) & (since <= HOLIDAY[1])).any(axis=1)
        rush = ((since >= RUSH[0]) & (since <= RUSH[1])).any(axis=1)
        weights = np.where(holiday, trade.holiday_weight, np.where(rush, trade.rush_weight, 1.0))
        return np.asarray(weights, dtype=np.float64)
