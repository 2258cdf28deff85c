"""Exchange rates: daily, around the published yearly levels."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from riskmodel.simulation.arrow_columns import dates, words
from riskmodel.simulation.calendar import Calendar
from riskmodel.simulation.parameters import Parameters
from riskmodel.simulation.random_streams import Floats, Ints, normals, stream

QUOTED = ("CNY", "EUR", "GBP", "JPY", "HKD")


@dataclass(frozen=True)
class Rates:
    """US dollars per unit, days x `QUOTED`, from the calendar's first step to its last."""

    calendar: Calendar
    usd: Floats

    @property
    def _first(self) -> int:
        return int(self.calendar.step_edges[0])

    @property
    def cny_by_step(self) -> Floats:
        """CNY per USD at each step's end."""
        ends = self.calendar.step_edges[1:] - 1 - self._first
        return np.asarray(1 / self.usd[ends, 0])

    def usd_per_unit(self, days: Ints, currency: Ints) -> Floats:
        """The rate of each day, where currency 0 is the dollar and the rest follow `QUOTED`."""
        with_dollar = np.column_stack([np.ones(len(self.usd)), self.usd[:, 1:]])
        return np.asarray(with_dollar[days - self._first, currency])

    def table(self) -> Any:
        """The canonical `fx_rates`: the simulation's own days."""
        days = self.calendar.days
        inside = self.usd[days - self._first]
        return pa.table(
            {
                "on": dates(np.repeat(days, len(QUOTED))),
                "currency": words(np.tile(np.arange(len(QUOTED)), len(days)), QUOTED),
                "usd_per_unit": pa.array(np.round(inside, 8).ravel()),
            }
        )


def draw_rates(calendar: Calendar, parameters: Parameters, seed: int) -> Rates:
    """Yearly levels joined by straight lines from mid-year to mid-year, with small noise.

    A scenario's rise of the yuan comes on top, in equal parts over its months.
    """
    p, c = parameters.fx, parameters.common
    days = np.arange(calendar.step_edges[0], calendar.step_edges[-1])
    anchors = np.arange(len(p.cny_per_usd)) + p.first_year + 0.5
    years = 1970 + days / 365.2425
    levels = np.column_stack(
        [
            1 / np.interp(years, anchors, p.cny_per_usd),
            np.interp(years, anchors, p.usd_per_eur),
            np.interp(years, anchors, p.usd_per_gbp),
            1 / np.interp(years, anchors, p.jpy_per_usd),
            1 / np.interp(years, anchors, p.hkd_per_usd),
        ]
    )
    if c.yuan_before_end:
        months_on = (days - calendar.edges[-1]) / 30.44 + c.yuan_before_end
        levels[:, 0] *= np.exp(c.yuan_rise * np.clip(months_on / c.yuan_months, 0, 1))
    noise = normals(stream(seed, "fx"), np.arange(levels.size)).reshape(levels.shape)
    # The yuan and the Hong Kong dollar are held close to the US dollar.
    return Rates(calendar, levels * np.exp(p.noise * noise * np.array([0.2, 1.0, 1.0, 1.0, 0.1])))
