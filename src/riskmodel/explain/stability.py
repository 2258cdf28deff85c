"""Stability: the overlap of reasons between a model and its refits."""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from riskmodel.datasets.panel import KEY
from riskmodel.explain.baseline import Baseline
from riskmodel.explain.reasons import find_reasons
from riskmodel.settings import ExplainSettings
from riskmodel.statistics.bootstrap import bootstrap_weights, draw_resamples

DRAWS = 400
COVERAGE = 0.9


def resample_enterprises(rows: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Draw as many enterprises with replacement, each with all its rows (cluster bootstrap).

    An enterprise keeps its id however often it is drawn, so that folds do not part it.
    """
    (weights,) = bootstrap_weights(rows["enterprise_id"], 1, seed)
    places = np.repeat(np.arange(len(rows)), weights.astype(np.int64))
    return rows.iloc[places].reset_index(drop=True)


def measure_overlap(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Measure the overlap of two sets of reasons: enterprise_id, as_of, overlap, first.

    `measure_overlap` is the number of families in common over the larger number named; `first` whether
    the strongest is the same. A row for which neither has a reason is left out: it shows nothing.
    """
    sizes = [frame.groupby(KEY).size() for frame in (one, other)]
    pairs = one[[*KEY, "family", "rank"]].merge(
        other[[*KEY, "family", "rank"]], on=[*KEY, "family"], validate="1:1"
    )
    first = pairs[(pairs["rank_x"] == 1) & (pairs["rank_y"] == 1)]
    counts = pd.concat(
        [*sizes, pairs.groupby(KEY).size(), first.groupby(KEY).size()],
        axis=1,
        keys=["one", "other", "common", "first"],
    )
    counts = counts.fillna(0).sort_index()
    found = pd.DataFrame(
        {
            "overlap": counts["common"] / counts[["one", "other"]].max(axis=1),
            "first": counts["first"] > 0,
        }
    )
    return found.rename_axis(KEY).reset_index()


def measure_stability(
    champion: Baseline,
    refits: Iterable[Baseline],
    rows: pd.DataFrame,
    settings: ExplainSettings,
    *,
    seed: int,
) -> pd.DataFrame:
    """Measure the overlap with each refit, and with all: refit, rows, overlap, low, high, first.

    `measure_overlap` is the mean over the rows with a reason, with its bootstrap interval by enterprise;
    `first` the share of rows whose strongest family is the same.
    """
    mine = find_reasons(champion, rows, settings)
    found = [measure_overlap(mine, find_reasons(again, rows, settings)) for again in refits]
    named = [(str(number), one) for number, one in enumerate(found, 1)]
    every = [("all", pd.concat(found, ignore_index=True))] if found else []
    lines = [_stability_row(name, one, seed) for name, one in (*named, *every)]
    return pd.DataFrame(lines, columns=["refit", "rows", "overlap", "low", "high", "first"])


def _stability_row(
    name: str, found: pd.DataFrame, seed: int
) -> tuple[str, int, float, float, float, float]:
    if found.empty:
        return name, 0, np.nan, np.nan, np.nan, np.nan
    low, high = _interval(found, seed)
    mean, first = float(found["overlap"].mean()), float(found["first"].mean())
    return name, len(found), mean, low, high, first


def _interval(found: pd.DataFrame, seed: int) -> tuple[float, float]:
    """Quantiles of the mean over enterprises drawn again."""
    groups = found.groupby("enterprise_id")["overlap"].agg(["sum", "size"]).to_numpy(float)
    drawn = [groups[picks].sum(axis=0) for picks in draw_resamples(len(groups), DRAWS, seed)]
    means = np.array([total / size for total, size in drawn])
    low, high = np.quantile(means, [(1 - COVERAGE) / 2, (1 + COVERAGE) / 2])
    return float(low), float(high)
