"""Claims of benchmarks: on seeds that nobody has looked at, noted before a figure is seen."""

import pandas as pd
import pytest

from riskmodel.benchmarks.commands import SIMULATIONS, bench_simulations
from riskmodel.benchmarks.reject_inference import study
from riskmodel.cli import commands
from riskmodel.cli.main import main
from riskmodel.runs.seeds_seen import SEEN, seeds_seen


@pytest.fixture
def experiments(tmp_path, monkeypatch):
    folder = tmp_path / "experiments"
    folder.mkdir()
    (folder / SEEN).write_text("[[seen]]\nseeds = [7]\non = 2026-11-24\nwhere = 'the demo'\n")

    def evaluated(enterprises, seeds, write, progress):
        assert set(seeds) <= seeds_seen(folder)
        return pd.DataFrame({"seed": seeds})

    monkeypatch.setattr(study, "bench_reject_inference", evaluated)
    return folder


def test_fresh_seeds_are_drawn_said_and_noted_before_the_first_figure(experiments):
    told: list[str] = []
    table = bench_simulations("reject-inference", 60, (), experiments, told.append)
    assert len(table) == SIMULATIONS
    assert 7 not in table["seed"].tolist()
    assert told[0].startswith("fresh worlds")
    assert table["simulated"].unique().tolist() == told[:1]
    again = bench_simulations("reject-inference", 60, (), experiments, told.append)
    assert not set(again["seed"]) & set(table["seed"])


def test_named_seeds_are_said_to_be_looked_at_before(experiments):
    told: list[str] = []
    table = bench_simulations("reject-inference", 60, (7, 8), experiments, told.append)
    assert table["seed"].tolist() == [7, 8]
    assert "looked at before" in told[0]
    assert seeds_seen(experiments) == {7, 8}


def test_the_table_is_printed_with_the_seeds_below_it(experiments, monkeypatch, capsys):
    monkeypatch.setattr(commands, "root_folder", lambda: experiments.parent)
    assert main(["bench", "reject-inference", "--seeds", "7,8"]) == 0
    table, *_, said = capsys.readouterr().out.splitlines()
    assert "simulated" not in table
    assert said.startswith("worlds looked at before, or named by hand: seeds 7, 8")


def test_seeds_for_a_benchmark_that_simulates_nothing_are_refused(capsys):
    assert main(["bench", "features", "--seeds", "3"]) == 2
    assert "simulates no world" in capsys.readouterr().err
