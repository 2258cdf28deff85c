import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel.errors import DataError, SettingsError
from riskmodel.limits import (
    Banks,
    Policy,
    banks_from,
    convert_to_twelve_months,
    fixed_ratio_rule,
    policy_from,
    recommend,
)
from riskmodel.limits.book import Certificate

PAIRS = [("E1", "north_bank"), ("E1", "south_bank"), ("E2", "north_bank"), ("E4", "south_bank")]


@pytest.fixture
def agreements() -> pd.DataFrame:
    return pd.DataFrame([*PAIRS, ("E5", "north_bank")], columns=["enterprise_id", "bank"])


def test_each_pair_has_a_row_and_each_enterprise_without_one_too(
    scored: pd.DataFrame, agreements: pd.DataFrame, policy: Policy, banks: Banks
) -> None:
    rows = recommend(scored, agreements, policy, banks, grid=10).recommendations
    assert list(zip(rows["enterprise_id"], rows["bank"], strict=True)) == [
        ("E1", "north_bank"),
        ("E1", "south_bank"),
        ("E2", "north_bank"),
        ("E3", ""),
        ("E4", "south_bank"),
        ("E5", "north_bank"),
    ]
    assert rows["decision"].tolist() == [
        "decline",
        "offer",
        "offer",
        "decline",
        "decline",
        "decline",
    ]
    assert rows["binding_constraint"].tolist() == [
        "other_allocation",
        "exports_ratio",
        "exports_ratio",
        "exports_too_small",
        "too_few_deals",
        "pd_horizon",
    ]


def test_offers_state_limit_rate_and_loss_and_declines_none(
    scored: pd.DataFrame, agreements: pd.DataFrame, policy: Policy, banks: Banks
) -> None:
    rows = recommend(scored, agreements, policy, banks, grid=10).recommendations
    row = rows[rows["bank"].eq("south_bank") & rows["enterprise_id"].eq("E1")].iloc[0]
    # 1,000,000 USD through the platform; .13 + .45 x (.01 - .03); .01 x .6 x .75
    assert (row["limit_cny"], row["cap_cny"]) == (1_000_000.0, 1_000_000.0)
    assert row["annual_rate"] == pytest.approx(0.121)
    assert row["expected_loss_cny"] == pytest.approx(4_500.0)
    declined = rows[rows["decision"] == "decline"]
    assert declined["limit_cny"].eq(0).all()
    assert declined["annual_rate"].isna().all()
    assert declined["refusal_text_en"].ne("").all()
    assert declined["refusal_text_zh"].ne("").all()


def test_an_enterprise_that_signed_nowhere_is_told_so_with_all_else_that_failed(
    scored: pd.DataFrame, policy: Policy, banks: Banks
) -> None:
    nobody = pd.DataFrame({"enterprise_id": [], "bank": []}, dtype="str")
    book = recommend(scored, nobody, policy, banks, grid=10)
    rows = book.recommendations.set_index("enterprise_id")
    assert rows.loc["E1", "binding_constraint"] == "agreement"
    assert rows.loc["E4", "refusals"] == "too_few_deals; arrears; agreement"
    assert rows.loc["E4", "refusal_text_en"].endswith("No agreement")
    assert book.certificate.bound == 0
    agreement = book.funnel.set_index("rule").loc["agreement"]
    assert agreement[["failed", "failed_alone", "left"]].tolist() == [5, 3, 0]


def test_who_signed_only_with_banks_that_are_left_out_is_told_that_and_not_that_nobody_signed(
    scored: pd.DataFrame, agreements: pd.DataFrame, policy: Policy, banks: Banks
) -> None:
    known = agreements[agreements["enterprise_id"] == "E5"]
    book = recommend(scored, known, policy, banks, grid=10, left_out=["E1", "E4"])
    rows = book.recommendations.set_index("enterprise_id")
    assert rows.loc["E1", ["bank", "decision", "refusals", "binding_constraint"]].tolist() == [
        "", "decline", "bank_left_out", "bank_left_out",
    ]  # fmt: skip
    assert rows.loc["E4", "refusals"] == "too_few_deals; arrears; bank_left_out"
    assert rows.loc["E2", "refusals"] == "agreement"
    assert "left out of this run" in rows.loc["E1", "refusal_text_en"]
    assert "No agreement" not in rows.loc["E1", "refusal_text_en"]
    assert "未签约" not in rows.loc["E4", "refusal_text_zh"]
    # of E1 to E5: E2 and E3 have no agreement; E1 and E4 only with banks left out; E5 has one
    steps = book.funnel.set_index("rule")[["failed", "failed_alone", "left"]]
    assert steps.loc["agreement"].tolist() == [2, 1, 2]
    assert steps.loc["bank_left_out"].tolist() == [2, 1, 1]
    assert list(steps.index[-2:]) == ["agreement", "bank_left_out"]


