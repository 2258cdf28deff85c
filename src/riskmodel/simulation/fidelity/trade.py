"""Exports: the sales, and sums by enterprise and month, by pair and year."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from riskmodel.simulation.fidelity.measure import Floats, Ints, TooFewCasesError, sums_by
from riskmodel.simulation.fidelity.tables import Tables, cached

DETAILS = ("destination", "hs_code", "buyer_id", "terms_days", "status")


@dataclass(frozen=True)
class Exports:
    """Exports in USD and deals, enterprises x months; the last month is the simulation's last.

    Returns count below zero, cancelled declarations not at all; deals are sales only.
    """

    usd: Floats
    deals: Ints
    first: pd.Timestamp

    @property
    def months(self) -> int:
        """The number of months of the simulation."""
        return int(self.usd.shape[1])

    def month(self, year: int, month: int) -> int:
        """The position of a calendar month; outside 0 to `months` - 1 where it is not there."""
        return 12 * (year - self.first.year) + month - self.first.month


@cached
def sales(tables: Tables) -> pd.DataFrame:
    """Released declarations: declaration_id, enterprise_id, day, month, fob_usd, and details.

    `month` counts from the simulation's first; details are those of `DETAILS` that the table has.
    """
    details = [name for name in DETAILS if name in tables.columns("declarations")]
    rows = tables.current(
        "declarations", ["declaration_id", "enterprise_id", "declared_on", "fob_usd", *details]
    )
    if "status" in details:
        rows = rows[rows["status"].ne("cancelled")].drop(columns="status")
    if rows.empty:
        raise TooFewCasesError("no declaration is released")
    return rows.assign(month=months_since(rows["declared_on"], rows["declared_on"].min()))


def sales_with(tables: Tables, column: str) -> pd.DataFrame:
    """The sales for which a detail is known; `TooFewCasesError` where the table has no such column."""
    rows = sales(tables)
    if column not in rows:
        raise TooFewCasesError(f"declarations has no {column}")
    return rows[rows[column].notna()]


def months_since(days: pd.Series, first: pd.Timestamp) -> Ints:
    """Calendar months from the month of `first` to each day's."""
    return np.asarray(12 * (days.dt.year - first.year) + days.dt.month - first.month, np.int64)


@cached
def exports(tables: Tables) -> Exports:
    """Exports by enterprise and month."""
    rows, count = sales(tables), tables.enterprises
    first = rows["declared_on"].min().to_period("M").to_timestamp()
    months = 12 * (tables.end.year - first.year) + tables.end.month - first.month
    cell = rows["enterprise_id"].to_numpy() * months + rows["month"].to_numpy()
    fob = rows["fob_usd"].to_numpy()
    usd = sums_by(cell, count * months, fob).reshape(count, months)
    deals = np.bincount(cell[fob > 0], minlength=count * months).reshape(count, months)
    return Exports(usd, deals, first)


def last_year(tables: Tables) -> Floats:
    """Each enterprise's exports in USD in the twelve months before the simulation's end."""
    return np.asarray(exports(tables).usd[:, -12:].sum(axis=1))


def years_of(tables: Tables) -> Floats:
    """Exports in USD, enterprises x years of twelve months counted back from the simulation's end."""
    usd = exports(tables).usd
    years, spare = divmod(usd.shape[1], 12)
    return np.asarray(usd[:, spare:].reshape(len(usd), years, 12).sum(axis=2))


@dataclass(frozen=True)
class Pairs:
    """Exports in USD of pairs of an enterprise and a detail, pairs x years."""

    enterprise: Ints
    usd: Floats


def pairs_of(tables: Tables, column: str) -> Pairs:
    """Exports by enterprise, a detail of its sales (destination, goods), and year."""
    name = f"pairs of {column}"
    if name not in tables.cache:
        tables.cache[name] = _pairs(tables, column)
    kept: Pairs = tables.cache[name]
    return kept


def _pairs(tables: Tables, column: str) -> Pairs:
    rows = sales_with(tables, column)
    rows = rows[rows["fob_usd"] > 0]
    months = exports(tables).months
    years, spare = divmod(months, 12)
    rows = rows[rows["month"] >= spare]
    codes = rows[column].cat.codes.to_numpy().astype(np.int64)
    both = rows["enterprise_id"].to_numpy() * (codes.max(initial=0) + 1) + codes
    unique, place = np.unique(both, return_inverse=True)
    cell = place * years + (rows["month"].to_numpy() - spare) // 12
    usd = sums_by(cell, len(unique) * years, rows["fob_usd"])
    return Pairs(unique // (codes.max(initial=0) + 1), usd.reshape(len(unique), years))


def sectors(tables: Tables) -> pd.Series:
    """Each enterprise's sector, by its place."""
    rows = tables.current("enterprises", ["enterprise_id", "sector"])
    return rows.set_index("enterprise_id")["sector"].reindex(range(tables.enterprises))


def main_destination(tables: Tables) -> Ints:
    """The code of the destination to which each enterprise sold most; -1 where it sold nothing."""
    rows = sales_with(tables, "destination")
    codes = rows["destination"].cat.codes.to_numpy().astype(np.int64)
    width = int(codes.max(initial=0)) + 1
    cell = rows["enterprise_id"].to_numpy() * width + codes
    usd = sums_by(cell, tables.enterprises * width, rows["fob_usd"])
    usd = usd.reshape(tables.enterprises, width)
    return np.where(usd.max(axis=1) > 0, usd.argmax(axis=1), -1)
