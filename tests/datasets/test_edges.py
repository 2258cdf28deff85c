"""The edges of labels: the first and the last day, the newest version, the nearest share."""

from datetime import date

import pandas as pd
import pytest

from riskmodel.datasets import (
    compute_early_delinquency,
    feature_rows,
    panel,
    past_lines,
    population,
    split,
)
from riskmodel.datasets.default_events import default_dates, observed_until
from riskmodel.datasets.population import Population
from riskmodel.datasets.splits import sample_enterprises
from riskmodel.limits.agreements import agreements_in_force

NO_ROWS = pd.DataFrame({"enterprise_id": [], "as_of": []}).astype(
    {"enterprise_id": "str", "as_of": "datetime64[us]"}
)

LAST = date(2024, 6, 30)
"""A run on a month's end: then month-ends lie on as-of dates, and on the days horizons end."""


@pytest.fixture
def one_line(drawn, lines, states):
    """E1 has a line from January 2022; its months are sound but for those given."""

    def of(bad=None, last="2024-06-01", **tables):
        history = states("L1", "2022-01-01", last, bad)
        given = {"lines": lines(("L1", "E1", "2022-01-01", None)), "line_months": history}
        return drawn({**given, **tables})

    return of


def labels_of(found):
    return dict(
        zip(found.labelled["as_of"].dt.strftime("%F"), found.labelled["defaulted"], strict=True)
    )


def test_a_default_on_the_day_that_the_horizon_ends_is_not_in_it(one_line, settings):
    found = population(one_line({"2023-06-01": {"days_past_due": 90}}), settings, LAST)
    label = labels_of(found)
    assert label["2022-06-30"] is False
    assert label["2022-09-30"] is True
    # On the as-of date itself it is in the horizon; a quarter later the enterprise is in default.
    assert label["2023-06-30"] is True
    assert "2023-09-30" not in label


def test_an_early_sign_on_the_day_that_the_horizon_ends_is_not_in_it(one_line):
    source = one_line({"2023-06-01": {"days_past_due": 45}})
    days = pd.to_datetime(["2022-06-30", "2022-07-01", "2023-06-30", "2023-07-01"])
    rows = pd.DataFrame({"enterprise_id": "E1", "as_of": days})
    assert compute_early_delinquency(source, rows, 12)["past_due"].tolist() == [
        0.0,
        45.0,
        45.0,
        0.0,
    ]


def test_early_signs_are_of_all_lines_of_the_enterprise_and_of_nobody_elses(drawn, lines, states):
    given = lines(*((f"L{n}", who, "2022-01-01", None) for n, who in enumerate(["E1", "E1", "E2"])))
    late = [
        states(f"L{n}", "2022-01-01", "2022-06-01", {"2022-03-01": {"days_past_due": days}})
        for n, days in enumerate([30, 1, 60])
    ]
    source = drawn({"lines": given, "line_months": pd.concat(late)})
    rows = pd.DataFrame({"enterprise_id": ["E2", "E1"], "as_of": pd.Timestamp("2022-03-01")})
    assert compute_early_delinquency(source, rows, 12)["past_due"].tolist() == [60.0, 30.0]
    one = drawn({"lines": given, "line_months": late[1]})
    assert compute_early_delinquency(one, rows, 12)["past_due"].tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("horizon", "ends"), [(6, "2024-02-29"), (18, "2025-02-28"), (12, "2024-08-31")]
)
def test_horizons_are_clipped_at_the_months_end(one_line, settings, horizon, ends):
    how = settings.with_values({"horizon_months": horizon, "as_of_dates.step_months": 1})
    source = one_line(last="2025-12-01")
    rows = population(source, how, date(2026, 1, 31)).labelled
    begun = rows[rows["as_of"] == pd.Timestamp("2023-08-31")]
    assert begun["label_ends_on"].tolist() == [pd.Timestamp(ends)]


