"""Executed notebooks as they may leave the run folder: nothing that speaks of one enterprise."""

import shutil
from pathlib import Path
from typing import Any

from riskmodel.runs.notebooks import to_html
from riskmodel.storage.files import write_text

ONE_ENTERPRISE = "one-enterprise"
"""The tag of a cell whose output is about a single enterprise."""
INSTEAD = "About one enterprise: shown in the run's folder only."


def copy_shareable(folder: Path, out: Path) -> None:
    """The executed notebooks and pages of a run's folder, copied to `out`.

    The outputs of cells that are tagged `one-enterprise` are left behind, in the notebook and on
    its page. What is not a notebook that ran to its end is not copied at all.
    """
    out.mkdir(parents=True, exist_ok=True)
    for executed in sorted(folder.glob("*.ipynb")):
        if executed.name.endswith(".failed.ipynb"):
            continue
        page = executed.with_suffix(".html")
        notebook = _read_notebook(executed)
        named = [cell for cell in notebook.cells if ONE_ENTERPRISE in cell.metadata.get("tags", [])]
        if not named and page.exists():
            for file in (executed, page):
                shutil.copyfile(file, out / file.name)
            continue
        for cell in named:
            cell.outputs = [_note()]
        write_text(out / executed.name, _text(notebook))
        to_html(out / executed.name, out / page.name)


def _note() -> Any:
    import nbformat

    return nbformat.v4.new_output("stream", name="stdout", text=INSTEAD + "\n")


def _read_notebook(executed: Path) -> Any:
    import nbformat

    return nbformat.read(executed, as_version=4)


def _text(notebook: Any) -> str:
    import nbformat

    return str(nbformat.writes(notebook)) + "\n"
