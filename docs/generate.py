"""Pages of the reference, written from what the package says of itself."""

import argparse
import importlib
import pkgutil
from pathlib import Path

import riskmodel
from riskmodel.cli.parser import build_parser
from riskmodel.features.data_dictionary import markdown
from riskmodel.settings.reference import settings_page
from riskmodel.tables.run.markdown import run_dictionary


def write_reference(out: Path) -> None:
    """Write every page of the reference below `out`, and the page that lists them."""
    out.mkdir(parents=True, exist_ok=True)
    pages = {
        "command-line": command_line(),
        "settings": settings_page(),
        "source-tables": markdown(),
        "run-tables": run_dictionary(),
        "api": public_api(),
    }
    for name, text in pages.items():
        (out / f"{name}.md").write_text(text, "utf-8")
    listed = "\n".join(pages)
    (out / "index.md").write_text(
        f"# Reference\n\nGenerated from the code.\n\n```{{toctree}}\n:maxdepth: 1\n\n{listed}\n```\n",
        "utf-8",
    )


def command_line() -> str:
    """Return every command's help, as the terminal shows it."""
    parts = ["# Command line\n"]
    for words, one in commands(build_parser(), ()):
        parts.append(
            f"## riskmodel {' '.join(words)}\n\n```text\n{one.format_help().rstrip()}\n```\n"
        )
    return "\n".join(parts)


def commands(
    top: argparse.ArgumentParser, words: tuple[str, ...]
) -> list[tuple[tuple[str, ...], argparse.ArgumentParser]]:
    """Return the parsers of all commands below one, each with its words."""
    found = []
    for action in top._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                found += commands(below, (*words, name)) or [((*words, name), below)]
    return found


def public_api() -> str:
    """Return a page of what each package exports."""
    parts = ["# Public API\n"]
    for found in sorted(pkgutil.iter_modules(riskmodel.__path__), key=lambda one: one.name):
        module = importlib.import_module(f"riskmodel.{found.name}")
        exported = getattr(module, "__all__", ())
        if not exported:
            continue
        parts.append(
            f"## riskmodel.{found.name}\n\n```{{eval-rst}}\n.. automodule:: riskmodel.{found.name}\n"
            f"   :members: {', '.join(exported)}\n   :imported-members:\n   :exclude-members: set\n```\n"
        )
    return "\n".join(parts)
