"""A published folder that somebody broke is told by its name, and the next one is whole or not at all."""

import json
import random
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from tests.breakage import HARMS, Harm, dangling, files_below

from riskmodel.errors import DataError, MachineError, RiskModelError
from riskmodel.publish.bank_files import publish_bank
from riskmodel.publish.publication import Publication, PublicationFacts

AS_OF = date(2014, 7, 1)
FILES = ["limits.csv", "limits.parquet", "manifest.json", "report.html"]


def published(rows: pd.DataFrame, facts: PublicationFacts, folder: Path) -> Publication:
    return publish_bank(rows, bank="north_bank", as_of=AS_OF, folder=folder, facts=facts)


@pytest.mark.parametrize("seed", range(44))
def test_a_broken_file_of_the_last_publication_is_named_or_was_not_needed(
    north_rows: pd.DataFrame, facts: PublicationFacts, tmp_path: Path, seed: int
) -> None:
    from dataclasses import replace

    first = published(north_rows, facts, tmp_path).folder
    draw = random.Random(seed)
    path = draw.choice(files_below(first))
    harm: Harm = HARMS[seed % len(HARMS)]
    harm(path, draw)

    try:
        made = published(north_rows, replace(facts, attempt=2), tmp_path)
    except RiskModelError as error:
        assert error.exit_code == 3
        assert path.name in str(error)
        assert not (first.parent / "r2").exists()
    else:
        assert sorted(file.name for file in made.folder.iterdir()) == FILES


@pytest.mark.parametrize("text", ["{}", "[]", "null", '{"run": "x", "attempt": 1}', '"r1"'])
def test_a_manifest_that_is_another_json_value_is_named(
    north_rows: pd.DataFrame, facts: PublicationFacts, tmp_path: Path, text: str
) -> None:
    first = published(north_rows, facts, tmp_path).folder
    (first / "manifest.json").write_text(text)

    with pytest.raises(DataError, match=r"r1/manifest\.json: \d+ entries of a manifest missing"):
        published(north_rows, facts, tmp_path)


def test_a_manifest_without_the_hash_of_its_rows_is_named(
    north_rows: pd.DataFrame, facts: PublicationFacts, tmp_path: Path
) -> None:
    first = published(north_rows, facts, tmp_path).folder
    manifest = json.loads((first / "manifest.json").read_text())
    manifest["sha256"].pop("limits.parquet")
    (first / "manifest.json").write_text(json.dumps(manifest))

    with pytest.raises(DataError, match=r"first: sha256\.limits\.parquet"):
        published(north_rows, facts, tmp_path)


@pytest.mark.parametrize("name", ["limits.csv", "limits.parquet", "report.html"])
def test_what_the_same_attempt_published_is_held_before_it_is_taken_as_done(
    north_rows: pd.DataFrame, facts: PublicationFacts, tmp_path: Path, name: str
) -> None:
    first = published(north_rows, facts, tmp_path)
    assert published(north_rows, facts, tmp_path) == first
    (first.folder / name).write_bytes((first.folder / name).read_bytes() + b" ")

    with pytest.raises(DataError, match=rf"r1/{name}: 1 files differ from their manifest"):
        published(north_rows, facts, tmp_path)


def test_a_file_where_a_revisions_folder_belongs_is_named(
    north_rows: pd.DataFrame, facts: PublicationFacts, tmp_path: Path
) -> None:
    dated = tmp_path / "north_bank" / "2014-07-01"
    dated.mkdir(parents=True)
    (dated / "r1").write_text("")

    with pytest.raises(MachineError, match=r"2014-07-01/r1: .*Move it away"):
        published(north_rows, facts, tmp_path)
    assert [path.name for path in dated.iterdir()] == ["r1"]

    dangling(dated / "r1", random.Random(0))
    with pytest.raises(MachineError, match=r"2014-07-01/r1: .*Move it away"):
        published(north_rows, facts, tmp_path)


@pytest.mark.parametrize("place", ["north_bank", "north_bank/2014-07-01", "north_bank/.lock"])
def test_a_file_or_link_where_a_banks_folder_belongs_is_named(
    north_rows: pd.DataFrame, facts: PublicationFacts, tmp_path: Path, place: str
) -> None:
    path = tmp_path / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to("nowhere")

    with pytest.raises(RiskModelError, match=path.name) as refused:
        published(north_rows, facts, tmp_path)
    assert refused.value.exit_code in (3, 4)


def test_a_folder_of_publications_that_is_a_file_is_named(
    north_rows: pd.DataFrame, facts: PublicationFacts, tmp_path: Path
) -> None:
    (tmp_path / "published").write_text("")

    with pytest.raises(MachineError, match="published/north_bank"):
        published(north_rows, facts, tmp_path / "published")
