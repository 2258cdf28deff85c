"""Features on bank records, inquiries, agreements, and the programme's own lines.

`accounts` holds each account's newest record of the last three months.
"""

from riskmodel.features.spec import (
    column,
    count,
    difference,
    distinct,
    feature,
    growth,
    largest,
    months_since_first,
    months_since_last,
    new_share,
    ratio,
    smallest,
    total,
    total_if_any,
    value_share,
    volatility,
    where,
)

CREDIT = where(column("product", "is", ("loan", "overdraft", "card")))
OWED = where(column("product", "is", ("loan", "card")))
OVERDRAFTS = where(column("product", "is", "overdraft"))
OVERDUE = column("days_past_due", "above", 0)
ADVERSE = column("tier", "is", ("substandard", "doubtful", "loss"))
WATCHED = column("tier", "is", ("special_mention", "substandard", "doubtful", "loss"))

DEFINITIONS = (
    feature(
        "loans_cny", "CNY", "rises", "accounts",
        total("balance_cny", where=OWED),
        ("Loans and card debt at other lenders", "其他金融机构贷款及信用卡余额"), family="debt", model=False,
    ),
    feature(
        "overdrawn_cny", "CNY", "falls", "accounts",
        total("balance_cny", where=where(column("balance_cny", "below", 0))),
        ("Overdrawn accounts (below zero)", "透支余额（负值）"), family="debt", model=False,
    ),
    feature(
        "debt_cny", "CNY", "rises", "accounts",
        difference("loans_cny", "overdrawn_cny"),
        ("Debt at other lenders", "其他金融机构负债"), family="debt",
    ),
    feature(
        "credit_limit_cny", "CNY", "none", "accounts",
        total("limit_cny", where=CREDIT),
        ("Credit limits at other lenders", "其他金融机构授信额度"), family="debt",
    ),
    feature(
        "limit_use", "share", "rises", "accounts",
        ratio("debt_cny", "credit_limit_cny"),
        ("Use of credit limits", "授信使用率"), family="debt",
    ),
    feature(
        "lenders", "lenders", "rises", "accounts",
        distinct("lender", where=CREDIT),
        ("Number of lenders", "授信机构数量"), family="debt",
    ),
    feature(
        "debt_to_sales", "ratio", "rises", "accounts",
        ratio("debt_cny", "exports_cny_12m"),
        ("Debt against a year's sales", "负债与年销售之比"), family="over_lending",
    ),
    feature(
        "debt_growth_6m", "relative", "none", "bank_records",
        growth("balance_cny", months=6, where=OWED),
        ("Growth of loans and card debt in six months", "近六个月贷款及信用卡负债增长"), family="debt",
    ),
    feature(
        "guarantees_cny", "CNY", "rises", "accounts",
        total("balance_cny", where=where(column("product", "is", "guarantee"))),
        ("Guarantees outstanding", "担保余额"), family="debt",
    ),
    feature(
        "overdraft_cny", "CNY", "none", "accounts",
        total("balance_cny", where=OVERDRAFTS),
        ("Balance of overdrafts (below zero: drawn)", "透支账户余额（负值为已透支）"), family="debt", model=False,
    ),
    feature(
        "overdraft_limit_cny", "CNY", "none", "accounts",
        total("limit_cny", where=OVERDRAFTS),
        ("Limits of overdrafts", "透支额度"), family="debt", model=False,
    ),
    feature(
        "overdraft_use", "share", "falls", "accounts",
        ratio("overdraft_cny", "overdraft_limit_cny"),
        ("Balance of overdrafts against their limits (below zero)", "透支余额与额度之比（负值）"), family="debt",
    ),
    feature(
        "new_lender_share_6m", "share", "none", "bank_records",
        new_share("balance_cny", by="lender", months=6, where=OWED),
        ("Share of debt with new lenders", "新增机构负债占比"), family="debt",
    ),
    feature(
        "limits_to_sales", "ratio", "none", "accounts",
        ratio("credit_limit_cny", "exports_cny_12m"),
        ("Credit limits against a year's sales", "授信额度与年销售之比"), family="over_lending",
    ),
    feature(
        "debt_ahead_of_sales_6m", "relative", "rises", "bank_records",
        difference("debt_growth_6m", "exports_growth_6m"),
        ("Growth of debt beyond that of exports", "负债增速超出出口增速"), family="over_lending",
    ),
    feature(
        "overdue_cny", "CNY", "rises", "accounts",
        total("overdue_cny"),
        ("Amount overdue at other lenders", "其他金融机构逾期金额"), family="arrears",
    ),
    feature(
        "overdue_to_debt", "share", "rises", "accounts",
        ratio("overdue_cny", "debt_cny", if_undefined=0.0),
        ("Amount overdue against debt", "逾期金额与负债之比"), family="arrears",
    ),
    feature(
        "days_past_due_now", "days", "rises", "accounts",
        largest("days_past_due"),
        ("Days past due at other lenders", "其他金融机构逾期天数"), family="arrears",
    ),
    feature(
        "days_past_due_12m", "days", "rises", "bank_records",
        largest("days_past_due", months=12),
        ("Longest arrears in twelve months", "近十二个月最长逾期天数"), family="arrears",
    ),
    feature(
        "days_past_due_24m", "days", "rises", "bank_records",
        largest("days_past_due", months=24),
        ("Longest arrears in two years", "近二十四个月最长逾期天数"), family="arrears",
    ),
    feature(
        "overdue_months_12m", "records", "rises", "bank_records",
        count(months=12, where=where(OVERDUE)),
        ("Month-ends in arrears in the last twelve", "近十二个月逾期次数"), family="arrears",
    ),
    feature(
        "months_since_arrears", "months", "falls", "bank_records",
        months_since_last(where=where(OVERDUE)),
        ("Time since the last arrears", "距最近一次逾期的月数"), family="arrears",
    ),
    feature(
        "watched_records_12m", "records", "rises", "bank_records",
        count(months=12, where=where(WATCHED)),
        ("Month-ends below the normal tier", "近十二个月非正常类次数"), family="arrears",
    ),
    feature(
        "watched_debt_share", "share", "rises", "accounts",
        value_share("balance_cny", WATCHED, where=OWED),
        ("Share of debt below the normal tier", "非正常类负债占比"), family="arrears",
    ),
    feature(
        "adverse_records_24m", "records", "rises", "bank_records",
        count(months=24, where=where(ADVERSE)),
        ("Month-ends classed substandard or worse in two years", "近二十四个月不良类次数"), family="arrears",
        model=False,
    ),
    feature(
        "inflow_cny_6m", "CNY", "falls", "bank_records",
        total_if_any("inflow_cny", months=6),
        ("Money that came into accounts in six months", "近六个月账户流入"), family="cash_flow",
    ),
    feature(
        "outflow_cny_6m", "CNY", "none", "bank_records",
        total_if_any("outflow_cny", months=6),
        ("Money that left accounts in six months", "近六个月账户流出"), family="cash_flow", model=False,
    ),
    feature(
        "net_inflow_cny_6m", "CNY", "falls", "bank_records",
        difference("inflow_cny_6m", "outflow_cny_6m"),
        ("Net cash flow through accounts in six months", "近六个月账户净流入"), family="cash_flow",
    ),
    feature(
        "net_inflow_share_6m", "share", "falls", "bank_records",
        ratio("net_inflow_cny_6m", "inflow_cny_6m"),
        ("Net cash flow against inflow", "净流入占流入比例"), family="cash_flow",
    ),
    feature(
        "inflow_volatility_12m", "share", "rises", "bank_records",
        volatility("inflow_cny", months=12),
        ("Unsteadiness of account inflows", "账户流入波动"), family="cash_flow",
    ),
    feature(
        "inflow_growth_6m", "relative", "falls", "bank_records",
        growth("inflow_cny", months=6),
        ("Growth of account inflows", "账户流入半年环比增长"), family="cash_flow",
    ),
    feature(
        "deposits_cny", "CNY", "falls", "accounts",
        total_if_any("balance_cny", where=where(column("product", "is", "deposit"))),
        ("Deposits", "存款余额"), family="cash_flow",
    ),
    feature(
        "lowest_balance_cny_6m", "CNY", "falls", "bank_records",
        smallest("lowest_cny", months=6, where=where(column("product", "is", "deposit"))),
        ("Lowest balance in six months", "近六个月最低余额"), family="cash_flow",
    ),
    feature(
        "lowest_balance_to_debt", "ratio", "falls", "bank_records",
        ratio("lowest_balance_cny_6m", "debt_cny"),
        ("Lowest balance in six months against debt", "近六个月最低余额与负债之比"), family="cash_flow",
    ),
    feature(
        "deposits_to_outflow_6m", "ratio", "falls", "accounts",
        ratio("deposits_cny", "outflow_cny_6m"),
        ("Deposits against six months' outflow", "存款与近六个月流出之比"), family="cash_flow",
    ),
    feature(
        "paid_cny_6m", "CNY", "none", "bank_records",
        total("paid_cny", months=6),
        ("Paid to lenders in six months", "近六个月还款额"), family="arrears", model=False,
    ),
    feature(
        "due_cny_6m", "CNY", "none", "bank_records",
        total("due_cny", months=6),
        ("Due to lenders in six months", "近六个月应还款额"), family="arrears", model=False,
    ),
    feature(
        "paid_to_due_6m", "ratio", "falls", "bank_records",
        ratio("paid_cny_6m", "due_cny_6m"),
        ("Paid against due in six months", "近六个月还款与应还之比"), family="arrears",
    ),
    feature(
        "inquiries_3m", "inquiries", "none", "inquiries",
        count(months=3),
        ("Credit inquiries in three months", "近三个月信贷查询次数"), family="inquiries",
    ),
    feature(
        "inquiries_6m", "inquiries", "none", "inquiries",
        count(months=6),
        ("Credit inquiries in six months", "近六个月信贷查询次数"), family="inquiries",
    ),
    feature(
        "inquiries_12m", "inquiries", "none", "inquiries",
        count(months=12),
        ("Credit inquiries in twelve months", "近十二个月信贷查询次数"), family="inquiries",
    ),
    feature(
        "inquiring_lenders_6m", "lenders", "none", "inquiries",
        distinct("lender", months=6),
        ("Lenders that inquired in six months", "近六个月查询机构数"), family="inquiries",
    ),
    feature(
        "application_inquiries_6m", "inquiries", "none", "inquiries",
        count(months=6, where=where(column("reason", "is", "application"))),
        ("Inquiries for new credit in six months", "近六个月贷款审批查询次数"), family="inquiries",
    ),
    feature(
        # Only for rules: without an agreement there is no line, so no default that says anything.
        "banks_signed", "banks", "none", "agreements",
        distinct("bank", where=where(column("ended_on", "open"))),
        ("Banks with a three-party agreement", "已签三方协议的银行数"), family="agreements", model=False,
    ),
    feature(
        "months_since_agreement", "months", "none", "agreements",
        months_since_first(),
        ("Time since the first agreement", "首次签约至今月数"), family="agreements",
    ),
    feature(
        "line_days_past_due_12m", "days", "rises", "line_months",
        largest("days_past_due", months=12),
        ("Longest arrears on the programme's lines in twelve months", "近十二个月本项目额度最长逾期天数"),
        family="arrears",
    ),
    feature(
        "line_overdue_months_12m", "records", "rises", "line_months",
        count(months=12, where=where(OVERDUE)),
        ("Month-ends in arrears on the programme's lines", "近十二个月本项目额度逾期次数"), family="arrears",
    ),
    feature(
        "line_days_past_due_24m", "days", "rises", "line_months",
        largest("days_past_due", months=24),
        ("Longest arrears on the programme's lines", "本项目额度最长逾期天数"), family="arrears",
    ),
    feature(
        "line_written_off_cny", "CNY", "rises", "line_months",
        total("written_off_cny"),
        ("Written off on the programme's lines", "本项目额度核销金额"), family="arrears", model=False,
    ),
)  # fmt: skip
