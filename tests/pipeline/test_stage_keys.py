"""A stage's key: what changes it, and what does not."""

import shutil
from pathlib import Path

import pytest

import riskmodel
from riskmodel.pipeline.experiment import STAGES
from riskmodel.pipeline.import_closure import CodeBase
from riskmodel.pipeline.stage_keys import (
    DISTRIBUTIONS,
    INPUTS,
    StageKeys,
    code_facts,
    library_versions,
    settings_read,
)
from riskmodel.runs.run_folder import Run, open_run
from riskmodel.settings import Settings, default_settings, load_settings

ROOT = Path(riskmodel.__file__).parents[2]
NOTEBOOKS = {stage: f"{number:02d}_{stage}" for number, stage in enumerate(STAGES, 1)}
CODE = CodeBase()
OPTIONAL = {"alembic", "interpret", "requests", "sqlalchemy"}
"""Libraries of an extra, or that come with another one: they may be absent."""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package tree."""
    folder = tmp_path_factory.mktemp("code") / "riskmodel"
    shutil.copytree(
        ROOT / "src" / "riskmodel", folder, ignore=shutil.ignore_patterns("__pycache__")
    )
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run that has read nothing yet, in a project of its own."""
    folder = tmp_path / "experiments" / "runs" / "2014-08-01-a-0123456789"
    folder.mkdir(parents=True)
    for name in ("policy.toml", "banks.toml"):
        shutil.copy(ROOT / "experiments" / name, folder)
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    run = Run(folder, folder, default_settings())
    run.note(data_fingerprint="data")
    return run


def keys(run: Run, **versions: str) -> dict[str, str]:
    """The key of every stage of a run whose stages wrote nothing yet."""
    found = StageKeys(run, CODE, versions)
    return {stage: found.key(stage, NOTEBOOKS[stage], {}) for stage in STAGES}


def differing(one: dict[str, str], other: dict[str, str]) -> list[str]:
    return [stage for stage in STAGES if one[stage] != other[stage]]


def facts(code: CodeBase) -> dict[str, object]:
    """Digests of code and versions of libraries, by stage."""
    notebooks = {stage: ROOT / "notebooks" / f"{NOTEBOOKS[stage]}.ipynb" for stage in STAGES}
    return {stage: code_facts(path, code) for stage, path in notebooks.items()}


def stages_changed(package: Path, module: str) -> list[str]:
    """The stages whose code facts change with a comment at the end of a module."""
    before = CodeBase(package)
    found = facts(before)
    path = package / module
    text = path.read_text()
    path.write_text(f"{text}# a comment\n")
    try:
        after = facts(CodeBase(package, before._code))  # a comment leaves what is parsed as it is
    finally:
        path.write_text(text)
    return [stage for stage in STAGES if after[stage] != found[stage]]


@pytest.mark.parametrize(
    "module",
    [
        "benchmarks/scoring.py",
        "simulation/simulate.py",
        "cli/main.py",
        "pipeline/experiment.py",
        "pipeline/summary.py",
        "pipeline/stage_keys.py",
        "pipeline/feature_files.py",
        "figures/simulation.py",
        "sources/importers/gmsc.py",
        "runs/tracking_address.py",
    ],
)
def test_code_that_no_stage_needs_makes_no_stage_run_again(package: Path, module: str) -> None:
    expected = ["model", "publish"] if module == "runs/tracking_address.py" else []
    assert stages_changed(package, module) == expected


@pytest.mark.parametrize(
    ("module", "stages"),
    [
        ("figures/features.py", ["features"]),
        ("figures/explain.py", ["explain"]),
        ("figures/canvas.py", list(STAGES)),
        ("pipeline/stages/datasets.py", ["datasets"]),
        ("limits/eligibility.py", ["validate", "limits", "publish"]),
        ("limits/caps.py", ["validate", "limits", "publish"]),
        ("explain/reasons.py", ["explain"]),
        ("validate/checks.py", ["validate"]),
        ("publish/report/report.css", ["publish"]),
        ("runs/notebooks.py", list(STAGES)),
        ("model/learners/trees.py", ["model", "explain", "validate", "limits", "publish"]),
    ],
)
def test_a_comment_makes_the_stages_that_can_run_the_code_run_again(
    package: Path, module: str, stages: list[str]
) -> None:
    assert stages_changed(package, module) == stages


def test_another_version_of_a_library_makes_the_stages_that_import_it_run_again(run: Run) -> None:
    upgraded = keys(run, lightgbm="99.0")

    assert differing(keys(run), upgraded) == ["model", "explain", "validate", "limits", "publish"]
    assert differing(keys(run), keys(run, shap="99.0")) == ["explain"]
    assert differing(keys(run), keys(run, polars="99.0")) == []
    assert differing(keys(run), keys(run, python="4.0.0")) == list(STAGES)


def test_every_library_of_a_stage_has_a_version() -> None:
    libraries = frozenset[str]().union(
        *(CODE.closure(f"import riskmodel.pipeline.stages.{stage}").libraries for stage in STAGES)
    )
    versions = library_versions(libraries)

    absent = {name for name, version in versions.items() if not version}
    known = OPTIONAL | {one for name in OPTIONAL for one in DISTRIBUTIONS.get(name, ())}
    assert absent <= known


