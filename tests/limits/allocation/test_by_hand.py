"""The pieces of the allocation by hand: prices, bounds, room in grains, and what is chosen first."""

import math

import numpy as np
import pytest
from scipy.optimize import minimize

from riskmodel.errors import DataError
from riskmodel.limits.allocation import Options, allocate
from riskmodel.limits.allocation.blocks import BLOCK, WAVE, block_map
from riskmodel.limits.allocation.dual import (
    exact_bound,
    largest_amount,
    minimise_dual,
    price_scales,
    smoothed_dual,
    sum_best_nets,
    use_bounds,
)
from riskmodel.limits.allocation.newton import Point, minimise
from riskmodel.limits.allocation.options import validate_options
from riskmodel.limits.allocation.rounding import (
    NEAREST,
    GrainCapacity,
    PricedShortlist,
    _nearest,
    improve_rounding,
    round_greedily,
    round_vertex,
)
from riskmodel.limits.allocation.shortlist import Shortlist, ShortlistRule, make_shortlist
from riskmodel.limits.allocation.solver import LARGE, SAMPLE, _price_change, _sample_positions

INF = np.inf


def options(**changed: object) -> Options:
    """Three enterprises: two pairs, one pair, none; budgets of two banks and one loss cap."""
    whole: dict[str, object] = {
        "start": np.asarray([0, 2, 3, 3]),
        "limit_constraints": np.asarray([[0], [1], [0]]),
        "loss_constraints": np.asarray([[2], [-1], [2]]),
        "value": np.asarray([[10.0, 16.0], [9.0, 12.0], [8.0, -INF]]),
        "limit": np.asarray([[100.0, 200.0], [100.0, 200.0], [100.0, 0.0]]),
        "loss": np.asarray([[1.0, 4.0], [1.0, 4.0], [2.0, 0.0]]),
        "capacity": np.asarray([250.0, 300.0, 5.0]),
    }
    return Options(**{**whole, **changed})  # type: ignore[arg-type]


def listed(given: Options, **asked: object) -> Shortlist:
    rows = given.constraints
    who = np.arange(given.enterprises)
    whole = {"prices": np.zeros(rows), "max_use": np.full(rows, INF)}
    with block_map(1) as over:
        return make_shortlist(given, who, ShortlistRule(**{**whole, **asked}), over)  # type: ignore[arg-type]


# --- blocks ---


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("count", [0, 1, BLOCK, BLOCK + 1, (WAVE * 2 + 1) * BLOCK + 3])
def test_blocks_cover_every_place_once_and_come_in_order(threads: int, count: int) -> None:
    with block_map(threads) as over:
        ends = list(over(lambda a, b: (a, b), count))
    assert [b - a for a, b in ends] == [min(BLOCK, count - a) for a in range(0, count, BLOCK)]
    assert [a for a, _ in ends] == list(range(0, count, BLOCK))
    assert sum(b - a for a, b in ends) == count


# --- options and candidates ---


def test_options_tell_their_own_numbers() -> None:
    given = options()
    assert (given.enterprises, given.pairs, given.levels, given.constraints) == (3, 3, 2, 3)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"start": np.asarray([1, 2, 3, 3])}, "does not run from 0"),
        ({"start": np.asarray([0, 2, 3, 2])}, "does not run from 0"),
        ({"start": np.asarray([0, 3, 2, 3])}, "does not run from 0"),
        ({"limit_constraints": np.asarray([[0], [3], [0]])}, "limit_constraints: 1 of 3 entries"),
        ({"loss_constraints": np.asarray([[-2], [-1], [3]])}, "loss_constraints: 2 of 3 entries"),
        ({"loss_constraints": np.asarray([[-2], [-1], [2]])}, "loss_constraints: 1 of 3 entries"),
        ({"loss_constraints": np.asarray([[0], [-1], [2]])}, "1 pairs count twice"),
        ({"capacity": np.asarray([1.0, -0.1, np.nan])}, r"2 of 3 rows are below 0.*row 1"),
        ({"limit": np.ones((3, 3))}, "options.limit: shape"),
        ({"value": np.ones(3)}, "options.value: shape"),
        ({"capacity": np.ones((3, 1))}, "options.capacity: shape"),
        ({"limit_constraints": np.asarray([0, 1, 0])}, "options.limit_constraints: shape"),
        ({"loss_constraints": np.asarray([[2], [-1]])}, "options.loss_constraints: shape"),
        ({"start": np.asarray([], dtype=np.int64)}, "options.start: shape"),
        ({"capacity": "none"}, "options.capacity: not an array"),
    ],
)
def test_options_that_lead_nowhere_are_named(changed: dict[str, object], words: str) -> None:
    with pytest.raises(DataError, match=words):
        validate_options(options(**changed))


