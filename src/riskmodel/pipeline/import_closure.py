"""The static import closure: the code that a module or notebook can run, by its imports.

Modules are followed by their imports, those inside functions too. A name that a package's
`__init__` imports from elsewhere is followed to where it is defined, so that a notebook that draws
`figures.roc` depends on the module of `roc` and on no other figure.
"""

import ast
import gc
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
NAME = PACKAGE.name
DEFAULTS = "settings/defaults.toml"
"""The one file that no key needs whose settings are given whole: their values are in it."""


@dataclass(frozen=True)
class Closure:
    """The digests of code that can run, by module or file, and the libraries that it imports."""

    digests: Mapping[str, str]
    libraries: frozenset[str]


@dataclass(frozen=True)
class Code:
    """A source text: what its imports bind by name, and the libraries that it imports."""

    tree: ast.Module
    names: Mapping[str, tuple[str, str]]
    libraries: frozenset[str]


@dataclass(frozen=True)
class Unit:
    """A module, or the code of a package's `__init__`: its digests, and what it imports."""

    digests: Mapping[str, str]
    libraries: frozenset[str]
    imports: frozenset[str]


@dataclass
class CodeBase:
    """The source files of the package in a folder, each parsed once."""

    package: Path = PACKAGE
    _code: dict[str, Code] = field(default_factory=dict)
    _units: dict[str, Unit] = field(default_factory=dict)

    def closure(self, *texts: str) -> Closure:
        """Return the closure of source texts, which are not part of it themselves.

        >>> "riskmodel.figures.limits" in CodeBase().closure("import riskmodel.figures.model").digests
        False
        """
        with _without_collector():
            starts = [parse_imports(text) for text in texts]
            libraries = frozenset[str]().union(*(one.libraries for one in starts))
            waiting = {unit for one in starts for unit in self._imported(one)}
            reached: dict[str, Unit] = {}
            while waiting:
                name = waiting.pop()
                reached[name] = self._unit(name)
                waiting |= reached[name].imports - reached.keys()
        for unit in reached.values():
            libraries |= unit.libraries
        digests = {
            file: digest for unit in reached.values() for file, digest in unit.digests.items()
        }
        return Closure(dict(sorted(digests.items())), libraries)

    @cached_property
    def _files(self) -> dict[str, Path]:
        """The file of every module and package by its dotted name."""
        found = {}
        for path in self.package.rglob("*.py"):
            parts = path.relative_to(self.package).with_suffix("").parts
            found[".".join((NAME, *(part for part in parts if part != "__init__")))] = path
        return found

    @cached_property
    def _data_files(self) -> dict[Path, list[Path]]:
        """The files that are no Python, by their folder."""
        found: dict[Path, list[Path]] = {}
        for path in sorted(self.package.rglob("*.*")):
            if path.suffix not in (".py", ".pyc"):
                found.setdefault(path.parent, []).append(path)
        return found

    def _is_package(self, module: str) -> bool:
        return module in self._files and self._files[module].name == "__init__.py"

    def _parsed(self, module: str) -> Code:
        if module not in self._code:
            self._code[module] = parse_imports(self._files[module].read_text(encoding="utf-8"))
        return self._code[module]

    def _imported(self, code: Code) -> Iterator[str]:
        """Yield the units that a source text imports; of a package only what it uses of it."""
        targets = {bound: ".".join(filter(None, one)) for bound, one in code.names.items()}
        packages = {bound: one for bound, one in targets.items() if self._is_package(one)}
        for bound, attributes in _uses(code.tree, packages).items():
            yield from _above(f"{packages[bound]}.")
            if (
                attributes is None or "." in bound
            ):  # `import riskmodel.model` binds no name of its own
                yield from self._whole(packages[bound])
            for name in sorted(attributes or ()):
                yield from self._defined(packages[bound], name)
        for bound in code.names.keys() - packages.keys():
            yield from self._defined(*code.names[bound])

    def _defined(self, module: str, name: str) -> Iterator[str]:
        """Yield the module in which a name of a module or package is defined, and its packages."""
        if name and f"{module}.{name}" in self._files:
            yield from self._whole(f"{module}.{name}")
        elif self._is_package(module) and name in self._parsed(module).names:
            yield from _above(f"{module}.{name}")
            yield from self._defined(*self._parsed(module).names[name])
        else:
            yield from self._whole(module)

    def _whole(self, module: str) -> Iterator[str]:
        if module in self._files:
            yield module
            yield from _above(module)

    def _unit(self, name: str) -> Unit:
        if name not in self._units:
            is_init = name.endswith(INIT)
            self._units[name] = self._init(name) if is_init else self._module(name)
        return self._units[name]

    def _module(self, name: str) -> Unit:
        """A whole module, with the files beside it that it names."""
        path, code = self._files[name], self._parsed(name)
        content = path.read_bytes()
        named = [
            one for one in self._data_files.get(path.parent, ()) if one.name.encode() in content
        ]
        files = {
            one.relative_to(self.package).as_posix(): one.read_bytes() for one in (path, *named)
        }
        digests = {file: hashlib.sha256(one).hexdigest() for file, one in files.items()}
        return Unit(digests, code.libraries, frozenset(self._imported(code)))

    def _init(self, name: str) -> Unit:
        """The code that a package runs when it is imported, without its imports and texts."""
        package = name.removesuffix(INIT)
        code = self._parsed(package)
        body = [node for node in code.tree.body if not _is_declaration(node)]
        if not body:
            return Unit({}, frozenset(), frozenset())
        tree = ast.Module(body, [])
        used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        names = {bound: one for bound, one in code.names.items() if bound in used}
        imports = frozenset(self._imported(Code(tree, names, code.libraries)))
        digest = hashlib.sha256(ast.unparse(tree).encode()).hexdigest()
        return Unit({name: digest}, code.libraries, imports)


