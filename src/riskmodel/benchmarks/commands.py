"""Benchmarks: ours beside what a user would pick instead, on the same generated work."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from riskmodel.progress import Progress
from riskmodel.runs.seeds_seen import choose_seeds, note_seen

SIMULATIONS = 3
"""Simulations of a benchmark that draws worlds: the fewest that tell of their scatter."""


def bench(benchmark: str, enterprises: int, progress: Progress) -> pd.DataFrame:
    """Run a benchmark: one row a contender (and size, or model), with columns of its own."""
    kinds = {"features": _features, "limits": _limits, "scoring": _scoring}
    return kinds[benchmark](enterprises, progress)


def bench_simulations(
    benchmark: str, enterprises: int, seeds: Sequence[int], experiments: Path, progress: Progress
) -> pd.DataFrame:
    """Run a benchmark on simulated worlds: fresh ones, unless `seeds` names them.

    They are noted as looked at before the first figure is seen; the column `simulated` says which.
    """
    chosen = choose_seeds(seeds, SIMULATIONS, experiments)
    note_seen(chosen.seeds, f"riskmodel bench {benchmark} --enterprises {enterprises}", experiments)
    progress(chosen.text)
    kinds = {"backtest": _backtest, "reject-inference": _reject_inference}
    table = kinds[benchmark](enterprises, chosen.seeds, experiments, progress)
    return table.assign(simulated=chosen.text)


def _features(enterprises: int, progress: Progress) -> pd.DataFrame:
    """Compare the engine with DuckDB, Polars and pandas on features of declarations."""
    from riskmodel.benchmarks import bench_features

    return bench_features(enterprises, progress)


def _scoring(enterprises: int, progress: Progress) -> pd.DataFrame:
    """Compare scores, contributions and reasons with LightGBM's and shap's on drawn features."""
    from riskmodel.benchmarks.scoring import bench_scoring

    return bench_scoring(enterprises, progress)


def _reject_inference(
    enterprises: int, seeds: Sequence[int], _: Path, progress: Progress
) -> pd.DataFrame:
    """Compare methods of reject inference with the truth of simulations (see `evaluate_methods`)."""
    from riskmodel.benchmarks.reject_inference.study import bench_reject_inference
    from riskmodel.simulation import write_simulation

    return bench_reject_inference(enterprises, seeds, write_simulation, progress)


def _limits(enterprises: int, progress: Progress) -> pd.DataFrame:
    """Compare the allocation with HiGHS's linear bound, size by size (see `limits.COLUMNS`)."""
    from riskmodel.benchmarks.limits import bench_limits

    return bench_limits(enterprises, progress)


def _backtest(
    enterprises: int, seeds: Sequence[int], terms: Path, progress: Progress
) -> pd.DataFrame:
    """Back-test books of earlier months against the truth of simulations.

    `terms` is the folder of the policy and the banks. Columns: see `backtest_study`.
    """
    from riskmodel.benchmarks.backtest import Economy
    from riskmodel.benchmarks.backtest_study import bench_backtest
    from riskmodel.simulation import true_outcome, write_simulation

    economy = Economy(write_simulation, true_outcome)
    return bench_backtest(enterprises, seeds, terms, economy, progress)
