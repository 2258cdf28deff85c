"""Baselines of reasons: the model's reference group, or a scorecard's best bins."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from riskmodel.errors import DataError
from riskmodel.features import definitions_by_name
from riskmodel.features.spec import FeatureDefinition
from riskmodel.model import RiskModel
from riskmodel.model.inputs import SIGN, Inputs
from riskmodel.model.learners.scorecard.scorecard import Scale
from riskmodel.model.reference_group import ReferenceGroup

Array = npt.NDArray[np.float64]


@runtime_checkable
class HasBestBins(Protocol):
    """A ranking in points made of bins, such as a scorecard: each feature has a best one."""

    @property
    def scale(self) -> Scale:
        """The scale that turns log-odds into points."""

    def best_contributions(self) -> Array:
        """Return the lowest contribution that each feature can make, in the order of the inputs."""


def make_baseline(model: RiskModel, definitions: Iterable[FeatureDefinition]) -> "Baseline":
    """Make the baseline of a model from its reference group; `DataError` where it has none."""
    if model.reference_group is None:
        raise DataError(
            f"{model.name}: the model has no reference group to compare rows with. Fit it again."
        )
    return Baseline(model, model.reference_group, definitions_by_name(definitions))


@dataclass(frozen=True)
class Baseline:
    """A model, its reference group, and the definitions of its features.

    A scorecard's contributions are compared with the best bin of each feature, as points below the
    best are read; every other model's with the reference group's mean. The effect of a reason is
    computed at the reference group's values in both cases.
    """

    model: RiskModel
    reference_group: ReferenceGroup
    definitions: Mapping[str, FeatureDefinition]

    @property
    def inputs(self) -> Inputs:
        """The model's features."""
        return self.model.ranker.inputs

    @cached_property
    def signs(self) -> npt.NDArray[np.int64]:
        """The direction of risk in each feature: the model's sign, or else the declared one."""
        inputs = self.inputs
        declared = [
            0 if n in inputs.levels else SIGN[self.definitions[n].risk] for n in inputs.names
        ]
        held = np.array(inputs.signs, dtype=np.int64)
        return np.where(held != 0, held, np.array(declared, dtype=np.int64))

    @property
    def is_scorecard(self) -> bool:
        """True where the model's score is made of bins in points."""
        return isinstance(self.model.ranker, HasBestBins)

    @cached_property
    def reference(self) -> Array:
        """The contribution of each feature in the baseline, before calibration."""
        ranker = self.model.ranker
        best = (
            ranker.best_contributions()
            if isinstance(ranker, HasBestBins)
            else self.reference_group.contributions
        )
        return np.asarray(best, dtype=float)

    @cached_property
    def reference_values(self) -> Array:
        """The reference group's typical values as a row of the model's matrix."""
        return np.asarray(self.inputs.matrix(self.reference_group.frame())[0])

    @cached_property
    def families(self) -> tuple[str, ...]:
        """The business families of the features, in alphabetical order."""
        return tuple(sorted({self.definitions[name].family for name in self.inputs.names}))

    @cached_property
    def members(self) -> npt.NDArray[np.bool_]:
        """Families x features: which belongs to which."""
        own = np.array([self.definitions[name].family for name in self.inputs.names])
        return np.asarray(np.array(self.families)[:, None] == own)
