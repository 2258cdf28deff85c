"""A small experiment from source folder to bank files: real notebooks, real tracking."""

import hashlib
import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from riskmodel.errors import ChecksFailed, SettingsError
from riskmodel.limits import Behaviour
from riskmodel.pipeline.experiment import DONE, STAGES, Order, after_last_run, run_experiment
from riskmodel.pipeline.last_run import last_run_of
from riskmodel.pipeline.stages.limits import answer_questions, recommend_limits
from riskmodel.pipeline.stages.publish import publish_limits
from riskmodel.pipeline.summary import summary
from riskmodel.registry import versions
from riskmodel.runs import notebooks, tracking
from riskmodel.runs.run_folder import Run
from riskmodel.settings import default_settings
from riskmodel.simulation import write_simulation

PROJECT = Path(__file__).parents[2]
SMALL = ("datasets.repeats=1", "datasets.folds=2", "model.trees=30", "model.trials=2")
SMALL += ("explain.refits=1",)
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
BANKS = ["bank_of_china", "bank_of_shanghai", "china_construction", "china_merchants"]
BANKS += ["industrial_bank", "ping_an", "postal_savings"]


@dataclass(frozen=True)
class Finished:
    """A run that is done, and what it said on its way."""

    run: Run
    told: tuple[str, ...]


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project's folder of its own, with a source folder of 500 fictional enterprises."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "experiments").mkdir()
    for toml in (PROJECT / "experiments").glob("*.toml"):
        shutil.copy(toml, folder / "experiments")
    shutil.copytree(PROJECT / "notebooks", folder / "notebooks")
    write_simulation(folder / "simulation", enterprises=500, months=48, seed=3)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        yield folder


def carried_out(root: Path, *words: str) -> Finished:
    told: list[str] = []
    data = f"run.data={json.dumps(str(root / 'simulation'))}"
    order = Order(root / "experiments/baseline.toml", (data, *SMALL, *words))
    return Finished(run_experiment(order, root, told.append), tuple(told))


@pytest.fixture(scope="session")
def first(root: Path) -> Finished:
    return carried_out(root, "publish.override_reason=test")


@pytest.fixture(scope="session")
def second(root: Path, first: Finished) -> Finished:
    assert first.run.folder.is_dir()
    return carried_out(root, "publish.override_reason=test")


def revision(root: Path, run: Run, bank: str, number: int) -> Path:
    return root / "data/published" / bank / str(run.settings.run.as_of) / f"r{number}"


def bytes_below(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


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


def test_every_scored_enterprise_has_a_recommendation(first: Finished) -> None:
    panel = first.run.read("datasets", "panel")
    rows = first.run.read("limits", "recommendations")

    assert set(RECOMMENDED) <= set(rows.columns)
    assert set(rows["enterprise_id"]) == set(panel.loc[panel["split"] == "score", "enterprise_id"])
    assert set(rows["decision"]) == {"offer", "decline"}


def test_the_limits_keep_what_past_lines_taught_and_the_answers_to_questions(
    first: Finished,
) -> None:
    learnt = Behaviour.from_text(first.run.read_json("limits", "learnt"))
    assert learnt.response is not None
    assert learnt.drawing is not None
    assert learnt.drawing.rows > 0
    rows = first.run.read("limits", "recommendations")
    offers = rows[rows["decision"] == "offer"]
    raising = first.run.read("limits", "raising")
    assert set(raising["enterprise_id"]) == set(rows["enterprise_id"])
    assert raising["text_en"].ne("").all()
    assert raising["text_zh"].ne("").all()
    intervals = first.run.read("limits", "intervals")
    assert (intervals["limit_low_cny"] <= intervals["limit_cny"]).all()
    assert (intervals["limit_high_cny"] >= intervals["limit_cny"]).all()
    size = first.run.read("limits", "monotone").query("lever == 'exports_size' and pd == 'held'")
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
    with tracking.connected(root) as mlflow:
        client = mlflow.MlflowClient()
        found = client.get_run(tracked)
        kept = {Path(file.path).name for file in client.list_artifacts(tracked, "notebooks")}

    verdict = first.run.read_json("validate", "verdict")["verdict"]
    assert found.info.status == "FINISHED"
    assert found.data.tags["verdict"] == verdict
    assert found.data.tags["run_folder"] == first.run.name
    assert found.data.params["model.trees"] == "30"
    assert "limit_cny_ping_an" in found.data.metrics
    assert kept == {path.name for path in (first.run.folder / "notebooks").iterdir()}


def test_what_is_tracked_and_registered_names_no_enterprise_account_or_document(
    root: Path, first: Finished, tmp_path: Path
) -> None:
    tables = [pd.read_parquet(path) for path in (first.run.folder / "sources").glob("*.parquet")]
    columns = [rows[name] for rows in tables for name in rows.columns if name.endswith("_id")]
    keys = {str(key) for column in columns for key in column.dropna().unique()}
    assert len(keys) > 5000
    with tracking.connected(root) as mlflow:
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

    third = carried_out(root, "publish.override_reason=test")

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
        "limits": {"last_run": "auto"},
        "run": {"name": "monthly", "as_of": date(2014, 7, 1), "data": "here"},
    }
    settings = default_settings()
    for table, values in asked.items():
        changed = getattr(settings, table).model_copy(update=values)
        settings = settings.model_copy(update={table: changed})
    assert after_last_run(settings, tmp_path).limits.last_run == names[0]
    (runs / names[0] / DONE).unlink()
    assert after_last_run(settings, tmp_path).limits.last_run == ""


