"""The aggregates: one function each, from a view and a measure to a value for every pair.

A new one is one function here with its name in `AGGREGATES`, and a word in `language`. Values are
numbers, NaN where missing; of `TEXT_KINDS` Arrow texts, null where missing.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from riskmodel.features import kernels, monthly
from riskmodel.features.encoded_table import Floats, Places
from riskmodel.features.point_in_time import Span, VisibleRows, Window
from riskmodel.features.spec import Measure

MONTH_DAYS = 30.4375
MILLION = 1e6

Aggregate = Callable[[VisibleRows, Measure], Floats | pa.Array]


def count(view: VisibleRows, m: Measure) -> Floats:
    """Rows."""
    return view.count(m.where, m.months)


def total(view: VisibleRows, m: Measure) -> Floats:
    """The sum; 0 where there is no row."""
    return view.sum(m.column, m.where, m.months)


def total_if_any(view: VisibleRows, m: Measure) -> Floats:
    """The sum; missing where no row has a value."""
    return np.where(_values(view, m) > 0, total(view, m), np.nan)


def mean(view: VisibleRows, m: Measure) -> Floats:
    """The mean of the values that are there."""
    return _over(view.sum(m.column, m.where, m.months), _values(view, m))


def largest(view: VisibleRows, m: Measure) -> Floats:
    """The largest value."""
    return _largest(view, m, 1.0)


def smallest(view: VisibleRows, m: Measure) -> Floats:
    """The smallest value."""
    return -_largest(view, m, -1.0)


def distinct(view: VisibleRows, m: Measure) -> Floats:
    """Count different values."""
    return kernels.count_distinct(
        *view.window(m.months), *view.mask(m.where), *view.local_codes(m.column)
    )


def share(view: VisibleRows, m: Measure) -> Floats:
    """Rows that meet the condition over all rows."""
    met = view.count((*m.where, *m.condition), m.months)
    return _over(met, view.count(m.where, m.months))


def value_share(view: VisibleRows, m: Measure) -> Floats:
    """The sum over rows that meet the condition, over the whole sum."""
    met = view.sum(m.column, (*m.where, *m.condition), m.months)
    return _over(met, view.sum(m.column, m.where, m.months))


def months_since_last(view: VisibleRows, m: Measure) -> Floats:
    """Months since the newest row."""
    return _months_since(view, newest(view, m))


def months_since_first(view: VisibleRows, m: Measure) -> Floats:
    """Months since the oldest row."""
    return _months_since(view, kernels.first_place(*view.window(m.months), *view.mask(m.where)))


def lag(view: VisibleRows, m: Measure) -> Floats:
    """Mean days from a row's event to the date in the column."""
    return kernels.mean_lag(
        *view.window(m.months),
        *view.mask(m.where),
        *view.days(m.column),
        view.event,
        view.pairs.as_of,
    )


def latest(view: VisibleRows, m: Measure) -> Floats:
    """The value in the newest row."""
    places = newest(view, m)
    return _at(*view.number(m.column), places)


def months_from(view: VisibleRows, m: Measure) -> Floats:
    """Months from the date in the newest row."""
    return (view.pairs.as_of - latest(view, m)) / MONTH_DAYS


def category(view: VisibleRows, m: Measure) -> pa.Array:
    """The text in the newest row."""
    return view.words(m.column, newest(view, m))


def newest(view: VisibleRows, m: Measure) -> Places:
    """The place of each pair's newest row, -1 where it has none."""
    return kernels.last_place(*view.window(m.months), *view.mask(m.where))


def top_share(view: VisibleRows, m: Measure) -> Floats:
    """The largest group's part of the sum."""
    return kernels.largest_share(*_sums(view, m))


def herfindahl(view: VisibleRows, m: Measure) -> Floats:
    """The sum of squared shares of the groups."""
    return kernels.sum_squared_shares(*_sums(view, m))


def top_group(view: VisibleRows, m: Measure) -> pa.Array:
    """The text of the group with the largest sum."""
    groups = view.groups(m)
    # in whole millionths: sums of decimals that are equal must not differ by how they were added
    sums = np.rint(groups.sums * MILLION)
    ranks = view.rows.ranks(m.by)[view.seen[groups.places]]
    return view.words(m.by, kernels.largest_group(groups.offsets, sums, groups.places, ranks))


