"""A decision by itself at the month's prices agrees with the allocation that gave the prices."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from riskmodel.limits import Banks, Policy, banks_from, recommend
from riskmodel.limits.decide import DecisionRule
from riskmodel.limits.economics import Terms


@pytest.fixture
def month(scored: pd.DataFrame, policy: Policy, banks: Banks) -> DecisionRule:
    agreements = pd.DataFrame(
        [("E1", "north_bank"), ("E1", "south_bank"), ("E2", "north_bank"), ("E4", "south_bank")],
        columns=["enterprise_id", "bank"],
    )
    book = recommend(scored, agreements, policy, banks, grid=10)
    return DecisionRule(agreements, Terms(policy, banks), book.certificate.rows, 10)


def test_without_scarcity_the_decision_is_the_allocations(
    scored: pd.DataFrame, month: DecisionRule
) -> None:
    found = month.decide(scored).set_index("enterprise_id")
    assert found["bank"].to_dict() == {
        "E1": "south_bank", "E2": "north_bank", "E3": "", "E4": "", "E5": ""
    }  # fmt: skip
    # 1,000,000 USD through the platform; 600,000 off it at .8
    assert found["limit_cny"].tolist() == [1_000_000.0, 480_000.0, 0.0, 0.0, 0.0]
    assert found.loc["E3", ["annual_rate", "pd_at_limit"]].isna().all()


def test_rows_come_back_in_the_order_given(scored: pd.DataFrame, month: DecisionRule) -> None:
    mixed = scored.iloc[[3, 1, 0]]
    assert month.decide(mixed)["enterprise_id"].tolist() == ["E4", "E2", "E1"]


def test_a_price_above_what_a_line_earns_closes_it(
    scored: pd.DataFrame, month: DecisionRule
) -> None:
    dear = DecisionRule(
        month.agreements, month.terms, month.prices.assign(shadow_price=1.0), month.grid
    )
    assert dear.decide(scored)["bank"].eq("").all()


def test_more_exports_never_lower_a_limit_at_a_given_pd(policy: Policy, bank_row: Any) -> None:
    rng = np.random.default_rng(11)
    count = 400
    ids = [f"E{n:03d}" for n in range(count)]
    rows = pd.DataFrame(
        {
            "enterprise_id": ids,
            "as_of": pd.Timestamp("2014-07-01"),
            "exports_usd_6m": 500_000.0,
            "deals_6m": 9.0,
            "exports_usd_12m": rng.lognormal(14, 1, count),
            "exports_cny_12m": 1e9,
            "pd_12m": rng.beta(1, 15, count),
            "pd_low": 0.01,
            "pd_high": 0.1,
            "grade": "G03",
        }
    )
    banks = banks_from({"bank": [bank_row("north_bank", max_pd=1.0)]}, "banks")
    agreements = pd.DataFrame({"enterprise_id": ids, "bank": "north_bank"})
    nothing = pd.DataFrame({"bank": [], "constraint": [], "segment": [], "shadow_price": []})
    month = DecisionRule(agreements, Terms(policy, banks), nothing, 10)
    before = month.decide(rows)["limit_cny"].to_numpy()
    assert ((before > 0) & (before < rows["exports_usd_12m"] * 0.79)).sum() > 20
    for more in (1.001, 1.1, 1.5, 3.0):
        grown = rows.assign(exports_usd_12m=rows["exports_usd_12m"] * more)
        after = month.decide(grown)["limit_cny"].to_numpy()
        assert (after >= before).all()


def test_a_given_line_earns_what_the_decision_says_it_does_net_of_prices(
    scored: pd.DataFrame, month: DecisionRule
) -> None:
    priced = DecisionRule(
        month.agreements, month.terms, month.prices.assign(shadow_price=0.01), month.grid
    )
    # Caps that are round limits: between those the decision takes the chord.
    scored = scored.assign(exports_usd_12m=[1e6, 625_000.0, 1e5, 1e6, 1e6])
    found = priced.decide(scored)
    assert (found["net_cny"] > 0).sum() == 2
    earned = priced.profit(scored, found)
    assert earned.to_numpy() == pytest.approx(found["net_cny"].to_numpy())
    # One point more on the half of each line that is drawn, as far as it performs.
    dearer = priced.profit(scored, found.assign(annual_rate=found["annual_rate"] + 0.01))
    drawn = 0.5 * found["limit_cny"] * (1 - found["pd_at_limit"])
    assert (dearer - earned)[:2].tolist() == pytest.approx((0.01 * drawn)[:2].tolist())


def test_a_decision_does_not_depend_on_who_else_is_asked(
    scored: pd.DataFrame, policy: Policy, bank_row: Any
) -> None:
    rows = scored.assign(
        sector=["toys", None, "toys", "toys", None],
        main_destination_12m=["US", None, "US", None, "US"],
        exports_usd_6m=500_000.0,
        deals_6m=9.0,
        days_past_due_24m=0.0,
        exports_usd_12m=1_000_000.0,
        exports_cny_12m=6_200_000.0,
        pd_12m=0.01,
    )
    banks = banks_from(
        {
            "bank": [bank_row("north_bank", max_sector_share=0.02)],
            "destinations": {"max_share": 0.03},
        },
        "banks",
    )
    agreements = pd.DataFrame({"enterprise_id": rows["enterprise_id"], "bank": "north_bank"})
    book = recommend(rows, agreements, policy, banks, grid=10)
    assert (book.certificate.rows["shadow_price"] > 0).any()
    month = DecisionRule(agreements, Terms(policy, banks), book.certificate.rows, 10)
    together = month.decide(rows)
    alone = pd.concat([month.decide(rows.iloc[[n]]) for n in range(5)], ignore_index=True)
    pd.testing.assert_frame_equal(together, alone)
