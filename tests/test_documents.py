"""What the documents say is what the project does."""

import re
import tomllib
from pathlib import Path

import pytest

from riskmodel.features.data_dictionary import markdown

ROOT = Path(__file__).parents[1]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_data_dictionary_is_the_one_that_the_package_prints() -> None:
    assert read("data/README.md") == markdown()


def test_conda_and_the_lock_are_for_the_lowest_python_that_pip_may_use() -> None:
    (conda,) = re.findall(r"^ *- python=(\S+)$", read("environment.yml"), flags=re.MULTILINE)
    asked = tomllib.loads(read("pyproject.toml"))["project"]["requires-python"]

    assert asked.split(",")[0] == f">={conda}"
    assert f"--python-version {conda}" in read("Makefile")


def test_conda_installs_this_project_and_nothing_beside_its_own_ranges() -> None:
    listed = re.findall(r"^ *- (.+)$", read("environment.yml"), flags=re.MULTILINE)

    assert [line for line in listed if not line.startswith("python=")] == [
        "pip",
        "pip:",
        "-e .[dev]",
    ]


def test_the_readme_names_every_task_of_the_makefile() -> None:
    tasks = re.findall(r"^([a-z]+):.*##", read("Makefile"), flags=re.MULTILINE)
    named = set(re.findall(r"make ([a-z]+)", read("README.md")))

    assert {"setup", "demo", "test", "check"} <= set(tasks)
    assert [task for task in tasks if task not in {"help", *named}] == []


def test_the_readme_names_no_task_that_the_makefile_lacks() -> None:
    tasks = re.findall(r"^([a-z]+):", read("Makefile"), flags=re.MULTILINE)
    named = re.findall(r"(?:^|`)make ([a-z]+)", read("README.md"), flags=re.MULTILINE)

    assert named
    assert [task for task in named if task not in tasks] == []


def test_the_lock_holds_versions_and_hashes_but_no_address() -> None:
    lock = read("requirements.lock")
    packages = re.findall(r"^[A-Za-z0-9][^\n]*", lock, flags=re.MULTILINE)

    assert len(packages) > 50
    assert [line for line in packages if "==" not in line or not line.endswith("\\")] == []
    assert "://" not in lock
    assert "index-url" not in lock


def test_the_architecture_names_every_package_once_and_none_that_is_not_there() -> None:
    (table,) = re.findall(r"^\| package .*?\n\n", read("ARCHITECTURE.md"), re.MULTILINE | re.DOTALL)
    first_cells = [row.split("|")[1] for row in table.splitlines()[2:] if row]
    named = [name for cell in first_cells for name in re.findall(r"`([a-z]+)`", cell)]
    inside = ROOT / "src" / "riskmodel"
    there = {path.stem for path in inside.iterdir() if path.suffix == ".py" or path.is_dir()}

    assert sorted(named) == sorted(there - {"__init__", "__pycache__"})


DOCUMENTS = [
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    *(
        path.relative_to(ROOT).as_posix()
        for path in sorted((ROOT / "docs" / "design").glob("*.md"))
    ),
]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_path_that_a_document_names_is_there(name: str) -> None:
    named = re.findall(r"`((?:[a-z_0-9]+/)+(?:\w+\.(?:py|toml|css|ipynb))?)`", read(name))
    packages = {path.name for path in (ROOT / "src" / "riskmodel").iterdir() if path.is_dir()}
    homes = dict.fromkeys(packages, ROOT / "src" / "riskmodel")
    ours = [path for path in named if path.split("/")[0] in {*packages, "src", "tests", "docs"}]

    missing = [path for path in ours if not (homes.get(path.split("/")[0], ROOT) / path).exists()]

    assert missing == []
