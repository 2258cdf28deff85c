"""The report that a credit officer reads: one HTML page, offline, without a script."""

from collections.abc import Mapping
from importlib import resources
from typing import Any

import pandas as pd

from riskmodel.publish.publication import PublicationFacts
from riskmodel.publish.report.bank import constraint_section
from riskmodel.publish.report.markup import Html, element, join_html, table, text_element, words
from riskmodel.publish.report.model import model_section, policy_section
from riskmodel.publish.report.pictures import declines_by_reason, limits_histogram, pd_by_grade
from riskmodel.statistics.outward_rounding import format_lower, format_upper

SHOWN_ROWS = 1000
NOTHING_ELSE = "default-src 'none'; style-src 'unsafe-inline'"

VERDICTS = {
    "pass": ("pass", "Checks: passed · 检验通过"),
    "pass with conditions": ("conditions", "Checks: passed with conditions · 有条件通过"),
    "fail": ("fail", "Checks: failed · 检验未通过"),
}

READING_NOTES = (
    "An offer is a recommendation: the bank itself decides on admission, limit and price.",
    "PD is the probability of {outcome}; low and high bound it as far as the data can tell.",
    "Expected loss is in CNY over the line's year; the rate is a yearly rate.",
    "A decline names the rule that failed first, then what raised the default probability most.",
    "What limits an offer (its binding constraint) is the term that would have to move first for a "
    "higher limit.",
    "limits.parquet holds every row; limits.csv holds the same for spreadsheets, where a "
    "text that could run as a formula begins with an apostrophe.",
    "Agreements in force with banks that are no part of this run: {left_out}. No row here speaks of "
    "them.",
    "manifest.json holds the sha256 of each file: compare it before the rows are used.",
)


def report_html(rows: pd.DataFrame, facts: PublicationFacts, manifest: Mapping[str, Any]) -> str:
    """The whole page; `rows` as published, `manifest` with its difference."""
    title = f"Credit limits for {manifest['bank']} as of {manifest['as_of']}"
    offers = rows[rows["decision"] == "offer"]
    declines = rows[rows["decision"] == "decline"]
    css = resources.files(__package__).joinpath("report.css").read_text("utf-8")
    head = join_html(
        (
            Html('<meta charset="utf-8">\n<meta name="viewport" content="width=device-width">'),
            Html(f'<meta http-equiv="Content-Security-Policy" content="{NOTHING_ELSE}">'),
            text_element("title", title),
            element("style", Html(css)),  # the package's own file, nobody's text
        )
    )
    body = join_html(
        (
            _top(title, facts, manifest),
            _headline(rows, offers),
            constraint_section(manifest["part"]),
            _changes(manifest["difference"]),
            _pictures(rows, offers, declines),
            _reading(facts),
            model_section(facts),
            _offers(offers),
            _declines(declines),
            policy_section(manifest),
        )
    )
    return (
        f'<!doctype html>\n<html lang="en">{element("head", head)}{element("body", body)}</html>\n'
    )


def _top(title: str, facts: PublicationFacts, manifest: Mapping[str, Any]) -> Html:
    look, verdict = VERDICTS[facts.verdict]
    dates = (
        f"Revision r{manifest['revision']} · valid until {manifest['valid_until']} "
        f"(有效期至 {manifest['valid_until']}) · run {manifest['run']}"
    )
    parts = [
        text_element("h1", title),
        text_element("div", dates, class_="soft"),
        text_element("span", verdict, class_=f"verdict {look}"),
    ]
    if facts.override_reason:
        notice = f"Published in spite of the checks' verdict. Reason given: {facts.override_reason}"
        parts.append(text_element("div", notice, class_="notice"))
    return element("header", *parts)


def _headline(rows: pd.DataFrame, offers: pd.DataFrame) -> Html:
    limit = float(offers["limit_cny"].sum())
    loss = float(offers["expected_loss_cny"].sum())
    rate = float((offers["limit_cny"] * offers["annual_rate"]).sum()) / limit if limit else None
    tiles = (
        (f"{len(rows):,}", "enterprises judged · 评估企业"),
        (f"{len(offers):,}", "offers · 建议授信"),
        (f"{limit:,.0f}", "total limit, CNY · 总额度（元）"),
        (f"{loss:,.0f}", "expected loss, CNY · 预期损失（元）"),
        (f"{rate:.2%}" if rate is not None else "none", "rate weighted by limit · 加权年利率"),
    )
    return element("div", *(_tile(figure, name) for figure, name in tiles), class_="tiles")


