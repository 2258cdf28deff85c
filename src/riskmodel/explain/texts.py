"""Texts of reasons in English and Chinese: the feature's name and the value's direction."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.explain.baseline import Baseline

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

WORDS = (("high", "偏高"), ("low", "偏低"), ("unusual", "异常"), ("not on record", "无记录"))
HIGH, LOW, UNUSUAL, MISSING = range(4)


def choose_words(
    baseline: Baseline, rows: pd.DataFrame, matrix: Array, named: tuple[Ints, Ints]
) -> Ints:
    """Choose for each row and feature a place in `WORDS`.

    "high" needs a feature with which risk rises and a value above the reference group's, "low" the reverse; a
    text that the model does not know is unusual, not missing.
    """
    row, feature = named
    value, reference = matrix[row, feature], baseline.reference_values[feature]
    sign = baseline.signs[feature]
    word = np.full(len(row), UNUSUAL, dtype=np.int64)
    word[(sign > 0) & (value > reference)] = HIGH
    word[(sign < 0) & (value < reference)] = LOW
    absent = np.isnan(value)
    for place, name in enumerate(baseline.inputs.names):
        if name in baseline.inputs.levels:
            own = feature == place
            absent[own] = rows[name].isna().to_numpy()[row[own]]
    word[absent] = MISSING
    return word


def reason_texts(baseline: Baseline) -> pd.DataFrame:
    """List every reason that the model can give: reason, family, feature, text_en, text_zh.

    In the order feature by feature, then word by word: the place of a reason is 4 * feature + word.
    """
    definitions = [baseline.definitions[name] for name in baseline.inputs.names]
    return pd.DataFrame(
        {
            "reason": f"{feature.name}: {english}",
            "family": feature.family,
            "feature": feature.name,
            "text_en": f"{feature.texts[0]}: {english}",
            "text_zh": f"{feature.texts[1]}{chinese}",
        }
        for feature in definitions
        for english, chinese in WORDS
    )
