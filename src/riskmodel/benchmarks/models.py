"""Benchmark of the learners on public data sets, beside published results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

import numpy as np
import pandas as pd

from riskmodel import features
from riskmodel.datasets import balanced_folds, find_last_as_of, population
from riskmodel.errors import DataError
from riskmodel.features.spec import FeatureDefinition
from riskmodel.model.candidate import fit_ranker
from riskmodel.model.candidate_tuning import tune_candidate
from riskmodel.model.learners.interface import Ranker
from riskmodel.model.task import FitTask
from riskmodel.progress import Progress
from riskmodel.settings import Settings, load_settings
from riskmodel.sources.folder import accept_reading, read_folder
from riskmodel.sources.importers import IMPORTERS
from riskmodel.statistics.calibration import brier, log_loss
from riskmodel.statistics.discrimination import auc
from riskmodel.statistics.logistic import expit, fit_logistic


@dataclass(frozen=True)
class PublishedResult:
    """A published result on a data set, with its source; NaN where a metric is not given."""

    model: str
    auc: float
    brier: float
    source: str


_LESSMANN = (
    "Lessmann, Baesens, Seow and Thomas (2015), European Journal of Operational Research 247,"
    " 124-136, online appendix; as transcribed second-hand"
)
_SHI = "Shi (2025), Proceedings of ICIAAI 2025, doi 10.2991/978-94-6463-823-3_20; all 23 columns"

PUBLISHED_RESULTS: Mapping[str, tuple[PublishedResult, ...]] = MappingProxyType(
    {
        "gmsc": (
            PublishedResult("logistic regression", 0.693, np.nan, _LESSMANN),
            PublishedResult("best of 41 classifiers", 0.865, np.nan, _LESSMANN),
        ),
        "taiwan": (PublishedResult("gradient boosting", 0.783, np.nan, _SHI),),
    }
)
"""Published results by the name of the importer and of the experiment."""

OURS, THEIRS = "riskmodel", "published"
COVERAGE = 0.95
METRICS = ("auc", "brier", "log_loss")
NUMBERS = ("auc", "auc_low", "auc_high", "brier", "log_loss")
COLUMNS = ("data", "whose", "model", *NUMBERS, "source")
UNLIKE_LOG_ODDS = ("single_feature",)
"""Learners whose scores only rank: their level is fitted on the training rows."""
PRICE = "unconstrained_trees less trees"
"""The cost of monotone signs: the difference on the same folds."""


def bench_models(
    data: Path,
    experiments: Path,
    progress: Progress,
    names: Sequence[str] = tuple(PUBLISHED_RESULTS),
) -> pd.DataFrame:
    """One row a model and data set, ours and the published ones: `COLUMNS`.

    `data` holds a folder of original files for each name, `experiments` its settings: protocol
    (folds and repeats), candidates, directions. A data set that is not there is reported and left
    out; `DataError` where none is.
    """
    if len(absent_sets(data, names)) == len(names):
        raise DataError(
            f"{data}: 0 of {len(names)} data sets ({', '.join(names)}). Name the folder."
        )
    return benchmark_available_sets(data, experiments, progress, names)


def absent_sets(data: Path, names: Sequence[str] = tuple(PUBLISHED_RESULTS)) -> list[str]:
    """The data sets that the folder does not hold."""
    return [name for name in names if not (data / name).is_dir()]


def benchmark_available_sets(
    data: Path,
    experiments: Path,
    progress: Progress,
    names: Sequence[str] = tuple(PUBLISHED_RESULTS),
) -> pd.DataFrame:
    """Benchmark the data sets that are there; a table without rows where none is."""
    absent = absent_sets(data, names)
    for name in absent:
        progress(f"{name}: not in {data}, left out")
    tables = [pd.DataFrame(columns=list(COLUMNS)).astype(dict.fromkeys(NUMBERS, float))]
    for name in (name for name in names if name not in absent):
        settings = load_settings(experiments / f"{name}.toml")
        rows, definitions = labelled_features(name, data / name, settings, progress)
        tables.append(beside_published(name, cross_validate(rows, definitions, settings, progress)))
    return pd.concat([one for one in tables if len(one)] or tables, ignore_index=True)


def labelled_features(
    name: str, raw: Path, settings: Settings, progress: Progress
) -> tuple[pd.DataFrame, tuple[FeatureDefinition, ...]]:
    """Import a data set, read it as a source folder and compute its features, with labels."""
    with TemporaryDirectory(prefix="bench-") as folder:
        progress(f"{name}: import, and every feature")
        IMPORTERS[name](raw, Path(folder) / name)
        reading = read_folder(Path(folder) / name, settings.sources)
        source = accept_reading(reading, settings.sources).source
        labels = population(
            source, settings.datasets, find_last_as_of(source, settings.datasets)
        ).labelled
        found = features.compute(source, labels, settings.features, threads=settings.run.threads)
    rows = found.frame.merge(labels[["enterprise_id", "as_of", "defaulted"]], validate="1:1")
    return rows, found.definitions


def cross_validate(
    rows: pd.DataFrame,
    definitions: Sequence[FeatureDefinition],
    settings: Settings,
    progress: Progress,
) -> pd.DataFrame:
    """Cross-validate every learner: one row a model and held-out fold.

    Columns: model, repeat, fold, `METRICS`, ratio (test rows to training rows). The repeated
    cross-validation is by enterprise; settings and rounds are tuned inside each fold's training
    rows, on folds of their own.
    """
    found = []
    for repeat, fold in balanced_folds(rows, settings.datasets, settings.run.seed):
        for k in sorted(fold.unique()):
            place = f"repeat {repeat + 1} of {settings.datasets.split.repeats}, fold {k + 1}"
            train, test = (rows[side].reset_index(drop=True) for side in (fold != k, fold == k))
            for name in settings.model.candidates:
                progress(f"{name}: {place} of {settings.datasets.split.folds}")
                ranker = _fit(name, train, FitTask(definitions, settings))
                level = _level(ranker, train) if name in UNLIKE_LOG_ODDS else (0.0, 1.0)
                figures = _evaluate(ranker, test, level) | {"ratio": len(test) / len(train)}
                found.append({"model": name, "repeat": repeat, "fold": k} | figures)
    return pd.DataFrame(found)


def beside_published(name: str, folds: pd.DataFrame) -> pd.DataFrame:
    """Return the means over a data set's folds, the cost of signs and published results: `COLUMNS`."""
    ours = [_line(model, own) for model, own in folds.groupby("model", sort=False)]
    models = {line["model"] for line in ours}
    if {"trees", "unconstrained_trees"} <= models:
        ours.append(_price(folds))
    whole = [line | {"whose": OURS, "source": "this run"} for line in ours]
    theirs = [
        {"model": p.model, "auc": p.auc, "brier": p.brier, "whose": THEIRS, "source": p.source}
        for p in PUBLISHED_RESULTS[name]
    ]
    return pd.DataFrame([*whole, *theirs]).assign(data=name).reindex(columns=list(COLUMNS))


