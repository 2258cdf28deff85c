"""The static import closure: which code a text can run, name by name through the packages."""

from pathlib import Path

import pytest

from riskmodel.pipeline.import_closure import CodeBase

TREE = {
    "__init__.py": '__version__ = "1"\n',
    "charts/__init__.py": (
        "from functools import wraps\nfrom riskmodel.charts.bars import bars\n"
        "from riskmodel.charts.lines import lines\nfrom riskmodel.guard import guard\n"
        '__all__ = ["bars", "lines"]\nfor one in __all__:\n    guard(one)\n'
    ),
    "charts/bars.py": "import matplotlib\nfrom riskmodel.charts import canvas\ncanvas.draw\n",
    "charts/lines.py": "import shap\nfrom riskmodel.charts import canvas\n",
    "charts/canvas.py": "def draw(): ...\n",
    "charts/style.css": "body {}\n",
    "guard.py": "def guard(name): ...\n",
    "late.py": "def act():\n    try:\n        from riskmodel import deep\n    finally:\n        deep.x\n",
    "deep.py": (
        "import numpy as np\nfrom typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    import pandas\n    from riskmodel import guard\n"
    ),
    "page.py": 'STYLE = "words.txt"\n',
    "words.txt": "words\n",
    "other.txt": "words\n",
    "pair/__init__.py": "from riskmodel import guard\nLIMIT = 1\n",
}


@pytest.fixture
def code(tmp_path: Path) -> CodeBase:
    for name, text in TREE.items():
        path = tmp_path / "riskmodel" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return CodeBase(tmp_path / "riskmodel")


CHARTS = ["guard.py", "riskmodel.charts.__init__"]


@pytest.mark.parametrize(
    ("text", "files", "libraries"),
    [
        ("import pandas", [], ["pandas"]),
        ("import riskmodel.guard", ["guard.py"], []),
        ("from riskmodel import guard", ["guard.py"], []),
        (
            "from riskmodel import charts\ncharts.bars()",
            ["charts/bars.py", "charts/canvas.py", *CHARTS],
            ["functools", "matplotlib"],
        ),
        (
            "from riskmodel import charts as c\nc.lines()",
            ["charts/canvas.py", "charts/lines.py", *CHARTS],
            ["functools", "shap"],
        ),
        ("from riskmodel.charts import canvas", ["charts/canvas.py", *CHARTS], ["functools"]),
        (
            "from riskmodel import charts\nprint(charts)",
            [
                "charts/__init__.py",
                "charts/bars.py",
                "charts/canvas.py",
                "charts/lines.py",
                *CHARTS,
            ],
            ["functools", "matplotlib", "shap"],
        ),
        (
            "import riskmodel.charts",
            [
                "charts/__init__.py",
                "charts/bars.py",
                "charts/canvas.py",
                "charts/lines.py",
                *CHARTS,
            ],
            ["functools", "matplotlib", "shap"],
        ),
        ("from riskmodel.late import act", ["deep.py", "late.py"], ["numpy", "typing"]),
        ("from riskmodel import page", ["page.py", "words.txt"], []),
        (
            "from riskmodel.pair import LIMIT",
            ["guard.py", "pair/__init__.py"],
            [],
        ),
    ],
)
def test_what_a_text_can_run(
    code: CodeBase, text: str, files: list[str], libraries: list[str]
) -> None:
    found = code.closure(text)

    assert list(found.digests) == sorted(files)
    assert sorted(found.libraries) == libraries


def test_a_digest_follows_the_bytes_of_a_module_but_not_the_imports_of_a_package(
    code: CodeBase,
) -> None:
    text = "from riskmodel import charts\ncharts.bars()"
    before = code.closure(text)
    package = code.package / "charts" / "__init__.py"
    package.write_text(package.read_text().replace("from functools import wraps\n", ""))
    imports = CodeBase(code.package).closure(text)
    bars = code.package / "charts" / "bars.py"
    bars.write_text(bars.read_text() + "# a comment\n")
    comment = CodeBase(code.package).closure(text)

    assert imports.digests == before.digests
    assert imports.libraries == {"matplotlib"}
    assert [name for name in before.digests if comment.digests[name] != before.digests[name]] == [
        "charts/bars.py"
    ]


def test_the_package_imports_itself_by_its_full_name_alone() -> None:
    """The closure knows no relative imports and none by a text."""
    for path in CodeBase().package.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert "from ." not in text, path
        assert "import_module(" not in text, path
        assert "__import__(" not in text, path
