"""A small experiment from source folder to bank files: real notebooks, real tracking."""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from tests.pipeline.small_experiment import (
    BANKS,
    Finished,
    bytes_below,
    first_run,
    revision,
)

from riskmodel.errors import SettingsError
from riskmodel.limits import Behaviour
from riskmodel.pipeline.experiment import DONE, STAGES, resolve_last_run
from riskmodel.pipeline.last_run import last_run_of
from riskmodel.pipeline.summary import summary
from riskmodel.registry import versions
from riskmodel.runs import tracking
from riskmodel.settings import default_settings
from riskmodel.tables.canonical import CANONICAL
from riskmodel.tables.run.declaration import conform
from riskmodel.tables.run.markdown import RUN_TABLES

PREDICTIONS = ["enterprise_id", "as_of", "split", "defaulted", "model"]
PREDICTIONS += ["pd_12m", "pd_low", "pd_high", "grade"]
CHECKS = ["check", "passed", "value", "low", "high", "threshold", "text"]
REASONS = ["enterprise_id", "as_of", "rank", "family", "feature", "contribution", "share"]
REASONS += ["text_en", "text_zh"]
RECOMMENDED = ["enterprise_id", "bank", "as_of", "decision", "limit_cny", "annual_rate"]
RECOMMENDED += ["pd_12m", "pd_low", "pd_high", "grade", "expected_loss_cny", "binding_constraint"]
LIMITS = ["enterprise_id", "bank", "as_of", "valid_until", "decision", "limit_cny", "annual_rate"]
LIMITS += ["pd_12m", "pd_low", "pd_high", "grade", "expected_loss_cny", "binding_constraint"]
LIMITS += ["reason_1", "reason_2", "reason_3", "reason_4", "reason_text_en", "reason_text_zh"]
LIMITS += ["model_version", "run_id"]


@pytest.fixture(scope="module")
def root(project: Path) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        yield project


@pytest.fixture(scope="module")
def first(root: Path) -> Finished:
    return first_run(root)


def test_every_stage_leaves_its_executed_notebook_and_a_page_of_it(first: Finished) -> None:
    names = [f"{number:02d}_{stage}" for number, stage in enumerate(STAGES, 1)]
    written = sorted(path.name for path in (first.run.folder / "notebooks").iterdir())

    assert written == sorted(f"{name}{end}" for name in names for end in (".html", ".ipynb"))


def test_no_page_asks_another_address_for_anything(first: Finished) -> None:
    pages = sorted((first.run.folder / "notebooks").glob("*.html"))
    asked = r"""(?:src|href)\s*=\s*["']?\s*(?:https?:)?//|url\(\s*["']?(?:https?:)?//|@import"""

    assert len(pages) == 8
    found = {page.name: re.findall(asked, page.read_text("utf-8"), re.I) for page in pages}
    assert {name: hits for name, hits in found.items() if hits} == {}


def test_a_run_that_ended_is_marked_done_and_is_the_latest(first: Finished) -> None:
    assert (first.run.folder / "DONE").exists()
    assert first.run.record()["state"] == "done"
    assert (first.run.folder.parent / "latest").resolve() == first.run.folder


def test_the_panel_has_its_keys_splits_and_features(first: Finished) -> None:
    panel = first.run.read("datasets", "panel")

    assert list(panel.columns[:4]) == ["enterprise_id", "as_of", "split", "defaulted"]
    # so small a simulation has too few defaults for a split by date: cross-validated within "fit"
    assert set(panel["split"]) == {"fit", "score"}
    assert panel.loc[panel["split"] == "score", "defaulted"].isna().all()
    assert "exports_usd_6m" in panel.columns


def test_every_model_compared_has_its_predictions(first: Finished) -> None:
    predictions = first.run.read("model", "predictions")

    assert list(predictions.columns) == PREDICTIONS
    assert set(predictions["model"]) == set(first.run.settings.model.candidates)
    assert {"test", "score"} <= set(predictions["split"])
    assert predictions["pd_12m"].between(0, 1).all()


def test_reasons_and_checks_have_the_columns_that_others_read(first: Finished) -> None:
    assert list(first.run.read("explain", "reasons").columns) == REASONS
    assert list(first.run.read("validate", "checks").columns) == CHECKS


