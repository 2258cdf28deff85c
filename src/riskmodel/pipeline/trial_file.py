"""Trials of the tuning as a file that grows: a run that was stopped takes up where it was."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from riskmodel.model.tuning import Trial
from riskmodel.sources.files import write_text


@dataclass(frozen=True)
class TrialFile:
    """One line a trial. `search` names what they depend on; lines of another search are not used."""

    path: Path
    search: str

    def known(self) -> Mapping[str, Sequence[Trial]]:
        """Finished trials by candidate, in order."""
        found: dict[str, list[Trial]] = {}
        for line in self._lines():
            given = json.loads(line)
            if given["search"] == self.search:
                trial = Trial(**{**given["trial"], "losses": tuple(given["trial"]["losses"])})
                found.setdefault(given["model"], []).append(trial)
        return found

    def keep(self, model: str, trial: Trial) -> None:
        """One more trial, at the end of the file."""
        line = {"search": self.search, "model": model, "trial": asdict(trial)}
        text = "".join(f"{one}\n" for one in [*self._lines(), json.dumps(line, sort_keys=True)])
        write_text(self.path, text)

    def _lines(self) -> list[str]:
        return self.path.read_text(encoding="utf-8").splitlines() if self.path.exists() else []
