from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import Bounds, LinearConstraint, milp

from riskmodel.errors import DataError, SettingsError
from riskmodel.limits.allocation import Allocation, allocate, solver
from riskmodel.limits.allocation.options import Options
from riskmodel.limits.allocation.random_instances import (
    linear_optimum,
    linear_program,
    random_options,
)

pytestmark = pytest.mark.slow

Shape = tuple[int, int, int]


def drawn(seed: int, shape: Shape, tightness: float) -> Options:
    """A random book: uneven pairs, amounts that are no round numbers, rows that some lack."""
    rng = np.random.default_rng(seed)
    count, banks, levels = shape
    agreements = rng.random((count, banks)) < 0.8
    start = np.concatenate([[0], np.cumsum(agreements.sum(axis=1))])
    bank = np.nonzero(agreements)[1]
    owner = np.nonzero(agreements)[0]
    pairs = len(bank)
    place = rng.integers(0, 3, count)
    share = np.arange(1, levels + 1) / levels
    limit = rng.lognormal(6, 1, (pairs, 1)) * share
    loss = rng.uniform(0.003, 0.05, (pairs, 1)) * (0.5 + share) * limit
    value = rng.uniform(0.02, 0.06, banks)[bank][:, None] * limit - loss - 5.0
    value[rng.random(value.shape) < 0.1] = -np.inf
    third = np.where(place[owner] == 2, -1, 2 * banks + place[owner])
    limit_constraints = np.stack([bank, third], axis=1)
    whole = limit[:, -1].sum() / banks if pairs else 1.0
    capacity = tightness * whole * rng.uniform(0.5, 1.5, 2 * banks + 2)
    capacity[banks : 2 * banks] *= 0.03
    return Options(start, limit_constraints, (banks + bank)[:, None], value, limit, loss, capacity)


def whole_optimum(options: Options) -> float:
    """The best whole allocation, by HiGHS."""
    matrix, most, worth = linear_program(options)
    if not len(worth):
        return 0.0
    found = milp(
        -worth,
        constraints=LinearConstraint(matrix, ub=most),
        bounds=Bounds(0, 1),
        integrality=np.ones(len(worth)),
        options={"mip_rel_gap": 0.0},
    )
    assert found.status == 0
    return float(-found.fun)


def tried_one_by_one(options: Options) -> float:
    """The best whole allocation, by trying every one."""
    best = 0.0
    per_enterprise = [
        [None, *product(range(options.start[i], options.start[i + 1]), range(options.levels))]
        for i in range(options.enterprises)
    ]
    for chosen in product(*per_enterprise):
        taken = [at for at in chosen if at is not None]
        used = used_by(options, taken)
        if (used <= options.capacity).all():
            best = max(best, sum(float(options.value[at]) for at in taken))
    return best


def used_by(options: Options, taken: list[tuple[int, int]]) -> np.ndarray:
    """What is used of each row, added up one by one, in floating point."""
    used = np.zeros(options.constraints)
    for pair, level in taken:
        for rows, amount in (
            (options.limit_constraints, options.limit),
            (options.loss_constraints, options.loss),
        ):
            for row in rows[pair]:
                if row >= 0:
                    used[row] += amount[pair, level]
    return used


def assert_sound(options: Options, found: Allocation) -> None:
    """An enterprise's own open option or none, no row broken, and the value is what was chosen."""
    chosen = np.flatnonzero(found.pair >= 0)
    assert ((found.pair >= 0) == (found.level >= 0)).all()
    assert (found.pair[chosen] >= options.start[chosen]).all()
    assert (found.pair[chosen] < options.start[chosen + 1]).all()
    worth = options.value[found.pair[chosen], found.level[chosen]]
    assert (worth > 0).all()
    assert found.value == pytest.approx(float(worth.sum()), rel=1e-12)
    for order in (chosen, chosen[::-1]):
        taken = list(zip(found.pair[order], found.level[order], strict=True))
        assert (used_by(options, taken) <= options.capacity).all()
    assert found.used == pytest.approx(used_by(options, taken), rel=1e-9)
    assert found.max_violation == 0.0
    assert found.value <= found.bound
    assert (found.shadow_prices >= 0).all()
    assert np.isfinite(found.shadow_prices).all()


def instances() -> Iterator[tuple[int, Shape, float]]:
    yield from ((seed, (12, 2, 3), tight) for seed in range(4) for tight in (0.05, 0.3, 0.8, 3.0))
    yield from ((seed, (20, 1, 4), 0.4) for seed in range(2))
    yield 9, (1, 3, 4), 0.9
    yield 3, (40, 4, 5), 0.2


