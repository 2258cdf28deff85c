"""Trials on file: what a stopped run takes up again."""

from riskmodel.model.tuning import Trial
from riskmodel.pipeline.trial_file import TrialFile

ONE = Trial({"l2": 0.1 + 0.2}, (0.5, 0.25), 7, False)
TWO = Trial({"l2": 3.0}, (0.75,), 0, True)


def test_trials_come_back_as_they_were(tmp_path):
    file = TrialFile(tmp_path / "model" / "trials.jsonl", "search")
    assert file.known() == {}
    file.keep("trees", ONE)
    file.keep("scorecard", TWO)
    file.keep("trees", TWO)
    assert file.known() == {"trees": [ONE, TWO], "scorecard": [TWO]}


def test_trials_of_another_search_are_not_used(tmp_path):
    TrialFile(tmp_path / "t.jsonl", "yesterday's data").keep("trees", ONE)
    assert TrialFile(tmp_path / "t.jsonl", "today's data").known() == {}
