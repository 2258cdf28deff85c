"""Principal reasons: the families that raise an enterprise's risk most, in words."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from riskmodel.explain.contributions import KEY, by_family
from riskmodel.features.language import Card
from riskmodel.settings import ExplainSettings

WORDS = {
    "rises": ("high", "偏高"),
    "falls": ("low", "偏低"),
    "none": ("unusual", "异常"),
    "missing": ("not on record", "无记录"),
}
COLUMNS = [
    *KEY,
    "rank",
    "family",
    "card",
    "contribution",
    "share",
    "text_en",
    "text_zh",
]


def reasons(
    rows: pd.DataFrame,
    shares: pd.DataFrame,
    cards: Mapping[str, Card],
    settings: ExplainSettings,
) -> pd.DataFrame:
    """Up to four reasons an enterprise and date, the strongest first.

    `rows` are keys and features, `shares` their contributions by feature. A reason is a family
    whose features together raise the log-odds of default against the average enterprise by at
    least `least_share` of everything that raises them; its card is the family's strongest.
    Returns enterprise_id, as_of, rank, family, card, contribution (log-odds), share, texts.
    """
    families = by_family(shares, cards).drop(columns="base")
    upward = families.clip(lower=0)
    parts = upward.div(upward.sum(axis=1).replace(0, np.nan), axis=0)
    long = pd.DataFrame({"contribution": families.stack()})
    long["share"] = parts.stack()
    long = long.rename_axis(["row", "family"]).reset_index()
    long = long[(long["contribution"] > 0) & (long["share"] >= settings.least_share)]
    long = long.sort_values(["row", "contribution", "family"], ascending=[True, False, True])
    long = long.assign(rank=long.groupby("row").cumcount() + 1)
    long = long[long["rank"] <= settings.reasons]
    named = _strongest(long, shares, cards)
    keys = rows.loc[named["row"], KEY].reset_index(drop=True)
    texts = _texts(named, rows, cards)
    return pd.concat([keys, named.reset_index(drop=True), texts], axis=1)[COLUMNS]


def _strongest(long: pd.DataFrame, shares: pd.DataFrame, cards: Mapping[str, Card]) -> pd.DataFrame:
    """Each reason's card: the feature of the family that raises the risk most."""
    chosen = pd.Series("", index=long.index)
    for family, group in long.groupby("family"):
        members = [n for n in shares.columns if n != "base" and cards[n].family == family]
        chosen.loc[group.index] = (
            shares.loc[group["row"].to_numpy(), members].idxmax(axis=1).to_numpy()
        )
    return long.assign(card=chosen)


def _texts(named: pd.DataFrame, rows: pd.DataFrame, cards: Mapping[str, Card]) -> pd.DataFrame:
    """What the card says, and whether it is high, low, unusual or not on record."""
    missing = pd.Series(False, index=named.index)
    for card, group in named.groupby("card"):
        missing.loc[group.index] = rows.loc[group["row"].to_numpy(), str(card)].isna().to_numpy()
    way = named["card"].map(lambda name: cards[name].risk).mask(missing, "missing")
    english = named["card"].map(lambda name: cards[name].says[0])
    chinese = named["card"].map(lambda name: cards[name].says[1])
    return pd.DataFrame(
        {
            "text_en": english + ": " + way.map(lambda w: WORDS[w][0]),
            "text_zh": chinese + way.map(lambda w: WORDS[w][1]),
        }
    ).reset_index(drop=True)
