"""Principal reasons: the families that raise an enterprise's risk most, in words."""

import numpy as np
import pandas as pd

from riskmodel.datasets.panel import KEY
from riskmodel.explain.baseline import Baseline
from riskmodel.explain.reason_selection import Ints, NamedReasons, concat_reasons, name_reasons
from riskmodel.explain.texts import first_places, reason_texts
from riskmodel.model.reference_group import BLOCK
from riskmodel.settings import ExplainSettings

COLUMNS = [
    *KEY,
    "rank",
    "family",
    "feature",
    "contribution",
    "share",
    "text_en",
    "text_zh",
]


def find_reasons(baseline: Baseline, rows: pd.DataFrame, settings: ExplainSettings) -> pd.DataFrame:
    """Find up to four reasons an enterprise and date, the strongest first.

    `rows` are keys and features. Returns enterprise_id, as_of, rank, family, feature, contribution
    (the family's strength in log-odds against the baseline), share of all that raises the risk,
    texts. Which families and features are named: see `reason_selection.name_reasons`.
    """
    named = _name_in_blocks(baseline, rows, settings)
    texts = reason_texts(baseline).iloc[_place(baseline, named)].reset_index(drop=True)
    keys = rows[KEY].iloc[named.row].reset_index(drop=True)
    figures = {"rank": named.rank + 1, "contribution": named.contribution, "share": named.share}
    return pd.concat([keys, texts], axis=1).assign(**figures)[COLUMNS]


def reasons_in_columns(
    baseline: Baseline, rows: pd.DataFrame, settings: ExplainSettings
) -> pd.DataFrame:
    """Find the same reasons in columns: reason_1, strength_1, ... on the index of `rows`.

    A reason is the word that `texts.reason_texts` explains, missing where there is none.
    """
    named = _name_in_blocks(baseline, rows, settings)
    place = np.full((settings.max_reasons, len(rows)), -1, dtype=np.int64)
    strength = np.full((settings.max_reasons, len(rows)), np.nan)
    place[named.rank, named.row] = _place(baseline, named)
    strength[named.rank, named.row] = named.contribution
    known = pd.Index(reason_texts(baseline)["reason"])
    columns: dict[str, object] = {}
    for rank in range(settings.max_reasons):
        columns[f"reason_{rank + 1}"] = pd.Categorical.from_codes(place[rank], categories=known)
        columns[f"strength_{rank + 1}"] = strength[rank]
    return pd.DataFrame(columns, index=rows.index)


def _name_in_blocks(
    baseline: Baseline, rows: pd.DataFrame, settings: ExplainSettings
) -> NamedReasons:
    starts = range(0, max(len(rows), 1), BLOCK)
    return concat_reasons(
        [(i, name_reasons(baseline, rows.iloc[i : i + BLOCK], settings)) for i in starts]
    )


def _place(baseline: Baseline, named: NamedReasons) -> Ints:
    """Each reason's place in the vocabulary."""
    return first_places(baseline)[named.feature] + named.word
