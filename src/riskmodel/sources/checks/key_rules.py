"""The contract's key rules: copies of a row count once, contradictions are set aside."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskmodel.sources.checks.row_rules import Rows, as_mask
from riskmodel.tables.declared import Table


@dataclass(frozen=True)
class Duplicates:
    """Of sorted rows: which are copies of an earlier one, and which contradict another."""

    copies: Rows
    contradictions: Rows


def version_key(declared: Table) -> tuple[str, ...]:
    """The columns in which no two rows may agree: the key, and the instant if it is timed."""
    return (*declared.key, "known_at") if declared.timed else declared.key


def contradiction_reason(declared: Table) -> str:
    """The words for rows that agree in these columns and differ in others."""
    return "is given with different rows" + (" and one known_at" if declared.timed else "")


def sort_by_key(rows: pa.Table, declared: Table) -> pa.Table:
    """Sort rows by key, then by the instant they became known; nulls last."""
    order = [(name, "ascending") for name in version_key(declared)]
    return rows.take(pc.sort_indices(rows, sort_keys=order))


def repeats_key(rows: pa.Table, columns: tuple[str, ...]) -> Rows:
    """Of sorted rows, those that agree with the one before in all columns; null never agrees."""
    again = np.zeros(len(rows), dtype=np.bool_)
    if len(rows) < 2:
        return again
    again[1:] = True
    for name in columns:
        values = rows[name]
        again[1:] &= as_mask(pc.equal(values[1:], values[:-1]))
    return again


def find_duplicates(rows: pa.Table, declared: Table) -> Duplicates:
    """Find copies and contradictions among rows that are sorted by `sort_by_key`."""
    again = repeats_key(rows, version_key(declared))
    followed = np.append(again[1:], False)
    crowd = np.flatnonzero(again | followed)
    group = np.cumsum(~again)[crowd]
    first = _is_first_of_content(rows.take(pa.array(crowd)))
    members = np.bincount(group[first], minlength=1)
    copies = np.zeros(len(rows), dtype=np.bool_)
    copies[crowd[~first]] = True
    contradictions = np.zeros(len(rows), dtype=np.bool_)
    contradictions[crowd[first & (members[group] > 1)]] = True
    return Duplicates(copies, contradictions)


def _is_first_of_content(rows: pa.Table) -> Rows:
    """Return whether a row is the first of all that agree with it in every column, null with null."""
    columns = [str(position) for position in range(rows.num_columns)]
    numbered = rows.rename_columns(columns).append_column("row", pa.array(np.arange(len(rows))))
    firsts = numbered.group_by(columns).aggregate([("row", "min")])["row_min"]
    mask = np.zeros(len(rows), dtype=np.bool_)
    mask[firsts.to_numpy()] = True
    return mask
