"""The shape: who imports whom, where the heavy libraries live, and what nobody is called."""

import ast
from pathlib import Path

import pytest

import riskmodel

ROOT = Path(riskmodel.__file__).parent
LAYERS = (
    {"errors", "openmp", "progress"},
    {"months", "statistics"},
    {"settings", "storage", "tables"},
    {"runs"},
    {"simulation", "sources"},
    {"features"},
    {"datasets"},
    {"model"},
    {"explain", "limits", "validate"},
    {"figures", "publish", "registry"},
    {"pipeline"},
    {"benchmarks"},
    {"cli"},
)
HEIGHT = {name: height for height, layer in enumerate(LAYERS) for name in layer}
HOME = {
    "lightgbm": {"model", "benchmarks"},
    "shap": {"explain", "benchmarks"},
    "papermill": {"runs"},
    "mlflow": {"runs", "registry"},
    "duckdb": {"benchmarks"},
    "polars": {"benchmarks"},
    "pyspark": {"pipeline"},
    "matplotlib": {"figures"},
}
SLOW = {
    "lightgbm",
    "shap",
    "papermill",
    "mlflow",
    "duckdb",
    "polars",
    "pyspark",
    "sklearn",
    "scipy",
}
LOADED_ALONE = {Path("registry/served_model.py")}
"""What MLflow itself loads to serve the model; nothing of ours imports it."""
VAGUE = {"utils", "helpers", "common", "base", "misc"}

MODULES = sorted(path.relative_to(ROOT) for path in ROOT.rglob("*.py"))


def stage(module: Path) -> str:
    """The package, or module, right under `riskmodel`; empty for `riskmodel` itself."""
    first = module.parts[0].removesuffix(".py")
    return "" if first == "__init__" else first


def imported(nodes) -> set[str]:
    """The full names that import statements among the nodes bring in."""
    names: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def everywhere(module: Path) -> set[str]:
    return imported(ast.walk(ast.parse((ROOT / module).read_text(encoding="utf-8"))))


def at_the_top(module: Path) -> set[str]:
    return imported(ast.parse((ROOT / module).read_text(encoding="utf-8")).body)


def stages_of(names: set[str]) -> set[str]:
    return {name.split(".")[1] for name in names if name.startswith("riskmodel.")} & set(HEIGHT)


def test_every_module_has_its_place_in_the_layers():
    assert {stage(module) for module in MODULES} - {""} <= set(HEIGHT)


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_module_imports_only_from_below(module):
    own = stage(module)
    above = {
        other
        for other in stages_of(everywhere(module))
        if own and other != own and HEIGHT[other] >= HEIGHT[own]
    }
    assert not above


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_a_library_with_a_home_is_imported_nowhere_else(module):
    libraries = {name.split(".")[0] for name in everywhere(module)}
    assert all(stage(module) in HOME.get(library, {stage(module)}) for library in libraries)


@pytest.mark.parametrize("module", sorted(set(MODULES) - LOADED_ALONE), ids=str)
def test_slow_libraries_wait_until_a_function_needs_them(module):
    assert {name.split(".")[0] for name in at_the_top(module)}.isdisjoint(SLOW)


def test_no_module_has_a_name_that_says_nothing():
    assert VAGUE.isdisjoint(part.removesuffix(".py") for m in MODULES for part in m.parts)


@pytest.mark.parametrize("pure", ["features", "datasets", "model", "explain", "validate", "limits"])
def test_only_sources_publish_and_the_command_line_touch_disk_clock_or_environment(pure):
    shell = {"os", "pathlib", "time", "shutil", "tempfile", "subprocess"}
    for module in (m for m in MODULES if stage(m) == pure):
        found = {name.split(".")[0] for name in everywhere(module)} & shell
        assert not found, module


def test_nothing_that_a_model_learns_from_names_the_truth():
    for module in (m for m in MODULES if stage(m) in ("features", "datasets", "model", "sources")):
        if module.name == "layout.py":  # ignored there, by name
            continue
        tree = ast.walk(ast.parse((ROOT / module).read_text(encoding="utf-8")))
        words = [node.value for node in tree if isinstance(node, ast.Constant)]
        assert not [w for w in words if isinstance(w, str) and w.startswith("truth")], module


def test_only_the_command_line_and_the_benchmarks_know_the_simulation():
    for module in (m for m in MODULES if "simulation" not in m.parts):
        asked = {name for name in everywhere(module) if "riskmodel.simulation" in name}
        bench = module == Path("benchmarks/commands.py")
        writes = {"write_simulation"} if stage(module) == "cli" or bench else set()
        truth = {"true_outcome"} if bench else set()
        assert asked <= {f"riskmodel.simulation.{name}" for name in writes | truth}, module
