"""Cards as the limits read them: numbers, missing where the source has no table for them."""

import numpy as np
import pandas as pd


def card_values(candidates: pd.DataFrame, card: str) -> pd.Series:
    """The card's values, one an enterprise; all missing where the column is absent."""
    if card in candidates.columns:
        return candidates[card].astype("float64")
    return pd.Series(np.nan, index=candidates.index)
