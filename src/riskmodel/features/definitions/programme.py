"""Features on the history with the programme: applications, and how its own lines are used."""

from riskmodel.features.spec import (
    column,
    count,
    difference,
    feature,
    largest,
    latest,
    months_from,
    months_since_first,
    months_since_last,
    ratio,
    sum_of,
    total,
    total_if_any,
    where,
)

DEFINITIONS = (
    feature(
        "applications_12m", "applications", "none", "applications",
        count(months=12),
        ("Applications for a line in twelve months", "近十二个月申请额度次数"), family="programme",
    ),
    feature(
        # Only for rules: it repeats what a bank decided.
        "declines_24m", "applications", "rises", "applications",
        count(months=24, where=where(column("decision", "is", "decline"))),
        ("Applications declined in two years", "近二十四个月申请被拒次数"), family="programme", model=False,
    ),
    feature(
        "line_drawn_cny_6m", "CNY", "none", "line_months",
        total("drawn_cny", months=6),
        ("Drawn on the programme's lines, month-ends of six months", "近六个月本项目额度月末用款合计"),
        family="programme", model=False,
    ),
    feature(
        "line_limit_cny_6m", "CNY", "none", "line_months",
        total("limit_cny", months=6),
        ("Limits of the programme's lines, month-ends of six months", "近六个月本项目额度月末合计"),
        family="programme", model=False,
    ),
    feature(
        "line_use_6m", "share", "rises", "line_months",
        ratio("line_drawn_cny_6m", "line_limit_cny_6m"),
        ("Use of the programme's lines", "本项目额度使用率"), family="programme",
    ),
    feature(
        "lines_limit_cny", "CNY", "none", "lines_in_force",
        total_if_any("limit_cny"),
        ("Limit of the programme's lines in force", "本项目存续额度合计"), family="programme",
    ),
    feature(
        "lines_drawn_cny", "CNY", "none", "lines_in_force",
        total("drawn_cny"),
        ("Drawn now on the programme's lines", "本项目额度最近用款余额"), family="programme", model=False,
    ),
    feature(
        "lines_use_now", "share", "rises", "lines_in_force",
        ratio("lines_drawn_cny", "lines_limit_cny"),
        ("Drawn now against the limit of the programme's lines", "本项目额度最近使用率"), family="programme",
    ),
    feature(
        "lines_use_change", "share", "none", "lines_in_force",
        difference("lines_use_now", "line_use_6m"),
        ("Use of the lines now, less that of six months", "本项目额度使用率较近六个月变化"), family="programme",
    ),
    feature(
        # This way round: without a line it is missing, without exports it is the worst, 0.
        "exports_to_lines_limit_6m", "ratio", "none", "declarations",
        ratio("exports_cny_6m", "lines_limit_cny"),
        ("Six months' exports against the limit of the lines", "近六个月出口与本项目额度之比"),
        family="programme",
    ),
    feature(
        "exports_to_lines_limit_12m", "ratio", "none", "declarations",
        ratio("exports_cny_12m", "lines_limit_cny"),
        ("A year's exports against the limit of the lines", "近十二个月出口与本项目额度之比"),
        family="programme",
    ),
    feature(
        "debt_with_lines_cny", "CNY", "none", "accounts",
        sum_of("debt_cny", "lines_drawn_cny"),
        ("Debt at other lenders and on the programme's lines", "外部负债及本项目用款合计"), family="debt",
        model=False,
    ),
    feature(
        "debt_with_lines_to_sales", "ratio", "rises", "accounts",
        ratio("debt_with_lines_cny", "exports_cny_12m"),
        ("Debt with the programme's lines against a year's sales", "含本项目用款负债与年销售之比"),
        family="over_lending",
    ),
    feature(
        "months_since_grant", "months", "none", "lines_in_force",
        months_since_last(),
        ("Age of the newest line", "最新额度已用月数"), family="programme",
    ),
    feature(
        "months_since_first_line", "months", "none", "lines",
        months_since_first(),
        ("Time since the first line", "首笔额度至今月数"), family="programme",
    ),
    feature(
        "months_past_expiry", "months", "none", "lines_in_force",
        months_from("expires_on"),
        ("Months past the newest line's expiry (below zero: to come)", "最新额度到期后月数（负值为未到期）"),
        family="programme",
    ),
    feature(
        "asked_cny", "CNY", "none", "applications",
        latest("asked_cny", months=12),
        ("Amount last asked for in twelve months", "近十二个月最近一次申请金额"), family="programme",
        model=False,
    ),
    feature(
        "exports_to_asked_12m", "ratio", "none", "applications",
        ratio("exports_cny_12m", "asked_cny"),
        ("A year's exports against the amount last asked for", "近十二个月出口与申请金额之比"),
        family="programme",
    ),
    feature(
        "line_days_past_due_now", "days", "rises", "lines_in_force",
        largest("days_past_due"),
        ("Days past due on the programme's lines", "本项目额度当前逾期天数"), family="arrears",
    ),
    feature(
        "line_days_past_due_6m", "days", "rises", "line_months",
        largest("days_past_due", months=6),
        ("Longest arrears on the programme's lines in six months", "近六个月本项目额度最长逾期天数"),
        family="arrears",
    ),
    feature(
        "line_paid_cny_6m", "CNY", "none", "line_months",
        total("paid_cny", months=6),
        ("Paid on the programme's lines in six months", "近六个月本项目还款额"), family="arrears",
        model=False,
    ),
    feature(
        "line_due_cny_6m", "CNY", "none", "line_months",
        total("due_cny", months=6),
        ("Due on the programme's lines in six months", "近六个月本项目应还款额"), family="arrears",
        model=False,
    ),
    feature(
        "line_paid_to_due_6m", "ratio", "falls", "line_months",
        ratio("line_paid_cny_6m", "line_due_cny_6m"),
        ("Paid against due on the programme's lines in six months", "近六个月本项目还款与应还之比"),
        family="arrears",
    ),
)  # fmt: skip
