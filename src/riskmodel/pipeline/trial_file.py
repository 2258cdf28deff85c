"""Trials of the tuning as a file that grows: a run that was stopped takes up where it was."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from riskmodel.errors import DataError, printable_path
from riskmodel.model.tuning import Trial
from riskmodel.storage.files import read_text, write_text


@dataclass(frozen=True)
class TrialFile:
    """One line a trial. `search` names what they depend on; lines of another search are not used."""

    path: Path
    search: str

    def known(self) -> Mapping[str, Sequence[Trial]]:
        """Finished trials by candidate, in order."""
        found: dict[str, list[Trial]] = {}
        for line in self._lines():
            given = self._read(line)
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
        return read_text(self.path).splitlines() if self.path.exists() else []

    def _read(self, line: str) -> dict[str, Any]:
        """One line's entries; `DataError` where it is cut short or not a trial."""
        try:
            given: dict[str, Any] = json.loads(line)
            Trial(**{**given["trial"], "losses": tuple(given["trial"]["losses"])})
            return {name: given[name] for name in ("search", "model", "trial")}
        except (ValueError, LookupError, TypeError, RecursionError) as error:
            raise DataError(
                f"{printable_path(self.path)}: 1 line is not a trial. Remove the file: its trials are made again."
            ) from error
