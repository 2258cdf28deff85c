"""Days on which a table's rows happened and became known, and between which they are usual."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from riskmodel.sources import Source
from riskmodel.tables.canonical import CANONICAL

Days = NDArray[np.int64]
MONTH = 28
"""Days by a table's end that are held against its usual month; no two month-ends lie so near."""


@dataclass(frozen=True)
class TableDays:
    """Each row's day of event (a month's record: the month's end) and the day it became known.

    Days since 1970, in the platform's zone. Both are empty where the table has no such column.
    """

    event: Days
    known: Days

    @property
    def lag(self) -> Days:
        """By how many days each row became known after its event."""
        return self.known - self.event


def table_days(source: Source, name: str, having: str = "") -> TableDays:
    """The days of the table's rows, or of those that have a value in the column `having`."""
    rows, event = source.tables[name], CANONICAL[name].event
    if having:
        rows = rows.filter(pc.is_valid(rows[having]))
    events = _events(rows[event], event) if event else np.empty(0, np.int64)
    named = "known_at" in rows.column_names
    return TableDays(
        events, _known_days(rows["known_at"], source.timezone) if named else events[:0]
    )


def usual_span(days: Days, min_share: float) -> tuple[int, int]:
    """The first and the last day about which rows come as usual.

    So they do where the month after (before) the day holds at least the share `min_share` of the
    median month's rows. `days` must not be empty.
    """
    unique, counts = np.unique(days, return_counts=True)
    months = unique.astype("datetime64[D]").astype("datetime64[M]")
    usual = min_share * np.median(np.bincount(np.unique(months, return_inverse=True)[1], counts))
    upto = np.concatenate([[0], np.cumsum(counts)])
    after = upto[np.searchsorted(unique, unique + MONTH)] - upto[:-1]
    before = upto[1:] - upto[np.searchsorted(unique, unique - MONTH, side="right")]
    return int(unique[after >= usual][0]), int(unique[before >= usual][-1])


def timestamp(day: int) -> pd.Timestamp:
    """The midnight of a day since 1970."""
    return pd.Timestamp(np.datetime64(int(day), "D"))


def _events(values: pa.ChunkedArray, event: str) -> Days:
    days = np.asarray(pc.cast(values, pa.int32())).astype(np.int64)
    if event != "month":
        return days
    starts = days.astype("datetime64[D]").astype("datetime64[M]")
    return (starts + 1).astype("datetime64[D]").astype(np.int64) - 1


def _known_days(values: pa.ChunkedArray, timezone: str) -> Days:
    local = pd.DatetimeIndex(values.to_pandas()).tz_convert(timezone).tz_localize(None)
    return local.to_numpy().astype("datetime64[D]").astype(np.int64)
