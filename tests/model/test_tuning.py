"""Tuning: one budget, pruned, resumable, and the same whatever happened on the way."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from riskmodel.model.inputs import Inputs
from riskmodel.model.learners.interface import LEARNERS, Learner, SearchRange
from riskmodel.model.tuning import Search, tune
from riskmodel.settings import default_settings

FOLDS = np.repeat([0, 1, 2], 20)
BEST = 3.0


def losses(samples, inputs, settings, *, seed, threads):
    """A learner whose loss is known: least at l2 = 3 after five rounds."""
    away = np.log(settings.trees.l2 / BEST) ** 2
    return 0.3 + away + 0.01 * (np.arange(1, settings.trees.max_rounds + 1) - 5.0) ** 2


KIND = Learner(
    fit=None, read=None, search_space={"trees.l2": SearchRange(0.1, 100.0, "l2")}, losses=losses
)


@pytest.fixture
def search():
    rows = pd.DataFrame({"x": np.arange(60.0), "defaulted": np.arange(60) % 2 == 0})
    settings = default_settings().model.with_values(
        {"tuning.trials": 12, "trees.max_rounds": 10, "trees.l2": 50.0}
    )
    return Search(rows, FOLDS, Inputs(("x",), (0,), {}), settings, seed=7, threads=1)


def silent(_):
    pass


def test_the_first_trial_is_the_settings_as_they_stand(search):
    _, trials = tune(KIND, search, (), silent)
    assert trials[0].params == {"trees.l2": 50.0}
    assert len(trials) == 12


def test_the_least_loss_wins_with_its_best_round(search):
    settings, trials = tune(KIND, search, (), silent)
    whole = [trial for trial in trials if not trial.pruned]
    assert settings.trees.l2 == min(whole, key=lambda trial: trial.losses[-1]).params["trees.l2"]
    assert abs(np.log(settings.trees.l2 / BEST)) < abs(np.log(50.0 / BEST))
    assert settings.trees.max_rounds == 5


def test_a_trial_that_lags_is_given_up_before_its_last_fold(search):
    _, trials = tune(KIND, search, (), silent)
    pruned = [trial for trial in trials if trial.pruned]
    assert pruned
    assert all(len(trial.losses) < 3 for trial in pruned)
    assert all(len(trial.losses) == 3 for trial in trials if not trial.pruned)


def test_a_search_that_was_stopped_goes_on_to_the_same_end(search):
    settings, trials = tune(KIND, search, (), silent)
    kept = []
    again, resumed = tune(KIND, search, trials[:5], kept.append)
    assert (again, resumed) == (settings, trials)
    assert kept == trials[5:]


def test_a_search_that_is_finished_learns_nothing_anew(search):
    _, trials = tune(KIND, search, (), silent)
    asleep = replace(KIND, losses=None)
    assert tune(asleep, search, trials, silent)[1] == trials


def test_threads_change_nothing(search):
    one = tune(KIND, search, (), silent)
    assert tune(KIND, replace(search, threads=2), (), silent) == one


def test_a_kind_without_anything_to_look_for_keeps_its_settings(search):
    kind = Learner(fit=None, read=None)
    assert tune(kind, search, (), silent) == (search.settings, [])


def test_whole_numbers_stay_whole(search):
    kind = replace(KIND, search_space={"trees.num_leaves": SearchRange(4, 24, "leaves")})
    settings, trials = tune(kind, search, (), silent)
    assert isinstance(settings.trees.num_leaves, int)
    assert all(4 <= trial.params["trees.num_leaves"] <= 24 for trial in trials[1:])


def test_what_no_setting_moves_is_fitted_once_a_fold(search):
    begun = []

    def prepare(rows, inputs, settings, *, seed, threads):
        begun.append(len(rows))
        return lambda own: SimpleNamespace(raw=lambda held: np.full(len(held), own.trees.l2 / 100))

    kind = Learner(
        fit=None,
        read=None,
        search_space={"trees.l2": SearchRange(0.1, 100.0, "l2")},
        prepare=prepare,
    )
    settings, trials = tune(kind, replace(search, threads=2), (), silent)
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
        _, trials = tune(replace(KIND, search_space=space), alike, (), silent)
        return [list(trial.params.values()) for trial in trials[1:]]

    after = rest("trees.l2", "trees.subsample")
    assert rest("trees.l2", "trees.learning_rate") == after
    assert rest("trees.l2", "trees.colsample") == after
    assert len({tuple(pair) for pair in after}) == len(after)
