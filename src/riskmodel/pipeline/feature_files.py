"""Features of a whole source folder, streamed to files: sorted once, then part by part.

    OUT/sorted/                          the source, sorted by enterprise and cut into parts
    OUT/features/2014-07/00000.parquet   one file a month of dates and part
    OUT/features.json                    the cards, what is absent, each month: rows, used again

A file carries the digest of all that it was made from and is used again where that is the same: a
stopped run goes on where it was, and a new month leaves the old ones as they are, for rows known
after a date cannot change its features.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
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
from riskmodel.features.batch import Batch, Shared
from riskmodel.features.digest import part_digests
from riskmodel.features.engine import Each, in_threads, part_values, parts_of, shared_by
from riskmodel.features.language import Card
from riskmodel.features.plan import Plan, available, planned
from riskmodel.features.registry import by_name
from riskmodel.pipeline.asked import Asked, Days, asked_rows
from riskmodel.settings import FeaturesSettings, Settings, default_settings
from riskmodel.sources.files import sha256, write_text, write_whole
from riskmodel.sources.layout import nearest
from riskmodel.sources.sorted import Sorted, load_sorted, sort_folder

Tell = Callable[[str], None]

_DIGEST = b"riskmodel.digest"
_MONEY = frozenset({"CNY", "USD"})
_PACKAGE = Path(__file__).parent.parent
_CODE = ("months.py", "tables", "sources", "features")
DIGESTS = pa.schema([("part", pa.int32()), ("day", pa.int32()), ("digest", pa.string())])
WRITTEN = pa.schema([("part", pa.int32()), ("month", pa.string()), ("rows", pa.int64())])


@dataclass(frozen=True)
class Job:
    """All that the files are made from, small enough to be sent to another machine."""

    out: Path
    asked: Asked
    plan: Plan
    code: str

    @property
    def source(self) -> Sorted:
        """The sorted source."""
        return _opened(self.out / "sorted")

    def file(self, month: str, part: int) -> Path:
        """Where a month's features of a part lie."""
        return self.out / "features" / month / f"{part:05d}.parquet"

    def asked_of(self, part: int, days: Days) -> tuple[pa.Array, Days]:
        """The enterprises and days asked of a part, among these days."""
        if self.asked.rows is None:
            return _registered(self.source, part, days)
        rows = _rows_by_part(self.asked.rows, self.out / "sorted")[part]
        own = rows[np.isin(rows["day"], days)]
        return pa.array(own["enterprise_id"], pa.string()), own["day"].to_numpy(np.int32)


@dataclass(frozen=True)
class Files:
    """What a job left: the cards, what others lack, and by month the rows and the parts made.

    `months` has month, rows, parts, made (parts computed now; the others were used again).
    """

    cards: tuple[Card, ...]
    absent: Mapping[str, str]
    months: pd.DataFrame


def write_features(
    data: Path,
    out: Path,
    asked: Asked,
    settings: Settings,
    *,
    each: Each | None = None,
    cards: Sequence[Card] | None = None,
    tell: Tell = lambda line: None,
) -> Files:
    """Every card for everyone asked, in files under `out`, those used again that still stand.

    `each` does the work on every part: threads of this machine (the default), or a cluster that
    sees the same folders. Raises what `sort_folder` raises on bad data.
    """
    source = _sorted(data, out / "sorted", settings, tell)
    wanted = available(source, settings.features) if cards is None else tuple(cards)
    plan = planned(wanted, source)
    job = Job(out.resolve(), asked, plan, _code(plan, settings))
    each = each or in_threads(settings.run.threads)
    wanted_digests = _wanted(job, each)
    stale: dict[int, dict[str, str]] = {}
    for (part, month), digest in wanted_digests.items():
        if _stands(job.file(month, part)) != digest:
            stale.setdefault(part, {})[month] = digest
    _tell_what_stands(job, stale, tell)
    _make(job, stale, settings, each=each, tell=tell)
    return _told(job, stale)


def feature_settings(*, part: int | None, threads: int) -> Settings:
    """The default settings with so many enterprises a part and threads."""
    settings = default_settings()
    given = {} if part is None else {"chunk_enterprises": part}
    features = FeaturesSettings.model_validate({**settings.features.model_dump(), **given})
    run = settings.run.model_copy(update={"threads": threads})
    return settings.model_copy(update={"features": features, "run": run})


