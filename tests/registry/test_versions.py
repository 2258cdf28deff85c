"""Registered versions: texts with hashes, reused by fingerprint, reviewed before they count."""

import json
import os
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from riskmodel.errors import DataError, NotApproved, UsageError
from riskmodel.model import RiskModel
from riskmodel.model.calibration import Calibration, Curve
from riskmodel.model.inputs import Inputs
from riskmodel.model.learners.single_feature import SingleFeature
from riskmodel.model.master_scale import MasterScale
from riskmodel.registry import review, versions
from riskmodel.runs import tracking


@pytest.fixture
def run_id(root: Path) -> str:
    return tracking.start_run(root, "try", {"model.trees": "300"}, {"kind": "test"})


def test_a_version_is_loaded_back_with_its_texts_and_scores_with_its_signature(
    root: Path, run_id: str, script: Path, registration
) -> None:
    version = versions.register(root, run_id, registration("one"), script=script)
    assert versions.load_version(root, version) == dict(registration("one").files)
    with tracking.connect_store(root) as mlflow:
        served = mlflow.pyfunc.load_model(f"models:/default-risk/{version}")
        kinds = {column.name: column.type.name for column in served.metadata.signature.inputs}
        scores = served.predict(pd.DataFrame({"exports_usd_6m": [1.0], "province": ["Zhejiang"]}))
        state = mlflow.get_run(run_id).info.status
    assert kinds == {"exports_usd_6m": "double", "province": "string"}
    assert scores.to_dict("records") == [
        {"pd_12m": 0.25, "pd_low": 0.25, "pd_high": 0.25, "grade": "G01"}
    ]
    assert state == "RUNNING"


def test_the_same_fingerprint_is_not_registered_again(
    root: Path, run_id: str, script: Path, registration
) -> None:
    first = versions.register(root, run_id, registration("one"), script=script)
    again = versions.register(root, run_id, registration("one", verdict="fail"), script=script)
    assert (first, again) == ("1", "1")
    assert versions.version_facts(root, "1")["verdict"] == "fail"


def test_a_swapped_model_file_is_refused_at_load(
    root: Path, run_id: str, script: Path, registration
) -> None:
    versions.register(root, run_id, registration("one"), script=script)
    with tracking.connect_store(root) as mlflow:
        uri = mlflow.MlflowClient().get_model_version_download_uri("default-risk", "1")
        folder = Path(mlflow.artifacts.download_artifacts(f"{uri}/artifacts/files"))
    (folder / "booster.txt").write_text("other trees", encoding="utf-8")
    with pytest.raises(DataError, match=r"version 1: 1 of 2 files differ .*booster\.txt"):
        versions.load_version(root, "1")


def test_reviews_move_the_aliases_and_say_what_was_in_force(
    root: Path, run_id: str, script: Path, registration
) -> None:
    for fingerprint in ("one", "two"):
        versions.register(root, run_id, registration(fingerprint), script=script)
    said = {"by": "reviewer one", "reason": "checks read"}
    review.approve(root, "1", **said, on=date(2014, 7, 1))
    review.approve(root, "2", **said, on=date(2014, 8, 1))
    assert versions.aliases(root) == {"champion": "2", "challenger": "1"}
    assert review.version_in_force(root, date(2014, 6, 30)) is None
    assert review.version_in_force(root, date(2014, 7, 31)) == "1"
    assert review.version_in_force(root, date(2014, 8, 1)) == "2"
    with pytest.raises(UsageError, match="before the last review"):
        review.approve(root, "1", **said, on=date(2014, 7, 15))
    review.reject(root, "2", **said, on=date(2014, 9, 1))
    assert review.version_in_force(root, date(2014, 9, 1)) is None
    assert versions.aliases(root) == {"challenger": "1"}
    listed = review.list_versions(root)
    assert listed[["version", "action", "alias"]].fillna("").to_numpy().tolist() == [
        ["2", "reject", ""],
        ["1", "approve", "challenger"],
    ]
    assert "2014-08-01 approve by reviewer one: checks read" in review.describe_version(root, "2")


def test_a_failed_version_is_approved_only_with_a_recorded_override(
    root: Path, run_id: str, script: Path, registration
) -> None:
    versions.register(root, run_id, registration("one", verdict="fail"), script=script)
    said = {"by": "reviewer one", "reason": "checks read", "on": date(2014, 7, 1)}
    with pytest.raises(NotApproved, match="version 1: its verdict is 'fail'"):
        review.approve(root, "1", **said)
    assert review.reviews(root) == []
    reasoned = registration("one", verdict="fail", override_reason="few defaults")
    versions.register(root, run_id, reasoned, script=script)
    assert review.approve(root, "1", **said).version == "1"


