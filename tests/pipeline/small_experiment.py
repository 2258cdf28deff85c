"""A small experiment of tests: made once a session, and copied for those who alter it."""

import hashlib
import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from riskmodel.pipeline.experiment import RunRequest, run_experiment
from riskmodel.runs.run_folder import Run, open_run
from riskmodel.simulation import write_simulation

PROJECT = Path(__file__).parents[2]
# Everything a run does, on little: what more trials, folds and draws find is tested with each
SMALL = (
    "datasets.split.repeats=1",
    "datasets.split.folds=2",
    "datasets.as_of_dates.step_months=6",
    "model.trees.max_rounds=30",
)
SMALL += (
    "model.tuning.trials=1",
    "model.inner_folds=2",
    "model.scorecard.max_bins=5",
    "model.calibration.bootstrap_draws=40",
    "explain.refits=1",
)
SMALL += ("validate.bootstrap_draws=40", "validate.time_travel_rows=50", "run.threads=1")
BANKS = ["bank_of_china", "bank_of_shanghai", "china_construction", "china_merchants"]
BANKS += ["industrial_bank", "ping_an", "postal_savings"]
PUBLISHED = "publish.override_reason=test"


@dataclass(frozen=True)
class Finished:
    """A run that is done, and what it said on its way."""

    run: Run
    told: tuple[str, ...]


def carried_out(root: Path, *words: str) -> Finished:
    told: list[str] = []
    data = f"run.data={json.dumps(str(root / 'simulation'))}"
    request = RunRequest(root / "experiments/baseline.toml", (data, *SMALL, *words))
    return Finished(run_experiment(request, root, told.append), tuple(told))


def make_project(folder: Path) -> None:
    """A project's folder with a source of 500 fictional enterprises, and its first run."""
    (folder / "experiments").mkdir()
    for toml in (PROJECT / "experiments").glob("*.toml"):
        shutil.copy(toml, folder / "experiments")
    shutil.copytree(PROJECT / "notebooks", folder / "notebooks")
    write_simulation(folder / "simulation", enterprises=500, months=48, seed=3)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        first = carried_out(folder, PUBLISHED)
    (folder / "told.json").write_text(json.dumps(first.told), "utf-8")


def first_run(root: Path) -> Finished:
    """The run that a project was made with, also in a copy."""
    folder = (root / "experiments/runs/latest").resolve()
    run = open_run(str(folder / "settings.toml"), str(folder))
    return Finished(run, tuple(json.loads((root / "told.json").read_text("utf-8"))))


def copy_project(project: Path, copy: Path) -> None:
    """The project once more, its store too; both read the same source."""
    shutil.copytree(
        project, copy, symlinks=True, ignore=lambda at, _: ["simulation"] * (at == str(project))
    )
    (copy / "simulation").symlink_to(project / "simulation")
    with closing(sqlite3.connect(copy / "experiments/mlflow.db")) as store:
        found = store.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in found:
            for _, column, kind, *_ in store.execute(f"PRAGMA table_info({table})").fetchall():
                if kind.startswith(("VARCHAR", "TEXT")):  # of these, some hold absolute paths
                    moved = f'UPDATE {table} SET "{column}" = replace("{column}", ?, ?)'
                    store.execute(moved, (str(project), str(copy)))
        store.commit()


def revision(root: Path, run: Run, bank: str, number: int) -> Path:
    return root / "data/published" / bank / str(run.settings.run.as_of) / f"r{number}"


def bytes_below(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def unchanged(finished: Finished) -> list[str]:
    """The stages that were not run again."""
    told = (line for line in finished.told if "unchanged, not run again" in line)
    return [line.split()[1].rstrip(":") for line in told]
