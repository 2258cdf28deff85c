"""Notebooks by hand never read two runs at once, nor tables that others before them have left behind."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from riskmodel.errors import DataError, SettingsError
from riskmodel.runs.run_folder import Run, create_run, open_run
from riskmodel.runs.run_record import read_record
from riskmodel.runs.stage_record import StageRecord
from riskmodel.settings import default_settings

Starts = Callable[[str], Run]


def carry_out(runs: Path, name: str, value: int) -> Run:
    """A run that is done: each stage has one table, and `latest` leads to it."""
    run = create_run(runs / name, default_settings())
    record = StageRecord(run)
    for number, stage in enumerate(tuple(run.settings.tables())[1:], 1):
        run.write(stage, table=pd.DataFrame({"value": [value]}))
        record.end(stage, f"{number:02d}_{stage}", "key")
    run.note(name=name)
    (runs / "latest").unlink(missing_ok=True)
    (runs / "latest").symlink_to(name)
    return run


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """The runs' folder, with one run whose tables hold 1."""
    carry_out(tmp_path, "2014-07-01-a-0123456789", 1)
    return tmp_path


def opened(runs: Path) -> Run:
    """What a notebook's first cell does when it is run by hand."""
    return open_run(str(runs / "latest" / "settings.toml"), str(runs / "by-hand"))


def tried(run: Run, stage: str, value: int) -> Run:
    """The stage's notebook, run by hand."""
    run.begin(stage)
    run.write(stage, table=pd.DataFrame({"value": [value]}))
    return run


def value(run: Run, stage: str) -> int:
    return int(run.read(stage, "table")["value"].iloc[0])


def test_what_was_not_tried_by_hand_is_read_from_the_latest_run(runs: Path) -> None:
    run = opened(runs)

    assert [value(run, stage) for stage in ("sources", "features", "limits")] == [1, 1, 1]


def test_what_was_tried_by_hand_is_read_by_the_next_notebook(runs: Path) -> None:
    tried(opened(runs), "features", 2)

    assert value(opened(runs), "features") == 2
    assert value(opened(runs), "sources") == 1


def test_a_stage_of_the_run_that_stands_after_another_trial_is_not_read(runs: Path) -> None:
    tried(opened(runs), "features", 2)

    with pytest.raises(
        DataError,
        match=r"^datasets: features came out by hand other than in the run .* 03_datasets by hand",
    ):
        value(opened(runs), "datasets")
    tried(opened(runs), "datasets", 2)
    assert value(opened(runs), "datasets") == 2


def test_a_trial_that_came_out_as_in_the_run_leaves_the_later_stages_of_the_run(
    runs: Path,
) -> None:
    tried(opened(runs), "features", 1)

    assert value(opened(runs), "limits") == 1


def test_a_trial_made_from_tables_that_were_made_again_since_is_not_read(runs: Path) -> None:
    tried(opened(runs), "features", 2)
    tried(opened(runs), "datasets", 2)
    tried(opened(runs), "features", 3)

    with pytest.raises(DataError, match=r"by-hand/datasets: made from other tables .* 03_datasets"):
        value(opened(runs), "datasets")
    assert value(opened(runs), "features") == 3


def test_where_another_run_is_the_latest_the_folder_is_begun_anew_and_says_so(
    runs: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tried(opened(runs), "features", 2)
    carry_out(runs, "2014-08-01-a-0123456789", 5)

    run = opened(runs)

    assert [value(run, stage) for stage in ("features", "datasets")] == [5, 5]
    assert not (runs / "by-hand" / "features").exists()
    assert (runs / "by-hand-before" / "features" / "table.parquet").exists()
    told = capsys.readouterr().out
    assert told.startswith("by-hand: begun anew from 2014-08-01-a-0123456789; features of before")
    assert opened(runs)
    assert capsys.readouterr().out == ""


def test_a_notebook_opened_on_the_former_run_neither_reads_nor_writes_any_more(
    runs: Path,
) -> None:
    former = opened(runs)
    carry_out(runs, "2014-08-01-a-0123456789", 5)
    opened(runs)

    with pytest.raises(DataError, match="Run its first cell again"):
        value(former, "features")
    with pytest.raises(DataError, match="Run its first cell again"):
        former.begin("features")
    with pytest.raises(DataError, match="Run its first cell again"):
        former.write("features", table=pd.DataFrame({"value": [1]}))
    with pytest.raises(DataError, match="Run its first cell again"):
        former.write_json("features", "definitions", {})


def test_a_run_that_was_run_again_under_its_name_begins_the_folder_anew(runs: Path) -> None:
    former = tried(opened(runs), "features", 2)
    shutil.rmtree(runs / "2014-07-01-a-0123456789")
    carry_out(runs, "2014-07-01-a-0123456789", 4)

    with pytest.raises(DataError, match="was run again"):
        value(former, "features")
    assert value(opened(runs), "features") == 4


@pytest.mark.parametrize("name", ["settings.toml", "policy.toml", "banks.toml"])
def test_other_settings_or_terms_of_the_run_begin_the_folder_anew(runs: Path, name: str) -> None:
    tried(opened(runs), "features", 2)
    path = runs / "2014-07-01-a-0123456789" / name
    path.write_text((path.read_text() if path.exists() else "") + "\n# another line\n")

    assert value(opened(runs), "features") == 1


def test_a_file_of_the_run_that_was_changed_is_not_read_by_hand(runs: Path) -> None:
    run = opened(runs)
    runs_own = Run(runs / "2014-07-01-a-0123456789", runs, run.settings)
    runs_own.write("limits", table=pd.DataFrame({"value": [9]}))

    with pytest.raises(DataError, match=r"limits/table\.parquet: not what the run wrote"):
        value(run, "limits")


def test_a_folder_of_an_older_kind_or_with_a_damaged_record_is_begun_anew(runs: Path) -> None:
    for record in (None, "{", "[]"):
        shutil.rmtree(runs / "by-hand", ignore_errors=True)
        own = Run(runs / "by-hand", runs / "by-hand", default_settings())
        own.write("features", table=pd.DataFrame({"value": [7]}))
        if record:
            (runs / "by-hand" / "run.json").write_text(record)

        assert value(opened(runs), "features") == 1
        assert "base" in read_record(runs / "by-hand")


def test_a_runs_own_folder_is_not_worked_in_by_hand(runs: Path) -> None:
    carry_out(runs, "2014-08-01-a-0123456789", 5)
    settings = runs / "2014-07-01-a-0123456789" / "settings.toml"

    with pytest.raises(SettingsError, match="is a run's own folder"):
        open_run(str(settings), str(runs / "2014-08-01-a-0123456789"))


def test_a_run_reads_and_writes_its_own_folder_as_before(runs: Path) -> None:
    folder = runs / "2014-07-01-a-0123456789"
    run = open_run(str(folder / "settings.toml"), str(folder))
    run.begin("limits")
    run.write("limits", table=pd.DataFrame({"value": [3]}))

    assert value(run, "limits") == 3
    assert not (runs / "by-hand").exists()


def test_trials_of_a_search_outlive_the_next_trial_by_hand(runs: Path) -> None:
    run = tried(opened(runs), "model", 2)
    (runs / "by-hand" / "model" / "trials.jsonl").write_text("a trial\n")
    (runs / "by-hand" / "model" / "older.parquet").write_text("")

    run.begin("model")

    left = [path.name for path in (runs / "by-hand" / "model").iterdir()]
    assert left == ["trials.jsonl"]
