"""Which features a scorecard uses, and what each of their bins is worth.

Slopes of the weights of evidence are found first, by penalised logistic regression with none below
0: a feature whose slope would be is refused. Then the share of every bin is fitted beside all
others, in the card's direction and shrunk to slope times weight of evidence: few defaults leave it
there, many move it to what the feature adds beside the others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from riskmodel.errors import DataError
from riskmodel.model.bins import Bins, Places
from riskmodel.model.inputs import Array
from riskmodel.model.logistic import expit
from riskmodel.settings import ModelSettings

NO_SLOPE = 1e-6
"""A slope below is 0 up to the search's tolerance."""
SEARCH = {"maxiter": 2000, "maxfun": 4000, "ftol": 1e-13, "gtol": 1e-6}
"""L-BFGS-B (Byrd and others 1995) goes on until the log likelihood stands still."""


def select(
    bins: Sequence[Bins], columns: Mapping[str, Array], defaulted: Array, how: ModelSettings
) -> tuple[list[Bins], Array, dict[str, str]]:
    """The features used, in the order given; their slopes; why each other one is left out.

    A feature must be informative at the lower end of its interval. The most informative one stays,
    however little it says: a scorecard needs one.
    """
    able = sorted((b for b in bins if _filled(b) > 1), key=lambda b: -b.information)
    if not able:
        raise DataError(
            f"features: none of {len(bins)} has two bins of enough rows."
            " Bring more rows, or lower model.least_bin_share."
        )
    told = [b for b in able if b.low >= how.least_information] or able[:1]
    evidence = {b.name: _evidence(b, columns[b.name]) for b in told}
    unlike = _unlike(told, evidence, how.most_correlation)
    right, slopes = _right(unlike, evidence, defaulted, how.scorecard_l2)
    strength = slopes * [evidence[b.name].std() for b in right]
    first = np.sort(np.argsort(-strength, kind="stable")[: how.scorecard_features])
    kept, slopes = _right([right[k] for k in first], evidence, defaulted, how.scorecard_l2)
    rungs = {"number": right, "sign": unlike, "correlation": told, "information": bins}
    return _in_order(kept, slopes, bins, rungs)


def _in_order(
    kept: Sequence[Bins], slopes: Array, bins: Sequence[Bins], rungs: Mapping[str, Sequence[Bins]]
) -> tuple[list[Bins], Array, dict[str, str]]:
    slope = {b.name: s for b, s in zip(kept, slopes, strict=True)}
    used = [b for b in bins if b.name in slope]
    left_out = {
        b.name: next(why for why, group in rungs.items() if b in group)
        for b in bins
        if b.name not in slope
    }
    return used, np.array([slope[b.name] for b in used]), left_out


def _filled(bins: Bins) -> int:
    return int((~bins.empty()).sum())


def _evidence(bins: Bins, column: Array) -> Array:
    return np.array(bins.weights)[bins.places(column)]


def _unlike(bins: Sequence[Bins], evidence: Mapping[str, Array], most: float) -> list[Bins]:
    """Without those that run along with a more informative one (the given order)."""
    together = np.atleast_2d(np.corrcoef([evidence[b.name] for b in bins]))
    kept: list[int] = []
    for k in range(len(bins)):
        if all(abs(together[k, other]) <= most for other in kept):
            kept.append(k)
    return [bins[k] for k in kept]


def _right(
    bins: Sequence[Bins], evidence: Mapping[str, Array], defaulted: Array, l2: float
) -> tuple[list[Bins], Array]:
    """The features with slopes above 0, and these: the others would turn the risk round."""
    slopes = fit_slopes(np.column_stack([evidence[b.name] for b in bins]), defaulted, l2=l2)
    right = slopes > NO_SLOPE
    return [b for b, good in zip(bins, right, strict=True) if good], slopes[right]