def test_a_last_run_that_is_not_there_is_refused(first: Finished) -> None:
    limits = first.run.settings.limits.model_copy(update={"last_run": "2014-01-01-none-0123456789"})
    settings = first.run.settings.model_copy(update={"limits": limits})
    with pytest.raises(SettingsError, match="no run with limits"):
        last_run_of(replace(first.run, settings=settings))


def test_a_month_after_last_month_says_what_changed(first: Finished) -> None:
    limits = first.run.settings.limits.model_copy(update={"last_run": first.run.name})
    settings = first.run.settings.model_copy(update={"limits": limits})
    # The same month once more: starting from its own prices gives nearly the same book.
    again = replace(
        first.run,
        folder=first.run.folder.with_name("2014-09-01-again-0123456789"),
        settings=settings,
    )
    shutil.copytree(first.run.folder, again.folder)
    book = recommend_limits(again)
    old = first.run.read("limits", "recommendations")
    offers = book.recommendations.query("decision == 'offer'")
    assert offers["limit_cny"].sum() == pytest.approx(
        old.query("decision == 'offer'")["limit_cny"].sum(), rel=0.01
    )
    counts = answer_questions(again, book).change_counts
    assert counts.loc[counts["bank"] == "all", "changes"].sum() > 0
    shutil.rmtree(again.folder)


def test_a_model_that_fails_its_checks_is_not_published_without_a_reason(
    root: Path, second: Finished
) -> None:
    published = bytes_below(root / "data/published")
    runs = root / "experiments/runs"
    before = {path.name for path in runs.iterdir() if path.is_dir()}

    with pytest.raises(ChecksFailed, match="nothing was published") as refused:
        # so few defaults asked for: this run is split by date
        words = ("validate.least_auc=0.99", "publish.tracking=false", "datasets.min_defaults=2")
        carried_out(root, *words, 'model.candidates=["trees", "single_feature"]')

    assert refused.value.exit_code == 5
    assert "publish.override_reason" in str(refused.value)
    report = refused.value.report
    assert "AUC (out of time and of enterprise) 0." in report
    assert "Realised over expected defaults " in report
    assert re.search(r"Test rows and defaults [\d,]+ and [\d,]+\n", report)
    assert re.search(r"verdict      fail: \d of 12 checks failed that nothing conceded", report)
    assert re.search(r"failed +ranking: AUC on the test rows .* must reach 0\.99\.", report)
    assert bytes_below(root / "data/published") == published
    (folder,) = (runs / name for name in {p.name for p in runs.iterdir()} - before - {"by-hand"})
    assert not (folder / "DONE").exists()
    panel = pd.read_parquet(folder / "datasets/panel.parquet")
    assert set(panel["split"].dropna()) == {"fit", "calibrate", "gap", "test", "score"}
    assert json.loads((folder / "run.json").read_text("utf-8"))["state"] == "checks failed"
    assert (folder / "notebooks/06_validate.html").exists()
    assert (runs / "latest").resolve() == second.run.folder


