"""A small file that unpacks to very much is refused before it is read; what has no end, at once."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from riskmodel.cli.main import main
from riskmodel.errors import DataError
from riskmodel.pipeline.fingerprints import data_fingerprint
from riskmodel.settings import SourcesSettings
from riskmodel.sources.checks import columns, decompression
from riskmodel.sources.checks.columns import read_chunks, read_table
from riskmodel.sources.folder import read_folder
from riskmodel.tables.canonical import CANONICAL

Tables = dict[str, pd.DataFrame]
Write = Callable[[dict[str, object]], Path]


def write_equal(path: Path, rows: int, groups: int) -> None:
    """So many equal enterprises, in so many row groups."""
    ids = pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows // groups, np.int32)), ["E1"])
    table = pa.table({"enterprise_id": ids, "employees": np.zeros(rows // groups, np.int64)})
    with pq.ParquetWriter(path, table.schema) as file:
        for _ in range(groups):
            file.write_table(table)


def test_a_hundred_million_equal_rows_are_refused_by_the_footer(
    drawn: Tables, write: Write, settings: SourcesSettings
) -> None:
    folder = write(drawn)
    path = folder / "enterprises.parquet"
    write_equal(path, 100_000_000, 100)

    with pytest.raises(DataError) as error:
        read_folder(folder, settings)

    assert str(error.value) == (
        f"enterprises: 100,000,000 rows of 2 columns in a file of {path.stat().st_size:,} bytes"
        " (enterprises.parquet): more than 150 values a byte, so most rows are equal. Keep each"
        " row once; if they are meant, write the table with compression=None and"
        " use_dictionary=False."
    )


def test_the_same_holds_for_a_part_and_for_the_way_in_pieces(tmp_path: Path) -> None:
    part = tmp_path / "enterprises" / "1.parquet"
    part.parent.mkdir()
    write_equal(part, 100_000_000, 100)

    with pytest.raises(DataError, match=r"\(enterprises/1\.parquet\)"):
        next(read_chunks([part], CANONICAL["enterprises"], "UTC", 10))


def test_equal_rows_that_are_read_in_seconds_pass_and_so_do_they_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packed, plain = tmp_path / "enterprises.parquet", tmp_path / "plain.parquet"
    write_equal(packed, 1_000_000, 1)
    assert len(read_table([packed], CANONICAL["enterprises"], "UTC")) == 1_000_000
    monkeypatch.setattr(decompression, "MAX_UNCHECKED_VALUES", 1000)

    with pytest.raises(DataError, match="more than 150 values a byte"):
        read_table([packed], CANONICAL["enterprises"], "UTC")

    rows = pq.read_table(packed)
    pq.write_table(rows.cast(pa.schema([("enterprise_id", pa.string()), ("employees", pa.int64())])),
                   plain, compression="none", use_dictionary=False)  # fmt: skip
    assert len(read_table([plain], CANONICAL["enterprises"], "UTC")) == 1_000_000


def test_long_texts_that_repeat_are_refused_by_what_they_unpack_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decompression, "MAX_UNCHECKED_BYTES", 1_000_000)
    path = tmp_path / "enterprises.parquet"
    table = pa.table({"enterprise_id": ["E1"] * 50_000, "sector": ["x" * 1000] * 50_000})
    pq.write_table(table, path)

    with pytest.raises(DataError, match=r"unpacks to [0-9,]+ bytes or more, over 1000 for one"):
        read_table([path], CANONICAL["enterprises"], "UTC")


def test_months_of_lines_that_are_never_late_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decompression, "MAX_UNCHECKED_VALUES", 0)
    monkeypatch.setattr(decompression, "MAX_UNCHECKED_BYTES", 0)
    lines, months = 20_000, 24
    path = tmp_path / "line_months.parquet"
    instants = pa.array(np.tile(np.arange(months) * 31 * 86_400_000_000, lines), pa.int64())
    table = pa.table(
        {
            "line_id": np.repeat([f"L{number:07d}" for number in range(lines)], months),
            "month": pa.array(np.tile(np.arange(months, dtype=np.int32) * 31, lines)).cast(
                pa.date32()
            ),
            "days_past_due": np.zeros(lines * months, np.int64),
            "drawn_cny": np.zeros(lines * months),
            "known_at": instants.cast(pa.timestamp("us")),
        }
    )
    pq.write_table(table, path, compression="zstd")

    assert len(read_table([path], CANONICAL["line_months"], "UTC")) == lines * months


def test_a_long_file_tells_how_far_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(columns, "_CHUNK_ROWS", 1000)
    monkeypatch.setattr(columns, "_ROWS_PER_MESSAGE", 2000)
    write_equal(tmp_path / "enterprises.parquet", 5000, 1)
    told: list[str] = []

    read_table([tmp_path / "enterprises.parquet"], CANONICAL["enterprises"], "UTC", told.append)

    assert told == [f"enterprises.parquet: {n:,} rows read so far" for n in (2000, 4000)]


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def link_to_pipe(path: Path) -> None:
    os.mkfifo(path.parent / "_pipe")
    path.symlink_to("_pipe")


def link_to_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def link_to_nothing(path: Path) -> None:
    path.symlink_to("gone")


def link_to_itself(path: Path) -> None:
    path.symlink_to(path.name)


SPECIAL = [make_pipe, link_to_pipe, link_to_device, link_to_nothing, link_to_itself]


@pytest.mark.parametrize("make", SPECIAL)
def test_what_is_no_regular_file_is_refused_at_once(
    drawn: Tables, write: Write, make: Callable[[Path], None], tmp_path: Path
) -> None:
    folder = write({name: rows for name, rows in drawn.items() if name != "declarations"})
    make(folder / "declarations.parquet")

    assert main(["check", str(folder)]) == 3
    assert main(["features", str(folder), str(tmp_path / "out"), "--as-of", "2024-04-01"]) == 3
    assert len(data_fingerprint(folder)) == 64


@pytest.mark.parametrize("make", SPECIAL)
def test_a_part_that_is_no_regular_file_is_refused_at_once(
    drawn: Tables, write: Write, settings: SourcesSettings, make: Callable[[Path], None]
) -> None:
    folder = write({name: rows for name, rows in drawn.items() if name != "declarations"})
    (folder / "declarations").mkdir()
    make(folder / "declarations" / "1.parquet")

    with pytest.raises(DataError, match=r"1\.parquet: 1 entry of declarations/ is no file"):
        read_folder(folder, settings)


def test_rows_asked_through_a_pipe_are_a_usage_error(
    drawn: Tables, write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "rows.parquet")
    words = ["features", str(write(drawn)), str(tmp_path / "out"), "--rows"]

    assert main([*words, str(tmp_path / "rows.parquet")]) == 2

    assert "rows.parquet: no such file" in capsys.readouterr().err


def test_a_link_to_a_file_or_a_folder_of_parts_is_read(
    drawn: Tables, write: Write, settings: SourcesSettings, tmp_path: Path
) -> None:
    folder = write(drawn)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder / "declarations.parquet").rename(elsewhere / "1.parquet")
    (folder / "lines.parquet").rename(tmp_path / "lines.parquet")
    (folder / "declarations").symlink_to(elsewhere)
    (folder / "lines.parquet").symlink_to(tmp_path / "lines.parquet")

    source = read_folder(folder, settings).source

    assert len(source.tables["declarations"]) == len(source.tables["lines"]) == 3


NAMES = ["\x1b[2Jgone.parquet", "two\nlines.parquet", "\u202eright.parquet", "\x07bell.csv"]


@pytest.mark.parametrize("name", NAMES)
def test_control_characters_of_a_files_name_are_written_out(
    drawn: Tables, write: Write, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write(drawn)
    (folder / name).write_bytes(b"")

    assert main(["check", str(folder)]) == 3

    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert said.removesuffix("\n").isprintable()
    assert name.encode("unicode_escape").decode().removesuffix("t") in said


def test_a_parts_name_is_written_out_too(
    drawn: Tables, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write({name: rows for name, rows in drawn.items() if name != "lines"})
    (folder / "lines").mkdir()
    (folder / "lines" / "\x1b[31m\n.parquet").write_bytes(b"PAR1")

    assert main(["check", str(folder)]) == 3

    last = capsys.readouterr().err.splitlines()[-1]
    assert "lines/\\x1b[31m\\n.parquet" in last


def test_an_attributes_name_with_control_characters_is_written_out_in_the_report(
    drawn: Tables, write: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    ids = drawn["enterprises"][["enterprise_id"]].assign(known_at=drawn["lines"]["known_at"])
    name = "\x1b[31mred\nline"
    folder = write(drawn | {"attributes": ids.assign(**{name: [1.0, np.inf, 2.0]})})

    assert main(["check", str(folder)]) == 3

    told = capsys.readouterr()
    assert "\x1b" not in told.out + told.err
