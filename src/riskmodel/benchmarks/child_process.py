"""A contender in a process of its own, so that its memory and its seconds are its own."""

import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import ParamSpec, TypeVar

from riskmodel.benchmarks.features.task import Task

Contender = Callable[[Task], Callable[[Path], None]]
"""Takes the task, prepares (libraries loaded), and gives the work that is timed: it writes Parquet
files with `enterprise_id`, `as_of` and the features' columns into the folder that it is given."""

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Cost:
    """What the work took: wall and CPU seconds, and the most memory that its process ever held."""

    seconds: float
    cpu_seconds: float
    memory_gb: float


def in_child(work: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """What the function returns, or raises, called in a new interpreter.

    The function is found by its module and name: no closures.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(work, *args, **named).result()


def measured(contender: Contender, task: Task, out: Path) -> Cost:
    """One contender at its work, in this process."""
    work = contender(task)
    out.mkdir(parents=True)
    began, used = time.perf_counter(), time.process_time()
    work(out)
    seconds, cpu = time.perf_counter() - began, time.process_time() - used
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # Linux counts in kibibytes, macOS in bytes
    return Cost(seconds, cpu, most / (1e9 if sys.platform == "darwin" else 1e9 / 1024))