def test_rows_of_nothing_and_without_bound_are_fit() -> None:
    found = validate_options(
        options(capacity=np.asarray([0, INF, 5]), loss_constraints=np.full((3, 1), -1))
    )
    assert found.capacity.dtype == np.float64


@pytest.mark.slow
def test_every_open_option_is_a_candidate_and_the_top_is_the_most_valuable() -> None:
    found = listed(options())
    assert found.start.tolist() == [0, 4, 5, 5]
    assert found.pair.tolist() == [0, 0, 1, 1, 2]
    assert found.level.tolist() == [0, 1, 0, 1, 0]
    assert found.value.tolist() == [10.0, 16.0, 9.0, 12.0, 8.0]
    assert found.top.tolist() == [16.0, 8.0, 0.0]
    assert found.enterprises == 3
    used = found.use_of(np.asarray([1, 4]), 3)
    assert used.tolist() == [300.0, 0.0, 6.0]
    assert found.use_of(np.asarray([2]), 3).tolist() == [0.0, 100.0, 0.0]


def test_no_more_candidates_than_are_asked_for_and_none_above_a_rows_ceiling() -> None:
    assert np.diff(listed(options(), most=1).start).tolist() == [1, 1, 0]
    shut = listed(options(), max_use=np.asarray([0.0, INF, INF]))
    assert shut.pair.tolist() == [1, 1]


# --- bounds and prices ---


def test_the_bound_is_what_the_best_options_are_worth_net_of_prices_and_what_the_rows_cost() -> (
    None
):
    given, prices = options(), np.asarray([0.05, 0.0, 0.5])
    max_use = np.full(3, INF)
    with block_map(1) as over:
        # 16 - 10 - 2 = 4, the other bank 12 for nothing; 8 - 5 - 1 = 2
        net = sum_best_nets(given, prices, max_use, over)
        assert net == pytest.approx(14.0)
        bound = exact_bound(given, prices, max_use, worth=24.0, over=over)
        assert bound == pytest.approx(14.0 + 0.05 * 250 + 0.5 * 5)
        # ten rows and roundings at most of the whole worth, and one of the sum, twice
        eps = np.finfo(float).eps
        assert bound - 29.0 == pytest.approx(2 * eps * (10 * 24.0 + 29.0), rel=0.2)
        none = sum_best_nets(given, np.asarray([1.0, 1.0, 1.0]), max_use, over)
        assert none == 0.0
        unbounded = options(capacity=np.asarray([250.0, INF, 5.0]))
        assert math.isfinite(exact_bound(unbounded, prices, max_use, worth=24.0, over=over))


def test_amounts_are_numbers_of_zero_or_more_and_the_largest_is_told() -> None:
    with block_map(1) as over:
        assert largest_amount(options(), over) == 200.0
        assert largest_amount(options(loss=np.full((3, 2), 900.0)), over) == 900.0
        nobody = options(**{name: np.empty((0, 2)) for name in ("value", "limit", "loss")})
        assert largest_amount(nobody, over) == 0.0
        for name, wrong in (("limit", -1.0), ("loss", np.nan), ("value", np.inf)):
            amount = getattr(options(), name).copy()
            amount[0, 0] = wrong
            with pytest.raises(DataError, match=f"options.{name}: 1 of 6 entries"):
                largest_amount(options(**{name: amount}), over)


