"""Which files a source folder may hold, and which it must."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from riskmodel.errors import DataError
from riskmodel.sources.layout import table_files
from riskmodel.storage.files import write_parquet, write_text

Tables = dict[str, pd.DataFrame]
Write = Callable[[Tables], Path]


def without(tables: Tables, *names: str) -> Tables:
    return {name: rows for name, rows in tables.items() if name not in names}


def test_files_and_part_folders_are_found_in_order(drawn: Tables, write: Write) -> None:
    folder = write(without(drawn, "declarations"))
    write_parquet(drawn["declarations"], folder / "declarations" / "2.parquet")
    write_parquet(drawn["declarations"], folder / "declarations" / "10.parquet")
    write_text(folder / "declarations" / "_SUCCESS", "")
    found = table_files(folder)
    assert [path.name for path in found["declarations"]] == ["10.parquet", "2.parquet"]
    assert next(iter(found)) == "enterprises"


def test_hidden_names_and_the_truth_are_passed_by(drawn: Tables, write: Write) -> None:
    folder = write(drawn | {"truth/pd": drawn["enterprises"], "_terms/churn": drawn["fx_rates"]})
    write_text(folder / ".DS_Store", "")
    write_text(folder / "_notes.txt", "")
    assert set(table_files(folder)) == set(drawn)


def test_a_stray_file_is_an_error(drawn: Tables, write: Write) -> None:
    folder = write(drawn)
    write_text(folder / "notes.csv", "")
    with pytest.raises(DataError, match=r"notes\.csv: stray file"):
        table_files(folder)


def test_a_stray_file_among_parts_is_an_error(drawn: Tables, write: Write) -> None:
    folder = write(without(drawn, "declarations"))
    write_parquet(drawn["declarations"], folder / "declarations" / "1.parquet")
    write_text(folder / "declarations" / "1.csv", "")
    with pytest.raises(DataError, match=r"1\.csv: stray file in declarations/"):
        table_files(folder)


def test_a_folder_among_parts_is_an_error(drawn: Tables, write: Write) -> None:
    folder = write(without(drawn, "declarations"))
    write_parquet(drawn["declarations"], folder / "declarations" / "year=2024" / "1.parquet")
    with pytest.raises(DataError, match="declarations/year=2024: stray folder"):
        table_files(folder)


def test_a_part_folder_without_parts_is_an_error(drawn: Tables, write: Write) -> None:
    folder = write(without(drawn, "declarations"))
    (folder / "declarations").mkdir()
    with pytest.raises(DataError, match="declarations/: holds 0 files"):
        table_files(folder)


def test_an_unknown_table_is_told_the_nearest_known_one(drawn: Tables, write: Write) -> None:
    folder = write(drawn | {"Declaration": drawn["declarations"]})
    with pytest.raises(DataError, match=r"unknown table Declaration; .* is declarations\."):
        table_files(folder)


def test_a_table_given_as_file_and_as_folder_is_an_error(drawn: Tables, write: Write) -> None:
    folder = write(drawn | {"lines/1": drawn["lines"]})
    with pytest.raises(DataError, match="lines: is there as a file and as a folder"):
        table_files(folder)


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such folder"):
        table_files(tmp_path / "nowhere")


def test_enterprises_is_required(drawn: Tables, write: Write) -> None:
    with pytest.raises(DataError, match="enterprises is missing"):
        table_files(write(without(drawn, "enterprises")))


def test_a_history_table_is_required(drawn: Tables, write: Write) -> None:
    with pytest.raises(DataError, match="0 history tables"):
        table_files(write(without(drawn, "declarations", "bank_records")))


def test_attributes_count_as_history(drawn: Tables, write: Write) -> None:
    rest = without(drawn, "declarations", "bank_records")
    assert "attributes" in table_files(write(rest | {"attributes": drawn["enterprises"]}))


def test_someone_must_say_who_defaulted(drawn: Tables, write: Write) -> None:
    with pytest.raises(DataError, match="nothing says who defaulted"):
        table_files(write(without(drawn, "line_months")))


def test_line_months_need_their_lines(drawn: Tables, write: Write) -> None:
    with pytest.raises(DataError, match="line_months is there without lines"):
        table_files(write(without(drawn, "lines")))


def test_outcomes_stand_in_for_lines(drawn: Tables, write: Write) -> None:
    rest = without(drawn, "lines", "line_months")
    assert "outcomes" in table_files(write(rest | {"outcomes": drawn["enterprises"]}))
