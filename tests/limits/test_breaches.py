"""Every constraint once more before a book leaves: each kind broken by hand, and seen."""

from typing import Any

import pandas as pd
import pytest

from riskmodel.limits import Banks, Policy, Terms, banks_from, find_breaches, policy_from, recommend
from riskmodel.limits.book import Book

GRID = 10
SIGNED = pd.DataFrame(
    [(one, bank) for one in ("E1", "E2", "E3", "E4") for bank in ("north_bank", "south_bank")],
    columns=["enterprise_id", "bank"],
).iloc[:-1]
"""E4 has no agreement with south_bank."""


@pytest.fixture
def placed(scored: pd.DataFrame) -> pd.DataFrame:
    """Five sound enterprises, each with a cap of 1,000,000 CNY by its exports."""
    return scored.assign(
        sector=["toys", "toys", "shoes", "toys", "toys"],
        main_destination_12m=["US", "US", "DE", "DE", None],
        deals_6m=9.0,
        days_past_due_24m=0.0,
        exports_usd_6m=500_000.0,
        exports_usd_12m=1_000_000.0,
        exports_platform_usd_12m=1_000_000.0,
        exports_cny_12m=62_000_000.0,
        pd_12m=0.01,
    )


@pytest.fixture
def book(placed: pd.DataFrame, policy: Policy, banks: Banks) -> Book:
    return recommend(placed, SIGNED, policy, banks, grid=GRID)


def _with(book: Book, enterprise: str, **values: Any) -> pd.DataFrame:
    """The recommendations with other values in the enterprise's offer."""
    rows = book.recommendations.copy()
    mine = (rows["enterprise_id"] == enterprise) & (rows["decision"] == "offer")
    assert mine.sum() == 1
    rows.loc[mine, list(values)] = list(values.values())
    return rows


def test_a_book_that_holds_breaks_nothing(
    book: Book, placed: pd.DataFrame, policy: Policy, banks: Banks
) -> None:
    assert (book.recommendations["decision"] == "offer").sum() == 4
    assert (
        find_breaches(book.recommendations, placed, SIGNED, Terms(policy, banks), grid=GRID) == []
    )


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"limit_cny": 9_999_000.0}, "1 limits above the enterprise's cap"),
        ({"limit_cny": 10_001_000.0}, "1 limits above the programme's ceiling"),
        ({"limit_cny": 49_000.0}, "1 limits below the smallest line"),
        ({"limit_cny": 987_000.0}, "1 limits at no level of the terms"),
        ({"limit_cny": float("nan")}, "1 offers without a limit, rate, loss or PD"),
        ({"pd_12m": 0.02}, "1 offers with another PD than the model's"),
        ({"annual_rate": 0.09}, "1 rates outside the bank's band"),
        ({"annual_rate": 0.16}, "1 rates outside the bank's band"),
        ({"expected_loss_cny": 1.0}, "1 expected losses that are not those of the limit"),
        ({"bank": "west_bank"}, "1 offers by a bank that has no terms"),
        ({"enterprise_id": "E9"}, "1 offers to an enterprise that was not scored"),
        ({"decision": "decline"}, "1 declines with a limit"),
    ],
)
def test_an_offer_that_breaks_a_term_by_itself_is_seen(
    book: Book,
    placed: pd.DataFrame,
    policy: Policy,
    banks: Banks,
    values: dict[str, Any],
    said: str,
) -> None:
    found = find_breaches(
        _with(book, "E1", **values), placed, SIGNED, Terms(policy, banks), grid=GRID
    )

    assert said in found


def test_a_limit_above_the_banks_largest_is_seen(
    book: Book, placed: pd.DataFrame, policy: Policy, bank_row: Any
) -> None:
    both = [bank_row(name, max_limit_cny=900_000.0) for name in ("north_bank", "south_bank")]
    terms = Terms(policy, banks_from({"bank": both}, "banks"))

    assert "4 limits above the bank's largest" in find_breaches(
        book.recommendations, placed, SIGNED, terms, grid=GRID
    )


def test_an_enterprise_above_the_banks_largest_pd_is_seen(
    book: Book, placed: pd.DataFrame, policy: Policy, banks: Banks
) -> None:
    risky = placed.assign(pd_12m=[0.11, 0.01, 0.01, 0.01, 0.01])
    rows = _with(book, "E1", pd_12m=0.11)

    found = find_breaches(rows, risky, SIGNED, Terms(policy, banks), grid=GRID)

    assert "1 offers above the bank's largest PD" in found


def test_an_enterprise_without_a_pd_is_seen(
    book: Book, placed: pd.DataFrame, policy: Policy, banks: Banks
) -> None:
    unknown = placed.assign(pd_12m=[float("nan"), 0.01, 0.01, 0.01, 0.01])

    found = find_breaches(book.recommendations, unknown, SIGNED, Terms(policy, banks), grid=GRID)

    assert "1 offers above the bank's largest PD" in found


def test_an_enterprise_that_a_rule_refuses_is_seen(
    book: Book, placed: pd.DataFrame, policy: Policy, banks: Banks
) -> None:
    late = placed.assign(days_past_due_24m=[31.0, 0.0, 0.0, 0.0, 0.0])

    assert find_breaches(book.recommendations, late, SIGNED, Terms(policy, banks), grid=GRID) == [
        "1 offers to an enterprise that is not eligible"
    ]


