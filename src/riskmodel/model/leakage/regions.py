"""Regions of near-certain default: by one column's value, beside the neighbouring values."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from riskmodel.model.leakage.univariate import (
    Flags,
    Floats,
    Ints,
    LabelledRows,
    group_values,
    to_numbers,
)
from riskmodel.statistics.low_default import jeffreys_quantiles

MIN_GROUP_ROWS = 5
"""Smaller groups are no region."""
TAIL_STEPS = 20
"""Number of sizes of each tail that are tried."""


@dataclass(frozen=True)
class Region:
    """Rows that stand out by one column's value, with their default rate and its interval.

    `rows` and `defaults` count an enterprise once, however many dates it is there on; `odds` is
    how many times the odds of default in the region are those of its neighbours, at the least: both
    rates at the less telling end of Jeffreys' interval. Neighbours of a number are the next values,
    as many rows of them: along an honest column the rate rises step by step. Of a text, or of
    missing values, they are all others. `inside`: the rows of the region.
    """

    where: str
    rows: float
    defaults: float
    low: float
    high: float
    odds: float
    inside: Flags = field(compare=False, repr=False)

    @property
    def rate(self) -> float:
        """The default rate of the region."""
        return self.defaults / self.rows


def find_region(
    values: pd.Series, labelled: LabelledRows, min_defaults: int, min_rate: float = 0.0
) -> Region | None:
    """Find the region that stands out most from its neighbours, the largest of equals.

    Of those that hold `min_defaults` defaults, at a rate that is surely above `min_rate`.
    """
    found = [
        region
        for where, inside, beside in _regions(values, labelled, min_defaults)
        if not inside.all() and labelled.bad[inside].mean() > min_rate
        for region in [_measure_region(where, inside, beside, labelled)]
        if region.defaults >= min_defaults and region.low >= min_rate
    ]
    return max(found, key=lambda one: (one.odds, one.defaults, one.rows), default=None)


def _regions(
    values: pd.Series, labelled: LabelledRows, min_defaults: int
) -> Iterator[tuple[str, Flags, Flags]]:
    """Regions with at least so many defaults, and the rows beside each: missing, there, the
    worst groups, and tails."""
    missing = values.isna().to_numpy(bool)
    for where, inside in (("where it is missing", missing), ("where it is there", ~missing)):
        if (inside & labelled.bad).sum() >= min_defaults:
            yield where, inside, ~inside
    plain = to_numbers(values)
    yield from _worst_groups(
        group_values(values), labelled, min_defaults, ordered=plain is not None
    )
    if plain is not None:
        yield from _tails(plain, labelled, min_defaults)


def _worst_groups(
    group: Ints, labelled: LabelledRows, min_defaults: int, *, ordered: bool
) -> Iterator[tuple[str, Flags, Flags]]:
    """The groups of the highest rates together, as soon as they hold enough defaults."""
    rows, bad = np.bincount(group), np.bincount(group, labelled.bad)
    order = np.argsort(-bad / np.maximum(rows, 1), kind="stable")
    order = order[rows[order] >= MIN_GROUP_ROWS]
    enough = np.flatnonzero(np.cumsum(bad[order]) >= min_defaults)
    if len(enough) and enough[0] < len(order) - 1:
        worst = order[: enough[0] + 1]
        beside = _adjacent(worst, rows) if ordered else np.setdiff1d(np.arange(len(rows)), worst)
        inside, of = np.isin(group, worst), int((rows > 0).sum())
        yield f"in {len(worst)} of {of} groups of its values", inside, np.isin(group, beside)


def _adjacent(worst: Ints, rows: Ints) -> Ints:
    """The groups next to the worst ones, in the order of their values; missing is no value."""
    filled = np.flatnonzero(rows > 0)
    filled = filled[filled > 0]
    places = np.flatnonzero(np.isin(filled, worst))
    near = np.unique(np.concatenate([places - 1, places + 1]))
    near = near[(near >= 0) & (near < len(filled))]
    found = np.setdiff1d(filled[near], worst)
    return found if len(found) else np.setdiff1d(np.flatnonzero(rows > 0), worst)


def _tails(
    plain: Floats, labelled: LabelledRows, min_defaults: int
) -> Iterator[tuple[str, Flags, Flags]]:
    """Tails that hold so many defaults, from `min_defaults` to all of them, and as many rows next
    to each."""
    with np.errstate(invalid="ignore"):
        for where, turned in (("in its upper tail", -plain), ("in its lower tail", plain)):
            known = np.sort(turned[~np.isnan(turned)])
            of_bad = np.sort(turned[labelled.bad & ~np.isnan(turned)])
            if len(of_bad) < min_defaults:
                continue
            sizes = np.unique(np.linspace(min_defaults, len(of_bad), TAIL_STEPS).astype(int))
            for edge in np.unique(of_bad[sizes - 1]):
                inside = turned <= edge
                last = known[min(2 * int(inside.sum()), len(known)) - 1]
                beside = (turned > edge) & (turned <= last)
                yield where, inside, beside if beside.any() else ~inside


def _measure_region(where: str, inside: Flags, beside: Flags, labelled: LabelledRows) -> Region:
    rows, defaults = _count_enterprises(inside, labelled)
    others, others_bad = _count_enterprises(beside, labelled)
    low, high = jeffreys_quantiles(defaults, rows)
    near = jeffreys_quantiles(others_bad, others)[1]
    odds = low / (1 - low) / (near / (1 - near))
    return Region(where, rows, defaults, low, 1.0 if defaults == rows else high, odds, inside)


def _count_enterprises(inside: Flags, labelled: LabelledRows) -> tuple[float, float]:
    """Enterprises inside, and their share of defaults: each counts once."""
    rows = np.bincount(labelled.enterprise[inside])
    bad = np.bincount(labelled.enterprise[inside], labelled.bad[inside], minlength=len(rows))
    own = rows > 0
    return float(own.sum()), float((bad[own] / rows[own]).sum())
