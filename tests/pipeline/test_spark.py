"""The same on Spark: equal bits with this machine's, for features and for scores."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from riskmodel.cli.main import main
from riskmodel.errors import DataError
from riskmodel.features.engine import map_partitions_in_threads
from riskmodel.model import RiskModel
from riskmodel.model.calibration import Calibration, Curve
from riskmodel.model.inputs import Inputs
from riskmodel.model.learners.trees import fit_trees
from riskmodel.model.master_scale import MasterScale
from riskmodel.pipeline.score_files import score_features
from riskmodel.settings import default_settings
from riskmodel.simulation import write_simulation

MASTER = "local[2]"
WORDS = ["--as-of", "2013-07-01", "--as-of", "2013-10-15", "--partition-size", "11"]


@pytest.fixture(scope="module")
def spark():
    pytest.importorskip("pyspark", reason="pyspark is an extra: make test-spark")
    if shutil.which("java") is None:
        pytest.skip("Spark needs Java 17, which is not here")
    from riskmodel.pipeline.spark import on_spark

    with on_spark(MASTER) as each:
        yield each


@pytest.fixture(scope="module")
def simulation(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("simulation") / "tables"
    write_simulation(folder, enterprises=40, months=24, seed=6)
    return folder


@pytest.fixture(scope="module")
def local(simulation, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("local") / "out"
    assert main(["features", str(simulation), str(out), *WORDS]) == 0
    return out


@pytest.fixture(scope="module")
def model(local) -> dict[str, str]:
    """A small ensemble on a few of the features, as the registry keeps it."""
    names = ("exports_usd_12m", "deals_6m", "buyers_late_elsewhere_12m")
    files = sorted((local / "features").glob("*/*.parquet"))
    rows = pd.concat([pq.read_table(path).to_pandas() for path in files], ignore_index=True)
    rows = rows.assign(defaulted=np.arange(len(rows)) % 3 == 0)
    inputs = Inputs(names, (0,) * len(names), {})
    how = default_settings().model.with_values(
        {"trees.max_rounds": 10, "trees.min_child_samples": 3}
    )
    trees = fit_trees(rows, inputs, how.trees, how.linear, seed=7, threads=1)
    line = Calibration(Curve("logistic", -1.0, (1.0,)), 0.0, ((0.0, 0.1, 0.1),), 0.9, {})
    return RiskModel("trees", trees, line, MasterScale(()), {}).to_files()


def bytes_of(folder: Path) -> dict[str, bytes]:
    found = {str(p.relative_to(folder)): p.read_bytes() for p in folder.glob("*/*.parquet")}
    assert found
    return found


def test_scores_stand_beside_the_rows_they_are_of(local, model, tmp_path):
    rows = score_features(
        local, tmp_path / "scores", model, map_partitions_in_threads(1), lambda line: None
    )
    name = next((local / "features").glob("*/*.parquet")).relative_to(local / "features")
    features = pq.read_table(local / "features" / name).to_pandas()
    scores = pq.read_table(tmp_path / "scores" / name).to_pandas()
    expected = RiskModel.from_files(model).score(features)
    assert scores["enterprise_id"].tolist() == features["enterprise_id"].tolist()
    assert scores["pd_12m"].tolist() == expected["pd_12m"].tolist()
    assert rows == sum(
        pq.read_metadata(path).num_rows for path in (local / "features").glob("*/*.parquet")
    )


def test_features_without_an_input_of_the_model_are_refused(simulation, model, tmp_path):
    out = tmp_path / "few"
    assert main(["features", str(simulation), str(out), *WORDS, "--feature", "deals_6m"]) == 0
    with pytest.raises(DataError, match="2 of 3 inputs"):
        score_features(
            out, tmp_path / "scores", model, map_partitions_in_threads(1), lambda line: None
        )


def test_spark_gives_the_bits_that_this_machine_gives(spark, simulation, local, tmp_path):
    from riskmodel.pipeline.feature_files import feature_settings, write_features
    from riskmodel.pipeline.feature_rows import Asked

    asked = Asked.at(pd.to_datetime(["2013-07-01", "2013-10-15"]))
    settings = feature_settings(partition_size=11, threads=1)
    out = tmp_path / "out"
    write_features(simulation, out, asked, settings, map_partitions=spark)
    assert bytes_of(out / "features") == bytes_of(local / "features")
    again = write_features(simulation, out, asked, settings, map_partitions=spark)
    assert again.months["made"].tolist() == [0, 0]


def test_spark_scores_as_this_machine_does(spark, local, model, tmp_path):
    for name, each in (("here", map_partitions_in_threads(1)), ("there", spark)):
        score_features(local, tmp_path / name, model, each, lambda line: None)
    assert bytes_of(tmp_path / "there") == bytes_of(tmp_path / "here")


def test_a_worker_that_fails_says_why(spark):
    def work(number):
        raise DataError(f"part {number}: 1 file is not what was written.")

    with pytest.raises(DataError, match="1 file is not what was written"):
        list(spark(work, [0, 1]))