def test_no_rule_may_take_the_name_of_a_decline_of_ours(terms: dict[str, Any]) -> None:
    for name in ("agreement", "bank_left_out"):
        terms["eligibility"] = [{**terms["eligibility"][0], "name": name}]
        with pytest.raises(SettingsError, match="a name of its own"):
            policy_from(terms, "terms")


def test_a_bank_without_a_row_is_refused_with_its_count(
    scored: pd.DataFrame, agreements: pd.DataFrame, policy: Policy, banks: Banks
) -> None:
    strange = agreements.replace({"bank": {"south_bank": "west_bank"}})
    with pytest.raises(SettingsError, match=r"2 of 5 agreements .* west_bank"):
        recommend(scored, strange, policy, banks, grid=10)


def test_without_agreements_every_enterprise_may_borrow_from_every_bank(
    scored: pd.DataFrame, terms: dict[str, Any], banks: Banks
) -> None:
    terms["agreement"] = {**terms["agreement"], "required": False}
    nobody = pd.DataFrame({"enterprise_id": [], "bank": []}, dtype="str")
    book = recommend(scored, nobody, policy_from(terms, "terms"), banks, grid=10)
    assert len(book.recommendations) == 10
    assert book.by_bank["offers"].sum() == 2


def test_a_pd_above_the_banks_cut_a_small_cap_and_a_poor_line_are_named(
    scored: pd.DataFrame, agreements: pd.DataFrame, policy: Policy, bank_row: Any
) -> None:
    def reason(pd_12m: float, usd: float, **changes: float) -> str:
        banks = banks_from({"bank": [bank_row("north_bank", **changes)]}, "banks")
        one = scored.iloc[[0]].assign(pd_12m=pd_12m, exports_usd_12m=usd)
        pair = agreements.iloc[[0]]
        book = recommend(one, pair, policy, banks, grid=10)
        return str(book.recommendations["binding_constraint"].iloc[0])

    assert reason(0.11, 1e6) == "pd_cut"
    assert reason(0.01, 49_999.0) == "floor"
    assert reason(0.01, 1e6, max_limit_cny=49_999.0) == "floor"
    assert reason(0.30, 1e6, max_pd=1.0) == "profit"
    assert reason(0.01, 1e6, budget_cny=0.0) == "bank_budget"
    assert reason(0.01, 1e6, max_expected_loss_share=0.0) == "bank_loss_cap"
    assert reason(0.01, 1e6, max_limit_cny=300_000.0) == "bank_maximum"
    assert reason(0.01, 1e6, budget_cny=300_000.0) == "bank_budget"


def test_an_interior_best_level_is_bound_by_profit(
    scored: pd.DataFrame, agreements: pd.DataFrame, policy: Policy, banks: Banks
) -> None:
    risky = scored.iloc[[0]].assign(pd_12m=0.085)
    row = recommend(risky, agreements.iloc[[0]], policy, banks, grid=10).recommendations.iloc[0]
    assert row["decision"] == "offer"
    assert 0 < row["limit_cny"] < row["cap_cny"]
    assert row["binding_constraint"] == "profit"
    assert row["pd_at_limit"] < 0.085


def test_enterprises_that_were_not_scored_are_counted(
    scored: pd.DataFrame, agreements: pd.DataFrame, policy: Policy, banks: Banks
) -> None:
    book = recommend(scored.iloc[1:], agreements, policy, banks, grid=10)
    assert book.pairs_not_scored == 2


def test_a_repeated_enterprise_is_refused(
    scored: pd.DataFrame, agreements: pd.DataFrame, policy: Policy, banks: Banks
) -> None:
    with pytest.raises(DataError, match=r"1 of 6 rows repeat an id \(first: E1\)"):
        recommend(scored.iloc[[0, 0, 1, 2, 3, 4]], agreements, policy, banks, grid=10)


def test_a_churn_curve_that_the_policy_names_must_be_there(
    scored: pd.DataFrame, agreements: pd.DataFrame, policy: Policy, banks: Banks
) -> None:
    curve = pd.DataFrame({"annual_rate": [0.1], "segment": ["A"], "churn": [0.1]})
    with pytest.raises(SettingsError, match="names none"):
        recommend(scored, agreements, policy, banks, grid=10, churn=curve)


def test_the_candidates_are_left_as_they_were(
    scored: pd.DataFrame, agreements: pd.DataFrame, policy: Policy, banks: Banks
) -> None:
    before = scored.copy(deep=True)
    recommend(scored, agreements, policy, banks, grid=10)
    pd.testing.assert_frame_equal(scored, before)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 60), tight=st.floats(0.01, 1.5))
