"""A run's date: told before the first stage, and refused where the data say nothing of it."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from riskmodel.errors import SettingsError
from riskmodel.pipeline.experiment import RunRequest, run_experiment
from riskmodel.storage.files import write_folder

EXPERIMENTS = Path(__file__).parents[2] / "experiments"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project's folder with a source of forty labelled enterprises, watched in 2013 and 2014."""
    (tmp_path / "experiments").mkdir()
    for toml in EXPERIMENTS.glob("*.toml"):
        shutil.copy(toml, tmp_path / "experiments")
    names = [f"E{n:02d}" for n in range(40)]
    known = pd.Timestamp("2013-06-01", tz="UTC")
    frame = pd.DataFrame({"enterprise_id": names})
    labels = frame.assign(
        as_of=pd.Timestamp("2013-07-01"),
        defaulted=frame.index % 4 == 0,
        observed_until=pd.Timestamp("2014-06-30"),
        horizon_months=12,
    )
    tables = {
        "enterprises": frame,
        "attributes": frame.assign(known_at=known, x=range(40)),
        "outcomes": labels,
    }
    write_folder(tables, tmp_path / "folder")
    return tmp_path


@pytest.mark.parametrize("day", ["2030-01-01", "2014-08-02", "2013-06-30"])
def test_a_date_of_which_the_data_do_not_tell_is_refused_before_the_first_stage(
    root: Path, day: str
) -> None:
    told: list[str] = []
    data = f"run.data={json.dumps(str(root / 'folder'))}"
    request = RunRequest(root / "experiments/baseline.toml", (data, f"run.as_of={day}"))
    with pytest.raises(SettingsError, match=rf"run.as_of: {day} is .*(after the data|before the)"):
        run_experiment(request, root, told.append)
    assert told == []
    assert not (root / "experiments/runs").exists()
