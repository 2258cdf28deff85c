"""Point in time: the rows of a table that each asked row may see; for features, the only place that decides it.

A version of a row is visible from its `known_at` until a later version is known, unless it is
taken back, and counts if its event lies before `as_of`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from riskmodel import months
from riskmodel.features import kernels
from riskmodel.features.encoded_table import (
    NEVER,
    Cache,
    Days,
    EncodedTable,
    Flags,
    Floats,
    Places,
    encode_numbers,
    meets,
    split_cents,
)
from riskmodel.features.spec import Condition, Measure, Where

Window = tuple[Places, Places]
Index = NDArray[np.int32]
Mask = tuple[Flags, Index]
Numbers = tuple[Floats, Index]
Money = tuple[NDArray[np.int64], Floats, Index]
Span = Literal["last", "before", "year", "lunar"]
YEAR = 12
_EPOCH = date(1970, 1, 1).toordinal()


@dataclass(frozen=True)
class EnterpriseDates:
    """The rows asked of a batch: an enterprise's number in it, and a date.

    `days` are the distinct dates (days since 1970), `day_starts` the instants at which they begin in
    the platform's zone (microseconds), `date` each pair's place among them. Sorted by enterprise.
    """

    enterprise: NDArray[np.int64]
    date: NDArray[np.int64]
    days: Days
    day_starts: NDArray[np.int64]
    timezone: str
    _cache: Cache = field(default_factory=Cache, repr=False, compare=False)

    @classmethod
    def of(cls, enterprise: NDArray[np.int64], as_of: Days, timezone: str) -> "EnterpriseDates":
        """Pairs of these enterprises' numbers and days."""
        days, dates = np.unique(as_of, return_inverse=True)
        day_starts = [_microseconds(day, timezone) for day in days.tolist()]
        return cls(enterprise, dates, days, np.array(day_starts, np.int64), timezone)

    def __len__(self) -> int:
        return len(self.enterprise)

    @property
    def as_of(self) -> Days:
        """Each pair's day."""
        return self.days[self.date]

    @property
    def day_start(self) -> NDArray[np.int64]:
        """The instant before which a row must be known."""
        return self.day_starts[self.date]

    def edges(self, back: int) -> NDArray[np.int32]:
        """The starts of the windows of 1 to `back` months: dates x months, days since 1970."""
        return self._cache(
            ("edges", back),
            lambda: np.stack([_shift_months(self.days, -n) for n in range(1, back + 1)], axis=1),
        )

    def start(self, back: int) -> Days:
        """Each pair's day so many months before."""
        return self._cache(("start", back), lambda: _shift_months(self.days, -back)[self.date])

    def lunar(self, back: int) -> tuple[Days, Days]:
        """The window of so many months, moved back by a lunar year: each pair's start and end."""
        return self._cache(("lunar", back), lambda: self._lunar(back))

    def at_month_start(self) -> "EnterpriseDates":
        """The same enterprises at the first day of each date's month; itself where it is that."""
        firsts = self.days.astype("datetime64[D]").astype("datetime64[M]").astype("datetime64[D]")
        if (firsts.astype(np.int32) == self.days).all():
            return self
        starts = firsts.astype(np.int32)[self.date]
        return self._cache(
            "months", lambda: EnterpriseDates.of(self.enterprise, starts, self.timezone)
        )

    def _lunar(self, back: int) -> tuple[Days, Days]:
        starts = _shift_months(self.days, -back)
        moved = np.array(
            [
                months.lunar_year_days(_day(start), _day(end))
                for start, end in zip(starts.tolist(), self.days.tolist(), strict=True)
            ],
            np.int32,
        )
        return (starts - moved)[self.date], (self.days - moved)[self.date]


class GroupSums(NamedTuple):
    """Each pair's groups, in the order of their first place: pair p's are `offsets[p]:offsets[p + 1]`.

    `sums` and `places` (the first place) are by group; `whole` is the sum over all rows with a
    group, by pair.
    """

    offsets: Places
    sums: Floats
    places: Index
    whole: Floats


