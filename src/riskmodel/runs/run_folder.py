"""A run's folder: its settings, its record, and a folder for each stage, all written whole."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import tomli_w

from riskmodel.errors import DataError, SettingsError
from riskmodel.runs.interactive import InteractiveFolder, open_interactive
from riskmodel.runs.run_record import read_record
from riskmodel.runs.stage_inputs import StageInputs
from riskmodel.settings import Settings, read_toml, resolved_settings
from riskmodel.storage.files import as_json, read_json, read_rows, write_parquet, write_text

INTERACTIVE = "by-hand"
"""The run folder in which notebooks that are run by hand write."""


@dataclass(frozen=True)
class Run:
    """A run's folder, in which its stages read and write.

    `folder` takes what the stages write. Stages that were not run there are read from `before`,
    the folder of the run that a notebook is tried on by hand, as far as `trial` allows. A run that
    is opened for one stage has its `inputs` alone.
    """

    folder: Path
    before: Path
    settings: Settings
    trial: InteractiveFolder | None = None
    inputs: StageInputs | None = None

    @property
    def root(self) -> Path:
        """The project's folder: runs stand in `<root>/experiments/runs/<run>`."""
        return self.folder.parents[2]

    @property
    def is_interactive(self) -> bool:
        """Return whether a notebook is run by hand: nothing is then published or registered."""
        return self.folder.name == INTERACTIVE

    @property
    def name(self) -> str:
        """The run's id."""
        return self.folder.name

    def path_of(self, stage: str, name: str) -> Path:
        """Return the path of a stage's file, here or in the run before; `DataError` if in neither."""
        if self.inputs:
            self.inputs.refuse_undeclared(stage)
        folders: tuple[Path, ...] = (self.folder, self.before)
        if self.trial and stage != ".":
            folders = (self.trial.folder_of(stage),)
        for folder in folders:
            if (folder / stage / name).exists():
                if self.trial and stage != "." and folder == self.before:
                    self.trial.refuse_changed(folder / stage / name)
                return folder / stage / name
        raise DataError(f"{stage}/{name}: not written yet. Run the notebook of {stage} first.")

    def read(self, stage: str, name: str) -> pd.DataFrame:
        """Read a frame that a stage wrote."""
        return pd.DataFrame(read_rows(self.path_of(stage, f"{name}.parquet")).to_pandas())

    def read_json(self, stage: str, name: str) -> dict[str, Any]:
        """Read a record that a stage wrote."""
        found: dict[str, Any] = read_json(self.path_of(stage, f"{name}.json"))
        return found

    def begin(self, stage: str) -> None:
        """A stage begins: by hand, what an earlier trial of it left is removed."""
        if self.trial:
            self.trial.begin(stage)

    def write(self, stage: str, **frames: pd.DataFrame) -> None:
        """Write frames of a stage, each as `<name>.parquet`."""
        self._refuse_moved()
        for name, frame in frames.items():
            write_parquet(frame, self.folder / stage / f"{name}.parquet")

    def write_json(self, stage: str, name: str, record: dict[str, Any]) -> None:
        """Write a record of a stage."""
        self._refuse_moved()
        write_text(self.folder / stage / f"{name}.json", as_json(record))

    def _refuse_moved(self) -> None:
        if self.trial:
            self.trial.refuse_moved()

    def record(self) -> dict[str, Any]:
        """`run.json`: ids, versions, fingerprints and state; empty before it is first written.

        `DataError` where it is not what a run writes.
        """
        return read_record(self.folder)

    def note(self, **facts: Any) -> None:
        """Add facts to `run.json`."""
        write_text(self.folder / "run.json", as_json({**self.record(), **facts}))


def create_run(folder: Path, settings: Settings) -> Run:
    """The run folder with its resolved settings; an existing one is opened again."""
    write_text(folder / "settings.toml", tomli_w.dumps(_plain(settings.tables())))
    return Run(folder, folder, settings)


def open_run(settings_path: str, run_dir: str, inputs: StageInputs | None = None) -> Run:
    """Open the run that a notebook works in, from its two parameters, with its stage's inputs.

    `SettingsError` where the settings are not those of a run: run the main job once.
    """
    path, folder = Path(settings_path).resolve(), Path(run_dir).resolve()
    if not path.exists():
        raise SettingsError(
            f"{settings_path}: no such file. Run `make demo` once, or name a run's."
        )
    settings = resolved_settings(read_toml(path), path.name)
    own = inputs.select(settings) if inputs else settings
    if folder == path.parent:
        return Run(folder, folder, own, inputs=inputs)
    trial = open_interactive(folder, path.parent, tuple(settings.tables())[1:])
    create_run(folder, settings)
    return Run(folder, path.parent, own, trial, inputs)


def _plain(value: Any) -> Any:
    """Tuples as lists: what TOML knows."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value
