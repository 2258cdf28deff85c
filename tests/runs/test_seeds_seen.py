"""Seeds that were looked at: never drawn for a claim, noted once drawn, and told of a run's world."""

import re
from pathlib import Path

import pytest

from riskmodel.errors import DataError
from riskmodel.runs.seeds_seen import (
    FRESH,
    NOTE,
    SEEN,
    choose_seeds,
    note_seen,
    origin_of,
    seeds_seen,
)
from riskmodel.settings import read_toml
from riskmodel.simulation import write_simulation
from riskmodel.sources.layout import table_files

ROOT = Path(__file__).parents[2]
EXPERIMENTS = ROOT / "experiments"


@pytest.fixture
def experiments(tmp_path):
    (tmp_path / SEEN).write_text("[[seen]]\nseeds = [7, 11]\non = 2026-11-24\nwhere = 'x'\n")
    return tmp_path


def test_the_file_holds_every_seed_of_the_log():
    log = re.sub(r"\d+ months", "", (EXPERIMENTS / "LOG.md").read_text("utf-8"))
    named = re.findall(r"\bseeds? (\d[\d, -]*(?: and \d+)?)|\((\d{3}-\d{3})[,;]", log)
    found: set[int] = set()
    for part in re.findall(r"\d+(?:-\d+)?", " ".join(" ".join(one) for one in named)):
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    assert {7, 11, 77, 123, 301, 305, 501, 608, 701, 708, 811, 839} <= found
    assert found <= seeds_seen(EXPERIMENTS)


def test_the_file_holds_every_seed_that_tests_simulate():
    texts = [path.read_text("utf-8") for path in (ROOT / "tests").rglob("*.py")]
    calls = re.findall(r"write_simulation\([^()]*?seed=(\d+)", "\n".join(texts))
    assert len(calls) > 10
    assert set(map(int, calls)) <= seeds_seen(EXPERIMENTS)


def test_every_entry_says_when_and_where():
    for entry in read_toml(EXPERIMENTS / SEEN)["seen"]:
        assert entry["seeds"]
        assert entry["on"].year >= 2026
        assert entry["where"]


@pytest.mark.parametrize("count", [1, 3, 40])
def test_fresh_seeds_are_new_each_time_and_none_was_looked_at(experiments, monkeypatch, count):
    monkeypatch.setitem(choose_seeds.__globals__, "FRESH", range(100, 200))
    (experiments / SEEN).write_text(f"[[seen]]\nseeds = {list(range(150, 200))}\n")
    drawn = [choose_seeds((), count, experiments) for _ in range(20)]
    for one in drawn:
        assert one.fresh
        assert len(set(one.seeds)) == count
        assert set(one.seeds) <= set(range(100, 150))
        assert one.text.startswith("fresh worlds")
    assert len({one.seeds for one in drawn}) > 1


def test_no_seed_that_somebody_may_have_used_without_a_note_is_drawn():
    assert min(FRESH) > max(seeds_seen(EXPERIMENTS) - set(FRESH))


def test_seeds_named_by_hand_claim_nothing(experiments):
    chosen = choose_seeds((811, 99_999), 3, experiments)
    assert chosen.seeds == (811, 99_999)
    assert "looked at before" in chosen.text
    assert "no claim" in chosen.text


def test_what_was_drawn_is_noted_once_with_where(experiments):
    note_seen((50_000, 7), 'riskmodel bench backtest "x"', experiments)
    note_seen((50_000,), "again", experiments)
    *_, last = read_toml(experiments / SEEN)["seen"]
    assert last["seeds"] == [50_000]
    assert last["where"] == 'riskmodel bench backtest "x"'
    assert seeds_seen(experiments) == {7, 11, 50_000}


def test_without_a_checkout_nothing_is_written(tmp_path):
    note_seen((50_000,), "x", tmp_path)
    assert not list(tmp_path.iterdir())
    assert choose_seeds((), 3, tmp_path).fresh


@pytest.mark.parametrize(
    ("note", "found"),
    [
        (None, "given"),
        ("[simulation]\nseed = 7\n", "development"),
        ("[simulation]\nseed = 70000", "fresh"),
    ],
)
def test_a_source_folder_tells_where_its_data_come_from(experiments, tmp_path, note, found):
    data = tmp_path / "data"
    data.mkdir()
    if note:
        (data / NOTE).write_text(note)
    assert origin_of(data, experiments) == found


@pytest.mark.parametrize("origin", ["", "simulation = 3", "[simulation", "[simulation]\nsize = 3"])
def test_an_origin_without_a_seed_is_refused(experiments, tmp_path, origin):
    (tmp_path / NOTE).write_text(origin)
    with pytest.raises(DataError, match=f"{NOTE}: names no seed"):
        origin_of(tmp_path, experiments)


def test_a_simulated_folder_carries_its_seed_beside_the_tables_and_stays_readable(
    experiments, tmp_path
):
    data = tmp_path / "simulation"
    write_simulation(data, enterprises=2, months=12, seed=7)
    assert origin_of(data, experiments) == "development"
    note = read_toml(data / NOTE)
    assert set(note) == {"simulation"}
    assert note["simulation"] == read_toml(data / "truth" / "simulation.toml")["simulation"]
    assert "enterprises" in table_files(data)
