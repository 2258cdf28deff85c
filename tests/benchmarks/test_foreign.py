"""On data by others: not below plain models by more than a stated margin, and calibrated."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from riskmodel.benchmarks.foreign import BAR, COLUMNS, ORACLE, OURS, bench_foreign, compare_models
from riskmodel.benchmarks.plain_models import PLAIN_MODELS
from riskmodel.errors import DataError

FOREIGN = Path(__file__).parents[3] / "shared" / "foreign"
MARGIN = 1.0
"""Standard errors of the difference by which the plain model may rank better: what few defaults allow."""
QUICK = {"model.tuning.trials": 4, "run.threads": 1, "model.calibration.bootstrap_draws": 20}


def silent(_):
    pass


@pytest.mark.slow
@pytest.mark.skipif(not FOREIGN.is_dir(), reason="the folder with data by others is not there")
def test_in_a_small_economy_by_others_plain_models_rank_no_better(tmp_path):
    """Its default is running out of cash; ranked by what was known, compared with the truth."""
    world = tmp_path / "world"
    script = [sys.executable, "-B", str(FOREIGN / "world.py"), str(world), "--seed", "31"]
    small = ["--enterprises", "2000", "--paths", "25", "--sample", "2000"]
    subprocess.run([*script, *small], check=True, capture_output=True, env={**os.environ})
    found = compare_models(world, silent, QUICK).set_index("model")
    assert (found["split"] == "out of time").all()
    ours, oracle = found.loc[OURS], found.loc[ORACLE]
    assert ours["defaults"] >= 20 and oracle["auc"] > 0.8
    for name in PLAIN_MODELS:
        plain = found.loc[name]
        assert plain["lead"] > -MARGIN * plain["lead_error"], found.to_string()
        assert ours["rank_correlation"] > plain["rank_correlation"] - 0.05, found.to_string()
    assert 0.5 < ours["ratio"] < 2.0, found.to_string()
    assert 0.6 < ours["slope"] < 1.6, found.to_string()


@pytest.fixture
def ratios(tmp_path):
    """A source folder of two columns and 700 enterprises, of which one column ranks them."""
    rng = np.random.default_rng(4)
    count = 700
    ids = [f"E{n:04d}" for n in range(count)]
    x, y = rng.normal(size=(2, count))
    bad = rng.random(count) < 1 / (1 + np.exp(2 - 1.5 * x))
    day = pd.Timestamp("2019-01-01")
    folder = tmp_path / "sets" / "ratios"
    folder.mkdir(parents=True)
    known = pd.Timestamp("2018-12-01", tz="UTC")
    tables = {
        "enterprises": pd.DataFrame({"enterprise_id": ids}),
        "attributes": pd.DataFrame({"enterprise_id": ids, "x": x, "y": y, "known_at": known}),
        "outcomes": pd.DataFrame(
            {
                "enterprise_id": ids,
                "as_of": day,
                "defaulted": bad,
                "observed_until": pd.Timestamp("2020-02-01"),
                "horizon_months": 12,
            }
        ),
    }
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet")
    return folder


def test_a_set_of_one_date_is_cross_validated_beside_plain_models(ratios):
    (ratios.parent / "ratios_bar.json").write_text(
        '{"rows": 700, "logistic": {"n": 700, "defaults": 99, "auc": 0.8, "auc_se": 0.02,'
        ' "brier": 0.1, "rate": 0.14, "mean_pd": 0.07}, "oracle": {"auc": 0.9}}'
    )
    changes = {**QUICK, "datasets.split.folds": 3, "datasets.split.repeats": 1}
    found = compare_models(ratios, silent, changes)
    assert list(found) == list(COLUMNS)
    assert set(found["model"]) == {OURS, *PLAIN_MODELS, f"{BAR} logistic"}
    own = found.set_index("model")
    assert (found["split"] == "cross-validated").all()
    assert own.loc[OURS, "rows"] == 700
    assert own.loc[OURS, "lead"] == 0
    assert 0.75 < own.loc[OURS, "auc"] < 0.92
    assert own.loc[f"{BAR} logistic", "ratio"] == pytest.approx(2.0)
    # y says nothing: no model may live on it
    for name in PLAIN_MODELS:
        assert abs(own.loc[name, "auc"] - own.loc[OURS, "auc"]) < 0.05


def test_a_folder_without_source_folders_is_refused(tmp_path):
    with pytest.raises(DataError, match="no source folder inside"):
        bench_foreign(tmp_path, silent)
