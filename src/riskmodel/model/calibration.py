"""Calibration: from a score to a probability of default, with its interval.

Every method is a strictly rising map from the score to log-odds. Its form is fitted to scores of
rankings that never saw the enterprise, its level to rows later than those that were fitted.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.statistics.bootstrap import bootstrap_weights
from riskmodel.statistics.calibration import log_losses
from riskmodel.statistics.logistic import MIN_SLOPE, expit, fit_logistic, logit, shift_to_rate

Array = npt.NDArray[np.float64]
METHODS = ("logistic", "beta", "isotonic")
STEP = 1e-3
"""Half of the way over which the slope at a score is taken, where there is no step to take it of."""
SAME_SCORE = 1e-10
"""Scores nearer than this are one: any further step has its own slope, so that shares sum exactly."""
PAIR_CLIP = 1e-6
"""Of the Venn-Abers pair, which may be 0 or 1."""
KNOTS = 64
"""Places on the score at which the interval's width is kept; between them it is interpolated."""


@dataclass(frozen=True)
class Curve:
    """A strictly rising map from scores to log-odds.

    `terms` are the coefficients of the method's terms; `knots` (score, log-odds) stand for them
    where the method is isotonic.
    """

    method: str
    intercept: float
    terms: tuple[float, ...]
    knots: tuple[tuple[float, float], ...] = ()

    def log_odds(self, raw: Array) -> Array:
        """Calibrated log-odds of default."""
        straight = np.full(len(raw), self.intercept)
        for slope, term in zip(self.terms, curve_terms(self.method, raw).T, strict=True):
            straight = straight + slope * term
        if not self.knots:
            return np.asarray(straight)
        x, y = np.array(self.knots).T
        return np.asarray(straight + np.interp(raw, x, y))


def curve_terms(method: str, raw: Array) -> Array:
    """Compute the terms that the method is linear in: rows x terms.

    Logistic (Platt 1999): the score. Beta (Kull, Silva Filho and Flach 2017): ln s and -ln(1 - s)
    of s = expit(score). Isotonic: the score, for the trace of slope that keeps steps apart.
    """
    if method == "beta":
        return np.column_stack([-np.logaddexp(0.0, -raw), np.logaddexp(0.0, raw)])
    return raw[:, None]


@dataclass(frozen=True)
class Calibration:
    """logit(PD) = curve(score) + shift, and how far the PD's interval reaches on either side.

    `shift` moves the level to that of the later rows, or to an anchor. `margins` are (score, below,
    above) in log-odds, none negative; `interval` is their coverage. `losses` are the methods' log
    losses on held-out enterprises. `basis` says which rows gave the form: `pooled`, or `later`.
    """

    curve: Curve
    shift: float
    margins: tuple[tuple[float, float, float], ...]
    interval: float
    losses: Mapping[str, float]
    basis: str = "pooled"

    def log_odds(self, raw: Array) -> Array:
        """Calibrated log-odds of default."""
        return self.curve.log_odds(raw) + self.shift

    def pd(self, raw: Array) -> Array:
        """The probability of default."""
        return expit(self.log_odds(raw))

    def stretch(self, start: Array, end: Array) -> Array:
        """Return the slope of the log-odds between the scores `start` and `end`: above 0."""
        if self.curve.method == "logistic":
            return np.full(len(end), self.curve.terms[0])
        near = np.abs(end - start) < SAME_SCORE
        low, high = np.where(near, end - STEP, start), np.where(near, end + STEP, end)
        return np.asarray((self.log_odds(high) - self.log_odds(low)) / (high - low))

    def bounds(self, raw: Array) -> tuple[Array, Array]:
        """Lower and upper PD; the point lies between."""
        x, below, above = np.array(self.margins).T
        point = self.log_odds(raw)
        low, high = np.interp(raw, x, below), np.interp(raw, x, above)
        return expit(point - low), expit(point + high)


@dataclass(frozen=True)
class OutOfFold:
    """Scores by rankings that never saw the enterprise, labels, enterprises, and which rows are
    later than the fit rows."""

    raw: Array
    defaulted: Array
    enterprises: pd.Series
    later: npt.NDArray[np.bool_]

    def select(self, rows: npt.NDArray[np.bool_]) -> "OutOfFold":
        """Return some of the rows."""
        return OutOfFold(
            self.raw[rows], self.defaulted[rows], self.enterprises[rows], self.later[rows]
        )


@dataclass(frozen=True)
class CalibrationOptions:
    """The method ("best": by proper score), bootstrap draws, coverage, seed, and by how much
    (standard deviation in log-odds) a year's default rate departs from what was expected of it."""

    method: str
    draws: int
    interval: float
    cycle: float
    seed: int


MIN_DEFAULTS = 100
"""With fewer defaults the calibration stays logistic."""

