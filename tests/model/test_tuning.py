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


def losses(samples, inputs, how, *, seed, threads):
    """A learner whose loss is known: least at l2 = 3 after five rounds."""
    away = np.log(how.l2 / BEST) ** 2
    return 0.3 + away + 0.01 * (np.arange(1, how.trees + 1) - 5.0) ** 2


KIND = Learner(learn=None, read=None, space={"l2": SearchRange(0.1, 100.0)}, losses=losses)


@pytest.fixture
def search():
    rows = pd.DataFrame({"x": np.arange(60.0), "defaulted": np.arange(60) % 2 == 0})
    how = default_settings().model.model_copy(update={"trials": 12, "trees": 10, "l2": 50.0})
    return Search(rows, FOLDS, Inputs(("x",), (0,), {}), how, seed=7, threads=1)


def silent(_):
    pass


def test_the_first_trial_is_the_settings_as_they_stand(search):
    _, trials = tune(KIND, search, (), silent)
    assert trials[0].tried == {"l2": 50.0}
    assert len(trials) == 12


def test_the_least_loss_wins_with_its_best_round(search):
    how, trials = tune(KIND, search, (), silent)
    whole = [trial for trial in trials if not trial.pruned]
    assert how.l2 == min(whole, key=lambda trial: trial.losses[-1]).tried["l2"]
    assert abs(np.log(how.l2 / BEST)) < abs(np.log(50.0 / BEST))
    assert how.trees == 5


def test_a_trial_that_lags_is_given_up_before_its_last_fold(search):
    _, trials = tune(KIND, search, (), silent)
    pruned = [trial for trial in trials if trial.pruned]
    assert pruned
    assert all(len(trial.losses) < 3 for trial in pruned)
    assert all(len(trial.losses) == 3 for trial in trials if not trial.pruned)


def test_a_search_that_was_stopped_goes_on_to_the_same_end(search):
    how, trials = tune(KIND, search, (), silent)
    kept = []
    again, resumed = tune(KIND, search, trials[:5], kept.append)
    assert (again, resumed) == (how, trials)
    assert kept == trials[5:]


def test_a_search_that_is_finished_learns_nothing_anew(search):
    _, trials = tune(KIND, search, (), silent)
    asleep = replace(KIND, losses=None)
    assert tune(asleep, search, trials, silent)[1] == trials


def test_threads_change_nothing(search):
    one = tune(KIND, search, (), silent)
    assert tune(KIND, replace(search, threads=2), (), silent) == one


def test_a_kind_without_anything_to_look_for_keeps_its_settings(search):
    kind = Learner(learn=None, read=None)
    assert tune(kind, search, (), silent) == (search.how, [])


def test_whole_numbers_stay_whole(search):
    kind = replace(KIND, space={"leaves": SearchRange(4, 24)})
    how, trials = tune(kind, search, (), silent)
    assert isinstance(how.leaves, int)
    assert all(4 <= trial.tried["leaves"] <= 24 for trial in trials[1:])


def test_what_no_setting_moves_is_learnt_once_a_fold(search):
    begun = []

    def begin(rows, inputs, how, *, seed, threads):
        begun.append(len(rows))
        return lambda own: SimpleNamespace(raw=lambda held: np.full(len(held), own.l2 / 100))

    kind = Learner(learn=None, read=None, space={"l2": SearchRange(0.1, 100.0)}, begin=begin)
    how, trials = tune(kind, replace(search, threads=2), (), silent)
    assert begun == [40, 40, 40]
    assert len({trial.losses for trial in trials}) > 3
    assert how.l2 == min(trial.tried["l2"] for trial in trials)


def test_settings_of_the_scorecards_space_leave_its_bins_alone():
    rng = np.random.default_rng(2)
    x = rng.normal(size=600)
    rows = pd.DataFrame({"x": x, "defaulted": rng.random(600) < 1 / (1 + np.exp(2 - x))})
    inputs, how = Inputs(("x",), (1,), {}), default_settings().model
    kind = LEARNERS["scorecard"]
    begun = kind.begin(rows, inputs, how, seed=7, threads=1)
    for name, where in kind.space.items():
        for end in (where.low, where.high):
            own = how.model_copy(update={name: end})
            anew = kind.learn(rows, inputs, own, seed=7, threads=1)
            assert begun(own).to_files() == anew.to_files()
