"""The last day that the data answer for: no straggler moves it, no table that falls silent."""

from datetime import date

import pandas as pd
import pytest

from riskmodel.datasets import find_last_as_of, last_day, refuse_outside
from riskmodel.errors import SettingsError

END = pd.Timestamp("2023-12-31 12:00", tz="UTC")
"""The folder was drawn at the end of this day: what is known later is not in it."""


def rows(name, first="2021-01-01", last="2023-12-31", every=1, lag=1):
    """Rows of a daily table, known `lag` days after, as far as they were when it was drawn."""
    event, key = {
        "declarations": ("declared_on", "declaration_id"),
        "inquiries": ("inquired_on", "inquiry_id"),
        "receipts": ("received_on", "receipt_id"),
    }[name]
    on = pd.date_range(first, last, freq=f"{every}D")
    known = on.tz_localize("UTC") + pd.Timedelta(days=lag, hours=2)
    frame = pd.DataFrame({event: on, "known_at": known})[known <= END]
    frame = frame.assign(enterprise_id="E1", lender="lender_one", fob_usd=1.0, amount_usd=1.0)
    frame[key] = [f"{name}-{n}" for n in range(len(frame))]
    wanted = {"declarations": "fob_usd", "inquiries": "lender", "receipts": "amount_usd"}[name]
    return frame[[key, "enterprise_id", event, wanted, "known_at"]]


@pytest.fixture
def folder(drawn, lines, states):
    """Two daily tables and the months of a line, reported by the third, up to the end of 2023."""

    def of(extra=None, months=None, **tables):
        given = {
            "lines": lines(("L1", "E1", "2021-01-01", None), ("L2", "E2", "2021-02-01", None)),
            "line_months": states("L1", "2021-01-01", "2023-11-01") if months is None else months,
            "declarations": rows("declarations"),
            "receipts": rows("receipts", lag=2),
            "inquiries": rows("inquiries", every=3),
        }
        given |= tables
        for name, more in (extra or {}).items():
            given[name] = pd.concat([given[name], more])
        return drawn(given)

    return of


def corrected(frame, place, known):
    """A later version of a row."""
    return frame.iloc[[place]].assign(known_at=pd.Timestamp(known, tz="UTC"))


def found_of(source, settings):
    return last_day(source, settings, "lines")


def test_daily_and_monthly_tables_together_answer_for_the_day_after_they_were_drawn(
    folder, settings
):
    found = found_of(folder(), settings)
    assert found.day == date(2024, 1, 1)
    assert found.late.empty
    assert list(found.words()) == []
    assert find_last_as_of(folder(), settings) == found.day


@pytest.mark.parametrize("name", ["declarations", "receipts", "inquiries", "line_months"])
@pytest.mark.parametrize("place", [20, -1])
def test_one_correction_eleven_weeks_after_the_rest_moves_nothing_and_is_named(
    folder, settings, states, name, place
):
    own = states("L1", "2021-01-01", "2023-11-01") if name == "line_months" else rows(name)
    lag = 2 if name == "receipts" else 1
    own = rows(name, lag=lag) if name == "receipts" else own
    own = rows(name, every=3) if name == "inquiries" else own
    late = corrected(own, place, "2024-03-18 08:00")
    found = found_of(folder({name: late}), settings)
    assert found.day == date(2024, 1, 1)
    assert found.late.to_dict("records") == [{"table": name, "rows": 1, "days": 77}]
    (words,) = found.words()
    assert words.startswith(f"{name}: 1 rows became known on 2024-01-01 or later, the last 77 days")


def test_several_corrections_and_a_row_of_eleven_weeks_later_move_nothing(folder, settings):
    own = rows("declarations")
    late = pd.concat(
        [corrected(own, place, f"2024-0{1 + place % 3}-15 08:00") for place in (100, 400, 401, 900)]
    )
    new = own.tail(1).assign(
        declaration_id="new",
        declared_on=pd.Timestamp("2024-03-17"),
        known_at=pd.Timestamp("2024-03-18 08:00", tz="UTC"),
    )
    found = found_of(folder({"declarations": pd.concat([late, new])}), settings)
    assert found.day == date(2024, 1, 1)
    assert found.late.to_dict("records") == [{"table": "declarations", "rows": 5, "days": 77}]


def test_a_table_that_stops_early_moves_nothing_and_is_named(folder, settings):
    found = found_of(folder(inquiries=rows("inquiries", last="2023-08-10")), settings)
    assert found.day == date(2024, 1, 1)
    assert found.silent["table"].tolist() == ["inquiries"]
    assert [words.split(",")[0] for words in found.words()] == [
        "inquiries: no new rows since 2023-08-10"
    ]


def test_months_that_stop_early_are_named_once_the_next_is_overdue(folder, settings, states):
    for last, silent in (("2023-10-01", []), ("2023-08-01", ["line_months"])):
        found = found_of(folder(months=states("L1", "2021-01-01", last)), settings)
        assert found.day == date(2024, 1, 1), last
        assert found.silent["table"].tolist() == silent


