"""Benchmark of scoring: scores and reasons beside LightGBM's and shap's, on drawn features."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from riskmodel.explain import (
    compare_with_shap,
    compute_contributions,
    make_baseline,
    reasons_in_columns,
)
from riskmodel.features import DEFINITIONS
from riskmodel.features.spec import FeatureDefinition
from riskmodel.model import RiskModel, reference_group
from riskmodel.model.calibration import Calibration, Curve
from riskmodel.model.directions import prepare_inputs
from riskmodel.model.learners.shapley.shapley import build_shapley_tables
from riskmodel.model.learners.trees import Trees, fit_trees
from riskmodel.model.master_scale import MasterScale
from riskmodel.model.reference_group import BLOCK
from riskmodel.progress import Progress
from riskmodel.settings import Settings, default_settings
from riskmodel.statistics.logistic import expit

ENSEMBLES: Mapping[str, Mapping[str, int]] = MappingProxyType(
    {
        "500 trees, 31 leaves": {
            "trees.max_rounds": 500,
            "trees.num_leaves": 31,
            "trees.max_depth": -1,
            "trees.min_child_samples": 20,
        },
        "as the settings have it": {},
    }
)
"""Changes to the settings: LightGBM's own size of trees at any depth, and ours."""
FEATURES = 100
FIT_ROWS = 10_000
SLOW_ROWS, SHAP_ROWS = 1_000, 500
"""Rows for the slow contenders; a row costs them the same each."""
MISSING = 0.05
COLUMNS = "model name rows seconds cpu_seconds rows_per_second ratio largest_difference".split()


@dataclass
class Clock:
    """Wall and CPU seconds (all threads) of the work that it is given, added up."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0

    def measure(self, work: Callable[[], Any]) -> Any:
        """Run the work, add its time, and return its result."""
        began, used = time.perf_counter(), time.process_time()
        found = work()
        self.seconds += time.perf_counter() - began
        self.cpu_seconds += time.process_time() - used
        return found


Line = tuple[str, int, Clock, float]
"""A contender, its rows, its time, and how far its contributions are from ours."""
NONE = float("nan")


def bench_scoring(
    enterprises: int, progress: Progress, *, ensembles: Mapping[str, Mapping[str, int]] = ENSEMBLES
) -> pd.DataFrame:
    """One row an ensemble and contender, the library's contributions first: `COLUMNS`.

    `ratio` is seconds a row over those of the library's contributions. `largest_difference` is that
    of a contender's contributions to ours, in log-odds. The tables are made once for a model, so
    they have a line of their own; reasons include scoring, and all contributions.
    """
    settings = default_settings()
    definitions = tuple(feature for feature in DEFINITIONS if feature.model)[:FEATURES]
    found = [
        _of_ensemble(name, change, (enterprises, definitions, settings), progress)
        for name, change in ensembles.items()
    ]
    return pd.concat(found, ignore_index=True)[COLUMNS]


def draw_features(definitions: tuple[FeatureDefinition, ...], rows: int, seed: int) -> pd.DataFrame:
    """Draw keys, features (some values missing) and `defaulted`, which depends on all."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(rows, len(definitions)))
    # the same weights for every seed: later draws are of the population that was fitted
    weights = np.random.default_rng(0).normal(size=len(definitions)) / np.sqrt(len(definitions))
    happened = rng.random(rows) < expit(2 * values @ weights - 2.5)
    frame = pd.DataFrame(values, columns=[feature.name for feature in definitions])
    frame = frame.mask(rng.random(values.shape) < MISSING)
    for feature in (feature for feature in definitions if feature.category):
        frame[feature.name] = pd.Series(rng.choice(["lamps", "shoes", "toys"], rows), dtype="str")
    keys = {"enterprise_id": np.char.add("E", np.arange(rows).astype(str)), "as_of": "2014-07-01"}
    return pd.concat([pd.DataFrame(keys), frame], axis=1).assign(defaulted=happened)