CONTRADICTION_ERRORS = 3.0
"""Standard errors by which the later rows' slope must differ before they alone give the form."""


def fit_calibration(
    out_of_fold: OutOfFold, options: CalibrationOptions, anchor: float | None = None
) -> Calibration:
    """Fit the method with the least log loss on held-out enterprises, and its interval.

    A method takes the place of logistic calibration only where defaults are not few and its loss is
    lower by more than the difference's standard error. All rows give the form, since the spread of a hundred later
    defaults is hardly known; unless the later ones contradict it, when they alone do. The level is
    the later rows' default rate, or `anchor`.
    """
    losses, chosen = compare_methods(out_of_fold, options)
    method = chosen if options.method == "best" else options.method
    curve, basis = fit_curve(method, out_of_fold), "pooled"
    if _contradicts(curve, out_of_fold.select(out_of_fold.later)):
        out_of_fold, basis = out_of_fold.select(out_of_fold.later), "later"
        curve = fit_curve(method, out_of_fold)
    found = Calibration(
        curve, fit_level(curve, out_of_fold, anchor), (), options.interval, losses, basis
    )
    return replace(found, margins=_margins(found, out_of_fold, options, anchor))


def refit_calibration(
    known: Calibration, out_of_fold: OutOfFold, anchor: float | None = None
) -> Calibration:
    """Fit form and level to other rows, with the same method, basis and margins."""
    rows = out_of_fold.select(out_of_fold.later) if known.basis == "later" else out_of_fold
    curve = fit_curve(known.curve.method, rows)
    return replace(known, curve=curve, shift=fit_level(curve, rows, anchor))


def fit_level(
    curve: Curve, out_of_fold: OutOfFold, anchor: float | None, weights: Array | None = None
) -> float:
    """Find the shift that brings the later rows' mean PD to their default rate, or to the anchor."""
    w = (np.ones(len(out_of_fold.raw)) if weights is None else weights)[out_of_fold.later]
    rate = (
        np.average(out_of_fold.defaulted[out_of_fold.later], weights=w)
        if anchor is None
        else anchor
    )
    return shift_to_rate(curve.log_odds(out_of_fold.raw[out_of_fold.later]), float(rate), w)


def _contradicts(curve: Curve, later: OutOfFold) -> bool:
    """Test if the later rows' slope on the curve's log-odds differs from 1.

    Its standard error allows for enterprises with several rows (sandwich, clustered).
    """
    odds = curve.log_odds(later.raw)
    ones = np.ones(len(odds))
    intercept, slopes = fit_logistic(odds[:, None], later.defaulted, ones)
    x = np.column_stack([ones, odds])
    p = expit(intercept + slopes[0] * odds)
    bread = np.linalg.inv((x * (p * (1 - p))[:, None]).T @ x + 1e-9 * np.eye(2))
    codes, unique = pd.factorize(later.enterprises)
    scores = x * (later.defaulted - p)[:, None]
    sums = np.column_stack([np.bincount(codes, column, len(unique)) for column in scores.T])
    error = float(np.sqrt(max((bread @ (sums.T @ sums) @ bread)[1, 1], 0.0)))
    return bool(abs(slopes[0] - 1) > CONTRADICTION_ERRORS * error)


def fit_curve(method: str, rows: OutOfFold, weights: Array | None = None) -> Curve:
    """Fit the curve of a method by maximum likelihood, rows weighted."""
    weights = np.ones(len(rows.raw)) if weights is None else weights
    if method == "isotonic":
        return _fit_isotonic(rows, weights)
    terms = curve_terms(method, rows.raw)
    intercept, slopes = fit_logistic(terms, rows.defaulted, weights)
    return Curve(method, intercept, tuple(float(slope) for slope in slopes))


def compare_methods(
    rows: OutOfFold, options: CalibrationOptions, folds: int = 5
) -> tuple[dict[str, float], str]:
    """Compute each method's log loss on held-out folds of enterprises, and name the best."""
    codes, unique = pd.factorize(rows.enterprises, sort=True)
    fold = (np.random.default_rng(options.seed).permutation(len(unique)) % folds)[codes]
    count = len(rows.raw)
    losses = {name: np.empty(count) for name in METHODS}
    for k in range(folds):
        held, weights = fold == k, (fold != k).astype(float)
        for name, loss in losses.items():
            able = 0 < (weights * rows.defaulted).sum() < weights.sum()
            odds = fit_curve(name, rows, weights if able else np.ones(count)).log_odds
            loss[held] = log_losses(odds(rows.raw[held]), rows.defaulted[held])
    best = "logistic"
    for name in METHODS[1:] if rows.defaulted.sum() >= MIN_DEFAULTS else ():
        gain = np.bincount(codes, losses["logistic"] - losses[name])
        better = losses[name].mean() < losses[best].mean()
        if better and gain.sum() > gain.std() * np.sqrt(len(gain)):
            best = name
    return {name: float(loss.mean()) for name, loss in losses.items()}, best


