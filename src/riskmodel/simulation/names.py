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
    *(("520852", 3.1, "m2"), ("540752", 2.2, "m2"), ("551219", 2.8, "m2")),
    *(("600622", 7.4, "kg"), ("630260", 1.9, "piece"), ("580710", 0.4, "piece")),
    *(("610910", 4.0, "piece"), ("620342", 8.5, "piece"), ("611020", 9.2, "piece")),
    *(("620463", 7.9, "piece"), ("640399", 16.0, "pair"), ("420222", 11.0, "piece")),
    *(("940360", 62.0, "piece"), ("940161", 85.0, "piece"), ("940350", 96.0, "piece")),
    *(("940490", 12.0, "piece"), ("940320", 38.0, "piece"), ("940540", 21.0, "piece")),
    *(("851712", 48.0, "piece"), ("854140", 1.6, "piece"), ("851830", 6.5, "piece")),
    *(("850440", 9.8, "piece"), ("853400", 4.4, "piece"), ("852872", 190.0, "set")),
    *(("847989", 940.0, "set"), ("841370", 130.0, "set"), ("845819", 8200.0, "set")),
    *(("848180", 7.7, "piece"), ("850152", 74.0, "set"), ("842952", 21000.0, "set")),
    *(("392690", 3.6, "kg"), ("392410", 4.1, "kg"), ("392321", 2.0, "kg")),
    *(("391990", 3.3, "kg"), ("392640", 5.2, "kg"), ("391740", 4.8, "kg")),
    *(("950300", 6.2, "kg"), ("950510", 5.4, "kg"), ("950691", 27.0, "piece")),
    *(("950450", 33.0, "piece"), ("950699", 8.0, "piece"), ("871200", 55.0, "piece")),
    *(("732690", 2.9, "kg"), ("820559", 5.8, "kg"), ("731815", 1.7, "kg")),
    *(("830140", 4.6, "piece"), ("761699", 5.1, "kg"), ("732393", 4.9, "kg")),
)
"""HS code, median unit value in USD, unit: six goods a sector, in the sectors' order (proposal)."""
GOODS_OF_SECTOR = 6
GOODS_SHARES = (0.30, 0.22, 0.17, 0.13, 0.10, 0.08)
"""Proposal: how common a sector's goods are, in their order."""

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
