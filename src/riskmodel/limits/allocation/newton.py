"""Minimise a smooth convex function over numbers of zero or more by projected Newton steps.

Bertsekas (1982), "Projected Newton methods for optimization problems with simple constraints":
numbers at zero that would fall further are held, the others take a damped Newton step, cut off at
zero. Some hundred constraints make a small system, so a step costs little beside the function itself, and
a few steps do where a first-order method takes a hundred.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from riskmodel.limits.allocation.options import Flags, Floats

STEPS = 40
ENOUGH = 1e-9
"""A step that promises less than this share of the function's value is the last."""
ARMIJO = 1e-4
HALVINGS = 12


@dataclass(frozen=True)
class Point:
    """A point with the function's value, gradient and Hessian there."""

    x: Floats
    value: float
    gradient: Floats
    hessian: Floats


def minimise(at: Callable[[Floats], Point], start: Floats) -> Floats:
    """Return the minimiser, to `ENOUGH` of the function's value, after at most `STEPS` steps."""
    here, damping = at(start), 1e-6
    for _ in range(STEPS):
        held = (here.x <= 0) & (here.gradient > 0)
        if held.all():
            break
        way = _step(here, held, damping)
        if -float(here.gradient @ way) < ENOUGH * abs(here.value):
            break
        there, length = _along(at, here, way)
        if there is None:
            if damping > 1e3:
                break
            damping *= 100
            continue
        damping = max(damping / 10, 1e-9) if length == 1.0 else min(damping * 4, 1e6)
        here = there
    return here.x


def _step(here: Point, held: Flags, damping: float) -> Floats:
    """Return the damped Newton step; numbers that it would take below zero go to zero.

    The others' step is solved again with those fixed.
    """
    size = np.diag(here.hessian)
    # flat directions (nobody near a tie there) are damped like a typical one
    ridge = damping * np.maximum(size, max(float(size.mean()), 1e-12)) + 1e-14
    hessian = here.hessian + np.diag(ridge)
    way = np.zeros_like(here.x)
    for _ in range(len(way)):
        way[held] = -here.x[held]
        free = ~held
        pull = -here.gradient[free] - hessian[np.ix_(free, held)] @ way[held]
        way[free] = np.linalg.solve(hessian[np.ix_(free, free)], pull)
        below = free & (here.x + way < 0)
        if not below.any():
            break
        held = held | below
    return way


def _along(at: Callable[[Floats], Point], here: Point, way: Floats) -> tuple[Point | None, float]:
    """Return the first point on the halved way at which the function falls enough, and its length."""
    length = 1.0
    for _ in range(HALVINGS):
        x = np.maximum(here.x + length * way, 0.0)
        there = at(x)
        if there.value <= here.value + ARMIJO * float(here.gradient @ (x - here.x)):
            return there, length
        length /= 2
    return None, length
