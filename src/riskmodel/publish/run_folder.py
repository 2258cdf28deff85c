"""A run's folder: its settings, its record, and a folder for each stage, all written whole."""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import tomli_w

from riskmodel.errors import DataError, SettingsError
from riskmodel.settings import Settings, read_toml, resolved_settings
from riskmodel.sources.files import read_json, read_rows, write_parquet, write_text

BY_HAND = "by-hand"
"""The run folder in which notebooks that are run by hand write."""
OUTPUTS = "outputs"
"""In `run.json`: the sha256 of each file that a stage wrote, by stage and place in the run."""
KINDS = {"attempt": int, "banks": list, "mlflow_run_id": str, "stages": dict, OUTPUTS: dict}
"""What entries of `run.json` are, as far as anything is done by them."""


@dataclass(frozen=True)
class Run:
    """Where a run reads and writes.

    `folder` takes what the stages write. Stages that were not run there are read from `before`,
    the folder of the run that a notebook is tried on by hand.
    """

    folder: Path
    before: Path
    settings: Settings

    @property
    def root(self) -> Path:
        """The project's folder: runs stand in `<root>/experiments/runs/<run>`."""
        return self.folder.parents[2]

    @property
    def by_hand(self) -> bool:
        """Whether somebody tries a notebook: nothing is then published or registered."""
        return self.folder.name == BY_HAND

    @property
    def name(self) -> str:
        """The run's id."""
        return self.folder.name

    def written(self, stage: str, name: str) -> Path:
        """Where a stage's file stands, here or in the run before; `DataError` if in neither."""
        for folder in (self.folder, self.before):
            if (folder / stage / name).exists():
                return folder / stage / name
        raise DataError(f"{stage}/{name}: not written yet. Run the notebook of {stage} first.")

    def read(self, stage: str, name: str) -> pd.DataFrame:
        """A frame that a stage wrote."""
        return pd.DataFrame(read_rows(self.written(stage, f"{name}.parquet")).to_pandas())

    def read_json(self, stage: str, name: str) -> dict[str, Any]:
        """A record that a stage wrote."""
        found: dict[str, Any] = read_json(self.written(stage, f"{name}.json"))
        return found

    def write(self, stage: str, **frames: pd.DataFrame) -> None:
        """Frames of a stage, each as `<name>.parquet`."""
        for name, frame in frames.items():
            write_parquet(frame, self.folder / stage / f"{name}.parquet")

    def write_json(self, stage: str, name: str, record: dict[str, Any]) -> None:
        """A record of a stage."""
        write_text(self.folder / stage / f"{name}.json", as_json(record))

    def record(self) -> dict[str, Any]:
        """`run.json`: ids, versions, fingerprints and state; empty before it is first written.

        `DataError` where it is not what a run writes.
        """
        return read_record(self.folder)

    def note(self, **facts: Any) -> None:
        """Facts added to `run.json`."""
        write_text(self.folder / "run.json", as_json({**self.record(), **facts}))


def read_record(folder: Path) -> dict[str, Any]:
    """The `run.json` of a run's folder; empty where there is none. `DataError` if it is damaged."""
    path, found = folder / "run.json", None
    if not os.path.lexists(path):
        return {}
    try:
        found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    except (OSError, ValueError, RecursionError):
        found = None  # refused below, as a record of another form is
    if not _is_record(found):
        raise DataError(
            f"{folder.name}/run.json: not the record that a run writes. Remove it and give the same"
            " command again: every stage is then run again."
        )
    return dict(found or {})


def _is_record(found: Any) -> bool:
    """Whether the entries that anything is done by are of their kinds."""
    return (
        isinstance(found, dict)
        and all(isinstance(found.get(name, kind()), kind) for name, kind in KINDS.items())
        and all(isinstance(one, dict) for one in found.get(OUTPUTS, {}).values())
    )


def as_json(record: dict[str, Any]) -> str:
    """JSON as it stands in run folders; dates as text."""
    return json.dumps(record, ensure_ascii=False, indent=1, sort_keys=True, default=str) + "\n"


def create_run(folder: Path, settings: Settings) -> Run:
    """The run folder with its resolved settings; an existing one is opened again."""
    write_text(folder / "settings.toml", tomli_w.dumps(_plain(settings.tables())))
    return Run(folder, folder, settings)


def open_run(settings_path: str, run_dir: str) -> Run:
    """The run that a notebook works in, from its two parameters.

    `SettingsError` where the settings are not those of a run: run the main job once.
    """
    path, folder = Path(settings_path).resolve(), Path(run_dir).resolve()
    if not path.exists():
        raise SettingsError(
            f"{settings_path}: no such file. Run `make demo` once, or name a run's."
        )
    settings = resolved_settings(read_toml(path), path.name)
    if folder == path.parent:
        return Run(folder, folder, settings)
    create_run(folder, settings)
    return Run(folder, path.parent, settings)


def _plain(value: Any) -> Any:
    """Tuples as lists: what TOML knows."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
