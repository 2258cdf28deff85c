"""Declaration of a table of a run's folder, and the check that a frame conforms to it."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Literal, cast, get_args

import pandas as pd
from pandas.api import types

from riskmodel.errors import RiskModelError

Kind = Literal["text", "date", "number", "integer", "flag"]

DTYPES: Mapping[Kind, str] = {
    "text": "str",
    "date": "datetime64[ms]",
    "number": "float64",
    "integer": "int64",
    "flag": "bool",
}
"""Types that an empty table's columns are given."""


@dataclass(frozen=True)
class RunColumn:
    """A column: its type, unit and meaning; `nullable` where a value may be missing."""

    name: str
    kind: Kind
    nullable: bool
    unit: str
    meaning: str


@dataclass(frozen=True)
class RunTable:
    """A table: its file below the run's folder, what a row is, its key and its columns.

    `family` describes columns that depend on the source, as one; "" where there are none.
    """

    file: str
    row: str
    key: tuple[str, ...]
    columns: tuple[RunColumn, ...]
    family: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the declared columns, in order."""
        return tuple(column.name for column in self.columns)


def table(file: str, row: str, key: str, columns: str, *, family: str = "") -> RunTable:
    """Declare a table; `columns` has a line a column: name, type, [unit], meaning.

    A question mark after the type says that values may be missing.

    >>> table("model/trials", "a trial", "trial", "trial integer its number").names
    ('trial',)
    """
    lines = tuple(_column(line) for line in columns.strip().splitlines())
    return RunTable(f"{file}.parquet", row, tuple(key.split()), lines, family)


def conform(frame: pd.DataFrame, declared: RunTable) -> pd.DataFrame:
    """Return the frame as it is written; an empty one has all columns with their types.

    `RiskModelError`, an internal error, where columns, types or the key are not as declared.
    """
    if frame.empty:
        return _empty(frame, declared)
    present = set(frame.columns)
    _refuse(declared, "is missing", [name for name in declared.names if name not in present])
    if not declared.family:
        _refuse(declared, "is not declared", _undeclared_columns(frame, declared))
    for column in declared.columns:
        values = frame[column.name]
        if not _is_kind(values, column.kind):
            _refuse(declared, f"is not of type {column.kind}", [column.name])
        if not column.nullable and bool(values.isna().any()):
            _refuse(declared, "has missing values", [column.name])
    if declared.key and bool(frame.duplicated(list(declared.key)).any()):
        _refuse(declared, "is not unique as the key", [", ".join(declared.key)])
    return frame


def conform_all(
    tables: Mapping[str, RunTable], /, **frames: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """Return a stage's frames by name, each checked against its declaration."""
    for name in frames:
        if name not in tables:
            raise RiskModelError(f"internal error: {name}.parquet: the table is not declared.")
    return {name: conform(frame, tables[name]) for name, frame in frames.items()}


def by_name(*tables: RunTable) -> Mapping[str, RunTable]:
    """Return the tables of one stage by the names of their files."""
    return {one.file.rpartition("/")[2].removesuffix(".parquet"): one for one in tables}


def _column(line: str) -> RunColumn:
    name, kind, rest = line.split(maxsplit=2)
    unit = ""
    if rest.startswith("["):
        unit, _, rest = rest[1:].partition("]")
    plain = kind.removesuffix("?")
    if plain not in get_args(Kind):
        raise ValueError(f"{name}: no such type: {plain}")
    return RunColumn(name, cast(Kind, plain), kind.endswith("?"), unit, rest.strip())


def _empty(frame: pd.DataFrame, declared: RunTable) -> pd.DataFrame:
    if not declared.family:
        _refuse(declared, "is not declared", _undeclared_columns(frame, declared))
    columns: dict[Hashable, pd.Series] = {
        one.name: pd.Series([], dtype=DTYPES[one.kind]) for one in declared.columns
    }
    columns |= {name: frame[name] for name in frame if name not in columns}
    return pd.DataFrame(columns)


def _undeclared_columns(frame: pd.DataFrame, declared: RunTable) -> list[str]:
    return [str(name) for name in frame.columns if name not in declared.names]


def _is_kind(values: pd.Series, kind: Kind) -> bool:
    plain = values.dropna().infer_objects() if values.dtype == object else values
    if plain.empty:
        return True
    checks: Mapping[Kind, Callable[[pd.Series], bool]] = {
        "text": _is_text,
        "date": types.is_datetime64_any_dtype,
        "number": lambda one: types.is_numeric_dtype(one) and not types.is_bool_dtype(one),
        "integer": _is_whole,
        "flag": types.is_bool_dtype,
    }
    return bool(checks[kind](plain))


def _is_whole(values: pd.Series) -> bool:
    return types.is_integer_dtype(values) or (
        types.is_float_dtype(values) and bool((values.dropna() % 1 == 0).all())
    )


def _is_text(values: pd.Series) -> bool:
    kinds = values.dtype.categories if isinstance(values.dtype, pd.CategoricalDtype) else values
    return bool(pd.Series(kinds).dropna().map(lambda one: isinstance(one, str)).all())


def _refuse(declared: RunTable, fault: str, names: list[str]) -> None:
    if names:
        raise RiskModelError(f"internal error: {declared.file}: column {names[0]} {fault}.")
