"""The report's second half: the model, its checks, its limits, and the policy in force."""

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd

from riskmodel.publish.publication import CHECK_COLUMNS, PublicationFacts
from riskmodel.publish.report.markup import Html, element, join_html, table, text_element
from riskmodel.statistics.outward_rounding import format_beside, format_lower, format_upper


def model_section(facts: PublicationFacts) -> Html:
    """Return the section on the model: its identity, performance, calibration and checks."""
    named = {
        "Model": f"{facts.model_name}, version {facts.model_version}",
        "Fingerprint": facts.model_fingerprint,
        "Outcome": facts.outcome_name,
        **facts.headline,
        "Data's fingerprint": facts.data_fingerprint,
    }
    return join_html(
        (
            text_element("h2", "The model · 模型"),
            _pairs(named),
            text_element("h3", "Checks · 检验"),
            _checks(facts.checks),
            _sentences("Conditions · 使用条件", facts.conditions),
            _sentences("Limitations · 局限", facts.limitations),
        )
    )


def policy_section(manifest: Mapping[str, Any]) -> Html:
    """The terms in force, key by key, and the sha256 of all of them."""
    terms = pd.DataFrame(_flat(manifest["policy"]), columns=["Term", "Value"])
    return join_html(
        (
            text_element("h2", "Policy in force · 现行政策"),
            table(terms),
            element("p", text_element("code", f"sha256 {manifest['policy_sha256']}")),
        )
    )


def _pairs(named: Mapping[str, str]) -> Html:
    listed = (
        join_html((text_element("dt", name), text_element("dd", value)))
        for name, value in named.items()
    )
    return element("dl", *listed)


def _checks(checks: pd.DataFrame) -> Html:
    given = checks[list(CHECK_COLUMNS)]
    interval = _number(given["low"], format_lower) + " – " + _number(given["high"], format_upper)
    beside = zip(given["value"].astype(float), given["threshold"].astype(float), strict=True)
    frame = pd.DataFrame(
        {
            "Check": given["check"],
            "Result": given["passed"].astype(bool).map({True: "passed", False: "failed"}),
            "Figure": [format_beside(one, limit, ".4g") for one, limit in beside],
            "Interval": interval,
            "Threshold": given["threshold"].map("{:.6g}".format),
            "What it means": given["text"],
        }
    )
    return table(frame, numeric=("Figure", "Interval", "Threshold"))


def _number(values: pd.Series, bound: Callable[[float, str], str]) -> pd.Series:
    numbers = pd.to_numeric(values)
    return numbers.map(lambda one: bound(one, ".4g"), na_action="ignore").astype("str")


def _sentences(heading: str, sentences: tuple[str, ...]) -> Html:
    if not sentences:
        return join_html((text_element("h3", heading), text_element("p", "None stated.")))
    listed = element("ul", *(text_element("li", sentence) for sentence in sentences))
    return join_html((text_element("h3", heading), listed))


def _flat(value: Any, name: str = "") -> list[tuple[str, str]]:
    """A policy's leaves as (dotted key, value); a list of tables is numbered from 1."""
    if isinstance(value, Mapping):
        inner = [(f"{name}.{key}" if name else str(key), item) for key, item in value.items()]
    elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        inner = [(f"{name}.{number}", item) for number, item in enumerate(value, start=1)]
    elif isinstance(value, list):
        return [(name, ", ".join(str(item) for item in value))]
    else:
        return [(name, str(value))]
    return [pair for key, item in inner for pair in _flat(item, key)]
