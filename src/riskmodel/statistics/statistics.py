"""Statistics of a default model, each with its source; weights let a bootstrap reuse them."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.statistics.logistic import fit_logistic
from riskmodel.statistics.psi import (
    BINS,
    RARELY,
    assign_bins,
    bin_edges,
    chance_bound,
    rows_by_owner,
    stability_index,
)

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def auc(score: Array, defaulted: Array, weights: Array | None = None) -> float:
    """The probability that a defaulter scores above another; ties count half (Mann-Whitney U).

    NaN without both outcomes.
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
    """The largest distance between the two outcomes' distributions of the score."""
    w = np.ones(len(score)) if weights is None else weights
    order = np.argsort(score, kind="stable")
    s, y, w = score[order], defaulted[order].astype(float), w[order]
    ends = np.r_[s[1:] != s[:-1], True]
    bad, good = np.cumsum(w * y), np.cumsum(w * (1 - y))
    return float(np.abs(bad / bad[-1] - good / good[-1])[ends].max())


def brier(pd_12m: Array, defaulted: Array, weights: Array | None = None) -> float:
    """The mean squared distance between PD and outcome (Brier 1950)."""
    return float(np.average((pd_12m - defaulted) ** 2, weights=weights))


def log_loss(pd_12m: Array, defaulted: Array, weights: Array | None = None) -> float:
    """The mean of -log of the probability given to what happened."""
    p = np.clip(pd_12m, 1e-12, 1 - 1e-12)
    return float(-np.average(np.log(np.where(defaulted > 0, p, 1 - p)), weights=weights))


def calibration_ratio(pd_12m: Array, defaulted: Array, weights: Array | None = None) -> float:
    """Realised default rate over mean PD: 1 is right, above 1 the PDs are too low."""
    expected = np.average(pd_12m, weights=weights)
    return float(np.average(defaulted, weights=weights) / expected)


def calibration_slope(pd_12m: Array, defaulted: Array, weights: Array | None = None) -> float:
    """The slope of the outcome on the PD's log-odds (Cox 1958): 1 is right, below 1 the PDs lie
    too far apart."""
    p = np.clip(pd_12m, 1e-12, 1 - 1e-12)
    w = np.ones(len(p)) if weights is None else weights
    _, slopes = fit_logistic(np.log(p / (1 - p))[:, None], defaulted.astype(float), w)
    return float(slopes[0])


def jeffreys(defaults: float, rows: float, pd_12m: float) -> float:
    """p of "the applied PD is at least the true one": F_Beta(PD; D + 1/2, N - D + 1/2).

    ECB, Instructions for reporting the validation results of internal models (2019), 2.5.3.1.
    """
    from scipy.stats import beta

    return float(beta.cdf(pd_12m, defaults + 0.5, rows - defaults + 0.5))


def jeffreys_in_cycle(defaults: float, rows: float, pd_12m: float, correlation: float) -> float:
    """Jeffreys' p where one common factor moves all defaults of the year; at 0 it is `jeffreys`.

    The mean over Z ~ N(0, 1) of Jeffreys' p at Vasicek's p(Z) = Phi((Phi^-1(PD) + sqrt(rho) Z) /
    sqrt(1 - rho)), by Gauss-Hermite quadrature (Vasicek 2002).
    """
    from scipy.stats import beta, norm

    nodes, weights = np.polynomial.hermite_e.hermegauss(64)
    shifted = norm.ppf(pd_12m) + np.sqrt(correlation) * nodes
    given = norm.cdf(shifted / np.sqrt(1 - correlation))
    p = beta.cdf(given, defaults + 0.5, rows - defaults + 0.5)
    return float((weights * p).sum() / weights.sum())


def psi(expected: Array, actual: Array, *, bins: int = BINS) -> float:
    """Population stability: sum (a - e) ln(a / e) over the bins of `bin_edges`.

    Missing values are a bin of their own; half a row is added to every bin that there is.
    """
    places, count = _placed(expected, actual, bins)
    rows = [np.bincount(place, minlength=count).astype(float) for place in places]
    return stability_index(*rows)


def psi_bound(
    expected: Array, actual: Array, owners: tuple[pd.Series, pd.Series], *, p: float = RARELY
) -> float:
    """The PSI that is exceeded with probability p where nothing drifts (`chance_bound`).

    `owners`: the enterprise of each row of the two samples, which may share enterprises.
    """
    places, count = _placed(expected, actual, BINS)
    codes, unique = pd.factorize(pd.concat(owners, ignore_index=True))
    expected_rows, actual_rows = (
        rows_by_owner(owner, place, (len(unique), count))
        for owner, place in zip(np.split(codes, [len(expected)]), places, strict=True)
    )
    return chance_bound(expected_rows, actual_rows, p)


def _placed(expected: Array, actual: Array, bins: int) -> tuple[tuple[Ints, Ints], int]:
    """The bin of each value of both samples, and how many bins there may be."""
    edges = bin_edges(expected, bins)
    return (assign_bins(expected, edges), assign_bins(actual, edges)), len(edges) + 2


def draws_by_enterprise(enterprises: pd.Series, count: int, seed: int) -> list[Array]:
    """Bootstrap weights: enterprises drawn with replacement, all their rows with them."""
    codes, unique = pd.factorize(enterprises, sort=True)
    rng = np.random.default_rng(seed)
    return [
        np.bincount(rng.integers(len(unique), size=len(unique)), minlength=len(unique))[codes]
        .astype(float)
        for _ in range(count)
    ]  # fmt: skip


def interval(values: list[float], coverage: float = 0.95) -> tuple[float, float]:
    """The percentile interval of bootstrap values; NaN draws (one outcome only) are left out."""
    tail = (1 - coverage) / 2
    kept = [value for value in values if np.isfinite(value)]
    if not kept:
        return float("nan"), float("nan")
    low, high = np.quantile(kept, [tail, 1 - tail])
    return float(low), float(high)
