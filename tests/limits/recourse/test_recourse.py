"""What would raise my limit: the least step, by the model and the decision, in two languages."""

import numpy as np
import pandas as pd
import pytest

from riskmodel.errors import DataError, RiskModelError
from riskmodel.limits.decide import DecisionRule
from riskmodel.limits.economics import Terms
from riskmodel.limits.recommend import recommend
from riskmodel.limits.recourse.recourse import NextLevel, Recommender, find_causes, find_recourse

NEXT = NextLevel(share=0.1, min_cny=50_000.0)


def score(features: pd.DataFrame) -> pd.DataFrame:
    pd_12m = 0.01 + 0.1 * features["late_share_12m"]
    return pd.DataFrame(
        {"pd_12m": pd_12m, "pd_low": pd_12m / 2, "pd_high": pd_12m * 2, "grade": "G01"},
        index=features.index,
    )


def decide(scored: pd.DataFrame) -> pd.DataFrame:
    """A yuan a dollar, less ten times the PD; nothing below 100,000 USD or three deals."""
    serves = (scored["exports_usd_6m"] >= 100_000) & (scored["deals_6m"] >= 3)
    raw = scored["exports_usd_12m"] * (1 - 10 * scored["pd_12m"])
    limit = np.where(serves, np.floor(raw / 10_000) * 10_000, 0.0)
    return pd.DataFrame(
        {
            "enterprise_id": scored["enterprise_id"],
            "bank": np.where(limit > 0, "north_bank", ""),
            "limit_cny": limit,
        }
    )


FAKE = Recommender(score, decide)


def features(**features: list[float]) -> pd.DataFrame:
    count = len(next(iter(features.values())))
    usual = {
        "exports_usd_6m": [500_000.0] * count,
        "exports_usd_12m": [1_000_000.0] * count,
        "deals_6m": [10.0] * count,
        "late_share_12m": [0.0] * count,
    }
    ids = [f"E{number}" for number in range(1, count + 1)]
    return pd.DataFrame({"enterprise_id": ids, **usual, **features})


def causes(rows: pd.DataFrame, **changed: object) -> pd.DataFrame:
    now = FAKE.limits(rows)
    stated = {"cause": "exports_ratio", "cause_en": "", "cause_zh": "", "lasting": False}
    return now[["enterprise_id", "bank", "limit_cny"]].assign(**{**stated, **changed})


def told(rows: pd.DataFrame, **changed: object) -> pd.DataFrame:
    return find_recourse(rows, causes(rows, **changed), FAKE, next_level=NEXT)


def test_the_least_step_of_exports_that_reaches_the_next_level_is_named():
    # 900,000 now; a tenth more is 990,000: 5 % more exports give 940,000, 10 % give 990,000.
    (found,) = told(features(late_share_12m=[0.0])).itertuples()
    assert (found.action, found.step, found.rank) == ("exports", 0.10, 1)
    assert (found.limit_cny, found.limit_then_cny) == (900_000.0, 990_000.0)
    assert found.text_en == (
        "If exports over twelve months were 10 % higher (about 100,000 USD more), with receipts "
        "and purchases in step, the limit could be about 990,000 CNY instead of 900,000 CNY."
    )
    assert found.text_zh == (
        "若近十二个月出口额提高10%（约多10万美元），收汇和采购同步增长，额度可由约90万元提高到约99万元。"
    )


def test_actions_come_by_effort_and_the_pd_is_the_models_own():
    # Late 0.5: PD 6 %, limit 400,000. Exports + 20 % (0.20) or a quarter less late (0.15).
    found = told(features(late_share_12m=[0.5]))
    assert found["action"].tolist() == ["receipts", "exports"]
    assert found["rank"].tolist() == [1, 2]
    assert found["pd_12m"].tolist() == pytest.approx([0.06, 0.06])
    assert found["pd_then_12m"].tolist() == pytest.approx([0.0475, 0.06])
    assert found["text_en"][0].startswith("If late and unpaid invoices were cut by 25 %,")


def test_a_first_limit_needs_the_deals_that_the_rule_reads():
    # Two deals: half as many again are three.
    (found,) = told(features(deals_6m=[2.0])).itertuples()
    assert (found.action, found.step, found.limit_cny) == ("exports", 0.5, 0.0)
    assert found.bank_then == "north_bank"
    assert found.text_en.endswith("a first limit of about 1,350,000 CNY could be given.")
    assert found.text_zh.endswith("可获得约135万元的首次额度。")


def test_where_nothing_helps_the_cause_is_said_and_that_a_record_stays():
    words = {"cause": "arrears", "cause_en": "Arrears; Small", "cause_zh": "逾期; 规模小"}
    (found,) = told(features(exports_usd_6m=[1_000.0]), **words, lasting=True).itertuples()
    assert (found.action, found.rank, found.limit_then_cny) == ("", 0, 0.0)
    assert found.text_en == (
        "None of the changes looked at here would raise the limit this month. What holds it: "
        "Arrears; Small. A record of past arrears cannot be undone by paying; it leaves the count "
        "with time."
    )
    assert found.text_zh == (
        "本月所考察的各项改变均不能提高额度。制约因素：逾期；规模小。"
        "过往逾期记录不因还款而消除，随时间推移不再计入。"
    )