@pytest.mark.parametrize(
    ("assignment", "stages"),
    [
        ("run.threads=7", []),
        ("run.seed=8", ["model", "explain", "validate", "limits", "publish"]),
        ("publish.valid_months=2", ["publish"]),
        ("limits.limit_levels=48", ["limits", "publish"]),
        ("validate.bootstrap_draws=60", ["validate", "publish"]),
        ("explain.refits=1", ["model", "explain"]),
        (
            "features.cny_per_usd=6.5",
            ["features", "datasets", "model", "explain", "validate", "limits", "publish"],
        ),
    ],
)
def test_a_setting_makes_the_stages_that_read_it_run_again(
    run: Run, tmp_path: Path, assignment: str, stages: list[str]
) -> None:
    path = tmp_path / "a.toml"
    path.write_text("")
    before = Run(run.folder, run.before, load_settings(path))
    after = Run(run.folder, run.before, load_settings(path, [assignment]))

    assert differing(keys(before), keys(after)) == stages


def test_a_term_makes_the_limits_run_again(run: Run) -> None:
    before = keys(run)
    path = run.folder / "banks.toml"
    text = path.read_text()
    number = next(line for line in text.splitlines() if line.startswith("budget_cny"))
    path.write_text(text.replace(number, "budget_cny = 1_234_000.0", 1))

    assert differing(before, keys(run)) == ["limits", "publish"]


def test_a_rule_of_who_may_be_lent_to_makes_the_validation_run_again_and_a_cap_does_not(
    run: Run,
) -> None:
    before = keys(run)
    path = run.folder / "policy.toml"
    text = path.read_text()
    path.write_text(text.replace("min_value = 3.0", "min_value = 4.0", 1))
    assert differing(before, keys(run)) == ["validate", "limits", "publish"]
    path.write_text(text.replace("max_limit_cny = 10_000_000.0", "max_limit_cny = 9_000_000.0", 1))
    assert differing(before, keys(run)) == ["limits", "publish"]


def test_a_comment_in_the_terms_makes_nothing_run_again(run: Run) -> None:
    before = keys(run)
    path = run.folder / "banks.toml"
    path.write_text("# a comment\n" + path.read_text())

    assert keys(run) == before


def test_another_table_makes_the_stages_that_read_it_run_again(run: Run) -> None:
    def with_table(stage: str, digest: str) -> dict[str, str]:
        outputs = {
            stage: {f"{stage}/a.parquet": digest, f"notebooks/{NOTEBOOKS[stage]}.html": digest}
        }
        return {one: StageKeys(run, CODE).key(one, NOTEBOOKS[one], outputs) for one in STAGES}

    changed = {stage: differing(with_table(stage, "1"), with_table(stage, "2")) for stage in STAGES}

    assert changed["sources"] == ["features", "datasets", "model", "validate", "limits", "publish"]
    assert changed["explain"] == ["publish"]
    assert changed["validate"] == ["publish"]
    assert changed["limits"] == ["publish"]
    assert changed["publish"] == []


def test_other_pages_of_a_stage_make_nothing_run_again(run: Run) -> None:
    def with_page(digest: str) -> dict[str, str]:
        outputs = {"sources": {"notebooks/01_sources.html": digest}}
        return {one: StageKeys(run, CODE).key(one, NOTEBOOKS[one], outputs) for one in STAGES}

    assert with_page("1") == with_page("2")


def test_a_notebook_makes_its_own_stage_run_again(run: Run) -> None:
    before = keys(run)
    path = run.root / "notebooks" / "03_datasets.ipynb"
    path.write_text(path.read_text() + "\n")

    assert differing(before, keys(run)) == ["datasets"]


@pytest.mark.parametrize(
    "text", ["", "no JSON", '{"cells": [{"cell_type": "code", "source": ["("]}]}']
)
def test_a_notebook_that_cannot_run_has_a_key(run: Run, text: str) -> None:
    before = keys(run)
    (run.root / "notebooks" / "03_datasets.ipynb").write_text(text)

    assert differing(before, keys(run)) == ["datasets"]


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_is_given_what_it_declares_and_nothing_else(stage: str) -> None:
    settings = default_settings()
    given = INPUTS[stage].select(settings)

    tables = given.tables()
    whole = settings.tables()
    assert set(tables) == {name.split(".")[0] for name in INPUTS[stage].settings}
    for name, table in tables.items():
        assert table.items() <= whole[name].items()
    for field in set(Settings.model_fields) - {
        name.replace("validate", "validate_") for name in tables
    }:
        with pytest.raises(AttributeError):
            getattr(given, field)
    assert settings.tables() == whole
    assert "threads" not in settings_read(settings, INPUTS[stage]).get("run", {})


@pytest.mark.parametrize("stage", STAGES)
def test_a_notebook_opens_its_run_with_the_inputs_of_its_stage(stage: str) -> None:
    text = (ROOT / "notebooks" / f"{NOTEBOOKS[stage]}.ipynb").read_text()

    assert "open_run(settings_path, run_dir, INPUTS)" in text
    assert f"from riskmodel.pipeline.stages.{stage} import" in text


def test_a_stage_that_reads_what_it_does_not_declare_is_stopped(run: Run) -> None:
    from riskmodel.runs.run_folder import create_run

    create_run(run.folder, run.settings)
    run.write_json("model", "champion", {"name": "trees"})
    path = str(run.folder / "settings.toml")
    opened = open_run(path, str(run.folder), INPUTS["datasets"])

    with pytest.raises(LookupError, match="datasets reads files of model: name that stage"):
        opened.read_json("model", "champion")
    assert open_run(path, str(run.folder), INPUTS["explain"]).read_json("model", "champion")
    with pytest.raises(AttributeError, match="no attribute 'model'"):
        _ = opened.settings.model
