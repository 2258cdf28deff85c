"""Notebooks run by hand: which folder each stage is read from, so that two runs never mix.

A folder that is worked in by hand starts from one run, as that run stood when it was opened. A stage
that was tried there is read from there; any other is read from the run, as long as every stage before
it came out by hand as it did in the run. Where the run changed, or another one is the latest, the
folder is begun anew: what was tried moves to `<folder>-before`.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from riskmodel.errors import DataError, SettingsError
from riskmodel.runs.run_record import (
    BASE,
    GROWING,
    OUTPUTS,
    TRIED,
    Digests,
    clear,
    entries,
    read_record,
    remove,
    tables_of,
)
from riskmodel.storage.files import as_json, read_text, write_text

TERMS = ("policy.toml", "banks.toml")
"""Terms that are tried by hand stand in the folder, over those of the run."""


@dataclass(frozen=True)
class InteractiveFolder:
    """A folder that is worked in by hand, the run that it starts from, and the stages in order.

    `identity` is that of the run when the folder was opened.
    """

    folder: Path
    run: Path
    stages: tuple[str, ...]
    base_digest: str
    digests: Digests = field(default_factory=Digests)

    def folder_of(self, stage: str) -> Path:
        """The folder that holds the stage; `DataError` where its tables are not made from those that
        stand before it."""
        tried = self._record()[TRIED]
        if stage in tried:
            if tried[stage] != self._before(stage):
                raise DataError(
                    f"{self.folder.name}/{stage}: made from other tables than now stand before it."
                    f" Run notebook {self._notebook(stage)} by hand again."
                )
            return self.folder
        if self._before(stage) != self._before_in_run(stage):
            raise DataError(
                f"{stage}: {', '.join(tried)} came out by hand other than in the run"
                f" {self.run.name}, and {stage} was not run by hand since. Run notebook"
                f" {self._notebook(stage)} by hand, or remove {self.folder.name} to start from the"
                " run again."
            )
        return self.run

    def refuse_changed(self, path: Path) -> None:
        """`DataError` for a file of the run that is not what the run wrote."""
        name = path.relative_to(self.run).as_posix()
        kept = read_record(self.run).get(OUTPUTS, {}).get(name.partition("/")[0], {})
        if self.digests.of(path) != kept.get(name):
            raise DataError(
                f"{self.run.name}/{name}: not what the run wrote, or it kept no digest. Give the"
                " run's command again: what does not hold is made again."
            )

    def begin(self, stage: str) -> None:
        """Removes what an earlier trial of the stage left, and notes what it is made from now."""
        record = self._record()
        clear(self.folder / stage, GROWING)
        tried = {**record[TRIED], stage: self._before(stage)}
        write_text(self.folder / "run.json", as_json({**record, TRIED: tried}))

    def refuse_moved(self) -> None:
        """`DataError` where the folder or its run is no longer what was opened."""
        self._record()

    def _record(self) -> dict[str, Any]:
        """The folder's record; `DataError` where it or its run is no longer what was opened."""
        record = read_record(self.folder)
        if record.get(BASE) != self.base_digest or run_digest(self.run) != self.base_digest:
            raise DataError(
                f"{self.folder.name}: the run {self.run.name} was run again, or the folder was begun"
                " anew, since this notebook was opened. Run its first cell again."
            )
        return {TRIED: {}, **record}

    def _before(self, stage: str) -> str:
        """A digest of the tables before the stage: those tried by hand, else the run's."""
        tried, key = self._record()[TRIED], ""
        kept = read_record(self.run).get(OUTPUTS, {})
        for name in self.stages[: self.stages.index(stage)]:
            key = _chain_digest(key, self._tables(name) if name in tried else tables_of(kept, name))
        return key

    def _before_in_run(self, stage: str) -> str:
        """The same, of the run alone."""
        kept, key = read_record(self.run).get(OUTPUTS, {}), ""
        for name in self.stages[: self.stages.index(stage)]:
            key = _chain_digest(key, tables_of(kept, name))
        return key

    def _tables(self, stage: str) -> dict[str, str]:
        found = entries(self.folder / stage)
        named = {path.relative_to(self.folder).as_posix(): path for path in found}
        return {name: self.digests.of(path) for name, path in named.items() if path.name != GROWING}

    def _notebook(self, stage: str) -> str:
        return f"{self.stages.index(stage) + 1:02d}_{stage}"


def open_interactive(folder: Path, run: Path, stages: tuple[str, ...]) -> InteractiveFolder:
    """The folder opened on a run, begun anew where it started from another one, and said then.

    `SettingsError` where the folder is itself that of a run.
    """
    try:
        record = read_record(folder)
    except DataError:
        record = {}  # begun anew below
    if "name" in record:
        raise SettingsError(
            f"run_dir: {folder.name} is a run's own folder. Name another one to work in by hand."
        )
    base_digest = run_digest(run)
    if record.get(BASE) != base_digest:
        moved = _move_away(folder, (*stages, *TERMS))
        if moved:
            print(f"{folder.name}: begun anew from {run.name}; {', '.join(moved)} of before are in"
                  f" {folder.name}-before")  # fmt: skip
        remove(folder / "run.json")
        write_text(folder / "run.json", as_json({BASE: base_digest, "base_run": run.name}))
    return InteractiveFolder(folder, run, stages, base_digest)


def run_digest(run: Path) -> str:
    """A digest of what a run is: its name, its settings and terms, and what its stages wrote."""
    outputs = read_record(run).get(OUTPUTS, {})
    names = [name for name in ("settings.toml", *TERMS) if (run / name).exists()]
    texts = [(name, read_text(run / name)) for name in names]
    return hashlib.sha256(repr((run.name, texts, sorted(outputs.items()))).encode()).hexdigest()


def _move_away(folder: Path, names: tuple[str, ...]) -> list[str]:
    """Moves these entries to `<folder>-before`, in the place of what lies there; which there were."""
    there = [name for name in names if (folder / name).exists()]
    target = folder.with_name(f"{folder.name}-before")
    if there:
        remove(target)
        target.mkdir(parents=True)
    for name in there:
        (folder / name).rename(target / name)
    return there


def _chain_digest(key: str, tables: Mapping[str, str]) -> str:
    return hashlib.sha256(repr((key, sorted(tables.items()))).encode()).hexdigest()
