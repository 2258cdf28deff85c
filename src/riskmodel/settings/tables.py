"""Tables of settings: one a stage, with nested tables for learners and steps."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self, cast

from pydantic import Field, model_validator

from riskmodel.settings.types import (
    MAX_COUNT,
    MAX_DRAWS,
    MAX_FLOAT,
    MAX_LETTERS,
    MAX_THREADS,
    AboveZero,
    Count,
    Day,
    Draws,
    Folds,
    Frozen,
    Months,
    PositiveShare,
    Share,
    Size,
    TimeZone,
)

LearnerName = Literal["scorecard", "trees", "unconstrained_trees", "ebm", "single_feature"]


class RunSettings(Frozen):
    """Name of the run, its date, its data, and its random seed."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
    as_of: Day
    seed: Annotated[int, Field(ge=0, le=MAX_COUNT)]
    threads: Annotated[int, Field(ge=1, le=MAX_THREADS)]
    data: str
    data_origin: Literal["auto", "given", "development", "fresh"]


class SourcesSettings(Frozen):
    """Time zone of the source folder, and the shares of bad rows that stop the run."""

    timezone: TimeZone
    max_rejected_share: Share
    max_unknown_ids_share: Share


class AttributeSettings(Frozen):
    """Words, unit and direction of risk of one column of `attributes`; empty words: the column's name."""

    en: Annotated[str, Field(max_length=MAX_LETTERS)] = ""
    zh: Annotated[str, Field(max_length=MAX_LETTERS)] = ""
    unit: Annotated[str, Field(max_length=MAX_LETTERS)] = ""
    risk: Literal["rises", "falls", "none"] = "none"


class FeaturesSettings(Frozen):
    """Features that are computed, and the size of the portions."""

    exclude: tuple[str, ...]
    attributes: Mapping[str, AttributeSettings]
    cny_per_usd: AboveZero
    chunk_enterprises: Count


class DefaultDefinitionSettings(Frozen):
    """Definition of default, and of a label that is mature."""

    days_past_due: Count
    tiers: tuple[Literal["special_mention", "substandard", "doubtful", "loss"], ...]
    label_maturity: Literal["horizon", "any"]


class AsOfDatesSettings(Frozen):
    """As-of dates of the labelled rows, and the days that the tables can answer for."""

    step_months: Months
    min_history_share: Share
    min_month_share: PositiveShare
    lag_quantile: PositiveShare
    max_data_age_days: Annotated[int, Field(ge=0, le=MAX_DRAWS)]


class SplitSettings(Frozen):
    """Split by date, or repeated cross-validation by enterprise where there are few defaults."""

    test_from: Day
    gap: Literal["horizon", "known"]
    calibration_share: Annotated[float, Field(gt=0, lt=1)]
    min_defaults: Count
    folds: Folds
    repeats: Draws
    min_defaults_single_repeat: Count


class DatasetsSettings(Frozen):
    """Population, definition of default, as-of dates and splits of the labelled rows."""

    population: Literal["auto", "lines", "applicants", "outcomes"]
    horizon_months: Months
    scoring_population: Literal["all", "unlabelled"]
    max_default_rate_change: AboveZero
    default_definition: DefaultDefinitionSettings
    as_of_dates: AsOfDatesSettings
    split: SplitSettings


class TuningSettings(Frozen):
    """Budget of the search for each learner's settings."""

    trials: Draws
    max_seconds: AboveZero
    max_rows: Count


class TreesSettings(Frozen):
    """Boosted trees, constrained and unconstrained; LightGBM's words."""

    max_rounds: Draws
    learning_rate: Literal["auto"] | PositiveShare
    num_leaves: Literal["auto"] | Annotated[int, Field(ge=2, le=MAX_DRAWS)]
    max_depth: Literal["auto"] | Annotated[int, Field(ge=1, le=64)]
    min_child_samples: Literal["auto"] | Count
    subsample: Literal["auto"] | PositiveShare
    colsample: Literal["auto"] | PositiveShare
    l2: Literal["auto"] | Size
    early_delinquency_weights: tuple[tuple[Size, Share], ...]
    early_delinquency_scale: Literal["auto"] | Share


class LinearSettings(Frozen):
    """Linear model that trees are averaged with."""

    weight: Literal["auto"] | Share
    l2: Literal["auto"] | AboveZero


class ScorecardSettings(Frozen):
    """Points scorecard: bins, selection of features, shrinkage and scale."""

    max_bins: Annotated[int, Field(ge=2, le=MAX_DRAWS)]
    min_bin_share: Annotated[float, Field(gt=0, lt=0.5)]
    max_p_value: PositiveShare
    min_vintage_defaults: Count
    max_vintage_reversal: Size
    special_codes: Mapping[str, tuple[float, ...]]
    min_iv: Size
    max_correlation: PositiveShare
    max_features: Count
    l2: AboveZero
    base_points: Annotated[float, Field(ge=-MAX_FLOAT, le=MAX_FLOAT)]
    base_odds: AboveZero
    pdo: AboveZero


class EbmSettings(Frozen):
    """Explainable boosting machine; InterpretML's words."""

    max_rounds: Draws
    learning_rate: PositiveShare
    interactions: Annotated[int, Field(ge=0, le=MAX_DRAWS)]
    outer_bags: Draws
    max_bins: Annotated[int, Field(ge=3, le=MAX_DRAWS)]
    max_interaction_bins: Annotated[int, Field(ge=3, le=MAX_DRAWS)]
    min_samples_leaf: Count