def test_a_row_is_priced_where_it_is_bounded_and_holds_anything() -> None:
    capacity = np.asarray([50.0, INF, 0.0, 1e-31])
    assert price_scales(capacity, 100.0, 1.0).tolist() == [2.0, 0.0, 0.0, 0.0]
    assert use_bounds(capacity, 1.0).tolist() == [INF, INF, 0.0, 0.0]
    assert price_scales(np.asarray([1e-29]), 100.0, 1.0)[0] > 0


def test_the_smoothed_dual_nears_the_true_one_from_above_and_its_slope_is_what_is_used() -> None:
    of, prices = listed(options()), np.asarray([0.01, 0.02, 0.1])
    with block_map(1) as over:
        exact = sum_best_nets(options(), prices, np.full(3, INF), over)
        warm_start, use, hessian = smoothed_dual(of, prices, 0.1, over)
        cold, _, _ = smoothed_dual(of, prices, 0.001, over)
        assert exact <= cold < warm_start
        assert cold == pytest.approx(exact, rel=1e-2)
        step = 1e-6
        for row in range(3):
            moved = prices.copy()
            moved[row] += step
            there, used, _ = smoothed_dual(of, moved, 0.1, over)
            assert (there - warm_start) / step == pytest.approx(-use[row], rel=1e-3)
            assert (used - use) / step == pytest.approx(-hessian[row], rel=1e-2, abs=1e-2)


def test_prices_by_step_lower_the_dual_as_another_library_does() -> None:
    rng = np.random.default_rng(3)
    count = 60
    limit = np.tile([100.0, 200.0], (count, 1))
    given = options(
        start=np.arange(count + 1), limit_constraints=np.zeros((count, 1), np.int64),
        loss_constraints=np.ones((count, 1), np.int64), limit=limit, loss=limit * rng.uniform(0.01, 0.03, (count, 1)),
        value=limit * rng.uniform(0.02, 0.06, (count, 1)) ** [[1.0, 1.05]],
        capacity=np.asarray([5_000.0, 100.0]),
    )  # fmt: skip
    of = listed(given)
    total = float(of.top.sum())
    scale = price_scales(given.capacity, total, 200.0)
    with block_map(1) as over:

        def dual(prices: np.ndarray) -> float:
            return smoothed_dual(of, prices, 0.01, over)[0] + float(prices @ given.capacity)

        found = minimise_dual(of, given.capacity, np.zeros(2), scale, heats=(0.1, 0.01), over=over)
        theirs = minimize(
            lambda x: dual(x * scale) / total, np.full(2, 0.1), bounds=[(0, None)] * 2, tol=1e-12
        )
    assert len(found) == 2
    assert dual(found[-1]) / total == pytest.approx(float(theirs.fun), abs=1e-6)
    assert (found[-1] > 0).any()


# --- the least of a convex function ---


def quadratic(matrix: np.ndarray, centre: np.ndarray) -> tuple[list[np.ndarray], object]:
    asked: list[np.ndarray] = []

    def at(x: np.ndarray) -> Point:
        asked.append(x)
        away = x - centre
        return Point(x, float(away @ matrix @ away) / 2 + 1.0, matrix @ away, matrix)

    return asked, at


def test_newton_is_at_the_least_of_a_quadratic_in_a_few_steps() -> None:
    matrix = np.asarray([[4.0, 1.0], [1.0, 3.0]])
    asked, at = quadratic(matrix, np.asarray([2.0, 5.0]))
    assert minimise(at, np.asarray([9.0, 0.5])).tolist() == pytest.approx([2.0, 5.0], abs=1e-4)  # type: ignore[arg-type]
    assert len(asked) <= 4


def test_numbers_that_would_fall_below_zero_are_held_there_and_the_others_know_of_it() -> None:
    matrix = np.asarray([[4.0, 1.0], [1.0, 3.0]])
    centre = np.asarray([-2.0, 5.0])
    asked, at = quadratic(matrix, centre)
    # with the first at 0 the second is least where 3 (x - 5) + (0 + 2) = 0
    assert minimise(at, np.asarray([1.0, 1.0])).tolist() == pytest.approx([0.0, 13 / 3], abs=1e-4)  # type: ignore[arg-type]
    assert len(asked) == 2  # there in one step, since it knows which number is held
    _, at = quadratic(matrix, np.asarray([-2.0, -5.0]))
    assert minimise(at, np.zeros(2)).tolist() == [0.0, 0.0]  # type: ignore[arg-type]


