"""What is wrong with a command's words is said before anything is read."""

import os
import shutil
from pathlib import Path

import pytest

from riskmodel.cli.main import main

EXPERIMENTS = Path(__file__).parents[2] / "experiments"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder, and the folder at hand."""
    shutil.copytree(EXPERIMENTS, tmp_path / "experiments", ignore=shutil.ignore_patterns("runs"))
    (tmp_path / "notebooks").mkdir()
    monkeypatch.setenv("RISKMODEL_ROOT", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("words", "place"),
    [
        (["run", "experiments/baseline.toml", "--data", ""], "--data"),
        (["run", "experiments/baseline.toml", "--data="], "--data"),
        (["run", "experiments/baseline.toml", "--data", "  "], "--data"),
        (["run", "experiments/baseline.toml", "--data", "x", "--bank", ""], "--bank"),
        (["run", "experiments/baseline.toml", "--data", "x", "--set", ""], "--set"),
        (["run", ""], "EXPERIMENT.toml"),
        (["check", ""], "DATA"),
        (["features", "", "out", "--as-of", "2024-01-01"], "DATA"),
        (["simulate", ""], "OUT"),
        (["import", "taiwan", "", "out"], "FROM"),
        (["review", "show", ""], "VERSION"),
        (["bench", "models", "--data", ""], "--data"),
    ],
)
def test_an_empty_word_is_a_usage_error_that_names_what_it_stands_after(
    root: Path, capsys: pytest.CaptureFixture[str], words: list[str], place: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)

    assert ended.value.code == 2
    line = capsys.readouterr().err.splitlines()[-1]
    assert f"argument {place}: " in line


def test_a_settings_value_may_be_empty(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["run", "experiments/baseline.toml", "--data", "gone", "--set", "limits.previous_run="]

    assert main(words) != 2


def test_an_unknown_bank_is_said_before_the_data_are_read(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "data").mkdir()
    os.mkfifo(root / "data" / "enterprises.parquet")  # whoever read it would say so, or wait
    words = ["run", "experiments/baseline.toml", "--data", "data", "--bank", "no_such_bank"]

    assert main(words) == 4

    assert "--bank no_such_bank: no such bank" in capsys.readouterr().err
    assert not (root / "experiments" / "runs").exists()


def test_a_pipe_for_a_table_ends_a_run_with_a_date_as_bad_data(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "data").mkdir()
    os.mkfifo(root / "data" / "enterprises.parquet")
    words = ["run", "experiments/baseline.toml", "--data", "data"]

    assert main(words) == 3

    assert "is no file, but a pipe" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["world", "out"], "world is now called simulate"),
        (["simulate", "out", "--part", "5"], "--part is now called --partition-size"),
        (["simulate", "out", "--part=5"], "--part is now called --partition-size"),
        (["features", "data", "out", "--part", "5"], "--part is now called --partition-size"),
        (["features", "data", "out", "--card", "x"], "--card is now called --feature"),
        (["bench", "selection"], "selection is now called reject-inference"),
    ],
)
def test_a_retired_word_is_a_usage_error_that_gives_the_new_one(
    capsys: pytest.CaptureFixture[str], words: list[str], line: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)

    assert ended.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith(line)


def test_a_retired_word_may_be_the_value_of_an_option(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "selection").mkdir()

    with pytest.raises(SystemExit) as ended:
        main(["bench", "limits", "--json", "selection"])

    assert ended.value.code == 2
    assert "a file cannot be written there" in capsys.readouterr().err
