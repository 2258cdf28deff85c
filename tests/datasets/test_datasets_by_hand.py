"""Labels, past lines and splits at their edges, by hand: a day, a row or a share more or less."""

from collections.abc import Callable
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from riskmodel.datasets import (
    Population,
    compute_early_delinquency,
    feature_rows,
    panel,
    past_lines,
    population,
    sensitivity,
    split,
)
from riskmodel.datasets.default_events import current_rows, default_dates, observed_until
from riskmodel.datasets.sensitivity import definitions
from riskmodel.datasets.splits import (
    balanced_fold,
    balanced_folds,
    by_time,
    folds,
    sample_enterprises,
    select_newest_rows,
)
from riskmodel.errors import DataError
from riskmodel.settings import DatasetsSettings

NO_ROWS = pd.DataFrame({"enterprise_id": [], "as_of": []}).astype(
    {"enterprise_id": "str", "as_of": "datetime64[us]"}
)

RUN = date(2024, 7, 1)
Read = Callable[[Any], Any]


def day(text: str) -> pd.Timestamp:
    return pd.Timestamp(text)


def dated(*days: str, **columns: Any) -> pd.DataFrame:
    """Labelled rows of one enterprise each."""
    as_of = pd.to_datetime(list(days))
    ends = as_of + pd.DateOffset(months=12)
    rows = pd.DataFrame({"enterprise_id": [f"E{n}" for n in range(len(days))], "as_of": as_of})
    return rows.assign(defaulted=False, label_ends_on=ends, label_known_on=ends).assign(**columns)


# --- events ---


def test_reports_are_complete_from_nine_tenths_of_the_month_before_on(
    drawn: Read, lines: Any, states: Any
) -> None:
    def until(last: int, before: int = 10) -> pd.Timestamp:
        names = [f"L{n:02d}" for n in range(before)]
        months = [
            states(name, "2022-01-01", "2022-03-01" if n < last else "2022-02-01")
            for n, name in enumerate(names)
        ]
        granted = lines(*((name, "E1", "2022-01-01", None) for name in names))
        return observed_until(drawn({"lines": granted, "line_months": pd.concat(months)}))

    assert until(9) == day("2022-03-31")
    assert until(8) == day("2022-02-28")
    assert until(10) == day("2022-03-31")
    one = {
        "lines": lines(("L1", "E1", "2022-01-01", None)),
        "line_months": states("L1", "2022-02-01", "2022-02-01"),
    }
    assert observed_until(drawn(one)) == day("2022-02-28")


def test_the_first_default_counts_be_it_the_programmes_or_another_lenders(
    drawn: Read, lines: Any, states: Any, settings: DatasetsSettings
) -> None:
    records = pd.DataFrame(
        {
            "enterprise_id": ["E1", "E2", "E3"],
            "lender": "lender_one",
            "account_id": ["A1", "A2", "A3"],
            "month": pd.to_datetime(["2022-05-01", "2022-09-01", "2022-09-01"]),
            "tier": ["doubtful", "substandard", "special_mention"],
            "known_at": pd.to_datetime("2022-11-03", utc=True),
        }
    )
    bad = {"2022-07-01": {"days_past_due": 90}, "2022-08-01": {"days_past_due": 120}}
    off = {"2022-04-01": {"written_off_cny": 0.01}}
    source = drawn(
        {
            "lines": lines(("L1", "E1", "2022-01-01", None), ("L2", "E2", "2022-01-01", None),
                           ("L3", "E3", "2022-01-01", None), ("L4", "E4", "2022-01-01", None)),
            "line_months": pd.concat(
                [states("L1", "2022-01-01", "2022-12-01", bad),
                 states("L2", "2022-01-01", "2022-12-01", bad),
                 states("L3", "2022-01-01", "2022-12-01", {"2022-07-01": {"days_past_due": 89}}),
                 states("L4", "2022-01-01", "2022-12-01", off)]
            ),
            "bank_records": records,
        }
    )  # fmt: skip
    found = default_dates(source, settings)
    assert found.to_dict() == {
        "E1": day("2022-05-31"), "E2": day("2022-07-31"), "E4": day("2022-04-30"),
    }  # fmt: skip


