"""Bounds as text: what is proven, what is known, what is used is never better than it is."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskmodel.statistics.outward_rounding import (
    format_beside,
    format_interval,
    format_lower,
    format_upper,
)


@pytest.mark.parametrize(
    ("value", "form", "low", "high"),
    [
        (0.0005499942229888815, ".2%", "0.05%", "0.06%"),
        (0.0005, ".2%", "0.05%", "0.05%"),
        (1e-9, ".2%", "0.00%", "0.01%"),
        (0.0, ".2%", "0.00%", "0.00%"),
        (0.6999, ".3f", "0.699", "0.700"),
        (-0.0004, "+.3f", "-0.001", "+0.000"),
        (1_234_567.2, ",.0f", "1,234,567", "1,234,568"),
        (0.12345, ".3g", "0.123", "0.124"),
        (1.0, ".4g", "1", "1"),
        (1e-7, ".2g", "1e-07", "1e-07"),
        (float("inf"), ".2f", "inf", "inf"),
        (float("nan"), ".2f", "nan", "nan"),
        (np.float64(0.1), ".1f", "0.1", "0.1"),
        (1.7976931348623157e308, ".4g", "1.797e+308", "inf"),
    ],
)
def test_an_upper_bound_rounds_up_and_a_lower_one_down(
    value: float, form: str, low: str, high: str
) -> None:
    assert (format_lower(value, form), format_upper(value, form)) == (low, high)


@given(st.floats(-1e12, 1e12), st.sampled_from([".0f", ".2f", ".6f", ".3g"]))
def test_the_value_lies_between_its_two_texts_and_one_step_parts_them(
    value: float, form: str
) -> None:
    low, high = float(format_lower(value, form)), float(format_upper(value, form))
    assert low <= value <= high
    nearest = float(format(value, form))
    assert nearest in (low, high)


def test_an_interval_is_rounded_at_both_ends() -> None:
    assert format_interval(0.12399, 0.12301, ".2%") == "12.39% to 12.31%"
    assert format_interval(0.1239, 0.1241, ".1%", " - ") == "12.3% - 12.5%"


def test_beside_a_threshold_a_figure_reads_like_it_only_where_it_is() -> None:
    assert format_beside(0.2501, 0.25, ".3f") == "0.251"
    assert format_beside(0.2499, 0.25, ".3f") == "0.249"
    assert format_beside(0.25, 0.25, ".3f") == "0.250"
    assert format_beside(0.62054, 0.9, ".3f") == "0.621"
    assert format_beside(1e-9, 0.0, ".4g") == "1e-09"
    assert format_beside(0.9999, 0.9999, ".0%") == "100%"
    assert format_beside(float("nan"), 0.25, ".3f") == "nan"
