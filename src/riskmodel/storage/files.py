"""Write files atomically (a temporary name, then renamed), and read them with the name in each error."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from riskmodel.errors import (
    UNREADABLE,
    DataError,
    UsageError,
    content_faults,
    machine_faults,
    printable_path,
)


def write_atomically(path: Path, write: Callable[[Path], None]) -> None:
    """Write the file that `write` makes to `path`, whole or not at all.

    `write` gets a temporary path in the same folder (which is made if it is missing), with the
    same suffix, for those writers that choose a format by it. `MachineError` names `path` where the
    system refuses: a full disk, a permission, a link.
    """
    with machine_faults(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{os.getpid()}-{path.name}")
        try:
            write(unfinished)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)


def write_parquet(rows: pd.DataFrame | pa.Table, path: Path) -> None:
    """Write the rows as one Parquet file (zstd), atomically; the same rows give the same bytes.

    A frame's index is left out, and so is the note that pandas would leave in the schema.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder) / "lines.parquet"
    ...     write_parquet(pd.DataFrame({"line_id": ["L1"], "limit_cny": [5e5]}), path)
    ...     read_rows(path).to_pylist()
    [{'line_id': 'L1', 'limit_cny': 500000.0}]
    """
    table = to_arrow(rows).replace_schema_metadata(None)
    write_atomically(path, lambda unfinished: pq.write_table(table, unfinished, compression="zstd"))


def write_text(path: Path, text: str) -> None:
    """Write the text as UTF-8 with `\\n` line ends, atomically.

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     write_text(Path(folder) / "notes" / "limit.txt", "500000")
    ...     read_text(Path(folder) / "notes" / "limit.txt")
    '500000'
    """
    write_atomically(path, lambda unfinished: _write_utf8(unfinished, text))


def write_folder(tables: Mapping[str, pd.DataFrame | pa.Table], out: Path) -> None:
    """Write a new folder with one `<name>.parquet` per table, there whole or not at all.

    A name may hold a folder (`truth/pd`). Raises `UsageError` where `out` is a file or a folder
    that is not empty.
    """
    with machine_faults(out):
        refuse_occupied(out)
        out.parent.mkdir(parents=True, exist_ok=True)
        unfinished = out.with_name(f".{os.getpid()}-{out.name}")
        try:
            for name, rows in tables.items():
                write_parquet(rows, unfinished / f"{name}.parquet")
            unfinished.replace(out)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)


def refuse_occupied(out: Path) -> None:
    """Raise `UsageError` unless `out` is free: missing, or an empty folder."""
    if not os.path.lexists(out):
        return
    if not out.is_dir():
        raise UsageError(f"{out}: is a file; name a new or empty folder to write to.")
    found = sum(1 for _ in out.iterdir())
    if found:
        raise UsageError(f"{out}: holds {found} entries already; name a new or empty folder.")


def sha256(path: Path) -> str:
    """Compute the file's SHA-256, as hexadecimal text."""
    with machine_faults(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def as_json(record: Mapping[str, Any]) -> str:
    """Format a record as the JSON of run folders; dates as text."""
    return json.dumps(record, ensure_ascii=False, indent=1, sort_keys=True, default=str) + "\n"


def read_text(path: Path) -> str:
    """Read the file's UTF-8 text; `DataError` that names the file where it cannot be read as such."""
    with content_faults(path, "UTF-8 text"):
        return path.read_text(encoding="utf-8")


def read_json(path: Path) -> Any:
    """Read the file's JSON value; `DataError` that names the file where it cannot be read as such."""
    text = read_text(path)
    with content_faults(path, "JSON"):
        return json.loads(text)


def read_rows(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """Read the rows of a Parquet file; `DataError` that names it where it cannot be read as such."""
    try:
        with content_faults(path, "Parquet"), pq.ParquetFile(path) as file:
            return file.read(columns=None if columns is None else list(columns))
    except pa.ArrowException as error:
        raise DataError(f"{printable_path(path)}: not readable as Parquet. {UNREADABLE}") from error


def to_arrow(rows: pd.DataFrame | pa.Table) -> pa.Table:
    """Return the rows as an arrow table; a frame's index is left out."""
    if isinstance(rows, pd.DataFrame):
        return pa.Table.from_pandas(rows, preserve_index=False)
    return rows


def _write_utf8(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
