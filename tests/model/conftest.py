"""A panel drawn from a known risk, and the candidates fitted to it once."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from riskmodel.datasets import Split
from riskmodel.features import definitions_by_name
from riskmodel.features.spec import FeatureDefinition
from riskmodel.model import FitResult, FitTask, RiskModel, fit
from riskmodel.settings import Settings, load_settings

NAMES = ("exports_usd_6m", "days_past_due_now", "deal_usd_mean_12m", "sector")
KINDS = ("trees", "scorecard", "unconstrained_trees", "single_feature")
SMALL = (
    "model.tuning.trials=2",
    "model.trees.max_rounds=40",
    "model.trees.learning_rate=0.1",
    "model.trees.min_child_samples=20",
    "model.calibration.bootstrap_draws=40",
    "datasets.split.folds=3",
    "datasets.split.repeats=2",
    "run.threads=1",
)


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    path: Path = tmp_path_factory.mktemp("settings") / "small.toml"
    path.write_text("", encoding="utf-8")
    return load_settings(path, SMALL)


@pytest.fixture(scope="session")
def definitions() -> tuple[FeatureDefinition, ...]:
    return tuple(definitions_by_name()[name] for name in NAMES)


@pytest.fixture(scope="session")
def panel() -> pd.DataFrame:
    """2,400 rows of 600 enterprises on four dates: exports lower the risk, arrears raise it."""
    rng = np.random.default_rng(11)
    days = pd.to_datetime(["2021-01-01", "2022-04-01", "2023-07-01", "2024-07-01"])
    splits = dict(zip(days, ["fit", "calibrate", "test", "score"], strict=True))
    grid = pd.MultiIndex.from_product(
        [[f"E{n:03d}" for n in range(600)], days], names=["enterprise_id", "as_of"]
    ).to_frame(index=False)
    exports = np.exp(rng.normal(12, 1, len(grid)))
    arrears = rng.choice([0.0, 0.0, 0.0, 15.0, 45.0], len(grid))
    odds = -2.4 - 0.8 * (np.log(exports) - 12) + 0.04 * arrears
    happened = rng.random(len(grid)) < 1 / (1 + np.exp(-odds))
    split = grid["as_of"].map(splits)
    return grid.assign(
        split=split,
        defaulted=pd.Series(happened, dtype="boolean").mask(split == "score"),
        exports_usd_6m=exports,
        days_past_due_now=np.where(rng.random(len(grid)) < 0.1, np.nan, arrears),
        deal_usd_mean_12m=rng.normal(50_000, 9_000, len(grid)),
        sector=pd.Series(rng.choice(["lamps", "shoes", "toys"], len(grid)), dtype="str"),
    )


@pytest.fixture(scope="session")
def date_split(panel: pd.DataFrame) -> Split:
    rows = panel.loc[panel["split"] != "score", ["enterprise_id", "as_of", "defaulted", "split"]]
    return Split(rows, True, "out of time")


@pytest.fixture(scope="session")
def task(settings: Settings, definitions: tuple[FeatureDefinition, ...]) -> FitTask:
    return FitTask(definitions, settings, {"data": "drawn"})


@pytest.fixture(scope="session")
def fitted(panel: pd.DataFrame, date_split: Split, task: FitTask) -> FitResult:
    return fit(panel, date_split, task)


@pytest.fixture(scope="session", params=KINDS)
def model(request: pytest.FixtureRequest, fitted: FitResult) -> RiskModel:
    """Each candidate in turn."""
    return fitted.models[request.param]


@pytest.fixture(scope="session", params=[kind for kind in KINDS if kind != "unconstrained_trees"])
def signed(request: pytest.FixtureRequest, fitted: FitResult) -> RiskModel:
    """Each candidate that keeps the features' directions."""
    return fitted.models[request.param]
