"""Study of reject inference: every method beside the accepted alone, on a fictional economy.

Outcomes are seen of the accepted; only a fictional economy also knows what is true of the rejected,
at the limit that the policy would have given them.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

from riskmodel import datasets, features
from riskmodel.benchmarks.reject_inference.evaluation import evaluate_methods, verdict
from riskmodel.benchmarks.reject_inference.methods import KNOWN, METHODS, Sample
from riskmodel.benchmarks.reject_inference.models import (
    calibrated_pd,
    observe_applicants,
    tune_learner,
)
from riskmodel.datasets.splits import folds
from riskmodel.features.spec import FeatureDefinition
from riskmodel.model.directions import prepare_inputs
from riskmodel.progress import Progress
from riskmodel.settings import Settings, default_settings
from riskmodel.sources.folder import accept_reading, read_folder
from riskmodel.statistics.logistic import Array, expit

MONTHS = 72
OUTER, INNER, CALIBRATION = 3, 4, 2
"""Folds by enterprise: to evaluate, for out-of-fold PDs inside the fit rows, and to calibrate."""


class WriteSimulation(Protocol):
    """Writes a fictional economy to a folder."""

    def __call__(self, out: Path, *, enterprises: int, months: int, seed: int) -> None:
        """A source folder with `truth/` beside its tables."""


@dataclass(frozen=True)
class Applicants:
    """Applications that a bank decided on, those of the last twelve months apart.

    `fit` and `test`: enterprise_id, as_of, accepted, defaulted (false where not accepted), true_pd,
    features. The outcomes of the fit rows were known before the first test row.
    """

    fit: pd.DataFrame
    test: pd.DataFrame
    definitions: tuple[FeatureDefinition, ...]


def bench_reject_inference(
    enterprises: int, seeds: Sequence[int], write: WriteSimulation, progress: Progress
) -> pd.DataFrame:
    """The table of `judged` over simulations of so many enterprises and these seeds, their verdict told."""
    simulations, settings = [], default_settings()
    for seed in seeds:
        with TemporaryDirectory() as folder:
            simulation = Path(folder) / "simulation"
            write(simulation, enterprises=enterprises, months=MONTHS, seed=seed)
            progress(f"simulation {seed} written")
            simulations.append(score_simulation(simulation, settings, progress))
    table = evaluate_methods(simulations)
    progress(verdict(table))
    return table


def score_simulation(
    simulation: Path, settings: Settings, progress: Progress = lambda _: None
) -> pd.DataFrame:
    """Score the test applications of a written simulation by every method.

    Columns: enterprise_id, accepted, true_pd, outcome (drawn from it), propensity, and the PD of
    every method in a column of its name.

    Fitted on the earlier applications of the other enterprises.
    """
    applicants = read_applicants(simulation, settings)
    rng = np.random.default_rng(settings.run.seed)
    fold = folds(pd.concat([applicants.fit, applicants.test])["enterprise_id"], OUTER, rng)
    of_fit = fold.to_numpy()[: len(applicants.fit)]
    of_test = fold.to_numpy()[len(applicants.fit) :]

    def score_fold(one: int) -> pd.DataFrame:
        """Score the test rows of a fold by models of the other folds."""
        fit = applicants.fit[of_fit != one].reset_index(drop=True)
        found = _score_methods(
            fit, applicants.test[of_test == one], applicants.definitions, settings
        )
        progress(f"a fold of {OUTER} scored by {len(METHODS)} methods")
        return found

    with ThreadPoolExecutor(settings.run.threads) as pool:
        every = pd.concat(pool.map(score_fold, range(OUTER)))
    scored = every.sort_values(["enterprise_id", "as_of"], ignore_index=True)
    return scored.assign(outcome=rng.random(len(scored)) < scored["true_pd"])


def read_applicants(simulation: Path, settings: Settings) -> Applicants:
    """Read the applicants of a written simulation, with features of that day and their true PD."""
    source = accept_reading(read_folder(simulation, settings.sources), settings.sources).source
    dataset_settings = settings.datasets.with_values({"population": "applicants"})
    population = datasets.population(
        source, dataset_settings, datasets.find_last_as_of(source, dataset_settings)
    )
    asked = _select_decisions(datasets.current_rows(source, "applications"), _truth(simulation))
    key = ["enterprise_id", "as_of"]
    known = population.labelled[[*key, "defaulted", "label_known_on"]]
    asked = asked.merge(known, on=key, how="left", validate="1:1")
    test_from = asked["as_of"].max() - pd.DateOffset(months=12)
    late = asked["as_of"] >= test_from
    asked = asked[late | (asked["label_known_on"] <= test_from)]
    found = features.compute(source, asked[key], settings.features, threads=settings.run.threads)
    rows = asked.drop(columns="label_known_on").merge(found.frame, on=key, validate="1:1")
    # an outcome is read where the applicant was accepted, and nowhere else
    outcome = rows["defaulted"].astype("boolean").fillna(False).astype(bool) & rows["accepted"]
    rows, test = rows.assign(defaulted=outcome), rows["as_of"] >= test_from
    return Applicants(
        rows[~test].reset_index(drop=True), rows[test].reset_index(drop=True), found.definitions
    )


def _select_decisions(applications: pd.DataFrame, truth: pd.DataFrame) -> pd.DataFrame:
    """Select the applications that a bank accepted or declined, with their true PD."""
    both = applications.merge(truth, on="application_id", validate="1:1")
    both = both[both["decision"].isin(["accept", "decline"])]
    both = both.assign(accepted=both["decision"] == "accept", as_of=both["applied_on"])
    return both[["enterprise_id", "as_of", "accepted", "true_pd"]]


def _truth(simulation: Path) -> pd.DataFrame:
    """application_id, true_pd: at the limit that the policy gave, or would have given."""
    path = simulation / "truth" / "applications"
    path = path if path.exists() else path.with_suffix(".parquet")
    rows: pd.DataFrame = pq.read_table(path, columns=["application_id", "pd_12m"]).to_pandas()
    return rows.rename(columns={"pd_12m": "true_pd"})


def _score_methods(
    fit: pd.DataFrame,
    test: pd.DataFrame,
    definitions: tuple[FeatureDefinition, ...],
    settings: Settings,
) -> pd.DataFrame:
    """Score the test rows by every method, fitted on the fit rows."""
    rng = np.random.default_rng(settings.run.seed)
    fold = folds(fit["enterprise_id"], INNER, rng)
    inputs = prepare_inputs(fit[fit["accepted"]], definitions, settings.model)
    learner = tune_learner(fit, fold, inputs, settings.model, settings.run.seed)
    observations = observe_applicants(fit, fold, learner)
    samples = {name: method(observations) for name, method in METHODS.items()}
    samples[KNOWN] = _all_known(fit, rng)
    columns: dict[str, Array] = {
        name: calibrated_pd((fit, test), sample, fold % CALIBRATION, learner)
        for name, sample in samples.items()
    }
    columns["propensity"] = expit(learner.acceptance(fit).raw(test))
    return test[["enterprise_id", "as_of", "accepted", "true_pd"]].assign(**columns)


def _all_known(fit: pd.DataFrame, rng: np.random.Generator) -> Sample:
    """Take all applicants: the accepted's own outcomes, the rejected's drawn from the truth."""
    drawn = rng.random(len(fit)) < fit["true_pd"].to_numpy(float)
    bad = np.where(fit["accepted"], fit["defaulted"], drawn).astype(bool)
    return Sample(np.arange(len(fit)), bad, np.ones(len(fit)))