def test_a_horizon_that_ends_the_day_after_the_data_is_over_and_the_next_days_is_not(
    one_line, settings
):
    daily = settings.with_values({"as_of_dates.step_months": 1})
    # Reported to 30 June 2024: a horizon from 1 July 2023 ends before 1 July 2024.
    for day, newest in ((date(2024, 7, 1), "2023-07-01"), (date(2024, 7, 2), "2023-06-02")):
        found = population(one_line(), daily, day)
        assert found.labelled["as_of"].max() == pd.Timestamp(newest)


def test_a_month_with_nine_tenths_of_the_reports_of_the_one_before_has_arrived(
    drawn, lines, states
):
    names = [f"L{n}" for n in range(10)]
    given = lines(*((name, "E1", "2022-01-01", None) for name in names))
    for whole, end in ((9, "2024-05-31"), (8, "2024-04-30")):
        months = [
            states(name, "2022-01-01", "2024-05-01" if n < whole else "2024-04-01")
            for n, name in enumerate(names)
        ]
        source = drawn({"lines": given, "line_months": pd.concat(months)})
        assert observed_until(source) == pd.Timestamp(end)


def test_the_first_default_counts_and_a_corrected_month_by_its_newest_version(
    one_line, states, settings
):
    twice = {"2022-05-01": {"days_past_due": 95}, "2023-05-01": {"days_past_due": 95}}
    assert default_dates(one_line(twice), settings).to_dict() == {"E1": pd.Timestamp("2022-05-31")}
    first = states("L1", "2022-01-01", "2024-06-01", twice)
    right = first[first["month"] == pd.Timestamp("2022-05-01")].assign(
        days_past_due=0, known_at=pd.Timestamp("2022-07-01", tz="UTC")
    )
    source = one_line(line_months=pd.concat([first, right]))
    assert default_dates(source, settings).to_dict() == {"E1": pd.Timestamp("2023-05-31")}
    gone = right.assign(withdrawn=True)
    source = one_line(line_months=pd.concat([first.assign(withdrawn=False), gone]))
    assert default_dates(source, settings).to_dict() == {"E1": pd.Timestamp("2023-05-31")}


def test_a_row_in_default_whose_horizon_is_not_over_is_in_default(one_line, settings):
    found = population(one_line({"2023-09-01": {"days_past_due": 90}}), settings, date(2024, 7, 1))
    counts = found.exclusions.set_index(["purpose", "reason"])["rows"]
    # October 2023 to July 2024 for E1, which alone has a line.
    assert counts["fit", "already_in_default"] == 4
    assert ("fit", "not_mature") not in counts.index
    assert counts["score", "already_in_default"] == 1


def test_applications_count_up_to_the_runs_day_once_an_enterprise_and_day(one_line, settings):
    on = pd.to_datetime(["2022-07-01", "2022-07-01", "2022-07-02"])
    asked = pd.DataFrame(
        {
            "application_id": ["P1", "P2", "P3"],
            "enterprise_id": "E2",
            "bank": ["bank_a", "bank_b", "bank_a"],
            "applied_on": on,
            "known_at": on.tz_localize("UTC"),
        }
    )
    how = settings.with_values({"population": "applicants"})
    source = one_line(applications=asked)
    for day, rows in ((date(2022, 6, 30), 0), (date(2022, 7, 1), 1), (date(2022, 7, 2), 2)):
        assert len(population(source, how, day).labelled) == rows


