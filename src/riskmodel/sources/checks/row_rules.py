"""The contract's row rules: which rows break which rule, a vector a rule."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from riskmodel.tables.codes import LISTS
from riskmodel.tables.declared import Column, Table, text

Rows = npt.NDArray[np.bool_]
Days = npt.NDArray[np.datetime64]

MIN_DATE, MAX_DATE = date(1990, 1, 1), date(2100, 12, 31)
ALWAYS_KNOWN = datetime(1900, 1, 1, tzinfo=UTC)
"""The instant at which an enterprise without `known_at` counts as known."""
_NEAR = (pd.Timestamp(1800, 1, 1, tz="UTC"), pd.Timestamp(2200, 1, 1, tz="UTC"))

REFERENCES: Mapping[tuple[str, str], str] = {("line_months", "line_id"): "lines"}
"""Ids that must stand in another table, beside `enterprise_id`, which `enterprises` must hold."""


@dataclass(frozen=True)
class Fault:
    """A rule that some rows break: the column, the words for it, and a mask of the rows.

    `known` says in the report what may stand there.
    """

    column: str
    reason: str
    rows: Rows
    unknown_id: bool = False
    known: str = ""


def faults(
    rows: pa.Table, declared: Table, timezone: str, known: Mapping[str, pa.Array]
) -> list[Fault]:
    """Return the rules that rows of the table break.

    `known` holds the ids that other tables have: of `enterprises`, and of `lines`.
    """
    every = [
        *(fault for name in rows.column_names for fault in _column_faults(rows, declared, name)),
        *_early(rows, declared, timezone),
        *_unknown_ids(rows, declared, known),
    ]
    return [fault for fault in every if fault.rows.any()]


def event_days(rows: pa.Table, declared: Table) -> Days:
    """The day on which each row happened: a month's end for records of a month."""
    days = _days(rows[declared.event])
    if declared.event != "month":
        return days
    next_month = days.astype("datetime64[M]") + np.timedelta64(1, "M")
    return np.asarray(next_month.astype("datetime64[D]") - np.timedelta64(1, "D"))


def known_days(rows: pa.Table, timezone: str) -> Days:
    """The platform's calendar day on which each row became known."""
    # Far-off instants are set aside by their own rule; here they must only not overflow.
    near = rows["known_at"].to_pandas().clip(*_NEAR)
    clock = near.dt.tz_convert(timezone).dt.tz_localize(None)
    return np.asarray(clock, dtype="datetime64[D]")


def as_mask(values: pa.ChunkedArray) -> Rows:
    """The truth of each value; null is false."""
    return np.asarray(pc.fill_null(values, False), dtype=np.bool_)


def _days(values: pa.ChunkedArray) -> Days:
    return np.asarray(values.to_numpy(), dtype="datetime64[D]")


def _column_faults(rows: pa.Table, declared: Table, name: str) -> Iterator[Fault]:
    values = rows[name]
    column = declared.by_name.get(name) or text(name, "")  # open columns: anything may be null
    if not column.optional:
        yield Fault(name, "is null", as_mask(pc.is_null(values)))
    if pt.is_floating(values.type):
        yield Fault(name, "is infinite", as_mask(pc.is_inf(values)))
    if pt.is_string(values.type):
        yield from _text_faults(values, column)
    elif column.kind in ("number", "integer"):
        if not column.negative:
            yield Fault(name, "is below zero", as_mask(pc.less(values, 0)))
        yield _too_large(values, column)
    elif column.kind == "date":
        yield Fault(name, "is outside 1990-2100", _outside(_days(values)))
        if name == "month":
            yield Fault(name, "is not the first of a month", _inside_month(_days(values)))
    elif column.kind == "instant":
        outside = _outside(known_days(rows, "UTC"))
        always = as_mask(pc.equal(values, pa.scalar(ALWAYS_KNOWN, values.type)))
        allowed = always if column.optional else np.zeros_like(always)
        yield Fault(name, "is outside 1990-2100", outside & ~allowed)


def _too_large(values: pa.ChunkedArray, column: Column) -> Fault:
    """Amounts beyond the column's bound; infinite ones have a rule of their own."""
    size = pc.abs(pc.cast(values, pa.float64(), safe=False))
    beyond = pc.and_(pc.greater(size, column.largest), pc.less(size, np.inf))
    return Fault(column.name, f"is beyond {column.largest:,.0f}", as_mask(beyond))


def _text_faults(values: pa.ChunkedArray, column: Column) -> Iterator[Fault]:
    length = pc.utf8_length(values)
    longer = as_mask(pc.greater(length, column.longest))
    yield Fault(column.name, f"is longer than {column.longest} characters", longer)
    if column.kind == "id":
        yield Fault(column.name, "is empty", as_mask(pc.equal(length, 0)))
    if column.kind == "code":
        unknown = pc.invert(pc.is_in(values, value_set=pa.array(sorted(column.codes))))
        mask = as_mask(pc.and_(unknown, values.is_valid()))
        known = LISTS.get(column.codes) or ", ".join(sorted(column.codes))
        yield Fault(column.name, "is no known code", mask, known=known)
    if column.pattern:
        matches = pc.match_substring_regex(values, rf"\A(?:{column.pattern})\z")
        yield Fault(column.name, f"does not match {column.pattern}", as_mask(pc.invert(matches)))


def _outside(days: Days) -> Rows:
    return np.logical_or(days < np.datetime64(MIN_DATE), days > np.datetime64(MAX_DATE))


def _inside_month(days: Days) -> Rows:
    first = days.astype("datetime64[M]").astype("datetime64[D]")
    return np.asarray((days != first) & ~np.isnat(days))


def _early(rows: pa.Table, declared: Table, timezone: str) -> Iterator[Fault]:
    if not (declared.timed and declared.event):
        return
    day_before = event_days(rows, declared) - np.timedelta64(1, "D")
    event = "the month's end" if declared.event == "month" else declared.event
    reason = f"is more than a day before {event}"
    yield Fault("known_at", reason, known_days(rows, timezone) < day_before)


def _unknown_ids(rows: pa.Table, declared: Table, known: Mapping[str, pa.Array]) -> Iterator[Fault]:
    for name in rows.column_names:
        holder = REFERENCES.get((declared.name, name), "enterprises")
        refers = name == "enterprise_id" or (declared.name, name) in REFERENCES
        if not refers or holder == declared.name:
            continue
        absent = pc.invert(pc.is_in(rows[name], value_set=known[holder]))
        mask = as_mask(pc.and_(absent, rows[name].is_valid()))
        yield Fault(name, f"is not in {holder}", mask, unknown_id=True)