def test_the_newest_version_counts_unless_it_is_taken_back(
    drawn: Read, lines: Any, states: Any
) -> None:
    first = lines(("L1", "E1", "2022-01-01", None), ("L2", "E2", "2022-01-01", None))
    second = first.assign(limit_cny=[2e6, 3e6], known_at=first["known_at"] + pd.Timedelta(days=1))
    both = pd.concat([second.assign(withdrawn=[False, True]), first.assign(withdrawn=False)])
    source = drawn({"lines": both, "line_months": states("L1", "2022-01-01", "2022-03-01")})
    found = current_rows(source, "lines")
    assert found[["line_id", "limit_cny"]].to_numpy().tolist() == [["L1", 2e6]]
    assert list(found.columns) == list(source.frame("lines").columns)
    assert current_rows(source, "applications").empty


# --- labels ---


def test_the_horizon_is_in_words_of_one_or_more_months() -> None:
    nobody = pd.DataFrame()
    words = [
        Population("outcomes", nobody, nobody, nobody, n, nobody).outcome for n in (1, 2, None)
    ]
    assert words == [
        "default within 1 month",
        "default within 2 months",
        "default ever, as far as the source saw",
    ]


def test_exclusions_count_rows_and_enterprises_apart(
    drawn: Read, lines: Any, states: Any, settings: DatasetsSettings
) -> None:
    bad = {"2022-05-01": {"days_past_due": 90}}
    source = drawn(
        {
            "lines": lines(("L1", "E1", "2022-01-01", None), ("L2", "E2", "2022-01-01", None)),
            "line_months": pd.concat(
                [states("L1", "2022-01-01", "2024-06-01", bad), states("L2", "2022-01-01", "2024-06-01")]
            ),
        }
    )  # fmt: skip
    found = population(source, settings, RUN)
    table = found.exclusions.set_index(["purpose", "reason"])
    # July 2022 to July 2024 every three months; E2's cohorts from October 2023 on are not over
    assert table.loc[("fit", "already_in_default"), ["rows", "enterprises"]].tolist() == [9, 1]
    assert table.loc[("fit", "not_mature"), ["rows", "enterprises"]].tolist() == [4, 1]
    assert table.loc[("score", "already_in_default"), ["rows", "enterprises"]].tolist() == [1, 1]
    # on 1 January 2022 no line is known yet: E1 is sound in April 2022 alone
    assert found.labelled["enterprise_id"].value_counts().to_dict() == {"E1": 1, "E2": 6}
    ends = found.labelled.set_index(["enterprise_id", "as_of"])["label_ends_on"]
    assert ends["E2", day("2022-04-01")] == day("2023-04-01")
    assert found.kind == "lines"
    assert found.horizon_months == 12


def test_a_default_on_the_very_day_after_the_horizons_last_is_not_inside(
    drawn: Read, lines: Any, states: Any, settings: DatasetsSettings
) -> None:
    bad = {"2023-07-01": {"days_past_due": 90}}
    source = drawn(
        {
            "lines": lines(("L1", "E1", "2022-01-01", None)),
            "line_months": states("L1", "2022-01-01", "2024-06-01", bad),
        }
    )
    # dates at the ends of January, April, July and October; twelve months from 31 July 2022 end
    # before 31 July 2023, the day of the default
    found = population(source, settings, date(2024, 7, 31)).labelled
    label = found.set_index(["enterprise_id", "as_of"])["defaulted"]
    assert label["E1", day("2022-07-31")] == False  # noqa: E712
    assert label["E1", day("2022-10-31")] == True  # noqa: E712
    rows = pd.DataFrame({"enterprise_id": "E1", "as_of": pd.to_datetime(["2022-07-31", "2022-08-01", "2023-07-31"])})  # fmt: skip
    assert compute_early_delinquency(source, rows, 12)["past_due"].tolist() == [0.0, 90.0, 90.0]


