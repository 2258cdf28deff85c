"""The linear model beside the trees: log-odds as a sum of the features' ranks.

A ridge logistic regression on ranks, no slope of which goes against its feature's direction. Where defaults are
few it ranks as well as trees do, and the average of both ranks better than either (experiments/LOG).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from riskmodel.model.inputs import MAX_VALUE, Inputs
from riskmodel.model.learners.scorecard.bounded_logistic import BoundedLogistic, fit_bounded
from riskmodel.statistics.logistic import logit

Array = npt.NDArray[np.float64]

KNOTS = 64
"""Of a number's curve, at most."""
MIN_SHARE = 0.01
"""A level, or having no value, counts by itself from this share of the rows on."""
MIN_SPREAD = 0.05
"""Of a column before it is scaled, about that of a flag on `MIN_SHARE` of the rows: what few rows have
is shrunk like that, for at its own spread it would hardly be shrunk at all."""
LEVEL_SPREAD = 1.0
"""A level's column is never scaled up: levels are many, and few defaults tell of each."""
DECIMALS = 8
"""Of what the search finds: rounding hides in which order a machine's threads added up."""


@dataclass(frozen=True)
class Curve:
    """A feature's share in the log-odds by its value.

    Straight between the `knots` (rising) and level beyond; a category's knots are its codes.
    `missing` is the share where there is no value.
    """

    knots: tuple[float, ...]
    shares: tuple[float, ...]
    missing: float

    def evaluate(self, values: Array) -> Array:
        """The shares of values, NaN where missing; a curve that rises does so in the last bit."""
        from riskmodel.model.learners.linear_kernels import on_curve

        knots, shares = np.array(self.knots), np.array(self.shares)
        found: Array = on_curve(np.ascontiguousarray(values), knots, shares, self.missing)
        return found


FLAT = Curve((0.0,), (0.0,), 0.0)


@dataclass(frozen=True)
class LinearModel:
    """The mean log-odds of the fit rows, and each feature's curve, in order.

    The shares of a feature are 0 on average over those rows. `share` is the linear model's weight in an
    average with trees.
    """

    base: float
    curves: tuple[Curve, ...]
    share: float = 1.0

    def raw_of(self, matrix: Array) -> Array:
        """Log-odds of rows x features (missing as NaN), one a row."""
        raw = np.full(len(matrix), self.base)
        for place, curve in enumerate(self.curves):
            if curve != FLAT:
                raw += curve.evaluate(matrix[:, place])
        return raw

    def contributions(self, matrix: Array) -> Array:
        """Rows x (features, then the base), in log-odds: each row sums to its score."""
        shares = np.zeros((len(matrix), len(self.curves) + 1))
        shares[:, -1] = self.base
        for place, curve in enumerate(self.curves):
            if curve != FLAT:
                shares[:, place] = curve.evaluate(matrix[:, place])
        return shares

    def to_text(self) -> str:
        """Write JSON, every digit kept, one curve on each row of the text."""
        curves = ",\n ".join(json.dumps(asdict(curve), allow_nan=False) for curve in self.curves)
        head = f'"base": {json.dumps(self.base)}, "share": {json.dumps(self.share)}'
        return f'{{{head}, "curves": [\n {curves}\n]}}\n'

    @classmethod
    def from_text(cls, text: str) -> "LinearModel":
        """Read what `to_text` wrote."""
        given = json.loads(text)
        return cls(given["base"], tuple(_curve(one) for one in given["curves"]), given["share"])


def _curve(given: Mapping[str, Any]) -> Curve:
    return Curve(tuple(given["knots"]), tuple(given["shares"]), given["missing"])


def fit_linear(
    matrix: Array, target: Array, inputs: Inputs, l2: float, weights: Array | None = None
) -> LinearModel:
    """Fit the linear model that maximises the log likelihood less `l2` / 2 times squared slopes.

    `matrix` is rows x features as `inputs.matrix` has them; `target` what share of a default each
    row is, neither 0 of all nor 1; `l2` is above 0. A number counts by its rank, a level of a
    category and a frequent want of a value each by a column of its own without a direction. All
    columns have mean 0, and a standard deviation of 1 but for levels'. Needs about three times
    rows x columns x 8 bytes.
    """
    return fit_linear_path(matrix, target, inputs, (l2,), weights)[0]


