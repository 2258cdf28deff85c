"""Exact contributions to the log-odds of default, by feature and by business family."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from riskmodel.features.spec import FeatureDefinition
from riskmodel.model import RiskModel
from riskmodel.model.reference_group import BLOCK


def compute_contributions(model: RiskModel, rows: pd.DataFrame) -> pd.DataFrame:
    """Compute a column a feature and `base`, on the index of `rows`; each row sums to the log-odds.

    Shapley values of the trees (Lundberg and others 2020), stretched as `RiskModel.compute_contributions` says.
    """
    blocks = [rows.iloc[i : i + BLOCK] for i in range(0, max(len(rows), 1), BLOCK)]
    return pd.concat([model.contributions(block) for block in blocks])


def sum_by_family(
    shares: pd.DataFrame, definitions: Mapping[str, FeatureDefinition]
) -> pd.DataFrame:
    """Sum contributions or strengths by the features' families: a column a family and `base`."""
    names = [name for name in shares.columns if name != "base"]
    own = np.array([definitions[name].family for name in names])
    families = sorted(set(own.tolist()))
    sums = shares[names].to_numpy() @ (own[:, None] == np.array(families)).astype(float)
    return pd.DataFrame(sums, columns=families, index=shares.index).assign(base=shares["base"])
