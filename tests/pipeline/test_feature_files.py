"""Features streamed to files: equal to those in memory, used again where they stand, resumed."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from riskmodel.cli.main import main
from riskmodel.errors import UsageError
from riskmodel.features import compute
from riskmodel.features.engine import map_partitions_in_threads
from riskmodel.pipeline import feature_files
from riskmodel.pipeline.feature_files import feature_settings, write_features
from riskmodel.pipeline.feature_rows import Asked, asked_for
from riskmodel.settings import default_settings
from riskmodel.simulation import write_simulation
from riskmodel.sources.folder import read_folder

DATES = pd.to_datetime(["2013-07-01", "2013-10-15", "2014-01-01"])
SETTINGS = feature_settings(partition_size=13, threads=1)


@pytest.fixture(scope="module")
def simulation(tmp_path_factory) -> Path:
    """A fictional economy of fifty enterprises over thirty months, to the end of June 2014."""
    folder = tmp_path_factory.mktemp("simulation") / "tables"
    write_simulation(folder, enterprises=50, months=30, seed=4)
    return folder


@pytest.fixture(scope="module")
def written(simulation, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("written") / "out"
    write_features(simulation, out, Asked.at(DATES), SETTINGS)
    return out


def rows_of(out: Path) -> pd.DataFrame:
    files = sorted((out / "features").glob("*/*.parquet"))
    whole = pa.concat_tables([pq.read_table(path) for path in files]).to_pandas()
    whole = whole.assign(as_of=pd.to_datetime(whole["as_of"]))
    return whole.sort_values(["enterprise_id", "as_of"], ignore_index=True)


def bytes_of(out: Path) -> dict[str, bytes]:
    files = (out / "features").glob("*/*.parquet")
    return {str(path.relative_to(out)): path.read_bytes() for path in files}


def changed(simulation: Path, out: Path, table: str, change) -> Path:
    """The simulation with one table's frame changed."""
    shutil.copytree(simulation, out)
    path = out / f"{table}.parquet"
    rows = pq.read_table(path)
    frame = change(rows.to_pandas())
    pq.write_table(pa.Table.from_pandas(frame, schema=rows.schema, preserve_index=False), path)
    return out


def test_files_hold_what_is_computed_in_memory(simulation, written):
    source = read_folder(simulation, default_settings().sources).source
    found = rows_of(written)
    memory = compute(source, found[["enterprise_id", "as_of"]], SETTINGS.features)
    assert list(found.columns) == list(memory.frame.columns)
    for feature in memory.definitions:
        kind = feature_files.stored(feature)
        expected = memory.frame[feature.name]
        if not feature.category:
            expected = expected.astype(kind.to_pandas_dtype())
            assert np.array_equal(found[feature.name], expected, equal_nan=True), feature.name
        else:
            assert found[feature.name].astype("str").equals(expected.astype("str")), feature.name


def test_money_and_what_rules_read_are_kept_as_doubles_and_the_rest_as_floats(written):
    schema = pq.read_schema(next((written / "features").glob("*/*.parquet")))
    assert schema.field("exports_usd_6m").type == pa.float64()
    assert schema.field("adverse_records_24m").type == pa.float64()
    assert schema.field("deals_6m").type == pa.float32()


def test_everyone_on_the_register_is_asked_for_and_nobody_before(simulation, written):
    source = read_folder(simulation, default_settings().sources).source
    register = source.frame("enterprises").groupby("enterprise_id")["known_at"].min()
    for date, rows in rows_of(written).groupby("as_of"):
        known = register[register < date.tz_localize("Asia/Shanghai")]
        assert set(rows["enterprise_id"]) == set(known.index)


def test_size_of_parts_and_threads_change_no_value(simulation, written, tmp_path):
    settings = feature_settings(partition_size=7, threads=2)
    write_features(
        simulation,
        tmp_path / "out",
        Asked.at(DATES),
        settings,
        map_partitions=map_partitions_in_threads(2),
    )
    pd.testing.assert_frame_equal(rows_of(tmp_path / "out"), rows_of(written))


def test_the_same_again_computes_nothing_and_a_new_date_only_its_month(
    simulation, written, tmp_path
):
    out = shutil.copytree(written, tmp_path / "out")
    again = write_features(simulation, out, Asked.at(DATES), SETTINGS)
    assert again.months["made"].tolist() == [0, 0, 0]
    more = write_features(simulation, out, Asked.at([*DATES, pd.Timestamp("2014-07-01")]), SETTINGS)
    assert dict(zip(more.months["month"], more.months["made"], strict=True)) == {
        "2013-07": 0,
        "2013-10": 0,
        "2014-01": 0,
        "2014-07": 4,
    }
    recorded = json.loads((out / "features.json").read_text("utf-8"))
    assert [one["made"] for one in recorded["months"]] == [0, 0, 0, 4]


