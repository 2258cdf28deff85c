"""Random numbers by address: a draw is a function of its key and number, of nothing else.

Whatever is drawn for one enterprise does not move when others are added, when the work is cut into
other parts, or when other threads do it. The generator is SplitMix64 (Steele, Lea and Flood,
"Fast splittable pseudorandom number generators", OOPSLA 2014) read at any place of its sequence.
"""

import math
from zlib import crc32

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_A, _B, _C, _ELEVEN, _ONE = (np.uint64(shift) for shift in (30, 27, 31, 11, 1))
_OTHER = np.uint64(0xD1B54A32D192ED03)
_STEP = 2.0**-53
_MANY = 60.0
"""The mean above which a Poisson number is drawn from its normal limit."""


@njit(cache=True, nogil=True)
def _mix(bits: np.uint64) -> np.uint64:
    bits = (bits ^ (bits >> _A)) * _FIRST
    bits = (bits ^ (bits >> _B)) * _SECOND
    return bits ^ (bits >> _C)


@njit(cache=True, nogil=True)
def subkey(key: np.uint64, number: int) -> np.uint64:
    """The key of the given number under another key."""
    return _mix(key + (np.uint64(number) + _ONE) * _GOLDEN)


@njit(cache=True, nogil=True)
def uniform(key: np.uint64, number: int) -> float:
    """A number strictly between 0 and 1."""
    return (np.float64(subkey(key, number) >> _ELEVEN) + 0.5) * _STEP


@njit(cache=True, nogil=True)
def exponential(key: np.uint64, number: int) -> float:
    """An exponential number with mean 1."""
    return -math.log(uniform(key, number))


@njit(cache=True, nogil=True)
def normal(key: np.uint64, number: int) -> float:
    """A standard normal number (Box and Muller)."""
    radius = math.sqrt(-2.0 * math.log(uniform(key, number)))
    return radius * math.cos(2.0 * math.pi * uniform(key ^ _OTHER, number))


@njit(cache=True, nogil=True)
def poisson(mean: float, draw: float) -> int:
    """The Poisson number at the uniform `draw`, by inversion."""
    if mean > _MANY:
        # the normal limit, by the logistic approximation of its quantile
        quantile = math.log(draw / (1.0 - draw)) / 1.702
        return max(int(mean + math.sqrt(mean) * quantile + 0.5), 0)
    term = math.exp(-mean)
    total, number = term, 0
    while draw > total and number < 400:
        number += 1
        term *= mean / number
        total += term
    return number


@njit(cache=True, nogil=True)
def subkeys(key: np.uint64, numbers: Ints) -> NDArray[np.uint64]:
    """A key each."""
    drawn = np.empty(len(numbers), dtype=np.uint64)
    for place in range(len(numbers)):
        drawn[place] = subkey(key, numbers[place])
    return drawn


@njit(cache=True, nogil=True)
def uniforms(key: np.uint64, numbers: Ints) -> Floats:
    """A uniform number each."""
    drawn = np.empty(len(numbers))
    for place in range(len(numbers)):
        drawn[place] = uniform(key, numbers[place])
    return drawn


@njit(cache=True, nogil=True)
def normals(key: np.uint64, numbers: Ints) -> Floats:
    """A standard normal number each."""
    drawn = np.empty(len(numbers))
    for place in range(len(numbers)):
        drawn[place] = normal(key, numbers[place])
    return drawn


@njit(cache=True, nogil=True)
def integers(key: np.uint64, numbers: Ints, low: int, high: int) -> Ints:
    """A whole number from `low` up to but not `high` each."""
    drawn = np.empty(len(numbers), dtype=np.int64)
    for place in range(len(numbers)):
        drawn[place] = low + int(uniform(key, numbers[place]) * (high - low))
    return drawn


def exponentials(key: np.uint64, numbers: Ints) -> Floats:
    """An exponential number with mean 1 each."""
    return np.asarray(-np.log(uniforms(key, numbers)))


def lognormals(key: np.uint64, numbers: Ints, sigma: float) -> Floats:
    """A factor around one each: lognormal with median 1."""
    return np.asarray(np.exp(sigma * normals(key, numbers)))


def choices(key: np.uint64, numbers: Ints, shares: tuple[float, ...]) -> Ints:
    """A position each, drawn with the given shares (scaled to one)."""
    edges = np.cumsum(shares) / np.sum(shares)
    drawn = uniforms(key, numbers)
    return np.searchsorted(edges[:-1], drawn, side="right").astype(np.int64)


def stream(seed: int, name: str) -> np.uint64:
    """The key of one named purpose."""
    return np.uint64(_mix_in_python(_mix_in_python(seed) ^ crc32(name.encode())))


def _mix_in_python(bits: int) -> int:
    most = 2**64 - 1
    bits = (bits + int(_GOLDEN)) & most
    bits = ((bits ^ (bits >> 30)) * int(_FIRST)) & most
    bits = ((bits ^ (bits >> 27)) * int(_SECOND)) & most
    return bits ^ (bits >> 31)
