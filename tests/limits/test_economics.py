import numpy as np
import pandas as pd
import pytest

from riskmodel.errors import DataError, SettingsError
from riskmodel.limits import Banks, Policy, policy_from
from riskmodel.limits.behaviour.fit import Behaviour
from riskmodel.limits.capital import risk_weight
from riskmodel.limits.economics import (
    LineEconomics,
    Pairs,
    Terms,
    equal_steps,
    interpolate_at_cap,
    limit_levels,
    line_economics,
    next_level_above,
    round_levels,
    shift_pd,
)
from riskmodel.limits.pricing import TakeUp, build_take_up, risk_based_rates, segment_of


@pytest.mark.parametrize(
    ("pd_12m", "weight"), [(0.01, 0.51), (0.03, 0.74), (0.05, 0.88), (0.1, 1.18)]
)
def test_the_basel_risk_weight_meets_its_golden_values(
    pd_12m: float, weight: float, policy: Policy
) -> None:
    assert risk_weight(np.asarray([pd_12m]), policy.capital)[0] == pytest.approx(weight, abs=0.006)


def _lines(pds: list[float], caps: list[float], terms: Terms, steps: int) -> LineEconomics:
    """Every enterprise with every bank, by equal steps of the cap: enterprise by enterprise."""
    every = Pairs.of(np.ones((len(pds), len(terms.banks.bank)), dtype=np.bool_))
    rows = pd.DataFrame({"enterprise_id": [f"E{n}" for n in range(len(pds))], "pd_12m": pds})
    return line_economics(rows, _caps(caps), every, terms, equal_steps(steps))


def _caps(caps: list[float]) -> pd.DataFrame:
    return pd.DataFrame({"cap_cny": caps, "programme_cny": caps})


def test_the_models_pd_holds_at_the_typical_limit_and_falls_below_it(policy: Policy) -> None:
    rows, both = pd.DataFrame({"pd_12m": [0.05]}), np.asarray([0, 0])
    move = Behaviour().shift(rows, both, np.asarray([[1.0], [0.5]]), policy.economics)
    at = shift_pd(np.asarray([0.05, 0.05]), move[:, 0])
    assert at[0] == pytest.approx(0.05)
    # logit .05 - .8 x .5 = -3.3444
    assert at[1] == pytest.approx(1 / (1 + np.exp(3.34443898)))


def test_the_rate_is_the_base_rate_at_the_typical_pd_and_stays_in_the_band(
    policy: Policy, banks: Banks
) -> None:
    rates = risk_based_rates(np.asarray([0.03, 0.04, 0.5, 0.0]), policy, banks)
    # .5 x .6 x .75 / .5 = .45 of the PD above the typical one
    assert rates[:, 0] == pytest.approx([0.12, 0.1245, 0.15, 0.1065])
    assert rates[:, 1] == pytest.approx([0.13, 0.1345, 0.15, 0.1165])


def test_expected_profit_is_interest_less_funding_loss_capital_and_opening(
    policy: Policy, banks: Banks
) -> None:
    lines = _lines([0.03], [1_000_000.0], Terms(policy, banks), 2)
    weight = risk_weight(np.asarray([0.03]), policy.capital)[0]
    # Drawn 500,000 at 12 % less 4 %, of which 97 % perform; at default 750,000 are owed.
    interest, loss = 500_000 * 0.08 * 0.97, 0.03 * 0.6 * 750_000
    capital = 0.12 * 0.1 * weight * 750_000
    assert lines.limit_cny[0].tolist() == [500_000.0, 1_000_000.0]
    assert lines.loss_cny[0, 1] == pytest.approx(loss)
    assert lines.profit_cny[0, 1] == pytest.approx(interest - loss - capital - 800)


def test_the_banks_own_maximum_bounds_its_grid_and_limits_are_whole_thousands(
    policy: Policy, banks: Banks
) -> None:
    small = banks.with_values({"bank": (banks.bank[0].with_values({"max_limit_cny": 123_456.0}),)})
    lines = _lines([0.03], [1_000_000.0], Terms(policy, small), 4)
    assert lines.limit_cny[0].tolist() == [30_000.0, 61_000.0, 92_000.0, 123_000.0]
    assert lines.opens[0].tolist() == [False, True, True, True]


