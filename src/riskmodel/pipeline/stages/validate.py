"""The stage `validate`: the checks with their verdict, and performance by model and split."""

from dataclasses import dataclass

import pandas as pd

from riskmodel import datasets as data
from riskmodel import validate as validation
from riskmodel.datasets.panel import KEY
from riskmodel.limits.eligibility import flag_eligible
from riskmodel.model import RiskModel
from riskmodel.pipeline.artifacts.datasets import panel_of
from riskmodel.pipeline.artifacts.features import features_of
from riskmodel.pipeline.artifacts.model import champion_of
from riskmodel.pipeline.artifacts.sources import source_of
from riskmodel.pipeline.artifacts.terms import policy_of
from riskmodel.pipeline.rows_never_fitted import (
    group_scored,
    predict_never_fitted,
    select_new_lines,
)
from riskmodel.runs.run_folder import Run
from riskmodel.runs.stage_inputs import StageInputs
from riskmodel.tables.run.declaration import conform_all
from riskmodel.tables.run.validate import TABLES

INPUTS = StageInputs(
    "validate",
    settings=(
        "run.seed",
        "run.threads",
        "run.data_origin",
        "features",
        "validate",
        "limits.policy",
    ),
    stages=("sources", "features", "datasets", "model"),
)


@dataclass(frozen=True)
class ValidateResult:
    """The checks with their verdict, and the figures behind them."""

    checks: pd.DataFrame
    verdict: validation.Verdict
    performance: pd.DataFrame
    comparisons: pd.DataFrame
    grades: pd.DataFrame
    vintages: pd.DataFrame
    distance: tuple[str, ...]


def validate_model(run: Run) -> ValidateResult:
    """Run the checks, derive the verdict, and measure performance by model and split."""
    run.begin("validate")
    settings, champion = run.settings, champion_of(run)
    panel = panel_of(run)
    eligible = flag_eligible(panel, policy_of(run))
    evidence = _gather_evidence(run, champion.name, panel, panel[eligible])
    predictions = evidence.predictions
    checks = validation.run_checks(evidence)
    word = validation.reach_verdict(checks, settings.validate_)
    draws = settings.validate_.bootstrap_draws
    figures = validation.measure_performance(predictions, draws, settings.run.seed)
    compared = validation.compare_candidates(predictions, champion.name)
    grades = validation.performance_by_grade(
        evidence.rows("test"), settings.validate_.asset_correlation
    )
    walked = run.read("model", "walk_forward")
    vintages = (
        validation.performance_by_vintage(walked, draws, settings.run.seed)
        if len(walked)
        else pd.DataFrame()
    )
    apart, beyond = _measure_never_fitted(run, champion, evidence, eligible)
    run.write(
        "validate",
        **conform_all(
            TABLES,
            checks=checks,
            performance=figures,
            comparisons=compared,
            grades=grades,
            vintages=vintages,
            distance=apart,
            beyond=beyond,
        ),
    )
    record = {"verdict": word.word, "failed": word.failed, "conditions": word.conditions}
    run.write_json("validate", "verdict", record)
    words = validation.describe_distance(apart, beyond)
    return ValidateResult(checks, word, figures, compared, grades, vintages, words)


def _gather_evidence(
    run: Run, champion: str, panel: pd.DataFrame, eligible: pd.DataFrame
) -> validation.Evidence:
    """Gather what the checks read; `eligible` are the panel's rows of those who may be lent to."""
    settings, found = run.settings, features_of(run)
    facts, out_of_fold = run.read_json("datasets", "population"), run.read("model", "out_of_fold")
    headline = validation.with_headline(run.read("model", "predictions"), out_of_fold)
    canary = validation.count_changed_values(
        source_of(run),
        found,
        settings.features,
        sample=settings.validate_.time_travel_rows,
        seed=settings.run.seed,
    )
    return validation.Evidence(
        predictions=validation.with_eligible(headline, eligible),
        panel=panel,
        definitions=found.definitions,
        champion=champion,
        by_time=facts["by_time"],
        by_enterprise=not (facts["by_time"] and out_of_fold.empty),
        time_travel=canary,
        settings=settings.validate_,
        seed=settings.run.seed,
        suspects=run.read("model", "leakage_suspects"),
        gap=facts["gap"],
        jumps=data.describe_jumps(run.read("datasets", "yearly_default_rates")),
    )


def _measure_never_fitted(
    run: Run, champion: RiskModel, evidence: validation.Evidence, eligible: pd.Series
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure how far the scored rows lie from the labelled ones, and the ranking beyond them."""
    panel, none = evidence.panel, run.read("datasets", "without_line")
    draws = validation.Draws(evidence.settings.bootstrap_draws, evidence.seed)
    groups = group_scored(panel, eligible, none)
    rows = none.merge(features_of(run).frame, on=KEY, how="left", validate="1:1")
    never = predict_never_fitted(champion, panel, rows)
    beyond = {
        "no_line": never,
        "no_line_eligible": never[flag_eligible(never, policy_of(run))],
        "new_line": select_new_lines(evidence.rows("test"), source_of(run)),
    }
    beyond = {name: one for name, one in beyond.items() if len(one)}
    return (
        validation.measure_distance(panel, groups, evidence.definitions, draws),
        validation.measure_beyond(beyond, draws),
    )
