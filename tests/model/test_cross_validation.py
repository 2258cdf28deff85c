"""Cross-validation by enterprise."""

import numpy as np
import pytest

from riskmodel.datasets import Split
from riskmodel.model import FitTask, fit

pytestmark = pytest.mark.slow


def test_folds_by_enterprise_predict_each_row_once_a_repeat(panel, settings, definitions):
    rows = panel[panel["split"].isin(["fit", "score"])]
    frame = rows.loc[rows["split"] == "fit", ["enterprise_id", "as_of", "defaulted", "split"]]
    only = settings.with_values({"model.candidates": ("single_feature",)})
    found = fit(rows, Split(frame, False, ""), FitTask(definitions, only))
    assert found.repeats.groupby("repeat").size().tolist() == [600, 600]
    test = found.predictions[found.predictions["split"] == "test"]
    assert len(test) == 600
    assert (found.predictions["split"] == "score").sum() == 600
    mean = found.repeats.groupby("enterprise_id")["pd_12m"].mean()
    assert np.allclose(test.set_index("enterprise_id")["pd_12m"], mean)