def unchanged(finished: Finished) -> list[str]:
    """The stages that were not run again."""
    told = (line for line in finished.told if "unchanged, not run again" in line)
    return [line.split()[1].rstrip(":") for line in told]


def test_a_comment_white_space_or_the_threads_changed_run_no_stage_again(
    root: Path, second: Finished
) -> None:
    for name in ("banks.toml", "policy.toml", "baseline.toml"):
        path = root / "experiments" / name
        path.write_text("# read again\n\n" + path.read_text("utf-8"), "utf-8")
    again = carried_out(root, "publish.override_reason=test", "run.threads=1")

    assert again.run.folder == second.run.folder
    assert unchanged(again) == list(STAGES[:-1])
    kept = (again.run.folder / "banks.toml").read_text("utf-8")
    assert kept.startswith("# read again\n")


def test_a_budget_that_changed_decides_the_limits_anew_and_nothing_before_them(
    root: Path, second: Finished
) -> None:
    path = root / "experiments/banks.toml"
    text = path.read_text("utf-8")
    before = bytes_below(second.run.folder)
    path.write_text(text.replace("budget_cny = 45_000_000.0", "budget_cny = 5_000_000.0"), "utf-8")
    moved = carried_out(root, "publish.override_reason=test")
    path.write_text(text, "utf-8")

    assert moved.run.folder != second.run.folder
    assert unchanged(moved) == list(STAGES[:6])
    assert bytes_below(second.run.folder) == before
    by_bank = moved.run.read("limits", "by_bank").set_index("bank")
    assert by_bank.loc["ping_an", "budget_cny"] == 5_000_000.0
    assert by_bank.loc["ping_an", "limit_cny"] <= 5_000_000.0
    assert (moved.run.folder / "notebooks/01_sources.html").exists()


def copied_with(first: Finished, name: str, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Run:
    """The finished run once more under another name, its book changed."""
    run = replace(first.run, folder=first.run.folder.with_name(name))
    run = replace(run, before=run.folder)
    shutil.copytree(first.run.folder, run.folder)
    run.note(mlflow_run_id="", banks=[])
    run.write("limits", recommendations=change(run.read("limits", "recommendations")))
    return run


def test_where_nobody_has_signed_nothing_is_published_and_the_reason_is_said(
    root: Path, first: Finished
) -> None:
    def unsigned(book: pd.DataFrame) -> pd.DataFrame:
        return book.assign(bank="", decision="decline", limit_cny=0.0)

    before = bytes_below(root / "data/published")
    run = copied_with(first, "2014-09-01-nobody-0123456789", unsigned)
    published = publish_limits(run)

    assert bytes_below(root / "data/published") == before
    assert published.publications.empty
    assert not published.refused
    reason = f"no scored enterprise has an agreement in force on {run.settings.run.as_of}"
    assert published.text == f"Nothing is published: {reason}."
    kept = json.loads((run.folder / "publish/publication.json").read_text("utf-8"))
    assert kept["nothing_to_publish"] == reason
    assert f"nothing to publish: {reason}" in summary(run)
    assert "data/published" not in summary(run)
    shutil.rmtree(run.folder)


def test_a_bank_that_nobody_has_signed_with_is_given_no_folder_and_is_named(
    root: Path, first: Finished
) -> None:
    def without_two(book: pd.DataFrame) -> pd.DataFrame:
        return book[~book["bank"].isin(["ping_an", "postal_savings"])]

    run = copied_with(first, "2014-09-01-some-0123456789", without_two)
    before = bytes_below(root / "data/published")
    published = publish_limits(run)
    new = {name.split("/")[0] for name in bytes_below(root / "data/published").keys() - before}

    assert sorted({*new, "ping_an", "postal_savings"}) == BANKS
    assert new.isdisjoint({"ping_an", "postal_savings"})
    assert published.without_rows == ("ping_an", "postal_savings")
    assert "no file for ping_an, postal_savings" in summary(run)
    assert "no file for ping_an, postal_savings" in published.text
    shutil.rmtree(run.folder)
