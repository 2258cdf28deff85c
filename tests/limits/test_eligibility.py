import pandas as pd

from riskmodel.limits import Policy
from riskmodel.limits.eligibility import check_eligibility, flag_eligible, funnel


def test_a_refusal_names_every_rule_that_failed(scored: pd.DataFrame, policy: Policy) -> None:
    verdicts = check_eligibility(scored, policy).set_index("enterprise_id")
    assert verdicts["refusals"].to_dict() == {
        "E1": "",
        "E2": "",
        "E3": "exports_too_small",
        "E4": "too_few_deals; arrears",
        "E5": "",
    }
    assert verdicts["eligible"].tolist() == [True, True, False, False, True]
    assert verdicts.loc["E4", "refusal_text_en"] == "too_few_deals in words; arrears in words"
    assert verdicts.loc["E4", "refusal_text_zh"] == "too_few_deals说明; arrears说明"


def test_a_threshold_that_is_just_met_is_met(policy: Policy) -> None:
    just = pd.DataFrame(
        {
            "enterprise_id": ["E1"],
            "exports_usd_6m": [100_000.0],
            "deals_6m": [3.0],
            "days_past_due_24m": [30.0],
        }
    )
    assert check_eligibility(just, policy)["eligible"].tolist() == [True]


def test_a_source_without_trade_shows_no_exports_and_all_are_refused(policy: Policy) -> None:
    bare = pd.DataFrame({"enterprise_id": ["E1", "E2"]})
    verdicts = check_eligibility(bare, policy)
    assert verdicts["refusals"].tolist() == ["exports_too_small; too_few_deals"] * 2
    assert "cannot be shown from the data" in verdicts["refusal_text_en"].iloc[0]
    assert "数据无法证明" in verdicts["refusal_text_zh"].iloc[0]


def test_the_funnel_counts_failed_failed_alone_and_missing(
    scored: pd.DataFrame, policy: Policy
) -> None:
    steps = funnel(scored, policy).set_index("rule")
    assert steps["tested"].tolist() == [5, 5, 5]
    assert steps["failed"].tolist() == [1, 1, 1]
    assert steps["failed_alone"].tolist() == [1, 0, 0]
    assert steps["missing"].tolist() == [0, 0, 1]
    assert steps["left"].tolist() == [4, 3, 3]


def test_no_candidates_are_judged_to_no_rows(scored: pd.DataFrame, policy: Policy) -> None:
    assert check_eligibility(scored.iloc[:0], policy).empty
    assert funnel(scored.iloc[:0], policy)["failed"].tolist() == [0, 0, 0]


def test_who_may_be_lent_to_meets_every_rule_and_has_an_agreement_in_force(
    scored: pd.DataFrame, policy: Policy
) -> None:
    signed = scored.assign(banks_signed=[1.0, 0.0, 2.0, 1.0, float("nan")])
    agreed = policy.model_copy(
        update={"agreement": policy.agreement.model_copy(update={"required": True})}
    )
    assert flag_eligible(signed, agreed).tolist() == [True, False, False, False, False]
    open_to_all = policy.model_copy(
        update={"agreement": policy.agreement.model_copy(update={"required": False})}
    )
    rules_alone = check_eligibility(scored, policy)["eligible"].tolist()
    assert flag_eligible(signed, open_to_all).tolist() == rules_alone


def test_a_rule_that_no_column_tells_of_refuses_nobody_when_rows_are_told_apart(
    policy: Policy,
) -> None:
    bare = pd.DataFrame({"enterprise_id": ["E1", "E2"], "deals_6m": [2.0, 3.0]})
    assert flag_eligible(bare, policy).tolist() == [False, True]
