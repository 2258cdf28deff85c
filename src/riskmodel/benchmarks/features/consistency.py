"""Consistency of the features that two contenders wrote."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from riskmodel.benchmarks.features.task import Task

Places = npt.NDArray[np.int64]
Values = npt.NDArray[np.float64]


def differences(task: Task, ours: Path, theirs: Path) -> dict[str, float]:
    """Return the largest difference of every feature: relative, but absolute for values below 1.

    Missing equals missing. Infinite where only one value is missing, where the feature is absent, and
    in every feature unless both folders have each enterprise at each date exactly once.
    """
    register = pq.read_table(task.folder / "enterprises.parquet", columns=["enterprise_id"])
    ids = register["enterprise_id"].unique()
    first, second = (ds.dataset(folder, format="parquet") for folder in (ours, theirs))
    here, there = (_places(rows, ids, task.dates) for rows in (first, second))
    if here is None or there is None:
        return dict.fromkeys(task.measures, np.inf)
    return {
        name: _largest(_values(first, name, here), _values(second, name, there))
        for name in task.measures
    }


def _places(rows: ds.Dataset, ids: pa.Array, dates: Sequence[date]) -> Places | None:
    """Return each row's number among all enterprises and dates; None if these are not there once each."""
    keys = rows.to_table(columns=["enterprise_id", "as_of"])
    day = pc.index_in(pc.cast(keys["as_of"], pa.date32()), value_set=pa.array(dates, pa.date32()))
    enterprise = pc.index_in(pc.cast(keys["enterprise_id"], ids.type), value_set=ids)
    if len(keys) != len(ids) * len(dates) or day.null_count or enterprise.null_count:
        return None
    places = enterprise.to_numpy().astype(np.int64) * len(dates) + day.to_numpy()
    return places if (np.bincount(places, minlength=len(keys)) == 1).all() else None


def _values(rows: ds.Dataset, name: str, places: Places) -> Values:
    """Return a column in the order of places; infinite where it is absent."""
    values = np.full(len(places), np.inf)
    if name in rows.schema.names:
        column = pc.cast(rows.to_table(columns=[name])[name], pa.float64())
        values[places] = pc.fill_null(column, np.nan).to_numpy()
    return values


def _largest(ours: Values, theirs: Values) -> float:
    unlike = np.isnan(ours) != np.isnan(theirs)
    if unlike.any() or np.isinf(ours).any() or np.isinf(theirs).any():
        return float(np.inf)
    scale = np.maximum(np.maximum(np.abs(ours), np.abs(theirs)), 1.0)
    return float(np.nanmax(np.abs(ours - theirs) / scale, initial=0.0))
