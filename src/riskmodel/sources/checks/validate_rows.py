"""Validate one table's rows: rows to use, copies, and rejected rows with their reasons."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskmodel.sources.checks.columns import INSTANT, final_types
from riskmodel.sources.checks.key_rules import (
    contradiction_reason,
    find_duplicates,
    repeats_key,
    sort_by_key,
)
from riskmodel.sources.checks.row_rules import (
    ALWAYS_KNOWN,
    Fault,
    Rows,
    event_days,
    faults,
    known_days,
)
from riskmodel.sources.report import LATE_DAYS, RuleViolation, TableReport
from riskmodel.tables.declared import Table

FIRST_KEYS = 3
_LONGEST_SHOWN = 60


@dataclass(frozen=True)
class ValidatedRows:
    """Rows to use (final types, sorted), rejected rows with `reasons`, and the report."""

    used: pa.Table
    rejects: pa.Table
    report: TableReport
    violations: tuple[RuleViolation, ...]


def validate_rows(
    raw: pa.Table, declared: Table, timezone: str, known: Mapping[str, pa.Array]
) -> ValidatedRows:
    """Validate the table's rows by the data contract's row and key rules.

    `known` holds the ids of `enterprises` (and of `lines`) that may be referred to. Copies are
    taken out first, so that each rule counts distinct rows.
    """
    every = sort_by_key(_with_version_columns(raw, declared), declared)
    double = find_duplicates(every, declared)
    rows = every.filter(pa.array(~double.copies)) if double.copies.any() else every
    found = faults(rows, declared, timezone, known)
    contradicting = double.contradictions[~double.copies]
    if contradicting.any():
        found = [
            *found,
            Fault("+".join(declared.key), contradiction_reason(declared), contradicting),
        ]
    bad = _rows_with_any(found, len(rows))
    used = rows.filter(pa.array(~bad)) if bad.any() else rows
    used = final_types(used.combine_chunks(), declared)
    return ValidatedRows(
        used=used,
        rejects=_rejects(rows, bad, found),
        report=_table_report(
            used, declared, timezone, copies=int(double.copies.sum()), found=found
        ),
        violations=tuple(_violation(one, rows, declared) for one in found),
    )


def _with_version_columns(rows: pa.Table, declared: Table) -> pa.Table:
    """The rows with the `known_at` and `withdrawn` that every timed table has."""
    if not declared.timed:
        return rows
    names, count = rows.column_names, len(rows)
    known_at = rows["known_at"] if "known_at" in names else pa.nulls(count, INSTANT)
    if declared.column("known_at").optional:
        known_at = pc.fill_null(known_at, pa.scalar(ALWAYS_KNOWN, INSTANT))
    withdrawn = rows["withdrawn"] if "withdrawn" in names else pa.nulls(count, pa.bool_())
    events = rows.select([name for name in names if name not in ("known_at", "withdrawn")])
    with_known_at = events.append_column("known_at", known_at)
    return with_known_at.append_column("withdrawn", pc.fill_null(withdrawn, False))


def _rows_with_any(found: Sequence[Fault], count: int) -> Rows:
    rows = [np.zeros(count, dtype=np.bool_), *(one.rows for one in found)]
    return np.asarray(np.logical_or.reduce(rows))


def _rejects(rows: pa.Table, bad: Rows, found: Sequence[Fault]) -> pa.Table:
    """The bad rows with all their reasons, in an order that the input's order does not change."""
    aside = rows.filter(pa.array(bad))
    nothing = pa.scalar(None, pa.string())
    words = [
        pc.if_else(pa.array(one.rows[bad]), pa.scalar(f"{one.column} {one.reason}"), nothing)
        for one in found
    ]
    reasons = (
        pc.binary_join_element_wise(*words, "; ", null_handling="skip")
        if words
        else pa.array([], pa.string())
    )
    # The open columns of `attributes` may have taken the name.
    name = "reasons"
    while name in aside.column_names:
        name = f"reject_{name}"
    return _sort_by_all_columns(aside.append_column(name, reasons))


def _sort_by_all_columns(rows: pa.Table) -> pa.Table:
    """The rows sorted by every column, the first one first."""
    # By number: arrow reads a name that begins with a dot or a bracket as a path.
    numbers = [str(place) for place in range(rows.num_columns)]
    keys = [(number, "ascending") for number in numbers]
    return rows.take(pc.sort_indices(rows.rename_columns(numbers), sort_keys=keys))


def _violation(fault: Fault, rows: pa.Table, declared: Table) -> RuleViolation:
    first = pa.array(np.flatnonzero(fault.rows)[:FIRST_KEYS])
    keys = rows.select(list(declared.key)).take(first).to_pylist()
    return RuleViolation(
        table=declared.name,
        column=fault.column,
        reason=fault.reason,
        rows=int(fault.rows.sum()),
        first=tuple(_printable_key(key) for key in keys),
        known=fault.known,
    )


def _printable_key(key: Mapping[str, object]) -> str:
    """A key on one line: what cannot be printed becomes `?`, long ids are cut."""
    text = "/".join("null" if part is None else str(part) for part in key.values())
    line = "".join(character if character.isprintable() else "?" for character in text)
    return line if len(line) <= _LONGEST_SHOWN else f"{line[: _LONGEST_SHOWN - 3]}..."


def _table_report(
    used: pa.Table, declared: Table, timezone: str, *, copies: int, found: Sequence[Fault]
) -> TableReport:
    distinct = len(found[0].rows) if found else len(used)
    rejected = distinct - len(used)
    unknown = _rows_with_any([one for one in found if one.unknown_id], distinct)
    broken = _rows_with_any([one for one in found if not one.unknown_id], distinct)
    first_event, last_event = _period(used, declared)
    return TableReport(
        table=declared.name,
        rows_in=distinct + copies,
        copies=copies,
        rows_used=len(used),
        rows_rejected=rejected,
        unknown_ids=int(unknown.sum()),
        broken=int(broken.sum()),
        first_event=first_event,
        last_event=last_event,
        share_late=_share_late(used, declared, timezone),
        share_corrected=_share_corrected(used, declared),
    )


def _period(used: pa.Table, declared: Table) -> tuple[date | None, date | None]:
    if not declared.event or not len(used):
        return None, None
    days = event_days(used, declared)
    return days.min().item(), days.max().item()


def _share_late(used: pa.Table, declared: Table, timezone: str) -> float | None:
    if not (declared.timed and declared.event and len(used)):
        return None
    waited = known_days(used, timezone) - event_days(used, declared)
    return float((waited > np.timedelta64(LATE_DAYS, "D")).mean())


def _share_corrected(used: pa.Table, declared: Table) -> float | None:
    """The share of keys with more than one version."""
    if not (declared.timed and len(used)):
        return None
    again = repeats_key(used, declared.key)
    keys = len(used) - int(again.sum())
    # A key's second version is the only one whose row repeats a row that repeats none.
    second = again & ~np.append(False, again[:-1])
    return float(second.sum() / keys)
