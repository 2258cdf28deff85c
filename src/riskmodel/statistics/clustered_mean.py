"""Means whose rows come in clusters, such as an enterprise's dates."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


def clustered_mean(values: Array, cluster: Ints) -> tuple[float, float]:
    """Compute the mean of the values, and its standard error where rows of a cluster go together.

    The squares of the clusters' summed departures from the mean (Liang and Zeger 1986), times
    n / (n - 1) for n clusters; infinite for a single one. `cluster`: a number a row.

    >>> mean, error = clustered_mean(np.array([1.0, 3.0, 2.0, 6.0]), np.array([0, 0, 1, 1]))
    >>> mean, round(error, 3)
    (3.0, 1.0)
    """
    mean = float(values.mean())
    departures = np.bincount(cluster, values - mean)
    n = int(np.count_nonzero(np.bincount(cluster)))
    if n < 2:
        return mean, float("inf")
    return mean, float(np.sqrt((departures**2).sum() * n / (n - 1)) / len(values))
