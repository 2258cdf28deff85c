"""Benchmark of the recommended model on data by others, beside plain models and, where known, the truth."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel import features
from riskmodel.benchmarks.plain_models import PLAIN_MODELS
from riskmodel.datasets import (
    Split,
    balanced_folds,
    compute_early_delinquency,
    find_last_as_of,
    population,
    split,
)
from riskmodel.datasets.panel import KEY
from riskmodel.errors import DataError
from riskmodel.features.spec import FeatureDefinition
from riskmodel.model import FitTask, fit
from riskmodel.progress import Progress
from riskmodel.settings import Settings, default_settings
from riskmodel.sources.folder import accept_reading, read_folder
from riskmodel.statistics.calibration import brier, calibration_ratio, calibration_slope
from riskmodel.statistics.discrimination import auc_difference, clustered_auc
from riskmodel.storage.files import read_text

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

OURS, BAR, ORACLE = "riskmodel trees", "another analyst's", "true PD"
COLUMNS = (
    "data",
    "model",
    "split",
    "rows",
    "defaults",
    "auc",
    "error",
    "brier",
    "ratio",
    "slope",
    "rank_correlation",
    "lead",
    "lead_error",
)
"""Columns of the table: `error` is the AUC's by enterprise, `rank_correlation` Spearman's with the
true PD, `lead` the AUC of `OURS` less the model's on the same rows, with its error."""


@dataclass(frozen=True)
class Prepared:
    """A source folder with its features and labels: a panel, its split, and the features' definitions."""

    panel: pd.DataFrame
    split: Split
    definitions: Sequence[FeatureDefinition]
    settings: Settings


def bench_foreign(folder: Path, progress: Progress) -> pd.DataFrame:
    """Compare on every source folder inside `folder`: one row a model, `COLUMNS`.

    A folder NAME may bring `truth/pd.parquet` (enterprise_id, as_of, pd_now), and beside it
    NAME_bar.json and NAME_labels.parquet: figures of another analyst, and the dates they are of.
    """
    names = sorted(path.parent.name for path in folder.glob("*/enterprises.parquet"))
    if not names:
        raise DataError(f"{folder}: no source folder inside. Name the folder that holds them.")
    tables = [compare_models(folder / name, progress) for name in names]
    return pd.concat(tables, ignore_index=True)


def compare_models(
    folder: Path, progress: Progress, changes: Mapping[str, Any] | None = None
) -> pd.DataFrame:
    """Compare the recommended model with plain ones on a source folder: `COLUMNS`.

    Out of time where its dates allow it, else by cross-validation. `changes` are other
    settings by key.
    """
    prepared = prepare(folder, _settings(folder, changes or {}), progress)
    tested = _fit_ours(prepared, progress)
    scores = {OURS: tested["pd_12m"].to_numpy(float)}
    for name in PLAIN_MODELS:
        progress(f"{folder.name}: {name}")
        scores[name] = _fit_plain(name, prepared, tested)
    tested = tested.merge(_read_truth(folder), on=KEY, how="left", validate="1:1")
    lines = [_evaluate(name, score, scores[OURS], tested) for name, score in scores.items()]
    if tested["pd_now"].notna().any():
        lines.append(_evaluate(ORACLE, tested["pd_now"].to_numpy(float), scores[OURS], tested))
    kind = "out of time" if prepared.split.by_time else "cross-validated"
    table = pd.DataFrame([*lines, *_read_bar(folder)]).assign(data=folder.name, split=kind)
    return table.reindex(columns=list(COLUMNS))


def prepare(folder: Path, settings: Settings, progress: Progress) -> Prepared:
    """Read a source folder, and compute its labels, features and split."""
    progress(f"{folder.name}: labels and features")
    source = accept_reading(read_folder(folder, settings.sources), settings.sources).source
    as_of = settings.run.as_of
    day = find_last_as_of(source, settings.datasets) if as_of == "auto" else as_of
    found = population(source, settings.datasets, day)
    rows = found.labelled
    computed = features.compute(source, rows, settings.features, threads=settings.run.threads)
    made = split(rows, settings.datasets, ever=found.horizon_months is None)
    early = compute_early_delinquency(source, rows, found.horizon_months)
    panel = made.frame.merge(computed.frame, on=KEY, validate="1:1")
    panel = panel.merge(early, on=KEY, validate="1:1") if len(early) else panel
    return Prepared(panel, made, computed.definitions, settings)