def test_a_step_that_overshoots_is_halved() -> None:
    asked = []

    def at(x: np.ndarray) -> Point:
        asked.append(float(x[0]))
        away = float(x[0]) - 3.0
        root = (1 + away * away) ** 0.5  # Newton's own step from afar leads away
        return Point(x, root, np.asarray([away / root]), np.asarray([[root**-3]]))

    assert minimise(at, np.asarray([9.0])).tolist() == pytest.approx([3.0], abs=1e-3)
    assert len(asked) < 40


# --- whole choices ---


def test_room_is_whole_grains_rounded_down() -> None:
    room = GrainCapacity.of(np.asarray([1.0, 1000.0, INF, 0.0, 0.3]))
    assert room.is_bounded.tolist() == [True, True, False, True, True]
    assert room.grains[:2].tolist() == [2.0**51, 2.0**42]
    assert room.free[:4].tolist() == [2**51, 1000 * 2**42, 0, 0]
    assert room.in_cny(room.free).tolist() == pytest.approx([1.0, 1000.0, 0.0, 0.0, 0.3])
    assert room.free[4] / room.grains[4] <= 0.3
    assert (np.log2(room.grains[room.is_bounded]) % 1 == 0).all()


def priced_list(given: Options, prices: list[float] | None = None) -> PricedShortlist:
    with block_map(1) as over:
        return PricedShortlist.at(
            listed(given), np.asarray(prices or [0.0] * given.constraints), over
        )


def test_the_margin_is_over_the_second_best_in_largest_values_and_orders_all() -> None:
    found = priced_list(options())
    # 16 against 12; 8 against nothing
    assert found.margin[:2].tolist() == pytest.approx([4 / 16, 1.0])
    assert found.order.tolist() == [1, 0]
    assert found.net.tolist() == [10.0, 16.0, 9.0, 12.0, 8.0]
    dear = priced_list(options(), [0.05, 0.0, 0.5])
    assert dear.net.tolist() == pytest.approx([4.5, 4.0, 9.0, 12.0, 2.0])
    assert dear.margin[:2].tolist() == pytest.approx([3 / 16, 2 / 8])


def test_greedy_gives_the_largest_margins_their_best_and_fills_up() -> None:
    room = GrainCapacity.of(np.asarray([250.0, 300.0, 5.0]))
    # the second enterprise first; then 200 more do not fit beside its 100, 12 elsewhere do
    assert round_greedily(priced_list(options()), room).tolist() == [3, 4, -1]
    wide = GrainCapacity.of(np.asarray([300.0, 300.0, 6.0]))
    assert round_greedily(priced_list(options()), wide).tolist() == [1, 4, -1]
    none = GrainCapacity.of(np.zeros(3))
    assert round_greedily(priced_list(options()), none).tolist() == [-1, -1, -1]


def test_the_vertex_and_the_rebuilt_choice_are_the_optimum_of_a_small_book() -> None:
    given = options(
        start=np.arange(5), limit_constraints=np.zeros((4, 1), np.int64), loss_constraints=np.full((4, 1), -1),
        value=np.asarray([[6.0, 9.0], [5.0, 5.5], [4.0, 7.0], [3.0, -INF]]),
        limit=np.asarray([[60.0, 100.0], [50.0, 90.0], [40.0, 80.0], [30.0, 0.0]]),
        loss=np.zeros((4, 2)), capacity=np.asarray([180.0]),
    )  # fmt: skip
    room, at_prices = GrainCapacity.of(given.capacity), priced_list(given, [0.08])
    # 100 + 50 + 30 hold 9 + 5 + 3; 60 + 80 + 40 with 6 + 7: the first is worth 17
    for found in (
        round_vertex(at_prices, room),
        improve_rounding(at_prices, room, round_greedily(at_prices, room)),
    ):
        taken = found[found >= 0]
        assert at_prices.of.limit[taken].sum() <= 180.0
        assert at_prices.of.value[taken].sum() >= 17.0
    best = allocate(given)
    assert best.value == 18.0  # 6 + 5 + 4 + 3 at 60, 50, 40 and 30
    assert best.used.tolist() == [180.0]
    assert best.bound >= 18.0
    assert best.level.tolist() == [0, 0, 0, 0]


