"""The floor under every contender: reading the columns that the work needs, and touching them."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from riskmodel.benchmarks.features.task import Task


def prepare(task: Task) -> Callable[[Path], None]:
    """Set the threads; the work reads every piece of the columns once and writes nothing."""
    pa.set_cpu_count(task.threads)
    pa.set_io_thread_count(task.threads)

    def work(out: Path) -> None:
        rows = ds.dataset(task.folder / "declarations", format="parquet")
        for batch in rows.to_batches(columns=task.columns, batch_readahead=4):
            for values in batch.columns:
                _touch(values)

    return work


def _touch(values: pa.Array) -> None:
    """Pass over the values' bytes."""
    if pa.types.is_string(values.type):
        values = pc.binary_length(values)
    elif pa.types.is_boolean(values.type):
        pc.sum(values)
        return
    pc.min_max(values)
