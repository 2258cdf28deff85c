"""Notebooks: typed parameters refused early, a run that proves itself, offline pages."""

import sys
from pathlib import Path

import nbformat
import numpy as np
import pytest

from riskmodel.errors import DataError, RiskModelError, SettingsError
from riskmodel.runs.notebooks import Parameter, check_parameters, execute, read_parameters, to_html

pytestmark = pytest.mark.slow

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
TYPED = (
    'run_dir: str\nrows: int = 3  # how many\nshare: float = -0.5\ndry: bool = False\nto: str = "x"'
)


def test_parameters_are_read_with_type_and_default(notebook) -> None:
    assert read_parameters(notebook(TYPED)) == {
        "run_dir": Parameter(str, None),
        "rows": Parameter(int, 3),
        "share": Parameter(float, -0.5),
        "dry": Parameter(bool, False),
        "to": Parameter(str, "x"),
    }


@pytest.mark.parametrize(
    "source",
    [
        "rows = 3",
        "rows: list = []",
        "import os",
        "rows: int = 'x'",
        "rows: str = f()",
        "rows: int =",
    ],
)
def test_a_parameters_cell_holds_typed_plain_values_only(source, notebook) -> None:
    with pytest.raises(SettingsError, match=r"01_try\.ipynb"):
        read_parameters(notebook(source))


def test_a_notebook_without_a_parameters_cell_is_refused(tmp_path) -> None:
    path = tmp_path / "bare.ipynb"
    nbformat.write(nbformat.v4.new_notebook(), path)
    with pytest.raises(SettingsError, match="0 cells are tagged"):
        read_parameters(path)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"run_dir": ".", "row": 1}, "unknown parameter 'row'. The nearest known one is 'rows'"),
        ({"rows": 1}, "1 parameters missing: run_dir"),
        ({"run_dir": Path()}, "'run_dir': must be str, not"),
        ({"run_dir": ".", "rows": "3"}, "'rows': must be int, not str"),
        ({"run_dir": ".", "rows": True}, "'rows': must be int, not bool"),
        ({"run_dir": ".", "rows": 3.0}, "'rows': must be int, not float"),
        ({"run_dir": ".", "dry": np.bool_(False)}, "'dry': must be bool, not bool"),
    ],
)
def test_unknown_missing_and_ill_typed_parameters_are_refused(given, says, notebook) -> None:
    with pytest.raises(SettingsError) as refused:
        check_parameters(notebook(TYPED), given)
    assert says in str(refused.value)


def test_a_whole_number_may_stand_for_a_float(notebook) -> None:
    given = check_parameters(notebook(TYPED), {"run_dir": "a 'b'", "share": 2})
    assert given == {"run_dir": "a 'b'", "share": 2.0}
    assert type(given["share"]) is float


def test_a_notebook_runs_in_its_folder_by_this_interpreter_and_becomes_an_offline_page(
    notebook, tmp_path
) -> None:
    path = notebook(
        "rows: int = 3",
        "import sys, os\nprint(sys.executable, os.path.basename(os.getcwd()), rows)",
        "print('a warning', file=sys.stderr)",
    )
    out = tmp_path / "run {1}" / "01_try.ipynb"
    execute(path, out, {"rows": 5})
    assert [made.name for made in out.parent.iterdir()] == ["01_try.ipynb"]
    printed = nbformat.read(out, as_version=4).cells[3].outputs[0].text
    assert printed == f"{sys.executable} notebooks 5\n"
    to_html(out, tmp_path / "01_try.html")
    page = (tmp_path / "01_try.html").read_text(encoding="utf-8")
    assert "<title>Does it run?</title>" in page
    assert "notebooks 5" in page
    for absent in ("a warning", "<script", "http://", "https://", "rows: int"):
        assert absent not in page


def test_an_error_of_ours_keeps_its_class_and_any_other_is_named(notebook, tmp_path) -> None:
    ours = "from riskmodel.errors import DataError\nraise DataError('receipts: 3 of 9 rows')"
    out = tmp_path / "out" / "01_try.ipynb"
    with pytest.raises(DataError, match=r"^receipts: 3 of 9 rows \(01_try\.ipynb, cell 2\)$"):
        execute(notebook("rows: int = 3", ours), out, {})
    with pytest.raises(RiskModelError, match=r"^01_try\.ipynb, cell 2: ZeroDivisionError: div"):
        execute(notebook("rows: int = 3", "1 / 0"), out, {})
    assert [made.name for made in out.parent.iterdir()] == ["01_try.failed.ipynb"]


def test_a_notebook_that_ends_before_its_last_cell_is_no_success(notebook, tmp_path) -> None:
    out = tmp_path / "out" / "01_try.ipynb"
    with pytest.raises(RiskModelError, match="code cells ran"):
        execute(notebook("rows: int = 3", "import sys\nsys.exit(0)", "rows"), out, {})
    with pytest.raises(RiskModelError, match=r"its kernel ended \(DeadKernelError\)"):
        execute(notebook("rows: int = 3", "import os\nos._exit(0)", "rows"), out, {})
    assert not out.exists()


def test_a_page_shows_tags_in_prose_and_tables_as_text(notebook, tmp_path) -> None:
    named = "name = '<b onclick=1>column</b>'\n"
    path = notebook(
        "rows: int = 3",
        named + "from IPython.display import Markdown, display\ndisplay(Markdown(f'says {name}'))",
        named + "import pandas as pd\npd.DataFrame({'column': [name]}).style.format(escape='html')",
    )
    out = tmp_path / "run" / "01_try.ipynb"
    execute(path, out, {"rows": 5})

    to_html(out, tmp_path / "01_try.html")

    page = (tmp_path / "01_try.html").read_text(encoding="utf-8")
    assert page.count("&lt;b onclick=1&gt;column") == 2
    assert "<b onclick" not in page


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.rglob("*.ipynb")), ids=lambda path: path.name)
def test_styled_tables_escape_what_they_show(path) -> None:
    cells = [cell.source for cell in nbformat.read(path, as_version=4).cells]
    for styled in (source for source in cells if ".style" in source):
        assert 'escape="html"' in styled
