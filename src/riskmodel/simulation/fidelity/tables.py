"""A written simulation, read table by table and column by column as the facts ask for them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import wraps
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pyarrow.types as pt

from riskmodel.errors import DataError
from riskmodel.simulation.fidelity.measure import Ints, TooFewCasesError
from riskmodel.tables.canonical import CANONICAL

OWNERS = {"enterprise_id": "enterprises", "declaration_id": "declarations", "line_id": "lines"}
"""Ids that become integers, places among their owner's ids (-1: null or unknown), and whose."""
DATED = ("declarations", "receipts", "bank_records", "line_months")
ZONE = pd.Timedelta(hours=8)
"""The fictional platform's zone, east of UTC all the year."""
DAY_US = 24 * 3600 * 1_000_000

Built = TypeVar("Built")


@dataclass(frozen=True)
class Tables:
    """The tables of a folder; `end` is the day after the simulation's last.

    Frames hold ids of `OWNERS` as places, other texts as categories, dates as midnights.
    `cache` holds what `cached` has built.
    """

    simulation: Path
    end: pd.Timestamp
    cache: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    def has(self, name: str) -> bool:
        """Return whether the table (`truth/...` for the hidden ones) is there and has a row."""
        return any(pq.read_metadata(file).num_rows for file in _files(self.simulation, name))

    def columns(self, name: str) -> frozenset[str]:
        """The columns of a table; none where it is absent or empty."""
        if not self.has(name):
            return frozenset()
        return frozenset(pq.read_schema(_files(self.simulation, name)[0]).names)

    def ids(self, column: str) -> Any:
        """All ids that the owner of an id column holds, in order, as an arrow array."""
        name = f"ids of {column}"
        if name not in self.cache:
            ids = pc.unique(self._read(OWNERS[column], [column])[column])
            self.cache[name] = ids.take(pc.sort_indices(ids))
        return self.cache[name]

    @property
    def enterprises(self) -> int:
        """The number of enterprises."""
        return len(self.ids("enterprise_id"))

    def hidden(self, name: str, columns: Sequence[str]) -> pd.DataFrame:
        """The columns of a table under `truth/`."""
        return self._frame(self._read(f"truth/{name}", columns))

    def plain(self, name: str, columns: Sequence[str]) -> pd.DataFrame:
        """The columns of every row, all versions."""
        return self._frame(self._read(name, columns))

    def versions(self, name: str, columns: Sequence[str]) -> pd.DataFrame:
        """The columns of every row, by key and then oldest first.

        Adds `key` (a number a key), `newest`, `withdrawn`, `known_on` (the platform's date).
        """
        rows, key, known, withdrawn = self._versioned_rows(name, columns)
        order = np.lexsort((known, key))
        days = pd.to_datetime((known + int(ZONE.value // 1000)) // DAY_US, unit="D")
        frame = self._frame(rows.select(list(columns))).assign(
            key=key, known_on=days, withdrawn=withdrawn
        )
        frame = frame.iloc[order].reset_index(drop=True)
        keys = frame["key"].to_numpy()
        return frame.assign(newest=np.append(keys[1:] != keys[:-1], len(keys) > 0)[: len(keys)])

    def current(self, name: str, columns: Sequence[str]) -> pd.DataFrame:
        """The columns of the newest version of every row that is not withdrawn."""
        rows, key, known, withdrawn = self._versioned_rows(name, columns)
        order = np.lexsort((known, key))
        keys = key[order]
        last = order[np.append(keys[1:] != keys[:-1], len(keys) > 0)[: len(keys)]]
        kept = np.sort(last[~withdrawn[last]])
        return self._frame(rows.select(list(columns)).take(pa.array(kept)))

    def _versioned_rows(self, name: str, columns: Sequence[str]) -> tuple[Any, Ints, Ints, Any]:
        """The rows with their key as one number, the instant of knowing, and `withdrawn`."""
        given = self.columns(name)
        extra = [one for one in ("known_at", "withdrawn") if one in given]
        rows = self._read(name, list(dict.fromkeys([*columns, *CANONICAL[name].key, *extra])))
        key = np.zeros(len(rows), dtype=np.int64)
        for column in CANONICAL[name].key:
            codes = pc.dictionary_encode(rows[column].combine_chunks()).indices.to_numpy()
            key = key * (int(codes.max(initial=0)) + 1) + codes
        known = np.zeros(len(rows), dtype=np.int64)
        if "known_at" in given:
            known = rows["known_at"].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64()).to_numpy()
        withdrawn = np.zeros(len(rows), dtype=bool)
        if "withdrawn" in given:
            withdrawn = pc.fill_null(rows["withdrawn"], False).to_numpy()
        return rows, key, known, withdrawn

    def _read(self, name: str, columns: Sequence[str]) -> Any:
        if not self.has(name):
            raise TooFewCasesError(f"no table {name}, or no row in it")
        missing = [one for one in columns if one not in self.columns(name)]
        if missing:
            raise TooFewCasesError(f"{name} has no {', '.join(missing)}")
        files = _files(self.simulation, name)
        parts = [pq.ParquetFile(file).read(columns=list(columns)) for file in files]
        return pa.concat_tables(parts, promote_options="permissive")

    def _frame(self, rows: Any) -> pd.DataFrame:
        return pd.DataFrame(
            {name: self._series(name, rows[name]) for name in rows.column_names}, copy=False
        )

    def _series(self, name: str, values: Any) -> Any:
        if name in OWNERS:
            places = pc.index_in(values, value_set=self.ids(name))
            return pc.fill_null(places, -1).to_numpy().astype(np.int64)
        if pt.is_date(values.type) or pt.is_timestamp(values.type):
            return values.cast(pa.timestamp("us")).to_pandas()
        if pt.is_string(values.type) or pt.is_large_string(values.type):
            return values.dictionary_encode().to_pandas()
        if pt.is_boolean(values.type):
            return pc.fill_null(values, False).to_pandas()
        return values.to_pandas()


def open_tables(simulation: Path) -> Tables:
    """The tables of a simulation's folder; it ends with the month in which it last heard something.

    Raises `DataError` for a folder that is no simulation.
    """
    newest = [
        pc.max(pq.ParquetFile(file).read(columns=["known_at"])["known_at"]).as_py()
        for name in DATED
        for file in _files(simulation, name)
    ]
    heard = [pd.Timestamp(one) for one in newest if one is not None]
    if not heard or not _files(simulation, "enterprises"):
        raise DataError(
            f"{simulation}: holds no simulation: it needs enterprises, and one of {', '.join(DATED)}."
            " Name a folder that `riskmodel simulate` wrote."
        )
    last = max(one.tz_convert("UTC") if one.tzinfo else one.tz_localize("UTC") for one in heard)
    month = (last.tz_localize(None) + ZONE).to_period("M")
    return Tables(simulation, (month + 1).to_timestamp())


def cached(build: Callable[[Tables], Built]) -> Callable[[Tables], Built]:
    """Return the builder with a cache: it builds its result once a simulation."""

    @wraps(build)
    def cached_build(tables: Tables) -> Built:
        name = f"{build.__module__}.{build.__name__}"
        if name not in tables.cache:
            tables.cache[name] = build(tables)
        built: Built = tables.cache[name]
        return built

    return cached_build


def _files(simulation: Path, name: str) -> list[Path]:
    """The files of a table: one, or those of its folder."""
    single = simulation / f"{name}.parquet"
    if single.is_file():
        return [single]
    return sorted(p for p in (simulation / name).glob("*.parquet") if p.name[0] not in "_.")
