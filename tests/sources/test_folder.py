"""The door as a whole: fingerprints, shares, the report, and what is written down."""

import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from riskmodel.errors import DataError
from riskmodel.settings import SourcesSettings
from riskmodel.sources.folder import accept_reading, read_folder
from riskmodel.sources.persistence import load_source, save_reading
from riskmodel.sources.source import fingerprint
from riskmodel.storage.files import write_parquet

Tables = dict[str, pd.DataFrame]
Write = Callable[[Tables], Path]

REPEATED = hypothesis_settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    derandomize=True,
)


def many(count: int) -> pd.DataFrame:
    """Declarations of E1, all good."""
    return pd.DataFrame(
        {
            "declaration_id": [f"D{number:04d}" for number in range(count)],
            "enterprise_id": "E1",
            "declared_on": pd.Timestamp(2024, 1, 10),
            "fob_usd": np.arange(count, dtype=float),
            "known_at": pd.Timestamp(2024, 1, 12, tz="UTC"),
        }
    )


@REPEATED
@given(seed=st.integers(0, 2**32 - 1), parts=st.integers(1, 4))
def test_order_of_rows_and_parts_change_nothing(
    drawn: Tables, write: Write, settings: SourcesSettings, seed: int, parts: int
) -> None:
    rows = pd.concat([many(9), many(2).assign(fob_usd=-1.0), many(3)], ignore_index=True)
    straight = read_folder(write(drawn | {"declarations": rows}), settings)
    shuffled = rows.sample(frac=1.0, random_state=np.random.default_rng(seed))
    cuts = np.array_split(np.arange(len(rows)), parts)
    split = {f"declarations/{n}": shuffled.iloc[cut] for n, cut in enumerate(cuts)}
    others = {name: table for name, table in drawn.items() if name != "declarations"}
    mixed = read_folder(write(others | split), settings)
    assert mixed.source.fingerprint == straight.source.fingerprint
    assert mixed.report == straight.report
    assert mixed.rejects["declarations"].equals(straight.rejects["declarations"])


@pytest.mark.parametrize(
    ("name", "other"),
    [("fob_usd", 100.01), ("buyer_id", "B2"), ("declared_on", pd.Timestamp(2024, 1, 11))],
)
def test_any_other_value_has_another_fingerprint(
    drawn: Tables, write: Write, settings: SourcesSettings, name: str, other: object
) -> None:
    rows = drawn["declarations"].assign(buyer_id=["B1", None, ""])
    changed = rows.assign(**{name: [other, *rows[name][1:]]})
    prints = {
        read_folder(write(drawn | {"declarations": table}), settings).source.fingerprint
        for table in (rows, changed)
    }
    assert len(prints) == 2


def test_null_and_empty_text_have_different_fingerprints() -> None:
    tables = [pa.table({"province": pa.array([text], pa.string())}) for text in (None, "")]
    assert len({fingerprint({"enterprises": table}) for table in tables}) == 2


def test_what_lies_under_a_null_and_how_arrow_cuts_change_no_fingerprint() -> None:
    under = pa.Array.from_buffers(
        pa.float64(), 2, [pa.py_buffer(b"\x01"), pa.py_buffer(np.array([1.0, 9.0]).tobytes())]
    )
    assert under.to_pylist() == [1.0, None]
    whole = pa.table({"fob_usd": pa.array([1.0, None])})
    cut = pa.table({"fob_usd": pa.chunked_array([under[:1], under[1:]])})
    assert fingerprint({"declarations": cut}) == fingerprint({"declarations": whole})


def test_one_bad_row_in_a_hundred_passes_and_two_stop(
    drawn: Tables, write: Write, settings: SourcesSettings
) -> None:
    one = many(100).assign(fob_usd=[np.inf] + [1.0] * 99)
    reading = read_folder(write(drawn | {"declarations": one}), settings)
    assert accept_reading(reading, settings) is reading
    two = many(100).assign(fob_usd=[np.inf] * 2 + [1.0] * 98)
    reading = read_folder(write(drawn | {"declarations": two}), settings)
    with pytest.raises(DataError) as caught:
        accept_reading(reading, settings)
    assert str(caught.value) == (
        "declarations: 2 of 100 rows set aside, 2.00% where at most 1% may be "
        "(fob_usd is infinite: 2 (first: D0000, D0001)). "
        'Fix the extract, or see data/README.md, "Bad rows".'
    )


