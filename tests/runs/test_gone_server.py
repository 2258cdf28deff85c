"""A tracking server that is gone: before a run it starts nothing, during one the run has failed."""

import json
from pathlib import Path

import pandas as pd
import pytest

from riskmodel.errors import SettingsError
from riskmodel.pipeline import experiment
from riskmodel.pipeline.experiment import RunRequest, run_experiment
from riskmodel.runs import tracking, tracking_address

PROJECT = Path(__file__).parents[2]
GONE = "http://risk:hunter2@127.0.0.1:1"


@pytest.fixture
def run_request(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunRequest:
    """A run on a source folder of one enterprise with a label."""
    monkeypatch.setattr(tracking_address, "WAIT_SECONDS", 0.01)
    for name in ("baseline.toml", "policy.toml", "banks.toml"):
        (root / "experiments" / name).write_bytes((PROJECT / "experiments" / name).read_bytes())
    (tmp_path / "data").mkdir()
    own, day = pd.DataFrame({"enterprise_id": ["A1"]}), pd.Timestamp("2013-07-01")
    tables = {
        "enterprises": own,
        "attributes": own.assign(known_at=day - pd.Timedelta(days=1), ratio=0.5),
        "outcomes": own.assign(
            as_of=day, defaulted=False, observed_until=pd.Timestamp("2014-07-01")
        ),
    }
    for name, table in tables.items():
        table.to_parquet(tmp_path / "data" / f"{name}.parquet")
    words = (f"run.data={json.dumps(str(tmp_path / 'data'))}", "run.as_of=2014-07-01")
    return RunRequest(root / "experiments" / "baseline.toml", words)


def record(root: Path) -> dict[str, object]:
    (folder,) = (root / "experiments" / "runs").iterdir()
    return dict(json.loads((folder / "run.json").read_text("utf-8")))


def nobody(words: str) -> None:
    """Nobody listens."""


def test_a_server_that_is_gone_is_told_before_anything_is_run(
    root: Path, run_request: RunRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", GONE)

    with pytest.raises(SettingsError, match="no server answers there, 3 times") as said:
        run_experiment(run_request, root, nobody)

    assert "hunter2" not in str(said.value)
    assert not (root / "experiments" / "runs").exists()


def test_a_server_that_goes_during_a_run_leaves_it_failed_and_it_goes_on_later(
    root: Path, run_request: RunRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    def interrupted(run, progress) -> None:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", GONE)
        tracking.finish(run.root, run.record()["mlflow_run_id"], "FINISHED")

    monkeypatch.setattr(experiment, "_run_stages", interrupted)
    with pytest.raises(SettingsError, match="no server answers there"):
        run_experiment(run_request, root, told.append)
    failed = record(root)
    assert failed["state"] == "failed"
    assert any("the run's end is not in MLflow" in line for line in told)
    assert "hunter2" not in " ".join(told)

    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    monkeypatch.setattr(experiment, "_run_stages", lambda run, progress: None)
    with pytest.raises(Exception, match="not written yet"):  # no stage has left anything to log
        run_experiment(run_request, root, nobody)
    assert record(root)["mlflow_run_id"] == failed["mlflow_run_id"]


def test_a_run_whose_tracked_run_was_deleted_gets_a_new_one(
    root: Path, run_request: RunRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(experiment, "_run_stages", lambda run, progress: None)
    ids = []
    for _ in range(2):
        with pytest.raises(Exception, match="not written yet"):
            run_experiment(run_request, root, nobody)
        ids.append(record(root)["mlflow_run_id"])
        with tracking.connect_store(root) as mlflow:
            mlflow.MlflowClient().delete_run(ids[-1])

    assert ids[0] != ids[1]
