"""The points scorecard: logistic regression on monotone bins, each bin worth so many points."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from riskmodel.model.inputs import Array, Flags, Inputs
from riskmodel.model.learners.scorecard.bins import Bins, Places, fit_bins
from riskmodel.model.learners.scorecard.fit import fit_bin_shares, select_features
from riskmodel.model.unseen_missing import fit_imputations
from riskmodel.settings import ScorecardSettings
from riskmodel.statistics.logistic import expit, shift_to_rate

FILE = "scorecard.json"


@dataclass(frozen=True)
class Scale:
    """The scale of points: `base_points` at `base_odds` of good to bad, `pdo` to double the odds."""

    base_points: float
    base_odds: float
    pdo: float

    @property
    def factor(self) -> float:
        """Points by which the score falls as the log-odds of default rise by one."""
        return float(self.pdo / np.log(2))

    @property
    def offset(self) -> float:
        """Points at even odds (Siddiqi, Credit Risk Scorecards, 2006, chapter 6)."""
        return float(self.base_points - self.factor * np.log(self.base_odds))


@dataclass(frozen=True)
class Scorecard:
    """Bins of each feature and what each adds to the log-odds of default.

    `shares[j][k]` is the share of feature j's bin k, less the feature's mean over the fit rows;
    `base` is the mean row's score; a bin without fit rows is worth what leaves their mean PD as it
    is, as the rule in `imputations` has it. `left_out` says by name why a feature does not count:
    "information" (too little), "correlation" (with a more informative one), "sign" (its slope
    would have been wrong beside the others'), "number" (weaker than the most that are allowed).
    """

    inputs: Inputs
    bins: tuple[Bins, ...]
    shares: tuple[tuple[float, ...], ...]
    base: float
    scale: Scale
    left_out: Mapping[str, str]

    def raw(self, frame: pd.DataFrame) -> Array:
        """Log-odds of default before calibration; one value a row."""
        return self.raw_of(self.inputs.matrix(frame))

    def raw_of(self, matrix: Array) -> Array:
        """The score of rows that `inputs.matrix` made."""
        score = np.full(len(matrix), self.base)
        for share in self._shares(matrix):
            score += share
        return score

    def contributions(self, frame: pd.DataFrame) -> Array:
        """Each feature's share against the mean row's, then that row's score: rows x columns."""
        matrix = self.inputs.matrix(frame)
        return np.column_stack([*self._shares(matrix), np.full(len(matrix), self.base)])

    def points(self, frame: pd.DataFrame) -> Array:
        """The score in points, of which more are better: offset + factor ln(good : bad)."""
        return self.scale.offset - self.scale.factor * self.raw(frame)

    def bin_points(self) -> tuple[tuple[float, ...], ...]:
        """The points of each feature's bins; a row's sum to its score.

        The mean row's points are dealt out evenly over the features, as is the custom.
        """
        even = (self.scale.offset - self.scale.factor * self.base) / len(self.bins)
        return tuple(tuple(even - self.scale.factor * s for s in one) for one in self.shares)

    def best_contributions(self) -> Array:
        """The least that each feature can contribute: the share of its safest bin."""
        return np.array([min(share) for share in self.shares])

    def count_unseen(self, frame: pd.DataFrame) -> dict[str, int]:
        """Count the values of each feature that no fit row had.

        These are texts of no known level, and codes or missing values where the fit rows have none.
        """
        texts, matrix = self.inputs.count_unseen(frame), self.inputs.matrix(frame)
        return {
            one.name: max(int(one.empty()[one.places(column)].sum()), texts.get(one.name, 0))
            for one, column in zip(self.bins, matrix.T, strict=True)
        }

    def table(self) -> pd.DataFrame:
        """One row a bin: feature, bin, rows, defaults, rate, woe, points, information, low, high.

        `woe` is the weight of evidence of default, above 0 where the bin is riskier than the rest;
        `information` with its 95 % interval (`low`, `high`) is the feature's.
        """
        frames = [
            pd.DataFrame(
                {
                    "feature": one.name,
                    "bin": one.labels(),
                    "rows": one.rows,
                    "defaults": one.defaults,
                    "rate": np.array(one.defaults) / np.where(one.rows, one.rows, np.nan),
                    "woe": one.weights,
                    "points": points,
                    "information": one.information,
                    "low": one.low,
                    "high": one.high,
                }
            )
            for one, points in zip(self.bins, self.bin_points(), strict=True)
        ]
        return pd.concat(frames, ignore_index=True)

    def to_files(self) -> dict[str, str]:
        """Everything but the inputs as JSON, numbers to their last digit."""
        document = {
            "bins": [asdict(one) for one in self.bins],
            "shares": self.shares,
            "base": self.base,
            "scale": asdict(self.scale),
            "left_out": dict(self.left_out),
        }
        text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False)
        return {FILE: text + "\n"}

    def _shares(self, matrix: Array) -> list[Array]:
        triples = zip(self.bins, self.shares, matrix.T, strict=True)
        return [np.array(share)[one.places(column)] for one, share, column in triples]


