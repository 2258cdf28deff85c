"""Past lines: what was granted, on what grounds, and what became of it within the horizon."""

from collections.abc import Callable
from datetime import date

import pandas as pd
import pytest

from riskmodel.datasets import past_lines
from riskmodel.datasets.past_lines import COLUMNS
from riskmodel.settings import DatasetsSettings

RUN = date(2012, 1, 1)


def application(
    enterprise: str, decided: str, reason: str, decision: str = "accept"
) -> pd.DataFrame:
    day = pd.to_datetime([decided])
    return pd.DataFrame(
        {
            "application_id": f"A{enterprise}{decided}",
            "enterprise_id": enterprise,
            "bank": "bank_a",
            "applied_on": day,
            "decision": decision,
            "decided_on": day,
            "reason": reason,
            "known_at": day.tz_localize("UTC"),
        }
    )


def test_the_drawn_share_is_the_mean_of_the_sound_month_ends_inside_the_year(
    drawn: Callable, lines: Callable, states: Callable, settings: DatasetsSettings
) -> None:
    months = {
        "2010-03-01": {"drawn_cny": 200_000.0},
        "2010-04-01": {"drawn_cny": 400_000.0},
        "2010-05-01": {"drawn_cny": 900_000.0, "days_past_due": 20},
        "2011-03-01": {"drawn_cny": 1_000_000.0},
    }
    source = drawn(
        {
            "lines": lines(("L1", "E1", "2010-03-20", "2011-03-20")),
            "line_months": states("L1", "2010-03-01", "2011-03-01", months),
        }
    )
    (row,) = past_lines(source, settings, RUN).to_dict("records")
    # eleven sound month-ends from March to February; the arrears of May, and the March after
    # the year, do not count
    assert row["drawn_share"] == pytest.approx((0.2 + 0.4) / 11)
    assert row["past_due"] == 20
    assert not row["defaulted"]
    assert pd.isna(row["drawn_at_default"])
    assert pd.isna(row["randomised"])


def test_a_default_within_the_year_is_the_lines_with_what_was_drawn_then(
    drawn: Callable, lines: Callable, states: Callable, settings: DatasetsSettings
) -> None:
    months = {
        "2010-06-01": {"drawn_cny": 500_000.0},
        "2010-07-01": {"drawn_cny": 800_000.0, "days_past_due": 95},
        "2010-08-01": {"drawn_cny": 100_000.0, "days_past_due": 125},
    }
    source = drawn(
        {
            "lines": lines(("L1", "E1", "2010-06-20", "2011-06-20")),
            "line_months": states("L1", "2010-06-01", "2011-08-01", months),
        }
    )
    (row,) = past_lines(source, settings, RUN).to_dict("records")
    assert row["defaulted"]
    assert row["past_due"] == 125
    assert row["drawn_at_default"] == pytest.approx(0.8)
    assert row["drawn_share"] == pytest.approx(0.5)  # only June came before the default


def test_lines_whose_year_is_not_over_or_that_begin_in_default_are_left_out(
    drawn: Callable, lines: Callable, states: Callable, settings: DatasetsSettings
) -> None:
    bad = {"2010-04-01": {"days_past_due": 95}}
    source = drawn(
        {
            "lines": lines(
                ("L1", "E1", "2010-03-20", None),
                ("L2", "E2", "2011-03-20", None),
                ("L3", "E1", "2010-06-20", None),
            ),
            "line_months": pd.concat(
                [
                    states("L1", "2010-03-01", "2011-11-01", bad),
                    states("L2", "2011-03-01", "2011-11-01"),
                    states("L3", "2010-06-01", "2011-11-01"),
                ]
            ),
        }
    )
    assert list(past_lines(source, settings, RUN)["line_id"]) == ["L1"]


def test_the_grade_is_that_of_the_accepted_application_before_the_grant(
    drawn: Callable, lines: Callable, states: Callable, settings: DatasetsSettings
) -> None:
    source = drawn(
        {
            "lines": lines(
                ("L1", "E1", "2010-03-20", None),
                ("L2", "E2", "2010-03-20", None),
                ("L3", "E3", "2010-03-20", None),
            ),
            "line_months": pd.concat(
                [states(line, "2010-03-01", "2011-11-01") for line in ("L1", "L2", "L3")]
            ),
            "applications": pd.concat(
                [
                    application("E1", "2010-03-12", "grade B"),
                    application("E1", "2010-03-25", "grade C"),  # decided after the grant
                    application("E2", "2009-11-12", "grade A"),  # too long ago
                    application("E3", "2010-03-12", "risk", "decline"),
                ]
            ),
        }
    )
    assert list(past_lines(source, settings, RUN)["grade"]) == ["grade B", "", ""]


def test_a_source_without_line_months_has_no_past_lines(
    drawn: Callable, lines: Callable, settings: DatasetsSettings
) -> None:
    outcomes = pd.DataFrame(
        {
            "enterprise_id": ["E1"],
            "as_of": pd.to_datetime(["2010-03-20"]),
            "observed_until": pd.to_datetime(["2011-03-20"]),
            "defaulted": [False],
        }
    )
    source = drawn({"lines": lines(("L1", "E1", "2010-03-20", None)), "outcomes": outcomes})
    found = past_lines(source, settings, RUN)
    assert found.empty
    assert tuple(found.columns) == COLUMNS


def test_lines_granted_after_the_runs_date_are_not_seen(
    drawn: Callable, lines: Callable, states: Callable, settings: DatasetsSettings
) -> None:
    source = drawn(
        {
            "lines": lines(("L1", "E1", "2010-03-20", None)),
            "line_months": states("L1", "2010-03-01", "2011-11-01"),
        }
    )
    assert len(past_lines(source, settings, date(2010, 3, 20))) == 1
    assert past_lines(source, settings, date(2010, 3, 19)).empty
