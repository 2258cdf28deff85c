"""Features that hold one source against another: goods, money from abroad, accounts, purchases."""

from riskmodel.features.spec import difference, feature, product, ratio, total_if_any

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
        "purchases_to_receipts_6m", "ratio", "none", "purchases",
        ratio("purchases_cny_6m", "receipts_cny_6m"),
        ("Purchases against money received from abroad", "采购与收汇之比"), family="reconciliation",
    ),
    feature(
        "inflow_cny_3m", "CNY", "none", "bank_records",
        total_if_any("inflow_cny", months=3),
        ("Money that came into accounts in three months", "近三个月账户流入"), family="cash_flow", model=False,
    ),
    feature(
        "inflow_to_exports_3m", "ratio", "none", "bank_records",
        ratio("inflow_cny_3m", "exports_cny_3m"),
        ("Account inflows against exports in three months", "近三个月账户流入与出口之比"),
        family="reconciliation",
    ),
    feature(
        "deposits_to_exports_6m", "ratio", "falls", "accounts",
        ratio("deposits_cny", "exports_cny_6m"),
        ("Deposits against six months' exports", "存款与近六个月出口之比"), family="cash_flow",
    ),
    feature(
        "debt_to_sales_6m", "ratio", "rises", "accounts",
        ratio("debt_cny", "exports_cny_6m"),
        ("Debt against six months' exports", "负债与近六个月出口之比"), family="over_lending",
    ),
    feature(
        "due_to_sales_6m", "ratio", "none", "bank_records",
        ratio("due_cny_6m", "exports_cny_6m"),
        ("Due to lenders against exports in six months", "近六个月应还款与出口之比"), family="over_lending",
    ),
    feature(
        "exports_ahead_of_receipts_6m", "relative", "none", "declarations",
        difference("exports_growth_6m", "receipts_growth_6m"),
        ("Growth of exports beyond that of receipts", "出口增速超出收汇增速"), family="reconciliation",
    ),
    feature(
        "exports_ahead_of_purchases_6m", "relative", "none", "declarations",
        difference("exports_growth_6m", "purchases_growth_6m"),
        ("Growth of exports beyond that of purchases", "出口增速超出采购增速"), family="reconciliation",
    ),
)  # fmt: skip
