"""Additivity: contributions are checked to sum to the score, before and after calibration."""

from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.errors import RiskModelError
from riskmodel.model.learners.interface import Ranker

Array = npt.NDArray[np.float64]

TOLERANCE = 1e-6
"""Log-odds, and relative to the score where that is above 1: what sums of doubles may leave is a
millionth of it; a share that is wrong leaves more."""


class CalibrationMap(Protocol):
    """The part of a calibration that contributions need."""

    def log_odds(self, raw: Array) -> Array:
        """Calibrated log-odds of default."""

    def stretch(self, start: Array, end: Array) -> Array:
        """Return the slope of the calibrated log-odds between the scores `start` and `end`."""


def compute_contributions(ranker: Ranker, frame: pd.DataFrame) -> tuple[Array, Array]:
    """Compute contributions before calibration, rows x (features, then base), and the scores.

    `RiskModelError` where they do not sum to the scores.
    """
    shares, raw = ranker.contributions(frame), ranker.raw(frame)
    _check_sums(shares.sum(axis=1), raw)
    return shares, raw


def calibrate_contributions(
    calibration: CalibrationMap, shares: Array, start: Array, raw: Array
) -> tuple[Array, Array]:
    """Shares of the way from the score `start` to `raw`, in calibrated log-odds, and those at
    `start`: a base that takes up nothing else.

    `RiskModelError` where they do not sum to the calibrated log-odds of `raw`.
    """
    scaled = shares * calibration.stretch(start, raw)[:, None]
    base = calibration.log_odds(start)
    _check_sums(scaled.sum(axis=1) + base, calibration.log_odds(raw))
    return scaled, base


def _check_sums(sums: Array, scores: Array) -> None:
    off = ~np.isclose(sums, scores, rtol=TOLERANCE, atol=TOLERANCE)
    if off.any():
        worst = float(np.abs(sums - scores)[off].max())
        raise RiskModelError(
            f"contributions: {int(off.sum()):,} of {len(off):,} rows do not sum to their score"
            f" (by up to {worst:.2g} log-odds). No reason is given; report it with the model."
        )
