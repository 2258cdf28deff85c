"""For whom features are wanted: everyone on the register at some dates, or given rows."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from riskmodel.errors import UsageError
from riskmodel.storage.files import sha256

Days = NDArray[np.int32]


@dataclass(frozen=True)
class Asked:
    """For whom features are wanted: all on the register at these days, or the rows of a file.

    `days` are days since 1970, ascending; `rows` has `enterprise_id` and `as_of`, `digest` is its
    SHA-256.
    """

    days: tuple[int, ...]
    rows: Path | None = None
    digest: str = ""

    @classmethod
    def at(cls, dates: Iterable[pd.Timestamp]) -> "Asked":
        """Everyone who is on the register at these dates."""
        return cls(tuple(sorted({(date - pd.Timestamp(0)).days for date in dates})))

    @classmethod
    def of(cls, path: Path) -> "Asked":
        """The rows of a Parquet file; `UsageError` where it has none, or lacks a column."""
        return cls(tuple(np.unique(asked_rows(path)["day"]).tolist()), path, sha256(path))

    @property
    def months(self) -> dict[str, Days]:
        """The days of each month."""
        days = np.array(self.days, np.int32)
        names = days.astype("datetime64[D]").astype("datetime64[M]").astype(str)
        return {str(month): days[names == month] for month in np.unique(names)}


def asked_for(dates: Sequence[date], rows: Path | None) -> Asked:
    """Return what a command asks for; `UsageError` unless it is dates or rows, one of them."""
    if bool(dates) == (rows is not None):
        raise UsageError("features: give --as-of DATE, once or more, or --rows FILE.")
    return Asked.of(rows.resolve()) if rows else Asked.at([pd.Timestamp(day) for day in dates])


def asked_rows(path: Path) -> pd.DataFrame:
    """enterprise_id, day of each row asked, each once."""
    if not path.is_file():  # a pipe would not end
        raise UsageError(f"{path.name}: no such file; give a Parquet file of the rows asked.")
    try:
        rows = pq.read_table(path, columns=["enterprise_id", "as_of"]).to_pandas()
        days = pd.to_datetime(rows["as_of"]).to_numpy().astype("datetime64[D]").astype(np.int32)
    except (OSError, ValueError, TypeError, pa.ArrowException) as error:
        raise UsageError(
            f"{path.name}: cannot be read as rows asked; give a Parquet file with enterprise_id"
            " and as_of."
        ) from error
    if rows.isna().to_numpy().any() or rows.empty:
        raise UsageError(f"{path.name}: 0 rows, or null in one; give enterprise_id and as_of.")
    found = rows.assign(day=days)[["enterprise_id", "day"]].drop_duplicates()
    ordered: pd.DataFrame = found.sort_values(["enterprise_id", "day"], ignore_index=True)
    return ordered
