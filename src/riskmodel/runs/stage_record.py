"""Digests in `run.json` of the files that each stage wrote, compared before any is used.

A file that was changed, cut short, linked or removed since shows, and its stage is run again. A file
that no stage wrote is moved to `set_aside/`, so that nothing reads it and nothing is lost.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from riskmodel.errors import DataError
from riskmodel.runs.run_folder import Run
from riskmodel.runs.run_record import GROWING, NOT_A_FILE, OUTPUTS, Digests, clear, entries, remove

SET_ASIDE = "set_aside"


@dataclass(frozen=True)
class StageRecord:
    """The digests of a run's stages; a file is read again only where the system says it changed."""

    run: Run
    seen: Digests = field(default_factory=Digests)

    def digests(self, stage: str, notebook: str) -> dict[str, str]:
        """sha256 of each file in the stage's folder and of its two notebooks, by place in the run."""
        folder = self.run.folder
        pages = [folder / "notebooks" / f"{notebook}{end}" for end in (".html", ".ipynb")]
        found = [*entries(folder / stage), *(page for page in pages if os.path.lexists(page))]
        return {path.relative_to(folder).as_posix(): self.seen.of(path) for path in found}

    def faults(self, stage: str, notebook: str) -> list[str]:
        """Return a sentence for each of the stage's files that is not what was written."""
        kept = self._written_digests(stage)
        if kept is None:
            return [f"no digests of {stage} are kept"]
        found = self.digests(stage, notebook)
        missing = [f"{name} is missing" for name in kept if name not in found]
        changed = [name for name, digest in kept.items() if found.get(name, digest) != digest]
        return missing + [f"{name} is not what was written" for name in changed]

    def set_strangers_aside(self, stage: str) -> list[str]:
        """Move what no stage wrote out of the stage's folder; the names of what was moved."""
        kept, folder = self._written_digests(stage), self.run.folder
        if kept is None:
            return []
        names = [path.relative_to(folder).as_posix() for path in entries(folder / stage)]
        strangers = [name for name in names if name not in kept]
        for name in strangers:
            move_aside(folder, name)
        return strangers

    def begin(self, stage: str, notebook: str) -> None:
        """Forget the stage and remove what an earlier time left of it, so that nothing is mixed."""
        trials = f"{stage}/{GROWING}"
        kept, found = self._written_digests(stage) or {}, self.digests(stage, notebook)
        self._note(stage, None, None)
        holds = found.get(trials) not in (None, NOT_A_FILE)
        holds = holds and kept.get(trials, found.get(trials)) == found.get(trials)
        clear(self.run.folder / stage, GROWING if holds else "")
        for page in (name for name in found if name.startswith("notebooks/")):
            remove(self.run.folder / page)

    def end(self, stage: str, notebook: str, key: str) -> None:
        """Keep the stage's key and the digests of what it wrote."""
        self._note(stage, key, self.digests(stage, notebook))

    def refuse_changed(self, stages: Mapping[str, str]) -> None:
        """`DataError` where a file of these stages (with their notebooks) changed during the run."""
        for stage, notebook in stages.items():
            if faults := self.faults(stage, notebook):
                raise DataError(
                    f"{self.run.name}: {first_fault(faults)}; it changed while the run was on. Give the"
                    " same command again: what does not hold is made again."
                )

    def _written_digests(self, stage: str) -> dict[str, str] | None:
        found: dict[str, str] | None = self.run.record().get(OUTPUTS, {}).get(stage)
        return found

    def _note(self, stage: str, key: str | None, digests: Mapping[str, str] | None) -> None:
        record = self.run.record()
        stages, outputs = dict(record.get("stages", {})), dict(record.get(OUTPUTS, {}))
        stages.pop(stage, None)
        outputs.pop(stage, None)
        if key is not None:
            stages, outputs = {**stages, stage: key}, {**outputs, stage: digests}
        self.run.note(stages=stages, outputs=outputs)


def move_aside(folder: Path, name: str) -> None:
    """Moves a file or folder of a run to its `set_aside/`, under a name that is free there."""
    target = _free(folder / SET_ASIDE / name)
    target.parent.mkdir(parents=True, exist_ok=True)
    (folder / name).rename(target)


def first_fault(faults: list[str]) -> str:
    """The first fault, and how many more there are."""
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return faults[0] + more


def _free(path: Path) -> Path:
    """The path, or the first of its kind with a number behind that is not taken."""
    number, free = 1, path
    while os.path.lexists(free):
        number, free = number + 1, path.with_name(f"{path.name}.{number + 1}")
    return free
