"""What past lines teach enters the economics, is kept as text, and is nothing where there are none."""

import json

import numpy as np
import pandas as pd
import pytest

from riskmodel.limits import Banks, Behaviour, Policy, Terms, fit_behaviour, recommend
from riskmodel.limits.behaviour.usage import DEFINITIONS
from riskmodel.limits.economics import Pairs, equal_steps, line_economics


@pytest.fixture
def past() -> pd.DataFrame:
    """Six hundred lines of 1:1 and .5:1 by turns, of which twice as many of the larger default."""
    count = 600
    rng = np.random.default_rng(3)
    whole = np.arange(count) % 2 == 0
    return pd.DataFrame(
        {
            "enterprise_id": [f"E{n}" for n in range(count)],
            "as_of": pd.Timestamp("2012-01-01"),
            "limit_cny": np.where(whole, 800_000.0, 400_000.0),
            "exports_usd_12m": 1_000_000.0,
            "exports_cny_12m": 6_200_000.0,
            "grade": "A",
            "defaulted": rng.random(count) < np.where(whole, 0.2, 0.1),
            "drawn_share": np.where(whole, 0.4, 0.6),
        }
    )


def test_no_lines_teach_nothing(past: pd.DataFrame, policy: Policy) -> None:
    assert fit_behaviour(past.iloc[:0], policy) == Behaviour()


def test_a_larger_limit_is_riskier_and_drawn_less_where_lines_say_so(
    past: pd.DataFrame, policy: Policy
) -> None:
    behaviour = fit_behaviour(past, policy)
    assert behaviour.response is not None
    assert behaviour.utilisation is not None
    # Twice the odds for half the cap more is a slope of about 1.5, pooled with the stated .8.
    assert 0.8 < behaviour.response.slope < 1.5
    row = past.iloc[[0]]
    move = behaviour.shift(row, np.asarray([0]), np.asarray([[0.5, 1.0]]), policy.economics)
    drawn, owed = behaviour.expected_utilisation(
        row, np.asarray([0]), np.asarray([[400_000.0, 800_000.0]]), policy.economics
    )
    assert move[0, 0] < move[0, 1]
    assert drawn[0].tolist() == pytest.approx([0.6, 0.4], abs=0.02)
    assert (owed > drawn).all()


def test_the_cautious_end_is_never_below_the_best(past: pd.DataFrame, policy: Policy) -> None:
    behaviour = fit_behaviour(past, policy)
    best = Behaviour(behaviour.response, behaviour.utilisation, cautious=False)
    share = np.asarray([[0.1, 0.5, 0.75, 1.0, 1.5]])
    moves = [
        one.shift(past.iloc[[0]], np.asarray([0]), share, policy.economics)
        for one in (behaviour, best)
    ]
    assert (moves[0] >= moves[1]).all()
    assert (moves[0] > moves[1]).any()


def test_the_text_gives_the_same_prospects_back(
    past: pd.DataFrame, policy: Policy, banks: Banks
) -> None:
    behaviour = fit_behaviour(past, policy)
    again = Behaviour.from_text(json.loads(json.dumps(behaviour.to_text())))
    rows = past.head(20).assign(pd_12m=0.03)
    caps = pd.DataFrame({"cap_cny": [800_000.0] * 20, "programme_cny": [800_000.0] * 20})
    pairs = Pairs(np.arange(20), np.zeros(20, dtype=np.int64))
    found = [
        line_economics(
            rows, caps, pairs, Terms(policy, banks, behaviour=one), equal_steps(5)
        ).profit_cny
        for one in (behaviour, again)
    ]
    assert (found[0] == found[1]).all()


def test_features_on_the_use_of_lines_are_no_models(past: pd.DataFrame) -> None:
    assert not any(feature.model for feature in DEFINITIONS)


def test_a_learnt_drawing_bears_a_month_without_any_pair(
    past: pd.DataFrame, scored: pd.DataFrame, policy: Policy, banks: Banks
) -> None:
    behaviour = fit_behaviour(past, policy)
    nobody = pd.DataFrame({"enterprise_id": [], "bank": []}, dtype="str")
    agreements = pd.DataFrame({"enterprise_id": ["E3"], "bank": ["north_bank"]})
    for rows, pairs in (
        (scored, nobody),
        (scored, agreements),
        (scored.iloc[:0], nobody),
        (scored.assign(pd_12m=np.nan), agreements),
    ):
        book = recommend(rows, pairs, policy, banks, grid=10, behaviour=behaviour)
        assert (book.recommendations["decision"] == "decline").all()
