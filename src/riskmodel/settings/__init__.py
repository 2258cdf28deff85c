"""Frozen settings: one table a stage, read from TOML, every key known and typed."""

import difflib
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self, TypeVar, cast
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from riskmodel.errors import SettingsError

MOST_COUNT = 1_000_000_000
"""Counts are handed to libraries that hold them in 32 bits."""
MOST_DRAWS = 100_000
"""Draws, rounds of a search and the like: more are a slip of the hand, and memory runs out."""
MOST_MONTHS = 1200
"""A hundred years, the span of the contract's dates."""
MOST_THREADS = 1024
MOST_FLOAT = 1e12
"""A figure beyond this is a slip of the hand; sums and squares of it would leave a float's range."""
FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2100, 12, 31)
"""The contract's dates."""


def _as_day(value: Any) -> Any:
    """The date that a text names, as TOML's words on the command line give it."""
    if not isinstance(value, str) or value == "auto":
        return value
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise ValueError(f"'{value}' is not a date like 2014-07-01") from None


def _known_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"'{name}' is no time zone like Asia/Shanghai")
    return name


Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=1, le=MOST_COUNT)]
Draws = Annotated[int, Field(ge=1, le=MOST_DRAWS)]
Months = Annotated[int, Field(ge=1, le=MOST_MONTHS)]
Size = Annotated[float, Field(ge=0, le=MOST_FLOAT)]
AboveZero = Annotated[float, Field(gt=0, le=MOST_FLOAT)]
Auto = Literal["auto"]
Day = Annotated[Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY)] | Auto, BeforeValidator(_as_day)]
Candidate = Literal["scorecard", "trees", "unconstrained_trees", "ebm", "single_feature"]
Model = TypeVar("Model", bound=BaseModel)


class Frozen(BaseModel):
    """A table of settings: unknown keys and infinite numbers are refused, values never change."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


class RunSettings(Frozen):
    """What the run is called, as of which day, and from which data."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
    as_of: Day
    seed: Annotated[int, Field(ge=0, le=MOST_COUNT)]
    threads: Annotated[int, Field(ge=1, le=MOST_THREADS)]
    data: str


class SourcesSettings(Frozen):
    """How the source folder is read and how many bad rows stop the run."""

    timezone: Annotated[str, AfterValidator(_known_zone)]
    most_rejected_share: Share
    most_unknown_ids_share: Share


class FeaturesSettings(Frozen):
    """Which features are computed, and in what portions."""

    leave_out: tuple[str, ...]
    attribute_risk: Mapping[str, Literal["rises", "falls", "none"]]
    cny_per_usd: AboveZero
    chunk_enterprises: Count


class DatasetsSettings(Frozen):
    """Whom the model learns from, what default means, and how rows are split."""

    population: Literal["auto", "lines", "applicants", "outcomes"]
    horizon_months: Months
    watch: Literal["horizon", "any"]
    days_past_due: Count
    tiers: tuple[Literal["special_mention", "substandard", "doubtful", "loss"], ...]
    every_months: Months
    test_from: Day
    gap: Literal["horizon", "known"]
    calibrate_share: Annotated[float, Field(gt=0, lt=1)]
    score: Literal["all", "unlabelled"]
    folds: Annotated[int, Field(ge=2, le=MOST_DRAWS)]
    repeats: Draws
    plenty_defaults: Count
    min_defaults: Count
    least_history: Share
    usual_month: Annotated[float, Field(gt=0, le=1)]
    bulk: Annotated[float, Field(gt=0, le=1)]
    grace_days: Annotated[int, Field(ge=0, le=MOST_DRAWS)]