@pytest.mark.parametrize(("seed", "shape", "tightness"), instances())
def test_the_optimum_lies_between_value_and_bound(
    seed: int, shape: Shape, tightness: float
) -> None:
    options = drawn(seed, shape, tightness)
    found, best = allocate(options), whole_optimum(options)
    assert_sound(options, found)
    assert found.value <= best * (1 + 1e-6) + 1e-6
    assert found.bound >= best * (1 - 1e-9)


@pytest.mark.parametrize("seed", range(12))
def test_no_allocation_tried_one_by_one_beats_the_bound(seed: int) -> None:
    options = drawn(seed, (4, 2, 3), (0.2, 0.5, 1.0)[seed % 3])
    found, best = allocate(options), tried_one_by_one(options)
    assert_sound(options, found)
    assert found.value <= best * (1 + 1e-12)
    assert found.bound >= best


@pytest.mark.parametrize(("seed", "tightness"), [(1, 0.1), (2, 0.4), (3, 1.5)])
def test_the_bound_is_the_linear_programs_optimum_or_just_above(
    seed: int, tightness: float
) -> None:
    options = drawn(seed, (300, 3, 6), tightness)
    best = linear_optimum(options, seconds=60).value
    assert best * (1 - 1e-9) <= allocate(options).bound <= best * (1 + 2e-4)


def test_the_gap_of_a_larger_book_is_small() -> None:
    options = random_options(3_000, seed=1)
    found = allocate(options)
    assert_sound(options, found)
    assert found.gap < 0.005


def test_a_large_book_is_solved_by_a_sample_and_short_lists(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    options = random_options(3_000, seed=2)
    at_once = allocate(options)
    monkeypatch.setattr(solver, "LARGE", 1_000)
    monkeypatch.setattr(solver, "SAMPLE", 1_000)
    found = allocate(options)
    assert_sound(options, found)
    assert found.bound == pytest.approx(at_once.bound, rel=1e-4)
    assert found.value == pytest.approx(at_once.value, rel=2e-3)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    count=st.integers(0, 40),
    banks=st.integers(1, 4),
    tightness=st.one_of(st.just(0.0), st.floats(1e-3, 2.0)),
    scale=st.sampled_from([1e-9, 1.0, 1e12]),
)
def test_no_row_is_ever_broken_and_the_bound_holds(
    seed: int, count: int, banks: int, tightness: float, scale: float
) -> None:
    options = drawn(seed, (count, banks, 5), tightness)
    scaled = replace(
        options,
        value=options.value * scale,
        limit=options.limit * scale,
        loss=options.loss * scale,
        capacity=options.capacity * scale,
    )
    found = allocate(scaled)
    assert_sound(scaled, found)
    best = linear_optimum(options, seconds=60).value * scale
    assert found.bound >= best * (1 - 1e-7)


def test_without_scarcity_everyone_takes_the_best_and_prices_are_zero() -> None:
    options = drawn(5, (30, 3, 4), 100.0)
    best = [
        options.value[options.start[i] : options.start[i + 1]].max(initial=0.0) for i in range(30)
    ]
    for wide in (options, replace(options, capacity=np.full(options.constraints, np.inf))):
        found = allocate(wide)
        assert_sound(wide, found)
        assert found.value == pytest.approx(sum(best))
        assert found.gap == pytest.approx(0.0, abs=1e-13)
        assert not found.shadow_prices.any()


def hand_written(**changes: object) -> Options:
    """Two enterprises, one bank, one level: a budget of 500,000 CNY and a loss cap of 1."""
    written = {
        "start": np.asarray([0, 1, 2]),
        "limit_constraints": np.asarray([[0], [0]]),
        "loss_constraints": np.asarray([[1], [1]]),
        "value": np.asarray([[5.0], [4.0]]),
        "limit": np.asarray([[300_000.0], [200_000.0]]),
        "loss": np.asarray([[0.3], [0.1]]),
        "capacity": np.asarray([500_000.0, 1.0]),
    }
    return Options(**{**written, **changes})  # type: ignore[arg-type]


def test_a_budget_that_just_fits_is_used_to_the_last_yuan() -> None:
    found = allocate(hand_written())
    assert found.pair.tolist() == [0, 1]
    assert found.used[0] == 500_000.0


def test_one_yuan_less_of_budget_leaves_the_less_valuable_out() -> None:
    found = allocate(hand_written(capacity=np.asarray([499_999.0, 1.0])))
    assert (found.pair.tolist(), found.value) == ([0, -1], 5.0)


def test_an_option_alone_larger_than_a_row_is_never_chosen() -> None:
    found = allocate(hand_written(capacity=np.asarray([250_000.0, 1.0])))
    assert (found.pair.tolist(), found.value) == ([-1, 1], 4.0)


