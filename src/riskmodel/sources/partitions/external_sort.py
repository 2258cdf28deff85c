"""Sort a source folder on disk: validated in chunks, shuffled into partitions, each sorted.

Memory is bounded by a chunk and a partition. Beside them the ids, `enterprises`, `lines` and the
tables that are not partitioned are held whole.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as pt

from riskmodel.errors import DataError
from riskmodel.sources.checks.columns import read_chunks
from riskmodel.sources.checks.key_rules import sort_by_key
from riskmodel.sources.folder import refuse_bad_rows
from riskmodel.sources.layout import Files
from riskmodel.sources.partitions.chunks import (
    ROW_BYTES,
    ChunkResult,
    SortResources,
    Use,
    map_in_threads,
    validate_in_chunks,
)
from riskmodel.sources.partitions.partition_order import (
    encode_texts,
    is_partitioned,
    partition_offsets,
    sort_partition,
    sorted_ids,
)
from riskmodel.sources.partitions.shuffle import Buckets, Shuffle
from riskmodel.sources.partitions.versions import (
    LINE_COLUMNS,
    UNTIL,
    Positions,
    join_line_months,
    positions,
)
from riskmodel.sources.report import DataReport, absent_tables
from riskmodel.storage.files import write_parquet
from riskmodel.tables.canonical import CANONICAL

_KEPT_IN_MEMORY = frozenset(
    {"enterprises", "lines", *(name for name in CANONICAL if not is_partitioned(name))}
)
_PROBE_ROWS = 1 << 16
"""Rows of each file that are looked at first: what is wrong in all of them stops the work at once."""
_COLUMNS_OF_LINES = ("line_id", *LINE_COLUMNS, "known_at", "withdrawn", UNTIL)
_DICTIONARY_BYTES = 1 << 28
"""More than a partition's texts come to: a column with more of them would not be read as codes."""


@dataclass(frozen=True)
class PartitionedTable:
    """A written table: its columns, and its rows in each partition (one, if not partitioned)."""

    schema: pa.Schema
    rows: tuple[int, ...]


_PARTITIONS_PER_MESSAGE = 50
"""The number of partitions between messages of progress."""


@dataclass(frozen=True)
class SortedTables:
    """The first id of each partition, and the tables."""

    firsts: tuple[str, ...]
    tables: Mapping[str, PartitionedTable]


def sort_tables(
    files: Files,
    out: Path,
    resources: SortResources,
    firsts_of: Callable[[pa.Array], Sequence[str]],
) -> SortedTables:
    """Write every table's partitions, the rejected rows and the report into `out`.

    `firsts_of` names the first id of each partition, given all sorted ids. Raises `DataError` as
    `read_folder` and `accept_reading` do.
    """
    for name, paths in files.items():  # what is wrong in every row is found before the work
        for path in paths:
            next(read_chunks([path], CANONICAL[name], resources.settings.timezone, _PROBE_ROWS))
    sorting = _TableSorter(out, resources, firsts_of)
    for name, paths in files.items():
        sorting.add_table(name, paths)
    report = sorting.report()
    refuse_bad_rows(report, resources.settings)
    for name, account in sorting.accounts.items():
        if len(account.rejects):
            write_parquet(account.rejects, out / "rejects" / f"{name}.parquet")
    write_parquet(report.frame(), out / "report.parquet")
    write_parquet(report.violations_frame(), out / "violations.parquet")
    return SortedTables(sorting.firsts, {name: sorting.write(name) for name in sorting.accounts})


