"""Text in another encoding than UTF-8 is called what it is: which column, how many values."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from riskmodel.cli.main import main
from riskmodel.errors import DataError
from riskmodel.settings import SourcesSettings
from riskmodel.sources.checks.columns import read_chunks
from riskmodel.sources.folder import read_folder
from riskmodel.tables.canonical import CANONICAL

Tables = dict[str, pd.DataFrame]
Write = Callable[[dict[str, object]], Path]

GBK = ["中国".encode("gbk"), b"plain", "北京".encode("gbk")]
LATIN = [b"caf\xe9", b"plain", None]


def texts(values: list[bytes | None], kind: pa.DataType) -> pa.Array:
    """Bytes that are called text, whatever they hold."""
    large = kind == pa.large_string()
    plain = pa.array(values, pa.large_binary() if large else pa.binary())
    called = plain.view(pa.large_string() if large else pa.string())
    return called if not pa.types.is_dictionary(kind) else pa.DictionaryArray.from_arrays(
        pa.array(range(len(values)), pa.int32()), called
    )  # fmt: skip


def changed(rows: pd.DataFrame, column: str, values: pa.Array) -> pa.Table:
    table = pa.Table.from_pandas(rows, preserve_index=False)
    if column not in table.column_names:
        return table.append_column(column, values)
    return table.set_column(table.column_names.index(column), column, values)


def without_arrows_schema(table: pa.Table, path: Path) -> None:
    """As another tool would write it: texts with a dictionary, and no word on that."""
    pq.write_table(table, path, store_schema=False)


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("declarations", "enterprise_id"),
        ("declarations", "destination"),
        ("declarations", "hs_code"),
        ("enterprises", "province"),
        ("enterprises", "enterprise_id"),
        ("bank_records", "tier"),
    ],
)
def test_ids_codes_and_texts_of_gbk_name_table_column_count_and_cause(
    drawn: Tables, write: Write, settings: SourcesSettings,
    kind: pa.DataType, table: str, column: str,
) -> None:  # fmt: skip
    folder = write(drawn | {table: changed(drawn[table], column, texts(GBK, kind))})

    with pytest.raises(DataError) as error:
        read_folder(folder, settings)

    assert str(error.value) == (
        f"{table}.{column}: 2 values that are not UTF-8, but read as GBK, in {table}.parquet."
        " Convert it to UTF-8 (GBK is common), and write the file again."
    )


def test_text_of_another_encoding_is_not_called_gbk(
    drawn: Tables, write: Write, settings: SourcesSettings
) -> None:
    rows = changed(drawn["enterprises"], "sector", texts(LATIN, pa.string()))

    with pytest.raises(DataError, match=r"enterprises\.sector: 1 values that are not UTF-8 in ent"):
        read_folder(write(drawn | {"enterprises": rows}), settings)


@pytest.mark.parametrize("told", [True, False])
def test_a_dictionary_of_gbk_names_its_column(
    drawn: Tables, write: Write, settings: SourcesSettings, told: bool
) -> None:
    kind = pa.dictionary(pa.int32(), pa.string())
    rows = changed(drawn["declarations"], "destination", texts(GBK, kind if told else pa.string()))
    folder = write(drawn)
    if told:
        pq.write_table(rows, folder / "declarations.parquet")
    else:
        without_arrows_schema(rows, folder / "declarations.parquet")

    with pytest.raises(DataError, match=r"declarations\.destination: .* not UTF-8"):
        read_folder(folder, settings)


def test_a_part_is_named_and_an_open_column_too(
    drawn: Tables, write: Write, settings: SourcesSettings
) -> None:
    ids = drawn["enterprises"][["enterprise_id"]].assign(known_at=drawn["lines"]["known_at"])
    folder = write(drawn)
    (folder / "attributes").mkdir()
    pq.write_table(changed(ids, "行业", pa.array(["a", "b", "c"])), folder / "attributes/1.parquet")
    pq.write_table(changed(ids, "行业", texts(GBK, pa.string())), folder / "attributes/2.parquet")

    with pytest.raises(DataError, match=r"attributes\.行业: 2 .* in attributes/2\.parquet"):
        read_folder(folder, settings)


def test_pieces_count_to_the_end_of_the_file(tmp_path: Path) -> None:
    rows = pa.table({"enterprise_id": texts(GBK * 100, pa.string())})
    pq.write_table(rows, tmp_path / "enterprises.parquet")

    with pytest.raises(DataError, match=r"200 values that are not UTF-8"):
        list(read_chunks([tmp_path / "enterprises.parquet"], CANONICAL["enterprises"], "UTC", 7))


def test_a_wrong_type_is_counted_in_pieces_as_in_the_whole(tmp_path: Path) -> None:
    ids = [f"E{number}" for number in range(1000)]
    rows = pa.table({"enterprise_id": ids, "employees": pa.array([None, *[1.5] * 999])})
    pq.write_table(rows, tmp_path / "enterprises.parquet")

    with pytest.raises(DataError, match=r"enterprises\.employees: 999 values with a fraction"):
        list(read_chunks([tmp_path / "enterprises.parquet"], CANONICAL["enterprises"], "UTC", 10))


def test_features_counts_wrong_values_as_check_does(
    drawn: Tables, write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = pd.concat([drawn["declarations"]] * 30_000, ignore_index=True)  # more than one look
    folder = str(write(drawn | {"declarations": rows.assign(fob_usd="much")}))

    main(["check", folder])
    main(["features", folder, str(tmp_path / "out"), "--as-of", "2024-04-01"])

    errors = [line for line in capsys.readouterr().err.splitlines() if "Error: " in line]
    assert errors[0] == errors[1]
    assert "declarations.fob_usd: 90,000 values of type" in errors[0]


def test_a_columns_name_of_gbk_is_said(
    drawn: Tables, write: Write, settings: SourcesSettings
) -> None:
    folder = write(drawn)
    path = folder / "enterprises.parquet"
    pq.write_table(
        changed(drawn["enterprises"], "sect", pa.array(["a", "b", "c"])), path, store_schema=False
    )
    path.write_bytes(path.read_bytes().replace(b"sect", "中国".encode("gbk")))

    with pytest.raises(DataError, match=r"enterprises: 1 column or more .* name that is not UTF-8"):
        read_folder(folder, settings)


def test_chinese_text_of_utf8_passes(
    drawn: Tables, write: Write, settings: SourcesSettings
) -> None:
    rows = drawn["enterprises"].assign(province=["浙江", "江苏", None])

    reading = read_folder(write(drawn | {"enterprises": rows}), settings)

    assert reading.source.tables["enterprises"]["province"].to_pylist() == ["浙江", "江苏", None]


def test_check_and_features_end_with_bad_data_and_one_line(
    drawn: Tables, write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = changed(drawn["declarations"], "buyer_id", texts(GBK, pa.string()))
    folder = str(write(drawn | {"declarations": rows}))

    codes = [
        main(["check", folder]),
        main(["features", folder, str(tmp_path / "out"), "--as-of", "2024-04-01"]),
    ]

    errors = [line for line in capsys.readouterr().err.splitlines() if "Error: " in line]
    assert codes == [3, 3]
    assert errors[0] == errors[1]
    assert "declarations.buyer_id: 2 values that are not UTF-8" in errors[0]


def test_cutting_the_file_short_is_still_a_file_that_cannot_be_read(
    drawn: Tables, write: Write, settings: SourcesSettings
) -> None:
    folder = write(drawn)
    path = folder / "enterprises.parquet"
    path.write_bytes(path.read_bytes()[:-20])

    with pytest.raises(DataError, match="enterprises: 1 file cannot be read as Parquet"):
        read_folder(folder, settings)
