"""Declared tables of a run's folder: what does not conform is refused, and empty ones keep their columns."""

import pandas as pd
import pytest

from riskmodel.cli.main import main
from riskmodel.errors import RiskModelError
from riskmodel.tables.run.datasets import PANEL
from riskmodel.tables.run.declaration import conform, conform_all, table
from riskmodel.tables.run.markdown import RUN_TABLES, run_dictionary

DECLARED = table("stage/things", "a thing", "name", """
name  text           its name
cny   number? [CNY]  its value
""")  # fmt: skip
GOOD = pd.DataFrame({"name": ["a", "b"], "cny": [1.0, None]})


def test_a_table_as_declared_is_written_as_it_is() -> None:
    assert conform(GOOD, DECLARED) is GOOD


def test_an_empty_table_keeps_its_columns_and_their_types() -> None:
    found = conform(pd.DataFrame(), DECLARED)
    assert found.columns.tolist() == ["name", "cny"]
    assert found["cny"].dtype == "float64"


@pytest.mark.parametrize(
    ("frame", "fault"),
    [
        (GOOD.assign(other=1), "other is not declared"),
        (GOOD.iloc[:0].assign(other=1), "other is not declared"),
        (GOOD[["name"]], "cny is missing"),
        (GOOD.assign(cny="secret"), "cny is not of type number"),
        (GOOD.assign(name=["a", None]), "name has missing values"),
        (GOOD.assign(name="secret"), "name is not unique as the key"),
    ],
)
def test_what_is_not_as_declared_is_an_internal_error_without_values(
    frame: pd.DataFrame, fault: str
) -> None:
    with pytest.raises(RiskModelError, match=f"stage/things.parquet: column {fault}") as raised:
        conform(frame, DECLARED)
    assert raised.value.exit_code == 70
    assert "secret" not in str(raised.value)


def test_a_table_that_is_not_declared_is_refused() -> None:
    with pytest.raises(RiskModelError, match=r"others\.parquet: the table is not declared"):
        conform_all({"things": DECLARED}, others=GOOD)


def test_each_file_is_declared_once_and_printed(capsys: pytest.CaptureFixture[str]) -> None:
    files = [one.file for one in RUN_TABLES]
    assert len(set(files)) == len(files)
    assert main(["dictionary", "run"]) == 0
    assert capsys.readouterr().out == run_dictionary()
    assert all(f"## `{file}`" in run_dictionary() for file in files)


def test_an_enterprise_may_be_labelled_and_scored_on_one_date() -> None:
    day = pd.Timestamp("2017-05-02")
    panel = pd.DataFrame(
        {
            "enterprise_id": ["E1", "E1"],
            "as_of": [day, day],
            "split": ["test", "score"],
            "defaulted": pd.array([True, None], dtype="boolean"),
        }
    )
    assert conform(panel, PANEL) is panel
    with pytest.raises(RiskModelError, match="not unique"):
        conform(panel.assign(split="score"), PANEL)
