"""Who approved which version, and when: an append-only log, and the aliases that follow it."""

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import pandas as pd

from riskmodel.errors import DataError, NotApproved, UsageError
from riskmodel.publish.locks import held
from riskmodel.publish.registry import (
    CHALLENGER,
    CHAMPION,
    point_aliases,
    version_facts,
    versions,
)

FIRST = "0" * 64
COLUMNS = ["number", "action", "version", "by", "reason", "on", "fingerprint"]


@dataclass(frozen=True)
class Review:
    """One decision. `previous` is the hash of the one before, `hash` that of all else in here.

    A changed, added or missing record before the last one shows. Cutting off the end does not:
    where that matters, keep a copy elsewhere, or run the MLflow server with its access control.
    """

    number: int
    action: Literal["approve", "reject"]
    version: str
    by: str
    reason: str
    on: str
    fingerprint: str
    previous: str
    hash: str


def approve(root: Path, version: str, *, by: str, reason: str, on: date) -> Review:
    """The version is champion from `on`; the champion before becomes challenger.

    Raises `UsageError` for a version that is not registered, a missing name or reason, or a day
    before the last review's; `NotApproved` where its checks failed and no override was recorded.
    """
    facts = version_facts(root, version)
    if facts.get("verdict") not in ("pass", "pass with conditions") and not facts.get(
        "override_reason"
    ):
        raise NotApproved(
            f"version {version}: its verdict is '{facts.get('verdict', 'not recorded')}' and no "
            f"override was recorded. Read `riskmodel review show {version}`; run it again, or with "
            "publish.override_reason."
        )
    return _recorded(
        root,
        Review(0, "approve", version, by, reason, on.isoformat(), facts["fingerprint"], "", ""),
    )


def reject(root: Path, version: str, *, by: str, reason: str, on: date) -> Review:
    """The version may not be used from `on`; if it was in force, none is until one is approved."""
    fingerprint = version_facts(root, version)["fingerprint"]
    return _recorded(
        root, Review(0, "reject", version, by, reason, on.isoformat(), fingerprint, "", "")
    )


def in_force(root: Path, on: date) -> str | None:
    """The version that reviews up to and including `on` allow, or None.

    It is the last one approved, unless that very version was rejected after it.
    """
    return _champions([one for one in reviews(root) if one.on <= on.isoformat()]).get(CHAMPION)


def listing(root: Path) -> pd.DataFrame:
    """A row a version, the newest first: the registry's columns and its last review."""
    log = pd.DataFrame([asdict(one) for one in reviews(root)], columns=COLUMNS, dtype="object")
    last = log.drop_duplicates("version", keep="last").drop(columns=["number", "fingerprint"])
    return versions(root).merge(last.astype("str"), on="version", how="left", validate="1:1")


def show(root: Path, version: str) -> str:
    """The version's model card, its facts and its reviews, as text."""
    facts = version_facts(root, version)
    card = facts.pop("description")
    named = "\n".join(f"{key}: {value}" for key, value in sorted(facts.items()))
    mine = [one for one in reviews(root) if one.version == version]
    said = "\n".join(f"{one.on} {one.action} by {one.by}: {one.reason}" for one in mine)
    return f"default-risk version {version}\n\n{card}\n\n{named}\n\n{said or 'not reviewed yet'}\n"


def reviews(root: Path) -> list[Review]:
    """The log, oldest first; `DataError` if a record is not what was written."""
    path = _log(root)
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").splitlines()
    found: list[Review] = []
    for number, line in enumerate(lines, start=1):
        one = _read(line)
        expected = found[-1].hash if found else FIRST
        if (
            one is None
            or (one.number, one.previous) != (number, expected)
            or _hash(one) != one.hash
        ):
            raise DataError(
                f"{path.name}: record {number} of {len(lines)} is not what was written. "
                "Restore the log from a copy; no version counts as approved until then."
            )
        found.append(one)
    return found


def _recorded(root: Path, review: Review) -> Review:
    """The review, appended to the log and on disk; then the aliases follow."""
    if not review.by.strip() or not review.reason.strip():
        raise UsageError("review: --by and --reason must say something. Give both.")
    path = _log(root)
    with held(path.with_name(".reviews.lock")):
        before = reviews(root)
        if before and review.on < before[-1].on:
            raise UsageError(
                f"review: {review.on} is before the last review ({before[-1].on}). "
                "Give a later day."
            )
        linked = asdict(review) | {
            "number": len(before) + 1,
            "previous": before[-1].hash if before else FIRST,
        }
        whole = Review(**(linked | {"hash": _hash(Review(**linked))}))
        with path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(asdict(whole), ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        point_aliases(root, _champions([*before, whole]))
    return whole


def _champions(log: list[Review]) -> dict[str, str]:
    """Which version each alias names after these reviews."""
    named: dict[str, str] = {}
    for one in log:
        former = named.get(CHAMPION)
        if one.action == "approve":
            named = {alias: version for alias, version in named.items() if version != one.version}
            if former and former != one.version:
                named[CHALLENGER] = former
            named[CHAMPION] = one.version
        else:
            named = {alias: version for alias, version in named.items() if version != one.version}
    return named


def _log(root: Path) -> Path:
    return root / "experiments" / "reviews.jsonl"


def _read(line: str) -> Review | None:
    try:
        return Review(**json.loads(line))
    except (ValueError, TypeError):
        return None


def _hash(review: Review) -> str:
    content = {key: value for key, value in asdict(review).items() if key != "hash"}
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode("utf-8")).hexdigest()


def in_force_now(root: Path) -> str | None:
    """The version in force today."""
    return in_force(root, date.today())
