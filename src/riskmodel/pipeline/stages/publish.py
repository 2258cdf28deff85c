"""The stage `publish`: the model registered, and each bank's rows written to its own folder."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from riskmodel import limits as lending
from riskmodel import months
from riskmodel.errors import ChecksFailed
from riskmodel.pipeline.approved_model import approved_of
from riskmodel.pipeline.artifacts.model import champion_of, unknown_values
from riskmodel.pipeline.artifacts.terms import (
    agreements_of,
    policy_of,
    programme_of,
    scored_of,
    terms_of,
)
from riskmodel.pipeline.model_card import describe_coverage, headline, model_card
from riskmodel.pipeline.recipients import banks_with_rows, nothing_to_publish, without_rows_text
from riskmodel.publish.bank_files import publish_bank
from riskmodel.publish.publication import Publication, PublicationFacts
from riskmodel.publish.rows import report_rows
from riskmodel.registry import versions
from riskmodel.registry.versions import Registration
from riskmodel.runs.run_folder import Run
from riskmodel.runs.stage_inputs import StageInputs
from riskmodel.settings import Settings
from riskmodel.tables.run.declaration import conform_all
from riskmodel.tables.run.publish import TABLES

INPUTS = StageInputs(
    "publish",
    settings=("run", "features", "datasets", "model", "validate", "limits", "publish"),
    stages=("sources", "features", "datasets", "model", "explain", "validate", "limits"),
)

UNREGISTERED = "unregistered"
COLUMNS = [
    "bank",
    "as_of",
    "revision",
    "rows",
    "offers",
    "limit_cny",
    "expected_loss_cny",
    "folder",
]


@dataclass(frozen=True)
class PublishResult:
    """The banks' publications, or the reason why nothing was published.

    `refused` where the checks forbid it, `nothing` where there is nothing to publish;
    `without_rows` are the banks that nobody has signed with: they are given no folder.
    """

    publications: pd.DataFrame
    refused: str
    nothing: str
    without_rows: tuple[str, ...]

    @property
    def text(self) -> str:
        """Return the outcome in words."""
        if self.refused or self.nothing:
            return f"Nothing is published: {self.refused or self.nothing}."
        if not self.without_rows:
            return "The limits are written."
        return f"The limits are written; {without_rows_text(self.without_rows)}."


def publish_limits(run: Run) -> PublishResult:
    """Each bank's files; nothing where the verdict is "fail" and no override is recorded.

    `ChecksFailed` where the book breaks a term, whatever override is recorded. Tried by hand, the
    files go into the run's own folder and no model is registered.
    """
    run.begin("publish")
    verdict = run.read_json("validate", "verdict")
    override = run.settings.publish.override_reason
    refused = ""
    if verdict["verdict"] == "fail" and not override:
        checks = len(run.read("validate", "checks"))
        failed = verdict["failed"]
        refused = f"{len(failed)} of {checks} checks failed: {', '.join(failed)}"
    if not refused:
        refuse_breaches(run)
    version = _version(run, verdict)
    facts = _facts(run, verdict, version)
    published = pd.DataFrame(columns=COLUMNS)
    with_rows, without_rows = banks_with_rows(run)
    nothing = "" if with_rows else nothing_to_publish(run)
    if with_rows and not refused:
        published = _publish_banks(run, facts, with_rows)
    run.write("publish", **conform_all(TABLES, publications=published.drop(columns="folder")))
    record = {"refused": refused, "override": override, "version": version}
    said = {"nothing_to_publish": nothing, "without_rows": list(without_rows)}
    run.write_json("publish", "publication", record | said)
    return PublishResult(published, refused, nothing, without_rows)


def refuse_breaches(run: Run) -> None:
    """Raise `ChecksFailed` where the run's recommendations are not what its terms allow."""
    programme, terms = programme_of(run), terms_of(run)
    found = lending.find_breaches(
        run.read("limits", "recommendations"),
        scored_of(run, programme),
        agreements_of(run, programme.source, terms.banks)[1],
        terms,
        grid=run.settings.limits.limit_levels,
    )
    if found:
        raise ChecksFailed(
            f"{run.name}: nothing was published, the limits break {len(found)} terms"
            f" ({'; '.join(found[:6])}). Remove the run's folder limits, then give the same command"
            " again."
        )


def _publish_banks(run: Run, facts: PublicationFacts, banks: tuple[str, ...]) -> pd.DataFrame:
    recommendations = run.read("limits", "recommendations")
    rows = report_rows(recommendations, run.read("explain", "reasons"), facts=facts)
    day = _day(run.settings)
    folder = (
        run.folder / "publish" / "preview"
        if run.is_interactive
        else run.root / "data" / "published"
    )
    parts = run.read("limits", "constraints")
    found = [
        publish_bank(
            rows[rows["bank"] == bank],
            bank=bank,
            as_of=day,
            folder=folder,
            facts=facts,
            constraints=parts[parts["bank"] == bank],
        )
        for bank in banks
    ]
    return pd.DataFrame([_line(one, run) for one in found], columns=COLUMNS)


def _line(one: Publication, run: Run) -> tuple[Any, ...]:
    manifest = one.manifest
    return (
        manifest["bank"],
        manifest["as_of"],
        one.revision,
        manifest["row_count"],
        manifest["offers"],
        manifest["sums"]["limit_cny"],
        manifest["sums"]["expected_loss_cny"],
        one.folder.relative_to(run.root).as_posix(),
    )


def _version(run: Run, verdict: dict[str, Any]) -> str:
    """The model's version in the registry."""
    tracked = run.record().get("mlflow_run_id")
    if run.is_interactive or not tracked:
        return UNREGISTERED
    if run.settings.model.source == "score_champion":
        return approved_of(run).version
    champion = champion_of(run)
    tags = {
        "verdict": verdict["verdict"],
        "override_reason": run.settings.publish.override_reason,
        "run": run.name,
        "outcome": str(champion.facts["outcome"]),
        **champion.facts["purpose"],
    }
    registration = Registration(
        champion.to_files(), champion.inputs, champion.fingerprint, model_card(run), tags
    )
    return versions.register(run.root, tracked, registration)


def _facts(run: Run, verdict: dict[str, Any], version: str) -> PublicationFacts:
    champion, settings = champion_of(run), run.settings
    checks = run.read("validate", "checks")
    conceded = checks[checks["check"].isin(verdict["conditions"])]
    return PublicationFacts(
        run_id=run.name,
        attempt=int(run.record().get("attempt", 1)),
        model_name=champion.name,
        model_version=version,
        model_fingerprint=champion.fingerprint,
        data_fingerprint=str(champion.facts["data_fingerprint"]),
        policy=policy_of(run).model_dump(mode="json"),
        valid_until=months.shifted(_day(settings), settings.publish.valid_months),
        verdict=verdict["verdict"],
        override_reason=settings.publish.override_reason,
        checks=checks,
        limitations=(
            *settings.validate_.limitations,
            *unknown_values(run, champion.name),
            *describe_coverage(run),
        ),
        conditions=tuple(conceded["check"] + ": " + conceded["text"]),
        headline=headline(run),
        outcome_name=str(run.read_json("datasets", "population")["outcome"]),
        agreements_left_out=int(run.read_json("limits", "excluded_banks")["agreements"]),
    )


def _day(settings: Settings) -> date:
    return date.fromisoformat(str(settings.run.as_of))
