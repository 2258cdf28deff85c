"""Features that hold one source against another: goods, money from abroad, accounts, purchases."""

from riskmodel.features.spec import difference, feature, product, ratio

DEFINITIONS = (
    feature(
        "receipts_cny_6m", "CNY", "falls", "receipts",
        product("receipts_usd_6m", "cny_per_usd"),
        ("Money received from abroad in six months, in yuan", "近六个月收汇额（人民币）"), family="getting_paid",
        model=False,
    ),
    feature(
        "receipts_to_inflow_6m", "ratio", "none", "receipts",
        ratio("receipts_cny_6m", "inflow_cny_6m"),
        ("Money received from abroad against account inflows", "收汇与账户流入之比"),
        family="reconciliation",
    ),
    feature(
        "exports_ahead_of_receipts_6m", "relative", "rises", "declarations",
        difference("exports_growth_6m", "receipts_growth_6m"),
        ("Growth of exports beyond that of receipts", "出口增速超出收汇增速"), family="reconciliation",
    ),
    feature(
        "exports_ahead_of_purchases_6m", "relative", "rises", "declarations",
        difference("exports_growth_6m", "purchases_growth_6m"),
        ("Growth of exports beyond that of purchases", "出口增速超出采购增速"), family="reconciliation",
    ),
)  # fmt: skip
