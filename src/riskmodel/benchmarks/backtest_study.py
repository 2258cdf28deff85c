"""The back-test's benchmark: measures over several simulations, the regret's causes, the stress."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from riskmodel.benchmarks.backtest import (
    BACK,
    BacktestMonth,
    Economy,
    backtest_month,
    build_month,
    describe,
    read_simulation_size,
    run_stresses,
    stress_summary,
)
from riskmodel.limits.backtest import measures
from riskmodel.limits.backtest.backtest import BOOK
from riskmodel.progress import Progress
from riskmodel.settings import default_settings

MONTHS = 72


def bench_backtest(
    enterprises: int, seeds: Sequence[int], terms: Path, economy: Economy, progress: Progress
) -> pd.DataFrame:
    """Back-test over simulations of these seeds: measures with intervals, the regret's causes, the stress.

    `terms` is the folder of `policy.toml` and `banks.toml`. Columns: question ("backtest",
    "regret", "response", "stress"), name, measure, simulations, value, low, high.
    """
    settings = default_settings()
    months, stress = [], pd.DataFrame()
    for seed in seeds:
        with TemporaryDirectory() as folder:
            simulation = Path(folder) / "simulation"
            economy.write(simulation, enterprises=enterprises, months=MONTHS, seed=seed)
            progress(f"simulation {seed} written")
            for back in BACK:
                problem, as_of = build_month(simulation, terms, settings, back=back)
                month = backtest_month(simulation, problem, economy, settings)
                progress(f"simulation {seed}, {as_of}: {describe(month)}")
                months.append((seed, month))
                if seed == seeds[0] and back == BACK[0]:
                    setup = (terms, economy, settings)
                    stress = run_stresses(
                        Path(folder), read_simulation_size(simulation), month, setup
                    )
                    progress(f"{stress['scenario'].nunique()} scenarios evaluated")
    tables = [_over_simulations(months), _causes(months), _responses(months), _long(stress)]
    return pd.concat(tables, ignore_index=True)


def _over_simulations(months: Sequence[tuple[int, BacktestMonth]]) -> pd.DataFrame:
    """Average the measures over simulations, the base's bad rate among them."""
    rows = [
        month.intervals[["measure", "value"]].assign(seed=seed) for seed, month in months
    ] + [
        pd.DataFrame({"measure": ["base_bad_rate"], "value": [month.base_rate], "seed": [seed]})
        for seed, month in months
    ]  # fmt: skip
    table = measures.average_over_simulations(pd.concat(rows, ignore_index=True))
    return table.assign(question="backtest", name=BOOK)


def _causes(months: Sequence[tuple[int, BacktestMonth]]) -> pd.DataFrame:
    """Average the regret that is left where one thing is known, over simulations."""
    rows = [
        month.value_of_information.rename(columns={"knows": "measure", "regret": "value"}).assign(
            seed=seed
        )
        for seed, month in months
    ]
    table = measures.average_over_simulations(
        pd.concat(rows, ignore_index=True)[["seed", "measure", "value"]]
    )
    return table.assign(question="regret", name=table["measure"], measure="regret")


def _responses(months: Sequence[tuple[int, BacktestMonth]]) -> pd.DataFrame:
    """Average the fitted, the naive and the stated response beside the true ones."""
    rows = [month.response.assign(seed=seed) for seed, month in months]
    table = measures.average_over_simulations(pd.concat(rows, ignore_index=True))
    return table.assign(question="response", name="response")


def _long(stress: pd.DataFrame) -> pd.DataFrame:
    """Return the stress's summary as rows of the table; of one simulation, so without an interval."""
    long = stress_summary(stress).melt("scenario", var_name="measure", value_name="value")
    return long.rename(columns={"scenario": "name"}).assign(question="stress", simulations=1)