class ModelSettings(Frozen):
    """Candidates, boosting, calibration and grades."""

    source: Literal["fit", "champion"]
    candidates: Annotated[tuple[Candidate, ...], Field(min_length=1)]
    single_feature: str
    trials: Draws
    tuning_rows: Count
    trees: Draws
    early_signs: tuple[tuple[Size, Share], ...]
    inner_folds: Annotated[int, Field(ge=2, le=MOST_DRAWS)]
    most_levels: Count
    learning_rate: Annotated[float, Field(gt=0, le=1)]
    leaves: Annotated[int, Field(ge=2, le=MOST_DRAWS)]
    depth: Annotated[int, Field(ge=1, le=64)]
    min_rows_per_leaf: Count
    row_share: Annotated[float, Field(gt=0, le=1)]
    feature_share: Annotated[float, Field(gt=0, le=1)]
    l2: Size
    line_share: Annotated[float, Field(ge=0, lt=1)]
    line_l2: AboveZero
    grade_bounds: tuple[Annotated[float, Field(gt=0, lt=1)], ...]
    min_defaults_per_grade: Size
    calibration: Literal["best", "logistic", "beta", "isotonic"]
    anchor: Literal["recent", "long_run"] | Annotated[float, Field(gt=0, lt=1)]
    cycle: Size
    interval_draws: Annotated[int, Field(ge=20, le=MOST_DRAWS)]
    interval: Annotated[float, Field(gt=0, lt=1)]
    most_bins: Annotated[int, Field(ge=2, le=MOST_DRAWS)]
    least_bin_share: Annotated[float, Field(gt=0, lt=0.5)]
    split_p: Annotated[float, Field(gt=0, le=1)]
    least_vintage_defaults: Count
    vintage_reversal: Size
    special_codes: Mapping[str, tuple[float, ...]]
    least_information: Size
    most_correlation: Annotated[float, Field(gt=0, le=1)]
    scorecard_features: Count
    scorecard_l2: AboveZero
    points_at: Annotated[float, Field(ge=-MOST_FLOAT, le=MOST_FLOAT)]
    points_odds: AboveZero
    points_double: AboveZero
    glass_box_rounds: Draws
    glass_box_learning_rate: Annotated[float, Field(gt=0, le=1)]
    glass_box_pairs: Annotated[int, Field(ge=0, le=MOST_DRAWS)]
    glass_box_bags: Draws
    glass_box_bins: Annotated[int, Field(ge=3, le=MOST_DRAWS)]
    glass_box_pair_bins: Annotated[int, Field(ge=3, le=MOST_DRAWS)]
    leaks: Literal["leave_out", "keep"]
    cleared: tuple[str, ...]
    pure_rate: Share
    pure_odds: Annotated[float, Field(ge=1, le=MOST_FLOAT)]
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
    refits: Annotated[int, Field(ge=0, le=MOST_DRAWS)]
    stability_rows: Count


class ValidateSettings(Frozen):
    """The thresholds of the checks, and what an experiment concedes beforehand."""

    least_auc: Share
    calibration_p: Share
    calibration_margin: Size
    slope_margin: Size
    asset_correlation: Annotated[float, Field(ge=0, lt=1)]
    most_failed_grades: Share
    least_defaults: Count
    most_psi: AboveZero
    most_single_auc: Share
    leak_sample: Count
    bootstrap_draws: Annotated[int, Field(ge=20, le=MOST_DRAWS)]
    conditions: tuple[str, ...]
    limitations: tuple[str, ...]


class LimitsSettings(Frozen):
    """Where the terms and the banks stand, how a PD becomes a limit, and what it is held against.

    `leave_out_banks` are banks without a row whose agreements are left out, and counted; any other
    bank without one stops the run. `last_run` is the run of the month before ("auto": the newest earlier one that is done, "":
    none); a change of a limit by more than `change_share` needs a reason. A limit is the next level
    if it is higher by `next_share` of itself and by `next_cny`. Enterprises are alike whose PDs (in
    log-odds) and caps (in logs) lie within the `match_` calipers.
    """

    policy: str
    banks: str
    twelve_month_pd: Literal["refuse", "constant_hazard", "as_is"]
    grid: Annotated[int, Field(ge=8, le=1000)]
    response: Literal["learnt", "stated"]
    leave_out_banks: tuple[str, ...]
    last_run: str
    change_share: Share
    next_share: Share
    next_cny: Size
    match_log_odds: AboveZero
    match_log_cap: AboveZero
    match_nearest: Count
    match_least: Count


class PublishSettings(Frozen):
    """How long a recommendation holds and who may override a failed verdict."""

    override_reason: str
    valid_months: Months
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

    Raises one `SettingsError` with every fault: a file that is not there or not TOML, unknown
    tables and keys (naming the nearest known one), values of the wrong type.
    """
    layers = read_layers(path, assignments)
    try:
        settings = _checked(layers.tables, path.name, layers.origins)
    except SettingsError as error:
        raise SettingsError(*layers.faults, *error.faults) from None
    if layers.faults:
        raise SettingsError(*layers.faults)
    return settings


@dataclass(frozen=True)
class Layers:
    """The defaults with what overrides them, unchecked.

    `origins` says where each overridden `table.key` was given, `faults` what could not be taken.
    """

    tables: dict[str, dict[str, Any]]
    origins: dict[str, str]
    faults: list[str]


def read_layers(path: Path, assignments: Sequence[str] = ()) -> Layers:
    """Defaults, then the experiment's TOML, then `table.key=value` words, laid over one another."""
    layers = Layers(_defaults(), {}, [])
    _lay(layers, lambda: {"run": {"name": path.stem}}, path.name)
    _lay(layers, lambda: read_toml(path), path.name)
    for words in assignments:
        _lay(layers, partial(_assigned, words), f"--set {words}")
    return layers


def sound_settings(layers: Layers) -> Settings:
    """The settings with every value that can be taken, the defaults in place of the others."""
    plain = _defaults()
    for key in layers.origins:
        table, name = key.split(".", 1)
        changed = {**plain, table: {**plain[table], name: layers.tables[table][name]}}
        try:
            _checked(changed, table)
        except SettingsError:  # told by `load_settings`
            continue
        plain = changed
    return _checked(plain, "defaults")


def default_settings() -> Settings:
    """The defaults alone."""
    return _checked(_defaults(), "defaults")


