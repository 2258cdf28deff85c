"""The columns that are looked at for leakage, and what is taken for a leak among them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.model.leakage.incremental import predict_out_of_fold, to_matrix
from riskmodel.model.leakage.screening import predict_naively
from riskmodel.model.leakage.univariate import LabelledRows, UnivariateRanking
from riskmodel.settings import LeakageSettings, Settings

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Suspect:
    """One column that is taken for a leak, with the reason, a value and its interval.

    `kind`: alone, region, outranks, together, lifts, ahead, fading, strong or proven. `decision`:
    excluded, kept (by `model.leakage.action`), cleared (by `model.leakage.allowlist`), or watched: reported, and no
    reason to leave the column out. Strong and proven columns are always watched: the others tell of
    them beyond the outcome, or they were computed as of the date by our own features.
    """

    feature: str
    kind: str
    reason: str
    value: float
    low: float
    high: float
    threshold: float
    decision: str


COLUMNS = tuple(Suspect.__annotations__)


def suspects_table(found: Iterable[Suspect]) -> pd.DataFrame:
    """Return the suspects as a table, one row each."""
    return pd.DataFrame([asdict(one) for one in found], columns=list(COLUMNS))


def decide(name: str, settings: LeakageSettings) -> str:
    """Return what happens to a column that is taken for a leak."""
    if name in settings.allowlist:
        return "cleared"
    return "excluded" if settings.action == "exclude" else "kept"


@dataclass(frozen=True)
class LookedAt:
    """Labelled rows with the columns looked at: how each ranks alone, and which came as they stand."""

    rows: pd.DataFrame
    labelled: LabelledRows
    ranked: Mapping[str, UnivariateRanking]
    given: frozenset[str]
    settings: Settings

    @property
    def names(self) -> list[str]:
        """The columns' names, in the order of the definitions."""
        return list(self.ranked)

    @property
    def leakage(self) -> LeakageSettings:
        """The thresholds."""
        return self.settings.model.leakage

    @property
    def enough(self) -> bool:
        """True where the defaults are enough for a model of all others."""
        return bool(self.labelled.bad.sum() >= self.leakage.min_incremental_defaults)

    def matrix(self, names: Sequence[str]) -> tuple[Array, list[int]]:
        """Return columns as numbers, and the places of texts among them."""
        if not names:
            return np.empty((len(self.rows), 0)), []
        return to_matrix(self.rows, names)

    def predict(self, names: Sequence[str]) -> Array:
        """Predict out of fold by these columns: by trees, or naively where defaults are few."""
        matrix, texts = self.matrix(names)
        if self.enough:
            return predict_out_of_fold(matrix, texts, self.labelled)
        return predict_naively(matrix, self.labelled)
