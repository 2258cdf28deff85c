"""Texts of reasons in English and Chinese: the feature's name and what its value is."""

from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.explain.baseline import Baseline
from riskmodel.features.attributes import FLAG, TABLE, UNSTATED_UNIT, short_text
from riskmodel.features.spec import FeatureDefinition

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

WORDS = (("high", "偏高"), ("low", "偏低"), ("unusual", "异常"), ("not on record", "无记录"))
HIGH, LOW, UNUSUAL, MISSING = range(4)
SAYS = (("yes", "：是"), ("no", "：否"))
"""Of a flag: high is yes, low is no."""
NOT_GIVEN = ("is not given", "未提供")


def choose_words(
    baseline: Baseline, rows: pd.DataFrame, matrix: Array, named: tuple[Ints, Ints]
) -> Ints:
    """Choose for each row and feature a place among the feature's words.

    "high" needs a value above the reference group's and no feature with which risk falls, "low" the
    reverse; a text that the model knows is named, one that it does not know is unusual, not missing.
    """
    row, feature = named
    value, reference = matrix[row, feature], baseline.reference_values[feature]
    sign = baseline.signs[feature]
    word = np.full(len(row), UNUSUAL, dtype=np.int64)
    word[(sign >= 0) & (value > reference)] = HIGH
    word[(sign <= 0) & (value < reference)] = LOW
    absent = np.isnan(value)
    for place, name in enumerate(baseline.inputs.names):
        if name in baseline.inputs.levels:
            own = feature == place
            known = own & ~absent
            word[known] = len(WORDS) + value[known].astype(np.int64)
            word[own & absent] = UNUSUAL
            absent[own] = rows[name].isna().to_numpy()[row[own]]
    word[absent] = MISSING
    return word


def first_places(baseline: Baseline) -> Ints:
    """Return the place of each feature's first reason in `reason_texts`."""
    levels = baseline.inputs.levels
    counts = [len(WORDS) + len(levels.get(name, ())) for name in baseline.inputs.names]
    return np.cumsum([0, *counts[:-1]], dtype=np.int64)


def reason_texts(baseline: Baseline) -> pd.DataFrame:
    """List every reason that the model can give: reason, family, feature, text_en, text_zh.

    In the order feature by feature, then word by word, then text by text: the place of a reason is
    its feature's of `first_places` and its word's.
    """
    lines = [
        (reason, feature.family, feature.name, english, chinese)
        for feature in (baseline.definitions[name] for name in baseline.inputs.names)
        for reason, english, chinese in _own_texts(feature, baseline.inputs.levels)
    ]
    return pd.DataFrame(lines, columns=["reason", "family", "feature", "text_en", "text_zh"])


def _own_texts(
    feature: FeatureDefinition, levels: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[str, str, str]]:
    """Yield a feature's reasons, each with its texts."""
    own, (english, chinese) = _is_attribute(feature), _names(feature)
    for place, (word, zh) in enumerate(WORDS):
        if own and place == MISSING:
            yield f"{feature.name}: {word}", f"{english} {NOT_GIVEN[0]}", f"{chinese}{NOT_GIVEN[1]}"
            continue
        said, says = SAYS[place] if feature.unit == FLAG and place in (HIGH, LOW) else (word, zh)
        yield f"{feature.name}: {word}", f"{english}: {said}", f"{chinese}{says}"
    for level in levels.get(feature.name, ()):
        value = short_text(level)
        yield f"{feature.name} = {level}", f"{english}: {value}", f"{chinese}：{value}"


def _names(feature: FeatureDefinition) -> tuple[str, str]:
    """The feature's names; a column of `attributes` says its unit where somebody has stated it.

    A Chinese text of its own carries its unit in Chinese.
    """
    english, chinese = feature.texts
    if not _is_attribute(feature) or feature.unit in (FLAG, UNSTATED_UNIT):
        return english, chinese
    with_unit = f"{chinese}（{feature.unit}）" if chinese == english else chinese
    return f"{english} ({feature.unit})", with_unit


def _is_attribute(feature: FeatureDefinition) -> bool:
    return feature.table == TABLE
