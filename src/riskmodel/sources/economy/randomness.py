"""Named streams of random numbers: a stage's draws do not move when another stage changes."""

from collections.abc import Sequence
from zlib import crc32

import numpy as np

from riskmodel.sources.economy.calendar import Floats, Ints


def stream(seed: int, name: str) -> np.random.Generator:
    """The generator of one named purpose."""
    return np.random.default_rng([seed, crc32(name.encode())])


def chosen(rng: np.random.Generator, shares: Sequence[float], count: int) -> Ints:
    """Positions drawn with the given shares (scaled to one)."""
    edges = np.cumsum(shares) / np.sum(shares)
    return np.searchsorted(edges[:-1], rng.random(count), side="right").astype(np.int64)


def spread(rng: np.random.Generator, sigma: float, count: int) -> Floats:
    """Factors around one: lognormal with median 1."""
    return np.exp(sigma * rng.standard_normal(count))
