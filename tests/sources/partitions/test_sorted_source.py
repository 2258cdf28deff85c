"""Tables sorted by enterprise and cut into parts: in memory, and from a folder in pieces."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.types as pt
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from riskmodel.errors import DataError, UsageError
from riskmodel.settings import SourcesSettings
from riskmodel.simulation import write_simulation
from riskmodel.sources.folder import accept_reading, read_folder
from riskmodel.sources.partitions import chunks
from riskmodel.sources.partitions.partition_order import is_partitioned, partition_sort_columns
from riskmodel.sources.partitions.shuffle import assign_buckets
from riskmodel.sources.partitions.sorted_source import (
    SortedSource,
    load_sorted,
    sort_folder,
    sorted_source,
)
from riskmodel.sources.persistence import save_reading
from riskmodel.storage.files import write_folder, write_parquet
from riskmodel.tables.canonical import CANONICAL

pytestmark = pytest.mark.slow

Tables = dict[str, pd.DataFrame]
Write = Callable[[Mapping[str, pd.DataFrame | pa.Table]], Path]

REPEATED = hypothesis_settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)


@pytest.fixture(scope="module")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fictional economy of sixty enterprises over thirty months."""
    folder = tmp_path_factory.mktemp("simulation") / "tables"
    write_simulation(folder, enterprises=60, months=30, seed=3)
    return folder


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tables of more than a few rows go through the door in several pieces."""
    monkeypatch.setattr(chunks, "MAX_CHUNK_ROWS", 700)


@pytest.fixture
def cut(settings: SourcesSettings, write: Write) -> Callable[[Tables], SortedSource]:
    """Drawn tables through the door, sorted in memory, one enterprise a part."""
    return lambda tables: sorted_source(
        read_folder(write(tables), settings).source, enterprises_per_partition=1
    )


def utc(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


def frame(source: SortedSource, table: str, number: int) -> pd.DataFrame:
    """All columns of a table in one part, texts as texts."""
    return plain(source.read_partition(number, {table: source.columns(table)})[table]).to_pandas()


def plain(rows: pa.Table) -> pa.Table:
    columns = {
        name: rows[name].cast(pa.string()) if pt.is_dictionary(rows[name].type) else rows[name]
        for name in rows.column_names
    }
    return pa.table(columns)


def content(source: SortedSource) -> dict[str, list[pa.Table]]:
    """Every table's parts, or the table itself where it is not cut."""
    return {
        name: [
            source.read_partition(number, {name: source.columns(name)})[name]
            for number in range(source.partition_count)
        ]
        if is_partitioned(name)
        else [source.read_unpartitioned(name)]
        for name in CANONICAL
        if source.has(name)
    }


def declared(rows: Sequence[tuple[str, str, str, str]]) -> pd.DataFrame:
    """Declarations: id, enterprise, day, instant known."""
    return pd.DataFrame(
        {
            "declaration_id": [row[0] for row in rows],
            "enterprise_id": [row[1] for row in rows],
            "declared_on": pd.to_datetime([row[2] for row in rows]),
            "fob_usd": np.arange(len(rows), dtype=float),
            "known_at": pd.to_datetime([row[3] for row in rows], utc=True),
        }
    )


def damaged(folder: Path, out: Path) -> Path:
    """The simulation with rows that break every kind of rule, few enough to pass."""
    tables = {path.stem: pq.read_table(path) for path in folder.glob("*.parquet")}
    rows = tables["declarations"].to_pandas()
    bad = rows.iloc[:40].copy()
    bad["declaration_id"] = [f"bad{number:02d}" for number in range(40)]
    bad.loc[bad.index[0:4], "enterprise_id"] = "nobody"
    bad.loc[bad.index[4:9], "fob_usd"] = np.inf
    bad.loc[bad.index[6:12], "status"] = "unheard of"
    bad.loc[bad.index[12:15], "known_at"] = utc("1999-01-01")
    bad.loc[bad.index[15:18], "declaration_id"] = "torn"
    bad.loc[bad.index[15:18], "known_at"] = utc("2014-05-05")
    bad.loc[bad.index[18], "declaration_id"] = None
    bad["terms_days"] = bad["terms_days"].astype(float)
    bad.loc[bad.index[19:21], "terms_days"] = np.inf
    copies = rows.iloc[100:111]
    mixed = pd.concat([rows.astype({"terms_days": float}), bad, copies]).sample(
        frac=1.0, random_state=5
    )
    months = tables["line_months"].to_pandas()
    stray = months.iloc[:2].assign(line_id=["none such", "nor this"])
    tables["line_months"] = pa.Table.from_pandas(pd.concat([months, stray]), preserve_index=False)
    tables["declarations"] = pa.Table.from_pandas(mixed, preserve_index=False)
    write_folder(tables, out)
    return out


