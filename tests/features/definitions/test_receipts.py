"""Features on being paid, each against an answer counted by hand at 2024-07-01."""

from math import sqrt

import pytest

TABLES = {
    # Of E1's sales, A1 is of two years, A2 to A8 of twelve months. The rest of the rows shows what
    # E1's buyers do to others, or does not count.
    "declarations": """
declaration_id enterprise_id declared_on fob_usd status    buyer_id terms_days known_at   withdrawn
A0             E1            2022-06-30  5000    released  B1       60         2022-07-02 -    # a day too old
A1             E1            2022-07-10   900    released  B1       60         2022-07-12 -
X0             E1            2022-08-08   777    cancelled B1       60         2022-08-10 -
O1             E1            2023-06-20   640    released  B1       30         2023-06-22 -    # paid
A2             E1            2023-07-05  1000    released  B1       30         2023-07-07 -
X1             E1            2023-09-10  -300    released  B1       30         2023-09-12 -
A3             E1            2023-11-15  2000    released  B2       60         2023-11-17 -
A4             E1            2023-12-20  1500    released  B3       -          2023-12-22 -
A5             E1            2024-01-03   600    released  B4       30         2024-01-05 -
A6             E1            2024-02-05  1300    released  B2       0          2024-02-07 -
A7             E1            2024-03-02   800    released  B1       90         2024-03-04 -
X2             E1            2024-04-20   150    released  B4       0          2024-04-22 -
X2             E1            2024-04-20   150    released  B4       0          2024-06-01 yes  # taken back
A8             E1            2024-04-02   400    released  -        60         2024-04-04 -
X3             E1            2024-06-01   150    cancelled B2       30         2024-06-03 -
Z1             E2            2023-09-01  1000    released  B1       30         2023-09-03 -    # paid 19 days late
Z2             E3            2023-10-01  3000    released  B1       30         2023-10-03 -    # never paid
Z3             E2            2024-05-15   500    released  B2       30         2024-05-17 -    # 17 days late so far
Z4             E2            2023-05-01  9000    released  B2       30         2023-05-03 -    # never paid, but too old
Z5             E2            2023-10-10   700    cancelled B3       30         2023-10-12 -
Z6             E3            2023-12-01  2000    released  B4       60         2023-12-03 -    # paid 45 days late
Z7             E2            2024-01-10   600    released  B4       -          2024-01-12 -    # never paid
Z8             E2            2024-02-01  1400    released  B4       30         2024-02-03 -    # paid 11 days early
""",
    # Of E1's receipts, those of twelve months are R1 to R10.
    "receipts": """
receipt_id enterprise_id received_on amount_usd declaration_id payer_id known_at   withdrawn
O1         E1            2022-12-05   150       A1             B1       2022-12-07 -
O2         E1            2023-06-30   640       O1             B5       2023-07-02 -    # a day too old
R1         E1            2023-07-20   200       A2             B0       2023-07-22 -
R2         E1            2023-10-10   600       A2             B1       2023-10-12 -
R3         E1            2023-12-25  1800       A3             B2       2023-12-27 -
R3         E1            2023-12-25  1000       A3             B2       2024-01-10 -    # half, to the cent
R4         E1            2024-01-25   700       A4             B3       2024-01-27 -    # less than half
R5         E1            2024-02-01   700       A6             B3       2024-02-03 -    # four days ahead
R6         E1            2024-03-15   450       -              -        2024-03-17 -
X1         E1            2024-04-10   120       A7             B1       2024-04-12 -
X1         E1            2024-04-10   120       A7             B1       2024-05-01 yes  # taken back
R7         E1            2024-05-05    60       X2             B4       2024-05-07 -    # of a declaration taken back
R8         E1            2024-05-10   350       A99            X9       2024-05-12 -    # of none
R9         E1            2024-06-10    80       X3             B2       2024-06-12 -    # of a cancelled one
R10        E1            2024-06-20   250       Z1             B1       2024-06-22 -    # of another enterprise's
X2         E1            2024-06-25   600       A5             B6       2024-07-02 -    # known late
P1         E2            2023-10-20  1000       Z1             B1       2023-10-22 -
P2         E3            2024-03-15  1500       Z6             B4       2024-03-17 -
P3         E2            2024-02-20  1400       Z8             B4       2024-02-22 -
P4         E2            2024-03-20   800       A7             B1       2024-03-22 -    # another's money pays nothing of E1
""",
}