def test_a_row_of_nothing_admits_nothing_but_what_uses_nothing() -> None:
    free = hand_written(capacity=np.asarray([0.0, 1.0]), limit=np.asarray([[0.0], [200_000.0]]))
    found = allocate(free)
    assert (found.pair.tolist(), found.value) == ([0, -1], 5.0)
    assert found.gap == pytest.approx(0.0, abs=1e-13)


def test_pairs_without_rows_are_free() -> None:
    nowhere = np.full((2, 1), -1)
    found = allocate(
        hand_written(
            limit_constraints=nowhere, loss_constraints=nowhere, capacity=np.asarray([0.0])
        )
    )
    assert (found.pair.tolist(), found.value) == ([0, 1], 9.0)


def test_equal_enterprises_share_what_fits() -> None:
    count = 50
    same = Options(
        start=np.arange(count + 1),
        limit_constraints=np.zeros((count, 1), dtype=np.int64),
        loss_constraints=np.empty((count, 0), dtype=np.int64),
        value=np.ones((count, 3)),
        limit=np.full((count, 3), 0.1),
        loss=np.zeros((count, 3)),
        capacity=np.asarray([2.05]),
    )
    found = allocate(same)
    assert_sound(same, found)
    assert found.value == 20.0
    assert 20.5 <= found.bound <= 20.5 * (1 + 1e-3)


def test_nobody_eligible_and_nobody_at_all_are_empty_books() -> None:
    options = drawn(2, (4, 2, 3), 0.5)
    closed = replace(options, value=np.full_like(options.value, -np.inf))
    nobody = Options(
        start=np.zeros(1, dtype=np.int64),
        limit_constraints=options.limit_constraints[:0],
        loss_constraints=options.loss_constraints[:0],
        value=options.value[:0],
        limit=options.limit[:0],
        loss=options.loss[:0],
        capacity=options.capacity,
    )
    for empty, count in ((closed, 4), (nobody, 0)):
        found = allocate(empty)
        assert (found.value, found.bound, found.gap) == (0.0, 0.0, 0.0)
        assert found.pair.tolist() == found.level.tolist() == [-1] * count


def everything(found: Allocation) -> tuple[object, ...]:
    arrays = (found.pair, found.level, found.shadow_prices, found.used)
    return (*(one.tobytes() for one in arrays), found.value, found.bound)


def test_threads_change_no_byte(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("riskmodel.limits.allocation.blocks.BLOCK", 100)
    monkeypatch.setattr(solver, "LARGE", 1_000)
    monkeypatch.setattr(solver, "SAMPLE", 500)
    options = random_options(1_500, seed=3)
    one, *others = (everything(allocate(options, threads=threads)) for threads in (1, 2, 3))
    assert all(other == one for other in others)


def test_last_months_prices_lead_to_the_same_bound() -> None:
    options = random_options(1_000, seed=4)
    cold = allocate(options)
    for warm_start in (
        cold.shadow_prices,
        cold.shadow_prices * 1.3,
        cold.shadow_prices + 1.0,
        cold.shadow_prices * 1e9,
    ):
        found = allocate(options, warm_start=warm_start)
        assert_sound(options, found)
        assert found.bound == pytest.approx(cold.bound, rel=1e-4)


@pytest.mark.parametrize(
    ("name", "wrong", "says"),
    [
        ("capacity", np.asarray([-1.0, 1.0]), "capacity: 1 of 2"),
        ("capacity", np.asarray([1.0, np.nan]), "capacity: 1 of 2"),
        ("value", np.asarray([[np.nan], [1.0]]), "value: 1 of 2"),
        ("value", np.asarray([[np.inf], [1.0]]), "value: 1 of 2"),
        ("limit", np.asarray([[-1.0], [1.0]]), "limit: 1 of 2"),
        ("loss", np.asarray([[0.1], [np.inf]]), "loss: 1 of 2"),
        ("loss", np.asarray([0.1, 0.1]), "loss: shape"),
        ("start", np.asarray([0, 2, 1]), "start"),
        ("start", np.asarray([0, 1, 1]), "start"),
        ("limit_constraints", np.asarray([[0], [2]]), "limit_constraints: 1 of 2"),
        ("loss_constraints", np.asarray([[1], [0]]), "twice"),
        ("limit_constraints", np.asarray([["a"], ["b"]]), "not an array of numbers"),
    ],
)
def test_options_that_break_their_contract_are_refused(
    name: str, wrong: np.ndarray, says: str
) -> None:
    with pytest.raises(DataError, match=says) as refusal:
        allocate(hand_written(**{name: wrong}))
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "changed", [{"warm_start": np.ones(3)}, {"warm_start": np.asarray([-1.0, 0.0])}, {"threads": 0}]
)
def test_bad_warm_prices_or_threads_are_refused(changed: dict[str, object]) -> None:
    with pytest.raises(SettingsError):
        allocate(hand_written(), **changed)  # type: ignore[arg-type]
