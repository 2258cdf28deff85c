"""Benchmark of the allocation: ours beside HiGHS on the same drawn books, size by size."""

import resource
import sys
from functools import partial

import pandas as pd

from riskmodel.benchmarks.child_process import in_child
from riskmodel.benchmarks.scoring import Clock
from riskmodel.limits.allocation import allocate
from riskmodel.limits.allocation.options import Options
from riskmodel.limits.allocation.random_instances import linear_optimum, random_options
from riskmodel.progress import Progress
from riskmodel.settings import default_settings

Line = dict[str, object]

SIZES = (1_000, 5_000, 20_000, 100_000, 300_000, 1_000_000)
HIGHS_SECONDS = 60.0
"""Time limit of HiGHS for a book; after it gave one up, larger books are not tried."""
METHODS = {"HiGHS, dual simplex": "highs-ds", "HiGHS, interior point": "highs-ipm"}
SEED = 7
NONE = float("nan")
COLUMNS = (
    "name enterprises options constraints seconds cpu_seconds value bound gap largest_violation "
    "memory_gb ending"
).split()


def bench_limits(
    enterprises: int, progress: Progress, *, highs_seconds: float = HIGHS_SECONDS
) -> pd.DataFrame:
    """One row a size and solver: `COLUMNS`; values in CNY.

    Each runs in a process of its own, whose peak memory is stated, the drawn book included. HiGHS
    solves the linear relaxation, which is a bound only; `ending` says how it ended.
    """
    lines: list[Line] = []
    given_up: dict[str, int] = {}
    for size in [*(size for size in SIZES if size < enterprises), enterprises]:
        progress(f"{size:,} enterprises: ours")
        lines.append(in_child(_ours, size))
        for name in METHODS:
            if name in given_up:
                ending = f"not tried: gave up at {given_up[name]:,}"
                lines.append({**lines[-1], **_empty(name), "ending": ending})
                continue
            progress(f"{size:,} enterprises: {name}, at most {highs_seconds:.0f} s")
            lines.append(in_child(_highs, size, name, highs_seconds))
            if lines[-1]["ending"] != "solved":
                given_up[name] = size
    return pd.DataFrame(lines)[COLUMNS]


def _ours(size: int) -> Line:
    threads = default_settings().run.threads
    allocate(random_options(50, seed=SEED), threads=threads)  # loads the compiled loops
    options, clock = random_options(size, seed=SEED), Clock()
    found = clock.measure(partial(allocate, options, threads=threads))
    return {
        **_describe("riskmodel", options),
        **_cost(clock),
        "value": found.value,
        "bound": found.bound,
        "gap": found.gap,
        "largest_violation": found.max_violation,
        "ending": "solved",
    }


def _highs(size: int, name: str, seconds: float) -> Line:
    options, clock = random_options(size, seed=SEED), Clock()
    work = partial(linear_optimum, options, seconds=seconds, method=METHODS[name])
    found = clock.measure(work)
    return {
        **_describe(name, options),
        **_empty(name),
        **_cost(clock),
        "bound": found.value,
        "ending": found.ending,
    }


def _describe(name: str, options: Options) -> Line:
    return {
        "name": name,
        "enterprises": options.enterprises,
        "options": options.value.size,
        "constraints": options.constraints,
    }


def _cost(clock: Clock) -> Line:
    return {
        "seconds": clock.seconds,
        "cpu_seconds": clock.cpu_seconds,
        "memory_gb": _peak_memory_gb(),
    }


def _empty(name: str) -> Line:
    nothing = "seconds cpu_seconds value bound gap largest_violation memory_gb".split()
    return {"name": name, **dict.fromkeys(nothing, NONE)}


def _peak_memory_gb() -> float:
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in kibibytes, macOS in bytes
    return most / (1e9 if sys.platform == "darwin" else 1e9 / 1024)
