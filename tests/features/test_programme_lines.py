"""The programme's own lines as a model sees them: arrears of twelve months, never the future."""

import pandas as pd
import pytest

from riskmodel.features import DEFINITIONS, compute, definitions_by_name


@pytest.fixture
def source(drawn):
    lines = {"line_id": ["L1", "L2"], "enterprise_id": ["E1", "E2"], "bank": ["a", "a"],
             "granted_on": pd.to_datetime(["2023-01-05"] * 2), "limit_cny": [10.0, 10.0],
             "known_at": pd.to_datetime(["2023-01-06"] * 2, utc=True)}  # fmt: skip
    months = pd.DataFrame(
        [
            ("L1", "2023-05-01", 75, "2023-06-05"),  # before the twelve months
            ("L1", "2023-08-01", 40, "2023-09-05"),
            ("L1", "2023-09-01", 0, "2023-10-05"),
            ("L1", "2024-02-01", 12, "2024-03-05"),
            ("L1", "2024-06-01", 60, "2024-07-03"),  # known too late
            ("L2", "2024-02-01", 0, "2024-03-05"),
        ],
        columns=["line_id", "month", "days_past_due", "known_at"],
    )
    months["month"] = pd.to_datetime(months["month"])
    months["known_at"] = pd.to_datetime(months["known_at"], utc=True)
    asked = {"inquiry_id": ["Q1"], "enterprise_id": ["E1"], "lender": ["b"],
             "inquired_on": pd.to_datetime(["2023-01-05"]),
             "known_at": pd.to_datetime(["2023-01-06"], utc=True)}  # fmt: skip
    tables = {"lines": lines, "inquiries": asked}
    return drawn({name: pd.DataFrame(t) for name, t in tables.items()} | {"line_months": months})


@pytest.mark.parametrize(
    ("name", "first", "second"),
    [("line_days_past_due_12m", 40, 0), ("line_overdue_months_12m", 2, 0)],
)
def test_arrears_on_the_lines_count_for_twelve_months(source, settings, name, first, second):
    rows = pd.DataFrame(
        {"enterprise_id": ["E1", "E2"], "as_of": pd.to_datetime(["2024-07-01"] * 2)}
    )
    found = compute(
        source, rows, settings, definitions=[definitions_by_name(DEFINITIONS)[name]]
    ).frame
    assert found[name].tolist() == [first, second]
    assert definitions_by_name(DEFINITIONS)[name].model