def _fit_isotonic(rows: OutOfFold, weights: Array) -> Curve:
    """Pooled adjacent violators (Ayer and others 1955), joined between the blocks' middles.

    A block's rate is (D + 1/2) / (N + 1), so that none is 0 or 1; a trace of slope keeps the
    order of scores within a block.
    """
    from sklearn.isotonic import IsotonicRegression

    used = weights > 0
    raw, y, w = rows.raw[used], rows.defaulted[used], weights[used]
    step = IsotonicRegression().fit_transform(raw, y, sample_weight=w)
    _, block = np.unique(step, return_inverse=True)
    count, bad = np.bincount(block, w), np.bincount(block, w * y)
    middle = np.bincount(block, w * raw) / count
    rate = np.maximum.accumulate((bad + 0.5) / (count + 1.0))
    odds = logit(rate)
    centre = float(np.average(raw, weights=w))
    knots = tuple((float(x), float(v)) for x, v in zip(middle, odds, strict=True))
    return Curve("isotonic", -MIN_SLOPE * centre, (MIN_SLOPE,), knots)


def _margins(
    found: Calibration, out_of_fold: OutOfFold, options: CalibrationOptions, anchor: float | None
) -> tuple[tuple[float, float, float], ...]:
    """Compute the interval's reach below and above the PD, at scores along the sample.

    What the sample leaves open (bootstrap by enterprise) and what a year may bring (`options.cycle`)
    are taken as independent; the reach is widened to the later rows' Venn-Abers pair (Vovk and
    Petej 2014), which is valid whatever the curve's form, where that lies outside. An anchor moves
    the pair with the level.
    """
    knots = np.unique(np.quantile(out_of_fold.raw, np.linspace(0, 1, KNOTS)))
    point, tail = found.log_odds(knots), (1 - options.interval) / 2
    draws = np.array(
        [one.log_odds(knots) for one in _bootstrap(found, out_of_fold, options, anchor)]
    )
    low, high = np.quantile(draws - point, [tail, 1 - tail], axis=0)
    year = options.cycle * _normal_quantile(1 - tail)
    below, above = np.hypot(np.minimum(low, 0), year), np.hypot(np.maximum(high, 0), year)
    pair = venn_abers(out_of_fold.select(out_of_fold.later), knots)
    moved = found.shift - fit_level(found.curve, out_of_fold, None)
    below = np.maximum(below, point - logit(pair[0], PAIR_CLIP) - moved)
    above = np.maximum(above, logit(pair[1], PAIR_CLIP) + moved - point)
    return tuple(
        (float(x), float(b), float(a)) for x, b, a in zip(knots, below, above, strict=True)
    )


def _bootstrap(
    found: Calibration, out_of_fold: OutOfFold, options: CalibrationOptions, anchor: float | None
) -> Iterator[Calibration]:
    """Form and level refitted on enterprises drawn with replacement."""
    later = out_of_fold.later
    for weights in bootstrap_weights(out_of_fold.enterprises, options.draws, options.seed):
        drawn = (weights * out_of_fold.defaulted)[later].sum()
        if not 0 < drawn < weights[later].sum():
            yield found
            continue
        curve = fit_curve(found.curve.method, out_of_fold, weights)
        yield replace(found, curve=curve, shift=fit_level(curve, out_of_fold, anchor, weights))


def venn_abers(rows: OutOfFold, raw: Array) -> tuple[Array, Array]:
    """Compute the Venn-Abers pair: the isotonic rate with a new row taken as good, and as bad.

    By its definition (Vovk and Petej 2014): one isotonic regression for each score and label.
    """
    from sklearn.isotonic import isotonic_regression

    order = np.argsort(rows.raw, kind="stable")
    score, y = rows.raw[order], rows.defaulted[order].astype(float)
    values, first, counts = np.unique(score, return_index=True, return_counts=True)
    bad = np.add.reduceat(y, first)
    pair = np.empty((2, len(raw)))
    for place, asked in enumerate(raw):
        spot = int(np.searchsorted(values, asked))
        tied = spot < len(values) and values[spot] == asked
        n = counts.astype(float) if tied else np.insert(counts.astype(float), spot, 0.0)
        d = bad if tied else np.insert(bad, spot, 0.0)
        n[spot] += 1
        for label in (0, 1):
            with_it = d + label * (np.arange(len(d)) == spot)
            pair[label, place] = isotonic_regression(with_it / n, sample_weight=n)[spot]
    return pair[0], pair[1]


def _normal_quantile(share: float) -> float:
    from scipy.stats import norm

    return float(norm.ppf(share))
