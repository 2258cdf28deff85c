"""Fit of a scorecard: selection of its features, and the log-odds of each bin.

Slopes of the weights of evidence are found first, by penalised logistic regression with none below
0: a feature whose slope would be is refused. Then the share of every bin is fitted beside all
others, in the feature's direction and shrunk to slope times weight of evidence: few defaults leave it
there, many move it to what the feature adds beside the others.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from riskmodel.errors import DataError
from riskmodel.model.inputs import Array
from riskmodel.model.learners.scorecard.bins import Bins, Places
from riskmodel.model.learners.scorecard.bounded_logistic import BoundedLogistic, fit_bounded
from riskmodel.settings import ScorecardSettings
from riskmodel.statistics.logistic import logit

ZERO_SLOPE = 1e-6
"""A slope below is 0 up to the search's tolerance."""


def select_features(
    bins: Sequence[Bins],
    columns: Mapping[str, Array],
    defaulted: Array,
    settings: ScorecardSettings,
) -> tuple[list[Bins], Array, dict[str, str]]:
    """Select the features in the order given; their slopes; why each other one is left out.

    A feature must be informative at the lower end of its interval. The most informative one stays,
    however little it says: a scorecard needs one. Raises `DataError` where there is none at all.
    """
    able = sorted((b for b in bins if _count_filled(b) > 1), key=lambda b: -b.information)
    if not bins:
        raise DataError("features: 0 are left for a scorecard. Bring a table with features.")
    if not able:  # nothing to tell rows apart by: one rate for all, and the checks say so
        return [bins[0]], np.zeros(1), {b.name: "information" for b in bins[1:]}
    informative = [b for b in able if b.low >= settings.min_iv] or able[:1]
    evidence = {b.name: _evidence(b, columns[b.name]) for b in informative}
    uncorrelated = _drop_correlated(informative, evidence, settings.max_correlation)
    right, slopes = _drop_wrong_signs(uncorrelated, evidence, defaulted, settings.l2)
    strength = slopes * [evidence[b.name].std() for b in right]
    first = np.sort(np.argsort(-strength, kind="stable")[: settings.max_features])
    chosen = [right[k] for k in first]
    kept, slopes = _drop_wrong_signs(chosen, evidence, defaulted, settings.l2)
    stages = (
        ("sign", chosen),
        ("number", right),
        ("sign", uncorrelated),
        ("correlation", informative),
        ("information", bins),
    )
    return _in_order(kept, slopes, bins, stages)


def _in_order(
    kept: Sequence[Bins],
    slopes: Array,
    bins: Sequence[Bins],
    stages: Sequence[tuple[str, Sequence[Bins]]],
) -> tuple[list[Bins], Array, dict[str, str]]:
    slope = {b.name: s for b, s in zip(kept, slopes, strict=True)}
    used = [b for b in bins if b.name in slope]
    left_out = {
        b.name: next(why for why, group in stages if b in group)
        for b in bins
        if b.name not in slope
    }
    return used, np.array([slope[b.name] for b in used]), left_out


def _count_filled(bins: Bins) -> int:
    return int((~bins.empty()).sum())


def _evidence(bins: Bins, column: Array) -> Array:
    return np.array(bins.weights)[bins.places(column)]


def _drop_correlated(
    bins: Sequence[Bins], evidence: Mapping[str, Array], threshold: float
) -> list[Bins]:
    """Without those that run along with a more informative one (the given order)."""
    together = np.atleast_2d(np.corrcoef([evidence[b.name] for b in bins]))
    kept: list[int] = []
    for k in range(len(bins)):
        if all(abs(together[k, other]) <= threshold for other in kept):
            kept.append(k)
    return [bins[k] for k in kept]


def _drop_wrong_signs(
    bins: Sequence[Bins], evidence: Mapping[str, Array], defaulted: Array, l2: float
) -> tuple[list[Bins], Array]:
    """The features with slopes above 0, and these: the others would turn the risk round."""
    slopes = fit_slopes(np.column_stack([evidence[b.name] for b in bins]), defaulted, l2=l2)
    right = slopes > ZERO_SLOPE
    return [b for b, good in zip(bins, right, strict=True) if good], slopes[right]


def fit_slopes(evidence: Array, defaulted: Array, *, l2: float) -> Array:
    """Slopes of at least 0 that maximise the log likelihood less l2 / 2 times their squares."""
    count = evidence.shape[1]
    task = BoundedLogistic(
        design=np.column_stack([np.ones(len(evidence)), evidence]),
        made=np.eye(count + 1),
        defaulted=defaulted,
        penalty=np.r_[0.0, np.full(count, l2)],
        centre=np.zeros(count + 1),
        low=np.r_[-np.inf, np.zeros(count)],
        high=np.full(count + 1, np.inf),
    )
    return fit_bounded(task, np.r_[logit(float(defaulted.mean())), np.full(count, 0.5)])[1:]


def fit_bin_shares(
    bins: Sequence[Bins], slopes: Array, places: Sequence[Places], defaulted: Array, *, l2: float
) -> tuple[float, list[Array]]:
    """Fit the intercept, and the share of each bin in the log-odds.

    They maximise the log likelihood less l2 / 2 times the squares of what each share departs from
    slope times weight of evidence. A feature's coefficients are the share of its first bin, the
    steps from bin to bin, which never go against the feature's direction, and the shares of special
    codes and missing values.
    """
    from scipy.linalg import block_diag

    counts = [one.count for one in bins]
    before = [s * np.array(one.weights) for s, one in zip(slopes, bins, strict=True)]
    made = block_diag(1.0, *(_shares_of_coefficients(one) for one in bins))
    ends = np.array([(-np.inf, np.inf)] + [end for one in bins for end in _coefficient_bounds(one)])
    task = BoundedLogistic(
        design=_indicators(places, counts),
        made=made,
        defaulted=defaulted,
        penalty=np.r_[0.0, np.full(sum(counts), l2)],
        centre=np.r_[0.0, np.concatenate(before)],
        low=ends[:, 0],
        high=ends[:, 1],
    )
    start = np.linalg.solve(made, np.r_[logit(float(defaulted.mean())), np.concatenate(before)])
    shares = made @ fit_bounded(task, start)
    return float(shares[0]), np.split(shares[1:], np.cumsum(counts)[:-1])


def _indicators(places: Sequence[Places], counts: Sequence[int]) -> Any:
    """Rows x (1, then every bin): in a sparse row a one for each feature's bin."""
    from scipy.sparse import csr_array

    starts = np.cumsum([1, *counts[:-1]])
    rows, width = len(places[0]), 1 + len(counts)
    columns = np.column_stack([np.zeros(rows, dtype=np.int64), *places])
    columns[:, 1:] += starts
    pointers = np.arange(0, rows * width + 1, width)
    shape = rows, 1 + sum(counts)
    return csr_array((np.ones(columns.size), columns.ravel(), pointers), shape=shape)


def _shares_of_coefficients(bins: Bins) -> Array:
    """The matrix from a feature's coefficients to its shares: bins x coefficients."""
    made = np.eye(bins.count)
    made[: bins.ordinary, : bins.ordinary] = np.tri(bins.ordinary)
    return made


def _coefficient_bounds(bins: Bins) -> list[tuple[float, float]]:
    """The bounds of a feature's coefficients: only steps have any."""
    free = (-np.inf, np.inf)
    step = {1: (0.0, np.inf), -1: (-np.inf, 0.0), 0: free}[bins.sign]
    return [free, *[step] * (bins.ordinary - 1), *[free] * (bins.count - bins.ordinary)]
