"""Scores of features that lie in files: the registered model, partition by partition, here or on a cluster.

    OUT/2014-07/00000.parquet    enterprise_id, as_of, pd_12m, pd_low, pd_high, grade,
                                 and if asked reason_1, strength_1 to reason_4, strength_4
    OUT/reasons.parquet          if asked, each reason's family, feature and texts

A file carries a digest of all that it was made from and is used again where that is the same: a
stopped command goes on where it was.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from riskmodel.datasets.panel import KEY
from riskmodel.errors import DataError, content_faults
from riskmodel.explain import Baseline, make_baseline, reason_texts, reasons_in_columns
from riskmodel.features import definitions_by_name, select_definitions
from riskmodel.features.attributes import PREFIX, Kind
from riskmodel.features.engine import MapPartitions
from riskmodel.features.spec import FeatureDefinition
from riskmodel.model import RiskModel
from riskmodel.model.inputs import DIRECTION, suggest_name
from riskmodel.model.unseen_missing import describe_unknown
from riskmodel.pipeline.fingerprints import code_fingerprint
from riskmodel.progress import Progress
from riskmodel.settings import AttributeSettings, ExplainSettings, default_settings
from riskmodel.storage.files import read_rows, sha256, write_atomically, write_parquet

COUNTED = pa.schema([("file", pa.string()), ("rows", pa.int64()), ("unknown", pa.string())])
_MADE_FROM, _UNKNOWN = b"riskmodel.scores", b"riskmodel.unknown"
Texts = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Scoring:
    """The model's texts and the feature files, small enough to be sent to another machine.

    `made_from` is a digest of the model, the program, and whether reasons are asked for.
    """

    folder: Path
    files: tuple[str, ...]
    out: Path
    texts: Texts
    reasons: bool
    made_from: str


def score_features(
    features: Path,
    out: Path,
    texts: Mapping[str, str],
    map_partitions: MapPartitions,
    progress: Progress,
) -> int:
    """Every row of the files under `features` scored into files of the same names under `out`.

    `texts` are the model's, as the registry keeps them. Returns the rows; `DataError` where there
    is no file, or one lacks an input of the model.
    """
    return _scored(_job(features, out, texts, reasons=False), map_partitions, progress)


def score_with_reasons(
    features: Path,
    out: Path,
    texts: Mapping[str, str],
    map_partitions: MapPartitions,
    progress: Progress,
) -> int:
    """The same with up to four reasons a row, and `reasons.parquet` that puts them in words.

    `DataError` also where the model has no reference group.
    """
    job = _job(features, out, texts, reasons=True)
    write_parquet(reason_texts(_baseline(job.texts)), out / "reasons.parquet")
    return _scored(job, map_partitions, progress)


def score_file(job: Scoring, number: int) -> pa.Table:
    """One file's scores, made unless they stand: file, rows, and as JSON how many rows count as
    anyone by feature (`RiskModel.count_unknown`)."""
    name = job.files[number]
    made_from = _digest(job.made_from, sha256(job.folder / name))
    standing = _standing(job.out / name, made_from)
    if standing is None:
        table, unknown = _scores(job, job.folder / name)
        standing = len(table), json.dumps(unknown, ensure_ascii=False, sort_keys=True)
        metadata = {_MADE_FROM: made_from, _UNKNOWN: standing[1]}
        _write(table.replace_schema_metadata(metadata), job.out / name)
    rows, counts = standing
    return pa.table([[name], [rows], [counts]], schema=COUNTED)


def _job(features: Path, out: Path, texts: Mapping[str, str], *, reasons: bool) -> Scoring:
    folder = features / "features" if (features / "features").is_dir() else features
    files = tuple(str(p.relative_to(folder)) for p in sorted(folder.glob("*/*.parquet")))
    if not files:
        raise DataError(f"{features.name}: 0 feature files; run `riskmodel features` first.")
    kept: Texts = tuple(sorted(texts.items()))
    for name in files:
        _check_inputs(folder / name, name, _model(kept))
    made_from = _digest(*(word for pair in kept for word in pair), _program(), str(reasons))
    return Scoring(folder.resolve(), files, out.resolve(), kept, reasons, made_from)


def _scored(job: Scoring, map_partitions: MapPartitions, progress: Progress) -> int:
    files, rows, unknown = len(job.files), 0, Counter[str]()
    for count, table in enumerate(map_partitions(lambda n: score_file(job, n), range(files)), 1):
        rows += sum(table["rows"].to_pylist())
        for counts in table["unknown"].to_pylist():
            unknown.update(json.loads(counts))
        if count == files or count % max(files // 20, 1) == 0:
            progress(f"scores: {count:,} of {files:,} files, {rows:,} rows")
    for line in describe_unknown(unknown, rows):
        progress(f"scores: {line}")
    return rows


def _scores(job: Scoring, path: Path) -> tuple[pa.Table, dict[str, int]]:
    """The keys, the scores and the reasons of one file of features; its rows that count as anyone."""
    model = _model(job.texts)
    names = list(model.ranker.inputs.names)
    frame = read_rows(path, [*KEY, *names]).to_pandas()
    scores = model.score(frame)
    found = pd.concat([frame[KEY], scores.assign(grade=scores["grade"].astype("str"))], axis=1)
    if job.reasons:
        told = reasons_in_columns(_baseline(job.texts), frame, _explain(model))
        found = pd.concat([found, told], axis=1)
    table = pa.Table.from_pandas(found, preserve_index=False)
    plain = pa.schema([(field.name, _plain(field.type)) for field in table.schema])
    return table.cast(plain), model.count_unknown(frame)


def _plain(kind: Any) -> Any:
    """Words as words, whatever codes they had in memory."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _write(table: pa.Table, path: Path) -> None:
    write_atomically(path, lambda unfinished: pq.write_table(table, unfinished, compression="zstd"))