def chosen_cards(names: Sequence[str]) -> tuple[Card, ...]:
    """The registry's cards of these names; `UsageError` that names the nearest for another."""
    known = by_name()
    for name in names:
        if name not in known:
            raise UsageError(
                f"--card {name}: no card has the name; nearest: {nearest(name, known)}."
            )
    return tuple(known[name] for name in names)


def digests_of(job: Job, part: int) -> pa.Table:
    """The digest of what a part knew before each day asked, and each month's first."""
    days = np.array(_watched(job), np.int32)
    tables = job.source.part(part, _needs(job.plan))
    found = part_digests(tables, days, job.source.timezone)
    return pa.table([[part] * len(days), days, found], schema=DIGESTS)


def write_part(job: Job, shared: Shared, stale: Mapping[str, str], part: int) -> pa.Table:
    """The files of a part's months that do not stand: part, month, rows."""
    months = job.asked.months
    days = np.concatenate([months[month] for month in stale])
    ids, as_of = job.asked_of(part, days)
    values = part_values(job.source, part, (ids, as_of), job.plan, shared)
    names = as_of.astype("datetime64[D]").astype("datetime64[M]").astype(str)
    written = []
    for month, digest in stale.items():
        own = np.flatnonzero(names == month)
        table = _table(ids, as_of, values, own, job.plan.cards)
        _write(table.replace_schema_metadata({_DIGEST: digest}), job.file(month, part))
        written.append((part, month, len(own)))
    return pa.table(list(zip(*written, strict=True)), schema=WRITTEN)


def stored(card: Card) -> pa.DataType:
    """How a card's values are kept: money and what rules read as doubles, the rest as floats."""
    if card.category:
        return pa.string()
    return pa.float64() if card.unit in _MONEY or not card.model else pa.float32()


