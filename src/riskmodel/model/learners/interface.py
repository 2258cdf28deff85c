"""Learners: every kind of model under one interface, from one feature to boosted trees."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.model.inputs import Inputs
from riskmodel.model.learners import ebm, single_feature, trees
from riskmodel.model.learners.scorecard import scorecard
from riskmodel.model.learners.staged_fit import StagedFit
from riskmodel.settings import ModelSettings

Array = npt.NDArray[np.float64]


class Ranker(Protocol):
    """A fitted ranking: log-odds of default before calibration, a sum over features."""

    @property
    def inputs(self) -> Inputs:
        """The features in order, with signs and levels."""

    def raw(self, frame: pd.DataFrame) -> Array:
        """The score in log-odds; one value a row."""

    def raw_of(self, matrix: Array) -> Array:
        """The score of rows that `inputs.matrix` made."""

    def contributions(self, frame: pd.DataFrame) -> Array:
        """Rows x (features, then base): each row sums to its score."""

    def to_files(self) -> dict[str, str]:
        """The ranking as texts by file name."""


class FitRanker(Protocol):
    """Fit a ranking to rows of features and `defaulted`."""

    def __call__(
        self,
        rows: pd.DataFrame,
        inputs: Inputs,
        settings: ModelSettings,
        *,
        seed: int,
        threads: int,
    ) -> Ranker: ...


class FitInRounds(Protocol):
    """Fit rounds to the first sample, with the scores of the second after each."""

    def __call__(
        self,
        samples: tuple[pd.DataFrame, pd.DataFrame],
        inputs: Inputs,
        settings: ModelSettings,
        *,
        seed: int,
        threads: int,
    ) -> StagedFit: ...


@dataclass(frozen=True)
class SearchRange:
    """The range in which tuning searches a setting: whole numbers between whole ends.

    `sampler_name` is the setting's name for the sampler, whose draws depend on the order of names: it
    stays when the setting is renamed, and so do the draws.
    """

    low: float
    high: float
    sampler_name: str


class PrepareFit(Protocol):
    """Fit what no setting of `search_space` changes; the rest is fitted with each setting."""

    def __call__(
        self,
        rows: pd.DataFrame,
        inputs: Inputs,
        settings: ModelSettings,
        *,
        seed: int,
        threads: int,
    ) -> Callable[[ModelSettings], Ranker]: ...


def _as_set(settings: ModelSettings, rows: pd.DataFrame) -> ModelSettings:
    """Return the settings as they stand: nothing hangs on the rows."""
    return settings


def _no_plan(settings: ModelSettings, rows: pd.DataFrame) -> Sequence[Mapping[str, Any]]:
    """Return no values to try first."""
    return ()


@dataclass(frozen=True)
class Learner:
    """A learner: its fit, its reader, and the ranges of its settings.

    `fit`, `fit_in_rounds` and `prepare` take all of `[model]`; `_with_tables` names the tables that
    the learner's own code receives.

    `fit_in_rounds` is set for learners that boost in rounds; the best number of them becomes
    `settings.trees.max_rounds`. `prepare` is set where no setting of `search_space` changes the
    first part of the fit: tuning does that once a fold. `start` are the settings that a search
    begins with, numbers in place of "auto", and `plan` the values that it tries first.
    `chosen_settings` is what a ranking chose for itself; rankings without an enterprise use the
    same, so that their scores are comparable. `same_without_signs` names the learner whose fit this
    equals where no feature has a sign; `signed` is false where signs are not kept.
    """

    fit: FitRanker
    read: Callable[[Inputs, Mapping[str, str], int], Ranker]
    search_space: Mapping[str, SearchRange] = field(default_factory=dict)
    fit_in_rounds: FitInRounds | None = None
    prepare: PrepareFit | None = None
    start: Callable[[ModelSettings, pd.DataFrame], ModelSettings] = _as_set
    plan: Callable[[ModelSettings, pd.DataFrame], Sequence[Mapping[str, Any]]] = _no_plan
    planned_settings: tuple[str, ...] = ()
    chosen_settings: Callable[[Ranker], Mapping[str, Any]] = lambda ranker: {}
    same_without_signs: str = ""
    signed: bool = True

    @property
    def searched_settings(self) -> list[str]:
        """The settings whose values the trials try."""
        return [*self.search_space, *self.planned_settings]

    @property
    def tuned_settings(self) -> list[str]:
        """The settings that tuning may change."""
        rounds = ["trees.max_rounds", "linear.weight", "linear.l2"] if self.fit_in_rounds else []
        return [*self.searched_settings, *rounds]


def _with_tables(*tables: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the decorator that hands a learner these tables of the model's settings alone."""

    def wrap(of: Callable[..., Any]) -> Callable[..., Any]:
        def call(data: Any, inputs: Inputs, settings: ModelSettings, **more: Any) -> Any:
            own = [getattr(settings, table) for table in tables]
            return of(data, inputs, *own, **more)

        return call

    return wrap