def test_what_the_prices_give_without_any_change_is_no_actions_doing():
    # The book has 500,000, the prices 900,000 for the same row: only 990,000 is a higher one.
    rows = features(late_share_12m=[0.0])
    stated = causes(rows).assign(limit_cny=500_000.0)
    (found,) = find_recourse(rows, stated, FAKE, next_level=NEXT).itertuples()
    assert (found.limit_cny, found.step, found.limit_then_cny) == (500_000.0, 0.10, 990_000.0)


def test_the_order_of_rows_changes_nothing_and_each_enterprise_is_answered_by_itself():
    rows = features(
        late_share_12m=[0.5, 0.0, 0.2], deals_6m=[10.0, 2.0, 1.0], exports_usd_6m=[2e5, 3e5, 1e3]
    )
    whole = told(rows)
    pd.testing.assert_frame_equal(told(rows.iloc[[2, 0, 1]]), whole)
    alone = pd.concat([told(rows.iloc[[place]]) for place in range(3)], ignore_index=True)
    pd.testing.assert_frame_equal(alone, whole)


def test_a_rung_asks_only_about_rows_that_it_moves_and_no_lower_one_lifted():
    asked = []

    def counting(scored: pd.DataFrame) -> pd.DataFrame:
        asked.append(scored["enterprise_id"].tolist())
        return decide(scored)

    rows = features(late_share_12m=[0.0, 0.5])
    find_recourse(rows, causes(rows), Recommender(score, counting), next_level=NEXT)
    exports_5, exports_10, exports_20 = asked[1:4]
    assert (exports_5, exports_10, exports_20) == (["E1", "E2"], ["E1", "E2"], ["E2"])
    assert asked[4:] == [["E2"]]  # receipts by a quarter; E1's buyers are never late


def test_without_a_cause_or_with_a_repeated_id_or_wordless_it_stops():
    rows = features(late_share_12m=[0.0, 0.0])
    with pytest.raises(DataError, match="1 of 2 candidates have none"):
        find_recourse(rows, causes(rows).iloc[:1], FAKE, next_level=NEXT)
    with pytest.raises(DataError, match="1 of 2 rows repeat an id"):
        find_recourse(rows.assign(enterprise_id="E1"), causes(rows), FAKE, next_level=NEXT)
    with pytest.raises(RiskModelError, match="first: moonlight"):
        told(features(exports_usd_6m=[1_000.0]), cause="moonlight")


def test_by_the_real_decision_a_small_exporter_needs_a_twentieth_more(scored, policy, banks):
    agreements = pd.DataFrame(
        {"enterprise_id": ["E1", "E2", "E3", "E4", "E5"], "bank": "north_bank"}
    )
    book = recommend(scored, agreements, policy, banks, grid=10)
    month = DecisionRule(agreements, Terms(policy, banks), book.certificate.rows, 10)
    recommender = Recommender(
        lambda rows: rows[["pd_12m", "pd_low", "pd_high", "grade"]], month.decide
    )
    found = find_recourse(
        scored, find_causes(book.recommendations, policy), recommender, next_level=NEXT
    ).set_index("enterprise_id")
    small = found.loc["E3"]
    assert (small["action"], small["step"], small["limit_cny"]) == ("exports", 0.05, 0.0)
    assert small["limit_then_cny"] >= policy.caps.min_limit_cny
    assert small["cause"] == "exports_too_small"
    # E4 has two deals and 31 days past due within two years: exports cannot undo the latter.
    assert found.loc["E4", "rank"] == 0
    assert found.loc["E4", "cause"] == "too_few_deals; arrears"
    assert "cannot be undone" in found.loc["E4", "text_en"]


def test_of_several_banks_the_one_nearest_to_an_offer_says_what_holds_it(policy) -> None:
    rows = pd.DataFrame(
        {
            "enterprise_id": ["E1", "E1", "E1", "E2", "E2"],
            "bank": ["a_bank", "b_bank", "c_bank", "a_bank", "b_bank"],
            "decision": ["decline", "decline", "decline", "decline", "offer"],
            "limit_cny": [0.0, 0.0, 0.0, 0.0, 70_000.0],
            "binding_constraint": ["pd_cut", "bank_budget", "profit", "bank_budget", "profit"],
            "refusals": "",
            "refusal_text_en": ["cut", "budget", "profit", "budget", ""],
            "refusal_text_zh": "x",
        }
    )
    found = find_causes(rows, policy)
    assert found["cause"].tolist() == ["bank_budget", "profit"]
    assert found["cause_en"].tolist() == ["budget", ""]
    assert found["bank"].tolist() == ["", "b_bank"]