def test_rows_known_later_leave_the_files_of_earlier_dates_as_they_are(
    simulation, written, tmp_path
):
    cut = pd.Timestamp("2014-01-01", tz="Asia/Shanghai")

    def later(frame):
        more = frame[frame["known_at"] < cut].head(40)
        return pd.concat([frame, more.assign(known_at=cut, fob_usd=more["fob_usd"] * 2)])

    data = changed(simulation, tmp_path / "later", "declarations", later)
    out = shutil.copytree(written, tmp_path / "out")
    before = bytes_of(out)
    found = write_features(data, out, Asked.at(DATES), SETTINGS)
    assert found.months["made"].tolist() == [0, 0, 0]
    assert bytes_of(out) == before


def test_a_row_that_was_known_before_a_date_makes_that_date_and_later_ones_anew(
    simulation, written, tmp_path
):
    def rewritten(frame):
        known = frame["known_at"] < pd.Timestamp("2013-10-01", tz="Asia/Shanghai")
        row = frame[known].sort_values("known_at").index[-1]
        return frame.assign(fob_usd=frame["fob_usd"].where(frame.index != row, 123456.0))

    data = changed(simulation, tmp_path / "rewritten", "declarations", rewritten)
    out = shutil.copytree(written, tmp_path / "out")
    found = write_features(data, out, Asked.at(DATES), SETTINGS)
    made = dict(zip(found.months["month"], found.months["made"], strict=True))
    assert made["2013-07"] == 0
    assert made["2013-10"] >= 1
    fresh = tmp_path / "fresh"
    write_features(data, fresh, Asked.at(DATES), SETTINGS)
    pd.testing.assert_frame_equal(rows_of(out), rows_of(fresh))


def test_a_stopped_run_goes_on_where_it_was(simulation, written, tmp_path, monkeypatch):
    honest = feature_files.write_partition

    def stopping(job, shared, months, part):
        if part == 2:
            raise KeyboardInterrupt
        return honest(job, shared, months, part)

    monkeypatch.setattr(feature_files, "write_partition", stopping)
    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        write_features(simulation, out, Asked.at(DATES), SETTINGS)
    monkeypatch.setattr(feature_files, "write_partition", honest)
    found = write_features(simulation, out, Asked.at(DATES), SETTINGS)
    assert found.months["made"].tolist() == [2, 2, 2]
    assert bytes_of(out) == bytes_of(written)


def test_given_rows_are_answered_each_once(simulation, tmp_path):
    asked = pd.DataFrame(
        {
            "enterprise_id": ["E0000003", "E0000001", "E0000003", "E0000001"],
            "as_of": pd.to_datetime(["2013-03-05", "2013-03-31", "2013-03-05", "2014-02-10"]),
        }
    )
    path = tmp_path / "asked.parquet"
    asked.to_parquet(path)
    out = tmp_path / "out"
    assert (
        main(["features", str(simulation), str(out), "--rows", str(path), "--partition-size", "20"])
        == 0
    )
    found = rows_of(out)
    assert list(zip(found["enterprise_id"], found["as_of"].dt.date.astype(str), strict=True)) == [
        ("E0000001", "2013-03-31"),
        ("E0000001", "2014-02-10"),
        ("E0000003", "2013-03-05"),
    ]


def test_chosen_features_come_with_their_parts(simulation, tmp_path):
    out = tmp_path / "out"
    words = ["features", str(simulation), str(out), "--as-of", "2014-01-01"]
    assert main([*words, "--feature", "exports_cny_12m"]) == 0
    assert list(rows_of(out).columns)[2:] == ["exports_usd_12m", "cny_per_usd", "exports_cny_12m"]


@pytest.mark.parametrize(
    "words",
    [[], ["--as-of", "2014-01-01", "--feature", "no_such_card"], ["--rows", "missing.parquet"]],
)
def test_what_cannot_be_asked_is_refused_in_one_line(simulation, tmp_path, words, capsys):
    assert main(["features", str(simulation), str(tmp_path / "out"), *words]) == 2
    assert len(capsys.readouterr().err.strip().splitlines()[-1:]) == 1


def test_dates_and_rows_together_are_refused(tmp_path):
    with pytest.raises(UsageError, match="--as-of DATE"):
        asked_for([DATES[0].date()], tmp_path / "rows.parquet")
