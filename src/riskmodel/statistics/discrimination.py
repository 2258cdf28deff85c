"""Discrimination: how well a score ranks defaults. AUC, its errors by enterprise, and KS."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


def auc(score: Array, defaulted: Array | Flags, weights: Array | None = None) -> float:
    """Compute the probability that a defaulter scores above another row.

    Ties count half (Mann-Whitney U). NaN without both outcomes.

    >>> auc(np.array([0.1, 0.4, 0.3, 0.8]), np.array([0, 0, 1, 1]))
    0.75
    """
    w = np.ones(len(score)) if weights is None else weights
    order = np.argsort(score, kind="stable")
    s, y, w = score[order], defaulted[order].astype(float), w[order]
    starts = np.flatnonzero(np.r_[True, s[1:] != s[:-1]]) if len(s) else np.array([], int)
    bad, good = np.add.reduceat(w * y, starts), np.add.reduceat(w * (1 - y), starts)
    below = np.cumsum(good) - good
    pairs = bad.sum() * good.sum()
    return float((bad * (below + good / 2)).sum() / pairs) if pairs > 0 else float("nan")


def kolmogorov_smirnov(score: Array, defaulted: Array, weights: Array | None = None) -> float:
    """Compute the largest distance between the two outcomes' distributions of the score."""
    w = np.ones(len(score)) if weights is None else weights
    order = np.argsort(score, kind="stable")
    s, y, w = score[order], defaulted[order].astype(float), w[order]
    ends = np.r_[s[1:] != s[:-1], True]
    bad, good = np.cumsum(w * y), np.cumsum(w * (1 - y))
    return float(np.abs(bad / bad[-1] - good / good[-1])[ends].max())


class ClusteredAuc(NamedTuple):
    """An AUC with its standard error by enterprise and the error's degrees of freedom.

    NaN where it cannot be computed; 0 degrees of freedom where the error cannot.
    """

    rows: int
    defaults: int
    auc: float
    error: float
    freedom: int


def clustered_auc(score: Array, defaulted: Flags, enterprise: Ints) -> ClusteredAuc:
    """Compute the AUC with its error where an enterprise, a number a row, has several rows.

    V is the share of the other outcome's rows that a row is in order with, ties counting half; b
    and g are an enterprise's sums of V - AUC over its bad and its good rows, of which there are m
    and n in all; I1, I0 and I count the enterprises with bad, with good and with any rows. Then
    var = I1/(I1-1) sum(b^2)/m^2 + I0/(I0-1) sum(g^2)/n^2 + 2 I/(I-1) sum(b g)/(m n)
    (Obuchowski 1997, Biometrics 53, 567-578). With a row an enterprise it is DeLong's.
    """
    rising = np.argsort(score)
    return clustered_auc_of_sorted(score[rising], defaulted[rising], enterprise[rising])


def clustered_auc_of_sorted(score: Array, defaulted: Flags, enterprise: Ints) -> ClusteredAuc:
    """Compute `clustered_auc` of rising scores, none missing."""
    rows, m = len(score), int(np.count_nonzero(defaulted))
    if not m or m == rows:
        return ClusteredAuc(rows, m, np.nan, np.nan, 0)
    area = auc(score, defaulted)
    departures = _placements_of_sorted(score, defaulted) - area
    error, freedom = _clustered_error(departures, defaulted, enterprise)
    return ClusteredAuc(rows, m, area, error if freedom else np.nan, freedom)


def auc_difference(
    one: Array, two: Array, defaulted: Flags, enterprise: Ints
) -> tuple[float, float]:
    """Compute the difference of two scores' AUCs on the same rows, and its error by enterprise.

    DeLong's components (DeLong, DeLong and Clarke-Pearson 1988) of the difference, summed by
    enterprise as Obuchowski (1997) does for one score. Both outcomes must occur.
    """
    shares = _placements(one, defaulted) - _placements(two, defaulted)
    gain = float(shares[defaulted].mean())
    error, _ = _clustered_error(shares - gain, defaulted, enterprise)
    return gain, error


def _placements(score: Array, defaulted: Flags) -> Array:
    """The share of the other outcome's rows that each row is in order with (DeLong's V)."""
    order = np.argsort(score)
    shares = np.empty(len(score))
    shares[order] = _placements_of_sorted(score[order], defaulted[order])
    return shares


def _placements_of_sorted(score: Array, defaulted: Flags) -> Array:
    rows, m = len(score), int(np.count_nonzero(defaulted))
    first = np.r_[True, score[1:] != score[:-1]]
    ties, starts = np.cumsum(first) - 1, np.flatnonzero(first)
    ends = np.r_[starts[1:], rows]
    bads = np.r_[0, np.cumsum(defaulted)]
    # of a tie half counts as below: the mean of what lies below its first and below its end
    bads_below = (bads[starts] + bads[ends]) / 2
    goods_below = (starts + ends) / 2 - bads_below
    in_order = np.where(defaulted, (goods_below / (rows - m))[ties], 1 - (bads_below / m)[ties])
    return np.asarray(in_order)


def _clustered_error(departures: Array, defaulted: Flags, enterprise: Ints) -> tuple[float, int]:
    """The standard error of the mean placement, and its degrees of freedom.

    These are the rarer outcome's enterprises less one: the fewest that Satterthwaite's formula
    can give.
    """
    of_bad, of_good = enterprise[defaulted], enterprise[~defaulted]
    most = int(enterprise.max()) + 1
    b = np.bincount(of_bad, departures[defaulted], most) / len(of_bad)
    g = np.bincount(of_good, departures[~defaulted], most) / len(of_good)
    i1, i0, i = (np.count_nonzero(np.bincount(some)) for some in (of_bad, of_good, enterprise))
    # sums rather than products of vectors: the linear algebra's threads wait for each other
    variance = (b * b).sum() * i1 / max(i1 - 1, 1) + (g * g).sum() * i0 / max(i0 - 1, 1)
    variance += 2 * (b * g).sum() * i / max(i - 1, 1)
    return float(np.sqrt(max(variance, 0))), int(min(i1, i0)) - 1
