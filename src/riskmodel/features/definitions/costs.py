"""Features on purchases, the margin they leave, and tax refunds."""

from riskmodel.features.spec import (
    column,
    count,
    difference,
    distinct,
    exchange_rate,
    feature,
    growth,
    herfindahl,
    lag,
    new_share,
    product,
    ratio,
    share,
    sum_of,
    top_share,
    total,
    volatility,
    where,
)

BOUGHT = where(column("status", "is_not", "void"), column("amount_cny", "above", 0))

DEFINITIONS = (
    feature(
        "cny_per_usd", "CNY", "none", "fx_rates",
        exchange_rate("CNY"),
        ("Exchange rate", "汇率"), family="size", model=False,
    ),
    feature(
        "exports_cny_12m", "CNY", "none", "declarations",
        product("exports_usd_12m", "cny_per_usd"),
        ("Exports in twelve months, in yuan", "近十二个月出口额（人民币）"), family="size", model=False,
    ),
    feature(
        "exports_cny_3m", "CNY", "none", "declarations",
        product("exports_usd_3m", "cny_per_usd"),
        ("Exports in three months, in yuan", "近三个月出口额（人民币）"), family="size", model=False,
    ),
    feature(
        "exports_cny_6m", "CNY", "none", "declarations",
        product("exports_usd_6m", "cny_per_usd"),
        ("Exports in six months, in yuan", "近六个月出口额（人民币）"), family="size", model=False,
    ),
    feature(
        "purchases_cny_3m", "CNY", "none", "purchases",
        total("amount_cny", months=3, where=BOUGHT),
        ("Purchases in three months", "近三个月采购额"), family="purchases", model=False,
    ),
    feature(
        "purchases_to_sales_3m", "ratio", "none", "purchases",
        ratio("purchases_cny_3m", "exports_cny_3m"),
        ("Purchases against sales in three months", "近三个月采购与销售之比"), family="purchases",
    ),
    feature(
        "purchases_cny_6m", "CNY", "falls", "purchases",
        total("amount_cny", months=6, where=BOUGHT),
        ("Purchases in six months", "近六个月采购额"), family="purchases",
    ),
    feature(
        "purchases_cny_12m", "CNY", "falls", "purchases",
        total("amount_cny", months=12, where=BOUGHT),
        ("Purchases in twelve months", "近十二个月采购额"), family="purchases",
    ),
    feature(
        "purchases_to_sales_12m", "ratio", "none", "purchases",
        ratio("purchases_cny_12m", "exports_cny_12m"),
        ("Purchases against sales", "采购与销售之比"), family="purchases",
    ),
    feature(
        "purchases_growth_6m", "relative", "falls", "purchases",
        growth("amount_cny", months=6, where=BOUGHT),
        ("Growth of purchases against the six months before", "采购额半年环比增长"), family="growth",
    ),
    feature(
        "purchases_volatility_12m", "share", "rises", "purchases",
        volatility("amount_cny", months=12, where=BOUGHT),
        ("Unsteadiness of monthly purchases", "月度采购波动"), family="purchases",
    ),
    feature(
        "suppliers_12m", "suppliers", "falls", "purchases",
        distinct("supplier_id", months=12, where=BOUGHT),
        ("Number of suppliers", "供应商数量"), family="purchases",
    ),
    feature(
        "top_supplier_share_12m", "share", "rises", "purchases",
        top_share("amount_cny", by="supplier_id", months=12, where=BOUGHT),
        ("Dependence on the largest supplier", "最大供应商占比"), family="purchases",
    ),
    feature(
        "supplier_herfindahl_12m", "index", "rises", "purchases",
        herfindahl("amount_cny", by="supplier_id", months=12, where=BOUGHT),
        ("Concentration of suppliers", "供应商集中度"), family="purchases",
    ),
    feature(
        "new_supplier_share_12m", "share", "rises", "purchases",
        new_share("amount_cny", by="supplier_id", months=12, where=BOUGHT),
        ("Share of purchases from new suppliers", "新供应商采购占比"), family="purchases",
    ),
    feature(
        "void_purchases_share_12m", "share", "rises", "purchases",
        share(column("status", "is", "void"), months=12),
        ("Share of void purchase invoices", "作废采购发票占比"), family="purchases",
    ),
    feature(
        "refunds_cny_12m", "CNY", "falls", "refunds",
        total("amount_cny", months=12),
        ("Tax refunds claimed in twelve months", "近十二个月退税额"), family="refunds",
    ),
    feature(
        "refunds_6m", "claims", "falls", "refunds",
        count(months=6),
        ("Number of refund claims in six months", "近六个月退税笔数"), family="refunds",
    ),
    feature(
        "refunds_to_exports_12m", "ratio", "none", "refunds",
        ratio("refunds_cny_12m", "exports_cny_12m"),
        ("Tax refunds against exports", "退税与出口之比"), family="reconciliation",
    ),
    feature(
        "refunds_unpaid_share_12m", "share", "rises", "refunds",
        share(column("paid_on", "open"), months=12),
        ("Share of refund claims not yet paid", "未到账退税占比"), family="refunds",
    ),
    feature(
        "refund_lag_days_12m", "days", "rises", "refunds",
        lag("paid_on", months=12),
        ("Days from refund claim to payment", "退税申报至到账天数"), family="refunds",
    ),
    feature(
        "purchase_tax_cny_12m", "CNY", "none", "purchases",
        total("tax_cny", months=12, where=BOUGHT),
        ("Value added tax on purchases in twelve months", "近十二个月进项税额"), family="purchases", model=False,
    ),
    feature(
        "refunds_to_purchase_tax_12m", "ratio", "none", "refunds",
        ratio("refunds_cny_12m", "purchase_tax_cny_12m"),
        ("Tax refunds against the tax on purchases", "退税与进项税之比"), family="refunds",
    ),
    feature(
        "sales_with_refunds_cny_12m", "CNY", "none", "declarations",
        sum_of("exports_cny_12m", "refunds_cny_12m"),
        ("Exports and tax refunds in twelve months, in yuan", "近十二个月出口及退税额（人民币）"),
        family="purchases", model=False,
    ),
    feature(
        "purchases_with_tax_cny_12m", "CNY", "none", "purchases",
        sum_of("purchases_cny_12m", "purchase_tax_cny_12m"),
        ("Purchases with value added tax in twelve months", "近十二个月含税采购额"), family="purchases",
        model=False,
    ),
    feature(
        "margin_cny_12m", "CNY", "none", "purchases",
        difference("sales_with_refunds_cny_12m", "purchases_with_tax_cny_12m"),
        ("Exports and tax refunds less purchases", "出口及退税扣除采购后毛利"), family="purchases", model=False,
    ),
    feature(
        "margin_share_12m", "share", "falls", "purchases",
        ratio("margin_cny_12m", "exports_cny_12m"),
        ("Gross margin with tax refunds", "含退税毛利率"), family="purchases",
    ),
)  # fmt: skip
