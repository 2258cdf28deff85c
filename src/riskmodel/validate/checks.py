"""The checks: one function each, from evidence to a pass or a failure in words."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from riskmodel.features.spec import FeatureDefinition
from riskmodel.model.leakage.suspects import suspects_table
from riskmodel.settings import ValidateSettings
from riskmodel.statistics.bootstrap import bootstrap_weights, percentile_interval
from riskmodel.statistics.calibration import (
    calibration_ratio,
    calibration_slope,
    jeffreys_test_in_cycle,
)
from riskmodel.statistics.discrimination import auc
from riskmodel.statistics.low_default import jeffreys_interval
from riskmodel.statistics.outward_rounding import (
    format_beside,
    format_interval,
    format_lower,
    format_upper,
)
from riskmodel.statistics.psi import psi, psi_critical_value
from riskmodel.validate.drift import Movement, find_largest_movement
from riskmodel.validate.performance import outcome, performance_by_grade

NAMED_FEATURES = 3
"""The number of features that are named as ranking best alone."""


@dataclass(frozen=True)
class Check:
    """One check: its value with interval, its threshold, and its meaning in words."""

    check: str
    passed: bool
    value: float
    low: float
    high: float
    threshold: float
    text: str


@dataclass(frozen=True)
class Evidence:
    """The evidence of the checks.

    `predictions` of every candidate; `panel` with features; `champion` the candidate that is
    recommended; `time_travel` how many values changed when the future was taken away, and of
    how many; `by_time` whether the test rows are out of time, `by_enterprise` whether each was
    predicted by a model that never saw its enterprise.
    """

    predictions: pd.DataFrame
    panel: pd.DataFrame
    definitions: Sequence[FeatureDefinition]
    champion: str
    by_time: bool
    by_enterprise: bool
    time_travel: tuple[int, int]
    settings: ValidateSettings
    seed: int
    suspects: pd.DataFrame = field(default_factory=lambda: suspects_table(()))

    def suspects_of(self, *decisions: str) -> pd.DataFrame:
        """Return the suspects with one of these decisions."""
        return self.suspects[self.suspects["decision"].isin(decisions)]

    def rows(self, split: str, model: str | None = None) -> pd.DataFrame:
        """Predictions of one split, by the champion unless another model is named."""
        mine = self.predictions["model"] == (model or self.champion)
        return self.predictions[mine & (self.predictions["split"] == split)]

    @property
    def place(self) -> str:
        """The independence of the test rows, in words."""
        if not self.by_time:
            return "out of enterprise, not out of time"
        return "out of time and of enterprise" if self.by_enterprise else "out of time"


def check_ranking(e: Evidence) -> Check:
    """Check that the lower end of the test's AUC reaches its minimum."""
    test = e.rows("test")
    y, p = outcome(test), test["pd_12m"].to_numpy(float)
    weights = bootstrap_weights(test["enterprise_id"], e.settings.bootstrap_draws, e.seed)
    low, high = percentile_interval([auc(p, y, w) for w in weights])
    value, threshold = auc(p, y), e.settings.least_auc
    text = (
        f"AUC on the test rows ({e.place}): {value:.3f}, 95 % interval by enterprise"
        f" {format_interval(low, high, '.3f')}; its lower end must reach {threshold:g}."
    )
    return Check("ranking", low >= threshold, value, low, high, threshold, text)


def check_not_below_single_feature(e: Evidence) -> Check:
    """Check that the model ranks at least as well as a single feature, on the same rows."""
    test, simple = e.rows("test"), e.rows("test", "single_feature")
    if simple.empty or e.champion == "single_feature":
        text = "There is no single-feature baseline beside the model; nothing was compared."
        return Check("not_below_single_feature", True, np.nan, np.nan, np.nan, 0.0, text)
    both = test.merge(
        simple[["enterprise_id", "as_of", "pd_12m"]],
        on=["enterprise_id", "as_of"],
        suffixes=("", "_simple"),
        validate="1:1",
    )
    y = outcome(both)
    p, q = (both[name].to_numpy(float) for name in ("pd_12m", "pd_12m_simple"))
    weights = bootstrap_weights(both["enterprise_id"], e.settings.bootstrap_draws, e.seed)
    gains = [auc(p, y, w) - auc(q, y, w) for w in weights]
    low, high = percentile_interval(gains)
    ours, theirs = auc(p, y), auc(q, y)
    text = (
        f"AUC {ours:.3f} against {theirs:.3f} of the single-feature baseline on the same test rows;"
        f" difference {ours - theirs:+.3f}, 95 % interval {format_interval(low, high, '+.3f')}."
    )
    return Check("not_below_single_feature", high >= 0, ours - theirs, low, high, 0.0, text)


