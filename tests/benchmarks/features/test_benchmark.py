"""The features' benchmark: the contenders do the same work, and one that does not is caught."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from riskmodel.benchmarks import Task, bench_features, bench_task, trade_folder
from riskmodel.benchmarks.features import (
    benchmark,
    with_duckdb,
    with_pandas,
    with_polars,
    with_riskmodel,
)
from riskmodel.benchmarks.features.consistency import differences
from riskmodel.benchmarks.features.task import GROUPED, MONTHLY, PLAIN
from riskmodel.features import DEFINITIONS, spec
from riskmodel.features.spec import FeatureDefinition, Measure, column, where
from riskmodel.settings import default_settings
from riskmodel.sources.folder import read_folder

pytestmark = pytest.mark.slow

PREPARED = {
    "duckdb": with_duckdb.prepare,
    "pandas": with_pandas.prepare,
    "polars": with_polars.prepare,
}
SALES = where(column("status", "is_not", "cancelled"), column("fob_usd", "above", 0))
EVERY_KIND = (
    spec.count(months=7),
    spec.count(where=where(column("settlement", "missing"))),
    spec.count(months=12, where=where(column("terms_days", "at_least", 60))),
    spec.count(months=12, where=where(column("terms_days", "below", 60))),
    spec.count(months=12, where=where(column("buyer_id", "is_not", ("B00000001", "B00000002")))),
    spec.count(months=12, where=where(column("via_platform", "is", False))),
    spec.total("fob_usd", months=3),
    spec.total("fob_usd", months=18, where=SALES),
    spec.mean("terms_days", months=5, where=SALES),
    spec.largest("fob_usd", months=2),
    spec.smallest("fob_usd"),
    spec.distinct("buyer_id", months=4, where=SALES),
    spec.distinct("destination"),
    spec.share(column("fob_usd", "below", 0), months=24, where=where(column("hs_code", "is", "840010"))),
    spec.value_share("fob_usd", column("terms_days", "at_most", 30), months=24, where=SALES),
    spec.months_since_last(months=6, where=SALES),
    spec.months_since_first(where=where(column("fob_usd", "below", 0))),
    spec.top_share("fob_usd", by="buyer_id", months=1, where=SALES),
    spec.top_share("fob_usd", by="settlement", months=24, where=where(column("fob_usd", "below", 0))),
    spec.herfindahl("fob_usd", by="hs_code", months=24, where=SALES),
    spec.months_active(months=9),
    spec.longest_gap(months=36, where=where(column("fob_usd", "above", 30_000))),
    spec.volatility("fob_usd", months=6, where=SALES),
    spec.trend("fob_usd", months=24, where=SALES),
    spec.growth("fob_usd", months=4, where=SALES),
    spec.growth_on_year("fob_usd", months=2, where=SALES),
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("trade") / "source"
    trade_folder(out, 120, declarations=30, seed=11, receipts=True)
    return out


@pytest.fixture(scope="module")
def mine(folder: Path) -> Path:
    """The library's own features of that folder."""
    return written(with_riskmodel.prepare, bench_task(folder), folder.parent / "ours")


@pytest.fixture(scope="module")
def declarations(folder: Path) -> pd.DataFrame:
    return pq.read_table(folder / "declarations").to_pandas()


def written(contender: benchmark.Contender, task: Task, out: Path) -> Path:
    out.mkdir()
    contender(task)(out)
    return out


def task_of(folder: Path, measures: tuple[Measure, ...]) -> Task:
    definitions = tuple(
        FeatureDefinition(f"card_{number}", "", "none", "declarations", measure, ("", ""))
        for number, measure in enumerate(measures)
    )
    return replace(bench_task(folder), definitions=definitions)


def changed(spoil: Callable[[pd.DataFrame], pd.DataFrame]) -> benchmark.Contender:
    """A contender that does the work as DuckDB does, and then spoils the newest date's file."""

    def contender(task: Task) -> Callable[[Path], None]:
        work = with_duckdb.prepare(task)

        def spoilt(out: Path) -> None:
            work(out)
            path = out / f"{task.dates[-1]}.parquet"
            spoil(pd.read_parquet(path)).to_parquet(path, index=False)

        return spoilt

    return contender


def a_cent_more(frame: pd.DataFrame) -> pd.DataFrame:
    first = frame["exports_usd_all"].idxmax()
    return frame.assign(exports_usd_all=frame["exports_usd_all"] + 0.01 * (frame.index == first))


SPOILT = {
    "a value": a_cent_more,
    "a missing value": lambda frame: frame.assign(deals_12m=frame["deals_12m"].where(frame.index != 3)),
    "a row": lambda frame: frame.iloc[1:],
    "a row twice": lambda frame: pd.concat([frame.iloc[1:], frame.iloc[[1]]]),
}  # fmt: skip


