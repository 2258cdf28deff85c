"""All feature definitions, in one order, and the business families that group them into reasons."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import pandas as pd

from riskmodel.errors import RiskModelError
from riskmodel.features.definitions import (
    banks,
    costs,
    inflated_exports,
    programme,
    receipts,
    reconciliation,
    register,
    statements,
    trade,
)
from riskmodel.features.spec import Expression, FeatureDefinition

DEFINITIONS: tuple[FeatureDefinition, ...] = (
    *trade.DEFINITIONS,
    *receipts.DEFINITIONS,
    *costs.DEFINITIONS,
    *banks.DEFINITIONS,
    *statements.DEFINITIONS,
    *reconciliation.DEFINITIONS,
    *inflated_exports.DEFINITIONS,
    *programme.DEFINITIONS,
    *register.DEFINITIONS,
)

FAMILIES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "size": ("Size of the export business", "出口规模"),
        "growth": ("Growth", "增长"),
        "steadiness": ("Steadiness and season", "经营稳定性与季节性"),
        "buyers": ("Buyers", "买家"),
        "destinations": ("Destinations and goods", "目的国与商品"),
        "getting_paid": ("Getting paid", "收汇"),
        "reconciliation": ("Agreement between sources", "数据勾稽"),
        "inflated": ("Signs of inflated exports", "出口虚增迹象"),
        "purchases": ("Purchases and margin", "采购与毛利"),
        "refunds": ("Tax refunds", "退税"),
        "debt": ("Debt", "负债"),
        "over_lending": ("Over-lending", "过度授信"),
        "arrears": ("Arrears", "逾期"),
        "cash_flow": ("Cash flow", "现金流"),
        "inquiries": ("Credit inquiries", "信贷查询"),
        "programme": ("History with the programme", "本项目历史"),
        "agreements": ("Agreements", "合作协议"),
        "age": ("Age and history", "经营年限"),
        "register": ("Register", "工商登记"),
    }
)


def definitions_by_name(
    definitions: Iterable[FeatureDefinition] = DEFINITIONS,
) -> dict[str, FeatureDefinition]:
    """Return definitions by name; `RiskModelError` for a name that is declared twice."""
    named: dict[str, FeatureDefinition] = {}
    for feature in definitions:
        if feature.name in named:
            raise RiskModelError(f"feature {feature.name} is declared twice. Rename one.")
        named[feature.name] = feature
    return named


def with_operands(
    definitions: Iterable[FeatureDefinition], known: Mapping[str, FeatureDefinition]
) -> tuple[FeatureDefinition, ...]:
    """Return the definitions with all that their expressions need, operands first, each once."""
    ordered: dict[str, FeatureDefinition] = {}

    def add(feature: FeatureDefinition) -> None:
        if isinstance(feature.value, Expression):
            for operand in feature.value.operands:
                add(known[operand])
        ordered.setdefault(feature.name, feature)

    for feature in definitions:
        add(feature)
    return tuple(ordered.values())


def family_texts(
    definitions: Iterable[FeatureDefinition] = DEFINITIONS,
) -> dict[str, tuple[str, str]]:
    """Return each family's texts, in order; a column of `attributes` is its own family, in its own words."""
    own = {one.family: one.texts for one in definitions if one.family not in FAMILIES}
    return {**FAMILIES, **own}


def dictionary(definitions: Iterable[FeatureDefinition] = DEFINITIONS) -> pd.DataFrame:
    """The feature dictionary: one row a feature."""
    return pd.DataFrame(
        {
            "feature": feature.name,
            "meaning": feature.texts[0],
            "unit": feature.unit,
            "risk": feature.risk,
            "table": feature.table,
            "window": feature.window,
            "family": feature.family,
            "use": "model" if feature.model else "rules",
            "zh": feature.texts[1],
        }
        for feature in definitions
    )
