"""The time-travel test: features computed again from a source that has no future."""

import numpy as np
import pandas as pd

from riskmodel import months
from riskmodel.features import Features, compute
from riskmodel.settings import FeaturesSettings
from riskmodel.sources import Source

KEY = ["enterprise_id", "as_of"]


def count_changed_values(
    source: Source, features: Features, settings: FeaturesSettings, *, sample: int, seed: int
) -> tuple[int, int]:
    """Count a sample's feature values that change without the rows known at or after `as_of`.

    The rows are drawn from one date in the middle, so that much future is there to leak. Returns
    the values changed and the values compared.
    """
    dates = np.sort(features.frame["as_of"].unique())
    as_of = pd.Timestamp(dates[len(dates) // 2])
    there = features.frame[features.frame["as_of"] == as_of]
    rows = there.sample(min(sample, len(there)), random_state=seed).sort_values(KEY)
    past = source.known_before(months.day_start(as_of.date(), source.timezone))
    again = compute(past, rows[KEY], settings, definitions=features.definitions).frame
    differing = sum(
        int((~_same(rows[feature.name], again[feature.name])).sum())
        for feature in features.definitions
        if feature.name in again
    )
    return differing, len(rows) * len(features.definitions)


def _same(first: pd.Series, second: pd.Series) -> np.ndarray:
    a, b = first.reset_index(drop=True), second.reset_index(drop=True)
    return np.asarray((a == b) | (a.isna() & b.isna()))
