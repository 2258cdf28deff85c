"""Options of the allocation: one pair and level an enterprise, under constraints on sums."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riskmodel.errors import DataError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
NONE = -1
"""No constraint, or nothing chosen."""


@dataclass(frozen=True)
class Options:
    """Options: for each enterprise its pairs (one a bank that may lend), for each pair its levels.

    Enterprise i has the pairs `start[i]` to `start[i + 1]`. `limit_constraints` (pairs x k) are the constraints
    that a pair's limit counts in (its bank's budget, bank and sector, destination), `loss_constraints`
    (pairs x m) those that its expected loss counts in, `NONE` where there is none. `value`,
    `limit` and `loss` are pairs x levels, in CNY; a value of minus infinity closes a level.
    `capacity` is one a constraint, in CNY; infinity is no bound.
    """

    start: Ints
    limit_constraints: Ints
    loss_constraints: Ints
    value: Floats
    limit: Floats
    loss: Floats
    capacity: Floats

    @property
    def enterprises(self) -> int:
        return len(self.start) - 1

    @property
    def pairs(self) -> int:
        return len(self.value)

    @property
    def levels(self) -> int:
        return int(self.value.shape[1])

    @property
    def constraints(self) -> int:
        return len(self.capacity)


def validate_options(options: Options) -> Options:
    """Return the options as contiguous arrays of one type, copying only what is not so already.

    `DataError` where shapes do not belong together, or positions lead nowhere. The values
    themselves are checked where they are first run through.
    """
    whole = {
        name: _array(options, name, np.int64)
        for name in ("start", "limit_constraints", "loss_constraints")
    }
    money = {
        name: _array(options, name, np.float64) for name in ("value", "limit", "loss", "capacity")
    }
    made = Options(**whole, **money)
    _refuse_bad_shapes(made)
    _refuse_bad_positions(made)
    _refuse_bad_capacity(made.capacity)
    return made


def _array(options: Options, name: str, kind: type) -> NDArray:  # type: ignore[type-arg]
    try:
        return np.ascontiguousarray(getattr(options, name), dtype=kind)
    except (TypeError, ValueError):
        raise DataError(f"options.{name}: not an array of numbers. Give one.") from None


def _refuse_bad_shapes(options: Options) -> None:
    shape = options.value.shape
    wanted = {
        "value": len(shape) == 2 and shape[-1] > 0,
        "limit": options.limit.shape == shape,
        "loss": options.loss.shape == shape,
        "limit_constraints": options.limit_constraints.ndim == 2
        and len(options.limit_constraints) == shape[0],
        "loss_constraints": options.loss_constraints.ndim == 2
        and len(options.loss_constraints) == shape[0],
        "start": options.start.ndim == 1 and len(options.start) > 0,
        "capacity": options.capacity.ndim == 1,
    }
    for name, right in wanted.items():
        if not right:
            raise DataError(
                f"options.{name}: shape {getattr(options, name).shape} does not fit value's "
                f"{shape}. See Options for the shapes."
            )


def _refuse_bad_positions(options: Options) -> None:
    start = options.start
    if start[0] != 0 or start[-1] != options.pairs or np.any(np.diff(start) < 0):
        raise DataError(
            f"options.start: does not run from 0 up to the {options.pairs:,} pairs. "
            "Give each enterprise's first pair, then the number of pairs."
        )
    for name in ("limit_constraints", "loss_constraints"):
        rows = getattr(options, name)
        if rows.size and not NONE <= rows.min() <= rows.max() < options.constraints:
            bad = int(np.count_nonzero((rows < NONE) | (rows >= options.constraints)))
            raise DataError(
                f"options.{name}: {bad:,} of {rows.size:,} entries name no row of "
                f"{options.constraints:,}. Give -1 where there is none."
            )
    rows = np.hstack([options.limit_constraints, options.loss_constraints])
    for one in range(1, rows.shape[1]):
        twice = (rows[:, one, None] == rows[:, :one]) & (rows[:, one, None] != NONE)
        if twice.any():
            raise DataError(
                f"options: {int(twice.any(axis=1).sum()):,} pairs count twice in one row. "
                "Name a row once a pair, for its limit or for its loss."
            )


def _refuse_bad_capacity(capacity: Floats) -> None:
    bad = np.flatnonzero(~(capacity >= 0))
    if len(bad):
        raise DataError(
            f"options.capacity: {len(bad)} of {len(capacity)} rows are below 0 or not a number "
            f"(first: row {bad[0]}). Give the most that a row may hold."
        )
