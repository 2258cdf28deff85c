"""The command line: an exit code a kind of error, one line each, quick to start."""

import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from riskmodel.cli.main import main
from riskmodel.errors import ChecksFailed
from riskmodel.simulation import write_simulation

EXPERIMENTS = Path(__file__).parents[2] / "experiments"


@pytest.fixture(scope="module")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "simulation"
    write_simulation(folder, enterprises=300, months=48, seed=3)
    return folder


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder of its own: the experiments and the notebooks, nothing run yet."""
    (tmp_path / "experiments").mkdir()
    for toml in EXPERIMENTS.glob("*.toml"):
        shutil.copy(toml, tmp_path / "experiments")
    shutil.copytree(EXPERIMENTS.parent / "notebooks", tmp_path / "notebooks")
    monkeypatch.setenv("RISKMODEL_ROOT", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path


def without_amounts(simulation: Path, folder: Path) -> Path:
    """The source folder again, its declarations without their FOB value."""
    shutil.copytree(simulation, folder)
    shutil.rmtree(folder / "declarations", ignore_errors=True)
    rows = pd.concat([pd.read_parquet(path) for path in sorted(simulation.glob("declarations*"))])
    rows.drop(columns="fob_usd").to_parquet(folder / "declarations.parquet")
    return folder


def test_an_unknown_command_is_a_usage_error() -> None:
    with pytest.raises(SystemExit) as left:
        main(["divine"])

    assert left.value.code == 2


def test_no_command_is_a_usage_error() -> None:
    with pytest.raises(SystemExit) as left:
        main([])

    assert left.value.code == 2


def test_a_day_that_is_no_date_is_a_usage_error() -> None:
    with pytest.raises(SystemExit) as left:
        main(["review", "in-force", "--on", "July"])

    assert left.value.code == 2


def test_an_unknown_scenario_is_a_bad_setting_that_names_the_known_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["simulate", str(tmp_path / "out"), "--enterprises", "5", "--months", "12"]

    code = main([*words, "--scenario", "boom"])

    errors = [line for line in capsys.readouterr().err.splitlines() if "Error: " in line]
    assert code == 4
    assert len(errors) == 1
    assert "unknown scenario 'boom'" in errors[0]
    assert "tariff" in errors[0]
    assert list(tmp_path.iterdir()) == []


def test_a_simulation_is_written_by_scenario_part_and_threads(tmp_path: Path) -> None:
    words = ["simulate", str(tmp_path / "out"), "--enterprises", "5", "--months", "12"]

    assert main([*words, "--scenario", "thin", "--partition-size", "2", "--threads", "1"]) == 0

    assert (tmp_path / "out/declarations.parquet").exists()
    assert 'scenario = "thin"' in (tmp_path / "out/truth/simulation.toml").read_text()


def test_a_source_without_a_needed_column_is_bad_data_told_in_one_line(
    simulation: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = without_amounts(simulation, tmp_path / "source")

    code = main(["check", str(source)])

    told = capsys.readouterr().err.splitlines()
    errors = [line for line in told if line.startswith("DataError: ")]
    assert code == 3
    assert len(errors) == 1
    assert told[-1] == errors[0]
    assert "fob_usd" in errors[0]


def test_a_folder_that_is_not_there_is_bad_data(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(tmp_path / "nowhere")]) == 3
    assert capsys.readouterr().err.startswith("DataError: ")


def test_a_source_that_keeps_the_contract_passes_the_check(
    simulation: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", str(simulation)]) == 0
    assert "declarations" in capsys.readouterr().out


def test_an_unknown_setting_is_a_bad_setting_that_names_the_nearest_known_one(
    root: Path, simulation: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["run", str(root / "experiments/baseline.toml"), "--data", str(simulation)]

    code = main([*words, "--set", "model.treez=30"])

    told = capsys.readouterr().err
    assert code == 4
    assert told.count("\n") == 1
    assert "model.treez" in told
    assert "'trees'" in told
    assert not (root / "experiments/runs").exists()


def test_a_bank_without_terms_is_a_bad_setting(
    root: Path, simulation: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["run", str(root / "experiments/baseline.toml"), "--data", str(simulation)]

    assert main([*words, "--as-of", "2014-07-01", "--bank", "bank_of_nowhere"]) == 4
    assert "bank_of_nowhere" in capsys.readouterr().err
    assert not (root / "experiments/runs").exists()


def test_a_run_without_a_source_is_a_bad_setting(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", str(root / "experiments/baseline.toml")]) == 4
    assert "--data" in capsys.readouterr().err


def test_an_error_comes_with_its_trace_only_in_debugging(root: Path) -> None:
    from riskmodel.errors import SettingsError

    with pytest.raises(SettingsError):
        main(["run", "--debug", str(root / "experiments/baseline.toml")])


def test_scoring_without_an_approved_model_is_not_approved_and_publishes_nothing(
    root: Path, simulation: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["run", str(root / "experiments/monthly.toml"), "--data", str(simulation)]

    code = main([*words, "--set", "datasets.split.folds=2", "--set", "publish.tracking=false"])

    told = capsys.readouterr().err.splitlines()
    assert code == 6, told
    assert told[-1].startswith("NotApproved: ")
    assert "review approve" in told[-1]
    assert not (root / "data/published").exists()
    assert not list((root / "experiments/runs").glob("*/DONE"))


def test_no_version_is_in_force_before_a_review(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["review", "in-force", "--on", "2014-07-01"]) == 0
    assert capsys.readouterr().out == "no version was in force on 2014-07-01\n"


@pytest.mark.slow
def test_a_version_that_is_not_registered_cannot_be_approved(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["review", "approve", "7", "--by", "committee", "--reason", "a trial"])

    assert code == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_dictionary_is_printed_as_the_document_holds_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["dictionary"]) == 0
    written = (EXPERIMENTS.parent / "data/README.md").read_text(encoding="utf-8")
    assert capsys.readouterr().out == written


def test_the_command_line_starts_without_the_heavy_libraries() -> None:
    heavy = "('pandas', 'numpy', 'numba', 'lightgbm', 'mlflow', 'papermill', 'shap', 'sklearn')"
    asked = f"import sys, riskmodel.cli.main; print([m for m in {heavy} if m in sys.modules])"

    told = subprocess.run(
        [sys.executable, "-c", asked], capture_output=True, text=True, check=True
    ).stdout

    assert told == "[]\n"


def test_a_run_whose_checks_failed_prints_its_headline_all_the_same(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*_: object) -> None:
        raise ChecksFailed("2014: nothing was published", "AUC 0.61\n  failed ranking: 0.55")

    monkeypatch.setattr("riskmodel.pipeline.experiment.run_experiment", refused)
    assert main(["run", "experiments/baseline.toml"]) == 5
    said = capsys.readouterr()
    assert said.out == "AUC 0.61\n  failed ranking: 0.55\n"
    assert said.err == "ChecksFailed: 2014: nothing was published\n"


def test_a_review_from_a_day_to_come_is_a_usage_error(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["review", "approve", "1", "--by", "committee", "--reason", "a trial"]

    assert main([*words, "--on", "2099-01-01"]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "2099-01-01 is after today" in told


def test_a_tracking_server_that_is_gone_is_told_in_a_line_without_its_password(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from riskmodel.runs import tracking_address

    monkeypatch.setattr(tracking_address, "WAIT_SECONDS", 0.01)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://risk:hunter2@127.0.0.1:1")

    assert main(["review", "list"]) == 4

    told = capsys.readouterr().err.splitlines()
    assert [line for line in told if "Error: " in line] == [told[-1]]
    assert "http://127.0.0.1:1" in told[-1]
    assert "hunter2" not in "".join(told)
