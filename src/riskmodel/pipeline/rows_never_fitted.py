"""Rows that no model was fitted on: groups of the scored ones, and those whose outcome is known."""

from collections.abc import Mapping

import pandas as pd

from riskmodel import months
from riskmodel.datasets import current_rows
from riskmodel.model import RiskModel
from riskmodel.sources import Source
from riskmodel.validate.distance import Flags

NEW_MONTHS = 3
"""A first line younger than this is new: the nearest to those who have none yet."""


def group_scored(
    panel: pd.DataFrame, eligible: pd.Series, without_line: pd.DataFrame
) -> Mapping[str, Flags]:
    """Flags of panel rows by group: all, those who may be lent to, and by line where that is known."""
    none = without_line.loc[without_line["defaulted"].isna(), "enterprise_id"]
    has_none = panel["enterprise_id"].isin(none).to_numpy()
    groups = {"scored": eligible.notna().to_numpy(), "scored_eligible": eligible.to_numpy(bool)}
    if len(none):
        groups |= {"scored_with_line": ~has_none, "scored_without_line": has_none}
    return groups


def predict_never_fitted(model: RiskModel, panel: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Predict rows without a line whose outcome is known, of enterprises that the tested model was
    not fitted on and that owed to a lender: others could not default.

    `rows`: enterprise_id, as_of, defaulted and features.
    """
    tested = model.tested_model or model
    fitted = ["fit", "calibrate"] if model.tested_model else ["fit", "calibrate", "gap", "test"]
    seen = panel.loc[panel["split"].isin(fitted), "enterprise_id"]
    kept = rows[rows["defaulted"].notna() & ~rows["enterprise_id"].isin(seen)]
    if "lenders" in kept:
        kept = kept[kept["lenders"].fillna(0) >= 1]
    return kept.assign(pd_12m=tested.score(kept)["pd_12m"] if len(kept) else 0.0)


def select_new_lines(tested: pd.DataFrame, source: Source) -> pd.DataFrame:
    """Select the tested rows of enterprises whose first line is younger than `NEW_MONTHS`."""
    if not source.has("lines"):
        return tested.iloc[:0]
    first = current_rows(source, "lines").groupby("enterprise_id")["granted_on"].min()
    granted = pd.to_datetime(tested["enterprise_id"].map(first))
    return tested[months.shifted_days(granted, NEW_MONTHS) > tested["as_of"]]
