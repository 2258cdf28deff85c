"""Reasons for changes, limits that never fall as exports rise, provinces held against each other."""

import numpy as np
import pandas as pd
import pytest

from riskmodel.errors import DataError
from riskmodel.limits.diagnostics.regional_parity import Matching, measure_regional_parity
from riskmodel.limits.diagnostics.stability import (
    REASONS,
    Tolerance,
    check_monotonicity,
    count_changes,
    explain_changes,
)
from riskmodel.limits.recourse.recourse import Recommender

TOLERANCE = Tolerance(
    large=0.2,
    cap_part=0.5,
    pd_move=0.1,
    row_codes=("bank_budget", "other_allocation"),
    bank_codes=("bank_maximum",),
)


def pair(enterprise: str, bank: str = "north_bank", limit: float = 100.0, **other: object):
    usual = {"cap_cny": 100.0, "pd_12m": 0.02, "binding_constraint": "profit", "refusals": ""}
    decision = "offer" if limit > 0 else "decline"
    named = {"enterprise_id": enterprise, "bank": bank, "decision": decision, "limit_cny": limit}
    return {**named, **usual, **other}


def reason(before: list[dict], now: list[dict], tolerance: Tolerance = TOLERANCE) -> dict:
    found = explain_changes(pd.DataFrame(before), pd.DataFrame(now), tolerance)
    return found.set_index(["enterprise_id", "bank"])["reason"].to_dict()


CASES = {
    "small": ({}, {"limit": 85.0}),
    "eligibility": ({}, {"limit": 0.0, "refusals": "too_few_deals", "cap_cny": 0.0}),
    "exports_cap": ({}, {"limit": 50.0, "cap_cny": 60.0}),
    "bank_terms": ({}, {"limit": 50.0, "cap_cny": 50.0, "binding_constraint": "bank_maximum"}),
    "pd": ({}, {"limit": 50.0, "pd_12m": 0.03}),
    "allocation": ({}, {"limit": 50.0, "binding_constraint": "bank_budget"}),
    "unexplained": ({}, {"limit": 50.0}),
}


@pytest.mark.parametrize("name", CASES)
def test_a_change_has_the_reason_that_its_columns_show(name):
    before, now = CASES[name]
    assert reason([pair("E1", **before)], [pair("E1", **now)]) == {("E1", "north_bank"): name}


def test_what_moved_the_other_way_is_no_reason():
    fallen = [pair("E1", limit=50.0, cap_cny=200.0, pd_12m=0.01)]
    assert reason([pair("E1")], fallen)["E1", "north_bank"] == "unexplained"


def test_a_cap_that_moved_too_little_is_no_reason():
    assert reason([pair("E1")], [pair("E1", limit=50.0, cap_cny=90.0)]) == {
        ("E1", "north_bank"): "unexplained"
    }


def test_terms_that_are_known_to_have_changed_are_a_reason():
    known = Tolerance(0.2, 0.5, 0.1, (), (), changed_banks=("north_bank",))
    assert reason([pair("E1")], [pair("E1", limit=50.0)], known)["E1", "north_bank"] == "bank_terms"


def test_a_line_at_another_bank_is_a_new_allocation_and_no_change_of_the_enterprise():
    before = [pair("E1"), pair("E1", "south_bank", 0.0)]
    now = [pair("E1", limit=0.0), pair("E1", "south_bank", 100.0)]
    found = explain_changes(pd.DataFrame(before), pd.DataFrame(now), TOLERANCE)
    assert found["change"].tolist() == [-1.0, 1.0]
    assert found["enterprise_change"].tolist() == [0.0, 0.0]
    assert found["reason"].tolist() == ["allocation", "allocation"]


def test_who_comes_or_goes_and_which_agreement_does_is_told_apart():
    before = [pair("E1"), pair("E2", "north_bank"), pair("E2", "south_bank", 0.0)]
    now = [pair("E2", "south_bank", 0.0), pair("E3")]
    assert reason(before, now) == {
        ("E1", "north_bank"): "enterprise",
        ("E2", "north_bank"): "agreement",
        ("E3", "north_bank"): "enterprise",
    }


