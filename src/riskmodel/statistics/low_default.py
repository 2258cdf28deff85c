"""Default rates where defaults are few: Jeffreys' interval and Pluto and Tasche's upper bound."""

from collections.abc import Sequence

import numpy as np


def jeffreys_interval(defaults: float, rows: float, coverage: float = 0.95) -> tuple[float, float]:
    """Jeffreys' interval for a default rate (Brown, Cai and DasGupta 2001)."""
    from scipy.stats import beta

    tail = (1 - coverage) / 2
    low, high = beta.ppf([tail, 1 - tail], defaults + 0.5, rows - defaults + 0.5)
    return float(0 if defaults == 0 else low), float(1 if defaults == rows else high)


def pluto_tasche(
    defaults: Sequence[float], rows: Sequence[float], confidence: float = 0.9
) -> list[float]:
    """The most prudent PD of each grade, best first, at the confidence (Pluto and Tasche 2005).

    A grade is given the defaults and rows of itself and all worse ones, since its PD is no higher
    than theirs: the rate at which so few defaults, or fewer, come with 1 - confidence. Without
    any default it is 1 - (1 - confidence)^(1 / rows).
    """
    from scipy.stats import beta

    worse_bad = np.cumsum(np.asarray(defaults, float)[::-1])[::-1]
    worse = np.cumsum(np.asarray(rows, float)[::-1])[::-1]
    return [
        1.0 if n <= d else float(beta.ppf(confidence, d + 1, n - d))
        for d, n in zip(worse_bad, worse, strict=True)
    ]