def fit_slopes(evidence: Array, defaulted: Array, *, l2: float) -> Array:
    """Slopes of at least 0 that maximise the log likelihood less l2 / 2 times their squares."""
    from scipy.optimize import minimize

    x = np.column_stack([np.ones(len(evidence)), evidence])
    shrunk = np.r_[0.0, np.full(evidence.shape[1], l2)]

    def loss(w: Array) -> tuple[float, Array]:
        z = x @ w
        value = np.logaddexp(0, z).sum() - defaulted @ z + w @ (shrunk * w) / 2
        return float(value), x.T @ (expit(z) - defaulted) + shrunk * w

    start = np.r_[_log_odds(defaulted), np.full(evidence.shape[1], 0.5)]
    bounds = [(None, None)] + [(0, None)] * evidence.shape[1]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds, options=SEARCH)
    return np.asarray(found.x[1:])


@dataclass(frozen=True)
class _Layout:
    """Where each feature's bins stand in one long vector: the first share, then steps from bin to
    bin, then the shares of special codes and missing values."""

    bins: Sequence[Bins]
    starts: Sequence[int]

    def shares(self, x: Array) -> list[Array]:
        """Each feature's shares by bin."""
        found = []
        for one, start in zip(self.bins, self.starts, strict=True):
            ordinary = np.cumsum(x[start : start + one.ordinary])
            found.append(np.r_[ordinary, x[start + one.ordinary : start + one.count]])
        return found

    def slopes_of(self, by_bin: Sequence[Array]) -> Array:
        """Derivatives by the vector, from those by the shares."""
        made = []
        for one, g in zip(self.bins, by_bin, strict=True):
            made += [np.cumsum(g[: one.ordinary][::-1])[::-1], g[one.ordinary :]]
        return np.concatenate(made)

    def vector(self, shares: Sequence[Array]) -> Array:
        """The vector of given shares."""
        made = []
        for one, share in zip(self.bins, shares, strict=True):
            made += [np.diff(share[: one.ordinary], prepend=0.0), share[one.ordinary :]]
        return np.concatenate(made)

    def bounds(self) -> list[tuple[float | None, float | None]]:
        """Steps never go against the card's direction."""
        step = {1: (0.0, None), -1: (None, 0.0), 0: (None, None)}
        found: list[tuple[float | None, float | None]] = []
        for one in self.bins:
            found += [(None, None), *[step[one.sign]] * (one.ordinary - 1)]
            found += [(None, None)] * (one.count - one.ordinary)
        return found


def refine(
    bins: Sequence[Bins], slopes: Array, places: Sequence[Places], defaulted: Array, *, l2: float
) -> tuple[float, list[Array]]:
    """Intercept, and the share of each bin in the log-odds.

    They maximise the log likelihood less l2 / 2 times the squares of what each share departs from
    slope times weight of evidence.
    """
    from scipy.optimize import minimize

    starts = np.cumsum([0, *(one.count for one in bins)])[:-1].tolist()
    layout = _Layout(bins, starts)
    before = [s * np.array(one.weights) for s, one in zip(slopes, bins, strict=True)]

    def loss(x: Array) -> tuple[float, Array]:
        shares = layout.shares(x[1:])
        z = x[0] + sum(share[place] for share, place in zip(shares, places, strict=True))
        wrong = expit(z) - defaulted
        away = [share - start for share, start in zip(shares, before, strict=True)]
        value = np.logaddexp(0, z).sum() - defaulted @ z + l2 / 2 * sum(a @ a for a in away)
        by_bin = [
            np.bincount(place, wrong, one.count) + l2 * a
            for one, place, a in zip(bins, places, away, strict=True)
        ]
        return float(value), np.r_[wrong.sum(), layout.slopes_of(by_bin)]

    start = np.r_[_log_odds(defaulted), layout.vector(before)]
    limits = [(None, None), *layout.bounds()]
    how: dict[str, Any] = {"jac": True, "method": "L-BFGS-B", "options": SEARCH}
    found = minimize(loss, start, bounds=limits, **how)
    return float(found.x[0]), layout.shares(found.x[1:])


def _log_odds(defaulted: Array) -> float:
    return float(np.log(defaulted.mean() / (1 - defaulted.mean())))
