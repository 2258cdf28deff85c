"""Run work in a process of its own, so that its memory and its time are its own."""

import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Cost:
    """The cost of work: wall and CPU seconds, and the peak memory of its process."""

    seconds: float
    cpu_seconds: float
    memory_gb: float


def in_child(work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """Call a function in a new interpreter; return or raise what it does.

    The function is found by its module and name: no closures.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *args, **named).result()


def measure_cost(prepare: Callable[[T], Callable[[Path], None]], task: T, out: Path) -> Cost:
    """Measure the work that `prepare` returns for a task, in this process; it writes into `out`."""
    work = prepare(task)
    out.mkdir(parents=True)
    began, used = time.perf_counter(), time.process_time()
    work(out)
    seconds, cpu = time.perf_counter() - began, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in kibibytes, macOS in bytes
    return Cost(seconds, cpu, peak / (1e9 if sys.platform == "darwin" else 1e9 / 1024))
