"""What a column may be written as, what it becomes, and what stops the run at once."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from riskmodel.errors import DataError
from riskmodel.settings import SourcesSettings
from riskmodel.sources.folder import read_folder
from riskmodel.storage.files import write_parquet, write_text
from riskmodel.tables.canonical import CANONICAL

Tables = dict[str, pd.DataFrame]
Write = Callable[[dict[str, object]], Path]
UTC = ZoneInfo("UTC")


def with_column(rows: pd.DataFrame, name: str, values: pa.Array) -> pa.Table:
    """The rows with one column written exactly as given."""
    table = pa.Table.from_pandas(rows, preserve_index=False)
    if name not in table.column_names:
        return table.append_column(name, values)
    return table.set_column(table.column_names.index(name), name, values)


@pytest.fixture
def column(drawn: Tables, write: Write, settings: SourcesSettings) -> Callable[..., pa.Array]:
    """Reads the drawn folder with one column written as given: what the column becomes."""

    def read(table: str, name: str, values: pa.Array) -> pa.Array:
        reading = read_folder(
            write(drawn | {table: with_column(drawn[table], name, values)}), settings
        )
        return reading.source.tables[table][name].combine_chunks()

    return read


Read = Callable[[str, str, pa.Array], pa.Array]


@pytest.mark.parametrize(
    ("name", "written", "becomes"),
    [
        ("declared_on", pa.array([date(2024, 1, 9)] * 3), pa.date32()),
        ("declared_on", pa.array([datetime(2024, 1, 9)] * 3, pa.timestamp("ns")), pa.date32()),
        ("declared_on", pa.array([date(2024, 1, 9)] * 3, pa.date64()), pa.date32()),
        ("fob_usd", pa.array([1, 2, 3], pa.int32()), pa.float64()),
        ("fob_usd", pa.array([1, 2, 3], pa.float32()), pa.float64()),
        ("terms_days", pa.array([1.0, None, 3.0]), pa.int64()),
        ("terms_days", pa.array([1, 2, 3], pa.uint8()), pa.int64()),
        ("buyer_id", pa.array(["B1", "B1", None], pa.large_string()), pa.string()),
        ("buyer_id", pa.array(["B1", "B1", None]).dictionary_encode(), pa.string()),
        ("buyer_id", pa.nulls(3), pa.string()),
        ("via_platform", pa.array([np.nan] * 3), pa.bool_()),
    ],
)
def test_what_the_contract_accepts_becomes_its_own_type(
    column: Read, name: str, written: pa.Array, becomes: pa.DataType
) -> None:
    read = column("declarations", name, written)
    assert read.type == becomes
    assert read.null_count == int(written.is_null(nan_is_null=True).to_numpy(False).sum())


def test_nan_is_null(column: Read) -> None:
    read = column("declarations", "amount", pa.array([1.5, np.nan, None]))
    assert read.to_pylist() == [1.5, None, None]


def test_a_naive_instant_means_utc_and_another_zone_is_converted(column: Read) -> None:
    naive = pa.array([datetime(2024, 4, 1, 8)] * 3, pa.timestamp("ns"))
    there = pa.array([datetime(2024, 4, 1, 8)] * 3, pa.timestamp("s", "Asia/Shanghai"))
    for written in (naive, there):
        read = column("declarations", "known_at", written)
        assert read.type == pa.timestamp("us", "UTC")
        assert read.to_pylist() == [datetime(2024, 4, 1, 8, tzinfo=UTC)] * 3


def test_a_date_with_a_zone_is_the_platforms_day(column: Read) -> None:
    midnight = datetime(2024, 1, 8, 16, tzinfo=UTC)  # in Shanghai: the 9th, at midnight
    written = pa.array([midnight] * 3, pa.timestamp("us", "UTC"))
    assert column("declarations", "declared_on", written).to_pylist() == [date(2024, 1, 9)] * 3


@pytest.mark.parametrize(
    ("name", "written", "message"),
    [
        (
            "declaration_id",
            pa.array([1, 2, 3]),
            r"declaration_id: 3 values of type int64 .* text \(string\)",
        ),
        ("fob_usd", pa.array(["1", "2", None]), r"fob_usd: 2 values of type string .*\(double\)"),
        ("fob_usd", pa.array([True, True, False]), "fob_usd: 3 values of type bool"),
        ("declared_on", pa.array(["2024-01-09"] * 3), "declared_on: 3 values of type string"),
        (
            "declared_on",
            pa.array([datetime(2024, 1, 9), datetime(2024, 1, 9, 7), None], pa.timestamp("us")),
            "declared_on: 1 values with a time of day",
        ),
        ("known_at", pa.array([date(2024, 4, 1)] * 3), "known_at: 3 values of type date32"),
        ("terms_days", pa.array([1.5, 2.0, 2.5]), "terms_days: 2 values with a fraction"),
        ("via_platform", pa.array([1, 0, 1]), "via_platform: 3 values of type int64"),
        ("buyer_id", pa.array([b"B1"] * 3), "buyer_id: 3 values of type binary"),
    ],
)
def test_a_wrong_type_stops_at_once(
    column: Read, name: str, written: pa.Array, message: str
) -> None:
    with pytest.raises(DataError, match=message) as caught:
        column("declarations", name, written)
    assert "declarations.parquet" in str(caught.value)
    assert "\n" not in str(caught.value)


REQUIRED = [
    (table, name)
    for table in ("enterprises", "declarations", "lines", "line_months", "fx_rates")
    for name in CANONICAL[table].required_columns
]


@pytest.mark.parametrize(("table", "name"), REQUIRED)
def test_a_missing_column_stops_at_once(
    drawn: Tables, write: Write, settings: SourcesSettings, table: str, name: str
) -> None:
    folder = write(drawn | {table: drawn[table].drop(columns=name)})
    with pytest.raises(DataError, match=rf"^{table}\.{name}: missing column in {table}\.parquet"):
        read_folder(folder, settings)


def test_an_unknown_column_is_told_the_nearest_known_one(
    drawn: Tables, write: Write, settings: SourcesSettings
) -> None:
    renamed = drawn["declarations"].rename(columns={"fob_usd": "FOB_USD"})
    with pytest.raises(DataError, match=r"declarations\.FOB_USD: unknown .* is fob_usd\."):
        read_folder(write(drawn | {"declarations": renamed}), settings)


def test_fx_rates_know_no_known_at(drawn: Tables, write: Write, settings: SourcesSettings) -> None:
    timed = drawn["fx_rates"].assign(known_at=pd.Timestamp(2024, 4, 1, tz="UTC"))
    with pytest.raises(DataError, match=r"fx_rates\.known_at: unknown column"):
        read_folder(write(drawn | {"fx_rates": timed}), settings)


def test_a_column_given_twice_stops_at_once(
    drawn: Tables, write: Write, settings: SourcesSettings
) -> None:
    table = pa.Table.from_pandas(drawn["declarations"])
    doubled = table.append_column("fob_usd", table["fob_usd"])
    with pytest.raises(DataError, match=r"declarations\.fob_usd: 2 columns of one name"):
        read_folder(write(drawn | {"declarations": doubled}), settings)


@pytest.mark.parametrize("content", ["", "not a Parquet file", "PAR1 and then nothing PAR1"])
def test_an_unreadable_file_stops_at_once(
    drawn: Tables, write: Write, settings: SourcesSettings, content: str
) -> None:
    folder = write(drawn)
    write_text(folder / "lines.parquet", content)
    with pytest.raises(DataError, match=r"lines: 1 file cannot be read .* lines\.parquet"):
        read_folder(folder, settings)


def test_a_wrong_part_is_named(drawn: Tables, write: Write, settings: SourcesSettings) -> None:
    tables = {name: rows for name, rows in drawn.items() if name != "declarations"}
    folder = write(tables)
    good, bad = drawn["declarations"], drawn["declarations"].drop(columns="fob_usd")
    write_parquet(good, folder / "declarations" / "1.parquet")
    write_parquet(bad, folder / "declarations" / "2.parquet")
    with pytest.raises(DataError, match=r"fob_usd: missing column in declarations/2\.parquet"):
        read_folder(folder, settings)


def test_a_wrong_type_is_told_before_too_many_bad_rows(
    drawn: Tables, write: Write, settings: SourcesSettings
) -> None:
    strangers = drawn["declarations"].assign(enterprise_id="E9")
    numbered = drawn["line_months"].assign(line_id=[1, 2, 3])
    with pytest.raises(DataError, match=r"line_months\.line_id: 3 values of type int64"):
        read_folder(write(drawn | {"declarations": strangers, "line_months": numbered}), settings)


def test_attributes_keep_numbers_booleans_and_text(column: Read, drawn: Tables) -> None:
    known = pa.array([datetime(2024, 4, 1)] * 3, pa.timestamp("us"))
    drawn["attributes"] = drawn["enterprises"][["enterprise_id"]].assign(known_at=known)
    score = pa.array([1, None, 3], pa.decimal128(5, 2))
    assert column("attributes", "score", score).to_pylist() == [1.0, None, 3.0]
    assert column("attributes", "exports", pa.array([True, None, False])).type == pa.bool_()
    region = pa.array(["east", None, "west"]).dictionary_encode()
    assert column("attributes", "region", region).to_pylist() == ["east", None, "west"]
    assert column("attributes", "unseen", pa.nulls(3)).type == pa.float64()
    with pytest.raises(DataError, match=r"attributes\.since: 3 values of type date32"):
        column("attributes", "since", pa.array([date(2024, 1, 9)] * 3))


def test_attributes_of_two_types_in_two_parts_stop_at_once(
    drawn: Tables, write: Write, settings: SourcesSettings
) -> None:
    folder = write(drawn)
    rows = drawn["enterprises"][["enterprise_id"]].assign(
        known_at=pd.Timestamp(2024, 4, 1, tz="UTC")
    )
    write_parquet(rows.assign(score=1.0), folder / "attributes" / "1.parquet")
    write_parquet(rows.assign(score="one"), folder / "attributes" / "2.parquet")
    with pytest.raises(DataError, match=r"attributes\.score: 2 types in 2 files"):
        read_folder(folder, settings)


def test_an_attribute_without_any_value_is_a_number_column(column: Read, drawn: Tables) -> None:
    known = pa.array([datetime(2024, 4, 1)] * 3, pa.timestamp("us"))
    drawn["attributes"] = drawn["enterprises"][["enterprise_id"]].assign(known_at=known)
    for written in (pa.array([np.nan] * 3), pa.nulls(3, pa.string()), pa.nulls(3, pa.date32())):
        assert column("attributes", "unseen", written).equals(pa.nulls(3, pa.float64()))


def test_text_that_is_not_utf8_stops_at_once_and_names_its_column(column: Read) -> None:
    latin = pa.array([b"B\xe9"] * 3).view(pa.string())
    with pytest.raises(DataError, match=r"declarations\.buyer_id: 3 values that are not UTF-8 in"):
        column("declarations", "buyer_id", latin)


def test_nested_values_stop_at_once(column: Read) -> None:
    with pytest.raises(DataError, match=r"buyer_id: 3 values of type list"):
        column("declarations", "buyer_id", pa.array([["B1"]] * 3))
