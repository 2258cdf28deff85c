"""Stage keys: digests of all that decides what a stage writes. An equal key, and nothing is run.

A key hangs on the code that the stage's notebook can run, the libraries that this code imports, the
settings and terms that the stage reads, and the tables of the earlier stages that it reads.
"""

import hashlib
import json
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from riskmodel.pipeline.approved_model import IN_FORCE, programme_of_terms
from riskmodel.pipeline.artifacts.terms import banks_of, policy_of
from riskmodel.pipeline.fingerprints import canonical
from riskmodel.pipeline.import_closure import DEFAULTS, CodeBase
from riskmodel.pipeline.last_run import COLUMNS
from riskmodel.pipeline.stages import (
    datasets,
    explain,
    features,
    limits,
    model,
    publish,
    sources,
    validate,
)
from riskmodel.runs.run_folder import Run
from riskmodel.runs.run_record import tables_of
from riskmodel.runs.stage_inputs import StageInputs
from riskmodel.settings import Settings
from riskmodel.storage.files import sha256

INPUTS = {
    module.INPUTS.stage: module.INPUTS
    for module in (sources, features, datasets, model, explain, validate, limits, publish)
}
"""Inputs of each stage, in the order of the stages."""
ENGINE = "import riskmodel.runs.notebooks, riskmodel.runs.run_folder"
"""The code that runs a notebook, whatever its stage."""
NO_VALUES = {"run": ("threads",), "limits": ("policy", "banks")}
"""Not in a key: the threads change no result, and the terms stand in it as values, not as files."""
DISTRIBUTIONS = {
    "IPython": ("ipython",),
    "interpret": ("interpret-core",),
    "numba": ("numba", "llvmlite"),
    "sklearn": ("scikit-learn",),
}
"""The distributions of a library whose name differs, or that compiles by another one."""


@dataclass(frozen=True)
class StageKeys:
    """The keys of a run's stages; `code` is the package, `versions` the libraries' at hand."""

    run: Run
    code: CodeBase = field(default_factory=CodeBase)
    versions: Mapping[str, str] | None = None

    def key(self, stage: str, notebook: str, outputs: Mapping[str, Mapping[str, str]]) -> str:
        """Return the key of a stage; `outputs` are the digests of what the run's stages wrote."""
        inputs = INPUTS[stage]
        path = self.run.root / "notebooks" / f"{notebook}.ipynb"
        facts = {
            "notebook": sha256(path) if path.is_file() else "",
            "code": code_facts(path, self.code, self.versions),
            "settings": settings_read(self.run.settings, inputs),
            "tables": {name: tables_of(outputs, name) for name in inputs.stages},
            "outside": _outside(self.run, inputs),
        }
        return hashlib.sha256(canonical(facts).encode()).hexdigest()


def code_facts(
    notebook: Path, code: CodeBase, versions: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return digests of the code that a notebook can run, and the versions of its libraries."""
    closure = code.closure(notebook_code(notebook), ENGINE)
    digests = {file: digest for file, digest in closure.digests.items() if file != DEFAULTS}
    return {"digests": digests, "versions": library_versions(closure.libraries, versions)}


def library_versions(
    libraries: frozenset[str], versions: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the version of Python and of each library that is no part of it; "" for one not there.

    >>> library_versions(frozenset({"json"})).keys()
    dict_keys(['python'])
    """
    names = sorted(libraries - sys.stdlib_module_names)
    found = {"python": platform.python_version()}
    found |= {one: _version(one) for name in names for one in DISTRIBUTIONS.get(name, (name,))}
    return found | {name: text for name, text in (versions or {}).items() if name in found}


def settings_read(settings: Settings, inputs: StageInputs) -> dict[str, Any]:
    """Return the settings that a stage reads, but for those that are no values."""
    tables = inputs.select(settings).tables()
    return {
        name: {key: value for key, value in table.items() if key not in NO_VALUES.get(name, ())}
        for name, table in tables.items()
    }


def notebook_code(path: Path) -> str:
    """Return the code of a notebook; "" where it cannot be parsed: then it cannot run either."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
        compile("\n".join(texts), path.name, "exec")
    except (OSError, ValueError, SyntaxError, LookupError, TypeError):
        return ""
    return "\n".join(texts)


def _outside(run: Run, inputs: StageInputs) -> dict[str, Any]:
    """Return what a stage reads that is neither a setting nor another stage's table."""
    found: dict[str, Any] = {}
    if "run.data" in inputs.settings or "run" in inputs.settings:
        found["data"] = run.record()["data_fingerprint"]
    if not {"limits", "limits.policy"}.isdisjoint(inputs.settings):
        found["programme"] = programme_of_terms(run)
    if inputs.stage == "validate":  # by these rules it tells apart those who may be lent to
        policy = policy_of(run).model_dump(mode="json")
        found["eligible"] = [policy[name] for name in ("eligibility", "agreement")]
    if "model" in inputs.settings and run.settings.model.source == "score_champion":
        found["approved"] = run.record()[IN_FORCE]["fingerprint"]
    if "limits" in inputs.settings:
        found["terms"] = [one.model_dump(mode="json") for one in (policy_of(run), banks_of(run))]
        found["last_run"] = _last_run(run)
    return found


def _last_run(run: Run) -> dict[str, str]:
    """Return the digests of the earlier limits that changes are counted from."""
    last = run.settings.limits.previous_run
    if not last:
        return {}
    paths = [run.folder.parent / last / "limits" / f"{name}.parquet" for name in COLUMNS]
    return {path.name: sha256(path) for path in paths if path.is_file()}


@cache
def _version(distribution: str) -> str:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""
