"""The words of the fictional economy: places, sectors, goods, lenders, banks."""

SECTORS = (
    "textiles",
    "garments",
    "furniture",
    "electronics",
    "machinery",
    "plastics",
    "toys",
    "hardware",
)
SECTOR_RISK = (0.15, 0.25, 0.05, -0.2, -0.25, 0.0, 0.2, -0.1)
"""Proposal: a sector's standing distress, by position in `SECTORS`."""

GOODS = (
    ("520852", 3.1, "m2"),
    ("540752", 2.2, "m2"),
    ("610910", 4.0, "piece"),
    ("620342", 8.5, "piece"),
    ("940360", 62.0, "piece"),
    ("940161", 85.0, "piece"),
    ("851712", 48.0, "piece"),
    ("854140", 1.6, "piece"),
    ("847989", 940.0, "set"),
    ("841370", 130.0, "set"),
    ("392690", 3.6, "kg"),
    ("392410", 4.1, "kg"),
    ("950300", 6.2, "kg"),
    ("950510", 5.4, "kg"),
    ("732690", 2.9, "kg"),
    ("820559", 5.8, "kg"),
)
"""HS code, median unit value in USD, unit: two goods a sector, in the sectors' order (proposal)."""

PROVINCES = ("Zhejiang", "Guangdong", "Jiangsu", "Fujian", "Shandong", "Shanghai", "Hebei")
PROVINCE_SHARES = (0.28, 0.26, 0.16, 0.12, 0.10, 0.05, 0.03)
KINDS = ("manufacturer", "trader", "service", "person")
KIND_SHARES = (0.50, 0.42, 0.03, 0.05)

DESTINATIONS = (
    *("USA", "DEU", "GBR", "JPN", "HKG", "FRA", "AUS", "BRA", "RUS", "IND"),
    *("ARE", "KOR", "NLD", "ITA", "ESP", "CAN", "MEX", "ZAF", "THA", "VNM"),
)
DESTINATION_SHARES = (
    *(0.21, 0.07, 0.06, 0.07, 0.06, 0.04, 0.04, 0.05, 0.06, 0.05),
    *(0.04, 0.04, 0.04, 0.03, 0.03, 0.03, 0.03, 0.02, 0.02, 0.01),
)
HONG_KONG = 4

SETTLEMENTS = ("TT", "OA", "LC", "DP", "DA")
SETTLEMENT_SHARES = (0.60, 0.22, 0.10, 0.05, 0.03)
TERMS_DAYS = (30, 45, 60, 90, 120)
TERMS_SHARES = (0.15, 0.15, 0.25, 0.30, 0.15)
CURRENCIES = ("USD", "EUR", "GBP", "JPY", "HKD")
CURRENCY_SHARES = (0.86, 0.08, 0.02, 0.02, 0.02)
TRADE_MODES = ("general", "processing", "ecommerce", "other")
TRADE_MODE_SHARES = (0.80, 0.10, 0.07, 0.03)
TRANSPORT_MODES = ("sea", "air", "rail", "road", "post")
TRANSPORT_MODE_SHARES = (0.74, 0.15, 0.02, 0.06, 0.03)

LENDERS = (
    "amber_harbour_bank",
    "blue_delta_bank",
    "copper_gate_rural_bank",
    "east_lantern_bank",
    "jade_river_bank",
    "north_quay_leasing",
    "red_maple_finance",
    "silver_loom_bank",
)
BANKS = (
    "bank_of_china",
    "china_merchants",
    "china_construction",
    "ping_an",
    "postal_savings",
    "bank_of_shanghai",
    "industrial_bank",
)
BANK_APPETITE = (0.1, 0.3, 0.0, 0.4, -0.3, -0.1, 0.2)
"""Proposal: how much more distress a bank accepts than the others, by position in `BANKS`."""
BANK_SPREAD = (-0.006, 0.004, -0.004, 0.010, 0.000, -0.003, 0.002)
"""Proposal: a bank's price above the programme's, yearly."""
