"""Small faults of a program: every single change of a module's syntax tree that is tried.

Left out, since they say nothing: type hints, docstrings, message texts (f-strings, what is
raised), decorators, tolerances, compiled functions (they cannot be replaced in process; laws cover them), and
arguments that only guard or only name (`QUIET`).
"""

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
COMPUTED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Div, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
PAIRS = (
    "min max", "minimum maximum", "fmin fmax", "floor ceil", "any all", "argmin argmax",
    "nanmin nanmax", "cummin cummax", "idxmin idxmax", "mean median", "left right", "first last",
    "head tail",
)  # fmt: skip
OPPOSITE = {a: b for pair in PAIRS for a, b in (pair.split(), pair.split()[::-1])}
NEAR = ("_low", "_high"), ("_before", "_now")
"""Names that differ by these endings alone are mistaken for each other."""
UNWRAPPED = set(
    "clip round floor ceil abs nan_to_num minimum maximum fillna dropna drop_duplicates cumsum "
    "sort sort_values cummax".split()
)
"""Calls that may be forgotten: what they are called on stands in their place."""
SYMMETRIC = set("min max minimum maximum fmin fmax isinstance array_equal union".split())
QUIET = set(
    "strict kind validate stacklevel frozen slots ignore_index copy sort rename_axis dtype as_index "
    "method observed errors encoding indent cache nogil fastmath".split()
)
HINTS = {"annotation", "returns", "decorator_list", "type_params"}
NEGATED = (ast.Name, ast.Attribute, ast.Call)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
BLOCKS = (*FUNCTIONS, ast.ClassDef, ast.Module, ast.If, ast.For, ast.While, ast.With, ast.Try)
TOLERANCE = 1e-4
"""Numbers as small as this are tolerances."""
LEAST_SHOWN = 60


@dataclass(frozen=True)
class Change:
    """One change: the lists that hold the old node, the new one, and where it stands.

    `line` is where the function around it begins (with its decorators), 0 outside of any.
    """

    ancestors: tuple[ast.AST, ...]
    field: str
    index: int | None
    new: ast.AST
    function: str
    line: int

    def apply(self) -> None:
        """Puts the new node in the old one's place."""
        self._put(self.new)

    def texts(self) -> tuple[str, str]:
        """The smallest readable piece of text around it, before and after; nothing is changed."""
        shown, old = self._shown(), self._old()
        if shown is None:
            return ast.unparse(old), ast.unparse(self.new)
        before = ast.unparse(shown)
        self._put(self.new)
        after = ast.unparse(shown)
        self._put(old)
        return before, after

    def _old(self) -> ast.AST:
        held = getattr(self.ancestors[-1], self.field)
        found: ast.AST = held if self.index is None else held[self.index]
        return found

    def _put(self, node: ast.AST) -> None:
        if self.index is None:
            setattr(self.ancestors[-1], self.field, node)
        else:
            getattr(self.ancestors[-1], self.field)[self.index] = node

    def _shown(self) -> ast.AST | None:
        """The nearest expression that is long enough, or the largest inside of a block."""
        shown = None
        for node in reversed(self.ancestors):
            if isinstance(node, BLOCKS) or (shown and len(ast.unparse(shown)) >= LEAST_SHOWN):
                break
            shown = node
        return shown


def changes(tree: ast.Module) -> Iterator[Change]:
    """Every change of the module, in the order of its text; the tree itself is left as it is."""
    yield from _inside(tree, (), "", 0)


def _inside(node: ast.AST, above: tuple[ast.AST, ...], name: str, line: int) -> Iterator[Change]:
    if isinstance(node, (ast.Raise, ast.JoinedStr, ast.Import, ast.ImportFrom)):
        return
    if isinstance(node, FUNCTIONS):
        if any("njit" in ast.unparse(one) for one in node.decorator_list):
            return
        # defaults are made where the function is, so they belong to what is around it
        yield from _children(node.args, (*above, node), name, line)
        line = min([one.lineno for one in node.decorator_list] + [node.lineno])
    if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
        name = f"{name}.{node.name}".lstrip(".")
    yield from _children(node, above, name, line)


