"""What a changed setting, budget, book or month does to a run that is done."""

import json
import re
import shutil
from collections.abc import Callable
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
    unchanged,
)

from riskmodel.errors import ChecksFailed
from riskmodel.pipeline.experiment import STAGES
from riskmodel.pipeline.stages.limits import answer_questions, recommend_limits
from riskmodel.pipeline.stages.publish import publish_limits
from riskmodel.pipeline.summary import summary
from riskmodel.runs.run_folder import Run


@pytest.fixture(scope="module")
def root(own_project: Path) -> Path:
    return own_project


@pytest.fixture(scope="module")
def first(root: Path) -> Finished:
    return first_run(root)


def test_a_month_after_last_month_says_what_changed(first: Finished) -> None:
    limits = first.run.settings.limits.with_values({"previous_run": first.run.name})
    settings = first.run.settings.with_values({"limits": limits})
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
    root: Path, first: Finished
) -> None:
    published = bytes_below(root / "data/published")
    runs = root / "experiments/runs"
    before = {path.name for path in runs.iterdir() if path.is_dir()}

    with pytest.raises(ChecksFailed, match="nothing was published") as refused:
        # so few defaults asked for: this run is split by date
        words = ("validate.min_auc=0.99", "publish.tracking=false", "datasets.split.min_defaults=2")
        carried_out(root, *words, 'model.candidates=["trees", "single_feature"]')

    assert refused.value.exit_code == 5
    assert "publish.override_reason" in str(refused.value)
    report = refused.value.report
    assert "AUC (out of time and of enterprise) 0." in report
    assert "Realised over expected defaults " in report
    assert re.search(r"Test rows and defaults [\d,]+ and [\d,]+\n", report)
    assert re.search(r"verdict      fail: \d of 14 checks failed that nothing conceded", report)
    assert re.search(r"failed +ranking: AUC on the test rows .* must reach 0\.99\.", report)
    assert bytes_below(root / "data/published") == published
    (folder,) = (runs / name for name in {p.name for p in runs.iterdir()} - before - {"by-hand"})
    assert not (folder / "DONE").exists()
    panel = pd.read_parquet(folder / "datasets/panel.parquet")
    assert set(panel["split"].dropna()) == {"fit", "calibrate", "gap", "test", "score"}
    assert json.loads((folder / "run.json").read_text("utf-8"))["state"] == "checks failed"
    assert (folder / "notebooks/06_validate.html").exists()
    assert (runs / "latest").resolve() == first.run.folder


def test_a_comment_white_space_or_the_threads_changed_run_no_stage_again(
    root: Path, first: Finished
) -> None:
    for name in ("banks.toml", "policy.toml", "baseline.toml"):
        path = root / "experiments" / name
        path.write_text("# read again\n\n" + path.read_text("utf-8"), "utf-8")
    again = carried_out(root, PUBLISHED, "run.threads=2")

    assert again.run.folder == first.run.folder
    assert unchanged(again) == list(STAGES[:-1])
    kept = (again.run.folder / "banks.toml").read_text("utf-8")
    assert kept.startswith("# read again\n")


def test_a_budget_that_changed_decides_the_limits_anew_and_nothing_before_them(
    root: Path, first: Finished
) -> None:
    path = root / "experiments/banks.toml"
    text = path.read_text("utf-8")
    before = bytes_below(first.run.folder)
    path.write_text(text.replace("budget_cny = 45_000_000.0", "budget_cny = 5_000_000.0"), "utf-8")
    moved = carried_out(root, PUBLISHED)
    path.write_text(text, "utf-8")

    assert moved.run.folder != first.run.folder
    assert unchanged(moved) == list(STAGES[:6])
    assert bytes_below(first.run.folder) == before
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
