"""The library's own engine: sort the folder once, then write a file a partition."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

from riskmodel.benchmarks.child_process import in_child
from riskmodel.benchmarks.features.task import Task


def prepare(task: Task) -> Callable[[Path], None]:
    """Check and sort the folder and load the kernels; the work reads partitions and writes files.

    A folder is sorted once for all dates and months to come, so that is not in the work: it is
    done in a process of its own, whose memory does not count here either. `sorting` times it.
    """
    from riskmodel.features.engine import compute_partition, map_partitions_in_threads, share_inputs
    from riskmodel.features.plan import make_plan
    from riskmodel.settings import default_settings
    from riskmodel.sources.partitions.sorted_source import load_sorted
    from riskmodel.storage.files import write_parquet

    home = task.folder.with_name(f"{task.folder.name}-sorted")
    in_child(_sort, task, home)
    source, settings = load_sorted(home), default_settings().features
    plan = make_plan(task.definitions, source)
    map_partitions = map_partitions_in_threads(task.threads)
    days = np.array(sorted(task.dates), "datetime64[D]").astype(np.int32)
    shared = share_inputs(source, days, plan, settings, map_partitions)

    def compute(part: int) -> pa.Table:
        ids = source.read_partition(part, {"enterprises": ()})["enterprises"][
            "enterprise_id"
        ].unique()
        places = pa.array(np.repeat(np.arange(len(ids)), len(days)))
        asked = ids.cast(pa.string()).take(places)
        as_of = np.tile(days, len(ids))
        values = compute_partition(source, part, (asked, as_of), plan, shared)
        keys = {"enterprise_id": asked, "as_of": pa.array(as_of).cast(pa.date32())}
        return pa.table(keys | {feature.name: values[feature.name] for feature in task.definitions})

    compute(0)

    def work(out: Path) -> None:
        def write(part: int) -> int:
            write_parquet(compute(part), out / f"{part:05d}.parquet")
            return part

        for _ in map_partitions(write, range(source.partition_count)):
            pass

    return work


def sorting(task: Task) -> Callable[[Path], None]:
    """Prepare nothing; the work reads, checks and sorts the source folder."""
    return lambda out: _sort(task, out / "sorted")


def _sort(task: Task, home: Path) -> None:
    from riskmodel.settings import default_settings
    from riskmodel.sources.partitions.sorted_source import sort_folder

    settings = default_settings()
    sort_folder(
        task.folder, home, settings.sources, threads=task.threads,
        enterprises_per_partition=settings.features.chunk_enterprises,
    )  # fmt: skip
