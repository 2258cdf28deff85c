"""A run's files are held against what its stages wrote: what does not hold is made again."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pytest

from riskmodel.errors import DataError, SettingsError
from riskmodel.pipeline import experiment
from riskmodel.pipeline.experiment import STAGES
from riskmodel.pipeline.last_run import read_last_run
from riskmodel.runs import notebooks
from riskmodel.runs.run_folder import Run, create_run
from riskmodel.runs.stage_record import StageRecord
from riskmodel.settings import default_settings
from riskmodel.storage.files import sha256, write_text

PROJECT = Path(__file__).parents[2]


@dataclass
class Trial:
    """A run whose stages each write a table of their own; `ran` says which did, in order."""

    run: Run
    wrote: dict[str, int] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    during: dict[str, Callable[[], object]] = field(default_factory=dict)

    def notebook(self, run: Run, name: str) -> None:
        stage = name.partition("_")[2]
        self.ran.append(stage)
        run.write(stage, table=pd.DataFrame({"value": [self.wrote.get(stage, 1)]}))
        for end in ("ipynb", "html"):
            write_text(run.folder / "notebooks" / f"{name}.{end}", f"page of {stage}")
        self.during.get(stage, bool)()

    def again(self) -> list[str]:
        """The stages that ran."""
        self.ran.clear()
        self.said.clear()
        experiment._run_stages(self.run, self.said.append)
        return list(self.ran)


@pytest.fixture
def trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trial:
    """A run that has been carried out once."""
    shutil.copytree(PROJECT / "notebooks", tmp_path / "notebooks")
    folder = tmp_path / "experiments" / "runs" / "2014-07-01-trial-0123456789"
    run = create_run(folder, default_settings())
    run.note(data_fingerprint="0")
    for name in ("policy.toml", "banks.toml"):
        write_text(folder / name, (PROJECT / "experiments" / name).read_text("utf-8"))
    made = Trial(run)
    monkeypatch.setattr(experiment, "_execute_notebook", made.notebook)
    assert made.again() == list(STAGES)
    return made


def changed(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1] + b"x")


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def linked(path: Path) -> None:
    path.rename(path.with_name(".elsewhere"))
    path.symlink_to(".elsewhere")


def dangling(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def circular(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def changed_with_its_time_kept(path: Path) -> None:
    before = path.stat()
    changed(path)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_run_whose_files_hold_runs_only_its_last_stage(trial: Trial) -> None:
    assert trial.again() == ["publish"]
    assert sum("unchanged, not run again" in line for line in trial.said) == 7


def test_the_record_holds_the_digest_of_each_file_of_each_stage(trial: Trial) -> None:
    kept = json.loads((trial.run.folder / "run.json").read_text("utf-8"))["outputs"]

    assert list(kept) == sorted(STAGES)
    assert set(kept["limits"]) == {
        "limits/table.parquet",
        "notebooks/07_limits.html",
        "notebooks/07_limits.ipynb",
    }
    for name, digest in kept["limits"].items():
        assert digest == sha256(trial.run.folder / name)


@pytest.mark.parametrize(
    "harm",
    [
        changed,
        cut_short,
        emptied,
        Path.unlink,
        a_folder,
        linked,
        dangling,
        circular,
        changed_with_its_time_kept,
    ],
)
@pytest.mark.parametrize("stage", ["features", "limits"])
def test_a_file_that_is_not_what_was_written_is_made_again_and_said(
    trial: Trial, harm: Callable[[Path], None], stage: str
) -> None:
    path = trial.run.folder / stage / "table.parquet"
    whole = path.read_bytes()
    harm(path)

    # equal bytes again, so the stages after it stand
    assert trial.again() == [stage, "publish"]
    assert path.read_bytes() == whole
    assert not path.is_symlink()
    missing = harm in (Path.unlink, a_folder)
    words = "is missing" if missing else "is not what was written"
    number = STAGES.index(stage) + 1
    assert f"[{number}/8] {stage}: {stage}/table.parquet {words}; run again" in trial.said


def test_a_page_that_is_gone_is_made_again(trial: Trial) -> None:
    (trial.run.folder / "notebooks" / "06_validate.html").unlink()

    assert trial.again() == ["validate", "publish"]
    assert (trial.run.folder / "notebooks" / "06_validate.html").exists()


def test_stages_after_one_that_comes_out_otherwise_are_run_again(trial: Trial) -> None:
    cut_short(trial.run.folder / "model" / "table.parquet")
    trial.wrote["model"] = 2

    assert trial.again() == ["model", "explain", "validate", "limits", "publish"]


def test_a_whole_folder_that_is_gone_or_a_link_is_made_again(trial: Trial) -> None:
    shutil.rmtree(trial.run.folder / "sources")
    (trial.run.folder / "limits").rename(trial.run.folder.parent / "elsewhere")
    (trial.run.folder / "limits").symlink_to("../elsewhere")

    assert trial.again() == ["sources", "limits", "publish"]
    assert not (trial.run.folder / "limits").is_symlink()
    assert (trial.run.folder.parent / "elsewhere" / "table.parquet").exists()


def test_a_file_that_no_stage_wrote_is_moved_aside_and_the_stage_stands(trial: Trial) -> None:
    write_text(trial.run.folder / "explain" / "notes.txt", "mine")

    assert trial.again() == ["publish"]
    assert (trial.run.folder / "set_aside" / "explain" / "notes.txt").read_text() == "mine"
    assert not (trial.run.folder / "explain" / "notes.txt").exists()
    assert any("1 files that no stage wrote" in line for line in trial.said)


def test_what_an_earlier_time_of_a_stage_left_is_not_mixed_with_the_next(trial: Trial) -> None:
    limits = trial.run.folder / "limits"
    trial.run.write("limits", older=pd.DataFrame({"value": [0]}))
    record = trial.run.record()
    record["stages"].pop("limits")
    record["outputs"].pop("limits")
    trial.run.note(**record)

    assert trial.again() == ["limits", "publish"]
    assert [path.name for path in limits.iterdir()] == ["table.parquet"]


def test_trials_of_a_search_that_was_stopped_outlive_the_next_start(trial: Trial) -> None:
    trials = trial.run.folder / "model" / "trials.jsonl"
    write_text(trials, "a trial\n")
    record = trial.run.record()
    record["stages"].pop("model")
    record["outputs"].pop("model")
    trial.run.note(**record)

    trial.again()
    assert trials.read_text() == "a trial\n"
    changed(trials)
    assert trial.again()[0] == "model"
    assert not trials.exists()


def test_a_run_that_kept_no_digests_is_run_again(trial: Trial) -> None:
    trial.run.note(outputs={})

    assert trial.again() == list(STAGES)


def test_a_file_that_changes_while_the_run_is_on_stops_it(trial: Trial) -> None:
    panel = trial.run.folder / "datasets" / "table.parquet"
    cut_short(trial.run.folder / "validate" / "table.parquet")
    trial.during["validate"] = lambda: changed(panel)

    with pytest.raises(DataError, match=r"datasets/table\.parquet .* changed while the run was on"):
        trial.again()


@pytest.mark.parametrize(
    "damage",
    [
        cut_short,
        emptied,
        a_folder,
        dangling,
        lambda path: path.write_bytes(b"\xff\xfe"),
        lambda path: path.write_text("[]"),
        lambda path: path.write_text('{"stages": []}'),
        lambda path: path.write_text('{"outputs": {"limits": 3}}'),
        lambda path: path.write_text('{"attempt": "many"}'),
        lambda path: path.write_text("[" * 100_000),
    ],
)
def test_a_damaged_record_is_named_with_its_remedy_and_mended_by_the_next_run(
    trial: Trial, damage: Callable[[Path], object]
) -> None:
    path = trial.run.folder / "run.json"
    damage(path)

    with pytest.raises(DataError, match=r"run\.json: .* Remove it and give the same command"):
        trial.run.record()
    experiment._repair_record(trial.run, trial.said.append)
    assert trial.run.record() == {}
    assert any("every stage is run again" in line for line in trial.said)
    assert os.path.lexists(trial.run.folder / "set_aside" / "run.json")


def test_a_record_that_is_sound_is_left_alone(trial: Trial) -> None:
    before = (trial.run.folder / "run.json").read_bytes()
    trial.said.clear()

    experiment._repair_record(trial.run, trial.said.append)

    assert (trial.run.folder / "run.json").read_bytes() == before
    assert trial.said == []


@pytest.mark.parametrize("linked_folder", [False, True])
def test_a_notebook_is_given_its_run_without_a_machines_path(
    trial: Trial, monkeypatch: pytest.MonkeyPatch, linked_folder: bool
) -> None:
    monkeypatch.undo()
    given: list[dict[str, str]] = []
    root = trial.run.root
    if linked_folder:
        (root / "notebooks").rename(root.parent / "elsewhere")
        (root / "notebooks").symlink_to(root.parent / "elsewhere")
    monkeypatch.setattr(notebooks, "execute", lambda source, out, words: given.append(words))
    monkeypatch.setattr(notebooks, "to_html", lambda executed, page: None)

    experiment._execute_notebook(trial.run, "01_sources")

    place = (root / "notebooks").resolve()
    assert (place / given[0]["run_dir"]).resolve() == trial.run.folder
    assert (place / given[0]["settings_path"]).resolve() == trial.run.folder / "settings.toml"
    assert not given[0]["run_dir"].startswith("/")
    if not linked_folder:
        assert given[0]["run_dir"] == f"../experiments/runs/{trial.run.name}"


LAST = {
    "recommendations": [
        "enterprise_id", "bank", "decision", "limit_cny", "cap_cny", "pd_12m",
        "binding_constraint", "refusals",
    ],
    "constraints": ["bank", "constraint", "segment", "shadow_price"],
}  # fmt: skip


@pytest.mark.parametrize("name", list(LAST))
def test_last_months_limits_are_held_against_what_their_run_wrote(trial: Trial, name: str) -> None:
    folder = trial.run.folder
    for table, columns in LAST.items():
        trial.run.write("limits", **{table: pd.DataFrame({column: ["1"] for column in columns})})
    with pytest.raises(SettingsError, match="kept no digest"):
        read_last_run(folder)
    StageRecord(trial.run).end("limits", "07_limits", "key")
    assert read_last_run(folder).name == folder.name

    trial.run.write("limits", **{name: pd.DataFrame({c: ["2"] for c in LAST[name]})})

    with pytest.raises(SettingsError, match=rf"{name}\.parquet is not what the run wrote"):
        read_last_run(folder)
