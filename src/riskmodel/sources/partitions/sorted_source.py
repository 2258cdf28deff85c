"""Sort canonical tables by enterprise and cut them into partitions of whole enterprises.

Whatever looks at enterprises one by one needs the memory of one partition, not of all tables.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from riskmodel.errors import DataError, machine_faults, printable_path
from riskmodel.progress import Progress, no_progress
from riskmodel.settings import SourcesSettings
from riskmodel.sources.checks.columns import ARROW_TYPES
from riskmodel.sources.layout import Files, table_files
from riskmodel.sources.partitions.chunks import SortResources
from riskmodel.sources.partitions.external_sort import SortedTables, sort_tables
from riskmodel.sources.partitions.partition_order import (
    encode_texts,
    first_ids,
    is_partitioned,
    partition_offsets,
    sort_positions,
    sorted_ids,
)
from riskmodel.sources.partitions.versions import (
    UNTIL,
    Positions,
    add_known_until,
    join_line_months,
    positions,
)
from riskmodel.sources.source import Source
from riskmodel.storage.files import refuse_occupied, sha256, write_text
from riskmodel.tables.canonical import CANONICAL

_DESCRIPTION = "sorted.json"
_FORMAT = 1
"""To be raised when files of an older sorting can no longer be read."""
_TYPES = {str(kind): kind for kind in ARROW_TYPES.values()}


class Store(Protocol):
    """The storage of a sorted source's tables."""

    @property
    def schemas(self) -> Mapping[str, pa.Schema]:
        """The columns of each table, texts as plain strings."""
        ...

    def read(self, table: str, number: int, columns: Sequence[str]) -> pa.Table:
        """Read these columns of one partition; of partition 0 where the table is not partitioned."""
        ...


@dataclass(frozen=True)
class SortedSource:
    """Canonical tables cut by enterprise: partition k holds the ids in `[firsts[k], firsts[k + 1])`.

    In a partition, rows are sorted by enterprise, event date, the rest of the key and `known_at`, texts
    by their bytes; rows taken back stay. `known_until` is the instant from which a later version
    of the key is known, in whatever enterprise; null while there is none. `line_months` have
    `enterprise_id` and `limit_cny` of their line, a row for each pair of versions known together.
    """

    timezone: str
    firsts: tuple[str, ...]
    store: Store

    @property
    def partition_count(self) -> int:
        """The number of partitions."""
        return len(self.firsts)

    def has(self, table: str) -> bool:
        """Return whether the table is there; `KeyError` for a name that the contract does not know."""
        return CANONICAL[table].name in self.store.schemas

    def columns(self, table: str) -> tuple[str, ...]:
        """Return the table's columns, `known_until` among them."""
        return tuple(self.types(table).names)

    def types(self, table: str) -> pa.Schema:
        """Return the table's columns with their types, texts as strings however `partition` gives them."""
        return self.store.schemas[table]

    def read_partition(
        self, number: int, needs: Mapping[str, Collection[str]]
    ) -> dict[str, pa.Table]:
        """Read these columns of these tables of one partition, and those that say of whom and when.

        Texts that repeat are dictionary-encoded, ids of single rows are strings. Raises
        `KeyError` for a table or column that is not there, `IndexError` for such a partition.
        """
        if not 0 <= number < self.partition_count:
            raise IndexError(number)
        return {
            table: self.store.read(table, number, self._required_columns(table, columns))
            for table, columns in needs.items()
        }

    def read_unpartitioned(self, table: str) -> pa.Table:
        """Read `fx_rates` or `outcomes`, which are not partitioned, sorted by key; texts as strings.

        `KeyError` for every other table.
        """
        if is_partitioned(table):
            raise KeyError(table)
        return self.store.read(table, 0, self.columns(table)).cast(self.types(table))

    def _required_columns(self, table: str, columns: Collection[str]) -> list[str]:
        names = self.columns(table)
        for column in columns:
            if column not in names:
                raise KeyError(f"{table}.{column}")
        always = {"enterprise_id", CANONICAL[table].event, "known_at", "withdrawn", UNTIL}
        return [name for name in names if name in always or name in columns]


