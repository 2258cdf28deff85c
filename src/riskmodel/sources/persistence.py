"""Save a validated source for the stages that come after, and load it."""

import json
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa
import pyarrow.parquet as pq

from riskmodel.errors import DataError
from riskmodel.sources.folder import Reading
from riskmodel.sources.source import Source, fingerprint
from riskmodel.storage.files import write_parquet, write_text
from riskmodel.tables.canonical import CANONICAL
from riskmodel.tables.run.declaration import conform
from riskmodel.tables.run.sources import REPORT, VIOLATIONS

_DESCRIPTION = "source.json"


def save_reading(reading: Reading, folder: Path) -> None:
    """Save the tables, the rejected rows and the report.

    Writes `<table>.parquet`, `rejects/<table>.parquet`, `report.parquet`, `violations.parquet`, and
    `source.json` (time zone, fingerprint, tables) last.

    What an earlier reading left in the folder is replaced.
    """
    source = reading.source
    (folder / _DESCRIPTION).unlink(missing_ok=True)
    for name in CANONICAL:
        _write_or_remove(source.tables.get(name), folder / f"{name}.parquet")
        _write_or_remove(reading.rejects.get(name), folder / "rejects" / f"{name}.parquet")
    write_parquet(conform(reading.report.frame(), REPORT), folder / "report.parquet")
    write_parquet(
        conform(reading.report.violations_frame(), VIOLATIONS), folder / "violations.parquet"
    )
    description = {
        "timezone": source.timezone,
        "fingerprint": source.fingerprint,
        "tables": list(source.tables),
    }
    write_text(folder / _DESCRIPTION, json.dumps(description, indent=2) + "\n")


def load_source(folder: Path) -> Source:
    """Load the source that `save_reading` wrote.

    Raises `DataError` where it is not there whole, or is no longer what was written.

    >>> load_source(Path("no-such-folder"))
    Traceback (most recent call last):
    riskmodel.errors.DataError: no-such-folder: holds no whole source; run the stage sources again.
    """
    try:
        description = json.loads((folder / _DESCRIPTION).read_text(encoding="utf-8"))
        names = description["tables"]
        tables = {name: pq.ParquetFile(folder / f"{name}.parquet").read() for name in names}
    except (
        OSError,
        ValueError,
        LookupError,
        TypeError,
        RecursionError,
        pa.ArrowException,
    ) as error:
        raise DataError(f"{folder}: holds no whole source; run the stage sources again.") from error
    if fingerprint(tables) != description.get("fingerprint"):
        raise DataError(
            f"{folder}: the {len(tables)} tables are not those that were written; "
            "run the stage sources again."
        )
    return Source(MappingProxyType(tables), description["timezone"], description["fingerprint"])


def _write_or_remove(rows: pa.Table | None, path: Path) -> None:
    if rows is None:
        path.unlink(missing_ok=True)
    else:
        write_parquet(rows, path)
