"""One small experiment, run once a session, for the tests of what a run leaves and of what follows."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conftest import Shared
from tests.pipeline.small_experiment import copy_project, make_project


@pytest.fixture(scope="session")
def project(shared: Shared) -> Path:
    """A project's folder with a finished run: to be read, not altered."""
    return shared("project", make_project)


@pytest.fixture(scope="module")
def own_project(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy for one file's tests, which they may alter."""
    copy = tmp_path_factory.mktemp("own") / "project"
    copy_project(project, copy)
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        yield copy