@dataclass(frozen=True)
class _InMemory:
    """Tables sorted once; `begins` are the first rows of each partition, and the number of rows."""

    tables: Mapping[str, pa.Table]
    begins: Mapping[str, Positions]

    @property
    def schemas(self) -> Mapping[str, pa.Schema]:
        return {name: rows.schema for name, rows in self.tables.items()}

    def read(self, table: str, number: int, columns: Sequence[str]) -> pa.Table:
        begin, end = self.begins[table][number : number + 2].tolist()
        return encode_texts(self.tables[table].select(list(columns)).slice(begin, end - begin))


@dataclass(frozen=True)
class _OnDisk:
    """Tables in a folder, one file a partition; `rows` are their counts."""

    folder: Path
    schemas: Mapping[str, pa.Schema]
    rows: Mapping[str, Sequence[int]]

    def read(self, table: str, number: int, columns: Sequence[str]) -> pa.Table:
        names = list(columns)
        if not self.rows[table][number]:
            schema = self.schemas[table]
            return encode_texts(pa.schema([schema.field(name) for name in names]).empty_table())
        path = self.folder / table / f"{number:05d}.parquet"
        try:
            with pq.ParquetFile(path, memory_map=True) as file:
                rows = file.read(columns=names)
        except (OSError, pa.ArrowException) as error:
            raise _incomplete_error(self.folder, path) from error
        if len(rows) != self.rows[table][number]:
            raise _incomplete_error(self.folder, path)
        return rows


def sorted_source(source: Source, *, enterprises_per_partition: int) -> SortedSource:
    """Sort the source's tables in memory; partitions are slices of them.

    A source that was cut at a date may tell of enterprises that were registered later: they have
    a partition too.
    """
    timed = _with_versions(source.tables)
    named = [rows["enterprise_id"].unique() for name, rows in timed.items() if is_partitioned(name)]
    ids = sorted_ids(pa.chunked_array(named))
    firsts = first_ids(ids, enterprises_per_partition)
    cuts = partition_offsets(ids, firsts)
    tables, begins = {}, {}
    for name, rows in timed.items():
        if is_partitioned(name):
            enterprises = positions(rows["enterprise_id"], ids)
            order = sort_positions(rows, CANONICAL[name], enterprises)
            tables[name] = rows.take(pa.array(order)).combine_chunks()
            begins[name] = np.searchsorted(enterprises[order], cuts)
        else:
            tables[name] = rows
            begins[name] = np.array([0, len(rows)])
    store = _InMemory(MappingProxyType(tables), MappingProxyType(begins))
    return SortedSource(source.timezone, firsts, store)


def sort_folder(
    folder: Path,
    out: Path,
    settings: SourcesSettings,
    *,
    enterprises_per_partition: int,
    threads: int = 2,
    memory_gb: float = 3.0,
    firsts: Sequence[str] | None = None,
    progress: Progress = no_progress,
) -> SortedSource:
    """Validate a source folder and sort it into `out`, there whole or not at all.

    Beside the tables' partitions: `rejects/<table>.parquet`, `report.parquet`, `violations.parquet` and
    `sorted.json`. A finished `out` of the same files, settings and partitions is used as it is. `firsts`
    keeps an earlier sorting's partitions; one that lies in `out` with these is replaced. Memory is
    bounded by `memory_gb`, or by one chunk and one partition where these need more. Raises `DataError`
    as `read_folder` and `accept_reading` do, and `UsageError` where anything else is in `out`.
    """
    files = table_files(folder)
    asked = {"format": _FORMAT, "settings": settings.model_dump(), "files": _hashes(folder, files)}
    cut = (
        {"firsts": list(firsts[1:])}
        if firsts
        else {"enterprises_per_partition": enterprises_per_partition}
    )
    found = _read_description(out)
    same_partitions = all(found["cut"].get(name) == value for name, value in cut.items())
    if same_partitions and found["asked"] == asked:
        progress(f"{out.name}: is there, sorted from the same files")
        return load_sorted(out)
    if not (same_partitions and firsts):
        refuse_occupied(out)
    with machine_faults(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent) as work:
            resources = SortResources(settings, threads, int(memory_gb * 1e9), Path(work), progress)
            unfinished = Path(work) / "out"
            written = sort_tables(
                files,
                unfinished,
                resources,
                lambda ids: first_ids(ids, enterprises_per_partition, firsts),
            )
            write_text(unfinished / _DESCRIPTION, _description(written, asked, cut))
            if out.exists():
                out.replace(Path(work) / "before")
            unfinished.replace(out)
    return load_sorted(out)


