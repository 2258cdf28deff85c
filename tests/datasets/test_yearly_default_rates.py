"""Default rates by as-of year, and their jumps."""

import numpy as np
import pandas as pd
import pytest

from riskmodel.datasets import compute_yearly_default_rates, describe_jumps

YEARS = range(2010, 2020)


def labelled(rates, count, seed=1, *, per_year=1, own=False) -> pd.DataFrame:
    """So many enterprises a year, each on `per_year` dates of it with the same outcome."""
    rng = np.random.default_rng(seed)
    parts = [
        pd.DataFrame(
            {
                "enterprise_id": [f"E{year if own else ''}{n}" for n in range(count)] * per_year,
                "as_of": pd.Timestamp(year, 1, 1),
                "defaulted": np.tile(rng.random(count) < rate, per_year),
            }
        )
        for year, rate in zip(YEARS, rates, strict=False)
    ]
    return pd.concat(parts, ignore_index=True)


def test_an_enterprise_counts_once_a_year_and_rows_are_told_beside_it():
    rows = pd.DataFrame(
        {
            "enterprise_id": ["A", "A", "B", "C", "A"],
            "as_of": pd.to_datetime(["2015-01-01", "2015-07-01", "2015-01-01", "2015-01-01", "2016-01-01"]),
            "defaulted": [True, False, False, False, True],
        }
    )  # fmt: skip
    found = compute_yearly_default_rates(rows, 0.25)
    assert found["period"].tolist() == ["2015", "2016"]
    assert found["rows"].tolist() == [4, 1]
    assert found["enterprises"].tolist() == [3, 1]
    assert found["defaults"].tolist() == [1, 1]
    assert found["rate"].tolist() == pytest.approx([1 / 6, 1.0])  # A's two rows share a weight of 1
    assert (found["low"] <= found["rate"]).all()
    assert (found["rate"] <= found["high"]).all()


@pytest.mark.parametrize("seed", range(3))
def test_the_year_in_which_the_rate_jumps_is_marked_and_told(seed):
    found = compute_yearly_default_rates(labelled([0.04] * 6 + [0.09] * 4, 2_000, seed), 0.25)
    assert found.loc[found["jump"], "period"].tolist() == ["2016"]
    assert "(2015) to" in describe_jumps(found)
    assert "(2016)" in describe_jumps(found)


def test_a_change_beyond_chance_that_is_no_quarter_is_no_jump():
    rows = labelled([0.20, 0.23], 30_000)
    assert not compute_yearly_default_rates(rows, 0.25)["jump"].any()
    assert compute_yearly_default_rates(rows, 0.05)["jump"].tolist() == [False, True]


def test_a_change_of_few_enterprises_on_many_dates_is_no_jump():
    rows = labelled([0.05, 0.10], 60, seed=3, per_year=12, own=True)
    found = compute_yearly_default_rates(rows, 0.25)
    assert found["rate"].iloc[1] > 1.25 * found["rate"].iloc[0]
    assert not found["jump"].any()


def test_without_drift_some_year_jumps_once_in_twenty_times():
    told = [
        compute_yearly_default_rates(labelled([0.06] * 10, 400, seed, own=True), 0.0)["jump"].any()
        for seed in range(200)
    ]
    assert np.mean(told) <= 0.09  # .05, and 2.5 standard errors of 200


def test_rows_of_one_date_do_not_jump():
    found = compute_yearly_default_rates(labelled([0.1], 100), 0.25)
    assert found["jump"].tolist() == [False]
    assert describe_jumps(found) == ""
