"""Benchmark of the features: what a user would pick instead, on the same folder."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from riskmodel.benchmarks.child_process import Cost, in_child, measure_cost
from riskmodel.benchmarks.features import (
    column_scan,
    with_duckdb,
    with_pandas,
    with_polars,
    with_riskmodel,
)
from riskmodel.benchmarks.features.consistency import differences
from riskmodel.benchmarks.features.task import Contender, Task, comparable
from riskmodel.benchmarks.features.trade_data import END, trade_folder
from riskmodel.features import DEFINITIONS
from riskmodel.months import shifted
from riskmodel.progress import Progress
from riskmodel.settings import default_settings

OURS, SORTING, FLOOR = "riskmodel", "riskmodel, sorting once", "scan"
CONTENDERS: Mapping[str, Contender] = MappingProxyType(
    {
        "duckdb": with_duckdb.prepare,
        "polars": with_polars.prepare,
        "pandas": with_pandas.prepare,
        FLOOR: column_scan.prepare,
    }
)
"""Libraries that a user would pick instead, and the floor under all of them."""
BY_CHOICE = frozenset({"duckdb", "polars"})
"""Libraries that need not be installed; a contender bears its library's name."""
MAX_ENTERPRISES: Mapping[str, int] = MappingProxyType({"polars": 200_000, "pandas": 200_000})
"""Above this a contender needs more memory or patience than a laptop has."""
NOTHING = Cost(np.nan, np.nan, np.nan)
SAME = 1e-9
"""Differences up to here are those of sums in another order."""
COLUMNS = "name seconds cpu_seconds memory_gb rows_per_second ratio largest_difference".split()


def bench_features(
    enterprises: int,
    progress: Progress,
    *,
    contenders: Sequence[str] = tuple(CONTENDERS),
    library: Contender = with_riskmodel.prepare,
    everyone: bool = False,
    seed: int = 7,
) -> pd.DataFrame:
    """One row a contender, the library first, then its sorting: `COLUMNS`.

    The work: every feature of declarations alone, for each enterprise at six quarters' starts, from
    the folder's Parquet to Parquet, as known at each date; an enterprise has sixty declarations.
    Timed is all but loading libraries, and for `library` what its `prepare` says. `cpu_seconds`
    count all threads, `memory_gb` is the process's peak with what it loaded, `rows_per_second`
    rows of the result, `ratio` seconds over the library's. `largest_difference` is over all features,
    as `consistency.differences` has it; the scan and the sorting have none. A contender that is too slow or large
    for so many enterprises is left out, unless `everyone`, and says so in its name.
    """
    with TemporaryDirectory(prefix="bench-") as folder:
        place = Path(folder)
        task = _task(place / "source", enterprises, seed)
        progress(
            f"{len(task.definitions)} features, {enterprises:,} enterprises, {len(task.dates)} dates"
        )
        costs = {OURS: in_child(measure_cost, library, task, place / OURS)}
        costs[SORTING] = in_child(measure_cost, with_riskmodel.sorting, task, place / SORTING)
        for name in contenders:
            absent = _absent(name, enterprises, everyone)
            costs |= {f"{name} ({absent})": NOTHING} if absent else {}
            if not absent:
                progress(f"{name} now")
                costs[name] = in_child(measure_cost, CONTENDERS[name], task, place / name)
        # only now: what this process holds would count in the peak of those that it starts
        apart = {name: _apart(task, name, place, progress) for name in costs}
    return _table(costs, apart, enterprises * len(task.dates))


def bench_task(folder: Path) -> Task:
    """The work on a folder that `trade_folder` wrote."""
    columns = pq.read_schema(next((folder / "declarations").iterdir())).names
    dates: list[date] = [shifted(END, -3 * quarter) for quarter in range(6)]
    zone = default_settings().sources.timezone
    return Task(folder, comparable(DEFINITIONS, columns), tuple(reversed(dates)), zone)


def _task(folder: Path, enterprises: int, seed: int) -> Task:
    # in a child: what a process once held counts in the peak of every process that it starts
    in_child(trade_folder, folder, enterprises, seed=seed)
    return bench_task(folder)


def _absent(name: str, enterprises: int, everyone: bool) -> str:
    """Return why a contender does not run; empty if it does."""
    if name in BY_CHOICE and find_spec(name) is None:
        return "left out: not installed"
    max_enterprises = MAX_ENTERPRISES.get(name, enterprises)
    return (
        ""
        if everyone or enterprises <= max_enterprises
        else f"left out above {max_enterprises:,} enterprises"
    )


def _apart(task: Task, name: str, place: Path, progress: Progress) -> float:
    """Return the largest difference to ours, NaN without output; report the features that differ."""
    if name in (FLOOR, SORTING) or not (place / name).exists():
        return np.nan
    found = differences(task, place / OURS, place / name)
    other = {feature: size for feature, size in found.items() if size > SAME}
    if other:
        worst = max(other, key=lambda feature: other[feature])
        progress(f"{name} differs in {len(other)} features, most in {worst}: {other[worst]:.2g}")
    return max(found.values())


def _table(costs: Mapping[str, Cost], apart: Mapping[str, float], rows: int) -> pd.DataFrame:
    table = pd.DataFrame(
        [(name, *astuple(cost), apart[name]) for name, cost in costs.items()],
        columns=["name", "seconds", "cpu_seconds", "memory_gb", "largest_difference"],
    )
    seconds = table["seconds"]
    return table.assign(rows_per_second=rows / seconds, ratio=seconds / seconds.iloc[0])[COLUMNS]
