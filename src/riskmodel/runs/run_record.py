"""A run's `run.json`, and the digests of the files that its stages wrote."""

import json
import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from riskmodel.errors import DataError
from riskmodel.storage.files import sha256

OUTPUTS = "outputs"
"""In `run.json`: the sha256 of each file that a stage wrote, by stage and place in the run."""
BASE, TRIED = "base", "tried"
"""In the `run.json` of a folder that is worked in by hand: see `by_hand`."""
KINDS = {"attempt": int, "banks": list, "mlflow_run_id": str, "stages": dict, OUTPUTS: dict,
         TRIED: dict}  # fmt: skip
"""The types of the entries of `run.json` that the code reads."""
GROWING = "trials.jsonl"
"""Trials of the tuning are of use to a stage that was stopped: each line says what it depends on."""
NOT_A_FILE = "not a file"
State = tuple[int, ...]


def read_record(folder: Path) -> dict[str, Any]:
    """The `run.json` of a run's folder; empty where there is none. `DataError` if it is damaged."""
    path, found = folder / "run.json", None
    if not os.path.lexists(path):
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    except (OSError, ValueError, RecursionError):
        found = None  # refused below, as a record of another form is
    if not _is_record(found):
        raise DataError(
            f"{folder.name}/run.json: not the record that a run writes. Remove it and give the same"
            " command again: every stage is then run again."
        )
    return dict(found or {})


def tables_of(outputs: Mapping[str, Mapping[str, str]], stage: str) -> dict[str, str]:
    """A stage's files in a run's record, but for the notebooks and the trials on the way."""
    return {
        name: digest
        for name, digest in outputs.get(stage, {}).items()
        if not name.startswith("notebooks/") and not name.endswith(f"/{GROWING}")
    }


@dataclass(frozen=True)
class Digests:
    """sha256 of files; a file is read again only where the system says that it changed."""

    seen: dict[Path, tuple[State, str]] = field(default_factory=dict)

    def of(self, path: Path) -> str:
        """The file's sha256; `NOT_A_FILE` for a link, a folder, a pipe or one that cannot be read."""
        try:
            now = path.lstat()
            if not stat.S_ISREG(now.st_mode):
                return NOT_A_FILE
            state = (now.st_ino, now.st_size, now.st_mtime_ns, now.st_ctime_ns)
            if path not in self.seen or self.seen[path][0] != state:
                self.seen[path] = (state, sha256(path))
        except (OSError, DataError):
            return NOT_A_FILE
        return self.seen[path][1]


def entries(folder: Path) -> Iterator[Path]:
    """All that stands below a folder but folders; hidden names are unfinished files or a tool's."""
    if folder.is_symlink() or not folder.is_dir():
        return
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue
        if path.is_dir() and not path.is_symlink():
            yield from entries(path)
        else:
            yield path


def clear(folder: Path, but: str) -> None:
    """Remove all in the folder but one name; a link or a file in its place is removed too."""
    if folder.is_symlink() or not folder.is_dir():
        remove(folder)
        return
    for path in folder.iterdir():
        if path.name != but:
            remove(path)


def remove(path: Path) -> None:
    """Remove a file, a link or a folder with all in it; nothing where there is none."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _is_record(found: Any) -> bool:
    """Return whether the entries that the code reads are of their types."""
    return (
        isinstance(found, dict)
        and all(isinstance(found.get(name, kind()), kind) for name, kind in KINDS.items())
        and all(isinstance(one, dict) for one in found.get(OUTPUTS, {}).values())
    )
