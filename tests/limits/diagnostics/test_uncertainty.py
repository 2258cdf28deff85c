"""The interval of a limit, and what an error of the PD costs, by hand and as laws."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel.errors import DataError
from riskmodel.limits.diagnostics.uncertainty import (
    cost_of_pd_error,
    limit_interval,
    summarise_costs,
)

LEVELS = np.array([100.0, 200.0, 300.0])
RATE = 0.1


def rows(pd_12m, pd_low, pd_high) -> pd.DataFrame:
    ids = [f"E{number}" for number in range(len(pd_12m))]
    return pd.DataFrame(
        {
            "enterprise_id": ids,
            "pd_12m": pd_12m,
            "pd_low": pd_low,
            "pd_high": pd_high,
            "grade": "G1",
        }
    )


def earned(pd_12m, limit):
    """A tenth of the limit, less the PD times it, growing with its square: whole numbers by hand."""
    return RATE * limit - pd_12m * limit * limit / 100


def profit(scored: pd.DataFrame, lines: pd.DataFrame) -> pd.Series:
    return earned(scored["pd_12m"], lines["limit_cny"].to_numpy())


def deciding(cut: float = 1.0):
    def decide(scored: pd.DataFrame) -> pd.DataFrame:
        pd_12m = scored["pd_12m"].to_numpy()
        worth = earned(pd_12m[:, None], LEVELS)
        best = worth.argmax(axis=1)
        given_one = (worth.max(axis=1) > 0) & (pd_12m <= cut)
        return pd.DataFrame(
            {
                "enterprise_id": scored["enterprise_id"],
                "bank": np.where(given_one, "north_bank", ""),
                "limit_cny": np.where(given_one, LEVELS[best], 0.0),
                "annual_rate": RATE,
            }
        )

    return decide


def test_the_limit_at_either_end_of_the_pds_interval():
    # At PD p the levels earn 10 - 100 p, 20 - 400 p, 30 - 900 p.
    # p = .03: 7, 8, 3 -> 200; p = .01: 9, 16, 21 -> 300; p = .2: all below 0 -> none.
    (found,) = limit_interval(rows([0.03], [0.01], [0.2]), deciding()).itertuples()
    assert (found.limit_low_cny, found.limit_cny, found.limit_high_cny) == (0.0, 200.0, 300.0)
    assert (found.low_at, found.high_at, found.bank) == ("pd_high", "pd_low", "north_bank")


def test_a_variant_widens_the_interval_and_is_named():
    cautious = deciding(cut=0.02)
    (found,) = limit_interval(
        rows([0.03], [0.03], [0.03]), deciding(), variants={"response_high": cautious}
    ).itertuples()
    assert (found.limit_low_cny, found.limit_high_cny) == (0.0, 200.0)
    assert (found.low_at, found.high_at) == ("pd_12m, response_high", "pd_12m")


def test_what_the_chosen_line_loses_against_the_best_at_the_true_pd():
    costs = cost_of_pd_error(
        rows([0.03], [0.01], [0.2]), deciding(), profit, factors=(1.5,)
    ).set_index("error")
    shown = costs[["pd_true", "limit_best_cny", "believed_cny", "true_cny", "best_cny", "lost_cny"]]
    assert shown.loc["pd_low"].tolist() == pytest.approx([0.01, 300.0, 8.0, 16.0, 21.0, 5.0])
    assert shown.loc["pd_high"].tolist() == pytest.approx([0.2, 0.0, 8.0, -60.0, 0.0, 60.0])
    # At .045: 5.5, 2, -10.5: the smaller line would have been right.
    assert shown.loc["x1.5"].tolist() == pytest.approx([0.045, 100.0, 8.0, 2.0, 5.5, 3.5])


def test_a_line_beyond_the_banks_cut_may_do_better_than_none():
    costs = cost_of_pd_error(rows([0.03], [0.03], [0.04]), deciding(cut=0.03), profit, factors=())
    by_error = costs.set_index("error")["lost_cny"]
    # At .04 the chosen 200 still earns 4, and no line is open.
    assert by_error["pd_high"] == pytest.approx(-4.0)
    total = (
        summarise_costs(costs, "bank").set_index(["bank", "error"]).loc[("north_bank", "pd_high")]
    )
    assert (total["lost_cny"], total["gained_cny"]) == pytest.approx((0.0, 4.0))


def test_sums_by_bank_and_over_all_with_those_that_are_offered_nothing():
    costs = cost_of_pd_error(
        rows([0.03, 0.2], [0.01, 0.01], [0.2, 0.3]), deciding(), profit, factors=()
    )
    found = summarise_costs(costs, "bank").set_index(["bank", "error"])
    assert found.loc[("", "pd_low"), "lost_cny"] == pytest.approx(21.0)
    assert found.loc[("north_bank", "pd_low"), "lost_cny"] == pytest.approx(5.0)
    assert found.loc[("all", "pd_low"), "lost_cny"] == pytest.approx(26.0)
    assert found.loc[("all", "pd_low"), "lost_share"] == pytest.approx(26.0 / 8.0)
    assert found.loc[("all", "pd_low"), ["enterprises", "lines"]].tolist() == [2, 1]
    assert found.index.get_level_values("bank")[-1] == "all"


def test_a_pd_beyond_one_is_one_and_a_profit_of_other_length_stops():
    costs = cost_of_pd_error(rows([0.8], [0.8], [0.8]), deciding(), profit, factors=(1.5,))
    assert costs["pd_true"].max() == 1.0
    with pytest.raises(DataError, match="2 values for 1 candidates"):
        cost_of_pd_error(rows([0.1], [0.1], [0.1]), deciding(), lambda *_: pd.Series([1.0, 2.0]))


SHARES = st.lists(st.floats(0.001, 0.5), min_size=3, max_size=3).map(sorted)


@settings(deadline=None)
@given(st.lists(SHARES, min_size=1, max_size=5))
def test_the_limit_lies_inside_and_no_error_pays_where_the_rate_does_not_move(ends):
    low, middle, high = (list(column) for column in zip(*ends, strict=True))
    scored = rows(middle, low, high)
    found = limit_interval(scored, deciding())
    assert (found["limit_low_cny"] <= found["limit_cny"]).all()
    assert (found["limit_cny"] <= found["limit_high_cny"]).all()
    assert (cost_of_pd_error(scored, deciding(), profit)["lost_cny"] >= -1e-9).all()
