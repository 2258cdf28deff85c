"""Tuning: one budget, pruned, resumable, and the same whatever happened on the way."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from riskmodel.model.inputs import Inputs
from riskmodel.model.learners.interface import LEARNERS, Learner, SearchRange
from riskmodel.model.learners.staged_fit import StagedFit
from riskmodel.model.tuning import Search, tune
from riskmodel.settings import default_settings

FOLDS = np.repeat([0, 1, 2], 20)
BEST = 3.0


def noisy(bad, sharpness):
    """Scores of the held-out rows: the outcome, blurred less where `sharpness` is larger."""
    blur = np.sin(np.arange(len(bad)) * 1.7)
    return sharpness * (2.0 * bad - 1) + 2 * blur


def fit_in_rounds(samples, inputs, settings, *, seed, threads):
    """A learner whose scores are known: sharpest at l2 = 3 after five rounds."""
    away = np.log(settings.trees.l2 / BEST) ** 2
    curve = 0.3 + away + 0.01 * (np.arange(1, settings.trees.max_rounds + 1) - 5.0) ** 2
    bad = samples[1]["defaulted"].to_numpy(bool)
    return StagedFit(curve, lambda rounds: noisy(bad, 2.0 / (1 + away)), 1.0)


KIND = Learner(
    fit=None,
    read=None,
    search_space={"trees.l2": SearchRange(0.1, 100.0, "l2")},
    fit_in_rounds=fit_in_rounds,
)


@pytest.fixture
def search():
    rows = pd.DataFrame(
        {
            "enterprise_id": [f"E{n // 2:02d}" for n in range(60)],
            "x": np.arange(60.0),
            "defaulted": np.arange(60) % 2 == 0,
        }
    )
    settings = default_settings().model.with_values(
        {"tuning.trials": 12, "trees.max_rounds": 10, "trees.l2": 50.0}
    )
    return Search(rows, FOLDS, Inputs(("x",), (0,), {}), settings, seed=7, threads=1)


def result(found):
    """The settings of the trial that is kept, and every trial."""
    return found.settings_of(found.best), found.trials


def silent(_):
    pass


def test_the_first_trial_is_the_settings_as_they_stand(search):
    trials = tune(KIND, search, (), silent).trials
    assert trials[0].params == {"trees.l2": 50.0}
    assert len(trials) == 12


def test_the_least_loss_wins_with_its_best_round(search):
    settings, trials = result(tune(KIND, search, (), silent))
    whole = [trial for trial in trials if not trial.pruned]
    assert settings.trees.l2 == min(whole, key=lambda trial: trial.losses[-1]).params["trees.l2"]
    assert abs(np.log(settings.trees.l2 / BEST)) < abs(np.log(50.0 / BEST))
    assert settings.trees.max_rounds == 5


def test_a_trial_that_lags_is_given_up_before_its_last_fold(search):
    trials = tune(KIND, search, (), silent).trials
    pruned = [trial for trial in trials if trial.pruned]
    assert pruned
    assert all(len(trial.losses) < 3 for trial in pruned)
    assert all(len(trial.losses) == 3 for trial in trials if not trial.pruned)


def test_a_search_that_was_stopped_goes_on_to_the_same_end(search):
    settings, trials = result(tune(KIND, search, (), silent))
    kept = []
    again, resumed = result(tune(KIND, search, trials[:5], kept.append))
    assert (again, resumed) == (settings, trials)
    assert kept == trials[5:]


def test_a_search_that_is_finished_learns_nothing_anew(search):
    trials = tune(KIND, search, (), silent).trials
    asleep = replace(KIND, fit_in_rounds=None)
    assert tune(asleep, search, trials, silent).trials == trials


def test_threads_change_nothing(search):
    one = result(tune(KIND, search, (), silent))
    assert result(tune(KIND, replace(search, threads=2), (), silent)) == one


def test_a_kind_without_anything_to_look_for_keeps_its_settings(search):
    kind = Learner(fit=None, read=None)
    assert tune(kind, search, (), silent) is None


def test_whole_numbers_stay_whole(search):
    kind = replace(KIND, search_space={"trees.num_leaves": SearchRange(4, 24, "leaves")})
    search = replace(search, settings=search.settings.with_values({"trees.num_leaves": 8}))
    settings, trials = result(tune(kind, search, (), silent))
    assert isinstance(settings.trees.num_leaves, int)
    assert all(4 <= trial.params["trees.num_leaves"] <= 24 for trial in trials[1:])


def test_what_no_setting_moves_is_fitted_once_a_fold(search):
    begun = []

    def prepare(rows, inputs, settings, *, seed, threads):
        begun.append(len(rows))
        return lambda own: SimpleNamespace(
            raw=lambda held: noisy(held["defaulted"].to_numpy(bool), 1 - own.trees.l2 / 200)
        )

    kind = Learner(
        fit=None,
        read=None,
        search_space={"trees.l2": SearchRange(0.1, 100.0, "l2")},
        prepare=prepare,
    )
    settings, trials = result(tune(kind, replace(search, threads=2), (), silent))
    assert begun == [40, 40, 40]
    assert len({trial.losses for trial in trials}) > 3
    assert settings.trees.l2 == min(trial.params["trees.l2"] for trial in trials)


def test_settings_of_the_scorecards_space_leave_its_bins_alone():
    rng = np.random.default_rng(2)
    x = rng.normal(size=600)
    rows = pd.DataFrame({"x": x, "defaulted": rng.random(600) < 1 / (1 + np.exp(2 - x))})
    inputs, settings = Inputs(("x",), (1,), {}), default_settings().model
    kind = LEARNERS["scorecard"]
    begun = kind.prepare(rows, inputs, settings, seed=7, threads=1)
    for name, where in kind.search_space.items():
        for end in (where.low, where.high):
            own = settings.with_values({name: end})
            anew = kind.fit(rows, inputs, own, seed=7, threads=1)
            assert begun(own).to_files() == anew.to_files()


def test_a_setting_that_is_renamed_is_drawn_as_before(search):
    """TPE draws in the order of names: without `sampler_name` the two would change places."""

    def rest(a, b):
        space = {a: SearchRange(0.1, 100.0, "l2"), b: SearchRange(0.01, 0.1, "rate")}
        alike = replace(search, settings=search.settings.with_values({b: 0.05}))
        trials = tune(replace(KIND, search_space=space), alike, (), silent).trials
        return [list(trial.params.values()) for trial in trials[1:]]

    after = rest("trees.l2", "trees.subsample")
    assert rest("trees.l2", "trees.learning_rate") == after
    assert rest("trees.l2", "trees.colsample") == after
    assert len({tuple(pair) for pair in after}) == len(after)


def test_a_trial_that_is_better_by_less_than_its_error_is_not_kept(search):
    """The scores' sharpness hardly moves with l2: whatever is least, is least by chance."""

    def hardly(samples, inputs, settings, *, seed, threads):
        bad = samples[1]["defaulted"].to_numpy(bool)
        rng = np.random.default_rng(int(settings.trees.l2 * 1e6))
        return StagedFit(np.array([0.5]), lambda rounds: bad + rng.normal(size=len(bad)))

    found = tune(replace(KIND, fit_in_rounds=hardly), search, (), silent)
    whole = [n for n, trial in enumerate(found.trials) if not trial.pruned]
    least = min(whole, key=lambda n: found.trials[n].losses[-1])
    for number in whole[1:]:
        lead = found.trials[0].losses[-1] - found.trials[number].losses[-1]
        assert found.trials[number].lead == pytest.approx(lead)
    sure = found.trials[least].lead > found.trials[least].lead_error
    assert found.best == (least if sure else 0)
    # twice as many rows that say the same are surer of it
    assert all(found.trials[n].lead_error > 0 for n in whole[1:])