def test_five_unknown_ids_in_a_hundred_pass_and_six_stop(
    drawn: Tables, write: Write, settings: SourcesSettings
) -> None:
    five = many(100).assign(enterprise_id=["E9"] * 5 + ["E1"] * 95)
    reading = read_folder(write(drawn | {"declarations": five}), settings)
    assert accept_reading(reading, settings).report.tables[1].rows_rejected == 5
    six = many(100).assign(enterprise_id=["E9"] * 6 + ["E1"] * 94)
    with pytest.raises(DataError, match=r"6 of 100 rows with unknown ids, 6\.00%"):
        accept_reading(read_folder(write(drawn | {"declarations": six}), settings), settings)


def test_copies_make_no_share_smaller(
    drawn: Tables, write: Write, settings: SourcesSettings
) -> None:
    bad = many(50).assign(fob_usd=[np.inf] + [1.0] * 49)
    doubled = pd.concat([bad, bad.tail(49), bad.tail(49)])
    with pytest.raises(DataError, match="1 of 50 rows set aside"):
        accept_reading(read_folder(write(drawn | {"declarations": doubled}), settings), settings)


def test_an_error_shows_no_value_and_keeps_to_one_line(
    drawn: Tables, write: Write, settings: SourcesSettings
) -> None:
    rows = drawn["declarations"].assign(
        declaration_id=["D\n1", "D2" * 60, "D3"], destination="a secret place"
    )
    with pytest.raises(DataError) as caught:
        accept_reading(read_folder(write(drawn | {"declarations": rows}), settings), settings)
    assert "D?1" in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_empty_register_is_an_error(
    drawn: Tables, write: Write, settings: SourcesSettings
) -> None:
    empty = {name: rows.head(0) for name, rows in drawn.items()}
    with pytest.raises(DataError, match="enterprises: 0 rows"):
        read_folder(write(empty), settings)


@pytest.mark.parametrize("name", ["declarations", "bank_records", "lines", "line_months"])
def test_an_empty_table_is_read(
    drawn: Tables, write: Write, settings: SourcesSettings, name: str
) -> None:
    children = {"line_months"} if name == "lines" else set()
    empty = {one: drawn[one].head(0) for one in {name} | children}
    reading = accept_reading(read_folder(write(drawn | empty), settings), settings)
    assert len(reading.source.frame(name)) == 0
    assert reading.report.frame().set_index("table").loc[name, "rows_in"] == 0


def test_an_enterprise_without_an_instant_was_always_known(
    drawn: Tables, write: Write, settings: SourcesSettings
) -> None:
    source = read_folder(write(drawn), settings).source
    always = datetime(1900, 1, 1, tzinfo=ZoneInfo("UTC"))
    assert source.tables["enterprises"]["known_at"].to_pylist() == [always] * 3
    assert source.tables["enterprises"]["withdrawn"].to_pylist() == [False] * 3


def test_a_frame_has_midnights_instants_and_plain_numbers(
    drawn: Tables, write: Write, settings: SourcesSettings
) -> None:
    rows = drawn["declarations"].assign(via_platform=[True, None, False])
    source = read_folder(write(drawn | {"declarations": rows}), settings).source
    types = source.frame("declarations").dtypes.astype("str").to_dict()
    assert types == {
        "declaration_id": "str",
        "enterprise_id": "str",
        "declared_on": "datetime64[us]",
        "fob_usd": "float64",
        "via_platform": "boolean",
        "destination": "str",
        "terms_days": "float64",
        "known_at": "datetime64[us, UTC]",
        "withdrawn": "bool",
    }
    assert source.frame("line_months")["days_past_due"].dtype == "int64"


def test_a_table_that_is_not_there_is_said_to_be_so(
    drawn: Tables, write: Write, settings: SourcesSettings
) -> None:
    source = read_folder(write(drawn), settings).source
    assert not source.has("receipts")
    with pytest.raises(DataError, match="receipts: 0 rows"):
        source.frame("receipts")
    with pytest.raises(KeyError):
        source.has("reciepts")


def test_the_report_counts_what_came_late(
    drawn: Tables, write: Write, settings: SourcesSettings
) -> None:
    declared_on = pd.Timestamp(2024, 1, 10)
    local = [declared_on + pd.Timedelta(days=days, hours=1) for days in (30, 31, 32, 33)]
    known_at = pd.DatetimeIndex(local).tz_localize("Asia/Shanghai")
    rows = many(4).assign(known_at=known_at)
    reading = read_folder(write(drawn | {"declarations": rows}), settings)
    (report,) = [one for one in reading.report.tables if one.table == "declarations"]
    assert report.share_late == 0.5
    assert (report.first_event, report.last_event) == (date(2024, 1, 10), date(2024, 1, 10))