def resolved_settings(tables: Mapping[str, Any], where: str) -> Settings:
    """Settings from tables that are whole already, as a run folder keeps them."""
    return _checked(tables, where)


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as plain values; `SettingsError` in one line if that fails."""
    return parse_toml(read_text(path), path.name)


def read_text(path: Path) -> str:
    """A settings file's text, a byte-order mark left out; `SettingsError` if it is not readable."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise SettingsError(f"{path}: no such file. Name an experiment's TOML.") from None
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path.name}: not readable as TOML ({error}). Fix the file.") from None


def parse_toml(text: str, where: str) -> dict[str, Any]:
    """TOML as plain values; `SettingsError` in one line if it is none."""
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{where}: not readable as TOML ({error}). Fix the file.") from None


def checked(
    kind: type[Model],
    values: Mapping[str, Any],
    where: str,
    origins: Mapping[str, str] = MappingProxyType({}),
) -> Model:
    """`values` as a settings class; `SettingsError` with one line a breach.

    `origins` says where a `table.key` was given, if elsewhere than in `where`.
    """
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        found: dict[str, list[tuple[str, str]]] = {}
        for one in _own_errors(error.errors()):
            words, remedy = str(one["msg"]).removeprefix("Value error, "), "Fix the value"
            words, remedy = _OF_KEYS.get(one["type"], (words, remedy))
            key = _key_of(one["loc"], values)
            found.setdefault(f"{_origin(key, origins, where)}: {_told(key, values)}", []).append(
                (words, remedy)
            )
    raise SettingsError(
        *(
            f"{place}: {'; or '.join(words for words, _ in said)}. {said[-1][1]}."
            for place, said in found.items()
        )
    )


_OF_KEYS = {
    "missing": ("Field required", "Add it"),
    "extra_forbidden": ("no such key", "Correct its name, or take it out"),
}
"""Faults of a key instead of its value, with what to do."""


def _own_errors(errors: Sequence[Any]) -> list[Any]:
    """The errors without those that only follow from others: a list is short of its faulty items."""
    places = [one["loc"] for one in errors]
    return [
        one
        for one in errors
        if one["type"] != "too_short"
        or not any(len(p) > len(one["loc"]) and p[: len(one["loc"])] == one["loc"] for p in places)
    ]


def _told(key: str, values: Any) -> str:
    """The key, with the name of the row of a list that it is in, where the row has one."""
    for part in key.split(".")[:-1]:
        try:
            values = values[int(part) if isinstance(values, Sequence) else part]
        except (KeyError, IndexError, TypeError, ValueError):
            return key
    name = values.get("name") if isinstance(values, Mapping) else None
    in_a_list = any(part.isdigit() for part in key.split("."))
    return f"{key}: {name}" if in_a_list and isinstance(name, str) and name else key


def _key_of(loc: Sequence[int | str], values: Any) -> str:
    """The key that a breach speaks of, without the names of the types that were tried."""
    parts: list[str] = []
    for part in loc:
        parts.append(str(part))
        try:
            values = values[part]
        except (KeyError, IndexError, TypeError):
            return ".".join(parts if isinstance(values, Mapping) else parts[:-1])
    return ".".join(parts)


def _origin(key: str, origins: Mapping[str, str], where: str) -> str:
    return origins.get(".".join(key.split(".")[:2]), where)


def _defaults() -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("defaults.toml").read_text("utf-8"))


def _lay(layers: Layers, read: Callable[[], Mapping[str, Any]], where: str) -> None:
    """What `read` gives over what is there; what cannot be taken joins the faults."""
    try:
        given = read()
    except SettingsError as error:
        layers.faults.extend(error.faults)
        return
    tables = layers.tables
    for name, table in given.items():
        if name not in tables:
            layers.faults.append(f"{where}: unknown table [{name}]. {_nearest(name, tables)}")
        elif not isinstance(table, Mapping):
            layers.faults.append(f"{where}: {name} must be a table. Write [{name}] and its keys.")
        else:
            _lay_table(layers, name, table, where)


def _lay_table(layers: Layers, name: str, table: Mapping[str, Any], where: str) -> None:
    known = layers.tables[name]
    for key, value in table.items():
        if key in known:
            known[key] = value
            layers.origins[f"{name}.{key}"] = where
        else:
            layers.faults.append(f"{where}: unknown key {name}.{key}. {_nearest(key, known)}")


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
    except (ValueError, RecursionError):
        return text


def _checked(
    tables: Mapping[str, Any], where: str, origins: Mapping[str, str] = MappingProxyType({})
) -> Settings:
    return checked(Settings, freeze_lists(tables), where, origins)


def freeze_lists(value: Any) -> Any:
    """TOML's lists as tuples, at every depth: frozen settings hold nothing that changes."""
    if isinstance(value, Mapping):
        return {key: freeze_lists(inner) for key, inner in value.items()}
    return tuple(freeze_lists(inner) for inner in value) if isinstance(value, list) else value