def test_every_table_of_a_run_is_declared_and_conforms(first: Finished) -> None:
    declared = {one.file: one for one in RUN_TABLES}
    for path in first.run.folder.rglob("*.parquet"):
        file = path.relative_to(first.run.folder).as_posix()
        if path.stem in CANONICAL and file.startswith("sources/"):
            continue  # canonical tables and their rows set aside have the contract's columns
        frame = pd.read_parquet(path)
        assert conform(frame, declared[file]) is frame or frame.empty
        assert set(declared[file].names) <= set(frame.columns), file


def test_every_scored_enterprise_has_a_recommendation(first: Finished) -> None:
    panel = first.run.read("datasets", "panel")
    rows = first.run.read("limits", "recommendations")

    assert set(RECOMMENDED) <= set(rows.columns)
    assert set(rows["enterprise_id"]) == set(panel.loc[panel["split"] == "score", "enterprise_id"])
    assert set(rows["decision"]) == {"offer", "decline"}


def test_the_limits_keep_what_past_lines_taught_and_the_answers_to_questions(
    first: Finished,
) -> None:
    learnt = Behaviour.from_text(first.run.read_json("limits", "behaviour"))
    assert learnt.response is not None
    assert learnt.utilisation is not None
    assert learnt.utilisation.rows > 0
    rows = first.run.read("limits", "recommendations")
    offers = rows[rows["decision"] == "offer"]
    raising = first.run.read("limits", "recourse")
    assert set(raising["enterprise_id"]) == set(rows["enterprise_id"])
    assert raising["text_en"].ne("").all()
    assert raising["text_zh"].ne("").all()
    intervals = first.run.read("limits", "intervals")
    assert (intervals["limit_low_cny"] <= intervals["limit_cny"]).all()
    assert (intervals["limit_high_cny"] >= intervals["limit_cny"]).all()
    size = first.run.read("limits", "monotonicity").query(
        "action == 'exports_size' and pd == 'held'"
    )
    assert size["falls"].sum() == 0
    assert size["limits"].max() >= len(offers) / 2
    proof = first.run.read_json("limits", "certificate")
    assert proof["largest_violation"] == 0.0
    assert proof["bound"] >= proof["value"] > 0


def test_each_bank_has_its_first_revision_of_four_files(root: Path, first: Finished) -> None:
    assert sorted(path.name for path in (root / "data/published").iterdir()) == BANKS
    for bank in BANKS:
        files = sorted(path.name for path in revision(root, first.run, bank, 1).iterdir())
        assert files == ["limits.csv", "limits.parquet", "manifest.json", "report.html"]


@pytest.mark.parametrize("bank", BANKS)
def test_the_manifest_holds_the_hash_of_each_file(root: Path, first: Finished, bank: str) -> None:
    folder = revision(root, first.run, bank, 1)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    hashes = bytes_below(folder)
    hashes.pop("manifest.json")

    assert manifest["sha256"] == hashes
    assert manifest["difference"] is None
    assert (manifest["bank"], manifest["run"]) == (bank, first.run.name)
    assert manifest["override_reason"] == "test"


@pytest.mark.parametrize("bank", BANKS)
def test_a_bank_is_given_its_own_rows_and_no_other_bank_is_named(
    root: Path, first: Finished, bank: str
) -> None:
    folder = revision(root, first.run, bank, 1)
    rows = pd.read_parquet(folder / "limits.parquet")
    book = first.run.read("limits", "recommendations")

    assert list(rows.columns) == LIMITS
    assert set(rows["bank"]) == {bank}
    assert sorted(rows["enterprise_id"]) == sorted(book.loc[book["bank"] == bank, "enterprise_id"])
    for file in folder.iterdir():
        named = [other for other in BANKS if other != bank and other.encode() in file.read_bytes()]
        assert named == [], file.name


def test_an_enterprise_of_one_bank_stands_in_no_other_banks_files(
    root: Path, first: Finished
) -> None:
    book = first.run.read("limits", "recommendations")
    theirs = {bank: set(book.loc[book["bank"] == bank, "enterprise_id"]) for bank in BANKS}

    for bank in BANKS:
        strangers = set().union(*theirs.values()) - theirs[bank]
        assert strangers
        for name in ("limits.csv", "report.html"):
            words = set(re.findall(r"\w+", (revision(root, first.run, bank, 1) / name).read_text()))
            assert words & strangers == set(), f"{bank}/{name}"
            assert words & theirs[bank], f"{bank}/{name}"


