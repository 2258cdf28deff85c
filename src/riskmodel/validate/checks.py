"""The checks by name: one function each, from evidence to a pass or a failure in words."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from riskmodel.validate.drift_checks import (
    check_drift_in_outcome,
    check_drift_in_time,
    check_drift_to_scored,
)
from riskmodel.validate.evidence import Check, Evidence
from riskmodel.validate.leakage_checks import (
    check_leak_single_feature,
    check_leak_time_travel,
    check_leaks_excluded,
)
from riskmodel.validate.performance_checks import (
    check_calibration_by_grade,
    check_calibration_overall,
    check_calibration_slope,
    check_eligible,
    check_enough_defaults,
    check_not_below_single_feature,
    check_out_of_time,
    check_ranking,
)

CHECKS: Mapping[str, Callable[[Evidence], Check]] = {
    "ranking": check_ranking,
    "not_below_single_feature": check_not_below_single_feature,
    "calibration_by_grade": check_calibration_by_grade,
    "calibration_overall": check_calibration_overall,
    "calibration_slope": check_calibration_slope,
    "eligible": check_eligible,
    "enough_defaults": check_enough_defaults,
    "out_of_time": check_out_of_time,
    "drift_in_outcome": check_drift_in_outcome,
    "drift_in_time": check_drift_in_time,
    "drift_to_scored": check_drift_to_scored,
    "leaks_excluded": check_leaks_excluded,
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
    "eligible",
    "enough_defaults",
    "drift_in_outcome",
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
