"""Compiled loops over monthly totals: an array of pairs x months, the newest month first.

`sums` are the exact sums of the months: added up here, totals that cancel out would leave a rest.
"""

import numpy as np

from riskmodel.features.kernels import kernel


@kernel
def months_with_rows(counts, months):
    """In how many of the months there are rows."""
    out = np.empty(len(counts))
    for p in range(len(counts)):
        out[p] = (counts[p, :months] > 0).sum()
    return out


@kernel
def longest_gap(counts, months):
    """The longest run of months without rows; NaN where there are no rows at all."""
    out = np.empty(len(counts))
    for p in range(len(counts)):
        run, longest = 0, 0
        for month in range(months):
            run = 0 if counts[p, month] > 0 else run + 1
            longest = max(longest, run)
        out[p] = longest if longest < months else np.nan
    return out


@kernel
def variation(totals, sums, months):
    """Standard deviation (n) over the mean; NaN where the mean is not above 0."""
    out = np.full(len(totals), np.nan)
    for p in range(len(totals)):
        mean = sums[p] / months
        if mean > 0:
            squares = 0.0
            for month in range(months):
                squares += (totals[p, month] - mean) ** 2
            out[p] = np.sqrt(squares / months) / mean
    return out


@kernel
def relative_slope(totals, sums, months):
    """Least-squares slope a month over the mean; NaN where the mean is not above 0."""
    out = np.full(len(totals), np.nan)
    middle = (months - 1) / 2
    for p in range(len(totals)):
        mean = sums[p] / months
        if mean > 0:
            upper, lower = 0.0, 0.0
            for month in range(months):
                time = middle - month
                upper += time * totals[p, month]
                lower += time**2
            out[p] = upper / lower / mean if lower > 0 else np.nan
    return out


@kernel
def peak_share(totals, sums, months):
    """The largest month over the sum; NaN where the sum is not above 0."""
    out = np.full(len(totals), np.nan)
    for p in range(len(totals)):
        if sums[p] > 0:
            out[p] = totals[p, :months].max() / sums[p]
    return out
