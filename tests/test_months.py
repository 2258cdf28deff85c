"""Calendar months: clipped at month ends, days that begin in the platform's zone."""

from datetime import UTC, date, datetime

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskmodel import months

DAYS = st.dates(date(1990, 1, 1), date(2099, 12, 31))


@pytest.mark.parametrize(
    ("day", "by", "answer"),
    [
        (date(2024, 8, 31), -6, date(2024, 2, 29)),
        (date(2023, 8, 31), -6, date(2023, 2, 28)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2024, 1, 31), 1, date(2024, 2, 29)),
        (date(2024, 7, 1), 0, date(2024, 7, 1)),
    ],
)
def test_a_day_moves_by_months_and_is_clipped_at_the_months_end(day, by, answer):
    assert months.shifted(day, by) == answer
    days = pd.Series(pd.to_datetime([day]))
    assert months.shifted_days(days, by).tolist() == [pd.Timestamp(answer)]


@given(DAYS, st.integers(-60, 60))
def test_a_day_moved_there_and_back_is_never_later(day, by):
    assert months.shifted(months.shifted(day, by), -by) <= day


@given(DAYS, DAYS, st.integers(-60, 60))
def test_moving_keeps_the_order_of_days(one, other, by):
    first, last = sorted((one, other))
    assert months.shifted(first, by) <= months.shifted(last, by)


def test_a_month_is_given_by_any_of_its_days():
    days = pd.Series(pd.to_datetime(["2024-02-01", "2024-02-15", "2024-02-29", "2023-02-01"]))
    assert months.month_ends(days).dt.day.tolist() == [29, 29, 29, 28]
    assert months.month_start(date(2024, 2, 29)) == date(2024, 2, 1)


def test_a_day_begins_in_the_platforms_zone():
    shanghai = months.day_start(date(2024, 7, 1), "Asia/Shanghai")
    assert shanghai == datetime(2024, 6, 30, 16, tzinfo=UTC)
    # Before and after the clocks change.
    assert months.day_start(date(2024, 3, 30), "Europe/Paris").hour == 23
    assert months.day_start(date(2024, 7, 1), "Europe/Paris").hour == 22
