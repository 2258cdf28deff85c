"""The last day that a source answers for, what is known only later, and what has fallen silent."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from riskmodel.datasets.table_days import Days, TableDays, table_days, timestamp, usual_span
from riskmodel.errors import DataError, SettingsError
from riskmodel.settings import DatasetsSettings
from riskmodel.sources import Source
from riskmodel.tables.canonical import CANONICAL, HISTORY

LEAST_DAYS = 12
"""Rows of fewer days than a year has months do not tell how often a table has new ones."""

TWO = 2
"""Of so few tables the longer one answers: the other may have fallen silent."""


@dataclass(frozen=True)
class LastDay:
    """The last day that the bulk of every table answers for.

    `late` are rows that became known on that day or later: table, rows, days (of the last one
    after the day). `silent` are tables without a new row for longer than usual and the grace:
    table, last_event. The data tell of the days from `begins` to `ends`, at which a run may be
    made.
    """

    day: date
    late: pd.DataFrame
    silent: pd.DataFrame
    begins: date
    ends: date

    def words(self) -> Iterator[str]:
        """A line for each table with stragglers, and for each that has fallen silent."""
        for row in self.late.itertuples():
            yield (
                f"{row.table}: {row.rows:,} rows became known on {self.day} or later, the last"
                f" {row.days} days after; they do not count"
            )
        for row in self.silent.itertuples():
            yield (
                f"{row.table}: no new rows since {row.last_event:%Y-%m-%d}, longer than usual;"
                " features of it are missing or empty"
            )


@dataclass(frozen=True)
class _Feed:
    """A table that has new rows again and again.

    `last` is its last event, `punctual` the last day on which its rows became known as usual, both
    without strays; `age` is how old its newest known row usually is at most at the start of a day.
    """

    last: int
    punctual: int
    age: int

    @property
    def answers(self) -> int:
        """The last day on which the newest row is not older than usual."""
        return self.last + self.age


def last_day(source: Source, settings: DatasetsSettings, kind: str) -> LastDay:
    """The last day that the data answer for, for a kind of population.

    For given labels it is their newest date that is no stray. Otherwise the start of the last day
    on which at least half of the tables look as they did before: the newest row known is no older
    than in the share `settings.as_of_dates.lag_quantile` of the days before, and not later than the day after rows
    last became known with a lag that the same share of the table's rows does not exceed.
    """
    days = {
        name: found
        for name in source.tables
        if CANONICAL[name].timed and len((found := table_days(source, name)).known)
    }
    if not days:
        raise DataError("the source: no rows with known_at, so no last day. Name run.as_of.")
    feeds = {name: feed for name, one in days.items() if (feed := _feed(one, settings))}
    until = (
        max(usual_span(one.known, settings.as_of_dates.min_month_share)[1] for one in days.values())
        + 1
    )
    day = _last_label(source, settings) if kind == "outcomes" else _answered_days(feeds, until)
    return LastDay(
        day=timestamp(day).date(),
        late=_late(days, day),
        silent=_silent(feeds, day, settings.as_of_dates.max_data_age_days),
        begins=_begins(source, settings, kind, days),
        ends=timestamp(
            max(day, _watched_days(source, settings, until)) if kind == "outcomes" else day
        ).date(),
    )


def refuse_outside(as_of: date, found: LastDay, grace_days: int) -> None:
    """Raise `SettingsError` for a run's date before the data begin, or beyond their end and the
    grace."""
    beyond = (as_of - found.ends).days
    if beyond > grace_days:
        raise SettingsError(
            f"run.as_of: {as_of} is {beyond:,} days after the data's end ({found.ends}), where at"
            f" most {grace_days} may be (datasets.as_of_dates.max_data_age_days). Name an earlier day, or bring newer"
            " data."
        )
    if as_of < found.begins:
        raise SettingsError(
            f"run.as_of: {as_of} is before the data begin ({found.begins}). Name a later day, or"
            " bring older data."
        )


def _feed(days: TableDays, settings: DatasetsSettings) -> _Feed | None:
    if len(np.unique(days.event)) < LEAST_DAYS:
        return None
    last = usual_span(days.event, settings.as_of_dates.min_month_share)[1]
    inside = days.event <= last
    event, known, lag = days.event[inside], days.known[inside], days.lag[inside]
    prompt = known[
        lag <= np.quantile(lag, settings.as_of_dates.lag_quantile, method="inverted_cdf")
    ]
    punctual = usual_span(prompt, settings.as_of_dates.min_month_share)[1]
    return _Feed(
        last, punctual, _usual_age(event, known, punctual, settings.as_of_dates.lag_quantile)
    )


def _usual_age(event: Days, known: Days, punctual: int, bulk: float) -> int:
    """Return the age that the newest known row did not exceed at the start of so many of the days."""
    order = np.argsort(known, kind="stable")
    known, newest = known[order], np.maximum.accumulate(event[order])
    starts = np.arange(known[0] + 1, punctual + 2)
    ages = starts - newest[np.searchsorted(known, starts) - 1]
    return int(np.quantile(ages, bulk, method="inverted_cdf"))


def _answered_days(feeds: dict[str, _Feed], until: int) -> int:
    if not feeds:
        return until
    answers = sorted(feed.answers for feed in feeds.values())
    middle = answers[(len(answers) - 1) // 2] if len(answers) > TWO else answers[-1]
    return min(middle, 1 + max(feed.punctual for feed in feeds.values()))


def _last_label(source: Source, settings: DatasetsSettings) -> int:
    return usual_span(_label_days(source, "as_of"), settings.as_of_dates.min_month_share)[1]


def _watched_days(source: Source, settings: DatasetsSettings, until: int) -> int:
    """The day after the last of which the data tell, labels among them, without stragglers."""
    watched = usual_span(
        _label_days(source, "observed_until"), settings.as_of_dates.min_month_share
    )[1]
    return max(until, 1 + watched)


def _label_days(source: Source, column: str) -> Days:
    days = source.frame("outcomes")[column].to_numpy().astype("datetime64[D]").astype(np.int64)
    if not len(days):
        raise DataError("outcomes: no rows, so nothing to learn from. Bring labels.")
    return days


def _begins(
    source: Source, settings: DatasetsSettings, kind: str, days: dict[str, TableDays]
) -> date:
    """The first day on which a run has anything to go by."""
    if kind == "outcomes":
        first = usual_span(_label_days(source, "as_of"), settings.as_of_dates.min_month_share)[0]
    else:
        known = [days[name].known for name in (days.keys() & set(HISTORY)) or days]
        first = 1 + min(usual_span(one, settings.as_of_dates.min_month_share)[0] for one in known)
    return timestamp(first).date()


def _late(days: dict[str, TableDays], day: int) -> pd.DataFrame:
    late = {name: one.known[one.known >= day] - day for name, one in days.items()}
    rows = [(name, len(after), int(after.max())) for name, after in late.items() if len(after)]
    return pd.DataFrame(rows, columns=["table", "rows", "days"])


def _silent(feeds: dict[str, _Feed], day: int, grace_days: int) -> pd.DataFrame:
    rows = [
        (name, timestamp(feed.last))
        for name, feed in feeds.items()
        if day - feed.last > feed.age + grace_days
    ]
    return pd.DataFrame(rows, columns=["table", "last_event"])
