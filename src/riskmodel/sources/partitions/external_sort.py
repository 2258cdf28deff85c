"""A source folder sorted on disk: through the door in pieces, thrown into parts, each sorted.

Memory is bounded by a piece and a part. Beside them the ids, `enterprises`, `lines` and the
tables that are not cut are held whole.
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
from riskmodel.sources.checks.key_rules import in_order
from riskmodel.sources.folder import refuse_bad_rows
from riskmodel.sources.layout import Files
from riskmodel.sources.partitions.chunks import ROW_BYTES, Account, Means, Use, spread, through_door
from riskmodel.sources.partitions.partition_order import (
    encoded,
    in_part_order,
    is_cut,
    part_begins,
    sorted_ids,
)
from riskmodel.sources.partitions.shuffle import Buckets, Shuffle
from riskmodel.sources.partitions.versions import (
    OF_THE_LINE,
    UNTIL,
    Places,
    months_of_lines,
    places,
)
from riskmodel.sources.report import DataReport, absent_tables
from riskmodel.storage.files import write_parquet
from riskmodel.tables.canonical import CANONICAL

_HELD = frozenset({"enterprises", "lines", *(name for name in CANONICAL if not is_cut(name))})
_LOOK_ROWS = 1 << 16
"""Rows of each file that are looked at first: what is wrong in all of them stops the work at once."""
_OF_LINES = ("line_id", *OF_THE_LINE, "known_at", "withdrawn", UNTIL)
_DICTIONARY_BYTES = 1 << 28
"""More than a part's texts come to: a column with more of them would not be read as codes."""


@dataclass(frozen=True)
class TableParts:
    """What was written of a table: its columns, and its rows in each part (one, if not cut)."""

    schema: pa.Schema
    rows: tuple[int, ...]


_PARTS_A_LINE = 50
"""After how many parts progress is told."""


@dataclass(frozen=True)
class Written:
    """The first id of each part, and the tables."""

    firsts: tuple[str, ...]
    tables: Mapping[str, TableParts]


def sort_tables(
    files: Files, out: Path, means: Means, firsts_of: Callable[[pa.Array], Sequence[str]]
) -> Written:
    """Writes every table's parts, the rows set aside and the report into `out`.

    `firsts_of` names the first id of each part, given all sorted ids. Raises `DataError` as
    `read_folder` and `held` do.
    """
    for name, paths in files.items():  # what is wrong in every row is found before the work
        for path in paths:
            next(read_chunks([path], CANONICAL[name], means.settings.timezone, _LOOK_ROWS))
    sorting = _Sorting(out, means, firsts_of)
    for name, paths in files.items():
        sorting.take_in(name, paths)
    report = sorting.report()
    refuse_bad_rows(report, means.settings)
    for name, account in sorting.accounts.items():
        if len(account.rejects):
            write_parquet(account.rejects, out / "rejects" / f"{name}.parquet")
    write_parquet(report.frame(), out / "report.parquet")
    write_parquet(report.breaches_frame(), out / "breaches.parquet")
    return Written(sorting.firsts, {name: sorting.write(name) for name in sorting.accounts})


class _Sorting:
    """What is known while tables are taken in, in the contract's order: ids, parts, lines."""

    def __init__(
        self, out: Path, means: Means, firsts_of: Callable[[pa.Array], Sequence[str]]
    ) -> None:
        self.accounts: dict[str, Account] = {}
        self.firsts: tuple[str, ...] = ()
        self._out, self._means, self._firsts_of = out, means, firsts_of
        self._known: dict[str, pa.Array] = {}
        self._begins: Places = np.zeros(1, np.int64)
        self._lines: pa.Table | None = None
        self._schemas: dict[str, pa.Schema] = {}
        self._sizes: dict[str, dict[int, Buckets]] = {name: {} for name in CANONICAL}

    def take_in(self, name: str, files: Sequence[Path]) -> None:
        """One table through the door and into the parts' buckets, or into its one file."""
        held: dict[int, pa.Table] = {}
        use = held.__setitem__ if name in _HELD else self._throwing(name)
        account = through_door(files, CANONICAL[name], self._means, self._known, use)
        self.accounts[name] = account
        if name == "enterprises" and not account.report.rows_in:
            raise DataError("enterprises: 0 rows; a source needs at least one enterprise.")
        if held:
            self._hold(name, in_order(pa.concat_tables(held.values()), CANONICAL[name]))
        rows_used, rows_in = account.report.rows_used, account.report.rows_in
        self._means.progress(f"{name}: {rows_used:,} of {rows_in:,} rows used")

    def report(self) -> DataReport:
        """The account of all tables."""
        accounts = self.accounts.values()
        return DataReport(
            tables=tuple(one.report for one in accounts),
            breaches=tuple(breach for one in accounts for breach in one.breaches),
            absent=absent_tables(self.accounts),
        )

    def write(self, name: str) -> TableParts:
        """One table's parts sorted and written, and its buckets removed."""
        rows = np.sum(list(self._sizes[name].values()), axis=0).astype(np.int64).tolist()
        if not is_cut(name):
            return TableParts(self._schemas[name], tuple(rows))
        buckets = self._buckets(name)

        def write(number: int) -> None:
            part = in_part_order(pa.concat_tables(buckets.rows(number)), CANONICAL[name])
            _write_encoded(part, self._out / name / f"{number:05d}.parquet")

        fit = self._means.memory_bytes // (max(rows, default=0) * ROW_BYTES + 1)
        filled = [number for number, count in enumerate(rows) if count]
        for done, _ in enumerate(spread(write, filled, max(1, min(self._means.threads, fit))), 1):
            if done % _PARTS_A_LINE == 0:
                self._means.progress(f"{name}: {done:,} of {len(filled):,} parts sorted")
        rmtree(buckets.folder, ignore_errors=True)
        self._means.progress(f"{name}: {sum(rows):,} rows sorted, in {len(filled):,} parts")
        return TableParts(self._schemas[name], tuple(rows))

    def _hold(self, name: str, rows: pa.Table) -> None:
        if name == "enterprises":
            self._known[name] = sorted_ids(rows["enterprise_id"])
            self.firsts = tuple(self._firsts_of(self._known[name]))
            self._begins = part_begins(self._known[name], self.firsts)
        if name == "lines":
            self._known[name] = rows["line_id"].unique()
            self._lines = rows.select(_OF_LINES)
        if is_cut(name):
            self._throwing(name)(0, rows)
        else:
            self._schemas[name] = rows.schema
            self._sizes[name][0] = np.array([len(rows)])
            _write_encoded(encoded(rows), self._out / name / "00000.parquet")

    def _throwing(self, name: str) -> Use:
        buckets = self._buckets(name)

        def throw(number: int, rows: pa.Table) -> None:
            if name == "line_months":
                rows = months_of_lines(rows, self._lines)
            enterprise = places(rows["enterprise_id"], self._known["enterprises"])
            part = np.searchsorted(self._begins[:-1], enterprise, side="right") - 1
            self._schemas[name] = rows.schema
            self._sizes[name][number] = buckets.add(number, rows, part)

        return throw

    def _buckets(self, name: str) -> Shuffle:
        return Shuffle(self._means.work / "parts" / name, len(self.firsts))


def _write_encoded(rows: pa.Table, path: Path) -> None:
    """One file with one row group, made to be read fast: texts that repeat as codes."""
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
