"""Every aggregate and every condition, on tables drawn here, with answers written by hand."""

import numpy as np
import pandas as pd
import pytest

from riskmodel.features import compute
from riskmodel.features import spec as say
from riskmodel.features.aggregates import AGGREGATES
from riskmodel.features.encoded_table import split_cents
from riskmodel.features.spec import TEXT_KINDS, FeatureDefinition, column

AS_OF = "2024-07-01"
USA = column("destination", "is", "USA")


@pytest.fixture
def trade(drawn):
    days = ["2024-06-15", "2024-05-10", "2024-05-20", "2024-01-10", "2023-05-05"]
    return drawn(
        {
            "declarations": pd.DataFrame(
                {
                    "declaration_id": ["D1", "D2", "D3", "D4", "D5"],
                    "enterprise_id": "E1",
                    "declared_on": pd.to_datetime(days),
                    "fob_usd": [100.0, 300.0, 100.0, 500.0, 300.0],
                    "buyer_id": ["B1", "B2", "B1", "B3", "B3"],
                    "destination": ["USA", "DEU", None, "USA", "USA"],
                    "terms_days": [30, None, 60, 90, 90],
                    "known_at": pd.to_datetime(days, utc=True) + pd.Timedelta(days=1),
                }
            )
        }
    )


# Window of three months: D1 (June), D2 and D3 (May); monthly totals 0, 400, 100.
ANSWERS = {
    "count": (say.count(months=3), 3.0),
    "count of all that is known": (say.count(), 5.0),
    "total": (say.total("fob_usd", months=3), 500.0),
    "total_if_any": (say.total_if_any("fob_usd", months=3), 500.0),
    "total_if_any of no value": (
        say.total_if_any("terms_days", months=2, where=(column("buyer_id", "is", "B2"),)),
        np.nan,
    ),
    "mean": (say.mean("fob_usd", months=3), 500 / 3),
    "mean of the values that are there": (say.mean("terms_days", months=3), 45.0),
    "largest": (say.largest("fob_usd", months=3), 300.0),
    "smallest": (say.smallest("fob_usd", months=3), 100.0),
    "distinct": (say.distinct("buyer_id", months=3), 2.0),
    "distinct, null is none": (say.distinct("destination", months=3), 2.0),
    "share": (say.share(USA, months=3), 1 / 3),
    "value_share": (say.value_share("fob_usd", USA, months=3), 0.2),
    "months_since_last": (say.months_since_last(), 16 / 30.4375),
    "months_since_first": (say.months_since_first(months=3), 52 / 30.4375),
    "top_share": (say.top_share("fob_usd", by="buyer_id", months=3), 0.6),
    "top_share without the rows of no group": (
        say.top_share("fob_usd", by="destination", months=3),
        0.75,
    ),
    "top_group": (say.top_group("fob_usd", by="destination", months=3), "DEU"),
    "top_group of a longer window": (
        say.top_group("fob_usd", by="destination", months=6),
        "USA",
    ),
    "herfindahl": (say.herfindahl("fob_usd", by="buyer_id", months=3), 0.4**2 + 0.6**2),
    "months_active": (say.months_active(months=3), 2.0),
    "longest_gap": (say.longest_gap(months=6), 3.0),
    "volatility": (say.volatility("fob_usd", months=3), 1.019803902718557),
    "trend": (say.trend("fob_usd", months=3), 0.3),
    "growth": (say.growth("fob_usd", months=1), -300 / 250),
    "growth from nothing": (say.growth("fob_usd", months=2), 2.0),
    "growth_on_year": (say.growth_on_year("fob_usd", months=3), 0.5),
    # 92 days to 1 July 2024; the New Year of 2024 lies 384 days after that of 2023, so that the
    # window of the lunar year before runs from 14 March to 13 June 2023.
    "growth_on_lunar_year": (say.growth_on_lunar_year("fob_usd", months=3), 0.5),
    "growth_on_lunar_year apart from the calendar's": (
        say.growth_on_lunar_year("fob_usd", months=1),
        2.0,
    ),
    "peak_share": (say.peak_share("fob_usd", months=3), 0.8),
    "new_share": (say.new_share("fob_usd", by="buyer_id", months=3), 1.0),
    "new_share of groups that were there before": (
        say.new_share("fob_usd", by="buyer_id", months=1),
        0.0,
    ),
    "lost_share": (say.lost_share("fob_usd", by="buyer_id", months=1), 0.75),
    "category": (say.category("destination"), "USA"),
    "latest": (say.latest("fob_usd"), 100.0),
    "latest of the rows that meet": (
        say.latest("terms_days", where=(column("buyer_id", "is", "B2"),)),
        np.nan,
    ),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_each_aggregate_gives_the_answer_written_by_hand(trade, value, name):
    measure, answer = ANSWERS[name]
    found = value(trade, "declarations", measure, AS_OF)
    assert found == pytest.approx(answer, abs=1e-12, nan_ok=True)


def test_no_aggregate_is_without_an_answer_written_by_hand():
    dates = {"lag", "months_from"}  # of tables with two dates: below, and in test_time
    assert {measure.kind for measure, _ in ANSWERS.values()} == {*AGGREGATES} - dates


def test_the_kinds_of_text_are_those_that_answer_with_one():
    texts = {measure.kind for measure, answer in ANSWERS.values() if isinstance(answer, str)}
    assert texts == TEXT_KINDS


TOP = {
    "the sum counts, not the largest row": ([("USA", 60), ("DEU", 100), ("USA", 50)], "USA"),
    "rows without a group are left out": ([(None, 500), ("DEU", 1)], "DEU"),
    "none without any group": ([(None, 500)], None),
    "a cent decides": ([("DEU", 4e9), ("USA", 4e9 + 0.01)], "USA"),
    "of equal ones the first by its letters": ([("USA", 0.3), ("FRA", 0.1), ("FRA", 0.2)], "FRA"),
    "whichever was seen first": ([("AUS", 0.1), ("AUS", 0.2), ("USA", 0.3)], "AUS"),
    # .0001 + .0002 is more than .0003 in doubles
    "equal in parts of a cent": ([("USA", 0.0001), ("CAN", 0.0003), ("USA", 0.0002)], "CAN"),
    "what is below zero is taken off": ([("USA", 100), ("USA", -60), ("DEU", 50)], "DEU"),
    "the largest may lie below zero": ([("DEU", -5), ("USA", -3)], "USA"),
}


@pytest.mark.parametrize("portion", [1, 2, 20_000])
def test_the_top_group_is_that_of_the_largest_sum_however_the_work_is_cut(drawn, settings, portion):
    rows = [(who, *row) for who, (drawn_rows, _) in TOP.items() for row in drawn_rows]
    declarations = pd.DataFrame(rows, columns=["enterprise_id", "destination", "fob_usd"]).assign(
        declaration_id=[f"D{number:02d}" for number in range(len(rows))],
        declared_on=pd.to_datetime("2024-06-01"),
        known_at=pd.to_datetime("2024-06-02", utc=True),
    )
    source = drawn(
        {
            "enterprises": pd.DataFrame({"enterprise_id": list(TOP)}),
            "declarations": declarations,
            "outcomes": pd.DataFrame(
                {
                    "enterprise_id": [rows[0][0]],
                    "as_of": pd.to_datetime([AS_OF]),
                    "defaulted": [False],
                    "observed_until": pd.to_datetime(["2025-06-30"]),
                }
            ),
        }
    )
    measure = say.top_group("fob_usd", by="destination", months=3)
    feature = FeatureDefinition("top", "", "none", "declarations", measure, ("", ""))
    asked = pd.DataFrame({"enterprise_id": list(TOP), "as_of": pd.to_datetime(AS_OF)})
    portions = settings.with_values({"chunk_enterprises": portion})
    found = compute(source, asked, portions, definitions=[feature]).frame["top"].astype(object)
    answers = {who: answer for who, (_, answer) in TOP.items()}
    given = dict(zip(TOP, found.where(found.notna(), None), strict=True))
    assert given == answers


def test_a_lag_is_the_mean_of_the_days_to_dates_before_the_as_of_date(drawn, value):
    refunds = pd.DataFrame(
        {
            "refund_id": ["F1", "F2", "F3", "F4"],
            "enterprise_id": "E1",
            "claimed_on": pd.to_datetime(["2024-05-01", "2024-05-11", "2024-05-01", "2024-05-01"]),
            "amount_cny": 10.0,
            "paid_on": pd.to_datetime(["2024-05-11", "2024-06-30", None, "2024-07-01"]),
            "known_at": pd.to_datetime("2024-05-12", utc=True),
        }
    )
    measure = say.lag("paid_on", months=3)
    source = drawn({"refunds": refunds})
    assert value(source, "refunds", measure, AS_OF) == (10 + 50) / 2
    assert np.isnan(value(source, "refunds", measure, "2024-08-15"))  # out of the window


CONDITIONS = {
    "is": (USA, 1),
    "is one of several": (column("destination", "is", ("USA", "DEU")), 2),
    "is_not holds for null too": (column("destination", "is_not", "USA"), 2),
    "above": (column("fob_usd", "above", 100), 1),
    "at_least": (column("fob_usd", "at_least", 300), 1),
    "below": (column("fob_usd", "below", 300), 2),
    "at_most": (column("fob_usd", "at_most", 300), 3),
    "above fails on null": (column("terms_days", "above", 0), 2),
    "missing": (column("destination", "missing"), 1),
}


@pytest.mark.parametrize("name", CONDITIONS)
def test_each_condition_keeps_the_rows_that_meet_it(trade, value, name):
    condition, rows = CONDITIONS[name]
    measure = say.count(months=3, where=(condition,))
    assert value(trade, "declarations", measure, AS_OF) == rows


def test_a_date_is_open_while_null_or_not_before_the_as_of_date(drawn, value):
    refunds = pd.DataFrame(
        {
            "refund_id": ["F1", "F2", "F3"],
            "enterprise_id": "E1",
            "claimed_on": pd.to_datetime("2024-05-01"),
            "amount_cny": 10.0,
            "paid_on": pd.to_datetime([None, "2024-07-01", "2024-06-30"]),
            "known_at": pd.to_datetime("2024-05-02", utc=True),
        }
    )
    measure = say.count(where=(column("paid_on", "open"),))
    assert value(drawn({"refunds": refunds}), "refunds", measure, AS_OF) == 2


ZERO = {"count", "total", "distinct", "months_active"}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_enterprise_without_rows_has_zero_counts_and_sums_and_the_rest_missing(
    trade, value, name
):
    measure, _ = ANSWERS[name]
    found = value(trade, "declarations", measure, AS_OF, "E2")
    if measure.kind in ZERO:
        assert found == 0
    else:
        assert np.isnan(found)


WINDOWED = [name for name, (measure, _) in ANSWERS.items() if measure.months]


@pytest.mark.parametrize("name", WINDOWED)
def test_rows_outside_the_window_are_as_good_as_none(trade, value, name):
    measure, _ = ANSWERS[name]
    found = value(trade, "declarations", measure, "2034-07-01")
    if measure.kind in ZERO:
        assert found == 0
    else:
        assert np.isnan(found)


def test_a_sum_that_cancels_out_gives_no_share(drawn, value):
    declarations = pd.DataFrame(
        {
            "declaration_id": ["D1", "D2"],
            "enterprise_id": "E1",
            "declared_on": pd.to_datetime("2024-06-01"),
            "fob_usd": [0.1, -0.1],
            "destination": ["USA", "DEU"],
            "known_at": pd.to_datetime("2024-06-02", utc=True),
        }
    )
    measure = say.value_share("fob_usd", USA, months=3)
    assert np.isnan(value(drawn({"declarations": declarations}), "declarations", measure, AS_OF))


def test_sums_of_cents_are_those_of_decimals(drawn, value):
    cents = [0.1, 0.2, -0.3, 1e9, 0.01]
    declarations = pd.DataFrame(
        {
            "declaration_id": [f"D{number}" for number in range(len(cents))],
            "enterprise_id": "E1",
            "declared_on": pd.to_datetime("2024-06-01"),
            "fob_usd": cents,
            "known_at": pd.to_datetime("2024-06-02", utc=True),
        }
    )
    source = drawn({"declarations": declarations})
    assert value(source, "declarations", say.total("fob_usd"), AS_OF) == 1000000000.01


def test_cents_and_the_rest_make_up_every_value():
    values = np.array([0.29, -1234.56, 1e-7, 3.14159, 5e13, np.nan])
    cents, rest = split_cents(values)
    assert cents.tolist() == [29, -123456, 0, 314, 0, 0]
    assert (cents / 100 + rest)[:5].tolist() == values[:5].tolist()
    assert rest[5] == 0
    assert len(split_cents(np.array([0.1, 2.5]))[1]) == 0


def test_a_word_with_a_quote_stays_one_word(drawn, value):
    declarations = pd.DataFrame(
        {
            "declaration_id": ["D1", "D2"],
            "enterprise_id": "E1",
            "declared_on": pd.to_datetime("2024-06-01"),
            "fob_usd": 1.0,
            "unit": ["o'clock", "piece"],
            "known_at": pd.to_datetime("2024-06-02", utc=True),
        }
    )
    measure = say.count(where=(column("unit", "is", "o'clock"),))
    assert value(drawn({"declarations": declarations}), "declarations", measure, AS_OF) == 1
