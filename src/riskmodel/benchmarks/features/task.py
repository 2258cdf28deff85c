"""The work that every contender does: features, dates and source folder."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TypeVar

from riskmodel import months
from riskmodel.features.spec import FeatureDefinition, Measure, Where
from riskmodel.tables.canonical import CANONICAL

PLAIN = frozenset(
    "count total mean largest smallest share value_share months_since_last months_since_first"
    " growth growth_on_year".split()
)
"""Kinds of one pass over an enterprise's rows."""
GROUPED = frozenset("distinct top_share herfindahl".split())
"""Kinds that compare an enterprise's groups."""
MONTHLY = frozenset("months_active longest_gap volatility trend".split())
"""Kinds over an enterprise's months."""
ZERO = frozenset("count total distinct months_active".split())
"""Kinds that are 0, not missing, where an enterprise has no row."""
MONTH_DAYS = 30.4375
TIMES = ("declaration_id", "enterprise_id", "declared_on", "known_at", "withdrawn")
"""Columns that the rules of time read, whatever the features."""

Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True)
class Task:
    """Features of declarations for every enterprise of the folder at every date.

    The dates are first days of months, so that windows and month buckets have the same edges.
    """

    folder: Path
    definitions: tuple[FeatureDefinition, ...]
    dates: tuple[date, ...]
    timezone: str
    threads: int = 2

    @property
    def measures(self) -> dict[str, Measure]:
        """The features' measures by name."""
        return {
            feature.name: feature.value
            for feature in self.definitions
            if isinstance(feature.value, Measure)
        }

    @property
    def columns(self) -> list[str]:
        """The columns of declarations that have to be read."""
        read = {column for measure in self.measures.values() for column in measure.columns}
        return [*TIMES, *sorted(read - set(TIMES))]

    @property
    def aggregate_columns(self) -> list[str]:
        """Those of them that are summed, counted or grouped by."""
        named = {name for m in self.measures.values() for name in (m.column, m.by)}
        return sorted(named - {"", *TIMES})

    @property
    def texts(self) -> list[str]:
        """Those that hold words with many repeats: all texts but the key."""
        known, words = CANONICAL["declarations"].by_name, ("id", "text", "code")
        return [name for name in self.columns[1:] if known[name].kind in words]

    @property
    def flags(self) -> dict[Where, str]:
        """A column's name for each set of conditions that some measure asks for."""
        asked = dict.fromkeys(
            rows.where
            for m in self.measures.values()
            for rows in ((window_rows(m), condition_rows(m)) if m.condition else (window_rows(m),))
            if rows.where
        )
        return {where: f"w{number}" for number, where in enumerate(asked)}

    def of_kinds(self, kinds: frozenset[str]) -> dict[str, Measure]:
        """The measures of these kinds."""
        return {name: m for name, m in self.measures.items() if m.kind in kinds}

    def known_before(self, as_of: date) -> datetime:
        """The instant before which a row must be known."""
        return months.day_start(as_of, self.timezone)


Contender = Callable[[Task], Callable[[Path], None]]
"""A function that prepares a task (libraries loaded) and returns the work that is timed.

The work writes Parquet files with `enterprise_id`, `as_of` and the features' columns into a folder.
"""


@dataclass(frozen=True)
class Rows:
    """Rows of an aggregate: those of a window that meet the conditions.

    The window is `[as_of - first months, as_of - last months)`; `first` 0: all before its end.
    """

    first: int
    last: int
    where: Where

    def edges(self, as_of: date) -> tuple[date | None, date | None]:
        """The window's first day and the first day after it; None where nothing has to be asked."""
        first = months.shifted(as_of, -self.first) if self.first else None
        return first, months.shifted(as_of, -self.last) if self.last else None


def window_rows(measure: Measure) -> Rows:
    """The rows of the measure's window."""
    return Rows(measure.months, 0, measure.where)


def condition_rows(measure: Measure) -> Rows:
    """Those of them that meet the condition of a share."""
    return Rows(measure.months, 0, measure.where + measure.condition)


def earlier(measure: Measure) -> Rows:
    """The rows that a growth is measured against."""
    back = 12 if measure.kind == "growth_on_year" else measure.months
    return Rows(measure.months + back, back, measure.where)


@dataclass(frozen=True)
class Aggregate:
    """An aggregate of one enterprise: a `function` (count, sum, mean, max, min) of a column over rows."""

    function: str
    column: str
    rows: Rows


def aggregates_of(m: Measure) -> tuple[Aggregate, ...]:
    """Return the aggregates of a measure of the kinds `PLAIN`; two for shares and growth."""
    if m.kind == "share":
        return Aggregate("count", "enterprise_id", condition_rows(m)), Aggregate(
            "count", "enterprise_id", window_rows(m)
        )
    if m.kind == "value_share":
        return Aggregate("sum", m.column, condition_rows(m)), Aggregate(
            "sum", m.column, window_rows(m)
        )
    if m.kind in ("growth", "growth_on_year"):
        return Aggregate("sum", m.column, window_rows(m)), Aggregate("sum", m.column, earlier(m))
    function, column = {
        "count": ("count", "enterprise_id"),
        "total": ("sum", m.column),
        "mean": ("mean", m.column),
        "largest": ("max", m.column),
        "smallest": ("min", m.column),
        "months_since_last": ("max", "declared_on"),
        "months_since_first": ("min", "declared_on"),
    }[m.kind]
    return (Aggregate(function, column, window_rows(m)),)


def reach(measures: Iterable[Measure]) -> int:
    """Return the months that the measures look back; 0 where one takes all that is known."""
    furthest = [
        earlier(m).first if m.kind in ("growth", "growth_on_year") else m.months for m in measures
    ]
    return max(furthest) if all(furthest) else 0


def alike(
    measures: Mapping[str, Measure], key: Callable[[Measure], Key]
) -> dict[Key, dict[str, Measure]]:
    """The measures in groups of one key, in the order in which the keys appear."""
    groups: dict[Key, dict[str, Measure]] = defaultdict(dict)
    for name, measure in measures.items():
        groups[key(measure)][name] = measure
    return groups


def group_column(measure: Measure) -> str:
    """The column whose values are the groups."""
    return measure.column if measure.kind == "distinct" else measure.by


def comparable(
    definitions: Iterable[FeatureDefinition], columns: Iterable[str]
) -> tuple[FeatureDefinition, ...]:
    """The features that this benchmark can compute: measures of declarations over these columns.

    A declaration's only date is its own, so that no condition can be `open`.
    """
    known, kinds = frozenset(columns), PLAIN | GROUPED | MONTHLY
    return tuple(
        feature
        for feature in definitions
        if feature.table == "declarations"
        and isinstance(feature.value, Measure)
        and feature.value.kind in kinds
        and feature.value.columns <= known
        and all(c.operator != "open" for c in (*feature.value.where, *feature.value.condition))
    )
