"""Inputs of a model: its features in order, their signs, and texts as numbers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.errors import DataError
from riskmodel.features.spec import FeatureDefinition, Risk

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
MAX_VALUE = 1e300
"""An infinite value counts as this where it is kept: it stays finite, and so does a model's text."""
SIGN: Mapping[Risk, int] = {"rises": 1, "falls": -1, "none": 0}
DIRECTION: Mapping[int, Risk] = {sign: risk for risk, sign in SIGN.items()}


@dataclass(frozen=True)
class Inputs:
    """The model's features in order, the sign of each, and the levels of each text.

    A level that was not seen, or was rare, in the fit rows counts as missing. `imputations` are
    values of each feature that the fit rows hardly ever lack, or that are `neutral`: their missing
    values say only that there is no line. See `model.unseen_missing`.
    """

    names: tuple[str, ...]
    signs: tuple[int, ...]
    levels: Mapping[str, tuple[str, ...]]
    imputations: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    neutral: tuple[str, ...] = ()

    def matrix(self, frame: pd.DataFrame) -> Array:
        """Build the matrix rows x features, missing as NaN; `DataError` if a feature is not there."""
        lacking = [name for name in self.names if name not in frame]
        if lacking:
            raise DataError(
                f"features: {len(lacking)} that the model needs are missing"
                f" (first: {lacking[0]}{suggest_name(lacking[0], frame.columns)})."
                " Bring the tables and names that the model was fitted on."
            )
        matrix = np.empty((len(frame), len(self.names)))
        for place, name in enumerate(self.names):
            matrix[:, place] = self._column(frame[name], name)
        return matrix

    def _column(self, values: pd.Series, name: str) -> Array:
        if name not in self.levels:
            return values.to_numpy(float, na_value=np.nan)
        codes = pd.Categorical(values, categories=list(self.levels[name])).codes.astype(float)
        return np.where(codes < 0, np.nan, codes)

    def is_unknown(self, matrix: Array) -> Flags:
        """Flag values that are missing where hardly any fit row was: rows x features."""
        able = np.array([name in self.imputations for name in self.names], dtype=bool)
        return np.asarray(np.isnan(matrix) & able)

    def without_signs(self) -> "Inputs":
        """Return the same features without a direction."""
        return replace(self, signs=(0,) * len(self.names))

    def count_unseen(self, frame: pd.DataFrame) -> dict[str, int]:
        """Count the texts of each category that are no known level."""
        return {
            name: int((frame[name].notna() & ~frame[name].isin(levels)).sum())
            for name, levels in self.levels.items()
        }

    def feature_types(self) -> tuple[tuple[str, str], ...]:
        """Return each feature with its type: number or category."""
        return tuple((n, "category" if n in self.levels else "number") for n in self.names)


def suggest_name(name: str, there: Iterable[str]) -> str:
    """Suggest the most similar column name for one that is absent, as text to append."""
    alike = get_close_matches(name, list(map(str, there)), 1)
    return f"; the nearest there: {alike[0]}" if alike else ""


MIN_LEVEL_ROWS = 20
"""A level, or a missing value, with fewer fit rows is not fitted."""
MIN_COMMON_SHARE = 0.5
"""Share of the rows with a text that its common levels cover, at least."""


LINE_TABLES = ("lines", "line_months", "lines_in_force")
"""Tables and relations of the programme's own lines. Who has none lacks their features, and most scored enterprises
have none; among the fit rows only a line of the last weeks does, which is another matter."""
USUAL_SHARE = 0.5
"""Fit rows that lack such a feature: from here on to have no line is usual, as where applicants are the
population, and is fitted."""


def _find_neutral(rows: pd.DataFrame, definitions: Sequence[FeatureDefinition]) -> tuple[str, ...]:
    """Find the features of lines that most fit rows have: to lack one then says nothing of risk."""
    return tuple(
        one.name
        for one in definitions
        if one.table in LINE_TABLES and rows[one.name].isna().mean() < USUAL_SHARE
    )


def fit_inputs(
    rows: pd.DataFrame, definitions: Sequence[FeatureDefinition], max_levels: int
) -> Inputs:
    """Select the features that vary in the fit rows, and the levels of their texts.

    Texts with more than `max_levels` common levels are left out, and so are those whose common levels
    cover less than `MIN_COMMON_SHARE` of the rows: they name enterprises rather than kinds of them.
    """
    kept: list[FeatureDefinition] = []
    levels: dict[str, tuple[str, ...]] = {}
    for feature in definitions:
        if not feature.model or feature.name not in rows:
            continue
        values = rows[feature.name].dropna()
        if values.nunique() + rows[feature.name].isna().any() < 2:
            continue
        if feature.category:
            counts = values.value_counts()
            enough = counts[counts >= min(MIN_LEVEL_ROWS, len(rows) / 20)]
            common = tuple(sorted(enough.index))
            if enough.sum() < MIN_COMMON_SHARE * counts.sum() or len(common) > max_levels:
                continue
            levels[feature.name] = common
        kept.append(feature)
    if not kept:
        raise DataError("features: none varies in the fit rows. Bring a table with history.")
    signs = tuple(0 if feature.category else SIGN[feature.risk] for feature in kept)
    names = tuple(feature.name for feature in kept)
    return Inputs(names, signs, levels, neutral=_find_neutral(rows, kept))
