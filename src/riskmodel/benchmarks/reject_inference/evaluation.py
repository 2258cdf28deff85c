"""Evaluation of reject inference: PDs and estimates from the accepted, compared with the truth."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pandas as pd

from riskmodel.benchmarks.reject_inference import accepted_performance
from riskmodel.benchmarks.reject_inference.methods import BASE, KNOWN, METHODS
from riskmodel.statistics.bootstrap import bootstrap_weights, percentile_interval
from riskmodel.statistics.discrimination import auc
from riskmodel.statistics.logistic import Array

DRAWS = 200
ALONE, WEIGHTED, TRUTH = "accepted_alone", "accepted_weighted", "truth"
COLUMNS = ["question", "method", "population", "metric"]
FIGURES = ["figure", "low", "high", "gain", "gain_low", "gain_high", "helps"]

Figure = Callable[[Array, Array, Array], float]


def brier(pd_12m: Array, chance: Array, weights: Array) -> float:
    """Return the expected Brier score where outcomes come with these chances (or are 0 and 1)."""
    distance = chance * (1 - pd_12m) ** 2 + (1 - chance) * pd_12m**2
    return float(np.average(distance, weights=weights))


def expected_to_true(pd_12m: Array, chance: Array, weights: Array) -> float:
    """Return the mean PD over the mean chance: 1 is right, below 1 the PDs are too low."""
    return float(np.average(pd_12m, weights=weights) / np.average(chance, weights=weights))


METRICS: Mapping[str, tuple[Figure, Callable[[Array], Array]]] = MappingProxyType(
    {
        "auc": (auc, np.negative),
        "brier": (brier, np.positive),
        "expected_to_true": (expected_to_true, lambda ratio: np.abs(np.log(ratio))),
    }
)
"""Each metric, and the loss that is to be small. A default counts with its chance: the AUC weighs each
applicant as a defaulter by its true PD, and as another by the rest."""


def evaluate_methods(
    simulations: Sequence[pd.DataFrame], *, draws: int = DRAWS, seed: int = 7
) -> pd.DataFrame:
    """Evaluate every method of reject inference over simulations.

    Columns: question, method, population, metric, figure, low, high, gain, gain_low, gain_high, helps.

    `simulations`: enterprise_id, accepted, true_pd, outcome, propensity, a column a method. Figures are
    means over simulations; intervals are 95 %, enterprises drawn anew in every simulation. Question `fit`: a
    method's PDs on the rejected and on all applicants; its gain over the accepted alone is positive
    where it is better. Question `evaluate`: what the accepted say of the `accepts_only` model on
    all applicants; the gain is how much nearer weighting brings the estimate to the truth.
    `helps` where the lower end of the gain is above 0.
    """
    weights = [_weights(simulation, draws, seed) for simulation in simulations]
    lines = [*_fits(simulations, weights), *_evaluations(simulations, weights)]
    return pd.DataFrame(lines, columns=[*COLUMNS, *FIGURES])


def verdict(table: pd.DataFrame) -> str:
    """Say in a sentence whether reject inference helps.

    It helps where a method ranks all applicants better than the accepted alone, and its PDs are
    not worse.
    """
    rows = table[(table["question"] == "fit") & (table["population"] == "all")]
    ranks = rows[rows["metric"] == "auc"].set_index("method").astype({"gain": float})
    most_brier = rows[rows["metric"] == "brier"].set_index("method")["gain_high"]
    tried = ranks.drop(index=[BASE, KNOWN])
    better = tried[tried["helps"].astype(bool) & (most_brier.reindex(tried.index) >= 0)]
    best = (tried if better.empty else better).nlargest(1, "gain").iloc[0]
    best_text = (
        f"{best.name} {best['gain']:+.4f} AUC on all applicants ({best['gain_low']:+.4f} to"
        f" {best['gain_high']:+.4f}); knowing every outcome would give"
        f" {ranks['gain'][KNOWN]:+.4f}"
    )
    if better.empty:
        return f"Reject inference does not help: none of {len(tried)} methods; nearest {best_text}."
    return f"Reject inference helps by {len(better)} of {len(tried)} methods, most by {best_text}."


def _weights(simulation: pd.DataFrame, draws: int, seed: int) -> list[Array]:
    """Return weights of one for every row, then the draws of the bootstrap."""
    drawn = bootstrap_weights(simulation["enterprise_id"], draws, seed)
    return [np.ones(len(simulation)), *drawn]


def _figures(figure: Figure, pd_12m: Array, chance: Array, weights: Sequence[Array]) -> Array:
    """Return the metric under each of the weights; NaN where a draw leaves no chance of a default."""
    return np.array(
        [figure(pd_12m, chance, w) if (w * chance).sum() > 0 else float("nan") for w in weights]
    )


def _fits(
    simulations: Sequence[pd.DataFrame], weights: Sequence[list[Array]]
) -> Iterator[tuple[object, ...]]:
    for metric, (figure, loss) in METRICS.items():
        for population in ("accepted", "rejected", "all"):
            found = {
                name: _over_simulations(simulations, weights, figure, population, name)
                for name in (*METHODS, KNOWN)
            }
            losses = {name: loss(values) for name, values in found.items()}
            for name, values in found.items():
                gain = (losses[BASE] - losses[name]).mean(axis=0)
                yield (
                    "fit",
                    name,
                    population,
                    metric,
                    *_point_and_interval(values.mean(axis=0), gain),
                )


def _over_simulations(
    simulations: Sequence[pd.DataFrame],
    weights: Sequence[list[Array]],
    figure: Figure,
    population: str,
    name: str,
) -> Array:
    """Return a metric by simulation, the point first, then the draws."""
    found = []
    for simulation, drawn in zip(simulations, weights, strict=True):
        accepted = simulation["accepted"].to_numpy(bool)
        there = {"accepted": accepted, "rejected": ~accepted}.get(population, accepted | ~accepted)
        p, chance = (simulation[column].to_numpy(float)[there] for column in (name, "true_pd"))
        found.append(_figures(figure, p, chance, [w[there] for w in drawn]))
    return np.array(found)


def _evaluations(
    simulations: Sequence[pd.DataFrame], weights: Sequence[list[Array]]
) -> Iterator[tuple[object, ...]]:
    """Yield estimates from the accepted, by drawn outcomes and by true PDs."""
    for of, outcome in (("all, from outcomes", "outcome"), ("all, from true PDs", "true_pd")):
        for metric, (figure, loss) in METRICS.items():
            found = np.array(
                [
                    _estimates(simulation, drawn, figure, outcome)
                    for simulation, drawn in zip(simulations, weights, strict=True)
                ]
            )
            errors = np.abs(loss(found) - loss(found[:, :1]))
            for place, name in enumerate((TRUTH, ALONE, WEIGHTED)):
                gain = (errors[:, 1] - errors[:, place]).mean(axis=0)
                yield (
                    "evaluate",
                    name,
                    of,
                    metric,
                    *_point_and_interval(found[:, place].mean(axis=0), gain),
                )


def _estimates(
    simulation: pd.DataFrame, weights: Sequence[Array], figure: Figure, outcome: str
) -> list[Array]:
    """Return the truth of all applicants, of the accepted alone and of the weighted, by draw."""
    there, p = simulation["accepted"].to_numpy(bool), simulation[BASE].to_numpy(float)
    truth, seen = simulation["true_pd"].to_numpy(float), simulation[outcome].to_numpy(float)[there]
    standing_for = accepted_performance.compute_weights(
        simulation["propensity"].to_numpy(float), there
    ).weights
    accepted = [w[there] for w in weights]
    return [
        _figures(figure, p, truth, weights),
        _figures(figure, p[there], seen, accepted),
        _figures(figure, p[there], seen, [w * standing_for for w in accepted]),
    ]


def _point_and_interval(values: Array, gain: Array) -> tuple[float | bool, ...]:
    """Return the point (the first entry) and interval of a metric and its gain, and whether it helps."""
    low, high = percentile_interval(gain[1:].tolist())
    return (
        float(values[0]),
        *percentile_interval(values[1:].tolist()),
        float(gain[0]),
        low,
        high,
        bool(low > 0),
    )
