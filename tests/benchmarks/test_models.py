"""The models' benchmark on drawn data: its protocol, its interval, and what stands beside."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from riskmodel.benchmarks import models
from riskmodel.benchmarks.models import (
    COLUMNS,
    PRICE,
    PUBLISHED_RESULTS,
    bench_models,
    beside_published,
    corrected_interval,
    cross_validate,
)
from riskmodel.datasets import balanced_folds
from riskmodel.errors import DataError
from riskmodel.features.spec import FeatureDefinition, latest
from riskmodel.model.inputs import fit_inputs
from riskmodel.model.learners.interface import LEARNERS
from riskmodel.settings import Settings, load_settings
from riskmodel.statistics.discrimination import auc
from riskmodel.storage.files import write_parquet

EXPERIMENTS = Path(__file__).resolve().parents[2] / "experiments"
REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "gmsc"
SMALL = [
    "model.trees.max_rounds=20",
    "model.inner_folds=2",
    "model.candidates=['trees', 'unconstrained_trees', 'single_feature']",
    "datasets.split.folds=2",
    "datasets.split.repeats=2",
    "run.threads=1",
]


def silent(words: str) -> None:
    """Nobody listens."""


def settings(*words: str) -> Settings:
    return load_settings(EXPERIMENTS / "taiwan.toml", [*SMALL, *words])


def feature(name: str, risk: str) -> FeatureDefinition:
    return FeatureDefinition(
        name, "as given", risk, "attributes", latest(name), (name, name), "attributes"
    )  # type: ignore[arg-type]


DEFINITIONS = (feature("load", "rises"), feature("noise", "none"))


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    load = rng.normal(size=400)
    return pd.DataFrame(
        {
            "enterprise_id": [f"E{number:03d}" for number in range(400)],
            "as_of": pd.Timestamp(2024, 1, 1),
            "load": load,
            "noise": rng.normal(size=400),
            "defaulted": load + rng.normal(size=400) > 1,
        }
    )


@pytest.fixture(scope="module")
def folds(rows: pd.DataFrame) -> pd.DataFrame:
    return cross_validate(rows, DEFINITIONS, settings(), silent)


def test_every_candidate_is_judged_on_every_fold_of_every_repeat(folds: pd.DataFrame) -> None:
    counts = folds.groupby("model", sort=False).size()
    assert counts.to_dict() == {"trees": 4, "unconstrained_trees": 4, "single_feature": 4}
    assert (folds["ratio"] == 1.0).all()
    assert folds["auc"].between(0.7, 0.95).all()


def test_a_fold_is_never_fitted_on(rows: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[set[str], set[str]]] = []
    fit, evaluate = models._fit, models._evaluate
    monkeypatch.setattr(
        models, "_fit",
        lambda kind, own, *rest: seen.append((set(own["enterprise_id"]), set())) or fit(kind, own, *rest),
    )  # fmt: skip
    monkeypatch.setattr(
        models, "_evaluate",
        lambda ranker, own, level: seen[-1][1].update(own["enterprise_id"]) or evaluate(ranker, own, level),
    )  # fmt: skip
    cross_validate(rows, DEFINITIONS, settings("model.candidates=['single_feature']"), silent)
    assert len(seen) == 4
    for apart, held in seen:
        assert len(apart) + len(held) == len(rows)
        assert not apart & held


def test_the_benchmark_gives_the_same_figures_again(
    rows: pd.DataFrame, folds: pd.DataFrame
) -> None:
    pd.testing.assert_frame_equal(folds, cross_validate(rows, DEFINITIONS, settings(), silent))


def test_the_interval_counts_the_overlap_of_training_rows() -> None:
    # s = 1, n = 4, tests half of the rows: error sqrt(1/4 + 1), t at .975 with 3 degrees 3.182446
    values = pd.Series([0.0, 0.0, 1.5, 1.5]) * 2 / np.sqrt(3)
    assert values.std() == pytest.approx(1.0)
    low, high = corrected_interval(values, 1.0)
    assert high - low == pytest.approx(2 * 3.182446305 * np.sqrt(1.25))
    assert (low + high) / 2 == pytest.approx(1.5 / np.sqrt(3))


def test_one_fold_alone_has_no_interval() -> None:
    assert np.isnan(corrected_interval(pd.Series([0.7]), 1.0)).all()


def drawn_folds(models_: dict[str, list[float]]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"model": m, "repeat": 0, "fold": k, "auc": auc, "brier": 0.1, "log_loss": 0.3, "ratio": 1.0}
            for m, values in models_.items()
            for k, auc in enumerate(values)
        ]
    )  # fmt: skip


def test_the_price_of_signs_is_the_difference_on_the_same_folds() -> None:
    table = beside_published(
        "gmsc", drawn_folds({"unconstrained_trees": [0.8, 0.9], "trees": [0.79, 0.88]})
    )
    price = table.set_index("model").loc[PRICE]
    assert price["auc"] == pytest.approx((0.01 + 0.02) / 2)
    assert price["brier"] == pytest.approx(0.0)
    assert price["auc_high"] - price["auc_low"] < 0.5


def test_published_figures_stand_beside_ours_each_with_its_source() -> None:
    table = beside_published("gmsc", drawn_folds({"trees": [0.8, 0.9]}))
    assert list(table.columns) == list(COLUMNS)
    assert list(table["whose"]) == ["riskmodel", "published", "published"]
    theirs = table[table["whose"] == "published"]
    assert list(theirs["auc"]) == [0.693, 0.865]
    assert theirs["source"].str.contains("2015").all()
    assert PRICE not in set(table["model"])


@pytest.mark.parametrize("name", list(PUBLISHED_RESULTS))
def test_every_published_figure_names_where_it_stands(name: str) -> None:
    assert all(len(one.source) > 20 and 0.5 < one.auc < 1 for one in PUBLISHED_RESULTS[name])


def test_a_folder_without_any_of_the_sets_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"0 of 2 data sets \(gmsc, taiwan\)"):
        bench_models(tmp_path, EXPERIMENTS, silent)


@pytest.fixture
def clients(tmp_path: Path) -> Path:
    """A hundred drawn feature clients, late ones more often in default; no other data set."""
    rng = np.random.default_rng(5)
    late = rng.integers(0, 4, size=(200, 6))
    rows = pd.DataFrame({"ID": range(200), "LIMIT_BAL": rng.integers(1, 9, 200) * 1e4})
    delays = ("PAY_0", "PAY_2", "PAY_3", "PAY_4", "PAY_5", "PAY_6")
    rows = rows.assign(**{name: late[:, k] for k, name in enumerate(delays)})
    rows = rows.assign(**{f"BILL_AMT{k}": rng.integers(0, 9000, 200) * 1.0 for k in range(1, 7)})
    rows = rows.assign(**{f"PAY_AMT{k}": rng.integers(0, 900, 200) * 1.0 for k in range(1, 7)})
    bad = late[:, 0] + rng.normal(size=200) > 2
    write_parquet(
        rows.assign(default_next_month=bad.astype(int)), tmp_path / "taiwan" / "taiwan.parquet"
    )
    return tmp_path


def test_the_way_is_importer_door_features_folds_and_an_absent_set_is_told(
    clients: Path, tmp_path: Path
) -> None:
    experiments = tmp_path / "experiments"
    experiments.mkdir()
    text = (EXPERIMENTS / "taiwan.toml").read_text(encoding="utf-8")
    text = text.replace("repeats = 2", "repeats = 1").replace("folds = 5", "folds = 2", 1)
    text = text.replace('"trees", "scorecard", "unconstrained_trees", ', "")
    (experiments / "taiwan.toml").write_text(text, encoding="utf-8")
    told: list[str] = []
    table = bench_models(clients, experiments, told.append)
    assert list(table["model"]) == ["single_feature", "gradient boosting"]
    assert table["auc"].iloc[0] > 0.7
    assert any("gmsc: not in" in words for words in told)
    assert any("repeat 1 of 1, fold 2 of 2" in words for words in told)


@pytest.mark.skipif(not REAL.is_dir(), reason="the borrowers' data is not at ../shared/data")
def test_on_one_half_of_the_borrowers_scorecard_and_trees_rank_as_published_models_do():
    """This half is harder than most, and fewer, quicker rounds cost the trees a little."""
    settings = load_settings(
        EXPERIMENTS / "gmsc.toml", ["model.trees.max_rounds=110", "model.trees.learning_rate=0.06"]
    )
    rows, definitions = models.labelled_features("gmsc", REAL, settings, silent)
    _, fold = next(balanced_folds(rows, settings.datasets, settings.run.seed))
    learnt, held = (rows[side].reset_index(drop=True) for side in (fold != 0, fold == 0))
    inputs = fit_inputs(learnt, definitions, settings.model.max_categories)
    found = {
        name: auc(
            LEARNERS[name].fit(learnt, inputs, settings.model, seed=7, threads=2).raw(held),
            held["defaulted"].to_numpy(float),
        )
        for name in ("scorecard", "trees")
    }
    assert found["scorecard"] >= 0.856
    assert found["trees"] >= 0.860
    assert found["trees"] > found["scorecard"]
