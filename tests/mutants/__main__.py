"""Mutation testing: do the tests notice a small fault? `make mutants`, `make mutants SAMPLE=300`.

Each change of `operators` is made in a process of its own, forked from one that has loaded the
libraries but none of our code: an import hook gives the changed module, so that constants, defaults
and dataclasses change as functions do. Only the tests of the module's package that touch the
changed function run (for what stands outside of functions, those that touch a module which imports
it), the quickest first. A change that no test notices survives. Of a sample the share of survivors
is given with Wilson's interval; changes that cannot be told apart by any test are listed with the
reason in `equivalent.toml` and left out of the share.

mutmut 3.8 and cosmic-ray 8.7 were looked at. mutmut changes functions alone (no constant, no
default, no property), changes message texts, knows no sample; cosmic-ray runs every test anew for
each change. Both bring a dozen dependencies.
"""

import argparse
import ast
import hashlib
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import math
import os
import random
import resource
import signal
import sys
import tempfile
import threading
import time
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from types import CodeType, FrameType, ModuleType
from typing import Any

import hypothesis
import pytest
from operators import changes

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src"
PACKAGES = {
    "limits": "limits/**/*.py",
    "datasets": "datasets/*.py",
    "validate": "validate/*.py",
    "features": "features/point_in_time.py",
}
"""What is changed, by the folder of tests that answers for it."""
LEFT_OUT = ("kernels.py", "drawn.py")
"""Compiled loops, which no one process can change (laws in the tests cover them), and the drawn
books of the benchmark."""
SLOWEST = 15.0
"""Seconds of work, traced: tests that take longer are left to the whole suite."""
PATIENCE = 60.0, 5.0
"""A change that makes the tests take so many seconds, and so many times as long, is noticed."""
TOLD = 25
"""Changes between two words of progress."""
QUIET = ["-q", "-x", "-n", "0", "-p", "no:cacheprovider", "--no-header"]
KILLED, SURVIVED, UNTOUCHED = "killed", "survived", "touched by no test"
KEPT = ROOT / ".mutants"
Key = tuple[str, str, str, str]
Touched = dict[str, tuple[float, set[tuple[str, int]]]]
Kept = tuple[dict[str, tuple[str, Touched]], list[str]]


@dataclass(frozen=True)
class Mutant:
    """One change of one file: its place among the file's changes, and how it reads."""

    package: str
    path: Path
    place: int
    function: str
    line: int
    before: str
    after: str

    @property
    def file(self) -> str:
        return str(self.path.relative_to(SOURCE / "riskmodel"))

    @property
    def key(self) -> Key:
        return self.file, self.function, self.before, self.after


def mutants(package: str) -> list[Mutant]:
    """Every change of a package's modules, but for those that are `LEFT_OUT`."""
    found = []
    for path in sorted((SOURCE / "riskmodel").glob(PACKAGES[package])):
        if path.name not in LEFT_OUT:
            tree = ast.parse(path.read_text("utf-8"))
            found += [
                Mutant(package, path, place, one.function, one.line, *one.texts())
                for place, one in enumerate(changes(tree))
            ]
    return found


@dataclass(eq=False)
class Recorder:
    """A pytest plugin: which of our functions each test calls, its fixtures' among them."""

    current: set[tuple[str, int]] = field(default_factory=set)
    fixtures: dict[str, set[tuple[str, int]]] = field(default_factory=lambda: defaultdict(set))
    tests: Touched = field(default_factory=dict)

    def trace(self, frame: FrameType, _: str, __: Any) -> None:
        code: CodeType = frame.f_code
        if "riskmodel" in code.co_filename:
            self.current.add((code.co_filename, code.co_firstlineno))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        self.current = set()
        threading.settrace(self.trace)
        sys.settrace(self.trace)
        result = yield
        sys.settrace(None)
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Iterator[None]:
        begin = time.process_time()
        signal.signal(signal.SIGPROF, _too_slow)
        signal.setitimer(signal.ITIMER_PROF, SLOWEST)
        try:
            result = yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        used = set().union(*(self.fixtures[name] for name in getattr(item, "fixturenames", ())))
        self.tests[item.nodeid] = (time.process_time() - begin, self.current | used)
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Iterator[None]:
        before, self.current = self.current, set()
        result = yield
        self.fixtures[fixturedef.argname] |= self.current
        self.current |= before
        return result


def _too_slow(*_: Any) -> None:
    pytest.skip("too slow for every change")


