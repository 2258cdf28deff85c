"""The foreign buyers: shared by sellers, matched to them by quality, and mortal.

A buyer is a *place* among all buyers, in the order of risk, and the number of its life: when one
fails, another of the same risk opens in its place. Nothing of them is stored: risk, destination
and the days of failure are functions of the number.
"""

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from riskmodel.simulation.names import DESTINATION_SHARES
from riskmodel.simulation.parameters import Parameters
from riskmodel.simulation.random_streams import (
    Floats,
    Ints,
    exponential,
    normal,
    stream,
    subkey,
    uniform,
)

LIVES = 64
"""As many lives as a place can have; number = place * `LIVES` + life."""
NOBODY = -1
_BINS = 4096
_YEAR_DAYS = 365.25
_MIX, _ID_SPACE = 48_271_003, 10**9


class Market(NamedTuple):
    """All buyers: how many places, the key of their draws, risk by rank, and since when."""

    places: int
    key: np.uint64
    risk: Floats
    destination_edges: Floats
    first_day: float
    yearly: float
    slope: float


def make_market(enterprises: int, first_day: int, parameters: Parameters, seed: int) -> Market:
    """The buyers of a simulation of so many enterprises; lives are counted from `first_day` on."""
    from scipy.special import ndtri

    p = parameters.buyers
    shares = np.cumsum(DESTINATION_SHARES) / np.sum(DESTINATION_SHARES)
    return Market(
        places=max(20, int(p.per_enterprise * enterprises)),
        key=stream(seed, "buyers"),
        risk=ndtri((np.arange(_BINS) + 0.5) / _BINS),
        destination_edges=np.asarray(shares[:-1]),
        first_day=float(first_day),
        yearly=p.failure_yearly,
        slope=p.failure_slope,
    )


@njit(cache=True, nogil=True)
def risk_of(buyer: int, market: Market) -> float:
    """A buyer's risk: a standard normal by its place in the order."""
    return market.risk[(buyer // LIVES) * _BINS // market.places]


@njit(cache=True, nogil=True)
def destination_of(buyer: int, market: Market) -> int:
    """The position of a buyer's country."""
    draw = uniform(subkey(market.key, buyer // LIVES), buyer % LIVES)
    return np.searchsorted(market.destination_edges, draw, side="right")


@njit(cache=True, nogil=True)
def _rate(place: int, market: Market) -> float:
    risk = market.risk[place * _BINS // market.places]
    mean = math.exp(market.slope * market.slope / 2.0)
    return market.yearly / mean * math.exp(market.slope * risk) / _YEAR_DAYS


@njit(cache=True, nogil=True)
def failure_day(buyer: int, market: Market) -> float:
    """The day on which a buyer stops paying."""
    place, life = buyer // LIVES, buyer % LIVES
    key, rate = subkey(market.key, place), _rate(place, market)
    total = 0.0
    for one in range(life + 1):
        total += exponential(key, LIVES + one)
    return market.first_day + total / rate


@njit(cache=True, nogil=True)
def buyer_at(place: int, day: float, market: Market) -> int:
    """The buyer that stands in a place on a day."""
    key, rate = subkey(market.key, place), _rate(place, market)
    left = (day - market.first_day) * rate
    life = 0
    left -= exponential(key, LIVES)
    while left >= 0.0 and life < LIVES - 1:
        life += 1
        left -= exponential(key, LIVES + life)
    return place * LIVES + life


@njit(cache=True, nogil=True)
def match_buyer(
    key: np.uint64, number: int, quality: float, day: float, match: float, market: Market
) -> int:
    """A buyer for a seller of that quality, by rank: a Gaussian copula, the safer for the better."""
    rank = -match * quality + math.sqrt(1.0 - match * match) * normal(key, number)
    share = 0.5 * math.erfc(-rank / math.sqrt(2.0))
    place = min(int(share * market.places), market.places - 1)
    return buyer_at(place, day, market)


def buyer_numbers(buyer: Ints) -> Ints:
    """Numbers for ids that do not show the order of risk: a permutation (multiplier prime)."""
    return np.asarray(buyer * _MIX % _ID_SPACE, dtype=np.int64)
