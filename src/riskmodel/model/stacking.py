"""Stacking: the linear model's weight in the average with trees, by held-out loss."""

import numpy as np
import numpy.typing as npt

from riskmodel.model.learners.linear import fit_linear
from riskmodel.model.learners.trees import compute_targets, resolve_linear
from riskmodel.model.tuning import Search
from riskmodel.settings import ModelSettings

Array = npt.NDArray[np.float64]

SHRINKAGES = (10.0, 30.0, 100.0, 300.0, 1000.0)
"""Values of `linear.l2` that "auto" tries."""
WEIGHTS = np.linspace(0.0, 1.0, 11)
"""Values of `linear.weight` that "auto" tries."""


def choose_linear(search: Search, settings: ModelSettings, scores: Array) -> ModelSettings:
    """Return the settings with the linear model's shrinkage and weight in place of "auto".

    `scores` are the trees' held-out log-odds of the search's rows. The shrinkage has the least
    held-out loss of the linear model alone, the weight that of the average; 0 where the average is
    not better than the trees by more than its error.
    """
    if settings.linear.weight != "auto":
        return settings.with_values({"linear": resolve_linear(settings.linear)})
    shrinkages = SHRINKAGES if settings.linear.l2 == "auto" else (settings.linear.l2,)
    found = [score_linear(search, settings, l2) for l2 in shrinkages]
    best = int(np.argmin([np.nanmean(search.losses(one)) for one in found]))
    weight = choose_weight(search, scores, found[best])
    return settings.with_values({"linear.weight": weight, "linear.l2": shrinkages[best]})


def choose_weight(search: Search, trees: Array, linear: Array) -> float:
    """Choose the linear scores' weight in the average of log-odds."""
    losses = [search.losses((1 - weight) * trees + weight * linear) for weight in WEIGHTS]
    best = int(np.argmin([np.nanmean(one) for one in losses]))
    gain, error = search.lead(losses[best], losses[0])
    return float(WEIGHTS[best]) if gain > error else 0.0


def score_linear(search: Search, settings: ModelSettings, l2: float) -> Array:
    """Score each held-out row by a linear model of the other folds; the mean where one outcome is left."""
    scores = np.full(len(search.rows), np.nan)
    for held, (rows, later) in zip(search.held_out_rows, search.folds, strict=True):
        target = compute_targets(rows, settings.trees)
        if target.min() == target.max():
            scores[held] = 0.0
            continue
        model = fit_linear(search.inputs.matrix(rows), target, search.inputs, l2)
        scores[held] = model.raw_of(search.inputs.matrix(later))
    return scores
