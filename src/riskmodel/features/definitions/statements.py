"""Features on monthly statements: use of limits, payments against what is owed, recent arrears.

A record speaks of a month's end and is known some days later: windows count the months that
have begun, so the newest record may be missing from a short one.
"""

from riskmodel.features.definitions.banks import OVERDUE, OWED
from riskmodel.features.spec import (
    column,
    count,
    feature,
    largest,
    mean,
    ratio,
    smallest,
    total,
    where,
)

LIMITED = where(*OWED, column("limit_cny", "above", 0))
OWING = where(*OWED, column("balance_cny", "above", 0))

DEFINITIONS = (
    feature(
        "balances_under_limit_cny_3m", "CNY", "rises", "bank_records",
        total("balance_cny", months=3, where=LIMITED),
        ("Month-end balances of accounts with a limit, three months", "近三个月有额度账户月末余额合计"),
        family="debt", model=False,
    ),
    feature(
        "month_limits_cny_3m", "CNY", "falls", "bank_records",
        total("limit_cny", months=3, where=LIMITED),
        ("Limits at month-ends, three months", "近三个月月末额度合计"), family="debt", model=False,
    ),
    feature(
        "limit_use_3m", "share", "rises", "bank_records",
        ratio("balances_under_limit_cny_3m", "month_limits_cny_3m"),
        ("Use of loan and card limits, mean of three months", "近三个月平均额度使用率"), family="debt",
    ),
    feature(
        "balances_under_limit_cny_6m", "CNY", "rises", "bank_records",
        total("balance_cny", months=6, where=LIMITED),
        ("Month-end balances of accounts with a limit, six months", "近六个月有额度账户月末余额合计"),
        family="debt", model=False,
    ),
    feature(
        "month_limits_cny_6m", "CNY", "falls", "bank_records",
        total("limit_cny", months=6, where=LIMITED),
        ("Limits at month-ends, six months", "近六个月月末额度合计"), family="debt", model=False,
    ),
    feature(
        "limit_use_6m", "share", "rises", "bank_records",
        ratio("balances_under_limit_cny_6m", "month_limits_cny_6m"),
        ("Use of loan and card limits, mean of six months", "近六个月平均额度使用率"), family="debt",
    ),
    feature(
        "paid_cny_now", "CNY", "none", "accounts",
        total("paid_cny", where=OWED),
        ("Paid to lenders in the newest month reported", "最近一个月还款额"), family="arrears",
    ),
    feature(
        "paid_to_debt_now", "ratio", "falls", "accounts",
        ratio("paid_cny_now", "loans_cny"),
        ("Paid in the newest month against loans and card debt", "最近一个月还款与负债之比"), family="arrears",
    ),
    feature(
        "paid_cny_3m", "CNY", "none", "bank_records",
        total("paid_cny", months=3, where=OWED),
        ("Paid on loans and cards in three months", "近三个月贷款及信用卡还款额"), family="arrears",
    ),
    feature(
        "owed_cny_3m", "CNY", "rises", "bank_records",
        total("balance_cny", months=3, where=OWING),
        ("Owed at month-ends, three months", "近三个月月末欠款合计"), family="debt", model=False,
    ),
    feature(
        "paid_to_owed_3m", "ratio", "falls", "bank_records",
        ratio("paid_cny_3m", "owed_cny_3m"),
        ("Paid against owed at month-ends, three months", "近三个月还款与月末欠款之比"), family="arrears",
    ),
    feature(
        "paid_on_debt_cny_6m", "CNY", "none", "bank_records",
        total("paid_cny", months=6, where=OWED),
        ("Paid on loans and cards in six months", "近六个月贷款及信用卡还款额"), family="arrears",
    ),
    feature(
        "owed_cny_6m", "CNY", "rises", "bank_records",
        total("balance_cny", months=6, where=OWING),
        ("Owed at month-ends, six months", "近六个月月末欠款合计"), family="debt", model=False,
    ),
    feature(
        "paid_to_owed_6m", "ratio", "falls", "bank_records",
        ratio("paid_on_debt_cny_6m", "owed_cny_6m"),
        ("Paid against owed at month-ends, six months", "近六个月还款与月末欠款之比"), family="arrears",
    ),
    feature(
        "least_paid_cny_6m", "CNY", "none", "bank_records",
        smallest("paid_cny", months=6, where=OWED),
        ("Smallest month's payment in six months", "近六个月最低单月还款额"), family="arrears",
    ),
    feature(
        "nothing_due_months_6m", "records", "none", "bank_records",
        count(months=6, where=where(*OWED, column("due_cny", "at_most", 0))),
        ("Month-ends with nothing due in six months", "近六个月无应还款月数"), family="arrears",
    ),
    feature(
        "due_told_months_6m", "records", "none", "bank_records",
        count(months=6, where=where(*OWED, column("due_cny", "above", 0))),
        ("Month-ends with a stated amount due in six months", "近六个月有应还款月数"), family="arrears",
    ),
    feature(
        "most_owed_cny_6m", "CNY", "none", "bank_records",
        largest("balance_cny", months=6, where=OWED),
        ("Highest month-end balance in six months", "近六个月最高月末余额"), family="debt",
    ),
    feature(
        "days_past_due_2m", "days", "rises", "bank_records",
        largest("days_past_due", months=2),
        ("Longest arrears in two months", "近两个月最长逾期天数"), family="arrears",
    ),
    feature(
        "days_past_due_3m", "days", "rises", "bank_records",
        largest("days_past_due", months=3),
        ("Longest arrears in three months", "近三个月最长逾期天数"), family="arrears",
    ),
    feature(
        "days_past_due_6m", "days", "rises", "bank_records",
        largest("days_past_due", months=6),
        ("Longest arrears in six months", "近六个月最长逾期天数"), family="arrears",
    ),
    feature(
        "mean_days_past_due_6m", "days", "rises", "bank_records",
        mean("days_past_due", months=6),
        ("Mean arrears in six months", "近六个月平均逾期天数"), family="arrears",
    ),
    feature(
        "overdue_months_3m", "records", "rises", "bank_records",
        count(months=3, where=where(OVERDUE)),
        ("Month-ends in arrears in the last three", "近三个月逾期次数"), family="arrears",
    ),
    feature(
        "overdue_months_6m", "records", "rises", "bank_records",
        count(months=6, where=where(OVERDUE)),
        ("Month-ends in arrears in the last six", "近六个月逾期次数"), family="arrears",
    ),
)  # fmt: skip
