"""Features on monthly statements, each against an answer counted by hand at 2024-07-01."""

import pytest

TABLES = {
    "bank_records": """
lender account_id month      product   limit_cny balance_cny due_cny paid_cny days_past_due known_at   withdrawn
L1     K1         2023-12-01 loan      1000       990        0        700     95            2024-01-10 -    # a day too old for six months
L1     K1         2024-01-01 loan      1000       900        50       100     60            2024-02-10 -
L1     K1         2024-03-01 loan      1000       800        50        50     30            2024-04-10 -    # a day too old for three
L1     K1         2024-04-01 loan      1000       700        0         40     20            2024-05-10 -    # a day too old for two
L1     K1         2024-05-01 loan      1000       600        -         30      0            2024-06-10 -
L1     K1         2024-06-01 loan      1000       500        0          0    100            2024-07-10 -    # known late
L2     K2         2024-02-01 card       200       -50        0         60      0            2024-03-10 -    # paid too much
L2     K2         2024-05-01 card       200       150        9         10     10            2024-06-10 -
L2     K3         2024-05-01 loan         -       300        -         20      0            2024-06-10 -    # without a limit
L2     K4         2024-05-01 overdraft  400      -100        0          5      5            2024-06-10 -
L2     K5         2024-05-01 deposit      -       800        -          7      -            2024-06-10 -
L2     K6         2024-05-01 card       900       999        0        999    999            2024-06-10 -
L2     K6         2024-05-01 card       900       999        0        999    999            2024-06-20 yes  # taken back
""",
}

USE_3M = (700 + 600) + 150
LIMITS_3M = 2 * 1000 + 200
USE_6M = (900 + 800 + 700 + 600) + (-50 + 150)
LIMITS_6M = 4 * 1000 + 2 * 200
PAID_3M = (40 + 30) + 10 + 20
OWED_3M = (700 + 600) + 150 + 300
PAID_6M = (100 + 50 + 40 + 30) + (60 + 10) + 20
OWED_6M = (900 + 800 + 700 + 600) + 150 + 300

ANSWERS = {
    "balances_under_limit_cny_3m": USE_3M,
    "month_limits_cny_3m": LIMITS_3M,
    "limit_use_3m": USE_3M / LIMITS_3M,
    "balances_under_limit_cny_6m": USE_6M,
    "month_limits_cny_6m": LIMITS_6M,
    "limit_use_6m": USE_6M / LIMITS_6M,
    "paid_cny_now": 30 + 10 + 20,
    "paid_to_debt_now": 60 / (600 + 150 + 300),
    "paid_cny_3m": PAID_3M,
    "owed_cny_3m": OWED_3M,
    "paid_to_owed_3m": PAID_3M / OWED_3M,
    "paid_on_debt_cny_6m": PAID_6M,
    "owed_cny_6m": OWED_6M,
    "paid_to_owed_6m": PAID_6M / OWED_6M,
    "least_paid_cny_6m": 10,
    "nothing_due_months_6m": 2,  # K1 in April, K2 in February
    "due_told_months_6m": 3,  # K1 in January and March, K2 in May
    "most_owed_cny_6m": 900,
    "days_past_due_2m": 10,
    "days_past_due_3m": 20,
    "days_past_due_6m": 60,
    "mean_days_past_due_6m": (60 + 30 + 20 + 0 + 0 + 10 + 0 + 5) / 8,
    "overdue_months_3m": 3,
    "overdue_months_6m": 5,
}


@pytest.mark.parametrize("feature", ANSWERS)
def test_a_feature_gives_the_answer_by_hand(feature, found):
    assert found[feature] == pytest.approx(ANSWERS[feature])
