"""No single amount is so large that sums of amounts overflow; a list's line says what it lists."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from riskmodel.settings import SourcesSettings
from riskmodel.sources.folder import Reading, read_folder
from riskmodel.tables.canonical import CANONICAL

Tables = dict[str, pd.DataFrame]
Write = Callable[[dict[str, object]], Path]
Changed = Callable[[str, str, object], Reading]


@pytest.fixture
def changed(drawn: Tables, write: Write, settings: SourcesSettings) -> Changed:
    """Reads the drawn folder with one value of the second row of a table changed."""

    def read(table: str, column: str, value: object) -> Reading:
        rows = drawn[table]
        before = rows[column] if column in rows else pd.Series([np.nan] * 3)
        values = [before[0], value, before[2]]
        return read_folder(write(drawn | {table: rows.assign(**{column: values})}), settings)

    return read


@pytest.mark.parametrize(
    ("table", "column", "value", "reason"),
    [
        ("declarations", "fob_usd", 1e308, "fob_usd is beyond 1,000,000,000,000"),
        ("declarations", "fob_usd", -1e308, "fob_usd is beyond 1,000,000,000,000"),
        ("declarations", "fob_usd", 1.01e12, "fob_usd is beyond 1,000,000,000,000"),
        ("declarations", "amount", 1.01e15, "amount is beyond 1,000,000,000,000,000"),
        ("declarations", "quantity", 1e16, "quantity is beyond 1,000,000,000,000,000"),
        ("declarations", "terms_days", 2**60, "terms_days is beyond 1,000,000,000"),
        ("bank_records", "limit_cny", 1e13, "limit_cny is beyond 1,000,000,000,000"),
        ("bank_records", "balance_cny", -1e13, "balance_cny is beyond 1,000,000,000,000"),
        ("line_months", "days_past_due", 2**53, "days_past_due is beyond 1,000,000,000"),
        ("lines", "limit_cny", 1e200, "limit_cny is beyond 1,000,000,000,000"),
    ],
)
def test_an_amount_beyond_its_bound_is_set_aside(
    changed: Changed, table: str, column: str, value: object, reason: str
) -> None:
    reading = changed(table, column, value)

    assert reading.rejects[table]["reasons"].to_pylist() == [reason]
    assert len(reading.source.tables[table]) == 2


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("declarations", "fob_usd", 1e12),
        ("declarations", "fob_usd", -1e12),
        ("declarations", "amount", 1e15),
        ("declarations", "terms_days", 10**9),
        ("bank_records", "balance_cny", -1e12),
    ],
)
def test_an_amount_at_its_bound_is_used(
    changed: Changed, table: str, column: str, value: object
) -> None:
    assert len(changed(table, column, value).source.tables[table]) == 3


def test_an_infinite_amount_has_one_reason(changed: Changed) -> None:
    reading = changed("declarations", "fob_usd", np.inf)

    assert reading.rejects["declarations"]["reasons"].to_pylist() == ["fob_usd is infinite"]


def test_ninety_thousand_amounts_at_the_bound_add_up_in_whole_hundredths() -> None:
    bounds = [
        column.largest
        for table in CANONICAL.values()
        for column in table.columns
        if column.kind == "number" and column.unit in ("CNY", "USD")
    ]

    assert max(bounds) * 100 * 90_000 < 2**63


@pytest.mark.parametrize(
    ("table", "column", "known"),
    [
        ("bank_records", "tier", "doubtful, loss, normal, special_mention, substandard"),
        ("declarations", "settlement", "DA, DP, LC, OA, TT"),
        ("declarations", "destination", "three letters of ISO 3166-1, such as CHN, DEU, USA"),
        ("declarations", "currency", "three letters of ISO 4217, such as CNY, EUR, USD"),
    ],
)
def test_an_unknown_codes_line_says_what_is_known_and_not_what_stood_there(
    changed: Changed, table: str, column: str, known: str
) -> None:
    report = changed(table, column, "secret").report

    (line,) = [line for line in report.text().splitlines() if "is no known code" in line]
    assert line.startswith(f"  {table}.{column} is no known code (known: {known}): 1 (first: ")
    assert "secret" not in line
    (reason,) = report.violations_frame()["reason"]
    assert reason == f"is no known code (known: {known})"