def test_a_default_on_the_day_of_the_grant_is_the_lines_and_one_before_leaves_it_out(
    drawn, lines, states, settings
):
    bad = {"2023-01-01": {"days_past_due": 90, "drawn_cny": 2e6}}
    given = lines(
        ("L1", "E1", "2022-01-01", None),
        ("L2", "E1", "2023-01-31", None),
        ("L3", "E1", "2023-02-01", None),
        ("L4", "E2", "2022-01-31", None),
    )
    months = [
        states("L1", "2022-01-01", "2024-06-01", bad),
        states("L2", "2023-01-01", "2024-06-01"),
        states("L3", "2023-02-01", "2024-06-01"),
        states("L4", "2022-01-01", "2024-06-01", bad),
    ]
    source = drawn({"lines": given, "line_months": pd.concat(months)})
    found = past_lines(source, settings, LAST).set_index("line_id")
    # L1's year was over on 1 January; L4's ends on the very day on which E2 defaults.
    assert found["defaulted"].to_dict() == {"L1": False, "L2": True, "L4": False}
    assert found["past_due"].to_dict() == {"L1": 0.0, "L2": 90.0, "L4": 0.0}
    assert found["drawn_at_default"].isna().to_dict() == {"L1": True, "L2": False, "L4": True}


def test_what_is_drawn_beyond_the_limit_counts_as_the_limit(drawn, lines, states, settings):
    bad = {
        "2022-03-01": {"drawn_cny": 3e6},
        "2022-05-01": {"drawn_cny": 2e6, "days_past_due": 90},
    }
    source = drawn(
        {
            "lines": lines(("L1", "E1", "2022-03-31", None)),
            "line_months": states("L1", "2022-03-01", "2024-06-01", bad),
        }
    )
    (row,) = past_lines(source, settings, LAST).to_dict("records")
    # Sound month-ends before the default: March, the day of the grant, with 1, and April with 0.
    assert row["drawn_share"] == pytest.approx(0.5)
    assert row["drawn_at_default"] == 1.0


def test_a_grant_rests_on_a_decision_of_sixty_days_before_at_most(drawn, lines, states, settings):
    decided = pd.to_datetime(["2022-01-30", "2022-01-29"])
    asked = pd.DataFrame(
        {
            "application_id": ["P1", "P2"],
            "enterprise_id": ["E1", "E2"],
            "bank": "bank_a",
            "applied_on": decided,
            "decided_on": decided,
            "decision": "accept",
            "reason": "grade B",
            "known_at": decided.tz_localize("UTC"),
        }
    )
    given = lines(("L1", "E1", "2022-03-31", None), ("L2", "E2", "2022-03-31", None))
    months = [states(line, "2022-03-01", "2024-06-01") for line in ("L1", "L2")]
    source = drawn({"lines": given, "line_months": pd.concat(months), "applications": asked})
    assert past_lines(source, settings, LAST)["grade"].tolist() == ["grade B", ""]


@pytest.mark.parametrize(
    ("signed", "ended", "holds"),
    [
        ("2024-06-30", None, True),
        ("2024-07-01", None, False),  # signed on the day itself: not at its start
        ("2024-01-01", "2024-07-01", True),  # ends on the day: in force at its start
        ("2024-01-01", "2024-06-30", False),
        ("2024-01-01", "2024-07-02", True),
    ],
)
def test_an_agreement_is_in_force_from_the_day_after_its_signature_to_the_day_of_its_end(
    one_line, signed, ended, holds
):
    pact = pd.DataFrame(
        {
            "enterprise_id": ["E1", "E2"],
            "bank": "bank_a",
            "signed_on": pd.to_datetime([signed, "2023-01-01"]),
            "ended_on": pd.to_datetime([ended, None]),
            "known_at": pd.Timestamp("2024-06-30 12:00", tz="UTC"),
        }
    )
    pact["known_at"] = pact["known_at"].clip(lower=pact["signed_on"].dt.tz_localize("UTC"))
    found = agreements_in_force(one_line(agreements=pact), date(2024, 7, 1))
    assert found["enterprise_id"].tolist() == (["E1", "E2"] if holds else ["E2"])


