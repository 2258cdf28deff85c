"""One word for one thing: retired words are gone from names, settings, columns, help and prose."""

import argparse
import ast
import json
import re
import tomllib
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from riskmodel.cli.parser import build_parser

ROOT = Path(__file__).parents[1]
WORDS = tomllib.loads(Path(__file__).with_name("retired_words.toml").read_text("utf-8"))
MODULES = sorted((ROOT / "src" / "riskmodel").rglob("*.py"))
NOTEBOOKS = sorted((ROOT / "notebooks").rglob("*.ipynb"))
DOCUMENTS = [
    ROOT / name
    for name in ("README.md", "ARCHITECTURE.md", "GLOSSARY.md", "CONTRIBUTING.md", "data/README.md")
] + sorted((ROOT / "docs").rglob("*.md"))
OPENING = re.compile(r"(What|How|Whether|Who|Whom|Whose|Which|When|Where|Why)\b")


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def name_parts(name: str) -> set[str]:
    return {part.lower() for part in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)}


def retired(name: str) -> list[str]:
    """Return the retired words that a name holds."""
    if name in WORDS["allowed"]["names"]:
        return []
    whole = [word for word in WORDS["compounds"] if word in name.lower()]
    return sorted(name_parts(name) & set(WORDS["names"])) + whole


def names_of(text: str) -> Iterator[str]:
    """Yield every name that a module gives: of functions, classes, parameters and what is assigned."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.arg):
            yield node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


def docstrings_of(text: str) -> Iterator[str]:
    """Yield the docstrings of a module, also those of constants and fields."""
    for node in ast.walk(ast.parse(text)):
        alone = node.value if isinstance(node, ast.Expr) else None
        if isinstance(alone, ast.Constant) and isinstance(alone.value, str):
            yield alone.value


def faults_in(text: str) -> list[str]:
    """Return the retired expressions that a text holds."""
    return [
        match[0]
        for pattern in WORDS["prose"]
        for match in re.finditer(pattern, text, flags=re.IGNORECASE)
    ]


def cells_of(notebook: Path, kind: str) -> str:
    cells = json.loads(notebook.read_text("utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == kind)


def keys_of(table: Any) -> Iterator[str]:
    """Yield every key of a settings file, at every depth."""
    if isinstance(table, dict):
        for key, value in table.items():
            yield key
            yield from keys_of(value)
    if isinstance(table, list):
        for value in table:
            yield from keys_of(value)


def helps_of(top: argparse.ArgumentParser) -> Iterator[str]:
    yield top.format_help()
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from helps_of(below)


def test_a_retired_word_is_found_in_any_name_and_any_sentence() -> None:
    assert retired("by_card") == ["card"]
    assert retired("FeatureCards") == ["cards"]
    assert retired("scorecard") == retired("model_card") == []
    assert retired("fit_glass_box") == ["glass_box"]
    assert faults_in("Each card, and the model card of a scorecard.") == ["card"]


def test_no_name_in_the_package_is_retired() -> None:
    faults = {}
    for module in MODULES:
        names = {module.stem, *names_of(module.read_text("utf-8"))}
        faults[shown(module)] = sorted(name for name in names if retired(name))

    assert {module: names for module, names in faults.items() if names} == {}


def test_docstrings_begin_with_a_verb_or_the_quantity() -> None:
    faults = [
        (shown(module), text.splitlines()[0])
        for module in MODULES
        for text in docstrings_of(module.read_text("utf-8"))
        if OPENING.match(text)
    ]

    assert faults == []


def test_no_docstring_uses_a_retired_word() -> None:
    faults = [
        (shown(module), fault)
        for module in MODULES
        for text in docstrings_of(module.read_text("utf-8"))
        for fault in faults_in(text)
    ]

    assert faults == []


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_notebook_uses_a_retired_word(notebook: Path) -> None:
    assert [name for name in names_of(cells_of(notebook, "code")) if retired(name)] == []
    assert faults_in(cells_of(notebook, "markdown")) == []


def test_no_document_uses_a_retired_word() -> None:
    faults = {shown(document): faults_in(document.read_text("utf-8")) for document in DOCUMENTS}

    assert {document: found for document, found in faults.items() if found} == {}


def test_no_setting_has_a_retired_name() -> None:
    defaults = resources.files("riskmodel.settings").joinpath("defaults.toml").read_text("utf-8")
    files = [path.read_text("utf-8") for path in sorted((ROOT / "experiments").glob("*.toml"))]
    keys = {key for text in (defaults, *files) for key in keys_of(tomllib.loads(text))}

    assert [key for key in sorted(keys) if retired(key)] == []


def test_no_help_uses_a_retired_word() -> None:
    assert [fault for text in helps_of(build_parser()) for fault in faults_in(text)] == []
