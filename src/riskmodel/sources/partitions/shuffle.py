"""Shuffle rows into numbered buckets on disk, so that no more than one bucket is ever in memory."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.types as pt
from numpy.typing import NDArray

Buckets = NDArray[np.int64]

_SAMPLE, _FEW = 1 << 14, 1 << 11
_PRIME = np.uint32(16777619)


@dataclass(frozen=True)
class Shuffle:
    """A folder of arrow files, each with one batch of rows for every bucket."""

    folder: Path
    buckets: int

    def add(self, number: int, rows: pa.Table, bucket: Buckets) -> Buckets:
        """Add a portion of rows under its number; returns how many fell into each bucket.

        Portions may be added in any order, by several threads.
        """
        counts = np.bincount(bucket, minlength=self.buckets)
        narrow = bucket.astype(np.uint16 if self.buckets <= 1 << 16 else np.uint32)
        order = np.argsort(narrow, kind="stable")  # of sixteen bits: by counting
        whole = _one_batch(_encode_frequent_texts(rows).take(pa.array(order)))
        self.folder.mkdir(parents=True, exist_ok=True)
        with pa.ipc.new_file(self.folder / f"{number:05d}.arrow", whole.schema) as file:
            for end, count in zip(np.cumsum(counts).tolist(), counts.tolist(), strict=True):
                file.write_batch(whole.slice(end - count, count))
        return counts

    def rows(self, bucket: int) -> list[pa.Table]:
        """Return the bucket's rows of each portion, none too, in the order of the portions' numbers."""
        return [_batch(path, bucket) for path in sorted(self.folder.glob("*.arrow"))]


def assign_buckets(values: pa.ChunkedArray, buckets: int) -> Buckets:
    """Assign a bucket to each text or date, the same for the same value, about evenly filled."""
    whole = _one_chunk(values)
    if not pt.is_string(whole.type):
        numbers = np.asarray(whole.cast(pa.int32()).fill_null(0))
        return (numbers.astype(np.int64) % buckets).astype(np.int64)
    return (_hash_texts(whole.fill_null("")) % np.uint32(buckets)).astype(np.int64)


def _hash_texts(texts: pa.StringArray) -> NDArray[np.uint32]:
    """Compute Fowler, Noll and Vo's hash (1a, 32 bits) of each text's bytes, begun with its length."""
    offsets = np.frombuffer(texts.buffers()[1], np.int32)
    begin = offsets[texts.offset : texts.offset + len(texts)].astype(np.int64)
    length = offsets[texts.offset + 1 : texts.offset + len(texts) + 1] - begin
    data = np.frombuffer(texts.buffers()[2] or b"", np.uint8)
    hashes = length.astype(np.uint32)
    for place in range(int(length.max(initial=0))):
        longer = length > place
        if longer.all():
            hashes = (hashes ^ data[begin + place]) * _PRIME
        else:
            hashes[longer] = (hashes[longer] ^ data[begin[longer] + place]) * _PRIME
    return hashes


def _encode_frequent_texts(rows: pa.Table) -> pa.Table:
    """The rows with texts that repeat a great deal as codes: those are moved faster."""
    columns = {
        field.name: rows[field.name].dictionary_encode()
        if pt.is_string(field.type) and len(rows[field.name][:_SAMPLE].unique()) < _FEW
        else rows[field.name]
        for field in rows.schema
    }
    return pa.table(columns)


def _one_batch(rows: pa.Table) -> pa.RecordBatch:
    columns = [_one_chunk(column) for column in rows.columns]
    return pa.RecordBatch.from_arrays(columns, names=rows.column_names)


def _one_chunk(column: pa.ChunkedArray) -> pa.Array:
    if column.num_chunks == 1:
        return column.chunk(0)
    if pt.is_dictionary(column.type):
        column = column.unify_dictionaries()
    whole = column.combine_chunks()
    return whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole


def _batch(path: Path, number: int) -> pa.Table:
    with pa.memory_map(str(path)) as file:
        batch = pa.ipc.open_file(file).get_batch(number)
    columns = {
        name: column.dictionary_decode() if pt.is_dictionary(column.type) else column
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    }
    return pa.table(columns)
