"""The reference group: typical values of the enterprises that a bank would most surely approve."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.model.additivity import compute_contributions
from riskmodel.model.learners.interface import Ranker

Array = npt.NDArray[np.float64]
Value = float | str | None
BLOCK = 20_000


@dataclass(frozen=True)
class ReferenceGroup:
    """The group's typical value and mean contribution, a feature each in the model's order.

    `typical`: a number, a known level, or None where most of the group have nothing on record.
    `contributions`: log-odds before calibration, so that they outlive a new calibration. `count`
    rows are the group, the `share` of the fit rows with the lowest scores.
    """

    typical: Mapping[str, Value]
    contributions: tuple[float, ...]
    count: int
    share: float

    def frame(self) -> pd.DataFrame:
        """Return the typical values as one row of features."""
        return pd.DataFrame([dict(self.typical)])

    def to_text(self) -> str:
        """Write JSON, every digit kept."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1, allow_nan=False) + "\n"

    @classmethod
    def from_text(cls, text: str) -> "ReferenceGroup":
        """Read what `to_text` wrote."""
        given = json.loads(text)
        return cls(**{**given, "contributions": tuple(given["contributions"])})


def fit_reference_group(ranker: Ranker, rows: pd.DataFrame, share: float) -> ReferenceGroup:
    """Fit the reference group: the `share` of the fit rows that the model ranks best.

    The outcome does not count: a bank approves before it knows. Regulation B's
    commentary (12 CFR 1002, comment 9(b)(2)-5) holds reasons against such averages.
    """
    scores = _in_blocks(ranker.raw, rows)
    approved = rows[scores <= np.quantile(scores, share, method="higher")]
    mean = _in_blocks(lambda some: compute_contributions(ranker, some)[0], approved)[:, :-1].mean(
        axis=0
    )
    inputs = ranker.inputs
    matrix = inputs.matrix(approved)
    typical = {
        name: _typical(matrix[:, place], inputs.levels.get(name))
        for place, name in enumerate(inputs.names)
    }
    return ReferenceGroup(typical, tuple(mean.tolist()), len(approved), share)


def _typical(values: Array, levels: tuple[str, ...] | None) -> Value:
    """The median as a value that some row has, the most frequent level, or None."""
    there = values[~np.isnan(values)]
    if 2 * len(there) < len(values):
        return None
    if levels is not None:
        return levels[int(np.bincount(there.astype(np.int64)).argmax())]
    return float(np.quantile(there, 0.5, method="lower"))


def _in_blocks(of: Callable[[pd.DataFrame], Array], rows: pd.DataFrame) -> Array:
    """Concatenate a function's results block by block, so that memory is bounded."""
    return np.concatenate([of(rows.iloc[i : i + BLOCK]) for i in range(0, len(rows), BLOCK)])
