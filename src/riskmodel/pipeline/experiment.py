"""An experiment run whole: the eight notebooks by papermill, recorded in MLflow."""

import hashlib
import os
import platform
import re
import tempfile
import time
from dataclasses import dataclass
from datetime import date
from importlib import metadata
from pathlib import Path

import numpy as np

from riskmodel.datasets import last_day, refuse_outside, resolve_population
from riskmodel.errors import ChecksFailed, DataError, RiskModelError, SettingsError
from riskmodel.pipeline.approved_model import IN_FORCE, Approved, approved_for, as_record
from riskmodel.pipeline.fingerprints import canonical, data_fingerprint
from riskmodel.pipeline.model_card import headline
from riskmodel.pipeline.preflight import RunPlan, plan_run, refuse_banks_without_terms
from riskmodel.pipeline.stage_keys import INPUTS, StageKeys
from riskmodel.pipeline.stage_reuse import reuse_stage
from riskmodel.pipeline.summary import refusal_summary
from riskmodel.progress import Progress
from riskmodel.runs import notebooks, tracking
from riskmodel.runs.run_folder import Run, create_run
from riskmodel.runs.run_record import OUTPUTS
from riskmodel.runs.seeds_seen import origin_of
from riskmodel.runs.shareable_notebooks import copy_shareable
from riskmodel.runs.stage_record import StageRecord, first_fault, move_aside
from riskmodel.settings import Frozen, Settings, read_toml
from riskmodel.sources import Source
from riskmodel.sources.folder import read_folder
from riskmodel.storage.files import write_text
from riskmodel.storage.locks import hold_lock

STAGES = tuple(INPUTS)
DONE = "DONE"


@dataclass(frozen=True)
class RunRequest:
    """A request for a run: an experiment's file and the words after it."""

    experiment: Path
    assignments: tuple[str, ...] = ()
    banks: tuple[str, ...] = ()


def run_experiment(request: RunRequest, root: Path, progress: Progress) -> Run:
    """All stages of the experiment; those whose inputs, settings and code stand are not run again.

    Raises `ChecksFailed` at the end if the verdict kept the limits from being published; the run
    folder then holds everything but `DONE`.
    """
    plan = plan_run(request.experiment, request.assignments, request.banks, root)
    if plan.settings.publish.tracking:
        tracking.refuse_unreachable(root)
    settings = resolve_last_run(_resolve_settings(plan.settings, root, progress), root)
    refuse_banks_without_terms(settings, plan.banks)
    approved = approved_for(settings, plan.texts["policy.toml"], root)
    run = _open_run_folder(settings, plan, root, progress)
    with hold_lock(run.folder / ".lock"):
        _note_approved(run, approved, progress)
        return _run_stages_and_log(run, request, progress)


def _note_approved(run: Run, approved: Approved | None, progress: Progress) -> None:
    """Note the version in force as the run begins, for all its stages."""
    former = run.record().get(IN_FORCE)
    run.note(**{IN_FORCE: as_record(approved)})
    if approved is None:
        return
    progress(f"version {approved.version}, in force from {approved.since}")
    if former and former["fingerprint"] != approved.fingerprint:
        progress(f"an earlier go used version {former['version']}: model and after are run again")


def _run_stages_and_log(run: Run, request: RunRequest, progress: Progress) -> Run:
    done = run.folder / DONE
    attempt = int(run.record().get("attempt", 0)) + (1 if done.exists() else 0)
    done.unlink(missing_ok=True)
    run.note(
        name=run.name,
        as_of=str(run.settings.run.as_of),
        attempt=max(attempt, 1),
        banks=list(request.banks),
        state="running",
        versions=_versions(),
    )
    try:
        tracked = _start_tracking(run, progress)
        _run_stages(run, progress)
        _log_results(run, tracked)
    except BaseException:
        _note_failure(run, progress)
        raise
    refused = run.read_json("publish", "publication")["refused"]
    _note_end(run, tracked, "checks failed" if refused else "done")
    if refused:
        raise ChecksFailed(
            f"{run.name}: nothing was published, {refused}. Read {_page(run, 'validate')}, or give"
            " publish.override_reason.",
            refusal_summary(run),
        )
    write_text(done, "")
    _point_latest(run)
    return run


def _point_latest(run: Run) -> None:
    """`experiments/runs/latest` names the newest run that is done: notebooks start from it."""
    link = run.folder.parent / "latest"
    fresh = link.with_name(".latest")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(run.name)
    fresh.replace(link)


