"""Fingerprints: of a source folder, and of the package's code."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from riskmodel.storage.files import sha256

PACKAGE = Path(__file__).parents[1]
MAKES_A_MODEL = (
    "months.py",
    "statistics",
    "settings",
    "storage",
    "tables",
    "sources",
    "features",
    "datasets",
    "model",
)


def canonical(value: Any) -> str:
    """Plain values as one text, whatever the order of their keys; comments and spaces are not in it."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def data_fingerprint(folder: Path) -> str:
    """sha256 over the names and bytes of a source folder's files, hidden ones and truth left out."""
    digest = hashlib.sha256()
    for file in sorted(folder.rglob("*.parquet")):
        inside = file.relative_to(folder)
        if inside.parts[0] == "truth" or inside.name.startswith("."):
            continue
        if file.is_file():  # a pipe would not end; the contract's door refuses it
            digest.update(f"{inside.as_posix()} {sha256(file)}\n".encode())
    return digest.hexdigest()


@cache
def code_fingerprint(*more: str) -> str:
    """sha256 over the names and bytes of what makes a model: from the sources to the model, and
    `more` stages after it."""
    digest = hashlib.sha256()
    for stage in (*MAKES_A_MODEL, *more):
        for file in sorted([PACKAGE / stage, *(PACKAGE / stage).rglob("*")]):
            if file.suffix in (".py", ".toml"):
                digest.update(f"{file.relative_to(PACKAGE).as_posix()} {sha256(file)}\n".encode())
    return digest.hexdigest()
