"""Changes since the bank's last publication."""

import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from riskmodel.errors import DataError
from riskmodel.storage.files import read_rows, sha256


def revisions(folder: Path) -> list[int]:
    """Return the numbers of the revisions in one date's folder, rising."""
    found = (path.name for path in folder.glob("r*") if path.is_dir())
    return sorted(int(name[1:]) for name in found if name[1:].isdecimal())


def previous_publication(bank_folder: Path, as_of: date) -> Path | None:
    """Return the latest revision of the same date, else of the latest earlier date, else None."""
    dates = sorted(path.name for path in bank_folder.glob("????-??-??") if path.is_dir())
    for name in reversed([name for name in dates if name <= as_of.isoformat()]):
        if numbers := revisions(bank_folder / name):
            return bank_folder / name / f"r{numbers[-1]}"
    return None


def read_manifest(publication: Path) -> dict[str, Any]:
    """Read the manifest of a published folder; `DataError` where it is not readable."""
    path = publication / "manifest.json"
    try:
        manifest: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{path}: not readable ({type(error).__name__}). Restore it.") from None
    _refuse_incomplete(manifest, path)
    return manifest


NEEDED = {"as_of": str, "revision": int, "run": str, "attempt": int, "bank": str, "row_count": int,
          "offers": int, "sums": dict, "model": dict, "sha256": dict}  # fmt: skip
"""The entries of a manifest that are read, with their types."""
INSIDE = (
    ("sums", "limit_cny"),
    ("sums", "expected_loss_cny"),
    ("model", "version"),
    ("sha256", "limits.parquet"),
)


def _refuse_incomplete(manifest: Any, path: Path) -> None:
    """Raise `DataError` where a manifest is none: another JSON value, or entries that are not there."""
    whole = isinstance(manifest, dict)
    wrong = [key for key, kind in NEEDED.items() if not (whole and type(manifest.get(key)) is kind)]
    wrong = wrong or [f"{table}.{key}" for table, key in INSIDE if key not in manifest[table]]
    if wrong:
        raise DataError(
            f"{path}: {len(wrong)} entries of a manifest missing or of another kind (first:"
            f" {wrong[0]}). Restore it, or move its folder away."
        )


def refuse_changed(publication: Path) -> None:
    """Raise `DataError` where a file of a published folder is not the one that its manifest records."""
    recorded = read_manifest(publication)["sha256"]
    changed = [name for name in recorded if not _holds(publication / name, recorded[name])]
    if changed:
        raise DataError(
            f"{publication / changed[0]}: {len(changed)} files differ from their manifest. Restore"
            " them, or move the folder away, then publish."
        )


def _holds(path: Path, digest: str) -> bool:
    return path.is_file() and sha256(path) == digest


def published_rows(publication: Path) -> pd.DataFrame:
    """Read the rows of an earlier publication; `DataError` if its manifest records others."""
    path = publication / "limits.parquet"
    recorded = read_manifest(publication)["sha256"]["limits.parquet"]
    if not _holds(path, recorded):
        raise DataError(f"{path}: 1 file differs from its manifest. Restore it, then publish.")
    return pd.DataFrame(read_rows(path).to_pandas())


def difference(rows: pd.DataFrame, publication: Path | None) -> dict[str, Any] | None:
    """Count the enterprises added and gone and the limits that changed, and sum the change in CNY.

    None for a bank's first publication. A decline counts as a limit of 0.
    """
    if publication is None:
        return None
    before = published_rows(publication)
    manifest = read_manifest(publication)
    keys = ["enterprise_id", "decision", "limit_cny"]
    both = before[keys].merge(
        rows[keys], on="enterprise_id", how="outer", suffixes=("_old", "_new"), validate="1:1"
    )
    stayed = both[both["decision_old"].notna() & both["decision_new"].notna()]
    change = stayed["limit_cny_new"] - stayed["limit_cny_old"]
    return {
        "previous": _identity(manifest),
        "enterprises_added": int(both["decision_old"].isna().sum()),
        "enterprises_gone": int(both["decision_new"].isna().sum()),
        "limit_raised": int((change > 0).sum()),
        "limit_lowered": int((change < 0).sum()),
        "decision_changed": int((stayed["decision_old"] != stayed["decision_new"]).sum()),
        "limit_change_cny": round(float(rows["limit_cny"].sum() - before["limit_cny"].sum()), 2),
    }


def _identity(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {name: manifest[name] for name in ("as_of", "revision", "run", "attempt")} | {
        "model_version": manifest["model"]["version"]
    }
