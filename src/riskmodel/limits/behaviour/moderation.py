"""Moderators of a slope: effects shrunk towards none, kept only where held-out rows support them."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmodel.limits.behaviour.strata import stated_log_odds, values

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
SPREADS = (0.1, 0.2, 0.4)
"""Standard deviations of an effect, of a moderator one standard deviation away, that are tried."""
ERRORS = 2.0
"""Held-out gains must exceed so many of their standard errors: the best of several is chosen."""
FOLDS = 5
STEPS = 20


@dataclass(frozen=True)
class Moderation:
    """How moderators move the slope: names, what they are held to and standardised by, effects.

    `covariance` is that of the effects. `gain` is the held-out log loss saved a thousand rows and
    `gain_error` its standard error, for the best of the spreads that were tried, kept or not.
    """

    names: tuple[str, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    effects: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]
    gain: float
    gain_error: float

    def at(self, candidates: pd.DataFrame) -> tuple[Floats, Floats]:
        """What to add to each candidate's slope, and the variance of that."""
        if not self.names:
            return np.zeros(len(candidates)), np.zeros(len(candidates))
        apart = self.standard(candidates)
        variance = np.einsum("ij,jk,ik->i", apart, np.asarray(self.covariance), apart)
        return apart @ np.asarray(self.effects), variance

    def standard(self, rows: pd.DataFrame) -> Floats:
        """Standardised; 0, which is typical, where a value is missing or its column absent."""
        columns = [
            np.nan_to_num((np.clip(_values(rows, name), low, high) - mean) / scale)
            for name, low, high, mean, scale in zip(
                self.names, self.low, self.high, self.mean, self.scale, strict=True
            )
        ]
        return np.column_stack(columns)

    @classmethod
    def from_text(cls, given: dict[str, Any]) -> Self:
        """From plain values; lists become tuples."""
        rows = tuple(tuple(row) for row in given["covariance"])
        plain: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in given.items()
        }
        return cls(**{**plain, "covariance": rows})


def no_moderation(gain: float = 0.0, gain_error: float = 0.0) -> Moderation:
    """Everybody has the common slope."""
    return Moderation((), (), (), (), (), (), (), gain, gain_error)


def moderated(
    rows: pd.DataFrame,
    names: tuple[str, ...],
    centred: Floats,
    sample: list[tuple[Floats, Floats]],
    enterprise: Ints,
) -> Moderation:
    """The moderators' effects on the slope, or none.

    `centred` is the treatment less its stratum's mean; `sample` has for each outcome its events and
    the log-odds at the common slope. The effects are the same for all outcomes, with a normal prior
    about 0 (ridge). The prior's spread is that of the least log loss over folds of enterprises.
    """
    names = tuple(name for name in names if np.nanstd(_values(rows, name)) > 0)
    if not names:
        return no_moderation()
    blank = _standardised(rows, names)
    columns = blank.standard(rows) * centred[:, None]
    fold = enterprise % FOLDS
    tried = [_saved(columns, sample, fold, enterprise, spread) for spread in SPREADS]
    best = int(np.argmax([gain for gain, _ in tried]))
    gain, error = tried[best]
    if gain <= ERRORS * error:
        return no_moderation(gain, error)
    effects, matrix = _effects(columns, sample, SPREADS[best])
    return Moderation(
        names, blank.low, blank.high, blank.mean, blank.scale,
        tuple(effects.tolist()), tuple(tuple(row) for row in matrix.tolist()), gain, error,
    )  # fmt: skip


def _standardised(rows: pd.DataFrame, names: tuple[str, ...]) -> Moderation:
    low, high, mean, scale = [], [], [], []
    for name in names:
        seen = _values(rows, name)
        ends = np.nanquantile(seen, [0.01, 0.99])
        held = np.clip(seen, *ends)
        low.append(float(ends[0]))
        high.append(float(ends[1]))
        mean.append(float(np.nanmean(held)))
        scale.append(float(np.nanstd(held)) or 1.0)
    none = tuple(0.0 for _ in names)
    return Moderation(names, tuple(low), tuple(high), tuple(mean), tuple(scale), none, (), 0.0, 0.0)


def _saved(
    columns: Floats,
    sample: list[tuple[Floats, Floats]],
    fold: Ints,
    enterprise: Ints,
    spread: float,
) -> tuple[float, float]:
    """Held-out log loss that the effects save, a thousand rows, and its standard error."""
    saved = np.zeros(len(columns))
    for k in range(FOLDS):
        out = fold == k
        seen = [(event[~out], known[~out]) for event, known in sample]
        effects, _ = _effects(columns[~out], seen, spread)
        for event, known in sample:
            moved = known[out] + columns[out] @ effects
            saved[out] += _loss(event[out], known[out]) - _loss(event[out], moved)
    own = np.bincount(enterprise, weights=saved)
    per = 1_000 / len(columns)
    return float(own.sum() * per), float(own.std() * len(own) ** 0.5 * per)


def _effects(
    columns: Floats, sample: list[tuple[Floats, Floats]], spread: float
) -> tuple[Floats, Floats]:
    """The effects at the posterior's mode, and their covariance there."""
    effects = np.zeros(columns.shape[1])
    for _ in range(STEPS):
        slope, bend = -effects / spread**2, np.eye(len(effects)) / spread**2
        for event, known in sample:
            chance = 1 / (1 + np.exp(-(known + columns @ effects)))
            slope = slope + columns.T @ (event - chance)
            bend = bend + (columns.T * (chance * (1 - chance))) @ columns
        move = np.linalg.solve(bend, slope)
        effects = effects + np.clip(move, -1.0, 1.0)
        if np.abs(move).max() < 1e-10:
            break
    matrix: Floats = np.asarray(np.linalg.inv(bend), dtype=np.float64)
    return effects, matrix


def _loss(event: Floats, log_odds: Floats) -> Floats:
    loss: Floats = np.logaddexp(0.0, log_odds) - event * log_odds
    return loss


def _values(rows: pd.DataFrame, name: str) -> Floats:
    """A moderator; the model's log-odds may come as `pd_12m`."""
    return stated_log_odds(rows) if name == "log_odds" else values(rows, name)
