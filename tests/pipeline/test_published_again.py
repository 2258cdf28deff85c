"""A finished run that is published again: its files are held against what was written."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from tests.pipeline.small_experiment import (
    BANKS,
    PUBLISHED,
    Finished,
    bytes_below,
    carried_out,
    first_run,
    revision,
)

from riskmodel.errors import ChecksFailed
from riskmodel.pipeline.experiment import STAGES
from riskmodel.pipeline.stages.publish import publish_limits
from riskmodel.runs import notebooks


@pytest.fixture(scope="module")
def root(own_project: Path) -> Path:
    return own_project


@pytest.fixture(scope="module")
def first(root: Path) -> Finished:
    return first_run(root)


@pytest.fixture(scope="module")
def second(root: Path) -> Finished:
    return carried_out(root, PUBLISHED)


def test_the_same_run_again_only_publishes_again(first: Finished, second: Finished) -> None:
    again = [line for line in second.told if "unchanged, not run again" in line]

    assert second.run.folder == first.run.folder
    assert not any("unchanged" in line for line in first.told)
    assert [line.split()[1].rstrip(":") for line in again] == list(STAGES[:-1])
    assert any(line == "[8/8] publish ..." for line in second.told)


@pytest.mark.parametrize("bank", BANKS)
def test_the_next_revision_of_the_same_run_holds_the_same_limits(
    root: Path, second: Finished, bank: str
) -> None:
    old, new = (revision(root, second.run, bank, number) for number in (1, 2))
    manifest = json.loads((new / "manifest.json").read_text("utf-8"))
    moved = dict(manifest["difference"])
    before = moved.pop("previous")

    assert (new / "limits.parquet").read_bytes() == (old / "limits.parquet").read_bytes()
    assert before["revision"] == 1
    assert before["run"] == second.run.name
    assert set(moved.values()) == {0}


def test_a_limit_changed_in_a_finished_run_is_not_published(root: Path, second: Finished) -> None:
    path = second.run.folder / "limits" / "recommendations.parquet"
    page = second.run.folder / "notebooks" / "07_limits.html"
    whole, shown = path.read_bytes(), page.read_bytes()
    rows = pd.read_parquet(path)
    rows.loc[rows.index[rows["decision"] == "offer"][0], "limit_cny"] = 9_999_000.0
    rows.to_parquet(path)

    third = carried_out(root, PUBLISHED)

    assert path.read_bytes() == whole
    assert page.read_bytes() == shown
    said = "limits/recommendations.parquet is not what was written; run again"
    assert f"[7/8] limits: {said}" in third.told
    ran = [line.split()[1] for line in third.told if line.endswith(" ...")]
    assert ran == ["limits", "publish"]
    for bank in BANKS:
        first, last = (revision(root, third.run, bank, number) for number in (1, 3))
        assert (last / "limits.parquet").read_bytes() == (first / "limits.parquet").read_bytes()


def test_a_book_that_breaks_a_term_is_not_published_though_its_digest_holds(
    root: Path, second: Finished
) -> None:
    again = replace(
        second.run, folder=second.run.folder.with_name("2014-09-02-tampered-0123456789")
    )
    shutil.copytree(second.run.folder, again.folder)
    rows = again.read("limits", "recommendations")
    rows.loc[rows.index[rows["decision"] == "offer"][0], "limit_cny"] = 9_999_000.0
    again.write("limits", recommendations=rows)
    published = bytes_below(root / "data/published")

    with pytest.raises(ChecksFailed, match=r"nothing was published, the limits break .* cap"):
        publish_limits(again)

    assert bytes_below(root / "data/published") == published
    shutil.rmtree(again.folder)


def test_a_notebook_tried_by_hand_writes_beside_the_run_and_publishes_nothing(
    root: Path, second: Finished
) -> None:
    published, finished = bytes_below(root / "data/published"), bytes_below(second.run.folder)
    by_hand = second.run.folder.parent / "by-hand"
    given = {"settings_path": str(second.run.folder / "settings.toml"), "run_dir": str(by_hand)}

    for name in ("02_features", "03_datasets", "08_publish"):
        source = root / "notebooks" / f"{name}.ipynb"
        notebooks.execute(source, by_hand / "notebooks" / f"{name}.ipynb", given)

    assert bytes_below(root / "data/published") == published
    assert bytes_below(second.run.folder) == finished
    mine, theirs = (at / "datasets/panel.parquet" for at in (by_hand, second.run.folder))
    assert mine.read_bytes() == theirs.read_bytes()
    for name in ("02_features", "03_datasets"):
        page = by_hand / "notebooks" / f"{name}.html"
        notebooks.to_html(page.with_suffix(".ipynb"), page)
        assert page.read_bytes() == (second.run.folder / "notebooks" / page.name).read_bytes()
    previews = by_hand / "publish/preview"
    assert sorted(path.name for path in previews.iterdir()) == BANKS
    kept = json.loads((by_hand / "publish/publication.json").read_text("utf-8"))
    assert kept["version"] == "unregistered"
