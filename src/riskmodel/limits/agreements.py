"""Agreements in force between enterprises and banks."""

from datetime import date

import pandas as pd

from riskmodel import datasets as data
from riskmodel.sources import Source


def agreements_in_force(source: Source, as_of: date | str) -> pd.DataFrame:
    """Return enterprise_id, bank of the agreements in force at the start of the day."""
    if not source.has("agreements"):
        return pd.DataFrame({"enterprise_id": [], "bank": []}, dtype="str")
    pacts, day = data.current_rows(source, "agreements"), pd.Timestamp(as_of)
    in_force = pacts["signed_on"] < day
    if "ended_on" in pacts:
        in_force &= pacts["ended_on"].isna() | (pacts["ended_on"] >= day)
    return pacts.loc[in_force, ["enterprise_id", "bank"]].drop_duplicates(ignore_index=True)
