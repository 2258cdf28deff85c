"""Broken files, links and disks are told as such: never as an "internal error", and never without a name."""

import errno
import os
import random
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
import pytest
from tests.breakage import HARMS, Harm, a_folder, circular, copied, dangling, files_below

from riskmodel.cli.main import main
from riskmodel.errors import DataError, MachineError, RiskModelError, machine_error, printable_path
from riskmodel.pipeline import experiment
from riskmodel.pipeline.last_run import read_last_run
from riskmodel.runs.run_folder import Run, create_run, open_run
from riskmodel.runs.stage_record import StageRecord
from riskmodel.settings import default_settings, load_settings
from riskmodel.simulation import simulate as economy
from riskmodel.simulation import write_simulation
from riskmodel.sources.folder import read_folder
from riskmodel.sources.persistence import load_source, save_reading
from riskmodel.storage import files

pytestmark = pytest.mark.slow

EXPERIMENTS = Path(__file__).parents[1] / "experiments"
CASES = 60
"""Of each kind of folder; each has a seed of its own, so that a case can be run alone."""


class Reached(RiskModelError):
    """The settings were good enough to begin."""

    exit_code = 99


def drawn(seed: int, folder: Path) -> tuple[Path, str]:
    """A file of the folder, broken; and its name."""
    draw = random.Random(seed)
    path = draw.choice(files_below(folder))
    harm: Harm = HARMS[seed % len(HARMS)]
    harm(path, draw)
    return path, harm.__name__


def assert_told(code: int, err: str, path: Path) -> None:
    """No exit code of an internal error, and an error in one line that names the file or its table."""
    assert code != 70, err
    errors = [line for line in err.splitlines() if "Error: " in line]
    if code:
        assert len(errors) == 1, err
        names = {path.name, path.stem, path.parent.name}
        assert any(name in err for name in names), (path, err)


def ended_with(words: list[str]) -> int:
    """The exit code, also where the command's words are refused before it acts."""
    try:
        return main(words)
    except SystemExit as ended:
        return int(str(ended.code))


@pytest.fixture(scope="module")
def simulation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source folder of twelve fictional enterprises."""
    folder = tmp_path_factory.mktemp("broken") / "simulation"
    write_simulation(folder, enterprises=12, months=18, seed=3)
    shutil.rmtree(folder / "truth")
    return folder


@pytest.mark.parametrize("seed", range(CASES))
def test_a_broken_file_of_a_source_folder_is_named(
    simulation: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    source = copied(simulation, tmp_path / "source")
    path, _ = drawn(seed, source)

    code = main(["check", str(source)])

    assert_told(code, capsys.readouterr().err, path)


@pytest.fixture(scope="module")
def features(simulation: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Feature files of that source."""
    out = tmp_path_factory.mktemp("features") / "out"
    assert main(["features", str(simulation), str(out), *AT]) == 0
    return out


AT = ["--as-of", "2013-07-01", "--feature", "exports_usd_6m", "--threads", "1"]


