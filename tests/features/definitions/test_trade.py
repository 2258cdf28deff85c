"""Features on export declarations, each against an answer counted by hand at 2024-07-01."""

from math import log, sqrt

import pytest

TABLES = {
    # Of E1's sales, those of twelve months are S1 to S9; the others are older (O), no sales,
    # another's, or not known (X).
    "declarations": """
declaration_id enterprise_id declared_on fob_usd status    via_platform buyer_id destination hs_code settlement terms_days known_at         withdrawn
X01            E1            2021-05-05   100    cancelled yes          B0       MEX         6109    TT         30         2021-05-07       -
X02            E1            2021-06-06   -10    released  yes          B0       MEX         6109    TT         30         2021-06-08       -
O1             E1            2021-11-20  3000    released  yes          B0       MEX         6109    TT         30         2021-11-22       -
O2             E1            2022-09-10  2000    released  no           B2       DEU         6109    OA         60         2022-09-12       -
O3             E1            2023-03-20  1500    released  no           B3       DEU         8517    OA         60         2023-03-22       -
X03            E1            2023-04-02   450    cancelled yes          B5       HKG         8517    OA         60         2023-04-04       -
O4             E1            2023-04-20   500    released  no           B1       CAN         6109    TT         30         2023-04-22       -
X04            E1            2023-06-15   -50    released  no           B1       CAN         6109    TT         30         2023-06-17       -
O5             E1            2023-06-30  2500    released  yes          B4       GBR         7013    TT         30         2023-07-02       -
S1             E1            2023-07-01  1600    released  yes          B0       MEX         4202    TT         30         2023-07-03       -
X05            E1            2023-07-15   -30    released  no           B0       MEX         4202    TT         30         2023-07-17       -
S2             E1            2023-08-05   500    released  yes          B5       HKG         8517    OA         60         2023-08-07       -
X06            E1            2023-10-15   350    cancelled yes          B3       FRA         9503    LC         0          2023-10-17       -
X07            E1            2023-10-20   -20    released  yes          B5       HKG         8517    OA         60         2023-10-22       -
X08            E1            2023-11-11   -70    cancelled yes          B5       HKG         8517    OA         60         2023-11-13       -
S3             E1            2023-12-31   800    released  no           B1       CAN         6109    LC         90         2024-01-02       -
S4             E1            2024-01-01  1000    released  yes          B2       HKG         6109    DA         60         2024-01-03       -
X09            E1            2024-02-15  6000    cancelled yes          B9       POL         9503    LC         0          2024-02-17       -
S5             E1            2024-03-31   900    released  no           B7       JPN         6402    TT         30         2024-04-02       -
S6             E1            2024-04-01   700    -         -            B6       VNM         8517    TT         0          2024-04-03       -
X10            E1            2024-04-10     0    released  yes          B8       POL         9503    LC         0          2024-04-12       -
X11            E1            2024-04-15   650    released  yes          B8       POL         9503    LC         0          2024-04-17       -
X11            E2            2024-04-15   650    released  yes          B8       POL         9503    LC         0          2024-06-01       -    # is another's
S7             E1            2024-05-05  5000    released  yes          B1       USA         6109    OA         45         2024-05-07       -
S7             E1            2024-05-05  1100    released  yes          B1       USA         6109    OA         45         2024-06-10       -    # corrected
S7             E1            2024-05-05  9999    released  yes          B1       USA         6109    OA         45         2024-07-05       -    # once more, later
X12            E2            2024-05-10  8000    released  yes          B8       POL         9503    LC         0          2024-05-12       -    # another's
X13            E1            2024-05-20   900    released  yes          B8       POL         9503    LC         0          2024-07-02       -    # known late
X14            E1            2024-05-25   300    released  yes          B8       POL         9503    LC         0          2024-05-27       -
X14            E1            2024-05-25   300    released  yes          B8       POL         9503    LC         0          2024-06-20       yes  # taken back
S8             E1            2024-06-05  1200    released  no           -        -           -       -          -          2024-06-07       -
X15            E1            2024-06-27   750    released  yes          B8       POL         9503    LC         0          2024-06-30T16:00 -    # known as the day begins
S9             E1            2024-06-28   600    released  yes          B2       DEU         8517    LC         90         2024-06-30T15:59 -    # known just before
X16            E1            2024-06-29  -200    released  yes          B4       GBR         9503    LC         0          2024-06-30       -
X17            E1            2024-06-30   420    cancelled yes          B9       POL         9503    LC         0          2024-06-30       -
X18            E1            2024-07-01   850    released  yes          B8       POL         9503    LC         0          2024-06-30       -    # on the day itself
""",
}

SALES = 1600 + 500 + 800 + 1000 + 900 + 700 + 1100 + 1200 + 600  # 8400: S1 to S9
NAMED = SALES - 1200  # 7200: S8 has neither buyer nor destination nor goods
# By month, July's first: 1600 500 0 0 0 800 1000 0 900 700 1100 1800.
SQUARES_6M = 1000**2 + 900**2 + 700**2 + 1100**2 + 1800**2
SQUARES_12M = 1600**2 + 500**2 + 800**2 + SQUARES_6M