def check_calibration_by_grade(e: Evidence) -> Check:
    """Check that few grades default significantly, and materially, more than their PD."""
    grades = performance_by_grade(e.rows("test"), e.settings.asset_correlation)
    margin = 1 + e.settings.calibration_margin
    failed = (grades["p_adjusted"] < e.settings.calibration_p) & (
        grades["rate"] > margin * grades["pd_12m"]
    )
    share, threshold = float(failed.mean()), e.settings.most_failed_grades
    names = ", ".join(grades.loc[failed, "grade"]) or "none"
    power = float(
        (1.645 * np.sqrt(grades["pd_12m"] / grades["enterprises"]) / grades["pd_12m"]).median()
    )
    text = (
        f"{int(failed.sum())} of {len(grades)} grades default more than their PD says (Jeffreys'"
        f" p under an asset correlation of {e.settings.asset_correlation:g}, Holm-adjusted, below"
        f" {e.settings.calibration_p:g}, and more than {100 * e.settings.calibration_margin:g}% over): {names}."
        f" {grades['defaults'].sum():.0f} defaults, each enterprise counted once a grade; in the median"
        f" grade only a rate {format_upper(power, '.0%')} above its PD would show."
    )
    return Check("calibration_by_grade", share <= threshold, share, np.nan, np.nan, threshold, text)


def check_calibration_overall(e: Evidence) -> Check:
    """Check that the realised rate agrees with the mean PD, within interval and margin."""
    test = e.rows("test")
    y, p = outcome(test), test["pd_12m"].to_numpy(float)
    weights = bootstrap_weights(test["enterprise_id"], e.settings.bootstrap_draws, e.seed)
    ratios = [calibration_ratio(p, y, w) for w in weights]
    low, high = percentile_interval(ratios)
    value, margin = calibration_ratio(p, y), e.settings.calibration_margin
    enterprises = test["enterprise_id"].nunique()
    p_cycle = jeffreys_test_in_cycle(
        float(y.mean()) * enterprises, enterprises, float(p.mean()), e.settings.asset_correlation
    )
    near = low <= 1 + margin and high >= 1 / (1 + margin)
    passed = near or min(p_cycle, 1 - p_cycle) >= e.settings.calibration_p
    text = (
        f"Realised rate {y.mean():.2%} against a mean PD of {p.mean():.2%} on the test rows"
        f" ({e.place}): {value:.2f} times, 95 % interval {format_interval(low, high, '.2f')}. It must touch"
        f" 1 within {100 * margin:g}%, or be no rare year of the cycle: p {format_lower(p_cycle, '.3f')} under an asset"
        f" correlation of {e.settings.asset_correlation:g}."
    )
    return Check("calibration_overall", passed, value, low, high, 1 + margin, text)


def check_calibration_slope(e: Evidence) -> Check:
    """Check that the PDs lie as far apart as the outcomes do."""
    test = e.rows("test")
    y, p = outcome(test), test["pd_12m"].to_numpy(float)
    weights = bootstrap_weights(test["enterprise_id"], e.settings.bootstrap_draws, e.seed)
    able = [w for w in weights if 0 < (w * y).sum() < w.sum()]
    low, high = percentile_interval([calibration_slope(p, y, w) for w in able])
    value, margin = calibration_slope(p, y), e.settings.slope_margin
    passed = low <= 1 + margin and high >= 1 - margin
    text = (
        f"Slope of the outcome on the PD's log-odds (test rows, {e.place}): {value:.2f}, 95 %"
        f" interval {format_interval(low, high, '.2f')}. It must touch 1 within {margin:g}; below 1 the PDs"
        " lie too far apart."
    )
    return Check("calibration_slope", passed, value, low, high, 1 - margin, text)


def check_enough_defaults(e: Evidence) -> Check:
    """Check that the test rows hold enough defaults."""
    test = e.rows("test")
    defaults, threshold = int(test["defaulted"].sum()), e.settings.least_defaults
    low, high = jeffreys_interval(defaults, len(test))
    text = (
        f"{defaults} defaults among {len(test):,} test rows: the rate alone is known only to"
        f" {format_interval(low, high, '.2%', ' - ')}; under {threshold} defaults every figure here is weak."
    )
    return Check(
        "enough_defaults", defaults >= threshold, float(defaults), np.nan, np.nan, threshold, text
    )