def _prepare_scorecard(
    rows: pd.DataFrame, inputs: Inputs, settings: ModelSettings, *, seed: int, threads: int
) -> Callable[[ModelSettings], Ranker]:
    """Fit the scorecard's bins once for all settings of its search space."""
    fit_on_bins = scorecard.prepare_scorecard(
        rows, inputs, settings.scorecard, seed=seed, threads=threads
    )
    return lambda own: fit_on_bins(own.scorecard)


def _without_signs(of: Callable[..., Any]) -> Callable[..., Any]:
    """Return the same function without the features' directions."""
    return lambda data, inputs, settings, **more: of(data, inputs.without_signs(), settings, **more)


TREES_SPACE = {
    "trees.learning_rate": SearchRange(0.015, 0.1, "learning_rate"),
    "trees.num_leaves": SearchRange(4, 127, "leaves"),
    "trees.max_depth": SearchRange(2, 16, "depth"),
    "trees.min_child_samples": SearchRange(5, 250, "min_rows_per_leaf"),
    "trees.colsample": SearchRange(0.15, 1.0, "feature_share"),
    "trees.subsample": SearchRange(0.4, 1.0, "row_share"),
    "trees.l2": SearchRange(0.3, 100.0, "l2"),
}


def _start_trees(settings: ModelSettings, rows: pd.DataFrame) -> ModelSettings:
    """Return the settings with the size of trees that the rows' defaults bear."""
    return settings.with_values({"trees": trees.resolve(settings.trees, rows["defaulted"])})


def _plan_trees(settings: ModelSettings, rows: pd.DataFrame) -> Sequence[Mapping[str, Any]]:
    """Return the values that a search of trees tries first."""
    return [
        {f"trees.{name}": value for name, value in one.items()}
        for one in trees.plan(settings.trees, rows)
    ]


_fit_trees = _with_tables("trees", "linear")(trees.fit_trees)
_fit_in_rounds = _with_tables("trees")(trees.fit_in_rounds)
_TREES = Learner(
    _fit_trees,
    trees.read_trees,
    TREES_SPACE,
    _fit_in_rounds,
    start=_start_trees,
    plan=_plan_trees,
    planned_settings=("trees.early_delinquency_scale",),
)

LEARNERS: Mapping[str, Learner] = {
    "scorecard": Learner(
        _with_tables("scorecard")(scorecard.fit_scorecard),
        scorecard.read_scorecard,
        {"scorecard.l2": SearchRange(1.0, 300.0, "l2")},
        prepare=_prepare_scorecard,
    ),
    "trees": _TREES,
    "unconstrained_trees": replace(
        _TREES,
        fit=_without_signs(_fit_trees),
        fit_in_rounds=_without_signs(_fit_in_rounds),
        same_without_signs="trees",
        signed=False,
    ),
    "ebm": Learner(_with_tables("ebm")(ebm.fit_ebm), ebm.read_ebm),
    "single_feature": Learner(
        _with_tables("single_feature")(single_feature.fit_single_feature),
        single_feature.read_single_feature,
        chosen_settings=lambda ranker: {"single_feature.feature": ranker.inputs.names[0]},
    ),
}
"""Every learner by its name in `model.candidates`."""
