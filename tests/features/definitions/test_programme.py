"""Features on the history with the programme, each against an answer counted at 2024-07-01."""

import pytest

TABLES = {
    "declarations": """
declaration_id declared_on fob_usd known_at
D0             2023-06-30  700     2023-07-02  # a day too old for twelve months
D1             2023-09-09  100     2023-09-11
D2             2024-03-03   50     2024-03-05
""",
    "fx_rates": "on currency usd_per_unit\n2024-06-28 CNY 0.125",
    "bank_records": """
lender account_id month      product balance_cny known_at
L1     K1         2024-05-01 loan    330         2024-06-10
""",
    "applications": """
application_id bank   applied_on asked_cny decision  decided_on known_at   withdrawn
A1             bank_a 2022-06-30 -         decline   2022-07-02 2022-07-04 -    # a day too old for two years
A2             bank_a 2022-07-01 -         decline   2022-07-03 2022-07-05 -
A3             bank_b 2023-06-20 600       accept    2023-06-22 2023-06-24 -
A4             bank_a 2023-07-01 700       decline   2023-07-03 2023-07-05 -
A5             bank_c 2024-02-02 -         withdrawn 2024-02-04 2024-02-06 -
A6             bank_a 2024-05-05 900       -         -          2024-05-06 -
A6             bank_a 2024-05-05 900       decline   2024-05-18 2024-05-20 -    # decided since
A7             bank_b 2024-06-06 800       -         -          2024-06-08 -
A7             bank_b 2024-06-06 850       decline   2024-06-30 2024-07-03 -    # decided, but not known
X1             bank_c 2024-06-10 990       decline   2024-06-12 2024-06-14 -
X1             bank_c 2024-06-10 990       decline   2024-06-12 2024-06-20 yes  # taken back
""",
    "lines": """
line_id enterprise_id bank   granted_on expires_on limit_cny known_at   withdrawn
LN1     E1            bank_a 2023-05-20 -          1000      2023-05-22 -
LN1     E1            bank_a 2023-05-20 2024-07-01 1200      2024-03-01 -    # corrected, for all its months
LN2     E1            bank_b 2024-04-20 2025-04-20  500      2024-04-22 -
LN3     E1            bank_c 2024-01-20 -           700      2024-01-22 -
LN3     E2            bank_c 2024-01-20 -           700      2024-06-01 -    # is another's
LN4     E1            bank_d 2024-01-20 -           800      2024-01-22 -
LN4     E1            bank_d 2024-01-20 -           800      2024-06-01 yes  # taken back
LN5     E1            bank_d 2022-11-01 2023-11-01 3000      2022-11-03 -    # expired and repaid
LN6     E1            bank_e 2022-10-01 2023-10-01  100      2022-10-03 -    # expired, but still drawn
LN7     E1            bank_e 2022-12-01 2024-06-30 9000      2022-12-03 -    # expired, nothing is told
""",
    "line_months": """
line_id month      days_past_due drawn_cny due_cny paid_cny known_at
LN5     2023-09-01 0               80      -       -        2023-10-05
LN5     2023-11-01 0                0      -       -        2023-12-05
LN6     2023-11-01 15              70      -       -        2023-12-05
LN1     2023-12-01 60             900      20      20       2024-01-05  # ends before the six months
LN1     2024-01-01 9              300      20      20       2024-02-05
LN1     2024-04-01 0              450      20       0       2024-05-05
LN1     2024-04-01 0              600      20      10       2024-05-25  # corrected
LN1     2024-05-01 0              -        20       -       2024-06-05
LN2     2024-05-01 3              400       5       5       2024-06-05
LN3     2024-05-01 99             650      65      65       2024-06-05
LN4     2024-05-01 99             750      75      75       2024-06-05
LN2     2024-06-01 33             450      25       0       2024-07-05  # known late
""",
    # A source needs some history beside its lines.
    "inquiries": "inquiry_id lender inquired_on known_at\nQ1 L1 2024-01-01 2024-01-02",
}

ANSWERS = {
    "applications_12m": 4,  # A4 to A7
    "declines_24m": 3,  # A2, A4, A6
    "line_drawn_cny_6m": 300 + 600 + 400,
    "line_limit_cny_6m": 3 * 1200 + 500,
    "line_use_6m": 1300 / 4100,
    "lines_limit_cny": 1200 + 500 + 100,  # LN1, which expires on the day itself, LN2, LN6
    "lines_drawn_cny": 400 + 70,  # of LN1 the newest month does not tell
    "lines_use_now": 470 / 1800,
    "lines_use_change": 470 / 1800 - 1300 / 4100,
    "exports_to_lines_limit_6m": 50 * 8 / 1800,
    "exports_to_lines_limit_12m": 150 * 8 / 1800,
    "debt_with_lines_cny": 330 + 470,
    "debt_with_lines_to_sales": 800 / 1200,
    "months_since_grant": 72 / 30.4375,
    "months_since_first_line": (365 + 274) / 30.4375,
    "months_past_expiry": -(274 + 19) / 30.4375,
    "asked_cny": 800,
    "exports_to_asked_12m": 1200 / 800,
    "line_days_past_due_now": 15,
    "line_days_past_due_6m": 9,
    "line_paid_cny_6m": 20 + 10 + 5,
    "line_due_cny_6m": 3 * 20 + 5,
    "line_paid_to_due_6m": 35 / 65,
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_feature_on_the_programme_answers_as_counted_by_hand(found, name):
    assert found[name] == pytest.approx(ANSWERS[name], rel=1e-12, abs=0)
