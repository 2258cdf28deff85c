"""Checks of drift: of the PD between samples, of outcome and PD over dates."""

import numpy as np
import pandas as pd

from riskmodel.datasets.drift import Movement, find_largest_movement
from riskmodel.statistics.bootstrap import percentile_interval
from riskmodel.statistics.discrimination import auc
from riskmodel.statistics.outward_rounding import format_beside, format_interval, format_upper
from riskmodel.statistics.psi import psi, psi_critical_value
from riskmodel.validate.evidence import Check, Evidence
from riskmodel.validate.performance import outcome
from riskmodel.validate.performance_checks import draw_weights


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


def check_drift_in_outcome(e: Evidence) -> Check:
    """Check that later rows are ranked as well as rows of the fit's own dates.

    Both are predicted by the same models, none of which saw the enterprise, so only the dates
    differ. Falls where the 95 % interval of the difference, by enterprise, lies below 0: once in
    forty times where nothing drifts.
    """
    both = pd.concat([e.rows("cross_validated"), e.rows("test")], ignore_index=True)
    late = (both["split"] == "test").to_numpy()
    if not e.by_time or late.all():
        text = "There are no cross-validated rows of the fit's dates beside later ones to compare."
        text = " ".join(filter(None, (text, e.jumps)))
        return Check("drift_in_outcome", True, np.nan, np.nan, np.nan, 0.0, text)
    y, p = outcome(both), both["pd_12m"].to_numpy(float)
    then, now = auc(p, y, (~late).astype(float)), auc(p, y, late.astype(float))
    losses = [auc(p, y, w * late) - auc(p, y, w * ~late) for w in draw_weights(e, both)]
    low, high = percentile_interval(losses)
    drifts = high < 0
    text = (
        f"AUC {now:.3f} on later rows against {then:.3f} cross-validated on the fit rows, by the same"
        f" models: {now - then:+.3f}, 95 % interval by enterprise {format_interval(low, high, '+.3f')}."
        f" {'The outcome drifts: what ranked it before ranks it less.' if drifts else 'Below 0 it would be drift in the outcome.'}"
    )
    text = " ".join(filter(None, (text, e.jumps)))
    return Check("drift_in_outcome", not drifts, now - then, low, high, 0.0, text)


def _drift_over_dates(e: Evidence) -> Check:
    """Check the drift of outcome and PD over the test rows' own dates.

    The outcome drifts where two periods' rates differ by more than chance and by the margin of
    calibration; the PD where its PSI passes both chance and the convention.
    """
    rows, threshold, margin = e.rows("test"), e.settings.max_psi, e.settings.max_calibration_error
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
    rows, threshold = [e.rows(split) for split in (trained, split)], e.settings.max_psi
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
