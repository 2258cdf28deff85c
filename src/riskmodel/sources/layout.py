"""Assign the files of a source folder to tables."""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path

from riskmodel.errors import DataError, printable
from riskmodel.tables.canonical import CANONICAL, HISTORY

TRUTH = "truth"
"""The fictional economy's folder of what really is: never read here."""

Files = Mapping[str, Sequence[Path]]


def table_files(folder: Path) -> Files:
    """Return the files of each table in the folder, in the contract's order.

    Raises `DataError` for a stray file, an unknown table, a table given twice or without files,
    and for tables that must be there and are not.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; name a folder with the canonical tables.")
    found: dict[str, list[Path]] = {}
    for path in _visible(folder):
        if path.is_dir() and path.name == TRUTH:
            continue
        _refuse_special(path)
        name = path.name if path.is_dir() else _parquet_stem(path)
        if name not in CANONICAL:
            raise DataError(
                f"{printable(path.name)}: unknown table {printable(name)}; the nearest known one is "
                f"{nearest(name, CANONICAL)}. Rename it or take it out of the folder."
            )
        if name in found:
            raise DataError(f"{name}: is there as a file and as a folder; keep one of the 2.")
        found[name] = _folder_files(path) if path.is_dir() else [path]
    _refuse_incomplete(found, folder)
    return {name: found[name] for name in CANONICAL if name in found}


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the known name that is most like the given one.

    >>> nearest("reciepts", ["refunds", "receipts"])
    'receipts'
    """
    by_lower = {one.lower(): one for one in known}
    (match,) = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.0)
    return by_lower[match]


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.name[0] not in "_.")


def _refuse_special(path: Path) -> None:
    """Raises `DataError` for what is neither a folder nor a regular file, links followed.

    A named pipe has no end: reading would wait for ever.
    """
    if not (path.is_dir() or path.is_file()):
        raise DataError(
            f"{printable(path.name)}: 1 entry of {printable(path.parent.name)}/ is no file, but a"
            " pipe, socket or device, or a link to one or to nothing. Put a Parquet file there."
        )


def _parquet_stem(path: Path) -> str:
    if path.suffix != ".parquet":
        raise DataError(
            f"{printable(path.name)}: stray file in {printable(path.parent.name)}/; only .parquet files belong there. "
            "Take it out, or begin its name with an underscore."
        )
    return path.stem


def _folder_files(folder: Path) -> list[Path]:
    files = _visible(folder)
    for file in files:
        if file.is_dir():
            raise DataError(
                f"{folder.name}/{printable(file.name)}: stray folder; the files of a table are .parquet "
                "files, 0 folders deep. Move them up."
            )
        _refuse_special(file)
        _parquet_stem(file)
    if not files:
        raise DataError(f"{folder.name}/: holds 0 files; add them, or remove the folder.")
    return files


def _refuse_incomplete(found: Mapping[str, object], folder: Path) -> None:
    if "enterprises" not in found:
        raise DataError(
            f"{folder}: enterprises is missing ({len(found)} other tables found); add it."
        )
    if not any(name in found for name in HISTORY):
        raise DataError(f"{folder}: 0 history tables found; add one of {', '.join(HISTORY)}.")
    if "line_months" in found and "lines" not in found:
        raise DataError(f"{folder}: line_months is there without lines; add lines.")
    if not ("line_months" in found or "outcomes" in found):
        raise DataError(
            f"{folder}: nothing says who defaulted: lines with line_months, or outcomes, is "
            "missing; add them."
        )
