"""Early signs: the worst month-end within each row's horizon, and what trees make of it."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from riskmodel.datasets import compute_early_delinquency
from riskmodel.model.learners.trees import compute_targets
from riskmodel.settings import default_settings


def test_the_worst_month_end_inside_the_horizon_counts(
    drawn: Callable, lines: Callable, states: Callable
) -> None:
    late = {"2013-03-01": {"days_past_due": 45}, "2014-01-01": {"days_past_due": 20}}
    source = drawn(
        {
            "lines": lines(("L1", "E1", "2012-12-20", "2014-12-20")),
            "line_months": states("L1", "2013-01-01", "2014-02-01", late),
        }
    )
    dates = ["2013-01-01", "2013-04-01", "2014-02-01", "2013-01-01"]
    rows = pd.DataFrame({"enterprise_id": ["E1", "E1", "E1", "E2"], "as_of": pd.to_datetime(dates)})
    assert compute_early_delinquency(source, rows, 12)["past_due"].tolist() == [
        45.0,
        20.0,
        0.0,
        0.0,
    ]
    assert compute_early_delinquency(source, rows, 2)["past_due"].tolist() == [0.0, 0.0, 0.0, 0.0]
    assert compute_early_delinquency(source, rows, None).empty


def test_a_source_without_line_months_has_no_early_signs(drawn: Callable) -> None:
    rows = pd.DataFrame({"enterprise_id": ["E1"], "as_of": [pd.Timestamp("2013-01-01")]})
    labels = rows.assign(
        defaulted=False, horizon_months=12, observed_until=pd.Timestamp("2014-01-01")
    )
    assert compute_early_delinquency(drawn({"outcomes": labels}), rows, 12).empty


def test_a_default_is_whole_and_days_past_due_are_parts_of_one() -> None:
    how = default_settings().model.trees.with_values(
        {"early_delinquency_weights": ((1.0, 0.1), (30.0, 0.5)), "early_delinquency_scale": 1.0}
    )
    rows = pd.DataFrame(
        {
            "defaulted": [False, False, False, False, True],
            "past_due": [0.0, 1.0, 29.0, 30.0, np.nan],
        }
    )
    assert compute_targets(rows, how).tolist() == [0.0, 0.1, 0.1, 0.5, 1.0]
    none = how.with_values({"early_delinquency_weights": ()})
    assert compute_targets(rows, none).tolist() == [0.0, 0.0, 0.0, 0.0, 1.0]
    assert compute_targets(rows.drop(columns="past_due"), how).tolist() == [0.0, 0.0, 0.0, 0.0, 1.0]
