"""Settings and terms of a run, parsed and checked before its first stage: every fault at once."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from riskmodel import months
from riskmodel.errors import DataError, SettingsError
from riskmodel.features import DEFINITIONS, definitions_by_name
from riskmodel.features.attributes import (
    Kind,
    attribute_definitions,
    attribute_kinds,
    stray_attributes,
    stray_fault,
)
from riskmodel.features.spec import FeatureDefinition
from riskmodel.limits.agreements import agreements_in_force
from riskmodel.limits.constraints import refuse_closed_constraints
from riskmodel.limits.policy import (
    ATTRIBUTE,
    Banks,
    Policy,
    banks_from,
    features_by_key,
    policy_from,
)
from riskmodel.pipeline.bank_exclusions import refuse_unknown_banks
from riskmodel.pipeline.last_run import read_last_run
from riskmodel.settings import (
    Layers,
    Settings,
    load_settings,
    parse_toml,
    read_layers,
    read_text,
    sound_settings,
)
from riskmodel.settings.retired import VALUES
from riskmodel.sources import Source
from riskmodel.sources.checks.columns import read_table
from riskmodel.sources.checks.validate_rows import validate_rows
from riskmodel.sources.layout import nearest, table_files
from riskmodel.tables.canonical import CANONICAL
from riskmodel.validate.checks import CHECKS

Read = TypeVar("Read")
AUTO = "auto"


@dataclass(frozen=True)
class RunPlan:
    """The settings of a run, its terms, and the terms' texts by the run's file names."""

    settings: Settings
    policy: Policy
    banks: Banks
    texts: Mapping[str, str]


@dataclass(frozen=True)
class _Parsed:
    """The parts that could be read; None for others, defaults in place of single bad settings."""

    settings: Settings
    policy: Policy | None
    banks: Banks | None


@dataclass(frozen=True)
class _Files:
    """The terms' files beside an experiment; `texts` takes what was read, by the run's names."""

    experiment: Path
    layers: Layers
    texts: dict[str, str]

    def values(self, kind: str) -> tuple[Mapping[str, object], str]:
        """The values of the policy's or the banks' file, and the file's name."""
        named = self.layers.tables["limits"][kind]
        path = self.experiment.parent / str(named)
        if not isinstance(named, str) or not path.is_file():
            there = isinstance(named, str) and named and os.path.lexists(path)
            state = "is no file, but stands" if there else "is not"
            raise SettingsError(
                f"limits.{kind}: {named} {state} beside {self.experiment.name}. Put the file there,"
                " or name another."
            )
        self.texts[f"{kind}.toml"] = read_text(path)
        return parse_toml(self.texts[f"{kind}.toml"], path.name), path.name


def plan_run(
    experiment: Path, assignments: Sequence[str], named_banks: Sequence[str], root: Path
) -> RunPlan:
    """The settings, the policy and the banks, parsed and held against one another and the data.

    Raises one `SettingsError` with every fault of all three and of the words after them.
    """
    faults: list[str] = []
    settings = _collect_faults(lambda: load_settings(experiment, assignments), faults)
    texts: dict[str, str] = {}
    layers = read_layers(experiment, assignments)
    files = _Files(experiment, layers, texts)
    policy = _collect_faults(lambda: policy_from(*files.values("policy")), faults)
    banks = _collect_faults(lambda: banks_from(*files.values("banks")), faults)
    parsed = _Parsed(settings or sound_settings(layers), policy, banks)
    faults += _mismatches(parsed, named_banks, root)
    if faults or settings is None or policy is None or banks is None:
        raise SettingsError(*dict.fromkeys(faults))
    return RunPlan(settings, policy, banks, texts)


def _collect_faults(read: Callable[[], Read], faults: list[str]) -> Read | None:
    """Return what `read` returns; None, and its faults among the others, where it is refused."""
    try:
        return read()
    except SettingsError as error:
        faults.extend(error.faults)
        return None


def _mismatches(parsed: _Parsed, named_banks: Sequence[str], root: Path) -> Iterator[str]:
    """Yield a sentence for each name of something that is not there."""
    settings, policy, banks = parsed.settings, parsed.policy, parsed.banks
    if policy is not None and banks is not None:
        faults: list[str] = []
        _collect_faults(lambda: refuse_closed_constraints(banks, policy.caps.min_limit_cny), faults)
        yield from faults
    if banks is not None:
        yield from _unknown_banks(named_banks, banks)
    kinds = _attributes(settings)
    yield from _unknown_features(settings, kinds)
    yield from _unknown_checks(settings)
    yield from _missing_last_run(settings, root)
    if policy is not None:
        yield from _absent_attributes(policy, settings, kinds)
        yield from _absent_curve(policy, settings)


def _unknown_banks(named: Sequence[str], banks: Banks) -> Iterator[str]:
    for bank in named:
        if bank not in banks.names:
            known = ", ".join(banks.names)
            yield f"--bank {bank}: no such bank in the banks' file. Known: {known}."


