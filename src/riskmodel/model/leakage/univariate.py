"""Univariate tests: how one column ranks alone, and its groups of values."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.features.ranking import COVERAGE
from riskmodel.statistics.discrimination import clustered_auc
from riskmodel.statistics.psi import assign_bins, bin_edges

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

MAX_VALUES = 50
"""A number with more values than this is cut into bins of equal counts, shared values apart."""
BINS = 20
PRIOR = 5.0
"""Rows at the mean rate that every group of values is given, so that a small one claims little."""
MIN_DATE_SHARE = 0.99
"""Share of a column's values that must be dates for it to be one of dates."""
FORMATS = {"text": ("%Y-%m-%d", "%Y-%m"), "number": ("%Y%m%d", "%Y%m")}
"""Formats of dates in tables of numbers and texts."""
DATE_RANGE = pd.Timestamp(1950, 1, 1), pd.Timestamp(2100, 1, 1)


@dataclass(frozen=True)
class LabelledRows:
    """Rows with a known outcome: default flags, enterprises as numbers, and folds by enterprise."""

    bad: Flags
    enterprise: Ints
    fold: Ints

    @property
    def rate(self) -> float:
        """The share of the rows that defaulted."""
        return float(self.bad.mean())


@dataclass(frozen=True)
class UnivariateRanking:
    """The ranking by one column: a score that rises with the risk, its AUC and the AUC's
    interval by enterprise."""

    score: Floats
    auc: float
    low: float
    high: float


def to_numbers(values: pd.Series) -> Floats | None:
    """Return the column as numbers, missing as NaN; None for a text."""
    if not (pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values)):
        return None
    return np.asarray(values.to_numpy(float, na_value=np.nan), dtype=float)


def days_after(values: pd.Series, as_of: pd.Series) -> pd.Series | None:
    """Return a column of dates (numbers or texts) as days after `as_of`; None for any other."""
    plain, there = to_numbers(values), values.notna()
    if not there.any():
        return None
    if plain is None:
        words, formats = values[there].astype(str), FORMATS["text"]
    elif (plain[there] % 1 == 0).all():
        words, formats = values[there].astype("int64").astype(str), FORMATS["number"]
    else:
        return None
    for form in formats:
        dates = pd.to_datetime(words, format=form, errors="coerce")
        if dates.between(*DATE_RANGE).mean() >= MIN_DATE_SHARE:
            days = (dates - as_of[there]).dt.days
            return days.astype(float).reindex(values.index)
    return None


def group_values(values: pd.Series) -> Ints:
    """Assign each row a group: 0 for missing, then one a value, or one a bin of many values."""
    plain = to_numbers(values)
    if plain is None or values.nunique() <= MAX_VALUES:
        return np.asarray(pd.factorize(values, sort=True)[0] + 1, dtype=np.int64)
    there = ~np.isnan(plain)
    places = assign_bins(plain, bin_edges(plain, BINS))
    return np.where(there, places + 1, 0).astype(np.int64)


def rank_univariate(values: pd.Series, labelled: LabelledRows) -> UnivariateRanking:
    """Find the column's best ranking: as it stands or reversed, by being missing,
    or by the default rates of its groups in other folds."""
    tried = [
        (clustered_auc(score, labelled.bad, labelled.enterprise), score)
        for score in _scores(values, labelled)
    ]
    best, score = max(tried, key=lambda one: max(one[0].auc, 1 - one[0].auc))
    turned = best.auc < 0.5
    auc = 1 - best.auc if turned else best.auc
    reach = _student_quantile(best.freedom) * best.error if best.freedom else np.nan
    return UnivariateRanking(
        -score if turned else score, auc, max(auc - reach, 0.0), min(auc + reach, 1.0)
    )


def _scores(values: pd.Series, labelled: LabelledRows) -> Iterator[Floats]:
    plain, missing = to_numbers(values), values.isna().to_numpy(bool)
    if plain is not None and not missing.all():
        yield np.where(missing, np.median(plain[~missing]), plain)
    if missing.any():
        yield missing.astype(float)
    yield _out_of_fold_rates(group_values(values), labelled)


def _out_of_fold_rates(group: Ints, labelled: LabelledRows) -> Floats:
    """The default rate of each row's group among the other folds' rows, drawn to the mean rate."""
    most, rates = int(group.max()) + 1, np.empty(len(group))
    for k in np.unique(labelled.fold):
        other = labelled.fold != k
        count = np.bincount(group[other], minlength=most) + PRIOR
        bad = np.bincount(group[other & labelled.bad], minlength=most) + PRIOR * labelled.rate
        rates[~other] = (bad / count)[group[~other]]
    return rates


def _student_quantile(freedom: int) -> float:
    from scipy.stats import t

    return float(t.ppf((1 + COVERAGE) / 2, freedom))
