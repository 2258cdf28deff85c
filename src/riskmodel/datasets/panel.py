"""The panel: features, label and split of every row that is fitted, tested or scored."""

import pandas as pd

from riskmodel.datasets.population import Population
from riskmodel.datasets.splits import Split

KEY = ["enterprise_id", "as_of"]


def panel(population: Population, parts: Split, features: pd.DataFrame) -> pd.DataFrame:
    """enterprise_id, as_of, split (fit, calibrate, gap, test, score), defaulted, features.

    `defaulted` is null where a row is only scored.
    """
    labelled = parts.frame.astype({"defaulted": "boolean"})
    scored = population.scored.assign(
        defaulted=pd.Series(pd.NA, index=population.scored.index, dtype="boolean"), split="score"
    )
    rows = pd.concat([labelled, scored], ignore_index=True)[[*KEY, "split", "defaulted"]]
    return rows.merge(features, on=KEY, how="left", validate="many_to_one")


def feature_rows(population: Population) -> pd.DataFrame:
    """Every enterprise and date for which features are needed, once, in order."""
    parts = (population.labelled, population.scored, population.without_line)
    every = pd.concat([rows[KEY] for rows in parts])
    return every.drop_duplicates().sort_values(KEY).reset_index(drop=True)
