"""All feature cards, in one order, and the business families that group them into reasons."""

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
from riskmodel.features.spec import Card, Derived, Risk, category, latest

CARDS: tuple[Card, ...] = (
    *trade.CARDS,
    *receipts.CARDS,
    *costs.CARDS,
    *banks.CARDS,
    *statements.CARDS,
    *reconciliation.CARDS,
    *inflated_exports.CARDS,
    *programme.CARDS,
    *register.CARDS,
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
        "attributes": ("Further attributes", "其他属性"),
    }
)


NO_DIRECTION: Mapping[str, Risk] = MappingProxyType({})


def by_name(cards: Iterable[Card] = CARDS) -> dict[str, Card]:
    """Cards by name; a name that is declared twice is our fault."""
    named: dict[str, Card] = {}
    for card in cards:
        if card.name in named:
            raise RiskModelError(f"card {card.name} is declared twice. Rename one.")
        named[card.name] = card
    return named


def with_parts(cards: Iterable[Card], known: Mapping[str, Card]) -> tuple[Card, ...]:
    """The cards with every card that their expressions need, parts first, each once."""
    ordered: dict[str, Card] = {}

    def add(card: Card) -> None:
        if isinstance(card.value, Derived):
            for part in card.value.cards:
                add(known[part])
        ordered.setdefault(card.name, card)

    for card in cards:
        add(card)
    return tuple(ordered.values())


def attribute_cards(
    columns: Mapping[str, str], risk: Mapping[str, Risk] = NO_DIRECTION
) -> tuple[Card, ...]:
    """A card for each column of `attributes`, taken as it stands.

    `columns` gives each column's kind: "number", "flag" or "text"; `risk` the directions that
    somebody has stated.
    """
    return tuple(
        Card(
            f"attribute_{name}",
            "as given",
            risk.get(name, "none"),
            "attributes",
            category(name) if kind == "text" else latest(name),
            (f"Attribute {name}", f"属性 {name}"),
            "attributes",
        )
        for name, kind in columns.items()
    )


def dictionary(cards: Iterable[Card] = CARDS) -> pd.DataFrame:
    """The feature dictionary: one row a card, in words."""
    return pd.DataFrame(
        {
            "feature": card.name,
            "meaning": card.says[0],
            "unit": card.unit,
            "risk": card.risk,
            "table": card.table,
            "window": card.window,
            "family": card.family,
            "use": "model" if card.model else "rules",
            "zh": card.says[1],
        }
        for card in cards
    )