def check_out_of_time(e: Evidence) -> Check:
    """Check that the headline comes from later dates than the fit."""
    text = (
        f"The test rows are {e.place}: later than all rows of fit and calibration, with a gap."
        if e.by_time
        else "The test rows are held-out folds of enterprises, learnt from rows of the same"
        f" {e.rows('test')['as_of'].nunique():,} as-of dates: nothing here is out of time."
    )
    return Check("out_of_time", e.by_time, float(e.by_time), np.nan, np.nan, 1.0, text)


def check_drift_in_time(e: Evidence) -> Check:
    """Check the PD's stability from the fit rows to the test rows; where rows of all dates
    are cross-validated, drift of the outcome and of the PD from period to period."""
    if not e.by_time:
        return _drift_over_dates(e)
    own = e.rows("same_enterprises")
    return _check_drift(e, "drift_in_time", "fit", "test" if own.empty else "same_enterprises")


def check_drift_to_scored(e: Evidence) -> Check:
    """Check the PD's stability from the training rows to the rows scored."""
    if not e.by_time and len(e.rows("test")):
        return _check_drift(e, "drift_to_scored", "test", "score")
    again = len(e.rows("train_all")) > 0
    return _check_drift(e, "drift_to_scored", "train_all" if again else "fit", "score")


def _drift_over_dates(e: Evidence) -> Check:
    """Check the drift of outcome and PD over the test rows' own dates.

    The outcome drifts where two periods' rates differ by more than chance and by the margin of
    calibration; the PD where its PSI passes both chance and the convention.
    """
    rows, threshold, margin = e.rows("test"), e.settings.most_psi, e.settings.calibration_margin
    outcome_moved, pd_moved = (
        find_largest_movement(rows, name) for name in ("defaulted", "pd_12m")
    )
    if outcome_moved is None or pd_moved is None:
        text = "All test rows are of one as-of date; of drift in time nothing can be seen."
        return Check("drift_in_time", True, np.nan, np.nan, np.nan, threshold, text)
    drifts = outcome_moved.beyond_chance and outcome_moved.apart > 1 + margin
    shifts = pd_moved.beyond_chance and pd_moved.psi > threshold
    text = (
        f"The test rows are of {rows['as_of'].nunique():,} as-of dates, cross-validated. Their default"
        f" rate moves most {_describe_movement(outcome_moved)}; beyond chance and by more than"
        f" {100 * margin:g}% is drift. Their mean PD moves most {_describe_movement(pd_moved)}; beyond chance and"
        f" {threshold:g}, a convention, is drift. Enterprises count once."
    )
    if drifts:
        ratio = outcome_moved.apart
        return Check("drift_in_time", False, ratio, np.nan, np.nan, 1 + margin, text)
    bound = pd_moved.by_chance
    return Check("drift_in_time", not shifts, pd_moved.psi, np.nan, bound, threshold, text)


def _describe_movement(one: Movement) -> str:
    return (
        f"from {one.before:.2%} ({one.earlier}) to {one.after:.2%} ({one.later}): PSI {one.psi:.3f},"
        f" where {format_upper(one.by_chance, '.3f')} comes by chance in any pair once in twenty times"
    )


def _check_drift(e: Evidence, name: str, trained: str, split: str) -> Check:
    rows, threshold = [e.rows(split) for split in (trained, split)], e.settings.most_psi
    if rows[1].empty:
        return Check(name, True, np.nan, np.nan, np.nan, threshold, f"There are no {split} rows.")
    value, chance = _measure_psi("pd_12m", *rows)
    text = (
        f"PSI of the PD from the training rows to the {split} rows: {format_beside(value, threshold, '.3f')};"
        f" {format_upper(chance, '.3f')} comes"
        f" by chance once in twenty times; {threshold:g} is a convention."
    )
    return Check(name, value <= threshold, value, np.nan, chance, threshold, text)


def _measure_psi(column: str, then: pd.DataFrame, now: pd.DataFrame) -> tuple[float, float]:
    """Compute the PSI of the column between two sets of rows, and its critical value."""
    samples = (then[column].to_numpy(float), now[column].to_numpy(float))
    owners = (then["enterprise_id"], now["enterprise_id"])
    return psi(*samples), psi_critical_value(*samples, owners)


def check_leaks_left_out(e: Evidence) -> Check:
    """Check that no column was left out as a leak; suspects are named."""
    out, cleared, watched = (
        e.suspects_of(decision) for decision in ("left_out", "cleared", "watched")
    )
    parts = [f"{len(out)} columns were taken for leaks and left out{_name_suspects(out)}."]
    if len(out):
        parts.append("Trace each to before the as-of date and clear it, or drop it at the source.")
    if len(cleared):
        parts.append(
            f"{len(cleared)} look like leaks and were cleared by name{_name_suspects(cleared)}."
        )
    if len(watched):
        parts.append(
            f"{len(watched)} stay in, but ask where they come from{_name_suspects(watched)}."
        )
    count = float(len(out))
    return Check("leaks_left_out", count == 0, count, np.nan, np.nan, 0.0, " ".join(parts))


