"""The data report: rows in, rows used, rows set aside, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from types import MappingProxyType

import pandas as pd

from riskmodel.tables.canonical import CANONICAL

LATE_DAYS = 31
LATE_NOTE = f"late: known more than {LATE_DAYS} days after the event (a month's record: its end)"
CORRECTED_NOTE = "corrected: share of keys with more than one version"

ABSENCE: Mapping[str, str] = MappingProxyType(
    {
        "declarations": "no features of exports; nobody can show the exports that a limit needs",
        "receipts": "no features of receipts from abroad",
        "purchases": "no features of purchases",
        "refunds": "no features of tax refunds",
        "bank_records": "no features of bank history; bad records elsewhere stay unseen",
        "inquiries": "no features of credit inquiries",
        "agreements": "nobody has signed with a bank; nobody is eligible through an agreement",
        "applications": "no population of applicants, no view on refused ones",
        "lines": "no programme lines; labels can come from outcomes only",
        "line_months": "no programme history; labels can come from outcomes only",
        "fx_rates": "amounts in other currencies cannot be turned into US dollars",
        "outcomes": "labels come from lines and their months, by the contract's default",
        "attributes": "no further columns of the enterprises",
    }
)
"""The consequence for a run of each table that is absent."""


@dataclass(frozen=True)
class RuleViolation:
    """A rule of one column that some rows of a table broke; at most three of their keys.

    `known` says what may stand there, where the rule is a list.
    """

    table: str
    column: str
    reason: str
    rows: int
    first: tuple[str, ...]
    known: str = ""

    @property
    def words(self) -> str:
        """The violation in a line without its table."""
        return f"{self.count} (first: {', '.join(self.first)})"

    @property
    def count(self) -> str:
        """The violation in a line without its table and without keys."""
        return f"{self.column} {self.rule}: {self.rows:,}"

    @property
    def rule(self) -> str:
        """The reason, with what may stand there."""
        return f"{self.reason} (known: {self.known})" if self.known else self.reason


@dataclass(frozen=True)
class TableReport:
    """One table's row counts: `rows_in = rows_used + copies + rows_rejected`.

    `unknown_ids` of the rejected rows name an id that is not there, `broken` fail another rule
    (a row can do both). Shares are null where a table has no event or no versions.
    """

    table: str
    rows_in: int
    copies: int
    rows_used: int
    rows_rejected: int
    unknown_ids: int
    broken: int
    first_event: date | None
    last_event: date | None
    share_late: float | None
    share_corrected: float | None


@dataclass(frozen=True)
class DataReport:
    """The counts of all tables, the rule violations found, and the tables that are not there."""

    tables: tuple[TableReport, ...]
    violations: tuple[RuleViolation, ...]
    absent: tuple[str, ...]

    def frame(self) -> pd.DataFrame:
        """Return one row per table."""
        dates = {"first_event": "datetime64[us]", "last_event": "datetime64[us]"}
        shares = {"share_late": "float64", "share_corrected": "float64"}
        rows = pd.DataFrame([asdict(table) for table in self.tables])
        return rows.astype({**dates, **shares})

    def violations_frame(self) -> pd.DataFrame:
        """Return one row per rule violation: table, column, reason, rows, first (keys, joined by a comma)."""
        columns = ["table", "column", "reason", "rows", "first"]
        rows = [
            asdict(violation) | {"reason": violation.rule, "first": ", ".join(violation.first)}
            for violation in self.violations
        ]
        texts = {"table": "str", "column": "str", "reason": "str", "first": "str"}
        return pd.DataFrame(rows, columns=columns).astype(texts | {"rows": "int64"})

    def text(self) -> str:
        """Return the report for a terminal: the tables, the violations, and what is absent."""
        words = [f"  {one.table}.{one.words}" for one in self.violations]
        return self._text(words)

    def text_without_keys(self) -> str:
        """The same by counts and table names alone: for what leaves the run folder."""
        return self._text([f"  {one.table}.{one.count}" for one in self.violations])

    def violation_counts(self) -> pd.DataFrame:
        """Return one row per rule violation: table, column, reason, rows."""
        return self.violations_frame().drop(columns="first")

    def _text(self, violations: list[str]) -> str:
        return "\n".join(
            [*self._table_lines(), *_violation_lines(violations), *self._absent_lines()]
        )

    def _table_lines(self) -> list[str]:
        head = ("table", "rows in", "copies", "set aside", "used", "period", "late", "corrected")
        rows = [_cells(table) for table in self.tables]
        return [*_align_columns([head, *rows]), f"  {LATE_NOTE}", f"  {CORRECTED_NOTE}"]

    def _absent_lines(self) -> list[str]:
        if not self.absent:
            return ["", "Every table of the contract is there."]
        rows = [(f"  {name}", ABSENCE[name]) for name in self.absent]
        return ["", "Not there:", *_align_columns(rows, left=2)]


def _violation_lines(violations: list[str]) -> list[str]:
    return ["", "Set aside:", *violations] if violations else ["", "No row breaks the contract."]


def absent_tables(present: Mapping[str, object]) -> tuple[str, ...]:
    """The contract's tables that are not there, in its order."""
    return tuple(name for name in CANONICAL if name not in present)


def _cells(table: TableReport) -> tuple[str, ...]:
    period = f"{table.first_event} .. {table.last_event}" if table.first_event else "-"
    counts = (table.rows_in, table.copies, table.rows_rejected, table.rows_used)
    shares = (table.share_late, table.share_corrected)
    return (
        table.table,
        *(f"{count:,}" for count in counts),
        period,
        *("-" if share is None else f"{share:.1%}" for share in shares),
    )


def _align_columns(rows: Sequence[tuple[str, ...]], left: int = 1) -> list[str]:
    """The rows with columns of equal width: the first `left` ones to the left, others right."""
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            cell.ljust(width) if place < left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
