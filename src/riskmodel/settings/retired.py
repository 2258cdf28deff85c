"""Names that settings no longer have, each with the name that it has now."""

from collections.abc import Mapping
from types import MappingProxyType

Renamed = Mapping[str, str]
"""New dotted keys by old ones; the numbers of rows in lists are left out."""


def _within(table: str, renamed: Renamed) -> dict[str, str]:
    return {f"{table}.{old}": f"{table}.{new}" for old, new in renamed.items()}


SETTINGS: Renamed = MappingProxyType(
    _within("sources", {
        "most_rejected_share": "max_rejected_share",
        "most_unknown_ids_share": "max_unknown_ids_share",
    })
    | _within("features", {"leave_out": "exclude", "attribute_risk": "attributes"})
    | _within("datasets", {
        "watch": "default_definition.label_maturity",
        "days_past_due": "default_definition.days_past_due",
        "tiers": "default_definition.tiers",
        "every_months": "as_of_dates.step_months",
        "least_history": "as_of_dates.min_history_share",
        "usual_month": "as_of_dates.min_month_share",
        "bulk": "as_of_dates.lag_quantile",
        "grace_days": "as_of_dates.max_data_age_days",
        "test_from": "split.test_from",
        "gap": "split.gap",
        "calibrate_share": "split.calibration_share",
        "min_defaults": "split.min_defaults",
        "folds": "split.folds",
        "repeats": "split.repeats",
        "plenty_defaults": "split.min_defaults_single_repeat",
        "score": "scoring_population",
    })
    | _within("model", {
        "trials": "tuning.trials",
        "tuning_rows": "tuning.max_rows",
        "most_levels": "max_categories",
        "trees": "trees.max_rounds",
        "learning_rate": "trees.learning_rate",
        "leaves": "trees.num_leaves",
        "depth": "trees.max_depth",
        "min_rows_per_leaf": "trees.min_child_samples",
        "row_share": "trees.subsample",
        "feature_share": "trees.colsample",
        "l2": "trees.l2",
        "early_signs": "trees.early_delinquency_weights",
        "line_share": "linear.weight",
        "line_l2": "linear.l2",
        "most_bins": "scorecard.max_bins",
        "least_bin_share": "scorecard.min_bin_share",
        "split_p": "scorecard.max_p_value",
        "least_vintage_defaults": "scorecard.min_vintage_defaults",
        "vintage_reversal": "scorecard.max_vintage_reversal",
        "special_codes": "scorecard.special_codes",
        "least_information": "scorecard.min_iv",
        "most_correlation": "scorecard.max_correlation",
        "scorecard_features": "scorecard.max_features",
        "scorecard_l2": "scorecard.l2",
        "points_at": "scorecard.base_points",
        "points_odds": "scorecard.base_odds",
        "points_double": "scorecard.pdo",
        "glass_box_rounds": "ebm.max_rounds",
        "glass_box_learning_rate": "ebm.learning_rate",
        "glass_box_pairs": "ebm.interactions",
        "glass_box_bags": "ebm.outer_bags",
        "glass_box_bins": "ebm.max_bins",
        "glass_box_pair_bins": "ebm.max_interaction_bins",
        "one_number": "single_feature.feature",
        "calibration": "calibration.method",
        "anchor": "calibration.central_tendency",
        "cycle": "calibration.cycle_sd",
        "interval_draws": "calibration.bootstrap_draws",
        "interval": "calibration.confidence_level",
        "grade_bounds": "master_scale.pd_bounds",
        "min_defaults_per_grade": "master_scale.min_defaults_per_grade",
        "leaks": "leakage.action",
        "cleared": "leakage.allowlist",
        "pure_rate": "leakage.min_region_default_rate",
        "pure_odds": "leakage.min_region_odds_ratio",
        "pure_share": "leakage.min_region_default_share",
        "pure_defaults": "leakage.min_region_defaults",
        "strong_auc": "leakage.min_leak_auc",
        "most_ahead": "leakage.max_auc_lead",
        "watched_auc": "leakage.min_watch_auc",
        "most_lift": "leakage.max_auc_lift",
        "most_excess": "leakage.max_excess_lift",
        "beside_defaults": "leakage.min_incremental_defaults",
        "most_fading": "leakage.max_auc_decay",
    })
    | _within("explain", {
        "reasons": "max_reasons",
        "least_share": "min_reason_share",
        "peers_share": "reference_group_share",
    })
    | _within("validate", {
        "least_auc": "min_auc",
        "calibration_p": "min_calibration_p_value",
        "calibration_margin": "max_calibration_error",
        "slope_margin": "max_slope_error",
        "most_failed_grades": "max_failed_grades_share",
        "least_defaults": "min_test_defaults",
        "most_psi": "max_psi",
        "most_single_auc": "max_single_feature_auc",
        "leak_sample": "time_travel_rows",
    })
    | _within("limits", {
        "twelve_month_pd": "horizon_conversion",
        "grid": "limit_levels",
        "response": "limit_response",
        "leave_out_banks": "exclude_banks",
        "last_run": "previous_run",
        "change_share": "material_change_share",
        "next_share": "next_level.min_share",
        "next_cny": "next_level.min_cny",
        "match_log_odds": "regional_parity.pd_caliper",
        "match_log_cap": "regional_parity.cap_caliper",
        "match_nearest": "regional_parity.neighbours",
        "match_least": "regional_parity.min_matches",
    })
)  # fmt: skip

