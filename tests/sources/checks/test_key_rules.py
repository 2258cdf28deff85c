"""Copies count once; rows that contradict each other are all set aside."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from riskmodel.settings import SourcesSettings
from riskmodel.sources.folder import Reading, read_folder

Tables = dict[str, pd.DataFrame]
Write = Callable[[Tables], Path]


@pytest.fixture
def appended(
    drawn: Tables, write: Write, settings: SourcesSettings
) -> Callable[[str, pd.DataFrame], Reading]:
    """Reads the drawn folder with rows added to a table."""

    def read(table: str, rows: pd.DataFrame) -> Reading:
        return read_folder(write(drawn | {table: pd.concat([drawn[table], rows])}), settings)

    return read


Appended = Callable[[str, pd.DataFrame], Reading]


def account(reading: Reading, table: str) -> tuple[int, int, int, int]:
    """Rows in, copies, rows set aside, rows used."""
    (one,) = [report for report in reading.report.tables if report.table == table]
    assert one.rows_in == one.copies + one.rows_rejected + one.rows_used
    return one.rows_in, one.copies, one.rows_rejected, one.rows_used


@pytest.mark.parametrize("table", ["enterprises", "declarations", "bank_records", "fx_rates"])
def test_exact_copies_count_once_and_are_counted(
    drawn: Tables, appended: Appended, table: str
) -> None:
    reading = appended(table, pd.concat([drawn[table].head(1)] * 2))
    assert account(reading, table) == (5, 2, 0, 3)
    assert not reading.rejects


def test_two_nulls_are_alike_in_a_copy(drawn: Tables, appended: Appended) -> None:
    no_destination = drawn["declarations"].iloc[[1]]
    assert account(appended("declarations", no_destination), "declarations") == (4, 1, 0, 3)


def test_different_rows_of_one_key_and_instant_are_all_set_aside(
    drawn: Tables, appended: Appended
) -> None:
    first = drawn["declarations"].head(1)
    reading = appended("declarations", pd.concat([first, first.assign(fob_usd=7.0)]))
    assert account(reading, "declarations") == (5, 1, 2, 2)
    assert reading.rejects["declarations"]["fob_usd"].to_pylist() == [7.0, 100.0]
    (violation,) = reading.report.violations
    assert violation.words == (
        "declaration_id is given with different rows and one known_at: 2 (first: D1, D1)"
    )


def test_a_later_row_of_one_key_is_a_correction(drawn: Tables, appended: Appended) -> None:
    first = drawn["declarations"].head(1)
    later = first.assign(fob_usd=7.0, known_at=first["known_at"] + pd.Timedelta(days=1))
    reading = appended("declarations", later)
    assert account(reading, "declarations") == (4, 0, 0, 4)
    assert reading.source.tables["declarations"]["fob_usd"].to_pylist()[:2] == [100.0, 7.0]
    (report,) = [one for one in reading.report.tables if one.table == "declarations"]
    assert report.share_corrected == pytest.approx(1 / 3)


def test_three_versions_are_one_corrected_key(drawn: Tables, appended: Appended) -> None:
    first = drawn["declarations"].head(1)
    later = [first.assign(known_at=first["known_at"] + pd.Timedelta(days=n)) for n in (1, 2)]
    (report,) = [
        one
        for one in appended("declarations", pd.concat(later)).report.tables
        if one.table == "declarations"
    ]
    assert report.share_corrected == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ("table", "change", "words"),
    [
        ("enterprises", {"kind": "service"}, "is given with different rows and one known_at"),
        ("fx_rates", {"usd_per_unit": 1.2}, "is given with different rows"),
    ],
)
def test_without_an_instant_one_key_has_one_row(
    drawn: Tables, appended: Appended, table: str, change: dict[str, object], words: str
) -> None:
    reading = appended(table, drawn[table].tail(1).assign(**change))
    assert account(reading, table) == (4, 0, 2, 2)
    assert reading.report.violations[0].reason == words


def test_a_withdrawal_that_is_not_given_is_not_one(drawn: Tables, appended: Appended) -> None:
    copy = drawn["declarations"].head(1).assign(withdrawn=False)
    assert account(appended("declarations", copy), "declarations") == (4, 1, 0, 3)
