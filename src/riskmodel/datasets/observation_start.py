"""Observation starts: the labels' tables have begun, and the histories cover the windows."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd
import pyarrow.compute as pc

from riskmodel import months
from riskmodel.datasets.table_days import Days, table_days, timestamp, usual_span
from riskmodel.errors import DataError
from riskmodel.features import relations
from riskmodel.features.catalogue import DEFINITIONS, definitions_by_name, with_operands
from riskmodel.features.spec import FeatureDefinition, Measure
from riskmodel.settings import DatasetsSettings
from riskmodel.sources import Source
from riskmodel.tables.canonical import HISTORY

Found = tuple[pd.Timestamp, str]
HISTORIES = "histories_begin_later"


@dataclass(frozen=True)
class ObservationStart:
    """The first as-of date that something allows; `reason` and `text` for those left out."""

    reason: str
    day: pd.Timestamp
    text: str


def longest_windows(
    source: Source, definitions: Iterable[FeatureDefinition] = DEFINITIONS
) -> dict[str, int]:
    """By history table the months that the features which the source can give reach back at most.

    The programme's own tables are not among them: that nothing stands there before the programme
    began is a fact, no gap.
    """
    definitions = tuple(definitions)
    longest: dict[str, int] = {}
    for feature in with_operands(
        definitions, definitions_by_name(DEFINITIONS) | definitions_by_name(definitions)
    ):
        if not isinstance(feature.value, Measure) or not feature.value.months_back:
            continue
        needs = relations.required_columns(feature.table, feature.value.required_columns)
        if not all(_has(source, table, columns) for table, columns in needs.items()):
            continue
        for table in needs.keys() & set(HISTORY):
            longest[table] = max(longest.get(table, 0), feature.value.months_back)
    return longest


def _has(source: Source, table: str, columns: frozenset[str]) -> bool:
    return source.has(table) and columns <= set(source.tables[table].column_names)


def find_observation_starts(
    source: Source,
    settings: DatasetsSettings,
    kind: str,
    definitions: Iterable[FeatureDefinition] = DEFINITIONS,
) -> tuple[ObservationStart, ...]:
    """Find what keeps early as-of dates out: the labels' tables (none for given labels), the histories."""
    resting = [] if kind == "outcomes" else _labels(source, settings)
    found = (
        _latest("labels_begin_later", "what the labels rest on begins later", resting),
        _latest(
            HISTORIES,
            "the histories begin later",
            _histories(source, settings, longest_windows(source, definitions)),
        ),
    )
    return tuple(one for one in found if one is not None)


def find_early_dates(as_of: pd.Series, found: Iterable[ObservationStart]) -> pd.Series:
    """The reason for which each date is too early; "" where none is."""
    reason = pd.Series("", index=as_of.index)
    for one in found:
        reason = reason.mask((reason == "") & (as_of < one.day), one.reason)
    return reason


def check_some_date_remains(reasons: pd.Series, found: Iterable[ObservationStart]) -> None:
    """Raise `DataError` where rows could be fitted, but all of them are too early."""
    rows = reasons[~reasons.isin(["no_line", "not_mature"])]
    early = {one.reason: one for one in found}
    if len(rows) and rows.isin(list(early)).all():
        one = early[rows.iloc[-1]]
        raise DataError(
            f"datasets: all {len(rows):,} rows with a label are too early, {one.text}. Bring longer"
            " tables, lower datasets.as_of_dates.min_history_share, or leave out features of long windows."
        )


def _labels(source: Source, settings: DatasetsSettings) -> list[Found]:
    """For each table that the labels rest on, the day after its first month's end, and words.

    From then on it can be told who is in default already. Nobody is before the first line is
    granted: months that are reported from then on keep no date out.
    """
    rests = {"line_months": "days_past_due"} | (
        {"bank_records": "tier"} if settings.default_definition.tiers else {}
    )
    found = []
    for name, column in rests.items():
        if not _has(source, name, frozenset({column})):
            continue
        days = table_days(source, name, column).event
        if _is_feed(days):
            day = timestamp(usual_span(days, settings.as_of_dates.min_month_share)[0])
            if name != "line_months" or _first_grant(source) < day.replace(day=1):
                found.append((day + pd.Timedelta(days=1), f"{name} in {day:%Y-%m}"))
    return found


def _first_grant(source: Source) -> pd.Timestamp:
    return pd.Timestamp(pc.min(source.tables["lines"]["granted_on"]).as_py())


def _histories(
    source: Source, settings: DatasetsSettings, windows: Mapping[str, int]
) -> list[Found]:
    """For each history the first day that has its share of the longest window, and words; and the
    day from which any history is known."""
    known = {name: table_days(source, name) for name in HISTORY if source.has(name)}
    found = [
        (_first(days.known, settings) + pd.Timedelta(days=1), f"{name} is known first")
        for name, days in known.items()
        if len(days.known)
    ]
    found = [min(found)] if found else []
    for name, reach in windows.items():
        if not _is_feed(known[name].event):
            continue
        began = _first(known[name].event, settings).replace(day=1)
        needed = math.ceil(settings.as_of_dates.min_history_share * reach)
        covered = pd.Timestamp(months.shifted(began.date(), needed))
        day = max(covered, _first(known[name].known, settings) + pd.Timedelta(days=1))
        words = f"{name} in {began:%Y-%m}, of windows of {reach} months at least {needed} are asked"
        found.append((day, words))
    return found


def _is_feed(days: Days) -> bool:
    """Return true where the rows come over time: a single day does not tell when a table begins."""
    return len(days) > 0 and bool(days.min() < days.max())


def _first(days: Days, settings: DatasetsSettings) -> pd.Timestamp:
    return timestamp(usual_span(days, settings.as_of_dates.min_month_share)[0])


def _latest(reason: str, text: str, found: list[Found]) -> ObservationStart | None:
    """The latest of the days, with the table that asks for it."""
    if not found:
        return None
    day, words = max(found)
    return ObservationStart(reason, day, f"{text} ({words}): as-of dates from {day:%Y-%m-%d} on")
