"""Read a table's files and cast them to canonical arrow types; what cannot be cast is an error.

id, text, code: string. date: date32. instant: timestamp('us', 'UTC'). number: double, NaN
became null. integer: int64 (double while it holds an infinite number, which the row rules set
aside). flag: bool.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.types as pt

from riskmodel.errors import DataError, machine_error, printable
from riskmodel.progress import Progress, no_progress
from riskmodel.sources.checks.decompression import UnpackedBytes, refuse_oversized
from riskmodel.sources.checks.encoding import (
    holds_text,
    refuse_non_utf8_columns,
    refuse_other_encodings,
)
from riskmodel.sources.checks.type_errors import WrongValues
from riskmodel.sources.layout import nearest
from riskmodel.tables.declared import Column, Kind, Table

INSTANT = pa.timestamp("us", tz="UTC")
ARROW_TYPES: dict[Kind, pa.DataType] = {
    "id": pa.string(),
    "text": pa.string(),
    "code": pa.string(),
    "date": pa.date32(),
    "instant": INSTANT,
    "number": pa.float64(),
    "integer": pa.int64(),
    "flag": pa.bool_(),
}
_EXPECTED_WORDS: dict[Kind, str] = {
    "id": "text (string)",
    "text": "text (string)",
    "code": "text (string)",
    "date": "dates (date32, or timestamps at midnight)",
    "instant": "instants (timestamp)",
    "number": "numbers (double)",
    "integer": "whole numbers (int64)",
    "flag": "true or false (bool)",
}
_BEYOND_INT64 = 2.0**63
_BUFFER_BYTES = 1 << 20
_CHUNK_ROWS = 1 << 18
_ROWS_PER_MESSAGE = 5_000_000
"""After how many rows of a file progress is told."""


def read_table(
    files: Sequence[Path],
    declared: Table,
    timezone: str,
    progress: Progress = no_progress,
) -> pa.Table:
    """Read all files of a table with canonical types and column order.

    Columns that no file has stay absent. `progress` hears how far a long file is read.

    Raises `DataError` for a file that is not readable, a missing or unknown column, a wrong type.
    """
    return concatenate_chunks(
        [_read_file(path, declared, timezone, progress) for path in files], declared
    )


def read_chunks(
    files: Sequence[Path], declared: Table, timezone: str, rows: int
) -> Iterator[pa.Table]:
    """Read a table as chunks of at most so many rows, for `concatenate_chunks`; every file gives one.

    Raises `DataError` as `read_table` does; wrong values are counted to the end of their file.
    """
    for path in files:
        where = file_label(path, declared)
        chunks = _file_chunks(path, declared, rows)
        for chunk in chunks:
            try:
                yield _canonical_chunk(chunk, declared, where, timezone)
            except WrongValues as first:
                raise first.error(_wrong_values(chunks, declared, where, timezone)) from first


def _wrong_values(
    chunks: Iterator[pa.Table], declared: Table, where: str, timezone: str
) -> Iterator[WrongValues]:
    """Yield the wrong values of each remaining chunk."""
    for chunk in chunks:
        try:
            _canonical_chunk(chunk, declared, where, timezone)
        except WrongValues as found:
            yield found


def concatenate_chunks(chunks: Sequence[pa.Table], declared: Table) -> pa.Table:
    """Concatenate chunks with canonical types to one table in canonical column order.

    Raises `DataError` where chunks disagree about the type of an open column.
    """
    if declared.open_columns:
        chunks = _unify_types(chunks, declared)
    rows = pa.concat_tables(chunks, promote_options="permissive")
    return rows.select(_canonical_order(rows.column_names, declared))


def file_label(path: Path, declared: Table) -> str:
    """Return the name of a table's file as messages state it."""
    name = printable(path.name)
    return name if path.parent.name != declared.name else f"{declared.name}/{name}"


def _read_file(path: Path, declared: Table, timezone: str, progress: Progress) -> pa.Table:
    chunks, where, seen = [], file_label(path, declared), 0
    for chunk in _file_chunks(path, declared, _CHUNK_ROWS):
        chunks.append(chunk)
        before, seen = seen, seen + len(chunk)
        if seen // _ROWS_PER_MESSAGE > before // _ROWS_PER_MESSAGE:
            progress(f"{where}: {seen:,} rows read so far")
    try:
        return _canonical_chunk(pa.concat_tables(chunks), declared, where, timezone)
    except WrongValues as found:
        raise found.error() from found