def test_a_book_keeps_every_cap_every_budget_and_one_offer_an_enterprise(
    seed: int, count: int, tight: float
) -> None:
    rng = np.random.default_rng(seed)
    policy, banks = _programme(tight)
    scored = _drawn(rng, count)
    agreements = _signed(rng, scored, banks)
    book = recommend(scored, agreements, policy, banks, grid=10)
    offers = book.recommendations[book.recommendations["decision"] == "offer"]
    assert not offers["enterprise_id"].duplicated().any()
    assert (offers["limit_cny"] <= offers["cap_cny"]).all()
    assert (offers["limit_cny"] % 1_000 == 0).all()
    parts = offers.merge(book.caps, on="enterprise_id", validate="many_to_one")
    for part in ("exports_ratio", "ceiling", "working_capital"):
        assert (parts["limit_cny"] <= parts[part]).all()
    sums = offers.groupby("bank")[["limit_cny", "expected_loss_cny"]].sum()
    for bank in banks.bank:
        if bank.name in sums.index:
            assert sums.loc[bank.name, "limit_cny"] <= bank.budget_cny
            assert sums.loc[bank.name, "expected_loss_cny"] <= bank.loss_cap_cny * (1 + 1e-12)
    assert book.certificate.max_violation == 0.0
    assert book.recommendations["binding_constraint"].ne("").all()


def test_the_order_of_rows_changes_no_recommendation() -> None:
    rng = np.random.default_rng(4)
    policy, banks = _programme(0.1)
    scored = _drawn(rng, 50)
    agreements = _signed(rng, scored, banks)
    mixed = scored.sample(frac=1, random_state=1)
    first = recommend(scored, agreements, policy, banks, grid=10)
    again = recommend(mixed, agreements.sample(frac=1, random_state=2), policy, banks, grid=10)
    pd.testing.assert_frame_equal(first.recommendations, again.recommendations)


def test_the_plain_rule_gives_a_yuan_a_dollar_up_to_its_cut(
    scored: pd.DataFrame, policy: Policy
) -> None:
    def limits(pd_cut: float) -> list[float]:
        return fixed_ratio_rule(scored, policy, max_pd=pd_cut)["limit_cny"].tolist()

    assert limits(0.02) == [1_000_000.0, 0.0, 0.0, 0.0, 0.0]
    assert limits(1.0) == [1_000_000.0, 480_000.0, 0.0, 0.0, 0.0]


def test_a_pd_of_another_horizon_becomes_a_limit_only_by_a_stated_setting() -> None:
    pds = pd.Series([0.19, 0.0])
    assert convert_to_twelve_months(pds, 12, "refuse").tolist() == [0.19, 0.0]
    assert convert_to_twelve_months(pds, 24, "refuse").isna().all()
    assert convert_to_twelve_months(pds, None, "as_is").tolist() == [0.19, 0.0]
    # 1 - .81^(1/2)
    assert convert_to_twelve_months(pds, 24, "constant_hazard").tolist() == pytest.approx(
        [0.1, 0.0]
    )
    with pytest.raises(SettingsError, match="needs a horizon"):
        convert_to_twelve_months(pds, None, "constant_hazard")


def _programme(tight: float) -> tuple[Policy, Banks]:
    folder = Path(__file__).parents[2] / "experiments"
    policy = tomllib.loads((folder / "policy.toml").read_text("utf-8"))
    banks = tomllib.loads((folder / "banks.toml").read_text("utf-8"))
    rows = [{**row, "budget_cny": row["budget_cny"] * tight} for row in banks["bank"]]
    return policy_from(policy, "policy"), banks_from({"bank": rows}, "banks")


def _drawn(rng: np.random.Generator, count: int) -> pd.DataFrame:
    usd = rng.lognormal(13.5, 1.2, count)
    default = rng.beta(1, 25, count)
    return pd.DataFrame(
        {
            "enterprise_id": [f"E{number:03d}" for number in range(count)],
            "as_of": pd.Timestamp("2014-07-01"),
            "exports_usd_6m": usd * 0.5,
            "deals_6m": 5.0,
            "exports_usd_12m": usd,
            "exports_platform_usd_12m": usd * rng.random(count),
            "exports_cny_12m": usd * 6.2,
            "debt_cny": usd * rng.random(count),
            "pd_12m": default,
            "pd_low": default * 0.5,
            "pd_high": default * 1.5,
            "grade": np.where(default < 0.03, "G03", "G06"),
        }
    )


def _signed(rng: np.random.Generator, scored: pd.DataFrame, banks: Banks) -> pd.DataFrame:
    pairs = pd.MultiIndex.from_product(
        [scored["enterprise_id"], banks.names], names=["enterprise_id", "bank"]
    ).to_frame(index=False)
    return pairs[rng.random(len(pairs)) < 0.6]


def test_the_proof_in_words_is_never_nearer_the_best_than_it_is() -> None:
    rows = pd.DataFrame({"constraint": ["bank_budget"] * 1200})
    proof = Certificate(12_701_681.67, 12_708_671.37, 0.00054999422, 0.0004, rows)
    assert proof.text == (
        "Worth 12,701,681 CNY a year, at most 12,708,672 CNY by any allocation, so proven within"
        " 0.055% of the best. The largest amount by which any of 1,200 constraints is exceeded: 0.01 CNY."
    )
    assert "proven within 0.001% of the best" in Certificate(1.0, 1.0, 1e-9, 0.0, rows).gap_text
