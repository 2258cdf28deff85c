"""The models behind reject inference: who is accepted, who defaults, and a simple ranking."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from riskmodel.benchmarks.reject_inference.methods import Observations, Sample
from riskmodel.errors import DataError
from riskmodel.model.inputs import Inputs
from riskmodel.model.learners import trees
from riskmodel.model.tuning import mean_curve
from riskmodel.settings import ModelSettings
from riskmodel.statistics.logistic import expit, fit_logistic

Array = npt.NDArray[np.float64]
PENALTY = 0.05
"""The simple model's inverse penalty: it only has to point to the surest rows."""


@dataclass(frozen=True)
class Learner:
    """Boosted trees over given inputs: of `rounds` for default, the same for every method compared,
    and of `acceptance_rounds` for acceptance, of which far more is known.

    One thread: the samples are small, and the same bytes come out on any machine.
    """

    inputs: Inputs
    settings: ModelSettings
    rounds: int
    acceptance_rounds: int
    seed: int

    def fit(self, rows: pd.DataFrame, sample: Sample) -> trees.Trees:
        """Fit trees with the inputs' signs to the weighted sample of the rows."""
        drawn = rows.iloc[sample.place].assign(defaulted=sample.defaulted)
        settings = self.settings.with_values({"trees.max_rounds": self.rounds})
        return trees.fit_trees(
            drawn,
            self.inputs,
            settings.trees,
            settings.linear,
            seed=self.seed,
            threads=1,
            weights=sample.weight,
        )

    def default(self, rows: pd.DataFrame) -> trees.Trees:
        """Fit trees for the default of the accepted."""
        place = np.flatnonzero(rows["accepted"])
        bad = rows["defaulted"].to_numpy(bool)[place]
        return self.fit(rows, Sample(place, bad, np.ones(len(place))))

    def acceptance(self, rows: pd.DataFrame) -> trees.Trees:
        """Fit trees for the chance of being accepted; no feature's direction is given there."""
        settings = self.settings.with_values({"trees.max_rounds": self.acceptance_rounds})
        return trees.fit_trees(
            _with_acceptance_as_outcome(rows),
            self.inputs.without_signs(),
            settings.trees,
            settings.linear,
            seed=self.seed,
            threads=1,
        )


def tune_learner(
    rows: pd.DataFrame, fold: pd.Series, inputs: Inputs, settings: ModelSettings, seed: int
) -> Learner:
    """Tune the rounds to the smallest loss over the folds of the rows (see `observe_applicants`).

    `DataError` unless some of the accepted defaulted and some did not.
    """
    known = rows["accepted"].to_numpy(bool)
    bad = int(rows["defaulted"].to_numpy(bool)[known].sum())
    if not 0 < bad < known.sum():
        raise DataError(
            f"applications: {bad} of {int(known.sum())} accepted defaulted; fitting needs outcomes"
            " of both kinds. Bring more applications."
        )
    rounds = _best_rounds(rows[known], fold[known], inputs, settings, seed)
    acceptance = _best_rounds(
        _with_acceptance_as_outcome(rows), fold, inputs.without_signs(), settings, seed
    )
    return Learner(inputs, settings, rounds, acceptance, seed)


def _best_rounds(
    rows: pd.DataFrame, fold: pd.Series, inputs: Inputs, settings: ModelSettings, seed: int
) -> int:
    samples = [(rows[fold != one], rows[fold == one]) for one in np.unique(fold)]
    curves = [
        trees.fit_in_rounds(two, inputs, settings.trees, seed=seed, threads=1).curve
        for two in samples
    ]
    return int(np.argmin(mean_curve(curves))) + 1


def _with_acceptance_as_outcome(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with acceptance as the outcome to fit."""
    return rows.assign(defaulted=rows["accepted"])


def observe_applicants(rows: pd.DataFrame, fold: pd.Series, learner: Learner) -> Observations:
    """Return the observations that the methods may use.

    `rows`: features, `accepted`, `defaulted` (both boolean without nulls; it is not read where not
    accepted). PDs and propensities of a fold come from models that were not fitted on it.
    """
    pd_12m, propensity = np.empty((2, len(rows)))
    for one in np.unique(fold):
        mine, others = (fold == one).to_numpy(), rows[(fold != one).to_numpy()]
        pd_12m[mine] = expit(learner.default(others).raw(rows[mine]))
        propensity[mine] = expit(learner.acceptance(others).raw(rows[mine]))
    return Observations(
        accepted=rows["accepted"].to_numpy(bool),
        defaulted=rows["defaulted"].to_numpy(bool) & rows["accepted"].to_numpy(bool),
        pd_12m=pd_12m,
        propensity=propensity,
        refit_ranking=simple_ranking(rows, learner.inputs),
        seed=learner.seed,
    )


def calibrated_pd(
    samples: tuple[pd.DataFrame, pd.DataFrame], chosen: Sample, fold: pd.Series, learner: Learner
) -> Array:
    """Return PDs of the second sample by trees fitted to the chosen rows of the first.

    The level and the slope come from the outcomes of the first sample's accepted rows (with the
    weights that were chosen), each scored by trees that saw nothing of its fold: so a method that
    calls too many bad changes the ranking, and not the level of those with an outcome.
    """
    rows, scored = samples
    raw, weight = np.zeros((2, len(rows)))
    weight[chosen.place] = chosen.weight
    for one in np.unique(fold):
        mine = (fold == one).to_numpy()
        kept = ~mine[chosen.place]
        out_of_fold = Sample(chosen.place[kept], chosen.defaulted[kept], chosen.weight[kept])
        raw[mine] = learner.fit(rows, out_of_fold).raw(rows[mine])
    known = rows["accepted"].to_numpy(bool)
    bad = rows["defaulted"].to_numpy(float)[known]
    intercept, slopes = fit_logistic(raw[known][:, None], bad, weight[known])
    return expit(intercept + slopes[0] * learner.fit(rows, chosen).raw(scored))


def simple_ranking(rows: pd.DataFrame, inputs: Inputs) -> Callable[[Sample], Array]:
    """Return a function that fits a logistic regression on ranks and gives every row's log-odds.

    A missing value stands in the middle. Texts are left out.
    """
    numbers = [name for name in inputs.names if name not in inputs.levels]
    ranks = rows[numbers].rank(pct=True).fillna(0.5).to_numpy(float)

    def refit_ranking(sample: Sample) -> Array:
        """Return the log-odds of default of every row."""
        from sklearn.linear_model import LogisticRegression

        simple = LogisticRegression(C=PENALTY, max_iter=200)
        simple.fit(ranks[sample.place], sample.defaulted, sample_weight=sample.weight)
        return np.asarray(simple.decision_function(ranks))

    return refit_ranking
