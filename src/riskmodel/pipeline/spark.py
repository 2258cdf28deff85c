"""The same work on a cluster: Spark hands partitions of the sorted source to its workers.

A partition holds whole enterprises, so the cut by enterprise is the distribution; workers run the same
kernels on the same Arrow tables and nothing is shuffled. The folders must be on storage that all
of them see, and `riskmodel` installed where they run. `pyspark` is an extra: `riskmodel[spark]`.
"""

import os
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import pyarrow as pa

from riskmodel import errors
from riskmodel.errors import UsageError
from riskmodel.features.engine import MapPartitions

T = TypeVar("T")

_RESULT = pa.schema([("place", pa.int64()), ("table", pa.binary())])


@contextmanager
def on_spark(master: str) -> Iterator[MapPartitions]:
    """Does the work on every partition by a Spark session, which ends with the block.

    Work must give an Arrow table. `UsageError` where pyspark or Java is missing.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise UsageError("--engine spark needs pyspark: pip install 'riskmodel[spark]'.") from error
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.master(master).appName("riskmodel")
    for name, value in _CONFIGURATION.items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except Exception as error:
        raise UsageError(f"no Spark session at '{master}': is Java 17 there?") from error
    try:
        yield _map_partitions_on(session)
    finally:
        session.stop()


_CONFIGURATION = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "1",
    "spark.driver.maxResultSize": "0",
    "spark.log.level": "ERROR",
}


def _map_partitions_on(session: Any) -> MapPartitions:
    def map_partitions(work: Callable[[int], T], numbers: Sequence[int]) -> Iterator[T]:
        if not len(numbers):
            return
        listed = list(numbers)

        def on_worker(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for batch in batches:
                for place in batch.column(0).to_pylist():
                    found = _to_bytes(work(listed[place]))
                    yield pa.record_batch([[place], [found]], schema=_RESULT)

        places = session.range(0, len(listed), 1, len(listed))
        rows = _collected(places.mapInArrow(on_worker, "place long, table binary"))
        for row in rows.sort_by("place")["table"]:
            yield _from_bytes(row.as_buffer())

    return map_partitions


def _collected(frame: Any) -> pa.Table:
    """The frame's rows; an error of ours on a worker is raised here as it was there."""
    from pyspark.errors import PySparkException

    try:
        return frame.toArrow()
    except PySparkException as error:
        ours = re.search(r"riskmodel\.errors\.(\w+): (.*)", str(error))
        kind = getattr(errors, ours[1], None) if ours else None
        if ours and kind:
            raise kind(ours[2]) from error
        raise


def _to_bytes(table: Any) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def _from_bytes(buffer: pa.Buffer) -> Any:
    return pa.ipc.open_stream(buffer).read_all()
