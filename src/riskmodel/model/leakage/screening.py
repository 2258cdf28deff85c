"""Screening: does the outcome alone explain how a column goes with the others?

What came after the outcome hangs on the outcome, and on the other columns only through it: among
enterprises of the same outcome the two say nothing of each other. What came before it does not do
so: causes of one default go against each other among the defaulters, and signs of one distress go
together among all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from riskmodel.model.leakage.incremental import fit_quick_trees
from riskmodel.model.leakage.univariate import Flags, Floats, LabelledRows
from riskmodel.statistics.discrimination import clustered_auc

Origin = Literal["outcome", "others", "unknown"]
SURE = 3.0
"""Standard errors by which a departure from chance is sure."""
MAX_OPPOSED, MAX_AGREED = 0.5, 0.2
"""Shares of what independent causes would show, up to which a column counts as going with the
others through the outcome alone: against them, as a column written over for most defaulters may
still do, and with them."""
ENOUGH = 4.0
"""Standard errors that what independent causes would show must measure, to tell one from the other."""
MIN_TIE = 0.3
"""Correlation from which the others tell enough of a column to see whether defaulters lost it."""
MAX_KEPT_TIE = 0.4
"""Share of its slope on the others among non-defaulters that a column rewritten for defaulters
keeps among these, at most; honest ones of real sets that rank as well: .45 and more."""
MIN_TOLD_AUC = 0.6
"""AUC by which other columns surely tell which defaulters lie in a region, where it is honest."""


@dataclass(frozen=True)
class Tie:
    """The covariance of a column's score with the others' within an outcome, its error, and what
    independent causes would have between the outcomes."""

    within: float
    error: float
    between: float

    @property
    def origin(self) -> Origin:
        """The cause of the column's ranking: the outcome, or others too; unknown where so few rows
        would not tell."""
        if self.within > max(2 * self.error, MAX_AGREED * self.between):
            return "others"
        if ENOUGH * self.error > self.between:
            return "unknown"
        return "others" if self.within < -MAX_OPPOSED * self.between else "outcome"


def measure_tie(score: Floats, others: Floats, labelled: LabelledRows) -> Tie:
    """Measure how a column's score goes with that of a model of all others, the outcome given."""
    bad, who = labelled.bad, labelled.enterprise
    one, two = normal_scores(score), normal_scores(others)
    gaps = [float(some[bad].mean() - some[~bad].mean()) for some in (one, two)]
    product = _within(one, bad) * _within(two, bad)
    mean = float(product.mean())
    by_enterprise = np.bincount(who, product - mean)
    error = float(np.sqrt((by_enterprise**2).sum())) / len(product)
    between = labelled.rate * (1 - labelled.rate) * gaps[0] * gaps[1]
    return Tie(mean, error, max(between, 0.0))


def normal_scores(values: Floats) -> Floats:
    """Replace values by normal quantiles of their mean ranks."""
    from scipy.stats import norm, rankdata

    return np.asarray(norm.ppf((rankdata(values) - 0.5) / len(values)))


def _within(values: Floats, bad: Flags) -> Floats:
    return np.asarray(values - np.where(bad, values[bad].mean(), values[~bad].mean()))


def is_rewritten(
    score: Floats, matrix: Floats, texts: Sequence[int], labelled: LabelledRows
) -> bool:
    """True where the others tell of the column among non-defaulters, and hardly among defaulters.

    So it is with a column that was honest until it was written over after the outcome.
    """
    if not matrix.shape[1]:
        return False
    target, bad = normal_scores(score), labelled.bad
    told = _predict(matrix, texts, target, labelled, ~bad)
    if not (told[bad].std() > 0 and told[~bad].std() > 0):
        return False
    if np.corrcoef(told[~bad], target[~bad])[0, 1] < MIN_TIE:
        return False
    (kept, error), (usual, _) = (_slope(told[some], target[some]) for some in (bad, ~bad))
    return bool(kept + 2 * error < MAX_KEPT_TIE * usual)


def _slope(told: Floats, target: Floats) -> tuple[float, float]:
    """The slope of the target on what was told of it, and its standard error."""
    from scipy.stats import linregress

    line = linregress(told, target)
    return float(line.slope), float(line.stderr)


def is_told_by_others(
    inside: Flags, matrix: Floats, texts: Sequence[int], labelled: LabelledRows
) -> bool:
    """True where the other columns tell which of the defaulters lie in a region.

    What was written after the outcome for some defaulters is told by nothing that came before.
    """
    bad = labelled.bad
    some = LabelledRows(inside[bad], labelled.enterprise[bad], labelled.fold[bad])
    if not matrix.shape[1] or not 0 < some.rate < 1:
        return False
    told = _predict(matrix[bad], texts, some.bad.astype(float), some, np.ones(len(some.bad), bool))
    found = clustered_auc(told, some.bad, some.enterprise)
    return found.auc >= MIN_TOLD_AUC and found.auc - SURE * found.error > 0.5


def _predict(
    matrix: Floats,
    texts: Sequence[int],
    target: Floats,
    labelled: LabelledRows,
    fitted: Flags,
) -> Floats:
    """Predict by small boosted trees on the `fitted` rows of the other folds."""
    told = np.zeros(len(matrix))
    for k in np.unique(labelled.fold):
        mine = labelled.fold == k
        rows = ~mine & fitted
        if rows.any() and mine.any():
            booster: Any = fit_quick_trees(matrix[rows], texts, target[rows], "regression")
            told[mine] = booster.predict(matrix[mine], num_threads=1)
    return told


def predict_naively(matrix: npt.NDArray[np.float64], labelled: LabelledRows) -> Floats:
    """Predict by all columns, each by the distance of its means: for few defaults.

    Columns count as independent (naive Bayes of normal scores); missing counts as the middle.
    """
    scores = [normal_scores(np.where(np.isnan(c), np.nanmedian(c), c)) for c in matrix.T]
    normal = np.column_stack(scores) if scores else np.zeros((len(matrix), 0))
    found = np.zeros(len(matrix))
    for k in np.unique(labelled.fold):
        mine = labelled.fold == k
        bad, good = ~mine & labelled.bad, ~mine & ~labelled.bad
        if bad.any() and good.any():
            found[mine] = normal[mine] @ (normal[bad].mean(axis=0) - normal[good].mean(axis=0))
    return found