def _of_ensemble(
    name: str,
    change: Mapping[str, int],
    work: tuple[int, tuple[FeatureDefinition, ...], Settings],
    progress: Progress,
) -> pd.DataFrame:
    enterprises, definitions, settings = work
    progress(f"{name}: fitting")
    trees, model = _fit_ensemble(definitions, change, settings)
    once = Clock()
    once.measure(lambda: build_shapley_tables(trees.text))
    progress(f"{name}: {enterprises:,} enterprises, scores and reasons")
    lines = [
        *_ours(enterprises, model, definitions, settings),
        ("riskmodel, tables once", 0, once, NONE),
    ]
    progress(f"{name}: LightGBM and shap now")
    few = draw_features(definitions, min(enterprises, SLOW_ROWS), settings.run.seed)
    lines += [_pred_contrib(trees, few), _shap(model, few.head(SHAP_ROWS))]
    table = pd.DataFrame(
        [(n, rows, c.seconds, c.cpu_seconds, apart) for n, rows, c, apart in lines],
        columns=["name", "rows", "seconds", "cpu_seconds", "largest_difference"],
    )
    speed = (table["rows"] / table["seconds"]).where(table["rows"] > 0)
    return table.assign(model=name, rows_per_second=speed, ratio=speed.iloc[0] / speed)


def _fit_ensemble(
    definitions: tuple[FeatureDefinition, ...], change: Mapping[str, int], settings: Settings
) -> tuple[Trees, RiskModel]:
    """Fit the ensemble, and a model around it that keeps a reference group."""
    rows = draw_features(definitions, FIT_ROWS, settings.run.seed - 1)
    model_settings = settings.model.with_values(dict(change))
    inputs = prepare_inputs(rows, definitions, model_settings)
    trees = fit_trees(
        rows,
        inputs,
        model_settings.trees,
        model_settings.linear,
        seed=settings.run.seed,
        threads=settings.run.threads,
    )
    model = RiskModel(
        "trees",
        trees,
        Calibration(
            Curve("logistic", 0.0, (1.0,)),
            0.0,
            ((0.0, 0.0, 0.0),),
            model_settings.calibration.confidence_level,
            {},
        ),
        MasterScale(model_settings.master_scale.pd_bounds),
        {},
        reference_group.fit_reference_group(trees, rows, settings.explain.reference_group_share),
    )
    return trees, model


def _ours(
    enterprises: int,
    model: RiskModel,
    definitions: tuple[FeatureDefinition, ...],
    settings: Settings,
) -> list[Line]:
    """Time contributions, then scores with reasons, then scores alone, over all enterprises."""
    baseline = make_baseline(model, definitions)
    shares, reasons, scores = Clock(), Clock(), Clock()

    def scored_with_reasons(rows: pd.DataFrame) -> None:
        model.score(rows)
        reasons_in_columns(baseline, rows, settings.explain)

    for start in range(0, enterprises, BLOCK):
        rows = draw_features(
            definitions, min(BLOCK, enterprises - start), settings.run.seed + start
        )
        shares.measure(partial(compute_contributions, model, rows))
        reasons.measure(partial(scored_with_reasons, rows))
        scores.measure(partial(model.score, rows))
    return [
        ("riskmodel", enterprises, shares, NONE),
        ("riskmodel, scores and reasons", enterprises, reasons, NONE),
        ("riskmodel, scores alone", enterprises, scores, NONE),
    ]


def _pred_contrib(trees: Trees, rows: pd.DataFrame) -> Line:
    clock, matrix = Clock(), trees.inputs.matrix(rows)
    predict = partial(trees.booster.predict, matrix, pred_contrib=True, num_threads=trees.threads)
    alone = replace(trees, linear=None, inputs=replace(trees.inputs, imputations={}))
    apart = np.abs(clock.measure(predict) - alone.contributions(rows)).max()
    return "LightGBM's pred_contrib", len(rows), clock, float(apart)


def _shap(model: RiskModel, rows: pd.DataFrame) -> Line:
    compare_with_shap(model, rows.head(1))  # loads the library
    clock = Clock()
    apart = clock.measure(partial(compare_with_shap, model, rows))
    return "shap's TreeExplainer", len(rows), clock, apart
