"""A stage that another run has done is taken over where its key is the same, and only there."""

import json
from pathlib import Path
from typing import Any

import pytest

from riskmodel.pipeline.stage_reuse import reuse_stage
from riskmodel.runs.run_folder import Run
from riskmodel.settings import default_settings


def run_at(tmp_path: Path, name: str, **record: Any) -> Run:
    folder = tmp_path / "experiments/runs" / name
    folder.mkdir(parents=True)
    run = Run(folder, folder, default_settings())
    run.note(name=name, **record)
    return run


@pytest.fixture
def donor(tmp_path: Path) -> Run:
    """A run that has its sources and its features, with what the record keeps by stage."""
    digests = {"sources": {"source.json": "aa"}, "features": {"features.parquet": "bb"}}
    run = run_at(tmp_path, "b", stages={"sources": "1", "features": "2"}, digests=digests)
    for stage, number in (("sources", "01"), ("features", "02")):
        (run.folder / stage).mkdir()
        (run.folder / stage / "table.txt").write_text(stage)
        (run.folder / "notebooks").mkdir(exist_ok=True)
        (run.folder / "notebooks" / f"{number}_{stage}.html").write_text(stage)
    return run


def test_a_stage_of_the_same_key_comes_with_its_files_its_page_and_its_record(
    tmp_path: Path, donor: Run
) -> None:
    run = run_at(tmp_path, "c", state="running")
    reuse_stage(run, "sources", "1", "01_sources")

    assert (run.folder / "sources/table.txt").read_text() == "sources"
    assert [page.name for page in (run.folder / "notebooks").iterdir()] == ["01_sources.html"]
    assert run.record() == {
        "name": "c",
        "state": "running",
        "stages": {"sources": "1"},
        "digests": {"sources": {"source.json": "aa"}},
    }
    assert not (run.folder / "features").exists()


def test_a_stage_of_another_key_is_left_where_it_is(tmp_path: Path, donor: Run) -> None:
    run = run_at(tmp_path, "c")
    reuse_stage(run, "sources", "2", "01_sources")
    assert run.record() == {"name": "c"}
    assert not (run.folder / "sources").exists()


@pytest.mark.parametrize("text", ["", "[]", "{", "{}"])
def test_nothing_is_taken_from_a_run_whose_record_is_not_whole(
    tmp_path: Path, donor: Run, text: str
) -> None:
    (donor.folder / "run.json").write_text(text)
    run = run_at(tmp_path, "c")
    reuse_stage(run, "sources", "1", "01_sources")
    assert run.record() == {"name": "c"}


def test_what_a_run_began_by_itself_gives_way_to_the_whole_stage(
    tmp_path: Path, donor: Run
) -> None:
    run = run_at(tmp_path, "c", stages={"sources": "1"})
    (run.folder / "features").mkdir()
    (run.folder / "features/half.txt").touch()
    reuse_stage(run, "features", "2", "02_features")
    assert [file.name for file in (run.folder / "features").iterdir()] == ["table.txt"]
    assert json.loads((run.folder / "run.json").read_text())["stages"] == {
        "sources": "1",
        "features": "2",
    }
