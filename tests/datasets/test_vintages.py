"""Vintages: what is trained on was known as the vintage began, and each later row is tested once."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st

from riskmodel.datasets.vintages import vintages
from riskmodel.errors import DataError


def dated(*days) -> pd.DataFrame:
    return pd.DataFrame({"as_of": pd.to_datetime(list(days))})


def listed(frame, test_from, every, horizon=12):
    found = vintages(frame, test_from, every, horizon)
    return [(train.tolist(), test.tolist()) for train, test in found]


def test_each_vintage_is_tested_by_what_was_known_as_it_began():
    frame = dated("2018-01-01", "2019-01-01", "2019-07-01", "2020-02-01", "2021-01-01")
    assert listed(frame, date(2019, 7, 1), 6) == [([0], [2]), ([0, 1], [3]), ([0, 1, 2], [4])]


def test_vintages_step_by_so_many_months_and_the_empty_ones_are_left_out() -> None:
    rows = dated("2017-01-01", "2018-01-01", "2018-06-30", "2018-07-01", "2019-07-01")
    expected = [([0], [1, 2]), ([0], [3]), ([0, 1, 2, 3], [4])]
    assert listed(rows, date(2018, 1, 1), 6) == expected


def test_a_label_that_ends_on_the_vintages_first_day_is_learnt_from_and_a_row_of_that_day_is_not():
    rows = dated("2018-01-01", "2019-01-01", "2019-01-02", "2020-01-01", "2020-06-01")
    assert listed(rows, date(2020, 1, 1), 12) == [([0, 1], [3, 4])]
    assert listed(rows, date(2020, 1, 2), 12) == [([0, 1, 2], [4])]
    ends = rows.assign(label_ends_on=rows["as_of"])
    assert listed(ends, date(2020, 1, 1), 12) == [([0, 1, 2], [3, 4])]


def test_the_day_on_which_a_label_ends_goes_before_the_horizon():
    rows = dated("2018-01-01", "2019-01-01", "2019-01-02", "2020-01-01", "2020-06-01")
    ends = pd.to_datetime(["2019-01-01", None, "2020-01-01", "2021-06-01", None])
    assert listed(rows.assign(label_ends_on=ends), date(2020, 1, 1), 12) == [([0, 2], [3])]


@pytest.mark.parametrize(
    ("first", "words"),
    [
        (date(2030, 1, 1), "no test rows at 2030-01-01"),
        (date(2018, 6, 1), "no train rows at 2018-06-01"),
    ],
)
def test_vintages_without_a_side_are_refused_in_one_line(first, words):
    frame = dated("2018-01-01", "2019-01-01", "2020-06-01")
    with pytest.raises(DataError, match=words) as refused:
        listed(frame, first, 3)
    assert len(str(refused.value).splitlines()) == 1


def drawn(count: int, seed: int) -> pd.DataFrame:
    """Rows of any order, more than one a day, with some at both ends, so that no side is empty."""
    rng = np.random.default_rng(seed)
    days = pd.Timestamp("2015-01-01") + pd.to_timedelta(rng.integers(0, 2500, count), "D")
    days = days.where(np.arange(count) > 7, pd.Timestamp("2014-01-01"))
    return pd.DataFrame(
        {"as_of": days.where(np.arange(count) < count - 8, pd.Timestamp("2022-01-01"))}
    )


frames = st.builds(drawn, st.integers(20, 60), st.integers(0, 9999))
days = st.dates(date(2015, 6, 1), date(2021, 6, 1))
laws = rules(max_examples=25, deadline=None)


@laws
@given(frame=frames, horizon=st.integers(1, 36), every=st.integers(3, 18), day=days)
def test_every_label_trained_on_was_known_when_its_test_begins(frame, horizon, every, day):
    for train, test in vintages(frame, max(day, date(2018, 1, 1)), every, horizon):
        ends = frame["as_of"][train] + pd.DateOffset(months=horizon)
        assert ends.max() <= frame["as_of"][test].min()


@laws
@given(frame=frames, day=days, every=st.integers(3, 18))
def test_every_late_row_is_tested_once(frame, day, every):
    late = np.flatnonzero(frame["as_of"] >= pd.Timestamp(day))
    tested = [test for _, test in vintages(frame, day, every, 12)]
    assert np.array_equal(np.sort(np.concatenate(tested)), late)


@laws
@given(frame=frames, day=days, seed=st.integers(0, 99))
def test_the_order_of_rows_changes_nothing(frame, day, seed):
    order = np.random.default_rng(seed).permutation(len(frame))
    pairs = zip(vintages(frame, day, 5, 12), vintages(frame.iloc[order], day, 5, 12), strict=True)
    for (train, test), (again, tested) in pairs:
        assert set(order[again]) == set(train)
        assert set(order[tested]) == set(test)