def test_an_offer_without_an_agreement_is_seen_where_one_is_required(
    book: Book, placed: pd.DataFrame, policy: Policy, banks: Banks, terms: dict[str, Any]
) -> None:
    three = SIGNED[SIGNED["enterprise_id"] != "E1"]
    free = policy_from(terms | {"agreement": {**terms["agreement"], "required": False}}, "terms")
    rows = book.recommendations

    assert find_breaches(rows, placed, three, Terms(policy, banks), grid=GRID) == [
        "1 offers without an agreement in force"
    ]
    assert find_breaches(rows, placed, three, Terms(free, banks), grid=GRID) == []


def test_two_offers_to_one_enterprise_are_seen(
    book: Book, placed: pd.DataFrame, policy: Policy, banks: Banks
) -> None:
    rows = book.recommendations
    mine = (rows["enterprise_id"] == "E1") & (rows["decision"] == "offer")
    other = {"north_bank": "south_bank", "south_bank": "north_bank"}
    second = rows[mine].assign(bank=rows.loc[mine, "bank"].map(other))
    rest = rows[(rows["enterprise_id"] != "E1") | mine]

    found = find_breaches(
        pd.concat([rest, second]), placed, SIGNED, Terms(policy, banks), grid=GRID
    )

    assert "1 enterprises with more than one offer" in found


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"budget_cny": 1_500_000.0}, "one_bank: budget exceeded by 2,500,000.00 CNY"),
        (
            # 1,500,000 of 30 million; toys are three of four
            {"max_sector_shares": {"toys": 0.05}},
            "one_bank: sector toys exceeded by 1,500,000.00 CNY",
        ),
        ({"max_sector_share": 0.02}, "one_bank: sector shoes exceeded by 400,000.00 CNY"),
    ],
)
def test_sums_above_a_budget_or_a_sectors_share_are_seen(
    placed: pd.DataFrame, policy: Policy, bank_row: Any, changes: dict[str, Any], said: str
) -> None:
    agreements = pd.DataFrame({"enterprise_id": ["E1", "E2", "E3", "E4"], "bank": "one_bank"})
    wide = banks_from({"bank": [bank_row("one_bank")]}, "banks")
    narrow = banks_from({"bank": [bank_row("one_bank", **changes)]}, "banks")
    rows = recommend(placed, agreements, policy, wide, grid=GRID).recommendations
    assert rows.loc[rows["decision"] == "offer", "limit_cny"].tolist() == [1_000_000.0] * 4

    assert find_breaches(rows, placed, agreements, Terms(policy, wide), grid=GRID) == []
    assert said in find_breaches(rows, placed, agreements, Terms(policy, narrow), grid=GRID)


def test_a_loss_above_the_banks_cap_is_seen(
    book: Book, placed: pd.DataFrame, policy: Policy, banks: Banks
) -> None:
    careful = banks_from(
        {"bank": [one.model_dump() | {"max_expected_loss_share": 0.0} for one in banks.bank]},
        "banks",
    )
    rows = book.recommendations
    losses = rows.groupby("bank")["expected_loss_cny"].sum()

    found = find_breaches(rows, placed, SIGNED, Terms(policy, careful), grid=GRID)

    assert found == [
        f"{bank}: loss cap exceeded by {losses[bank]:,.2f} CNY"
        for bank in careful.names
        if losses.get(bank, 0) > 0
    ]
    assert found


def test_a_destination_above_its_share_of_all_budgets_is_seen(
    book: Book, placed: pd.DataFrame, policy: Policy, banks: Banks
) -> None:
    shares = {"destinations": {"max_shares": {"US": 0.02}}}  # of 60 million: 1,200,000
    narrow = banks_from({"bank": [one.model_dump() for one in banks.bank], **shares}, "banks")

    assert find_breaches(
        book.recommendations, placed, SIGNED, Terms(policy, narrow), grid=GRID
    ) == ["destination US exceeded by 800,000.00 CNY"]


def test_a_source_that_knows_no_sector_has_no_such_constraint(
    placed: pd.DataFrame, policy: Policy, bank_row: Any
) -> None:
    unknown = placed.assign(sector=None)
    banks = banks_from(
        {"bank": [bank_row(name, max_sector_share=0.01) for name in ("north_bank", "south_bank")]},
        "banks",
    )
    book = recommend(unknown, SIGNED, policy, banks, grid=GRID)
    assert (book.recommendations["decision"] == "offer").any()

    found = find_breaches(book.recommendations, unknown, SIGNED, Terms(policy, banks), grid=GRID)

    assert found == []


def test_nothing_offered_breaks_nothing(placed: pd.DataFrame, policy: Policy, banks: Banks) -> None:
    nobody = placed.assign(deals_6m=0.0)
    book = recommend(nobody, SIGNED, policy, banks, grid=GRID)
    terms = Terms(policy, banks)

    assert find_breaches(book.recommendations, nobody, SIGNED, terms, grid=GRID) == []
