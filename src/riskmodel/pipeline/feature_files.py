"""Features of a whole source folder, streamed to files: sorted once, then partition by partition.

    OUT/sorted/                          the source, sorted by enterprise and cut into partitions
    OUT/features/2014-07/00000.parquet   one file a month of dates and partition
    OUT/features.json                    the features, what is absent, each month: rows, used again

A file carries digests of all that it was made from and is used again where they are the same: a
stopped run goes on where it was, and a new month leaves the old ones as they are, for rows known
after a date cannot change its features.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from riskmodel.errors import UsageError
from riskmodel.features.batch import Batch, Rates, SharedInputs
from riskmodel.features.catalogue import definitions_by_name
from riskmodel.features.digest import compute_digests
from riskmodel.features.engine import (
    MapPartitions,
    compute_values,
    map_partitions_in_threads,
    places_by_partition,
    rate_at,
    share_inputs,
    shared_rates,
)
from riskmodel.features.plan import Plan, available, make_plan
from riskmodel.features.spec import FeatureDefinition
from riskmodel.pipeline.feature_rows import Asked, Days, asked_rows
from riskmodel.pipeline.import_closure import DEFAULTS, CodeBase
from riskmodel.progress import Progress, no_progress
from riskmodel.settings import FeaturesSettings, Settings, default_settings
from riskmodel.sources.layout import nearest
from riskmodel.sources.partitions.sorted_source import SortedSource, load_sorted, sort_folder
from riskmodel.storage.files import sha256, write_atomically, write_text

_ROWS, _MARKET = b"riskmodel.rows", b"riskmodel.market"
NOTHING = SharedInputs({}, 1.0)
_MONEY = frozenset({"CNY", "USD"})
_CODE = (
    "riskmodel.features.batch",
    "riskmodel.features.engine",
    "riskmodel.sources.partitions.sorted_source",
)
"""The modules whose code, with all that they import, decides the values."""
DIGESTS = pa.schema([("partition", pa.int32()), ("month", pa.string()), ("digest", pa.string())])
WRITTEN = pa.schema([("partition", pa.int32()), ("month", pa.string()), ("rows", pa.int64())])


@dataclass(frozen=True)
class Job:
    """All that the files are made from, small enough to be sent to another machine.

    `code` is a digest of features, settings and program, `sorting` one of the sorted source.
    """

    out: Path
    asked: Asked
    plan: Plan
    code: str
    sorting: str

    @property
    def source(self) -> SortedSource:
        """The sorted source, opened once a process."""
        return _opened(self.out / "sorted", self.sorting)

    def file(self, month: str, partition: int) -> Path:
        """Return the file of a month's features of a partition."""
        return self.out / "features" / month / f"{partition:05d}.parquet"

    def batch(self, partition: int, shared: SharedInputs) -> Batch:
        """The partition's tables: what the features read, and the register, which says who is asked."""
        needs = {"enterprises": frozenset[str](), **self.plan.needs}
        return Batch(self.source.read_partition(partition, needs), shared, self.source.timezone)

    def pairs_of(self, batch: Batch, partition: int, days: Days) -> tuple[pa.Array, Days]:
        """The enterprises and days asked of a partition, among these days."""
        if self.asked.rows is None:
            return _registered(batch, days)
        rows = _rows_by_partition(self.asked.rows, self.asked.digest, self.source.firsts)[partition]
        own = rows[np.isin(rows["day"], days)]
        return pa.array(own["enterprise_id"], pa.string()), own["day"].to_numpy(np.int32)


@dataclass(frozen=True)
class Files:
    """The result of a job: features, what others lack, and by month the rows and partitions made.

    `months` has month, rows, partitions, made (partitions computed now; the others were used again).
    """

    definitions: tuple[FeatureDefinition, ...]
    absent: Mapping[str, str]
    months: pd.DataFrame


def write_features(
    data: Path,
    out: Path,
    asked: Asked,
    settings: Settings,
    *,
    map_partitions: MapPartitions | None = None,
    definitions: Sequence[FeatureDefinition] | None = None,
    progress: Progress = no_progress,
) -> Files:
    """Every feature for everyone asked, in files under `out`, those used again that still stand.

    `map_partitions` does the work on every partition: threads of this machine (the default), or a cluster that
    sees the same folders. Raises what `sort_folder` raises on bad data.
    """
    source = _sorted(data, out / "sorted", settings, progress)
    wanted = available(source, settings.features) if definitions is None else tuple(definitions)
    plan = make_plan(wanted, source)
    sorting = sha256(out / "sorted" / "sorted.json")
    job = Job(out.resolve(), asked, plan, _code(plan, settings), sorting)
    map_partitions = map_partitions or map_partitions_in_threads(settings.run.threads)
    known = _digests(job, map_partitions)
    months = [m for m in asked.months if not _all_stand(job, m, known)]
    days = np.concatenate([np.empty(0, np.int32), *(asked.months[month] for month in months)])
    shared = share_inputs(source, days, plan, settings.features, map_partitions)
    market = _market_digests(shared, months)
    stale = {
        partition: [
            m
            for m in months
            if not _stands(job, m, partition, known.get((partition, m)), market[m])
        ]
        for partition in range(source.partition_count)
    }
    _report_reuse(job, stale, progress)
    due = {partition: {m: market[m] for m in late} for partition, late in stale.items() if late}
    _make(job, shared, due, map_partitions, progress)
    return _record_files(job, stale)


