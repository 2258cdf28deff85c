"""Fingerprints: of a source folder, and of the package's code."""

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from riskmodel.pipeline.import_closure import CodeBase
from riskmodel.storage.files import sha256

MAKES_A_MODEL = (
    "riskmodel.sources.folder",
    "riskmodel.features",
    "riskmodel.datasets",
    "riskmodel.model",
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
        if file.is_file():  # a pipe would not end; reading the folder refuses it
            digest.update(f"{inside.as_posix()} {sha256(file)}\n".encode())
    return digest.hexdigest()


@cache
def code_fingerprint(*more: str) -> str:
    """Return the sha256 of the code that makes a model, and of `more` modules, with all imports."""
    closure = CodeBase().closure(*(f"import {module}" for module in (*MAKES_A_MODEL, *more)))
    return hashlib.sha256(canonical(closure.digests).encode()).hexdigest()
