"""Checks of performance: discrimination, calibration, and how much the test rows can show."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.statistics.bootstrap import bootstrap_weights, percentile_interval
from riskmodel.statistics.calibration import (
    calibration_ratio,
    calibration_slope,
    jeffreys_test_in_cycle,
)
from riskmodel.statistics.discrimination import auc
from riskmodel.statistics.low_default import jeffreys_interval
from riskmodel.statistics.outward_rounding import format_interval, format_lower, format_upper
from riskmodel.validate.evidence import Check, Evidence
from riskmodel.validate.performance import ELIGIBLE, Metric, outcome, performance_by_grade

Array = npt.NDArray[np.float64]


def check_ranking(e: Evidence) -> Check:
    """Check that the lower end of the test's AUC reaches its minimum."""
    test = e.rows("test")
    (value, low, high), threshold = _measure(auc, e, test), e.settings.min_auc
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
    gains = [auc(p, y, w) - auc(q, y, w) for w in draw_weights(e, both)]
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
    margin = 1 + e.settings.max_calibration_error
    failed = (grades["p_adjusted"] < e.settings.min_calibration_p_value) & (
        grades["rate"] > margin * grades["pd_12m"]
    )
    share, threshold = float(failed.mean()), e.settings.max_failed_grades_share
    names = ", ".join(grades.loc[failed, "grade"]) or "none"
    power = float(
        (1.645 * np.sqrt(grades["pd_12m"] / grades["enterprises"]) / grades["pd_12m"]).median()
    )
    text = (
        f"{int(failed.sum())} of {len(grades)} grades default more than their PD says (Jeffreys'"
        f" p under an asset correlation of {e.settings.asset_correlation:g}, Holm-adjusted, below"
        f" {e.settings.min_calibration_p_value:g}, and more than {100 * e.settings.max_calibration_error:g}% over): {names}."
        f" {grades['defaults'].sum():.0f} defaults, each enterprise counted once a grade; in the median"
        f" grade only a rate {format_upper(power, '.0%')} above its PD would show."
    )
    return Check("calibration_by_grade", share <= threshold, share, np.nan, np.nan, threshold, text)


def check_calibration_overall(e: Evidence) -> Check:
    """Check that the realised rate agrees with the mean PD, within interval and margin."""
    test, margin = e.rows("test"), e.settings.max_calibration_error
    value, low, high = _measure(calibration_ratio, e, test)
    y, p = outcome(test), test["pd_12m"].to_numpy(float)
    p_cycle = _p_in_cycle(e, test)
    text = (
        f"Realised rate {y.mean():.2%} against a mean PD of {p.mean():.2%} on the test rows"
        f" ({e.place}): {value:.2f} times, 95 % interval {format_interval(low, high, '.2f')}. It must touch"
        f" 1 within {100 * margin:g}%, or be no rare year of the cycle: p {format_lower(p_cycle, '.3f')} under an asset"
        f" correlation of {e.settings.asset_correlation:g}."
    )
    passed = _agrees(e, (low, high), p_cycle)
    return Check("calibration_overall", passed, value, low, high, 1 + margin, text)


def check_eligible(e: Evidence) -> Check:
    """Check ranking and level on the test rows of those who may be lent to.

    They are fewer and harder to rank than all, so it fails only where they surely rank below the
    minimum, or their level is off as `calibration_overall` has it.
    """
    rows, threshold = e.rows(ELIGIBLE), e.settings.min_auc
    if rows["defaulted"].nunique() < 2:
        text = (
            "The test rows of those who may be lent to are all test rows, or hold one outcome only;"
            " nothing was measured apart."
        )
        return Check("eligible", True, np.nan, np.nan, np.nan, threshold, text)
    value, low, high = _measure(auc, e, rows)
    ratio, least, most = _measure(calibration_ratio, e, rows)
    text = (
        f"Those who may be lent to ({len(rows):,} of {len(e.rows('test')):,} test rows,"
        f" {int(rows['defaulted'].sum()):,} defaults): AUC {value:.3f}, 95 % interval"
        f" {format_interval(low, high, '.3f')}, whose upper end must reach {threshold:g}; realised over mean PD"
        f" {ratio:.2f} ({format_interval(least, most, '.2f')}), held to the bounds of all rows."
    )
    passed = high >= threshold and _agrees(e, (least, most), _p_in_cycle(e, rows))
    return Check("eligible", passed, value, low, high, threshold, text)


def _measure(metric: Metric, e: Evidence, rows: pd.DataFrame) -> tuple[float, float, float]:
    """A metric of the PDs, with its interval by enterprise."""
    y, p = outcome(rows), rows["pd_12m"].to_numpy(float)
    low, high = percentile_interval([metric(p, y, w) for w in draw_weights(e, rows)])
    return metric(p, y), low, high


def _agrees(e: Evidence, ratio: tuple[float, float], p_cycle: float) -> bool:
    """True where a ratio's interval touches 1 within the margin, or the year is no rare one."""
    low, high, margin = *ratio, e.settings.max_calibration_error
    near = low <= 1 + margin and high >= 1 / (1 + margin)
    return near or min(p_cycle, 1 - p_cycle) >= e.settings.min_calibration_p_value


def _p_in_cycle(e: Evidence, rows: pd.DataFrame) -> float:
    """Jeffreys' p of the rows' level under the cycle, each enterprise counted once."""
    enterprises, rate = rows["enterprise_id"].nunique(), float(outcome(rows).mean())
    mean = float(rows["pd_12m"].mean())
    return jeffreys_test_in_cycle(
        rate * enterprises, enterprises, mean, e.settings.asset_correlation
    )


def check_calibration_slope(e: Evidence) -> Check:
    """Check that the PDs lie as far apart as the outcomes do."""
    test = e.rows("test")
    y, p = outcome(test), test["pd_12m"].to_numpy(float)
    able = [w for w in draw_weights(e, test) if 0 < (w * y).sum() < w.sum()]
    low, high = percentile_interval([calibration_slope(p, y, w) for w in able])
    value, margin = calibration_slope(p, y), e.settings.max_slope_error
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
    defaults, threshold = int(test["defaulted"].sum()), e.settings.min_test_defaults
    low, high = jeffreys_interval(defaults, len(test))
    text = (
        f"{defaults} defaults among {len(test):,} test rows: the rate alone is known only to"
        f" {format_interval(low, high, '.2%', ' - ')}; under {threshold} defaults every figure here is weak."
    )
    return Check(
        "enough_defaults", defaults >= threshold, float(defaults), np.nan, np.nan, threshold, text
    )


def check_out_of_time(e: Evidence) -> Check:
    """Check that the headline comes from later dates than the fit, with a gap between."""
    later = f"The test rows are {e.place}: later than all rows of fit and calibration"
    text = (
        f"{later}, {'but labels of these may tell of days after it began' if e.gap == 'none' else 'with a gap'}."
        if e.by_time
        else "The test rows are held-out folds of enterprises, learnt from rows of the same"
        f" {e.rows('test')['as_of'].nunique():,} as-of dates: nothing here is out of time."
    )
    passed = e.by_time and e.gap != "none"
    return Check("out_of_time", passed, float(passed), np.nan, np.nan, 1.0, text)


def draw_weights(e: Evidence, rows: pd.DataFrame) -> Iterator[Array]:
    """Draw the rows' bootstrap weights, by enterprise."""
    return bootstrap_weights(rows["enterprise_id"], e.settings.bootstrap_draws, e.seed)
