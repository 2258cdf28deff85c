"""Predictors of utilisation: balances carried over, earlier use, need of cash."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmodel.features.spec import FeatureDefinition, count, latest, total
from riskmodel.limits.behaviour.strata import stated_log_odds, values

Floats = NDArray[np.float64]
RECENT, LONG = 3, 24
"""Months: a balance older than the first is none; use is the mean over the second."""


def _definition(name: str, unit: str, measure: Any, texts: tuple[str, str]) -> FeatureDefinition:
    return FeatureDefinition(
        name, unit, "none", "line_months", measure, texts, "programme", model=False
    )


DEFINITIONS = (
    _definition("line_drawn_cny_now", "CNY", latest("drawn_cny", months=RECENT),
          ("Newest balance of the programme's lines", "本项目额度最新用款余额")),
    _definition("line_limit_cny_now", "CNY", latest("limit_cny", months=RECENT),
          ("Newest limit of the programme's lines", "本项目最新额度")),
    _definition("line_drawn_cny_24m", "CNY", total("drawn_cny", months=LONG),
          ("Drawn on the programme's lines, month-ends of two years", "近两年本项目额度月末用款合计")),
    _definition("line_limit_cny_24m", "CNY", total("limit_cny", months=LONG),
          ("Limits of the programme's lines, month-ends of two years", "近两年本项目额度月末合计")),
    _definition("line_months_24m", "month-ends", count(months=LONG),
          ("Month-ends with a line of the programme in two years", "近两年有本项目额度的月数")),
)  # fmt: skip
"""Features of the programme's own lines that utilisation reads beside the panel's; no model sees
them. Computed by `features.compute(..., definitions=DEFINITIONS)` at the grants and at the
enterprises' date."""

SIGNS: Mapping[str, bool] = MappingProxyType(
    {
        "deposits_to_outflow_6m": True,
        "age_months": True,
        "months_since_first_export": True,
        "overdraft_use": False,
        "limit_use": False,
        "inquiries_12m": False,
        "net_inflow_share_6m": False,
        "late_share_12m": False,
        "exports_growth_6m": False,
        "receipts_growth_6m": False,
        "debt_to_sales": False,
    }
)
"""Features of the panel that tell of need for cash, and whether their logarithm is taken."""
KNOWN_MONTHS = 3.0
"""An earlier use over so many months counts as much as the mean of all."""


def utilisation_inputs(
    rows: pd.DataFrame, limit_cny: Floats, typical_use: float
) -> dict[str, Floats]:
    """Return the regression's columns at these limits, by name; not finite where nothing is known.

    `carried` is the balance at the start over the limit, whole up to 1, `carried_over` what exceeds
    it; `use` that of earlier lines over two years, drawn to the typical where few months tell;
    `recent_use` the newest; `served` whether there were earlier lines, `lapsed` whether none lives.
    """
    held, present, drawn, limits, months = (values(rows, feature.name) for feature in DEFINITIONS)
    if "line_drawn_cny_24m" not in rows and "line_use_6m" in rows:  # what the panel has by itself
        drawn, limits = values(rows, "line_drawn_cny_6m"), values(rows, "line_limit_cny_6m")
        months = np.where(limits > 0, 6.0, 0.0)
        held, present = drawn / 6, limits / 6
    months, held = np.nan_to_num(months), np.nan_to_num(held)
    served = months > 0
    lapsed = served & ~(present > 0)
    weight = months / (months + KNOWN_MONTHS)
    with np.errstate(divide="ignore", invalid="ignore"):
        past_use = np.clip(np.where(limits > 0, drawn / limits, typical_use), 0, 1)
        recent = np.clip(np.where(present > 0, held / present, np.nan), 0, 1)
        # Without a stated limit, the limit is taken to be as large as the present one.
        carried = np.where(np.isfinite(limit_cny), held / limit_cny, np.nan_to_num(recent))
        sales = np.log(limit_cny / values(rows, "exports_cny_12m"))
        deposits = np.log1p(np.clip(values(rows, "deposits_cny"), 0, None) / limit_cny)
    use = typical_use + weight * (np.nan_to_num(past_use, nan=typical_use) - typical_use)
    found = {
        "served": served.astype(np.float64),
        "lapsed": lapsed.astype(np.float64),
        "use": use,
        "recent_use": np.where(served, np.where(np.isfinite(recent), recent, use), typical_use),
        "carried": np.clip(carried, 0, 1),
        "carried_over": np.clip(carried - 1, 0, None),
        "limit_to_sales": np.where(np.isfinite(sales), sales, np.nan),
        "deposits_to_limit": deposits,
        "log_odds": stated_log_odds(rows),
    }
    for name, logarithm in SIGNS.items():
        value = values(rows, name)
        found[name] = np.log1p(np.clip(value, 0, None)) if logarithm else value
    return found