class Changed(importlib.machinery.SourceFileLoader):
    """Loads a module from its changed tree."""

    def __init__(self, name: str, mutant: Mutant) -> None:
        super().__init__(name, str(mutant.path))
        self.mutant = mutant

    def get_code(self, fullname: str) -> CodeType:
        tree = ast.parse(self.mutant.path.read_text("utf-8"))
        next(islice(changes(tree), self.mutant.place, None)).apply()
        return compile(ast.fix_missing_locations(tree), str(self.mutant.path), "exec")


class Finder(importlib.abc.MetaPathFinder):
    """Gives the changed module, and leaves all others to the usual ways."""

    def __init__(self, mutant: Mutant) -> None:
        self.mutant, self.name = mutant, module_name(mutant.path)

    def find_spec(self, name: str, _: Any, __: ModuleType | None = None) -> Any:
        if name != self.name:
            return None
        inner = [str(self.mutant.path.parent)] if self.mutant.path.name == "__init__.py" else None
        return importlib.util.spec_from_file_location(
            name, self.mutant.path, loader=Changed(name, self.mutant),
            submodule_search_locations=inner,
        )  # fmt: skip


def module_name(path: Path) -> str:
    """The module's name as it is imported."""
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def forked(work: Callable[[], int], seconds: float) -> int | None:
    """The exit code of work that is done in a forked process; None where its time ran out."""
    child = os.fork()
    if not child:
        os.setsid()
        resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 5))
        os._exit(work())
    end = time.monotonic() + 10 * seconds
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


def recorded(package: str) -> tuple[Touched, list[str]]:
    """What each test of the package touches, and the libraries that are loaded by then.

    Kept in `KEPT` by test file, for as long as it, its conftest and the program stay.
    """
    kept = KEPT / f"{package}.json"
    known = read_kept(kept)
    folder = ROOT / "tests" / package
    shared = [*sorted(SOURCE.rglob("*.py")), *sorted(folder.rglob("conftest.py"))]
    digests = {
        str(file): digest([*shared, file]) for file in sorted(folder.rglob("test_*.py"))
    }  # fmt: skip
    stand = {file: one for file, one in known[0].items() if one[0] == digests.get(file)}
    libraries = known[1]
    KEPT.mkdir(exist_ok=True)
    for file, one in digests.items():
        if file not in stand:
            load(libraries)
            tests, loaded = _record(file)
            stand[file], libraries = (one, tests), sorted({*libraries, *loaded})
            write_kept(kept, (stand, libraries))
    return {test: one for _, own in stand.values() for test, one in own.items()}, libraries


def read_kept(path: Path) -> Kept:
    """What `write_kept` wrote; nothing where there is no such file."""
    if not path.exists():
        return {}, []
    files, libraries = json.loads(path.read_text("utf-8"))
    known = {
        file: (
            one,
            {
                test: (seconds, {(str(name), int(line)) for name, line in places})
                for test, (seconds, places) in tests.items()
            },
        )
        for file, (one, tests) in files.items()
    }
    return known, list(libraries)


def write_kept(path: Path, kept: Kept) -> None:
    """By test file its digest, and what each of its tests touches; and the libraries."""
    files, libraries = kept
    plain = {
        file: (one, {test: (seconds, sorted(places)) for test, (seconds, places) in tests.items()})
        for file, (one, tests) in files.items()
    }
    path.write_text(json.dumps((plain, libraries)), "utf-8")


def digest(files: list[Path | str]) -> str:
    """Of the files' bytes."""
    whole = hashlib.sha256()
    for file in files:
        whole.update(Path(file).read_bytes())
    return whole.hexdigest()