def test_a_vertex_finds_what_greed_by_price_does_not() -> None:
    given = options(
        start=np.arange(5), limit_constraints=np.zeros((4, 1), np.int64), loss_constraints=np.full((4, 1), -1),
        value=np.asarray([[6.0, 10.0], [12.0, 12.0], [25.0, 48.0], [15.0, 30.0]]),
        limit=np.asarray([[3.0, 6.0], [4.0, 6.0], [5.0, 10.0], [5.0, 11.0]]),
        loss=np.zeros((4, 2)), capacity=np.asarray([18.0]),
    )  # fmt: skip
    room, at_prices = GrainCapacity.of(given.capacity), priced_list(given, [2.99971329])
    worth = at_prices.of.value
    by_vertex, by_greed = round_vertex(at_prices, room), round_greedily(at_prices, room)
    # 48 at 10, 15 at 5 and 6 at 3 fill the 18; nothing whole is worth more
    assert worth[by_vertex[by_vertex >= 0]].sum() == allocate(given).value == 69.0
    assert worth[by_greed[by_greed >= 0]].sum() == 66.0


def test_the_nearest_options_are_the_best_few_of_each_contested_enterprise() -> None:
    levels = NEAREST + 2
    value = np.tile(np.arange(1.0, levels + 1), (3, 1))
    given = options(
        start=np.asarray([0, 1, 2, 3]), limit_constraints=np.zeros((3, 1), np.int64),
        loss_constraints=np.full((3, 1), -1), value=value, limit=value, loss=value * 0,
        capacity=np.asarray([5.0]),
    )  # fmt: skip
    places, who = _nearest(priced_list(given), np.asarray([0, 2]))
    assert who.tolist() == [0] * NEAREST + [1] * NEAREST
    first = list(range(levels - NEAREST, levels))
    assert places.tolist() == first + [one + 2 * levels for one in first]


def test_a_choice_states_its_value_what_it_uses_and_that_nothing_is_broken() -> None:
    found = allocate(options())
    # 12 at the second bank and 8 at the first: 16 + 8 would break the first bank's 250
    assert found.value == 20.0
    assert found.pair.tolist() == [1, 2, -1]
    assert found.level.tolist() == [1, 0, -1]
    assert found.used.tolist() == [100.0, 200.0, 2.0]
    assert found.max_violation == 0.0
    assert found.bound >= 20.0
    assert found.gap == pytest.approx((found.bound - 20.0) / found.bound)


# --- large books ---


def test_a_sample_is_solved_first_from_the_stated_number_on() -> None:
    who, large = _sample_positions(LARGE)
    assert (len(who), large) == (LARGE, False)
    who, large = _sample_positions(LARGE + 1)
    assert (len(who), large) == (SAMPLE, True)
    assert (np.diff(who) > 0).all()
    assert who.max() <= LARGE


def test_how_far_prices_moved_is_weighed_by_what_the_rows_cost() -> None:
    capacity = np.asarray([100.0, 10.0, INF])
    before, after = np.asarray([0.1, 0.2, 0.0]), np.asarray([0.15, 0.0, 0.0])
    # (.05 x 100 + .2 x 10) of (.1 x 100 + .2 x 10)
    assert _price_change(before, after, capacity) == pytest.approx(7 / 12)
    assert _price_change(before / 100, after / 100, capacity) == pytest.approx(7 / 12)
    assert _price_change(np.zeros(3), after, capacity) == 1.0
    assert _price_change(np.zeros(3), np.zeros(3), capacity) == 0.0
