"""Trouble at the tracking store: a line with what to do, within seconds, and no password in it."""

import os
import shutil
import socket
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from riskmodel.errors import DataError, RiskModelError, SettingsError
from riskmodel.registry import versions
from riskmodel.runs import tracking, tracking_address

SECRET = "hunter2"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking_address, "WAIT_SECONDS", 0.01)
    monkeypatch.setattr(tracking_address, "ANSWER_SECONDS", 0.3)


def refusal(root: Path, uri: str, monkeypatch: pytest.MonkeyPatch) -> RiskModelError:
    """What asking for the versions says with the user's own address."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    began = time.monotonic()
    with pytest.raises(RiskModelError) as said:
        versions.versions(root)
    assert time.monotonic() - began < 15
    assert "\n" not in str(said.value)
    assert SECRET not in str(said.value)
    assert os.environ["MLFLOW_TRACKING_URI"] == uri
    return said.value


@contextmanager
def listening() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        yield silent.getsockname()[1]


def closed_port() -> int:
    with socket.socket() as gone:
        gone.bind(("127.0.0.1", 0))
        return int(gone.getsockname()[1])


@contextmanager
def answering(code: int, body: bytes) -> Iterator[int]:
    """A server that gives every question this answer."""

    class Same(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self.send_response(code)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 the library's own name

        def log_message(self, *words: object) -> None:
            """Nobody listens."""

    server = HTTPServer(("127.0.0.1", 0), Same)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


def test_a_server_that_never_answers_is_given_up_after_three_tries_that_are_told(
    root: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with listening() as port:
        said = refusal(root, f"http://risk:{SECRET}@127.0.0.1:{port}", monkeypatch)

    assert isinstance(said, SettingsError)
    assert f"http://127.0.0.1:{port}: no answer within 0.3 seconds, 3 times" in str(said)
    assert "MLFLOW_TRACKING_URI" in str(said)
    tries = [line for line in caplog.messages if "of 3)" in line]
    assert len(tries) == 3
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    ("uri", "found"),
    [
        ("http://127.0.0.1:{port}", "no server answers there"),
        ("https://risk:hunter2@127.0.0.1:{port}/mlflow?token=hunter2", "no server answers there"),
        ("postgresql://risk:hunter2@127.0.0.1:{port}/runs", "no server answers there"),
        ("mysql+pymysql://risk:hunter2@127.0.0.1:{port}/runs", "no server answers there"),
        ("http://", "names no server"),
        ("http://127.0.0.1:99999", "names no server"),
        ("http:/x", "names no server"),
        ("http://no-such-host.invalid:5000", "no server answers there"),
        ("ftp://risk:hunter2@127.0.0.1/x", "not an address of a kind"),
        ("/tmp/mlruns", "not an address of a kind"),
        ("./mlruns", "not an address of a kind"),
        ("file:///tmp/mlruns", "not an address of a kind"),
        ("localhost:5000", "not an address of a kind"),
        ("sqlite:///", "names no file"),
        ("sqlite:///:memory:", "names no file"),
        ("sqlite+nothing:////tmp/x.db", "not usable"),
    ],
)
def test_an_address_at_which_nothing_can_be_kept_is_a_setting_that_is_off(
    uri: str, found: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = refusal(root, uri.format(port=closed_port()), monkeypatch)

    assert found in str(said)
    assert said.exit_code in (3, 4)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("http://risk:hun@ter2@host:5000/x", "http://host:5000/x"),
        ("http://risk:hunter2/w@host:5000", "http://host:5000"),
        ("postgresql+psycopg2://risk:h?u#nter2@host/db?sslmode=x", "postgresql+psycopg2://host/db"),
        ("risk:hunter2@host:5000", "host:5000"),
        ("could not reach 'http://risk:hunter2@host' now", "could not reach 'http://host' now"),
        ("sqlite:////data/a@b/runs.db", "sqlite:////data/a@b/runs.db"),
        ("/data/a@b/runs.db", "/data/a@b/runs.db"),
    ],
)
def test_no_part_of_a_password_is_shown_whatever_characters_it_holds(text: str, told: str) -> None:
    assert tracking_address.hide_credentials(text) == told


@pytest.mark.parametrize(
    ("code", "body", "found"),
    [
        (404, b"nothing here", "does not answer as MLflow's server"),
        (200, b"<html>welcome</html>", "does not answer as MLflow's server"),
        (200, b"{}", "answers, but not as MLflow's"),
        (401, b"You are not authenticated.", "refuses these credentials"),
        (403, b'{"error_code": "PERMISSION_DENIED", "message": "no"}', "refuses these credentials"),
    ],
)
def test_a_server_that_is_not_mlflows_or_does_not_know_the_user_is_told(
    code: int, body: bytes, found: str, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(code, body) as port:
        said = refusal(root, f"http://risk:{SECRET}@127.0.0.1:{port}", monkeypatch)

    assert isinstance(said, SettingsError)
    assert found in str(said)


def database(root: Path) -> Path:
    return root / "experiments" / "mlflow.db"


def broken(root: Path) -> None:
    database(root).write_bytes(b"no database at all, but long enough to be read as one" * 40)


def cut_short(root: Path) -> None:
    whole = database(root).read_bytes()
    database(root).write_bytes(whole[: len(whole) // 2])


def a_folder(root: Path) -> None:
    database(root).unlink()
    database(root).mkdir()


def without_a_table(root: Path) -> None:
    with sqlite3.connect(database(root)) as opened:
        opened.execute("DROP TABLE model_version_tags")
        opened.execute("DROP TABLE model_versions")


def of_another_version(root: Path) -> None:
    with sqlite3.connect(database(root)) as opened:
        opened.execute("UPDATE alembic_version SET version_num = '0584bdc529eb'")


def of_an_unknown_version(root: Path) -> None:
    with sqlite3.connect(database(root)) as opened:
        opened.execute("UPDATE alembic_version SET version_num = 'ffffffffffff'")


@pytest.mark.parametrize(
    ("spoil", "kind", "found"),
    [
        (broken, DataError, "file is not a database"),
        (cut_short, DataError, "not usable as MLflow's database"),
        (a_folder, DataError, "a folder, not a file"),
        (without_a_table, DataError, "not usable as MLflow's database"),
        (of_another_version, SettingsError, "another version of MLflow"),
        (of_an_unknown_version, SettingsError, "another version of MLflow"),
    ],
)
def test_a_database_that_mlflow_cannot_use_is_named_with_what_to_do(
    spoil, kind: type[RiskModelError], found: str, root: Path
) -> None:
    spoil(root)
    began = time.monotonic()

    with pytest.raises(kind, match=r"mlflow\.db: .*") as said:
        versions.versions(root)

    assert found in str(said.value)
    assert "\n" not in str(said.value)
    assert time.monotonic() - began < 15


def test_a_database_that_another_program_holds_is_told_and_not_waited_for(root: Path) -> None:
    other = sqlite3.connect(database(root))
    other.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(SettingsError, match="locked by another program"):
            versions.versions(root)
    finally:
        other.close()
    assert versions.versions(root).empty


def test_an_experiment_that_was_deleted_is_restored_and_that_is_said(
    root: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with tracking.connect_store(root) as mlflow:
        client = mlflow.MlflowClient()
        client.delete_experiment(client.get_experiment_by_name("default-risk").experiment_id)

    run_id = tracking.start_run(root, "next", {}, {})

    assert tracking.is_in_store(root, run_id)
    assert "default-risk was deleted, with its runs; it is restored" in caplog.text


def test_a_run_that_was_deleted_is_no_longer_kept(root: Path) -> None:
    run_id = tracking.start_run(root, "one", {}, {})
    assert tracking.is_in_store(root, run_id)
    with tracking.connect_store(root) as mlflow:
        mlflow.MlflowClient().delete_run(run_id)

    assert not tracking.is_in_store(root, run_id)
    assert not tracking.is_in_store(root, "0" * 32)


def test_a_run_that_is_deleted_on_its_way_is_told_and_can_be_restored(root: Path) -> None:
    run_id = tracking.start_run(root, "one", {}, {})
    with tracking.connect_store(root) as mlflow:
        mlflow.MlflowClient().delete_run(run_id)
    for act in (
        lambda: tracking.log(root, run_id, metrics={"auc": 0.7}, folders={}, tags={}),
        lambda: tracking.finish(root, run_id, "FINISHED"),
    ):
        with pytest.raises(DataError, match=r"mlflow\.db: .*deleted.*Restore what was deleted"):
            act()


def test_a_run_that_is_not_there_is_told_when_it_is_reopened(root: Path) -> None:
    with pytest.raises(DataError, match="Restore what was deleted"):
        tracking.reopen_run(root, "0" * 32)


def test_a_fault_of_ours_is_not_put_on_the_store(root: Path) -> None:
    with pytest.raises(ZeroDivisionError), tracking.connect_store(root):
        1 / 0  # noqa: B018


def test_the_users_own_bounds_of_patience_are_left_alone(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "7")
    with tracking.connect_store(root):
        assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "7"
        assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "2"
    assert "MLFLOW_HTTP_REQUEST_MAX_RETRIES" not in os.environ


def test_a_folder_of_artifacts_that_is_a_file_is_told(root: Path, tmp_path: Path) -> None:
    run_id = tracking.start_run(root, "one", {}, {})
    with tracking.connect_store(root) as mlflow:
        place = Path(mlflow.get_run(run_id).info.artifact_uri.removeprefix("file://"))
    shutil.rmtree(place, ignore_errors=True)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("in the way")
    (tmp_path / "html").mkdir()
    (tmp_path / "html" / "a.html").write_text("<p>", encoding="utf-8")

    with pytest.raises(DataError, match="Restore the folder of artifacts"):
        tracking.log(root, run_id, metrics={}, folders={"n": tmp_path / "html"}, tags={})
    place.unlink()


def test_a_database_in_a_folder_that_is_not_there_is_refused_and_no_folder_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "missing" / "runs.db"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{path}")

    with pytest.raises(SettingsError, match="its folder is not there"):
        tracking_address.refuse_unusable(f"sqlite:///{path}")

    assert not path.parent.exists()


def test_an_address_whose_package_is_not_installed_is_a_matter_of_settings() -> None:
    from mlflow.exceptions import MlflowException

    with (
        pytest.raises(SettingsError, match="not usable here"),
        tracking_address.store_faults("databricks"),
    ):
        raise MlflowException("needs the databricks package")
