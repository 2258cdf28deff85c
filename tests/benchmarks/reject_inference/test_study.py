"""Reject inference is judged by the truth: by hand on drawn simulations, and once on a small economy."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from riskmodel.benchmarks.reject_inference import study
from riskmodel.benchmarks.reject_inference.evaluation import (
    brier,
    evaluate_methods,
    expected_to_true,
    verdict,
)
from riskmodel.benchmarks.reject_inference.methods import KNOWN, METHODS
from riskmodel.benchmarks.reject_inference.study import (
    Applicants,
    read_applicants,
    score_simulation,
)
from riskmodel.settings import default_settings
from riskmodel.simulation import write_simulation

pytestmark = pytest.mark.slow

FEW = {
    "trees.max_rounds": 30,
    "trees.learning_rate": 0.1,
    "inner_folds": 2,
    "calibration.bootstrap_draws": 20,
}


def drawn(seed: int, **methods: object) -> pd.DataFrame:
    """400 applicants whose truth is known; `accepts_only`, and all not given, see half of it."""
    rng = np.random.default_rng(seed)
    seen, hidden = rng.normal(size=(2, 400))
    truth = 1 / (1 + np.exp(2 - seen - hidden))
    half = 1 / (1 + np.exp(2 - seen))
    given = {"half": half, "truth": truth, "turned": 1 - half}
    columns = {name: given[str(methods.get(name, "half"))] for name in (*METHODS, KNOWN)}
    return pd.DataFrame(
        {
            "enterprise_id": [f"E{n // 2}" for n in range(400)],
            "accepted": seen + hidden < 0.5,
            "true_pd": truth,
            "outcome": rng.random(400) < truth,
            "propensity": np.clip(1 - half, 0.1, 0.9),
            **columns,
        }
    )


def row(table: pd.DataFrame, method: str, metric: str, population: str = "all") -> pd.Series:
    (one,) = table[
        (table["method"] == method)
        & (table["metric"] == metric)
        & (table["population"] == population)
    ].to_dict("records")
    return pd.Series(one)


def test_the_expected_brier_score_is_the_mean_over_both_outcomes() -> None:
    p, chance, weights = np.array([0.2, 0.5]), np.array([0.25, 1.0]), np.array([1.0, 3.0])
    # .25 * .64 + .75 * .04 = .19; .25
    assert brier(p, chance, weights) == pytest.approx((0.19 + 3 * 0.25) / 4, rel=1e-12)


def test_expected_to_true_is_the_mean_pd_over_the_mean_chance() -> None:
    p, chance, weights = np.array([0.2, 0.4]), np.array([0.1, 0.5]), np.array([1.0, 3.0])
    assert expected_to_true(p, chance, weights) == pytest.approx(1.4 / 1.6, rel=1e-12)


def test_methods_that_say_what_the_accepted_say_gain_exactly_nothing() -> None:
    table = evaluate_methods([drawn(1), drawn(2)], draws=30)
    fits = table[table["question"] == "fit"]
    assert set(fits["method"]) == {*METHODS, KNOWN}
    assert set(fits["population"]) == {"accepted", "rejected", "all"}
    assert (fits[["gain", "gain_low", "gain_high"]] == 0).all().all()
    assert not fits["helps"].any()
    assert verdict(table).startswith("Reject inference does not help: none of 6 methods")


def test_a_method_that_knows_the_truth_helps_and_is_named_with_its_gain() -> None:
    simulations = [drawn(seed, fuzzy="truth", **{KNOWN: "truth"}) for seed in (1, 2)]
    table = evaluate_methods(simulations, draws=30)
    for metric in ("auc", "brier"):
        assert row(table, "fuzzy", metric)["helps"]
        assert row(table, "fuzzy", metric)["gain_low"] > 0
    ratio = row(table, "fuzzy", "expected_to_true")
    assert ratio["figure"] == pytest.approx(1, rel=1e-12)
    gain = row(table, "fuzzy", "auc")["gain"]
    text = verdict(table)
    assert text.startswith("Reject inference helps by 1 of 6 methods, most by fuzzy ")
    assert f"fuzzy {gain:+.4f} AUC" in text
    assert text.endswith(f"would give {gain:+.4f}.")


def test_a_better_ranking_with_worse_probabilities_does_not_help() -> None:
    simulations = [drawn(seed, fuzzy="truth") for seed in (1, 2)]
    simulations = [
        simulation.assign(fuzzy=1 - (1 - simulation["fuzzy"]) / 4) for simulation in simulations
    ]
    table = evaluate_methods(simulations, draws=30)
    assert row(table, "fuzzy", "auc")["helps"]
    assert row(table, "fuzzy", "brier")["gain_high"] < 0
    assert verdict(table).startswith("Reject inference does not help")


def test_a_ranking_turned_round_loses_what_the_figures_say() -> None:
    table = evaluate_methods([drawn(1, parcelling="turned")], draws=30)
    base, turned = (row(table, name, "auc") for name in ("accepts_only", "parcelling"))
    assert turned["figure"] == pytest.approx(1 - base["figure"], abs=1e-12)
    assert turned["gain"] == pytest.approx(turned["figure"] - base["figure"], abs=1e-12)
    assert turned["gain_high"] < 0


def test_the_estimate_from_the_accepted_is_held_against_the_truth_of_all() -> None:
    table = evaluate_methods([drawn(seed) for seed in (1, 2, 3)], draws=30)
    of = "all, from true PDs"
    truth, alone, weighted = (
        row(table, name, "brier", of) for name in ("truth", "accepted_alone", "accepted_weighted")
    )
    # the better half is easier to foresee; those hardly accepted weigh more and make it harder
    assert alone["figure"] < weighted["figure"] < truth["figure"]
    assert weighted["gain"] == pytest.approx(weighted["figure"] - alone["figure"], abs=1e-12)
    assert truth["gain"] == pytest.approx(truth["figure"] - alone["figure"], abs=1e-12)
    assert truth["figure"] == pytest.approx(row(table, "accepts_only", "brier")["figure"])


def test_the_same_simulations_give_the_same_table() -> None:
    simulations = [drawn(1, fuzzy="truth")]
    pd.testing.assert_frame_equal(
        evaluate_methods(simulations, draws=30), evaluate_methods(simulations, draws=30)
    )


@pytest.fixture(scope="module")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("selection") / "simulation"
    write_simulation(out, enterprises=400, months=60, seed=23)
    return out


@pytest.fixture(scope="module")
def applicants(simulation: Path) -> Applicants:
    return read_applicants(simulation, default_settings())


def test_every_outcome_that_is_fitted_to_was_known_before_the_first_test(
    applicants: Applicants,
) -> None:
    first = applicants.test["as_of"].min()
    assert applicants.fit["as_of"].max() + pd.DateOffset(months=12) <= first
    assert applicants.test["as_of"].max() <= first + pd.DateOffset(months=13)


def test_nothing_but_the_truth_is_known_of_the_rejected(applicants: Applicants) -> None:
    for rows in (applicants.fit, applicants.test):
        assert 0.5 < rows["accepted"].mean() < 0.95
        assert not rows.loc[~rows["accepted"], "defaulted"].any()
    assert applicants.fit.loc[applicants.fit["accepted"], "defaulted"].any()
    true = applicants.fit.groupby("accepted")["true_pd"].mean()
    assert true[False] > 3 * true[True]


def test_a_small_economy_is_scored_by_every_method_and_judged(
    simulation: Path, applicants: Applicants, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study, "read_applicants", lambda *_: applicants)
    few = default_settings().model.with_values(FEW)
    scored = score_simulation(simulation, default_settings().with_values({"model": few}))
    assert len(scored) == len(applicants.test)
    shares = scored[[*METHODS, KNOWN, "true_pd", "propensity"]]
    assert ((shares >= 0) & (shares <= 1)).all().all()
    assert scored[[*METHODS]].nunique().min() > 10
    table = evaluate_methods([scored], draws=20)
    assert not table["figure"].isna().any()
    assert verdict(table).startswith("Reject inference ")
