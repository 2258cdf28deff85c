"""Exchange rates: daily, around the published yearly levels."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from riskmodel.sources.economy.calendar import Calendar, Floats, Ints
from riskmodel.sources.economy.columns import dates, words
from riskmodel.sources.economy.parameters import Fx
from riskmodel.sources.economy.randomness import stream

QUOTED = ("CNY", "EUR", "GBP", "JPY", "HKD")


@dataclass(frozen=True)
class Rates:
    """US dollars per unit, days x `QUOTED`, from the world's first day."""

    calendar: Calendar
    usd: Floats

    @property
    def cny_by_month(self) -> Floats:
        """CNY per USD at each month's end."""
        ends = self.calendar.edges[1:] - 1 - self.calendar.first_day
        return np.asarray(1 / self.usd[ends, 0])

    def usd_per_unit(self, days: Ints, currency: Ints) -> Floats:
        """The rate of each day, where currency 0 is the dollar and the rest follow `QUOTED`."""
        with_dollar = np.column_stack([np.ones(len(self.usd)), self.usd[:, 1:]])
        return np.asarray(with_dollar[days - self.calendar.first_day, currency])

    def table(self) -> Any:
        """The canonical `fx_rates`."""
        days, currencies = self.usd.shape
        return pa.table(
            {
                "on": dates(np.repeat(self.calendar.days, currencies)),
                "currency": words(np.tile(np.arange(currencies), days), QUOTED),
                "usd_per_unit": pa.array(np.round(self.usd, 8).ravel()),
            }
        )


def draw_rates(calendar: Calendar, parameters: Fx, seed: int) -> Rates:
    """Yearly levels joined by straight lines from mid-year to mid-year, with small noise."""
    rng = stream(seed, "fx")
    p = parameters
    anchors = np.arange(len(p.cny_per_usd)) + p.first_year + 0.5
    years = 1970 + calendar.days / 365.2425
    levels = np.column_stack(
        [
            1 / np.interp(years, anchors, p.cny_per_usd),
            np.interp(years, anchors, p.usd_per_eur),
            np.interp(years, anchors, p.usd_per_gbp),
            1 / np.interp(years, anchors, p.jpy_per_usd),
            1 / np.interp(years, anchors, p.hkd_per_usd),
        ]
    )
    noise = p.noise * rng.standard_normal(levels.shape)
    # The yuan and the Hong Kong dollar are held close to the US dollar.
    return Rates(calendar, levels * np.exp(noise * np.array([0.2, 1.0, 1.0, 1.0, 0.1])))