def _file_chunks(path: Path, declared: Table, rows: int) -> Iterator[pa.Table]:
    """The file's rows as they stand in it; one chunk without rows if it has none."""
    where = file_label(path, declared)
    try:
        # Read by buffers: a row group may hold the whole table.
        with pq.ParquetFile(path, buffer_size=_BUFFER_BYTES) as file:
            size = path.stat().st_size
            refuse_oversized(file.metadata, size, declared.name, where)
            unpacked = UnpackedBytes(size, declared.name, where)
            if not file.metadata.num_rows:
                yield file.schema_arrow.empty_table()
            for batch in file.iter_batches(batch_size=rows):
                unpacked.add(batch)
                for column in batch.columns:
                    column.validate(full=not holds_text(column.type))  # texts: `encoding`
                yield pa.Table.from_batches([batch])
    except UnicodeDecodeError as error:
        raise DataError(
            f"{declared.name}: 1 column or more of {where} has a name that is not UTF-8. Rename"
            " it, and write the file again."
        ) from error
    except (pa.ArrowException, OSError) as error:
        refuse_non_utf8_columns(path, declared.name, where)
        raise _unreadable(path, declared, error) from error


def _unreadable(path: Path, declared: Table, error: Exception) -> DataError:
    if isinstance(error, OSError) and error.errno:  # a link, a permission, the disk
        return machine_error(error, path)
    return DataError(
        f"{declared.name}: 1 file cannot be read as Parquet: {file_label(path, declared)} "
        f"({path.stat().st_size:,} bytes). Write it again from the source."
    )


def _canonical_chunk(chunk: pa.Table, declared: Table, where: str, timezone: str) -> pa.Table:
    _check_names(chunk.column_names, declared, where)
    refuse_other_encodings(chunk, declared.name, where)
    columns = {
        name: _canonical(chunk[name], declared, name, where=where, timezone=timezone)
        for name in chunk.column_names
    }
    return pa.table(columns)


def _check_names(names: Sequence[str], declared: Table, where: str) -> None:
    doubled = sorted({name for name in names if names.count(name) > 1})
    if doubled:
        raise DataError(
            f"{declared.name}.{doubled[0]}: {names.count(doubled[0])} columns of one name in "
            f"{where}. Keep one."
        )
    unknown = [name for name in names if name not in declared.by_name]
    missing = [name for name in declared.required_columns if name not in names]
    if unknown and not declared.open_columns:
        raise DataError(
            f"{declared.name}.{unknown[0]}: unknown column in {where}"
            f"{_and_more(len(unknown))}; the nearest known one is "
            f"{nearest(unknown[0], declared.by_name)}. Rename it or leave it out."
        )
    if missing:
        raise DataError(
            f"{declared.name}.{missing[0]}: missing column in {where}"
            f"{_and_more(len(missing))}. Add it; its values may not be null."
        )


def _and_more(count: int) -> str:
    return f" (and {count - 1} more)" if count > 1 else ""


def _canonical_order(names: Sequence[str], declared: Table) -> list[str]:
    known = [name for name in declared.by_name if name in names]
    opened = sorted(name for name in names if name not in declared.by_name)
    return [*declared.key, *opened, *known[len(declared.key) :]] if opened else known


def _canonical(
    values: pa.ChunkedArray, declared: Table, name: str, *, where: str, timezone: str
) -> pa.ChunkedArray:
    """The column's values with the canonical type; a column without any value fits any type."""
    plain = _plain(values)
    column = declared.by_name.get(name)
    if plain.null_count == len(plain):
        kind = pa.null() if column is None else ARROW_TYPES[column.kind]
        return pa.chunked_array([pa.nulls(len(plain), kind)])
    if column is None:
        kind = _open_type(plain, f"{declared.name}.{printable(name)}", where)
        return _without_minus_zero(pc.cast(plain, kind, safe=False))
    place = f"{declared.name}.{name}"
    if not _ACCEPTED_TYPES[column.kind](plain.type):
        found = len(plain) - plain.null_count
        raise _wrong(place, where, found, f"values of type {plain.type}", column.kind)
    if column.kind == "date":
        return _dates(plain, place, where=where, timezone=timezone)
    if column.kind == "integer":
        return _integers(plain, place, where)
    if column.kind == "instant":
        return _instants(plain, place, where)
    return _without_minus_zero(pc.cast(plain, ARROW_TYPES[column.kind], safe=False))


