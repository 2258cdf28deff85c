"""Performance for all applicants from the accepted: three rows by hand, and what changes nothing."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel.benchmarks.reject_inference.accepted_performance import (
    compute_weights,
    for_all_applicants,
)
from riskmodel.errors import DataError

THREE = pd.DataFrame(
    {
        "enterprise_id": ["E1", "E2", "E3"],
        "pd_12m": [0.1, 0.4, 0.2],
        "defaulted": [False, True, True],
    }
)
EVERYONE = np.ones(3, bool)


def test_an_accepted_row_stands_for_one_over_its_propensity() -> None:
    made = compute_weights(np.array([0.5, 0.25, 0.9, 0.25]), np.array([True, True, False, True]))
    # 2, 4 and 4, brought to a mean of 1
    assert made.weights == pytest.approx([0.6, 1.2, 1.2], rel=1e-12)
    # Kish: (.6 + 1.2 + 1.2)^2 / (.36 + 1.44 + 1.44)
    assert made.effective == pytest.approx(9 / 3.24, rel=1e-12)
    assert (made.trimmed, made.unsupported, made.overlaps) == (0.0, 0.0, True)


def test_three_rows_weighted_by_hand() -> None:
    weights = np.array([0.6, 1.2, 1.2])
    table = for_all_applicants(THREE, weights, draws=20, seed=1).set_index("metric")
    # squared distances .01, .36, .64
    assert table.loc["brier", "accepted"] == pytest.approx(1.01 / 3, rel=1e-12)
    assert table.loc["brier", "corrected"] == pytest.approx((0.006 + 0.432 + 0.768) / 3, rel=1e-12)
    # realised 2.4 of 3, expected .06 + .48 + .24 of 3
    ratio = table.loc["realised_to_expected"]
    assert ratio["accepted"] == pytest.approx(2 / 0.7, rel=1e-12)
    assert ratio["corrected"] == pytest.approx(2.4 / 0.78, rel=1e-12)
    # both defaulters score above the other
    assert table.loc["auc", "corrected"] == 1.0


def test_the_auc_counts_a_pair_by_both_weights() -> None:
    rows = THREE.assign(defaulted=[True, True, False])
    table = for_all_applicants(rows, np.array([2.0, 0.5, 0.5]), draws=20, seed=1)
    auc = table.set_index("metric").loc["auc"]
    # the defaulter at .1 loses its pair, the one at .4 wins: 1 of 2 alike, .5 of 2.5 weighted
    assert auc["accepted"] == pytest.approx(0.5)
    assert auc["corrected"] == pytest.approx(0.2)


def test_a_propensity_below_the_floor_counts_as_it_and_is_told() -> None:
    propensity = np.array([0.001, 0.5, 0.01, 0.9])
    made = compute_weights(propensity, np.array([True, True, False, False]), floor=0.1)
    assert made.weights == pytest.approx([20 / 12, 4 / 12], rel=1e-12)
    assert (made.trimmed, made.unsupported) == (0.5, 0.5)
    assert not made.overlaps
    assert "50.0% of the applicants are hardly ever accepted" in made.text
    assert "50.0% of the weights were cut" in made.text


def test_where_all_overlap_the_text_says_only_what_the_rows_are_worth() -> None:
    text = compute_weights(np.array([0.5, 0.25, 0.25]), EVERYONE).text
    assert text == "3 accepted applicants weigh as much as 3; 0.0% of the weights were cut."


@pytest.mark.parametrize("wrong", [[0.5, 1.2, 0.3], [0.5, -0.1, 0.3], [0.5, float("nan"), 0.3]])
def test_a_propensity_that_is_no_chance_is_refused(wrong: list[float]) -> None:
    with pytest.raises(DataError, match="1 of 3 rows outside 0 to 1"):
        compute_weights(np.array(wrong), EVERYONE)


def test_without_accepted_rows_no_outcome_is_known() -> None:
    with pytest.raises(DataError, match="0 of 3 accepted"):
        compute_weights(np.array([0.1, 0.2, 0.3]), ~EVERYONE)


def drawn(seed: int, rows: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    p = rng.random(rows)
    ids = [f"E{n // 2}" for n in range(rows)]
    return pd.DataFrame({"enterprise_id": ids, "pd_12m": p, "defaulted": rng.random(rows) < p})


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**31), st.floats(0.06, 1.0))
def test_a_constant_propensity_changes_nothing(seed: int, chance: float) -> None:
    rows = drawn(seed)
    made = compute_weights(np.full(len(rows), chance), np.ones(len(rows), bool))
    table = for_all_applicants(rows, made.weights, draws=20, seed=1)
    assert np.allclose(table["accepted"], table["corrected"], rtol=1e-9)
    assert made.effective == pytest.approx(len(rows), rel=1e-9)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**31))
def test_fewer_rows_are_worth_no_more_than_they_are(seed: int) -> None:
    propensity = np.random.default_rng(seed).random(50)
    made = compute_weights(propensity, np.ones(50, bool))
    assert 1 <= made.effective <= 50 + 1e-9
    assert made.weights.mean() == pytest.approx(1, rel=1e-9)


def test_weighting_finds_the_truth_where_acceptance_hangs_on_what_is_known() -> None:
    rng = np.random.default_rng(4)
    n = 40_000
    risk = rng.random(n)
    propensity = 1 - 0.9 * risk
    accepted, defaulted = rng.random(n) < propensity, rng.random(n) < 0.5 * risk
    stated = 0.1 + 0.2 * risk
    seen = pd.DataFrame({"enterprise_id": np.arange(n), "pd_12m": stated, "defaulted": defaulted})[
        accepted
    ]
    table = for_all_applicants(
        seen, compute_weights(propensity, accepted).weights, draws=40, seed=1
    )
    ratio = table.set_index("metric").loc["realised_to_expected"]
    truth = 0.25 / 0.2
    assert ratio["accepted"] < 0.9 * truth
    assert ratio["low"] < truth < ratio["high"]