def new_share(view: VisibleRows, m: Measure) -> Floats:
    """The part of the sum with groups that no row before the window has."""
    window = view.window(m.months)
    return _share_not_met(view, m, window, (view.first, window[0]))


def lost_share(view: VisibleRows, m: Measure) -> Floats:
    """The part of the sum of the window before with groups that no row of this window has."""
    return _share_not_met(view, m, view.window(m.months, "before"), view.window(m.months))


def growth(view: VisibleRows, m: Measure) -> Floats:
    """The window against the one before."""
    return _change(view, m, "before")


def growth_on_year(view: VisibleRows, m: Measure) -> Floats:
    """The window against the same months of the year before."""
    return _change(view, m, "year")


def growth_on_lunar_year(view: VisibleRows, m: Measure) -> Floats:
    """The window against the same days of the lunar year before."""
    return _change(view, m, "lunar")


def months_active(view: VisibleRows, m: Measure) -> Floats:
    """In how many of the window's months there is a row."""
    return monthly.months_with_rows(view.monthly(m, m.months)[1], m.months)


def longest_gap(view: VisibleRows, m: Measure) -> Floats:
    """The longest run of the window's months without a row."""
    return monthly.longest_gap(view.monthly(m, m.months)[1], m.months)


def volatility(view: VisibleRows, m: Measure) -> Floats:
    """Standard deviation of the monthly totals over their mean."""
    return monthly.variation(*_months(view, m))


def trend(view: VisibleRows, m: Measure) -> Floats:
    """Least-squares slope of the monthly totals over their mean."""
    return monthly.relative_slope(*_months(view, m))


def peak_share(view: VisibleRows, m: Measure) -> Floats:
    """The largest month's part of the window's sum."""
    return monthly.peak_share(*_months(view, m))


AGGREGATES: dict[str, Aggregate] = {
    one.__name__: one
    for one in (
        count, total, total_if_any, mean, largest, smallest, distinct, share, value_share, months_since_last,
        months_since_first, lag, latest, category, months_from, top_share, top_group, herfindahl,
        new_share, lost_share, growth, growth_on_year, growth_on_lunar_year, months_active,
        longest_gap, volatility, trend, peak_share,
    )
}  # fmt: skip
"""Every aggregate by its kind; `exchange_rate` is the engine's own."""


def _months(view: VisibleRows, m: Measure) -> tuple[Floats, Floats, int]:
    """The totals of the window's months, newest first, their sum, and how many they are."""
    return view.monthly(m, m.months)[0], view.sum(m.column, m.where, m.months), m.months


def _sums(view: VisibleRows, m: Measure) -> tuple[Places, Floats, Floats]:
    """The groups' offsets and sums, and the sum over all of them."""
    groups = view.groups(m)
    return groups.offsets, groups.sums, groups.whole


def _over(upper: Floats, lower: Floats) -> Floats:
    """A quotient, NaN where the lower one is 0."""
    out = np.full(len(upper), np.nan)
    return np.divide(upper, lower, out=out, where=lower != 0)


def _change(view: VisibleRows, m: Measure, then: Span) -> Floats:
    new = view.sum(m.column, m.where, m.months)
    old = view.sum(m.column, m.where, m.months, then)
    return _over(new - old, (np.abs(new) + np.abs(old)) / 2)


def _months_since(view: VisibleRows, places: Places) -> Floats:
    return (view.pairs.as_of - _at(view.event, view.own, places)) / MONTH_DAYS


def _at(values: NDArray[Any], on: NDArray[np.int32], places: Places) -> Floats:
    """The values at these places, NaN where there is none."""
    out = np.full(len(places), np.nan)
    out[places >= 0] = values[on[places[places >= 0]]]
    return out


def _values(view: VisibleRows, m: Measure) -> Floats:
    """The number of rows with a value."""
    return kernels.count_values(*view.window(m.months), *view.mask(m.where), *view.number(m.column))


def _largest(view: VisibleRows, m: Measure, sign: float) -> Floats:
    return kernels.max_value(
        *view.window(m.months), *view.mask(m.where), *view.number(m.column), sign
    )


def _share_not_met(view: VisibleRows, m: Measure, window: Window, other: Window) -> Floats:
    """The part of a window's sum with groups that have no row in the other window."""
    return kernels.share_of_other_groups(
        *window, *other, *view.mask(m.where), *view.local_codes(m.by), *view.cents(m.column)
    )