def test_the_run_is_tracked_with_its_verdict_and_notebooks(root: Path, first: Finished) -> None:
    tracked = first.run.record()["mlflow_run_id"]
    with tracking.connect_store(root) as mlflow:
        client = mlflow.MlflowClient()
        found = client.get_run(tracked)
        kept = {Path(file.path).name for file in client.list_artifacts(tracked, "notebooks")}

    verdict = first.run.read_json("validate", "verdict")["verdict"]
    assert found.info.status == "FINISHED"
    assert found.data.tags["verdict"] == verdict
    assert found.data.tags["run_folder"] == first.run.name
    assert found.data.params["model.trees.max_rounds"] == "30"
    assert "limit_cny.ping_an" in found.data.metrics
    assert kept == {path.name for path in (first.run.folder / "notebooks").iterdir()}


def test_what_is_tracked_and_registered_names_no_enterprise_account_or_document(
    root: Path, first: Finished, tmp_path: Path
) -> None:
    tables = [pd.read_parquet(path) for path in (first.run.folder / "sources").glob("*.parquet")]
    columns = [rows[name] for rows in tables for name in rows.columns if name.endswith("_id")]
    keys = {str(key) for column in columns for key in column.dropna().unique()}
    assert len(keys) > 5000
    with tracking.connect_store(root) as mlflow:
        mlflow.artifacts.download_artifacts(
            run_id=first.run.record()["mlflow_run_id"], dst_path=str(tmp_path)
        )
    version = first.run.read_json("publish", "publication")["version"]
    texts = versions.load_version(root, version)
    texts |= {path.name: path.read_text("utf-8") for path in (tmp_path / "notebooks").iterdir()}

    assert len(texts) > 16
    assert [name for name in texts if set(re.findall(r"\w+", texts[name])) & keys] == []
    explained = json.loads(texts["05_explain.ipynb"])["cells"]
    (masked,) = (c for c in explained if "one-enterprise" in c["metadata"].get("tags", []))
    assert [output["output_type"] for output in masked["outputs"]] == ["stream"]


def test_a_version_says_what_it_is_for(root: Path, first: Finished) -> None:
    version = first.run.read_json("publish", "publication")["version"]
    facts = versions.version_facts(root, version)
    stated = json.loads(versions.load_version(root, version)["model.json"])["facts"]["purpose"]

    assert stated == {
        "programme": "export_credit",
        "population": "lines",
        "horizon_months": "12",
        "days_past_due": "90",
        "tiers": "doubtful loss substandard",
    }
    assert {part: facts[part] for part in stated} == stated
    assert facts["outcome"] == "default within 12 months"


def test_the_summary_says_where_the_result_is_and_what_each_bank_got(first: Finished) -> None:
    text = summary(first.run)

    assert f"experiments/runs/{first.run.name}" in text
    assert [bank for bank in BANKS if bank not in text] == []


def test_last_months_run_is_the_newest_earlier_one_of_the_same_name(tmp_path: Path) -> None:
    runs = tmp_path / "experiments" / "runs"
    names = (
        "2014-05-01-monthly-0123456789",
        "2014-06-01-monthly-0123456789",  # not done
        "2014-06-01-monthly-b-0123456789",  # another experiment's
        "2014-07-01-monthly-0123456789",  # not earlier
        "2014-06-15-monthly-0123456789",  # of another folder
    )
    for name in names:
        (runs / name).mkdir(parents=True)
        data = "elsewhere" if name == names[4] else "here"
        (runs / name / "settings.toml").write_text(f'[run]\ndata = "{data}"\n', "utf-8")
        if name != names[1]:
            (runs / name / DONE).touch()
    asked = {
        "limits": {"previous_run": "auto"},
        "run": {"name": "monthly", "as_of": date(2014, 7, 1), "data": "here"},
    }
    settings = default_settings()
    for table, values in asked.items():
        changed = getattr(settings, table).with_values(values)
        settings = settings.with_values({table: changed})
    assert resolve_last_run(settings, tmp_path).limits.previous_run == names[0]
    (runs / names[0] / DONE).unlink()
    assert resolve_last_run(settings, tmp_path).limits.previous_run == ""


def test_a_last_run_that_is_not_there_is_refused(first: Finished) -> None:
    limits = first.run.settings.limits.with_values({"previous_run": "2014-01-01-none-0123456789"})
    settings = first.run.settings.with_values({"limits": limits})
    with pytest.raises(SettingsError, match="no run with limits"):
        last_run_of(replace(first.run, settings=settings))
