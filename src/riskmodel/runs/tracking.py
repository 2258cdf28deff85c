"""Runs in MLflow: settings, figures and notebooks, never an enterprise's values."""

import logging
import os
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from riskmodel.errors import SettingsError
from riskmodel.runs.tracking_address import (
    URI_NAME,
    bounded_patience,
    hide_credentials,
    refuse_unusable,
    store_faults,
)
from riskmodel.storage.locks import hold_lock

EXPERIMENT = "default-risk"
ACTIVE = "active"
PROCESS, HOST, STARTED = "riskmodel.pid", "riskmodel.host", "riskmodel.process_started"
State = Literal["FINISHED", "FAILED", "KILLED"]


def store_uri(root: Path) -> str:
    """The server that MLFLOW_TRACKING_URI names, else the root's own database, absolute.

    Moving the root breaks the loads of what was logged: the database keeps absolute paths.
    """
    own = (root.resolve() / "experiments" / "mlflow.db").as_posix()
    return os.environ.get(URI_NAME) or f"sqlite:///{own}"


def refuse_unreachable(root: Path) -> None:
    """`SettingsError` where nobody answers at the root's store; nothing is made there yet."""
    uri = store_uri(root)
    with store_faults(uri):
        refuse_unusable(uri)


def start_run(root: Path, name: str, params: Mapping[str, str], tags: Mapping[str, str]) -> str:
    """A new running MLflow run; its id. Runs whose process died are marked KILLED first."""
    with connect_store(root) as mlflow:
        client = mlflow.MlflowClient()
        experiment = client.get_experiment_by_name(EXPERIMENT).experiment_id
        _sweep(client, experiment)
        run = client.create_run(experiment, run_name=name, tags={**tags, **_this_process()})
        for key, value in params.items():
            client.log_param(run.info.run_id, key, value)
        return str(run.info.run_id)


def reopen_run(root: Path, run_id: str) -> None:
    """The run goes on in this process, as after a kill."""
    with connect_store(root) as mlflow:
        client = mlflow.MlflowClient()
        for key, value in _this_process().items():
            client.set_tag(run_id, key, value)
        client.update_run(run_id, status="RUNNING")


def is_in_store(root: Path, run_id: str) -> bool:
    """Return whether the store knows the run: one that was begun anew, or cleared of it, does not."""
    with connect_store(root) as mlflow:
        found = mlflow.MlflowClient().search_runs(
            [mlflow.MlflowClient().get_experiment_by_name(EXPERIMENT).experiment_id],
            filter_string=f"attributes.run_id = '{run_id}'",
        )
    return bool(found)


def log(
    root: Path,
    run_id: str,
    *,
    metrics: Mapping[str, float],
    folders: Mapping[str, Path],
    tags: Mapping[str, str],
) -> None:
    """Figures, folders of files (by their name in the run) and tags, added to the run.

    The caller gives only what may leave the run folder: no frame with an enterprise's values.
    """
    with connect_store(root) as mlflow:
        client = mlflow.MlflowClient()
        for key, figure in metrics.items():
            client.log_metric(run_id, key, figure)
        for key, value in tags.items():
            client.set_tag(run_id, key, value)
        for name, folder in folders.items():
            client.log_artifacts(run_id, str(folder), name)


def finish(root: Path, run_id: str, state: State) -> None:
    """The run ended, in this state."""
    with connect_store(root) as mlflow:
        mlflow.MlflowClient().set_terminated(run_id, status=state)


def run_page(root: Path, run_id: str) -> str:
    """The run's page, as the part of the address that follows the MLflow server's own."""
    with connect_store(root) as mlflow:
        experiment = mlflow.MlflowClient().get_run(run_id).info.experiment_id
    # without this word the page opens in its view for language models
    return f"/#/experiments/{experiment}/runs/{run_id}?workflowType=machine_learning"


@contextmanager
def connect_store(root: Path) -> Iterator[Any]:
    """The mlflow module, quiet and set to the root's store, which is made at its first use.

    `SettingsError` where nobody answers at the address, `DataError` where what is kept there is
    broken or was deleted; both within seconds. MLflow writes
    its address into the environment; that is put back, so that one process can serve several roots
    and a kernel started later finds its own.
    """
    mlflow = _quiet()
    uri = store_uri(root)
    before = os.environ.get(URI_NAME)
    try:
        with store_faults(uri), bounded_patience():
            refuse_unusable(uri)
            mlflow.set_tracking_uri(uri)
            mlflow.set_registry_uri(uri)
            # two processes on a fresh sqlite file corrupt it for good
            if uri.startswith("sqlite:///"):
                with hold_lock(root / "experiments" / ".mlflow.lock"):
                    _ensure_experiment(mlflow, (root.resolve() / "experiments/artifacts").as_uri())
            else:
                _ensure_experiment(mlflow, None)
            yield mlflow
    finally:
        mlflow.set_tracking_uri(None)
        mlflow.set_registry_uri("")
        os.environ.pop("MLFLOW_REGISTRY_URI", None)
        if before is not None:
            os.environ[URI_NAME] = before


def _quiet() -> Any:
    os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"  # read once, when mlflow is imported
    import mlflow

    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return mlflow


def _ensure_experiment(mlflow: Any, artifacts: str | None) -> None:
    """The experiment, made or restored: one that was deleted keeps its name from any other."""
    client = mlflow.MlflowClient()
    found = client.get_experiment_by_name(EXPERIMENT)
    if found is None:
        client.create_experiment(EXPERIMENT, artifact_location=artifacts)
    elif not found.experiment_id:
        raise SettingsError(
            f"tracking server {hide_credentials(mlflow.get_tracking_uri())}: answers, but not as MLflow's."
            f" Correct or unset {URI_NAME}."
        )
    elif found.lifecycle_stage != ACTIVE:
        client.restore_experiment(found.experiment_id)
        logging.getLogger("riskmodel").warning(
            "MLflow: the experiment %s was deleted, with its runs; it is restored", EXPERIMENT
        )


def _sweep(client: Any, experiment: str) -> None:
    """A killed kernel's run would stay RUNNING for ever; only this machine's can be judged."""
    mine = f"attributes.status = 'RUNNING' and tags.`{HOST}` = '{socket.gethostname()}'"
    for run in client.search_runs([experiment], filter_string=mine):
        pid = int(run.data.tags.get(PROCESS, "0"))
        if _process_started(pid) != run.data.tags.get(STARTED):
            client.set_terminated(run.info.run_id, status="KILLED")


def _this_process() -> dict[str, str]:
    pid = os.getpid()
    return {PROCESS: str(pid), HOST: socket.gethostname(), STARTED: _process_started(pid)}


def _process_started(pid: int) -> str:
    """Return the time at which the living process began, as the system says it; "" if there is none.

    A process id is given out again; with its start it is not.
    """
    if not Path("/proc/self/stat").exists():  # macOS
        asked = ["ps", "-o", "lstart=", "-p", str(pid)]
        return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    try:
        record = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return ""
    return record.rpartition(")")[2].split()[19]  # field 22 of proc(5), counted after the name
