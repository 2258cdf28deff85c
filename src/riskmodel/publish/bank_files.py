"""One folder a bank and date: rows, report and manifest, whole or not at all."""

import os
import re
import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa

from riskmodel.errors import ChecksFailed, RiskModelError, SettingsError, machine_faults
from riskmodel.publish.changes import (
    difference,
    previous_publication,
    read_manifest,
    refuse_changed,
    revisions,
)
from riskmodel.publish.csv import csv_text
from riskmodel.publish.manifest import build_manifest, hashes, json_text
from riskmodel.publish.publication import Publication, PublicationFacts
from riskmodel.publish.report.report import report_html
from riskmodel.publish.rows import published_table
from riskmodel.storage.files import write_parquet, write_text
from riskmodel.storage.locks import hold_lock
from riskmodel.tables.codes import BANK_NAME

MANIFEST_NAMES = {
    "constraint": "row",
    "segment": "key",
    "capacity_cny": "capacity_cny",
    "used_cny": "used_cny",
    "shadow_price": "price",
}
"""Columns of a bank's own constraints, and their names in its manifest."""


def publish_bank(
    rows: pd.DataFrame,
    *,
    bank: str,
    as_of: date,
    folder: Path,
    facts: PublicationFacts,
    constraints: pd.DataFrame | None = None,
) -> Publication:
    """Write the bank's next revision, `<folder>/<bank>/<as_of>/r<n>/`, there whole or not at all.

    `rows` has the columns of `rows.PUBLISHED` and speaks of this bank and date only. `constraints` are
    the bank's own of the allocation: constraint, segment, capacity_cny, used_cny, shadow_price.
    Nothing is ever overwritten; where the latest revision was written by the same run and attempt, it is
    returned as it is. Raises `SettingsError` for a bank or date that cannot name a folder and for
    folders that are links, `DataError` for an earlier revision that was changed, `ChecksFailed`
    for a failed verdict without an override's reason, `RiskModelError` for rows of another bank or
    date or for an enterprise that stands twice.
    """
    _refuse_names(bank, as_of)
    _refuse_verdict(facts)
    _refuse_rows(rows, bank, as_of)
    bank_folder = _inside(folder, bank)
    with hold_lock(bank_folder / ".lock"):
        date_folder = _inside(bank_folder, as_of.isoformat())
        written = revisions(date_folder)
        if written and _same_attempt(date_folder / f"r{written[-1]}", facts):
            refuse_changed(date_folder / f"r{written[-1]}")
            return _read_publication(date_folder, written[-1])
        revision = written[-1] + 1 if written else 1
        table = published_table(rows.sort_values("enterprise_id", kind="stable"))
        manifest = build_manifest(
            table.to_pandas(date_as_object=False), facts, bank=bank, as_of=as_of, revision=revision
        )
        manifest["part"] = (
            []
            if constraints is None
            else constraints[list(MANIFEST_NAMES)].rename(columns=MANIFEST_NAMES).to_dict("records")
        )
        manifest["difference"] = difference(
            table.to_pandas(date_as_object=False), previous_publication(bank_folder, as_of)
        )
        _write(table, facts, manifest, date_folder / f"r{revision}")
        return _read_publication(date_folder, revision)


def _write(
    table: pa.Table, facts: PublicationFacts, manifest: Mapping[str, Any], target: Path
) -> None:
    """Write all files into a sibling folder whose name begins with a dot, then rename it."""
    unfinished = target.with_name(f".{target.name}-{os.getpid()}")
    try:
        with machine_faults(target):
            _sweep(target.parent)
            write_parquet(table, unfinished / "limits.parquet")
            write_text(unfinished / "limits.csv", csv_text(table))
            rows = table.to_pandas(date_as_object=False)
            write_text(unfinished / "report.html", report_html(rows, facts, manifest))
            whole = {**manifest, "sha256": hashes(unfinished)}
            write_text(unfinished / "manifest.json", json_text(whole))
            _settle(unfinished)
            unfinished.rename(target)
            _settle(target.parent)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _sweep(date_folder: Path) -> None:
    """Remove what killed publications left; nobody else writes while the bank's lock is held."""
    for left in date_folder.glob(".r*-*"):
        shutil.rmtree(left)


def _settle(folder: Path) -> None:
    """Flush the folder to disk, so that a power cut cannot publish half a file."""
    for path in (*(path for path in folder.iterdir() if path.is_file()), folder):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _read_publication(date_folder: Path, revision: int) -> Publication:
    folder = date_folder / f"r{revision}"
    return Publication(folder, revision, read_manifest(folder))


def _same_attempt(publication: Path, facts: PublicationFacts) -> bool:
    manifest = read_manifest(publication)
    return bool((manifest["run"], manifest["attempt"]) == (facts.run_id, facts.attempt))


def _inside(folder: Path, name: str) -> Path:
    """Return the subfolder, made if missing; a link might lead another bank's rows out."""
    inner = folder / name
    if inner.is_symlink() or (inner.exists() and not inner.is_dir()):
        raise SettingsError(f"{inner}: is a link or a file, not a folder. Remove it, then publish.")
    with machine_faults(inner):
        inner.mkdir(parents=True, exist_ok=True)
    if inner.resolve() != folder.resolve() / name:
        raise SettingsError(f"{inner}: leaves {folder}. Publish to a plain folder.")
    return inner


def _refuse_names(bank: str, as_of: date) -> None:
    if not re.fullmatch(BANK_NAME, bank):
        raise SettingsError(f"banks: the name {bank!r} is not of the form {BANK_NAME}. Rename it.")
    # an instant is a date to Python, but its text would not name a day
    if type(as_of) is not date:
        raise SettingsError(f"as_of: a {type(as_of).__name__} is not a date. Give a plain date.")


def _refuse_verdict(facts: PublicationFacts) -> None:
    if facts.verdict not in ("pass", "pass with conditions", "fail"):
        raise RiskModelError(f"publish: unknown verdict {facts.verdict!r}.")
    if facts.verdict == "fail" and not facts.override_reason.strip():
        failed = facts.checks.loc[~facts.checks["passed"].astype(bool), "check"]
        raise ChecksFailed(
            f"publish: {len(failed)} of {len(facts.checks)} checks failed, nothing was published: "
            f"{', '.join(failed)}. Mend the model, or state publish.override_reason."
        )


def _refuse_rows(rows: pd.DataFrame, bank: str, as_of: date) -> None:
    strange = int((rows["bank"] != bank).sum() + (rows["as_of"] != pd.Timestamp(as_of)).sum())
    if strange:
        raise RiskModelError(f"publish: {bank}: {strange} rows are another bank's or date's.")
    twice = int(rows["enterprise_id"].duplicated().sum() + rows["enterprise_id"].isna().sum())
    if twice:
        raise RiskModelError(f"publish: {bank}: {twice} rows repeat an enterprise or lack its id.")
    unknown = int((~rows["decision"].isin(["offer", "decline"])).sum())
    if unknown:
        raise RiskModelError(f"publish: {bank}: {unknown} rows neither offer nor decline.")
