"""Walk-forward validation: each vintage is ranked by a fit on what was known before it.

The settings are those that the champion was tuned to, on later rows.
"""

import pandas as pd

from riskmodel.datasets.panel import KEY
from riskmodel.datasets.vintages import vintages
from riskmodel.model.candidate import fit_ranker
from riskmodel.model.risk_model import RiskModel
from riskmodel.model.task import FitTask

VINTAGE_MONTHS = 6
COLUMNS = [*KEY, "defaulted", "vintage", "model", "score"]


def walk_forward(
    model: RiskModel, panel: pd.DataFrame, horizon: int, task: FitTask
) -> pd.DataFrame:
    """Score the labelled rows by rankings of the model's learner and settings, fitted anew.

    Vintages are half-years of as-of dates, from the first day by which `datasets.split.min_defaults`
    defaults were known; one with fewer of its own is left out. Returns enterprise_id, as_of,
    defaulted, vintage, model, score (log-odds before calibration).
    """
    rows = panel[panel["defaulted"].notna()].astype({"defaulted": bool}).reset_index(drop=True)
    min_defaults = task.settings.datasets.split.min_defaults
    start = _first_day(rows, horizon, min_defaults)
    if start is None:
        return pd.DataFrame(columns=COLUMNS)
    settings = task.settings.model.with_values(dict(model.facts["tuned"]))
    found = []
    for train, test in vintages(rows, start.date(), VINTAGE_MONTHS, horizon):
        vintage = rows.iloc[test]
        if vintage["defaulted"].sum() < min_defaults:
            continue
        task.progress(f"{model.name}: the vintage of {vintage['as_of'].min():%Y-%m}")
        ranker = fit_ranker(model.name, rows.iloc[train], task, settings)
        keys = vintage[[*KEY, "defaulted"]]
        begins = f"{vintage['as_of'].min():%Y-%m}"
        scores = keys.assign(vintage=begins, model=model.name, score=ranker.raw(vintage))
        found.append(scores)
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=COLUMNS)


def _first_day(rows: pd.DataFrame, horizon: int, min_defaults: int) -> pd.Timestamp | None:
    """The first as-of date by which so many defaults were known."""
    days = rows["as_of"].drop_duplicates().sort_values()
    known = rows.loc[rows["defaulted"], "as_of"] + pd.DateOffset(months=horizon)
    enough = [day for day in days if (known <= day).sum() >= min_defaults]
    return pd.Timestamp(enough[0]) if enough else None
