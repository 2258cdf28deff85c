"""Features on the marks that inflated exports leave: bunching, odd prices, round trips, strangers.

A line follows declared exports, so declaring more than is sold pays; what is real leaves other
traces: buyers that others know, prices near the usual, goods that stay away, money from the buyer.
"""

from riskmodel.features.definitions.trade import SALES
from riskmodel.features.spec import column, feature, mean, ratio, value_share

DEFINITIONS = (
    feature(
        "last_month_share_6m", "share", "none", "declarations",
        ratio("exports_usd_1m", "exports_usd_6m"),
        ("Weight of the last month in six months' exports", "近一个月占近六个月出口比例"), family="inflated",
    ),
    feature(
        "month_end_share_6m", "share", "none", "month_ends",
        value_share("fob_usd", column("days_to_month_end", "below", 6), months=6, where=SALES),
        ("Share of exports in the last six days of a month", "月末六天出口占比"), family="inflated",
    ),
    feature(
        "high_unit_value_share_12m", "share", "rises", "market",
        value_share(
            "fob_usd", column("unit_value_to_median", "above", 2.0), months=12, where=SALES
        ),
        ("Share of exports priced at more than twice the usual", "单价超过同类中位数两倍的出口占比"),
        family="inflated",
    ),
    feature(
        # Dear goods may be good ones: only far above the median do they speak against anyone.
        "unit_value_to_median_12m", "ratio", "none", "market",
        mean("unit_value_to_median", months=12, where=SALES),
        ("Prices against the usual for the same goods", "出口单价与同类中位数之比"), family="inflated",
    ),
    feature(
        "round_trip_share_12m", "share", "rises", "round_trips",
        value_share("fob_usd", column("came_back", "is", True), months=12, where=SALES),
        ("Share of exports that came back at the same value", "出口后原值退回占比"), family="inflated",
    ),
    feature(
        "sole_buyer_share_12m", "share", "rises", "market",
        value_share("fob_usd", column("buyer_others_usd", "at_most", 0), months=12, where=SALES),
        ("Share of exports to buyers that no other enterprise sells to", "无其他出口商往来的买家出口占比"),
        family="inflated",
    ),
    feature(
        "stranger_receipts_share_12m", "share", "rises", "receipt_matches",
        value_share("amount_usd", column("payer_is_buyer", "is", False), months=12),
        ("Share of receipts from payers that are no buyers", "非买家付款的收汇占比"), family="inflated",
    ),
    feature(
        "hong_kong_share_3m", "share", "rises", "declarations",
        value_share("fob_usd", column("destination", "is", "HKG"), months=3, where=SALES),
        ("Share of exports declared to Hong Kong in three months", "近三个月对香港出口占比"), family="inflated",
    ),
)  # fmt: skip
