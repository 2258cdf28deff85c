"""Predictions of fitted models beside the keys of the rows."""

from collections.abc import Sequence

import pandas as pd

from riskmodel.datasets.panel import KEY
from riskmodel.model.risk_model import RiskModel

PREDICTED = ["pd_12m", "pd_low", "pd_high"]


def predict(model: RiskModel, rows: pd.DataFrame) -> pd.DataFrame:
    """Predict the rows; the predictions stand beside their keys."""
    keys = rows[[*KEY, "split", "defaulted"]].assign(model=model.name)
    return keys.join(model.score(rows))


def predict_splits(model: RiskModel, panel: pd.DataFrame) -> pd.DataFrame:
    """Predict a panel: rows to score and, as `train_all`, the labelled ones; the rows of
    fit, calibrate and test by the tested model."""
    if model.tested_model is None:
        return predict(model, panel)
    own = panel["split"].where(panel["split"] == "score", "train_all")
    known = panel["split"].isin(["fit", "calibrate", "test"])
    both = [predict(model.tested_model, panel[known]), predict(model, panel.assign(split=own))]
    return pd.concat(both, ignore_index=True)


def average_repeats(folds: pd.DataFrame, model: RiskModel) -> pd.DataFrame:
    """Average the out-of-fold predictions over the repeats, graded on the final scale."""
    keys = [*KEY, "split", "defaulted", "model"]
    mean = folds.groupby(keys, sort=True)[PREDICTED].mean().reset_index()
    return mean.assign(grade=model.grades.assign(mean["pd_12m"].to_numpy()))


def concat_tables(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Concatenate the tables that have rows; an empty frame where none has."""
    some = [table for table in tables if len(table)]
    return pd.concat(some, ignore_index=True) if some else pd.DataFrame()
