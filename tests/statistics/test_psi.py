"""Bins of a reference sample, the stability index over them, and what of it comes by chance."""

import numpy as np
import pandas as pd
import pytest

from riskmodel.statistics.psi import (
    assign_bins,
    bin_edges,
    count_by_enterprise,
    critical_value_of_counts,
    psi,
    psi_critical_value,
    psi_of_counts,
)

INF, NAN = np.inf, np.nan


def counted(reference: list[float], sample: list[float], bins: int = 10) -> list[int]:
    """Rows of the sample by the reference's bins, those that are empty left out."""
    edges = bin_edges(np.array(reference), bins)
    counts = np.bincount(assign_bins(np.array(sample), edges))
    return counts[counts > 0].tolist()


@pytest.mark.parametrize("values", [[3.0], [0.0, 1.0], [1.0, 2, 3], [-INF, 0, 1, 2, INF]])
def test_few_values_are_a_bin_each(values: list[float]) -> None:
    assert counted(values * 5, values * 2) == [2] * len(values)


def test_what_lies_beyond_or_between_few_values_stands_apart_from_them() -> None:
    assert counted([0.0, 1.0], [-2, -1, 0, 0.5, 1, 7, 8, 9]) == [2, 1, 1, 1, 3]
    assert counted([4.0] * 30, [3.9, 4.0, 4.0, 4.1]) == [1, 2, 1]


def test_many_values_are_cut_into_tenths() -> None:
    values = list(np.random.default_rng(1).permutation(200).astype(float))
    assert counted(values, values) == [20] * 10
    assert counted(values, [-5.0, 500.0, INF, -INF]) == [2, 2]


@pytest.mark.parametrize("turned", [1, -1])
def test_a_value_that_many_rows_share_is_a_bin_of_its_own_at_either_end(turned: int) -> None:
    values = [0.0] * 960 + list(turned * (1 + np.arange(40.0)))
    assert sorted(counted(values, values)) == [40, 960]
    half = [0.0] * 500 + list(turned * (1 + np.arange(500.0)))
    assert sorted(counted(half, half)) == [100] * 5 + [500]


def test_a_value_that_many_rows_share_is_a_bin_of_its_own_in_the_middle() -> None:
    values = [*np.arange(-300.0, 0), *[0.0] * 400, *np.arange(1.0, 301)]
    assert counted(values, values) == [100] * 3 + [400] + [100] * 3


def test_missing_values_share_no_bin_and_are_one_only_where_there_are_some() -> None:
    values = list(np.arange(100.0))
    assert counted(values, [99.0, 99.0, NAN]) == [2, 1]
    assert counted([NAN, NAN], [NAN, 1.0, 2.0]) == [2, 1]
    five = np.array([5.0, 3.0, 0.0])
    assert psi_of_counts(five, np.array([3.0, 5.0, 0.0])) == pytest.approx(
        2 * (2 / 9) * np.log(5.5 / 3.5), abs=1e-12
    )


def test_counts_that_grow_drift_and_so_do_values_that_rise_from_a_floor() -> None:
    rng = np.random.default_rng(1)
    few, many = (rng.poisson(rate, 10_000).astype(float) for rate in (0.05, 1.5))
    # 4.2 over 0, 1, 2 and more; a rare 3 of the first sample adds a little
    assert psi(few, many) == pytest.approx(4.4, abs=0.4)
    floor = np.maximum(rng.normal(size=(2, 2000)) - [[0.5], [-0.5]], 0)
    assert psi(*floor) > 0.5


def drawn(
    rng: np.random.Generator, owners: list[np.ndarray], alike: float, step: float
) -> list[np.ndarray]:
    """A sample for each list of owners, without drift; an owner's values correlate by `alike`."""
    traits = rng.normal(size=1 + max(who.max() for who in owners))
    values = [
        np.sqrt(alike) * traits[who] + np.sqrt(1 - alike) * rng.normal(size=len(who))
        for who in owners
    ]
    return [np.floor(sample / step) for sample in values] if step else values


ROWS = np.random.default_rng(5).integers(1, 8, 150)