ANSWERS = {
    "exports_usd_1m": 1200 + 600,
    "exports_usd_3m": 700 + 1100 + 1200 + 600,
    "exports_usd_6m": 1000 + 900 + 700 + 1100 + 1200 + 600,
    "exports_usd_12m": SALES,
    "exports_usd_all": SALES + 3000 + 2000 + 1500 + 500 + 2500,
    "exports_log_usd_12m": log(8400),
    "deals_6m": 6,
    "deals_12m": 9,
    "deal_usd_mean_12m": 8400 / 9,
    "deal_usd_mean_3m": 3600 / 4,
    "deal_size_change": 900 / (8400 / 9),
    "largest_deal_usd_12m": 1600,
    "largest_deal_share_12m": 1600 / 8400,
    "exports_platform_usd_12m": 1600 + 500 + 1000 + 1100 + 600,
    "exports_growth_3m": (3600 - 1900) / ((3600 + 1900) / 2),
    "exports_growth_6m": (5500 - 2900) / ((5500 + 2900) / 2),
    # The months of a year ago: O4 and O5.
    "exports_growth_on_year_3m": (3600 - 3000) / ((3600 + 3000) / 2),
    # From new year 2023-01-22 to 2024-02-10 are 384 days, back to [2023-03-14, 2023-06-13): O3, O4.
    "exports_growth_on_lunar_year_3m": (3600 - 2000) / ((3600 + 2000) / 2),
    # Twelve months stand up to 5.5 from their middle; the squares of that sum to 143.
    "exports_trend_12m": (
        (-5.5 * 1600 - 4.5 * 500 - 0.5 * 800 + 0.5 * 1000)
        + (2.5 * 900 + 3.5 * 700 + 4.5 * 1100 + 5.5 * 1800)
    )
    / 143
    / (8400 / 12),
    "exports_volatility_12m": sqrt(SQUARES_12M / 12 - (8400 / 12) ** 2) / (8400 / 12),
    "exports_volatility_6m": sqrt(SQUARES_6M / 6 - (5500 / 6) ** 2) / (5500 / 6),
    "exports_peak_share_12m": 1800 / 8400,
    "export_months_12m": 8,
    "export_gap_months_12m": 3,  # September to November
    "months_since_export": 3 / 30.4375,
    "months_since_first_export": 954 / 30.4375,
    "returned_usd_12m": -30 - 20 - 200,
    "returned_share_12m": -250 / 8400,
    # X06, X08, X09 and X17, of these, S1 to S9, X05, X07, X10 and X16.
    "cancelled_share_12m": 4 / (4 + 9 + 4),
    "buyers_12m": 6,
    "buyers_3m": 3,  # B1, B2, B6
    "top_buyer_share_12m": (800 + 1100) / NAMED,  # B1
    # B0, B1, B2, B5, B6, B7.
    "buyer_herfindahl_12m": (1600**2 + 1900**2 + 1600**2 + 500**2 + 700**2 + 900**2) / NAMED**2,
    "new_buyer_share_12m": (500 + 700 + 900) / NAMED,  # B5, only cancelled before, B6 and B7
    # The year before: B2 2000, B3 1500, B1 500, B4 2500. B3 was only cancelled, B4 returned since.
    "lost_buyer_share_12m": (1500 + 2500) / 6500,
    "deals_per_buyer_12m": 9 / 6,
    "destinations_12m": 7,
    "top_destination_share_12m": 1600 / NAMED,  # Mexico
    "main_destination_12m": "MEX",  # Hong Kong has had 1500
    # Mexico, Hong Kong, Canada, Japan, Vietnam, the United States, Germany.
    "destination_herfindahl_12m": (
        (1600**2 + 1500**2 + 800**2 + 900**2 + 700**2 + 1100**2 + 600**2) / NAMED**2
    ),
    # Hong Kong, only cancelled before, Japan, Vietnam, the United States.
    "new_destination_share_12m": (1500 + 900 + 700 + 1100) / NAMED,
    "hong_kong_share_12m": (500 + 1000) / SALES,
    "goods_12m": 4,
    "goods_herfindahl_12m": (1600**2 + 1800**2 + 2900**2 + 900**2) / NAMED**2,
    "open_account_share_12m": (500 + 1000 + 1100) / SALES,
    "letter_of_credit_share_12m": (800 + 600) / SALES,
    "terms_days_12m": (30 + 60 + 90 + 60 + 30 + 0 + 45 + 90) / 8,
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_feature_on_declarations_answers_as_counted_by_hand(found, name):
    answer = ANSWERS[name]
    text = isinstance(answer, str)
    assert found[name] == (answer if text else pytest.approx(answer, rel=1e-12, abs=0))