def _standing(path: Path, made_from: str) -> tuple[int, str] | None:
    """The rows of a file that was made from the same, and which count as anyone; None where there
    is none."""
    try:
        found = pq.read_metadata(path)
    except (OSError, pa.ArrowException):
        return None
    said = found.metadata or {}
    if said.get(_MADE_FROM, b"").decode(errors="replace") != made_from or _UNKNOWN not in said:
        return None
    return int(found.num_rows), said[_UNKNOWN].decode(errors="replace")


def _explain(model: RiskModel) -> ExplainSettings:
    """Settings of the reasons where the model was fitted; the defaults where it does not say."""
    told = model.facts.get("settings", {}).get("explain", {})
    return default_settings().explain.with_values(told)


@lru_cache(maxsize=1)
def _model(texts: Texts) -> RiskModel:
    """The model, read once a process: what it builds for its reasons is built once too."""
    return RiskModel.from_files(dict(texts))


@lru_cache(maxsize=1)
def _baseline(texts: Texts) -> Baseline:
    model = _model(texts)
    return make_baseline(model, _definitions(model))


def _definitions(model: RiskModel) -> tuple[FeatureDefinition, ...]:
    """The definitions of the model's features; a column of `attributes` has the model's direction, and
    the words and the unit that it was fitted with."""
    inputs, known = model.ranker.inputs, definitions_by_name()
    told = model.facts.get("settings", {}).get("features", {}).get("attributes", {})
    kinds: dict[str, Kind] = {
        name.removeprefix(PREFIX): "text" if kind == "category" else "number"
        for name, kind in inputs.feature_types()
        if name not in known
    }
    kinds |= {name: "flag" for name in model.facts.get("flags", ()) if name in kinds}
    moved = dict(zip(inputs.names, inputs.signs, strict=True))
    stated = {
        name: AttributeSettings(**{**told.get(name, {}), "risk": DIRECTION[moved[PREFIX + name]]})
        for name in kinds
    }
    return select_definitions(inputs.names, kinds, stated)


def _check_inputs(path: Path, name: str, model: RiskModel) -> None:
    with content_faults(path, "Parquet"):
        there = set(pq.read_schema(path).names)
    missing = [name for name, _ in model.inputs if name not in there]
    if missing:
        raise DataError(
            f"features/{name}: {len(missing)} of {len(model.inputs)} inputs of the model are not there"
            f" (first: {missing[0]}{suggest_name(missing[0], there)}). Compute them from the tables that the model was fitted on."
        )


def _program() -> str:
    """Return what the scores depend on beside the model and the features: the program."""
    return code_fingerprint("riskmodel.explain", __name__)


def _digest(*words: str) -> str:
    digest = hashlib.sha256()
    for word in words:
        digest.update(f"{len(word)} {word}".encode())
    return digest.hexdigest()
