"""Features on banks' and bureau's records, each against an answer counted by hand at 2024-07-01."""

from math import sqrt

import pytest

TABLES = {
    "declarations": """
declaration_id declared_on fob_usd status    known_at
D1             2023-10-10  200     released  2023-10-12
X1             2023-12-12  700     cancelled 2023-12-14
D2             2024-03-10  300     released  2024-03-12
""",
    "fx_rates": "on currency usd_per_unit\n2024-06-28 CNY 0.16",
    # Each account's newest record, from April's end on, is marked N.
    "bank_records": """
lender account_id month      product   limit_cny balance_cny lowest_cny due_cny paid_cny inflow_cny outflow_cny overdue_cny days_past_due tier            known_at   withdrawn
L1     K1         2022-06-01 loan      1000      1000        -          50       0       -          -           1000        300           substandard     2022-07-10 -    # a day too old for two years
L1     K1         2023-03-01 loan      1000      1000        -          50       0       -          -           1000        100           doubtful        2023-04-10 -
L1     K1         2023-06-01 loan      1000       950        -          45       0       -          -             45         60           special_mention 2023-07-10 -    # a day too old for twelve months
L1     K1         2023-07-01 loan      1000       800        -          40       0       -          -             40         40           special_mention 2023-08-10 -
L1     K1         2023-08-01 loan      1000       900        -          40      40       -          -              0          0           normal          2023-09-10 -
L1     K1         2023-12-01 loan      1000       750        -          40      40       -          -              0          0           normal          2024-01-10 -
L1     K1         2024-01-01 loan      1000       710        -          35      35       -          -              0          0           normal          2024-02-10 -
L1     K1         2024-02-01 loan      1000       700        -          35      35       -          -              0          0           normal          2024-03-10 -
L1     K1         2024-04-01 loan      1000       600        -          35      30       -          -              5          5           normal          2024-05-10 -
L1     K1         2024-05-01 loan      1000       640        -          30      10       -          -             20         12           normal          2024-06-10 -    # N
L1     K1         2024-06-01 loan      1000       650        -          30       0       -          -             50         45           substandard     2024-07-10 -    # known late
L1     K2         2023-07-01 deposit   -          310        10         -        -       900        850         -            -            -               2023-08-10 -
L1     K2         2023-12-01 deposit   -          210        15         -        -       400        300         -            -            -               2024-01-10 -
L1     K2         2024-01-01 deposit   -          300        20         -        -      1000        800         -            -            -               2024-02-10 -
L1     K2         2024-04-01 deposit   -          250        40         -        -       600        650         -            -            -               2024-05-10 -
L1     K2         2024-05-01 deposit   -          120        25         -        -       500        700         -            -            -               2024-06-10 -    # N
L2     K3         2024-01-01 overdraft  500      -300      -400         -        -       -          -              0          0           loss            2024-02-10 -
L2     K3         2024-05-01 overdraft  500      -100      -350         -        -       -          -              0          0           normal          2024-06-10 -
L2     K3         2024-05-01 overdraft  500      -120      -350         -        -       -          -              0          0           normal          2024-06-20 -    # N
L2     K7         2024-05-01 deposit   -           80        60         -        -       300        150         -            -            -               2024-06-10 -
L2     K7         2024-06-01 deposit   -           85        65         -        -       -          -           -            -            -               2024-06-30 -    # N
L3     K4         2023-12-01 card       200        60        -          -        -       -          -              0          0           doubtful        2024-01-10 -
L3     K4         2024-04-01 card       200        50        -          -        -       -          -              0          0           substandard     2024-05-10 -    # N
L3     K5         2024-05-01 guarantee  700       400        -          -        -       -          -              7          2           normal          2024-06-10 -    # N
L4     K6         2022-07-01 loan       400       260        -          20       0       -          -            260        200           loss            2022-08-10 -
L4     K6         2023-10-01 loan       400       340        -          20      20       -          -              0          0           substandard     2023-11-10 -
L4     K6         2024-03-01 loan       400       250        -          20       0       -          -             25         33           special_mention 2024-04-10 -    # too old to be anyone's newest
L5     K8         2024-04-01 loan       300       200        -           9       9       -          -              0          0           special_mention 2024-05-10 -    # N
L5     K8         2024-05-01 loan       300      5000        -           9       0       -          -            900         99           loss            2024-06-10 -
L5     K8         2024-05-01 loan       300      5000        -           9       0       -          -            900         99           loss            2024-06-25 yes  # taken back
L5     K9         2023-09-01 deposit   -            5        -          -        -       -          -           -            -            -               2023-10-10 -    # a lender known, but not for debt
L6     K10        2024-05-01 deposit   -           15        70         -        -       -          -           -            -            -               2024-06-10 -    # N
""",
    "inquiries": """
inquiry_id lender inquired_on reason      known_at   withdrawn
Q1         L8     2023-06-30  application 2023-07-02 -    # a day too old
Q2         L2     2023-07-10  application 2023-07-12 -
Q3         L3     2023-12-31  application 2024-01-02 -
Q4         L2     2024-01-15  application 2024-01-17 -
Q5         L9     2024-01-20  application 2024-01-22 -
Q6         L4     2024-03-20  other       2024-03-22 -
Q7         L4     2024-04-05  application 2024-04-07 -
Q8         L2     2024-05-20  review      2024-05-22 -
X1         L6     2024-06-10  application 2024-06-12 -
X1         L6     2024-06-10  application 2024-06-20 yes  # taken back
Q9         L4     2024-06-25  application 2024-06-27 -
X2         L7     2024-06-28  application 2024-07-03 -    # known late
""",
    "agreements": """
bank   signed_on  ended_on   known_at
bank_d 2022-11-01 -          2024-07-02  # known late
bank_a 2023-02-01 -          2023-02-03
bank_b 2023-05-05 -          2023-05-07
bank_b 2023-05-05 2024-03-01 2024-03-03  # ended
bank_c 2024-01-10 2024-09-01 2024-06-10  # to end, but not yet
bank_e 2024-02-01 -          2024-02-03
bank_e 2024-02-01 2024-06-01 2024-07-05  # ended, but not known to be
bank_a 2024-04-01 -          2024-04-03  # once more
""",
    "lines": """
line_id enterprise_id bank   granted_on limit_cny known_at
LN1     E1            bank_a 2023-01-05  100      2023-01-07
LN2     E1            bank_a 2024-01-20  200      2024-01-22
LN3     E1            bank_b 2024-01-20  300      2024-01-22
LN3     E2            bank_b 2024-01-20  300      2024-06-01  # is another's
""",
    "line_months": """
line_id month      days_past_due written_off_cny known_at
LN1     2022-06-01  90           12              2022-07-05  # a day too old for two years
LN1     2022-07-01  85            -              2022-08-05
LN1     2023-06-01  75           30              2023-07-05  # a day too old for twelve months
LN1     2023-07-01  40            -              2023-08-05
LN1     2024-02-01  12            -              2024-03-05
LN1     2024-05-01   0            0              2024-06-05
LN2     2024-03-01  25            -              2024-04-05
LN2     2024-03-01   3            -              2024-05-05  # corrected
LN3     2024-03-01 500          900              2024-04-05  # is another's by now
LN1     2024-06-01  80            5              2024-07-03  # known late
""",
}