def _name_suspects(found: pd.DataFrame) -> str:
    """The columns, each with why."""
    lines = [f"{name} ({why})" for name, why in zip(found["feature"], found["reason"], strict=True)]
    return f": {'; '.join(lines)}" if lines else ""


def check_leak_single_feature(e: Evidence) -> Check:
    """Check that no feature of the model ranks too well alone, or was kept as a suspect."""
    rows = e.panel[e.panel["split"].isin(["test"] if e.by_time else ["fit"])]
    y, settled = outcome(rows), set(e.suspects_of("left_out", "cleared")["feature"])
    found = {
        feature.name: _univariate_auc(rows[feature.name], y)
        for feature in e.definitions
        if feature.model
        and not feature.category
        and feature.name in rows
        and feature.name not in settled
    }
    best = sorted(found.items(), key=lambda item: (-item[1], item[0]))[:NAMED_FEATURES]
    value = best[0][1] if best else np.nan
    threshold, kept = e.settings.most_single_auc, e.suspects_of("kept")
    named = (
        ", ".join(f"{name} (AUC {format_beside(ranks, threshold, '.3f')})" for name, ranks in best)
        or "none"
    )
    text = (
        f"The features that rank best alone: {named}; above {threshold:g} one is taken for a leak"
        " until explained. A weaker leak looks like an honest feature: ask where these come from."
    )
    text += f" Kept in spite of it{_name_suspects(kept)}." if len(kept) else ""
    passed = not (value > threshold or len(kept))
    return Check("leak_single_feature", passed, value, np.nan, np.nan, threshold, text)


def _univariate_auc(values: pd.Series, y: np.ndarray) -> float:
    """AUC of the values in either direction, or of their being missing."""
    numbers = values.to_numpy(float, na_value=np.nan)
    missing = np.isnan(numbers)
    if missing.all():
        return 0.5
    filled = np.where(missing, np.nanmedian(numbers), numbers)
    ranks = [auc(filled, y), auc(missing.astype(float), y)]
    return max(max(rank, 1 - rank) for rank in ranks)


def check_leak_time_travel(e: Evidence) -> Check:
    """Check that features stay when all that became known later is taken away."""
    changed, of = e.time_travel
    text = (
        f"{changed} of {of:,} feature values changed when every row known at or after the as-of"
        " date was taken out of the source and the features were computed anew."
    )
    return Check("leak_time_travel", changed == 0, float(changed), np.nan, np.nan, 0.0, text)


CHECKS: Mapping[str, Callable[[Evidence], Check]] = {
    "ranking": check_ranking,
    "not_below_single_feature": check_not_below_single_feature,
    "calibration_by_grade": check_calibration_by_grade,
    "calibration_overall": check_calibration_overall,
    "calibration_slope": check_calibration_slope,
    "enough_defaults": check_enough_defaults,
    "out_of_time": check_out_of_time,
    "drift_in_time": check_drift_in_time,
    "drift_to_scored": check_drift_to_scored,
    "leaks_left_out": check_leaks_left_out,
    "leak_single_feature": check_leak_single_feature,
    "leak_time_travel": check_leak_time_travel,
}
"""Every check by name, in the order of the report."""
NEED_TEST_ROWS = (
    "ranking",
    "not_below_single_feature",
    "calibration_by_grade",
    "calibration_overall",
    "calibration_slope",
    "enough_defaults",
    "drift_in_time",
)
UNTESTED = (
    "There are no test rows: the version may have learnt from every labelled row, so nothing here"
    " says how it does on others. Fit it anew, or publish on the word of its own review"
    " (publish.override_reason)."
)


def run_checks(evidence: Evidence) -> pd.DataFrame:
    """check, passed, value, low, high, threshold, text: one row a check.

    Where there are no test rows, as in a month that a cross-validated version scores, the checks of
    test rows are failed: nothing was shown.
    """
    untested = NEED_TEST_ROWS if evidence.rows("test").empty else ()
    nothing = (False, np.nan, np.nan, np.nan, np.nan, UNTESTED)
    return pd.DataFrame(
        [
            Check(name, *nothing) if name in untested else check(evidence)
            for name, check in CHECKS.items()
        ]
    )
