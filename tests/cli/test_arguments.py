"""Every argument of every command refuses what is no value of its kind: exit 2, in words."""

import argparse
from collections.abc import Iterator
from pathlib import Path

import pytest

from riskmodel.cli.main import main
from riskmodel.cli.parser import build_parser

NEEDED = {
    "simulate": ["out"],
    "import": ["taiwan", "raw", "out"],
    "check": ["data"],
    "features": ["data", "out"],
    "score": ["features", "out"],
    "run": ["experiment.toml"],
    "review show": ["1"],
    "review approve": ["1", "--by", "a", "--reason", "b"],
    "review reject": ["1", "--by", "a", "--reason", "b"],
    "review in-force": ["--on", "2014-07-01"],
    "bench": ["limits"],
}
NUMBERS = {
    "--enterprises",
    "--months",
    "--partition-size",
    "--threads",
    "--seed",
    "--version",
    "VERSION",
}
DAYS = {"--as-of", "--on"}


def commands(
    top: argparse.ArgumentParser, name: str = ""
) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command with its parser, those below `review` too."""
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, below in action.choices.items():
                yield f"{name} {word}".strip(), below
                yield from commands(below, f"{name} {word}".strip())


def asked() -> list[tuple[str, str]]:
    """Command and argument: an option's name, or a position's in capitals."""
    return [
        (name, action.option_strings[0] if action.option_strings else str(action.metavar))
        for name, below in commands(build_parser())
        for action in below._actions
        if action.type is not None or (action.nargs != 0 and action.choices is None)
    ]


def refused(command: str, name: str, word: str, capsys: pytest.CaptureFixture[str]) -> str:
    """What the command line says of the word in that place; it must end with exit code 2."""
    words = NEEDED.get(command, [])
    if name.startswith("--"):
        given = [*words, f"{name}={word}"]
    else:
        below = dict(commands(build_parser()))[command]
        places = [str(a.metavar) for a in below._actions if not a.option_strings]
        given = [*words]
        given[places.index(name)] = word
        given = [*given[len(places) :], "--", *given[: len(places)]]
    with pytest.raises(SystemExit) as left:
        main([*command.split(), *given])
    assert left.value.code == 2
    return capsys.readouterr().err.splitlines()[-1]


def test_every_argument_is_read_by_a_type_of_its_own() -> None:
    plain = [
        (name, action.dest)
        for name, below in commands(build_parser())
        for action in below._actions
        if action.nargs != 0 and action.choices is None and action.type in (None, int, float, Path)
    ]
    assert plain == []
    found = {name for _, name in asked()}
    assert {*NUMBERS, *DAYS, "--data", "--json", "--set", "DATA", "OUT"} <= found


@pytest.mark.parametrize(("command", "name"), [one for one in asked() if one[1] in NUMBERS])
@pytest.mark.parametrize(
    "word", ["-5", "0", "1.5", "many", "", "1e3", "nan", "9" * 30, "1_0", " 5"]
)
def test_a_whole_number_is_asked_for_in_words(
    command: str, name: str, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if (name, word) == ("--seed", "0"):
        assert build_parser().parse_args([*command.split(), *NEEDED[command], "--seed=0"]).seed == 0
        return
    assert "is not a whole number from" in refused(command, name, word, capsys)


@pytest.mark.parametrize(("command", "name"), [one for one in asked() if one[1] in DAYS])
@pytest.mark.parametrize("word", ["July", "", "2014-02-30", "0001-01-01", "9999-12-31", "-5", "0"])
def test_a_day_of_the_contract_is_asked_for_in_words(
    command: str, name: str, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "is not a date like 2014-07-01" in refused(command, name, word, capsys)


TEXTS = [one for one in asked() if one[1] not in {*NUMBERS, *DAYS}]


@pytest.mark.parametrize(("command", "name"), TEXTS)
@pytest.mark.parametrize("word", ["", " "])
def test_an_empty_text_is_no_value(
    command: str, name: str, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "is empty" in refused(command, name, word, capsys)


@pytest.mark.parametrize(("command", "name"), TEXTS)
def test_no_text_holds_a_null_character(
    command: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "holds a character" in refused(command, name, "a\0b", capsys)


@pytest.mark.parametrize("command", ["simulate", "features", "score"])
def test_a_file_is_no_folder_to_write_to(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.touch()
    assert "is a file, not a folder" in refused(command, "OUT", str(file), capsys)


@pytest.mark.parametrize("below", ["", "file/table.json"])
def test_a_table_that_could_not_be_written_is_refused_before_the_work(
    below: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert "cannot be written" in refused("bench", "--json", str(tmp_path / below), capsys)


def test_a_name_too_long_for_any_file_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "too long" in refused("check", "DATA", "x" * 5000, capsys)
