"""Cut tables into partitions of whole enterprises, and order the rows of a partition."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt

from riskmodel.sources.partitions.versions import Positions, positions
from riskmodel.tables.canonical import CANONICAL
from riskmodel.tables.declared import Table

_OF_SEVERAL_ROWS = frozenset({"enterprise_id", "line_id"})
_OF_ONE_ROW = (
    frozenset(table.key[0] for table in CANONICAL.values() if len(table.key) == 1)
    - _OF_SEVERAL_ROWS
)
"""Columns that name a single row: their texts do not repeat."""


def is_partitioned(table: str) -> bool:
    """Return whether a table is partitioned: `fx_rates` and `outcomes`, without times, are not."""
    return CANONICAL[table].timed


def is_dictionary_encoded(name: str, kind: pa.DataType) -> bool:
    """Return whether a column's texts repeat: a partition has them dictionary-encoded."""
    return bool(pt.is_string(kind)) and name not in _OF_ONE_ROW


def encode_texts(rows: pa.Table) -> pa.Table:
    """Encode texts that repeat as codes (int32) and a dictionary, in one chunk."""
    columns = {
        field.name: _encode_column(rows[field.name])
        if is_dictionary_encoded(field.name, field.type)
        else rows[field.name]
        for field in rows.schema
    }
    return pa.table(columns)


def take_rows(rows: pa.Table, order: Positions) -> pa.Table:
    """Take the encoded rows in this order, their dictionaries by first appearance in it."""
    found = rows.take(pa.array(order))
    columns = {
        field.name: _by_appearance(found[field.name])
        if pt.is_dictionary(field.type)
        else found[field.name]
        for field in found.schema
    }
    return pa.table(columns)


def sorted_ids(ids: pa.ChunkedArray) -> pa.Array:
    """Return the distinct ids, ascending by their bytes."""
    distinct = ids.unique()
    return distinct.take(pc.array_sort_indices(distinct))


def first_ids(
    ids: pa.Array, enterprises_per_partition: int, earlier: Sequence[str] | None = None
) -> tuple[str, ...]:
    """Return the first id of each partition: every so many of the sorted ids, or an earlier cut's.

    An earlier cut's first partition begins at the smallest id of all.
    """
    if not earlier or not len(ids):
        return tuple(ids[::enterprises_per_partition].to_pylist())
    return (min(earlier[0], ids[0].as_py()), *earlier[1:])


def partition_offsets(ids: pa.Array, firsts: Sequence[str]) -> Positions:
    """Return the position among the sorted ids at which each partition begins, and their number."""
    # Text in Python sorts by code points, as UTF-8 does by bytes.
    words = np.array(ids.to_pylist(), dtype=object)
    inside = np.searchsorted(words, np.array(firsts, dtype=object))
    return np.append(inside, len(ids)).astype(np.int64)


def partition_sort_columns(declared: Table) -> tuple[str, ...]:
    """Return the columns by which the rows of a partition are sorted."""
    event = (declared.event,) if declared.event else ()
    rest = (name for name in declared.key if name not in ("enterprise_id", *event))
    return ("enterprise_id", *event, *rest, "known_at")


def sort_positions(rows: pa.Table, declared: Table, enterprises: Positions) -> Positions:
    """Return the positions of the rows sorted by `partition_sort_columns`, ascending, texts by their bytes.

    `enterprises` are the positions of the rows' enterprises among sorted ids.
    """
    first = enterprises << 32
    if declared.event:
        first = first + np.asarray(rows[declared.event].cast(pa.int32())).astype(np.int64)
    order = np.argsort(first, kind="stable")
    found = first[order]
    alike = np.append(found[1:] == found[:-1], False)
    tied = np.flatnonzero(alike | np.append(False, alike[:-1]))
    if not len(tied):
        return order
    names = partition_sort_columns(declared)[2 if declared.event else 1 :]
    ties = rows.select(names).take(pa.array(order[tied]))
    # Only keys and times are sorted by, so that no column can have the added one's name.
    ties = ties.append_column("first", pa.array(found[tied]))
    keys = [(name, "ascending") for name in ("first", *names)]
    order[tied] = order[tied][np.asarray(pc.sort_indices(ties, sort_keys=keys))]
    return order


def sort_partition(rows: pa.Table, declared: Table) -> pa.Table:
    """Sort rows of whole enterprises by `partition_sort_columns`, and encode them."""
    enterprises = positions(rows["enterprise_id"], sorted_ids(rows["enterprise_id"]))
    order = sort_positions(rows, declared, enterprises)
    return take_rows(encode_texts(rows), order)  # codes are moved faster than texts


def _encode_column(texts: pa.ChunkedArray) -> Any:
    codes = texts.dictionary_encode().unify_dictionaries().combine_chunks()
    return codes.chunk(0) if isinstance(codes, pa.ChunkedArray) else codes


def _by_appearance(texts: pa.ChunkedArray) -> Any:
    """The same texts with a dictionary in the order in which they appear, without others."""
    codes, words = texts.chunk(0).indices, texts.chunk(0).dictionary
    seen = codes.drop_null().unique()
    numbers = np.zeros(max(len(words), 1), np.int32)
    numbers[np.asarray(seen)] = np.arange(len(seen), dtype=np.int32)
    places = numbers[np.asarray(codes.fill_null(0))]
    mask = np.asarray(codes.is_null()) if codes.null_count else None
    return pa.DictionaryArray.from_arrays(pa.array(places, mask=mask), words.take(seen))
