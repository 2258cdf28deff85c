"""Reviews of model versions: an append-only log, and the aliases that follow it.

One registry and one log serve several programmes. A version carries what it is for; a review is of
its version's programme, and so is what is in force. The aliases `champion` and `challenger` are the
root's own programme's, others' are `champion_<programme>` and `challenger_<programme>`: a version
for another programme never takes the alias of this one.
"""

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import pandas as pd

from riskmodel.errors import DataError, NotApproved, UsageError
from riskmodel.registry.intended_use import differences, intended_use_from, own_programme
from riskmodel.registry.versions import CHALLENGER, CHAMPION, point_aliases, version_facts, versions
from riskmodel.storage.locks import hold_lock

LOG = "reviews.jsonl"
FIRST = "0" * 64
COLUMNS = ["number", "action", "version", "by", "reason", "on", "fingerprint"]


@dataclass(frozen=True)
class Review:
    """One decision. `previous` is the hash of the one before, `hash` that of all else in here.

    A changed, added or missing record before the last one shows. Cutting off the end does not:
    where that matters, keep a copy elsewhere, or run the MLflow server with its access control.
    `on` is the day from which it counts; `programme` is that of its version, "" in records of
    before versions carried one (their hash leaves it out).
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
    programme: str = ""


def approve(
    root: Path, version: str, *, by: str, reason: str, on: date, programme: str | None = None
) -> Review:
    """The version is champion from `on`; the champion before becomes challenger.

    `programme` is the one that it is approved for (None: the root's own). Raises `UsageError` for a
    version that is not registered, a missing name or reason, a day after today or before the last
    review's; `NotApproved` where its checks failed and no override was recorded, where it is for
    another programme, or for another outcome than the version in force.
    """
    _refuse_days_to_come(on)
    facts = version_facts(root, version)
    if facts.get("verdict") not in ("pass", "pass with conditions") and not facts.get(
        "override_reason"
    ):
        raise NotApproved(
            f"version {version}: its verdict is '{facts.get('verdict', 'not recorded')}' and no "
            f"override was recorded. Read `riskmodel review show {version}`; run it again, or with "
            "publish.override_reason."
        )
    wanted = own_programme(root) if programme is None else programme
    _refuse_other_purposes(root, version, facts, wanted)
    return _append_review(root, _review("approve", version, by, reason, on, facts))


def reject(root: Path, version: str, *, by: str, reason: str, on: date) -> Review:
    """The version may not be used from `on`; if it was in force, none is until one is approved."""
    _refuse_days_to_come(on)
    facts = version_facts(root, version)
    return _append_review(root, _review("reject", version, by, reason, on, facts))


def version_in_force(root: Path, on: date, programme: str | None = None) -> str | None:
    """The version that reviews up to and including `on` allow, or None.

    It is the last one approved for the programme (None: the root's own), unless that very version
    was rejected after it.
    """
    found = approval_in_force(root, on, programme)
    return found.version if found else None


def approval_in_force(root: Path, on: date, programme: str | None = None) -> Review | None:
    """The review by which a version is in force on the day, with the fingerprint it was of."""
    wanted = own_programme(root) if programme is None else programme
    log = [one for one in _of(wanted, reviews(root)) if one.on <= on.isoformat()]
    champion = _champions(log).get(CHAMPION)
    mine = [one for one in log if (one.version, one.action) == (champion, "approve")]
    return mine[-1] if mine else None


def _refuse_other_purposes(root: Path, version: str, facts: dict[str, str], wanted: str) -> None:
    its = intended_use_from(facts)
    if wanted and its.programme != wanted:
        stated = f"for the programme '{its.programme}'" if its.programme else "for none by name"
        raise NotApproved(
            f"version {version} is {stated}, not for '{wanted}' ({its.words}). Approve one that"
            " was fitted under the terms of this programme, or name its own by --programme."
        )
    former = approval_in_force(root, today(), its.programme)
    if former is None or former.version == version:
        return
    try:
        asked = intended_use_from(version_facts(root, former.version))
    except UsageError:
        return  # the version in force was deleted: nothing is left that it could be held against
    differing = differences(its, asked)
    if differing:
        raise NotApproved(
            f"version {version} is for another outcome than version {former.version}, which is in"
            f" force: {differing}. Fit it for the same, or reject version {former.version} first."
        )


def _review(
    action: Literal["approve", "reject"],
    version: str,
    by: str,
    reason: str,
    on: date,
    facts: dict[str, str],
) -> Review:
    """A review that is not linked to the log yet."""
    print_, programme = facts["fingerprint"], facts.get("programme", "")
    return Review(0, action, version, by, reason, on.isoformat(), print_, "", "", programme)


def list_versions(root: Path) -> pd.DataFrame:
    """A row a version, the newest first: the registry's columns and its last review."""
    log = pd.DataFrame([asdict(one) for one in reviews(root)], columns=COLUMNS, dtype="object")
    last = log.drop_duplicates("version", keep="last").drop(columns=["number", "fingerprint"])
    return versions(root).merge(last.astype("str"), on="version", how="left", validate="1:1")


def describe_version(root: Path, version: str) -> str:
    """The version's model card, its facts and its reviews, as text."""
    facts = version_facts(root, version)
    model_card = facts.pop("description")
    named = "\n".join(f"{key}: {value}" for key, value in sorted(facts.items()))
    mine = [one for one in reviews(root) if one.version == version]
    said = "\n".join(f"{one.on} {one.action} by {one.by}: {one.reason}" for one in mine)
    return f"default-risk version {version}\n\n{model_card}\n\n{named}\n\n{said or 'not reviewed yet'}\n"


def reviews(root: Path) -> list[Review]:
    """The log, oldest first; `DataError` if a record is not what was written."""
    lines = _lines(_log(root))
    found: list[Review] = []
    for number, line in enumerate(lines, start=1):
        one = _parse_review(line)
        expected = found[-1].hash if found else FIRST
        if (
            one is None
            or (one.number, one.previous) != (number, expected)
            or _hash(one) != one.hash
        ):
            raise DataError(
                f"{LOG}: record {number} of {len(lines)} is not what was written. "
                "Restore the log from a copy; no version counts as approved until then."
            )
        found.append(one)
    return found


def _append_review(root: Path, review: Review) -> Review:
    """The review, appended to the log and on disk; then the aliases follow."""
    _refuse_unsaid(review)
    path = _log(root)
    with hold_lock(path.with_name(".reviews.lock")):
        before = reviews(root)
        _refuse_other_days(review, before)
        linked = asdict(review) | {
            "number": len(before) + 1,
            "previous": before[-1].hash if before else FIRST,
        }
        whole = Review(**(linked | {"hash": _hash(Review(**linked))}))
        with path.open("a", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(asdict(whole), ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
        _point(root, [*before, whole])
    return whole


def _refuse_unsaid(review: Review) -> None:
    if not review.by.strip() or not review.reason.strip():
        raise UsageError("review: --by and --reason must say something. Give both.")
    try:
        (review.by + review.reason).encode("utf-8")
    except UnicodeEncodeError:
        raise UsageError("review: --by or --reason is not UTF-8 text. Type it anew.") from None


def _refuse_days_to_come(on: date) -> None:
    if on > today():
        raise UsageError(f"review: {on} is after today ({today()}). Give today or an earlier day.")


def _refuse_other_days(review: Review, before: list[Review]) -> None:
    """No review counts before one that counts already.

    A day to come, as an older version of this package recorded it, binds nobody.
    """
    day = today().isoformat()
    counted = [one.on for one in _of(review.programme, before) if one.on <= day]
    if counted and review.on < max(counted):
        raise UsageError(
            f"review: {review.on} is before the last review ({max(counted)}). Give a later day."
        )


def _point(root: Path, log: list[Review]) -> None:
    """The aliases of every programme that the log speaks of follow it."""
    own, day = own_programme(root), today().isoformat()
    counted = [one for one in log if one.on <= day]
    named = {one.programme for one in log if one.programme} | {own} if own else {""}
    wanted: dict[str, str] = {}
    for programme in named:
        end = "" if programme == own else f"_{programme}"
        found = _champions(_of(programme, counted))
        wanted |= {alias + end: version for alias, version in found.items()}
    ends = ["" if programme == own else f"_{programme}" for programme in named]
    point_aliases(root, wanted, [alias + end for alias in (CHAMPION, CHALLENGER) for end in ends])


def _of(programme: str, log: list[Review]) -> list[Review]:
    """The reviews of the programme's versions; all of them where it has no name."""
    return [one for one in log if not programme or one.programme == programme]


def _champions(log: list[Review]) -> dict[str, str]:
    """Return the version that each alias names after these reviews."""
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
    return root / "experiments" / LOG


def _lines(path: Path) -> list[str]:
    """The log's lines; other ends of lines than ours may stand in a reason."""
    if not path.exists():
        return []
    try:
        lines = path.read_bytes().decode("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        cause = "not UTF-8" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise DataError(
            f"{LOG}: not readable ({cause}). "
            "Restore the log from a copy; no version counts as approved until then."
        ) from None
    return lines[:-1] if lines[-1] == "" else lines


def _parse_review(line: str) -> Review | None:
    try:
        return Review(**json.loads(line))
    except (ValueError, TypeError, RecursionError):
        return None


def _hash(review: Review) -> str:
    content = {key: value for key, value in asdict(review).items() if key != "hash"}
    if not review.programme:
        del content["programme"]  # records of before it was kept stand as they were
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode("utf-8")).hexdigest()


def today() -> date:
    """The day that no review lies after."""
    return date.today()


def version_in_force_today(root: Path, programme: str | None = None) -> str | None:
    """The version in force today."""
    return version_in_force(root, today(), programme)
