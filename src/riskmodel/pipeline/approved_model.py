"""The approved champion, for runs that score without fitting: which one, and what it is for.

A run asks once, as it begins, what is in force on its own as-of date, keeps the answer in its
`run.json` and uses that version to its end, whatever is reviewed meanwhile.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from riskmodel.errors import DataError, NotApproved, SettingsError
from riskmodel.model import RiskModel
from riskmodel.registry.intended_use import (
    EVER,
    GIVEN,
    IntendedUse,
    differences,
    intended_use_from,
    own_programme,
    programme_name,
)
from riskmodel.runs.run_folder import Run
from riskmodel.settings import DatasetsSettings, Settings, read_toml

IN_FORCE = "in_force"


@dataclass(frozen=True)
class Approved:
    """A version that a recorded review put in force, the model's fingerprint, and the review's day."""

    version: str
    fingerprint: str
    since: str


def approved_for(settings: Settings, policy: str, root: Path) -> Approved | None:
    """The version that scores a run: the one in force on its as-of date; None where it fits.

    `policy` is the text of its terms. `SettingsError` where its settings say already that the
    version is for something else; the labels' own horizon is held in the stage model.
    """
    from riskmodel.registry import versions

    if settings.model.source != "score_champion":
        return None
    programme = programme_name(tomllib.loads(policy), settings.limits.policy)
    approved = approved_version(root, _day(settings), programme)
    its = intended_use_from(versions.version_facts(root, approved.version))
    stated: str = settings.datasets.population
    kind = its.population if stated == "auto" else stated
    horizon = its.horizon_months if kind == "outcomes" else str(settings.datasets.horizon_months)
    _refuse_others(its, _purpose(programme, kind, horizon, settings.datasets), approved)
    return approved


def approved_version(root: Path, on: date, programme: str | None = None) -> Approved:
    """The version in force on the day for the programme (None: the root's own).

    `NotApproved` where there is none, or where its number stands for another model today.
    """
    from riskmodel.registry import review, versions

    found = review.approval_in_force(root, on, programme)
    if found is None:
        raise NotApproved(_none_in_force(root, on, programme))
    listed = versions.versions(root).set_index("version")["fingerprint"]
    if listed.get(found.version) != found.fingerprint:
        state = "is not registered any more" if found.version not in listed else "is another model"
        raise NotApproved(
            f"version {found.version}, approved on {found.on}, {state}: what was approved was"
            " deleted. Run its experiment again and approve the version that comes."
        )
    return Approved(found.version, found.fingerprint, found.on)


def approved_texts(root: Path, approved: Approved) -> dict[str, str]:
    """The approved model's texts; `NotApproved` if they are not what was approved."""
    from riskmodel.registry import versions

    texts = versions.load_version(root, approved.version)
    if versions.version_facts(root, approved.version)["fingerprint"] != approved.fingerprint:
        raise NotApproved(
            f"version {approved.version} is another model than the one that was approved on"
            f" {approved.since}. Run its experiment again and approve the version that comes."
        )
    return texts


def approved_model(run: Run) -> RiskModel:
    """The version that the run uses, its hashes verified, for what the run is for."""
    approved = approved_of(run)
    texts = approved_texts(run.root, approved)
    model = model_from(texts, approved.version, threads=run.settings.run.threads)
    wanted = intended_use_of(run, run.read_json("datasets", "population"))
    _refuse_others(intended_use_from(model.facts.get("purpose", {})), wanted, approved)
    return model


def approved_of(run: Run) -> Approved:
    """The version that the run began with; tried by hand, that of the run before."""
    for folder in (run.folder, run.before):
        known = Run(folder, folder, run.settings).record().get(IN_FORCE)
        if known:
            return Approved(**known)
    return approved_version(run.root, _day(run.settings), programme_of_terms(run))


def as_record(approved: Approved | None) -> dict[str, str] | None:
    """Return what `run.json` keeps; None where the run fits its model itself."""
    return asdict(approved) if approved else None


def model_from(texts: Mapping[str, str], version: str, *, threads: int = 1) -> RiskModel:
    """The registered model; `DataError` where its texts are no model of this package."""
    try:
        return RiskModel.from_files(texts, threads=threads)
    except DataError:
        raise
    except Exception as error:  # whatever a reader of its kind makes of foreign texts
        raise DataError(
            f"version {version}: its texts are no model that this package reads"
            f" ({type(error).__name__}). Run its experiment again and approve that."
        ) from error


def intended_use_of(run: Run, population: Mapping[str, Any]) -> IntendedUse:
    """Return the intended use of the run's model, as its terms, its settings and its labels say."""
    return _purpose(
        programme_of_terms(run),
        population["kind"],
        EVER if population["horizon_months"] is None else str(population["horizon_months"]),
        run.settings.datasets,
    )


def programme_of_terms(run: Run) -> str:
    """The programme whose terms the run keeps."""
    terms = read_toml(run.path_of(".", "policy.toml"))
    return programme_name(terms, run.settings.limits.policy)


def texts_to_score(
    root: Path, version: str | None, programme: str | None
) -> tuple[str, dict[str, str]]:
    """The version to score files with, and its texts: the named one, or that in force today.

    `NotApproved` for a version that is for another programme than the named one (None: the root's
    own), or for another outcome than the version in force.
    """
    from riskmodel.registry import review, versions

    wanted = own_programme(root) if programme is None else programme
    if version is None:
        approved = approved_version(root, review.today(), wanted)
        version, texts = approved.version, approved_texts(root, approved)
    else:
        texts = versions.load_version(root, version)
    its = intended_use_from(model_from(texts, version).facts.get("purpose", {}))
    differing = differences(its, IntendedUse(wanted)) or differences(its, _in_force(root, wanted))
    if differing:
        raise NotApproved(
            f"version {version} is for something else than these enterprises: {differing}."
            " Take a version of this programme, or name the version's own by --programme."
        )
    return version, texts


def _refuse_others(its: IntendedUse, wanted: IntendedUse, approved: Approved) -> None:
    differing = differences(its, wanted)
    if differing:
        raise SettingsError(
            f"version {approved.version} is for something else than this run: {differing}."
            " Correct the run's settings or data, or approve a version that was fitted for it."
        )


def _in_force(root: Path, programme: str) -> IntendedUse:
    """The purpose of the version in force today, as its tags say; nothing where there is none."""
    from riskmodel.registry import review, versions

    version = review.version_in_force_today(root, programme)
    if version is None or version not in versions.versions(root)["version"].tolist():
        return IntendedUse()
    return intended_use_from(versions.version_facts(root, version))


def _purpose(programme: str, kind: str, horizon: str, settings: DatasetsSettings) -> IntendedUse:
    if kind == "outcomes":
        return IntendedUse(programme, kind, horizon, GIVEN, GIVEN)
    tiers = " ".join(sorted(settings.default_definition.tiers))
    return IntendedUse(
        programme, kind, horizon, str(settings.default_definition.days_past_due), tiers
    )


def _none_in_force(root: Path, on: date, programme: str | None) -> str:
    """Say why there is none, and what to do: the version of a later day is named with that day."""
    from riskmodel.registry import review

    wanted = own_programme(root) if programme is None else programme
    whose = f" of the programme '{wanted}'" if wanted else ""
    begun = f"model.source = 'score_champion': no model{whose} is in force on {on}"
    later = review.approval_in_force(root, review.today(), wanted)
    if later is not None and later.on > on.isoformat():
        return (
            f"{begun}. Version {later.version} is, from {later.on}: run as of that day or a later"
            " one. Months of before are replayed with a version whose first `riskmodel review"
            " approve` was given --on such a day."
        )
    nameless = review.approval_in_force(root, on, "")
    if wanted and nameless is not None and not nameless.programme:
        return (
            f"{begun}. Version {nameless.version} was approved before versions said what they are"
            " for: run its experiment again and approve the version that comes."
        )
    return (
        f"{begun}. Approve a version with `riskmodel review approve VERSION --on DATE`, a day up"
        " to then, or fit one."
    )


def _day(settings: Settings) -> date:
    return date.fromisoformat(str(settings.run.as_of))
