"""Tuning: one budget of trials for every learner, by folds of enterprises inside the fit rows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from itertools import islice
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.model.inputs import Inputs
from riskmodel.model.learners.interface import Learner, Ranker, SearchRange
from riskmodel.model.learners.staged_fit import StagedFit
from riskmodel.settings import ModelSettings
from riskmodel.statistics.calibration import log_losses, recalibrated_log_losses
from riskmodel.statistics.clustered_mean import clustered_mean

Array = npt.NDArray[np.float64]
Values = Mapping[str, float]
FitFold = Callable[[ModelSettings], StagedFit]
"""A fold's fit, scored on its held-out rows, as a function of settings."""
MIN_TRIALS_TO_PRUNE = 3
"""Trials that must have come as far before another may be given up."""


@dataclass(frozen=True)
class Trial:
    """One try of settings.

    `losses` are the mean log losses of defaults so far after each fold, the scores recalibrated;
    `rounds` the best number of them. `lead` is by how much the loss is below the first trial's on
    the same rows, with its standard error by enterprise. `work` is its share of the budget,
    seconds. `pruned` where it was given up before the last fold; then `rounds` is 0.
    """

    params: Values
    losses: tuple[float, ...]
    rounds: int
    pruned: bool
    lead: float = 0.0
    lead_error: float = 0.0
    work: float = 0.0


@dataclass(frozen=True)
class Search:
    """A search of settings: rows with their fold, inputs, the settings to start from, the budget.

    `rows`: enterprise_id, `defaulted` and the features. `held_out` is how many of the folds are
    held out in turn; None: all.
    """

    rows: pd.DataFrame
    fold: Array
    inputs: Inputs
    settings: ModelSettings
    seed: int
    threads: int
    held_out: int | None = None

    @cached_property
    def held_out_rows(self) -> list[npt.NDArray[np.bool_]]:
        """The flags of the rows held out, one array a fold."""
        return [self.fold == k for k in np.unique(self.fold)[: self.held_out]]

    @cached_property
    def folds(self) -> list[tuple[pd.DataFrame, pd.DataFrame]]:
        """The rows fitted and the rows held out, a pair for each fold."""
        return [(self.rows[~held], self.rows[held]) for held in self.held_out_rows]

    @cached_property
    def bad(self) -> npt.NDArray[np.bool_]:
        """The default flags of the rows."""
        return self.rows["defaulted"].to_numpy(bool)

    def losses(self, scores: Array) -> Array:
        """Compute log losses of defaults alone, scores recalibrated; NaN where there is no score."""
        found, there = np.full(len(scores), np.nan), ~np.isnan(scores)
        found[there] = recalibrated_log_losses(scores[there], self.bad[there])
        return found

    def lead(self, losses: Array, before: Array) -> tuple[float, float]:
        """Compute by how much losses lie below those before, with the error by enterprise."""
        there = ~np.isnan(losses) & ~np.isnan(before)
        gains = (before - losses)[there]
        return clustered_mean(gains, pd.factorize(self.rows["enterprise_id"])[0][there])


@dataclass
class Tuning:
    """A search under way: its trials, and their scores of held-out rows as far as they are at hand."""

    learner: Learner
    search: Search
    trials: list[Trial]
    scores: dict[int, Array] = field(default_factory=dict)

    @cached_property
    def stand(self) -> dict[str, Any]:
        """The values that the search starts from."""
        settings = self.learner.start(self.search.settings, self.search.rows)
        return {name: settings.value(name) for name in self.learner.searched_settings}

    @cached_property
    def fit_folds(self) -> list[FitFold]:
        """Each fold's fit as a function of settings."""
        return [_fit_fold(self.learner, self.search, samples) for samples in self.search.folds]

    @property
    def best(self) -> int:
        """The number of the trial that is kept: the first one, unless another is surely better.

        Of the others the one of least loss, where its lead exceeds its error.
        """
        whole = [number for number, trial in enumerate(self.trials) if not trial.pruned]
        least = min(whole, key=lambda number: self.trials[number].losses[-1])
        return least if self.trials[least].lead > self.trials[least].lead_error else 0

    def settings_of(self, number: int) -> ModelSettings:
        """Return the settings of a trial, with its best number of rounds."""
        trial = self.trials[number]
        rounds = {"trees.max_rounds": trial.rounds} if self.learner.fit_in_rounds else {}
        return self._apply(trial.params).with_values(rounds)

    def scores_of(self, number: int) -> Array:
        """Return the held-out scores of a whole trial; one that an earlier go finished is run again."""
        if number not in self.scores:
            fits = list(self._fits(self._apply(self.trials[number].params)))
            self.scores[number] = self._held_out(fits, self.trials[number].rounds)
        return self.scores[number]

    def run(self) -> Trial:
        """Run the next trial, and append it."""
        number = len(self.trials)
        values = self._suggest(number)
        trial, scores = self._try(values)
        self.scores[number] = scores
        if number and not trial.pruned:
            losses = (self.search.losses(self.scores_of(one)) for one in (number, 0))
            lead, error = self.search.lead(*losses)
            trial = Trial(values, trial.losses, trial.rounds, False, lead, error, trial.work)
        self.trials.append(trial)
        return trial

    def _apply(self, values: Values) -> ModelSettings:
        return self.search.settings.with_values(dict(values))

    def _suggest(self, number: int) -> dict[str, Any]:
        """The next values to try: a function of the trials before, so a search can be resumed."""
        if number == 0:
            return self.stand
        plan = self.learner.plan(self._apply(self.stand), self.search.rows)
        base = {**self.stand, **self.trials[self.best].params}
        if number <= len(plan):
            return base | dict(plan[number - 1])
        return base | _sample(self.learner, self.search.seed, self.trials, number)

    def _try(self, values: Values) -> tuple[Trial, Array]:
        """One trial over the folds, given up where it lags behind the median of those before.

        Only from the second fold on, and where a few trials came so far: one fold of few defaults
        says little.
        """
        fits: list[StagedFit] = []
        losses: list[float] = []
        scores = np.full(len(self.search.rows), np.nan)
        for one in self._fits(self._apply(values)):
            fits.append(one)
            scores = self._held_out(fits, _best_round(fits))
            losses.append(float(np.nanmean(self.search.losses(scores))))
            if self._lags(losses):
                return Trial(values, tuple(losses), 0, True, work=_work(fits)), scores
        return Trial(values, tuple(losses), _best_round(fits), False, work=_work(fits)), scores

    def _lags(self, losses: Sequence[float]) -> bool:
        done = len(losses)
        seen = [trial.losses[done - 1] for trial in self.trials if len(trial.losses) >= done]
        sure = 1 < done < len(self.search.folds) and len(seen) >= MIN_TRIALS_TO_PRUNE
        return sure and losses[-1] > float(np.median(seen))

    def _held_out(self, fits: Sequence[StagedFit], rounds: int) -> Array:
        """The scores of the held-out rows after so many rounds; NaN where no fold is done yet."""
        scores = np.full(len(self.search.rows), np.nan)
        for held, one in zip(self.search.held_out_rows, fits, strict=False):
            scores[held] = one.score(rounds)
        return scores

    def _fits(self, settings: ModelSettings) -> Iterator[StagedFit]:
        """Each fold's fit, in order; as many folds at once as there are threads."""
        threads = self.search.threads
        with ThreadPoolExecutor(threads) as pool:
            folds = iter(self.fit_folds)
            while batch := list(islice(folds, threads)):
                yield from pool.map(lambda fit: fit(settings), batch)