def _record(file: str) -> tuple[Touched, list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        found, log = Path(folder) / "found", Path(folder) / "log"

        def work() -> int:
            recorder = Recorder()
            _silently(log)
            code = pytest.main([*QUIET, file], plugins=[recorder])
            loaded = [
                name for name, module in list(sys.modules.items())
                if "site-packages" in (getattr(module, "__file__", "") or "")
            ]  # fmt: skip
            write_kept(found, ({file: ("", recorder.tests)}, loaded))
            return int(code)

        code = forked(work, 3_600)
        if code:
            print(log.read_text("utf-8")[-3_000:], file=sys.stderr)
            sys.exit(f"{file}: it fails without any change (exit {code}). Mend it.")
        tests, loaded = read_kept(found)
    return tests[file][1], loaded


def _silently(log: Path = Path(os.devnull)) -> None:
    """Output to the log, and no deadlines: a busy machine is no fault."""
    hypothesis.settings.register_profile("mutants", deadline=None, derandomize=True, database=None)
    hypothesis.settings.load_profile("mutants")
    null = os.open(log, os.O_WRONLY | os.O_CREAT)
    os.dup2(null, 1)
    os.dup2(null, 2)


def load(libraries: list[str]) -> None:
    """Imports the libraries once, so that the forked processes need not."""
    for name in sorted(libraries):
        try:
            importlib.import_module(name)
        except Exception:  # whatever stops it alone: the tests that need it import it as they do
            continue


def importers(path: Path) -> set[str]:
    """The files that name the module, itself among them."""
    name = module_name(path)
    every = (SOURCE / "riskmodel").rglob("*.py")
    package, _, last = name.rpartition(".")
    said = (f"from {name} import", f"import {name}", f"from {package} import {last}")
    return {str(path)} | {
        str(one) for one in every if any(word in one.read_text("utf-8") for word in said)
    }


def covering(mutant: Mutant, touched: Touched) -> list[tuple[float, str]]:
    """The tests that touch what is changed, the quickest first."""
    if mutant.line:
        place = (str(mutant.path), mutant.line)
        found = [(s, test) for test, (s, places) in touched.items() if place in places]
    else:
        files = importers(mutant.path)
        found = [
            (s, test)
            for test, (s, places) in touched.items()
            if files & {file for file, _ in places}
        ]
    return sorted(found)


def tried(mutant: Mutant, touched: Touched) -> str:
    """Whether a test notices the change."""
    tests = covering(mutant, touched)
    if not tests:
        return UNTOUCHED

    def work() -> int:
        _silently()
        sys.meta_path.insert(0, Finder(mutant))
        return int(pytest.main([*QUIET, *(test for _, test in tests)]))

    seconds = PATIENCE[0] + PATIENCE[1] * sum(seconds for seconds, _ in tests)
    return SURVIVED if forked(work, seconds) == 0 else KILLED


def wilson(count: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927)."""
    if not of:
        return 0.0, 1.0
    z, share = 1.96, count / of
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z / (1 + z * z / of) * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return middle - half, middle + half


def equivalent() -> set[Key]:
    """The changes that no test can notice, as the file lists them; "" in `after` is any change."""
    listed = tomllib.loads(Path(__file__).with_name("equivalent.toml").read_text("utf-8"))
    rows = listed.get("equivalent", [])
    return {(one["file"], one["function"], one["before"], one["after"]) for one in rows}


def judged(package: str, args: argparse.Namespace) -> str:
    """One package's changes tried; a line of figures. Survivors are told as they are found."""
    every = [one for one in mutants(package) if args.only in one.file]
    some = every
    if args.sample and args.sample < len(every):
        some = random.Random(args.seed).sample(every, args.sample)
    known = equivalent()
    counted = [one for one in some if not {one.key, (*one.key[:3], "")} & known]
    touched, libraries = recorded(package)
    load(libraries)
    survivors = 0
    for number, one in enumerate(counted, 1):
        state = tried(one, touched)
        if state != KILLED:
            survivors += 1
            print(_told(one, state), flush=True)
        if number % TOLD == 0:
            print(f"{package}: {number} of {len(counted)}", file=sys.stderr, flush=True)
    low, high = wilson(survivors, len(counted))
    share = survivors / max(len(counted), 1)
    return (
        f"{package}: {survivors} of {len(counted)} changes survive, {share:.1%} (95 % interval"
        f" {low:.1%} to {high:.1%}); {len(some) - len(counted)} equivalent ones left out;"
        f" {len(some)} tried of {len(every)}, seed {args.seed}."
    )


def _told(mutant: Mutant, state: str) -> str:
    return (
        f"# {state}\n[[equivalent]]\nfile = {mutant.file!r}\nfunction = {mutant.function!r}\n"
        f"before = '''{mutant.before}'''\nafter = '''{mutant.after}'''\nreason = \"\"\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description="Do the tests notice a small fault?")
    parser.add_argument("packages", nargs="*", default=list(PACKAGES), help=", ".join(PACKAGES))
    parser.add_argument("--sample", type=int, default=0, help="so many a package; 0: all of them")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="files whose name holds this")
    args = parser.parse_args()
    sys.setrecursionlimit(10_000)
    os.chdir(ROOT)
    lines = [judged(package, args) for package in args.packages]
    print("\n".join(lines))


if __name__ == "__main__":
    main()
