"""Strengths: each feature's contribution less the baseline's."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.errors import UsageError
from riskmodel.explain.baseline import Baseline, HasBestBins
from riskmodel.model.additivity import calibrate_contributions, compute_contributions
from riskmodel.model.reference_group import BLOCK

Array = npt.NDArray[np.float64]


def compute_strengths(baseline: Baseline, rows: pd.DataFrame) -> pd.DataFrame:
    """Compute a column a feature and `base`, on the index of `rows`; each row sums to the log-odds.

    A strength is a contribution less the baseline's, above 0 where it raises the risk. `base` is
    the log-odds of the baseline.
    """
    blocks = [rows.iloc[i : i + BLOCK] for i in range(0, max(len(rows), 1), BLOCK)]
    found = np.concatenate(
        [np.column_stack(calibrated_strengths(baseline, block)) for block in blocks]
    )
    return pd.DataFrame(found, columns=[*baseline.inputs.names, "base"], index=rows.index)


def calibrated_strengths(baseline: Baseline, rows: pd.DataFrame) -> tuple[Array, Array]:
    """Compute strengths (rows x features) and base (rows), which sum to the calibrated log-odds.

    A calibration that bends stretches a row's strengths by one positive factor, so that neither
    their order nor their shares change. `RiskModelError` where the sums do not hold.
    """
    made, score = compute_contributions(baseline.model.ranker, rows)
    below = made[:, :-1] - baseline.reference
    start = made[:, -1] + baseline.reference.sum()
    return calibrate_contributions(baseline.model.calibration, below, start, score)


def points_below_best(baseline: Baseline, rows: pd.DataFrame) -> pd.DataFrame:
    """Compute the points that each feature loses against its best bin: a column a feature.

    Rows sum to the best possible score less their own. `UsageError` where the model is no
    scorecard.
    """
    ranker = baseline.model.ranker
    if not isinstance(ranker, HasBestBins):
        raise UsageError(f"{baseline.model.name}: no scorecard. Points below the best need bins.")
    lost = ranker.scale.factor * (
        compute_contributions(ranker, rows)[0][:, :-1] - ranker.best_contributions()
    )
    return pd.DataFrame(lost, columns=list(baseline.inputs.names), index=rows.index)
