"""Contributions of a fitted model: they add up, and shap's own explainer agrees."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from riskmodel.datasets import Split
from riskmodel.explain import compare_with_shap, compute_contributions, sum_by_family
from riskmodel.features import definitions_by_name
from riskmodel.model import FitTask, fit
from riskmodel.model.learners.linear import Curve, LinearModel
from riskmodel.settings import load_settings

NAMES = ["exports_usd_6m", "exports_usd_12m", "days_past_due_now"]


@pytest.fixture(scope="module")
def drawn():
    """Six hundred rows in which exports lower and arrears raise the risk."""
    rng = np.random.default_rng(4)
    values = rng.normal(0, 1, (600, 3))
    bad = rng.random(600) < 1 / (1 + np.exp(1.5 + values[:, 0] - values[:, 2]))
    return pd.DataFrame(values, columns=NAMES).assign(
        enterprise_id=[f"E{n}" for n in range(600)],
        as_of=pd.Timestamp("2022-01-01"),
        split=np.repeat(["fit", "fit", "calibrate", "test"], 150),
        defaulted=pd.array(bad, dtype="boolean"),
    )


@pytest.fixture(scope="module")
def models(drawn, tmp_path_factory):
    path = tmp_path_factory.mktemp("settings") / "small.toml"
    path.write_text("", encoding="utf-8")
    settings = load_settings(
        path,
        [
            'model.candidates=["trees", "single_feature"]',
            "model.tuning.trials=1",
            "model.trees.max_rounds=20",
            "model.calibration.bootstrap_draws=20",
            "run.threads=1",
        ],
    )
    definitions = [definitions_by_name()[name] for name in NAMES]
    return fit(drawn, Split(drawn, True, ""), FitTask(definitions, settings)).models


def test_each_row_adds_up_to_the_log_odds_by_feature_and_by_family(models, drawn):
    for model in models.values():
        shares = compute_contributions(model, drawn)
        families = sum_by_family(shares, definitions_by_name())
        assert np.abs(shares.sum(axis=1) - model.log_odds(drawn)).max() < 1e-9
        assert np.abs(families.sum(axis=1) - model.log_odds(drawn)).max() < 1e-9
        assert shares.index.equals(drawn.index)


def test_shaps_own_explainer_agrees_and_has_nothing_to_say_of_single_feature(models, drawn):
    assert compare_with_shap(models["trees"], drawn.head(50)) < 1e-6
    assert np.isnan(compare_with_shap(models["single_feature"], drawn.head(50)))


class Swapped(LinearModel):
    """A linear model that gives the first column's shares to the second, and the other way round."""

    def contributions(self, matrix):
        shares = super().contributions(matrix)
        shares[:, :2] = shares[:, 1::-1]
        return shares


class Doubled(LinearModel):
    """A linear model whose first column takes twice its share, at the base's cost."""

    def contributions(self, matrix):
        shares = super().contributions(matrix)
        shares[:, -1] -= shares[:, 0]
        shares[:, 0] *= 2
        return shares


@pytest.mark.parametrize("wrong", [Swapped, Doubled])
def test_shares_of_the_linear_model_that_go_to_the_wrong_column_are_seen(models, drawn, wrong):
    model = models["trees"]
    line = LinearModel(-1.0, (slope(0.5), slope(0.2), slope(-0.3)), 0.4)
    right, other = (
        replace(model, ranker=replace(model.ranker, linear=kind(*vars(line).values())))
        for kind in (LinearModel, wrong)
    )
    assert compare_with_shap(right, drawn.head(50)) < 1e-6
    assert compare_with_shap(other, drawn.head(50)) > 0.01


def slope(rise: float) -> Curve:
    """A straight curve from -3 to 3."""
    return Curve((-3.0, 3.0), (-3 * rise, 3 * rise), 0.0)


def test_no_rows_have_no_contributions(models, drawn):
    for model in models.values():
        assert compute_contributions(model, drawn.iloc[:0]).empty
