"""What counts at an as-of date: known before it, happened before it, inside the window."""

import numpy as np
import pandas as pd
import pytest

from riskmodel.features import spec as say

ALL = say.total("fob_usd")


@pytest.fixture
def declared(drawn):
    """A source of one enterprise's declarations: id, day, value, known_at, withdrawn."""

    def of(*rows):
        names = ["declaration_id", "declared_on", "fob_usd", "known_at", "withdrawn"]
        frame = pd.DataFrame(rows, columns=names)
        frame = frame.assign(
            enterprise_id="E1",
            declared_on=pd.to_datetime(frame["declared_on"]),
            known_at=pd.to_datetime(frame["known_at"], utc=True, format="ISO8601"),
        )
        return drawn({"declarations": frame})

    return of


def test_a_late_declaration_is_invisible_until_it_is_known(declared, value):
    source = declared(("D1", "2024-06-10", 70.0, "2024-07-15", False))
    assert value(source, "declarations", ALL, "2024-07-01") == 0
    assert value(source, "declarations", ALL, "2024-08-01") == 70


def test_a_row_known_at_the_first_instant_of_the_day_does_not_count_on_that_day(declared, value):
    # Midnight of 1 July in Shanghai is 16:00 of 30 June in UTC.
    source = declared(
        ("D1", "2024-06-10", 1.0, "2024-06-30T15:59:59.999999", False),
        ("D2", "2024-06-10", 2.0, "2024-06-30T16:00:00", False),
    )
    assert value(source, "declarations", ALL, "2024-07-01") == 1
    assert value(source, "declarations", ALL, "2024-07-02") == 3


def test_a_correction_counts_only_from_when_it_is_known(declared, value):
    source = declared(
        ("D1", "2024-06-10", 100.0, "2024-06-11", False),
        ("D1", "2024-06-10", 900.0, "2024-06-30T16:00:00", False),
    )
    assert value(source, "declarations", ALL, "2024-07-01") == 100
    assert value(source, "declarations", ALL, "2024-07-02") == 900


def test_a_correction_of_the_day_moves_the_row_between_windows(declared, value):
    source = declared(
        ("D1", "2024-06-10", 100.0, "2024-06-11", False),
        ("D1", "2024-03-10", 100.0, "2024-06-20", False),
    )
    month = say.total("fob_usd", months=1)
    assert value(source, "declarations", month, "2024-06-15") == 100
    assert value(source, "declarations", month, "2024-07-01") == 0
    assert value(source, "declarations", ALL, "2024-07-01") == 100


def test_a_withdrawn_row_counts_until_its_withdrawal_is_known_and_again_once_restored(
    declared, value
):
    source = declared(
        ("D1", "2024-05-10", 100.0, "2024-05-11", False),
        ("D1", "2024-05-10", 100.0, "2024-06-11", True),
        ("D1", "2024-05-10", 120.0, "2024-07-11", False),
    )
    seen = [
        value(source, "declarations", ALL, day)
        for day in ("2024-06-01", "2024-07-01", "2024-08-01")
    ]
    assert seen == [100, 0, 120]


def test_a_window_begins_on_the_same_day_clipped_at_the_months_end(declared, value):
    source = declared(
        ("D1", "2024-02-28", 1.0, "2024-02-29", False),
        ("D2", "2024-02-29", 10.0, "2024-03-01", False),
    )
    six = say.total("fob_usd", months=6)
    assert value(source, "declarations", six, "2024-08-31") == 10
    assert value(source, "declarations", six, "2024-08-28") == 11


def test_the_as_of_date_itself_is_outside_the_window_even_if_known_before(declared, value):
    source = declared(
        ("D1", "2024-06-30", 1.0, "2024-06-30T01:00:00", False),
        ("D2", "2024-07-01", 10.0, "2024-06-30T15:00:00", False),
    )
    assert value(source, "declarations", ALL, "2024-07-01") == 1