def _run_stages(run: Run, progress: Progress) -> None:
    record, keys = StageRecord(run), StageKeys(run)
    notebook = {stage: f"{number:02d}_{stage}" for number, stage in enumerate(STAGES, 1)}
    for number, stage in enumerate(STAGES, 1):
        before = {name: notebook[name] for name in STAGES[: number - 1]}
        key = keys.key(stage, notebook[stage], run.record().get(OUTPUTS, {}))
        if stage != "publish" and run.record().get("stages", {}).get(stage) != key:
            reuse_stage(run, stage, key, notebook[stage])
        label = f"[{number}/{len(STAGES)}] {stage}"
        known = run.record().get("stages", {}).get(stage) == key
        if (
            known
            and _is_unchanged(record, stage, notebook[stage], label, progress)
            and stage != "publish"
        ):
            progress(f"{label}: unchanged, not run again")
            continue
        record.refuse_changed(before)
        began = time.monotonic()
        progress(f"{label} ...")
        record.begin(stage, notebook[stage])
        _execute_notebook(run, notebook[stage])
        record.end(stage, notebook[stage], key)
        progress(f"{label}: {time.monotonic() - began:.1f} s")


def _is_unchanged(
    record: StageRecord, stage: str, notebook: str, label: str, progress: Progress
) -> bool:
    """Return whether the stage's files are those that it wrote; report what is not."""
    if strangers := record.set_strangers_aside(stage):
        progress(f"{label}: {len(strangers)} files that no stage wrote are moved to set_aside/")
    if faults := record.faults(stage, notebook):
        progress(f"{label}: {first_fault(faults)}; run again")
    return not faults


def _execute_notebook(run: Run, name: str) -> None:
    source = run.root / "notebooks" / f"{name}.ipynb"
    executed = run.folder / "notebooks" / f"{name}.ipynb"
    # seen from the notebooks' folder, so that no machine's paths stand in what is kept
    folder = os.path.relpath(run.folder, source.resolve().parent)
    given = {"settings_path": f"{folder}/settings.toml", "run_dir": folder}
    notebooks.execute(source, executed, given)
    notebooks.to_html(executed, executed.with_suffix(".html"))


def _resolve_settings(settings: Settings, root: Path, progress: Progress) -> Settings:
    """The settings with an absolute data folder, and a date and an origin of the data for "auto"."""
    if not settings.run.data:
        raise SettingsError("run.data: no source folder is named. Give --data DIR.")
    data = Path(settings.run.data).resolve()
    if not data.is_dir():
        raise DataError(f"{settings.run.data}: no such folder. Name one with the canonical tables.")
    source = read_folder(data, settings.sources).source
    as_of = _resolve_date(settings, source, progress)
    origin = settings.run.data_origin
    if origin == "auto":
        origin = origin_of(data, root / "experiments")
    run = settings.run.with_values({"data": str(data), "as_of": as_of, "data_origin": origin})
    return settings.with_values({"run": run})


def _resolve_date(settings: Settings, source: Source, progress: Progress) -> date:
    """The run's date: the one named, if the data tell of it, or their last day for "auto"."""
    datasets, as_of = settings.datasets, settings.run.as_of
    found = last_day(source, datasets, resolve_population(source, datasets))
    if as_of != "auto":
        refuse_outside(as_of, found, datasets.as_of_dates.max_data_age_days)
        return as_of
    progress(f"as of {found.day}: the last day that the bulk of every table answers for")
    for words in found.words():
        progress(words)
    return found.day


def resolve_last_run(settings: Settings, root: Path) -> Settings:
    """The settings with the newest earlier run of the same name and data for "auto", else "".

    A run's name carries its date, and only a run that is done counts.
    """
    if settings.limits.previous_run != "auto":
        return settings
    day, runs = str(settings.run.as_of), root.resolve() / "experiments" / "runs"
    named = re.compile(rf"(\d{{4}}-\d\d-\d\d)-{re.escape(settings.run.name)}-[0-9a-f]{{10}}")
    found = ((named.fullmatch(path.parent.name), path) for path in runs.glob(f"*/{DONE}"))
    done = [
        (hit[1], path.stat().st_mtime, hit[0])
        for hit, path in found
        if hit and hit[1] < day and _data_of(path.parent) == settings.run.data
    ]
    last = max(done, default=("", 0.0, ""))[2]
    limits = settings.limits.with_values({"previous_run": last})
    return settings.with_values({"limits": limits})


def _data_of(folder: Path) -> str:
    """The source folder that a run read, as its settings name it."""
    run = read_toml(folder / "settings.toml").get("run")
    return str(run.get("data", "")) if isinstance(run, dict) else ""


