"""Performance for all applicants, estimated from the accepted, whose outcomes alone are known.

An accepted applicant stands for those like it: its weight is 1 over the chance that one like it is
accepted (Horvitz and Thompson 1952), the weights made to add up to their number (Hajek 1971). The
estimate is right where acceptance depends on nothing but what the propensity knows, and says
nothing about applicants of whom none is ever accepted.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.benchmarks.reject_inference.methods import FLOOR
from riskmodel.errors import DataError
from riskmodel.statistics.bootstrap import bootstrap_weights, percentile_interval
from riskmodel.statistics.calibration import brier, calibration_ratio
from riskmodel.statistics.discrimination import auc
from riskmodel.validate.performance import Metric

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

MAX_UNSUPPORTED = 0.05
"""Share of applicants below the floor from which on the estimate does not speak for all."""
METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        "auc": auc,
        "brier": brier,
        "realised_to_expected": calibration_ratio,
    }
)


@dataclass(frozen=True)
class AcceptanceWeights:
    """Weights of the accepted, with mean 1, and their effective sample size.

    `effective` is the number of equally weighted rows that would say as much: (sum w)^2 / sum w^2
    (Kish 1965). `trimmed` is the share of the accepted whose weight was cut, `unsupported` the share
    of all applicants whose propensity lies below the floor.
    """

    weights: Array
    effective: float
    trimmed: float
    unsupported: float

    @property
    def overlaps(self) -> bool:
        """Return whether nearly all applicants have accepted ones like them."""
        return self.unsupported <= MAX_UNSUPPORTED

    @property
    def text(self) -> str:
        """Describe the effective sample size of the weights."""
        said = (
            f"{len(self.weights):,} accepted applicants weigh as much as {self.effective:,.0f};"
            f" {self.trimmed:.1%} of the weights were cut."
        )
        if self.overlaps:
            return said
        return (
            f"{said} {self.unsupported:.1%} of the applicants are hardly ever accepted: the estimate"
            " does not speak for them."
        )


def compute_weights(
    propensity: Array, accepted: Bools, *, floor: float = FLOOR
) -> AcceptanceWeights:
    """Compute the weights of the accepted among all applicants, trimmed at the floor.

    `DataError` for a propensity outside 0 to 1, or where nobody is accepted.
    """
    outside = ~((propensity >= 0) & (propensity <= 1))
    if outside.any():
        raise DataError(
            f"propensity: {int(outside.sum())} of {len(propensity)} rows outside 0 to 1."
            " Give chances of being accepted."
        )
    if not accepted.any():
        raise DataError(
            f"applications: 0 of {len(accepted)} accepted, so no outcome is known. Bring lines."
        )
    below = propensity < floor
    weights = 1 / np.maximum(propensity[accepted], floor)
    weights = weights / weights.mean()
    return AcceptanceWeights(
        weights=weights,
        effective=float(weights.sum() ** 2 / (weights**2).sum()),
        trimmed=float(below[accepted].mean()),
        unsupported=float(below.mean()),
    )


def for_all_applicants(
    accepted: pd.DataFrame, weights: Array, *, draws: int, seed: int
) -> pd.DataFrame:
    """Estimate the metrics of all applicants from the accepted.

    Columns: metric, accepted (of the accepted alone), corrected, low, high.

    `accepted`: enterprise_id, pd_12m, defaulted of the accepted, in the order of the weights. The
    interval is the corrected figure's: 95 %, by a bootstrap of enterprises in which the weights
    are taken as known.
    """
    p, y = accepted["pd_12m"].to_numpy(float), accepted["defaulted"].to_numpy(float)
    weightings = bootstrap_weights(accepted["enterprise_id"], draws, seed)
    drawn = [w for w in weightings if 0 < (w * y).sum() < w.sum()]
    lines = [
        (
            name,
            metric(p, y),
            metric(p, y, weights),
            *percentile_interval([metric(p, y, w * weights) for w in drawn]),
        )
        for name, metric in METRICS.items()
    ]
    return pd.DataFrame(lines, columns=["metric", "accepted", "corrected", "low", "high"])