def test_months_that_end_on_clipped_days_hold_each_row_once(declared, value):
    days = pd.date_range("2023-09-01", "2024-08-30")
    rows = [(f"D{n}", day, 1.0, day, False) for n, day in enumerate(days)]
    source = declared(*rows)
    # 31 July to 30 August has 31 days, 30 June to 30 July too.
    assert value(source, "declarations", say.months_active(months=12), "2024-08-31") == 12
    growth = value(source, "declarations", say.growth("fob_usd", months=1), "2024-08-31")
    assert growth == pytest.approx((31 - 31) / 31)
    growth = value(source, "declarations", say.growth("fob_usd", months=1), "2024-03-31")
    # 29 February to 30 March has 31 days, 31 January to 28 February 29.
    assert growth == pytest.approx((31 - 29) / 30)


def test_a_months_record_speaks_of_the_months_end(drawn, value):
    records = pd.DataFrame(
        {
            "enterprise_id": "E1",
            "lender": "lender_one",
            "account_id": "A1",
            "month": pd.to_datetime(["2024-05-01", "2024-06-01"]),
            "inflow_cny": [5.0, 7.0],
            "known_at": pd.to_datetime(["2024-06-03", "2024-07-03"], utc=True),
        }
    )
    source = drawn({"bank_records": records})
    assert value(source, "bank_records", say.total("inflow_cny", months=1), "2024-07-04") == 7
    assert value(source, "bank_records", say.total("inflow_cny", months=1), "2024-06-30") == 5
    # On 31 May the record of May has not happened yet, whoever may know it.
    assert value(source, "bank_records", say.count(), "2024-05-31") == 0


def test_the_newest_known_row_of_the_register_stands_unless_withdrawn(drawn, value):
    register = pd.DataFrame(
        {
            "enterprise_id": ["E1", "E1", "E2", "E2"],
            "registered_on": pd.to_datetime("2014-07-01"),
            "employees": [10, 12, 5, 5],
            "sector": ["toys", "lamps", "shoes", "shoes"],
            "known_at": pd.to_datetime(
                ["2024-01-01", "2024-06-30T16:00:00", "2024-01-01", "2024-06-01"],
                utc=True,
                format="ISO8601",
            ),
            "withdrawn": [False, False, False, True],
        }
    )
    inquiries = pd.DataFrame(
        {
            "inquiry_id": ["Q1"],
            "enterprise_id": ["E1"],
            "lender": ["lender_one"],
            "inquired_on": pd.to_datetime(["2024-01-01"]),
            "known_at": pd.to_datetime(["2024-01-02"], utc=True),
        }
    )
    source = drawn({"enterprises": register, "inquiries": inquiries})
    read = ("enterprises", say.latest("employees"))
    assert value(source, *read, "2024-07-01") == 10
    assert value(source, *read, "2024-07-02") == 12
    assert np.isnan(value(source, *read, "2024-01-01"))
    assert value(source, *read, "2024-02-01", "E2") == 5
    assert np.isnan(value(source, *read, "2024-07-01", "E2"))
    assert value(source, "enterprises", say.category("sector"), "2024-07-02") == "lamps"
    months = value(source, "enterprises", say.months_from("registered_on"), "2024-07-01")
    assert months == pytest.approx(3653 / 30.4375)


def test_the_exchange_rate_is_the_newest_before_the_day(drawn, value):
    rates = pd.DataFrame(
        {
            "on": pd.to_datetime(["2024-06-28", "2024-06-30", "2024-07-01"]),
            "currency": "CNY",
            "usd_per_unit": [0.2, 0.25, 0.5],
        }
    )
    attributes = pd.DataFrame(
        {"enterprise_id": ["E1"], "known_at": pd.to_datetime(["2024-01-01"], utc=True)}
    )
    source = drawn({"fx_rates": rates, "attributes": attributes})
    rate = say.exchange_rate("CNY")
    assert value(source, "fx_rates", rate, "2024-07-01") == 4
    assert value(source, "fx_rates", rate, "2024-06-30") == 5
    assert value(source, "fx_rates", rate, "2024-06-28") == 6.2
