"""Text that is not UTF-8: which column of which table, how many values, and what it may be."""

from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.types as pt

from riskmodel.errors import DataError, printable
from riskmodel.sources.checks.type_errors import WrongValues

CHINESE = "gb18030"
"""Holds all of GBK and of GB 2312."""


def refuse_other_encodings(rows: pa.Table, table: str, where: str) -> None:
    """Raise `WrongValues` for the first text column with bytes that are not UTF-8."""
    for name, column in zip(rows.column_names, rows.columns, strict=True):
        if holds_text(column.type):
            found = [value for chunk in column.chunks for value in _non_utf8_values(chunk)]
            if found:
                raise WrongValues(f"{table}.{printable(name)}", len(found), _words(found, where))


def holds_text(kind: pa.DataType) -> bool:
    """Return whether values of the type are texts, in a dictionary or not."""
    plain = kind.value_type if pt.is_dictionary(kind) else kind
    return bool(pt.is_string(plain) or pt.is_large_string(plain) or pt.is_string_view(plain))


def refuse_non_utf8_columns(path: Path, table: str, where: str) -> None:
    """Raise `DataError` naming a column whose texts Arrow refuses while it reads them.

    A file that says itself that its texts have a dictionary is refused so, before a value is seen.
    """
    try:
        names = pq.read_schema(path).names
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        return  # then it is no file of Parquet at all, which the caller says
    for name in names:
        try:
            pq.ParquetFile(path).read(columns=[name])
        except (pa.ArrowException, OSError) as error:
            if "utf8" in str(error).lower():
                words = f"1 column with text that is not UTF-8 in {where}. {REMEDY}"
                raise DataError(f"{table}.{printable(name)}: {words}") from error


REMEDY = "Convert it to UTF-8 (GBK is common), and write the file again."


def _words(found: list[bytes], where: str) -> str:
    seems = ", but read as GBK," if all(_reads_as(one, CHINESE) for one in found) else ""
    return f"values that are not UTF-8{seems} in {where}. {REMEDY}"


def _non_utf8_values(column: pa.Array) -> list[bytes]:
    """Return the values that are not UTF-8."""
    texts = column.dictionary if pt.is_dictionary(column.type) else column
    try:
        texts.validate(full=True)  # fast, and mostly the end of it
        return []
    except pa.ArrowInvalid:
        plain = column.dictionary_decode() if pt.is_dictionary(column.type) else column
    values = pc.cast(plain, pa.large_binary()).drop_null().to_pylist()
    return [value for value in values if not _reads_as(value, "utf-8")]


def _reads_as(value: bytes, encoding: str) -> bool:
    try:
        value.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
