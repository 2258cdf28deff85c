"""Relations built from several tables: settled declarations, accounts, the programme's lines."""

import numpy as np
import pandas as pd
import pytest

from riskmodel.features import spec as say
from riskmodel.features.spec import column

AS_OF = "2024-07-01"


def utc(*days):
    return pd.to_datetime(list(days), utc=True)


@pytest.fixture
def settlement(drawn):
    """D1 is paid by more than half after fifty days, D2 by less than half."""
    declared = pd.to_datetime(["2024-03-01", "2024-03-11"])
    received = pd.to_datetime(["2024-04-10", "2024-04-20", "2024-04-01", "2024-04-02"])
    return drawn(
        {
            "declarations": pd.DataFrame(
                {
                    "declaration_id": ["D1", "D2"],
                    "enterprise_id": "E1",
                    "declared_on": declared,
                    "fob_usd": 1000.0,
                    "terms_days": [30, 60],
                    "known_at": utc("2024-03-02", "2024-03-12"),
                }
            ),
            "receipts": pd.DataFrame(
                {
                    "receipt_id": ["R1", "R2", "R3", "R4"],
                    "enterprise_id": "E1",
                    "received_on": received,
                    "amount_usd": [200.0, 400.0, 300.0, 5000.0],
                    "declaration_id": ["D1", "D1", "D2", None],
                    "known_at": utc("2024-04-11", "2024-04-21", "2024-04-02", "2024-04-03"),
                }
            ),
        }
    )


def test_a_declaration_half_of_whose_value_came_in_is_paid_on_the_last_receipts_day(
    settlement, value
):
    assert value(settlement, "settlement", say.mean("days_to_cash", months=6), AS_OF) == 50
    assert value(settlement, "settlement", say.total("received_usd", months=6), AS_OF) == 900


def test_a_declaration_is_late_beyond_its_terms_paid_or_still_unpaid(settlement, value):
    # D1: 50 days less 30 of terms; D2: unpaid for 112 days, less 60 of terms.
    assert value(settlement, "settlement", say.smallest("days_late"), AS_OF) == 20
    assert value(settlement, "settlement", say.largest("days_late"), AS_OF) == 52
    late = say.value_share("fob_usd", column("days_late", "above", 30), months=6)
    assert value(settlement, "settlement", late, AS_OF) == 0.5


def test_only_an_unpaid_declaration_has_days_unpaid_and_each_its_unpaid_rest(settlement, value):
    assert value(settlement, "settlement", say.largest("days_unpaid"), AS_OF) == 112
    assert value(settlement, "settlement", say.smallest("days_unpaid"), AS_OF) == 112
    assert value(settlement, "settlement", say.total("unpaid_usd"), AS_OF) == 400 + 700


def test_a_receipt_that_is_not_known_yet_pays_nothing(settlement, value):
    # On 20 April the second receipt of D1 has not come in; one fifth is not half.
    assert np.isnan(value(settlement, "settlement", say.mean("days_to_cash"), "2024-04-20"))
    assert value(settlement, "settlement", say.largest("days_unpaid"), "2024-04-20") == 50


def records(*rows):
    frame = pd.DataFrame(rows, columns=["account_id", "month", "balance_cny", "known_at"])
    return frame.assign(
        enterprise_id="E1",
        lender="lender_one",
        month=pd.to_datetime(frame["month"]),
        known_at=pd.to_datetime(frame["known_at"], utc=True),
    )


def test_accounts_are_each_accounts_newest_known_record_of_three_months(drawn, value):
    source = drawn(
        {
            "bank_records": records(
                ("A1", "2024-04-01", 70.0, "2024-05-03"),
                ("A1", "2024-05-01", 100.0, "2024-06-03"),
                ("A2", "2024-03-01", 4000.0, "2024-04-03"),  # its end lies before 1 April
                ("A3", "2024-05-01", 200.0, "2024-06-03"),
                ("A3", "2024-06-01", 9000.0, "2024-07-03"),  # not known on 1 July
            )
        }
    )
    assert value(source, "accounts", say.total("balance_cny"), AS_OF) == 300
    assert value(source, "accounts", say.count(), "2024-06-30") == 3


@pytest.fixture
def lent(drawn):
    def of(line_known, withdrawn):
        lines = pd.DataFrame(
            {
                "line_id": "L1",
                "enterprise_id": "E1",
                "bank": "bank_a",
                "granted_on": pd.to_datetime("2024-01-10"),
                "limit_cny": 1e6,
                "known_at": pd.to_datetime(line_known, utc=True),
                "withdrawn": withdrawn,
            },
            index=range(len(withdrawn)),
        )
        states = pd.DataFrame(
            {
                "line_id": "L1",
                "month": pd.to_datetime(["2024-04-01", "2024-05-01", "2024-06-01"]),
                "days_past_due": [10, 40, 70],
                "known_at": utc("2024-05-03", "2024-06-03", "2024-07-03"),
            }
        )
        inquiries = pd.DataFrame(
            {
                "inquiry_id": ["Q1"],
                "enterprise_id": ["E1"],
                "lender": ["lender_one"],
                "inquired_on": pd.to_datetime(["2024-01-01"]),
                "known_at": utc("2024-01-02"),
            }
        )
        return drawn({"lines": lines, "line_months": states, "inquiries": inquiries})

    return of