def _children(node: ast.AST, above: tuple[ast.AST, ...], name: str, line: int) -> Iterator[Change]:
    here = (*above, node)
    for field, value in ast.iter_fields(node):
        if field in HINTS or isinstance(value, ast.arguments):
            continue
        for index, child in enumerate(value if isinstance(value, list) else [value]):
            if not isinstance(child, ast.AST) or _silent(child):
                continue
            place = index if isinstance(value, list) else None
            for new in replacements(child):
                yield Change(here, field, place, new, name, line)
            if field == "test" and isinstance(child, NEGATED):
                yield Change(here, field, place, ast.UnaryOp(ast.Not(), child), name, line)
            yield from _inside(child, here, name, line)


def _silent(node: ast.AST) -> bool:
    """Whether the node is a docstring, a list of names for others, or an argument of no weight."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Assign):
        return any(isinstance(one, ast.Name) and one.id == "__all__" for one in node.targets)
    return isinstance(node, ast.keyword) and node.arg in QUIET


def replacements(node: ast.AST) -> Iterator[ast.AST]:
    """What may stand in the node's place by mistake."""
    if isinstance(node, ast.Compare):
        for place, op in enumerate(node.ops):
            yield _with(node, "ops", place, COMPARED[type(op)]())
    elif isinstance(node, ast.BinOp) and type(node.op) in COMPUTED and not _is_text(node):
        yield _with(node, "op", None, COMPUTED[type(node.op)]())
    elif isinstance(node, ast.BoolOp):
        other = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield _with(node, "op", None, other())
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.Constant):
        yield from (ast.copy_location(ast.Constant(one), node) for one in _constants(node.value))
    elif isinstance(node, ast.Attribute) and (near := _near(node.attr)):
        yield _with(node, "attr", None, near)
    elif isinstance(node, ast.Call):
        yield from _calls(node)


def _calls(node: ast.Call) -> Iterator[ast.AST]:
    called = node.func
    name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
    if name in OPPOSITE:
        key = "attr" if isinstance(called, ast.Attribute) else "id"
        yield _with(node, "func", None, _with(called, key, None, OPPOSITE[name]))
    if name in UNWRAPPED | {"min", "max"}:
        module = isinstance(called, ast.Attribute) and ast.unparse(called.value) in ("np", "math")
        if module or isinstance(called, ast.Name):
            yield from node.args[:1]
        elif name in UNWRAPPED and isinstance(called, ast.Attribute):
            yield called.value
    # np.clip(a, low, high) is the lesser of high and the greater of a and low
    alike = name in SYMMETRIC or (name == "clip" and len(node.args) == 3)
    if len(node.args) > 1 and not alike:
        first, second = node.args[:2]
        starred = any(isinstance(one, ast.Starred) for one in (first, second))
        if not starred and ast.dump(first) != ast.dump(second):
            swapped = copy.copy(node)
            swapped.args = [second, first, *node.args[2:]]
            yield swapped


def _constants(value: object) -> list[object]:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, value - 1]
    if isinstance(value, float):
        return [] if 0 < abs(value) < TOLERANCE else [value * 1.25 if value else 1.0]
    if isinstance(value, str):
        return [one for one in (OPPOSITE.get(value), _near(value)) if one]
    return []


def _near(name: str) -> str | None:
    for one, other in NEAR:
        for end, instead in ((one, other), (other, one)):
            if name.endswith(end):
                return name.removesuffix(end) + instead
    return None


def _is_text(node: ast.BinOp) -> bool:
    return any(
        isinstance(side, ast.JoinedStr)
        or (isinstance(side, ast.Constant) and isinstance(side.value, str))
        for side in (node.left, node.right)
    )


def _with(node: ast.AST, field: str, index: int | None, value: object) -> ast.AST:
    """A shallow copy of the node with one of its fields (or an item of it) another."""
    new = copy.copy(node)
    if index is None:
        setattr(new, field, value)
    else:
        items = list(getattr(node, field))
        items[index] = value
        setattr(new, field, items)
    return new