class SingleFeatureSettings(Frozen):
    """Baseline of a single feature."""

    feature: str


class CalibrationSettings(Frozen):
    """Calibration of log-odds to a PD, its central tendency, and its interval."""

    method: Literal["best", "logistic", "beta", "isotonic"]
    central_tendency: Literal["recent", "long_run"] | Annotated[float, Field(gt=0, lt=1)]
    cycle_sd: Size
    bootstrap_draws: Annotated[int, Field(ge=20, le=MAX_DRAWS)]
    confidence_level: Annotated[float, Field(gt=0, lt=1)]


class MasterScaleSettings(Frozen):
    """Master scale: PD bounds between grades, and the expected defaults that a grade needs."""

    pd_bounds: tuple[Annotated[float, Field(gt=0, lt=1)], ...]
    min_defaults_per_grade: Size

    @model_validator(mode="after")
    def _check_bounds_rise(self) -> Self:
        if list(self.pd_bounds) != sorted(set(self.pd_bounds)):
            raise ValueError("pd_bounds must rise")
        return self


class LeakageSettings(Frozen):
    """Thresholds beyond which a feature is taken for a leak, and the action then."""

    action: Literal["exclude", "keep"]
    allowlist: tuple[str, ...]
    min_region_default_rate: Share
    min_region_odds_ratio: Annotated[float, Field(ge=1, le=MAX_FLOAT)]
    min_region_default_share: Share
    min_region_defaults: Count
    region_permutations: Count
    min_leak_auc: Share
    max_auc_lead: Share
    min_certain_auc: Share
    min_watch_auc: Share
    max_auc_lift: Share
    max_excess_lift: Share
    min_incremental_defaults: Count
    max_auc_decay: Share


class ModelSettings(Frozen):
    """Candidates, their learners, calibration, grades and leakage."""

    source: Literal["train", "score_champion"]
    candidates: Annotated[tuple[LearnerName, ...], Field(min_length=1)]
    inner_folds: Folds
    max_categories: Count
    contradicted_directions: Literal["release", "keep"]
    tuning: TuningSettings
    trees: TreesSettings
    linear: LinearSettings
    scorecard: ScorecardSettings
    ebm: EbmSettings
    single_feature: SingleFeatureSettings
    calibration: CalibrationSettings
    master_scale: MasterScaleSettings
    leakage: LeakageSettings


class ExplainSettings(Frozen):
    """Reasons of a score, the reference group, and the refits that test their stability."""

    max_reasons: Annotated[int, Field(ge=1, le=4)]
    min_reason_share: Share
    reference_group_share: PositiveShare
    refits: Annotated[int, Field(ge=0, le=MAX_DRAWS)]
    stability_rows: Count


class ValidateSettings(Frozen):
    """Thresholds of the checks, and the conditions that an experiment states beforehand."""

    min_auc: Share
    min_calibration_p_value: Share
    max_calibration_error: Size
    max_slope_error: Size
    asset_correlation: Annotated[float, Field(ge=0, lt=1)]
    max_failed_grades_share: Share
    min_test_defaults: Count
    max_psi: AboveZero
    max_single_feature_auc: Share
    time_travel_rows: Count
    bootstrap_draws: Annotated[int, Field(ge=20, le=MAX_DRAWS)]
    conditions: tuple[str, ...]
    limitations: tuple[str, ...]


class NextLevelSettings(Frozen):
    """Smallest step to a next level of a limit: relative, and in CNY."""

    min_share: Share
    min_cny: Size


class RegionalParitySettings(Frozen):
    """Matching of enterprises of two provinces, by calipers on log-odds and on log caps."""

    pd_caliper: AboveZero
    cap_caliper: AboveZero
    neighbours: Count
    min_matches: Count


class LimitsSettings(Frozen):
    """Policy, banks, conversion of the PD, levels of a limit, and what is reported on them.

    `exclude_banks` are banks without a row whose agreements are left out, and counted; any other
    bank without a row stops the run. `previous_run` is the run of the month before ("auto": the
    newest earlier one that is done, "": none).
    """

    policy: str
    banks: str
    exclude_banks: tuple[str, ...]
    horizon_conversion: Literal["refuse", "constant_hazard", "as_is"]
    limit_levels: Annotated[int, Field(ge=8, le=1000)]
    limit_response: Literal["estimated", "assumed"]
    previous_run: str
    material_change_share: Share
    next_level: NextLevelSettings
    regional_parity: RegionalParitySettings


class PublishSettings(Frozen):
    """Validity of a recommendation, override of a failed verdict, and tracking."""

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
        """Return plain values, ready for TOML."""
        return cast(dict[str, dict[str, Any]], self.model_dump(mode="python", by_alias=True))


def nested_tables(table: type[Frozen]) -> dict[str, type[Frozen]]:
    """Return the classes of the tables inside a table, by key."""
    found = {}
    for name, field in table.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Frozen):
            found[field.alias or name] = kind
    return found


def all_keys(table: type[Frozen] = Settings, inside: str = "") -> Iterator[str]:
    """Yield the dotted key of every single setting, in the order of the classes."""
    nested = nested_tables(table)
    for name, field in table.model_fields.items():
        key = field.alias or name
        if key in nested:
            yield from all_keys(nested[key], f"{inside}{key}.")
        else:
            yield f"{inside}{key}"


def flat_values(tables: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value of every single setting by its dotted key, from `Settings.tables()`."""

    def value(key: str) -> Any:
        found: Any = tables
        for part in key.split("."):
            found = found[part]
        return found

    return {key: value(key) for key in all_keys()}