def test_the_default_rows_of_a_split_are_those_of_its_own_dates(settings):
    days = pd.date_range("2020-01-01", periods=12, freq="3MS")
    grid = pd.MultiIndex.from_product(
        [[f"E{n:02d}" for n in range(60)], days], names=["enterprise_id", "as_of"]
    ).to_frame(index=False)
    ends = grid["as_of"] + pd.DateOffset(months=12)
    bad = grid["enterprise_id"].isin([f"E{n:02d}" for n in range(0, 60, 3)])
    rows = grid.assign(defaulted=bad, label_ends_on=ends, label_known_on=ends)
    fewer = settings.with_values({"split.calibration_share": 0.17})
    counts = split(rows, fewer).counts.set_index("split")
    # The test holds three dates of twelve; of six before the gap one is the latest .17 at most.
    assert counts["rows"].to_dict() == {"fit": 300, "calibrate": 60, "gap": 180, "test": 180}
    assert counts["defaults"].to_dict() == {"fit": 100, "calibrate": 20, "gap": 60, "test": 60}
    least = settings.with_values({"split.calibration_share": 0.17, "split.min_defaults": 20})
    assert split(rows, least).by_time
    # One more, and the sample for calibration is none of its own: the fit rows calibrate.
    more = split(rows, least.with_values({"split.min_defaults": 21})).counts.set_index("split")
    assert more["rows"].to_dict() == {"fit": 360, "gap": 180, "test": 180}
    assert not split(rows, least.with_values({"split.min_defaults": 61})).by_time


def test_whole_enterprises_are_drawn(settings):
    rows = pd.DataFrame(
        {"enterprise_id": [f"E{n // 4:03d}" for n in range(1200)], "row": range(1200)}
    )
    some = sample_enterprises(rows, 300, seed=7)
    assert (some.groupby("enterprise_id").size() == 4).all()
    assert 200 < len(some) < 400
    assert sample_enterprises(rows, 1200, seed=7) is rows


def test_a_row_that_is_learnt_from_and_scored_stands_once_for_its_features(settings):
    day = pd.to_datetime(["2023-07-01"])
    labelled = pd.DataFrame({"enterprise_id": ["E1"], "as_of": day, "defaulted": [True]})
    scored = pd.DataFrame({"enterprise_id": ["E2", "E1"], "as_of": day[0]})
    people = Population("outcomes", labelled, scored, pd.DataFrame(), 12, NO_ROWS)
    wanted = feature_rows(people)
    assert wanted["enterprise_id"].tolist() == ["E1", "E2"]
    parts = type("Parts", (), {"frame": labelled.assign(split="fit")})
    table = panel(people, parts, wanted.assign(x=[1.0, 2.0]))
    assert table["split"].tolist() == ["fit", "score", "score"]
    assert table["x"].tolist() == [1.0, 2.0, 1.0]


def test_the_horizon_is_that_of_most_labels_not_the_longest(drawn, settings):
    spans = [6, 6, 12]
    given = pd.DataFrame(
        {
            "enterprise_id": ["E1", "E2", "E3"],
            "as_of": pd.Timestamp("2022-01-01"),
            "defaulted": [True, False, False],
            "observed_until": pd.Timestamp("2023-12-31"),
            "horizon_months": pd.array(spans, "Int64"),
        }
    )
    found = population(drawn({"outcomes": given}), settings, LAST)
    assert found.horizon_months == 6
    assert found.labelled["enterprise_id"].tolist() == ["E1", "E2"]


def test_of_two_months_the_last_ends_the_watch_only_if_nearly_all_of_the_lines_report_it(
    drawn, lines, states
):
    given = lines(*((f"L{n}", "E1", "2024-01-01", None) for n in range(4)))

    def until(reported):
        months = [states(f"L{n}", "2024-04-01", "2024-04-01") for n in range(4)]
        months += [states(f"L{n}", "2024-05-01", "2024-05-01") for n in range(reported)]
        return observed_until(drawn({"lines": given, "line_months": pd.concat(months)}))

    assert until(1) == pd.Timestamp("2024-04-30")
    assert until(4) == pd.Timestamp("2024-05-31")
