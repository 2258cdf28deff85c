"""The tracking store's address: refused before use where nothing answers, its faults in one line.

An address may carry a user's name and a password: no message shows them.
"""

import logging
import os
import re
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from riskmodel.errors import DataError, RiskModelError, SettingsError

URI_NAME = "MLFLOW_TRACKING_URI"
SERVERS, PORTS = ("http", "https"), {"postgresql": 5432, "mysql": 3306, "mssql": 1433}
DATABASES = ("sqlite", *PORTS)
TRIES, WAIT_SECONDS = 3, 2.0
"""A server that is being restarted is back within seconds; a wrong address never is."""
ANSWER_SECONDS = 5.0
"""The health page is a word: whoever needs longer for it will not take a run's notebooks."""
PATIENCE = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2", "MLFLOW_HTTP_REQUEST_TIMEOUT": "30"}
"""MLflow's own bounds, unless the user set them: by its defaults a dead server takes minutes."""
REMEDY = f"Start the server, or correct or unset {URI_NAME}"
WITHOUT = "`--set publish.tracking=false` runs without MLflow, and registers no model"
DELETED = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE", "INVALID_STATE")
"""MLflow's error codes for an entity that does not exist, or is deleted."""
LONGEST = 200


def hide_credentials(text: str) -> str:
    """An address, or a line that may hold one, without user, password and query.

    A password may hold any character, `@`, `/` and `?` among them: all up to a word's last `@` is
    left out, unless the word is a path.
    """
    kept = re.sub(r"(?<!\S)(?!sqlite)(?!/)(\S*?://)?\S*@", r"\1", text)
    return kept.partition("?")[0]


def refuse_unusable(uri: str) -> None:
    """`SettingsError` where the address is of no known kind or nobody answers there.

    A server is asked for its health page a few times; a file must be a database, or not yet there
    (`DataError`). MLflow itself would try for minutes.
    """
    scheme = _scheme(uri)
    if scheme in SERVERS:
        _refuse_silent(uri, _silence)
    elif scheme == "sqlite":
        _refuse_other_files(uri)
    elif scheme in PORTS:
        _refuse_silent(uri, _silence_of_a_database)
    elif scheme != "databricks":
        kinds = ", ".join(f"{name}://" for name in (*SERVERS, *DATABASES))
        raise SettingsError(
            f"{URI_NAME} {hide_credentials(uri)}: not an address of a kind that runs are kept at ({kinds})."
            f" Correct it, or unset {URI_NAME} to keep them in experiments/mlflow.db."
        )


@contextmanager
def store_faults(uri: str) -> Iterator[None]:
    """Raise faults of the store within the block as errors of ours that say what to do."""
    try:
        yield
    except RiskModelError:
        raise
    except Exception as error:
        ours = _ours(error, uri)
        if ours is None:
            raise
        raise ours from error


@contextmanager
def bounded_patience() -> Iterator[None]:
    """MLflow's retries and timeouts bounded, where the user has not said otherwise."""
    mine = {name: value for name, value in PATIENCE.items() if name not in os.environ}
    os.environ.update(mine)
    try:
        yield
    finally:
        for name in mine:
            os.environ.pop(name, None)


def _scheme(uri: str) -> str:
    """The address's kind; a database's driver (postgresql+psycopg2) left out."""
    return uri.partition(":")[0].partition("+")[0].lower()


def _refuse_silent(uri: str, silence: Callable[[str], str]) -> None:
    try:
        parts = urlsplit(uri)
        known = bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not known:
        raise SettingsError(
            f"{URI_NAME} {hide_credentials(uri)}: names no server. {REMEDY}; {WITHOUT}."
        )
    for number in range(1, TRIES + 1):
        cause = silence(uri)
        if not cause:
            return
        _report(f"tracking server {hide_credentials(uri)}: {cause} (try {number} of {TRIES})")
        if number < TRIES:
            time.sleep(WAIT_SECONDS)
    raise SettingsError(
        f"tracking server {hide_credentials(uri)}: {cause}, {TRIES} times. {REMEDY}; {WITHOUT}."
    )


def _silence(uri: str) -> str:
    """Return why the server does not answer, or nothing: any answer of HTTP is one."""
    import requests
    from mlflow.utils.credentials import get_default_host_creds
    from mlflow.utils.rest_utils import MlflowHostCreds

    creds: MlflowHostCreds = get_default_host_creds(uri)
    try:
        requests.get(
            f"{uri.rstrip('/')}/health",
            timeout=ANSWER_SECONDS,
            verify=creds.verify,
            cert=creds.client_cert_path,
        ).close()
    except requests.Timeout:
        return f"no answer within {ANSWER_SECONDS:g} seconds"
    except requests.exceptions.SSLError:
        return "its certificate is not trusted"
    except (requests.RequestException, UnicodeError):
        return "no server answers there"
    return ""


