"""The cap on a line: its parts, and the one that binds."""

import numpy as np
import pandas as pd

from riskmodel.limits.feature_values import feature_values
from riskmodel.limits.policy import NEED_FEATURES, Need, Policy

PARTS = ("exports_ratio", "ceiling", "working_capital")
"""The programme's caps, in the order in which equal ones are named."""


def compute_caps(scored: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """Compute each enterprise's cap and its parts, in CNY, and how much the next one leaves.

    One row an enterprise, in the order of `scored`: enterprise_id, exports_ratio, ceiling,
    programme_cny (the lesser of both: what the programme's 1:1 rule gives), sales_cny, cost_share, growth, need_cny, debt_cny, working_capital, cap_cny (the least part,
    rounded down; 0 below the floor), binding (its name, or "floor"), to_next_cny.

    >>> from riskmodel.limits.policy import Caps
    >>> caps = Caps(exports_feature="exports_usd_12m", platform_feature="exports_platform_usd_12m",
    ...             sales_feature="exports_cny_12m", ratio_on_platform=1.0, ratio_off_platform=0.8,
    ...             max_limit_cny=1e7, min_limit_cny=5e4, rounding_cny=1e3, cny_per_usd_if_missing=6.0)
    >>> need = Need(cycle_days=90, min_cost_share=0.6, max_cost_share=0.95, cost_share_if_missing=0.8,
    ...             min_growth=-0.2, max_growth=0.2, growth_if_missing=0.0)
    >>> scored = pd.DataFrame({"enterprise_id": ["E1"], "exports_usd_12m": [5e5],
    ...                        "exports_cny_12m": [3e6]})
    >>> found = compute_caps(scored, Policy.model_construct(caps=caps, need=need))
    >>> found[["cap_cny", "binding"]].values.tolist()
    [[400000.0, 'exports_ratio']]
    """
    parts = _parts(scored, policy)
    amounts = parts[list(PARTS)].to_numpy()
    least = np.sort(amounts, axis=1)
    step = policy.caps.rounding_cny
    rounded = np.floor(least[:, 0] / step) * step
    opens = rounded >= policy.caps.min_limit_cny
    return parts.assign(
        programme_cny=parts[["exports_ratio", "ceiling"]].min(axis=1),
        cap_cny=np.where(opens, rounded, 0.0),
        binding=np.where(opens, np.asarray(PARTS)[amounts.argmin(axis=1)], "floor"),
        to_next_cny=least[:, 1] - least[:, 0],
    )


def _parts(scored: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    need = _need(scored, policy)
    debt = feature_values(scored, NEED_FEATURES[2]).clip(lower=0.0).fillna(0.0)
    return pd.DataFrame(
        {
            "enterprise_id": scored["enterprise_id"],
            "exports_ratio": _exports_ratio(scored, policy),
            "ceiling": policy.caps.max_limit_cny,
            **need,
            "debt_cny": debt,
            "working_capital": (need["need_cny"] - debt).clip(lower=0.0),
        }
    ).reset_index(drop=True)


def _exports_ratio(scored: pd.DataFrame, policy: Policy) -> pd.Series:
    """CNY for USD exported, through the platform and off it; no exports known is none."""
    caps = policy.caps
    exports = feature_values(scored, caps.exports_feature).fillna(0.0).clip(lower=0.0)
    through = feature_values(scored, caps.platform_feature).fillna(0.0).clip(lower=0.0)
    through = through.where(through < exports, exports)
    return caps.ratio_on_platform * through + caps.ratio_off_platform * (exports - through)


def _need(scored: pd.DataFrame, policy: Policy) -> dict[str, pd.Series]:
    """The working-capital need and its parts.

    sales x cost share x (1 + growth) x cycle days / 360: the formula of the China Banking
    Regulatory Commission's measures on working-capital loans (2010), turns being 360 / cycle days.
    """
    need = policy.need
    by_rate = (
        feature_values(scored, policy.caps.exports_feature) * policy.caps.cny_per_usd_if_missing
    )
    sales = (
        feature_values(scored, policy.caps.sales_feature)
        .fillna(by_rate)
        .fillna(0.0)
        .clip(lower=0.0)
    )
    cost = feature_values(scored, NEED_FEATURES[0]).clip(need.min_cost_share, need.max_cost_share)
    cost = cost.fillna(need.cost_share_if_missing)
    growth = _growth(feature_values(scored, NEED_FEATURES[1]), need)
    amount = sales * cost * (1 + growth) * need.cycle_days / 360
    return {"sales_cny": sales, "cost_share": cost, "growth": growth, "need_cny": amount}


def _growth(halves: pd.Series, need: Need) -> pd.Series:
    """Relative growth from the feature's symmetric one, g = 2 (now - then) / (now + then)."""
    relative = (2 + halves) / (2 - halves) - 1
    return relative.clip(need.min_growth, need.max_growth).fillna(need.growth_if_missing)
