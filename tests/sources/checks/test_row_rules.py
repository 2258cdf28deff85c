"""Each row rule sets its rows aside, with the reason, and no others."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from riskmodel.settings import SourcesSettings
from riskmodel.sources.folder import Reading, read_folder

Tables = dict[str, pd.DataFrame]
Write = Callable[[Tables], Path]
Changed = Callable[[str, str, object], Reading]


def day(text: str) -> pd.Timestamp:
    return pd.Timestamp(text)


def instant(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="Asia/Shanghai").tz_convert("UTC")


@pytest.fixture
def changed(drawn: Tables, write: Write, settings: SourcesSettings) -> Changed:
    """Reads the drawn folder with one value of the second row of a table changed."""

    def read(table: str, column: str, value: object) -> Reading:
        rows = drawn[table]
        before = rows[column] if column in rows else pd.Series([None] * 3, dtype=object)
        values = [before[0], value, before[2]]
        return read_folder(write(drawn | {table: rows.assign(**{column: values})}), settings)

    return read


CASES = [
    ("declarations", "fob_usd", None, "fob_usd is null"),
    ("declarations", "declared_on", None, "declared_on is null"),
    ("declarations", "known_at", None, "known_at is null"),
    ("enterprises", "enterprise_id", None, "enterprise_id is null"),
    ("declarations", "fob_usd", np.inf, "fob_usd is infinite"),
    ("declarations", "fob_usd", -np.inf, "fob_usd is infinite"),
    ("declarations", "terms_days", np.inf, "terms_days is infinite"),
    ("bank_records", "limit_cny", -0.01, "limit_cny is below zero"),
    ("line_months", "days_past_due", -1, "days_past_due is below zero"),
    ("fx_rates", "usd_per_unit", -1.0, "usd_per_unit is below zero"),
    ("fx_rates", "on", day("1989-12-31"), "on is outside 1990-2100"),
    ("lines", "expires_on", day("2101-01-01"), "expires_on is outside 1990-2100"),
    ("declarations", "known_at", instant("2101-01-02"), "known_at is outside 1990-2100"),
    ("bank_records", "month", day("2024-02-02"), "month is not the first of a month"),
    (
        "declarations",
        "known_at",
        instant("2024-02-08 23:59"),
        "known_at is more than a day before declared_on",
    ),
    (
        "line_months",
        "known_at",
        instant("2024-02-27 23:59"),  # the month ends on the 29th
        "known_at is more than a day before the month's end",
    ),
    ("declarations", "destination", "XYZ", "destination is no known code"),
    ("bank_records", "tier", "Normal", "tier is no known code"),
    ("agreements", "bank", "Bank A", "bank does not match [a-z0-9_]{1,32}"),
    ("agreements", "bank", "bank_a\n", "bank does not match [a-z0-9_]{1,32}"),
    ("declarations", "enterprise_id", "E9", "enterprise_id is not in enterprises"),
    ("line_months", "line_id", "L9", "line_id is not in lines"),
    ("declarations", "declaration_id", "", "declaration_id is empty"),
    ("declarations", "buyer_id", "B" * 129, "buyer_id is longer than 128 characters"),
    ("enterprises", "sector", "s" * 1001, "sector is longer than 1000 characters"),
]


@pytest.mark.parametrize(("table", "column", "value", "reason"), CASES)
def test_a_row_that_breaks_a_rule_is_set_aside_with_its_reason(
    changed: Changed, table: str, column: str, value: object, reason: str
) -> None:
    reading = changed(table, column, value)
    assert reading.rejects[table]["reasons"].to_pylist() == [reason]
    assert len(reading.source.tables[table]) == 2
    (violation,) = [one for one in reading.report.violations if one.table == table]
    assert f"{violation.column} {violation.reason}" == reason
    assert violation.rows == 1


ALLOWED = [
    ("declarations", "fob_usd", -1e9),
    ("declarations", "destination", None),
    ("fx_rates", "on", day("1990-01-01")),
    ("lines", "expires_on", day("2100-12-31")),
    ("declarations", "known_at", instant("2024-02-09 00:00")),  # declared on the 10th
    ("line_months", "known_at", instant("2024-02-28 00:00")),  # the month ends on the 29th
    ("declarations", "buyer_id", "客" * 128),
    ("bank_records", "limit_cny", 0.0),
]


@pytest.mark.parametrize(("table", "column", "value"), ALLOWED)
def test_what_is_just_inside_the_rules_is_used(
    changed: Changed, table: str, column: str, value: object
) -> None:
    reading = changed(table, column, value)
    assert not reading.rejects
    assert len(reading.source.tables[table]) == 3


def test_a_row_carries_all_its_reasons(
    drawn: Tables, write: Write, settings: SourcesSettings
) -> None:
    bad = pd.DataFrame({"fob_usd": [np.inf], "destination": ["XYZ"], "enterprise_id": ["E9"]})
    first = drawn["declarations"].head(1)
    rows = pd.concat([first.assign(**bad.iloc[0]), drawn["declarations"].tail(2)])
    reading = read_folder(write(drawn | {"declarations": rows}), settings)
    rejects = reading.rejects["declarations"]
    assert rejects["reasons"].to_pylist() == [
        "fob_usd is infinite; destination is no known code; enterprise_id is not in enterprises"
    ]
    assert rejects["declaration_id"].to_pylist() == ["D1"]
    assert rejects["fob_usd"].to_pylist() == [np.inf]


def test_what_belongs_to_an_enterprise_set_aside_is_set_aside(changed: Changed) -> None:
    reading = changed("enterprises", "kind", "wizard")
    assert reading.rejects["declarations"]["declaration_id"].to_pylist() == ["D2"]
    assert reading.rejects["lines"]["line_id"].to_pylist() == ["L2"]
    assert reading.rejects["line_months"]["reasons"].to_pylist() == ["line_id is not in lines"]


def test_a_receipt_may_pay_a_declaration_that_is_not_there(
    drawn: Tables, write: Write, settings: SourcesSettings
) -> None:
    receipts = pd.DataFrame(
        {
            "receipt_id": ["R1"],
            "enterprise_id": ["E1"],
            "received_on": [day("2024-03-01")],
            "amount_usd": [5.0],
            "declaration_id": ["D9"],
            "known_at": [instant("2024-03-02")],
        }
    )
    reading = read_folder(write(drawn | {"receipts": receipts}), settings)
    assert len(reading.source.tables["receipts"]) == 1


def test_an_infinite_attribute_is_set_aside_and_a_missing_one_is_information(
    drawn: Tables, write: Write, settings: SourcesSettings
) -> None:
    attributes = pd.DataFrame(
        {
            "enterprise_id": ["E1", "E2", "E3"],
            "score": [1.0, np.inf, np.nan],
            "reasons": ["a column may have", "any name, this one", "too"],
            "known_at": instant("2024-03-02"),
        }
    )
    reading = read_folder(write(drawn | {"attributes": attributes}), settings)
    assert reading.rejects["attributes"]["reject_reasons"].to_pylist() == ["score is infinite"]
    assert reading.source.tables["attributes"]["score"].to_pylist() == [1.0, None]


def test_integers_are_integers_again_once_the_infinite_one_is_set_aside(changed: Changed) -> None:
    reading = changed("declarations", "terms_days", np.inf)
    assert reading.source.tables["declarations"]["terms_days"].type == pa.int64()
