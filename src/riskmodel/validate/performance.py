"""Performance by model and split, each figure with its interval."""

from collections.abc import Callable, Mapping

import numpy.typing as npt
import pandas as pd

from riskmodel.validate import statistics

Metric = Callable[..., float]

METRICS: Mapping[str, Metric] = {
    "auc": statistics.auc,
    "ks": statistics.kolmogorov_smirnov,
    "brier": statistics.brier,
    "log_loss": statistics.log_loss,
    "realised_to_expected": statistics.calibration_ratio,
}


def performance(predictions: pd.DataFrame, draws: int, seed: int) -> pd.DataFrame:
    """model, split, metric, figure, low, high (95 %, bootstrap by enterprise), rows, defaults.

    `fit` rows are left out: what a model learnt from says nothing about it.
    """
    judged = predictions[predictions["split"].isin(["calibrate", "test"])]
    tables = [
        _measured(group, draws, seed).assign(model=model, split=split)
        for (model, split), group in judged.groupby(["model", "split"])
        if group["defaulted"].nunique() > 1
    ]
    columns = ["model", "split", "metric", "figure", "low", "high", "rows", "defaults"]
    return pd.concat(tables, ignore_index=True)[columns]


def _measured(rows: pd.DataFrame, draws: int, seed: int) -> pd.DataFrame:
    y, p = outcome(rows), rows["pd_12m"].to_numpy(float)
    weights = statistics.draws_by_enterprise(rows["enterprise_id"], draws, seed)
    weights = [w for w in weights if 0 < (w * y).sum() < w.sum()]
    lines = [
        (name, metric(p, y), *statistics.interval([metric(p, y, w) for w in weights]))
        for name, metric in METRICS.items()
    ]
    table = pd.DataFrame(lines, columns=["metric", "figure", "low", "high"])
    return table.assign(rows=len(rows), defaults=int(y.sum()))


def outcome(rows: pd.DataFrame) -> npt.NDArray:  # type: ignore[type-arg]
    """`defaulted` as 0 and 1."""
    return rows["defaulted"].to_numpy(float)


def by_grade(rows: pd.DataFrame) -> pd.DataFrame:
    """grade, rows, defaults, mean PD, realised rate with Jeffreys' interval and p."""
    grouped = rows.groupby("grade", sort=True)
    table = grouped.agg(
        rows=("defaulted", "size"), defaults=("defaulted", "sum"), pd_12m=("pd_12m", "mean")
    ).reset_index()
    table = table.astype({"defaults": int}).assign(rate=table["defaults"].astype(float) / table["rows"])
    bounds = [
        statistics.jeffreys_interval(d, n)
        for d, n in zip(table["defaults"], table["rows"], strict=True)
    ]
    tests = [
        statistics.jeffreys(d, n, p)
        for d, n, p in zip(table["defaults"], table["rows"], table["pd_12m"], strict=True)
    ]
    low, high = zip(*bounds, strict=True) if bounds else ((), ())
    return table.assign(low=low, high=high, p=tests)
