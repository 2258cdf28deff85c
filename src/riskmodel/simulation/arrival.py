"""The arrival of rows at the platform: late, sometimes corrected, sometimes withdrawn."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from riskmodel.simulation.arrow_columns import cents
from riskmodel.simulation.calendar import Calendar
from riskmodel.simulation.parameters import Arrival
from riskmodel.simulation.random_streams import (
    Flags,
    Floats,
    Ints,
    exponentials,
    lognormals,
    stream,
    uniforms,
)

ZONE_HOURS = 8
"""The platform's zone is eight hours ahead of UTC, without summer time."""
FIRST, COMPLETION, CORRECTION, WITHDRAWAL = range(4)


@dataclass(frozen=True)
class RowVersions:
    """The versions of a table's rows that reached the platform before the simulation's end, in order.

    `row` is the position of the row that a version speaks of, `version` what kind of version it is
    (`FIRST` …), `microseconds` when it came, `error` the factor by which its amounts are wrong.
    """

    row: Ints
    version: Ints
    microseconds: Ints
    error: Floats
    can_be_withdrawn: bool

    def reported_amounts(self, amounts: Floats) -> Floats:
        """Return amounts as each version states them."""
        return np.where(self.error == 1.0, amounts[self.row], cents(amounts[self.row] * self.error))

    def table(self, columns: dict[str, Any]) -> Any:
        """The versions' columns with `known_at`, and `withdrawn` where rows can be."""
        instants = pa.array(self.microseconds).cast(pa.timestamp("us", tz="UTC"))
        rows = pa.table(columns | {"known_at": instants})
        if not self.can_be_withdrawn:
            return rows
        return rows.append_column("withdrawn", pa.array(self.version == WITHDRAWAL))


@dataclass(frozen=True)
class ArrivalProcess:
    """The arrival of one table's rows: the calendar that ends it, the rates, the draws' address."""

    calendar: Calendar
    rates: Arrival
    seed: int
    table: str

    def key(self, purpose: str) -> np.uint64:
        """The key of a purpose within this table."""
        return stream(self.seed, f"table {self.table} {purpose}")

    def deliver(self, number: Ints, known: Floats, later: Floats | None = None) -> RowVersions:
        """Deliver every row once, and again where `later` is a number: the row was completed then.

        `number` tells rows apart, whatever else is delivered with them; `known` and `later` count
        days since 1970-01-01 in the platform's zone, with fractions.
        """
        return self._deliver(number, known, later, corrected=False, withdrawn=False)

    def deliver_with_corrections(
        self, number: Ints, known: Floats, later: Floats | None = None
    ) -> RowVersions:
        """Deliver as `deliver` does, with some rows wrong at first and corrected later."""
        return self._deliver(number, known, later, corrected=True, withdrawn=False)

    def deliver_with_withdrawals(
        self, number: Ints, known: Floats, later: Floats | None = None
    ) -> RowVersions:
        """Deliver as `deliver_with_corrections` does, and a few other rows are taken back later."""
        return self._deliver(number, known, later, corrected=True, withdrawn=True)

    def _deliver(
        self,
        number: Ints,
        known: Floats,
        later: Floats | None,
        *,
        corrected: bool,
        withdrawn: bool,
    ) -> RowVersions:
        fate = uniforms(self.key("fate"), number)
        wrong = fate < (self.rates.corrected_share if corrected else 0.0)
        gone = (fate > 1 - self.rates.withdrawn_share) & withdrawn
        last = known if later is None else np.where(np.isnan(later), known, later)
        wait = 1 + self.rates.correction_days * exponentials(self.key("wait"), number)
        parts: list[tuple[int, Ints, Floats]] = [(FIRST, np.arange(len(number)), known)]
        if later is not None:
            there = np.flatnonzero(~np.isnan(later))
            parts.append((COMPLETION, there, later[there]))
        for kind, mask in ((CORRECTION, wrong), (WITHDRAWAL, gone)):
            there = np.flatnonzero(mask)
            parts.append((kind, there, last[there] + wait[there]))
        row = np.concatenate([part[1] for part in parts])
        version = np.concatenate([np.full(len(part[1]), part[0]) for part in parts])
        instant = self._microseconds(np.concatenate([part[2] for part in parts]))
        kept = np.flatnonzero(instant < self._end)
        order = kept[np.argsort(row[kept] * 4 + version[kept], kind="stable")]
        row, version = row[order], version[order]
        return RowVersions(
            row, version, instant[order], self._errors(number, wrong, row, version), withdrawn
        )

    def _errors(self, number: Ints, wrong: Flags, row: Ints, version: Ints) -> Floats:
        """Return the factor of error of each version: those before the correction have one."""
        error = lognormals(self.key("error"), number, self.rates.error_sigma)
        return np.where(wrong[row] & (version < CORRECTION), error[row], 1.0)

    @property
    def _end(self) -> int:
        return ((self.calendar.last_day + 1) * 24 - ZONE_HOURS) * 3600 * 1_000_000

    def _microseconds(self, days: Floats) -> Ints:
        return np.round((days * 24 - ZONE_HOURS) * 3600).astype(np.int64) * 1_000_000

    def in_office_hours(self, days: Floats | Ints, number: Ints, purpose: str = "hours") -> Floats:
        """Instants between nine and seven o'clock of the given days."""
        drawn = uniforms(self.key(purpose), number)
        return np.asarray(np.floor(days) + (9 + 10 * drawn) / 24, dtype=np.float64)