def corrected_interval(
    values: pd.Series, ratio: float, coverage: float = COVERAGE
) -> tuple[float, float]:
    """Return the interval of a mean over repeated folds, whose training rows overlap.

    Nadeau and Bengio (2003), Inference for the generalization error: the variance of the mean is
    s² (1/n + `ratio`), the ratio being test rows to training rows; Student's t with n - 1.
    """
    from scipy.stats import t

    n = len(values)
    if n < 2:
        return np.nan, np.nan
    error = float(values.std(ddof=1)) * np.sqrt(1 / n + ratio)
    reach = float(t.ppf((1 + coverage) / 2, n - 1)) * error
    middle = float(values.mean())
    return middle - reach, middle + reach


def _line(model: object, folds: pd.DataFrame) -> dict[str, object]:
    low, high = corrected_interval(folds["auc"], folds["ratio"].mean())
    means = {metric: float(folds[metric].mean()) for metric in METRICS}
    return {"model": model, "auc_low": low, "auc_high": high, **means}


def _price(folds: pd.DataFrame) -> dict[str, object]:
    """Return the unconstrained trees' metrics less the monotone ones', fold by fold."""
    keys = ["repeat", "fold"]
    free, trees = (
        folds[folds["model"] == name].set_index(keys).drop(columns="model")
        for name in ("unconstrained_trees", "trees")
    )
    return _line(PRICE, (free - trees).assign(ratio=trees["ratio"]))


def _fit(name: str, rows: pd.DataFrame, task: FitTask) -> Ranker:
    """Fit a learner to rows, at the settings that folds of these rows choose."""
    settings, _ = tune_candidate(name, rows, task, trials=task.settings.model.tuning.trials)
    return fit_ranker(name, rows, task, settings)


def _level(ranker: Ranker, rows: pd.DataFrame) -> tuple[float, float]:
    """Fit the intercept and slope that turn scores into log-odds on the training rows."""
    bad = rows["defaulted"].to_numpy(float)
    intercept, slopes = fit_logistic(ranker.raw(rows)[:, None], bad, np.ones(len(bad)))
    return intercept, float(slopes[0])


def _evaluate(ranker: Ranker, rows: pd.DataFrame, level: tuple[float, float]) -> dict[str, float]:
    """Compute `METRICS` on held-out rows; `level` turns scores into log-odds."""
    raw, bad = ranker.raw(rows), rows["defaulted"].to_numpy(float)
    chance = expit(level[0] + level[1] * raw)
    return {
        "auc": auc(raw, bad),
        "brier": brier(chance, bad),
        "log_loss": log_loss(chance, bad),
    }
