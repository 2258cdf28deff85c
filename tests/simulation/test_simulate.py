"""The fictional economy keeps the contract, repeats itself, arrives late, and hides its truth."""

import re
import shutil
from hashlib import sha256
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from riskmodel.errors import SettingsError, UsageError
from riskmodel.settings import SourcesSettings
from riskmodel.simulation import simulate as writing
from riskmodel.simulation import write_simulation
from riskmodel.simulation.calendar import Calendar
from riskmodel.simulation.parameter_files import load_parameters, scenario_names
from riskmodel.sources.folder import read_folder
from riskmodel.tables.canonical import CANONICAL

TABLES = tuple(name for name in CANONICAL if name not in ("outcomes", "attributes"))
END = pd.Timestamp("2014-06-30")
ARROW = {
    "id": pa.string(),
    "text": pa.string(),
    "code": pa.string(),
    "date": pa.date32(),
    "instant": pa.timestamp("us", tz="UTC"),
    "number": pa.float64(),
    "integer": pa.int64(),
    "flag": pa.bool_(),
}


@pytest.fixture(scope="module")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("economy") / "simulation"
    write_simulation(out, enterprises=600, months=48, seed=5)
    return out


def rows(simulation: Path, name: str) -> pd.DataFrame:
    return pq.read_table(simulation / f"{name}.parquet").to_pandas()


def digests(folder: Path) -> dict[str, str]:
    files = sorted(folder.rglob("*.parquet"))
    return {str(f.relative_to(folder)): sha256(f.read_bytes()).hexdigest() for f in files}


def test_every_table_is_there_and_the_truth_stands_apart(simulation: Path) -> None:
    assert {path.stem for path in simulation.glob("*.parquet")} == set(TABLES)
    assert {path.stem for path in (simulation / "truth").iterdir()} == {
        "applications",
        "common",
        "enterprises",
        "enterprise_months",
        "limit_response",
        "pd_12m",
        "staged_declarations",
        "simulation",
    }


@pytest.mark.parametrize("name", TABLES)
def test_columns_are_the_contracts_in_the_plain_types(simulation: Path, name: str) -> None:
    declared, schema = CANONICAL[name], pq.read_schema(simulation / f"{name}.parquet")
    assert set(declared.required_columns) <= set(schema.names) <= set(declared.by_name)
    for field in schema:
        assert field.type == ARROW[declared.column(field.name).kind], field.name


@pytest.mark.parametrize("name", TABLES)
def test_values_keep_the_row_rules(simulation: Path, name: str) -> None:
    frame = rows(simulation, name)
    for column in CANONICAL[name].columns:
        if column.name not in frame:
            continue
        values = frame[column.name].dropna()
        assert column.optional or len(values) == len(frame), column.name
        if column.kind in ("number", "integer") and not column.negative:
            assert (values >= 0).all(), column.name
        if column.codes:
            assert set(values) <= column.codes, column.name
        if column.pattern:
            assert all(re.fullmatch(column.pattern, value) for value in set(values)), column.name


@pytest.mark.parametrize("name", TABLES)
def test_no_two_rows_have_one_key_and_one_instant(simulation: Path, name: str) -> None:
    frame, key = rows(simulation, name), list(CANONICAL[name].key)
    instant = ["known_at"] if CANONICAL[name].timed else []
    assert not frame.duplicated(key + instant).any()


@pytest.mark.parametrize("name", [name for name in TABLES if CANONICAL[name].timed])
def test_nothing_is_known_or_happens_after_the_end(simulation: Path, name: str) -> None:
    frame, event = rows(simulation, name), CANONICAL[name].event
    local = frame["known_at"].dt.tz_convert("Asia/Shanghai").dt.tz_localize(None)
    assert (local < END + pd.Timedelta(days=1)).all()
    if event:
        assert (local.dt.normalize() >= pd.to_datetime(frame[event])).all()


def test_the_contracts_reader_sets_no_row_aside(
    simulation: Path, settings: SourcesSettings
) -> None:
    report = read_folder(simulation, settings).report
    assert {table.table for table in report.tables} == set(TABLES)
    assert not report.violations


def test_a_line_is_granted_only_under_an_agreement_with_its_bank(simulation: Path) -> None:
    signed = rows(simulation, "agreements").drop_duplicates(["enterprise_id", "bank"])
    lines = rows(simulation, "lines").merge(
        signed[["enterprise_id", "bank", "signed_on"]],
        on=["enterprise_id", "bank"],
        how="left",
        validate="many_to_one",
    )
    assert (lines["signed_on"] <= lines["granted_on"]).all()
    assert lines["limit_cny"].max() <= 10_000_000


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("declarations", 1, 31), ("bank_records", 5, 21), ("line_months", 1, 11)],
)
def test_each_table_has_its_own_lag(simulation: Path, name: str, low: int, high: int) -> None:
    table, frame = CANONICAL[name], rows(simulation, name)
    event = pd.to_datetime(frame[table.event])
    event = event + pd.offsets.MonthEnd(0) if table.event == "month" else event
    first = frame["known_at"].groupby([frame[part] for part in table.key]).transform("min")
    local = first.dt.tz_convert("Asia/Shanghai").dt.tz_localize(None).dt.normalize()
    days = (local - event).dt.days
    assert days.min() >= low
    assert days.quantile(0.95) <= high


