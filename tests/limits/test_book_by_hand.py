"""The rows, what binds each pair, and the book's figures, worked out by hand."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from riskmodel.errors import DataError, SettingsError
from riskmodel.limits import Banks, DecisionRule, Policy, Terms, banks_from, recommend
from riskmodel.limits.allocation import Allocation, Options
from riskmodel.limits.binding_constraints import (
    Screening,
    Solution,
    decline_codes,
    offer_codes,
    scarcest_constraint,
)
from riskmodel.limits.constraints import Constraints, build_constraints, refuse_closed_constraints
from riskmodel.limits.economics import LineEconomics, Pairs


def agreements(*pairs: str) -> pd.DataFrame:
    """Agreements such as "E1 north_bank"."""
    return pd.DataFrame([pair.split() for pair in pairs], columns=["enterprise_id", "bank"])


def round_caps(scored: pd.DataFrame) -> pd.DataFrame:
    """E1's cap is a million and E2's half a million: round limits, where no chord is taken."""
    return scored.assign(exports_usd_12m=[1e6, 625_000.0, 1e5, 1e6, 1e6])


# --- rows ---


def test_each_pair_counts_in_its_banks_and_its_own_sectors_and_destinations_rows(
    bank_row: Any,
) -> None:
    rows = pd.DataFrame(
        {
            "enterprise_id": ["E1", "E2", "E3"],
            "sector": ["toys", "shoes", None],
            "main_destination_12m": ["US", "DE", "US"],
        }
    )
    north = bank_row("north_bank", max_sector_share=0.5, budget_cny=2e6)
    banks = banks_from(
        {
            "bank": [north, bank_row("south_bank", budget_cny=1e6)],
            "destinations": {"max_share": 0.4, "max_shares": {"FR": 0.2}},
        },
        "banks",
    )
    pairs = Pairs(np.asarray([0, 0, 1, 2]), np.asarray([0, 1, 0, 0]))
    found = build_constraints(rows, pairs, banks)
    assert found.table.to_numpy().tolist() == [
        ["north_bank", "bank_budget", "", 2e6],
        ["south_bank", "bank_budget", "", 1e6],
        ["north_bank", "bank_loss_cap", "", 1e5],
        ["south_bank", "bank_loss_cap", "", 5e4],
        ["north_bank", "sector_share", "not known", 1e6],
        ["north_bank", "sector_share", "shoes", 1e6],
        ["north_bank", "sector_share", "toys", 1e6],
        ["", "destination_share", "DE", pytest.approx(1.2e6)],
        ["", "destination_share", "US", pytest.approx(1.2e6)],
        ["", "destination_share", "FR", pytest.approx(6e5)],
    ]
    assert found.limit_constraints.tolist() == [[0, 6, 8], [1, -1, 8], [0, 5, 7], [0, 4, 8]]
    assert found.loss_constraints.tolist() == [[2], [3], [2], [2]]


def test_each_bank_has_sectors_of_its_own(bank_row: Any) -> None:
    rows = pd.DataFrame({"enterprise_id": ["E1", "E2"], "sector": ["toys", "shoes"]})
    banks = banks_from(
        {"bank": [bank_row("north_bank", max_sector_share=0.5), bank_row("south_bank", max_sector_share=0.4)]},
        "banks",
    )  # fmt: skip
    pairs = Pairs(np.asarray([0, 0, 1, 1]), np.asarray([0, 1, 0, 1]))
    found = build_constraints(rows, pairs, banks)
    # two budgets, two loss caps, then shoes and toys of the north, shoes and toys of the south
    assert found.table["segment"].tolist()[4:] == ["shoes", "toys", "shoes", "toys"]
    assert found.table["bank"].tolist()[4:] == ["north_bank"] * 2 + ["south_bank"] * 2
    assert found.limit_constraints.tolist() == [[0, 5, -1], [1, 7, -1], [0, 4, -1], [1, 6, -1]]


def test_prices_of_another_month_are_found_by_bank_row_and_key() -> None:
    keys = ["bank", "constraint", "segment"]
    table = pd.DataFrame([["n", "a", "x"], ["s", "a", "x"], ["n", "b", "x"], ["n", "a", "y"]],
                         columns=keys)  # fmt: skip
    rows = Constraints(table, np.empty((0, 3), np.int64), np.empty((0, 1), np.int64))
    last = table.iloc[[3, 1]].assign(shadow_price=[0.3, 0.1])
    assert rows.prices(last).tolist() == [0.0, 0.1, 0.0, 0.3]


def test_a_row_that_holds_just_the_smallest_line_stands(bank_row: Any) -> None:
    banks = banks_from(
        {"bank": [bank_row("north_bank", budget_cny=50_000.0)], "destinations": {"max_shares": {"US": 1.0}}},
        "banks",
    )  # fmt: skip
    refuse_closed_constraints(banks, 50_000.0)
    with pytest.raises(SettingsError, match="1 rows hold less than the smallest line of 50,001"):
        refuse_closed_constraints(banks, 50_001.0)


# --- what binds ---


def decided(
    *,
    prices: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0),
    pair: tuple[int, int] = (-1, -1),
    level: tuple[int, int] = (-1, -1),
    value: list[list[float]] | None = None,
    used: tuple[float, ...] = (600.0, 0.0, 10.0, 0.0),
) -> Solution:
    """Two enterprises, each with two banks; levels of 100 and 200 whose losses are 10 and 30."""
    pairs = Pairs(np.asarray([0, 0, 1, 1]), np.asarray([0, 1, 0, 1]))
    limit = np.tile([100.0, 200.0], (4, 1))
    loss = np.tile([10.0, 30.0], (4, 1))
    worth = np.asarray(value or [[5.0, 9.0]] * 4)
    table = pd.DataFrame({"constraint": ["n budget", "s budget", "n loss", "s loss"]})
    limit_constraints = np.asarray([[0, -1, -1], [1, -1, -1]] * 2)
    loss_constraints = np.asarray([[2], [3]] * 2)
    options = Options(
        start=np.asarray([0, 2, 4]), limit_constraints=limit_constraints, loss_constraints=loss_constraints,
        value=worth, limit=limit, loss=loss, capacity=np.asarray([1e3, 1e3, 50.0, 100.0]),
    )  # fmt: skip
    lines = LineEconomics(
        cap_cny=np.full(4, 200.0), limit_cny=limit, pd_12m=loss, annual_rate=loss, earning_cny=loss,
        loss_cny=loss, profit_cny=worth, opens=np.tile([False, True], (4, 1)),
    )  # fmt: skip
    allocation = Allocation(
        pair=np.asarray(pair), level=np.asarray(level), value=0.0, bound=0.0,
        shadow_prices=np.asarray(prices), used=np.asarray(used), max_violation=0.0,
    )  # fmt: skip
    return Solution(
        pairs, lines, options, Constraints(table, limit_constraints, loss_constraints), allocation
    )


def test_the_scarcest_row_is_the_dearest_else_the_fullest() -> None:
    # north: budget .1 x 200 = 20 against loss .5 x 30 = 15; south: nothing is priced, 200 of 1,000
    # against 30 of 100
    found = scarcest_constraint(decided(prices=(0.1, 0.0, 0.5, 0.0)))
    assert found.tolist() == ["n budget", "s loss"] * 2
    found = scarcest_constraint(decided(prices=(0.05, 0.0, 0.5, 0.0)))
    assert found.tolist() == ["n loss", "s loss"] * 2
    # no prices: 200 of the 400 that are left against 30 of 40
    assert scarcest_constraint(decided()).tolist() == ["n loss", "s loss"] * 2
    # 200 of 200 that are left against 30 of 40
    spent = scarcest_constraint(decided(used=(800.0, 990.0, 10.0, 0.0)))
    assert spent.tolist() == ["n budget", "s budget"] * 2
    # a best level of 100: .1 x 100 against .5 x 10
    small = scarcest_constraint(decided(prices=(0.1, 0.0, 0.9, 0.0), value=[[9.0, 5.0]] * 4))
    assert small.tolist()[0] == "n budget"


def test_an_offer_is_held_by_a_row_by_profit_or_by_its_cap() -> None:
    cap_part = np.asarray(["ceiling", "bank_maximum"] * 2, dtype=object)
    below_best = decided(prices=(0.1, 0.0, 0.0, 0.0), pair=(0, 3), level=(0, 1))
    assert below_best.is_offer.tolist() == [True, False, False, True]
    assert below_best.level.tolist() == [0, 0, 0, 1]
    found = offer_codes(below_best, cap_part).tolist()
    assert (found[0], found[3]) == ("n budget", "bank_maximum")
    best_below_cap = decided(pair=(0, 3), level=(0, 0), value=[[9.0, 5.0]] * 4)
    assert offer_codes(best_below_cap, cap_part).tolist()[::3] == ["profit", "profit"]


def test_a_decline_names_the_first_that_holds() -> None:
    def known(**changes: list[Any]) -> Screening:
        whole = {"first_refusal": [""] * 4, "has_pd": [True] * 4, "within_max_pd": [True] * 4}
        return Screening(**{
            name: np.asarray(value, dtype=object if name == "first_refusal" else bool)
            for name, value in {**whole, **changes}.items()
        })  # fmt: skip

    no = [False] * 4
    every = decided(pair=(1, -1), level=(1, -1), value=[[5.0, 9.0], [5.0, 9.0], [-1.0, 0.0], [5.0, 9.0]])  # fmt: skip
    assert decline_codes(every, known()).tolist() == ["other_allocation", "other_allocation", "profit", "s loss"]  # fmt: skip
    first = decided(pair=(0, -1), level=(1, -1))
    assert decline_codes(first, known()).tolist()[:2] == ["other_allocation"] * 2
    assert decline_codes(every, known(within_max_pd=no)).tolist() == ["pd_cut"] * 4
    assert decline_codes(every, known(within_max_pd=no, has_pd=no)).tolist() == ["pd_horizon"] * 4
    rule = ["small", "", "", "late"]
    assert decline_codes(every, known(first_refusal=rule, has_pd=no)).tolist() == ["small", "pd_horizon", "pd_horizon", "late"]  # fmt: skip
    shut = Solution(
        every.pairs,
        LineEconomics(**{**vars(every.lines), "opens": np.zeros((4, 2), dtype=bool)}),
        every.options, every.rows, every.allocation,
    )  # fmt: skip
    assert decline_codes(shut, known()).tolist() == ["floor"] * 4


# --- the book ---


def test_a_banks_row_sums_its_offers_and_weighs_its_rate_by_limit(
    scored: pd.DataFrame, policy: Policy, banks: Banks
) -> None:
    pairs = agreements("E1 north_bank", "E2 north_bank", "E4 south_bank")
    scored = round_caps(scored)
    book = recommend(scored, pairs, policy, banks, grid=10)
    north, south = (book.by_bank.iloc[n] for n in (0, 1))
    # E1: 1,000,000 at .12 - .45 x .02; E2: 480,000 at .12; losses PD x .6 x .75
    assert north[["pairs", "offers"]].tolist() == [2, 2]
    assert north["limit_cny"] == 1_500_000.0
    assert north["mean_rate"] == pytest.approx((0.111 * 1e6 + 0.12 * 500_000) / 1_500_000)
    assert north["expected_loss_cny"] == pytest.approx(4_500 + 6_750)
    assert (north["budget_cny"], north["loss_cap_cny"]) == (3e7, 1.5e6)
    offers = book.recommendations[book.recommendations["decision"] == "offer"]
    assert north["expected_profit_cny"] == pytest.approx(offers["expected_profit_cny"].sum())
    assert (north["shadow_price_of_budget"], north["shadow_price_of_loss_cap"]) == (0.0, 0.0)
    assert south[["pairs", "offers", "limit_cny", "expected_loss_cny"]].tolist() == [1, 0, 0, 0]
    assert np.isnan(south["mean_rate"])
    used = book.certificate.rows.set_index(["bank", "constraint"])["used_cny"]
    assert used["north_bank", "bank_budget"] == 1_500_000.0
    assert used["north_bank", "bank_loss_cap"] == pytest.approx(11_250)


def test_a_tight_bank_shows_the_price_of_its_own_rows(
    scored: pd.DataFrame, policy: Policy, bank_row: Any
) -> None:
    banks = banks_from(
        {
            "bank": [
                bank_row("north_bank", budget_cny=300_000.0),
                bank_row("south_bank", max_expected_loss_share=0.0001),
            ]
        },
        "banks",
    )
    pairs = agreements("E1 north_bank", "E2 south_bank")
    found = recommend(scored, pairs, policy, banks, grid=10).by_bank.set_index("bank")
    assert found.loc["north_bank", "shadow_price_of_budget"] > 0
    assert found.loc["north_bank", "shadow_price_of_loss_cap"] == 0
    assert found.loc["south_bank", "shadow_price_of_loss_cap"] > 0
    assert found.loc["south_bank", "shadow_price_of_budget"] == 0
    assert found.loc["south_bank", "loss_cap_cny"] == pytest.approx(3_000.0)


def test_the_room_to_what_holds_next_is_to_the_second_part_or_to_the_cap(
    scored: pd.DataFrame, policy: Policy, bank_row: Any
) -> None:
    def room(pd_12m: float, **changes: float) -> pd.Series:
        banks = banks_from({"bank": [bank_row("north_bank", **changes)]}, "banks")
        one = scored.iloc[[0]].assign(pd_12m=pd_12m)
        return recommend(one, agreements("E1 north_bank"), policy, banks, grid=10).recommendations.iloc[0]  # fmt: skip

    # exports 1,000,000, need 6,000,000 x .8 x 90 / 360 = 1,200,000, ceiling and bank 10,000,000
    first = room(0.01)
    assert (first["binding_constraint"], first["to_next_cny"]) == ("exports_ratio", 200_000.0)
    banks_next = room(0.01, max_limit_cny=1_150_000.0)
    assert (banks_next["binding_constraint"], banks_next["to_next_cny"]) == ("exports_ratio", 150_000.0)  # fmt: skip
    banks_own = room(0.01, max_limit_cny=900_000.0)
    assert (banks_own["binding_constraint"], banks_own["to_next_cny"]) == ("bank_maximum", 100_000.0)  # fmt: skip
    assert banks_own["cap_cny"] == 900_000.0
    equal = room(0.01, max_limit_cny=1_000_000.0)
    assert (equal["binding_constraint"], equal["to_next_cny"]) == ("exports_ratio", 0.0)
    inner = room(0.085)
    assert inner["binding_constraint"] == "profit"
    assert inner["to_next_cny"] == inner["cap_cny"] - inner["limit_cny"] > 0


def test_a_pd_at_the_banks_cut_is_served_and_the_rate_says_what_holds_it(
    scored: pd.DataFrame, policy: Policy, bank_row: Any
) -> None:
    def row(pd_12m: float) -> pd.Series:
        banks = banks_from({"bank": [bank_row("north_bank", max_pd=0.05)]}, "banks")
        one = scored.iloc[[0]].assign(pd_12m=pd_12m)
        return recommend(one, agreements("E1 north_bank"), policy, banks, grid=10).recommendations.iloc[0]  # fmt: skip

    at, above = row(0.05), row(0.0501)
    assert (at["decision"], at["rate_held_by"]) == ("offer", "")
    assert (above["decision"], above["binding_constraint"]) == ("decline", "pd_cut")
    banks = banks_from({"bank": [bank_row("north_bank", min_rate=0.115)]}, "banks")
    low = recommend(scored, agreements("E1 north_bank"), policy, banks, grid=10).recommendations
    assert low["rate_held_by"].tolist() == ["bank_lowest_rate", "", "", "", ""]
    assert low["annual_rate"].iloc[0] == 0.115


def test_each_bank_has_a_cut_of_its_own(
    scored: pd.DataFrame, policy: Policy, bank_row: Any
) -> None:
    banks = banks_from(
        {"bank": [bank_row("north_bank", max_pd=0.04), bank_row("south_bank", max_pd=0.06)]},
        "banks",
    )  # fmt: skip
    one = scored.iloc[[0]].assign(pd_12m=0.05)
    rows = recommend(one, agreements("E1 north_bank", "E1 south_bank"), policy, banks, grid=10)
    found = rows.recommendations.set_index("bank")
    assert found["decision"].to_dict() == {"north_bank": "decline", "south_bank": "offer"}
    assert found.loc["north_bank", "binding_constraint"] == "pd_cut"
    alone_ = recommend(one, agreements("E1 north_bank"), policy, banks, grid=10).recommendations
    assert alone_["binding_constraint"].tolist() == ["pd_cut"]


def test_a_month_holds_the_ranks_by_which_its_curve_was_read(
    scored: pd.DataFrame, policy: Policy, banks: Banks
) -> None:
    pairs = agreements("E1 north_bank")
    rows = scored.assign(pd_12m=[0.03, 0.01, 0.2, 0.02, np.nan])
    book = recommend(rows, pairs, policy, banks, grid=10)
    month = DecisionRule.of(rows, pairs, Terms(policy, banks), book, 10)
    assert month.terms.reference_pds is not None
    # E3 is above every bank's cut, E5 has no PD
    assert month.terms.reference_pds.tolist() == [0.01, 0.02, 0.03]
    assert month.grid == 10
    assert month.prices.equals(book.certificate.rows)


def test_a_refusal_by_agreement_stands_among_the_others_and_alone(
    scored: pd.DataFrame, policy: Policy, banks: Banks
) -> None:
    book = recommend(scored, agreements("E1 north_bank", "E3 north_bank"), policy, banks, grid=10)
    steps = book.funnel.set_index("rule")
    assert steps.loc["agreement", ["tested", "missing", "failed", "failed_alone", "left"]].tolist() == [5, 0, 3, 2, 1]  # fmt: skip
    assert steps["failed_alone"].tolist() == [1, 0, 0, 2]
    rows = book.recommendations.set_index("enterprise_id")
    assert rows.loc["E2", ["refusals", "refusal_text_en", "refusal_text_zh"]].tolist() == [
        "agreement", "No agreement", "未签约",
    ]  # fmt: skip
    assert rows.loc["E4", "binding_constraint"] == "too_few_deals"
    assert rows.loc["E2", "cap_cny"] == 480_000.0
    assert rows.loc["E5", "cap_cny"] == 400_000.0
    without = recommend(scored, agreements("E1 north_bank"), policy, banks, grid=10)
    assert without.funnel["failed_alone"].tolist() == [0, 0, 0, 2]


def test_declines_without_a_rule_have_the_words_of_their_code(
    scored: pd.DataFrame, policy: Policy, banks: Banks
) -> None:
    pairs = agreements("E1 north_bank", "E1 south_bank", "E4 south_bank", "E5 north_bank")
    rows = recommend(scored, pairs, policy, banks, grid=10).recommendations
    english = dict(zip(zip(rows["enterprise_id"], rows["bank"], strict=True), rows["refusal_text_en"], strict=True))  # fmt: skip
    assert english["E1", "south_bank"] == ""
    assert english["E1", "north_bank"].startswith("Not placed at this bank")
    assert english["E5", "north_bank"].startswith("No twelve-month default probability")
    assert english["E4", "south_bank"] == "too_few_deals in words; arrears in words"


def test_curves_are_of_pairs_that_could_have_a_line(
    scored: pd.DataFrame, policy: Policy, banks: Banks
) -> None:
    every = agreements(*(f"E{n} north_bank" for n in range(1, 6)))
    small = scored.assign(exports_usd_12m=[1e6, 1e4, 1.5e5, 8e5, 5e5])
    curves = recommend(small, every, policy, banks, grid=10).curves
    # E2's cap is below the floor, E3 and E4 are refused, E5 has no PD
    assert curves["level"].tolist() == pytest.approx([n / 10 for n in range(1, 11)])
    assert curves["pairs"].tolist() == [1] * 10
    assert curves["grade"].tolist() == ["G03"] * 10


def test_the_book_says_how_good_it_is(scored: pd.DataFrame, policy: Policy, banks: Banks) -> None:
    book = recommend(scored, agreements("E1 north_bank", "E2 north_bank"), policy, banks, grid=10)
    offers = book.recommendations[book.recommendations["decision"] == "offer"]
    assert book.certificate.value == pytest.approx(offers["expected_profit_cny"].sum())
    assert book.certificate.bound >= book.certificate.value
    assert book.certificate.gap == pytest.approx(0.0, abs=1e-9)
    assert book.pairs_not_scored == 0
    assert Allocation(
        np.empty(0), np.empty(0), 75.0, 100.0, np.empty(0), np.empty(0), 0.0
    ).gap == pytest.approx(0.25)  # fmt: skip


def test_candidates_that_no_limit_can_be_made_of_are_refused(
    scored: pd.DataFrame, policy: Policy, banks: Banks
) -> None:
    pair = agreements("E1 north_bank")
    with pytest.raises(DataError, match=r"2 columns missing \(first: pd_low\)"):
        recommend(scored.drop(columns=["grade", "pd_low"]), pair, policy, banks, grid=10)
    for strange in (-0.001, 1.001):
        with pytest.raises(DataError, match="1 of 5 rows outside 0 to 1"):
            recommend(
                scored.assign(pd_12m=[strange, 0.0, 1.0, 0.5, np.nan]),
                pair, policy, banks, grid=10,
            )  # fmt: skip


# --- one enterprise by itself ---


def alone(policy: Policy, banks: Banks, prices: pd.DataFrame, *pairs: str) -> DecisionRule:
    return DecisionRule(agreements(*pairs), Terms(policy, banks), prices, 10)


def priced(**prices: float) -> pd.DataFrame:
    rows = [("north_bank", name, "", price) for name, price in prices.items()]
    return pd.DataFrame(rows, columns=["bank", "constraint", "segment", "shadow_price"])


def test_a_line_earns_its_profit_less_the_prices_of_what_it_uses(
    scored: pd.DataFrame, policy: Policy, banks: Banks
) -> None:
    scored = round_caps(scored)
    lines = pd.DataFrame(
        {
            "bank": ["north_bank", "north_bank", "", "west_bank", "south_bank"],
            "limit_cny": [1e6, 500e3, 1e5, 1e5, 0.0],
            "annual_rate": [0.111, 0.125, np.nan, 0.12, 0.12],
        }
    )
    free = alone(policy, banks, priced(), "E1 north_bank").profit(scored, lines)
    dear = alone(
        policy, banks, priced(bank_budget=0.01, bank_loss_cap=0.5), "E1 north_bank"
    ).profit(scored, lines)
    assert free.iloc[2:].tolist() == dear.iloc[2:].tolist() == [0.0, 0.0, 0.0]
    assert (free - dear).iloc[:2].tolist() == pytest.approx(
        [0.01 * 1e6 + 0.5 * 4_500, 0.01 * 500e3 + 0.5 * 6_750]
    )
    at_its_rate = recommend(scored, agreements("E1 north_bank", "E2 north_bank"), policy, banks, grid=10)  # fmt: skip
    offers = at_its_rate.recommendations.set_index("enterprise_id")["expected_profit_cny"]
    # E2 agreed to half a point more than the rule's .12 on the half that is drawn and performs
    assert free.iloc[:2].tolist() == pytest.approx(
        [offers["E1"], offers["E2"] + 0.005 * 250_000 * 0.97]
    )


def test_a_line_whose_profit_its_prices_take_whole_is_not_given(
    scored: pd.DataFrame, policy: Policy, banks: Banks
) -> None:
    one = scored.iloc[[0]]
    free = alone(policy, banks, priced(), "E1 north_bank").decide(one).iloc[0]
    assert (free["bank"], free["limit_cny"]) == ("north_bank", 1e6)
    assert free["net_cny"] == free["expected_profit_cny"]
    worth = free["expected_profit_cny"] / free["limit_cny"]
    near = alone(policy, banks, priced(bank_budget=0.9 * worth), "E1 north_bank").decide(one)
    assert near["net_cny"].iloc[0] == pytest.approx(0.1 * free["expected_profit_cny"], rel=0.5)
    gone = alone(policy, banks, priced(bank_budget=1.5 * worth), "E1 north_bank").decide(one)
    assert gone[["bank", "limit_cny", "expected_profit_cny", "net_cny"]].iloc[0].tolist() == ["", 0.0, 0.0, 0.0]  # fmt: skip


def test_of_two_banks_the_one_that_nets_more_is_taken(
    scored: pd.DataFrame, policy: Policy, banks: Banks
) -> None:
    both = ("E1 north_bank", "E1 south_bank")
    one = scored.iloc[[0]]
    assert alone(policy, banks, priced(), *both).decide(one)["bank"].tolist() == ["south_bank"]
    dear = priced(bank_budget=1.0).assign(bank="south_bank")
    assert alone(policy, banks, dear, *both).decide(one)["bank"].tolist() == ["north_bank"]
