"""Distance from the scored rows to the labelled ones, and ranking beyond these where outcomes are known."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.datasets.splits import folds, sample_enterprises
from riskmodel.features.spec import FeatureDefinition
from riskmodel.model.inputs import fit_inputs
from riskmodel.model.learners.linear import fit_linear
from riskmodel.statistics.bootstrap import bootstrap_weights, percentile_interval
from riskmodel.statistics.calibration import calibration_ratio
from riskmodel.statistics.discrimination import auc
from riskmodel.statistics.outward_rounding import format_interval
from riskmodel.validate.performance import outcome

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
MAX_ROWS = 20_000
"""Rows of either side; of more, those of enterprises drawn."""
MAX_LEVELS = 60
RIDGE = 100.0
"""Shrinks the slopes of the model that tells the sides apart: as of `model.linear`."""
MAX_LACK = 0.5
FAR = 0.99
"""A scored row is far from the labelled ones where it looks more like a scored one than this share of
them."""


WORDS = {
    "scored": "All who are scored",
    "scored_eligible": "Those of them who may be lent to",
    "scored_with_line": "Those with a line",
    "scored_without_line": "Those without a line",
    "no_line": "Without a line on the newest mature date, never fitted on, in debt to a lender",
    "no_line_eligible": "Those of them who may be lent to",
    "new_line": "Test rows of a first line younger than three months",
}


@dataclass(frozen=True)
class Draws:
    """The bootstrap draws by enterprise behind an interval, and their seed."""

    count: int
    seed: int


def measure_distance(
    panel: pd.DataFrame,
    groups: Mapping[str, Flags],
    definitions: Iterable[FeatureDefinition],
    draws: Draws,
) -> pd.DataFrame:
    """Measure how far groups of scored rows lie from the labelled ones, a row a group.

    group, rows, share (of all scored), auc, low, high, far: a ridge logistic regression on ranks is
    fitted, on other enterprises, to tell the group from the labelled rows by what both have; its AUC
    is .5 where they are alike. `far` is the share beyond 99 % of the labelled rows. `groups` flag rows of
    the panel; one without rows is left out.
    """
    scored = panel["split"].eq("score").to_numpy()
    labelled = panel[~scored]
    lines = []
    for name, flags in groups.items():
        rows = panel[scored & flags]
        if len(rows):
            found = _compare_sides(labelled, rows, tuple(definitions), draws)
            lines.append((name, len(rows), len(rows) / scored.sum(), *found))
    return pd.DataFrame(lines, columns=["group", "rows", "share", "auc", "low", "high", "far"])


def _compare_sides(
    labelled: pd.DataFrame,
    scored: pd.DataFrame,
    definitions: tuple[FeatureDefinition, ...],
    draws: Draws,
) -> tuple[float, float, float, float]:
    """AUC, its interval, and the share of the scored rows that are far."""
    sides = [sample_enterprises(one, MAX_ROWS, draws.seed) for one in (labelled, scored)]
    rows = pd.concat(sides, ignore_index=True)
    ours = np.repeat([0.0, 1.0], [len(one) for one in sides])
    inputs = fit_inputs(rows, _select_common(sides, definitions), MAX_LEVELS).without_signs()
    matrix = inputs.matrix(rows)
    own = folds(rows["enterprise_id"], 2, np.random.default_rng(draws.seed)).to_numpy()
    score = np.zeros(len(rows))
    for k in (0, 1):
        if 0 < ours[own != k].sum() < (own != k).sum():
            found = fit_linear(matrix[own != k], ours[own != k], inputs, RIDGE)
            score[own == k] = found.raw_of(matrix[own == k])
    weights = bootstrap_weights(rows["enterprise_id"], draws.count, draws.seed)
    low, high = percentile_interval([auc(score, ours, w) for w in weights])
    edge = np.quantile(score[ours == 0], FAR)
    return auc(score, ours), low, high, float((score[ours == 1] > edge).mean())


def _select_common(
    sides: Sequence[pd.DataFrame], definitions: tuple[FeatureDefinition, ...]
) -> tuple[FeatureDefinition, ...]:
    """Select the features that neither side lacks by more than `MAX_LACK` of its rows than the other:
    who has no line lacks those of lines, which would tell the sides apart and nothing else."""
    there = [one for one in definitions if one.name in sides[0]]
    gaps = [side[[one.name for one in there]].isna().mean() for side in sides]
    common = (gaps[0] - gaps[1]).abs() <= MAX_LACK
    return tuple(one for one in there if common[one.name])


def measure_beyond(groups: Mapping[str, pd.DataFrame], draws: Draws) -> pd.DataFrame:
    """Measure ranking and level on rows unlike the labelled ones, a row a group.

    group, rows, defaults, auc, low, high, ratio, ratio_low, ratio_high (realised over mean PD).
    `groups`: enterprise_id, defaulted, pd_12m. Figures are missing where only one outcome is seen.
    """
    columns = "group rows defaults auc low high ratio ratio_low ratio_high".split()
    lines = []
    for name, rows in groups.items():
        y, p = outcome(rows), rows["pd_12m"].to_numpy(float)
        found: list[float] = []
        for metric in (auc, calibration_ratio):
            weights = bootstrap_weights(rows["enterprise_id"], draws.count, draws.seed)
            both = 0 < y.sum() < len(y)
            ends = percentile_interval([metric(p, y, w) for w in weights] if both else [])
            found += [metric(p, y) if both else np.nan, *ends]
        lines.append((name, len(rows), int(y.sum()), *found))
    return pd.DataFrame(lines, columns=columns)


def describe_distance(distance: pd.DataFrame, beyond: pd.DataFrame) -> tuple[str, ...]:
    """Describe both tables in words, a sentence a group."""
    return (
        *(_describe_group(one) for one in distance.to_dict("records")),
        *(_describe_beyond(one) for one in beyond.to_dict("records")),
    )


def _describe_group(one: Mapping[Hashable, Any]) -> str:
    return (
        f"{WORDS[one['group']]}: {one['rows']:,} of the scored rows ({one['share']:.0%}). A model tells"
        f" them from the labelled rows with AUC {one['auc']:.3f}"
        f" ({format_interval(one['low'], one['high'], '.3f')}; .5: alike); {one['far']:.0%} lie beyond"
        f" {FAR:.0%} of these."
    )


def _describe_beyond(one: Mapping[Hashable, Any]) -> str:
    head = f"{WORDS[one['group']]}: {one['rows']:,} rows, {one['defaults']:,} defaults within the horizon"
    if np.isnan(one["auc"]):
        return f"{head}; of ranking nothing can be seen there."
    return (
        f"{head}: AUC {one['auc']:.3f} ({format_interval(one['low'], one['high'], '.3f')}), realised over"
        f" mean PD {one['ratio']:.2f} ({format_interval(one['ratio_low'], one['ratio_high'], '.2f')})."
    )
