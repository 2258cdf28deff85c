"""Values as they stand: tables with one row an enterprise, read at each as-of date."""

import numpy as np
import pandas as pd

from riskmodel.features.aggregates import MONTH_DAYS
from riskmodel.features.language import Card, Measure

KINDS = frozenset({"latest", "category", "months_from"})
"""Measures that read the newest known row of an enterprise."""


def standing(table: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """For each row of the panel, the newest version known before its cut, unless withdrawn.

    `table` has `enterprise_id`, `known_at`, `withdrawn` and the columns wanted; `rows` has
    `enterprise_id`, `cut`. Returns the wanted columns, in the order of `rows`.
    """
    # Attributes may have any name: only keys and places are merged, so that none can collide.
    asked = rows[["enterprise_id", "cut"]].assign(row=np.arange(len(rows)))
    known = table[["enterprise_id", "known_at"]].assign(place=np.arange(len(table)))
    found = pd.merge_asof(
        asked.sort_values(["cut", "row"], kind="stable"),
        known.sort_values("known_at", kind="stable"),
        left_on="cut",
        right_on="known_at",
        by="enterprise_id",
        allow_exact_matches=False,
    )
    places = found.sort_values("row")["place"].fillna(-1).astype(int).to_numpy()
    newest = table.reset_index(drop=True).reindex(places).reset_index(drop=True)
    gone = ~newest["withdrawn"].eq(False)
    return newest.drop(columns=["enterprise_id", "known_at", "withdrawn"]).mask(gone)


def standing_feature(card: Card, found: pd.DataFrame, as_of: pd.Series) -> pd.Series:
    """One card's values out of the rows found by `standing`."""
    measure = card.value
    assert isinstance(measure, Measure)
    values = found[measure.column]
    if measure.kind == "category":
        return values.astype("str")
    if measure.kind == "months_from":
        return (as_of - pd.to_datetime(values)).dt.days / MONTH_DAYS
    return pd.Series(np.asarray(values.astype("Float64").to_numpy(float, na_value=np.nan)))
