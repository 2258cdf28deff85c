"""Frozen settings: one table a stage, read from TOML, every key known and typed."""

import difflib
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from riskmodel.errors import SettingsError

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1)]
Auto = Literal["auto"]
Candidate = Literal["scorecard", "trees", "free_trees", "glass_box", "one_number"]
Model = TypeVar("Model", bound=BaseModel)


class Frozen(BaseModel):
    """A table of settings: unknown keys are refused, values never change."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class RunSettings(Frozen):
    """What the run is called, as of which day, and from which data."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
    as_of: date | Auto
    seed: Annotated[int, Field(ge=0)]
    threads: Count
    data: str


class SourcesSettings(Frozen):
    """How the source folder is read and how many bad rows stop the run."""

    timezone: str
    most_rejected_share: Share
    most_unknown_ids_share: Share


class FeaturesSettings(Frozen):
    """Which cards are computed, and in what portions."""

    leave_out: tuple[str, ...]
    attribute_risk: Mapping[str, Literal["rises", "falls", "none"]]
    cny_per_usd: Annotated[float, Field(gt=0)]
    chunk_enterprises: Count


class DatasetsSettings(Frozen):
    """Whom the model learns from, what default means, and how rows are split."""

    population: Literal["auto", "lines", "applicants", "outcomes"]
    horizon_months: Count
    days_past_due: Count
    tiers: tuple[Literal["special_mention", "substandard", "doubtful", "loss"], ...]
    every_months: Count
    test_from: date | Auto
    gap: Literal["horizon", "known"]
    calibrate_share: Annotated[float, Field(gt=0, lt=1)]
    score: Literal["all", "unlabelled"]
    folds: Annotated[int, Field(ge=2)]
    repeats: Count
    plenty_defaults: Count
    min_defaults: Count


class ModelSettings(Frozen):
    """Candidates, boosting, calibration and grades."""

    source: Literal["fit", "champion"]
    candidates: Annotated[tuple[Candidate, ...], Field(min_length=1)]
    one_number: str
    trials: Count
    tuning_rows: Count
    trees: Count
    early_signs: tuple[tuple[float, Share], ...]
    inner_folds: Annotated[int, Field(ge=2)]
    most_levels: Count
    learning_rate: Annotated[float, Field(gt=0, le=1)]
    leaves: Annotated[int, Field(ge=2)]
    depth: Count
    min_rows_per_leaf: Count
    row_share: Annotated[float, Field(gt=0, le=1)]
    feature_share: Annotated[float, Field(gt=0, le=1)]
    l2: Annotated[float, Field(ge=0)]
    line_share: Annotated[float, Field(ge=0, lt=1)]
    line_l2: Annotated[float, Field(gt=0)]
    grade_bounds: tuple[Annotated[float, Field(gt=0, lt=1)], ...]
    min_defaults_per_grade: Annotated[float, Field(ge=0)]
    calibration: Literal["best", "logistic", "beta", "isotonic"]
    anchor: Literal["recent", "long_run"] | Annotated[float, Field(gt=0, lt=1)]
    cycle: Annotated[float, Field(ge=0)]
    interval_draws: Annotated[int, Field(ge=20)]
    interval: Annotated[float, Field(gt=0, lt=1)]
    most_bins: Annotated[int, Field(ge=2)]
    least_bin_share: Annotated[float, Field(gt=0, lt=0.5)]
    split_p: Annotated[float, Field(gt=0, le=1)]
    least_vintage_defaults: Count
    vintage_reversal: Annotated[float, Field(ge=0)]
    special_codes: Mapping[str, tuple[float, ...]]
    least_information: Annotated[float, Field(ge=0)]
    most_correlation: Annotated[float, Field(gt=0, le=1)]
    scorecard_features: Count
    scorecard_l2: Annotated[float, Field(gt=0)]
    points_at: float
    points_odds: Annotated[float, Field(gt=0)]
    points_double: Annotated[float, Field(gt=0)]
    glass_box_rounds: Count
    glass_box_learning_rate: Annotated[float, Field(gt=0, le=1)]
    glass_box_pairs: Annotated[int, Field(ge=0)]
    glass_box_bags: Count
    glass_box_bins: Annotated[int, Field(ge=3)]
    glass_box_pair_bins: Annotated[int, Field(ge=3)]
    leaks: Literal["leave_out", "keep"]
    cleared: tuple[str, ...]
    pure_rate: Share
    pure_odds: Annotated[float, Field(ge=1)]
    pure_share: Share
    pure_defaults: Count
    strong_auc: Share
    most_ahead: Share
    watched_auc: Share
    most_lift: Share
    most_excess: Share
    beside_defaults: Count
    most_fading: Share

    @model_validator(mode="after")
    def _bounds_rise(self) -> Self:
        if list(self.grade_bounds) != sorted(set(self.grade_bounds)):
            raise ValueError("grade_bounds must rise")
        return self


class ExplainSettings(Frozen):
    """How many reasons, when one is too small to name, who the peers are, and the refits."""

    reasons: Annotated[int, Field(ge=1, le=4)]
    least_share: Share
    peers_share: Annotated[float, Field(gt=0, le=1)]
    refits: Annotated[int, Field(ge=0)]
    stability_rows: Count


class ValidateSettings(Frozen):
    """The thresholds of the checks, and what an experiment concedes beforehand."""

    least_auc: Share
    calibration_p: Share
    calibration_margin: Annotated[float, Field(ge=0)]
    slope_margin: Annotated[float, Field(ge=0)]
    asset_correlation: Annotated[float, Field(ge=0, lt=1)]
    most_failed_grades: Share
    least_defaults: Count
    most_psi: Annotated[float, Field(gt=0)]
    most_single_auc: Share
    leak_sample: Count
    bootstrap_draws: Annotated[int, Field(ge=20)]
    conditions: tuple[str, ...]
    limitations: tuple[str, ...]


