"""Benchmarks: ours beside what a user would pick instead, on the same generated work."""

import time
from collections.abc import Callable
from typing import Any

import pandas as pd

Tell = Callable[[str], None]


def bench(what: str, enterprises: int, tell: Tell) -> pd.DataFrame:
    """name, seconds, rows_per_second, ratio (to ours), agrees: one row a contender."""
    kinds = {
        "features": _features,
        "limits": _limits,
        "scoring": _scoring,
        "selection": _selection,
    }
    return kinds[what](enterprises, tell)


def _table(rows: int, lines: list[tuple[str, float, float]]) -> pd.DataFrame:
    table = pd.DataFrame(lines, columns=["name", "seconds", "largest_difference"])
    return table.assign(
        rows_per_second=rows / table["seconds"], ratio=table["seconds"] / table["seconds"].iloc[0]
    )


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    began = time.perf_counter()
    return work(), time.perf_counter() - began


def _features(enterprises: int, tell: Tell) -> pd.DataFrame:
    """The cards of declarations, to Parquet: the engine beside DuckDB, Polars and pandas."""
    from riskmodel.pipeline.benches import bench_features

    return bench_features(enterprises, tell)


def _scoring(enterprises: int, tell: Tell) -> pd.DataFrame:
    """Scores, contributions and reasons of drawn features beside LightGBM's and shap's."""
    from riskmodel.pipeline.benches.scoring import bench_scoring

    return bench_scoring(enterprises, tell)


def _selection(enterprises: int, tell: Tell) -> pd.DataFrame:
    """Reject inference, judged by the hidden truth of fictional economies of so many enterprises:
    a table of its own (see `selection_judged.judged`)."""
    from riskmodel.pipeline.benches.selection import bench_selection
    from riskmodel.sources.economy import write_world

    return bench_selection(enterprises, write_world, tell)


def _limits(enterprises: int, tell: Tell) -> pd.DataFrame:
    """The allocation beside HiGHS's linear bound, on a drawn book of seven banks."""
    from riskmodel.limits.allocation import allocated
    from riskmodel.limits.bench import drawn_options, linear_optimum

    options = drawn_options(enterprises, seed=7)
    ours, mine = _timed(lambda: allocated(options))
    tell("ours done; HiGHS now")
    best, theirs = _timed(lambda: linear_optimum(options))
    gap = (best - ours.value) / best if best else 0.0
    table = _table(enterprises, [("riskmodel", mine, 0.0), ("HiGHS, linear bound", theirs, gap)])
    return table.rename(columns={"largest_difference": "relative_difference"})
