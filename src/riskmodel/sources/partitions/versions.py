"""Versions of rows: until when each is the newest that is known, alone and with its line."""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from riskmodel.errors import DataError
from riskmodel.sources.checks.columns import INSTANT
from riskmodel.sources.checks.key_rules import repeats_key
from riskmodel.tables.declared import Table

UNTIL = "known_until"
"""The instant from which a later version of the row's key is known; null while there is none."""
LINE_COLUMNS = ("enterprise_id", "limit_cny")
"""The columns that a month of a line takes over from the line."""

Positions = NDArray[np.int64]
_OPEN = np.iinfo(np.int64).max


def add_known_until(rows: pa.Table, declared: Table) -> pa.Table:
    """Add `known_until` to rows that are sorted by key and `known_at`.

    Raises `DataError` where an open column has taken the name.
    """
    if UNTIL in rows.column_names:
        raise DataError(
            f"{declared.name}.{UNTIL}: 1 column has the name that is kept for the next version's "
            "instant. Rename it."
        )
    followed = repeats_key(rows, declared.key)[1:]
    known = _instants(rows["known_at"])
    until = np.full(len(rows), _OPEN)
    until[:-1] = np.where(followed, known[1:], _OPEN)
    return rows.append_column(UNTIL, _instant_array(until))


def join_line_months(months: pa.Table, lines: pa.Table) -> pa.Table:
    """Join each version of a month with each version of its line that was known at the same time.

    Both tables are sorted by key and `known_at` and have `known_until`; so has the result. A row
    takes `enterprise_id` and `limit_cny` from the line; it is known from the later of the two
    instants until the earlier end. Versions in which the line is taken back give no row.
    """
    month, line = _pairs(months["line_id"], lines["line_id"])
    start = np.maximum(_instants(months["known_at"])[month], _instants(lines["known_at"])[line])
    end = np.minimum(_ends(months)[month], _ends(lines)[line])
    together = (start < end) & ~np.asarray(lines["withdrawn"])[line]
    own = months.take(pa.array(month[together]))
    theirs = lines.select(LINE_COLUMNS).take(pa.array(line[together]))
    columns = {name: own[name] for name in ("line_id", "month")}
    columns |= {name: theirs[name] for name in LINE_COLUMNS}
    columns |= {name: own[name] for name in own.column_names if name not in columns}
    instants = {"known_at": _instant_array(start[together]), UNTIL: _instant_array(end[together])}
    return pa.table(columns | instants)


def positions(ids: pa.ChunkedArray, among: pa.Array) -> Positions:
    """Return each id's position among distinct ids, which hold it."""
    return np.asarray(pc.index_in(ids, value_set=among)).astype(np.int64)


def _pairs(asked: pa.ChunkedArray, sorted_ids: pa.ChunkedArray) -> tuple[Positions, Positions]:
    """Every row of `asked` with every row of `sorted_ids` that has the same id, if any has."""
    ids = sorted_ids.unique()
    # one id more, of no row, for those that are not there
    begin = np.searchsorted(positions(sorted_ids, ids), np.arange(len(ids) + 2))
    found = pc.index_in(asked, value_set=ids).fill_null(len(ids))
    number = np.asarray(found).astype(np.int64)
    count = np.diff(begin)[number]
    row = np.repeat(np.arange(len(asked)), count)
    within = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    return row, begin[number][row] + within


def _instants(values: pa.ChunkedArray) -> Positions:
    return np.asarray(values.cast(pa.int64()))


def _ends(rows: pa.Table) -> Positions:
    return _instants(rows[UNTIL].fill_null(pa.scalar(_OPEN, INSTANT)))


def _instant_array(values: Positions) -> Any:
    return pa.array(values, mask=values == _OPEN).cast(INSTANT)
