"""The stage `explain`: contributions and reasons of every enterprise that is scored, and their proof."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pandas as pd

from riskmodel import explain as reasoning
from riskmodel import model as modelling
from riskmodel.datasets.panel import KEY
from riskmodel.model import reference_group
from riskmodel.model.candidate import fit_ranker
from riskmodel.pipeline.artifacts.datasets import learning_panel
from riskmodel.pipeline.artifacts.features import definitions_of
from riskmodel.pipeline.artifacts.model import champion_of
from riskmodel.runs.run_folder import Run
from riskmodel.runs.stage_inputs import StageInputs
from riskmodel.tables.run.declaration import conform_all
from riskmodel.tables.run.explain import TABLES

INPUTS = StageInputs(
    "explain",
    settings=("run.seed", "run.threads", "features", "datasets", "model", "explain"),
    stages=("features", "datasets", "model"),
)

SHAP_ROWS = 200
"""Rows on which shap's explainer is asked for the same contributions."""


@dataclass(frozen=True)
class ExplainResult:
    """Scored rows, their strengths by feature and family, and the reasons.

    `fidelity` is what the reasons would change, `stability` how refits agree with them, and
    `difference` the largest one between our contributions and shap's.
    """

    rows: pd.DataFrame
    strengths: pd.DataFrame
    families: pd.DataFrame
    reasons: pd.DataFrame
    fidelity: pd.DataFrame
    stability: pd.DataFrame
    difference: float


def explain_scores(run: Run) -> ExplainResult:
    """Compute the reasons of every enterprise that is scored, and check them."""
    run.begin("explain")
    champion, panel, settings = champion_of(run), learning_panel(run), run.settings.explain
    baseline = reasoning.make_baseline(champion, definitions_of(run))
    rows = panel[panel["split"] == "score"].reset_index(drop=True)
    strengths = reasoning.compute_strengths(baseline, rows)
    families = reasoning.sum_by_family(strengths, baseline.definitions)
    reasons = reasoning.find_reasons(baseline, rows, settings)
    changed = reasoning.measure_fidelity(baseline, rows, reasons)
    some = rows.iloc[:: -(-len(rows) // settings.stability_rows) or 1]
    refits, seed = _refit(run, champion, panel), run.settings.run.seed
    stable = reasoning.measure_stability(baseline, refits, some, settings, seed=seed)
    difference = reasoning.compare_with_shap(champion, rows.head(SHAP_ROWS))
    run.write(
        "explain",
        **conform_all(
            TABLES, reasons=reasons, contributions=rows[KEY].join(families), fidelity=changed
        ),
    )
    if baseline.is_scorecard:
        points = reasoning.points_below_best(baseline, rows)
        run.write("explain", **conform_all(TABLES, points_below_best=rows[KEY].join(points)))
    record = {"refits": json.loads(stable.to_json(orient="records"))}
    run.write_json("explain", "stability", record)
    run.write_json(
        "explain", "shap_consistency", {"rows": len(rows.head(SHAP_ROWS)), "largest": difference}
    )
    return ExplainResult(rows, strengths, families, reasons, changed, stable, difference)


def _refit(
    run: Run, champion: modelling.RiskModel, panel: pd.DataFrame
) -> Iterator[reasoning.Baseline]:
    """Yield the champion fitted again on labelled enterprises drawn with replacement.

    Each refit has a reference group of its own.
    """
    settings, features = run.settings, {name for name, _ in champion.inputs}
    rows = panel[panel["split"] != "score"].astype({"defaulted": bool})
    definitions = [definition for definition in definitions_of(run) if definition.name in features]
    tuned = settings.model.with_values(champion.facts["tuned"])
    for number in range(1, settings.explain.refits + 1):
        drawn = reasoning.resample_enterprises(rows, settings.run.seed + number)
        ranker = fit_ranker(champion.name, drawn, modelling.FitTask(definitions, settings), tuned)
        near = reference_group.fit_reference_group(
            ranker, drawn, settings.explain.reference_group_share
        )
        yield reasoning.make_baseline(
            replace(champion, ranker=ranker, reference_group=near), definitions
        )