@pytest.mark.parametrize("name", ["declarations", "receipts", "purchases", "bank_records"])
def test_one_to_two_per_cent_of_the_rows_are_corrected_or_withdrawn_later(
    simulation: Path, name: str
) -> None:
    frame, key = rows(simulation, name), list(CANONICAL[name].key)
    share = frame.duplicated(key).sum() / len(frame.drop_duplicates(key))
    assert 0.01 <= share <= 0.02
    assert 0.001 <= frame["withdrawn"].mean() <= 0.003
    assert not frame.groupby(key)["withdrawn"].first().any()


def test_a_correction_changes_the_value_under_the_same_key(simulation: Path) -> None:
    frame = rows(simulation, "declarations")
    frame = frame[~frame["withdrawn"]].sort_values("known_at")
    twice = frame[frame.duplicated("declaration_id", keep=False)]
    values = twice.groupby("declaration_id")["fob_usd"].agg(["first", "last"])
    assert len(values) > 100
    assert (values["first"] != values["last"]).mean() > 0.99


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    for name, seed in (("one", 3), ("again", 3), ("other", 4)):
        write_simulation(tmp_path / name, enterprises=60, months=24, seed=seed)
    assert digests(tmp_path / "one") == digests(tmp_path / "again")
    assert digests(tmp_path / "one") != digests(tmp_path / "other")


def test_neither_the_part_nor_the_threads_change_a_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "ENTERPRISES_PER_FILE", 40)
    for name, part, threads in (("one", 40, 1), ("two", 7, 2), ("three", 1000, 3)):
        write_simulation(
            tmp_path / name,
            enterprises=100,
            months=24,
            seed=3,
            partition_size=part,
            threads=threads,
        )
    assert len(list((tmp_path / "one" / "receipts").iterdir())) == 3
    assert digests(tmp_path / "one") == digests(tmp_path / "two") == digests(tmp_path / "three")


def test_a_stopped_simulation_goes_on_where_it_was_and_ends_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writing, "ENTERPRISES_PER_FILE", 20)
    size = {"enterprises": 60, "months": 24, "seed": 3, "threads": 1}
    heard: list[int] = []

    def stop(done: int) -> None:
        heard.append(done)
        if done == 20:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_simulation(tmp_path / "out", progress=stop, **size)
    assert not (tmp_path / "out").exists()
    first = len(heard)
    write_simulation(tmp_path / "out", progress=heard.append, **size)
    write_simulation(tmp_path / "whole", **size)
    assert heard[first] >= 20
    assert heard[-1] == 60
    assert digests(tmp_path / "out") == digests(tmp_path / "whole")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out", "whole"]


def test_a_folder_that_is_not_empty_is_refused_and_left_alone(tmp_path: Path) -> None:
    kept = tmp_path / "out" / "mine.txt"
    kept.parent.mkdir()
    kept.write_text("mine")
    with pytest.raises(UsageError, match="already"):
        write_simulation(kept.parent, enterprises=5, months=24, seed=1)
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "mine.txt"]


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    def stop(_done: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_simulation(tmp_path / "out", enterprises=20, months=24, seed=1, progress=stop)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("enterprises", "months", "seed"), [(0, 24, 1), (10, 6, 1), (10, 500, 1), (10, 24, -1)]
)
def test_sizes_that_cannot_be_drawn_are_refused(
    tmp_path: Path, enterprises: int, months: int, seed: int
) -> None:
    with pytest.raises(UsageError):
        write_simulation(tmp_path / "out", enterprises=enterprises, months=months, seed=seed)
    assert list(tmp_path.iterdir()) == []


def test_a_simulation_of_one_enterprise_still_has_every_table(tmp_path: Path) -> None:
    write_simulation(tmp_path / "one", enterprises=1, months=12, seed=2)
    assert {path.stem for path in (tmp_path / "one").glob("*.parquet")} == set(TABLES)


