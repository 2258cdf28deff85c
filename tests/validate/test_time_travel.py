"""The leakage canary: silent for honest features, loud for features that know too early."""

from dataclasses import replace

import pandas as pd
import pyarrow as pa
import pytest

from riskmodel.features import compute
from riskmodel.settings import load_settings
from riskmodel.simulation import write_simulation
from riskmodel.sources.folder import read_folder
from riskmodel.validate import count_changed_values

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    path = tmp_path_factory.mktemp("settings") / "plain.toml"
    path.write_text("", encoding="utf-8")
    return load_settings(path)


@pytest.fixture(scope="module")
def simulation(tmp_path_factory, settings):
    folder = tmp_path_factory.mktemp("simulation") / "tables"
    write_simulation(folder, enterprises=40, months=24, seed=5)
    return read_folder(folder, settings.sources).source


def rows_of(source):
    days = pd.DataFrame({"as_of": pd.to_datetime(["2013-01-01", "2013-07-01", "2013-10-01"])})
    return source.frame("enterprises")[["enterprise_id"]].merge(days, how="cross")


def test_no_honest_value_changes_without_the_future(simulation, settings):
    features = compute(simulation, rows_of(simulation), settings.features)
    found = count_changed_values(simulation, features, settings.features, sample=30, seed=7)
    assert found == (0, 30 * len(features.definitions))


def test_values_that_knew_rows_too_early_change_without_the_future(simulation, settings):
    early = {
        name: table.set_column(
            table.schema.names.index("known_at"),
            table.schema.field("known_at"),
            pa.array(
                pd.Series(table["known_at"].to_pandas()) - pd.Timedelta(days=60),
                table.schema.field("known_at").type,
            ),
        )
        if "known_at" in table.schema.names
        else table
        for name, table in simulation.tables.items()
    }
    cheating = compute(replace(simulation, tables=early), rows_of(simulation), settings.features)
    changed, _ = count_changed_values(simulation, cheating, settings.features, sample=30, seed=7)
    assert changed > 100
