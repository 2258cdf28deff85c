"""Features as the limits read them: numbers, missing where the source has no table for them."""

import numpy as np
import pandas as pd


def feature_values(scored: pd.DataFrame, feature: str) -> pd.Series:
    """The feature's values, one an enterprise; all missing where the column is absent."""
    if feature in scored.columns:
        return scored[feature].astype("float64")
    return pd.Series(np.nan, index=scored.index)
