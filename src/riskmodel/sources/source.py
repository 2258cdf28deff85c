"""The validated tables that a run works on."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from riskmodel.errors import DataError
from riskmodel.tables.canonical import CANONICAL

_SLICE_ROWS = 1 << 18


@dataclass(frozen=True)
class Source:
    """Canonical tables: typed, checked, sorted by key and then by `known_at`.

    `timezone` is the platform's, in which all dates are. `fingerprint` is the SHA-256 over the
    tables' names and content, whatever files they came from.
    """

    tables: Mapping[str, pa.Table]
    timezone: str
    fingerprint: str

    def has(self, name: str) -> bool:
        """Return whether the table is there; `KeyError` for a name that the contract does not know."""
        return CANONICAL[name].name in self.tables

    def frame(self, name: str) -> pd.DataFrame:
        """Return the table as a frame.

        Dates are midnights without zone, instants in UTC (both datetime64[us]); numbers and
        optional integers float64 with NaN, required integers int64; `withdrawn` bool, other
        flags pandas' `boolean` with NA; texts `str`. Raises `DataError` if it is absent.
        """
        if not self.has(name):
            raise DataError(f"{name}: 0 rows, the source has no such table; add it to the folder.")
        rows = self.tables[name]
        columns = {column: _series(rows[column], name, column) for column in rows.column_names}
        return pd.DataFrame(columns, copy=False)

    def known_before(self, instant: datetime) -> "Source":
        """Return the source as it was: only rows known before the instant, rates only of days before it.

        `outcomes` carry no `known_at` and stay whole.
        """
        tables = {
            name: _rows_known_before(name, rows, instant, self.timezone)
            for name, rows in self.tables.items()
        }
        return Source(tables, self.timezone, fingerprint(tables))


def _rows_known_before(name: str, rows: pa.Table, instant: datetime, timezone: str) -> pa.Table:
    if CANONICAL[name].timed:
        return rows.filter(pc.less(rows["known_at"], pa.scalar(instant, rows["known_at"].type)))
    if name == "fx_rates":
        day = instant.astimezone(ZoneInfo(timezone)).date()
        return rows.filter(pc.less(rows["on"], pa.scalar(day, pa.date32())))
    return rows


def fingerprint(tables: Mapping[str, pa.Table]) -> str:
    """Compute the SHA-256 over table names, column names, types and values, in canonical order."""
    digest = hashlib.sha256()
    for name in sorted(tables):
        rows = tables[name]
        digest.update(f"table {name} {len(rows)}\n".encode())
        for column in rows.column_names:
            digest.update(f"column {column} {rows[column].type}\n".encode())
            for chunk in _byte_slices(rows[column]):
                digest.update(chunk)
    return digest.hexdigest()


def _series(values: pa.ChunkedArray, table: str, name: str) -> pd.Series:
    if pt.is_date32(values.type):
        values = pc.cast(values, pa.timestamp("us"))
    column = CANONICAL[table].by_name.get(name)
    if pt.is_boolean(values.type) and name != "withdrawn":
        return pd.Series(values.to_pandas(types_mapper={pa.bool_(): pd.BooleanDtype()}.get))
    if column is not None and column.kind == "integer" and column.optional:
        values = pc.cast(values, pa.float64(), safe=False)
    return pd.Series(values.to_pandas())


def _byte_slices(values: pa.ChunkedArray) -> Iterator[bytes]:
    """The column's bytes, in slices that do not depend on how arrow has cut it into chunks."""
    for start in range(0, len(values), _SLICE_ROWS):
        chunk = values.slice(start, _SLICE_ROWS)
        yield np.packbits(np.asarray(chunk.is_valid(), dtype=np.bool_)).tobytes()
        if pt.is_string(chunk.type):
            full = pc.fill_null(chunk, "")
            yield np.asarray(pc.binary_length(full), dtype="<i4").tobytes()
            yield from (_text_bytes(chunk) for chunk in full.chunks)
        else:
            # What lies in the buffer under a null is anything: it is made zero.
            yield np.asarray(pc.fill_null(_numbers(chunk), 0)).tobytes()


def _numbers(values: pa.ChunkedArray) -> pa.ChunkedArray:
    if pt.is_date32(values.type):
        return pc.cast(values, pa.int32())
    if pt.is_timestamp(values.type):
        return pc.cast(values, pa.int64())
    return pc.cast(values, pa.int8()) if pt.is_boolean(values.type) else values


def _text_bytes(texts: pa.StringArray) -> bytes:
    offsets = np.frombuffer(texts.buffers()[1], dtype=np.int32)
    begin, end = offsets[texts.offset], offsets[texts.offset + len(texts)]
    data = texts.buffers()[2]
    return bytes(memoryview(data)[begin:end]) if data is not None else b""
