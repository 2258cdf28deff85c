"""Files are there whole or not at all, and the same rows give the same bytes."""

from pathlib import Path

import pandas as pd
import pytest

from riskmodel.errors import UsageError
from riskmodel.storage.files import (
    sha256,
    write_atomically,
    write_folder,
    write_parquet,
    write_text,
)


def test_a_writer_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "limits.csv"
    write_text(path, "old\n")

    def fail(unfinished: Path) -> None:
        unfinished.write_text("half")
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError, match="the disk is full"):
        write_atomically(path, fail)
    assert [entry.name for entry in tmp_path.iterdir()] == ["limits.csv"]
    assert path.read_text() == "old\n"


def test_the_same_rows_give_the_same_bytes_whatever_their_index(tmp_path: Path) -> None:
    rows = pd.DataFrame({"limit_cny": [1.0, 2.0]})
    write_parquet(rows, tmp_path / "a.parquet")
    write_parquet(rows.set_axis([7, 3]), tmp_path / "b.parquet")
    assert sha256(tmp_path / "a.parquet") == sha256(tmp_path / "b.parquet")
    assert list(pd.read_parquet(tmp_path / "b.parquet").index) == [0, 1]


def test_text_keeps_its_line_ends_and_its_chinese(tmp_path: Path) -> None:
    write_text(tmp_path / "reason.txt", "出口额\n")
    assert (tmp_path / "reason.txt").read_bytes() == "出口额\n".encode()


def test_sha256_is_the_published_one_for_abc(tmp_path: Path) -> None:
    write_text(tmp_path / "abc", "abc")  # the test vector of FIPS 180-2, appendix B.1
    assert sha256(tmp_path / "abc") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


def test_an_occupied_folder_is_refused_and_kept(tmp_path: Path) -> None:
    write_text(tmp_path / "mine.txt", "mine")
    with pytest.raises(UsageError, match="holds 1 entries already"):
        write_folder({"enterprises": pd.DataFrame({"enterprise_id": ["E1"]})}, tmp_path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["mine.txt"]


def test_a_file_where_a_folder_should_be_written_is_refused(tmp_path: Path) -> None:
    write_text(tmp_path / "out", "mine")
    with pytest.raises(UsageError, match="is a file"):
        write_folder({}, tmp_path / "out")


def test_a_folder_whose_last_table_fails_is_not_there(tmp_path: Path) -> None:
    mixed = pd.DataFrame({"anything": [1, "text"]})
    with pytest.raises(Exception, match="text"):
        write_folder({"good": pd.DataFrame({"a": [1]}), "bad": mixed}, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
