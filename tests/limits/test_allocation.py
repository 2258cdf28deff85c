from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from riskmodel.limits.allocation import Allocation, Options, allocated


def drawn(seed: int, shape: tuple[int, int, int], tightness: float) -> Options:
    """A random book: limits on a grid, profits that bend, losses that rise with the limit."""
    rng = np.random.default_rng(seed)
    count, banks, levels = shape
    cap = np.round(rng.lognormal(6, 1, (count, banks, 1))) * 1_000
    share = np.arange(1, levels + 1) / levels
    limit = np.floor(cap * share / 1_000) * 1_000
    default = rng.uniform(0.005, 0.1, (count, 1, 1)) * (0.5 + share)
    loss = 0.45 * default * limit
    value = rng.uniform(0.02, 0.06, (1, banks, 1)) * limit - loss - 800
    uses = np.stack([limit, loss])
    whole = uses.max(axis=3).sum(axis=1) / banks
    capacity = tightness * whole * rng.uniform(0.5, 1.5, (2, banks))
    return Options(value, uses, rng.random((count, banks, levels)) < 0.9, capacity)


def optimum(options: Options) -> float:
    """The best whole allocation, by HiGHS."""
    count, banks, levels = options.value.shape
    size = options.value.size
    one = np.kron(np.eye(count), np.ones((1, banks * levels)))
    at = np.arange(size) // levels % banks
    rows = [
        np.where(at == bank, use.reshape(-1), 0.0) for use in options.uses for bank in range(banks)
    ]
    scale = np.where(options.capacity > 0, options.capacity, 1.0).reshape(-1)
    matrix = np.vstack([one, np.vstack(rows) / scale[:, None]])
    most = np.concatenate([np.ones(count), options.capacity.reshape(-1) / scale])
    upper = options.allowed.reshape(-1).astype(float)
    found = milp(
        -options.value.reshape(-1),
        constraints=LinearConstraint(matrix, ub=most),
        bounds=Bounds(0, upper),
        integrality=np.ones(size),
        options={"mip_rel_gap": 0.0},
    )
    assert found.status == 0
    return float(-found.fun)


def assert_sound(options: Options, found: Allocation) -> None:
    """One allowed option at most, no row broken, and the value is what was chosen."""
    taken = np.flatnonzero(found.bank >= 0)
    at = (taken, found.bank[taken], found.level[taken])
    assert options.allowed[at].all()
    assert found.value == pytest.approx(float(options.value[at].sum()))
    for bank in range(options.capacity.shape[1]):
        here = taken[found.bank[taken] == bank]
        used = options.uses[:, here, bank, found.level[here]].sum(axis=1)
        assert (used <= options.capacity[:, bank]).all()
    assert found.largest_violation == 0.0


def instances() -> Iterator[tuple[int, tuple[int, int, int], float]]:
    yield from ((seed, (12, 2, 3), tight) for seed in range(4) for tight in (0.05, 0.3, 0.8, 3.0))
    yield from ((seed, (20, 1, 4), 0.4) for seed in range(2))
    yield 9, (1, 3, 4), 0.9


@pytest.mark.parametrize(("seed", "shape", "tightness"), instances())
def test_the_optimum_lies_between_value_and_bound(
    seed: int, shape: tuple[int, int, int], tightness: float
) -> None:
    options = drawn(seed, shape, tightness)
    found, best = allocated(options), optimum(options)
    assert_sound(options, found)
    assert found.value <= best * (1 + 1e-6) + 1e-6
    assert found.bound >= best * (1 - 1e-6) - 1e-6


def test_the_gap_of_a_larger_book_is_small() -> None:
    options = drawn(1, (600, 4, 10), 0.4)
    found = allocated(options)
    assert_sound(options, found)
    assert 0 <= found.gap < 0.005


@settings(max_examples=25, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    count=st.integers(0, 40),
    banks=st.integers(1, 4),
    tightness=st.floats(0, 2),
)
def test_no_row_is_ever_broken(seed: int, count: int, banks: int, tightness: float) -> None:
    options = drawn(seed, (count, banks, 5), tightness)
    found = allocated(options)
    assert_sound(options, found)
    assert found.value <= found.bound * (1 + 1e-12)


def test_without_scarcity_everyone_takes_the_best_and_prices_are_zero() -> None:
    options = drawn(5, (30, 3, 4), 100.0)
    found = allocated(options)
    best = np.where(options.allowed, options.value, 0.0).reshape(30, -1).max(axis=1)
    assert found.value == pytest.approx(np.maximum(best, 0.0).sum())
    assert found.gap == pytest.approx(0.0, abs=1e-12)
    assert not found.prices.any()


def test_a_budget_that_just_fits_is_used_to_the_last_yuan() -> None:
    options = Options(
        value=np.asarray([[[5.0]], [[4.0]]]),
        uses=np.asarray([[[[300_000.0]], [[200_000.0]]], [[[0.3]], [[0.1]]]]),
        allowed=np.ones((2, 1, 1), dtype=np.bool_),
        capacity=np.asarray([[500_000.0], [1.0]]),
    )
    found = allocated(options)
    assert found.bank.tolist() == [0, 0]
    assert found.used[0].tolist() == [500_000.0]


def test_a_bank_without_budget_lends_nothing() -> None:
    options = drawn(2, (20, 2, 3), 0.5)
    capacity = options.capacity * np.asarray([0.0, 1.0])
    found = allocated(Options(options.value, options.uses, options.allowed, capacity))
    assert not (found.bank == 0).any()
    assert (found.bank == 1).any()


def test_nobody_eligible_is_an_empty_book() -> None:
    options = drawn(2, (4, 2, 3), 0.5)
    nobody = np.zeros_like(options.allowed)
    found = allocated(Options(options.value, options.uses, nobody, options.capacity))
    assert (found.value, found.bound, found.gap) == (0.0, 0.0, 0.0)
    assert found.bank.tolist() == [-1] * 4


def test_the_same_book_gives_the_same_allocation() -> None:
    first, again = (allocated(drawn(3, (80, 3, 5), 0.3)) for _ in range(2))
    assert first.bank.tolist() == again.bank.tolist()
    assert first.level.tolist() == again.level.tolist()
    assert first.prices.tobytes() == again.prices.tobytes()
