"""Features on being paid: receipts, receipts held against declarations, how buyers pay others."""

from riskmodel.features.definitions.trade import SALES
from riskmodel.features.spec import (
    column,
    difference,
    distinct,
    feature,
    growth,
    mean,
    months_active,
    months_since_last,
    ratio,
    share,
    total,
    trend,
    value_share,
    volatility,
)

DEFINITIONS = (
    feature(
        "receipts_usd_3m", "USD", "falls", "receipts",
        total("amount_usd", months=3),
        ("Money received from abroad in three months", "近三个月收汇额"), family="getting_paid", model=False,
    ),
    feature(
        "receipts_usd_6m", "USD", "falls", "receipts",
        total("amount_usd", months=6),
        ("Money received from abroad in six months", "近六个月收汇额"), family="getting_paid",
    ),
    feature(
        "receipts_usd_12m", "USD", "falls", "receipts",
        total("amount_usd", months=12),
        ("Money received from abroad in twelve months", "近十二个月收汇额"), family="getting_paid",
    ),
    feature(
        "receipts_to_exports_12m", "ratio", "none", "receipts",
        ratio("receipts_usd_12m", "exports_usd_12m"),
        ("Money received against goods declared", "收汇与出口之比"), family="getting_paid",
    ),
    feature(
        "receipts_to_exports_3m", "ratio", "none", "receipts",
        ratio("receipts_usd_3m", "exports_usd_3m"),
        ("Money received against goods declared in three months", "近三个月收汇与出口之比"),
        family="getting_paid",
    ),
    feature(
        "receipts_to_exports_6m", "ratio", "none", "receipts",
        ratio("receipts_usd_6m", "exports_usd_6m"),
        ("Money received against goods declared in six months", "近六个月收汇与出口之比"),
        family="getting_paid",
    ),
    feature(
        "receipts_growth_3m", "relative", "falls", "receipts",
        growth("amount_usd", months=3),
        ("Growth of receipts against the three months before", "收汇额季度环比增长"), family="growth",
    ),
    feature(
        "receipts_growth_6m", "relative", "falls", "receipts",
        growth("amount_usd", months=6),
        ("Growth of receipts against the six months before", "收汇额半年环比增长"), family="growth",
    ),
    feature(
        "receipts_trend_12m", "share a month", "falls", "receipts",
        trend("amount_usd", months=12),
        ("Trend of monthly receipts", "月度收汇趋势"), family="growth",
    ),
    feature(
        "receipts_volatility_12m", "share", "rises", "receipts",
        volatility("amount_usd", months=12),
        ("Unsteadiness of monthly receipts", "月度收汇波动"), family="steadiness",
    ),
    feature(
        "receipt_months_12m", "months", "falls", "receipts",
        months_active(months=12),
        ("Months with receipts in the last twelve", "近十二个月有收汇的月份数"), family="steadiness",
    ),
    feature(
        "months_since_receipt", "months", "rises", "receipts",
        months_since_last(),
        ("Time since the last receipt", "距最近一次收汇的月数"), family="getting_paid",
    ),
    feature(
        "payers_12m", "payers", "falls", "receipts",
        distinct("payer_id", months=12),
        ("Number of payers", "付款方数量"), family="buyers",
    ),
    feature(
        "unmatched_receipts_share_12m", "share", "rises", "receipt_matches",
        value_share("amount_usd", column("matched", "is", False), months=12),
        ("Receipts that match no declaration", "未匹配报关单的收汇占比"), family="reconciliation",
    ),
    feature(
        "days_to_cash_12m", "days", "none", "settlement",
        mean("days_to_cash", months=12, where=SALES),
        ("Days from declaration to money", "出口至收汇天数"), family="getting_paid",
    ),
    feature(
        "days_late_12m", "days", "rises", "settlement",
        mean("days_late", months=12, where=SALES),
        ("Days beyond the terms, paid or still unpaid", "货款平均逾期天数（含未收）"), family="getting_paid",
    ),
    feature(
        "late_share_12m", "share", "rises", "settlement",
        value_share("fob_usd", column("days_late", "above", 30), months=12, where=SALES),
        ("Exports paid, or still unpaid, over 30 days past the terms", "逾期三十天以上货款占比"),
        family="getting_paid",
    ),
    feature(
        "unpaid_90d_share_12m", "share", "rises", "settlement",
        value_share("fob_usd", column("days_unpaid", "above", 90), months=12, where=SALES),
        ("Exports of over 90 days ago not yet paid", "九十天以上未收汇占比"), family="getting_paid",
    ),
    feature(
        "unpaid_180d_usd_24m", "USD", "none", "settlement",
        total("unpaid_usd", months=24, where=(*SALES, column("days_unpaid", "above", 180))),
        ("Exports of over 180 days ago not yet paid", "一百八十天以上未收汇金额"), family="getting_paid",
        model=False,
    ),
    feature(
        "unpaid_180d_to_exports", "ratio", "rises", "settlement",
        ratio("unpaid_180d_usd_24m", "exports_usd_12m"),
        ("Old unpaid exports against a year's exports", "长期未收汇与年出口之比"), family="getting_paid",
    ),
    feature(
        "unpaid_usd_6m", "USD", "none", "settlement",
        total("unpaid_usd", months=6, where=SALES),
        ("Six months' exports not yet paid", "近六个月出口未收汇金额"), family="getting_paid", model=False,
    ),
    feature(
        "unpaid_to_exports_6m", "share", "none", "settlement",
        ratio("unpaid_usd_6m", "exports_usd_6m"),
        ("Part of six months' exports not yet paid", "近六个月出口未收汇占比"), family="getting_paid",
    ),
    feature(
        # Deals of five to nine months ago: old enough to be paid, young enough to tell of now.
        "never_paid_deals_share_9m", "share", "rises", "settlement",
        share(
            column("received_usd", "at_most", 0), months=9,
            where=(*SALES, column("age_days", "above", 150)),
        ),
        ("Share of deals of five to nine months ago for which nothing came in", "五至九个月前出口从未收汇笔数占比"),
        family="getting_paid",
    ),
    feature(
        "receipt_delay_days_3m", "days", "none", "receipt_matches",
        mean("days_since_declared", months=3),
        ("Age of the deals paid in three months", "近三个月收汇对应出口的天数"), family="getting_paid",
    ),
    feature(
        "receipt_delay_days_12m", "days", "rises", "receipt_matches",
        mean("days_since_declared", months=12),
        ("Age of the deals paid in twelve months", "近十二个月收汇对应出口的天数"), family="getting_paid",
        model=False,
    ),
    feature(
        "receipt_delay_change", "days", "rises", "receipt_matches",
        difference("receipt_delay_days_3m", "receipt_delay_days_12m"),
        ("Lengthening of the wait for money", "近三个月收汇天数较全年变化"), family="getting_paid",
    ),
    feature(
        "buyers_late_elsewhere_12m", "share", "rises", "market",
        mean("buyer_others_late_share", months=12, where=SALES),
        ("Late payment by the same buyers to other exporters", "买家对其他出口商逾期付款占比"),
        family="buyers",
    ),
)  # fmt: skip