VALUES: Mapping[str, Renamed] = MappingProxyType(
    {
        "model.source": {"fit": "train", "champion": "score_champion"},
        "model.candidates": {
            "free_trees": "unconstrained_trees",
            "glass_box": "ebm",
            "one_number": "single_feature",
        },
        "model.leakage.action": {"leave_out": "exclude"},
        "limits.limit_response": {"learnt": "estimated", "stated": "assumed"},
        "validate.conditions": {
            "leaks_left_out": "leaks_excluded",
            "not_below_one_number": "not_below_single_feature",
        },
    }
)
"""New values by old ones, by the key as it is called now."""

POLICY: Renamed = MappingProxyType(
    _within("eligibility", {"card": "feature", "at_least": "min_value", "at_most": "max_value"})
    | _within("caps", {
        "exports_card": "exports_feature",
        "platform_card": "platform_feature",
        "sales_card": "sales_feature",
        "on_platform": "ratio_on_platform",
        "off_platform": "ratio_off_platform",
        "ceiling_cny": "max_limit_cny",
        "floor_cny": "min_limit_cny",
    })
    | _within("need", {
        "cost_low": "min_cost_share",
        "cost_high": "max_cost_share",
        "cost_if_missing": "cost_share_if_missing",
        "growth_low": "min_growth",
        "growth_high": "max_growth",
    })
    | _within("economics", {
        "drawn_share": "utilisation",
        "credit_conversion": "credit_conversion_factor",
    })
    | _within("capital", {"least_pd": "min_pd"})
    | _within("pricing", {"max_all_in": "max_all_in_rate", "typical_pd": "reference_pd"})
    | {
        "pricing.segments.up_to_share": "pricing.segments.cumulative_share",
        "price": "pricing",
        "learning": "behaviour",
        "behaviour.slope_sd": "behaviour.pd_slope_sd",
        "behaviour.spread": "behaviour.heterogeneity_sd",
        "behaviour.stated_lines": "behaviour.utilisation_prior_lines",
        "behaviour.cautious_quantile": "behaviour.response_quantile",
        "behaviour.early_days": "behaviour.early_days_past_due",
    }
)  # fmt: skip

BANKS: Renamed = MappingProxyType(
    _within("bank", {
        "rate_low": "min_rate",
        "base_rate": "reference_rate",
        "rate_high": "max_rate",
        "expected_loss_cap": "max_expected_loss_share",
        "largest_pd": "max_pd",
        "sector_share": "max_sector_share",
        "sector_shares": "max_sector_shares",
    })
    | _within("destinations", {"largest_share": "max_share", "shares": "max_shares"})
)  # fmt: skip
