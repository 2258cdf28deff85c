"""The drawn share: learnt from past lines, for limits that those lines need not have had."""

import json

import numpy as np
import pandas as pd
import pytest

from riskmodel.errors import DataError
from riskmodel.limits.behaviour.utilisation import StatedUtilisation, Utilisation, fit_utilisation

STATED = StatedUtilisation(drawn_share=0.5, credit_conversion=0.5, weight=10.0, quantile=0.9)


def lent(count: int, seed: int) -> pd.DataFrame:
    """Lines of enterprises whose use stays, and that carry an earlier balance over."""
    rng = np.random.default_rng(seed)
    want = rng.beta(8, 8, count)
    before = rng.uniform(2e5, 1e6, count)
    limit = rng.uniform(2e5, 1e6, count)
    new = rng.random(count) < 0.3
    balance = np.where(new, 0.0, before * want)
    carried = np.minimum(balance / limit, 1.0)
    drawn = 0.2 * carried + 0.8 * want * np.where(new, 0.9, 1.0)
    return pd.DataFrame(
        {
            "enterprise_id": [f"E{i:05d}" for i in range(count)],
            "as_of": pd.Timestamp("2012-01-20"),
            "limit_cny": limit,
            "grade": "grade A",
            "drawn_share": np.clip(drawn + rng.normal(0, 0.03, count), 0, 1),
            "drawn_at_default": np.where(
                rng.random(count) < 0.05, drawn + 0.7 * (1 - drawn), np.nan
            ),
            "line_drawn_cny_now": np.where(new, np.nan, balance),
            "line_limit_cny_now": np.where(new, np.nan, before),
            "line_drawn_cny_24m": 12 * balance,
            "line_limit_cny_24m": np.where(new, 0.0, 12 * before),
            "line_months_24m": np.where(new, 0.0, 12.0),
            "want": want,
        }
    )


def test_the_share_of_unseen_lines_is_told_from_balances_and_earlier_use() -> None:
    found, unseen = fit_utilisation(lent(3_000, 1), STATED), lent(2_000, 2)
    told, _ = found.share(unseen)
    left = np.mean((told - unseen["drawn_share"]) ** 2) / unseen["drawn_share"].var()
    assert 1 - left == pytest.approx(found.r2, abs=0.05)
    assert found.r2 > 0.6
    assert abs(np.mean(told - unseen["drawn_share"])) < 0.01


def test_a_larger_limit_is_drawn_in_a_smaller_share_by_those_who_carry_a_balance_over() -> None:
    found, unseen = fit_utilisation(lent(3_000, 1), STATED), lent(500, 3)
    carries = unseen["line_months_24m"].to_numpy() > 0
    limits = np.column_stack([np.full(500, 3e5), np.full(500, 3e6)])
    performing, at_default = found.share(unseen, limits)
    assert performing.shape == at_default.shape == (500, 2)
    assert (performing[carries, 1] < performing[carries, 0]).all()
    assert (at_default >= performing).all()
    assert ((performing > 0) & (at_default <= 1)).all()


def test_most_unseen_lines_lie_inside_the_interval() -> None:
    found, unseen = fit_utilisation(lent(3_000, 1), STATED), lent(2_000, 4)
    _, low, high = found.interval(unseen)
    inside = unseen["drawn_share"].between(low, high).mean()
    assert inside == pytest.approx(0.8, abs=0.04)


def test_the_conversion_of_the_undrawn_part_is_learnt_from_defaults() -> None:
    past = lent(3_000, 1)
    defaults = int(past["drawn_at_default"].notna().sum())
    found = fit_utilisation(past, STATED)
    assert found.defaults == defaults
    # .7 in the lines, and the policy's .5 counts as ten of them
    expected = (0.7 * defaults + 0.5 * 10) / (defaults + 10)
    assert found.credit_conversion == pytest.approx(expected, abs=0.02)


def test_no_past_lines_give_the_policys_values() -> None:
    found = fit_utilisation(lent(3_000, 1).iloc[:0], STATED)
    performing, at_default = found.share(lent(3, 2))
    assert performing == pytest.approx([0.5] * 3)
    assert at_default == pytest.approx([0.75] * 3)


def test_few_lines_teach_a_mean_drawn_towards_the_policys() -> None:
    past = lent(30, 5)
    found = fit_utilisation(past, STATED)
    assert found.columns == ()
    assert found.level == pytest.approx((past["drawn_share"].sum() + 0.5 * 10) / 40)


def test_lines_taken_over_from_before_the_records_are_left_out() -> None:
    past = lent(600, 6)
    taken_over = past.head(200).assign(grade="", drawn_share=1.0, enterprise_id="E9")
    both = pd.concat([past, taken_over], ignore_index=True)
    assert fit_utilisation(both, STATED) == fit_utilisation(past, STATED)


def test_a_share_hangs_on_the_enterprise_alone_and_missing_columns_are_borne() -> None:
    found, unseen = fit_utilisation(lent(3_000, 1), STATED), lent(20, 7)
    whole, _ = found.share(unseen)
    parts = [found.share(unseen.iloc[[i]])[0] for i in range(len(unseen))]
    assert (whole == np.concatenate(parts)).all()
    bare, _ = found.share(unseen[["enterprise_id", "limit_cny"]])
    assert np.isfinite(bare).all()


def test_the_order_of_rows_changes_nothing_and_the_text_gives_the_same_again() -> None:
    past = lent(500, 8)
    found = fit_utilisation(past, STATED)
    assert found == fit_utilisation(past.sample(frac=1, random_state=1), STATED)
    assert Utilisation.from_text(json.loads(json.dumps(found.to_text()))) == found


def test_past_lines_without_limits_are_refused() -> None:
    with pytest.raises(DataError, match="no column limit_cny"):
        fit_utilisation(lent(10, 1).drop(columns="limit_cny"), STATED)
