"""The actions: which features move together, and that a moved row is one that could be."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel.features.catalogue import definitions_by_name
from riskmodel.features.engine import compute_expression
from riskmodel.limits.recourse.actions import (
    ACTIONS,
    ARREARS,
    CONCENTRATION,
    EVEN_BUYERS,
    EXPORTS,
    EXPRESSIONS,
    PLATFORM,
    RECEIPTS,
    RECORDS,
    Action,
    apply_action,
    changed_rows,
    evaluate_expression,
)

NAN = float("nan")


def moved(features: pd.DataFrame, action: Action, size: float) -> pd.DataFrame:
    """The rows after one step of the action."""
    return features.assign(**apply_action(features, action, size))


def row(**features: float) -> pd.DataFrame:
    return pd.DataFrame({name: [value] for name, value in features.items()})


def after(action, size, **features):
    return moved(row(**features), action, size).iloc[0].to_dict()


def test_every_feature_that_an_action_names_is_declared_and_no_record_of_the_past_is_among_them():
    features = {c for action in ACTIONS for move in action.moves for c in (move.feature, *move.by)}
    moving = {move.feature for action in ACTIONS for move in action.moves}
    assert features <= set(definitions_by_name())
    assert set(definitions_by_name()) >= RECORDS
    assert not moving & RECORDS


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_steps_and_their_efforts_rise(action):
    sizes, efforts = zip(*((step.size, step.effort) for step in action.steps), strict=True)
    assert list(sizes) == sorted(set(sizes))
    assert list(efforts) == sorted(set(efforts))


def test_exports_of_every_window_rise_together_and_growth_within_the_year_stays():
    found = after(
        EXPORTS, 0.5,
        exports_usd_3m=20.0, exports_usd_12m=100.0, exports_usd_all=400.0,
        exports_platform_usd_12m=40.0, exports_growth_6m=0.2, exports_growth_on_year_3m=0.0,
        receipts_usd_12m=90.0, exports_cny_12m=600.0, cny_per_usd=6.0,
        exports_log_usd_12m=np.log(100.0), receipts_to_exports_12m=0.9,
    )  # fmt: skip
    assert found == pytest.approx(
        {
            "exports_usd_3m": 30.0,
            "exports_usd_12m": 150.0,
            "exports_usd_all": 450.0,
            "exports_platform_usd_12m": 60.0,
            "exports_growth_6m": 0.2,
            "exports_growth_on_year_3m": 2 * (1.5 - 1) / (1.5 + 1),
            "receipts_usd_12m": 135.0,
            "exports_cny_12m": 900.0,
            "cny_per_usd": 6.0,
            "exports_log_usd_12m": np.log(150.0),
            "receipts_to_exports_12m": 0.9,
        }
    )


def test_half_a_deal_is_none_and_deals_grow_by_what_is_left():
    found = after(EXPORTS, 0.5, deals_12m=3.0, deals_6m=2.0, deal_usd_mean_12m=100.0)
    assert (found["deals_12m"], found["deals_6m"]) == (4.0, 3.0)
    # 3 deals of 100 are 300; half as much again is 450, over 4 deals.
    assert found["deal_usd_mean_12m"] == pytest.approx(112.5)


def test_ten_deals_and_a_tenth_are_eleven():
    assert after(EXPORTS, 0.1, deals_12m=10.0)["deals_12m"] == 11.0


def test_late_money_comes_in_and_the_days_to_cash_fall_with_the_delay():
    found = after(
        RECEIPTS, 1.0,
        days_late_12m=20.0, days_to_cash_12m=80.0, unpaid_90d_share_12m=0.25,
        exports_usd_12m=100.0, receipts_usd_12m=70.0, late_share_12m=0.4,
    )  # fmt: skip
    assert found["days_late_12m"] == found["late_share_12m"] == found["unpaid_90d_share_12m"] == 0
    assert found["days_to_cash_12m"] == 60.0
    assert found["receipts_usd_12m"] == 95.0


def test_buyers_that_pay_early_stay_early():
    found = after(RECEIPTS, 1.0, days_late_12m=-5.0, days_to_cash_12m=30.0)
    assert found == {"days_late_12m": -5.0, "days_to_cash_12m": 30.0}


def test_arrears_are_paid_out_of_deposits_and_their_record_stays():
    found = after(
        ARREARS, 1.0,
        overdue_cny=30.0, days_past_due_now=12.0, days_past_due_24m=12.0, deposits_cny=20.0,
        loans_cny=100.0, paid_cny_6m=10.0, due_cny_6m=40.0, paid_to_due_6m=0.25,
    )  # fmt: skip
    assert (found["overdue_cny"], found["days_past_due_now"]) == (0.0, 0.0)
    assert found["days_past_due_24m"] == 12.0
    assert (found["deposits_cny"], found["loans_cny"]) == (0.0, 70.0)
    assert (found["paid_cny_6m"], found["paid_to_due_6m"]) == (40.0, 1.0)


def test_spreading_sales_is_what_it_would_be_buyer_by_buyer():
    shares = np.array([0.6, 0.3, 0.1])
    found = after(
        CONCENTRATION, 0.25,
        top_buyer_share_12m=0.6, buyer_herfindahl_12m=float((shares**2).sum()), buyers_12m=3.0,
        new_buyer_share_12m=0.0,
    )  # fmt: skip
    spread = 0.75 * np.append(shares, np.zeros(EVEN_BUYERS - 3)) + 0.25 / EVEN_BUYERS
    assert found == pytest.approx(
        {
            "top_buyer_share_12m": spread.max(),
            "buyer_herfindahl_12m": (spread**2).sum(),
            "buyers_12m": float(EVEN_BUYERS),
            "new_buyer_share_12m": spread[3:].sum(),
        }
    )


def test_the_platform_takes_what_went_elsewhere():
    found = after(PLATFORM, 0.5, exports_platform_usd_12m=40.0, exports_usd_12m=100.0)
    assert found == {"exports_platform_usd_12m": 70.0, "exports_usd_12m": 100.0}


def test_a_feature_that_the_source_lacks_is_left_out_and_a_missing_value_stays_missing():
    found = moved(row(exports_usd_12m=NAN, days_to_cash_12m=50.0), EXPORTS, 1.0)
    assert list(found.columns) == ["exports_usd_12m", "days_to_cash_12m"]
    assert np.isnan(found["exports_usd_12m"][0])
    assert after(RECEIPTS, 1.0, days_to_cash_12m=50.0) == {"days_to_cash_12m": 50.0}


def test_an_expression_keeps_its_bits_where_no_part_moves():
    kept = float(np.float32(1 / 3))
    frame = pd.DataFrame(
        {
            "overdue_cny": [0.0, 10.0],
            "loans_cny": [90.0, 90.0],
            "paid_cny_now": [30.0, 30.0],
            "paid_to_debt_now": [kept, kept],
        }
    )
    found = moved(frame, ARREARS, 1.0)
    assert found["paid_to_debt_now"].tolist() == [kept, 0.5]
    assert changed_rows(frame, {"loans_cny": found["loans_cny"].to_numpy()}).tolist() == [
        False,
        True,
    ]


VALUES = st.one_of(st.just(NAN), st.floats(-100, 1e9), st.sampled_from([0.0, 1.0, 2.0]))


@settings(deadline=None)
@given(st.lists(VALUES, min_size=3, max_size=3), st.sampled_from(sorted(EXPRESSIONS)))
def test_expressions_are_the_engines_own(values, name):
    parts = [np.array([value]) for value in values[: len(EXPRESSIONS[name].operands)]]
    found = dict(zip(EXPRESSIONS[name].operands, parts, strict=True))
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(
            evaluate_expression(EXPRESSIONS[name], parts),
            compute_expression(EXPRESSIONS[name], found),
        )


@settings(deadline=None)
@given(st.sampled_from(ACTIONS), st.floats(0.01, 1.0), st.floats(1.0, 50.0), st.data())
def test_shares_stay_shares(action, size, buyers, data):
    buyers = np.floor(buyers)
    top = data.draw(st.floats(1 / buyers, 1.0))
    rest = (1 - top) ** 2 / max(buyers - 1, 1)
    found = after(
        action, size,
        buyers_12m=buyers, top_buyer_share_12m=top, buyer_herfindahl_12m=top**2 + rest,
        new_buyer_share_12m=data.draw(st.floats(0, 1)), late_share_12m=data.draw(st.floats(0, 1)),
    )  # fmt: skip
    assert 1 / found["buyers_12m"] <= found["buyer_herfindahl_12m"] * (1 + 1e-9)
    assert found["top_buyer_share_12m"] ** 2 <= found["buyer_herfindahl_12m"] * (1 + 1e-9)
    assert found["buyer_herfindahl_12m"] <= found["top_buyer_share_12m"] * (1 + 1e-9)
    assert 0 <= found["new_buyer_share_12m"] <= 1 + 1e-9
    assert 0 <= found["late_share_12m"] <= 1
