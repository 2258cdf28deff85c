"""Validate a table in chunks, so that memory does not grow with the table."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from shutil import rmtree
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from riskmodel.progress import Progress
from riskmodel.settings import SourcesSettings
from riskmodel.sources.checks.columns import concatenate_chunks, read_chunks, read_table
from riskmodel.sources.checks.validate_rows import validate_rows
from riskmodel.sources.folder import refuse_bad_rows
from riskmodel.sources.partitions.shuffle import Shuffle, assign_buckets
from riskmodel.sources.partitions.versions import UNTIL, add_known_until
from riskmodel.sources.report import DataReport, RuleViolation, TableReport
from riskmodel.tables.declared import Table

MAX_CHUNK_ROWS = 4_000_000
"""Rows of a table that are validated at once, at most."""
ROW_BYTES = 400
"""Bytes of memory of a row of a wide table while it is validated or sorted, copies included."""
_BATCHES_PER_CHUNK = 4

Given = TypeVar("Given")
Made = TypeVar("Made")
Use = Callable[[int, pa.Table], None]


@dataclass(frozen=True)
class SortResources:
    """The settings, threads, bytes of memory and temporary folder that sorting may use."""

    settings: SourcesSettings
    threads: int
    memory_bytes: int
    work: Path
    progress: Progress

    @property
    def chunk_rows(self) -> int:
        """The number of rows of a chunk, so that every thread can hold one."""
        return max(1, min(MAX_CHUNK_ROWS, self.memory_bytes // (self.threads * ROW_BYTES)))


@dataclass(frozen=True)
class ChunkResult:
    """A validated table: rejected rows with `reasons`, the report, rule violations.

    `keys` is the number of distinct keys among the rows used, of tables that have versions.
    """

    rejects: pa.Table
    report: TableReport
    violations: tuple[RuleViolation, ...]
    keys: int


def validate_in_chunks(
    files: Sequence[Path],
    declared: Table,
    resources: SortResources,
    known: Mapping[str, pa.Array],
    use: Use,
) -> ChunkResult:
    """Validate the table, as `validate_rows` does, and give the rows used to `use` chunk by chunk.

    The chunks are numbered; each has all versions of its keys, sorted by key and `known_at`, with
    `known_until` where the table has versions. Raises `DataError` at once where so many rows are
    set aside that the table is refused whatever the rest holds.
    """

    def validate_chunk(number: int, raw: pa.Table) -> ChunkResult:
        one = validate_rows(raw, declared, resources.settings.timezone, known)
        used = add_known_until(one.used, declared) if declared.timed else one.used
        use(number, used)
        keys = used[UNTIL].null_count if declared.timed else 0
        return ChunkResult(one.rejects, one.report, one.violations, keys)

    rows = sum(_row_count(path) for path in files)
    if rows <= resources.chunk_rows:
        return validate_chunk(0, read_table(files, declared, resources.settings.timezone))
    shuffle = _shuffle_by_key(files, declared, resources, rows)
    done: list[ChunkResult] = []

    def through(number: int) -> ChunkResult:
        return validate_chunk(number, concatenate_chunks(shuffle.rows(number), declared))

    for account in map_in_threads(through, range(shuffle.buckets), resources.threads):
        done.append(account)
        resources.progress(f"{declared.name}: {len(done)} of {shuffle.buckets} chunks validated")
        if _exceeds_reject_shares(done, rows, resources.settings):
            break
    rmtree(shuffle.folder)
    whole = _merge_results(done, declared, resources, known)
    if len(done) < shuffle.buckets:
        refuse_bad_rows(DataReport((whole.report,), whole.violations, ()), resources.settings)
    return whole


def map_in_threads(
    work: Callable[[Given], Made], items: Iterable[Given], threads: int
) -> Iterator[Made]:
    """Yield the work's results in the order of the items, so many at work at a time."""
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[Made]] = deque()
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) >= threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _row_count(path: Path) -> int:
    """Return the number of rows that the file states; none where it cannot be read: reading will say so."""
    try:
        return int(pq.read_metadata(path).num_rows)
    except (pa.ArrowException, OSError):
        return 0


def _shuffle_by_key(
    files: Sequence[Path], declared: Table, resources: SortResources, rows: int
) -> Shuffle:
    """Shuffle the table into chunks by its key's first column, so that a key stays whole.

    A batch leaves its columns and types in every chunk, if only with no rows: so each chunk has
    those of the whole table.
    """
    shuffle = Shuffle(resources.work / "chunks" / declared.name, -(-rows // resources.chunk_rows))
    chunk_rows = max(1, resources.chunk_rows // _BATCHES_PER_CHUNK)
    chunks = read_chunks(files, declared, resources.settings.timezone, chunk_rows)

    def throw(numbered: tuple[int, pa.Table]) -> None:
        number, chunk = numbered
        shuffle.add(number, chunk, assign_buckets(chunk[declared.key[0]], shuffle.buckets))

    for _ in map_in_threads(throw, zip(count(), chunks), resources.threads):
        pass
    return shuffle


def _exceeds_reject_shares(
    done: Sequence[ChunkResult], rows: int, settings: SourcesSettings
) -> bool:
    """Return whether more rows are rejected than both shares together allow of all rows."""
    most = settings.max_rejected_share + settings.max_unknown_ids_share
    return sum(one.report.rows_rejected for one in done) > most * rows


def _merge_results(
    done: Sequence[ChunkResult],
    declared: Table,
    resources: SortResources,
    known: Mapping[str, pa.Array],
) -> ChunkResult:
    """Merge the chunks' results, as if the table had been validated whole.

    Bad rows are bad by themselves, or with other rows of their key: validated again without the good
    ones they break the same rules, in the order of the whole table.
    """
    bad = pa.concat_tables([_without_reasons(one.rejects) for one in done])
    again = validate_rows(bad, declared, resources.settings.timezone, known)
    reports, keys = [one.report for one in done], sum(one.keys for one in done)
    used = sum(one.rows_used for one in reports)
    late = [round((one.share_late or 0.0) * one.rows_used) for one in reports]
    corrected = [round((one.report.share_corrected or 0.0) * one.keys) for one in done]
    report = replace(
        again.report,
        rows_in=sum(one.rows_in for one in reports),
        copies=sum(one.copies for one in reports),
        rows_used=used,
        first_event=min((one.first_event for one in reports if one.first_event), default=None),
        last_event=max((one.last_event for one in reports if one.last_event), default=None),
        share_late=sum(late) / used if declared.timed and declared.event and used else None,
        share_corrected=sum(corrected) / keys if declared.timed and used else None,
    )
    return ChunkResult(again.rejects, report, again.violations, keys)


def _without_reasons(rejects: pa.Table) -> pa.Table:
    """Return rejected rows without their reasons, which stand last."""
    return rejects.select(rejects.column_names[:-1])
