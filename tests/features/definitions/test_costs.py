"""Features on purchases, margin and tax refunds, each against an answer counted at 2024-07-01."""

from math import sqrt

import pytest

TABLES = {
    "declarations": """
declaration_id declared_on fob_usd status   known_at
D1             2023-06-30   700    released 2023-07-02  # a day too old
D2             2023-08-01  1000    released 2023-08-03
D3             2024-02-01   500    released 2024-02-03
D4             2024-04-01   250    released 2024-04-03
""",
    "fx_rates": """
on         currency usd_per_unit
2024-06-01 CNY      0.16
2024-06-28 CNY      0.125
2024-06-30 EUR      1.1
2024-07-01 CNY      0.2           # on the day itself
""",
    # What E1 bought in twelve months are P1 to P7.
    "purchases": """
invoice_id enterprise_id invoiced_on amount_cny supplier_id tax_cny status known_at   withdrawn
O1         E1            2022-03-10    900      S1          117     valid  2022-03-12 -
X1         E1            2023-01-15    300      S3           39     void   2023-01-17 -
O2         E1            2023-06-30   1000      S8          130     valid  2023-07-02 -
P1         E1            2023-07-01    800      S1          104     valid  2023-07-03 -
P2         E1            2023-09-15   1200      S3          156     valid  2023-09-17 -
X3         E1            2023-12-05    600      S9           78     void   2023-12-07 -
P3         E1            2023-12-31    400      S4           52     -      2024-01-02 -
P4         E1            2024-01-01   1000      S2          130     valid  2024-01-03 -
P5         E1            2024-03-03    700      -             -     valid  2024-03-05 -
X2         E1            2024-03-20   -200      S7          -26     valid  2024-03-22 -    # a return
P6         E1            2024-04-18   5000      S3          650     valid  2024-04-20 -
P6         E1            2024-04-18    500      S3           65     valid  2024-05-20 -    # corrected
X4         E1            2024-05-05    900      S5          117     valid  2024-05-07 -
X4         E1            2024-05-05    900      S5          117     valid  2024-06-07 yes  # taken back
X5         E2            2024-05-10   8000      S6         1040     valid  2024-05-12 -    # another's
X6         E1            2024-06-10    300      S6           39     valid  2024-07-03 -    # known late
P7         E1            2024-06-15   1500      S4          195     valid  2024-06-17 -
X7         E1            2024-06-20    250      S1         32.5     void   2024-06-22 -
""",
    # The claims of twelve months are F1 to F6; F5 and F6 are to be paid, but not before the day.
    "refunds": """
refund_id claimed_on amount_cny paid_on    known_at   withdrawn
O1        2023-06-10  100       2023-07-11 2023-07-13 -
F1        2023-07-20  300       2023-08-19 2023-08-21 -
F2        2023-12-10  240       2024-02-28 2024-03-01 -
F3        2024-01-01  150       -          2024-02-01 -
F4        2024-03-05  210       -          2024-04-01 -
F4        2024-03-05  210       2024-05-04 2024-05-10 -    # paid by then
X1        2024-04-04   70       2024-04-20 2024-04-22 -
X1        2024-04-04   70       2024-04-20 2024-05-22 yes  # taken back
F5        2024-05-15   90       2024-07-02 2024-06-20 -
F6        2024-06-05   60       2024-07-01 2024-06-25 -
X2        2024-06-20  500       -          2024-07-02 -    # known late
""",
}

EXPORTS = (1000 + 500 + 250) * 8  # 14000 CNY
BOUGHT = 800 + 1200 + 400 + 1000 + 700 + 500 + 1500  # 6100: P1 to P7
NAMED = BOUGHT - 700  # 5400: P5 names no supplier
TAX = 104 + 156 + 52 + 130 + 65 + 195  # 702
REFUNDS = 300 + 240 + 150 + 210 + 90 + 60  # 1050: F1 to F6
SQUARES = 800**2 + 1200**2 + 400**2 + 1000**2 + 700**2 + 500**2 + 1500**2  # each in its own month

ANSWERS = {
    "cny_per_usd": 8,
    "exports_cny_12m": EXPORTS,
    "exports_cny_3m": 250 * 8,
    "exports_cny_6m": (500 + 250) * 8,
    "purchases_cny_3m": 500 + 1500,
    "purchases_to_sales_3m": (500 + 1500) / (250 * 8),
    "purchases_cny_6m": 1000 + 700 + 500 + 1500,
    "purchases_cny_12m": BOUGHT,
    "purchases_to_sales_12m": 6100 / 14000,
    "purchases_growth_6m": (3700 - 2400) / ((3700 + 2400) / 2),
    "purchases_volatility_12m": sqrt(SQUARES / 12 - (6100 / 12) ** 2) / (6100 / 12),
    "suppliers_12m": 4,
    "top_supplier_share_12m": (400 + 1500) / NAMED,  # S4
    "supplier_herfindahl_12m": (800**2 + 1700**2 + 1900**2 + 1000**2) / NAMED**2,
    "new_supplier_share_12m": (1000 + 1700 + 1900) / NAMED,  # S2, S3, only void before, S4
    "void_purchases_share_12m": 2 / 10,  # of P1 to P7, X2, X3 and X7
    "refunds_cny_12m": REFUNDS,
    "refunds_6m": 4,
    "refunds_to_exports_12m": 1050 / 14000,
    "refunds_unpaid_share_12m": 3 / 6,
    "refund_lag_days_12m": (30 + 80 + 60) / 3,
    "purchase_tax_cny_12m": TAX,
    "refunds_to_purchase_tax_12m": 1050 / 702,
    "sales_with_refunds_cny_12m": 14000 + 1050,
    "purchases_with_tax_cny_12m": 6100 + 702,
    "margin_cny_12m": 15050 - 6802,
    "margin_share_12m": 8248 / 14000,
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_feature_on_costs_answers_as_counted_by_hand(found, name):
    assert found[name] == pytest.approx(ANSWERS[name], rel=1e-12, abs=0)
