"""Prices of the rows, from the smoothed Lagrangian dual.

The dual separates over enterprises: given the prices, each takes its best option net of them. Any
prices of zero or more give an upper bound on every allocation.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskmodel.limits.options import Problem

Floats = NDArray[np.float64]
TEMPERATURES = (0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
"""Of the smoothing, in mean best values: from a smooth landscape to nearly the true one."""


def prices_by_step(problem: Problem) -> list[Floats]:
    """Prices of the rows: none at all, then those of each temperature, warm-started."""
    from scipy.optimize import minimize

    best = problem.value.max(axis=1)
    typical, total = float(best.mean()), float(best.sum())
    # Prices in units in which each row's whole capacity costs the book's best value.
    unit = total / np.where(problem.capacity > 0, problem.capacity, np.inf)
    steps = [np.zeros_like(problem.capacity)]
    start = np.zeros(problem.capacity.size)
    for temperature in TEMPERATURES:
        found: Any = minimize(
            _smoothed_dual,
            start,
            args=(problem, unit, temperature * typical, total),
            jac=True,
            method="L-BFGS-B",
            bounds=[(0.0, None)] * start.size,
            options={"maxiter": 200, "ftol": 1e-12, "gtol": 1e-9},
        )
        start = np.maximum(found.x, 0.0)
        steps.append(start.reshape(unit.shape) * unit)
    return steps


def _smoothed_dual(
    scaled: Floats, problem: Problem, unit: Floats, temperature: float, total: float
) -> tuple[float, Floats]:
    """The dual with log-sum-exp for the maximum, over the book's best value, and its gradient."""
    prices = scaled.reshape(unit.shape) * unit
    exponent = problem.reduced(prices) / temperature
    peak = np.maximum(exponent.max(axis=1), 0.0)
    weight = np.exp(exponent - peak[:, None])
    mass = weight.sum(axis=1) + np.exp(-peak)
    smooth = temperature * (peak + np.log(mass)).sum()
    expected = ((weight / mass[:, None])[None] * problem.uses).sum(axis=1)
    banks = unit.shape[1]
    used = np.stack([np.bincount(problem.bank, row, banks) for row in expected])
    slope = (problem.capacity - used) * unit
    return float(smooth + (prices * problem.capacity).sum()) / total, slope.reshape(-1) / total