def read_scorecard(inputs: Inputs, files: Mapping[str, str], threads: int) -> Scorecard:
    """Read the scorecard that `to_files` wrote."""
    document = json.loads(files[FILE])
    bins = tuple(_bins(one) for one in document["bins"])
    shares = tuple(tuple(one) for one in document["shares"])
    scale = Scale(**document["scale"])
    return Scorecard(inputs, bins, shares, document["base"], scale, document["left_out"])


def _bins(given: Mapping[str, Any]) -> Bins:
    lists = {key: tuple(value) for key, value in given.items() if isinstance(value, list)}
    return Bins(**{**given, **lists})


def fit_scorecard(
    rows: pd.DataFrame, inputs: Inputs, settings: ScorecardSettings, *, seed: int, threads: int
) -> Scorecard:
    """Fit a scorecard to rows of features and `defaulted`, both outcomes among them."""
    return prepare_scorecard(rows, inputs, settings, seed=seed, threads=threads)(settings)


def prepare_scorecard(
    rows: pd.DataFrame, inputs: Inputs, settings: ScorecardSettings, *, seed: int, threads: int
) -> Callable[[ScorecardSettings], Scorecard]:
    """Fit the bins; return the function from settings that leave bins alone to a scorecard."""
    bins = fit_bins(rows, inputs, settings, seed)
    return lambda own: fit_on_bins(rows, inputs, bins, own)


def fit_on_bins(
    rows: pd.DataFrame, inputs: Inputs, bins: Sequence[Bins], settings: ScorecardSettings
) -> Scorecard:
    """Fit the scorecard on given bins of all inputs.

    See `scorecard.fit` for the selection and the fit. `DataError` if there is no
    feature at all; where none has two bins, the first stands with one rate for all.
    """
    matrix, defaulted = inputs.matrix(rows), rows["defaulted"].to_numpy(float)
    columns = dict(zip(inputs.names, matrix.T, strict=True))
    chosen, slopes, left_out = select_features(bins, columns, defaulted, settings)
    places = [one.places(columns[one.name]) for one in chosen]
    intercept, shares = fit_bin_shares(chosen, slopes, places, defaulted, l2=settings.l2)
    means = [share[place].mean() for share, place in zip(shares, places, strict=True)]
    found = Scorecard(
        _select_inputs(inputs, [one.name for one in chosen]),
        tuple(chosen),
        tuple(tuple(map(float, s - mean)) for s, mean in zip(shares, means, strict=True)),
        float(intercept + sum(means)),
        Scale(settings.base_points, settings.base_odds, settings.pdo),
        left_out,
    )
    return _fill_empty_bins(found, rows)


def _fill_empty_bins(found: Scorecard, rows: pd.DataFrame) -> Scorecard:
    """The same with bins that no fit row fell into worth what leaves the fit rows' mean PD as it is:
    codes, and missing values, also where they say only that there is no line. The imputations of the
    latter are kept to tell which values are unknown."""
    matrix, raw, neutral = found.inputs.matrix(rows), found.raw(rows), found.inputs.neutral
    silent = [_flag_silent(one, neutral) for one in found.bins]
    shares = tuple(
        _fill_shares(nobody, share, raw, one.places(column))
        for nobody, one, share, column in zip(
            silent, found.bins, found.shares, matrix.T, strict=True
        )
    )
    known = fit_imputations(found.inputs, matrix, found.raw_of)
    never = {one.name for one, nobody in zip(found.bins, silent, strict=True) if nobody[-1]}
    kept = {name: values for name, values in known.imputations.items() if name in never}
    return replace(found, shares=shares, inputs=replace(known, imputations=kept))


def _flag_silent(one: Bins, neutral: Sequence[str]) -> Flags:
    """Flag the bins that speak neither for nor against: those without fit rows, and that of missing
    values where these say only that there is no line."""
    flags = one.empty()
    flags[-1] |= one.name in neutral
    return flags


def _fill_shares(
    silent: Flags, share: Sequence[float], raw: Array, places: Places
) -> tuple[float, ...]:
    """A feature's shares with those of its silent bins."""
    if not silent.any():
        return tuple(share)
    others = raw - np.array(share)[places]
    anyone = shift_to_rate(others, float(expit(raw).mean()), np.ones(len(raw)))
    return tuple(anyone if nobody else s for s, nobody in zip(share, silent, strict=True))


def _select_inputs(inputs: Inputs, names: Sequence[str]) -> Inputs:
    signs = dict(zip(inputs.names, inputs.signs, strict=True))
    levels = {name: inputs.levels[name] for name in names if name in inputs.levels}
    neutral = tuple(name for name in inputs.neutral if name in names)
    return Inputs(tuple(names), tuple(signs[name] for name in names), levels, neutral=neutral)
