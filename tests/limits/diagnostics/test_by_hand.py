"""Questions asked of a book, and books held against the truth: edges and sums, by hand."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from riskmodel.errors import DataError
from riskmodel.features.spec import Expression
from riskmodel.limits import Banks, Behaviour, Policy, Terms
from riskmodel.limits.backtest.backtest import (
    BOOK,
    CUT,
    CUT_AT_BASE,
    ORACLE,
    Outcome,
    clean_truth,
    evaluate_lines,
    limits_to_query,
    predicted_outcome_of,
    profit_and_loss,
    rule_books,
    truncate_to_volume,
    value_of_information,
)
from riskmodel.limits.backtest.measures import (
    BAD,
    BAD_BY_LIMIT,
    LIFT,
    LIFT_AT_BASE,
    average_over_simulations,
    bootstrap_intervals,
    compute_measures,
    excess_limits,
    frontier,
    observed_outcomes,
    response_errors,
    stress_loss_caps,
    summarise_books,
    swap_sets,
)
from riskmodel.limits.behaviour.limit_response import Centre, LimitResponse
from riskmodel.limits.capital import risk_weight
from riskmodel.limits.diagnostics.regional_parity import Matching, measure_regional_parity
from riskmodel.limits.diagnostics.stability import (
    Tolerance,
    check_monotonicity,
    count_changes,
    explain_changes,
)
from riskmodel.limits.diagnostics.uncertainty import (
    at_pd,
    cost_of_pd_error,
    limit_interval,
    summarise_costs,
)
from riskmodel.limits.recommend import build_problem
from riskmodel.limits.recourse.actions import (
    ACTIONS,
    EXPORTS,
    Action,
    Step,
    becomes,
    evaluate_expression,
    evens_share,
    gains,
    gains_buyers,
    grows_by_size,
    loses,
    nears_zero,
)
from riskmodel.limits.recourse.recourse import NextLevel, Recommender, find_causes, find_recourse
from riskmodel.limits.recourse.texts import write_sentences, write_without_recourse

# --- steadiness ---

LOOSE = Tolerance(large=0.2, cap_part=0.5, pd_move=0.1, row_codes=("bank_budget",), bank_codes=("bank_maximum",))  # fmt: skip


def pair(limit: float = 100.0, enterprise: str = "E1", **other: object) -> dict[str, object]:
    usual = {"bank": "north_bank", "cap_cny": 100.0, "pd_12m": 0.02, "refusals": ""}
    named = {"enterprise_id": enterprise, "limit_cny": limit, "binding_constraint": "profit"}
    return {**named, **usual, "decision": "offer" if limit > 0 else "decline", **other}


def reason(before: dict[str, object], now: dict[str, object], **other: Any) -> str:
    found = explain_changes(pd.DataFrame([before]), pd.DataFrame([now]), replace(LOOSE, **other))
    return str(found["reason"].iloc[0])


def moved_pd(log_odds: float) -> float:
    odds = 0.02 / 0.98 * np.exp(log_odds)
    return float(odds / (1 + odds))


def test_a_change_at_the_bound_is_small_and_above_it_is_not() -> None:
    assert reason(pair(100.0), pair(80.0)) == "small"
    assert reason(pair(100.0), pair(79.0)) == "unexplained"
    assert reason(pair(80.0), pair(100.0)) == "small"  # a share of the larger of the two
    assert reason(pair(79.0), pair(100.0)) == "unexplained"


def test_a_cap_explains_from_half_of_the_change_on_and_both_ways() -> None:
    # in logs: 100 to 25 is ln 4, of which 100 to 50 is half
    assert reason(pair(), pair(25.0, cap_cny=50.0 - 1e-9)) == "exports_cap"
    assert reason(pair(), pair(25.0, cap_cny=51.0)) == "unexplained"
    assert reason(pair(25.0, cap_cny=49.0), pair()) == "exports_cap"
    assert reason(pair(25.0, cap_cny=51.0), pair()) == "unexplained"
    # a cap that came or went explains a line that did, and no smaller change
    assert reason(pair(), pair(0.0, cap_cny=0.0)) == "exports_cap"
    assert reason(pair(0.0, cap_cny=0.0), pair()) == "exports_cap"
    assert reason(pair(cap_cny=0.0), pair(50.0)) == "unexplained"
    assert reason(pair(50.0, cap_cny=0.0), pair()) == "unexplained"
    assert reason(pair(0.0, cap_cny=50.0), pair()) == "unexplained"


def test_a_pd_explains_from_the_stated_move_on_against_the_limits_way() -> None:
    assert reason(pair(), pair(50.0, pd_12m=moved_pd(0.101))) == "pd"
    assert reason(pair(), pair(50.0, pd_12m=moved_pd(0.099))) == "unexplained"
    assert reason(pair(), pair(50.0, pd_12m=moved_pd(-0.5))) == "unexplained"
    assert reason(pair(50.0), pair(pd_12m=moved_pd(-0.101))) == "pd"
    assert reason(pair(50.0), pair(pd_12m=moved_pd(0.5))) == "unexplained"
    half = {"pd_move": float(np.log(0.75 / 0.25) - np.log(0.5 / 0.5)) - 1e-12}
    assert reason(pair(pd_12m=0.5), pair(50.0, pd_12m=0.75), **half) == "pd"


def test_a_rule_explains_a_line_that_went_with_it_or_came_without_it() -> None:
    refused = {"refusals": "arrears", "binding_constraint": "arrears"}
    assert reason(pair(), pair(0.0, **refused)) == "eligibility"
    assert reason(pair(0.0, **refused), pair()) == "eligibility"
    assert reason(pair(50.0, **refused), pair(**refused)) == "unexplained"
    assert reason(pair(50.0), pair(**refused)) == "unexplained"


def test_shared_rows_and_a_banks_own_terms_are_read_in_either_month() -> None:
    for month in (0, 1):
        rows = [pair(), pair(50.0)]
        rows[month] = {**rows[month], "binding_constraint": "bank_budget"}
        assert reason(*rows) == "allocation"
        rows[month] = {**rows[month], "binding_constraint": "bank_maximum"}
        assert reason(*rows) == "unexplained"
        assert reason(rows[0], {**rows[1], "cap_cny": 50.0}) == "bank_terms"
    assert reason(pair(), pair(50.0), changed_banks=("south_bank",)) == "unexplained"


def test_a_decline_counts_as_no_limit_and_rows_without_a_bank_as_no_pair() -> None:
    before = pd.DataFrame([pair(100.0), pair(0.0, "E2", bank="")])
    now = pd.DataFrame([pair(100.0, decision="decline"), pair(0.0, "E2", bank="")])
    (found,) = explain_changes(before, now, LOOSE).itertuples()
    assert (found.limit_before_cny, found.limit_cny, found.change) == (100.0, 0.0, -1.0)
    assert list(explain_changes(before, now, LOOSE).columns) == [
        "enterprise_id", "bank", "limit_before_cny", "limit_cny", "change", "enterprise_change", "reason",
    ]  # fmt: skip
    nobody = explain_changes(now, now, LOOSE)
    assert nobody.empty


def test_an_enterprises_change_is_over_its_banks_together() -> None:
    before = pd.DataFrame([pair(100.0), pair(300.0, bank="south_bank")])
    now = pd.DataFrame([pair(50.0), pair(350.0, bank="south_bank")])
    found = explain_changes(before, now, LOOSE)
    assert found["change"].tolist() == pytest.approx([-0.5, 50 / 350])
    assert found["enterprise_change"].tolist() == [0.0, 0.0]
    assert found["reason"].tolist() == ["allocation", "small"]
    wider = pd.DataFrame([pair(50.0), pair(270.0, bank="south_bank")])
    found = explain_changes(
        before, wider, LOOSE
    )  # 400 to 320 is a fifth: placed elsewhere, not changed
    assert found["enterprise_change"].tolist() == pytest.approx([-0.2, -0.2])


def test_shares_of_reasons_are_of_the_banks_pairs() -> None:
    before = pd.DataFrame([pair(100.0, f"E{n}") for n in range(4)])
    now = pd.DataFrame([pair(limit, f"E{n}") for n, limit in enumerate((100.0, 90.0, 40.0, 150.0))])
    table = count_changes(explain_changes(before, now, LOOSE)).set_index(["bank", "reason"])
    assert table.loc[("north_bank", "small"), ["changes", "share", "limit_change_cny"]].tolist() == [2, 0.5, -10.0]  # fmt: skip
    assert table.loc[("all", "unexplained"), ["changes", "share", "limit_change_cny"]].tolist() == [2, 0.5, -10.0]  # fmt: skip


def by_size(pd_12m: float = 0.0) -> Recommender:
    """A limit that is 1,000 less the exports of twelve months, none below 0."""

    def score(rows: pd.DataFrame) -> pd.DataFrame:
        same = dict.fromkeys(("pd_12m", "pd_low", "pd_high"), pd_12m)
        return pd.DataFrame({**same, "grade": "G1"}, index=rows.index)

    def decide(rows: pd.DataFrame) -> pd.DataFrame:
        limit = (1_000.0 - rows["exports_usd_12m"]).clip(lower=0.0)
        return rows[["enterprise_id"]].assign(bank="north_bank", limit_cny=limit)

    return Recommender(score, decide)


def test_falls_are_counted_summed_and_told_from_ends() -> None:
    rows = pd.DataFrame(
        {"enterprise_id": ["E1", "E2", "E3"], "exports_usd_12m": [500.0, 990.0, 2_000.0]}
    )
    found = check_monotonicity(rows, by_size(), rises=(0.5,), actions=(EXPORTS,))
    held = found.counts[found.counts["pd"] == "held"].iloc[0]
    assert held[["enterprises", "limits", "higher", "falls", "ended"]].tolist() == [3, 2, 0, 2, 1]
    assert (held["fallen_cny"], held["largest_fall_cny"]) == (260.0, 250.0)
    assert len(found.falls) == 4
    assert list(found.counts.columns) == [
        "action", "rise", "pd", "enterprises", "limits", "higher", "falls", "ended", "fallen_cny",
        "largest_fall_cny",
    ]  # fmt: skip
    one = found.falls.iloc[0]
    assert one[["enterprise_id", "limit_cny", "limit_then_cny", "fallen_cny"]].tolist() == ["E1", 500.0, 250.0, 250.0]  # fmt: skip


def test_by_default_exports_rise_by_a_hundredth_a_tenth_and_a_half() -> None:
    rows = pd.DataFrame({"enterprise_id": ["E1"], "exports_usd_12m": [500.0]})
    counts = check_monotonicity(rows, by_size()).counts
    assert counts["rise"].drop_duplicates().tolist() == [0.01, 0.10, 0.50]
    assert counts["action"].drop_duplicates().tolist() == [
        "exports_size",
        "exports",
        "exports_alone",
    ]
    fallen = counts.set_index(["action", "rise", "pd"])["fallen_cny"]
    assert fallen["exports", 0.01, "held"] == pytest.approx(5.0)
    assert fallen["exports_size", 0.5, "model"] == pytest.approx(250.0)


# --- provinces ---


def placed(**columns: object) -> pd.DataFrame:
    rows = pd.DataFrame({"province": ["east", "west"], "pd_12m": 0.02, "cap_cny": 100.0, "limit_cny": 100.0})  # fmt: skip
    return rows.assign(enterprise_id=["E1", "E2"], **columns)


def matched(rows: pd.DataFrame, **changes_: Any) -> list[int]:
    matching = replace(Matching(log_odds=0.3, log_cap=0.2, nearest=2, min_matched=1), **changes_)
    return measure_regional_parity(rows, matching, seed=0, draws=20).rows["matched"].tolist()


def test_a_match_lies_up_to_a_caliper_away_in_either_distance() -> None:
    for away, found in ((0.2, [1, 1]), (0.2001, [0, 0])):
        assert matched(placed(cap_cny=[100.0, 100.0 * np.exp(away)])) == found
    for away, found in ((0.3, [1, 1]), (0.3001, [0, 0])):
        assert matched(placed(pd_12m=[0.02, moved_pd(away)])) == found
    assert matched(placed(province=["east", "east"])) == [0]


def test_the_nearest_few_are_matches_and_equal_as_one_by_the_mean_of_logs() -> None:
    rows = pd.DataFrame(
        {
            "enterprise_id": [f"E{n}" for n in range(5)],
            "province": ["east", "west", "west", "west", ""],
            "pd_12m": 0.02,
            "cap_cny": [100.0, 101.0, 102.0, 110.0, 100.0],
            "limit_cny": [100.0, 50.0, 200.0, 1e6, 1e6],
        }
    )
    matching = Matching(log_odds=0.3, log_cap=0.2, nearest=2, min_matched=2)
    found = measure_regional_parity(rows, matching, seed=0, draws=50, coverage=0.9)
    table = found.rows.set_index("province")
    # 100 against (50 x 200)^.5
    assert table.loc["east", "difference"] == pytest.approx(0.0, abs=1e-12)
    assert table["offers"].to_dict() == {"east": 1, "west": 3}
    assert table["tested"].to_dict() == {"east": False, "west": True}
    assert found.by_chance == pytest.approx(0.1)
    assert found.unplaced == 1


def test_without_offers_there_are_no_provinces() -> None:
    matching = Matching(log_odds=0.3, log_cap=0.2, nearest=2, min_matched=1)
    found = measure_regional_parity(placed().head(0), matching, seed=0, draws=20)
    assert found.rows.empty
    assert np.isnan(found.apart_share)


def test_a_province_apart_is_judged_and_its_interval_on_one_side() -> None:
    count = 40
    rows = pd.DataFrame(
        {
            "enterprise_id": [f"E{n:02d}" for n in range(2 * count)],
            "province": ["east", "west"] * count,
            "pd_12m": 0.02,
            "cap_cny": 100.0,
            "limit_cny": [110.0, 100.0] * count,
        }
    )
    matching = Matching(log_odds=0.3, log_cap=0.2, nearest=3, min_matched=count)
    found = measure_regional_parity(rows, matching, seed=0, draws=50)
    assert found.rows["apart"].tolist() == [True, True]
    assert found.rows["low"].tolist() == pytest.approx([0.1, 1 / 1.1 - 1])
    assert found.rows["high"].tolist() == pytest.approx([0.1, 1 / 1.1 - 1])
    assert found.apart_share == 1.0
    few = measure_regional_parity(rows, replace(matching, min_matched=count + 1), seed=0, draws=50)
    assert not few.rows["tested"].any()
    assert np.isnan(few.apart_share)
    with pytest.raises(DataError, match="1 of 80 without a limit, cap or PD above 0"):
        measure_regional_parity(rows.assign(pd_12m=[0.0] + [0.1] * 79), matching, seed=0)


# --- what would raise a limit ---


def test_the_next_level_is_a_share_more_and_no_less_than_an_amount() -> None:
    level = NextLevel(share=0.1, min_cny=50_000.0)
    now = np.asarray([1e6, 1e6, 100e3, 100e3, 0.0, 0.0])
    then = np.asarray([1.1e6, 1.099e6, 150e3, 149e3, 1.0, 0.0])
    assert level.is_reached(now, then).tolist() == [True, False, True, False, True, False]
    assert level.max_actions == 2


def test_a_changed_row_is_decided_by_its_own_pd_interval_and_grade() -> None:
    seen: list[pd.DataFrame] = []

    def score(rows: pd.DataFrame) -> pd.DataFrame:
        ends = {"pd_12m": 0.2, "pd_low": 0.1, "pd_high": 0.3, "grade": "G2"}
        return pd.DataFrame(ends, index=rows.index)

    def decide(rows: pd.DataFrame) -> pd.DataFrame:
        seen.append(rows)
        return rows[["enterprise_id"]].assign(bank="b", limit_cny=1.0)

    old = pd.DataFrame({"enterprise_id": ["E1"], "pd_12m": 0.9, "pd_low": 0.9, "pd_high": 0.9, "grade": "G9"})  # fmt: skip
    (found,) = Recommender(score, decide).limits(old).itertuples()
    assert seen[0][["pd_12m", "pd_low", "pd_high", "grade"]].iloc[0].tolist() == [0.2, 0.1, 0.3, "G2"]  # fmt: skip
    assert (found.enterprise_id, found.bank, found.limit_cny, found.pd_12m) == ("E1", "b", 1.0, 0.2)


def test_actions_of_equal_effort_come_by_the_larger_limit_then_by_name_and_two_at_most() -> None:
    def action(name: str, size: float, effort: float) -> Action:
        return Action(name, (Step(size, effort),), EXPORTS.moves)

    actions = [
        action("receipts", 1.0, 0.2), action("platform", 2.0, 0.2),
        action("exports", 1.0, 0.2), action("arrears", 1.0, 0.3),
    ]  # fmt: skip
    rows = pd.DataFrame({"enterprise_id": ["E1"], "exports_usd_12m": [200_000.0]})
    causes = pd.DataFrame(
        {"enterprise_id": ["E1"], "bank": "north_bank", "limit_cny": 200_000.0, "cause": "ceiling",
         "cause_en": "", "cause_zh": "", "lasting": False}
    )  # fmt: skip

    def decide(asked: pd.DataFrame) -> pd.DataFrame:
        return asked[["enterprise_id"]].assign(bank="b", limit_cny=asked["exports_usd_12m"])

    recommender = Recommender(by_size().score, decide)
    found = find_recourse(
        rows, causes, recommender, next_level=NextLevel(0.1, 1e4), actions=actions
    )
    assert found["action"].tolist() == ["platform", "exports"]
    assert found["rank"].tolist() == [1, 2]
    assert found["limit_then_cny"].tolist() == [600_000.0, 400_000.0]
    one = find_recourse(
        rows, causes, recommender, next_level=NextLevel(0.1, 1e4, max_actions=1), actions=actions
    )
    assert one["action"].tolist() == ["platform"]


def test_of_an_enterprises_banks_the_offer_speaks_and_a_record_lasts(policy: Policy) -> None:
    rows = pd.DataFrame(
        {
            "enterprise_id": ["E1", "E1", "E2", "E3"],
            "bank": ["a_bank", "b_bank", "a_bank", "a_bank"],
            "decision": ["decline", "offer", "decline", "decline"],
            "limit_cny": [7.0, 90_000.0, 0.0, 5.0],
            "binding_constraint": ["bank_budget", "ceiling", "arrears", "floor"],
            "refusals": ["", "", "arrears; too_few_deals", ""],
            "refusal_text_en": ["budget", "", "late; few", "small"],
            "refusal_text_zh": ["预算", "", "逾期", "小"],
        }
    )
    found = find_causes(rows, policy).set_index("enterprise_id")
    assert found["bank"].tolist() == ["b_bank", "", ""]
    assert found["limit_cny"].tolist() == [90_000.0, 0.0, 0.0]
    assert found["cause"].tolist() == ["ceiling", "arrears; too_few_deals", "floor"]
    assert found["cause_en"].tolist() == ["", "late; few", "small"]
    assert found["cause_zh"].tolist() == ["", "逾期", "小"]
    assert found["lasting"].tolist() == [False, True, False]


@pytest.mark.parametrize(
    ("nearer", "farther"),
    [
        ("bank_budget", "bank_loss_cap"),
        ("bank_loss_cap", "sector_share"),
        ("sector_share", "destination_share"),
        ("destination_share", "profit"),
        ("profit", "floor"),
        ("floor", "pd_cut"),
        ("pd_cut", "pd_horizon"),
        ("pd_horizon", "anything"),
    ],
)
def test_of_two_declines_the_one_nearer_to_an_offer_is_told(
    policy: Policy, nearer: str, farther: str
) -> None:
    rows = pd.DataFrame(
        {"enterprise_id": "E1", "bank": ["a_bank", "b_bank"], "decision": "decline",
         "limit_cny": 0.0, "binding_constraint": [farther, nearer], "refusals": "",
         "refusal_text_en": ["far", "near"], "refusal_text_zh": ""}
    )  # fmt: skip
    assert find_causes(rows, policy)["cause"].tolist() == [nearer]
    assert find_causes(rows.iloc[::-1], policy)["cause_en"].tolist() == ["near"]


def test_limits_are_said_rounded_down_and_money_to_two_digits() -> None:
    told = pd.DataFrame(
        {
            "enterprise_id": ["E1", "E2", "E1"],
            "action": "exports",
            "step": [0.1, 0.1, 0.25],
            "limit_cny": [99_999.0, 100_000.0, 0.0],
            "limit_then_cny": [119_999.0, 1_239_999.0, 54_999.0],
        }
    )
    features = pd.DataFrame({"enterprise_id": ["E2", "E1"], "exports_usd_12m": [1_234_567.0, 9e4]})
    found = write_sentences(told, features)
    assert [text.split(", the limit")[0].split(", a first")[0] for text in found["text_en"]] == [
        "If exports over twelve months were 10 % higher (about 9,000 USD more), with receipts and purchases in step",
        "If exports over twelve months were 10 % higher (about 120,000 USD more), with receipts and purchases in step",
        "If exports over twelve months were 25 % higher (about 22,000 USD more), with receipts and purchases in step",
    ]  # fmt: skip
    assert found["text_en"][0].endswith("about 110,000 CNY instead of 99,000 CNY.")
    assert found["text_en"][1].endswith("about 1,230,000 CNY instead of 100,000 CNY.")
    assert found["text_en"][2].endswith("a first limit of about 54,000 CNY could be given.")
    assert found["text_zh"][0].endswith("额度可由约9.9万元提高到约11万元。")
    assert "约多12万美元" in found["text_zh"][1]


def said(action: str, step: float, **features: float) -> tuple[str, str]:
    told = pd.DataFrame(
        {"enterprise_id": ["E1"], "action": action, "step": step, "limit_cny": 1e5, "limit_then_cny": 2e5}
    )  # fmt: skip
    found = write_sentences(told, pd.DataFrame({"enterprise_id": ["E1"], **{k: [v] for k, v in features.items()}}))  # fmt: skip
    return found["text_en"][0].split(", the limit")[0], found["text_zh"][0].split("，额度")[0]


def test_each_action_has_its_words_for_a_part_and_for_the_whole() -> None:
    assert said("platform", 1.0)[0] == "If all exports went through the platform"
    assert said("platform", 0.25) == (
        "If 25 % of the exports now made elsewhere went through the platform",
        "若目前平台外出口的25%改由本平台办理",
    )
    assert said("receipts", 1.0)[1] == "若买家全部按期付款且无长期未收货款"
    assert said("receipts", 0.5)[0] == "If late and unpaid invoices were cut by 50 %"
    assert said("arrears", 1.0, overdue_cny=12_345.0) == (
        "If about 12,000 CNY overdue at other lenders were paid (the record of past months stays)",
        "若还清在其他金融机构的逾期款项约1.2万元（过往记录仍保留）",
    )
    for unknown in ({"overdue_cny": np.nan}, {"overdue_cny": 0.0}, {}):
        assert said("arrears", 1.0, **unknown)[0].startswith("If what is overdue at other lenders")
    assert said("concentration", 0.5, top_buyer_share_12m=0.6, buyers_12m=2.0)[0] == (
        "If the largest buyer took 40 % of sales instead of 60 %, with sales spread over at least"
        " 5 buyers"
    )
    assert said("concentration", 0.5)[1] == "若将50%的销售平均分散到至少5个买家"
    assert said("concentration", 0.5, top_buyer_share_12m=np.nan, buyers_12m=2.0)[0] == (
        "If 50 % of sales were spread evenly over at least 5 buyers"
    )


def test_a_silent_row_keeps_its_limit_and_says_what_holds_it() -> None:
    silent = pd.DataFrame(
        {"enterprise_id": ["E1", "E2"], "bank": "b", "limit_cny": [5.0, 6.0], "pd_12m": 0.1,
         "cause": ["ceiling", "x"], "cause_en": ["", "Late"], "cause_zh": ["", "逾期"],
         "lasting": [False, True]}
    )  # fmt: skip
    found = write_without_recourse(silent)
    assert found[["rank", "action", "limit_then_cny"]].to_numpy().tolist() == [[0, "", 5.0], [0, "", 6.0]]  # fmt: skip
    assert found["text_en"][0].endswith("What holds it: the programme's largest limit.")
    assert found["text_en"][1].endswith("it leaves the count with time.")
    assert found["text_zh"][0].endswith("制约因素：本项目额度上限。")


def test_actions_have_the_steps_and_efforts_that_were_proposed() -> None:
    steps = {one.name: [(step.size, step.effort) for step in one.steps] for one in ACTIONS}
    rises = (0.05, 0.10, 0.20, 0.30, 0.50, 0.75, 1.0, 1.5, 2.0)
    assert steps == {
        "exports": [(rise, rise) for rise in rises],
        "platform": [(0.25, 0.05), (0.5, 0.10), (1.0, 0.20)],
        "receipts": [(0.25, 0.15), (0.5, 0.30), (1.0, 0.60)],
        "arrears": [(1.0, 0.10)],
        "concentration": [(0.1, 0.15), (0.25, 0.35), (0.5, 0.70)],
    }


def test_actions_move_features_by_stated_rules() -> None:
    one = np.asarray([10.0, 0.0, -4.0])
    assert gains(one, 0.5, np.asarray([4.0, 4.0, 4.0])).tolist() == [12.0, 2.0, -2.0]
    assert loses(one, 0.5, np.asarray([4.0, -4.0, 4.0])).tolist() == [8.0, 0.0, -4.0]
    assert loses(one, 1.0, np.asarray([40.0, 1.0, 0.0])).tolist() == [0.0, 0.0, -4.0]
    assert nears_zero(one, 0.25, one).tolist() == [7.5, 0.0, -4.0]
    assert becomes(one, 0.5, np.asarray([20.0, -3.0, 0.0])).tolist() == [15.0, 0.0, -2.0]
    assert grows_by_size(np.asarray([100.0, 100.0]), 0.5, np.asarray([1.0, 0.0])).tolist() == [150.0, 100.0]  # fmt: skip
    assert gains_buyers(np.asarray([2.0, 9.0, 0.0]), 0.5, one).tolist() == [5.0, 9.0, 0.0]
    assert evens_share(np.asarray([0.6, 0.6, 0.6]), 0.5, np.asarray([2.0, 10.0, 0.0])).tolist() == (
        pytest.approx([0.4, 0.35, 0.6])
    )


def test_expressions_over_features_are_as_their_kind_says() -> None:
    parts = [np.asarray([6.0, 1.0, np.nan]), np.asarray([3.0, 0.0, 2.0])]
    ratio = Expression("ratio", ("a", "b"))
    assert evaluate_expression(ratio, parts).tolist() == pytest.approx(
        [2.0, np.nan, np.nan], nan_ok=True
    )
    difference = evaluate_expression(Expression("difference", ("a", "b")), parts)
    assert difference.tolist() == pytest.approx([3.0, 1.0, np.nan], nan_ok=True)
    assert evaluate_expression(Expression("product", ("a", "b")), parts)[0] == 18.0
    assert evaluate_expression(Expression("sum", ("a", "b")), parts)[0] == 9.0
    log = evaluate_expression(Expression("log", ("b",)), [np.asarray([np.e, 0.0, -1.0])])
    assert log.tolist() == pytest.approx([1.0, np.nan, np.nan], nan_ok=True)


# --- how far a limit hangs on the PD ---


def test_another_pd_stays_inside_its_interval() -> None:
    rows = pd.DataFrame(
        {"pd_12m": [0.03, 0.03, np.nan], "pd_low": [0.02, 0.02, np.nan], "pd_high": [0.05, 0.05, 0.1]}
    )  # fmt: skip
    found = at_pd(rows, np.asarray([0.01, 0.09, 0.2]))
    assert found["pd_12m"].tolist() == [0.01, 0.09, 0.2]
    assert found["pd_low"].tolist() == [0.01, 0.02, 0.2]
    assert found["pd_high"].tolist() == [0.05, 0.09, 0.2]


def levels(rows: pd.DataFrame) -> pd.DataFrame:
    """100 less a thousand times the PD, at one bank; below 10 nothing."""
    limit = (100 - 1_000 * rows["pd_12m"]).round(6)
    given = limit >= 10
    return pd.DataFrame(
        {"enterprise_id": rows["enterprise_id"], "bank": np.where(given, "b", ""),
         "limit_cny": np.where(given, limit, 0.0), "annual_rate": 0.1}
    )  # fmt: skip


CANDIDATES = pd.DataFrame(
    {"enterprise_id": ["E1", "E2"], "pd_12m": [0.02, 0.05], "pd_low": [0.01, 0.05],
     "pd_high": [0.06, 0.2], "grade": ["A", "B"]}
)  # fmt: skip


def test_the_chosen_lines_stand_in_the_interval_as_the_book_has_them() -> None:
    found = limit_interval(CANDIDATES, levels)
    assert found["limit_cny"].tolist() == [80.0, 50.0]
    assert found["limit_low_cny"].tolist() == [40.0, 0.0]
    assert found["limit_high_cny"].tolist() == [90.0, 50.0]
    assert found["low_at"].tolist() == ["pd_high", "pd_high"]
    assert found["high_at"].tolist() == ["pd_low", "pd_12m"]
    book = pd.DataFrame({"bank": ["other", ""], "limit_cny": [95.0, 0.0]})
    held = limit_interval(CANDIDATES, levels, chosen=book)
    assert held["limit_cny"].tolist() == [95.0, 0.0]
    assert held["bank"].tolist() == ["other", ""]
    assert held["limit_high_cny"].tolist() == [95.0, 50.0]
    assert held["high_at"].tolist() == ["pd_12m", "pd_low"]


def earns(rows: pd.DataFrame, lines: pd.DataFrame) -> pd.Series:
    return lines["limit_cny"].reset_index(drop=True) * (1 - 10 * rows["pd_12m"].reset_index(drop=True))  # fmt: skip


def test_errors_of_the_pd_are_priced_at_the_ends_and_by_factors() -> None:
    costs = cost_of_pd_error(CANDIDATES, levels, earns)
    assert costs["error"].drop_duplicates().tolist() == ["pd_low", "pd_high", "x1.5", "x0.67"]
    first = costs[costs["enterprise_id"] == "E1"].set_index("error")
    # 80 at .02 is 64; at .06 it is 32, and 40 would be 16
    assert first.loc["pd_high", ["believed_cny", "true_cny", "best_cny", "lost_cny"]].tolist() == pytest.approx([64.0, 32.0, 16.0, -16.0])  # fmt: skip
    assert first["pd_true"].tolist() == pytest.approx([0.01, 0.06, 0.03, 0.0134])
    by_grade = summarise_costs(costs, "grade")
    assert by_grade["grade"].tolist() == ["A"] * 4 + ["B"] * 4 + ["all"] * 4
    assert by_grade["error"].tolist() == ["pd_low", "pd_high", "x1.5", "x0.67"] * 3
    high = by_grade.set_index(["grade", "error"]).loc[("all", "pd_high")]
    # E2: 50 at .2 loses 50, the best gives nothing
    assert high[["enterprises", "lines", "believed_cny", "true_cny", "best_cny", "lost_cny", "gained_cny"]].tolist() == pytest.approx([2, 2, 89.0, -18.0, 16.0, 50.0, 16.0])  # fmt: skip
    assert high["lost_share"] == pytest.approx(50 / 89)
    nothing = pd.DataFrame({"bank": ["", ""], "limit_cny": [0.0, 0.0], "annual_rate": np.nan})
    none = summarise_costs(cost_of_pd_error(CANDIDATES, levels, earns, chosen=nothing), "grade")
    assert none["lines"].eq(0).all()
    assert none["lost_share"].isna().all()


def test_no_line_earns_nothing_whatever_it_would_cost() -> None:
    def costly(rows: pd.DataFrame, lines: pd.DataFrame) -> pd.Series:
        return lines["limit_cny"].reset_index(drop=True) - 800.0

    nothing = pd.DataFrame({"bank": ["", "b"], "limit_cny": [0.0, 900.0], "annual_rate": 0.1})
    costs = cost_of_pd_error(CANDIDATES, levels, costly, chosen=nothing, factors=())
    assert costs["believed_cny"].tolist() == [0.0, 100.0] * 2


# --- against the truth ---


def lines(**columns: Any) -> pd.DataFrame:
    usual = {"bank": "north_bank", "annual_rate": 0.12, "fixed_cny": 800.0, "owed_share": 0.9,
             "drawn_share": 0.5, "lgd": 0.6, "loss_cny": 0.0, "expected_profit_cny": 0.0,
             "profit_cny": 0.0, "pd_12m": 0.1}  # fmt: skip
    frame = pd.DataFrame(columns)
    return frame.assign(**{name: value for name, value in usual.items() if name not in frame})


def test_lines_are_held_against_the_truth_at_their_own_bank(policy: Policy, bank_row: Any) -> None:
    from riskmodel.limits import banks_from

    south = bank_row("south_bank", funding_rate=0.05, capital_cost=0.2)
    terms = Terms(policy, banks_from({"bank": [bank_row("north_bank"), south]}, "banks"))
    truth = pd.DataFrame(
        {"enterprise_id": ["E1", "E1"], "limit_cny": [1e6, 2e6], "pd_12m": [0.02, 0.04],
         "drawn_share": [0.4, 0.3], "owed_share": [0.7, 0.6], "lgd": [0.5, np.nan]}
    )  # fmt: skip
    given = pd.DataFrame(
        {"enterprise_id": ["E1"], "bank": "south_bank", "limit_cny": [2e6], "annual_rate": 0.13,
         "fixed_cny": 900.0, "expected_profit_cny": 0.0}
    )  # fmt: skip
    (found,) = evaluate_lines(given, clean_truth(truth, terms), terms).itertuples()
    loss = 0.04 * 0.6 * 0.6 * 2e6  # the policy's LGD stands in
    capital = 0.2 * 0.1 * risk_weight(np.asarray([0.04]), policy.capital)[0] * 0.6 * 2e6
    assert found.loss_cny == pytest.approx(loss)
    assert found.profit_cny == pytest.approx(0.3 * 2e6 * 0.96 * 0.08 - loss - capital - 900)
    twice = pd.concat([truth, truth.head(1)])
    with pytest.raises(DataError, match="0 rows with a PD lack a share, 1 repeat"):
        clean_truth(twice, terms)


def test_a_default_that_is_there_draws_nothing_and_owes_all(policy: Policy, banks: Banks) -> None:
    truth = pd.DataFrame(
        {"enterprise_id": ["E1", "E2"], "limit_cny": 1e6, "pd_12m": [1.0, np.nan],
         "drawn_share": [0.4, 0.3], "owed_share": [0.7, 0.6], "lgd": [0.5, 0.5]}
    )  # fmt: skip
    found = clean_truth(truth, Terms(policy, banks))
    assert found["drawn_share"].tolist() == [0.0, 0.0]
    assert found["owed_share"].tolist() == [1.0, 0.0]
    assert found["lgd"].tolist() == [0.5, 0.0]


def test_a_volume_is_cut_where_it_ends() -> None:
    rule = lines(enterprise_id=["E1", "E2"], limit_cny=[300.0, 100.0])
    assert truncate_to_volume(rule, 300.0)["limit_cny"].tolist() == [300.0]
    assert truncate_to_volume(rule, 300.5)["limit_cny"].tolist() == [300.0, 0.5]
    assert truncate_to_volume(rule, 299.0)["limit_cny"].tolist() == [299.0]


def test_the_month_is_read_back_as_it_was_believed(
    scored: pd.DataFrame, policy: Policy, banks: Banks
) -> None:
    other = policy.with_values({"economics": policy.economics.with_values({"utilisation": 0.4, "credit_conversion_factor": 0.25, "lgd": 0.5,
                    "subsidy_cny_per_usd": 0.01})}
    )  # fmt: skip
    terms = Terms(other, banks)
    agreements = pd.DataFrame([("E1", "south_bank"), ("E2", "north_bank")], columns=["enterprise_id", "bank"])  # fmt: skip
    problem = build_problem(scored, agreements, terms, grid=4)
    believed = predicted_outcome_of(problem)
    open_ = np.isfinite(problem.options.value)
    inner = open_ & (np.arange(open_.shape[1]) < open_.shape[1] - 1)
    assert believed.drawn_share[inner] == pytest.approx(0.4)
    assert believed.owed_share[inner] == pytest.approx(0.55)
    assert believed.lgd[inner] == pytest.approx(0.5)
    rules = rule_books(problem)
    fixed = rules["rule"].set_index("enterprise_id")["fixed_cny"]
    assert fixed.to_dict() == {"E1": 800.0 + 10_000.0, "E2": 800.0}
    rates = rules["rule_with_cut"].set_index("enterprise_id")["annual_rate"]
    # premium .5 x .5 x .55 / .4 = .34375 of the PD above .03, to a hundredth of a percent
    assert rates.to_dict() == pytest.approx({"E1": 0.13 - 0.0069, "E2": 0.12})
    asked = limits_to_query(problem, lines(enterprise_id=["E9"], limit_cny=[7.0]))
    assert ["E9", 7.0] in asked.to_numpy().tolist()
    assert not asked.duplicated().any()


def test_regret_is_against_who_knows_everything_and_nobody_else(
    scored: pd.DataFrame, policy: Policy, banks: Banks
) -> None:
    terms = Terms(policy, banks)
    agreements = pd.DataFrame([("E1", "north_bank"), ("E2", "south_bank")], columns=["enterprise_id", "bank"])  # fmt: skip
    problem = build_problem(scored, agreements, terms, grid=4)
    # E1's PD is as believed and its line draws nothing that earns; E2 is as believed
    truth = limits_to_query(problem)
    first = truth["enterprise_id"] == "E1"
    believed = predicted_outcome_of(problem)
    place = {limit: n for n, limit in enumerate(problem.lines.limit_cny[1])}
    own = truth["limit_cny"].map(place).fillna(0).astype(int)
    truth = truth.assign(
        pd_12m=np.where(first, 0.01, believed.pd_12m[1][own]),
        drawn_share=np.where(first, 0.0, 0.5), owed_share=0.75, lgd=0.6,
    )  # fmt: skip
    table = value_of_information(problem, truth).set_index("knows")
    assert table.index.tolist() == [
        "nothing", "pd_level", "pd_response", "drawn_share", "lgd", "all but pd_level",
        "all but pd_response", "all but drawn_share", "all but lgd", "everything",
    ]  # fmt: skip
    best = table.loc["everything", "profit_cny"]
    assert table.loc["everything", ["lines", "regret"]].tolist() == [1, 0.0]
    assert table["regret"].tolist() == pytest.approx((1 - table["profit_cny"] / best).tolist())
    for blind in ("nothing", "pd_level", "lgd", "all but drawn_share"):
        assert table.loc[blind, "lines"] == 2
        assert table.loc[blind, "regret"] > 0.1
    assert table.loc["drawn_share", "regret"] == pytest.approx(0.0, abs=0.01)


def test_figures_leave_out_those_who_are_gone_where_rates_are_meant() -> None:
    book = lines(
        enterprise_id=["E1", "E2", "E3"], limit_cny=[100.0, 300.0, 600.0],
        pd_12m=[0.1, 0.2, np.nan], drawn_share=[0.2, 0.6, 0.0], loss_cny=[1.0, 2.0, 0.0],
        profit_cny=[5.0, 7.0, 0.0], expected_profit_cny=[6.0, 9.0, 4.0],
    )  # fmt: skip
    (found,) = summarise_books({BOOK: book}).itertuples()
    assert (found.lines, found.gone, found.limit_cny) == (3, 1, 1_000.0)
    assert found.drawn_share == pytest.approx((0.2 * 100 + 0.6 * 300) / 400)
    assert (found.loss_cny, found.expected_profit_cny, found.profit_cny) == (3.0, 19.0, 12.0)
    assert found.bad_rate == pytest.approx(0.15)
    assert found.bad_rate_by_limit == pytest.approx((0.1 * 100 + 0.2 * 300) / 400)
    assert found.curse_cny == 7.0
    (empty,) = summarise_books({BOOK: book.head(0)}).itertuples()
    assert (empty.lines, empty.expected_profit_cny) == (0, 0.0)
    assert np.isnan(empty.drawn_share)
    (unsaid,) = summarise_books({"rule": book.assign(expected_profit_cny=np.nan)}).itertuples()
    assert np.isnan(unsaid.expected_profit_cny)


def test_each_measure_is_its_own_ratio() -> None:
    def of(profit: float, limit: float, expected: float, pd_12m: list[float]) -> pd.DataFrame:
        return lines(
            enterprise_id=["E1", "E2"], limit_cny=[limit / 4, 3 * limit / 4],
            profit_cny=[profit / 2] * 2, expected_profit_cny=[expected / 2] * 2, pd_12m=pd_12m,
        )  # fmt: skip

    books = {
        BOOK: of(30.0, 400.0, 36.0, [0.1, 0.3]),
        CUT: of(10.0, 200.0, 0.0, [0.1, 0.1]),
        CUT_AT_BASE: of(8.0, 400.0, 0.0, [0.1, 0.1]),
        ORACLE: of(40.0, 400.0, 0.0, [0.1, 0.1]),
    }
    found = compute_measures(books)
    # .075 a yuan against .05 and .02; 30 of 40; 36 for 30; by line and by limit
    assert found.tolist() == pytest.approx([0.5, 2.75, 0.25, 0.2, 0.2, 0.25])
    assert list(found.index[:2]) == [LIFT, LIFT_AT_BASE]
    assert list(found.index[-2:]) == [BAD, BAD_BY_LIMIT]
    drawn = bootstrap_intervals(books, draws=200, seed=1, level=0.5).set_index("measure")
    wide = bootstrap_intervals(books, draws=200, seed=1).set_index("measure")
    # of two enterprises both are the same one in half of the draws
    assert (drawn.loc[BAD, "low"], drawn.loc[BAD, "high"]) == pytest.approx((0.1, 0.3), abs=0.11)
    assert (wide.loc[BAD, "low"], wide.loc[BAD, "high"]) == pytest.approx((0.1, 0.3))
    assert drawn.loc[BAD, "value"] == pytest.approx(0.2)


def test_who_is_gone_counts_in_no_rate() -> None:
    book = lines(
        enterprise_id=["E1", "E2"], limit_cny=[100.0, 900.0], pd_12m=[0.2, np.nan],
        profit_cny=[10.0, 0.0], expected_profit_cny=[10.0, 5.0],
    )  # fmt: skip
    found = compute_measures({BOOK: book, CUT: book, CUT_AT_BASE: book, ORACLE: book})
    assert (found[BAD], found[BAD_BY_LIMIT]) == (pytest.approx(0.2), pytest.approx(0.2))
    assert found["curse"] == pytest.approx(0.5)


def test_swap_sets_sum_both_books_amounts() -> None:
    ours = lines(enterprise_id=["E1", "E2", "E3"], limit_cny=[1.0, 2.0, 4.0],
                 profit_cny=[10.0, 20.0, 40.0], pd_12m=[0.1, 0.2, 0.4])  # fmt: skip
    theirs = lines(enterprise_id=["E3", "E4", "E5"], limit_cny=[8.0, 16.0, 32.0],
                   profit_cny=[80.0, 160.0, 320.0], pd_12m=[0.5, 0.6, 0.8])  # fmt: skip
    found = swap_sets(ours, theirs).set_index("set")
    assert found.loc["both"].tolist() == pytest.approx([1, 4.0, 8.0, 40.0, 80.0, 0.4])
    assert found.loc["ours only"].tolist() == pytest.approx([2, 3.0, 0.0, 30.0, 0.0, 0.15])
    assert found.loc["theirs only"].tolist() == pytest.approx([2, 0.0, 48.0, 0.0, 480.0, 0.7])


def test_what_happened_is_of_all_lines_and_what_was_seen_of_those_in_force() -> None:
    book = lines(enterprise_id=["E1", "E2", "E3", "E4"], limit_cny=1.0, pd_12m=[0.1, 0.3, 0.2, 0.2],
                 drawn_share=[0.1, 0.2, 0.3, 0.4])  # fmt: skip
    outcomes = pd.DataFrame(
        {"enterprise_id": ["E1", "E2", "E3"], "defaulted": [True, True, None],
         "drawn_share": [0.5, 0.7, np.nan], "lost_cny": [3.0, np.nan, 4.0]}
    )  # fmt: skip
    (found,) = observed_outcomes({BOOK: book}, outcomes).itertuples()
    assert (found.lines, found.defaults, found.default_rate) == (4, 2, 0.5)
    assert found.expected_default_rate == pytest.approx(0.2)
    assert (found.lines_seen, found.seen_drawn_share) == (2, pytest.approx(0.6))
    assert (found.true_drawn_share, found.lost_cny) == (pytest.approx(0.15), 7.0)


def test_the_frontier_is_the_figures_of_every_step(policy: Policy, banks: Banks) -> None:
    terms = Terms(policy, banks)
    truth = pd.DataFrame(
        {"enterprise_id": ["E1"], "limit_cny": [1e6], "pd_12m": [0.02], "drawn_share": [0.4],
         "owed_share": [0.7], "lgd": [0.5]}
    )  # fmt: skip
    book = pd.DataFrame(
        {"enterprise_id": ["E1"], "bank": "north_bank", "limit_cny": [1e6], "annual_rate": 0.12,
         "fixed_cny": 800.0, "expected_profit_cny": 1.0}
    )  # fmt: skip
    found = frontier({0.5: {"a": book}, 2.0: {"a": book, "b": book}}, truth, terms)
    assert found[["step", "book"]].to_numpy().tolist() == [[0.5, "a"], [2.0, "a"], [2.0, "b"]]
    assert found["loss_cny"].tolist() == pytest.approx([7_000.0] * 3)


def test_intervals_over_simulations_are_students() -> None:
    measured = pd.DataFrame({"measure": ["b", "b", "a", "a"], "seed": [1, 2, 1, 2], "value": [1.0, 3.0, 5.0, 5.0]})  # fmt: skip
    found = average_over_simulations(measured, level=0.5)
    assert found["measure"].tolist() == ["b", "a"]
    # t of one degree of freedom at .75 is 1; the standard error 2^.5 / 2^.5
    assert found[["low", "value", "high"]].iloc[0].tolist() == pytest.approx([1.0, 2.0, 3.0])
    assert found[["low", "value", "high"]].iloc[1].tolist() == pytest.approx([5.0] * 3)


def test_a_cap_breaks_above_it_and_not_at_it(banks: Banks) -> None:
    caps = [bank.loss_cap_cny for bank in banks.bank]
    base = lines(enterprise_id=["E1", "E2"], bank=["north_bank", "south_bank"], limit_cny=[1.0, 2.0],
                 loss_cny=[caps[0], 1.0], profit_cny=[3.0, 4.0])  # fmt: skip
    at = stress_loss_caps(base, base.assign(loss_cny=caps), banks)
    assert at["breaks"].tolist() == [False, False]
    above = stress_loss_caps(base, base.assign(loss_cny=[caps[0] + 1, caps[1] + 1]), banks)
    assert above["breaks"].tolist() == [True, True]
    assert above["lines"].tolist() == [1, 1]
    assert above["limit_cny"].tolist() == [1.0, 2.0]
    assert above["loss_cap_cny"].tolist() == caps
    assert above["base_loss_cny"].tolist() == [caps[0], 1.0]


def test_a_cap_that_was_broken_before_the_stress_is_not_broken_by_it(banks: Banks) -> None:
    caps = [bank.loss_cap_cny for bank in banks.bank]
    base = lines(enterprise_id=["E1", "E2"], bank=["north_bank", "south_bank"], limit_cny=[1.0, 2.0],
                 loss_cny=[caps[0] + 1, caps[1] - 1], profit_cny=[3.0, 4.0])  # fmt: skip
    worse = stress_loss_caps(base, base.assign(loss_cny=[caps[0] + 2, caps[1] + 2]), banks)
    assert worse["breaks"].tolist() == [False, True]


def test_a_limit_is_too_high_above_the_lower_of_ours_and_the_former_best() -> None:
    book = lines(enterprise_id=["E1", "E2", "E3"], limit_cny=[100.0, 100.0, 100.0],
                 profit_cny=[0.0, -2.0, -3.0])  # fmt: skip
    before = lines(enterprise_id=["E1", "E2", "E3"], limit_cny=[60.0, 100.0, 300.0])
    now = lines(enterprise_id=["E1", "E2", "E3"], limit_cny=[60.0, 99.0, 100.0])
    assert excess_limits(book, now, before) == {
        "too_high": 1, "too_high_cny": 1.0, "losing": 2, "losing_cny": 5.0,
    }  # fmt: skip


def test_true_slopes_are_read_between_ends_that_lie_apart(
    scored: pd.DataFrame, policy: Policy, banks: Banks
) -> None:
    answer = LimitResponse("strata", 0.5, 0.2, 0.0, 0.8, Centre(1.0, 0.0, 0.0, 0.0, 0.0), 0.0, ())  # fmt: skip
    terms = Terms(policy, banks, behaviour=Behaviour(answer))
    agreements = pd.DataFrame([("E1", "north_bank"), ("E2", "north_bank")], columns=["enterprise_id", "bank"])  # fmt: skip
    problem = build_problem(scored, agreements, terms, grid=4)
    # E1 of 1,000,000: shares .5, .7 and 1, slope 2; E2 of 480,000: shares .75 and 1, too near;
    # E4 of 640,000 slope 0 and E5 of 400,000 slope 1.3, of which the middle one is no mean
    rows = [("E1", 0.5), ("E1", 0.7), ("E1", 1.0), ("E2", 0.75), ("E2", 1.0), ("E4", 0.5),
            ("E4", 1.0), ("E5", 0.6), ("E5", 1.0)]  # fmt: skip
    usual = {"E1": 1e6, "E2": 480_000.0, "E4": 640_000.0, "E5": 400_000.0}
    slope = {"E1": 2.0, "E2": 2.0, "E4": 0.0, "E5": 1.3}
    odds = np.asarray([-4 + slope[who] * share + (share == 0.7) for who, share in rows])
    truth = pd.DataFrame(
        {"enterprise_id": [who for who, _ in rows],
         "limit_cny": [usual[who] * share for who, share in rows], "pd_12m": 1 / (1 + np.exp(-odds))}
    )  # fmt: skip
    found = response_errors(problem, truth).set_index("measure")["value"]
    assert found.to_dict() == pytest.approx(
        {"true_slope": 1.1, "fitted_slope": 0.5,
         "fitted_rmse": ((1.5**2 + 0.5**2 + 0.8**2) / 3) ** 0.5, "stated_slope": 0.8,
         "stated_rmse": ((1.2**2 + 0.8**2 + 0.5**2) / 3) ** 0.5}
    )  # fmt: skip


def test_profit_and_loss_of_who_is_gone_are_none(policy: Policy, banks: Banks) -> None:
    outcome = Outcome(np.asarray([np.nan, 0.0]), np.full(2, 0.5), np.full(2, 0.9), np.full(2, 0.6))
    profit, loss = profit_and_loss(
        (np.full(2, 1e6), np.full(2, 0.12), np.asarray([0, 0]), np.full(2, 800.0)),
        outcome,
        Terms(policy, banks),
    )
    assert (profit[0], loss[0], loss[1]) == (0.0, 0.0, 0.0)
    capital = 0.12 * 0.1 * risk_weight(np.asarray([0.0]), policy.capital)[0] * 9e5
    assert profit[1] == pytest.approx(0.08 * 5e5 - 800 - capital)