@dataclass(frozen=True)
class VisibleRows:
    """The visible rows of every pair: `places` `first[p]:last[p]` are pair p's, by event.

    `seen` is each place's row in `rows`. `added` are columns that exist at a date only, by place:
    numbers, NaN for null, flags as 1 and 0, dates as days. A column is given with the index from
    places to its values: the row seen, or the place itself for what was added.
    """

    pairs: EnterpriseDates
    rows: EncodedTable
    seen: NDArray[np.int32]
    first: Places
    last: Places
    added: Mapping[str, Floats] = field(default_factory=dict)
    _cache: Cache = field(default_factory=Cache, repr=False, compare=False)

    @classmethod
    def of(cls, rows: EncodedTable, pairs: EnterpriseDates) -> "VisibleRows":
        """Return the rows of a table that the pairs see."""
        found = kernels.find_visible(
            rows.offsets, rows.known_at, rows.known_until, rows.event, pairs.enterprise, pairs.as_of,
            pairs.day_start,
        )  # fmt: skip
        return cls(pairs, rows, *found)

    def with_columns(self, added: Mapping[str, Floats]) -> "VisibleRows":
        """The view with columns that exist at a date only."""
        return replace(self, added={**self.added, **added}, _cache=Cache())

    def filter(self, keep: Flags) -> "VisibleRows":
        """The places that are kept, as a view of their own."""
        seen, first, last = kernels.filter_places(self.first, self.last, keep, self.seen)
        added = {name: values[keep] for name, values in self.added.items()}
        return VisibleRows(self.pairs, self.rows, seen, first, last, added)

    @property
    def own(self) -> Index:
        """Each place itself: the index of columns that stand by place."""
        return self._cache("own", lambda: np.arange(len(self.seen), dtype=np.int32))

    @property
    def event(self) -> Days:
        """The day on which each place's row happened."""
        return self._cache("event", lambda: kernels.gather(self.rows.event, self.seen))

    @property
    def as_of(self) -> Days:
        """Each place's date."""
        return self._cache("as_of", lambda: self.by_place(self.pairs.as_of))

    def by_place(self, values: NDArray[Any]) -> Any:
        """A pair's value at each of its places."""
        return kernels.repeat_by_pair(self.first, self.last, values, len(self.seen))

    def window(self, back: int, which: Span = "last") -> Window:
        """The first place of a window of so many months, and the one after its last.

        `which` says where it lies: the last months, those before them, the same months a year
        before, or the same days a lunar year before. 0 months are all that is visible.
        """
        if back == 0:
            return self.first, self.last
        return self._cache(("window", back, which), lambda: self._window(back, which))

    def _window(self, back: int, which: Span) -> Window:
        pairs = self.pairs
        if which == "last":
            return self.place_of(pairs.start(back)), self.last
        if which == "before":
            return self.place_of(pairs.start(2 * back)), self.window(back)[0]
        if which == "year":
            return self.place_of(pairs.start(YEAR + back)), self.place_of(pairs.start(YEAR))
        start, end = pairs.lunar(back)
        return self.place_of(start), self.place_of(end)

    def place_of(self, start: Days) -> Places:
        """Each pair's first place on or after its day."""
        return kernels.first_since(self.first, self.last, self.event, start)

    def mask(self, where: Where) -> Mask:
        """Return which rows, or places, meet all the conditions."""
        return self._cache(("keep", where), lambda: self._mask(where))

    def number(self, name: str) -> Numbers:
        """A column as numbers, NaN for null."""
        if name in self.added:
            return self.added[name], self.own
        return self.rows.number(name), self.seen

    def numbers(self, name: str) -> Floats:
        """A column as numbers by place, NaN for null."""
        return self._cache(("number", name), lambda: kernels.gather(*self.number(name)))

    def cents(self, name: str) -> Money:
        """A column as whole cents and the rest of them; null is nothing."""
        if name in self.added:
            cents, rest = self._cache(("cents", name), lambda: split_cents(self.added[name]))
            return cents, rest, self.own
        return (*self.rows.cents(name), self.seen)

    def days(self, name: str) -> tuple[Days, Index]:
        """A column of dates, `NEVER` for null."""
        if name in self.added:
            given = np.where(np.isnan(self.added[name]), NEVER, self.added[name])
            return given.astype(np.int32), self.own
        return self.rows.days(name), self.seen

    def local_codes(self, name: str) -> tuple[Index, Index, int]:
        """A column as codes within each enterprise, -1 for null; how many there are at most."""
        if name in self.added:
            codes, values = self._cache(("ranked", name), lambda: encode_numbers(self.added[name]))
            return codes, self.own, max(len(values), 1)
        codes, most = self.rows.local_codes(name)
        return codes, self.seen, most

    def count(self, where: Where, back: int) -> Floats:
        """Count the rows of the last months that meet the conditions."""
        key = ("count", where, back)
        return self._cache(key, lambda: kernels.count_rows(*self.window(back), *self.mask(where)))

    def sum(self, name: str, where: Where, back: int, which: Span = "last") -> Floats:
        """The sum of a column over the rows of a window that meet the conditions."""
        return self._cache(
            ("sum", name, where, back, which),
            lambda: kernels.sum_values(
                *self.window(back, which), *self.mask(where), *self.cents(name)
            ),
        )

    def groups(self, measure: Measure) -> GroupSums:
        """The sums of the measure's column by the groups of another."""
        key = ("groups", measure.column, measure.by, measure.where, measure.months)
        return self._cache(
            key,
            lambda: GroupSums(*kernels.sum_by_group(
                *self.window(measure.months), *self.mask(measure.where),
                *self.local_codes(measure.by), *self.cents(measure.column),
            )),
        )  # fmt: skip

    def words(self, name: str, places: Places) -> pa.Array:
        """The text of a column at these places; null where the place is below 0."""
        codes, words = self.rows.codes(name)
        found = np.where(places < 0, -1, codes[self.seen[places]]) if len(self.seen) else places
        return words.take(pa.array(found, mask=found < 0))

    def monthly(self, measure: Measure, back: int) -> tuple[Floats, NDArray[np.int32]]:
        """Totals and counts of the months before, newest first: pairs x months."""
        key = ("monthly", measure.column, measure.where, back)
        return self._cache(key, lambda: self._monthly(measure, back))

    def _monthly(self, measure: Measure, back: int) -> tuple[Floats, NDArray[np.int32]]:
        nothing = (np.empty(0, np.int64), np.empty(0), self.seen)
        money = self.cents(measure.column) if measure.column else nothing
        return kernels.sum_by_month(
            self.first, self.last, *self.mask(measure.where), self.event, self.pairs.date,
            self.pairs.edges(back), *money,
        )  # fmt: skip

    def _mask(self, where: Where) -> Mask:
        fixed = tuple(condition for condition in where if not self._depends_on_date(condition))
        rows = self.rows.mask(fixed)
        if len(fixed) == len(where):
            return rows, self.seen
        keep = kernels.gather(rows, self.seen)
        for condition in where:
            if self._depends_on_date(condition):
                keep &= self._mask_at_date(condition)
        return keep, self.own

    def _depends_on_date(self, condition: Condition) -> bool:
        """Return true where the condition depends on the date."""
        return condition.operator == "open" or condition.column in self.added

    def _mask_at_date(self, condition: Condition) -> Flags:
        if condition.operator == "open":
            return np.asarray(kernels.gather(*self.days(condition.column)) >= self.as_of)
        return meets(self.added[condition.column], condition)


def _shift_months(days: Days, back: int) -> Days:
    moved = months.shifted_days(pd.Series(days.astype("datetime64[D]")), back)
    return moved.to_numpy().astype("datetime64[D]").astype(np.int32)


def _day(number: int) -> date:
    return date.fromordinal(number + _EPOCH)


def _microseconds(number: int, timezone: str) -> int:
    return int(months.day_start(_day(number), timezone).timestamp()) * 1_000_000
