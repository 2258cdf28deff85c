"""The settings and the earlier stages that a stage reads: its run is opened with these alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from pydantic import BaseModel

from riskmodel.settings import Settings

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class StageInputs:
    """The inputs of a stage: tables or single keys of the settings, and stages before it.

    `settings` are names like "model" or "run.seed". What is not named is not there for the stage,
    so that its key, which hangs on these inputs alone, can miss nothing.
    """

    stage: str
    settings: tuple[str, ...]
    stages: tuple[str, ...] = ()

    def select(self, settings: Settings) -> Settings:
        """Return the settings without what the stage does not name; reading that is an error."""
        return _only(settings, [name.split(".") for name in self.settings])

    def refuse_undeclared(self, stage: str) -> None:
        """Raise `LookupError` for files of a stage that is not named."""
        if stage not in (self.stage, ".", *self.stages):
            raise LookupError(
                f"{self.stage} reads files of {stage}: name that stage in its INPUTS."
            )


def _only(model: Model, paths: Iterable[list[str]]) -> Model:
    """Return a copy of the model with the named fields alone."""
    below: dict[str, list[list[str]]] = {}
    for first, *rest in paths:
        below.setdefault(_field(model, first), []).append(rest)
    kept = model.model_copy()
    for name, value in list(kept.__dict__.items()):
        if name not in below:
            del kept.__dict__[name]
        elif all(below[name]):
            kept.__dict__[name] = _only(value, below[name])
    return kept


def _field(model: BaseModel, name: str) -> str:
    """Return the field of a name in the settings file; raises `LookupError` for an unknown one."""
    for field, info in type(model).model_fields.items():
        if name in (field, info.alias):
            return field
    raise LookupError(f"{type(model).__name__} has no setting {name}")