def load_sorted(folder: Path) -> SortedSource:
    """Load the sorted source that `sort_folder` wrote; `DataError` where it is not there whole."""
    try:
        found = json.loads((folder / _DESCRIPTION).read_text(encoding="utf-8"))
        tables = found["tables"]
        schemas = {
            name: pa.schema([(column, _TYPES[kind]) for column, kind in table["columns"]])
            for name, table in tables.items()
        }
        rows = {name: tuple(table["rows"]) for name, table in tables.items()}
        timezone, firsts = found["asked"]["settings"]["timezone"], tuple(found["firsts"])
        form = found["asked"]["format"]
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise _incomplete_error(folder, folder / _DESCRIPTION) from error
    missing = _first_missing_file(folder, rows)
    if form != _FORMAT or missing:
        raise _incomplete_error(folder, missing or folder / _DESCRIPTION)
    store = _OnDisk(folder, MappingProxyType(schemas), MappingProxyType(rows))
    return SortedSource(timezone, firsts, store)


def _with_versions(tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    """Return the tables with `known_until`; the months of lines with what their lines say."""
    timed = {
        name: add_known_until(rows, CANONICAL[name]) if CANONICAL[name].timed else rows
        for name, rows in tables.items()
    }
    if "line_months" in timed:
        months = timed.pop("line_months")
        if "lines" in timed:
            timed["line_months"] = join_line_months(months, timed["lines"])
    return timed


def _description(written: SortedTables, asked: Mapping[str, Any], cut: Mapping[str, Any]) -> str:
    tables = {
        name: {
            "columns": [(field.name, str(field.type)) for field in table.schema],
            "rows": table.rows,
        }
        for name, table in written.tables.items()
    }
    cut = {**cut, "firsts": written.firsts[1:]}
    whole = {"asked": asked, "cut": cut, "firsts": written.firsts, "tables": tables}
    return json.dumps(whole, ensure_ascii=False) + "\n"


def _read_description(out: Path) -> Any:
    """Return the description of a finished sorting; an empty one where there is none."""
    try:
        found = json.loads((out / _DESCRIPTION).read_text(encoding="utf-8"))
        return {"asked": dict(found["asked"]), "cut": dict(found["cut"])}
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return {"asked": {}, "cut": {}}


def _hashes(folder: Path, files: Files) -> dict[str, str]:
    """Return each file's SHA-256 by its path in the folder."""
    paths = [path for of_table in files.values() for path in of_table]
    return {path.relative_to(folder).as_posix(): sha256(path) for path in paths}


def _first_missing_file(folder: Path, rows: Mapping[str, Sequence[int]]) -> Path | None:
    """Return the first partition that is not there as a file; None if all are."""
    partitions = (
        folder / name / f"{number:05d}.parquet"
        for name, counts in rows.items()
        for number, count in enumerate(counts)
        if count
    )
    return next((path for path in partitions if not path.is_file()), None)


def _incomplete_error(folder: Path, path: Path) -> DataError:
    return DataError(
        f"{printable_path(folder)}: holds no whole sorted source, for {path.relative_to(folder).as_posix()} is"
        " not what was written. Remove the folder, and give the same command again."
    )