def test_the_first_trial_stays_where_every_trial_is_alike(search):
    def alike(samples, inputs, settings, *, seed, threads):
        bad = samples[1]["defaulted"].to_numpy(bool)
        return StagedFit(np.array([0.5]), lambda rounds: noisy(bad, 1.0))

    assert tune(replace(KIND, fit_in_rounds=alike), search, (), silent).best == 0


def test_no_new_trial_begins_once_the_work_meets_the_budget(search):
    """Each trial of three folds takes three seconds of work."""
    for seconds, trials in ((2.0, 1), (3.0, 1), (6.5, 3), (1000.0, 12)):
        settings = search.settings.with_values({"tuning.max_seconds": seconds})
        plain = replace(KIND, plan=lambda settings, rows: ())
        found = tune(plain, replace(search, settings=settings), (), silent)
        whole = sum(trial.work for trial in found.trials[:-1])
        assert whole < seconds or len(found.trials) == 1
        assert len(found.trials) >= trials


def test_the_plan_is_tried_first_on_top_of_the_best_so_far(search):
    plan = ({"trees.l2": 3.0}, {"trees.subsample": 0.5}, {"trees.l2": 80.0})
    kind = replace(KIND, plan=lambda settings, rows: plan, planned_settings=("trees.subsample",))
    alike = replace(search, settings=search.settings.with_values({"trees.subsample": 0.9}))
    trials = tune(kind, alike, (), silent).trials
    assert [trials[n].params["trees.l2"] for n in (1, 2, 3)] == [3.0, 3.0, 80.0]
    assert trials[2].params["trees.subsample"] == 0.5


def test_losses_are_of_defaults_alone_whatever_the_level_of_the_scores(search):
    """Trees that learn from early delinquency too score higher: the level is fitted away."""
    scores = noisy(search.bad, 1.0)
    plain, moved = search.losses(scores), search.losses(2 * scores + 3)
    np.testing.assert_allclose(plain, moved, atol=1e-4)
    p = 1 / (1 + np.exp(-scores))
    raw = -np.log(np.where(search.bad, p, 1 - p))
    assert plain.mean() < raw.mean()
