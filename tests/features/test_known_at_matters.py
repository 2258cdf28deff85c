"""What a pipeline gains, dishonestly, that takes rows by their event and ignores `known_at`."""

from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold
from sklearn.preprocessing import QuantileTransformer

from riskmodel.datasets.population import population
from riskmodel.features import compute
from riskmodel.settings import default_settings
from riskmodel.simulation import write_simulation
from riskmodel.sources import Source
from riskmodel.sources.folder import read_folder
from riskmodel.tables.canonical import CANONICAL

pytestmark = pytest.mark.slow

SEED = 5


def by_event(source: Source) -> Source:
    """The source as one would have it who ignores `known_at`: each row's last version, at once."""
    tables = {}
    for name, rows in source.tables.items():
        table = CANONICAL[name]
        if not table.timed or not table.event:
            tables[name] = rows
            continue
        frame = rows.to_pandas()
        frame = frame.sort_values("known_at").drop_duplicates(list(table.key), keep="last")
        event = pd.to_datetime(frame[table.event])
        event = event + pd.offsets.MonthEnd(0) if table.event == "month" else event
        frame["known_at"] = event.dt.tz_localize("Asia/Shanghai").dt.tz_convert("UTC")
        frame = frame.sort_values([*table.key, "known_at"])
        tables[name] = pa.Table.from_pandas(frame, schema=rows.schema, preserve_index=False)
    return Source(tables, source.timezone, "by event")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Source:
    folder = tmp_path_factory.mktemp("honest") / "simulation"
    write_simulation(folder, enterprises=4000, months=60, seed=SEED)
    return read_folder(folder, default_settings().sources).source


def ranking(features: pd.DataFrame, rows: pd.DataFrame) -> np.ndarray:
    """Out-of-fold scores of a plain logistic regression, no enterprise in two folds."""
    numbers = features.select_dtypes("number")
    spread = QuantileTransformer(n_quantiles=200, output_distribution="normal", random_state=0)
    matrix = np.nan_to_num(spread.fit_transform(numbers), nan=0.0)
    matrix = np.hstack([matrix, numbers.isna().to_numpy(float)])
    scores = np.empty(len(rows))
    for fit, rest in GroupKFold(5).split(matrix, groups=rows["enterprise_id"]):
        model = LogisticRegression(C=0.003, max_iter=300).fit(
            matrix[fit], rows["defaulted"].iloc[fit]
        )
        scores[rest] = model.decision_function(matrix[rest])
    return scores


def test_ignoring_known_at_ranks_better_than_anyone_could(source: Source) -> None:
    settings = default_settings()
    labelled = population(source, settings.datasets, date(2014, 7, 1)).labelled
    quarters = labelled["as_of"].dt.month.isin([1, 4, 7, 10]) & (labelled["as_of"] >= "2011-01-01")
    rows = labelled[quarters].reset_index(drop=True)
    key = rows[["enterprise_id", "as_of"]]
    honest, dishonest = (
        ranking(compute(one, key, settings.features).frame.drop(columns=list(key)), rows)
        for one in (source, by_event(source))
    )
    defaulted = rows["defaulted"].to_numpy(bool)
    gap = roc_auc_score(defaulted, dishonest) - roc_auc_score(defaulted, honest)
    # by enterprise, because its rows go together
    groups = [np.array(group) for group in rows.groupby("enterprise_id").indices.values()]
    rng, gaps = np.random.default_rng(1), []
    for _ in range(200):
        drawn = np.concatenate([groups[one] for one in rng.integers(0, len(groups), len(groups))])
        gaps.append(
            roc_auc_score(defaulted[drawn], dishonest[drawn])
            - roc_auc_score(defaulted[drawn], honest[drawn])
        )
    assert gap > 0.005
    assert np.quantile(gaps, 0.025) > 0
