"""The tool of `make mutants`: which small faults it tries, and how it counts."""

import ast
import sys
from pathlib import Path
from types import ModuleType

import pytest

HERE = Path(__file__).parent / "mutants"


@pytest.fixture
def operators(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(HERE))
    import operators  # type: ignore[import-not-found]

    return operators  # type: ignore[no-any-return]


def tried(operators: ModuleType, text: str) -> list[str]:
    """Each change of a program, as `after` reads."""
    tree = ast.parse(text)
    found = [one.texts()[1] for one in operators.changes(tree)]
    assert ast.dump(tree) == ast.dump(ast.parse(text))
    return found


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ("x = a < b", ["x = a <= b"]),
        ("x = a == b", ["x = a != b"]),
        ("x = a + b", ["x = a - b"]),
        ("x = a * b", ["x = a / b"]),
        ("x = a and b", ["x = a or b"]),
        ("x = not a", ["x = a"]),
        ("x = -a", ["x = a"]),
        ("x = 3", ["x = 4", "x = 2"]),
        ("x = True", ["x = False"]),
        ("x = 0.5", ["x = 0.625"]),
        ("x = 1e-9", []),
        ("x = f(a, b)", ["x = f(b, a)"]),
        ("x = f(a, a)", []),
        ("x = max(a, b)", ["x = min(a, b)", "x = a"]),
        ("x = np.floor(a)", ["x = np.ceil(a)", "x = a"]),
        ("x = a.clip(b)", ["x = a"]),
        ("x = row.pd_low", ["x = row.pd_high"]),
        ("x = f(a, side='left')", ["x = f(a, side='right')"]),
        ("x = f(a, strict=True)", []),
        ("x = 'words'", []),
        ("x = f'{a + b} words'", []),
        ("x: int = a", []),
        ("__all__ = ['a']", []),
        ('"""Words."""', []),
        ("raise ValueError(a + b)", []),
    ],
)
def test_each_small_fault_is_tried_once(operators: ModuleType, line: str, after: list[str]) -> None:
    assert tried(operators, line) == after


def test_a_changed_function_is_known_by_where_it_begins_and_compiled_ones_are_left(
    operators: ModuleType,
) -> None:
    text = "import a\n\n@a.b\ndef f(x=1):\n    if x:\n        return 2\n\n@njit\ndef g():\n    return 3\n"
    found = [(one.function, one.line, one.texts()) for one in operators.changes(ast.parse(text))]
    assert found == [
        ("", 0, ("x=1", "x=2")),
        ("", 0, ("x=1", "x=0")),
        ("f", 3, ("x", "not x")),
        ("f", 3, ("return 2", "return 3")),
        ("f", 3, ("return 2", "return 1")),
    ]


def test_a_share_of_survivors_has_wilsons_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib.util

    monkeypatch.syspath_prepend(str(HERE))
    spec = importlib.util.spec_from_file_location("mutants_main", HERE / "__main__.py")
    assert spec is not None
    assert spec.loader is not None
    main = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "mutants_main", main)
    spec.loader.exec_module(main)
    # Wilson (1927) for 5 of 25
    assert main.wilson(5, 25) == pytest.approx((0.0886, 0.3913), abs=1e-4)
    assert main.wilson(0, 0) == (0.0, 1.0)
