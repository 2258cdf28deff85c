"""The manifest of a publication: what a bank checks before it reads the rows."""

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd

from riskmodel.errors import RiskModelError
from riskmodel.publish.publication import PublicationFacts
from riskmodel.storage.files import sha256

SCHEMA_VERSION = 1
FILES = ("limits.parquet", "limits.csv", "report.html")


def build_manifest(
    rows: pd.DataFrame, facts: PublicationFacts, *, bank: str, as_of: date, revision: int
) -> dict[str, Any]:
    """The manifest without its files' hashes and its difference; no clock time stands in it."""
    policy = plain(facts.policy)
    return {
        "schema_version": SCHEMA_VERSION,
        "bank": bank,
        "as_of": as_of.isoformat(),
        "revision": revision,
        "valid_until": facts.valid_until.isoformat(),
        "row_count": len(rows),
        "offers": int((rows["decision"] == "offer").sum()),
        "sums": {
            name: round(float(rows[name].sum()), 2) for name in ("limit_cny", "expected_loss_cny")
        },
        "outcome": facts.outcome_name,
        "model": {
            "name": facts.model_name,
            "version": facts.model_version,
            "fingerprint": facts.model_fingerprint,
        },
        "agreements_left_out": facts.agreements_left_out,
        "run": facts.run_id,
        "attempt": facts.attempt,
        "data_fingerprint": facts.data_fingerprint,
        "verdict": facts.verdict,
        "override_reason": facts.override_reason,
        "conditions": list(facts.conditions),
        "limitations": list(facts.limitations),
        "policy_sha256": hashlib.sha256(json_text(policy, sort=True).encode()).hexdigest(),
        "policy": policy,
    }


def hashes(folder: Path) -> dict[str, str]:
    """The sha256 of each published file in the folder."""
    return {name: sha256(folder / name) for name in FILES}


def json_text(value: Any, *, sort: bool = False) -> str:
    """The value as JSON that reads well and is always the same."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2, sort_keys=sort) + "\n"


def plain(value: Any) -> Any:
    """Tables, lists, texts, numbers, dates as what JSON knows; anything else is our fault."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    raise RiskModelError(f"manifest: a {type(value).__name__} in the policy; give plain values.")