def _make(
    job: Job,
    stale: Mapping[int, Mapping[str, str]],
    settings: Settings,
    *,
    each: Each,
    tell: Tell,
) -> None:
    months = job.asked.months
    wanted = {month for part in stale.values() for month in part}
    days = np.concatenate([np.empty(0, np.int32), *(months[month] for month in sorted(wanted))])
    shared = shared_by(job.source, days, job.plan, settings.features, each)
    parts = sorted(stale)
    done = each(lambda part: write_part(job, shared, stale[part], part), parts)
    for count, _ in enumerate(done, 1):
        if count == len(parts) or count % max(len(parts) // 20, 1) == 0:
            tell(f"features: {count:,} of {len(parts):,} parts")


def _wanted(job: Job, each: Each) -> dict[tuple[int, str], str]:
    """The digest that each month's file of each part must carry."""
    tables = each(lambda part: digests_of(job, part), range(job.source.parts))
    whole = pa.concat_tables([DIGESTS.empty_table(), *tables]).to_pandas()
    everyone = {
        day: _hashed("".join(own.sort_values("part")["digest"]))
        for day, own in whole.groupby("day")
    }
    own = whole.set_index(["part", "day"])["digest"].to_dict()
    given = _hashed(sha256(job.asked.rows)) if job.asked.rows else ""
    wanted = {}
    for month, days in job.asked.months.items():
        peers = everyone[_first_day(month)] if job.plan.asks_peers else ""
        for part in range(job.source.parts):
            parts = [own[part, day] for day in days.tolist()]
            text = json.dumps([job.code, peers, given, days.tolist(), *parts])
            wanted[part, month] = _hashed(text)
    return wanted


def _stands(path: Path) -> str:
    """The digest that a file carries; empty where there is none."""
    if not path.is_file():
        return ""
    try:
        metadata = pq.read_metadata(path).metadata or {}
    except (OSError, pa.ArrowException):
        return ""
    return str(metadata.get(_DIGEST, b"").decode())


def _watched(job: Job) -> list[int]:
    """The days whose digests are needed."""
    firsts = {_first_day(month) for month in job.asked.months} if job.plan.asks_peers else set()
    return sorted({*job.asked.days, *firsts})


def _needs(plan: Plan) -> dict[str, frozenset[str]]:
    """What the cards read, and the register, which says who is asked for."""
    return {"enterprises": frozenset(), **plan.needs}


def _first_day(month: str) -> int:
    return int(np.datetime64(month, "D").astype(int))


def _table(
    ids: pa.Array, as_of: Days, values: Mapping[str, Any], own: NDArray[np.int64],
    cards: Sequence[Card],
) -> pa.Table:  # fmt: skip
    """The rows of one month: enterprise, date, a column a card as it is kept."""
    take = pa.array(own)
    columns = [ids.take(take), pa.array(as_of[own]).cast(pa.date32())]
    for card in cards:
        found = values[card.name]
        columns.append(
            found.take(take)
            if card.category
            else pa.array(found[own].astype(stored(card).to_pandas_dtype()))
        )
    fields = [("enterprise_id", pa.string()), ("as_of", pa.date32())]
    return pa.table(columns, pa.schema([*fields, *((c.name, stored(c)) for c in cards)]))


def _write(table: pa.Table, path: Path) -> None:
    texts = [field.name for field in table.schema if pa.types.is_string(field.type)]
    write_whole(
        path,
        lambda unfinished: pq.write_table(
            table,
            unfinished,
            compression="lz4",
            use_dictionary=texts,
            write_statistics=["enterprise_id", "as_of"],
        ),
    )


def _tell_what_stands(job: Job, stale: Mapping[int, Mapping[str, str]], tell: Tell) -> None:
    for month in job.asked.months:
        made = sum(month in months for months in stale.values())
        parts = job.source.parts
        tell(f"{month}: {parts - made:,} of {parts:,} parts used again, {made:,} to compute")


def _told(job: Job, stale: Mapping[int, Mapping[str, str]]) -> Files:
    """What was done, also written down as `features.json`."""
    rows = [
        (
            month,
            sum(pq.read_metadata(job.file(month, p)).num_rows for p in range(job.source.parts)),
            job.source.parts,
            sum(month in months for months in stale.values()),
        )
        for month in job.asked.months
    ]
    months = pd.DataFrame(rows, columns=["month", "rows", "parts", "made"])
    record = {
        "cards": [card.name for card in job.plan.cards],
        "absent": dict(job.plan.absent),
        "months": months.to_dict(orient="records"),
    }
    write_text(job.out / "features.json", json.dumps(record, indent=2, ensure_ascii=False) + "\n")
    return Files(job.plan.cards, job.plan.absent, months)


def _sorted(data: Path, out: Path, settings: Settings, tell: Tell) -> Sorted:
    """The source, sorted; an earlier sorting's parts are kept, so that their files may stand."""
    firsts = load_sorted(out).firsts if (out / "sorted.json").is_file() else None
    return sort_folder(
        data, out, settings.sources, threads=settings.run.threads, firsts=firsts, progress=tell,
        enterprises_a_part=settings.features.chunk_enterprises,
    )  # fmt: skip


def _code(plan: Plan, settings: Settings) -> str:
    """What the values depend on beside the rows: the cards, the rate, the program."""
    digest = hashlib.sha256(repr((plan.cards, settings.features.cny_per_usd)).encode())
    for name in _CODE:
        path = _PACKAGE / name
        for file in sorted(path.rglob("*.py")) if path.is_dir() else [path]:
            digest.update(f"{file.relative_to(_PACKAGE)} {sha256(file)}".encode())
    return digest.hexdigest()


def _hashed(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=1)
def _opened(folder: Path) -> Sorted:
    return load_sorted(folder)


def _registered(source: Sorted, part: int, days: Days) -> tuple[pa.Array, Days]:
    """Everyone who is on the register at each day."""
    nothing = Shared({}, 1.0)
    tables = source.part(part, {"enterprises": frozenset()})
    batch = Batch(tables, nothing, source.timezone).at_all(np.unique(days))
    view = batch.view("enterprises")
    there = view.last > view.first
    ids = batch.ids.take(pa.array(batch.pairs.enterprise[there]))
    return ids, batch.pairs.as_of[there]


@lru_cache(maxsize=1)
def _rows_by_part(path: Path, folder: Path) -> list[pd.DataFrame]:
    rows = asked_rows(path)
    return [rows.iloc[places] for places in parts_of(_opened(folder), rows["enterprise_id"])]