def test_one_table_that_was_drawn_later_than_the_rest_does_not_move_the_date(folder, settings):
    longer = rows("receipts", last="2024-03-17")
    more = pd.date_range("2023-12-31", "2024-03-17")
    later = pd.DataFrame(
        {
            "receipt_id": [f"later-{n}" for n in range(len(more))],
            "enterprise_id": "E1",
            "received_on": more,
            "amount_usd": 1.0,
            "known_at": more.tz_localize("UTC") + pd.Timedelta(days=1),
        }
    )
    found = found_of(folder(receipts=pd.concat([longer, later])), settings)
    assert date(2023, 12, 31) <= found.day <= date(2024, 1, 5)
    assert found.late["table"].tolist() == ["receipts"]


def test_a_history_loaded_at_once_answers_for_the_day_after(folder, settings):
    loaded = {
        name: rows(name).assign(known_at=END) for name in ("declarations", "receipts", "inquiries")
    }
    assert found_of(folder(**loaded), settings).day == date(2024, 1, 1)


def labels(*days, until="2024-12-31"):
    on = pd.to_datetime([day for day, count in days for _ in range(count)])
    who = [f"E{n + 1}" for _, count in days for n in range(count)]
    frame = pd.DataFrame({"enterprise_id": who, "as_of": on, "defaulted": False})
    return frame.assign(observed_until=pd.Timestamp(until), horizon_months=12)


def test_given_labels_answer_for_their_newest_cohort_that_is_no_straggler(drawn, settings):
    chosen = settings.with_values({"as_of_dates.min_month_share": 0.5})
    cohorts = [("2022-01-01", 4), ("2023-01-01", 4)]
    assert find_last_as_of(drawn({"outcomes": labels(*cohorts)}), chosen) == date(2023, 1, 1)
    late = labels(*cohorts, ("2023-03-20", 1))
    assert find_last_as_of(drawn({"outcomes": late}), chosen) == date(2023, 1, 1)
    assert find_last_as_of(drawn({"outcomes": late}), settings) == date(2023, 3, 20)


def test_a_date_beyond_the_data_and_their_grace_is_refused_in_one_line(folder, settings):
    found = found_of(folder(), settings)
    assert found.ends == date(2024, 1, 1)
    for day in (found.day, found.begins, date(2024, 2, 1)):
        refuse_outside(day, found, 31)
    with pytest.raises(SettingsError) as left:
        refuse_outside(date(2024, 2, 2), found, 31)
    assert left.value.exit_code == 4
    assert "32 days after the data's end (2024-01-01), where at most 31 may be" in str(left.value)
    assert len(str(left.value).splitlines()) == 1
    with pytest.raises(SettingsError, match="32 days"):
        refuse_outside(date(2024, 2, 2), found_of(folder(), settings), 31)


def test_a_row_known_on_the_day_itself_does_not_count_and_is_named(folder, settings):
    late = corrected(rows("declarations"), 20, "2024-01-01 08:00")
    found = found_of(folder({"declarations": late}), settings)
    assert found.day == date(2024, 1, 1)
    assert found.late.to_dict("records") == [{"table": "declarations", "rows": 1, "days": 0}]


def test_a_straggler_does_not_lengthen_the_data(folder, settings):
    late = corrected(rows("declarations"), 20, "2024-03-18 08:00")
    assert found_of(folder({"declarations": late}), settings).ends == date(2024, 1, 1)


def test_a_label_watched_years_beyond_the_rest_does_not_lengthen_the_data(drawn, settings):
    chosen = settings.with_values({"as_of_dates.min_month_share": 0.5})
    given = pd.concat(
        [
            labels(("2022-01-01", 4), ("2023-01-01", 4)),
            labels(("2022-07-01", 1), until="2029-12-31"),
        ]
    )
    found = last_day(drawn({"outcomes": given}), chosen, "outcomes")
    assert (found.day, found.ends) == (date(2023, 1, 1), date(2025, 1, 1))
    with pytest.raises(SettingsError, match="after the data's end"):
        refuse_outside(date(2026, 1, 1), found, 31)


def test_a_date_before_the_data_begin_is_refused(folder, drawn, settings):
    # The attributes, the oldest history, are known on 1 January 2010.
    found = found_of(folder(), settings)
    assert found.begins == date(2010, 1, 2)
    with pytest.raises(SettingsError, match=r"2010-01-01 is before the data begin \(2010-01-02\)"):
        refuse_outside(date(2010, 1, 1), found, 31)
    given = last_day(drawn({"outcomes": labels(("2022-01-01", 4))}), settings, "outcomes")
    assert (given.begins, given.ends) == (date(2022, 1, 1), date(2025, 1, 1))
    with pytest.raises(SettingsError, match="before the data begin"):
        refuse_outside(date(2021, 12, 31), given, 31)
