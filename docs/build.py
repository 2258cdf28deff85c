"""Build the site: `make docs`.

Pages come from three places: this folder, the project's own documents, and what the package says of
itself (settings, command line, tables, features, public API). All are put into `build/docs/source`,
so a generated page can never be out of date. The tutorial is the newest finished run's notebooks.
"""

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

from generate import write_reference

from riskmodel.runs.shareable_notebooks import copy_shareable

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
BUILD = ROOT / "build" / "docs"
SOURCE, SITE = BUILD / "source", BUILD / "html"
OWN = ("GLOSSARY.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md")
"""Documents of the project that are pages of the site as they stand."""


def main() -> int:
    """Put the pages together, then build them; every warning of Sphinx is an error."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("run", type=Path, help="the folder of a finished run")
    run = arguments.parse_args().run
    shutil.rmtree(BUILD, ignore_errors=True)
    shutil.copytree(DOCS, SOURCE, ignore=shutil.ignore_patterns("*.pyc", "__pycache__", "build.py"))
    copy_documents(SOURCE)
    write_how_to(SOURCE / "how-to.md")
    copy_tutorial(run / "notebooks", SOURCE / "tutorial")
    write_reference(SOURCE / "reference")
    sphinx = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    return subprocess.run([*sphinx, str(SOURCE), str(SITE)], check=False).returncode


def copy_documents(out: Path) -> None:
    """Copy the project's documents, their links turned to pages of the site."""
    for name in OWN:
        page = out / name.lower()
        page.write_text(relink((ROOT / name).read_text("utf-8")), "utf-8")
    overview = relink((ROOT / "ARCHITECTURE.md").read_text("utf-8"), up="../")
    (out / "design" / "architecture.md").write_text(overview, "utf-8")


def write_how_to(page: Path) -> None:
    """Write the README's tasks as a page: each paragraph's bold lead becomes its heading."""
    readme = (ROOT / "README.md").read_text("utf-8")
    tasks = readme.split("\n## Tasks\n", 1)[1].split("\nCommands run from", 1)[0]
    headed = re.sub(r"^\*\*(.+?)\.\*\* ", r"## \1\n\n", tasks, flags=re.MULTILINE)
    page.write_text(f"# How to\n\n{relink(headed)}", "utf-8")


def copy_tutorial(notebooks: Path, out: Path) -> None:
    """Copy the executed notebooks of a run, without what they say of single enterprises."""
    copy_shareable(notebooks, out)
    for page in out.glob("*.html"):
        page.unlink()
    names = sorted(file.stem for file in out.glob("*.ipynb"))
    listed = "\n".join(names)
    text = (
        "# Tutorial\n\nThe eight notebooks of a run, in their order, as they ran on a fictional"
        f" economy.\n\n```{{toctree}}\n:maxdepth: 1\n\n{listed}\n```\n"
    )
    (out / "index.md").write_text(text, "utf-8")


PAGES = {
    "data/README.md": "reference/source-tables.md",
    "ARCHITECTURE.md": "design/architecture.md",
    "GLOSSARY.md": "glossary.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
}
"""Where a document of the project stands in the site."""


def relink(text: str, up: str = "") -> str:
    """Turn links between files into links between pages, seen from `up`; others become plain text."""

    def target(match: re.Match[str]) -> str:
        words, link = match[1], match[2]
        path, _, anchor = link.partition("#")
        if "://" in link or link.startswith("#"):
            return match[0]
        page = PAGES.get(path.removeprefix("./")) or page_of_design(path)
        return f"[{words}]({up}{page}{'#' + anchor if anchor else ''})" if page else f"`{path}`"

    pages = re.sub(r"(?<!!)\[([^\]]+)\]\(([^)\s]+)\)", target, text)
    return pages.replace("](docs/", f"]({up}")


def page_of_design(path: str) -> str | None:
    """Return the page of a document below `docs/`, if it is one."""
    return path.removeprefix("docs/") if path.startswith("docs/") else None


if __name__ == "__main__":
    sys.exit(main())