def fit_linear_path(
    matrix: Array,
    target: Array,
    inputs: Inputs,
    shrinkages: Sequence[float],
    weights: Array | None = None,
) -> list[LinearModel]:
    """Fit the linear model with each shrinkage, as `fit_linear` does; each search starts from the last."""
    terms = [
        (place, sign, curve)
        for place in range(matrix.shape[1])
        for sign, curve in _terms(matrix[:, place], inputs, place)
    ]
    design = np.ones((len(matrix), 1 + len(terms)))
    for number, (place, _, curve) in enumerate(terms, 1):
        design[:, number] = curve.evaluate(matrix[:, place])
    count = np.ones(len(target)) if weights is None else weights
    start = np.r_[logit(float(np.average(target, weights=count))), np.zeros(len(terms))]
    found = []
    for l2 in shrinkages:
        start = _fit_slopes(design, (target, count), [sign for _, sign, _ in terms], l2, start)
        found.append(_sum_terms(terms, start, matrix.shape[1]))
    return found


def _sum_terms(
    terms: Sequence[tuple[int, int, Curve]], slopes: Array, features: int
) -> LinearModel:
    """The linear model of terms (place, sign, curve) with an intercept and a slope each."""
    base, *own = (np.round(slopes, DECIMALS) + 0.0).tolist()
    curves = [FLAT] * features
    for place in {place for place, _, _ in terms}:
        mine = [(own[n], curve) for n, (at, _, curve) in enumerate(terms) if at == place]
        curves[place] = _sum_curves(mine)
    return LinearModel(base, tuple(curves))


def _fit_slopes(
    design: Array, sample: tuple[Array, Array], signs: Sequence[int], l2: float, start: Array
) -> Array:
    """Intercept and slopes, each slope on its sign's side of 0; `sample` is target and count by row."""
    task = BoundedLogistic(
        design=design,
        made=np.eye(design.shape[1]),
        defaulted=sample[0],
        penalty=np.r_[0.0, np.full(len(signs), l2)],
        centre=np.zeros(design.shape[1]),
        low=np.array([-np.inf, *(0.0 if sign > 0 else -np.inf for sign in signs)]),
        high=np.array([np.inf, *(0.0 if sign < 0 else np.inf for sign in signs)]),
        count=sample[1],
    )
    return fit_bounded(task, start)


def _sum_curves(terms: Sequence[tuple[float, Curve]]) -> Curve:
    """The sum of curves over the same knots, each times its slope; `FLAT` where all slopes are 0."""
    if not any(slope for slope, _ in terms):
        return FLAT
    shares = sum(slope * np.array(curve.shares) for slope, curve in terms)
    missing = sum(slope * curve.missing for slope, curve in terms)
    return Curve(terms[0][1].knots, tuple(np.asarray(shares).tolist()), float(missing))


def _terms(values: Array, inputs: Inputs, place: int) -> list[tuple[int, Curve]]:
    """The columns of one feature, as curves with their signs; none where it does not vary."""
    there = values[~np.isnan(values)]
    levels, sign = inputs.levels.get(inputs.names[place]), inputs.signs[place]
    found = _ranks(there, sign) if levels is None else _levels(there, len(levels), len(values))
    gaps = 1 - len(there) / len(values)
    if MIN_SHARE <= gaps <= 1 - MIN_SHARE:
        knots = found[0][1].knots if found else (0.0,)
        found.append((0, Curve(knots, (0.0,) * len(knots), 1.0)))
    min_spread = MIN_SPREAD if levels is None else LEVEL_SPREAD
    return [(of, _scale_curve(curve, values, min_spread)) for of, curve in found]


def _ranks(there: Array, sign: int) -> list[tuple[int, Curve]]:
    """The middle rank of each value, as a share less a half, at no more than `KNOTS` of them.

    A missing value stands in the middle.
    """
    known, counts = np.unique(np.clip(there, -MAX_VALUE, MAX_VALUE), return_counts=True)
    if len(known) < 2:
        return []
    below = np.cumsum(counts)
    ranks = (below - counts / 2) / len(there) - 0.5
    kept = np.arange(len(known))
    if len(known) > KNOTS:
        kept = np.unique(np.searchsorted(below, np.linspace(0, len(there), KNOTS)))
    return [(sign, Curve(tuple(known[kept].tolist()), tuple(ranks[kept].tolist()), 0.0))]


def _levels(there: Array, levels: int, rows: int) -> list[tuple[int, Curve]]:
    """A flag for each common level."""
    counts = np.bincount(there.astype(np.int64), minlength=levels)
    codes = np.arange(levels)
    return [
        (0, Curve(tuple(codes.astype(float).tolist()), tuple((codes == code) * 1.0), 0.0))
        for code in np.flatnonzero((counts >= MIN_SHARE * rows) & (counts < rows))
    ]


def _scale_curve(curve: Curve, values: Array, min_spread: float) -> Curve:
    """The curve with mean 0 over the values, in units of its standard deviation or of the `min_spread`."""
    shares = curve.evaluate(values)
    middle, spread = shares.mean(), max(float(shares.std()), min_spread)
    scaled = (np.array(curve.shares) - middle) / spread
    return Curve(curve.knots, tuple(scaled.tolist()), float((curve.missing - middle) / spread))
