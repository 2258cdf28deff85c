"""The single-feature baseline: rank by a single feature, in the direction that its definition declares."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.errors import DataError, SettingsError
from riskmodel.model import unseen_missing
from riskmodel.model.inputs import Inputs
from riskmodel.settings import SingleFeatureSettings
from riskmodel.statistics.discrimination import auc

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SingleFeature:
    """A signed feature on a log scale; a missing value counts as the fit rows' median, or where they hardly
    ever lack one as their mean score: see `imputations`."""

    inputs: Inputs
    sign: int
    median: float

    def raw(self, frame: pd.DataFrame) -> Array:
        """The score before calibration: sign * log(1 + |x|), with the sign of x."""
        return self.raw_of(self.inputs.matrix(frame))

    def raw_of(self, matrix: Array) -> Array:
        """The score of rows that `inputs.matrix` made."""
        return unseen_missing.score_rows(self.inputs, matrix, self._scores, _mean)

    def _scores(self, matrix: Array) -> Array:
        values = matrix[:, 0]
        return self.sign * signed_log(np.where(np.isnan(values), self.median, values))

    def contributions(self, frame: pd.DataFrame) -> Array:
        """The score less its value at the median, and that value: rows x 2."""
        middle = self.sign * signed_log(np.array([self.median]))[0]
        return np.column_stack([self.raw(frame) - middle, np.full(len(frame), middle)])

    def to_files(self) -> dict[str, str]:
        """Sign and median; the feature's name stands with the inputs."""
        return {FILE: json.dumps({"sign": self.sign, "median": self.median}) + "\n"}


FILE = "single_feature.json"


def read_single_feature(inputs: Inputs, files: Mapping[str, str], threads: int) -> SingleFeature:
    """Read the baseline that `to_files` wrote."""
    return SingleFeature(inputs, **json.loads(files[FILE]))


def fit_single_feature(
    rows: pd.DataFrame, inputs: Inputs, settings: SingleFeatureSettings, *, seed: int, threads: int
) -> SingleFeature:
    """Fit on the feature that the settings name, or for "auto" the best one of the rows.

    `SettingsError` where no number among the features has that name.
    """
    if settings.feature != "auto" and not _is_number(rows, settings.feature):
        raise SettingsError(
            f"model.single_feature.feature: no number among the features is called {settings.feature}."
            " Name a feature."
        )
    return fit_on_feature(rows, inputs, settings.feature)


def _is_number(rows: pd.DataFrame, name: str) -> bool:
    return name in rows and name != "defaulted" and pd.api.types.is_numeric_dtype(rows[name])


def signed_log(values: Array) -> Array:
    """log(1 + |x|) with the sign of x: tames amounts, keeps the order."""
    return np.sign(values) * np.log1p(np.abs(values))


def fit_on_feature(rows: pd.DataFrame, inputs: Inputs, name: str) -> SingleFeature:
    """The named feature, or for "auto" the number that ranks the fit rows best: as declared, or in
    the direction found where none is."""
    numbers = [n for n in inputs.names if n not in inputs.levels]
    if not numbers:
        raise DataError(
            "features: no number for the baseline. Drop single_feature from model.candidates."
        )
    if name == "auto":
        name = max(numbers, key=lambda n: _ranking(rows, inputs, n))
    sign = _sign(rows, inputs, name)
    median = float(np.nanmedian(rows[name].to_numpy(float, na_value=np.nan)))
    found = SingleFeature(Inputs((name,), (sign,), {}), sign, median)
    matrix = found.inputs.matrix(rows)
    return replace(found, inputs=unseen_missing.fit_imputations(found.inputs, matrix, found.raw_of))


def _mean(each: Array) -> Array:
    """The mean score, for the score is no log-odds."""
    return np.asarray(each.mean(axis=0))


def _sign(rows: pd.DataFrame, inputs: Inputs, name: str) -> int:
    """The declared sign; for undeclared features the one found in the fit rows."""
    declared = inputs.signs[inputs.names.index(name)] if name in inputs.names else 0
    return declared or (1 if _auc(rows[name], rows["defaulted"]) >= 0.5 else -1)


def _ranking(rows: pd.DataFrame, inputs: Inputs, name: str) -> float:
    area = _auc(rows[name], rows["defaulted"])
    sign = _sign(rows, inputs, name)
    return area if sign > 0 else 1 - area


def _auc(values: pd.Series, defaulted: pd.Series) -> float:
    """The probability that a defaulter has the larger value; ties and missing count half."""
    filled = values.astype(float).fillna(values.median())
    area = auc(np.asarray(filled, dtype=np.float64), defaulted.to_numpy(bool))
    return 0.5 if np.isnan(area) else area
