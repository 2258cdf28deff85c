"""Early signs: how far past due an enterprise came on the programme's lines after each date."""

import numpy as np
import pandas as pd

from riskmodel import months
from riskmodel.datasets.default_events import current_rows
from riskmodel.sources import Source

COLUMNS = ["enterprise_id", "as_of", "past_due"]


def compute_early_delinquency(
    source: Source, rows: pd.DataFrame, horizon_months: int | None
) -> pd.DataFrame:
    """The most days past due at a month-end within the horizon after each row's date.

    Columns: enterprise_id, as_of, past_due (0 where nothing was late). It belongs to the outcome,
    not to what was known. No rows where the source has no line months or the labels no horizon.
    """
    if horizon_months is None or not source.has("line_months") or not source.has("lines"):
        return rows[["enterprise_id", "as_of"]].iloc[:0].assign(past_due=pd.Series(dtype="float64"))
    states = current_rows(source, "line_months")
    owner = current_rows(source, "lines").set_index("line_id")["enterprise_id"]
    late = pd.DataFrame(
        {
            "enterprise_id": states["line_id"].map(owner),
            "end": months.month_ends(pd.to_datetime(states["month"])),
            "days": states["days_past_due"].astype("float64"),
        }
    ).dropna()
    late = late[late["days"] > 0]
    found = rows[["enterprise_id", "as_of"]].reset_index(drop=True)
    found = found.assign(row=np.arange(len(found)))
    seen = found.merge(late, on="enterprise_id")
    ends = months.shifted_days(seen["as_of"], horizon_months)
    inside = (seen["end"] >= seen["as_of"]) & (seen["end"] < ends)
    worst = seen[inside].groupby("row")["days"].max()
    return found.assign(past_due=found["row"].map(worst).fillna(0.0))[COLUMNS]