def test_counts_by_bank_and_reason_hold_every_pair_once():
    before = [pair("E1"), pair("E2"), pair("E3", "south_bank"), pair("E4", limit=0.0)]
    now = [
        pair("E1", limit=50.0),
        pair("E2"),
        pair("E3", "south_bank", 30.0),
        pair("E4", limit=0.0),
    ]
    found = count_changes(explain_changes(pd.DataFrame(before), pd.DataFrame(now), TOLERANCE))
    table = found.set_index(["bank", "reason"])
    assert table.loc[("north_bank", "unexplained"), "changes"] == 1
    assert table.loc[("north_bank", "unexplained"), "share"] == 0.5
    assert table.loc[("all", "unexplained"), "limit_change_cny"] == -120.0
    assert found[found["bank"] == "all"]["changes"].sum() == 3
    assert set(found["reason"]) == {*REASONS, "small"}


def test_a_reason_of_ones_own_is_counted_too():
    changed = explain_changes(
        pd.DataFrame([pair("E1")]), pd.DataFrame([pair("E1", limit=1.0)]), TOLERANCE
    )
    found = count_changes(changed.assign(reason="several")).set_index(["bank", "reason"])
    assert found.loc[("north_bank", "several"), "changes"] == 1


def scored_by(pd_of_exports):
    def score(features: pd.DataFrame) -> pd.DataFrame:
        pd_12m = pd_of_exports(features["exports_usd_12m"])
        ends = {"pd_12m": pd_12m, "pd_low": pd_12m, "pd_high": pd_12m, "grade": "G1"}
        return pd.DataFrame(ends, index=features.index)

    return score


def by_exports(scored: pd.DataFrame) -> pd.DataFrame:
    limit = scored["exports_usd_12m"] * (1 - 10 * scored["pd_12m"]).clip(lower=0)
    return scored[["enterprise_id"]].assign(bank="north_bank", limit_cny=limit)


EXPORTERS = pd.DataFrame({"enterprise_id": ["E1", "E2"], "exports_usd_12m": [100.0, 0.0]})


def test_no_limit_falls_where_neither_terms_nor_model_punish_exports():
    steady = Recommender(scored_by(lambda usd: 0.05 - usd * 0), by_exports)
    found = check_monotonicity(EXPORTERS, steady)
    assert found.falls.empty
    assert (found.counts["enterprises"] == 1).all()  # who exports nothing is not moved
    assert (found.counts["higher"] == 1).all()


def test_a_model_that_punishes_exports_is_found_out_and_the_terms_are_not_blamed():
    # At 110 the PD is .08 instead of .01: 22 instead of 90.
    punishing = Recommender(scored_by(lambda usd: 0.01 + 0.07 * (usd > 105)), by_exports)
    found = check_monotonicity(EXPORTERS, punishing, rises=(0.01, 0.10))
    assert set(found.falls["pd"]) == {"model"}
    assert set(found.falls["rise"]) == {0.10}
    assert found.counts.loc[found.counts["pd"] == "held", "falls"].sum() == 0
    fall = found.counts[(found.counts["pd"] == "model") & (found.counts["rise"] == 0.10)].iloc[0]
    assert (fall["falls"], fall["ended"]) == (1, 0)
    assert fall["largest_fall_cny"] == pytest.approx(90.0 - 22.0)


def test_terms_that_punish_exports_are_found_out_with_the_pd_held():
    def falling(scored: pd.DataFrame) -> pd.DataFrame:
        limit = 1_000.0 - scored["exports_usd_12m"]
        return scored[["enterprise_id"]].assign(bank="north_bank", limit_cny=limit)

    found = check_monotonicity(EXPORTERS, Recommender(scored_by(lambda usd: usd * 0), falling))
    assert (found.counts["falls"] == 1).all()


