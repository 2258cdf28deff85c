"""A check's result, and the evidence that checks read."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.features.spec import FeatureDefinition
from riskmodel.model.leakage.looked_at import suspects_table
from riskmodel.settings import ValidateSettings

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Check:
    """One check: its value with interval, its threshold, and its meaning in words."""

    check: str
    passed: bool
    value: float
    low: float
    high: float
    threshold: float
    text: str


@dataclass(frozen=True)
class Evidence:
    """The evidence of the checks.

    `predictions` of every candidate; `panel` with features; `champion` the candidate that is
    recommended; `time_travel` how many values changed when the future was taken away, and of
    how many; `by_time` whether the test rows are out of time, `by_enterprise` whether each was
    predicted by a model that never saw its enterprise; `gap` is what keeps the labels of the fit
    rows apart from the test (see `datasets.Split`); `jumps` those of the default rate, in words.
    """

    predictions: pd.DataFrame
    panel: pd.DataFrame
    definitions: Sequence[FeatureDefinition]
    champion: str
    by_time: bool
    by_enterprise: bool
    time_travel: tuple[int, int]
    settings: ValidateSettings
    seed: int
    suspects: pd.DataFrame = field(default_factory=lambda: suspects_table(()))
    gap: str = "horizon"
    jumps: str = ""

    def suspects_of(self, *decisions: str) -> pd.DataFrame:
        """Return the suspects with one of these decisions."""
        return self.suspects[self.suspects["decision"].isin(decisions)]

    def rows(self, split: str, model: str | None = None) -> pd.DataFrame:
        """Predictions of one split, by the champion unless another model is named."""
        mine = self.predictions["model"] == (model or self.champion)
        return self.predictions[mine & (self.predictions["split"] == split)]

    @property
    def place(self) -> str:
        """The independence of the test rows, in words."""
        if not self.by_time:
            return "out of enterprise, not out of time"
        gap = ", without a gap" if self.gap == "none" else ""
        return ("out of time and of enterprise" if self.by_enterprise else "out of time") + gap
