"""Stages that another run has done already: taken over where all that they depend on is equal."""

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from riskmodel.runs.run_folder import Run


def reuse_stage(run: Run, stage: str, key: str, notebook: str) -> None:
    """Copy a stage of the same key from another run's folder, with its notebook and its record.

    So a budget that changed, or an override, does not begin a month anew. Where no run has the
    stage nothing happens.
    """
    for folder, record in _donors(run):
        if record["stages"].get(stage) == key and (folder / stage).is_dir():
            _copy(folder, run.folder, stage, notebook)
            if _record_of(folder).get("stages", {}).get(stage) == key:
                run.note(**_merge_record(run.record(), record, stage))
                return


def _donors(run: Run) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """The other runs that have stages, the newest names first."""
    for path in sorted(run.folder.parent.glob("*/run.json"), reverse=True):
        record = _record_of(path.parent)
        if path.parent.name not in (run.name, "latest") and record.get("stages"):
            yield path.parent, record


def _record_of(folder: Path) -> dict[str, Any]:
    """Another run's record; empty where it is not whole: then nothing is taken from it."""
    try:
        found = json.loads((folder / "run.json").read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _copy(source: Path, target: Path, stage: str, notebook: str) -> None:
    shutil.rmtree(target / stage, ignore_errors=True)
    shutil.copytree(source / stage, target / stage)
    (target / "notebooks").mkdir(exist_ok=True)
    for page in (source / "notebooks").glob(f"{notebook}.*"):
        shutil.copy2(page, target / "notebooks")


def _merge_record(own: Mapping[str, Any], other: Mapping[str, Any], stage: str) -> dict[str, Any]:
    """All that the other run's record keeps by stage, for this stage, laid over one's own."""
    by_stage = {name for name, kept in other.items() if isinstance(kept, dict) and stage in kept}
    return {name: {**own.get(name, {}), stage: other[name][stage]} for name in by_stage}
