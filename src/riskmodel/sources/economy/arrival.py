"""How rows reach the platform: late, sometimes wrong at first, sometimes taken back."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from riskmodel.sources.economy.calendar import Calendar, Flags, Floats, Ints
from riskmodel.sources.economy.columns import cents
from riskmodel.sources.economy.parameters import Arrival

ZONE_HOURS = 8
"""The platform's zone is eight hours ahead of UTC, without summer time."""


@dataclass(frozen=True)
class Post:
    """What delivers rows: the calendar that ends the world, the rates, the draws."""

    calendar: Calendar
    rates: Arrival
    rng: np.random.Generator

    def plain(self, rows: Any, known: Floats) -> Any:
        """The rows with `known_at`, only those known before the world's end.

        `known` counts days since 1970-01-01 in the platform's zone, with fractions.
        """
        microseconds = np.round((known * 24 - ZONE_HOURS) * 3600).astype(np.int64) * 1_000_000
        end = (self.calendar.last_day + 1) * 24 - ZONE_HOURS
        stamped = rows.append_column(
            "known_at", pa.array(microseconds).cast(pa.timestamp("us", tz="UTC"))
        )
        return stamped.filter(pa.array(microseconds < end * 3600 * 1_000_000))

    def corrected(self, rows: Any, known: Floats, columns: tuple[str, ...]) -> Any:
        """As `plain`, with some rows wrong in `columns` at first and mended later."""
        return self._mended(rows, known, columns, self._few(rows, self.rates.corrected_share))

    def corrected_or_withdrawn(self, rows: Any, known: Floats, columns: tuple[str, ...]) -> Any:
        """As `corrected`, and a few other rows are taken back later."""
        wrong = self._few(rows, self.rates.corrected_share)
        gone = np.flatnonzero(~wrong & self._few(rows, self.rates.withdrawn_share))
        kept = self._mended(rows, known, columns, wrong)
        taken = self.plain(rows.take(pa.array(gone)), self._later(known[gone]))
        return pa.concat_tables([flagged(kept, False), flagged(taken, True)])

    def _few(self, rows: Any, share: float) -> Flags:
        """A mask that selects the given share of the rows."""
        return np.asarray(self.rng.random(rows.num_rows) < share)

    def _later(self, known: Floats) -> Floats:
        """Instants some time after the given ones, at least a day."""
        return known + 1 + self.rng.exponential(self.rates.correction_days, len(known))

    def _mended(self, rows: Any, known: Floats, columns: tuple[str, ...], wrong: Flags) -> Any:
        """The rows with an error where `wrong`, and the right rows again, later."""
        error = np.exp(self.rates.error_sigma * self.rng.standard_normal(rows.num_rows))
        first = rows
        for name in columns:
            values = rows[name].to_numpy()
            column = pa.array(np.where(wrong, cents(values * error), values), from_pandas=True)
            first = first.set_column(first.schema.get_field_index(name), name, column)
        right = rows.take(pa.array(np.flatnonzero(wrong)))
        return pa.concat_tables(
            [self.plain(first, known), self.plain(right, self._later(known[wrong]))]
        )


def flagged(rows: Any, withdrawn: bool) -> Any:
    """The rows with the column `withdrawn`."""
    return rows.append_column("withdrawn", pa.array(np.full(rows.num_rows, withdrawn)))


def in_office_hours(days: Floats | Ints, rng: np.random.Generator) -> Floats:
    """Instants between nine and seven o'clock of the given days."""
    return np.asarray(np.floor(days) + (9 + 10 * rng.random(len(days))) / 24, dtype=np.float64)