def _silence_of_a_database(uri: str) -> str:
    """Return why nothing takes a connection at the database's address, or nothing."""
    parts = urlsplit(uri)
    try:
        port = parts.port or PORTS[_scheme(uri)]
        socket.create_connection((parts.hostname or "", port), ANSWER_SECONDS).close()
    except TimeoutError:
        return f"no answer within {ANSWER_SECONDS:g} seconds"
    except (OSError, UnicodeError):
        return "no server answers there"
    return ""


def _refuse_other_files(uri: str) -> None:
    path = Path(unquote(uri.partition("?")[0].partition(":///")[2]))
    if str(path) in (".", ":memory:"):
        raise SettingsError(f"{URI_NAME} {uri}: names no file, so nothing would be kept. Name one.")
    if os.environ.get(URI_NAME) == uri and not path.parent.is_dir():
        raise SettingsError(
            f"{URI_NAME} {uri}: its folder is not there. Make the folder, or correct or unset"
            f" {URI_NAME}."
        )
    if not path.exists():
        return
    try:
        if path.is_dir():
            raise sqlite3.OperationalError("a folder, not a file")
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as database:
            database.execute(f"PRAGMA busy_timeout = {ANSWER_SECONDS * 1000:.0f}")
            database.execute("SELECT count(*) FROM sqlite_master")
    except sqlite3.Error as error:
        raise _of_the_store(error, f"tracking store {path}", uri) from None


def _ours(error: Exception, uri: str) -> RiskModelError | None:
    """The error as one of ours; None for what is no fault of the store."""
    where = f"tracking store {hide_credentials(uri)}"
    if isinstance(error, ImportError) and _scheme(uri) in DATABASES:
        return SettingsError(
            f"{where}: needs the Python package {error.name or 'of its driver'}, which is not"
            f" installed. Install it, or correct or unset {URI_NAME}."
        )
    if isinstance(error, OSError) and not is_of_the_network(error):
        file = f" {error.filename}" if error.filename else ""
        cause = error.strerror or type(error).__name__
        return DataError(
            f"{where}: its files are not usable:{file} {cause}. Restore the folder of artifacts,"
            " or fit the model again."
        )
    return _of_the_store(error, where, uri) if _is_of_the_store(error) else None


def _of_the_store(error: Exception, where: str, uri: str) -> RiskModelError:
    text, code = str(error), getattr(error, "error_code", "")
    if "database is locked" in text:
        return SettingsError(f"{where}: locked by another program. End it, then run this again.")
    if "database schema" in text or "locate revision" in text:
        return SettingsError(
            f"{where}: made by another version of MLflow. Copy the file, then run"
            f" `mlflow db upgrade {hide_credentials(uri)}`, or use the version that made it."
        )
    if code in ("PERMISSION_DENIED", "UNAUTHENTICATED") or re.search(r"error code 40[13]", text):
        return SettingsError(
            f"{where}: refuses these credentials. Set MLFLOW_TRACKING_USERNAME and"
            " MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN."
        )
    if code in DELETED:
        return DataError(f"{where}: {_cause(text)}. Restore what was deleted, or make it again.")
    return _unusable(_cause(text), where, uri)


def _unusable(cause: str, where: str, uri: str) -> RiskModelError:
    """Return what is left to say where the store says nothing that is known, by the address's kind."""
    if _scheme(uri) in SERVERS:
        return SettingsError(
            f"{where}: does not answer as MLflow's server ({cause}). {REMEDY}; {WITHOUT}."
        )
    if _scheme(uri) not in DATABASES:
        return SettingsError(
            f"{where}: not usable here ({cause}). Install what it needs, or correct or unset"
            f" {URI_NAME}."
        )
    return DataError(
        f"{where}: not usable as MLflow's database ({cause}). Restore it from a copy, or"
        " move it away to begin anew."
    )


def is_of_the_network(error: Exception) -> bool:
    """Return whether a server did not answer, or said that it could not: nothing is known of its files."""
    import requests
    from mlflow.exceptions import MlflowException

    if isinstance(error, MlflowException):
        return error.get_http_status_code() >= 500 or "Max retries" in str(error)
    return isinstance(error, requests.RequestException | ConnectionError | TimeoutError)


def _is_of_the_store(error: Exception) -> bool:
    from alembic.util.exc import CommandError
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    kinds: tuple[Any, ...] = (MlflowException, SQLAlchemyError, sqlite3.Error, CommandError)
    return isinstance(error, kinds) or is_of_the_network(error)


def _cause(text: str) -> str:
    """The part of a library's message that says what happened: a line, no address's password."""
    driver = re.search(r"\((?:sqlite3|psycopg\w*|pymysql|MySQLdb|pyodbc)[.\w]*\) ([^\n]*)", text)
    line = driver.group(1) if driver else (text.strip().splitlines() or ["no cause given"])[0]
    return hide_credentials(line)[:LONGEST].rstrip(". ")


def _report(words: str) -> None:
    logging.getLogger("riskmodel").warning(words)