def _settings(folder: Path, changes: Mapping[str, Any]) -> Settings:
    """Return the defaults, with the dates of the truth and of the bar where there are, and the changes."""
    labels, truth = folder.with_name(f"{folder.name}_labels.parquet"), _read_truth(folder)
    dates: dict[str, Any] = {}
    if len(truth):
        dates["run.as_of"] = pd.Timestamp(truth["as_of"].max()).date()
    if labels.exists():
        kept = pd.read_parquet(labels, filters=[("reason", "==", "kept")])["as_of"]
        last = pd.Timestamp(kept.max())
        dates["datasets.split.test_from"] = (last - pd.DateOffset(months=6)).date()
        dates["run.as_of"] = (last + pd.DateOffset(years=1)).date()
    elif not (folder / "lines.parquet").exists():
        dates["datasets.default_definition.label_maturity"] = "any"
    first = {"model.candidates": ("trees",)}
    return default_settings().with_values({**dates, **first, **changes})


def _fit_ours(prepared: Prepared, progress: Progress) -> pd.DataFrame:
    """Fit the recommended model, and return its PDs of the test rows, none by what saw its enterprise."""
    task = FitTask(prepared.definitions, prepared.settings, {}, progress)
    found = fit(prepared.panel, prepared.split, task)
    tested = found.out_of_fold if prepared.split.by_time else found.predictions
    return tested.loc[tested["split"] == "test", [*KEY, "defaulted", "pd_12m"]].reset_index(
        drop=True
    )


def _fit_plain(name: str, prepared: Prepared, tested: pd.DataFrame) -> Array:
    """Fit a plain model to the same rows and features, and return its PDs of the test rows.

    Out of time it knows the test's enterprises by their earlier rows, as an analyst's would.
    """
    panel, definitions = prepared.panel, prepared.definitions
    names = [one.name for one in definitions if one.model and panel[one.name].notna().any()]
    score = pd.Series(np.nan, index=panel.index)
    for train, test in _samples(prepared):
        score[test] = PLAIN_MODELS[name](panel.loc[train, names], panel.loc[test, names],
                                         panel.loc[train, "defaulted"].to_numpy(bool))  # fmt: skip
    found = tested[KEY].merge(panel[KEY].assign(score=score), on=KEY, how="left", validate="1:1")
    return found["score"].to_numpy(float)


def _samples(prepared: Prepared) -> Iterator[tuple[Flags, Flags]]:
    """Yield the rows to fit and the rows to test: once out of time, else fold by fold."""
    panel, run = prepared.panel, prepared.settings.run
    if prepared.split.by_time:
        own = panel["split"]
        yield own.isin(["fit", "calibrate"]).to_numpy(), (own == "test").to_numpy()
        return
    _, fold = next(balanced_folds(panel, prepared.settings.datasets, run.seed))
    for k in np.unique(fold):
        yield (fold != k).to_numpy(), (fold == k).to_numpy()


def _read_truth(folder: Path) -> pd.DataFrame:
    """Read true PDs by enterprise and date; no rows where the folder brings none."""
    path = folder / "truth" / "pd.parquet"
    if not path.exists():
        empty = {"enterprise_id": "str", "as_of": "datetime64[us]", "pd_now": "float64"}
        return pd.DataFrame(columns=list(empty)).astype(empty)
    truth = pd.read_parquet(path, columns=[*KEY, "pd_now"])
    return truth.astype({"as_of": "datetime64[us]"})


def _evaluate(name: str, score: Array, ours: Array, tested: pd.DataFrame) -> dict[str, Any]:
    """Compute a model's figures on the test rows that it scored."""
    there = ~np.isnan(score)
    score, rows = score[there], tested[there]
    bad, enterprise = rows["defaulted"].to_numpy(bool), pd.factorize(rows["enterprise_id"])[0]
    ranked = clustered_auc(score, bad, enterprise)
    lead, lead_error = auc_difference(ours[there], score, bad, enterprise)
    return {
        "model": name,
        "rows": len(rows),
        "defaults": int(bad.sum()),
        "auc": ranked.auc,
        "error": ranked.error,
        "brier": brier(score, bad.astype(float)),
        "ratio": calibration_ratio(score, bad.astype(float)),
        "slope": calibration_slope(score, bad.astype(float)),
        "rank_correlation": pd.Series(score).corr(
            rows["pd_now"].reset_index(drop=True), method="spearman"
        ),
        "lead": lead,
        "lead_error": lead_error,
    }


def _read_bar(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the figures of another analyst's models, where they stand beside the folder."""
    path = folder.with_name(f"{folder.name}_bar.json")
    bar = json.loads(read_text(path)) if path.exists() else {}
    for name in (key for key, value in bar.items() if isinstance(value, dict) and key != "oracle"):
        own = bar[name]
        yield {
            "model": f"{BAR} {name}",
            "rows": own["n"],
            "defaults": own["defaults"],
            "auc": own["auc"],
            "error": own["auc_se"],
            "brier": own["brier"],
            "ratio": own["rate"] / own["mean_pd"],
            "rank_correlation": bar.get(f"{name}_rank_correlation_with_true_pd", np.nan),
        }
