"""Terms, caps, prices and economics at their edges, in figures that were worked out by hand."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from riskmodel.errors import DataError, SettingsError
from riskmodel.limits import (
    Banks,
    Behaviour,
    Policy,
    Terms,
    banks_from,
    convert_to_twelve_months,
    fixed_ratio_rule,
    policy_from,
)
from riskmodel.limits.capital import risk_weight
from riskmodel.limits.caps import compute_caps
from riskmodel.limits.economics import (
    PD_CLIP,
    LineEconomics,
    Pairs,
    equal_steps,
    interpolate_at_cap,
    interpolate_caps,
    limit_levels,
    line_economics,
    next_level_above,
    pds_within_appetite,
    profit_curves,
    round_levels,
    shift_pd,
)
from riskmodel.limits.eligibility import check_eligibility, funnel
from riskmodel.limits.policy import Capital, Rule
from riskmodel.limits.pricing import (
    TakeUp,
    binding_rate_bounds,
    build_take_up,
    rate_band,
    rates_in_band,
    risk_based_rates,
    segment_of,
)
from riskmodel.statistics.logistic import logit


def one(**features: float) -> pd.DataFrame:
    return pd.DataFrame({"enterprise_id": ["E1"], **{name: [v] for name, v in features.items()}})


def with_operands(policy: Policy, **parts: dict[str, Any]) -> Policy:
    """The policy with some values of some of its tables changed."""
    tables = policy.model_dump()
    changed = {name: {**tables[name], **values} for name, values in parts.items()}
    return policy_from({**tables, **changed}, "terms")


# --- eligibility ---


@pytest.mark.parametrize(
    ("threshold", "value", "missing", "eligible"),
    [
        ({"min_value": 3.0}, 3.0, "refuse", True),
        ({"min_value": 3.0}, 2.999, "refuse", False),
        ({"min_value": 3.0}, 3.001, "refuse", True),
        ({"max_value": 30.0}, 30.0, "pass", True),
        ({"max_value": 30.0}, 30.001, "pass", False),
        ({"max_value": 30.0}, 29.0, "pass", True),
        ({"min_value": 0.0}, -1.0, "refuse", False),
        ({"min_value": 3.0}, np.nan, "refuse", False),
        ({"min_value": 3.0}, np.nan, "pass", True),
        ({"max_value": 30.0}, np.nan, "refuse", False),
        ({"max_value": 30.0}, np.nan, "pass", True),
    ],
)
def test_a_rule_is_met_at_its_very_threshold_and_silence_is_as_the_rule_says(
    policy: Policy, threshold: dict[str, float], value: float, missing: str, eligible: bool
) -> None:
    rule = Rule(
        name="one", feature="deals_6m", missing=missing, en="words", zh="说明", source="drawn",
        **threshold,
    )  # type: ignore[arg-type]  # fmt: skip
    found = check_eligibility(one(deals_6m=value), policy.with_values({"eligibility": (rule,)}))
    assert found["eligible"].tolist() == [eligible]
    words = "" if eligible else "words (cannot be shown from the data)" if np.isnan(value) else "words"  # fmt: skip
    assert found["refusal_text_en"].tolist() == [words]
    assert found["refusals"].tolist() == ["" if eligible else "one"]


def test_without_rules_all_are_eligible_and_without_enterprises_there_is_nobody(
    policy: Policy, scored: pd.DataFrame
) -> None:
    free = policy.with_values({"eligibility": ()})
    assert check_eligibility(scored, free)["eligible"].all()
    assert check_eligibility(scored.head(0), policy).empty


def test_the_funnel_counts_what_each_rule_refuses_sees_not_and_leaves(policy: Policy) -> None:
    rows = pd.DataFrame(
        {
            "enterprise_id": list("abcde"),
            "exports_usd_6m": [2e5, 5e4, np.nan, 2e5, 2e5],
            "deals_6m": [4.0, 1.0, 4.0, 1.0, 9.0],
            "days_past_due_24m": [0.0, 0.0, 0.0, np.nan, 99.0],
        }
    )
    steps = funnel(rows, policy)
    assert steps["tested"].tolist() == [5, 5, 5]
    assert steps["missing"].tolist() == [1, 0, 1]
    assert steps["failed"].tolist() == [2, 2, 1]
    assert steps["failed_alone"].tolist() == [1, 1, 1]
    assert steps["left"].tolist() == [3, 2, 1]


# --- caps ---


def test_caps_are_whole_steps_rounded_down_and_the_floor_itself_opens(policy: Policy) -> None:
    rows = pd.DataFrame(
        {
            "enterprise_id": ["low", "at", "odd"],
            "exports_platform_usd_12m": [49_999.0, 50_000.0, 61_999.9],
            "exports_usd_12m": [49_999.0, 50_000.0, 61_999.9],
            "exports_cny_12m": 1e9,
        }
    )
    caps = compute_caps(rows, policy)
    assert caps["cap_cny"].tolist() == [0.0, 50_000.0, 61_000.0]
    assert caps["binding"].tolist() == ["floor", "exports_ratio", "exports_ratio"]
    assert caps["programme_cny"].tolist() == pytest.approx([49_999.0, 50_000.0, 61_999.9])
    assert caps["to_next_cny"].tolist() == pytest.approx([1e7 - 49_999, 1e7 - 5e4, 1e7 - 61_999.9])


def test_the_programmes_own_limit_knows_no_need(policy: Policy) -> None:
    caps = compute_caps(one(exports_usd_12m=2e7, exports_cny_12m=1e6), policy)
    assert caps["programme_cny"].tolist() == [1e7]
    assert caps["cap_cny"].tolist() == [200_000.0]  # 1,000,000 x .8 x 90 / 360
    assert caps["to_next_cny"].tolist() == [9_800_000.0]


def test_more_through_the_platform_than_exported_is_all_of_it_and_below_none_is_none(
    policy: Policy,
) -> None:
    more = compute_caps(one(exports_usd_12m=1e5, exports_platform_usd_12m=3e5), policy)
    below = compute_caps(one(exports_usd_12m=1e5, exports_platform_usd_12m=-3e5), policy)
    none = compute_caps(one(exports_usd_12m=-1e5), policy)
    assert more["exports_ratio"].tolist() == [100_000.0]
    assert below["exports_ratio"].tolist() == [80_000.0]
    assert none["exports_ratio"].tolist() == [0.0]
    assert compute_caps(one(exports_cny_12m=1e6), policy)["exports_ratio"].tolist() == [0.0]


def test_what_is_missing_for_the_need_is_as_stated(policy: Policy) -> None:
    given = with_operands(
        policy, need={"growth_if_missing": 0.1, "cost_share_if_missing": 0.7, "cycle_days": 72.0}
    )
    caps = compute_caps(one(exports_usd_12m=1e6), given)
    # sales at the stated rate of 6: 6,000,000 x .7 x 1.1 x 72 / 360
    assert caps[["sales_cny", "cost_share", "growth", "debt_cny"]].iloc[0].tolist() == [6e6, 0.7, 0.1, 0.0]  # fmt: skip
    assert caps["need_cny"].iloc[0] == pytest.approx(924_000.0)
    sold = compute_caps(one(exports_usd_12m=1e6, exports_cny_12m=5e6), given)
    assert sold["sales_cny"].tolist() == [5e6]
    owing = compute_caps(one(exports_usd_12m=1e6, exports_cny_12m=5e6, debt_cny=-3.0), given)
    assert owing["debt_cny"].tolist() == [0.0]
    drowned = compute_caps(one(exports_usd_12m=1e6, exports_cny_12m=5e6, debt_cny=9e9), given)
    assert drowned["working_capital"].tolist() == [0.0]
    returned = compute_caps(one(exports_usd_12m=1e6, exports_cny_12m=-5e6), given)
    assert returned["sales_cny"].tolist() == [0.0]


def test_low_costs_and_falling_sales_are_held_to_the_lower_ends(policy: Policy) -> None:
    wild = one(exports_cny_12m=3.6e6, purchases_to_sales_12m=0.1, exports_growth_6m=-1.5)
    caps = compute_caps(wild, policy)
    assert (caps["cost_share"].iloc[0], caps["growth"].iloc[0]) == (0.6, -0.2)
    # g = 2 (now - then) / (now + then) = -2 / 21 is now / then = .90909
    mild = compute_caps(one(exports_cny_12m=3.6e6, exports_growth_6m=-2 / 21), policy)
    assert mild["growth"].iloc[0] == pytest.approx(-1 / 11)


# --- the plain rule and the horizon ---


def test_the_plain_rule_serves_up_to_its_cut_in_whole_steps_and_from_the_floor(
    policy: Policy,
) -> None:
    rows = pd.DataFrame(
        {
            "enterprise_id": list("abcdef"),
            "exports_usd_6m": [2e5, 2e5, 2e5, 2e5, 9e4, 2e5],
            "deals_6m": 5.0,
            "exports_usd_12m": [100_900.0, 50_000.0, 49_999.0, 1e8, 1e5, 1e5],
            "exports_platform_usd_12m": [100_900.0, 50_000.0, 49_999.0, 1e8, 1e5, 1e5],
            "exports_cny_12m": 0.0,  # the rule knows no need
            "pd_12m": [0.05, 0.05, 0.05, 0.01, 0.01, 0.0501],
        }
    )
    found = fixed_ratio_rule(rows, policy, max_pd=0.05)
    assert found["limit_cny"].tolist() == [100_000.0, 50_000.0, 0.0, 1e7, 0.0, 0.0]


def test_a_pd_of_another_horizon_becomes_one_of_twelve_months_as_stated() -> None:
    pd_horizon = pd.Series([0.19, 0.0, 1.0], index=[7, 8, 9], name="pd")
    # 1 - .81^(12/24) = .1, 1 - .81^(12/6) = .3439
    half = convert_to_twelve_months(pd_horizon, 24, "constant_hazard")
    assert half.tolist() == pytest.approx([0.1, 0.0, 1.0])
    assert convert_to_twelve_months(pd_horizon, 6, "constant_hazard").tolist() == pytest.approx(
        [0.3439, 0.0, 1.0]
    )
    assert convert_to_twelve_months(pd_horizon, 12, "refuse").equals(pd_horizon)
    assert convert_to_twelve_months(pd_horizon, 24, "as_is").equals(pd_horizon)
    assert convert_to_twelve_months(pd_horizon, None, "as_is").equals(pd_horizon)
    for months in (11, 13, None):
        refused = convert_to_twelve_months(pd_horizon, months, "refuse")
        assert refused.isna().all()
        assert refused.index.tolist() == [7, 8, 9]
    with pytest.raises(SettingsError, match="needs a horizon"):
        convert_to_twelve_months(pd_horizon, None, "constant_hazard")


# --- capital ---


def test_the_risk_weight_answers_to_every_parameter_of_its_formula() -> None:
    plain = Capital(lgd=0.4, maturity_years=1.0, sales_million_eur=5.0, min_pd=0.0005)

    def weight(pd_12m: float, **changes: float) -> float:
        return float(risk_weight(np.asarray([pd_12m]), plain.with_values(changes))[0])

    # Basel II, annex 5 (2006): LGD 45 %, 2.5 years, without the 1.06; 50 and 5 million of sales
    golden = {
        0.0025: (0.4947, 0.3901),
        0.01: (0.9232, 0.7240),
        0.1: (1.9309, 1.4651),
        0.2: (2.3823, 1.8842),
    }
    for pd_12m, (large, small) in golden.items():
        assert weight(pd_12m, lgd=0.45, maturity_years=2.5, sales_million_eur=50.0) == (
            pytest.approx(large, abs=1e-4)
        )
        assert weight(pd_12m, lgd=0.45, maturity_years=2.5) == pytest.approx(small, abs=1e-4)
    assert weight(0.01, lgd=0.8) == pytest.approx(2 * weight(0.01))
    assert weight(0.0001) == weight(0.0005)
    assert weight(0.0006) > weight(0.0005)
    # the law's own: a longer maturity costs, more so for the good
    assert weight(0.001, maturity_years=5.0) / weight(0.001) > (
        weight(0.2, maturity_years=5.0) / weight(0.2)
    )
    assert weight(1.0) == pytest.approx(0.0, abs=1e-5)


# --- prices ---


def test_a_band_is_the_banks_own_under_the_all_in_price(policy: Policy, banks: Banks) -> None:
    bank = banks.bank[0]
    assert rate_band(bank, policy) == (0.10, 0.15)
    held = with_operands(policy, pricing={"max_all_in_rate": 0.13})
    assert rate_band(bank, held) == (0.10, 0.13)
    assert rate_band(bank, with_operands(policy, pricing={"max_all_in_rate": 0.10})) == (0.10, 0.10)
    with pytest.raises(SettingsError, match="north_bank: min_rate is above"):
        rate_band(bank, with_operands(policy, pricing={"max_all_in_rate": 0.0999}))


def test_a_rate_says_what_holds_it(policy: Policy, banks: Banks) -> None:
    # premium .45 (PD - .03): at .07 1.8 %, at .10 3.15 %, at .5 21 %
    low = banks_from({"bank": [{**b.model_dump(), "min_rate": 0.115} for b in banks.bank]}, "banks")
    pds = np.asarray([0.0, 0.03, 0.07, 0.1, 0.5])
    assert binding_rate_bounds(pds, policy, low)[:, 0].tolist() == [
        "bank_lowest_rate", "", "", "bank_highest_rate", "bank_highest_rate",
    ]  # fmt: skip
    capped_by_law = with_operands(policy, pricing={"max_all_in_rate": 0.14})
    assert binding_rate_bounds(pds, capped_by_law, low)[:, 0].tolist() == [
        "bank_lowest_rate", "", "", "all_in_price", "all_in_price",
    ]  # fmt: skip
    just = with_operands(policy, pricing={"max_all_in_rate": 0.15})
    assert binding_rate_bounds(pds, just, low)[-1, 0] == "bank_highest_rate"
    at_the_edge = banks_from(
        {"bank": [{**banks.bank[0].model_dump(), "max_rate": 0.138, "min_rate": 0.12}]}, "banks"
    )
    assert binding_rate_bounds(np.asarray([0.03, 0.07]), policy, at_the_edge)[:, 0].tolist() == [
        "",
        "",
    ]


def test_a_premium_is_rounded_to_a_hundredth_of_a_percent(policy: Policy, banks: Banks) -> None:
    # .45 x .00123 = .00055350
    assert risk_based_rates(np.asarray([0.03123]), policy, banks)[0, 0] == pytest.approx(
        0.1206, abs=1e-9
    )
    # LGD .6, drawn .4, owed .4 + .25 x .6 = .55: .5 x .6 x .55 / .4 = .4125 of .022
    other = with_operands(policy, economics={"utilisation": 0.4, "credit_conversion_factor": 0.25})
    assert risk_based_rates(np.asarray([0.052]), other, banks)[0, 0] == pytest.approx(
        0.1291, abs=1e-9
    )


def churned(policy: Policy) -> Policy:
    segments = [{"name": "A", "cumulative_share": 0.5}, {"name": "B", "cumulative_share": 1.0}]
    return with_operands(policy, pricing={"churn_file": "churn.parquet", "segments": segments})


def test_a_curve_is_read_by_segment_and_rate(policy: Policy) -> None:
    curve = pd.DataFrame(
        {
            "annual_rate": [0.14, 0.11, 0.11, 0.14],
            "segment": ["B", "A", "B", "A"],
            "churn": [0.4, 0.1, 0.0, 1.0],
        }
    )
    found = build_take_up(curve, churned(policy))
    assert found.rates.tolist() == [0.11, 0.14]
    assert found.taken.tolist() == [[0.9, 0.0], [1.0, 0.6]]
    for spoilt, words in (
        (curve.assign(churn=[1.01, 0.1, -0.01, 0.5]), "2 rows with a churn outside"),
        (pd.concat([curve, curve.head(1)]), "1 rows that repeat"),
        (curve.drop(columns=["churn", "segment"]), r"2 columns missing \(first: segment\)"),
        (curve.head(0), "values missing"),
        (curve.head(3), "1 values missing for the policy's 2 segments"),
    ):
        with pytest.raises(DataError, match=words):
            build_take_up(spoilt, churned(policy))


def test_a_rank_at_a_segments_end_is_inside_it(policy: Policy) -> None:
    reference_pds = np.asarray([0.01, 0.02, 0.03, 0.04])
    asked = np.asarray([0.001, 0.02, 0.025, 0.03, 0.9])
    assert segment_of(asked, reference_pds, churned(policy)).tolist() == [0, 0, 0, 1, 1]
    assert segment_of(np.asarray([0.02]), np.asarray([0.02] * 4), churned(policy)).tolist() == [1]
    assert segment_of(np.asarray([0.02]), np.empty(0), churned(policy)).tolist() == [0]


def test_rates_at_a_bands_ends_are_inside_it(policy: Policy, banks: Banks) -> None:
    curve = TakeUp(np.asarray([0.0999, 0.10, 0.15, 0.1501]), np.ones((2, 4)))
    found = rates_in_band(curve, policy, banks)
    assert found.tolist() == [[False] * 2, [True] * 2, [True] * 2, [False] * 2]
    narrow = banks_from(
        {"bank": [banks.bank[0].model_dump(), {**banks.bank[1].model_dump(), "max_rate": 0.13,
                                               "min_rate": 0.12}]}, "banks"
    )  # fmt: skip
    with pytest.raises(SettingsError, match="south_bank: none of the churn curve's 4 rates"):
        rates_in_band(curve, policy, narrow)


# --- economics ---


def a_line(policy: Policy, banks: Banks, *, bank: int = 0, **features: float) -> LineEconomics:
    rows = one(**{"pd_12m": 0.03, **features})
    caps = pd.DataFrame({"cap_cny": [1e6], "programme_cny": [1e6]})
    pair = Pairs(np.asarray([0]), np.asarray([bank]))
    return line_economics(rows, caps, pair, Terms(policy, banks), equal_steps(1))


def test_each_cost_is_paid_at_the_pairs_own_bank(policy: Policy, bank_row: Any) -> None:
    other = bank_row(
        "south_bank",
        funding_rate=0.05,
        capital_cost=0.2,
        reference_rate=0.13,
        max_limit_cny=400_999.0,
    )
    banks = banks_from({"bank": [bank_row("north_bank"), other]}, "banks")
    given = with_operands(
        policy,
        economics={"utilisation": 0.4, "credit_conversion_factor": 0.25, "capital_ratio": 0.11,
                   "subsidy_cny_per_usd": 0.01},
    )  # fmt: skip
    line = a_line(given, banks, bank=1, exports_platform_usd_12m=50_000.0)
    # 400,000 of which 40 % are drawn, 55 % owed; the premium at the typical PD is none
    assert (line.cap_cny[0], line.limit_cny[0, 0]) == (400_000.0, 400_000.0)
    # the share .4 of the programme's million moves the PD: .8 (.4 - 1) = -.48
    default = 0.0187783
    assert line.pd_12m[0, 0] == pytest.approx(default, abs=1e-6)
    default = line.pd_12m[0, 0]
    loss = 0.6 * 0.55 * default * 400_000
    earning = 0.4 * 400_000 * (1 - default)
    weight = risk_weight(np.asarray([default]), given.capital)[0]
    capital = 0.2 * 0.11 * weight * 0.55 * 400_000
    assert line.loss_cny[0, 0] == pytest.approx(loss)
    assert line.earning_cny[0, 0] == pytest.approx(earning)
    assert line.annual_rate[0, 0] == pytest.approx(0.13)
    assert line.profit_cny[0, 0] == pytest.approx(
        earning * (0.13 - 0.05) - loss - capital - 800 - 500
    )
    returned = a_line(given, banks, bank=1, exports_platform_usd_12m=-50_000.0)
    assert returned.profit_cny[0, 0] == pytest.approx(line.profit_cny[0, 0] + 500)


def test_the_stated_centre_is_the_share_at_which_the_pd_holds(policy: Policy, banks: Banks) -> None:
    given = with_operands(policy, economics={"pd_centre": 0.7})
    rows, both = pd.DataFrame({"pd_12m": [0.03]}), np.asarray([0])
    move = Behaviour().shift(rows, both, np.asarray([[0.7, 1.0, 0.2]]), given.economics)
    assert move[0].tolist() == pytest.approx([0.0, 0.24, -0.4])
    drawn, owed = Behaviour().expected_utilisation(
        rows, both, np.asarray([[1e5, 2e5]]), given.economics
    )
    assert (drawn.tolist(), owed.tolist()) == ([[0.5, 0.5]], [[0.75, 0.75]])


def test_probabilities_are_moved_in_log_odds_and_stay_inside() -> None:
    assert shift_pd(np.asarray([0.2, 0.5]), np.asarray([np.log(2), -np.log(3)])).tolist() == (
        pytest.approx([1 / 3, 0.25])
    )
    ends = shift_pd(np.asarray([0.0, 1.0]), np.zeros(2))
    assert ends.tolist() == pytest.approx([1e-9, 1 - 1e-9])
    assert logit(np.asarray([0.2, 0.8]), PD_CLIP).tolist() == pytest.approx([-np.log(4), np.log(4)])
    assert logit(np.asarray([0.0, 1.0]), PD_CLIP).tolist() == pytest.approx(
        [-20.7232658, 20.7232658]
    )


def test_those_whom_some_bank_would_serve_are_ranked(policy: Policy, bank_row: Any) -> None:
    banks = banks_from(
        {"bank": [bank_row("north_bank", max_pd=0.05), bank_row("south_bank")]}, "banks"
    )
    pds = np.asarray([0.1, 0.02, 0.1001, 0.01, np.nan])
    caps = np.asarray([1e5, 1e5, 1e5, 0.0, 1e5])
    assert pds_within_appetite(pds, caps, Terms(policy, banks)).tolist() == [0.02, 0.1]


def test_a_level_at_the_floor_opens(policy: Policy, banks: Banks) -> None:
    rows = pd.DataFrame({"enterprise_id": ["E1"], "pd_12m": [0.03]})
    caps = pd.DataFrame({"cap_cny": [100_000.0], "programme_cny": [1e6]})
    pair = Pairs(np.asarray([0]), np.asarray([0]))
    lines = line_economics(rows, caps, pair, Terms(policy, banks), equal_steps(2))
    assert lines.opens[0].tolist() == [True, True]
    lines = line_economics(rows, caps, pair, Terms(policy, banks), equal_steps(3))
    assert lines.limit_cny[0].tolist() == [33_000.0, 66_000.0, 100_000.0]
    assert lines.opens[0].tolist() == [False, True, True]


def test_round_limits_are_the_preferred_numbers_between_floor_and_ceiling(policy: Policy) -> None:
    small = policy.caps.with_values({"min_limit_cny": 80_000.0, "max_limit_cny": 400_000.0})
    assert limit_levels(99, small).tolist() == [
        80e3, 100e3, 125e3, 160e3, 200e3, 250e3, 315e3, 400e3,
    ]  # fmt: skip
    assert limit_levels(3, small).tolist() == [80e3, 200e3, 400e3]
    assert limit_levels(2, small).tolist() == limit_levels(1, small).tolist() == [80e3, 400e3]
    steps = policy.caps.with_values({"max_limit_cny": 8e4, "rounding_cny": 10_000.0})
    assert limit_levels(99, steps).tolist() == [50e3, 60e3, 80e3]  # 63 is rounded down
    large = policy.caps.with_values({"min_limit_cny": 1e12, "max_limit_cny": 1e13})
    assert len(limit_levels(99, large)) == 11


def test_levels_before_a_cap_are_the_rungs_below_it(policy: Policy) -> None:
    levels_cny = np.asarray([50.0, 60.0, 80.0])
    caps = np.asarray([0.0, 50.0, 55.0, 60.0, 79.0, 80.0, 95.0])
    assert round_levels(levels_cny)(caps, 1.0).tolist() == [
        [0.0, 0.0, 0.0],
        [0.0, 0.0, 50.0],
        [0.0, 50.0, 55.0],
        [0.0, 50.0, 60.0],
        [50.0, 60.0, 79.0],
        [50.0, 60.0, 80.0],
        [60.0, 80.0, 95.0],
    ]
    above = next_level_above(levels_cny)(caps, 1.0)
    assert above[:, 0].tolist() == [50.0, 50.0, 60.0, 60.0, 80.0, 80.0, 80.0]


def test_a_cap_on_a_rung_or_beyond_the_last_keeps_its_own_worth() -> None:
    limits = np.asarray([[100.0, 125.0], [100.0, 160.0], [100.0, 100.0], [100.0, 110.0]])
    worth = np.asarray([[10.0, 14.0], [10.0, 19.0], [10.0, 7.0], [10.0, 20.0]])
    above = np.asarray([13.0, 12.0, 99.0, 30.0])
    after = np.asarray([125.0, 125.0, 100.0, 200.0])
    found = interpolate_at_cap(worth, above, limits, after)
    assert found[:, -1].tolist() == [14.0, 19.0, 7.0, 12.0]
    near = interpolate_at_cap(
        np.asarray([[10.0, 20.0]]), np.asarray([14.0]), np.asarray([[100.0, 100.25]]), np.asarray([100.5])
    )  # fmt: skip
    assert near.tolist() == [[10.0, 12.0]]
    only = np.asarray([[5.0], [6.0]])
    assert interpolate_at_cap(only, np.zeros(2), only, np.ones(2)) is only


def test_profit_and_loss_of_a_cap_lie_on_their_own_chords(policy: Policy, banks: Banks) -> None:
    lines = a_line(policy, banks)
    two = {
        name: np.asarray([[1.0, 2.0]]) for name in ("pd_12m", "annual_rate", "earning_cny", "opens")
    }
    mine = LineEconomics(
        cap_cny=np.asarray([110.0]), limit_cny=np.asarray([[100.0, 110.0]]),
        loss_cny=np.asarray([[3.0, 9.0]]), profit_cny=np.asarray([[10.0, 50.0]]), **two,
    )  # fmt: skip
    above = LineEconomics(
        cap_cny=lines.cap_cny, limit_cny=np.asarray([[125.0]]),
        loss_cny=np.asarray([[5.5]]), profit_cny=np.asarray([[20.0]]), **two,
    )  # fmt: skip
    found = interpolate_caps(mine, above)
    assert found.profit_cny.tolist() == [[10.0, 14.0]]
    assert found.loss_cny.tolist() == [[3.0, 4.0]]
    assert found.limit_cny.tolist() == [[100.0, 110.0]]


def test_curves_are_means_over_pairs_of_a_bank_and_grade(policy: Policy, banks: Banks) -> None:
    pairs = Pairs(np.asarray([0, 0, 1, 2]), np.asarray([0, 1, 0, 0]))
    amounts = np.arange(8.0).reshape(4, 2)
    lines = LineEconomics(
        cap_cny=np.ones(4), limit_cny=amounts, pd_12m=amounts / 100, annual_rate=amounts,
        earning_cny=amounts, loss_cny=10 * amounts, profit_cny=100 * amounts,
        opens=amounts > 0,
    )  # fmt: skip
    found = profit_curves(lines, pairs, pd.Series(["A", "A", "B"]), banks)
    assert list(found.columns) == [
        "bank", "grade", "level", "pairs", "expected_profit_cny", "expected_loss_cny", "pd_12m",
    ]  # fmt: skip
    assert found[["bank", "grade", "level", "pairs"]].to_numpy().tolist() == [
        ["north_bank", "A", 0.5, 2], ["north_bank", "A", 1.0, 2],
        ["north_bank", "B", 0.5, 1], ["north_bank", "B", 1.0, 1],
        ["south_bank", "A", 0.5, 1], ["south_bank", "A", 1.0, 1],
    ]  # fmt: skip
    assert found["expected_profit_cny"].tolist() == [200.0, 300.0, 600.0, 700.0, 200.0, 300.0]
    assert found["expected_loss_cny"].tolist() == [20.0, 30.0, 60.0, 70.0, 20.0, 30.0]
    assert found["pd_12m"].tolist() == pytest.approx([0.02, 0.03, 0.06, 0.07, 0.02, 0.03])


def test_of_two_rates_that_earn_alike_the_lower_is_asked(policy: Policy, banks: Banks) -> None:
    free = with_operands(
        churned(policy),
        economics={"opening_cost_cny": 0.0, "lgd": 0.0, "capital_ratio": 0.0},
    )  # fmt: skip
    # funding .04: (.12 - .04) x 1 = (.14 - .04) x .8
    curve = TakeUp(np.asarray([0.12, 0.14]), np.asarray([[1.0, 0.8], [1.0, 0.8]]))
    rows = one(pd_12m=0.03)
    caps = pd.DataFrame({"cap_cny": [1e6], "programme_cny": [1e6]})
    pair = Pairs(np.asarray([0]), np.asarray([0]))
    lines = line_economics(rows, caps, pair, Terms(free, banks, curve), equal_steps(1))
    assert lines.profit_cny[0, 0] == pytest.approx(0.08 * 0.97 * 500_000)
    curve = TakeUp(np.asarray([0.12, 0.13]), np.asarray([[1.0, 8 / 9], [0.5, 0.5]]))
    # ranked: the PD is below all that are served, so in the first segment
    reference_pds = np.asarray([0.04, 0.05])
    lines = line_economics(
        rows, caps, pair, Terms(free, banks, curve, reference_pds=reference_pds), equal_steps(1)
    )
    assert lines.profit_cny[0, 0] == pytest.approx(0.08 * 0.97 * 500_000)


# --- the terms as settings ---


def test_terms_at_their_edges_stand_and_beyond_them_are_refused(terms: dict[str, Any]) -> None:
    def read(table: str, **values: Any) -> Policy:
        return policy_from({**terms, table: {**terms[table], **values}}, "terms")

    read("need", min_cost_share=0.8, max_cost_share=0.8, min_growth=0.1, max_growth=0.1)
    read("economics", utilisation=1.0, opening_cost_cny=0.0, pd_centre=0.0)
    read("caps", min_limit_cny=0.5)
    for table, values in (
        ("need", {"min_cost_share": 0.81, "max_cost_share": 0.8}),
        ("need", {"min_growth": 0.11, "max_growth": 0.1}),
        ("need", {"min_growth": -1.0}),
        ("economics", {"utilisation": 0.0}),
        ("economics", {"opening_cost_cny": -0.01}),
        ("caps", {"min_limit_cny": 0.0}),
        ("caps", {"max_limit_cny": float("inf")}),
        ("pricing", {"churn_file": "churn.parquet"}),
        ("pricing", {"segments": [{"name": "A", "cumulative_share": 1.0}]}),
        ("behaviour", {"utilisation_prior_lines": 0.0}),
    ):
        with pytest.raises(SettingsError):
            policy_from({**terms, table: {**terms.get(table, {}), **values}}, "terms")


@pytest.mark.parametrize("shares", [[0.5, 0.5, 1.0], [0.6, 0.5, 1.0], [0.5, 0.9]])
def test_segments_rise_to_one(terms: dict[str, Any], shares: list[float]) -> None:
    segments = [{"name": f"S{n}", "cumulative_share": s} for n, s in enumerate(shares)]
    pricing = {**terms["pricing"], "churn_file": "churn.parquet", "segments": segments}
    with pytest.raises(SettingsError, match="must rise and end at 1"):
        policy_from({**terms, "pricing": pricing}, "terms")


def test_what_is_owed_at_default_is_the_drawn_part_and_a_part_of_the_rest(policy: Policy) -> None:
    given = with_operands(policy, economics={"utilisation": 0.3, "credit_conversion_factor": 0.2})
    assert given.economics.exposure_at_default == pytest.approx(0.3 + 0.2 * 0.7)


def test_what_is_learnt_has_stated_defaults(policy: Policy) -> None:
    assert policy.behaviour.model_dump() == {
        "pd_slope_sd": 0.3, "transfer_sd": 0.25, "heterogeneity_sd": 0.4, "utilisation_prior_lines": 10.0,
        "response_quantile": 0.8, "early_days_past_due": 1,
    }  # fmt: skip
    assert policy.economics.subsidy_cny_per_usd == 0.0


def test_a_banks_rows_are_shares_of_its_budget(bank_row: Any) -> None:
    north = bank_row(
        "north_bank",
        budget_cny=2e6,
        max_sector_share=0.5,
        max_sector_shares={"toys": 0.2, "tea": 1.0},
    )
    south = bank_row("south_bank", budget_cny=1e6)
    banks = banks_from(
        {"bank": [north, south], "destinations": {"max_share": 0.4, "max_shares": {"US": 0.1, "DE": 1.0}}},
        "banks",
    )  # fmt: skip
    of = banks.bank[0]
    assert of.loss_cap_cny == 100_000.0
    assert (of.sector_cap_cny("toys"), of.sector_cap_cny("shoes")) == (400_000.0, 1e6)
    assert of.sector_cap_cny("tea") == float("inf")
    assert banks.bank[1].sector_cap_cny("toys") == float("inf")
    assert banks.destination_cap_cny("US") == pytest.approx(300_000.0)
    assert banks.destination_cap_cny("FR") == pytest.approx(1_200_000.0)
    assert banks.destination_cap_cny("DE") == float("inf")
    plain = banks_from({"bank": [north, south]}, "banks")
    assert plain.destination_cap_cny("US") == float("inf")


@pytest.mark.parametrize("rates", [(0.13, 0.12, 0.15), (0.10, 0.16, 0.15)])
def test_a_base_rate_lies_in_its_band(bank_row: Any, rates: tuple[float, float, float]) -> None:
    low, base, high = rates
    with pytest.raises(SettingsError, match="does not hold"):
        banks_from({"bank": [bank_row("n", min_rate=low, reference_rate=base, max_rate=high)]}, "b")


def test_a_base_rate_at_an_end_of_its_band_stands(bank_row: Any) -> None:
    for rates in ((0.1, 0.1, 0.15), (0.1, 0.15, 0.15)):
        names = dict(zip(("min_rate", "reference_rate", "max_rate"), rates, strict=True))
        banks_from({"bank": [bank_row("north_bank", **names)]}, "banks")