class LimitsSettings(Frozen):
    """Where the terms and the banks stand, how a PD becomes a limit, and what it is held against.

    `last_run` is the run of the month before ("auto": the newest earlier one that is done, "":
    none); a change of a limit by more than `change_share` needs a reason. A limit is the next level
    if it is higher by `next_share` of itself and by `next_cny`. Enterprises are alike whose PDs (in
    log-odds) and caps (in logs) lie within the `match_` calipers.
    """

    policy: str
    banks: str
    twelve_month_pd: Literal["refuse", "constant_hazard", "as_is"]
    grid: Annotated[int, Field(ge=8)]
    response: Literal["learnt", "stated"]
    last_run: str
    change_share: Share
    next_share: Share
    next_cny: Annotated[float, Field(ge=0)]
    match_log_odds: Annotated[float, Field(gt=0)]
    match_log_cap: Annotated[float, Field(gt=0)]
    match_nearest: Count
    match_least: Count


class PublishSettings(Frozen):
    """How long a recommendation holds and who may override a failed verdict."""

    override_reason: str
    valid_months: Count
    tracking: bool


class Settings(Frozen):
    """All settings of a run, one table a stage."""

    run: RunSettings
    sources: SourcesSettings
    features: FeaturesSettings
    datasets: DatasetsSettings
    model: ModelSettings
    explain: ExplainSettings
    validate_: Annotated[ValidateSettings, Field(alias="validate")]
    limits: LimitsSettings
    publish: PublishSettings

    def tables(self) -> dict[str, dict[str, Any]]:
        """Plain values, ready for TOML."""
        return cast(dict[str, dict[str, Any]], self.model_dump(mode="python", by_alias=True))


def load_settings(path: Path, assignments: Sequence[str] = ()) -> Settings:
    """The settings of an experiment: defaults, then its TOML, then `table.key=value` words.

    Raises `SettingsError` for a file that is not there or not TOML, for unknown tables and keys
    (naming the nearest known one) and for values of the wrong type.
    """
    tables = _merged(_defaults(), {"run": {"name": path.stem}}, "defaults")
    tables = _merged(tables, read_toml(path), path.name)
    for words in assignments:
        tables = _merged(tables, _assigned(words), f"--set {words}")
    return _checked(tables, path.name)


def default_settings() -> Settings:
    """The defaults alone."""
    return _checked(_defaults(), "defaults")


def resolved_settings(tables: Mapping[str, Any], where: str) -> Settings:
    """Settings from tables that are whole already, as a run folder keeps them."""
    return _checked(tables, where)


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as plain values; `SettingsError` in one line if that fails."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SettingsError(f"{path}: no such file. Name an experiment's TOML.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise SettingsError(f"{path}: not readable as TOML ({error}). Fix the file.") from None


def checked(kind: type[Model], values: Mapping[str, Any], where: str) -> Model:
    """`values` as a settings class; `SettingsError` names the first breach and their count."""
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        first, *others = error.errors()
        key = ".".join(str(part) for part in first["loc"])
        more = f" (and {len(others)} more)" if others else ""
        raise SettingsError(f"{where}: {key}: {first['msg']}{more}. Fix the value.") from None


def _defaults() -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("defaults.toml").read_text("utf-8"))


def _merged(tables: Mapping[str, Any], more: Mapping[str, Any], where: str) -> dict[str, Any]:
    merged = {name: dict(table) for name, table in tables.items()}
    for name, table in more.items():
        if name not in merged:
            raise SettingsError(f"{where}: unknown table [{name}]. {_nearest(name, merged)}")
        if not isinstance(table, Mapping):
            raise SettingsError(f"{where}: {name} must be a table. Write [{name}] and its keys.")
        for key, value in table.items():
            if key not in merged[name]:
                near = _nearest(key, merged[name])
                raise SettingsError(f"{where}: unknown key {name}.{key}. {near}")
            merged[name][key] = value
    return merged


def _nearest(word: str, known: Mapping[str, Any]) -> str:
    near = difflib.get_close_matches(word, known, n=1, cutoff=0.0)
    return f"The nearest known one is '{near[0]}'." if near else ""


def _assigned(words: str) -> dict[str, Any]:
    name, equals, value = words.partition("=")
    table, dot, key = name.strip().partition(".")
    if not (equals and dot and table and key):
        raise SettingsError(f"--set {words}: not of the form table.key=value.")
    return {table: {key: _value(value.strip())}}


def _value(text: str) -> Any:
    """A TOML value; words that are no TOML are taken as text, so that quotes may be left out."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def _checked(tables: Mapping[str, Any], where: str) -> Settings:
    values = {name: _frozen_lists(table) for name, table in tables.items()}
    return checked(Settings, values, where)


def _frozen_lists(table: Mapping[str, Any]) -> dict[str, Any]:
    """Lists as tuples and date texts as dates: what TOML or a notebook gives for frozen fields."""
    return {key: _plain(key, value) for key, value in table.items()}


def _plain(key: str, value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_plain("", inner) for inner in value)
    if isinstance(value, Mapping):
        return {name: _plain("", inner) for name, inner in value.items()}
    if isinstance(value, str) and key in ("as_of", "test_from") and value != "auto":
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise SettingsError(f"{key}: '{value}' is not a date like 2014-07-01.") from None
    return value
