"""Bounds on the decompressed size of a Parquet file: a small one can hold a hundred million rows.

Rows that are all equal take no room in a file, but each is read, sorted and compared. What a file
says of itself is held against its size before it is read, and what was read while it is.
"""

import pyarrow as pa
import pyarrow.parquet as pq

from riskmodel.errors import DataError

MAX_UNCHECKED_VALUES = 20_000_000
"""Read in seconds, however small the file."""
VALUES_PER_BYTE = 150
"""Months of lines that were never drawn or late come to some 90; equal rows to 270 and more."""
MAX_UNCHECKED_BYTES = 1 << 30
MAX_EXPANSION = 1000
"""Memory against file: months of such lines come to some 300."""
REMEDY = (
    "Keep each row once; if they are meant, write the table with compression=None and"
    " use_dictionary=False"
)


def refuse_oversized(footer: pq.FileMetaData, size: int, table: str, where: str) -> None:
    """Raise `DataError` where the footer promises far more than a file of so many bytes holds."""
    rows, columns = footer.num_rows, footer.num_columns
    if rows * columns > MAX_UNCHECKED_VALUES + VALUES_PER_BYTE * size:
        raise DataError(
            f"{table}: {rows:,} rows of {columns} columns in a file of {size:,} bytes ({where}):"
            f" more than {VALUES_PER_BYTE} values a byte, so most rows are equal. {REMEDY}."
        )
    groups = (footer.row_group(number) for number in range(footer.num_row_groups))
    _refuse_bytes(sum(group.total_byte_size for group in groups), size, table, where)


class UnpackedBytes:
    """Bytes read of one file so far: texts that repeat stand in it once, in memory each time."""

    def __init__(self, size: int, table: str, where: str) -> None:
        self._size, self._table, self._where = size, table, where
        self._bytes = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Count the batch; `DataError` where all come to far more than the file's size."""
        self._bytes += batch.nbytes
        _refuse_bytes(self._bytes, self._size, self._table, self._where)


def _refuse_bytes(unpacked: int, size: int, table: str, where: str) -> None:
    if unpacked > MAX_UNCHECKED_BYTES + MAX_EXPANSION * size:
        raise DataError(
            f"{table}: a file of {size:,} bytes ({where}) unpacks to {unpacked:,} bytes or more,"
            f" over {MAX_EXPANSION} for one. {REMEDY}."
        )