def test_a_changed_or_removed_record_of_the_log_is_noticed(
    root: Path, run_id: str, script: Path, registration
) -> None:
    versions.register(root, run_id, registration("one"), script=script)
    said = {"reason": "checks read", "on": date(2014, 7, 1)}
    review.approve(root, "1", by="reviewer one", **said)
    review.reject(root, "1", by="reviewer two", **said)
    log = root / "experiments" / "reviews.jsonl"
    first, second = log.read_text(encoding="utf-8").splitlines()
    log.write_text(first.replace("reviewer one", "reviewer six") + "\n" + second + "\n")
    with pytest.raises(DataError, match="record 1 of 2"):
        review.version_in_force(root, date(2014, 7, 1))
    log.write_text(second + "\n")
    with pytest.raises(DataError, match="record 1 of 1"):
        review.version_in_force(root, date(2014, 7, 1))
    changed = json.loads(second) | {"action": "approve"}
    log.write_text(first + "\n" + json.dumps(changed) + "\n")
    with pytest.raises(DataError, match="record 2 of 2"):
        review.approve(root, "1", by="reviewer one", **said)


def test_an_unknown_version_is_a_word_of_the_user_that_is_off(root: Path) -> None:
    with pytest.raises(UsageError, match="no version '7' among 0"):
        review.approve(root, "7", by="reviewer one", reason="read", on=date(2014, 7, 1))


def test_a_run_keeps_settings_figures_and_folders_and_leaves_the_environment_alone(
    root: Path, run_id: str, tmp_path: Path
) -> None:
    (tmp_path / "html").mkdir()
    (tmp_path / "html" / "a.html").write_text("<p>", encoding="utf-8")
    tracking.log(
        root, run_id, metrics={"auc": 0.77}, folders={"notebooks": tmp_path / "html"}, tags={}
    )
    tracking.finish(root, run_id, "FINISHED")
    assert "MLFLOW_TRACKING_URI" not in os.environ
    with tracking.connect_store(root) as mlflow:
        run = mlflow.get_run(run_id)
        files = [file.path for file in mlflow.MlflowClient().list_artifacts(run_id, "notebooks")]
    assert (run.info.status, run.data.params, run.data.metrics) == (
        "FINISHED",
        {"model.trees": "300"},
        {"auc": 0.77},
    )
    assert files == ["notebooks/a.html"]


def test_a_run_whose_process_died_is_marked_killed_by_the_next_one(root: Path) -> None:
    dead = tracking.start_run(root, "dead", {}, {})
    alive = tracking.start_run(root, "alive", {}, {})
    with tracking.connect_store(root) as mlflow:
        # this very process id, but another start: the id was given out again
        mlflow.MlflowClient().set_tag(dead, tracking.STARTED, "another")
    tracking.start_run(root, "next", {}, {})
    with tracking.connect_store(root) as mlflow:
        states = [mlflow.get_run(run).info.status for run in (dead, alive)]
    assert states == ["KILLED", "RUNNING"]
    tracking.reopen_run(root, dead)
    tracking.start_run(root, "one more", {}, {})
    with tracking.connect_store(root) as mlflow:
        assert mlflow.get_run(dead).info.status == "RUNNING"


def test_the_served_script_gives_what_the_model_itself_gives(root: Path, run_id: str) -> None:
    ranker = SingleFeature(Inputs(("exports_usd_6m",), (-1,), {}), sign=-1, median=100.0)
    calibration = Calibration(
        Curve("logistic", 0.5, (0.3,)), 0.1, ((-5.0, 0.1, 0.1), (5.0, 0.2, 0.3)), 0.9, {}
    )
    model = RiskModel("single_feature", ranker, calibration, MasterScale((0.1, 0.3)), {})
    version = versions.register(
        root,
        run_id,
        versions.Registration(
            model.to_files(), model.inputs, model.fingerprint, "a card", {"verdict": "pass"}
        ),
    )
    frame = pd.DataFrame({"exports_usd_6m": [0.0, 250_000.0, None]})
    with tracking.connect_store(root) as mlflow:
        served = mlflow.pyfunc.load_model(f"models:/default-risk/{version}").predict(frame)
    pd.testing.assert_frame_equal(served, model.score(frame), check_dtype=False)
    assert RiskModel.from_files(versions.load_version(root, version)) == model