def feature_settings(*, partition_size: int | None, threads: int) -> Settings:
    """The default settings with so many enterprises a partition and threads."""
    settings = default_settings()
    given = {} if partition_size is None else {"chunk_enterprises": partition_size}
    features = FeaturesSettings.model_validate({**settings.features.model_dump(), **given})
    run = settings.run.with_values({"threads": threads})
    return settings.with_values({"features": features, "run": run})


def definitions_named(names: Sequence[str]) -> tuple[FeatureDefinition, ...]:
    """The registry's features of these names; `UsageError` that names the nearest for another."""
    known = definitions_by_name()
    for name in names:
        if name not in known:
            raise UsageError(
                f"--feature {name}: no feature has the name; nearest: {nearest(name, known)}."
            )
    return tuple(known[name] for name in names)


def digests_of(job: Job, partition: int) -> pa.Table:
    """Return the digests that the files of a partition's months must carry: partition, month, digest."""
    found = _month_digests(job, job.batch(partition, NOTHING), job.asked.months)
    return pa.table([[partition] * len(found), list(found), list(found.values())], schema=DIGESTS)


def write_partition(
    job: Job, shared: SharedInputs, market: Mapping[str, str], partition: int
) -> pa.Table:
    """The files of a partition's months, each given with the digest of its market: partition, month, rows."""
    batch = job.batch(partition, shared)
    wanted = {month: job.asked.months[month] for month in market}
    ids, as_of = job.pairs_of(batch, partition, np.concatenate(list(wanted.values())))
    found = compute_values(batch.with_pairs(ids, as_of), job.plan)
    carried = _month_digests(job, batch, wanted)
    names = as_of.astype("datetime64[D]").astype("datetime64[M]").astype(str)
    rows = []
    for month, digest in market.items():
        own = np.flatnonzero(names == month)
        metadata = {_ROWS: carried[month], _MARKET: digest}
        table = _table(ids, as_of, found, own, job.plan.definitions)
        _write(table.replace_schema_metadata(metadata), job.file(month, partition))
        rows.append(len(own))
    return pa.table([[partition] * len(rows), list(market), rows], schema=WRITTEN)


def stored(feature: FeatureDefinition) -> pa.DataType:
    """Return the type of a feature's values: money and what rules read as doubles, the rest as floats."""
    if feature.category:
        return pa.string()
    return pa.float64() if feature.unit in _MONEY or not feature.model else pa.float32()