def test_who_applied_on_the_runs_day_is_there_and_not_over(
    drawn: Read, lines: Any, states: Any, settings: DatasetsSettings
) -> None:
    asked = pd.DataFrame(
        {
            "application_id": ["P1", "P2", "P3"], "enterprise_id": ["E1", "E2", "E3"],
            "bank": "bank_a", "applied_on": pd.to_datetime(["2024-06-30", "2024-07-01", "2024-07-02"]),
            "known_at": pd.to_datetime("2024-07-03", utc=True),
        }
    )  # fmt: skip
    source = drawn(
        {
            "lines": lines(("L1", "E1", "2022-01-01", None)),
            "line_months": states("L1", "2022-01-01", "2024-06-01"),
            "applications": asked,
        }
    )
    found = population(source, settings.with_values({"population": "applicants"}), RUN)
    table = found.exclusions.set_index(["purpose", "reason"])
    assert table.loc[("fit", "not_mature"), ["rows", "enterprises"]].tolist() == [2, 2]
    assert found.labelled.empty


def test_the_definitions_beside_the_one_in_force_differ_in_one_thing(
    settings: DatasetsSettings,
) -> None:
    found = definitions(settings)
    assert [name for name, _ in found] == [
        "30 days past due, 12 months",
        "60 days past due, 12 months",
        "90 days past due, 12 months",
        "90 days past due, 6 months",
        "90 days past due, 18 months",
    ]
    assert [(one.default_definition.days_past_due, one.horizon_months) for _, one in found] == [
        (30, 12), (60, 12), (90, 12), (90, 6), (90, 18),
    ]  # fmt: skip


def test_a_rate_is_defaults_over_rows(
    drawn: Read, lines: Any, states: Any, settings: DatasetsSettings
) -> None:
    bad = {"2022-10-01": {"days_past_due": 95}}
    source = drawn(
        {
            "lines": lines(("L1", "E1", "2022-01-01", None), ("L2", "E2", "2022-01-01", None)),
            "line_months": pd.concat(
                [states("L1", "2022-01-01", "2024-06-01", bad), states("L2", "2022-01-01", "2024-06-01")]
            ),
        }
    )  # fmt: skip
    table = sensitivity(source, settings, RUN).set_index("definition")
    # E1 on 3 dates from April to October 2022 (on 1 January no line is known yet), E2 on 6; over 6
    # months E1 on 3 and E2 on 8, of E1's those from July on with the default inside
    year = table.loc["90 days past due, 12 months"]
    assert year[["rows", "defaults"]].tolist() == [9, 3]
    assert year["rate"] == pytest.approx(3 / 9)
    half = table.loc["90 days past due, 6 months"]
    assert half[["rows", "defaults"]].tolist() == [11, 2]


