"""Tuning: one budget of trials for every learner, by folds of enterprises inside the fit rows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, cached_property, partial
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.model.inputs import Inputs
from riskmodel.model.learners.interface import Learner, Ranker, SearchRange
from riskmodel.settings import ModelSettings
from riskmodel.statistics.calibration import log_losses

Array = npt.NDArray[np.float64]
Values = Mapping[str, float]
FoldLosses = Callable[[ModelSettings], Array]
"""A fold's losses by round, as a function of settings."""
MIN_TRIALS_TO_PRUNE = 3
"""Trials that must have come as far before another may be given up."""


@dataclass(frozen=True)
class Trial:
    """One try: the settings, the mean log loss so far after each fold, and the best round.

    `pruned` where it was given up before the last fold; then `rounds` is 0.
    """

    params: Values
    losses: tuple[float, ...]
    rounds: int
    pruned: bool


@dataclass(frozen=True)
class Search:
    """A search of settings: rows with their fold, inputs, the settings to start from, the budget.

    The first trial is the settings as they stand, so another is kept only where it does better on
    the same folds.
    """

    rows: pd.DataFrame
    fold: Array
    inputs: Inputs
    settings: ModelSettings
    seed: int
    threads: int

    @cached_property
    def folds(self) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
        """The rows fitted and the rows held out, a pair for each fold."""
        return [
            (self.rows[self.fold != k], self.rows[self.fold == k]) for k in np.unique(self.fold)
        ]


def tune(
    learner: Learner, search: Search, before: Sequence[Trial], keep: Callable[[Trial], None]
) -> tuple[ModelSettings, list[Trial]]:
    """Find the settings with the least log loss over the folds, and return every trial.

    `before` are trials of the same search that an earlier go finished: they are taken as they
    stand, and the result is the same. `keep` is called with each new one. Sampling by TPE
    (Bergstra and others 2011), pruning by the median of the trials before (Optuna). A learner without
    anything to look for keeps its settings.
    """
    if not learner.search_space or (search.settings.tuning.trials == 1 and not learner.losses):
        return search.settings, []
    trials = list(before)[: search.settings.tuning.trials]
    judges = [_fold_losses(learner, search, samples) for samples in search.folds]
    for number in range(len(trials), search.settings.tuning.trials):
        values = _suggest(learner, search, trials, number)
        trial = _run_trial(
            search, _apply(learner, search, values), values, judges=judges, before=trials
        )
        trials.append(trial)
        keep(trial)
    whole = [trial for trial in trials if not trial.pruned]
    best = min(whole, key=lambda trial: trial.losses[-1])
    return search.settings.with_values(_settings(learner, best)), trials


def _settings(learner: Learner, trial: Trial) -> dict[str, Any]:
    rounds = {"trees.max_rounds": trial.rounds} if learner.losses else {}
    return {
        name: _to_setting(learner.search_space[name], v) for name, v in trial.params.items()
    } | rounds


def _to_setting(where: SearchRange, value: float) -> float:
    """Whole numbers stay whole."""
    return int(value) if isinstance(where.low, int) else value


def _suggest(learner: Learner, search: Search, trials: Sequence[Trial], number: int) -> Values:
    """The next values to try: a function of the trials before, so a search can be resumed."""
    start = {name: search.settings.value(name) for name in learner.search_space}
    if number == 0:
        return start
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=search.seed + number, n_startup_trials=4)
    study = optuna.create_study(sampler=sampler, direction="minimize")
    ranges = learner.search_space
    space = {where.sampler_name: _distribution(where) for where in ranges.values()}
    for trial in trials:
        params = {
            ranges[name].sampler_name: min(max(value, ranges[name].low), ranges[name].high)
            for name, value in trial.params.items()
        }
        study.add_trial(
            optuna.trial.create_trial(
                params=params, distributions=space, value=trial.losses[-1] + trial.pruned
            )
        )
    drawn = study.ask(space).params
    return {name: drawn[where.sampler_name] for name, where in ranges.items()}


def _distribution(where: SearchRange) -> Any:
    import optuna

    if isinstance(where.low, int):
        return optuna.distributions.IntDistribution(where.low, int(where.high), log=True)
    return optuna.distributions.FloatDistribution(where.low, where.high, log=True)


def _apply(learner: Learner, search: Search, values: Values) -> ModelSettings:
    """The settings with these values, and all the rounds."""
    trial = Trial(values, (), search.settings.trees.max_rounds, False)
    return search.settings.with_values(_settings(learner, trial))


def _run_trial(
    search: Search,
    settings: ModelSettings,
    values: Values,
    *,
    judges: Sequence[FoldLosses],
    before: Sequence[Trial],
) -> Trial:
    """One trial over the folds, given up where it lags behind the median of those before.

    Only from the second fold on, and where a few trials came so far: one fold of few defaults says
    little.
    """
    curves: list[Array] = []
    means: list[float] = []
    for curve in _curves(judges, settings, search.threads):
        curves.append(curve)
        means.append(float(mean_curve(curves).min()))
        seen = [trial.losses[len(means) - 1] for trial in before if len(trial.losses) >= len(means)]
        sure = 1 < len(curves) < len(search.folds) and len(seen) >= MIN_TRIALS_TO_PRUNE
        if sure and means[-1] > np.median(seen):
            return Trial(values, tuple(means), 0, True)
    rounds = int(np.argmin(mean_curve(curves))) + 1
    return Trial(values, tuple(means), rounds, False)


def mean_curve(curves: Sequence[Array]) -> Array:
    """Compute the mean loss after each round that all folds have reached."""
    reached = min(len(curve) for curve in curves)
    return np.asarray(np.mean([curve[:reached] for curve in curves], axis=0))


def _curves(judges: Sequence[FoldLosses], settings: ModelSettings, threads: int) -> Iterator[Array]:
    """Each fold's losses by round, in order; as many folds at once as there are threads."""
    with ThreadPoolExecutor(threads) as pool:
        folds = iter(judges)
        while batch := list(islice(folds, threads)):
            yield from pool.map(lambda judge: judge(settings), batch)


def _fold_losses(
    learner: Learner, search: Search, samples: tuple[pd.DataFrame, pd.DataFrame]
) -> FoldLosses:
    """The losses on a fold by settings; what these do not change is fitted once."""
    rows, held = samples
    inputs, seed, bad = search.inputs, search.seed, held["defaulted"].to_numpy(bool)
    if learner.losses:
        return partial(learner.losses, samples, inputs, seed=seed, threads=1)
    begin = learner.prepare or partial(_fit_anew, learner)
    begun = cache(lambda: begin(rows, inputs, search.settings, seed=seed, threads=1))
    return lambda settings: np.array([log_losses(begun()(settings).raw(held), bad).mean()])


def _fit_anew(
    learner: Learner, rows: pd.DataFrame, inputs: Inputs, settings: ModelSettings, **draw: int
) -> Callable[[ModelSettings], Ranker]:
    """Prepare nothing: everything depends on the settings."""
    return lambda own: learner.fit(rows, inputs, own, seed=draw["seed"], threads=draw["threads"])