def test_the_contracts_default_is_the_hidden_default(simulation: Path) -> None:
    visible = duckdb.connect().execute(
        """
        select enterprise_id, min(last_day(month)) as on_ from (
            select enterprise_id, month from read_parquet($1) join read_parquet($2) using (line_id)
            where days_past_due >= 90 or written_off_cny > 0
            union all
            select enterprise_id, month from read_parquet($3)
            where tier in ('substandard', 'doubtful', 'loss'))
        group by 1
        """,
        [str(simulation / f"{name}.parquet") for name in ("line_months", "lines", "bank_records")],
    )
    seen = dict(visible.fetchall())
    hidden = rows(simulation, "truth/enterprises").dropna(subset=["defaulted_on"])
    hidden = hidden[pd.to_datetime(hidden["defaulted_on"]) < pd.Timestamp("2014-06-01")]
    hidden_on = dict(zip(hidden["enterprise_id"], hidden["defaulted_on"], strict=True))
    assert set(seen) <= set(hidden_on)
    # The rest: a missing month of bank records, or one that is not known before the end.
    agree = [seen.get(enterprise) == on for enterprise, on in hidden_on.items()]
    assert sum(agree) / len(agree) > 0.9


def test_the_lunar_new_year_empties_february_2014() -> None:
    calendar, trade = Calendar(12), load_parameters().trade
    weights = calendar.day_weights(trade)
    first = calendar.edges - calendar.step_edges[0]
    january, february, march = (weights[first[at] : first[at + 1]].sum() for at in (6, 7, 8))
    # 31 January 2014 was the holiday: from the day before it to 14 February few ship, and from
    # the 21st to the 29th of January many do.
    assert january == pytest.approx(20 + 9 * trade.rush_weight + 2 * trade.holiday_weight)
    assert february == pytest.approx(14 * trade.holiday_weight + 14)
    assert march == pytest.approx(31.0)


def test_staged_declarations_are_never_paid(simulation: Path) -> None:
    staged = set(rows(simulation, "truth/staged_declarations")["declaration_id"])
    assert staged
    assert not staged & set(rows(simulation, "receipts")["declaration_id"].dropna())


def test_buyers_ids_do_not_show_their_risk() -> None:
    from riskmodel.simulation.buyers import LIVES, buyer_numbers

    places = np.arange(1_000) * LIVES
    shown = buyer_numbers(places)
    assert len(set(shown)) == 1_000
    assert abs(np.corrcoef(places, shown)[0, 1]) < 0.1


def test_every_scenario_changes_the_base_and_an_unknown_one_is_refused(tmp_path: Path) -> None:
    base = load_parameters()
    assert set(scenario_names()) == {"base", "drift", "gaming", "shock", "tariff", "thin", "yuan"}
    assert all(load_parameters(name) != base for name in scenario_names()[1:])
    with pytest.raises(SettingsError, match="unknown scenario 'boom'"):
        load_parameters("boom")
    own = tmp_path / "own.toml"
    own.write_text("[trade]\nboom = 1.0\n")
    with pytest.raises(SettingsError, match="unknown parameter boom"):
        load_parameters(str(own))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("population = 3", "population must be a table"),
        ('[population]\nsize_sigma = "x"', r"population\.size_sigma: not of the kind float"),
        ("[population]\nsize_sigma = []", r"population\.size_sigma: not of the kind float"),
        ("[population]\nsize_sigma = {a = 1}", r"population\.size_sigma: not of the kind float"),
    ],
)
def test_a_scenario_of_ones_own_with_a_value_of_another_kind_is_refused_by_name(
    tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "own.toml").write_text(text)
    with pytest.raises(SettingsError, match=said):
        load_parameters(str(tmp_path / "own.toml"))


def test_a_scenario_leaves_what_came_before_it_as_it_was(tmp_path: Path) -> None:
    for name in ("base", "tariff"):
        write_simulation(tmp_path / name, enterprises=150, months=48, seed=3, scenario=name)
    base, tariff = (rows(tmp_path / name, "declarations") for name in ("base", "tariff"))
    start = pd.Timestamp("2012-07-01")
    before = [frame[pd.to_datetime(frame["declared_on"]) < start] for frame in (base, tariff)]
    known = [f[f["known_at"] < pd.Timestamp("2012-06-30", tz="UTC")] for f in before]
    pd.testing.assert_frame_equal(*(f.reset_index(drop=True) for f in known))

    def to_usa(frame: pd.DataFrame) -> float:
        later = frame[pd.to_datetime(frame["declared_on"]) >= pd.Timestamp("2012-10-01")]
        return float((later["destination"] == "USA").sum())

    assert to_usa(tariff) < 0.6 * to_usa(base)


def test_the_source_is_the_same_without_its_truth(
    simulation: Path, tmp_path: Path, settings: SourcesSettings
) -> None:
    shutil.copytree(simulation, tmp_path / "blind", ignore=shutil.ignore_patterns("truth"))
    seen, blind = (
        read_folder(folder, settings).source for folder in (simulation, tmp_path / "blind")
    )
    assert seen.fingerprint == blind.fingerprint
