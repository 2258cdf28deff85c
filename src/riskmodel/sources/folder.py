"""Read and validate a source folder: canonical tables, rejected rows and a report."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import pyarrow as pa

from riskmodel.errors import DataError
from riskmodel.progress import Progress, no_progress
from riskmodel.settings import SourcesSettings
from riskmodel.sources.checks.columns import read_table
from riskmodel.sources.checks.validate_rows import ValidatedRows, validate_rows
from riskmodel.sources.layout import table_files
from riskmodel.sources.report import DataReport, TableReport, absent_tables
from riskmodel.sources.source import Source, fingerprint
from riskmodel.statistics.outward_rounding import format_upper
from riskmodel.tables.canonical import CANONICAL

_REFERRED_TO = {"enterprises": "enterprise_id", "lines": "line_id"}


@dataclass(frozen=True)
class Reading:
    """A source folder as read: rows to use, rejected rows with their reasons, the report.

    `rejects` has the original columns (with canonical types) plus `reasons`, for those tables
    of which rows were set aside.
    """

    source: Source
    rejects: Mapping[str, pa.Table]
    report: DataReport


def read_folder(
    folder: Path, settings: SourcesSettings, progress: Progress = no_progress
) -> Reading:
    """Read the folder's tables and validate them row by row; `accept_reading` judges the rejects.

    `progress` is told a line for each table read and each table checked. Raises `DataError` at
    once for a stray or unreadable file, an unknown or missing table or column, and a wrong type.

    >>> from riskmodel.settings import default_settings
    >>> read_folder(Path("no-such-folder"), default_settings().sources)
    Traceback (most recent call last):
    riskmodel.errors.DataError: no-such-folder: no such folder; name a folder with the canonical tables.
    """
    raw: dict[str, pa.Table] = {}
    for name, files in table_files(folder).items():
        raw[name] = read_table(files, CANONICAL[name], settings.timezone, progress)
        progress(f"{name}: {len(raw[name]):,} rows read")
    if not len(raw["enterprises"]):
        raise DataError("enterprises: 0 rows; a source needs at least one enterprise.")
    known: dict[str, pa.Array] = {}
    validated: dict[str, ValidatedRows] = {}
    for name in list(raw):  # popped one by one, so that only one table is held twice
        validated[name] = validate_rows(raw.pop(name), CANONICAL[name], settings.timezone, known)
        if name in _REFERRED_TO:
            known[name] = validated[name].used[_REFERRED_TO[name]].unique()
        account = validated[name].report
        progress(f"{name}: {account.rows_used:,} of {account.rows_in:,} rows used")
    return _to_reading(validated, settings.timezone)


def accept_reading(reading: Reading, settings: SourcesSettings) -> Reading:
    """Return the reading itself, if few enough rows were rejected.

    Raises `DataError` as `refuse_bad_rows` does.
    """
    refuse_bad_rows(reading.report, settings)
    return reading


def refuse_bad_rows(report: DataReport, settings: SourcesSettings) -> None:
    """Raise `DataError` naming the tables, shares and reasons where more than
    `max_rejected_share` of a table's rows (copies counted once) broke a rule, or more than
    `max_unknown_ids_share` named an unknown id.
    """
    over = [
        f"{share} ({_reasons(table, report)})"
        for table in report.tables
        for share in _shares_over(table, settings)
    ]
    if over:
        raise DataError(f'{"; ".join(over)}. Fix the extract, or see data/README.md, "Bad rows".')


def _to_reading(validated: Mapping[str, ValidatedRows], timezone: str) -> Reading:
    tables = MappingProxyType({name: one.used for name, one in validated.items()})
    rejects = {name: one.rejects for name, one in validated.items() if len(one.rejects)}
    report = DataReport(
        tables=tuple(one.report for one in validated.values()),
        violations=tuple(violation for one in validated.values() for violation in one.violations),
        absent=absent_tables(tables),
    )
    source = Source(tables, timezone, fingerprint(tables))
    return Reading(source, MappingProxyType(rejects), report)


def _shares_over(table: TableReport, settings: SourcesSettings) -> Iterator[str]:
    distinct = table.rows_in - table.copies
    for count, most, what in (
        (table.broken, settings.max_rejected_share, "set aside"),
        (table.unknown_ids, settings.max_unknown_ids_share, "with unknown ids"),
    ):
        if count > most * distinct:
            yield (
                f"{table.table}: {count:,} of {distinct:,} rows {what}, "
                f"{format_upper(count / distinct, '.2%')} where at most {100 * most:.4g}% may be"
            )


def _reasons(table: TableReport, report: DataReport) -> str:
    return ", ".join(one.words for one in report.violations if one.table == table.table)