def test_a_part_holds_its_enterprises_only_and_every_enterprise_is_in_one(
    simulation: Path, settings: SourcesSettings
) -> None:
    source = sorted_source(read_folder(simulation, settings).source, enterprises_per_partition=7)
    assert source.partition_count == 9
    assert list(source.firsts) == sorted(source.firsts)
    for tables in (name for name in CANONICAL if source.has(name) and is_partitioned(name)):
        for number in range(source.partition_count):
            ids = frame(source, tables, number)["enterprise_id"]
            assert (ids >= source.firsts[number]).all()
            if number + 1 < source.partition_count:
                assert (ids < source.firsts[number + 1]).all()
    registered = [frame(source, "enterprises", k)["enterprise_id"].nunique() for k in range(9)]
    assert registered == [7] * 8 + [4]


def test_rows_of_a_part_stand_by_enterprise_date_key_and_instant(
    drawn: Tables, cut: Callable
) -> None:
    drawn["declarations"] = declared(
        [
            ("z", "E1", "2024-01-10", "2024-01-12"),
            ("é", "E1", "2024-01-10", "2024-01-12"),
            ("a", "E1", "2024-02-10", "2024-02-12"),
            ("m", "E1", "2024-01-10", "2024-03-12"),
            ("m", "E1", "2024-01-10", "2024-01-12"),
            ("x", "E1", "2023-12-10", "2024-01-12"),
        ]
    )
    rows = frame(cut(drawn), "declarations", 0)
    assert rows["declaration_id"].tolist() == ["x", "m", "m", "z", "é", "a"]
    assert rows["known_at"].tolist()[1:3] == [utc("2024-01-12"), utc("2024-03-12")]


@REPEATED
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["E1", "E2", "E3"]),
            st.sampled_from(["bank", "Bank", "bänk", "a"]),
            st.sampled_from(["1", "10", "2"]),
            st.integers(1, 3),
            st.integers(1, 3),
        ),
        min_size=1,
        max_size=60,
        unique=True,
    )
)
def test_any_rows_are_sorted_as_plain_python_sorts_them(
    drawn: Tables, cut: Callable, rows: list[tuple[str, str, str, int, int]]
) -> None:
    drawn["bank_records"] = pd.DataFrame(
        {
            "enterprise_id": [row[0] for row in rows],
            "lender": [row[1] for row in rows],
            "account_id": [row[2] for row in rows],
            "month": [pd.Timestamp(2024, row[3], 1) for row in rows],
            "known_at": [pd.Timestamp(2024, 6, row[4], tz="UTC") for row in rows],
        }
    )
    found = cut(drawn)
    order = ["enterprise_id", "month", "lender", "account_id", "known_at"]
    assert partition_sort_columns(CANONICAL["bank_records"]) == tuple(order)
    expected = drawn["bank_records"].sort_values(order)[order].reset_index(drop=True)
    parts = [frame(found, "bank_records", k)[order] for k in range(found.partition_count)]
    together = pd.concat([part for part in parts if len(part)], ignore_index=True)
    assert together.astype(str).to_numpy().tolist() == [
        [e, str(m.date()), b, a, str(k)] for e, m, b, a, k in expected.itertuples(index=False)
    ]


def test_the_newest_version_is_known_without_end_and_an_older_one_until_the_next(
    drawn: Tables, cut: Callable
) -> None:
    drawn["declarations"] = declared(
        [
            ("D1", "E1", "2024-01-10", "2024-03-01"),
            ("D1", "E1", "2024-01-10", "2024-01-12"),
            ("D2", "E1", "2024-01-10", "2024-01-12"),
        ]
    )
    rows = frame(cut(drawn), "declarations", 0)
    assert rows["known_until"].tolist() == [utc("2024-03-01"), pd.NaT, pd.NaT]


