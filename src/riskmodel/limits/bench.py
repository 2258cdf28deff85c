"""Drawn books, and HiGHS's answer to them, for the benchmark."""

from typing import Any

import numpy as np

from riskmodel.limits.options import Options


def drawn_options(enterprises: int, *, seed: int, banks: int = 7, levels: int = 10) -> Options:
    """A book in which half of what would be profitable fits the banks' budgets and loss caps."""
    rng = np.random.default_rng(seed)
    cap = rng.lognormal(13.0, 1.0, size=(enterprises, 1, 1))
    limit = np.broadcast_to(
        cap * np.linspace(0.1, 1.0, levels), (enterprises, banks, levels)
    ).copy()
    pd_12m = rng.beta(1.0, 30.0, size=(enterprises, 1, 1)) * (0.5 + limit / cap)
    margin = rng.uniform(0.05, 0.09, size=(1, banks, 1))
    loss = 0.6 * pd_12m * limit
    used = np.stack([limit, loss])
    capacity = used[:, :, :, -1].sum(axis=1) / banks / 2
    return Options(margin * limit - loss - 500.0, used, np.ones(limit.shape, bool), capacity)


def linear_optimum(options: Options) -> float:
    """The optimum of the linear relaxation by HiGHS: no allocation is worth more."""
    from scipy.optimize import linprog
    from scipy.sparse import coo_array, vstack

    enterprises, banks, levels = options.value.shape
    columns = np.arange(options.value.size)
    owner = columns // (banks * levels)
    bank = columns // levels % banks
    one = coo_array((np.ones(columns.size), (owner, columns)))
    rows: list[Any] = [one]
    rows += [coo_array((use.ravel(), (bank, columns))) for use in options.uses]
    worth = np.where(options.allowed, np.maximum(options.value, 0.0), 0.0).ravel()
    most = np.concatenate([np.ones(enterprises), options.capacity.ravel()])
    found = linprog(-worth, A_ub=vstack(rows), b_ub=most, method="highs")
    return float(-found.fun)
