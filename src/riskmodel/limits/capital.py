"""Basel capital: the risk weight of a small firm at a PD."""

import numpy as np
from numpy.typing import NDArray

from riskmodel.limits.policy import Capital

Floats = NDArray[np.float64]


def risk_weight(pd_12m: Floats, capital: Capital) -> Floats:
    """Return the risk weight of exposures to corporates, with the small-firm correction.

    Basel Committee, "Basel III: finalising post-crisis reforms" (2017), paragraphs 53-54; no 1.06
    scaling. 51 % at a PD of 1 %, 74 % at 3 %, 88 % at 5 %, 118 % at 10 % for LGD .40, one year
    and sales of 5 million EUR.

    >>> terms = Capital(lgd=0.4, maturity_years=1.0, sales_million_eur=5.0, min_pd=0.0005)
    >>> risk_weight(np.array([0.01, 0.05]), terms).round(2).tolist()
    [0.51, 0.88]
    """
    from scipy.special import ndtr, ndtri

    default = np.clip(pd_12m, capital.min_pd, 1 - 1e-9)
    asset = _asset_correlation(default, capital.sales_million_eur)
    stressed = (ndtri(default) + np.sqrt(asset) * ndtri(0.999)) / np.sqrt(1 - asset)
    unexpected = capital.lgd * (ndtr(stressed) - default)
    weight: Floats = 12.5 * unexpected * _maturity_factor(default, capital.maturity_years)
    return weight


def _asset_correlation(default: Floats, sales_million_eur: float) -> Floats:
    fall = (1 - np.exp(-50 * default)) / (1 - np.exp(-50))
    small_firm = 0.04 * (1 - (sales_million_eur - 5) / 45)
    correlation: Floats = 0.12 * fall + 0.24 * (1 - fall) - small_firm
    return correlation


def _maturity_factor(default: Floats, years: float) -> Floats:
    slope = (0.11852 - 0.05478 * np.log(default)) ** 2
    factor: Floats = (1 + (years - 2.5) * slope) / (1 - 1.5 * slope)
    return factor
