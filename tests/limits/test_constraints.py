"""Rows on sectors and destinations: who counts where, and that no book breaks them."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from riskmodel.errors import SettingsError
from riskmodel.limits import Banks, Policy, banks_from, recommend
from riskmodel.limits.constraints import NO_CONSTRAINT, build_constraints
from riskmodel.limits.economics import Pairs

SIGNED = pd.DataFrame({"enterprise_id": ["E1", "E2", "E3", "E5"], "bank": ["north_bank"] * 4})


def _placed(scored: pd.DataFrame) -> pd.DataFrame:
    """Five enterprises that a rule of size does not stop, in two sectors and one destination."""
    return scored.assign(
        sector=["toys", "toys", "shoes", "toys", None],
        main_destination_12m=["US", "US", "US", "US", None],
        exports_usd_6m=500_000.0,
        exports_usd_12m=1_000_000.0,
        exports_cny_12m=6_200_000.0,
        pd_12m=0.01,
    )


def _banks(bank_row: Any, **rows: Any) -> Banks:
    own = {name: rows[name] for name in rows if name != "destinations"}
    table: dict[str, Any] = {"bank": [bank_row("north_bank", **own)]}
    if "destinations" in rows:
        table["destinations"] = rows["destinations"]
    return banks_from(table, "banks")


def test_without_a_share_there_are_only_budgets_and_loss_caps(
    scored: pd.DataFrame, banks: Banks
) -> None:
    pairs = Pairs(np.asarray([0, 0]), np.asarray([0, 1]))
    rows = build_constraints(_placed(scored), pairs, banks)
    assert rows.table["constraint"].tolist() == ["bank_budget"] * 2 + ["bank_loss_cap"] * 2
    assert rows.limit_constraints.tolist() == [
        [0, NO_CONSTRAINT, NO_CONSTRAINT],
        [1, NO_CONSTRAINT, NO_CONSTRAINT],
    ]
    assert rows.loss_constraints.tolist() == [[2], [3]]


def test_a_name_that_nobody_meets_is_a_row_that_stands_empty(
    scored: pd.DataFrame, policy: Policy, bank_row: Any
) -> None:
    north = bank_row("north_bank", max_sector_share=0.5, max_sector_shares={"tyos": 0.1})
    south = bank_row("south_bank", max_sector_share=0.5)
    table = {"bank": [north, south], "destinations": {"max_shares": {"USA": 0.1}}}
    book = recommend(_placed(scored), SIGNED, policy, banks_from(table, "banks"), grid=10)
    rows = book.certificate.rows.set_index(["bank", "constraint", "segment"])
    assert rows.loc[("north_bank", "sector_share", "tyos"), "used_cny"] == 0
    assert ("south_bank", "sector_share", "tyos") not in rows.index
    assert rows.loc[("", "destination_share", "USA"), "used_cny"] == 0
    assert rows.loc[("north_bank", "sector_share", "toys"), "used_cny"] > 0
    plain = {"bank": [north | {"max_sector_shares": {}}, south]}
    without = recommend(_placed(scored), SIGNED, policy, banks_from(plain, "banks"), grid=10)
    assert without.recommendations.equals(book.recommendations)


def test_a_source_that_knows_no_sector_has_no_rows_of_sectors(
    scored: pd.DataFrame, policy: Policy, bank_row: Any
) -> None:
    banks = _banks(bank_row, max_sector_share=0.1, destinations={"max_share": 0.1})
    book = recommend(scored, SIGNED.iloc[:1], policy, banks, grid=10)
    assert book.certificate.rows["constraint"].tolist() == ["bank_budget", "bank_loss_cap"]
    assert book.by_bank["offers"].tolist() == [1]


def test_a_sector_takes_no_more_than_its_share_and_the_decline_says_so(
    scored: pd.DataFrame, policy: Policy, bank_row: Any
) -> None:
    # 1.2 of 30 million for toys: one line of 800,000 (off the platform), and a part of another.
    banks = _banks(bank_row, max_sector_shares={"toys": 0.04})
    book = recommend(_placed(scored), SIGNED, policy, banks, grid=10)
    rows = book.recommendations.merge(_placed(scored)[["enterprise_id", "sector"]])
    toys = rows[(rows["sector"] == "toys") & (rows["bank"] != "")]
    assert 0 < toys["limit_cny"].sum() <= 1_200_000.0
    assert "sector_share" in toys["binding_constraint"].tolist()
    others = rows[rows["enterprise_id"].isin(["E3", "E5"])]
    assert others["decision"].eq("offer").all()
    held = book.certificate.rows.set_index(["constraint", "segment"])
    assert held.loc[("sector_share", "toys"), "shadow_price"] > 0
    assert ("sector_share", "shoes") not in held.index


def test_a_destination_is_a_row_of_all_banks_together(
    scored: pd.DataFrame, policy: Policy, bank_row: Any
) -> None:
    names = ["north_bank", "south_bank"]
    banks = banks_from(
        {"bank": [bank_row(name) for name in names], "destinations": {"max_shares": {"US": 0.015}}},
        "banks",
    )
    both = pd.concat([SIGNED, SIGNED.assign(bank="south_bank")], ignore_index=True)
    book = recommend(_placed(scored), both, policy, banks, grid=10)
    offers = book.recommendations[book.recommendations["decision"] == "offer"]
    american = offers[offers["enterprise_id"] != "E5"]
    assert 0 < american["limit_cny"].sum() <= 0.015 * 60_000_000.0
    row = book.certificate.rows.set_index("segment").loc["US"]
    assert (row["bank"], row["constraint"]) == ("", "destination_share")
    assert row["used_cny"] == american["limit_cny"].sum()


def test_an_enterprise_of_unknown_sector_counts_in_a_row_of_its_own(
    scored: pd.DataFrame, policy: Policy, bank_row: Any
) -> None:
    banks = _banks(bank_row, max_sector_share=0.5)
    book = recommend(_placed(scored), SIGNED, policy, banks, grid=10)
    assert set(book.certificate.rows["segment"]) == {"", "toys", "shoes", "not known"}


def test_rows_in_which_no_line_fits_are_refused_by_name(
    scored: pd.DataFrame, policy: Policy, bank_row: Any
) -> None:
    rows = [
        bank_row("north_bank", max_sector_shares={"toys": 0.001, "shoes": 0.0}),
        bank_row("south_bank", budget_cny=49_999.0),
    ]
    banks = banks_from({"bank": rows, "destinations": {"max_shares": {"US": 0.0001}}}, "banks")
    with pytest.raises(SettingsError, match="3 rows hold less") as error:
        recommend(scored, SIGNED, policy, banks, grid=10)
    assert "south_bank: budget_cny" in str(error.value)
    assert "north_bank: max_sector_shares.toys" in str(error.value)
    assert "shoes" not in str(error.value)
