"""The bootstrap by enterprise: enterprises drawn with replacement, all their rows with them."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def draw_resamples(count: int, draws: int, seed: int) -> Iterator[Ints]:
    """Draw as many of `count` units as there are, with replacement: places, one array a draw."""
    rng = np.random.default_rng(seed)
    for _ in range(draws):
        yield rng.integers(count, size=count)


def bootstrap_weights(enterprises: pd.Series, draws: int, seed: int) -> Iterator[Array]:
    """Draw weights of rows: how often the row's enterprise was drawn, one array a draw.

    >>> owners = pd.Series(["E1", "E1", "E2"])
    >>> [weights.tolist() for weights in bootstrap_weights(owners, draws=2, seed=1)]
    [[1.0, 1.0, 1.0], [0.0, 0.0, 2.0]]
    """
    codes, unique = pd.factorize(enterprises, sort=True)
    for drawn in draw_resamples(len(unique), draws, seed):
        yield np.bincount(drawn, minlength=len(unique))[codes].astype(float)


def percentile_interval(values: Sequence[float], coverage: float = 0.95) -> tuple[float, float]:
    """Compute the percentile interval of bootstrap values.

    NaN draws (one outcome only) are left out; both ends are NaN where no value is left.
    """
    tail = (1 - coverage) / 2
    kept = [value for value in values if np.isfinite(value)]
    if not kept:
        return float("nan"), float("nan")
    low, high = np.quantile(kept, [tail, 1 - tail])
    return float(low), float(high)
