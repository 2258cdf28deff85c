"""Enterprises without a line: on the run's date, and on the newest mature date, with what became of them."""

import pandas as pd

from riskmodel.datasets.default_events import default_dates
from riskmodel.settings import DatasetsSettings
from riskmodel.sources import Source

COLUMNS = ["enterprise_id", "as_of", "defaulted"]


def find_without_line(
    labels: pd.DataFrame, source: Source, settings: DatasetsSettings, day: pd.Timestamp
) -> pd.DataFrame:
    """Find who had no line: enterprise_id, as_of, defaulted (at any lender, or on a later line).

    `labels`: enterprise_id, as_of, defaulted, reason. The dates are the newest one of a labelled row,
    and the run's, for which `defaulted` is null. Who was in default is left out. No model is fitted on
    these rows: they show how it ranks beyond what it was fitted on.
    """
    mature = labels.loc[labels["reason"] == "", "as_of"].max()
    rows = labels[(labels["reason"] == "no_line") & labels["as_of"].isin([mature, day])][COLUMNS]
    if len(rows):
        on = default_dates(source, settings).reindex(rows["enterprise_id"]).to_numpy()
        rows = rows[~(on < rows["as_of"].to_numpy())]
    known = rows["defaulted"].astype("boolean").mask(rows["as_of"] == day)
    return rows.assign(defaulted=known).sort_values(COLUMNS[:2]).reset_index(drop=True)
