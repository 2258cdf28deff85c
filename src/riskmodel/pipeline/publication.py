"""The last stage: the model into the registry, each bank's rows into its own folder."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from riskmodel import months
from riskmodel.pipeline.approved_model import approved_of
from riskmodel.pipeline.recipients import banks_with_rows, nothing_to_publish, without_rows_text
from riskmodel.pipeline.stages import champion_of, policy_of, refuse_breaches, unknown_values
from riskmodel.publish.bank_files import publish_bank
from riskmodel.publish.publication import Publication, PublicationFacts
from riskmodel.publish.rows import report_rows
from riskmodel.registry import versions
from riskmodel.registry.versions import Registration
from riskmodel.runs.run_folder import Run
from riskmodel.settings import Settings
from riskmodel.statistics.outward_rounding import format_interval

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
class Published:
    """What each bank was given, or why nothing was published.

    `refused` where the checks forbid it, `nothing` where there is nothing to publish;
    `without_rows` are the banks that nobody has signed with: they are given no folder.
    """

    publications: pd.DataFrame
    refused: str
    nothing: str
    without_rows: tuple[str, ...]

    @property
    def text(self) -> str:
        """What became of it, in words."""
        if self.refused or self.nothing:
            return f"Nothing is published: {self.refused or self.nothing}."
        if not self.without_rows:
            return "The limits are written."
        return f"The limits are written; {without_rows_text(self.without_rows)}."


def publish(run: Run) -> Published:
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
        published = _published(run, facts, with_rows)
    run.write("publish", publications=published.drop(columns="folder"))
    record = {"refused": refused, "override": override, "version": version}
    said = {"nothing_to_publish": nothing, "without_rows": list(without_rows)}
    run.write_json("publish", "publication", record | said)
    return Published(published, refused, nothing, without_rows)


def _published(run: Run, facts: PublicationFacts, banks: tuple[str, ...]) -> pd.DataFrame:
    recommendations = run.read("limits", "recommendations")
    rows = report_rows(recommendations, run.read("explain", "reasons"), facts=facts)
    day = _day(run.settings)
    folder = run.folder / "publish" / "preview" if run.by_hand else run.root / "data" / "published"
    parts = run.read("limits", "rows")
    found = [
        publish_bank(
            rows[rows["bank"] == bank],
            bank=bank,
            as_of=day,
            folder=folder,
            facts=facts,
            part=parts[parts["bank"] == bank],
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
    if run.by_hand or not tracked:
        return UNREGISTERED
    if run.settings.model.source == "champion":
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


def headline(run: Run) -> dict[str, str]:
    """Ranking and calibration of the champion on the test rows, as text; that there are none of both
    outcomes, where nothing could be measured."""
    figures = run.read("validate", "performance")
    name = run.read_json("model", "champion")["name"]
    facts, blind = run.read_json("datasets", "population"), run.read("model", "blind")
    mine = figures[(figures["model"] == name) & (figures["split"] == "test")].set_index("metric")
    if mine.empty:
        return {"AUC": "not known: no test rows of both outcomes", "Outcome": str(facts["outcome"])}
    auc, ratio = mine.loc["auc"], mine.loc["realised_to_expected"]
    place = "out of time" if blind.empty else "out of time and of enterprise"
    place = place if facts["by_time"] else "cross-validated, not out of time"
    return {
        f"AUC ({place})": f"{auc.figure:.3f} ({format_interval(auc.low, auc.high, '.3f')})",
        "Realised over expected defaults": f"{ratio.figure:.2f} ({format_interval(ratio.low, ratio.high, '.2f')})",
        "Test rows and defaults": f"{auc.rows:,.0f} and {auc.defaults:,.0f}",
        "Outcome": str(facts["outcome"]),
    }


def model_card(run: Run) -> str:
    """The model card in Markdown: what it predicts, how it did, what was checked."""
    checks = run.read("validate", "checks")
    lines = [f"| {label} | {value} |" for label, value in headline(run).items()]
    words = [
        f"| {row.check} | {'pass' if row.passed else 'fail'} | {row.text} |"
        for row in checks.itertuples()
    ]
    champion = champion_of(run)
    return "\n".join(
        [
            f"**{champion.name}**: {len(champion.inputs)} features, grades {champion.grades.names}.",
            f"{run.read_json('datasets', 'population')['split']}",
            champion.learnt_from,
            "",
            "| figure | value (95 % interval) |",
            "|---|---|",
            *lines,
            "",
            "| check | result | found |",
            "|---|---|---|",
            *words,
            "",
            *(f"- {text}" for text in run.settings.validate_.limitations),
            *(f"- {text}" for text in unknown_values(run, champion.name)),
        ]
    )


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
        limitations=(*settings.validate_.limitations, *unknown_values(run, champion.name)),
        conditions=tuple(conceded["check"] + ": " + conceded["text"]),
        headline=headline(run),
        outcome_name=str(run.read_json("datasets", "population")["outcome"]),
        agreements_left_out=int(run.read_json("limits", "left_out")["agreements"]),
    )


def _day(settings: Settings) -> date:
    return date.fromisoformat(str(settings.run.as_of))
