"""Scores of features that lie in files: the registered model, part by part, here or on a cluster.

OUT/2014-07/00000.parquet    enterprise_id, as_of, pd_12m, pd_low, pd_high, grade
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from riskmodel.errors import DataError
from riskmodel.features.engine import Each
from riskmodel.model import RiskModel
from riskmodel.sources.files import write_parquet

KEYS = ["enterprise_id", "as_of"]
COUNTED = pa.schema([("file", pa.string()), ("rows", pa.int64())])


@dataclass(frozen=True)
class Scoring:
    """The model's texts and the feature files, small enough to be sent to another machine."""

    folder: Path
    files: tuple[str, ...]
    out: Path
    texts: Mapping[str, str]


def score_features(
    features: Path, out: Path, texts: Mapping[str, str], each: Each, tell: Callable[[str], None]
) -> int:
    """Every row of the files under `features` scored into files of the same names under `out`.

    `texts` are the model's, as the registry keeps them. Returns the rows; `DataError` where there
    is no file, or one lacks an input of the model.
    """
    folder = features / "features" if (features / "features").is_dir() else features
    files = tuple(str(p.relative_to(folder)) for p in sorted(folder.glob("*/*.parquet")))
    if not files:
        raise DataError(f"{features.name}: 0 feature files; run `riskmodel features` first.")
    _check_inputs(folder / files[0], RiskModel.from_files(texts))
    job = Scoring(folder.resolve(), files, out.resolve(), texts)
    rows = 0
    for count, table in enumerate(each(lambda n: score_file(job, n), range(len(files))), 1):
        rows += sum(table["rows"].to_pylist())
        if count == len(files) or count % max(len(files) // 20, 1) == 0:
            tell(f"scores: {count:,} of {len(files):,} files")
    return rows


def score_file(job: Scoring, number: int) -> pa.Table:
    """One file's scores: file, rows."""
    name = job.files[number]
    model = RiskModel.from_files(job.texts)
    frame = pq.read_table(job.folder / name).to_pandas()
    scores = model.score(frame)
    grades = scores["grade"].astype("str")
    table = pa.Table.from_pandas(
        pd.concat([frame[KEYS], scores.assign(grade=grades)], axis=1), preserve_index=False
    )
    write_parquet(table, job.out / name)
    return pa.table([[name], [len(frame)]], schema=COUNTED)


def _check_inputs(path: Path, model: RiskModel) -> None:
    there = set(pq.read_schema(path).names)
    missing = [name for name, _ in model.inputs if name not in there]
    if missing:
        raise DataError(
            f"features: {len(missing)} of {len(model.inputs)} inputs of the model are not there"
            f" (first: {missing[0]}). Compute them from the tables that the model was fitted on."
        )
