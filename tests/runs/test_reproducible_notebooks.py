"""Two runs of a notebook give equal bytes, as a notebook and as a page."""

from pathlib import Path
from typing import Any

import nbformat
import pytest

from riskmodel.errors import MachineError
from riskmodel.runs.notebooks import execute, to_html

pytestmark = pytest.mark.slow

STYLED = """
import pandas as pd
from IPython.display import display
table = pd.DataFrame({"grade": ["G01", "G02"], "T_0a1b2": [0.125, 0.5]})
display(table.style.hide(axis="index").format(precision=2), table.style.highlight_max())
table.style.set_properties(subset=["grade"], **{"min-width": "10em"})
"""
PLACED = "class Picture:\n    pass\nPicture()"
PRINTED = """
import sys, time
for number in range(3):
    print(number)
    sys.stdout.flush()
    time.sleep(0.3)
"""


def bytes_of(path: Path, out: Path) -> tuple[bytes, bytes]:
    execute(path, out / "01_try.ipynb", {"rows": 5})
    to_html(out / "01_try.ipynb", out / "01_try.html")
    return (out / "01_try.ipynb").read_bytes(), (out / "01_try.html").read_bytes()


def test_two_runs_of_a_notebook_give_equal_bytes(notebook: Any, tmp_path: Path) -> None:
    path = notebook("rows: int = 3", STYLED, PLACED, PRINTED, "table")

    one, two = (bytes_of(path, tmp_path / name) for name in ("one", "two"))

    assert one[1] == two[1]
    assert one[0] == two[0]


def test_what_is_shown_stays_as_it_was(notebook: Any, tmp_path: Path) -> None:
    path = notebook("rows: int = 3", STYLED, PLACED, PRINTED)

    _, page = bytes_of(path, tmp_path)

    text = page.decode("utf-8")
    names = [f'<table id="T_3x{place}x0"' for place in range(3)]
    assert [name for name in names if text.count(name) != 1] == []
    assert "#T_3x2x0_row0_col0" in text  # the style of the cells moved with the name
    assert "T_0a1b2" in text  # a column of that name is not a table's
    assert "0.12" in text
    cells = nbformat.read(tmp_path / "01_try.ipynb", as_version=4).cells
    assert cells[4].outputs[0].data["text/plain"] == "<__main__.Picture>"
    assert [output.text for output in cells[5].outputs] == ["0\n1\n2\n"]


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        (
            "OSError(28, 'No space left on device', '/run/panel')",
            r"\[Errno 28\] No space left on device: '/run/panel'\. Free some space, then run again\.",
        ),
        ("PermissionError(13, 'Permission denied', 'x')", r"Permission denied: 'x'\. Give this"),
        ("MemoryError()", r"MemoryError\. Look at it"),
        ("UnicodeDecodeError('utf-8', b'', 0, 1, 'invalid')", "utf-8"),
    ],
)
def test_what_the_system_says_inside_a_notebook_is_not_our_fault(
    notebook: Any, tmp_path: Path, raised: str, said: str
) -> None:
    with pytest.raises(MachineError, match=said) as refused:
        execute(notebook("rows: int = 3", f"raise {raised}"), tmp_path / "01_try.ipynb", {})
    assert refused.value.exit_code == 3
    assert "01_try.ipynb, cell 2" in str(refused.value)
