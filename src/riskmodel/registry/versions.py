"""Versions of the model in MLflow's registry: texts with our own hashes, never a pickle."""

import hashlib
import json
import os
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

import pandas as pd

from riskmodel.errors import DataError, RiskModelError, UsageError
from riskmodel.runs.tracking import connect_store
from riskmodel.runs.tracking_address import is_of_the_network
from riskmodel.storage.files import write_text
from riskmodel.storage.locks import hold_lock

REGISTERED = "default-risk"
CHAMPION, CHALLENGER = "champion", "challenger"
SERVED = Path(__file__).with_name("served_model.py")
HASH = "sha256."
NEEDED = ("lightgbm", "mlflow", "numpy", "pandas", "pyarrow")
SCORES = (("pd_12m", "double"), ("pd_low", "double"), ("pd_high", "double"), ("grade", "string"))
TYPES = {"number": "double", "category": "string"}


@dataclass(frozen=True)
class Registration:
    """A model to register: its texts by file name, with its model card and its tags.

    `inputs` pairs each feature with "number" or "category". `description` is Markdown (the
    model card). `tags` carry the verdict, the override's reason and the run.
    """

    files: Mapping[str, str]
    inputs: tuple[tuple[str, str], ...]
    fingerprint: str
    description: str
    tags: Mapping[str, str]


def register(root: Path, run_id: str, model: Registration, *, script: Path = SERVED) -> str:
    """The model's version, as text: a new one, or the one that has its fingerprint already.

    A version that is met again takes the new tags, unless its files were lost. A new one is loaded back without pickles and
    scores one row before it counts. Raises `RiskModelError` where that fails.
    """
    with hold_lock(root / "experiments" / ".registry.lock"), connect_store(root) as mlflow:
        client = mlflow.MlflowClient()
        known = [
            one for one in _versions(client) if one.tags.get("fingerprint") == model.fingerprint
        ]
        known = [one for one in known if _is_whole(mlflow, one)]
        if known:
            for key, value in model.tags.items():
                client.set_model_version_tag(REGISTERED, known[0].version, key, value)
            return str(known[0].version)
        uri = _log_model(mlflow, run_id, model, script)
        _refuse_unusable(mlflow, uri, model)
        if not client.search_registered_models(f"name = '{REGISTERED}'"):
            client.create_registered_model(REGISTERED)
        made = client.create_model_version(
            REGISTERED,
            source=uri,
            run_id=run_id,
            tags={**model.tags, **_hash_tags(model), "fingerprint": model.fingerprint},
            description=model.description,
            model_id=uri.removeprefix("models:/"),
        )
        return str(made.version)


def load_version(root: Path, version: str) -> dict[str, str]:
    """The version's texts by file name; `DataError` unless each has its recorded hash."""
    with connect_store(root) as mlflow:
        return _load_texts(mlflow, _version(mlflow.MlflowClient(), version))


def _load_texts(mlflow: Any, one: Any) -> dict[str, str]:
    source = mlflow.MlflowClient().get_model_version_download_uri(REGISTERED, one.version)
    texts = _download_texts(mlflow, source, one.version)
    recorded = {
        key.removeprefix(HASH): text for key, text in one.tags.items() if key.startswith(HASH)
    }
    found = {name: _hash(text) for name, text in texts.items()}
    differing = sorted(
        name for name in {*recorded, *found} if recorded.get(name) != found.get(name)
    )
    if differing or not recorded:
        first = f" (first: {differing[0]})" if differing else ""
        raise DataError(
            f"{REGISTERED} version {one.version}: {len(differing)} of {len(recorded)} files differ "
            f"from their recorded hashes{first}. Restore them, or register anew."
        )
    return texts


def _download_texts(mlflow: Any, source: str, version: str) -> dict[str, str]:
    """The texts as the store keeps them; `DataError` where they are lost or no texts."""
    with tempfile.TemporaryDirectory() as scratch:
        try:
            at = mlflow.artifacts.download_artifacts(f"{source}/artifacts/files", dst_path=scratch)
            return _texts(Path(at))
        except (OSError, UnicodeDecodeError, mlflow.exceptions.MlflowException) as error:
            if is_of_the_network(error):
                raise
            cause = "not UTF-8" if isinstance(error, UnicodeDecodeError) else "not all there"
            raise DataError(
                f"{REGISTERED} version {version}: its files are {cause}. Restore the folder of"
                " artifacts, or run its experiment again and approve the version that comes."
            ) from error


def _is_whole(mlflow: Any, one: Any) -> bool:
    """Return whether the version's files are there, as they were registered."""
    try:
        _load_texts(mlflow, one)
    except DataError:
        return False
    return True


def version_facts(root: Path, version: str) -> dict[str, str]:
    """The version's tags, its run (`run`) and its model card (`description`).

    `UsageError` for a version that is not there, or was not registered by this package.
    """
    with connect_store(root) as mlflow:
        found = _version(mlflow.MlflowClient(), version)
    if "fingerprint" not in found.tags:
        raise UsageError(
            f"{REGISTERED} version {version}: was not registered by riskmodel, or lost its tags."
            " Run its experiment again."
        )
    return {**found.tags, "run": found.run_id or "", "description": found.description or ""}


