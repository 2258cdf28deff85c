"""Maturity of given labels: which were watched for long enough to say that nobody defaulted."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.datasets.table_days import MONTH, usual_span

MIN_OTHERS = 3
"""Rows without default of one date that say until when it was watched; of fewer one may be stray."""
MIN_TIMES = 5
"""Dated defaults of longer watched dates that tell the typical time to default."""
SIGNIFICANCE = 0.05
TYPICAL = 0.5
"""The share of the defaults that have come by the typical time: its definition as a median."""
TRIED_MONTHS = np.geomspace(0.25, 600, 120)
"""Mean times to default that are tried, from a week to fifty years."""
TRIED_FALLS = np.linspace(0, 1, 101)
"""Yearly falls of the default rate that are tried beside them, in logs."""

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class ShortWatch:
    """Rows of dates that were watched for less than the others' typical time to default.

    `short`: a flag a row. `text` says by which time, or why all dates may stay; "" where all were
    watched for as long.
    """

    short: pd.Series
    text: str


def is_horizon_over(
    outcomes: pd.DataFrame, bad: pd.Series, ends: pd.Series, min_share: float
) -> pd.Series:
    """Return which horizons were over by the end of the data, of rows watched that long.

    A default ends the watching, so it need not be watched on; and it may claim a whole horizon
    that is not over. So its date's horizon is over where that many of the date's others were
    watched to its end; where these are few, where the watch of the bulk of all others ended.
    """
    day = pd.Timedelta(days=1)
    last = watched_until(outcomes, bad, min_share)
    over: pd.Series = (ends <= last + day) & (bad | (ends <= outcomes["observed_until"] + day))
    return over


def watched_until(outcomes: pd.DataFrame, bad: pd.Series, min_share: float) -> pd.Series:
    """The day to which each row's date was watched, as its rows without default tell.

    The share `min_share` of them was watched to it, or half where that share is less than a row;
    of a date with hardly any, it is the day to which all dates' were usually watched.
    """
    alone = outcomes[~bad] if not bad.all() else outcomes
    days = alone["observed_until"].astype("datetime64[s]").astype("int64") // 86_400
    last = usual_span(np.asarray(days, np.int64), min_share)[1]
    by_date = days.groupby(alone["as_of"])
    size, middle = by_date.size(), by_date.quantile(0.5, interpolation="lower")
    bulk = by_date.quantile(1 - min_share, interpolation="higher")
    bulk = bulk.where(size * min_share >= 1, middle)[size >= MIN_OTHERS]
    found = outcomes["as_of"].map(bulk).astype(float).fillna(last)
    return pd.to_datetime(found, unit="D").astype("datetime64[us]")


def find_short_watch(rows: pd.DataFrame, horizon_months: int, min_share: float) -> ShortWatch:
    """Find the rows of dates whose watch is shorter than the others' typical time to default.

    `rows`: enterprise_id, as_of, observed_until, defaulted, defaulted_on (null where unknown). Where
    most defaults are dated, the typical time is the median of those of longer watched dates. Else it
    is where the default rate, as it rises with the watch, has come half its way, if it surely does
    rise; of a date watched for less than the horizon in force, if it rises at all.
    """
    days = (watched_until(rows, rows["defaulted"], min_share) - rows["as_of"]).dt.days + 1
    cohorts = rows["as_of"].dt.to_period("M")
    watch = days.groupby(cohorts).transform("median").astype(float)
    none = pd.Series(False, index=rows.index)
    if not rows["defaulted"].any() or watch.max() - watch.min() <= MONTH:
        return ShortWatch(none, "")
    times = (rows["defaulted_on"] - rows["as_of"]).dt.days[rows["defaulted"]]
    if times.notna().mean() > TYPICAL:
        return _short_by_times(watch, times.dropna())
    return _short_by_rates(rows, watch, horizon_months)


def _short_by_times(watch: pd.Series, times: pd.Series) -> ShortWatch:
    """Compare each watch with the median time to default of those watched for a month more."""
    owner = watch[times.index]
    typical = {
        length: float(longer.median())
        for length in watch.unique()
        if len(longer := times[owner > length + MONTH]) >= MIN_TIMES
    }
    short = watch < watch.map(typical).fillna(0)
    longest = max((typical[one] for one in watch[short].unique()), default=0.0)
    if not short.any():
        return ShortWatch(short, "every date was watched for the others' typical time to default")
    return ShortWatch(short, f"half of the others' defaults took {longest:,.0f} days or more")


def _short_by_rates(rows: pd.DataFrame, watch: pd.Series, horizon_months: int) -> ShortWatch:
    """Compare each watch with the time by which the default rate has come half its way."""
    owned = rows.assign(watch=watch).groupby(["watch", "enterprise_id"])["defaulted"].mean()
    by_watch = owned.groupby("watch").agg(["sum", "size"])
    length = by_watch.index.to_numpy(float)
    mean_days, p = fit_time_to_default(length, *by_watch.to_numpy(float).T)
    share = pd.Series(_seen(length, mean_days) / _seen(length.max(), mean_days), index=length)
    in_force = watch < horizon_months * 365 / 12
    short = (watch.map(share) < TYPICAL) & (in_force | (p < SIGNIFICANCE))
    if not short.any():
        text = f"dates watched for less do not surely default less for it (p {p:.2f}), so all stay"
        return ShortWatch(short, text)
    typical = -mean_days * np.log1p(-TYPICAL * _seen(length.max(), mean_days))
    return ShortWatch(
        short,
        f"default rates rise with the watch (p {p:.2g}), half of the way in {typical:,.0f} days",
    )


def fit_time_to_default(watch: Array, defaults: Array, enterprises: Array) -> tuple[float, float]:
    """Fit default rates that rise with the watch as exponential times to default make them.

    The likelihood is Poisson's, the level its best for each mean time. Returns the mean time in
    days (0: the rate does not rise) and the p-value of no rise, by likelihood ratio on the boundary;
    it is 1 where a rate that falls by the same share every year explains them better.
    """
    from scipy.stats import chi2

    def likelihood(shape: Array) -> float:
        return float(
            (defaults * np.log(shape)).sum() - defaults.sum() * np.log(enterprises @ shape)
        )

    means = [0.0, *(TRIED_MONTHS * 365 / 12)]
    found = [likelihood(_seen(watch, one)) for one in means]
    best = int(np.argmax(found))
    falls = max(likelihood(np.exp(yearly * watch / 365)) for yearly in TRIED_FALLS)
    if not best or found[best] <= falls:
        return means[best], 1.0
    return means[best], float(chi2.sf(2 * (found[best] - found[0]), 1) / 2)


def _seen(watch: Array | float, mean_days: float) -> Array:
    """The share of all defaults that come within the watch."""
    days = np.maximum(np.asarray(watch, float), 1.0)
    return -np.expm1(-days / mean_days) if mean_days else np.ones_like(days)
