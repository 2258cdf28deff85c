"""Named tuples as records: the compiled kernels pass a record by its address, a tuple by copying."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Record = Any
"""One record: its fields are read by name, in compiled code only."""
Records = NDArray[np.void]


def rows_of(columns: Mapping[str, NDArray[Any]]) -> Records:
    """One record a row of the columns, which are equally long; a matrix gives an array a record.

    Flags become 0 and 1: the compiler knows no arrays of flags within records.
    """
    count = len(next(iter(columns.values())))
    kinds = [
        (name, np.int8 if column.dtype == np.bool_ else column.dtype, column.shape[1:])
        for name, column in columns.items()
    ]
    rows = np.zeros(count, dtype=np.dtype(kinds, align=True))
    for name, column in columns.items():
        rows[name] = column
    return rows


def record_of(values: Any) -> Record:
    """A named tuple of numbers, tuples of numbers and such named tuples as one nested record."""
    kind = _kind(values)
    filled = np.zeros(1, dtype=kind)
    _fill(filled[0], values)
    record: Record = filled[0]
    return record


def _kind(values: Any) -> np.dtype[Any]:
    fields: list[Any] = []
    for name, value in values._asdict().items():
        if hasattr(value, "_asdict"):
            fields.append((name, _kind(value)))
        elif isinstance(value, tuple):
            fields.append((name, np.float64, (len(value),)))
        else:
            fields.append((name, np.int64 if isinstance(value, int) else np.float64))
    return np.dtype(fields, align=True)


def _fill(record: Any, values: Any) -> None:
    for name, value in values._asdict().items():
        if hasattr(value, "_asdict"):
            _fill(record[name], value)
        else:
            record[name] = value