def test_a_version_that_moved_to_another_enterprise_ends_the_one_it_left(
    drawn: Tables, cut: Callable
) -> None:
    drawn["declarations"] = declared(
        [("D1", "E1", "2024-01-10", "2024-01-12"), ("D1", "E3", "2024-01-10", "2024-03-01")]
    )
    source = cut(drawn)
    assert frame(source, "declarations", 0)["known_until"].tolist() == [utc("2024-03-01")]
    assert frame(source, "declarations", 2)["known_until"].tolist() == [pd.NaT]
    assert frame(source, "declarations", 1).empty


def test_rows_taken_back_stay_and_end_the_version_before(drawn: Tables, cut: Callable) -> None:
    rows = declared(
        [("D1", "E1", "2024-01-10", "2024-01-12"), ("D1", "E1", "2024-01-10", "2024-03-01")]
    )
    drawn["declarations"] = rows.assign(withdrawn=[False, True])
    found = frame(cut(drawn), "declarations", 0)
    assert found["withdrawn"].tolist() == [False, True]
    assert found["known_until"].tolist() == [utc("2024-03-01"), pd.NaT]


def test_a_source_cut_to_a_date_knows_of_no_later_version(
    drawn: Tables, write: Write, settings: SourcesSettings
) -> None:
    drawn["declarations"] = declared(
        [("D1", "E1", "2024-01-10", "2024-01-12"), ("D1", "E1", "2024-01-10", "2024-03-01")]
    )
    source = read_folder(write(drawn), settings).source.known_before(utc("2024-02-01"))
    found = frame(sorted_source(source, enterprises_per_partition=9), "declarations", 0)
    assert found["known_until"].tolist() == [pd.NaT]


def line(who: str, limit: float, known: str, *, withdrawn: bool = False) -> dict[str, object]:
    return {
        "line_id": "L1",
        "enterprise_id": who,
        "bank": "bank_one",
        "granted_on": pd.Timestamp(2023, 12, 1),
        "limit_cny": limit,
        "known_at": utc(known),
        "withdrawn": withdrawn,
    }


def month(due: float, known: str, *, withdrawn: bool = False) -> dict[str, object]:
    return {
        "line_id": "L1",
        "month": pd.Timestamp(2024, 1, 1),
        "days_past_due": 0,
        "due_cny": due,
        "known_at": utc(known),
        "withdrawn": withdrawn,
    }


def test_a_month_of_a_line_has_a_row_for_each_pair_of_versions_known_together(
    drawn: Tables, cut: Callable
) -> None:
    drawn["lines"] = pd.DataFrame(
        [
            line("E1", 100.0, "2024-01-05"),
            line("E1", 200.0, "2024-03-05"),
            line("E2", 300.0, "2024-05-05"),
        ]
    )
    drawn["line_months"] = pd.DataFrame([month(1.0, "2024-02-05"), month(2.0, "2024-04-05")])
    source = cut(drawn)
    columns = ["due_cny", "limit_cny", "known_at", "known_until"]
    assert frame(source, "line_months", 0)[columns].to_numpy().tolist() == [
        [1.0, 100.0, utc("2024-02-05"), utc("2024-03-05")],
        [1.0, 200.0, utc("2024-03-05"), utc("2024-04-05")],
        [2.0, 200.0, utc("2024-04-05"), utc("2024-05-05")],
    ]
    assert frame(source, "line_months", 1)[columns].to_numpy().tolist() == [
        [2.0, 300.0, utc("2024-05-05"), pd.NaT]
    ]


def test_while_a_line_is_taken_back_its_months_have_no_row(drawn: Tables, cut: Callable) -> None:
    drawn["lines"] = pd.DataFrame(
        [
            line("E1", 100.0, "2024-01-05"),
            line("E1", 100.0, "2024-03-05", withdrawn=True),
            line("E1", 150.0, "2024-06-05"),
        ]
    )
    drawn["line_months"] = pd.DataFrame(
        [month(1.0, "2024-02-05"), month(1.0, "2024-07-05", withdrawn=True)]
    )
    rows = frame(cut(drawn), "line_months", 0)
    assert rows[["limit_cny", "known_at", "known_until", "withdrawn"]].to_numpy().tolist() == [
        [100.0, utc("2024-02-05"), utc("2024-03-05"), False],
        [150.0, utc("2024-06-05"), utc("2024-07-05"), False],
        [150.0, utc("2024-07-05"), pd.NaT, True],
    ]


