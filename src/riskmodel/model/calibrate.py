"""Calibration: from a score to a probability of default, with its interval."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]

RIDGE = 1e-3
"""A trace of shrinkage of the slope to 1, so that separated samples have a finite answer."""

LEAST_SLOPE = 0.02
"""A ranking that the later rows contradict is flattened, but stays a ranking."""

STEPS = 25


@dataclass(frozen=True)
class Calibration:
    """logit(PD) = intercept + slope * score; `draws` are bootstrap pairs of the two (draws x 2).

    The slope is never below `LEAST_SLOPE`: a calibration never turns a ranking round. Linear in the
    log-odds, so contributions to the score stay exact.
    """

    intercept: float
    slope: float
    draws: tuple[tuple[float, float], ...]
    interval: float

    def log_odds(self, raw: Array) -> Array:
        """Calibrated log-odds of default."""
        return self.intercept + self.slope * raw

    def pd(self, raw: Array) -> Array:
        """The probability of default."""
        return expit(self.log_odds(raw))

    def bounds(self, raw: Array) -> tuple[Array, Array]:
        """Lower and upper PD: quantiles over the draws, never inside the point estimate.

        They show what the calibration sample leaves open, not what another model would say.
        """
        pairs = np.array(self.draws)
        unique, back = np.unique(raw, return_inverse=True)
        tail = (1 - self.interval) / 2
        low, high = np.empty((2, len(unique)))
        for start in range(0, len(unique), 4096):
            part = slice(start, start + 4096)
            odds = pairs[:, :1] + pairs[:, 1:] * unique[part]
            low[part], high[part] = np.quantile(odds, [tail, 1 - tail], axis=0)
        point = self.log_odds(unique)
        return expit(np.minimum(low, point))[back], expit(np.maximum(high, point))[back]


def expit(x: Array) -> Array:
    """The logistic function, safe for large arguments."""
    return np.asarray(0.5 * (1 + np.tanh(x / 2)))


def calibrate(
    raw: Array, defaulted: Array, enterprises: pd.Series, *, draws: int, interval: float, seed: int
) -> Calibration:
    """Logistic calibration by maximum likelihood (Platt 1999), bootstrapped by enterprise."""
    point = _fit(raw, defaulted, np.ones(len(raw)))
    codes, unique = pd.factorize(enterprises, sort=True)
    rng = np.random.default_rng(seed)
    pairs = []
    for _ in range(draws):
        times = np.bincount(rng.integers(len(unique), size=len(unique)), minlength=len(unique))
        weights = times[codes].astype(float)
        drawn = (weights * defaulted).sum()
        pairs.append(_fit(raw, defaulted, weights) if 0 < drawn < weights.sum() else point)
    return Calibration(point[0], point[1], tuple(pairs), interval)


def _fit(raw: Array, defaulted: Array, weights: Array) -> tuple[float, float]:
    """Intercept and slope by Newton's method; the slope is held above 0."""
    middle = float(np.average(raw, weights=weights))
    x = raw - middle
    rate = np.clip(np.average(defaulted, weights=weights), 1e-6, 1 - 1e-6)
    a, b = float(np.log(rate / (1 - rate))), 1.0
    for _ in range(STEPS):
        p = expit(a + b * x)
        error, spread = weights * (defaulted - p), weights * np.clip(p * (1 - p), 1e-12, None)
        gradient = np.array([error.sum(), (error * x).sum() - RIDGE * (b - 1)])
        cross = (spread * x).sum()
        information = np.array([[spread.sum(), cross], [cross, (spread * x * x).sum() + RIDGE]])
        step = np.clip(np.linalg.solve(information, gradient), -2.0, 2.0)
        a, b = a + float(step[0]), b + float(step[1])
        if np.abs(step).max() < 1e-10:
            break
    if b < LEAST_SLOPE:
        a, b = _level(LEAST_SLOPE * x, defaulted, weights), LEAST_SLOPE
    return a - b * middle, b


def _level(held: Array, defaulted: Array, weights: Array) -> float:
    """The intercept beside log-odds that are held: the mean PD is then the default rate."""
    rate = np.clip(np.average(defaulted, weights=weights), 1e-6, 1 - 1e-6)
    a = float(np.log(rate / (1 - rate)))
    for _ in range(STEPS):
        p = expit(a + held)
        spread = np.clip((weights * p * (1 - p)).sum(), 1e-12, None)
        a += float(np.clip((weights * (rate - p)).sum() / spread, -2.0, 2.0))
    return a
