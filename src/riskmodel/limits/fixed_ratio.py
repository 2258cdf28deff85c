"""The fixed-ratio rule that the allocation is compared with."""

import numpy as np
import pandas as pd

from riskmodel.limits.caps import compute_caps
from riskmodel.limits.eligibility import check_eligibility
from riskmodel.limits.policy import Policy


def fixed_ratio_rule(scored: pd.DataFrame, policy: Policy, *, max_pd: float) -> pd.DataFrame:
    """Limits of one yuan a dollar for all who are eligible and not above a PD.

    One row an enterprise, in the order of `scored`: enterprise_id, limit_cny (the ratio, held to
    the ceiling and rounded down; 0 for the others and below the floor). A `max_pd` of 1 is the
    programme's rule without a model.
    """
    caps = compute_caps(scored, policy)
    least = caps[["exports_ratio", "ceiling"]].min(axis=1).to_numpy()
    step = policy.caps.rounding_cny
    limit = np.floor(least / step) * step
    served = (
        check_eligibility(scored, policy)["eligible"].to_numpy(np.bool_)
        & (scored["pd_12m"].to_numpy(np.float64) <= max_pd)
        & (limit >= policy.caps.min_limit_cny)
    )
    return pd.DataFrame(
        {
            "enterprise_id": scored["enterprise_id"].to_numpy(),
            "limit_cny": np.where(served, limit, 0.0),
        }
    )
