"""Intervals of rates where defaults are few."""

import pytest

from riskmodel.statistics.low_default import jeffreys_interval, pluto_tasche


def test_the_interval_of_a_rate_reaches_zero_and_one_where_nothing_speaks_against_it():
    low, high = jeffreys_interval(0, 20)
    assert (low, round(high, 3)) == (0, 0.117)
    assert jeffreys_interval(20, 20)[1] == 1


@pytest.mark.parametrize(("rows", "bound"), [(100, 0.0228), (500, 0.0046), (1000, 0.0023)])
def test_without_defaults_the_bound_is_that_of_pluto_and_tasche(rows, bound):
    # Golden values of the method at a confidence of .9; also 1 - .1^(1/n).
    found = pluto_tasche([0], [rows])[0]
    assert found == pytest.approx(bound, abs=5e-5)
    assert found == pytest.approx(1 - 0.1 ** (1 / rows), rel=1e-9)


def test_a_better_grade_answers_for_all_worse_ones_and_bounds_rise():
    # Pluto and Tasche (2005), 100, 400, 300 obligors with 0, 2, 1 defaults, at a confidence of .9:
    # .83 %, .95 %, 1.29 %.
    assert pluto_tasche([0, 2, 1], [100, 400, 300]) == pytest.approx(
        [0.0083, 0.0095, 0.0129], abs=5e-5
    )


def test_jeffreys_interval_of_a_grade_without_defaults_begins_at_nothing():
    low, high = jeffreys_interval(0, 50)
    assert low == 0
    # Beta(.5, 50.5) at .975, by numerical integration in R's qbeta: .0491.
    assert high == pytest.approx(0.0491, abs=5e-4)
