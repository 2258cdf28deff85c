"""Penalised logistic regression within bounds: its optimum, its bounds, and a second opinion."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.sparse import csr_array
from sklearn.isotonic import IsotonicRegression

from riskmodel.model.learners.scorecard.bounded_logistic import BoundedLogistic, fit_bounded
from riskmodel.statistics.logistic import expit

LAW = rules(deadline=None, max_examples=40)
LOW = np.array([-np.inf, 0.0, -np.inf, 0.0, -np.inf, -np.inf])
HIGH = np.array([np.inf, np.inf, 0.0, np.inf, np.inf, 0.0])


def drawn(seed: int, *, penalty: float = 1.0) -> BoundedLogistic:
    """200 rows; the coefficients are a first weight and the steps from there, four with a bound."""
    rng = np.random.default_rng(seed)
    design, weights = rng.normal(size=(200, 6)), rng.normal(size=6)
    return BoundedLogistic(
        design=design,
        made=np.tri(6),
        defaulted=(rng.random(200) < expit(design @ weights - 1)).astype(float),
        penalty=np.full(6, penalty),
        centre=rng.normal(size=6),
        low=LOW,
        high=HIGH,
    )


@LAW
@given(seed=st.integers(0, 10_000), penalty=st.sampled_from([0.1, 1.0, 30.0]))
def test_at_the_optimum_only_a_bound_stops_a_coefficient(seed, penalty):
    task = drawn(seed, penalty=penalty)
    x = fit_bounded(task, np.zeros(6))
    assert (x >= task.low).all() and (x <= task.high).all()
    slope, _ = task.slope_and_curve(x)
    free = (x > task.low) & (x < task.high)
    assert np.abs(slope[free]).max(initial=0.0) < 1e-3
    assert (slope[x == task.low] > -1e-3).all()
    assert (slope[x == task.high] < 1e-3).all()


@pytest.mark.parametrize("seed", range(5))
def test_another_search_finds_no_better_place(seed):
    """The second opinion is scipy's L-BFGS-B."""
    task = drawn(seed)
    ends = [(low, high) for low, high in zip(task.low, task.high, strict=True)]
    other = minimize(
        lambda x: (task.loss(x), task.slope_and_curve(x)[0]),
        np.zeros(6),
        jac=True,
        method="L-BFGS-B",
        bounds=ends,
        options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 5000},
    )
    found = fit_bounded(task, np.zeros(6))
    assert task.loss(found) <= other.fun + 1e-7
    assert found == pytest.approx(other.x, abs=1e-4)


def test_a_coefficient_that_wants_past_its_bound_stands_on_it():
    """With y = 1 in 1 of 4 rows and no penalty to speak of, the free answer is ln(1/3) < 0."""
    task = BoundedLogistic(
        design=np.ones((4, 1)),
        made=np.eye(1),
        defaulted=np.array([1.0, 0.0, 0.0, 0.0]),
        penalty=np.array([1e-9]),
        centre=np.zeros(1),
        low=np.zeros(1),
        high=np.array([np.inf]),
    )
    assert fit_bounded(task, np.ones(1)) == 0.0
    free = BoundedLogistic(**{**vars(task), "low": np.array([-np.inf])})
    assert fit_bounded(free, np.ones(1)) == pytest.approx(np.log(1 / 3), abs=1e-6)


def test_a_sparse_design_gives_the_same_as_a_dense_one():
    task = drawn(11)
    sparse = BoundedLogistic(**{**vars(task), "design": csr_array(task.design)})
    found = fit_bounded(sparse, np.zeros(6))
    assert found == pytest.approx(fit_bounded(task, np.zeros(6)), abs=1e-9)


def test_where_the_search_starts_does_not_matter():
    task = drawn(12)
    far = fit_bounded(task, np.array([9.0, 9.0, -9.0, 9.0, -9.0, -9.0]))
    assert far == pytest.approx(fit_bounded(task, np.zeros(6)), abs=1e-5)


@pytest.mark.parametrize("seed", range(4))
def test_steps_that_never_fall_give_the_pooled_rates_of_isotonic_regression(seed):
    """The rates are scikit-learn's (pooled adjacent violators); the penalty is a trace."""
    rng = np.random.default_rng(seed)
    place = rng.integers(0, 40, 3000)
    bad = (rng.random(3000) < 0.3 + 0.002 * place).astype(float)
    task = BoundedLogistic(
        design=np.eye(40)[place],
        made=np.tri(40),
        defaulted=bad,
        penalty=np.full(40, 1e-6),
        centre=np.zeros(40),
        low=np.r_[-np.inf, np.zeros(39)],
        high=np.full(40, np.inf),
    )
    rates = expit(np.cumsum(fit_bounded(task, np.r_[-1.0, np.full(39, 0.1)])))
    pooled = IsotonicRegression().fit(place, bad).predict(np.arange(40))
    assert rates == pytest.approx(pooled, abs=1e-4)
