"""Reject inference: what to fit on where outcomes exist for the accepted only.

A method turns what is seen of the applicants into the rows, outcomes and weights that a model is
fitted to. None of them adds knowledge: each adds an assumption about the rejected (Hand and Henley
1993, "Can reject inference ever work?"), so whether one helps is a question to measure.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from riskmodel.errors import DataError

BASE = "accepts_only"
"""The method that the others are compared with."""
KNOWN = "all_outcomes_known"
"""For comparison, where a truth is known: fitted to the rejected's outcomes too. No bound: a default
is rare, and the refusals of a bank that sees more than the features may tell more of the risk."""

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]

FLOOR = 0.05
"""Propensities below it count as it: no accepted applicant speaks for more than twenty. Trimming
at a small share is what keeps a few rows from deciding everything (Lee, Lessler and Stuart 2011)."""
UPLIFT = 1.5
"""Factor of the rejected's risk to that of the accepted of the same score: the bank saw more
than the score does. A judgement, as in every use of parcelling (Anderson 2007)."""
BANDS = 10
ROUNDS = 3
"""Times that self-learning labels more of the rejected."""
EXTREME = 0.1
"""The share of the best rejected that a round of self-learning calls good."""
WORST = 2.0
"""The worst labelled bad, for each best one labelled good."""
UNLIKE = 0.1
"""The share of the rejected least and most like the accepted, which self-learning leaves out."""


@dataclass(frozen=True)
class Sample:
    """Rows to fit a model to: places of applicants (one may stand twice), outcomes and weights."""

    place: Places
    defaulted: Bools
    weight: Array


@dataclass(frozen=True)
class Observations:
    """Observations of the applicants, an entry each.

    `defaulted` counts for the accepted only. `pd_12m` is that of a model of the accepted that was
    not fitted on the applicant's own outcome; `propensity` the chance of being accepted, given what was known at
    the application. `refit_ranking` fits a simple model to a sample and ranks all applicants by it: it
    must not be the model that is fitted in the end, or self-learning confirms its own errors.
    """

    accepted: Bools
    defaulted: Bools
    pd_12m: Array
    propensity: Array
    refit_ranking: Callable[[Sample], Array]
    seed: int

    def __post_init__(self) -> None:
        if not self.accepted.any() or self.accepted.all():
            raise DataError(
                f"applications: {int(self.accepted.sum())} of {len(self.accepted)} accepted;"
                " reject inference needs accepted and rejected ones."
            )


Method = Callable[[Observations], Sample]


def accepts_only(observations: Observations) -> Sample:
    """Take the accepted as they came: the base of every comparison."""
    place = np.flatnonzero(observations.accepted)
    return Sample(place, observations.defaulted[place], np.ones(len(place)))


def inverse_propensity(observations: Observations) -> Sample:
    """Weight each accepted applicant by P(accepted) / propensity, for the applicants like it.

    Stabilised (Robins, Hernán and Brumback 2000) and trimmed at `FLOOR`. With the propensity by
    bands of a score this is augmentation (Hsia 1978; Banasik and Crook 2007). Right where acceptance
    depends on nothing but what is known.
    """
    place = np.flatnonzero(observations.accepted)
    weight = observations.accepted.mean() / np.maximum(observations.propensity[place], FLOOR)
    return Sample(place, observations.defaulted[place], weight)


def hard_cutoff(observations: Observations, uplift: float = UPLIFT) -> Sample:
    """Add the rejected, called bad above a cut-off of their PD and good below it.

    The cut-off leaves as many bad as their PDs, times `uplift`, add up to (Anderson 2007).
    """
    rejected = np.flatnonzero(~observations.accepted)
    bad = _worst(observations.pd_12m[rejected], uplift * float(observations.pd_12m[rejected].sum()))
    return _with(observations, rejected, bad)


def fuzzy(observations: Observations) -> Sample:
    """Add each rejected applicant twice: bad with the weight of its PD, good with the rest.

    Fuzzy augmentation (Anderson 2007). It repeats to the model what the model said.
    """
    rejected = np.flatnonzero(~observations.accepted)
    pd_12m = observations.pd_12m[rejected]
    bad = np.repeat([True, False], len(rejected))
    return _with(observations, np.tile(rejected, 2), bad, np.concatenate([pd_12m, 1 - pd_12m]))


def parcelling(observations: Observations, uplift: float = UPLIFT, bands: int = BANDS) -> Sample:
    """Add the rejected, drawn as bad at `uplift` times the default rate of the accepted of their band.

    Parcelling (Anderson 2007).

    Bands hold equal numbers of applicants; one without accepted rows goes by its mean PD.
    """
    edges = np.quantile(observations.pd_12m, np.linspace(0, 1, bands + 1)[1:-1])
    band = np.searchsorted(edges, observations.pd_12m, side="right")
    rejected = np.flatnonzero(~observations.accepted)
    bad = np.zeros(len(rejected), dtype=np.bool_)
    rng = np.random.default_rng([observations.seed, 1])
    for one in range(bands):
        inside, known = np.flatnonzero(band[rejected] == one), (band == one) & observations.accepted
        if not len(inside):
            continue
        rate = (
            observations.defaulted[known] if known.any() else observations.pd_12m[rejected[inside]]
        )
        count = round(min(1.0, uplift * float(rate.mean())) * len(inside))
        bad[rng.permutation(inside)[:count]] = True
    return _with(observations, rejected, bad)


def all_rejects_bad(observations: Observations) -> Sample:
    """Add every rejected applicant as bad: the model then learns the bank's decisions too.

    It helps as far as the bank saw risk that the features do not show, and harms as far as it
    refused for other reasons. Its level is far too high until it is calibrated on the accepted.
    """
    rejected = np.flatnonzero(~observations.accepted)
    return _with(observations, rejected, np.ones(len(rejected), dtype=np.bool_))


def self_learning(observations: Observations) -> Sample:
    """Add the rejected that a simple model is surest of.

    Self-learning aware of the bias (Kozodoi, Lessmann, Alamgir, Moreira-Matias and
    Papakonstantinou 2024, "Fighting sampling bias"), in short: the rejected most and least like the
    accepted are set aside (by propensity; the paper isolates them by forest); in each of `ROUNDS`
    rounds the simple model, fitted to all that is labelled, calls the best `EXTREME` of the others
    good and `WORST` times as many of the worst bad.
    """
    rejected = np.flatnonzero(~observations.accepted)
    low, high = np.quantile(observations.propensity[rejected], [UNLIKE, 1 - UNLIKE])
    able = (observations.propensity[rejected] >= low) & (observations.propensity[rejected] <= high)
    left = rejected[able]
    sample = accepts_only(observations)
    count = int(EXTREME * len(left))
    for _ in range(ROUNDS if count else 0):
        order = left[np.argsort(observations.refit_ranking(sample)[left], kind="stable")]
        good, bad = order[:count], order[len(order) - round(WORST * count) :]
        sample = Sample(
            np.concatenate([sample.place, good, bad]),
            np.concatenate([sample.defaulted, np.repeat([False, True], [len(good), len(bad)])]),
            np.ones(len(sample.place) + len(good) + len(bad)),
        )
        left = order[count : len(order) - len(bad)]
    return sample


METHODS: Mapping[str, Method] = MappingProxyType(
    {
        BASE: accepts_only,
        "inverse_propensity": inverse_propensity,
        "hard_cutoff": hard_cutoff,
        "fuzzy": fuzzy,
        "parcelling": parcelling,
        "all_rejects_bad": all_rejects_bad,
        "self_learning": self_learning,
    }
)
"""Every method by its name."""


def _worst(pd_12m: Array, count: float) -> Bools:
    """Mark the `count` highest, at most all; the earlier row of equals first."""
    bad = np.zeros(len(pd_12m), dtype=np.bool_)
    bad[np.argsort(-pd_12m, kind="stable")[: round(count)]] = True
    return bad


def _with(
    observations: Observations, rejected: Places, bad: Bools, weight: Array | None = None
) -> Sample:
    """Append the rejected, with the outcomes given them, to the accepted."""
    base = accepts_only(observations)
    more = np.ones(len(rejected)) if weight is None else weight
    return Sample(
        np.concatenate([base.place, rejected]),
        np.concatenate([base.defaulted, bad]),
        np.concatenate([base.weight, more]),
    )