INIT = ".__init__"


def _above(module: str) -> Iterator[str]:
    """Yield the `__init__` of every package above a module."""
    parts = module.split(".")
    for depth in range(1, len(parts)):
        yield ".".join(parts[:depth]) + INIT


def parse_imports(text: str) -> Code:
    """Parse a source text and collect its imports, but for those under `if TYPE_CHECKING`."""
    tree = ast.parse(text)
    names: dict[str, tuple[str, str]] = {}
    libraries: set[str] = set()
    for node in _import_statements(tree.body):
        for module, name, bound in _bound_names(node):
            if module.split(".")[0] == NAME:
                names[bound] = (module, name)
            else:
                libraries.add(module.split(".")[0])
    return Code(tree, names, frozenset(libraries))


def _bound_names(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str, str]]:
    """Yield for each imported name: the module, the name in it or "", the name that is bound."""
    for alias in node.names:
        bound = alias.asname or alias.name
        if isinstance(node, ast.Import):
            yield alias.name, "", bound
        else:
            yield str(node.module), alias.name, bound


def _import_statements(body: Iterable[ast.AST]) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield the import statements of a block and of all blocks inside it."""
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            yield from _import_statements(node.orelse)
        else:
            for block in ("body", "orelse", "finalbody", "handlers", "cases"):
                inner = getattr(node, block, None)
                if isinstance(inner, list):
                    yield from _import_statements(inner)


def _uses(tree: ast.Module, names: Iterable[str]) -> dict[str, set[str] | None]:
    """Return the attributes in use of each name; None where a name is used by itself."""
    found: dict[str, set[str]] = {name: set() for name in names}
    alone: Counter[str] = Counter()
    for node in ast.walk(tree) if found else ():
        if isinstance(node, ast.Name):
            alone[node.id] += 1
        elif isinstance(node, ast.Attribute):
            name = getattr(node.value, "id", None)
            if name in found:
                found[name].add(node.attr)
                alone[name] -= 1
    return {name: None if alone[name] else attributes for name, attributes in found.items()}


def _is_declaration(node: ast.stmt) -> bool:
    """Return whether a statement of an `__init__` is an import, a text or a name like `__all__`."""
    if isinstance(node, ast.Assign):
        names = [one.id for one in node.targets if isinstance(one, ast.Name)]
        return len(names) == len(node.targets) and all(re.fullmatch("__.+__", one) for one in names)
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_text or isinstance(node, ast.Import | ast.ImportFrom)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Pause the garbage collector: to look through syntax trees for cycles doubles the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