EXPORTS = 500 * 6.25  # 3125 CNY
LOANS = 640 + 50 + 200
DEBT = LOANS + 120  # what is overdrawn is owed: 1010
# Month-ends of loans and cards: from January, and from July to December.
DEBT_NOW = (710 + 700 + 600 + 640) + 50 + 250 + 200
DEBT_THEN = (800 + 900 + 750) + 60 + 340
INFLOW = (1000 + 600 + 500) + 300  # of six months
OUTFLOW = (800 + 650 + 700) + 150
# By month, July's first: 900 0 0 0 0 400 1000 0 0 600 800 0.
INFLOW_SQUARES = 900**2 + 400**2 + 1000**2 + 600**2 + 800**2

ANSWERS = {
    "loans_cny": LOANS,
    "overdrawn_cny": -120,
    "debt_cny": DEBT,
    "credit_limit_cny": 1000 + 500 + 200 + 300,
    "limit_use": 1010 / 2000,
    "lenders": 4,  # L1, L2, L3, L5
    "debt_to_sales": 1010 / EXPORTS,
    "debt_growth_6m": (3150 - 2850) / ((DEBT_NOW + DEBT_THEN) / 2),
    "guarantees_cny": 400,
    "overdraft_cny": -120,
    "overdraft_limit_cny": 500,
    "overdraft_use": -120 / 500,
    "new_lender_share_6m": 200 / (2650 + 50 + 250 + 200),  # L5's of L1's, L3's, L4's and L5's
    "limits_to_sales": 2000 / EXPORTS,
    "debt_ahead_of_sales_6m": 300 / 3000 - (300 - 200) / 250,
    "overdue_cny": 20 + 7,
    "overdue_to_debt": 27 / 1010,
    "days_past_due_now": 12,
    "days_past_due_12m": 40,
    "days_past_due_24m": 200,
    "overdue_months_12m": 5,  # K1 in July, April and May, K5 in May, K6 in March
    "months_since_arrears": 31 / 30.4375,
    "watched_records_12m": 7,  # K1 once, K3 once, K4 and K6 twice, K8 once
    "watched_debt_share": (50 + 200) / (640 + 50 + 200),
    "adverse_records_24m": 6,  # K1 once, K3 once, K4 and K6 twice
    "inflow_cny_6m": INFLOW,
    "outflow_cny_6m": OUTFLOW,
    "net_inflow_cny_6m": 2400 - 2300,
    "net_inflow_share_6m": 100 / 2400,
    "inflow_volatility_12m": sqrt(INFLOW_SQUARES / 12 - (3700 / 12) ** 2) / (3700 / 12),
    "inflow_growth_6m": (2400 - 1300) / ((2400 + 1300) / 2),
    "deposits_cny": 120 + 85 + 15,
    "lowest_balance_cny_6m": 20,
    "lowest_balance_to_debt": 20 / 1010,
    "deposits_to_outflow_6m": 220 / 2300,
    "paid_cny_6m": 35 + 35 + 30 + 10 + 0 + 9,
    "due_cny_6m": 35 + 35 + 35 + 30 + 20 + 9,
    "paid_to_due_6m": 119 / 164,
    "inquiries_3m": 3,
    "inquiries_6m": 6,
    "inquiries_12m": 8,
    "inquiring_lenders_6m": 3,  # L2, L4, L9
    "application_inquiries_6m": 4,
    "banks_signed": 3,  # bank_a, bank_c, bank_e
    "months_since_agreement": (365 + 151) / 30.4375,
    "line_days_past_due_12m": 40,
    "line_overdue_months_12m": 3,
    "line_days_past_due_24m": 85,
    "line_written_off_cny": 12 + 30,
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_feature_on_banks_answers_as_counted_by_hand(found, name):
    assert found[name] == pytest.approx(ANSWERS[name], rel=1e-12, abs=0)
