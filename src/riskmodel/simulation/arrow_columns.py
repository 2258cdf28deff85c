"""Arrow columns from arrays: ids, words from a list, dates, numbers with gaps."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numba import njit

from riskmodel.simulation.random_streams import Flags, Floats, Ints


def ids(prefix: str, numbers: Ints, digits: int, *, missing: Flags | None = None) -> Any:
    """Text ids: the prefix and the number with leading zeros, all equally long."""
    letters = np.frombuffer(prefix.encode("ascii"), dtype=np.uint8)
    text = _format_ids(letters, np.ascontiguousarray(numbers, dtype=np.int64), digits)
    ends = np.arange(len(numbers) + 1, dtype=np.int32) * (len(prefix) + digits)
    column = pa.StringArray.from_buffers(len(numbers), pa.py_buffer(ends), pa.py_buffer(text))
    return column if missing is None else with_gaps(column, missing)


@njit(cache=True, nogil=True)
def _format_ids(letters: Any, numbers: Ints, digits: int) -> Any:
    """The bytes of all ids, one after the other."""
    head = len(letters)
    text = np.empty(len(numbers) * (head + digits), dtype=np.uint8)
    for row in range(len(numbers)):
        first, left = row * (head + digits), numbers[row]
        text[first : first + head] = letters
        for place in range(digits - 1, -1, -1):
            text[first + head + place] = 48 + left % 10
            left //= 10
    return text


def words(codes: Ints, vocabulary: Sequence[str], *, missing: Flags | None = None) -> Any:
    """Text from positions in a vocabulary."""
    chosen = pa.array(codes.astype(np.int32), mask=missing)
    return pa.DictionaryArray.from_arrays(chosen, pa.array(list(vocabulary))).cast(pa.string())


def dates(days: Ints, *, missing: Flags | None = None) -> Any:
    """Calendar dates from day numbers."""
    return pa.array(days.astype(np.int32), mask=missing).cast(pa.date32())


def cents(amounts: Floats) -> Floats:
    """Amounts rounded to two decimals."""
    return np.asarray(np.round(amounts, 2), dtype=np.float64)


def money(values: Floats, *, missing: Flags | None = None) -> Any:
    """Amounts with two decimals."""
    return pa.array(cents(values), mask=missing)


def counts(values: Ints, *, missing: Flags | None = None) -> Any:
    """Whole numbers."""
    return pa.array(values.astype(np.int64), mask=missing)


def with_gaps(column: Any, missing: Flags) -> Any:
    """The column with nulls where `missing`."""
    import pyarrow.compute as pc

    return pc.if_else(pa.array(missing), pa.scalar(None, column.type), column)