def test_a_months_record_speaks_of_its_end(
    drawn: Tables, write: Write, settings: SourcesSettings
) -> None:
    report = read_folder(write(drawn), settings).report.frame().set_index("table")
    assert report.loc["line_months", "last_event"] == pd.Timestamp(2024, 3, 31)
    assert report.loc["line_months", "share_late"] == 0.0
    assert np.isnan(report.loc["fx_rates", "share_late"])


def test_the_text_names_tables_violations_and_what_is_absent(
    drawn: Tables, write: Write, settings: SourcesSettings
) -> None:
    bad = drawn["declarations"].assign(fob_usd=[1.0, np.inf, 2.0])
    text = read_folder(write(drawn | {"declarations": bad}), settings).report.text()
    lines = text.splitlines()
    assert lines[0].split()[:4] == ["table", "rows", "in", "copies"]
    assert lines[2].split()[:5] == ["declarations", "3", "0", "1", "2"]
    assert "  declarations.fob_usd is infinite: 1 (first: D2)" in lines
    assert "  purchases     no features of purchases" in lines
    assert "more than 31 days after the event" in text


def test_progress_is_told_of_each_table(
    drawn: Tables, write: Write, settings: SourcesSettings
) -> None:
    told: list[str] = []
    read_folder(write(drawn), settings, progress=told.append)
    assert told[0] == "enterprises: 3 rows read"
    assert told[-1] == "fx_rates: 3 of 3 rows used"


def test_what_is_saved_is_loaded_again(
    drawn: Tables, write: Write, settings: SourcesSettings, tmp_path: Path
) -> None:
    bad = drawn["declarations"].assign(fob_usd=[1.0, np.inf, 2.0])
    reading = read_folder(write(drawn | {"declarations": bad}), settings)
    save_reading(reading, tmp_path / "sources")
    loaded = load_source(tmp_path / "sources")
    assert (loaded.timezone, loaded.fingerprint) == ("Asia/Shanghai", reading.source.fingerprint)
    for name, rows in reading.source.tables.items():
        assert loaded.tables[name].equals(rows)
    rejects = pd.read_parquet(tmp_path / "sources" / "rejects" / "declarations.parquet")
    assert list(rejects["reasons"]) == ["fob_usd is infinite"]
    violations = pd.read_parquet(tmp_path / "sources" / "violations.parquet")
    assert violations.to_dict("records") == [
        {
            "table": "declarations",
            "column": "fob_usd",
            "reason": "is infinite",
            "rows": 1,
            "first": "D2",
        }
    ]
    assert len(pd.read_parquet(tmp_path / "sources" / "report.parquet")) == len(drawn)


def test_a_second_reading_leaves_nothing_of_the_first(
    drawn: Tables, write: Write, settings: SourcesSettings, tmp_path: Path
) -> None:
    bad = drawn["fx_rates"].assign(usd_per_unit=[1.0, np.inf, 2.0])
    save_reading(read_folder(write(drawn | {"fx_rates": bad}), settings), tmp_path / "sources")
    others = {name: rows for name, rows in drawn.items() if name != "fx_rates"}
    save_reading(read_folder(write(others), settings), tmp_path / "sources")
    assert not (tmp_path / "sources" / "fx_rates.parquet").exists()
    assert not (tmp_path / "sources" / "rejects" / "fx_rates.parquet").exists()


def test_the_canonical_tables_pass_the_door_again_unchanged(
    drawn: Tables, write: Write, settings: SourcesSettings
) -> None:
    once = read_folder(write(drawn), settings)
    twice = read_folder(write(dict(once.source.tables)), settings)
    assert twice.source.fingerprint == once.source.fingerprint
    assert not twice.rejects


def test_a_saved_source_that_was_changed_is_refused(
    drawn: Tables, write: Write, settings: SourcesSettings, tmp_path: Path
) -> None:
    reading = read_folder(write(drawn), settings)
    save_reading(reading, tmp_path / "sources")
    fewer = reading.source.tables["declarations"][:2]
    write_parquet(fewer, tmp_path / "sources" / "declarations.parquet")
    with pytest.raises(DataError, match="not those that were written"):
        load_source(tmp_path / "sources")


def test_a_source_that_was_not_saved_whole_is_refused(tmp_path: Path) -> None:
    (tmp_path / "source.json").write_text(json.dumps({"tables": ["enterprises"]}))
    with pytest.raises(DataError, match="holds no whole source"):
        load_source(tmp_path)