def test_held_features_stay_and_money_follows_only_where_the_action_says_so():
    seen = []

    def watching(scored: pd.DataFrame) -> pd.DataFrame:
        seen.append(scored[["receipts_usd_12m", "receipts_to_exports_12m"]].iloc[0].tolist())
        return by_exports(scored)

    rows = EXPORTERS.iloc[:1].assign(receipts_usd_12m=80.0, receipts_to_exports_12m=0.8)
    steady = Recommender(scored_by(lambda usd: usd * 0), watching)
    check_monotonicity(rows, steady, rises=(0.6,))
    size, following, alone = seen[1], seen[3], seen[5]
    assert size == [80.0, 0.8]
    assert following == pytest.approx([128.0, 0.8])
    assert alone == pytest.approx([80.0, 0.5])


MATCHING = Matching(log_odds=0.3, log_cap=0.3, nearest=3, min_matched=10)


def offers(effect: float, *, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    count = 400
    province = rng.choice(["east", "north", "west"], count)
    cap = np.exp(rng.normal(13.0, 0.3, count))
    noise = rng.normal(0.0, 0.1, count)
    return pd.DataFrame(
        {
            "enterprise_id": [f"E{number:03d}" for number in range(count)],
            "province": province,
            "pd_12m": rng.uniform(0.01, 0.02, count),
            "cap_cny": cap,
            "limit_cny": cap * np.exp(noise + effect * (province == "west")),
        }
    )


def test_a_province_that_gets_a_fifth_less_is_set_apart():
    found = measure_regional_parity(offers(np.log(0.8)), MATCHING, seed=1)
    west = found.rows.set_index("province").loc["west"]
    assert west["apart"]
    assert west["low"] < -0.2 < west["high"]
    assert found.by_chance == pytest.approx(0.05)


def test_alike_provinces_are_seldom_set_apart():
    shares = [
        measure_regional_parity(offers(0.0, seed=seed), MATCHING, seed=1, draws=200).apart_share
        for seed in range(20)
    ]
    # 60 provinces at 5 %: more than 9 apart has a chance of .1 %.
    assert sum(shares) * 3 <= 9


def test_matches_are_in_other_provinces_within_the_calipers_and_the_mean_is_by_hand():
    rows = pd.DataFrame(
        {
            "enterprise_id": ["E1", "E2", "E3", "E4"],
            "province": ["east", "east", "west", "west"],
            "pd_12m": 0.02,
            "cap_cny": [100.0, 100.0, 100.0, 1_000.0],
            "limit_cny": [80.0, 20.0, 100.0, 500.0],
        }
    )
    found = measure_regional_parity(rows, MATCHING, seed=0).rows.set_index("province")
    # East's two are held against E3 alone: E4's cap is far away. The mean of logs of .8 and .2.
    assert found.loc["east", "difference"] == pytest.approx(np.sqrt(0.8 * 0.2) - 1)
    # E3 against E1 and E2; E4 has no match.
    assert found.loc["west", "difference"] == pytest.approx(100 / np.sqrt(80 * 20) - 1)
    assert found["matched"].to_dict() == {"east": 2, "west": 1}
    assert not found["tested"].any()


def test_the_order_of_rows_changes_nothing_and_offers_without_a_province_are_counted():
    rows = offers(0.1)
    rows.loc[:4, "province"] = None
    one = measure_regional_parity(rows, MATCHING, seed=3, draws=50)
    other = measure_regional_parity(rows.sample(frac=1, random_state=1), MATCHING, seed=3, draws=50)
    pd.testing.assert_frame_equal(one.rows, other.rows)
    assert one.unplaced == 5


def test_an_offer_without_a_limit_stops():
    with pytest.raises(DataError, match="1 of 400"):
        measure_regional_parity(offers(0.0).assign(limit_cny=[0.0] + [1.0] * 399), MATCHING, seed=0)