LONGEST = say.largest("days_past_due", months=24)


def test_a_lines_months_belong_to_the_lines_enterprise(lent, value):
    source = lent(["2024-01-11"], [False])
    assert value(source, "line_months", LONGEST, AS_OF) == 40
    assert value(source, "line_months", LONGEST, "2024-07-04") == 70
    assert np.isnan(value(source, "line_months", LONGEST, AS_OF, "E2"))


def test_months_of_a_line_that_is_not_known_or_withdrawn_do_not_count(lent, value):
    assert np.isnan(value(lent(["2024-07-02"], [False]), "line_months", LONGEST, AS_OF))
    taken_back = lent(["2024-01-11", "2024-06-05"], [False, True])
    assert value(taken_back, "line_months", LONGEST, "2024-06-04") == 40
    assert np.isnan(value(taken_back, "line_months", LONGEST, AS_OF))


def of_lines(source, value, name, as_of=AS_OF):
    return value(source, "lines_in_force", say.total(name), as_of)


@pytest.fixture
def expiring(drawn):
    def of(expires, *months):
        lines = pd.DataFrame(
            {
                "line_id": "L1",
                "enterprise_id": "E1",
                "bank": "bank_a",
                "granted_on": pd.to_datetime(["2023-06-01"]),
                "expires_on": pd.to_datetime([expires]),
                "limit_cny": 1000.0,
                "known_at": utc("2023-06-02"),
            }
        )
        states = pd.DataFrame(months, columns=["month", "drawn_cny", "days_past_due", "known_at"])
        states = states.assign(
            line_id="L1",
            month=pd.to_datetime(states["month"]),
            known_at=pd.to_datetime(states["known_at"], utc=True),
        )
        one = records(("A1", "2024-05-01", 70.0, "2024-06-03"))
        return drawn({"lines": lines, "line_months": states, "bank_records": one})

    return of


MAY, JUNE = ("2024-05-01", 40.0, 7, "2024-06-03"), ("2024-06-01", 0.0, 0, "2024-07-03")


def test_a_line_is_in_force_until_its_expiry_and_after_it_while_its_newest_known_month_is_drawn(
    expiring, value
):
    running = expiring("2024-07-01", ("2024-05-01", 0.0, 0, "2024-06-03"))
    assert of_lines(running, value, "limit_cny", "2024-07-01") == 1000
    assert of_lines(running, value, "limit_cny", "2024-07-02") == 0
    owed = expiring("2024-06-01", MAY, JUNE)
    assert of_lines(owed, value, "limit_cny", "2024-07-03") == 1000
    assert of_lines(owed, value, "limit_cny", "2024-07-05") == 0


def test_a_line_says_what_its_newest_known_month_says(expiring, value):
    source = expiring("2025-06-01", MAY, JUNE)
    assert of_lines(source, value, "drawn_cny") == 40
    assert of_lines(source, value, "days_past_due") == 7
    assert of_lines(source, value, "drawn_cny", "2024-07-05") == 0
    assert np.isnan(value(source, "lines_in_force", say.mean("drawn_cny"), "2024-06-01"))


@pytest.mark.parametrize(
    ("day", "left"),
    [("2024-02-24", 5), ("2024-02-29", 0), ("2023-02-28", 0), ("2024-03-01", 30)],
)
def test_days_to_the_months_end_are_none_on_its_last_day(drawn, value, day, left):
    declared = pd.DataFrame(
        {
            "declaration_id": ["D1"],
            "enterprise_id": ["E1"],
            "declared_on": pd.to_datetime([day]),
            "fob_usd": [100.0],
            "known_at": utc("2024-03-02"),
        }
    )
    source = drawn({"declarations": declared})
    assert value(source, "month_ends", say.largest("days_to_month_end"), AS_OF) == left


def test_a_receipt_is_as_old_as_its_declaration_known_then(settlement, value):
    youngest = say.smallest("days_since_declared")
    assert value(settlement, "receipt_matches", youngest, AS_OF) == 21


def test_a_sum_that_no_row_has_a_value_for_is_missing(drawn, value):
    source = drawn({"bank_records": records(("A1", "2024-05-01", np.nan, "2024-06-03"))})
    assert np.isnan(value(source, "accounts", say.total_if_any("balance_cny"), AS_OF))
    assert value(source, "accounts", say.total("balance_cny"), AS_OF) == 0
