"""Random books, and HiGHS's optimum for them, for the benchmark and the tests."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from riskmodel.limits.allocation.options import Floats, Ints, Options

SECTORS, DESTINATIONS = 10, 20
LGD, OPENING_CNY = 0.55, 800.0
PART = 50_000
"""Enterprises drawn at a time, so that little stands beside the options themselves."""


@dataclass(frozen=True)
class Optimum:
    """A solver's answer: its value (NaN where it gave up), and how it ended in words."""

    value: float
    ending: str


def random_options(enterprises: int, *, seed: int, banks: int = 7, levels: int = 10) -> Options:
    """Draw a book in which some half of what would be profitable fits, under four kinds of
    constraints.

    In this order: a budget a bank, a cap on expected loss a bank, an exposure a bank and sector,
    an exposure a destination. Sectors and destinations are uneven, as are the banks' appetites;
    the PD rises with the limit, steeper for some; margins differ by bank and enterprise.
    """
    rng = np.random.default_rng(seed)
    sector = rng.choice(SECTORS, enterprises, p=_zipf_shares(SECTORS))
    destination = rng.choice(DESTINATIONS, enterprises, p=_zipf_shares(DESTINATIONS))
    bank = np.tile(np.arange(banks), enterprises)
    per_pair = [
        bank,
        2 * banks + np.repeat(sector, banks) + SECTORS * bank,
        (2 + SECTORS) * banks + np.repeat(destination, banks),
    ]
    limit_constraints, loss_constraints = np.stack(per_pair, axis=1), (banks + bank)[:, None]
    margin = rng.uniform(0.05, 0.09, banks)
    value, limit, loss = (np.empty((enterprises * banks, levels)) for _ in range(3))
    for first in range(0, enterprises, PART):
        size = min(PART, enterprises - first)
        pairs = slice(first * banks, (first + size) * banks)
        value[pairs], limit[pairs], loss[pairs] = _amounts(rng, size, margin, levels)
    capacity = _capacities(
        rng, _unconstrained_use(value, limit, loss, limit_constraints, loss_constraints), banks
    )
    start = np.arange(enterprises + 1) * banks
    return Options(start, limit_constraints, loss_constraints, value, limit, loss, capacity)


def _zipf_shares(count: int) -> Floats:
    """Shares that fall like 1 / rank, as sectors' and destinations' do."""
    weight = 1.0 / np.arange(1, count + 1)
    share: Floats = weight / weight.sum()
    return share


def _amounts(
    rng: np.random.Generator, size: int, margin: Floats, levels: int
) -> tuple[Floats, Floats, Floats]:
    """Value, limit and loss of so many enterprises' pairs: pairs x levels, CNY."""
    banks = len(margin)
    cap = np.clip(rng.lognormal(13.0, 1.0, (size, 1, 1)), 50_000.0, 1e7)
    largest = rng.uniform(0.6, 1.0, (1, banks, 1))
    share = np.arange(1, levels + 1) / levels
    limit = np.floor(cap * largest * share / 1_000.0) * 1_000.0
    pd_12m = rng.beta(1.0, 30.0, (size, 1, 1)) * (0.5 + rng.uniform(0, 1, (size, 1, 1)) * share)
    loss = LGD * pd_12m * limit
    rate = margin[None, :, None] * rng.uniform(0.9, 1.1, (size, banks, 1))
    value = rate * (1 - 0.25 * share) * limit * (1 - pd_12m) - loss - OPENING_CNY
    shape = (size * banks, levels)
    return value.reshape(shape), limit.reshape(shape), loss.reshape(shape)


def _unconstrained_use(
    value: Floats, limit: Floats, loss: Floats, limit_constraints: Ints, loss_constraints: Ints
) -> Floats:
    """Use of each constraint if every pair took its most valuable level, CNY."""
    level = value.argmax(axis=1)
    pair = np.flatnonzero(value[np.arange(len(level)), level] > 0)
    rows = int(max(limit_constraints.max(initial=0), loss_constraints.max(initial=0))) + 1
    use = np.zeros(rows)
    for of_pairs, amount in ((limit_constraints, limit), (loss_constraints, loss)):
        for row in of_pairs[pair].T:
            use += np.bincount(row, amount[pair, level[pair]], rows)
    return use


def _capacities(rng: np.random.Generator, wished: Floats, banks: int) -> Floats:
    """Capacities as parts of an equal share of what is wished at all banks together."""
    rows = (2 + SECTORS) * banks + DESTINATIONS
    wide = np.zeros(rows)
    wide[: len(wished)] = wished
    part = np.concatenate(
        [
            rng.uniform(0.3, 0.7, banks),
            rng.uniform(0.25, 0.6, banks),
            rng.uniform(0.3, 0.9, SECTORS * banks),
            rng.uniform(0.3, 0.9, DESTINATIONS),
        ]
    )
    capacity: Floats = np.floor(part * wide / banks)
    return capacity


def linear_optimum(options: Options, *, seconds: float, method: str = "highs") -> Optimum:
    """The optimum of the linear relaxation by HiGHS, given so many seconds: no allocation is worth
    more. `method` is scipy's: "highs-ds" for dual simplex, "highs-ipm" for interior point."""
    from scipy.optimize import linprog

    matrix, most, worth = linear_program(options)
    if not len(worth):
        return Optimum(0.0, "solved")
    size = float(worth.max())
    found: Any = linprog(
        -worth / size, A_ub=matrix, b_ub=most, method=method, options={"time_limit": seconds}
    )
    if found.status == 0:
        return Optimum(float(-found.fun) * size, "solved")
    return Optimum(
        float("nan"), f"gave up after {seconds:.0f} s" if found.status == 1 else "failed"
    )


def linear_program(options: Options) -> tuple[Any, Floats, Floats]:
    """The program's sparse matrix, right-hand sides and values: one column an option of value.

    Constraints are an enterprise each, then the constraints of finite capacity, each over its capacity.
    """
    from scipy.sparse import csr_array

    pair, level = np.nonzero(options.value > 0)
    owner = np.repeat(np.arange(options.enterprises), np.diff(options.start))[pair]
    column = np.arange(len(pair))
    bounded = np.isfinite(options.capacity)
    size = np.where(bounded & (options.capacity > 0), options.capacity, 1.0)
    rows, columns, uses = [owner], [column], [np.ones(len(pair))]
    for of_pairs, amount in (
        (options.limit_constraints, options.limit),
        (options.loss_constraints, options.loss),
    ):
        for row in of_pairs[pair].T:
            counted = np.flatnonzero(row >= 0)
            counted = counted[bounded[row[counted]]]
            rows.append(options.enterprises + row[counted])
            columns.append(counted)
            uses.append(amount[pair[counted], level[counted]] / size[row[counted]])
    matrix = csr_array(
        (np.concatenate(uses), (np.concatenate(rows), np.concatenate(columns))),
        shape=(options.enterprises + options.constraints, len(pair)),
    )
    most = np.where(bounded, options.capacity, 0.0) / size
    return matrix, np.concatenate([np.ones(options.enterprises), most]), options.value[pair, level]