def _make(
    job: Job,
    shared: SharedInputs,
    due: Mapping[int, Mapping[str, str]],
    map_partitions: MapPartitions,
    progress: Progress,
) -> None:
    done = map_partitions(
        lambda partition: write_partition(job, shared, due[partition], partition), sorted(due)
    )
    for count, _ in enumerate(done, 1):
        if count == len(due) or count % max(len(due) // 20, 1) == 0:
            progress(f"features: {count:,} of {len(due):,} partitions")


def _digests(job: Job, map_partitions: MapPartitions) -> dict[tuple[int, str], str]:
    """By partition and month what its file must carry, for partitions that have files at all."""
    partitions = [
        partition
        for partition in range(job.source.partition_count)
        if any(job.file(month, partition).is_file() for month in job.asked.months)
    ]
    tables = map_partitions(lambda partition: digests_of(job, partition), partitions)
    return {
        (row["partition"], row["month"]): row["digest"]
        for table in tables
        for row in table.to_pylist()
    }


def _month_digests(job: Job, batch: Batch, months: Mapping[str, Days]) -> dict[str, str]:
    """For each month a digest of the program, the rows asked and what was known at its days."""
    days = np.concatenate([np.empty(0, np.int32), *months.values()])
    by_day = dict(zip(days.tolist(), compute_digests(batch, days), strict=True))
    rates = _rates_of(job.out / "sorted", job.sorting)

    def text(day: int) -> list[Any]:
        newest = {c: rate_at(rates, c, np.array([day]), 0.0)[0] for c in sorted(rates)}
        return [day, by_day[day], newest]

    return {
        month: _hashed(json.dumps([job.code, job.asked.digest, [text(d) for d in own.tolist()]]))
        for month, own in months.items()
    }


def _market_digests(shared: SharedInputs, months: Sequence[str]) -> dict[str, str]:
    """Market statistics at the start of each month; empty where no feature needs them."""
    firsts = {month: int(np.datetime64(month, "D").astype(int)) for month in months}
    return {m: shared.market.digest(day) if shared.market else "" for m, day in firsts.items()}


def _all_stand(job: Job, month: str, known: Mapping[tuple[int, str], str]) -> bool:
    """Return true where every partition's file of a month carries what was known.

    Then what all enterprises together said was the same too, and need not be computed.
    """
    return all(
        (partition, month) in known
        and _carried(job.file(month, partition))[0] == known[partition, month]
        for partition in range(job.source.partition_count)
    )


def _stands(job: Job, month: str, partition: int, rows: str | None, market: str) -> bool:
    return rows is not None and _carried(job.file(month, partition)) == (rows, market)


def _carried(path: Path) -> tuple[str, str]:
    """The digests that a file carries, of its rows and of its market; empty where there is none."""
    if not path.is_file():
        return "", ""
    try:
        metadata = pq.read_metadata(path).metadata or {}
    except (OSError, pa.ArrowException):
        return "", ""
    return metadata.get(_ROWS, b"").decode(errors="replace"), metadata.get(_MARKET, b"").decode(
        errors="replace"
    )


def _table(
    ids: pa.Array, as_of: Days, values: Mapping[str, Any], own: NDArray[np.int64],
    definitions: Sequence[FeatureDefinition],
) -> pa.Table:  # fmt: skip
    """The rows of one month: enterprise, date, a column a feature as it is kept."""
    take = pa.array(own)
    columns = [ids.take(take), pa.array(as_of[own]).cast(pa.date32())]
    for feature in definitions:
        found = values[feature.name]
        columns.append(
            found.take(take)
            if feature.category
            else pa.array(found[own].astype(stored(feature).to_pandas_dtype()))
        )
    fields = [("enterprise_id", pa.string()), ("as_of", pa.date32())]
    return pa.table(columns, pa.schema([*fields, *((c.name, stored(c)) for c in definitions)]))


def _write(table: pa.Table, path: Path) -> None:
    texts = [field.name for field in table.schema if pa.types.is_string(field.type)]
    write_atomically(
        path,
        lambda unfinished: pq.write_table(
            table,
            unfinished,
            compression="lz4",
            use_dictionary=texts,
            write_statistics=["enterprise_id", "as_of"],
        ),
    )


def _report_reuse(job: Job, stale: Mapping[int, Sequence[str]], progress: Progress) -> None:
    for month in job.asked.months:
        made = sum(month in months for months in stale.values())
        partitions = job.source.partition_count
        progress(
            f"{month}: {partitions - made:,} of {partitions:,} partitions used again, {made:,} to compute"
        )


def _record_files(job: Job, stale: Mapping[int, Sequence[str]]) -> Files:
    """The record of the job, also written to `features.json`."""
    rows = [
        (
            month,
            sum(
                pq.read_metadata(job.file(month, p)).num_rows
                for p in range(job.source.partition_count)
            ),
            job.source.partition_count,
            sum(month in months for months in stale.values()),
        )
        for month in job.asked.months
    ]
    months = pd.DataFrame(rows, columns=["month", "rows", "partitions", "made"])
    record = {
        "features": [feature.name for feature in job.plan.definitions],
        "absent": dict(job.plan.absent),
        "months": months.to_dict(orient="records"),
    }
    write_text(job.out / "features.json", json.dumps(record, indent=2, ensure_ascii=False) + "\n")
    return Files(job.plan.definitions, job.plan.absent, months)


def _sorted(data: Path, out: Path, settings: Settings, progress: Progress) -> SortedSource:
    """The source, sorted; an earlier sorting's partitions are kept, so that their files may stand."""
    firsts = load_sorted(out).firsts if (out / "sorted.json").is_file() else None
    return sort_folder(
        data, out, settings.sources, threads=settings.run.threads, firsts=firsts, progress=progress,
        enterprises_per_partition=settings.features.chunk_enterprises,
    )  # fmt: skip


def _code(plan: Plan, settings: Settings) -> str:
    """Inputs of the values beside the rows: definitions, exchange rate, code."""
    code = CodeBase().closure(*(f"import {module}" for module in _CODE)).digests
    known = sorted((file, digest) for file, digest in code.items() if file != DEFAULTS)
    return _hashed(repr((plan.definitions, settings.features.cny_per_usd, known)))


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=1)
def _opened(folder: Path, sorting: str) -> SortedSource:
    return load_sorted(folder)


@lru_cache(maxsize=1)
def _rates_of(folder: Path, sorting: str) -> Rates:
    return shared_rates(_opened(folder, sorting))


def _registered(batch: Batch, days: Days) -> tuple[pa.Array, Days]:
    """Everyone who is on the register at each day."""
    seen = batch.at_every_day(np.unique(days)).view("enterprises")
    there = seen.last > seen.first
    return batch.ids.take(pa.array(seen.pairs.enterprise[there])), seen.pairs.as_of[there]


@lru_cache(maxsize=1)
def _rows_by_partition(path: Path, digest: str, firsts: tuple[str, ...]) -> list[pd.DataFrame]:
    rows = asked_rows(path)
    return [rows.iloc[places] for places in places_by_partition(firsts, rows["enterprise_id"])]
