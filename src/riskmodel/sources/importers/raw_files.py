"""Other people's files, as the importers find them."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pyarrow as pa

from riskmodel.errors import DataError


def refuse_incomplete(raw: Path, names: Sequence[str]) -> None:
    """Raises `DataError` naming those of the files that the folder lacks."""
    missing = [name for name in names if not (raw / name).is_file()]
    if missing:
        raise DataError(
            f"{raw}: {len(missing)} of {len(names)} files missing: {', '.join(missing)}. "
            "Name the folder that holds them."
        )


def raw_rows(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """The columns of a Parquet or CSV file.

    Raises `DataError` where the file cannot be read or lacks one of them.
    """
    try:
        rows = pd.read_csv(path) if path.suffix == ".csv" else pd.read_parquet(path)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise DataError(f"{path.name}: 1 file cannot be read. Fetch it again.") from error
    missing = [name for name in columns if name not in rows.columns]
    if missing:
        raise DataError(
            f"{path.name}: {len(missing)} columns missing: {', '.join(missing)}. "
            "Name the folder with the original files."
        )
    return rows[list(columns)]