SALES = 1000 + 2000 + 1500 + 600 + 1300 + 800 + 400  # 7600: A2 to A8
RECEIVED_6M = 700 + 700 + 450 + 60 + 350 + 80 + 250  # 2590: R4 to R10
RECEIVED = 200 + 600 + 1000 + RECEIVED_6M  # 4390: R1 to R10
# By month, July's first: 200 0 0 600 0 1000 700 700 450 0 410 330.
SQUARES = 200**2 + 600**2 + 1000**2 + 700**2 + 700**2 + 450**2 + 410**2 + 330**2

ANSWERS = {
    "receipts_usd_3m": 60 + 350 + 80 + 250,
    "receipts_usd_6m": RECEIVED_6M,
    "receipts_usd_12m": RECEIVED,
    "receipts_to_exports_12m": 4390 / 7600,
    "receipts_to_exports_3m": 740 / 400,
    "receipts_to_exports_6m": 2590 / 3100,  # A5 to A8
    "receipts_growth_3m": (740 - 1850) / ((740 + 1850) / 2),
    "receipts_growth_6m": (2590 - 1800) / ((2590 + 1800) / 2),
    "receipts_trend_12m": (
        (-5.5 * 200 - 2.5 * 600 - 0.5 * 1000 + 0.5 * 700 + 1.5 * 700)
        + (2.5 * 450 + 4.5 * 410 + 5.5 * 330)
    )
    / 143
    / (4390 / 12),
    "receipts_volatility_12m": sqrt(SQUARES / 12 - (4390 / 12) ** 2) / (4390 / 12),
    "receipt_months_12m": 8,
    "months_since_receipt": 11 / 30.4375,
    "payers_12m": 6,  # B0, B1, B2, B3, B4, X9
    "unmatched_receipts_share_12m": (450 + 60 + 350 + 250) / RECEIVED,  # R6, R7, R8, R10
    "days_to_cash_12m": (97 + 40 - 4) / 3,  # A2, A3, A6
    # A2 to A8; A4, A5, A7 and A8 are unpaid for 194, 180, 121 and 90 days.
    "days_late_12m": ((97 - 30) + (40 - 60) + 194 + (180 - 30) - 4 + (121 - 90) + (90 - 60)) / 7,
    "late_share_12m": (1000 + 1500 + 600 + 800) / SALES,  # A8 is late by 30 days, not over 30
    "unpaid_90d_share_12m": (1500 + 600 + 800) / SALES,  # A8 is unpaid for just 90 days
    "unpaid_180d_usd_24m": (900 - 150) + (1500 - 700),  # A1 and A4; A5 is unpaid for just 180
    "unpaid_180d_to_exports": 1550 / 7600,
    "unpaid_usd_6m": 600 + (1300 - 700) + 800 + 400,  # A5 to A8
    "unpaid_to_exports_6m": 2400 / 3100,
    "never_paid_deals_share_9m": 1 / 3,  # A5, of A3 to A5; A6 is 147 days old
    "receipt_delay_days_3m": 9,  # R9; the declarations of R7, R8 and R10 are not on record
    "receipt_delay_days_12m": (15 + 97 + 40 + 36 - 4 + 9) / 6,  # R1 to R5, R9
    "receipt_delay_change": 9 - 193 / 6,
    # B1 owes others 3000 of 4000 too long, B2 0 of 500, B4 2600 of 4000; nobody else sells to B3.
    # In the order A2, A3, A5, A6, A7.
    "buyers_late_elsewhere_12m": (3000 / 4000 + 0 + 2600 / 4000 + 0 + 3000 / 4000) / 5,
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_feature_on_being_paid_answers_as_counted_by_hand(found, name):
    assert found[name] == pytest.approx(ANSWERS[name], rel=1e-12, abs=0)
