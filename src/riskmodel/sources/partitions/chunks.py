"""A table through the contract's door in pieces, so that memory does not grow with the table."""

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
from riskmodel.sources.checks.columns import joined, read_chunks, read_table
from riskmodel.sources.checks.validate_rows import sift
from riskmodel.sources.folder import refuse_bad_rows
from riskmodel.sources.partitions.shuffle import Shuffle, buckets_of
from riskmodel.sources.partitions.versions import UNTIL, with_until
from riskmodel.sources.report import Breach, DataReport, TableReport
from riskmodel.tables.declared import Table

PIECE_ROWS = 4_000_000
"""The most rows of a table that go through the door in one piece."""
ROW_BYTES = 400
"""What a row of a wide table needs while it goes through the door or is sorted, copies included."""
_CHUNKS_A_PIECE = 4

Given = TypeVar("Given")
Made = TypeVar("Made")
Use = Callable[[int, pa.Table], None]


@dataclass(frozen=True)
class Means:
    """What the work is done with: the settings, threads, bytes of memory, a folder for a while."""

    settings: SourcesSettings
    threads: int
    memory_bytes: int
    work: Path
    progress: Progress

    @property
    def piece_rows(self) -> int:
        """How many rows a piece may have, so that every thread can hold one."""
        return max(1, min(PIECE_ROWS, self.memory_bytes // (self.threads * ROW_BYTES)))


@dataclass(frozen=True)
class Account:
    """One table's way through the door: rows set aside with `reasons`, the report, breaches.

    `keys` is the number of distinct keys among the rows used, of tables that have versions.
    """

    rejects: pa.Table
    report: TableReport
    breaches: tuple[Breach, ...]
    keys: int


def through_door(
    files: Sequence[Path], declared: Table, means: Means, known: Mapping[str, pa.Array], use: Use
) -> Account:
    """Sifts the table, as `sift` does, and gives the rows used to `use`, piece by piece.

    The pieces are numbered; each has all versions of its keys, sorted by key and `known_at`, with
    `known_until` where the table has versions. Raises `DataError` at once where so many rows are
    set aside that the table is refused whatever the rest holds.
    """

    def sifted(number: int, raw: pa.Table) -> Account:
        one = sift(raw, declared, means.settings.timezone, known)
        used = with_until(one.used, declared) if declared.timed else one.used
        use(number, used)
        keys = used[UNTIL].null_count if declared.timed else 0
        return Account(one.rejects, one.report, one.breaches, keys)

    rows = sum(_row_count(path) for path in files)
    if rows <= means.piece_rows:
        return sifted(0, read_table(files, declared, means.settings.timezone))
    pieces = _split(files, declared, means, rows)
    done: list[Account] = []

    def through(number: int) -> Account:
        return sifted(number, joined(pieces.rows(number), declared))

    for account in spread(through, range(pieces.buckets), means.threads):
        done.append(account)
        means.progress(f"{declared.name}: {len(done)} of {pieces.buckets} pieces through the door")
        if _hopeless(done, rows, means.settings):
            break
    rmtree(pieces.folder)
    whole = _together(done, declared, means, known)
    if len(done) < pieces.buckets:
        refuse_bad_rows(DataReport((whole.report,), whole.breaches, ()), means.settings)
    return whole


def spread(work: Callable[[Given], Made], items: Iterable[Given], threads: int) -> Iterator[Made]:
    """The work's results in the order of the items, of which so many are at work at a time."""
    with ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future[Made]] = deque()
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) >= threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _row_count(path: Path) -> int:
    """The file's rows by its own account; none where it cannot be read: reading will say so."""
    try:
        return int(pq.read_metadata(path).num_rows)
    except (pa.ArrowException, OSError):
        return 0


def _split(files: Sequence[Path], declared: Table, means: Means, rows: int) -> Shuffle:
    """The table thrown into pieces by its key's first column, so that a key stays whole.

    A chunk leaves its columns and types in every piece, if only with no rows: so each piece,
    joined, has those of the whole table.
    """
    pieces = Shuffle(means.work / "pieces" / declared.name, -(-rows // means.piece_rows))
    chunk_rows = max(1, means.piece_rows // _CHUNKS_A_PIECE)
    chunks = read_chunks(files, declared, means.settings.timezone, chunk_rows)

    def throw(numbered: tuple[int, pa.Table]) -> None:
        number, chunk = numbered
        pieces.add(number, chunk, buckets_of(chunk[declared.key[0]], pieces.buckets))

    for _ in spread(throw, zip(count(), chunks), means.threads):
        pass
    return pieces


def _hopeless(done: Sequence[Account], rows: int, settings: SourcesSettings) -> bool:
    """Whether more rows are set aside than both shares together allow of all rows."""
    most = settings.most_rejected_share + settings.most_unknown_ids_share
    return sum(one.report.rows_rejected for one in done) > most * rows


def _together(
    done: Sequence[Account], declared: Table, means: Means, known: Mapping[str, pa.Array]
) -> Account:
    """The pieces' accounts as one, as if the table had gone through the door whole.

    Bad rows are bad by themselves, or with other rows of their key: sifted again without the good
    ones they break the same rules, in the order of the whole table.
    """
    bad = pa.concat_tables([_as_given(one.rejects) for one in done])
    again = sift(bad, declared, means.settings.timezone, known)
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
    return Account(again.rejects, report, again.breaches, keys)


def _as_given(rejects: pa.Table) -> pa.Table:
    """Rows set aside without their reasons, which stand last."""
    return rejects.select(rejects.column_names[:-1])
