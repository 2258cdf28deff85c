"""Features on the history with the programme: applications, and how its own lines are used."""

from riskmodel.features.spec import column, count, feature, ratio, total, where

DEFINITIONS = (
    feature(
        "applications_12m", "applications", "rises", "applications",
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
)  # fmt: skip
