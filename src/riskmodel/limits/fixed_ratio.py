"""The plain rule that the allocation is compared with."""

import numpy as np
import pandas as pd

from riskmodel.limits.caps import capped
from riskmodel.limits.eligibility import judged
from riskmodel.limits.policy import Policy


def plain_rule(candidates: pd.DataFrame, policy: Policy, *, pd_cut: float) -> pd.DataFrame:
    """One yuan a dollar for all who are eligible and not above a PD, and nothing else decided.

    One row an enterprise, in the candidates' order: enterprise_id, limit_cny (the ratio, held to
    the ceiling and rounded down; 0 for the others and below the floor). A `pd_cut` of 1 is the
    programme's rule without a model.
    """
    caps = capped(candidates, policy)
    least = caps[["exports_ratio", "ceiling"]].min(axis=1).to_numpy()
    step = policy.caps.rounding_cny
    limit = np.floor(least / step) * step
    served = (
        judged(candidates, policy)["eligible"].to_numpy(np.bool_)
        & (candidates["pd_12m"].to_numpy(np.float64) <= pd_cut)
        & (limit >= policy.caps.min_limit_cny)
    )
    return pd.DataFrame(
        {
            "enterprise_id": candidates["enterprise_id"].to_numpy(),
            "limit_cny": np.where(served, limit, 0.0),
        }
    )
