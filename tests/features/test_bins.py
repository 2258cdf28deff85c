"""Bins of a feature's values, and the default rate of each."""

import numpy as np
import pandas as pd
import pytest

from riskmodel.features import Features
from riskmodel.features.attributes import attribute_definitions
from riskmodel.features.bins import MAX_BINS, bin_values, default_rates, separation
from riskmodel.statistics.low_default import jeffreys_interval

DEFINITIONS = attribute_definitions({"debt": "number", "sector": "text"})


def features(debt, sector):
    count = len(debt)
    frame = pd.DataFrame(
        {
            "enterprise_id": [f"E{number // 2}" for number in range(count)],
            "as_of": pd.Timestamp("2024-07-01"),
            "attribute_debt": debt,
            "attribute_sector": pd.array(sector, "str"),
        }
    )
    return Features(frame, DEFINITIONS, pd.DataFrame())


def test_few_values_are_a_bin_each_and_missing_ones_stand_last():
    places, words = bin_values(pd.Series([3.0, np.nan, 0.0, 3.0]))
    assert words == ("0", "3", "not given")
    assert places.tolist() == [1, 2, 0, 1]


@pytest.mark.parametrize("seed", range(5))
def test_many_values_are_cut_at_quantiles_in_rising_order(seed):
    values = pd.Series(np.random.default_rng(seed).lognormal(size=500 + seed))
    places, words = bin_values(values)
    assert len(words) == MAX_BINS
    assert values.groupby(places).max().is_monotonic_increasing
    assert pd.Series(places).value_counts().max() < 2 * len(values) / MAX_BINS


def test_frequent_texts_are_named_the_others_are_one_bin():
    values = pd.Series([f"kind {n}" for n in range(9) for _ in range(9 - n)] + [None], dtype="str")
    places, words = bin_values(values)
    assert words == (*(f"kind {n}" for n in range(MAX_BINS)), "others", "not given")
    assert (places == MAX_BINS).sum() == 3 + 2 + 1


def test_each_bin_has_its_rate_and_an_interval_of_its_enterprises():
    bad = pd.Series([True, False, False, False, None, None], dtype="boolean")
    found = default_rates(features([1.0, 1, 2, 2, 1, 1], ["a", "a", "a", None, "a", "a"]), bad)
    debt = found[found["feature"] == "attribute_debt"]
    assert debt["values"].tolist() == ["1", "2"]
    assert debt["rows"].tolist() == [2, 2]
    assert debt["defaults"].tolist() == [1, 0]
    # both rows of a bin are one enterprise's
    assert tuple(debt[["low", "high"]].iloc[0]) == jeffreys_interval(0.5, 1)
    sector = found[found["feature"] == "attribute_sector"]
    assert sector["values"].tolist() == ["a", "not given"]
    assert sector["rate"].tolist() == [1 / 3, 0.0]


def test_the_feature_whose_bins_part_the_defaults_comes_first():
    bad = pd.Series([True, True, False, False], dtype="boolean")
    found = separation(default_rates(features([1.0, 2, 1, 2], ["a", "a", "b", "b"]), bad))
    assert found.index.tolist() == ["attribute_sector", "attribute_debt"]
    assert found.tolist() == [1.0, 0.0]