def tune(
    learner: Learner, search: Search, before: Sequence[Trial], keep: Callable[[Trial], None]
) -> Tuning | None:
    """Find the settings with the least log loss of defaults over the folds.

    The first trial is the settings as they stand, so another is kept only where it does surely
    better on the same folds. `before` are trials of the same search that an earlier go finished:
    they are taken as they stand, and the result is the same. `keep` is called with each new one.
    The learner's plan is tried first, then values by TPE (Bergstra and others 2011), pruned by the
    median of the trials before (Optuna), until the trials or their work meet the budget. None
    where there is nothing to look for.
    """
    budget = search.settings.tuning
    if not learner.search_space or (budget.trials == 1 and not learner.fit_in_rounds):
        return None
    found = Tuning(learner, search, list(before)[: budget.trials])
    while not found.trials or (
        len(found.trials) < budget.trials
        and sum(trial.work for trial in found.trials) < budget.max_seconds
    ):
        keep(found.run())
    return found


def mean_curve(curves: Sequence[Array]) -> Array:
    """Compute the mean loss after each round that all folds have reached."""
    reached = min(len(curve) for curve in curves)
    return np.asarray(np.mean([curve[:reached] for curve in curves], axis=0))


def _best_round(fits: Sequence[StagedFit]) -> int:
    return int(np.argmin(mean_curve([one.curve for one in fits]))) + 1


def _work(fits: Sequence[StagedFit]) -> float:
    return sum(one.work for one in fits)


def _sample(
    learner: Learner, seed: int, trials: Sequence[Trial], number: int
) -> dict[str, int | float]:
    """Draw values by TPE from the trials before."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    sampler = optuna.samplers.TPESampler(seed=seed + number, n_startup_trials=4)
    study = optuna.create_study(sampler=sampler, direction="minimize")
    ranges = learner.search_space
    space = {where.sampler_name: _distribution(where) for where in ranges.values()}
    for trial in trials:
        params = {
            where.sampler_name: min(max(trial.params[name], where.low), where.high)
            for name, where in ranges.items()
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


def _fit_fold(
    learner: Learner, search: Search, samples: tuple[pd.DataFrame, pd.DataFrame]
) -> FitFold:
    """The fit of a fold by settings; what these do not change is fitted once."""
    rows, held = samples
    inputs, seed, bad = search.inputs, search.seed, held["defaulted"].to_numpy(bool)
    if learner.fit_in_rounds:
        return partial(learner.fit_in_rounds, samples, inputs, seed=seed, threads=1)
    begin = learner.prepare or partial(_fit_anew, learner)
    begun = cache(lambda: begin(rows, inputs, search.settings, seed=seed, threads=1))

    def fit(settings: ModelSettings) -> StagedFit:
        raw = begun()(settings).raw(held)
        return StagedFit(np.array([log_losses(raw, bad).mean()]), lambda rounds: raw)

    return fit


def _fit_anew(
    learner: Learner, rows: pd.DataFrame, inputs: Inputs, settings: ModelSettings, **draw: int
) -> Callable[[ModelSettings], Ranker]:
    """Prepare nothing: everything depends on the settings."""
    return lambda own: learner.fit(rows, inputs, own, seed=draw["seed"], threads=draw["threads"])
