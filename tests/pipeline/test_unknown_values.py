"""Rows to score that count as anyone: in the run's record, in words, and in a served model's log."""

import logging
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from riskmodel.model import FitResult, RiskModel
from riskmodel.model.calibration import Calibration, Curve
from riskmodel.model.inputs import Inputs
from riskmodel.model.learners.single_feature import SingleFeature
from riskmodel.model.master_scale import MasterScale
from riskmodel.pipeline.artifacts.model import unknown_values
from riskmodel.pipeline.stages.model import _write_unknown
from riskmodel.runs.run_folder import Run
from riskmodel.settings import default_settings

SAID = (
    "days_past_due_now has no known value in 2 of 3 rows; the fit rows taught nothing of that, so"
    " it counts as anyone's."
)


@pytest.fixture
def model() -> RiskModel:
    """One number, 0 or 3 days past due, which no fit row lacked."""
    inputs = Inputs(("days_past_due_now",), (1,), {}, {"days_past_due_now": (0.0, 3.0) * 16})
    line = Calibration(Curve("logistic", -1.0, (1.0,)), 0.0, ((0.0, 0.1, 0.1),), 0.9, {})
    return RiskModel("single_feature", SingleFeature(inputs, 1, 0.0), line, MasterScale((0.1,)), {})


@pytest.fixture
def rows() -> pd.DataFrame:
    return pd.DataFrame({"days_past_due_now": [np.nan, 0.0, np.nan]})


def test_the_run_keeps_the_counts_of_each_model_and_names_the_recommended_ones(
    model, rows, tmp_path, caplog
):
    run = Run(tmp_path, tmp_path, default_settings())
    taught = replace(model.ranker, inputs=replace(model.ranker.inputs, imputations={}))
    models = {"single_feature": model, "other": replace(model, name="other", ranker=taught)}
    none = pd.DataFrame()
    with caplog.at_level(logging.INFO, logger="riskmodel"):
        _write_unknown(run, FitResult(models, none, none, none, none, none), rows)
    record = run.read_json("model", "unknown")
    assert record == {
        "rows": 3,
        "as_anyone": {"single_feature": {"days_past_due_now": 2}, "other": {}},
        "texts": {"single_feature": {}, "other": {}},
    }
    assert unknown_values(run, "single_feature") == (SAID,)
    assert unknown_values(run, "other") == ()
    assert caplog.messages == [SAID]


def test_a_served_model_takes_unknown_values_alike_and_says_so(model, rows, tmp_path, caplog):
    from riskmodel.registry.served_model import ServedModel

    for name, text in {**model.to_files(), "hashes.json": "{}"}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    served = ServedModel()
    served.load_context(SimpleNamespace(artifacts={"files": str(tmp_path)}))
    with caplog.at_level(logging.WARNING, logger="riskmodel"):
        scores = served.predict(None, rows)
    assert caplog.messages == [SAID]
    # the mean of log(1 + 0) and log(1 + 3), in the calibration's log-odds
    expected = 1 / (1 + np.exp(1 - np.log(4) / 2))
    assert scores["pd_12m"].to_numpy() == pytest.approx([expected, 1 / (1 + np.e), expected])