def _plain(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """The values without dictionary encoding, floating ones as doubles with NaN as null."""
    if pt.is_dictionary(values.type):
        values = pc.cast(values, values.type.value_type)
    if not pt.is_floating(values.type):
        return values
    doubles = pc.cast(values, pa.float64())
    return pc.if_else(pc.is_nan(doubles), pa.scalar(None, pa.float64()), doubles)


def _without_minus_zero(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """Doubles with one zero: else one content would have two fingerprints."""
    return pc.add(values, 0.0) if pt.is_float64(values.type) else values


def _is_text(kind: pa.DataType) -> bool:
    return bool(pt.is_string(kind) or pt.is_large_string(kind) or pt.is_string_view(kind))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pt.is_floating(kind) or pt.is_integer(kind))


def _is_day(kind: pa.DataType) -> bool:
    return bool(pt.is_date(kind) or pt.is_timestamp(kind))


def _is_instant(kind: pa.DataType) -> bool:
    return bool(pt.is_timestamp(kind))


def _is_flag(kind: pa.DataType) -> bool:
    return bool(pt.is_boolean(kind))


_ACCEPTED_TYPES: dict[Kind, Callable[[pa.DataType], bool]] = {
    "id": _is_text,
    "text": _is_text,
    "code": _is_text,
    "date": _is_day,
    "instant": _is_instant,
    "number": _is_number,
    "integer": _is_number,
    "flag": _is_flag,
}


def _wrong(place: str, where: str, count: int, found: str, kind: Kind) -> WrongValues:
    words = f"{found} in {where}, where {_EXPECTED_WORDS[kind]} are expected. Write the column with that"
    return WrongValues(place, count, f"{words} type.")


def _dates(values: pa.ChunkedArray, place: str, *, where: str, timezone: str) -> pa.ChunkedArray:
    if pt.is_date32(values.type):
        return values
    # A zone says when, not which day: the day is the platform's own.
    moments = _local(values, timezone) if getattr(values.type, "tz", None) else values
    if pt.is_date64(moments.type):
        moments = pc.cast(moments, pa.timestamp("ms"))
    days = pc.cast(moments, pa.date32(), safe=False)
    inside = pc.sum(pc.not_equal(pc.cast(days, moments.type, safe=False), moments)).as_py()
    if inside:
        raise _wrong(place, where, inside, "values with a time of day", "date")
    return days


def _local(values: pa.ChunkedArray, timezone: str) -> pa.ChunkedArray:
    """The clock's reading in the zone, by pandas: arrow needs the system's own zone files."""
    utc = pc.cast(values, pa.timestamp("us", tz="UTC"), safe=False).to_pandas()
    clock = utc.dt.tz_convert(timezone).dt.tz_localize(None)
    return pa.chunked_array([pa.array(clock, pa.timestamp("us"))])


def _instants(values: pa.ChunkedArray, place: str, where: str) -> pa.ChunkedArray:
    options = pc.CastOptions(INSTANT, allow_time_truncate=True)
    try:
        return pc.cast(values, options=options)
    except pa.ArrowInvalid as error:
        found = "values, some beyond the years that microseconds can hold,"
        raise _wrong(place, where, len(values), found, "instant") from error


def _integers(values: pa.ChunkedArray, place: str, where: str) -> pa.ChunkedArray:
    if pt.is_integer(values.type):
        try:
            return pc.cast(values, pa.int64())
        except pa.ArrowInvalid as error:
            found = "values, some beyond 64 bits,"
            raise _wrong(place, where, len(values), found, "integer") from error
    infinite = pc.is_inf(values)
    broken = pc.or_(
        pc.not_equal(values, pc.floor(values)), pc.greater_equal(pc.abs(values), _BEYOND_INT64)
    )
    fractions = pc.sum(pc.and_not(broken, infinite)).as_py()
    if fractions:
        raise _wrong(place, where, fractions, "values with a fraction", "integer")
    return values if pc.any(infinite).as_py() else pc.cast(values, pa.int64())


def _open_type(values: pa.ChunkedArray, place: str, where: str) -> pa.DataType:
    kind = values.type
    if _is_number(kind) or pt.is_decimal(kind):
        return pa.float64()
    if _is_flag(kind):
        return pa.bool_()
    if _is_text(kind):
        return pa.string()
    raise WrongValues(
        place,
        len(values) - values.null_count,
        f"values of type {kind} in {where}, where numbers, booleans or text are expected. Turn"
        " them into one of these, or leave the column out.",
    )


def _unify_types(chunks: Sequence[pa.Table], declared: Table) -> list[pa.Table]:
    """Return the chunks with one type for each open column; double for one that has no value anywhere."""
    types: dict[str, pa.DataType] = {}
    for field in (field for chunk in chunks for field in chunk.schema):
        before = types.get(field.name, pa.null())
        if pt.is_null(before):
            types[field.name] = field.type
        elif not pt.is_null(field.type) and field.type != before:
            raise DataError(
                f"{declared.name}.{field.name}: 2 types in {len(chunks)} files: {before} and "
                f"{field.type}. Write all files with one type."
            )
    final = {name: pa.float64() if pt.is_null(kind) else kind for name, kind in types.items()}
    return [
        chunk.cast(pa.schema([(name, final[name]) for name in chunk.column_names]))
        for chunk in chunks
    ]


def final_types(rows: pa.Table, declared: Table) -> pa.Table:
    """The rows with integers as int64: to be called once infinite numbers are set aside."""
    fields = [
        (field.name, _final_type(declared.by_name.get(field.name), field.type))
        for field in rows.schema
    ]
    return rows.cast(pa.schema(fields))


def _final_type(column: Column | None, found: pa.DataType) -> pa.DataType:
    return found if column is None else ARROW_TYPES[column.kind]
