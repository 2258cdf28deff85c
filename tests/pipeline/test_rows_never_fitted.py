"""Which rows show a model beyond what it was fitted on."""

from types import SimpleNamespace

import pandas as pd

from riskmodel.pipeline.rows_never_fitted import (
    group_scored,
    predict_never_fitted,
    select_new_lines,
)

DAY = pd.Timestamp("2024-01-01")


def model(pd_12m: float, tested: object = None) -> SimpleNamespace:
    return SimpleNamespace(
        score=lambda rows: pd.DataFrame({"pd_12m": pd_12m}, index=rows.index), tested_model=tested
    )


def test_only_enterprises_that_the_tested_model_was_not_fitted_on_and_that_owed_are_taken() -> None:
    panel = pd.DataFrame({"enterprise_id": ["E1", "E2", "E3"], "split": ["fit", "test", "score"]})
    rows = pd.DataFrame(
        {
            "enterprise_id": ["E1", "E2", "E3", "E4", "E5"],
            "as_of": DAY,
            "defaulted": pd.array([True, False, True, False, None], dtype="boolean"),
            "lenders": [1.0, 1.0, 2.0, 0.0, 1.0],
        }
    )
    found = predict_never_fitted(model(0.5, tested=model(0.1)), panel, rows)
    assert found["enterprise_id"].tolist() == ["E2", "E3"]
    assert found["pd_12m"].tolist() == [0.1, 0.1]
    # without a tested model all labelled rows were fitted
    assert predict_never_fitted(model(0.5), panel, rows)["enterprise_id"].tolist() == ["E3"]
    assert predict_never_fitted(model(0.5), panel, rows.iloc[:0]).empty


def test_a_first_line_is_new_for_three_months() -> None:
    lines = pd.DataFrame(
        {
            "line_id": ["L1", "L2", "L3", "L4"],
            "enterprise_id": ["E1", "E2", "E3", "E3"],
            "granted_on": pd.to_datetime(["2023-10-01", "2023-10-02", "2022-01-01", "2023-12-01"]),
            "known_at": pd.Timestamp("2023-12-02", tz="UTC"),
            "withdrawn": False,
        }
    )
    source = SimpleNamespace(has=lambda name: name == "lines", frame=lambda name: lines)
    tested = pd.DataFrame({"enterprise_id": ["E1", "E2", "E3"], "as_of": DAY})
    assert select_new_lines(tested, source)["enterprise_id"].tolist() == ["E2"]  # type: ignore[arg-type]


def test_groups_by_line_are_those_of_the_runs_date_and_only_where_lines_are() -> None:
    panel = pd.DataFrame({"enterprise_id": ["E1", "E2", "E3"], "split": "score"})
    eligible = pd.Series([True, False, True])
    none = pd.DataFrame(
        {
            "enterprise_id": ["E1", "E2"],
            "as_of": DAY,
            "defaulted": pd.array([None, False], dtype="boolean"),
        }
    )
    groups = group_scored(panel, eligible, none)
    assert groups["scored_without_line"].tolist() == [True, False, False]
    assert groups["scored_with_line"].tolist() == [False, True, True]
    assert groups["scored_eligible"].tolist() == [True, False, True]
    assert list(group_scored(panel, eligible, none.iloc[:0])) == ["scored", "scored_eligible"]