def test_levels_are_the_cap_and_the_round_limits_below_it(policy: Policy) -> None:
    levels_cny = limit_levels(99, policy.caps)
    assert levels_cny[:4].tolist() == [50_000.0, 63_000.0, 80_000.0, 100_000.0]
    assert (len(levels_cny), levels_cny[-1]) == (24, 10_000_000.0)
    few = limit_levels(6, policy.caps)
    assert (len(few), few[0], few[-1]) == (6, 50_000.0, 10_000_000.0)
    limits = round_levels(levels_cny)(np.asarray([101_000.0, 80_000.0, 50_000.0, 0.0]), 1_000.0)
    assert limits[0][-5:].tolist() == [50_000.0, 63_000.0, 80_000.0, 100_000.0, 101_000.0]
    assert limits[1][-4:].tolist() == [0.0, 50_000.0, 63_000.0, 80_000.0]
    assert limits[2:].sum() == 50_000.0
    above = next_level_above(levels_cny)(np.asarray([101_000.0, 80_000.0, 1e7]), 1_000.0)
    assert above[:, 0].tolist() == [125_000.0, 80_000.0, 1e7]


def test_a_cap_between_two_rungs_is_worth_what_the_chord_says() -> None:
    limits = np.asarray([[0.0, 100.0, 120.0], [0.0, 100.0, 150.0], [0.0, 0.0, 50.0]])
    worth = np.asarray([[0.0, 10.0, 14.0], [0.0, 10.0, 15.0], [0.0, 0.0, 4.0]])
    found = interpolate_at_cap(
        worth, np.asarray([15.0, 15.0, 9.0]), limits, np.asarray([150.0, 150.0, 60.0])
    )
    assert found[:, -1].tolist() == [12.0, 15.0, 4.0]
    assert (found[:, :-1] == worth[:, :-1]).all()


def test_a_subsidy_is_charged_for_the_dollars_through_the_platform(
    policy: Policy, banks: Banks
) -> None:
    paid = policy.with_values(
        {"economics": policy.economics.with_values({"subsidy_cny_per_usd": 0.03})}
    )
    rows = pd.DataFrame({"pd_12m": [0.03], "exports_platform_usd_12m": [200_000.0]})
    one, cap = Pairs(np.asarray([0]), np.asarray([0])), _caps([1e6])
    with_it = line_economics(rows, cap, one, Terms(paid, banks), equal_steps(1)).profit_cny
    without = line_economics(rows, cap, one, Terms(policy, banks), equal_steps(1)).profit_cny
    assert without - with_it == pytest.approx(6_000.0)


def test_with_a_churn_curve_the_rate_of_the_largest_expected_profit_is_taken(
    policy: Policy, banks: Banks
) -> None:
    churned = _with_curve(policy)
    curve = TakeUp(np.asarray([0.05, 0.11, 0.14]), np.asarray([[1.0, 0.9, 0.3], [1.0, 0.9, 0.9]]))
    lines = _lines([0.01, 0.03], [1e6, 1e6], Terms(churned, banks, curve), 1)
    # .05 lies outside the band; the first leaves at .14, the second does not.
    assert lines.annual_rate[::2, 0].tolist() == [0.11, 0.14]
    plain = 500_000 * (0.14 - 0.04) * 0.97 - 0.03 * 0.6 * 750_000
    weight = risk_weight(np.asarray([0.03]), policy.capital)[0]
    expected = 0.9 * (plain - 0.12 * 0.1 * weight * 750_000 - 800)
    assert lines.profit_cny[2, 0] == pytest.approx(expected)


def test_segments_follow_the_ranks_of_those_that_a_bank_would_serve(policy: Policy) -> None:
    pds = np.asarray([0.01, 0.02, 0.03, 0.04, 0.9])
    served = pds[pds < 0.5]
    assert segment_of(pds, served, _with_curve(policy)).tolist() == [0, 0, 1, 1, 1]


def test_a_curve_without_a_segment_of_the_policy_is_refused(policy: Policy) -> None:
    curve = pd.DataFrame({"annual_rate": [0.11], "segment": ["A"], "churn": [0.1]})
    with pytest.raises(DataError, match="1 values missing"):
        build_take_up(curve, _with_curve(policy))


def test_a_band_without_any_rate_of_the_curve_names_its_bank(policy: Policy, banks: Banks) -> None:
    terms = Terms(_with_curve(policy), banks, TakeUp(np.asarray([0.05]), np.ones((2, 1))))
    with pytest.raises(SettingsError, match="north_bank"):
        _lines([0.03], [1e6], terms, 1)


def test_a_bank_dearer_than_the_all_in_price_is_named(policy: Policy, banks: Banks) -> None:
    pricing = policy.pricing.with_values({"max_all_in_rate": 0.09})
    with pytest.raises(SettingsError, match="north_bank"):
        risk_based_rates(np.asarray([0.03]), policy.with_values({"pricing": pricing}), banks)


def _with_curve(policy: Policy) -> Policy:
    pricing = {
        **policy.pricing.model_dump(),
        "churn_file": "churn.parquet",
        "segments": [
            {"name": "A", "cumulative_share": 0.5},
            {"name": "B", "cumulative_share": 1.0},
        ],
    }
    return policy_from({**policy.model_dump(), "pricing": pricing}, "policy")