def _attributes(settings: Settings) -> dict[str, Kind] | None:
    """The kinds of the columns of `attributes`, from the files' schemas alone; None if unknown.

    A folder that is not readable is for the stage `sources` to refuse.
    """
    try:
        files = table_files(Path(settings.run.data)) if settings.run.data else None
        if files is None:
            return None
        schemas = [pq.read_schema(path) for path in files.get("attributes", ())]
    except (DataError, OSError, ValueError, pa.ArrowException):
        return None
    found: dict[str, Kind] = {}
    for schema in schemas:
        found |= attribute_kinds(schema)
    return found


def _unknown_features(settings: Settings, kinds: Mapping[str, Kind] | None) -> Iterator[str]:
    """Names in the settings that no feature of this source has."""
    known = definitions_by_name((*DEFINITIONS, *attribute_definitions(kinds or {})))
    model, features = settings.model, settings.features
    named = {
        "features.exclude": features.exclude,
        "model.leakage.allowlist": model.leakage.allowlist,
        "model.scorecard.special_codes": tuple(model.scorecard.special_codes),
        "model.single_feature.feature": ()
        if model.single_feature.feature == AUTO
        else (model.single_feature.feature,),
    }
    for key, names in named.items():
        for name in names:
            if name not in known and not (kinds is None and name.startswith(ATTRIBUTE)):
                near = nearest(name, known)
                yield f"{key}: no feature is called '{name}'. The nearest known one is '{near}'."
    yield from _no_number(settings, known)
    if kinds is not None:
        for name, why in stray_attributes(features.attributes, kinds).items():
            yield stray_fault(name, why)


def _no_number(settings: Settings, known: Mapping[str, FeatureDefinition]) -> Iterator[str]:
    """The single-feature baseline's feature, where it is a text or left out."""
    name = settings.model.single_feature.feature
    if name in known and known[name].category:
        yield f"model.single_feature.feature: '{name}' is a text, not a number. Name another feature."
    if name in settings.features.exclude:
        yield f"model.single_feature.feature: '{name}' is left out by features.exclude. Name another feature."


def _unknown_checks(settings: Settings) -> Iterator[str]:
    for name in settings.validate_.conditions:
        if name not in CHECKS:
            new = VALUES["validate.conditions"].get(name)
            remedy = f"It is now '{new}'." if new else f"The nearest is '{nearest(name, CHECKS)}'."
            yield f"validate.conditions: no check is called '{name}'. {remedy}"


def _missing_last_run(settings: Settings, root: Path) -> Iterator[str]:
    name = settings.limits.previous_run
    if name not in ("", AUTO):
        faults: list[str] = []
        _collect_faults(
            lambda: read_last_run(root / "experiments" / "runs" / Path(name).name), faults
        )
        yield from faults


def _absent_attributes(
    policy: Policy, settings: Settings, kinds: Mapping[str, str] | None
) -> Iterator[str]:
    """Attributes that the terms name and that the source's `attributes` lack.

    A source without the table lacks them as it may lack any table: what the terms then say of
    a missing value holds.
    """
    for key, feature in features_by_key(policy).items():
        if kinds and feature.startswith(ATTRIBUTE) and feature.removeprefix(ATTRIBUTE) not in kinds:
            near = nearest(feature.removeprefix(ATTRIBUTE), kinds)
            yield (
                f"{settings.limits.policy}: {key}: the source's attributes have no column for"
                f" '{feature}'. The nearest known one is '{ATTRIBUTE}{near}'."
            )


def _absent_curve(policy: Policy, settings: Settings) -> Iterator[str]:
    """The churn curve that the terms name, where the source folder is there and lacks it."""
    name, data = Path(policy.pricing.churn_file).name, Path(settings.run.data)
    if name and settings.run.data and data.is_dir() and not (data / "_terms" / name).is_file():
        yield (
            f"{settings.limits.policy}: pricing.churn_file: _terms/{name} is not in the source folder."
            " Import it, or drop churn_file and its segments."
        )


def refuse_banks_without_terms(settings: Settings, banks: Banks) -> None:
    """As `refuse_unknown_banks`, on the source folder of resolved settings: before any stage."""
    day = date.fromisoformat(str(settings.run.as_of))
    known = _agreements_known(Path(settings.run.data), settings, day)
    refuse_unknown_banks(agreements_in_force(known, day), banks, settings)


def _agreements_known(data: Path, settings: Settings, day: date) -> Source:
    """The folder's agreements alone as known at the start of the day, without the other checks."""
    zone, known = settings.sources.timezone, dict[str, pa.Array]()
    tables, files = dict[str, pa.Table](), table_files(data)
    for name in ("enterprises", "agreements"):
        if name in files:
            declared = CANONICAL[name]
            tables[name] = validate_rows(
                read_table(files[name], declared, zone), declared, zone, known
            ).used
            known.setdefault("enterprises", tables["enterprises"]["enterprise_id"].unique())
    return Source(tables, zone, "").known_before(months.day_start(day, zone))
