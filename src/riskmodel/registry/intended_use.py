"""Intended use of a model: programme and outcome, as texts that its version carries."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from riskmodel.errors import SettingsError
from riskmodel.settings import read_toml

GIVEN = "given"
"""A definition of default that is the source's own: labels came with it."""
EVER = "ever"


@dataclass(frozen=True)
class IntendedUse:
    """The programme, the event and the enterprises that the PDs are for; "" is not stated.

    `population`: lines, applicants, outcomes. `horizon_months` is a number or "ever";
    `days_past_due` and `tiers` are "given" for labels that the source brings.
    """

    programme: str = ""
    population: str = ""
    horizon_months: str = ""
    days_past_due: str = ""
    tiers: str = ""

    def texts(self) -> dict[str, str]:
        """A text a part, for a version's tags and the model's facts."""
        return asdict(self)

    @property
    def words(self) -> str:
        """The purpose in a line."""
        stated = {part: text for part, text in self.texts().items() if text}
        return ", ".join(f"{part} {text}" for part, text in stated.items()) or "nothing stated"


def intended_use_from(texts: Mapping[str, Any]) -> IntendedUse:
    """The purpose that a version's tags or a model's facts state; other entries are left alone."""
    return IntendedUse(**{part: str(texts.get(part, "")) for part in IntendedUse().texts()})


def differences(its: IntendedUse, wanted: IntendedUse) -> str:
    """Return in words where a model is for something else than wanted; "" where it is not.

    A part that is wanted and not stated by the model departs, too: such a model cannot be held.
    """
    its_texts, asked = its.texts(), wanted.texts()
    return "; ".join(
        f"{part} {its_texts[part] or 'not stated'} instead of {text}"
        for part, text in asked.items()
        if text and its_texts[part] != text
    )


def programme_name(policy: Mapping[str, Any], file: str) -> str:
    """The programme that a policy's terms are of: its `name`, else the name of its file."""
    name = policy.get("name") or Path(file).stem
    if not isinstance(name, str):
        raise SettingsError(f"{file}: name: must be a text, not {type(name).__name__}. Quote it.")
    return name


def own_programme(root: Path) -> str:
    """The programme of the root's own policy, experiments/policy.toml; "" where there is none."""
    path = root / "experiments" / "policy.toml"
    return programme_name(read_toml(path), path.name) if path.exists() else ""
