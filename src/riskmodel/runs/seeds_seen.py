"""Fictional worlds: the seeds that somebody has looked at, and the claim that figures on one allow."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from riskmodel.errors import DataError, SettingsError
from riskmodel.settings import read_toml
from riskmodel.settings.toml import read_text
from riskmodel.storage.files import write_text

Origin = Literal["given", "development", "fresh"]
NOTE = "_simulation.toml"
"""The note of a simulated source folder beside its tables: size, seed and scenario."""
SEEN = "seeds_seen.toml"
"""The file of seeds that were looked at, among the experiments."""
FRESH = range(10_000, 1_000_000)
"""Seeds that are drawn: those looked at before the file was kept, some without a note, are smaller."""

DESCRIPTIONS = {
    "auto": "",
    "given": "",
    "development": "development world: its test rows were looked at while features were added",
    "fresh": "fresh world: fictional, its seed not among those looked at before",
}


@dataclass(frozen=True)
class ChosenSeeds:
    """Seeds of the worlds that a benchmark simulates, and whether they were drawn for it."""

    seeds: tuple[int, ...]
    fresh: bool

    @property
    def text(self) -> str:
        """Words on what figures on them may claim."""
        named = ", ".join(map(str, self.seeds))
        if self.fresh:
            return f"fresh worlds, drawn for this: seeds {named}"
        return f"worlds looked at before, or named by hand: seeds {named}; no claim on unseen ones"


def seeds_seen(experiments: Path) -> frozenset[int]:
    """Return the seeds of the file; none where it is not there."""
    path = experiments / SEEN
    if not path.is_file():
        return frozenset()
    return frozenset(int(seed) for entry in read_toml(path)["seen"] for seed in entry["seeds"])


def choose_seeds(named: Sequence[int], count: int, experiments: Path) -> ChosenSeeds:
    """Return the seeds named, or so many that nobody has looked at."""
    if named:
        return ChosenSeeds(tuple(named), fresh=False)
    left = sorted(set(FRESH) - seeds_seen(experiments))
    return ChosenSeeds(tuple(secrets.SystemRandom().sample(left, count)), fresh=True)


def note_seen(seeds: Sequence[int], where: str, experiments: Path) -> None:
    """Append the seeds that the file lacks, with the day; nothing where there is no such file."""
    path = experiments / SEEN
    new = sorted(set(seeds) - seeds_seen(experiments))
    if not (path.is_file() and new):
        return
    entry = f"\n[[seen]]\nseeds = {new}\non = {date.today()}\nwhere = {json.dumps(where)}\n"
    write_text(path, read_text(path) + entry)


def origin_of(data: Path, experiments: Path) -> Origin:
    """Tell what a source folder is: a world looked at, another one, or data given from elsewhere."""
    origin = data / NOTE
    if not origin.is_file():
        return "given"
    try:
        seed = read_toml(origin)["simulation"]["seed"]
    except (KeyError, TypeError, SettingsError):
        raise DataError(f"{NOTE}: names no seed. Write the simulation anew.") from None
    return "development" if seed in seeds_seen(experiments) else "fresh"
