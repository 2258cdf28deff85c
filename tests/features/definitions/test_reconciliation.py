"""Features that hold one source against another, each against an answer counted at 2024-07-01."""

import pytest

TABLES = {
    # In six months E1 declared 900 and bought 2000; in the six before 700 and 3000.
    "declarations": """
declaration_id declared_on fob_usd status    known_at
D1             2023-11-11  700     released  2023-11-13
D2             2024-02-02  500     released  2024-02-04
D3             2024-05-05  400     released  2024-05-07
X1             2024-06-06  800     cancelled 2024-06-08
X2             2024-06-20  300     released  2024-07-02  # known late
""",
    "fx_rates": "on currency usd_per_unit\n2024-06-28 CNY 0.125",
    "receipts": """
receipt_id received_on amount_usd known_at   withdrawn
R1         2023-12-31  600        2024-01-02 -
R2         2024-01-01  100        2024-01-03 -
R3         2024-05-30  150        2024-06-01 -
X1         2024-06-10  900        2024-06-12 -
X1         2024-06-10  900        2024-06-20 yes  # taken back
""",
    "purchases": """
invoice_id invoiced_on amount_cny status known_at
P1         2023-10-10  3000       valid  2023-10-12
P2         2024-03-03  2000       valid  2024-03-05
X1         2024-04-04  7000       void   2024-04-06
""",
    "bank_records": """
lender account_id month      product balance_cny due_cny inflow_cny known_at
L1     K1         2023-12-01 deposit 50          -       9000       2024-01-10  # ends before the six months
L1     K1         2024-01-01 deposit 60          -       1500       2024-02-10
L1     K1         2024-05-01 deposit 80          -       4800       2024-06-10
L1     K1         2024-05-01 deposit 90          -       1000       2024-06-20  # corrected
L1     K1         2024-06-01 deposit 70          -       7000       2024-07-10  # known late
L2     K2         2024-02-01 loan    500         40      -          2024-03-10
L2     K2         2024-05-01 loan    450         30      -          2024-06-10
""",
}

EXPORTS_GROWTH = (900 - 700) / 800

ANSWERS = {
    "receipts_cny_6m": (100 + 150) * 8,
    "receipts_to_inflow_6m": 2000 / (1500 + 1000),
    "purchases_to_receipts_6m": 2000 / 2000,
    "inflow_cny_3m": 1000,
    "inflow_to_exports_3m": 1000 / (400 * 8),
    "deposits_to_exports_6m": 90 / (900 * 8),
    "debt_to_sales_6m": 450 / (900 * 8),
    "due_to_sales_6m": (40 + 30) / (900 * 8),
    "exports_ahead_of_receipts_6m": EXPORTS_GROWTH - (250 - 600) / 425,
    "exports_ahead_of_purchases_6m": EXPORTS_GROWTH - (2000 - 3000) / 2500,
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_feature_across_sources_answers_as_counted_by_hand(found, name):
    assert found[name] == pytest.approx(ANSWERS[name], rel=1e-12, abs=0)
