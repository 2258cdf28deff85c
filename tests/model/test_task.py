"""The task of a fit: folds of enterprises, and the lighter task of a fold."""

from riskmodel.model.task import assign_folds, lighten


def test_each_enterprise_has_one_fold_and_the_folds_are_those_of_the_settings(panel, task):
    rows = panel[panel["split"] != "score"].astype({"defaulted": bool})
    fold = assign_folds(rows, task)
    assert fold.index.is_unique
    assert set(fold.index) == set(rows["enterprise_id"])
    assert set(fold) == set(range(task.settings.model.inner_folds))
    assert assign_folds(rows, task).equals(fold)


def test_the_task_of_a_fold_keeps_no_trials_and_draws_a_quarter(task):
    light = lighten(task)
    assert task.settings.model.calibration.bootstrap_draws == 40
    assert light.settings.model.calibration.bootstrap_draws == 20
    assert not light.finished_trials
    assert light.on_trial is None
