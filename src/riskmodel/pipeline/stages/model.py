"""The stage `model`: the candidates fitted, or the approved champion scored."""

import hashlib
import logging
import platform
from importlib import metadata
from typing import Any

import pandas as pd

from riskmodel import datasets as data
from riskmodel import model as modelling
from riskmodel.model.learners.scorecard.scorecard import Scorecard
from riskmodel.model.learners.scorecard.sql import scorecard_sql
from riskmodel.pipeline.approved_model import approved_model, intended_use_of
from riskmodel.pipeline.artifacts.datasets import learning_panel
from riskmodel.pipeline.artifacts.features import definitions_of
from riskmodel.pipeline.artifacts.model import unknown_values
from riskmodel.pipeline.artifacts.sources import source_of
from riskmodel.pipeline.fingerprints import code_fingerprint
from riskmodel.pipeline.trial_file import TrialFile
from riskmodel.runs.run_folder import Run
from riskmodel.runs.stage_inputs import StageInputs
from riskmodel.storage.files import sha256, write_text
from riskmodel.tables.run.declaration import conform_all
from riskmodel.tables.run.model import TABLES

INPUTS = StageInputs(
    "model",
    settings=(
        "run.as_of",
        "run.seed",
        "run.threads",
        "features",
        "datasets",
        "model",
        "explain",
        "validate.max_single_feature_auc",
        "limits.policy",
    ),
    stages=("sources", "features", "datasets"),
)


def fit_models(run: Run) -> modelling.FitResult:
    """Fit the candidates, or score by the approved champion."""
    run.begin("model")
    panel, facts = learning_panel(run), run.read_json("datasets", "population")
    if run.settings.model.source == "score_champion":
        champion = approved_model(run)
        fitted, walked = modelling.replay(champion, panel), pd.DataFrame()
    else:
        split = data.Split(panel[panel["split"] != "score"], facts["by_time"], facts["split"])
        task = _task(run, facts)
        fitted = modelling.fit(panel, split, task)
        walked = _walk_forward(
            next(iter(fitted.models.values())),
            panel,
            facts,
            modelling.exclude_leaks(fitted.suspects, task),
        )
    run.write(
        "model",
        **conform_all(
            TABLES,
            predictions=fitted.predictions,
            out_of_fold=fitted.out_of_fold,
            repeats=fitted.repeats,
            trials=fitted.trials,
            leakage_suspects=fitted.suspects,
            walk_forward=walked,
        ),
    )
    for name, one in fitted.models.items():
        _write_model(run, name, one)
        _write_scorecard(run, one, panel)
    _write_unknown(run, fitted, panel[panel["split"] == "score"])
    run.write_json("model", "champion", {"name": next(iter(fitted.models))})
    return fitted


def _task(run: Run, population: dict[str, Any]) -> modelling.FitTask:
    """Return what fitting is given; trials of the tuning are kept as they end."""
    store = TrialFile(run.folder / "model" / "trials.jsonl", _search_key(run))
    facts = _model_facts(run, population)
    return modelling.FitTask(
        definitions_of(run), run.settings, facts, _log_progress, store.known(), store.keep
    )


def _walk_forward(
    champion: modelling.RiskModel,
    panel: pd.DataFrame,
    facts: dict[str, Any],
    task: modelling.FitTask,
) -> pd.DataFrame:
    """Walk the champion's kind forward over the vintages, where labels come over several dates."""
    if not facts["by_time"] or facts["horizon_months"] is None:
        return pd.DataFrame()
    return modelling.walk_forward(champion, panel, facts["horizon_months"], task)


def _search_key(run: Run) -> str:
    """Return a digest of what a search's trials depend on: the panel, the settings, the code."""
    panel = sha256(run.path_of("datasets", "panel.parquet"))
    settings = run.settings.with_values(
        {"model": run.settings.model.with_values({"tuning.trials": 1})}
    )
    tables = [settings.tables()[name] for name in ("features", "datasets", "model", "validate")]
    facts = (panel, tables, settings.run.seed, _versions(), code_fingerprint())
    return hashlib.sha256(repr(facts).encode()).hexdigest()


def _model_facts(run: Run, population: dict[str, Any]) -> dict[str, Any]:
    """Return what a model remembers of its making."""
    kinds = run.read_json("features", "definitions")["attributes"]
    return {
        "as_of": str(run.settings.run.as_of),
        "flags": [name for name, kind in kinds.items() if kind == "flag"],
        "data_fingerprint": source_of(run).fingerprint,
        "code_fingerprint": code_fingerprint(),
        "outcome": population["outcome"],
        "purpose": intended_use_of(run, population).texts(),
        "split": population["split"],
        "settings": {
            "model": run.settings.model.model_dump(mode="json"),
            "datasets": run.settings.datasets.model_dump(mode="json"),
            "features": run.settings.features.model_dump(mode="json"),
            "explain": run.settings.explain.model_dump(mode="json"),
            "seed": run.settings.run.seed,
        },
        "versions": _versions(),
    }


def _versions() -> dict[str, str]:
    """Return the versions of what a model's bytes can depend on."""
    packages = (
        "riskmodel lightgbm numba numpy optbinning optuna ortools pandas scikit-learn scipy".split()
    )
    found = {name: metadata.version(name) for name in packages}
    extra = [one for one in ("interpret-core",) if list(metadata.distributions(name=one))]
    found |= {name: metadata.version(name) for name in extra}
    return {"python": platform.python_version(), **found}


def _write_model(run: Run, name: str, one: modelling.RiskModel) -> None:
    for file, text in one.to_files().items():
        write_text(run.folder / "model" / name / file, text)


def _write_unknown(run: Run, fitted: modelling.FitResult, rows: pd.DataFrame) -> None:
    """Write the counts of rows that are scored as anyone, and the texts that are no known level.

    The log names those of the recommended model.
    """
    counts = {name: one.count_unknown(rows) for name, one in fitted.models.items()}
    texts = {name: one.ranker.inputs.count_unseen(rows) for name, one in fitted.models.items()}
    run.write_json("model", "unknown", {"rows": len(rows), "as_anyone": counts, "texts": texts})
    for line in unknown_values(run, next(iter(fitted.models))):
        _log_progress(line)


def _write_scorecard(run: Run, one: modelling.RiskModel, panel: pd.DataFrame) -> None:
    """Write a scorecard's bins with their points, what it left out and why, and its SQL.

    A bank can score by the SQL alone, with the PD where the calibration is logistic.
    """
    if not isinstance(one.ranker, Scorecard):
        return
    run.write("model", **conform_all(TABLES, scorecard=one.ranker.table()))
    unseen = one.ranker.count_unseen(panel[panel["split"] == "score"])
    run.write_json(
        "model", "scorecard", {"left_out": dict(one.ranker.left_out), "unseen": dict(unseen)}
    )
    curve, line = one.calibration.curve, None
    if curve.method == "logistic":
        line = (curve.intercept + one.calibration.shift, curve.terms[0])
    write_text(run.folder / "model" / "scorecard.sql", scorecard_sql(one.ranker, calibration=line))


def _log_progress(words: str) -> None:
    """Write progress inside a kernel to its log."""
    logging.getLogger("riskmodel").info(words)