def versions(root: Path) -> pd.DataFrame:
    """A row a version, the newest first; `alias` is champion, challenger or empty.

    Columns: version, verdict, override_reason, fingerprint, run, alias, programme; all texts.
    """
    with connect_store(root) as mlflow:
        client = mlflow.MlflowClient()
        found = _versions(client)
        aliases = _aliases(client)
    columns = ["version", "verdict", "override_reason", "fingerprint", "run", "alias"]
    columns += ["programme"]
    listed = [
        (
            str(one.version),
            one.tags.get("verdict", ""),
            one.tags.get("override_reason", ""),
            one.tags.get("fingerprint", ""),
            one.run_id or "",
            ", ".join(sorted(name for name in aliases if aliases[name] == str(one.version))),
            one.tags.get("programme", ""),
        )
        for one in found
    ]
    return pd.DataFrame(listed, columns=columns, dtype="str")


def aliases(root: Path) -> dict[str, str]:
    """Return the version that each alias names."""
    with connect_store(root) as mlflow:
        return _aliases(mlflow.MlflowClient())


def point_aliases(root: Path, wanted: Mapping[str, str], managed: Sequence[str]) -> None:
    """Of the managed aliases those wanted name these versions, no other stands.

    Only a recorded review calls this. A version that was deleted takes no alias.
    """
    with connect_store(root) as mlflow:
        client = mlflow.MlflowClient()
        there = {str(one.version) for one in _versions(client)}
        kept = {alias: version for alias, version in wanted.items() if version in there}
        for alias in ({*managed} & _aliases(client).keys()) - kept.keys():
            client.delete_registered_model_alias(REGISTERED, alias)
        for alias, version in kept.items():
            client.set_registered_model_alias(REGISTERED, alias, version)


def _log_model(mlflow: Any, run_id: str, model: Registration, script: Path) -> str:
    """The model in the run, as MLflow's models-from-code; its address. The run goes on after it."""
    with tempfile.TemporaryDirectory() as scratch:
        for name, text in model.files.items():
            write_text(Path(scratch) / "files" / name, text)
        hashes = {name: _hash(text) for name, text in model.files.items()}
        write_text(Path(scratch) / "files" / "hashes.json", json.dumps(hashes, indent=1))
        before = mlflow.get_run(run_id).info.status
        with mlflow.start_run(run_id=run_id), warnings.catch_warnings():
            # it asks for an example row and for type hints: the signature is given explicitly,
            # and no enterprise's row may enter the store
            warnings.simplefilter("ignore", UserWarning)
            info = mlflow.pyfunc.log_model(
                name="model",
                python_model=str(script),
                artifacts={"files": str(Path(scratch) / "files")},
                signature=_signature(model.inputs),
                pip_requirements=[f"{name}=={installed(name)}" for name in NEEDED],
            )
        mlflow.MlflowClient().update_run(run_id, status=before)
    return f"models:/{info.model_id}"


def _signature(inputs: tuple[tuple[str, str], ...]) -> Any:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    features = [ColSpec(TYPES[kind], name) for name, kind in inputs]
    return ModelSignature(Schema(features), Schema([ColSpec(kind, name) for name, kind in SCORES]))


def _refuse_unusable(mlflow: Any, uri: str, model: Registration) -> None:
    """Loads it as a server would, and scores one enterprise of which nothing is known."""
    with _without_pickles(), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # it asks for type hints, as above
        loaded = mlflow.pyfunc.load_model(uri)
    if loaded.metadata.signature != _signature(model.inputs):
        raise RiskModelError(f"registry: {uri}: the signature was lost. Report this.")
    nothing = pd.DataFrame(
        {
            name: pd.Series([float("nan") if kind == "number" else None], dtype=KINDS[kind])
            for name, kind in model.inputs
        }
    )
    scores = loaded.predict(nothing)
    if list(scores.columns) != [name for name, _ in SCORES] or len(scores) != 1:
        raise RiskModelError(f"registry: {uri}: does not score as its signature says. Report this.")


KINDS = {"number": "float64", "category": "object"}


@contextmanager
def _without_pickles() -> Iterator[None]:
    name = "MLFLOW_ALLOW_PICKLE_DESERIALIZATION"
    before = os.environ.get(name)
    os.environ[name] = "false"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def _versions(client: Any) -> list[Any]:
    found = client.search_model_versions(f"name = '{REGISTERED}'")
    return sorted(found, key=lambda one: int(one.version), reverse=True)


def _version(client: Any, version: str) -> Any:
    known = {str(one.version): one for one in _versions(client)}
    if version not in known:
        raise UsageError(
            f"{REGISTERED}: no version {version!r} among {len(known)}. See: riskmodel review list."
        )
    return known[version]


def _aliases(client: Any) -> dict[str, str]:
    found = client.search_registered_models(f"name = '{REGISTERED}'")
    return {alias: str(version) for alias, version in found[0].aliases.items()} if found else {}


def _texts(folder: Path) -> dict[str, str]:
    files = [path for path in sorted(folder.iterdir()) if path.name != "hashes.json"]
    return {path.name: path.read_bytes().decode("utf-8") for path in files}


def _hash_tags(model: Registration) -> dict[str, str]:
    return {f"{HASH}{name}": _hash(text) for name, text in model.files.items()}


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