def test_every_contender_agrees_with_ours_and_has_its_line() -> None:
    table = bench_features(200, lambda line: None)

    assert list(table.columns) == benchmark.COLUMNS
    names = ["riskmodel", benchmark.SORTING, "duckdb", "polars", "pandas", "scan"]
    assert list(table["name"]) == names
    assert table[["seconds", "cpu_seconds", "memory_gb"]].gt(0).all(axis=None)
    apart = table.set_index("name")["largest_difference"]
    assert apart[["riskmodel", "duckdb", "polars", "pandas"]].le(1e-9).all()
    assert apart[[benchmark.SORTING, "scan"]].isna().all()
    assert table["ratio"].to_numpy() == pytest.approx(table["seconds"] / table["seconds"].iloc[0])
    assert table["rows_per_second"].to_numpy() == pytest.approx(1200 / table["seconds"])


@pytest.mark.parametrize("what", SPOILT)
def test_a_contender_with_something_wrong_is_caught(
    what: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(benchmark, "CONTENDERS", {"wrong": changed(SPOILT[what])})
    monkeypatch.setattr(benchmark, "in_child", lambda work, *args, **named: work(*args, **named))

    table = bench_features(30, told.append, contenders=["wrong"])

    assert table.set_index("name").loc["wrong", "largest_difference"] > benchmark.SAME
    assert [line for line in told if line.startswith("wrong differs in")]


def test_a_contender_too_large_for_so_many_says_so_in_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(benchmark, "MAX_ENTERPRISES", {"duckdb": 20})
    monkeypatch.setattr(benchmark, "in_child", lambda work, *args, **named: work(*args, **named))

    table = bench_features(30, lambda line: None, contenders=["duckdb"])
    whole = bench_features(30, lambda line: None, contenders=["duckdb"], everyone=True)

    assert list(table["name"]) == [
        "riskmodel",
        benchmark.SORTING,
        "duckdb (left out above 20 enterprises)",
    ]
    assert table.iloc[2, 1:].isna().all()
    assert list(whole["name"]) == ["riskmodel", benchmark.SORTING, "duckdb"]


@pytest.mark.parametrize("name", PREPARED)
def test_every_kind_and_operator_means_the_same_to_a_contender(
    name: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLARS_MAX_THREADS", "2")
    task = task_of(folder, EVERY_KIND)
    assert {measure.kind for measure in EVERY_KIND} == PLAIN | GROUPED | MONTHLY

    found = differences(
        task,
        written(with_riskmodel.prepare, task, tmp_path / "ours"),
        written(PREPARED[name], task, tmp_path / name),
    )

    assert {feature: size for feature, size in found.items() if not size <= 1e-9} == {}


def test_every_feature_takes_more_than_one_value(mine: Path, folder: Path) -> None:
    frame = pq.read_table(mine).to_pandas()

    assert len(frame) == 120 * 6
    assert [name for name in bench_task(folder).measures if frame[name].nunique() < 2] == []


def test_the_work_is_all_features_of_declarations_alone(folder: Path) -> None:
    names = set(bench_task(folder).measures)

    assert {"exports_usd_12m", "top_buyer_share_12m", "exports_trend_12m"} <= names
    assert len(names) >= 25
    assert {feature.table for feature in DEFINITIONS if feature.name in names} == {"declarations"}


def test_the_generated_folder_breaks_no_rule_of_the_contract(folder: Path) -> None:
    reading = read_folder(folder, default_settings().sources)

    assert reading.report.violations == ()
    assert set(reading.source.tables) == {"enterprises", "declarations", "receipts", "outcomes"}


def test_generated_declarations_are_late_corrected_and_withdrawn(declarations) -> None:
    known = declarations["known_at"].dt.tz_convert("Asia/Shanghai").dt.tz_localize(None)
    firsts = declarations.sort_values("known_at").drop_duplicates("declaration_id")
    days = (known - pd.to_datetime(declarations["declared_on"])).dt.days[firsts.index]

    assert len(firsts) == pytest.approx(120 * 30, rel=0.2)
    assert (days >= 2).mean() == pytest.approx(0.19, abs=0.03)
    assert days.min() == 0
    assert len(declarations) / len(firsts) - 1 == pytest.approx(0.02, abs=0.01)
    assert 0 < declarations["withdrawn"].sum() < len(declarations) - len(firsts)
    assert (firsts["fob_usd"] < 0).mean() == pytest.approx(0.015, abs=0.01)
    assert (firsts["status"] == "cancelled").mean() == pytest.approx(0.02, abs=0.01)
    assert not declarations["enterprise_id"].is_monotonic_increasing
    cents = declarations["fob_usd"] * 100
    assert np.allclose(cents, cents.round(), rtol=0, atol=1e-6)


def test_receipts_name_sales_of_the_same_enterprise(folder: Path, declarations) -> None:
    receipts = pq.read_table(folder / "receipts").to_pandas()
    sales = declarations.drop_duplicates("declaration_id")[["declaration_id", "enterprise_id"]]
    both = receipts.merge(sales, on=["declaration_id", "enterprise_id"], validate="1:1")

    assert len(both) == len(receipts)
    assert 0.75 < len(receipts) / len(sales) < 0.95


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(tmp_path: Path) -> None:
    for name, seed in (("one", 3), ("same", 3), ("other", 4)):
        trade_folder(tmp_path / name, 40, declarations=5, seed=seed)
    part = "declarations/part-00000.parquet"
    one, same, other = ((tmp_path / n / part).read_bytes() for n in ("one", "same", "other"))

    assert one == same
    assert one != other