def test_a_part_gives_what_was_asked_and_who_and_when(
    drawn: Tables, write: Write, settings: SourcesSettings, tmp_path: Path
) -> None:
    folder = write(drawn)
    always = {"enterprise_id", "declared_on", "known_at", "withdrawn", "known_until"}
    for source in (
        sorted_source(read_folder(folder, settings).source, enterprises_per_partition=2),
        sort_folder(folder, tmp_path / "sorted", settings, enterprises_per_partition=2),
    ):
        found = source.read_partition(0, {"declarations": {"fob_usd"}, "bank_records": ()})
        assert set(found) == {"declarations", "bank_records"}
        assert set(found["declarations"].column_names) == always | {"fob_usd"}
        assert set(found["bank_records"].column_names) == always - {"declared_on"} | {"month"}
        with pytest.raises(KeyError, match=r"declarations\.unheard"):
            source.read_partition(0, {"declarations": {"unheard"}})
        with pytest.raises(KeyError):
            source.read_partition(0, {"refunds": ()})
        with pytest.raises(IndexError):
            source.read_partition(2, {"declarations": ()})
        with pytest.raises(KeyError):
            source.read_unpartitioned("declarations")
        with pytest.raises(KeyError):
            source.has("decalrations")


def test_texts_that_repeat_come_as_codes_and_ids_of_rows_as_texts(
    drawn: Tables, cut: Callable
) -> None:
    source = cut(drawn)
    rows = source.read_partition(0, {"declarations": {"declaration_id", "destination"}})[
        "declarations"
    ]
    assert rows.schema.field("declaration_id").type == pa.string()
    assert rows.schema.field("destination").type == pa.dictionary(pa.int32(), pa.string())
    assert source.types("declarations").field("destination").type == pa.string()


@pytest.mark.parametrize("chunk_rows", [700, 10**6], ids=["in pieces", "in one piece"])
@pytest.mark.parametrize("threads", [1, 3])
def test_a_folder_gives_the_parts_that_memory_gives(
    simulation: Path,
    settings: SourcesSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    chunk_rows: int,
    threads: int,
) -> None:
    monkeypatch.setattr(chunks, "MAX_CHUNK_ROWS", chunk_rows)
    folder = damaged(simulation, tmp_path / "damaged")
    memory = sorted_source(read_folder(folder, settings).source, enterprises_per_partition=7)
    disk = sort_folder(
        folder, tmp_path / "sorted", settings, enterprises_per_partition=7, threads=threads
    )
    assert (disk.timezone, disk.firsts) == (memory.timezone, memory.firsts)
    expected, found = content(memory), content(disk)
    assert found.keys() == expected.keys()
    for name, parts in expected.items():
        assert disk.types(name) == memory.types(name)
        for mine, theirs in zip(parts, found[name], strict=True):
            assert theirs.schema == mine.schema, name
            assert plain(theirs).equals(plain(mine)), name
        assert sum(map(len, parts)) > 0, name


def test_a_folder_in_pieces_sets_aside_and_reports_what_the_whole_would(
    simulation: Path, settings: SourcesSettings, tmp_path: Path, small_pieces: None
) -> None:
    folder = damaged(simulation, tmp_path / "damaged")
    reading = accept_reading(read_folder(folder, settings), settings)
    assert len(reading.report.violations) > 6
    save_reading(reading, tmp_path / "whole")
    sort_folder(folder, tmp_path / "sorted", settings, enterprises_per_partition=7)
    for name in ("report", "violations", "rejects/declarations", "rejects/line_months"):
        expected = pq.read_table(tmp_path / "whole" / f"{name}.parquet")
        assert pq.read_table(tmp_path / "sorted" / f"{name}.parquet").equals(expected), name
    written = {path.name for path in (tmp_path / "sorted" / "rejects").iterdir()}
    assert written == {"declarations.parquet", "line_months.parquet"}


