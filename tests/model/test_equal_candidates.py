"""Candidates that come to the same are fitted once, and all that they say stands under both names."""

import sys
from dataclasses import replace

import pandas as pd
import pytest

from riskmodel.features import definitions_by_name
from riskmodel.model import FitTask, fit
from riskmodel.settings import load_settings

FREE = ("deal_usd_mean_12m", "sector")
QUICK = (
    "model.tuning.trials=1",
    "model.trees.max_rounds=15",
    "model.linear.weight=0.0",
    "model.calibration.bootstrap_draws=20",
    "datasets.split.folds=2",
    "datasets.split.repeats=1",
    "run.threads=1",
)


@pytest.fixture(scope="module")
def few(panel):
    """The rows of 250 enterprises."""
    return panel[panel["enterprise_id"] < "E250"].reset_index(drop=True)


@pytest.fixture
def fits(monkeypatch):
    """The names of the candidates that were fitted, in order."""
    once, names = sys.modules["riskmodel.model.candidate"].fit_candidate, []

    def counted(name, *given):
        names.append(name)
        return once(name, *given)

    for module in ("fit", "cross_validation"):
        monkeypatch.setattr(sys.modules[f"riskmodel.model.{module}"], "fit_candidate", counted)
    return names


def task(candidates: str, definitions, tmp_path) -> FitTask:
    path = tmp_path / "some.toml"
    path.write_text("", encoding="utf-8")
    settings = load_settings(path, [*QUICK, f"model.candidates={candidates}"])
    return FitTask(
        [definitions_by_name()[name] for name in definitions], settings, {"data": "drawn"}
    )


def of(table: pd.DataFrame, name: str) -> pd.DataFrame:
    mine = table[table["model"] == name].drop(columns="model")
    return mine.reset_index(drop=True)


@pytest.mark.parametrize(
    "candidates", ['["trees", "unconstrained_trees"]', '["unconstrained_trees", "trees"]']
)
def test_signed_and_unconstrained_trees_are_fitted_once_where_nothing_has_a_sign(
    few, date_split, fits, tmp_path, candidates
):
    found = fit(few, date_split, task(candidates, FREE, tmp_path))
    first, second = list(found.models)
    assert fits == [first, first]  # what is tested, and what scores
    for table in (found.predictions, found.out_of_fold, found.trials):
        assert len(of(table, first))
        pd.testing.assert_frame_equal(of(table, first), of(table, second), check_exact=True)
    alone = fit(few, date_split, task(f'["{second}"]', FREE, tmp_path)).models[second]
    assert found.models[second].to_files() == alone.to_files()


def test_without_a_date_split_they_share_their_repeats_too(few, date_split, fits, tmp_path):
    rows = few.assign(split=few["split"].replace(["calibrate", "test"], "fit"))
    flat = replace(date_split, by_time=False)
    found = fit(rows, flat, task('["trees", "unconstrained_trees"]', FREE, tmp_path))
    assert set(fits) == {"trees"}
    for table in (found.repeats, found.predictions):
        assert len(of(table, "trees"))
        pd.testing.assert_frame_equal(
            of(table, "trees"), of(table, "unconstrained_trees"), check_exact=True
        )


def test_with_a_sign_both_are_fitted(few, date_split, fits, tmp_path):
    definitions = (*FREE, "exports_usd_6m")
    found = fit(few, date_split, task('["trees", "unconstrained_trees"]', definitions, tmp_path))
    assert fits == ["trees", "trees", "unconstrained_trees", "unconstrained_trees"]
    pds = [of(found.predictions, name)["pd_12m"] for name in ("trees", "unconstrained_trees")]
    assert (pds[0] != pds[1]).any()


def test_a_sign_on_a_column_that_never_varies_is_none(few, date_split, fits, tmp_path):
    definitions = (*FREE, "exports_usd_6m")
    fit(
        few.assign(exports_usd_6m=1.0),
        date_split,
        task('["trees", "unconstrained_trees"]', definitions, tmp_path),
    )
    assert set(fits) == {"trees"}


def test_a_candidate_named_twice_is_one(few, date_split, fits, tmp_path):
    found = fit(few, date_split, task('["trees", "trees"]', FREE, tmp_path))
    assert fits == ["trees", "trees"]
    assert not found.predictions.duplicated(["enterprise_id", "as_of", "split", "model"]).any()
