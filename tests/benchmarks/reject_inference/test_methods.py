"""Reject inference: what each method makes of five accepted and five rejected, by hand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskmodel.benchmarks.reject_inference.methods import (
    FLOOR,
    METHODS,
    Observations,
    Sample,
    accepts_only,
    all_rejects_bad,
    fuzzy,
    hard_cutoff,
    inverse_propensity,
    parcelling,
    self_learning,
)
from riskmodel.benchmarks.reject_inference.models import (
    Learner,
    calibrated_pd,
    observe_applicants,
    simple_ranking,
    tune_learner,
)
from riskmodel.errors import DataError
from riskmodel.model.inputs import Inputs
from riskmodel.model.learners import trees
from riskmodel.model.tuning import mean_curve
from riskmodel.settings import Settings

ACCEPTED = np.array([True, False, True, False, True, False, True, False, True, False])
BAD = np.array([False, False, True, False, False, False, False, False, False, False])
PD = np.array([0.01, 0.10, 0.30, 0.40, 0.02, 0.20, 0.04, 0.60, 0.05, 0.50])
PROPENSITY = np.array([0.9, 0.5, 0.2, 0.1, 0.8, 0.4, 0.5, 0.02, 0.01, 0.3])


def never(_: Sample) -> np.ndarray:
    raise AssertionError("this method learns nothing anew")


SEEN = Observations(ACCEPTED, BAD, PD, PROPENSITY, never, seed=3)


def rejected_part(sample: Sample) -> list[tuple[int, bool, float]]:
    """What stands behind the five accepted rows, which every method leaves as they came."""
    assert sample.place[:5].tolist() == [0, 2, 4, 6, 8]
    assert sample.defaulted[:5].tolist() == [False, True, False, False, False]
    rest = (sample.place[5:], sample.defaulted[5:], sample.weight[5:])
    return sorted(zip(*(column.tolist() for column in rest), strict=True))


def test_accepts_only_takes_nobody_else_and_weighs_all_alike() -> None:
    sample = accepts_only(SEEN)
    assert rejected_part(sample) == []
    assert sample.weight.tolist() == [1.0] * 5


def test_an_accepted_row_weighs_the_accepted_share_over_its_propensity_held_at_the_floor() -> None:
    sample = inverse_propensity(SEEN)
    assert rejected_part(sample) == []
    # half are accepted; .01 counts as the floor of .05
    assert sample.weight == pytest.approx([0.5 / 0.9, 2.5, 0.625, 1.0, 10.0], rel=1e-12)
    assert FLOOR == 0.05


def test_the_cut_off_leaves_as_many_bad_as_their_pds_and_the_uplift_add_up_to() -> None:
    # the rejected's PDs .1 .4 .2 .6 .5 add up to 1.8, with the uplift of 1.5 to 2.7: three
    made = rejected_part(hard_cutoff(SEEN))
    assert made == [(1, False, 1), (3, True, 1), (5, False, 1), (7, True, 1), (9, True, 1)]
    assert sum(bad for _, bad, _ in rejected_part(hard_cutoff(SEEN, uplift=9.0))) == 5


def test_fuzzy_takes_each_rejected_twice_with_weights_that_add_up_to_one() -> None:
    made = rejected_part(fuzzy(SEEN))
    assert [(place, bad) for place, bad, _ in made] == [
        (place, bad) for place in (1, 3, 5, 7, 9) for bad in (False, True)
    ]
    weights = [0.9, 0.1, 0.6, 0.4, 0.8, 0.2, 0.4, 0.6, 0.5, 0.5]
    assert [weight for _, _, weight in made] == pytest.approx(weights, rel=1e-12)


def test_parcelling_goes_by_the_accepted_of_the_same_band() -> None:
    # the lower half holds the accepted 0, 4, 6, 8 without a default and the rejected 1: good.
    # In the upper half the only accepted row, 2, defaulted: with any uplift all are bad.
    made = rejected_part(parcelling(SEEN, uplift=1.0, bands=2))
    assert [bad for _, bad, _ in made] == [False, True, True, True, True]


def test_a_band_without_accepted_rows_goes_by_its_mean_pd() -> None:
    nobody = replace(SEEN, accepted=ACCEPTED & (PD < 0.3), defaulted=np.zeros(10, bool))
    made = parcelling(nobody, uplift=1.0, bands=2)
    # the upper half, all five rejected: .3 .4 .2 .6 .5 average .4, so two are drawn as bad
    assert made.defaulted.sum() == 2
    assert (PD[made.place[made.defaulted]] >= 0.2).all()


def test_parcelling_draws_the_same_rows_for_the_same_seed() -> None:
    one, same = (parcelling(SEEN, uplift=0.5, bands=1) for _ in range(2))
    assert one.defaulted.tolist() == same.defaulted.tolist()


def test_all_rejects_may_be_called_bad() -> None:
    assert rejected_part(all_rejects_bad(SEEN)) == [(n, True, 1.0) for n in (1, 3, 5, 7, 9)]


def test_self_learning_labels_the_extremes_of_those_neither_most_nor_least_like_the_accepted() -> (
    None
):
    n = 50
    propensity = np.arange(n + 10) / 100
    accepted = np.arange(n + 10) >= n
    asked: list[int] = []

    def by_number(sample: Sample) -> np.ndarray:
        asked.append(len(sample.place))
        return np.arange(n + 10.0)

    seen = Observations(accepted, np.zeros(n + 10, bool), propensity, propensity, by_number, seed=3)
    sample = self_learning(seen)
    # rejected 0-49, tenths set aside at both ends: 5-44; a round takes 4 good and 8 bad
    assert asked == [10, 22, 34]
    labels = dict(zip(sample.place[10:].tolist(), sample.defaulted[10:].tolist(), strict=True))
    assert labels == dict.fromkeys(range(5, 17), False) | dict.fromkeys(range(21, 45), True)


@pytest.mark.parametrize("accepted", [np.zeros(10, bool), np.ones(10, bool)])
def test_without_both_decisions_there_is_nothing_to_infer(accepted: np.ndarray) -> None:
    with pytest.raises(DataError, match="of 10 accepted"):
        replace(SEEN, accepted=accepted)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**31), st.integers(12, 60))
def test_no_method_reads_an_outcome_of_the_rejected(seed: int, rows: int) -> None:
    rng = np.random.default_rng(seed)
    accepted = rng.permutation(rows) < rows // 2
    seen = Observations(
        accepted, rng.random(rows) < 0.3, rng.random(rows), rng.random(rows),
        lambda sample: np.bincount(sample.place, weights=sample.defaulted, minlength=rows), seed,
    )  # fmt: skip
    turned = replace(seen, defaulted=np.where(accepted, seen.defaulted, ~seen.defaulted))
    for method in METHODS.values():
        one, other = method(seen), method(turned)
        assert one.place.tolist() == other.place.tolist()
        assert one.defaulted.tolist() == other.defaulted.tolist()
        assert one.weight.tolist() == other.weight.tolist()
        assert (one.weight >= 0).all()
        assert accepted[one.place[: accepted.sum()]].all()


INPUTS = Inputs(("arrears", "exports"), (1, 0), {})


def applicants(rows: int = 1200) -> pd.DataFrame:
    """Arrears raise the risk; a bank accepts the better half by arrears and its own knowledge."""
    rng = np.random.default_rng(5)
    arrears, hidden = rng.normal(size=(2, rows))
    accepted = arrears + hidden < 0.3
    bad = rng.random(rows) < 1 / (1 + np.exp(2.2 - arrears - hidden))
    exports = rng.normal(size=rows)
    return pd.DataFrame(
        {"arrears": arrears, "exports": exports, "accepted": accepted, "defaulted": bad & accepted}
    )


@pytest.fixture(scope="module")
def drawn() -> tuple[pd.DataFrame, pd.Series]:
    rows = applicants()
    return rows, pd.Series(np.arange(len(rows)) % 3)


@pytest.fixture(scope="module")
def learner(settings: Settings, drawn: tuple[pd.DataFrame, pd.Series]) -> Learner:
    return tune_learner(*drawn, INPUTS, settings.model, seed=3)


def test_what_is_seen_of_a_fold_comes_from_models_that_saw_nothing_of_it(
    drawn: tuple[pd.DataFrame, pd.Series], learner: Learner
) -> None:
    rows, fold = drawn
    seen = observe_applicants(rows, fold, learner)
    mine = fold == 1
    turned = rows.assign(defaulted=rows["defaulted"] ^ (mine & rows["accepted"]))
    turned = turned.assign(accepted=turned["accepted"] & ~(mine & (rows.index % 2 == 0)))
    again = observe_applicants(turned, fold, learner)
    assert again.pd_12m[mine].tolist() == seen.pd_12m[mine].tolist()
    assert again.propensity[mine].tolist() == seen.propensity[mine].tolist()
    assert again.pd_12m[~mine].tolist() != seen.pd_12m[~mine].tolist()


def test_the_propensity_falls_with_what_the_bank_dislikes(
    drawn: tuple[pd.DataFrame, pd.Series], learner: Learner
) -> None:
    seen = observe_applicants(*drawn, learner)
    arrears = drawn[0]["arrears"].to_numpy()
    assert seen.propensity[arrears < -1].mean() > 0.8
    assert seen.propensity[arrears > 1].mean() < 0.4


def test_a_row_of_weight_two_counts_as_two_rows(
    drawn: tuple[pd.DataFrame, pd.Series], learner: Learner
) -> None:
    rows = drawn[0]
    place = np.flatnonzero(rows["accepted"])
    bad = rows["defaulted"].to_numpy(bool)[place]
    heavy = np.where(bad, 6.0, 1.0)
    alike, weighed = (
        learner.fit(rows, Sample(place, bad, w)) for w in (np.ones(len(place)), heavy)
    )
    # six times the defaulters' weight: about ln 6 more in the log-odds
    shift = (weighed.raw(rows) - alike.raw(rows)).mean()
    assert shift == pytest.approx(np.log(6), abs=0.35)


def test_calibration_brings_the_level_back_to_the_outcomes_of_the_accepted(
    drawn: tuple[pd.DataFrame, pd.Series], learner: Learner
) -> None:
    rows, fold = drawn
    everyone = all_rejects_bad(observe_applicants(rows, fold, learner))
    p = calibrated_pd((rows, rows), everyone, fold, learner)
    uncalibrated = 1 / (1 + np.exp(-learner.fit(rows, everyone).raw(rows)))
    accepted = rows["accepted"].to_numpy()
    rate = rows.loc[accepted, "defaulted"].mean()
    assert uncalibrated[accepted].mean() > 2 * rate
    assert p[accepted].mean() == pytest.approx(rate, rel=0.15)


def test_the_simple_model_follows_its_sample_and_knows_no_text() -> None:
    rows = pd.DataFrame({"x": [1.0, 2.0, np.nan, 4.0], "kind": ["a", "b", "a", "b"]})
    ranked = simple_ranking(rows, Inputs(("x", "kind"), (1, 0), {"kind": ("a", "b")}))
    up = ranked(Sample(np.array([0, 3]), np.array([False, True]), np.ones(2)))
    down = ranked(Sample(np.array([0, 3]), np.array([True, False]), np.ones(2)))
    assert up[0] < up[2] < up[3]
    assert down == pytest.approx(-up, abs=1e-6)


def test_without_a_default_among_the_accepted_nothing_is_fitted(
    settings: Settings, drawn: tuple[pd.DataFrame, pd.Series]
) -> None:
    rows, fold = drawn
    with pytest.raises(DataError, match=r"0 of \d+ accepted defaulted"):
        tune_learner(rows.assign(defaulted=False), fold, INPUTS, settings.model, seed=3)


def test_the_rounds_are_those_of_the_least_loss_over_the_folds(
    settings: Settings, drawn: tuple[pd.DataFrame, pd.Series], learner: Learner
) -> None:
    rows, fold = drawn
    both = (rows[rows["accepted"]], rows.assign(defaulted=rows["accepted"]))
    for label, found in zip(both, (learner.rounds, learner.acceptance_rounds), strict=True):
        inputs = INPUTS if label is both[0] else INPUTS.without_signs()
        of = fold[label.index]
        curves = [
            trees.fit_in_rounds(
                (label[of != k], label[of == k]), inputs, settings.model.trees, seed=3, threads=1
            ).curve
            for k in range(3)
        ]
        assert found == int(np.argmin(mean_curve(curves))) + 1
    assert learner.rounds < learner.acceptance_rounds
