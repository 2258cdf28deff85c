"""Default rates where defaults are few: Jeffreys' interval, Pluto and Tasche's upper bound."""

from collections.abc import Sequence

import numpy as np


def jeffreys_quantiles(defaults: float, rows: float, coverage: float = 0.95) -> tuple[float, float]:
    """Compute both ends of the central interval of Beta(D + 1/2, N - D + 1/2), strictly in (0, 1)."""
    from scipy.stats import beta

    tail = (1 - coverage) / 2
    low, high = beta.ppf([tail, 1 - tail], defaults + 0.5, rows - defaults + 0.5)
    return float(low), float(high)


def jeffreys_interval(defaults: float, rows: float, coverage: float = 0.95) -> tuple[float, float]:
    """Compute Jeffreys' interval for a default rate (Brown, Cai and DasGupta 2001).

    It reaches 0 where nobody defaults, and 1 where all do.

    >>> low, high = jeffreys_interval(defaults=0, rows=20)
    >>> low, round(high, 3)
    (0.0, 0.117)
    """
    low, high = jeffreys_quantiles(defaults, rows, coverage)
    return 0.0 if defaults == 0 else low, 1.0 if defaults == rows else high


def pluto_tasche(
    defaults: Sequence[float], rows: Sequence[float], confidence: float = 0.9
) -> list[float]:
    """Compute the most prudent PD of each grade, best first (Pluto and Tasche 2005).

    A grade is given the defaults and rows of itself and all worse ones, since its PD is no higher
    than theirs: the rate at which so few defaults, or fewer, come with 1 - confidence. Without
    any default it is 1 - (1 - confidence)^(1 / rows).

    >>> [round(pd, 3) for pd in pluto_tasche(defaults=[0, 2], rows=[100, 50])]
    [0.035, 0.103]
    """
    from scipy.stats import beta

    worse_bad = np.cumsum(np.asarray(defaults, float)[::-1])[::-1]
    worse = np.cumsum(np.asarray(rows, float)[::-1])[::-1]
    return [
        1.0 if n <= d else float(beta.ppf(confidence, d + 1, n - d))
        for d, n in zip(worse_bad, worse, strict=True)
    ]
