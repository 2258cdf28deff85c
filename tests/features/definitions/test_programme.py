"""Features on the history with the programme, each against an answer counted at 2024-07-01."""

import pytest

TABLES = {
    "applications": """
application_id bank   applied_on decision  decided_on known_at   withdrawn
A1             bank_a 2022-06-30 decline   2022-07-02 2022-07-04 -    # a day too old for two years
A2             bank_a 2022-07-01 decline   2022-07-03 2022-07-05 -
A3             bank_b 2023-06-20 accept    2023-06-22 2023-06-24 -
A4             bank_a 2023-07-01 decline   2023-07-03 2023-07-05 -
A5             bank_c 2024-02-02 withdrawn 2024-02-04 2024-02-06 -
A6             bank_a 2024-05-05 -         -          2024-05-06 -
A6             bank_a 2024-05-05 decline   2024-05-18 2024-05-20 -    # decided since
A7             bank_b 2024-06-06 -         -          2024-06-08 -
A7             bank_b 2024-06-06 decline   2024-06-30 2024-07-03 -    # decided, but not known
X1             bank_c 2024-06-10 decline   2024-06-12 2024-06-14 -
X1             bank_c 2024-06-10 decline   2024-06-12 2024-06-20 yes  # taken back
""",
    "lines": """
line_id enterprise_id bank   granted_on limit_cny known_at   withdrawn
LN1     E1            bank_a 2023-05-20 1000      2023-05-22 -
LN1     E1            bank_a 2023-05-20 1200      2024-03-01 -    # corrected, for all its months
LN2     E1            bank_b 2024-04-20  500      2024-04-22 -
LN3     E1            bank_c 2024-01-20  700      2024-01-22 -
LN3     E2            bank_c 2024-01-20  700      2024-06-01 -    # is another's
LN4     E1            bank_d 2024-01-20  800      2024-01-22 -
LN4     E1            bank_d 2024-01-20  800      2024-06-01 yes  # taken back
""",
    "line_months": """
line_id month      days_past_due drawn_cny known_at
LN1     2023-12-01 0              900      2024-01-05  # ends before the six months
LN1     2024-01-01 0              300      2024-02-05
LN1     2024-04-01 0              450      2024-05-05
LN1     2024-04-01 0              600      2024-05-25  # corrected
LN1     2024-05-01 0              -        2024-06-05
LN2     2024-05-01 0              400      2024-06-05
LN3     2024-05-01 0              650      2024-06-05
LN4     2024-05-01 0              750      2024-06-05
LN2     2024-06-01 0              450      2024-07-05  # known late
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
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_feature_on_the_programme_answers_as_counted_by_hand(found, name):
    assert found[name] == pytest.approx(ANSWERS[name], rel=1e-12, abs=0)