def test_a_table_in_several_files_of_different_types_gives_the_same(
    simulation: Path, settings: SourcesSettings, tmp_path: Path, small_pieces: None
) -> None:
    whole = sort_folder(simulation, tmp_path / "one", settings, enterprises_per_partition=9)
    tables = {path.stem: pq.read_table(path) for path in simulation.glob("*.parquet")}
    rows = tables.pop("declarations")
    half = len(rows) // 2
    number = rows.schema.get_field_index("terms_days")
    last = rows.slice(half).set_column(
        number, "terms_days", rows["terms_days"][half:].cast("double")
    )
    tables |= {"declarations/a": last, "declarations/b": rows.slice(0, half).slice(0, 0)}
    tables |= {"declarations/c": rows.slice(0, half)}
    write_folder(tables, tmp_path / "split")
    split = sort_folder(
        tmp_path / "split", tmp_path / "several", settings, enterprises_per_partition=9
    )
    assert content(split)["declarations"] == content(whole)["declarations"]


def test_columns_that_only_some_files_have_are_null_in_the_others(
    drawn: Tables,
    write: Write,
    settings: SourcesSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chunks, "MAX_CHUNK_ROWS", 2)
    rows = drawn.pop("declarations")
    plain_rows = rows.drop(columns=["destination", "terms_days"]).iloc[:1]
    drawn |= {"declarations/a": rows.iloc[1:], "declarations/b": plain_rows}
    found = sort_folder(write(drawn), tmp_path / "sorted", settings, enterprises_per_partition=1)
    first, third = (frame(found, "declarations", number) for number in (0, 2))
    assert first[["destination", "terms_days"]].isna().all(axis=None)
    assert third[["destination", "terms_days"]].to_numpy().tolist() == [["DEU", 90]]


@pytest.mark.parametrize("chunk_rows", [1, 100])
def test_attributes_keep_any_names_and_types(
    drawn: Tables,
    write: Write,
    settings: SourcesSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    chunk_rows: int,
) -> None:
    monkeypatch.setattr(chunks, "MAX_CHUNK_ROWS", chunk_rows)
    drawn["attributes"] = pd.DataFrame(
        {
            "enterprise_id": ["E1", "E2", "E3"],
            "a": [1.0, 2.0, 3.0],
            "a.b": ["x", None, "x"],
            "score": [1, 2, 3],
            "Score": [True, False, None],
            "first": [None, None, None],
            "reasons": ["r", None, None],
            "known_at": utc("2024-01-01"),
        }
    )
    folder = write(drawn)
    disk = sort_folder(folder, tmp_path / "sorted", settings, enterprises_per_partition=3)
    memory = sorted_source(read_folder(folder, settings).source, enterprises_per_partition=3)
    assert disk.types("attributes") == memory.types("attributes")
    assert content(disk)["attributes"] == content(memory)["attributes"]
    assert disk.read_partition(0, {"attributes": {"a"}})["attributes"].num_columns == 5


def test_an_attribute_that_has_the_name_of_the_next_versions_instant_is_refused(
    drawn: Tables, write: Write, settings: SourcesSettings, tmp_path: Path
) -> None:
    drawn["attributes"] = pd.DataFrame(
        {"enterprise_id": ["E1"], "known_until": [1.0], "known_at": utc("2024-01-01")}
    )
    folder = write(drawn)
    with pytest.raises(DataError, match=r"attributes\.known_until"):
        sort_folder(folder, tmp_path / "sorted", settings, enterprises_per_partition=2)
    with pytest.raises(DataError, match=r"attributes\.known_until"):
        sorted_source(read_folder(folder, settings).source, enterprises_per_partition=2)


@pytest.mark.parametrize("chunk_rows", [25, 10**6], ids=["in pieces", "in one piece"])
def test_too_many_bad_rows_are_refused_in_the_same_words_and_nothing_is_left(
    drawn: Tables,
    write: Write,
    settings: SourcesSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    chunk_rows: int,
) -> None:
    monkeypatch.setattr(chunks, "MAX_CHUNK_ROWS", chunk_rows)
    rows = declared([(f"D{n:02d}", "E1", "2024-01-10", "2024-01-12") for n in range(100)])
    rows.loc[[7, 50], "fob_usd"] = np.inf
    drawn["declarations"] = rows
    folder, beside = write(drawn), tmp_path / "beside"
    with pytest.raises(DataError) as whole:
        accept_reading(read_folder(folder, settings), settings)
    with pytest.raises(DataError) as in_pieces:
        sort_folder(folder, beside / "sorted", settings, enterprises_per_partition=2)
    assert str(in_pieces.value) == str(whole.value)
    assert not list(beside.iterdir())


