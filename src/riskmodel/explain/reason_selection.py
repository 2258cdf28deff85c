"""Selection of reasons: families and their features, as arrays, a block of rows at a time."""

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.explain.baseline import Baseline
from riskmodel.explain.strengths import calibrated_strengths
from riskmodel.explain.texts import choose_words
from riskmodel.settings import ExplainSettings

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

MIN_FALL = 1e-6
"""Log-odds: a fall below this is rounding, and no reason."""


@dataclass(frozen=True)
class NamedReasons:
    """Reasons by row and rank, one entry a reason.

    `row` is the row's place, `rank` counts from 0, `family` and `feature` are places in the baseline's
    families and features, `contribution` is the family's strength in log-odds, `share` its part of
    all that raises the risk, `word` a place among the feature's words (`texts.choose_words`).
    """

    row: Ints
    rank: Ints
    family: Ints
    feature: Ints
    contribution: Array
    share: Array
    word: Ints


@dataclass(frozen=True)
class ReferenceChange:
    """Rows of the model's matrix with their scores, and the effect of the reference group's values."""

    baseline: Baseline
    matrix: Array
    score: Array

    def falls(self, rows: Ints, features: Ints) -> npt.NDArray[np.bool_]:
        """Tell by row and feature if the risk falls at the reference group's value.

        The calibration rises strictly, so the score before it tells.
        """
        now, then = self.matrix[rows, features], self.baseline.reference_values[features]
        other = np.asarray((now != then) & ~(np.isnan(now) & np.isnan(then)))
        asked = rows[other]
        if not len(asked):
            return other
        changed = self.matrix[asked]
        changed[np.arange(len(asked)), features[other]] = then[other]
        fall = self.score[asked] - self.baseline.model.ranker.raw_of(changed)
        found = other.copy()
        found[other] = fall > MIN_FALL
        return found


def name_reasons(baseline: Baseline, rows: pd.DataFrame, settings: ExplainSettings) -> NamedReasons:
    """Name the strongest families of each row that have a feature to name.

    A family is considered where its features together raise the log-odds against the baseline, by
    at least `min_share` of all that raises them. Its feature is the strongest one whose value, set
    to the reference group's, lowers the risk by itself; a family without such a feature is not named.
    """
    strength, _ = calibrated_strengths(baseline, rows)
    sums = strength @ baseline.members.T.astype(float)
    upward = np.clip(sums, 0, None)
    total = upward.sum(axis=1, keepdims=True)
    share = upward / np.where(total > 0, total, 1)
    eligible = (sums > 0) & (share >= settings.min_reason_share)
    order = np.argsort(np.where(eligible, -sums, np.inf), axis=1, kind="stable")
    matrix = baseline.inputs.matrix(rows)
    asked = ReferenceChange(baseline, matrix, baseline.model.ranker.raw_of(matrix))
    row, rank, family, feature = _fill_ranks(
        asked, strength, (order, eligible), settings.max_reasons
    )
    word = choose_words(baseline, rows, asked.matrix, (row, feature))
    return NamedReasons(row, rank, family, feature, sums[row, family], share[row, family], word)


def concat_reasons(parts: list[tuple[int, NamedReasons]]) -> NamedReasons:
    """Concatenate blocks of rows; each comes with the place of its first row."""
    shifted = [(part.row + first, part) for first, part in parts]
    others = [field.name for field in fields(NamedReasons) if field.name != "row"]
    return NamedReasons(
        np.concatenate([row for row, _ in shifted]),
        *(np.concatenate([getattr(part, name) for _, part in shifted]) for name in others),
    )


def _fill_ranks(
    asked: ReferenceChange,
    strength: Array,
    ranked: tuple[Ints, npt.NDArray[np.bool_]],
    max_reasons: int,
) -> tuple[Ints, Ints, Ints, Ints]:
    """Row, rank, family and feature of each reason, by row and rank."""
    order, eligible = ranked
    places = np.arange(len(order))
    count = np.zeros(len(order), dtype=np.int64)
    found: list[Ints] = [np.empty((4, 0), dtype=np.int64)]
    for slot in range(order.shape[1]):
        asking = np.flatnonzero((count < max_reasons) & eligible[places, order[:, slot]])
        if not len(asking):  # those that may be named come first in each row's order
            break
        family = order[asking, slot]
        feature = _strongest_feature(asked, strength, asking, family)
        there = feature >= 0
        row = asking[there]
        found.append(np.stack([row, count[row], family[there], feature[there]]))
        count[row] += 1
    row, rank, family, feature = np.concatenate(found, axis=1)
    by_row = np.lexsort((rank, row))
    return row[by_row], rank[by_row], family[by_row], feature[by_row]


def _strongest_feature(asked: ReferenceChange, strength: Array, rows: Ints, families: Ints) -> Ints:
    """The strongest feature of each row's family that lowers the risk by itself; -1 where none does."""
    chosen = np.full(len(rows), -1, dtype=np.int64)
    left = np.where(asked.baseline.members[families], strength[rows], 0.0)
    trying = np.arange(len(rows))
    while len(trying):
        feature = left[trying].argmax(axis=1)
        raises_pd = left[trying, feature] > 0
        trying, feature = trying[raises_pd], feature[raises_pd]
        falls = asked.falls(rows[trying], feature)
        chosen[trying[falls]] = feature[falls]
        left[trying, feature] = 0.0
        trying = trying[~falls]
    return chosen