def _open_run_folder(settings: Settings, plan: RunPlan, root: Path, progress: Progress) -> Run:
    """The run folder, named by date, experiment and a fingerprint of all that decides the result.

    It hangs on values, not on how they are written; threads decide no result.
    """
    fingerprint = data_fingerprint(Path(settings.run.data))
    plain = {name: table for name, table in settings.tables().items() if name != "run"}
    terms = [one.model_dump(mode="json") for one in (plan.policy, plan.banks)]
    facts = canonical([plain, settings.run.seed, terms, fingerprint])
    digest = hashlib.sha256(facts.encode()).hexdigest()[:10]
    name = f"{settings.run.as_of}-{settings.run.name}-{digest}"
    folder = root.resolve() / "experiments" / "runs" / name
    folder.mkdir(parents=True, exist_ok=True)
    for file, text in plan.texts.items():
        write_text(folder / file, text)
    run = create_run(folder, settings)
    _repair_record(run, progress)
    run.note(data_fingerprint=fingerprint)
    return run


def _repair_record(run: Run, progress: Progress) -> None:
    """Moves a `run.json` that is damaged aside, and says so: every stage is then run again."""
    try:
        run.record()
    except DataError:
        progress(f"{run.name}/run.json: not the record that a run writes; every stage is run again")
        move_aside(run.folder, "run.json")


def _versions() -> dict[str, str]:
    packages = ("riskmodel", "lightgbm", "mlflow", "numba", "numpy", "pandas", "papermill", "shap")
    return {"python": platform.python_version()} | {p: metadata.version(p) for p in packages}


def _start_tracking(run: Run, progress: Progress) -> str:
    """The MLflow run, new or opened again; empty where tracking is off."""
    if not run.settings.publish.tracking:
        run.note(mlflow_run_id="")
        return ""
    known = str(run.record().get("mlflow_run_id") or "")
    if known and tracking.is_in_store(run.root, known):
        tracking.reopen_run(run.root, known)
        return known
    params = _tracked_settings(run.settings)
    tracked = tracking.start_run(run.root, run.name, params, {"run_folder": run.name})
    run.note(mlflow_run_id=tracked, mlflow_page=tracking.run_page(run.root, tracked))
    progress(f"MLflow run {tracked}")
    return tracked


def _tracked_settings(table: Frozen, prefix: str = "") -> dict[str, str]:
    """Return each setting's value as text by its key; the source folder is the machine's own."""
    found: dict[str, str] = {}
    for name, field in type(table).model_fields.items():
        key, value = prefix + (field.alias or name), getattr(table, name)
        if isinstance(value, Frozen):
            found |= _tracked_settings(value, f"{key}.")
        elif key != "run.data":
            found[key] = str(value)[:500]
    return found


def _log_results(run: Run, tracked: str) -> None:
    """Figures, executed notebooks and settings into MLflow; no enterprise's values."""
    if not tracked:
        return
    figures = run.read("validate", "performance")
    names = figures["model"] + "." + figures["split"] + "." + figures["metric"]
    by_bank, checks = run.read("limits", "by_bank"), run.read("validate", "checks")
    metrics = {
        **{
            name + suffix: value
            for column, suffix in (("value", ""), ("low", "_low"), ("high", "_high"))
            for name, value in zip(names, figures[column].astype(float), strict=True)
            if np.isfinite(value)
        },
        **dict(
            zip("limit_cny." + by_bank["bank"], by_bank["limit_cny"].astype(float), strict=True)
        ),
        **dict(zip("check." + checks["check"], checks["passed"].astype(float), strict=True)),
    }
    tags = {"verdict": run.read_json("validate", "verdict")["verdict"], **headline(run)}
    with tempfile.TemporaryDirectory() as scratch:
        copy_shareable(run.folder / "notebooks", Path(scratch))
        tracking.log(
            run.root,
            tracked,
            metrics=metrics,
            folders={"notebooks": Path(scratch)},
            tags={_tag(name): value for name, value in tags.items()},
        )


def _tag(name: str) -> str:
    """A tag's name without characters that MLflow refuses."""
    return "".join(c if c.isalnum() or c in " _-." else "" for c in name)


def _note_failure(run: Run, progress: Progress) -> None:
    """The run's state, here and in MLflow; a store that is gone must not hide why the run failed."""
    try:
        _note_end(run, str(run.record().get("mlflow_run_id") or ""), "failed")
    except RiskModelError as error:
        progress(f"the run's end is not in MLflow: {error}")


def _note_end(run: Run, tracked: str, state: str) -> None:
    run.note(state=state)
    if tracked:
        tracking.finish(run.root, tracked, "FAILED" if state == "failed" else "FINISHED")


def _page(run: Run, stage: str) -> str:
    number = STAGES.index(stage) + 1
    page = run.folder / "notebooks" / f"{number:02d}_{stage}.html"
    return page.relative_to(run.root).as_posix()
