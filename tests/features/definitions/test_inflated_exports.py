"""Features on the marks of inflated exports, each against an answer counted at 2024-07-01."""

from math import exp

import pytest

TABLES = {
    # Of E1's sales, those of twelve months are I1 to I8; X1 to X7 are its returns, Z1 to Z9 what
    # makes a usual price: in all twelve sales of one code and unit within twelve months.
    "declarations": """
declaration_id enterprise_id declared_on fob_usd status    destination buyer_id hs_code quantity unit known_at   withdrawn
O1             E1            2021-03-03   900    released  USA         B7       6109    100      pcs  2021-03-05 -
O2             E1            2023-06-15  1000    released  HKG         G1       6109    100      pcs  2023-06-17 -
I1             E1            2023-07-10  1000    released  USA         B1       6109    400      pcs  2023-07-12 -
I2             E1            2023-11-11  1200    released  USA         B3       -       600      pcs  2023-11-13 -
X1             E1            2023-12-20  -800    released  USA         B2       6109    400      pcs  2023-12-22 -    # before the sale
I3             E1            2024-01-05   800    released  USA         B2       6109      0      pcs  2024-01-07 -
I8             E1            2024-03-20   700    released  HKG         B1       -       200      pcs  2024-03-22 -
I4             E1            2024-04-20  4000    released  USA         B1       6109    1000     pcs  2024-04-22 -
I5             E1            2024-05-12  3000    released  HKG         G1       6109    500      pcs  2024-05-14 -
X2             E1            2024-05-30 -4000    released  USA         B1       6109    1000     pcs  2024-06-01 -    # of I4
X3             E1            2024-06-01 -1000    released  USA         B2       6109    400      pcs  2024-06-03 -    # not the buyer of I1
X4             E1            2024-06-03 -3000    cancelled HKG         G1       6109    500      pcs  2024-06-05 -
I6             E1            2024-06-20  2000    released  USA         G1       6109    1000     kg   2024-06-22 -
X5             E1            2024-06-20 -2000    released  USA         G1       6109    1000     kg   2024-06-22 -    # of I6, the same day
I7             E1            2024-06-25  1500    released  HKG         -        6109    -        pcs  2024-06-27 -
X6             E1            2024-06-26 -1500    released  HKG         -        6109    500      pcs  2024-06-28 -    # nobody's
X7             E1            2024-06-27 -1200    released  USA         B3       6109    600      pcs  2024-07-02 -    # known late
C1             E1            2024-05-02   650    cancelled HKG         C1       6109    100      pcs  2024-05-04 -
W1             E1            2024-02-03   650    released  HKG         B8       6109    100      pcs  2024-02-05 -
W1             E1            2024-02-03   650    released  HKG         B8       6109    100      pcs  2024-03-05 yes  # taken back
Z1             E2            2023-07-01   200    released  USA         B1       6109    100      pcs  2023-07-03 -
Z2             E2            2023-08-01   200    released  USA         B9       6109    100      pcs  2023-08-03 -
Z3             E2            2023-09-01   200    released  USA         B9       6109    100      pcs  2023-09-03 -
Z4             E2            2023-10-01   200    released  USA         B9       6109    100      pcs  2023-10-03 -
Z5             E2            2023-11-01   200    released  USA         B9       6109    100      pcs  2023-11-03 -
Z6             E3            2024-01-01   300    released  USA         B9       6109    100      pcs  2024-01-03 -
Z7             E3            2024-02-01   300    released  USA         B9       6109    100      pcs  2024-02-03 -
Z8             E3            2024-03-01   300    released  USA         B9       6109    100      pcs  2024-03-03 -
Z9             E3            2024-06-30   300    released  USA         B9       6109    100      pcs  2024-06-30 -
Y1             E3            2023-06-30    10    released  USA         B3       6109    100      pcs  2023-07-02 -    # a day too old
Y2             E3            2024-04-01    10    cancelled USA         B2       6109    100      pcs  2024-04-03 -
Y3             E3            2024-04-02    10    released  USA         B2       6109    100      pcs  2024-07-01 -    # known too late
""",
    "receipts": """
receipt_id received_on amount_usd payer_id known_at
V0         2023-06-30  5000       X1       2023-07-02  # a day too old
V1         2023-07-15   500       B1       2023-07-17
V2         2024-02-02   300       X1       2024-02-04
V3         2024-03-03   200       -        2024-03-05
V4         2024-04-04   100       B9       2024-04-06  # a buyer, but not of E1
V5         2024-05-05   400       C1       2024-05-07  # of a cancelled declaration
V6         2024-05-06    50       B8       2024-05-08  # of a declaration taken back
V7         2024-06-07    70       B7       2024-06-09  # the buyer of O1, three years ago
V8         2024-06-08   900       X1       2024-07-02  # known late
""",
}

SALES = 1000 + 1200 + 800 + 4000 + 3000 + 2000 + 1500 + 700  # 14200: I1 to I8
# Unit values 2 2 2 2 2 2.5 3 3 3 3 4 6: the lower of the two in the middle is 2.5. Its natural
# logarithm .9163 lies in the step from .91 to .92.
MEDIAN = exp(0.915)

ANSWERS = {
    "last_month_share_6m": (2000 + 1500) / (14200 - 1000 - 1200),
    "month_end_share_6m": 1500 / 12000,  # I7, on the first of June's last six days
    "high_unit_value_share_12m": 3000 / SALES,  # I5's 6 to 2.5; I4's 4 is less than twice
    "unit_value_to_median_12m": (2.5 + 4 + 6) / 3 / MEDIAN,  # I1, I4, I5
    "round_trip_share_12m": (4000 + 2000) / SALES,
    # I5 and I6 to G1, I3 to B2, I2 to B3: others' sales to these are cancelled, unknown or old.
    "sole_buyer_share_12m": (3000 + 2000 + 800 + 1200) / SALES,
    "stranger_receipts_share_12m": (300 + 100 + 50) / (500 + 300 + 200 + 100 + 400 + 50 + 70),
    "hong_kong_share_3m": (3000 + 1500) / (4000 + 3000 + 2000 + 1500),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_feature_on_inflated_exports_answers_as_counted_by_hand(found, name):
    assert found[name] == pytest.approx(ANSWERS[name], rel=1e-12, abs=0)