def _tile(figure: str, name: str) -> Html:
    return element("div", text_element("b", figure), text_element("span", name), class_="tile")


def _changes(change: Mapping[str, Any] | None) -> Html:
    heading = text_element("h2", "What changed · 与上期相比")
    if change is None:
        return join_html((heading, text_element("p", "This is the bank's first publication.")))
    before = change["previous"]
    since = (
        f"Since {before['as_of']} r{before['revision']} (model version {before['model_version']}):"
    )
    facts = (
        ("enterprises added", f"{change['enterprises_added']:,}"),
        ("enterprises gone", f"{change['enterprises_gone']:,}"),
        ("limits raised", f"{change['limit_raised']:,}"),
        ("limits lowered", f"{change['limit_lowered']:,}"),
        ("decisions changed", f"{change['decision_changed']:,}"),
        ("change of the total limit", f"{change['limit_change_cny']:+,.0f} CNY"),
    )
    listed = join_html(
        join_html((text_element("dt", name), text_element("dd", figure))) for name, figure in facts
    )
    return join_html((heading, text_element("p", since), element("dl", listed)))


def _pictures(rows: pd.DataFrame, offers: pd.DataFrame, declines: pd.DataFrame) -> Html:
    drawn = [pd_by_grade(rows)]
    if len(offers):
        drawn.append(limits_histogram(offers["limit_cny"]))
    if len(declines):
        drawn.append(declines_by_reason(declines["reason_1"]))
    return element("div", *drawn, class_="pictures")


def _offers(offers: pd.DataFrame) -> Html:
    ordered = offers.sort_values(["limit_cny", "enterprise_id"], ascending=[False, True])
    shown = ordered.head(SHOWN_ROWS)
    frame = pd.DataFrame(
        {
            "Enterprise 企业": shown["enterprise_id"],
            "Limit, CNY 额度": shown["limit_cny"].map("{:,.0f}".format),
            "Rate 年利率": shown["annual_rate"].map("{:.2%}".format, na_action="ignore"),
            "PD 违约概率": _pd_text(shown),
            "Grade 等级": shown["grade"],
            "Expected loss, CNY 预期损失": shown["expected_loss_cny"].map("{:,.0f}".format),
            "What limits it 约束": shown["binding_constraint"],
            "What weighs on it": shown["reason_text_en"],
            "主要因素": shown["reason_text_zh"],
        }
    )
    return _decline_section("Offers · 建议授信", frame, len(offers), "by limit, largest first")


def _declines(declines: pd.DataFrame) -> Html:
    shown = declines.sort_values("enterprise_id").head(SHOWN_ROWS)
    frame = pd.DataFrame(
        {
            "Enterprise 企业": shown["enterprise_id"],
            "PD 违约概率": _pd_text(shown),
            "Grade 等级": shown["grade"],
            "First reason 首要原因": shown["reason_1"],
            "Reasons": shown["reason_text_en"],
            "原因": shown["reason_text_zh"],
        }
    )
    return _decline_section("Declines · 不建议授信", frame, len(declines), "by enterprise")


def _decline_section(heading: str, frame: pd.DataFrame, total: int, order: str) -> Html:
    title = text_element("h2", heading)
    if not total:
        return join_html((title, text_element("p", "None.")))
    rest = "" if total <= SHOWN_ROWS else " The rest is in limits.parquet and limits.csv."
    caption = f"{len(frame):,} of {total:,} rows, {order}.{rest}"
    numeric = [
        str(name) for name in frame if any(word in str(name) for word in ("CNY", "Rate", "PD"))
    ]
    return join_html((title, table(frame, numeric=numeric, caption=caption)))


def _pd_text(rows: pd.DataFrame) -> pd.Series:
    """The PD with its bounds; "not known" where there is none."""
    low, middle, high = (
        rows[name].map(text, na_action="ignore").astype("str")
        for name, text in (
            ("pd_low", lambda one: format_lower(one, ".2%")),
            ("pd_12m", "{:.2%}".format),
            ("pd_high", lambda one: format_upper(one, ".2%")),
        )
    )
    return (middle + " (" + low + "–" + high + ")").fillna(middle).fillna("not known")


def _reading(facts: PublicationFacts) -> Html:
    known = {"outcome": facts.outcome_name, "left_out": f"{facts.agreements_left_out:,}"}
    lines = (sentence.format(**known) for sentence in READING_NOTES)
    return join_html(
        (
            text_element("h2", "How to read this · 使用说明"),
            element("ul", *(element("li", words(line)) for line in lines)),
        )
    )
