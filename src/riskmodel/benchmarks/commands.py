"""Benchmarks: ours beside what a user would pick instead, on the same generated work."""

from pathlib import Path

import pandas as pd

from riskmodel.progress import Progress


def bench(benchmark: str, enterprises: int, progress: Progress) -> pd.DataFrame:
    """One row a contender (and size, or model): each kind of work has columns of its own."""
    kinds = {
        "features": _features,
        "limits": _limits,
        "scoring": _scoring,
        "reject-inference": _reject_inference,
    }
    return kinds[benchmark](enterprises, progress)


def _features(enterprises: int, progress: Progress) -> pd.DataFrame:
    """The features of declarations, to Parquet: the engine beside DuckDB, Polars and pandas."""
    from riskmodel.benchmarks import bench_features

    return bench_features(enterprises, progress)


def _scoring(enterprises: int, progress: Progress) -> pd.DataFrame:
    """Scores, contributions and reasons of drawn features beside LightGBM's and shap's."""
    from riskmodel.benchmarks.scoring import bench_scoring

    return bench_scoring(enterprises, progress)


def _reject_inference(enterprises: int, progress: Progress) -> pd.DataFrame:
    """Reject inference, judged by the hidden truth of fictional economies of so many enterprises:
    a table of its own (see `selection_judged.judged`)."""
    from riskmodel.benchmarks.reject_inference.study import bench_selection
    from riskmodel.simulation import write_simulation

    return bench_selection(enterprises, write_simulation, progress)


def _limits(enterprises: int, progress: Progress) -> pd.DataFrame:
    """The allocation beside HiGHS's linear bound, size by size: a table of its own (see
    `benches.limits.COLUMNS`)."""
    from riskmodel.benchmarks.limits import bench_limits

    return bench_limits(enterprises, progress)


def books_judged(enterprises: int, terms: Path, progress: Progress) -> pd.DataFrame:
    """Books of earlier months held against the hidden truth of fictional economies, under the policy
    and the banks in the folder `terms`: a table of its own (see `benches.backtest`)."""
    from riskmodel.benchmarks.backtest import Economy
    from riskmodel.benchmarks.backtest_study import bench_backtest
    from riskmodel.simulation import true_outcome, write_simulation

    economy = Economy(write_simulation, true_outcome)
    return bench_backtest(enterprises, terms, economy, progress)
