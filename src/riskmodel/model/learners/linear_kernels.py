"""The compiled loop behind `linear`."""

import numpy as np

from riskmodel.features.kernels import kernel


@kernel
def on_curve(values, knots, shares, missing):
    """The shares of values: straight between the knots, level beyond, `missing` for NaN.

    What lies between two knots never leaves their shares, in the last bit either, so that a curve
    that rises does so everywhere.
    """
    out = np.empty(len(values))
    last = len(knots) - 1
    for row in range(len(values)):
        value = values[row]
        if np.isnan(value):
            out[row] = missing
        elif value <= knots[0]:
            out[row] = shares[0]
        elif value >= knots[last]:
            out[row] = shares[last]
        else:
            before, after = 0, last
            while after - before > 1:
                middle = (before + after) // 2
                if knots[middle] <= value:
                    before = middle
                else:
                    after = middle
            way = (value - knots[before]) / (knots[after] - knots[before])
            share = shares[before] + way * (shares[after] - shares[before])
            low, high = min(shares[before], shares[after]), max(shares[before], shares[after])
            out[row] = min(max(share, low), high)
    return out
