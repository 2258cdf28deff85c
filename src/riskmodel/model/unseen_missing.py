"""Imputation of values that are missing when scored, and hardly ever were when fitted, or whose want
says only that an enterprise has no line.

Trees read such a value as 0, which for days past due is the best of all. Here it stands for anyone:
the row is scored with the values of `COUNT` fit rows in turn, evenly spaced by their scores, and its
PD is the mean of theirs. A mean of scores that keep the other features' signs keeps them. Several
such values of a row come from the same places in the order of scores, so that they agree.

The contributions are the means as well. Not to know costs something by itself, for a mean PD is
above the PD at the mean score where risks are small; that part goes to the unknown features evenly.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from riskmodel.model.inputs import MAX_VALUE, MIN_LEVEL_ROWS, Inputs

Array = npt.NDArray[np.float64]
ScoreOf = Callable[[Array], Array]
COUNT = 32
"""Fit rows that lend their values: a row that lacks one costs as many scores."""
MAX_ROWS = 20_000
"""Fit rows whose scores are asked for; of more, evenly spaced ones."""


def fit_imputations(inputs: Inputs, matrix: Array, score_of: ScoreOf) -> Inputs:
    """Return the inputs with `COUNT` imputations of each feature that hardly any fit row lacks, and
    of the `neutral` ones.

    `matrix` holds the fit rows, `score_of` the fitted ranking.
    """
    few = max(1.0, min(MIN_LEVEL_ROWS, len(matrix) / 20))
    neutral = [name in inputs.neutral for name in inputs.names]
    fitted = (np.isnan(matrix).sum(axis=0) >= few) & ~np.array(neutral, dtype=bool)
    some = matrix[:: -(-len(matrix) // MAX_ROWS) or 1]
    by_score = some[np.argsort(score_of(some), kind="stable")]
    found = {
        name: _spaced_values(by_score[:, place])
        for place, name in enumerate(inputs.names)
        if not fitted[place]
    }
    return replace(inputs, imputations=found, neutral=())


def _spaced_values(values: Array) -> tuple[float, ...]:
    there = np.clip(values[~np.isnan(values)], -MAX_VALUE, MAX_VALUE)
    places = (np.arange(COUNT) + 0.5) * len(there) / COUNT
    return tuple(there[places.astype(np.int64)].tolist())


def score_rows(
    inputs: Inputs, matrix: Array, score_of: ScoreOf, mean: Callable[[Array], Array] | None = None
) -> Array:
    """Score rows in log-odds; a row with unknown values has the mean PD over the imputations.

    `mean` takes the place of that where scores are no log-odds (imputations x rows to rows).
    """
    found = score_of(matrix)
    rows = _rows(inputs, matrix)
    if len(rows):
        each = np.array([score_of(one) for one in _impute(inputs, matrix[rows])])
        found[rows] = (mean or log_odds_of_mean_pd)(each)
    return found


def explain_rows(
    inputs: Inputs, matrix: Array, score_of: ScoreOf, shares_of: Callable[[Array], Array]
) -> Array:
    """Explain rows x (features, then base) by means over the imputations; they sum to `score_rows`."""
    found = shares_of(matrix)
    rows = _rows(inputs, matrix)
    if len(rows):
        unknown = inputs.is_unknown(matrix[rows])
        filled = list(_impute(inputs, matrix[rows]))
        each = np.array([score_of(one) for one in filled])
        found[rows, :-1] = sum(shares_of(one)[:, :-1] for one in filled) / len(filled)
        not_to_know = log_odds_of_mean_pd(each) - each.mean(axis=0)
        found[rows, :-1] += unknown * (not_to_know / unknown.sum(axis=1))[:, None]
    return found


def describe_unknown(counts: Mapping[str, int], rows: int) -> tuple[str, ...]:
    """Describe the counts of `RiskModel.count_unknown` in words: a sentence a feature."""
    return tuple(
        f"{name} has no known value in {count:,} of {rows:,} rows; the fit rows taught nothing of"
        " that, so it counts as anyone's."
        for name, count in sorted(counts.items())
    )


def log_odds_of_mean_pd(each: Array) -> Array:
    """Compute the log-odds of the mean probability of each column, safe for large ones.

    >>> log_odds_of_mean_pd(np.array([[-2.0, 0.0], [2.0, 0.0]])).round(6).tolist()
    [0.0, 0.0]
    """
    with_default = np.logaddexp.reduce(-np.logaddexp(0.0, -each), axis=0)
    without = np.logaddexp.reduce(-np.logaddexp(0.0, each), axis=0)
    return np.asarray(with_default - without)


def _rows(inputs: Inputs, matrix: Array) -> npt.NDArray[np.int64]:
    return np.flatnonzero(inputs.is_unknown(matrix).any(axis=1))


def _impute(inputs: Inputs, matrix: Array) -> Iterator[Array]:
    """The rows with each imputation's values where they lack them."""
    unknown = inputs.is_unknown(matrix)
    nothing = (np.nan,) * COUNT
    values = np.array([inputs.imputations.get(name, nothing) for name in inputs.names])
    for one in values.T:
        yield np.where(unknown, one, matrix)
