"""Claims of benchmarks: on seeds that nobody has looked at, noted before a figure is seen."""

import pandas as pd
import pytest

from riskmodel.benchmarks.commands import SIMULATIONS, bench_simulations
from riskmodel.benchmarks.reject_inference import study
from riskmodel.runs.seeds_seen import SEEN, seeds_seen


@pytest.fixture
def experiments(tmp_path, monkeypatch):
    (tmp_path / SEEN).write_text("[[seen]]\nseeds = [7]\non = 2026-11-24\nwhere = 'the demo'\n")

    def evaluated(enterprises, seeds, write, progress):
        assert set(seeds) <= seeds_seen(tmp_path)
        return pd.DataFrame({"seed": seeds})

    monkeypatch.setattr(study, "bench_reject_inference", evaluated)
    return tmp_path


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