@pytest.mark.parametrize("seed", range(CASES))
def test_a_broken_file_among_feature_files_is_made_again_or_named(
    simulation: Path, features: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    out = copied(features, tmp_path / "out")
    path, harm = drawn(seed, out)

    code = main(["features", str(simulation), str(out), *AT])

    err = capsys.readouterr().err
    assert code != 70, err
    errors = [line for line in err.splitlines() if "Error: " in line]
    names = (path.name, f"{path.parent.name}:")  # the folder where its description is gone
    assert code == 0 or any(name in errors[0] for name in names), (path, harm, err)


@pytest.fixture
def project(simulation: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder whose runs end before their first stage."""
    (tmp_path / "experiments").mkdir()
    for name in ("baseline.toml", "policy.toml", "banks.toml"):
        shutil.copy(EXPERIMENTS / name, tmp_path / "experiments")
    shutil.copytree(EXPERIMENTS.parent / "notebooks", tmp_path / "notebooks")
    monkeypatch.setenv("RISKMODEL_ROOT", str(tmp_path))
    monkeypatch.setattr(experiment, "_run_stages_and_log", _reached)
    return tmp_path


def _reached(*_: object) -> None:
    raise Reached("its settings can be read")


def order(project: Path, simulation: Path) -> list[str]:
    words = ["run", str(project / "experiments/baseline.toml"), "--data", str(simulation)]
    return [*words, "--as-of", "2013-07-01"]


@pytest.mark.parametrize("seed", range(CASES))
def test_a_broken_settings_file_is_a_bad_setting_that_is_named(
    project: Path, simulation: Path, capsys: pytest.CaptureFixture[str], seed: int
) -> None:
    path, _ = drawn(seed, project / "experiments")

    code = main(order(project, simulation))

    assert code in (2, 4, 99)
    if code != 99:
        assert_told(code, capsys.readouterr().err, path)


@pytest.mark.parametrize("seed", range(CASES))
def test_a_broken_notebook_is_named(tmp_path: Path, seed: int) -> None:
    from riskmodel.runs.notebooks import read_parameters

    folder = copied(EXPERIMENTS.parent / "notebooks", tmp_path / "notebooks")
    shutil.rmtree(folder / "explore")
    path, harm = drawn(seed, folder)

    try:
        read_parameters(path)
    except RiskModelError as error:
        assert error.exit_code in (3, 4), (harm, error)
        assert path.name in str(error), (harm, error)


def test_a_bank_that_is_named_is_looked_up_in_a_file_that_can_be_read(
    project: Path, simulation: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "experiments/banks.toml").write_bytes(b'[[bank]]\nname = "\xff"\n')

    assert main([*order(project, simulation), "--bank", "ping_an"]) == 4
    assert "banks.toml" in capsys.readouterr().err


@pytest.mark.parametrize("harm", [dangling, circular])
def test_a_link_in_the_source_that_leads_nowhere_is_named_by_a_run(
    project: Path, simulation: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], harm: Harm
) -> None:
    source = copied(simulation, tmp_path / "source")
    harm(source / "enterprises.parquet", random.Random(0))

    assert main(order(project, source)) == 3
    assert "enterprises.parquet" in capsys.readouterr().err


def test_a_source_folder_that_is_a_circular_link_is_bad_data(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "loop").symlink_to("loop")

    assert main(order(project, tmp_path / "loop")) == 3
    assert main(["check", str(tmp_path / "loop")]) == 3
    assert capsys.readouterr().err.count("loop") >= 2


def test_a_run_folder_that_is_a_file_is_named(
    project: Path, simulation: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "experiments/runs").write_text("")

    assert main(order(project, simulation)) == 3
    err = capsys.readouterr().err
    assert "experiments/runs" in err
    assert "Move it away" in err


def test_names_that_are_too_long_are_told(
    project: Path, simulation: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    long = str(tmp_path / ("n" * 300))
    for words in (
        ["check", long],
        ["simulate", long, "--enterprises", "3", "--months", "12"],
        ["features", str(simulation), long, *AT],
        order(project, Path(long)),
        ["check", str(simulation), "--rejects", long],
    ):
        code = ended_with(words)
        err = capsys.readouterr().err
        assert code in (0, 2, 3), (words, err)
        assert code == 0 or "nnnn" in err, (words, err)


def test_a_folder_where_a_file_is_wanted_is_told(
    project: Path, simulation: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "afolder"
    folder.mkdir()

    assert main(["run", str(folder), "--data", str(simulation)]) == 4
    assert main(["features", str(simulation), str(tmp_path / "o"), "--rows", str(folder)]) in (2, 3)
    assert ended_with(["bench", "limits", "--enterprises", "10", "--json", str(folder)]) == 2
    assert capsys.readouterr().err.count("afolder") >= 3


FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def full_disk(*_: Any, **__: Any) -> None:
    """A writer whose disk is full."""
    raise FULL


def test_a_full_disk_in_the_simulation_is_told_and_nothing_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(economy.pq, "write_table", full_disk)

    code = main(["simulate", str(tmp_path / "out"), "--enterprises", "3", "--months", "12"])

    err = capsys.readouterr().err
    assert code == 3
    assert f"MachineError: {tmp_path}/out: No space left on device. Free some space" in err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("module", ["ordered", "feature_files"])
def test_a_full_disk_in_the_features_is_told(
    simulation: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    module: str,
) -> None:
    from riskmodel.pipeline import feature_files
    from riskmodel.sources.partitions import external_sort

    place: Any = {"ordered": external_sort, "feature_files": feature_files}[module]
    wrapped = type("Parquet", (), {**vars(pq), "write_table": staticmethod(full_disk)})
    monkeypatch.setattr(place, "pq", wrapped)

    code = main(["features", str(simulation), str(tmp_path / "out"), *AT])

    err = capsys.readouterr().err
    assert code == 3
    assert "No space left on device. Free some space" in err
    assert str(tmp_path / "out") in err


@pytest.mark.parametrize("write", ["write_parquet", "write_text"])
def test_a_full_disk_is_told_with_the_files_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: str
) -> None:
    monkeypatch.setattr(files.pq, "write_table", full_disk)
    monkeypatch.setattr(files, "_write_utf8", full_disk)
    given: Any = pd.DataFrame({"a": [1]}) if write == "write_parquet" else "text"

    with pytest.raises(MachineError, match=r"panel: No space left on device\. Free some space"):
        if write == "write_parquet":
            files.write_parquet(given, tmp_path / "panel")
        else:
            files.write_text(tmp_path / "panel", given)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "number", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EIO, errno.EMFILE, errno.EBUSY]
)
def test_whatever_the_system_says_outside_our_own_reading_is_not_our_fault(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fail() -> None:
        raise OSError(number, os.strerror(number), "/somewhere/table")

    monkeypatch.setattr("riskmodel.cli.commands.root_folder", fail)

    assert main(["review", "list"]) == 3
    err = capsys.readouterr().err
    assert err.startswith(f"MachineError: /somewhere/table: {os.strerror(number)}. ")
    assert err.count("\n") == 1


def test_what_nobody_foresaw_is_still_our_fault(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("riskmodel.cli.commands.root_folder", fail)

    assert main(["review", "list"]) == 70


def test_too_little_memory_is_the_machines(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise MemoryError

    monkeypatch.setattr("riskmodel.cli.commands.root_folder", fail)

    assert main(["review", "list"]) == 3
    assert "memory" in capsys.readouterr().err


def test_a_name_with_control_characters_stays_on_one_line() -> None:
    name = b"a\nb\x1b[31m\xff.parquet"

    told = str(machine_error(OSError(errno.EACCES, "", os.fsdecode(name))))

    assert told.startswith(r"a\nb\x1b[31m\udcff.parquet: Permission denied.")
    assert printable_path("x" * 1000).count("x") == 280


@pytest.fixture(scope="module")
def run_folder(simulation: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run's folder with tables and records that later stages read."""
    folder = tmp_path_factory.mktemp("runs") / "2013-07-01-trial-0123456789"
    run = create_run(folder, default_settings())
    save_reading(read_folder(simulation, default_settings().sources), folder / "sources")
    run.write("features", features=pd.DataFrame({"enterprise_id": ["E1"], "a": [1.0]}))
    run.write_json("datasets", "population", {"kind": "lines", "horizon_months": 12})
    last = ["enterprise_id", "bank", "decision", "limit_cny", "cap_cny", "pd_12m"]
    last += ["binding_constraint", "refusals"]
    priced = ["bank", "constraint", "segment", "shadow_price"]
    run.write(
        "limits",
        recommendations=pd.DataFrame({name: ["1"] for name in last}),
        constraints=pd.DataFrame({name: ["1"] for name in priced}),
    )
    StageRecord(run).end("limits", "07_limits", "key")
    return folder


@pytest.mark.parametrize("seed", range(2 * CASES))
def test_a_broken_file_of_a_run_is_named_by_whoever_reads_it(
    run_folder: Path, tmp_path: Path, seed: int
) -> None:
    folder = copied(run_folder, tmp_path / run_folder.name)
    path, harm = drawn(seed, folder)
    run = Run(folder, folder, default_settings())
    reads = (
        run.record,
        lambda: run.read("features", "features"),
        lambda: run.read_json("datasets", "population"),
        lambda: load_source(folder / "sources"),
        lambda: read_last_run(folder),
        lambda: open_run(str(folder / "settings.toml"), str(folder)),
        lambda: load_settings(folder / "settings.toml"),
    )
    for read in reads:
        try:
            read()
        except RiskModelError as error:
            assert error.exit_code in (3, 4), (path, harm, error)
            names = {path.name, path.stem, path.parent.name}
            assert any(name in str(error) for name in names), (path, harm, error)


def test_a_model_that_is_not_one_is_named(run_folder: Path, tmp_path: Path) -> None:
    from riskmodel.pipeline.artifacts.model import champion_of

    folder = copied(run_folder, tmp_path / run_folder.name)
    run = Run(folder, folder, default_settings())
    run.write_json("model", "champion", {"name": "trees"})
    for text in (b"\xff\xfe", b"{}", b"[]", b"{", b'{"format": 1}'):
        (folder / "model/trees").mkdir(exist_ok=True)
        (folder / "model/trees/model.json").write_bytes(text)
        with pytest.raises(DataError, match="model"):
            champion_of(run)


def test_a_folder_in_the_place_of_a_file_to_be_written_is_named(tmp_path: Path) -> None:
    path = tmp_path / "panel.parquet"
    path.write_text("")
    a_folder(path, random.Random(0))

    with pytest.raises(MachineError, match=r"panel\.parquet: .*Move it away"):
        files.write_text(path, "text")


def test_a_file_in_the_place_of_a_folder_to_be_written_into_is_named(tmp_path: Path) -> None:
    (tmp_path / "limits").write_text("")

    with pytest.raises(MachineError, match=r"constraints\.parquet: .*Move it away"):
        files.write_text(tmp_path / "limits" / "constraints.parquet", "text")
