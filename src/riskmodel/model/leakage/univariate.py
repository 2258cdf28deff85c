"""Univariate tests: the AUC of one column, and its regions of near-certain default."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.features.ranking import COVERAGE
from riskmodel.statistics.discrimination import clustered_auc
from riskmodel.statistics.low_default import jeffreys_quantiles
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
MIN_GROUP_ROWS = 5
"""Smaller groups are no region."""
TAIL_STEPS = 20
"""Number of sizes of each tail that are tried."""


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


@dataclass(frozen=True)
class Region:
    """Rows that stand out by one column's value, with their default rate and its interval.

    `rows` and `defaults` count an enterprise once, however many dates it is there on; `odds` is
    how many times the odds of default in the region are those outside it, at the least: both
    rates at the less telling end of Jeffreys' interval.
    """

    where: str
    rows: float
    defaults: float
    low: float
    high: float
    odds: float

    @property
    def rate(self) -> float:
        """The default rate of the region."""
        return self.defaults / self.rows


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


def find_purest_region(
    values: pd.Series, labelled: LabelledRows, min_defaults: int
) -> Region | None:
    """Find the region with the highest rate, the largest of equals, that holds `min_defaults` defaults."""
    found = [
        (where, inside)
        for where, inside in _regions(values, labelled, min_defaults)
        if not inside.all()
    ]
    if not found:
        return None
    standing = [(float(labelled.bad[inside].mean()), int(inside.sum())) for _, inside in found]
    best = max(standing)
    # Equals differ in whose rows they are: that of the most enterprises stands for them.
    equal = [
        _measure_region(where, inside, labelled)
        for (where, inside), own in zip(found, standing, strict=True)
        if own == best
    ]
    region = max(equal, key=lambda one: (one.defaults, one.rows))
    return region if region.defaults >= min_defaults else None


def _regions(
    values: pd.Series, labelled: LabelledRows, min_defaults: int
) -> Iterator[tuple[str, Flags]]:
    """Regions with at least so many defaults: missing, there, tails, and the worst groups."""
    missing = values.isna().to_numpy(bool)
    for where, inside in (("where it is missing", missing), ("where it is there", ~missing)):
        if (inside & labelled.bad).sum() >= min_defaults:
            yield where, inside
    yield from _worst_groups(group_values(values), labelled, min_defaults)
    plain = to_numbers(values)
    if plain is not None:
        yield from _tails(plain, labelled, min_defaults)


def _worst_groups(
    group: Ints, labelled: LabelledRows, min_defaults: int
) -> Iterator[tuple[str, Flags]]:
    """The groups of the highest rates together, as soon as they hold enough defaults."""
    rows, bad = np.bincount(group), np.bincount(group, labelled.bad)
    order = np.argsort(-bad / np.maximum(rows, 1), kind="stable")
    order = order[rows[order] >= MIN_GROUP_ROWS]
    enough = np.flatnonzero(np.cumsum(bad[order]) >= min_defaults)
    if len(enough) and enough[0] < len(order) - 1:
        worst = order[: enough[0] + 1]
        of = int((rows > 0).sum())
        yield f"in {len(worst)} of {of} groups of its values", np.isin(group, worst)


def _tails(plain: Floats, labelled: LabelledRows, min_defaults: int) -> Iterator[tuple[str, Flags]]:
    """The smallest tails that hold so many defaults, from `min_defaults` to all of them."""
    with np.errstate(invalid="ignore"):
        for where, turned in (("in its upper tail", -plain), ("in its lower tail", plain)):
            of_bad = np.sort(turned[labelled.bad & ~np.isnan(turned)])
            if len(of_bad) < min_defaults:
                continue
            sizes = np.unique(np.linspace(min_defaults, len(of_bad), TAIL_STEPS).astype(int))
            for edge in np.unique(of_bad[sizes - 1]):
                yield where, turned <= edge


def _measure_region(where: str, inside: Flags, labelled: LabelledRows) -> Region:
    rows, defaults = _count_enterprises(inside, labelled)
    others, others_bad = _count_enterprises(~inside, labelled)
    low, high = jeffreys_quantiles(defaults, rows)
    outside = jeffreys_quantiles(others_bad, others)[1]
    odds = low / (1 - low) / (outside / (1 - outside))
    return Region(where, rows, defaults, low, 1.0 if defaults == rows else high, odds)


def _count_enterprises(inside: Flags, labelled: LabelledRows) -> tuple[float, float]:
    """Enterprises inside, and their share of defaults: each counts once."""
    rows = np.bincount(labelled.enterprise[inside])
    bad = np.bincount(labelled.enterprise[inside], labelled.bad[inside], minlength=len(rows))
    own = rows > 0
    return float(own.sum()), float((bad[own] / rows[own]).sum())
