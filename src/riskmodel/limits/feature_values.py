"""Features as the limits read them: numbers, missing where the source has no table for them."""

import numpy as np
import pandas as pd


def feature_values(candidates: pd.DataFrame, feature: str) -> pd.Series:
    """The feature's values, one an enterprise; all missing where the column is absent."""
    if feature in candidates.columns:
        return candidates[feature].astype("float64")
    return pd.Series(np.nan, index=candidates.index)