@pytest.mark.parametrize("shared", [0, 100, 150])
@pytest.mark.parametrize(("alike", "step"), [(0.0, 0), (0.5, 0), (0.9, 0), (0.9, 1.5), (0.99, 0)])
def test_without_drift_the_bound_is_exceeded_once_in_twenty(
    alike: float, step: float, shared: int
) -> None:
    rng = np.random.default_rng(6)
    owners = [np.repeat(np.arange(150) + begin, ROWS) for begin in (0, 150 - shared)]
    exceeded = []
    for _ in range(300):
        samples = drawn(rng, owners, alike, step)
        edges = bin_edges(samples[0])
        rows = [
            count_by_enterprise(who, assign_bins(sample, edges), (300, len(edges) + 2))
            for who, sample in zip(owners, samples, strict=True)
        ]
        index = psi_of_counts(*(one.sum(axis=0) for one in rows))
        exceeded.append(index > critical_value_of_counts(*rows))
    assert 0.01 < np.mean(exceeded) < 0.095


def test_with_a_row_each_the_bound_is_that_of_the_chi_square() -> None:
    expected, actual = np.eye(3)[np.arange(300) % 3], np.eye(3)[np.arange(150) % 3]
    nobody = np.zeros((300, 1))
    # no row in a fourth bin; enterprises of one sample have no row in the other
    first = np.r_[np.c_[expected, nobody], np.zeros((150, 4))]
    second = np.r_[np.zeros((300, 4)), np.c_[actual, nobody[:150]]]
    # chi-square of 2 at .95 is 5.991
    assert critical_value_of_counts(first, second) == pytest.approx(
        5.991 * (1 / 300 + 1 / 150), rel=1e-3
    )


def test_rows_told_twice_change_nothing_that_comes_by_chance() -> None:
    first, second = np.random.default_rng(2).integers(0, 3, (2, 40, 4)).astype(float)
    assert critical_value_of_counts(2 * first, 2 * second) == pytest.approx(
        critical_value_of_counts(first, second)
    )


def test_where_nothing_can_move_nothing_comes_by_chance() -> None:
    same = np.array([[3.0, 0], [1, 0]])
    assert critical_value_of_counts(same, same) == 0


def test_psi_is_zero_for_the_same_sample_and_finite_with_an_empty_bin():
    sample = np.arange(100.0)
    assert psi(sample, sample) == 0
    moved = psi(sample, np.full(100, 5.0))
    assert np.isfinite(moved)
    assert moved > 1


def test_psi_sees_values_that_go_missing():
    sample = np.arange(100.0)
    gone = np.where(sample % 2 == 0, np.nan, sample)
    assert psi(sample, gone) > 0.5


def test_psi_by_hand_on_two_bins():
    # Ones and twos, none missing; half a row is added to each of the two bins that there are.
    e, a = np.array([1.0, 1.0, 2.0, 2.0]), np.array([1.0, 2.0, 2.0, 2.0])
    shares = np.array([[2.5, 2.5], [1.5, 3.5]]) / 5
    answer = ((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum()
    assert psi(e, a, bins=2) == pytest.approx(answer, abs=1e-12)


def test_psi_sees_a_shift_away_from_a_tied_value():
    zeros_and_ones = np.repeat([0.0, 1.0], [960, 40]), np.repeat([0.0, 1.0], [400, 600])
    a, b = np.array([960.5, 40.5]) / 1001, np.array([400.5, 600.5]) / 1001
    answer = ((b - a) * np.log(b / a)).sum()
    assert answer == pytest.approx(2.0, abs=0.01)
    assert psi(*zeros_and_ones) == pytest.approx(answer, abs=1e-12)
    upside_down = [1 - sample for sample in zeros_and_ones]
    assert psi(*upside_down) == pytest.approx(answer, abs=1e-12)


def test_without_drift_psi_exceeds_its_bound_once_in_twenty_however_many_rows_an_enterprise_has():
    rng = np.random.default_rng(3)
    owners = np.repeat(np.arange(200), rng.integers(1, 8, 200))
    others = np.repeat(np.arange(100, 300), rng.integers(1, 8, 200))
    exceeded = []
    for _ in range(400):
        traits = rng.normal(size=300)
        then, now = (
            np.round(traits[who] + 0.3 * rng.normal(size=len(who)), 1) for who in (owners, others)
        )
        bound = psi_critical_value(then, now, (pd.Series(owners), pd.Series(others)))
        exceeded.append(psi(then, now) > bound)
    assert 0.02 < np.mean(exceeded) < 0.09
