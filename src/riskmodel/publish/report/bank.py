"""The report's section on the bank's own constraints: their use and their shadow prices, in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from riskmodel.publish.report.markup import Html, element, join_html, text_element
from riskmodel.statistics.outward_rounding import format_upper

WORTH_SAYING = 1e-4
"""Prices below a hundredth of a percent are those of a row that does not bind."""

SAYS: Mapping[str, tuple[str, str]] = {
    "bank_budget": (
        "The budget is used to {used} ({used_cny:,.0f} of {capacity_cny:,.0f} CNY).",
        "预算已使用{used}（{used_cny:,.0f}元，共{capacity_cny:,.0f}元）。",
    ),
    "bank_loss_cap": (
        "The cap on expected loss is used to {used} ({used_cny:,.0f} of {capacity_cny:,.0f} CNY).",
        "预期损失上限已使用{used}（{used_cny:,.0f}元，共{capacity_cny:,.0f}元）。",
    ),
    "sector_share": (
        "The share for the sector {key} is used to {used} ({used_cny:,.0f} of"
        " {capacity_cny:,.0f} CNY).",
        "行业“{key}”的份额已使用{used}（{used_cny:,.0f}元，共{capacity_cny:,.0f}元）。",
    ),
}
STEP = 0.01
"""A price holds for a little more of a row, not for much: for a hundredth of it."""
BINDS = (
    " One percent more of it would have earned the programme about {worth:,.0f} CNY more a year.",
    "若再增加百分之一，本项目预计每年可多获收益约{worth:,.0f}元。",
)
FREE = (" A little more of it would have earned nothing.", "略增该项不会带来更多收益。")


def constraint_section(constraints: Sequence[Mapping[str, Any]]) -> Html:
    """Return the bank's constraints with their use and their shadow price; `constraints` as the manifest's `part`.

    Sectors are named only where they bind: the others say nothing of what to change.
    """
    reported = [row for row in constraints if row["row"] in SAYS and _is_reported(row)]
    if not reported:
        return Html("")
    return join_html(
        (
            text_element("h2", "Your part of the programme · 贵行部分"),
            element("ul", *(element("li", *_sentences(row)) for row in reported)),
            text_element(
                "p",
                "What a row would earn is its price in the allocation: the expected profit that the"
                " last yuan brings to all banks together, all other rows as they are.",
                class_="soft",
            ),
        )
    )


def _is_reported(row: Mapping[str, Any]) -> bool:
    return row["row"] != "sector_share" or float(row["price"]) > WORTH_SAYING


def _sentences(row: Mapping[str, Any]) -> tuple[Html, Html]:
    share = row["used_cny"] / row["capacity_cny"] if row["capacity_cny"] else 1.0
    used = format_upper(round(share, 9), ".0%")  # a sum's last digits are no use of a budget
    last = BINDS if row["price"] > WORTH_SAYING else FREE
    english, chinese = (
        (first + rest).format(**row, used=used, worth=STEP * row["capacity_cny"] * row["price"])
        for first, rest in zip(SAYS[row["row"]], last, strict=True)
    )
    return text_element("span", english), text_element("div", chinese, class_="soft")
