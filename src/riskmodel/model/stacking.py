"""Stacking: the linear model's weight in the average with trees, by held-out loss."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from riskmodel.model.learners.linear import fit_linear_path
from riskmodel.model.learners.trees import compute_targets, resolve_linear
from riskmodel.model.tuning import Search
from riskmodel.settings import ModelSettings

Array = npt.NDArray[np.float64]

SHRINKAGES = (1000.0, 300.0, 100.0, 30.0, 10.0)
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
    found = score_linear(search, settings, shrinkages)
    best = int(np.argmin([np.nanmean(search.losses(one)) for one in found]))
    weight = choose_weight(search, scores, found[best])
    return settings.with_values({"linear.weight": weight, "linear.l2": shrinkages[best]})


def choose_weight(search: Search, trees: Array, linear: Array) -> float:
    """Choose the linear scores' weight in the average of log-odds."""
    losses = [search.losses((1 - weight) * trees + weight * linear) for weight in WEIGHTS]
    best = int(np.argmin([np.nanmean(one) for one in losses]))
    gain, error = search.lead(losses[best], losses[0])
    return float(WEIGHTS[best]) if gain > error else 0.0


def score_linear(
    search: Search, settings: ModelSettings, shrinkages: Sequence[float]
) -> npt.NDArray[np.float64]:
    """Score each held-out row by linear models of the other folds: one row a shrinkage.

    Zero where the other folds hold one outcome alone.
    """
    scores = np.full((len(shrinkages), len(search.rows)), np.nan)
    for held, (rows, later) in zip(search.held_out_rows, search.folds, strict=True):
        target = compute_targets(rows, settings.trees)
        if target.min() == target.max():
            scores[:, held] = 0.0
            continue
        matrices = [search.inputs.matrix(some) for some in (rows, later)]
        models = fit_linear_path(matrices[0], target, search.inputs, shrinkages)
        scores[:, held] = [model.raw_of(matrices[1]) for model in models]
    return scores