def test_a_table_that_is_refused_anyhow_is_not_read_to_its_end(
    drawn: Tables,
    write: Write,
    settings: SourcesSettings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(chunks, "MAX_CHUNK_ROWS", 10)
    rows = declared([(f"D{n:03d}", "E1", "2024-01-10", "2024-01-12") for n in range(400)])
    drawn["declarations"] = rows.assign(fob_usd=np.inf)
    with pytest.raises(DataError, match=r"declarations: (\d+) of \1 rows set aside") as refused:
        sort_folder(write(drawn), tmp_path / "sorted", settings, enterprises_per_partition=2)
    assert "400" not in str(refused.value)


def test_a_missing_column_in_the_last_file_is_found_before_the_work(
    drawn: Tables, write: Write, settings: SourcesSettings, tmp_path: Path
) -> None:
    drawn["outcomes"] = pd.DataFrame({"enterprise_id": ["E1"]})
    told: list[str] = []
    with pytest.raises(DataError, match=r"outcomes\.as_of: missing column"):
        sort_folder(
            write(drawn),
            tmp_path / "out",
            settings,
            enterprises_per_partition=2,
            progress=told.append,
        )
    assert not told


def test_a_register_without_rows_is_refused(
    drawn: Tables, write: Write, settings: SourcesSettings, tmp_path: Path
) -> None:
    drawn["enterprises"] = drawn["enterprises"].iloc[:0]
    with pytest.raises(DataError, match="enterprises: 0 rows"):
        sort_folder(write(drawn), tmp_path / "sorted", settings, enterprises_per_partition=2)


def test_a_finished_sorting_of_the_same_files_is_used_again(
    drawn: Tables, write: Write, settings: SourcesSettings, tmp_path: Path
) -> None:
    folder, out = write(drawn), tmp_path / "sorted"
    first = sort_folder(folder, out, settings, enterprises_per_partition=2)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    told: list[str] = []
    for firsts in (None, first.firsts):
        again = sort_folder(
            folder, out, settings, enterprises_per_partition=2, firsts=firsts, progress=told.append
        )
        assert again.firsts == first.firsts == ("E1", "E3")
    assert told == ["sorted: is there, sorted from the same files"] * 2
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before


def test_a_sorting_of_other_files_settings_or_parts_is_refused(
    drawn: Tables, write: Write, settings: SourcesSettings, tmp_path: Path
) -> None:
    folder, out = write(drawn), tmp_path / "sorted"
    sort_folder(folder, out, settings, enterprises_per_partition=2)
    with pytest.raises(UsageError, match="holds"):
        sort_folder(folder, out, settings, enterprises_per_partition=3)
    with pytest.raises(UsageError, match="holds"):
        sort_folder(folder, out, settings, enterprises_per_partition=2, firsts=["E1", "E2"])
    elsewhere = settings.with_values({"timezone": "Europe/Paris"})
    with pytest.raises(UsageError, match="holds"):
        sort_folder(folder, out, elsewhere, enterprises_per_partition=2)
    write_parquet(drawn["declarations"].assign(fob_usd=1.0), folder / "declarations.parquet")
    with pytest.raises(UsageError, match="holds"):
        sort_folder(folder, out, settings, enterprises_per_partition=2)
    assert load_sorted(out).partition_count == 2


def test_anything_else_that_is_there_is_refused(
    drawn: Tables, write: Write, settings: SourcesSettings, tmp_path: Path
) -> None:
    mine = tmp_path / "sorted" / "mine.txt"
    mine.parent.mkdir()
    mine.write_text("mine")
    with pytest.raises(UsageError, match="holds 1 entries"):
        sort_folder(write(drawn), mine.parent, settings, enterprises_per_partition=2, firsts=["E1"])
    assert mine.read_text() == "mine"


def test_an_unfinished_or_damaged_sorting_is_recognised(
    drawn: Tables, write: Write, settings: SourcesSettings, tmp_path: Path
) -> None:
    folder, out = write(drawn), tmp_path / "sorted"
    source = sort_folder(folder, out, settings, enterprises_per_partition=2)
    part = out / "declarations" / "00000.parquet"
    write_parquet(pq.read_table(part).slice(1), part)
    with pytest.raises(DataError, match="no whole sorted source"):
        source.read_partition(0, {"declarations": ()})
    part.unlink()
    with pytest.raises(DataError, match="no whole sorted source"):
        load_sorted(out)
    (out / "sorted.json").unlink()
    with pytest.raises(DataError, match="no whole sorted source"):
        load_sorted(out)
    with pytest.raises(UsageError, match="holds"):
        sort_folder(folder, out, settings, enterprises_per_partition=2)


def test_an_earlier_sortings_parts_are_kept_for_more_enterprises(
    drawn: Tables, write: Write, settings: SourcesSettings, tmp_path: Path
) -> None:
    out = tmp_path / "sorted"
    earlier = sort_folder(write(drawn), out, settings, enterprises_per_partition=2)
    assert earlier.firsts == ("E1", "E3")
    more = pd.DataFrame({"enterprise_id": ["A0", "E25", "E9"], "kind": "trader"})
    drawn["enterprises"] = pd.concat([drawn["enterprises"], more])
    grown = write(drawn)
    later = sort_folder(grown, out, settings, enterprises_per_partition=2, firsts=earlier.firsts)
    assert later.firsts == ("A0", "E3")
    assert [frame(later, "enterprises", k)["enterprise_id"].tolist() for k in range(2)] == [
        ["A0", "E1", "E2", "E25"],
        ["E3", "E9"],
    ]
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_a_part_without_rows_has_the_tables_columns(
    drawn: Tables, write: Write, settings: SourcesSettings, tmp_path: Path
) -> None:
    drawn["declarations"] = drawn["declarations"].iloc[:1]
    folder = write(drawn)
    disk = sort_folder(folder, tmp_path / "sorted", settings, enterprises_per_partition=1)
    memory = sorted_source(read_folder(folder, settings).source, enterprises_per_partition=1)
    for source in (disk, memory):
        assert len(source.read_partition(0, {"declarations": ()})["declarations"]) == 1
    assert content(disk)["declarations"] == content(memory)["declarations"]
    assert not (tmp_path / "sorted" / "declarations" / "00001.parquet").exists()


def test_the_description_names_every_file_by_its_content(
    drawn: Tables, write: Write, settings: SourcesSettings, tmp_path: Path
) -> None:
    folder = write(drawn)
    sort_folder(folder, tmp_path / "sorted", settings, enterprises_per_partition=2)
    found = json.loads((tmp_path / "sorted" / "sorted.json").read_text())
    assert set(found["asked"]["files"]) == {f"{name}.parquet" for name in drawn}
    assert found["tables"]["declarations"]["rows"] == [2, 1]
    assert found["tables"]["fx_rates"]["rows"] == [3]


def test_tables_without_rows_are_there_all_the_same(
    drawn: Tables, write: Write, settings: SourcesSettings, tmp_path: Path
) -> None:
    for name in ("declarations", "lines", "line_months", "fx_rates"):
        drawn[name] = drawn[name].iloc[:0]
    folder = write(drawn)
    disk = sort_folder(folder, tmp_path / "sorted", settings, enterprises_per_partition=2)
    memory = sorted_source(read_folder(folder, settings).source, enterprises_per_partition=2)
    assert content(disk) == content(memory)
    assert all(source.has(name) for source in (disk, memory) for name in drawn)
    assert (
        len(disk.read_unpartitioned("fx_rates"))
        == len(disk.read_partition(0, {"lines": ()})["lines"])
        == 0
    )


def test_a_key_falls_into_one_bucket_wherever_it_stands_and_buckets_fill_evenly() -> None:
    ids = pa.array([f"D{number}" for number in range(40_000)] + ["", None])
    whole = assign_buckets(pa.chunked_array([ids]), 16)
    sliced = assign_buckets(pa.chunked_array([ids[3:9], ids[39_990:]]), 16)
    assert sliced.tolist() == [*whole[3:9], *whole[39_990:]]
    assert np.bincount(whole, minlength=16).min() > 0.9 * 40_000 / 16