def outcomes(*rows: tuple[str, str, bool | None, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["enterprise_id", "as_of", "defaulted", "observed_until"])
    return frame.assign(
        as_of=pd.to_datetime(frame["as_of"]),
        observed_until=pd.to_datetime(frame["observed_until"]),
        defaulted=frame["defaulted"].astype("boolean"),
        horizon_months=12,
    )


def test_the_data_end_where_the_last_row_without_default_was_watched(
    drawn: Read, settings: DatasetsSettings
) -> None:
    given = outcomes(
        ("E1", "2023-01-01", True, "2023-03-01"),
        ("E2", "2022-06-01", False, "2023-06-30"),
        ("E3", "2023-01-01", None, "2023-12-31"),
    )
    found = population(drawn({"outcomes": given}), settings, RUN)
    assert found.labelled["enterprise_id"].tolist() == ["E1", "E2"]
    scoring = found.exclusions.set_index(["purpose", "reason"]).loc[("score", "already_in_default")]
    assert scoring[["rows", "enterprises"]].tolist() == [0, 0]
    # of defaults alone it is where the last of them was watched
    alone = outcomes(
        ("E1", "2022-01-01", True, "2022-12-31"), ("E2", "2021-01-01", True, "2021-12-31")
    )
    assert len(population(drawn({"outcomes": alone}), settings, RUN).labelled) == 2


def test_a_row_watched_a_day_short_of_its_horizon_is_not_over(
    drawn: Read, settings: DatasetsSettings
) -> None:
    given = outcomes(
        ("E1", "2023-01-01", False, "2023-12-31"), ("E2", "2023-01-01", False, "2023-12-30")
    )
    found = population(drawn({"outcomes": given}), settings, RUN)
    assert found.labelled["enterprise_id"].tolist() == ["E1"]


def test_a_line_that_ran_out_and_tells_no_balance_is_none(
    drawn: Read, lines: Any, states: Any, settings: DatasetsSettings
) -> None:
    months = states("L1", "2022-02-01", "2024-06-01").assign(drawn_cny=np.nan)
    source = drawn(
        {"lines": lines(("L1", "E1", "2022-02-01", "2022-12-31")), "line_months": months}
    )
    found = population(source, settings, RUN)
    assert found.labelled["as_of"].max() == day("2022-10-01")


def test_a_horizon_of_a_month_ends_a_month_later(drawn: Read, settings: DatasetsSettings) -> None:
    given = outcomes(
        ("E1", "2023-01-01", True, "2023-01-31"), ("E2", "2023-01-01", False, "2023-01-31")
    ).assign(horizon_months=1)
    found = population(drawn({"outcomes": given}), settings, RUN)
    assert found.labelled["label_ends_on"].tolist() == [day("2023-02-01")] * 2
    assert found.labelled["label_known_on"].tolist() == [day("2023-01-31")] * 2
    assert found.horizon_months == 1


def test_two_applications_of_a_day_are_one_row(
    drawn: Read, lines: Any, states: Any, settings: DatasetsSettings
) -> None:
    asked = pd.DataFrame(
        {
            "application_id": ["P1", "P2"], "enterprise_id": "E1", "bank": ["bank_a", "bank_b"],
            "applied_on": pd.to_datetime("2022-06-15"),
            "known_at": pd.to_datetime("2022-06-16", utc=True),
        }
    )  # fmt: skip
    source = drawn(
        {
            "lines": lines(("L1", "E1", "2022-01-01", None)),
            "line_months": states("L1", "2022-01-01", "2024-06-01"),
            "applications": asked,
        }
    )
    found = population(source, settings.with_values({"population": "applicants"}), RUN)
    assert len(found.labelled) == 1


# --- past lines ---


def lent(
    drawn: Read, lines: Any, states: Any, bad: dict[str, dict[str, float]], **more: Any
) -> Any:
    granted = lines(("L1", "E1", "2010-03-31", None))
    tables = {"lines": granted, "line_months": states("L1", "2010-02-01", "2011-05-01", bad)}
    return drawn({**tables, **more})


def test_month_ends_count_from_the_grant_to_the_day_before_the_year_is_over(
    drawn: Read, lines: Any, states: Any, settings: DatasetsSettings
) -> None:
    bad = {
        "2010-02-01": {"drawn_cny": 900_000.0, "days_past_due": 50},  # before the grant
        "2010-03-01": {"drawn_cny": 120_000.0, "days_past_due": 0},  # its very day
        "2011-02-01": {"drawn_cny": 2_000_000.0},  # more than the limit is all of it
        "2011-03-01": {"drawn_cny": 900_000.0, "days_past_due": 60},  # the day after the last
    }
    (row,) = past_lines(lent(drawn, lines, states, bad), settings, date(2012, 1, 1)).to_dict(
        "records"
    )
    assert row["drawn_share"] == pytest.approx((0.12 + 1.0) / 12)
    assert (row["past_due"], row["defaulted"]) == (0.0, False)
    assert row["limit_cny"] == 1e6


@pytest.mark.parametrize(
    ("month", "defaulted"), [("2010-03-01", True), ("2011-02-01", True), ("2011-03-01", False)]
)
def test_a_default_on_the_day_of_the_grant_counts_and_one_a_year_later_does_not(
    drawn: Read, lines: Any, states: Any, settings: DatasetsSettings, month: str, defaulted: bool
) -> None:
    bad = {month: {"days_past_due": 90, "drawn_cny": 500_000.0}}
    (row,) = past_lines(lent(drawn, lines, states, bad), settings, date(2012, 1, 1)).to_dict(
        "records"
    )
    assert row["defaulted"] is defaulted
    assert (row["drawn_at_default"] == 0.5) is defaulted


def test_another_lenders_default_raises_the_days_to_the_definitions(
    drawn: Read, lines: Any, states: Any, settings: DatasetsSettings
) -> None:
    records = pd.DataFrame(
        {
            "enterprise_id": ["E1"], "lender": "lender_one", "account_id": "A1",
            "month": pd.to_datetime(["2010-08-01"]), "tier": "loss",
            "known_at": pd.to_datetime("2010-09-03", utc=True),
        }
    )  # fmt: skip
    bad = {
        "2010-05-01": {"days_past_due": 1, "drawn_cny": 600_000.0},
        "2010-07-01": {"drawn_cny": 400_000.0},
        "2010-08-01": {"drawn_cny": 700_000.0},
        "2010-09-01": {"drawn_cny": 900_000.0},
    }
    source = lent(drawn, lines, states, bad, bank_records=records)
    (row,) = past_lines(source, settings, date(2012, 1, 1)).to_dict("records")
    assert (row["defaulted"], row["past_due"]) == (True, 90.0)
    # sound: March, April, June and July; one day past due is not
    assert row["drawn_share"] == pytest.approx(0.4 / 4)
    assert row["drawn_at_default"] == pytest.approx(0.7)


def test_a_line_counts_once_its_year_is_over_to_the_day(
    drawn: Read, lines: Any, states: Any, settings: DatasetsSettings
) -> None:
    granted = lines(("L1", "E1", "2010-04-01", None), ("L2", "E2", "2010-04-02", None))
    months = pd.concat([states(name, "2010-04-01", "2011-03-01") for name in ("L1", "L2")])
    source = drawn({"lines": granted, "line_months": months})
    # reports reach to 31 March 2011
    assert past_lines(source, settings, date(2012, 1, 1))["line_id"].tolist() == ["L1"]


def test_a_decision_of_sixty_days_before_still_holds_and_one_of_sixty_one_does_not(
    drawn: Read, lines: Any, states: Any, settings: DatasetsSettings
) -> None:
    def grade(decided: str, bank: str = "bank_a") -> str:
        asked = pd.DataFrame(
            {
                "application_id": ["P1"], "enterprise_id": "E1", "bank": bank,
                "applied_on": pd.to_datetime(["2009-12-01"]), "decision": "accept",
                "decided_on": pd.to_datetime([decided]), "reason": "grade B",
                "known_at": pd.to_datetime("2010-04-01", utc=True),
            }
        )  # fmt: skip
        source = lent(drawn, lines, states, {}, applications=asked)
        return str(past_lines(source, settings, date(2012, 1, 1))["grade"].iloc[0])

    # granted on 31 March 2010
    assert grade("2010-03-31") == "grade B"
    assert grade("2010-01-30") == "grade B"
    assert grade("2010-01-29") == ""
    assert grade("2010-04-01") == ""
    assert grade("2010-03-31", bank="bank_b") == ""


# --- splits ---


def test_a_split_by_time_is_of_whole_dates_with_the_shares_that_are_set(
    settings: DatasetsSettings,
) -> None:
    days = [f"{year}-{month:02d}-01" for year in range(2018, 2022) for month in (1, 4, 7, 10)]
    found = by_time(dated(*days), settings.with_values({"split.calibration_share": 0.25}))
    name = found.frame.set_index("as_of")["split"]
    # the last quarter of 16 dates is tested; labels of up to 1 January 2020 were known by then
    assert name[name == "test"].index.tolist() == [day(one) for one in days[12:]]
    assert name[name == "gap"].index.tolist() == [day(one) for one in days[9:12]]
    # of nine dates a quarter at most: two
    assert name[name == "calibrate"].index.tolist() == [day(one) for one in days[7:9]]
    assert (name == "fit").sum() == 7
    assert (
        "tested from 2021-01-01 on, fitted on what came before, calibrated from 2019-10-01 on"
        in found.text
    )


def test_a_label_known_on_the_very_day_of_the_test_is_used(settings: DatasetsSettings) -> None:
    rows = dated("2018-01-01", "2018-02-01", "2018-03-01", "2019-03-01", "2019-04-01")
    asked = settings.with_values(
        {"split.test_from": date(2019, 3, 1), "split.calibration_share": 0.4}
    )
    assert by_time(rows, asked).frame["split"].tolist() == [
        "fit", "fit", "calibrate", "test", "test",
    ]  # fmt: skip
    later = rows.assign(label_known_on=rows["label_ends_on"] + pd.Timedelta(days=1))
    known = asked.with_values({"split.gap": "known"})
    assert by_time(later, known).frame["split"].tolist() == ["fit", "calibrate", "gap", "test", "test"]  # fmt: skip


def test_just_enough_defaults_in_each_part_allow_a_date_split(settings: DatasetsSettings) -> None:
    days = [f"{year}-01-01" for year in range(2010, 2022)]
    rows = dated(*[one for one in days for _ in range(4)])
    rows["defaulted"] = [True, True, False, False] * 12
    # test 2019-21, gap 2018? labels known by 2019-01-01: up to 2018; calibrate two fifths of nine
    asked = settings.with_values({"split.min_defaults": 6})
    found = split(rows, asked)
    counts = found.counts.set_index("split")
    assert found.by_time
    assert counts["defaults"].to_dict() == {"fit": 12, "calibrate": 6, "test": 6}
    assert counts["rows"].to_dict() == {"fit": 24, "calibrate": 12, "test": 12}
    assert counts.loc["test", "first_as_of"] == day("2019-01-01")
    assert counts.loc["test", "last_as_of"] == day("2021-01-01")
    assert list(counts.index) == ["fit", "calibrate", "test"]
    assert not split(rows, settings.with_values({"split.min_defaults": 7})).by_time


def test_cross_validation_says_how_often_it_is_repeated(settings: DatasetsSettings) -> None:
    rows = dated(*["2020-01-01"] * 12)
    rows["defaulted"] = [True] * 6 + [False] * 6
    asked = settings.with_values(
        {"split.min_defaults_single_repeat": 6, "split.repeats": 4, "split.folds": 5}
    )
    assert "(5 folds, repeated 1 times)" in split(rows, asked).text
    asked = settings.with_values(
        {"split.min_defaults_single_repeat": 7, "split.repeats": 4, "split.folds": 5}
    )
    assert "(5 folds, repeated 4 times)" in split(rows, asked).text


@pytest.mark.parametrize(("bad", "good"), [(1, 5), (5, 1)])
def test_two_rows_of_each_outcome_are_the_least(
    settings: DatasetsSettings, bad: int, good: int
) -> None:
    rows = dated(*["2020-01-01"] * 6, defaulted=[True] * bad + [False] * good)
    with pytest.raises(DataError, match=f"{bad} defaults and {good} others"):
        split(rows, settings)
    just = dated(*["2020-01-01"] * 4, defaulted=[True, True, False, False])
    assert not split(just, settings).by_time


def test_the_latest_rows_are_at_most_the_share_and_one_date_at_least() -> None:
    rows = dated("2020-01-01", "2020-01-01", "2020-02-01", "2020-03-01")
    assert select_newest_rows(rows, 0.5)["as_of"].tolist() == [day("2020-02-01"), day("2020-03-01")]
    assert select_newest_rows(rows, 0.49)["as_of"].tolist() == [day("2020-03-01")]
    assert select_newest_rows(rows, 0.1)["as_of"].tolist() == [day("2020-03-01")]
    assert len(select_newest_rows(rows, 1.0)) == 4


def test_rows_are_drawn_by_enterprise_to_about_so_many() -> None:
    rows = pd.DataFrame({"enterprise_id": np.repeat([f"E{n:04d}" for n in range(2_000)], 3)})
    assert sample_enterprises(rows, 6_000, 1) is rows
    some = sample_enterprises(rows, 1_500, 1)
    assert len(some) == pytest.approx(1_500, rel=0.15)
    assert some["enterprise_id"].value_counts().eq(3).all()
    assert sample_enterprises(rows, 1_500, 1).equals(some)
    assert not sample_enterprises(rows, 1_500, 2).equals(some)


def test_folds_number_from_none_and_spread_both_outcomes(settings: DatasetsSettings) -> None:
    names = pd.Series([f"E{n}" for n in range(10)])
    fold = folds(names, 3, np.random.default_rng(1))
    assert sorted(fold.value_counts().to_dict().items()) == [(0, 4), (1, 3), (2, 3)]
    rows = pd.DataFrame({"enterprise_id": np.repeat(names, 2)}).reset_index(drop=True)
    rows["defaulted"] = [True, False] * 4 + [False] * 12  # one row of two makes a defaulter
    fold = balanced_fold(rows, 2, np.random.default_rng(1))
    ever = rows.groupby("enterprise_id")["defaulted"].any()
    of = fold.groupby(rows["enterprise_id"]).first()
    assert of[ever].value_counts().to_dict() == {0: 2, 1: 2}
    assert of[~ever].value_counts().to_dict() == {0: 3, 1: 3}
    few = settings.with_values({"split.folds": 9, "split.repeats": 2})
    found = list(balanced_folds(rows, few, seed=3))
    assert [number for number, _ in found] == [0, 1]
    assert {one.max() for _, one in found} == {3}
    turned = rows.assign(defaulted=~rows.groupby("enterprise_id")["defaulted"].transform("any"))
    assert {one.max() for _, one in balanced_folds(turned, few, seed=3)} == {3}


def test_folds_do_not_depend_on_the_order_of_rows() -> None:
    names = pd.Series([f"E{n}" for n in range(9)])
    mixed = names.sample(frac=1, random_state=1)
    fold = dict(zip(names, folds(names, 3, np.random.default_rng(1)), strict=True))
    again = dict(zip(mixed, folds(mixed, 3, np.random.default_rng(1)), strict=True))
    assert fold == again


# --- the panel ---


def test_features_are_needed_once_for_every_date_in_order() -> None:
    labelled = pd.DataFrame({"enterprise_id": ["B", "A"], "as_of": [day("2020-01-01")] * 2})
    scored = pd.DataFrame({"enterprise_id": ["A", "A"], "as_of": [day("2020-01-01"), day("2019-01-01")]})  # fmt: skip
    people = Population("lines", labelled, scored, pd.DataFrame(), 12, NO_ROWS)
    assert feature_rows(people).to_numpy().tolist() == [
        ["A", day("2019-01-01")], ["A", day("2020-01-01")], ["B", day("2020-01-01")],
    ]  # fmt: skip


def test_rows_without_features_stay_and_lack_them(settings: DatasetsSettings) -> None:
    rows = dated("2020-01-01", "2020-01-01", "2020-01-01", "2020-01-01", defaulted=[True, True, False, False])  # fmt: skip
    parts = split(rows, settings)
    people = Population(
        "lines", rows, rows.head(1)[["enterprise_id", "as_of"]], pd.DataFrame(), 12, NO_ROWS
    )
    features = rows[["enterprise_id", "as_of"]].head(1).assign(size=2.0)
    found = panel(people, parts, features)
    assert found["split"].tolist() == ["fit"] * 4 + ["score"]
    assert found["size"].tolist() == pytest.approx([2.0, np.nan, np.nan, np.nan, 2.0], nan_ok=True)
