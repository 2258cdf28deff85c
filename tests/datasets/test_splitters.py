"""Splitters: what is trained on was known, what is tested is later, another enterprise, or both."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st

from riskmodel.datasets.splits import by_time
from riskmodel.datasets.splitters import (
    OutOfEnterprise,
    OutOfTime,
    OutOfTimeAndEnterprise,
    WalkForward,
)
from riskmodel.errors import DataError
from riskmodel.settings import default_settings

MIDDLE = date(2020, 1, 1)


def panel(rows) -> pd.DataFrame:
    """A panel from (enterprise, as-of date, defaulted)."""
    who, day, bad = zip(*rows, strict=True)
    frame = pd.DataFrame({"enterprise_id": who, "as_of": pd.to_datetime(list(day))})
    return frame.assign(defaulted=pd.Series(list(bad), dtype="boolean"))


SIX = panel(
    [
        ("A", "2018-01-01", False),
        ("A", "2019-01-01", True),
        ("B", "2019-01-02", False),
        ("B", "2020-01-01", False),
        ("C", "2020-06-01", True),
        ("C", "2020-09-01", None),
    ]
)


def listed(splitter, frame, y=None):
    return [(train.tolist(), test.tolist()) for train, test in splitter.split(frame, y)]


def test_a_year_of_gap_parts_training_from_test_and_a_row_without_outcome_stands_in_neither():
    assert listed(OutOfTime(MIDDLE), SIX) == [([0, 1], [3, 4])]
    assert listed(OutOfTime(MIDDLE, horizon_months=11), SIX) == [([0, 1, 2], [3, 4])]


def test_the_day_on_which_a_label_ends_goes_before_the_horizon_and_the_day_it_was_known_if_asked():
    ends = pd.to_datetime(["2019-01-01"] * 2 + ["2020-01-01", *["2021-06-01"] * 3])
    known = pd.to_datetime(["2020-03-01", "2019-03-01", "2019-04-01", *["2021-06-01"] * 3])
    frame = SIX.assign(label_ends_on=ends, label_known_on=known)
    assert listed(OutOfTime(MIDDLE), frame) == [([0, 1, 2], [3, 4])]
    assert listed(OutOfTime(MIDDLE, gap="known"), frame) == [([1, 2], [3, 4])]


def test_a_label_that_is_not_over_when_the_data_end_stands_in_neither():
    short = OutOfTime(MIDDLE, known_until=date(2020, 12, 31))
    assert listed(short, SIX) == [([0, 1], [3])]
    assert listed(OutOfTime(MIDDLE, known_until=date(2021, 5, 30)), SIX) == [([0, 1], [3])]
    assert listed(OutOfTime(MIDDLE, known_until=date(2021, 5, 31)), SIX) == [([0, 1], [3, 4])]


def test_both_tests_the_late_rows_of_one_fold_by_the_early_rows_of_the_others():
    frame = panel(
        [(who, day, who in "AB") for who in "ABCD" for day in ("2018-01-01", "2020-01-01")]
    )
    splits = listed(OutOfTimeAndEnterprise(MIDDLE, folds=2, seed=7), frame)
    assert len(splits) == 2
    for train, test in splits:
        trained, tested = set(frame["enterprise_id"][train]), set(frame["enterprise_id"][test])
        # One defaulter and one other on each side, since they are spread evenly.
        assert len(trained & set("AB")) == len(tested & set("AB")) == 1
        assert trained | tested == set("ABCD")
        assert (frame["as_of"][train] == "2018-01-01").all()
        assert (frame["as_of"][test] == "2020-01-01").all()


def test_each_vintage_is_tested_by_what_was_known_as_it_began():
    days = ["2018-01-01", "2019-01-01", "2019-07-01", "2020-02-01", "2021-01-01"]
    frame = panel([("A", day, False) for day in days])
    half_years = WalkForward(date(2019, 7, 1), every_months=6)
    assert listed(half_years, frame) == [([0], [2]), ([0, 1], [3]), ([0, 1, 2], [4])]
    assert half_years.get_n_splits(frame) == 3


def test_outcomes_given_apart_go_before_the_panels_own():
    y = np.array([0, 1, np.nan, 1, 0, 0])
    assert listed(OutOfTime(MIDDLE, horizon_months=11), SIX, y) == [([0, 1], [3, 4, 5])]


@pytest.mark.parametrize(
    ("splitter", "frame", "words"),
    [
        (OutOfTime(MIDDLE), SIX.drop(columns="as_of"), "X has no column as_of"),
        (OutOfTime(MIDDLE), SIX.to_numpy(), "X has no column enterprise_id"),
        (OutOfTime(MIDDLE, gap="known"), SIX, "X has no column label_known_on"),
        (OutOfTime(date(2030, 1, 1)), SIX, "no test rows at 2030-01-01"),
        (OutOfTime(date(2018, 6, 1)), SIX, "no train rows at 2018-06-01"),
        (WalkForward(date(2018, 6, 1), 3), SIX, "no train rows at 2018-06-01"),
        (OutOfTimeAndEnterprise(date(2030, 1, 1), 2, 7), SIX, "no test rows"),
        (OutOfEnterprise(3, 1, 7), SIX.drop(columns="defaulted"), "Give y, or defaulted"),
        (OutOfEnterprise(3, 1, 7), SIX, "2 enterprises that defaulted and 1 others"),
    ],
)
def test_what_cannot_be_split_is_said_in_one_line(splitter, frame, words):
    with pytest.raises(DataError, match=words):
        list(splitter.split(frame))
    assert len(words.splitlines()) == 1


def drawn(count: int, seed: int) -> pd.DataFrame:
    """Quarterly rows of a few enterprises, more than one a day, in any order."""
    rng = np.random.default_rng(seed)
    days = pd.Timestamp("2015-01-01") + pd.to_timedelta(rng.integers(0, 2500, count), "D")
    who = rng.integers(0, 14, count)
    # A date of each kind at both ends, so that no side is empty.
    days = days.where(np.arange(count) > 7, pd.Timestamp("2014-01-01"))
    days = days.where(np.arange(count) < count - 8, pd.Timestamp("2022-01-01"))
    who[:8] = who[-8:] = np.arange(8)
    bad = pd.Series(rng.random(count) < 0.4, dtype="boolean")
    bad[[0, 1, 2, 3]] = [True, True, False, False]
    bad = bad.mask(np.isin(who, [2, 3]), False).mask(np.isin(who, [0, 1]), True)
    return pd.DataFrame(
        {"enterprise_id": [f"E{n:02d}" for n in who], "as_of": days, "defaulted": bad}
    )


panels = st.builds(drawn, st.integers(20, 60), st.integers(0, 9999))
days = st.dates(date(2015, 6, 1), date(2021, 6, 1))
laws = rules(max_examples=25, deadline=None)


@laws
@given(frame=panels, day=days, horizon=st.integers(1, 24), seed=st.integers(0, 99))
def test_no_enterprise_stands_on_both_sides_of_an_out_of_enterprise_split(
    frame, day, horizon, seed
):
    for splitter in (
        OutOfEnterprise(4, 2, seed, horizon),
        OutOfTimeAndEnterprise(date(2020, 1, 1), 4, seed, horizon),
    ):
        for train, test in splitter.split(frame):
            assert not set(frame["enterprise_id"][train]) & set(frame["enterprise_id"][test])


@laws
@given(frame=panels, horizon=st.integers(1, 36), every=st.integers(3, 18), day=days)
def test_every_label_trained_on_was_known_when_its_test_begins(frame, horizon, every, day):
    day = max(day, date(2018, 1, 1))
    for splitter in (
        OutOfTime(day, horizon),
        OutOfTimeAndEnterprise(day, 3, 7, horizon),
        WalkForward(day, every, horizon),
    ):
        for train, test in splitter.split(frame):
            ends = frame["as_of"][train] + pd.DateOffset(months=horizon)
            assert ends.max() <= frame["as_of"][test].min()


@laws
@given(frame=panels, day=days, every=st.integers(3, 18), folds=st.integers(2, 6))
def test_every_late_row_is_tested_once(frame, day, every, folds):
    late = np.flatnonzero(frame["as_of"] >= pd.Timestamp(day))
    for splitter in (OutOfTimeAndEnterprise(day, folds, 7, 12), WalkForward(day, every, 12)):
        tested = [test for _, test in splitter.split(frame)]
        assert np.array_equal(np.sort(np.concatenate(tested)), late)
    repeats = [test for _, test in OutOfEnterprise(folds, 3, 7).split(frame)]
    assert np.array_equal(np.sort(np.concatenate(repeats)), np.repeat(np.arange(len(frame)), 3))


@laws
@given(frame=panels, day=days, seed=st.integers(0, 99))
def test_the_order_of_rows_changes_nothing(frame, day, seed):
    order = np.random.default_rng(seed).permutation(len(frame))
    moved = frame.iloc[order]
    for splitter in (
        OutOfTime(day),
        OutOfEnterprise(3, 2, seed),
        OutOfTimeAndEnterprise(day, 3, seed),
        WalkForward(day, 5),
    ):
        pairs = zip(splitter.split(frame), splitter.split(moved), strict=True)
        for (train, test), (again, tested) in pairs:
            assert set(order[again]) == set(train)
            assert set(order[tested]) == set(test)
        assert splitter.get_n_splits(frame) == sum(1 for _ in splitter.split(frame))


@laws
@given(frame=panels, day=days)
def test_out_of_time_agrees_with_the_split_of_the_stage(frame, day):
    ends = frame["as_of"] + pd.DateOffset(months=12)
    rows = frame.assign(label_ends_on=ends, defaulted=frame["defaulted"].astype(bool))
    ((train, test),) = OutOfTime(day).split(rows)
    how = default_settings().datasets.model_copy(update={"test_from": day})
    stage = by_time(rows, how).frame["split"]
    assert np.array_equal(train, np.flatnonzero(stage.isin(["fit", "calibrate"])))
    assert np.array_equal(test, np.flatnonzero(stage == "test"))


def test_scikit_learn_scores_and_searches_along_any_of_them():
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import GridSearchCV, cross_val_score
    from sklearn.pipeline import make_pipeline

    rng = np.random.default_rng(0)
    grid = [(f"E{n:02d}", day) for n in range(40) for day in ("2018-01-01", "2020-01-01")]
    x = rng.normal(0, 1, len(grid))
    frame = panel([(*row, bool(value > 0.3)) for row, value in zip(grid, x, strict=True)])
    rows, y = frame.drop(columns="defaulted").assign(x=x), frame["defaulted"].astype(int)
    model = make_pipeline(make_column_transformer(("passthrough", ["x"])), LogisticRegression())
    for splitter, count in (
        (OutOfTime(MIDDLE), 1),
        (OutOfEnterprise(3, 2, 7), 6),
        (OutOfTimeAndEnterprise(MIDDLE, 4, 7), 4),
        (WalkForward(MIDDLE, 6), 1),
    ):
        found = cross_val_score(model, rows, y, cv=splitter, scoring="roc_auc")
        assert len(found) == count
        assert (found > 0.95).all()
    search = GridSearchCV(
        model, {"logisticregression__C": [0.1, 1]}, cv=OutOfTimeAndEnterprise(MIDDLE, 4, 7)
    )
    assert search.fit(rows, y).n_splits_ == 4