class _TableSorter:
    """The state while tables are added in the contract's order: ids, partitions, lines."""

    def __init__(
        self, out: Path, resources: SortResources, firsts_of: Callable[[pa.Array], Sequence[str]]
    ) -> None:
        self.accounts: dict[str, ChunkResult] = {}
        self.firsts: tuple[str, ...] = ()
        self._out, self._resources, self._firsts_of = out, resources, firsts_of
        self._known: dict[str, pa.Array] = {}
        self._begins: Positions = np.zeros(1, np.int64)
        self._lines: pa.Table | None = None
        self._schemas: dict[str, pa.Schema] = {}
        self._sizes: dict[str, dict[int, Buckets]] = {name: {} for name in CANONICAL}

    def add_table(self, name: str, files: Sequence[Path]) -> None:
        """Validate one table and shuffle it into the partitions' buckets, or write its one file."""
        held: dict[int, pa.Table] = {}
        use = held.__setitem__ if name in _KEPT_IN_MEMORY else self._partition_writer(name)
        account = validate_in_chunks(files, CANONICAL[name], self._resources, self._known, use)
        self.accounts[name] = account
        if name == "enterprises" and not account.report.rows_in:
            raise DataError("enterprises: 0 rows; a source needs at least one enterprise.")
        if held:
            self._keep(name, sort_by_key(pa.concat_tables(held.values()), CANONICAL[name]))
        rows_used, rows_in = account.report.rows_used, account.report.rows_in
        self._resources.progress(f"{name}: {rows_used:,} of {rows_in:,} rows used")

    def report(self) -> DataReport:
        """Return the report of all tables."""
        accounts = self.accounts.values()
        return DataReport(
            tables=tuple(one.report for one in accounts),
            violations=tuple(violation for one in accounts for violation in one.violations),
            absent=absent_tables(self.accounts),
        )

    def write(self, name: str) -> PartitionedTable:
        """Sort and write one table's partitions, and remove its buckets."""
        rows = np.sum(list(self._sizes[name].values()), axis=0).astype(np.int64).tolist()
        if not is_partitioned(name):
            return PartitionedTable(self._schemas[name], tuple(rows))
        buckets = self._buckets(name)

        def write(number: int) -> None:
            partition = sort_partition(pa.concat_tables(buckets.rows(number)), CANONICAL[name])
            _write_encoded(partition, self._out / name / f"{number:05d}.parquet")

        fit = self._resources.memory_bytes // (max(rows, default=0) * ROW_BYTES + 1)
        filled = [number for number, count in enumerate(rows) if count]
        for done, _ in enumerate(
            map_in_threads(write, filled, max(1, min(self._resources.threads, fit))), 1
        ):
            if done % _PARTITIONS_PER_MESSAGE == 0:
                self._resources.progress(f"{name}: {done:,} of {len(filled):,} partitions sorted")
        rmtree(buckets.folder, ignore_errors=True)
        self._resources.progress(
            f"{name}: {sum(rows):,} rows sorted, in {len(filled):,} partitions"
        )
        return PartitionedTable(self._schemas[name], tuple(rows))

    def _keep(self, name: str, rows: pa.Table) -> None:
        if name == "enterprises":
            self._known[name] = sorted_ids(rows["enterprise_id"])
            self.firsts = tuple(self._firsts_of(self._known[name]))
            self._begins = partition_offsets(self._known[name], self.firsts)
        if name == "lines":
            self._known[name] = rows["line_id"].unique()
            self._lines = rows.select(_COLUMNS_OF_LINES)
        if is_partitioned(name):
            self._partition_writer(name)(0, rows)
        else:
            self._schemas[name] = rows.schema
            self._sizes[name][0] = np.array([len(rows)])
            _write_encoded(encode_texts(rows), self._out / name / "00000.parquet")

    def _partition_writer(self, name: str) -> Use:
        buckets = self._buckets(name)

        def throw(number: int, rows: pa.Table) -> None:
            if name == "line_months":
                rows = join_line_months(rows, self._lines)
            enterprise = positions(rows["enterprise_id"], self._known["enterprises"])
            partition = np.searchsorted(self._begins[:-1], enterprise, side="right") - 1
            self._schemas[name] = rows.schema
            self._sizes[name][number] = buckets.add(number, rows, partition)

        return throw

    def _buckets(self, name: str) -> Shuffle:
        return Shuffle(self._resources.work / "partitions" / name, len(self.firsts))


def _write_encoded(rows: pa.Table, path: Path) -> None:
    """Write one file with one row group, made to be read fast: texts that repeat as codes."""
    texts = [field.name for field in rows.schema if pt.is_dictionary(field.type)]
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(
        rows,
        path,
        compression="lz4",
        row_group_size=max(1, len(rows)),
        use_dictionary=texts,
        dictionary_pagesize_limit=_DICTIONARY_BYTES,
        write_statistics=False,
    )
