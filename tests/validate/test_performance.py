"""Performance by model and split, by grade and by vintage."""

import numpy as np
import pandas as pd
import pytest

from riskmodel.statistics.calibration import jeffreys_test
from riskmodel.validate.performance import (
    adjust_holm,
    measure_performance,
    performance_by_grade,
    performance_by_vintage,
    with_eligible,
    with_headline,
)


def test_holm_multiplies_the_smallest_most_and_never_falls():
    found = adjust_holm(pd.Series([0.04, 0.01, 0.03, 0.9]))
    assert found.tolist() == pytest.approx([0.09, 0.04, 0.09, 0.9])


def predicted(*rows):
    frame = pd.DataFrame(rows, columns=["enterprise_id", "as_of", "grade", "pd_12m", "defaulted"])
    return frame.assign(
        as_of=pd.to_datetime(frame["as_of"]), defaulted=frame["defaulted"].astype("boolean")
    )


def test_an_enterprise_counts_once_in_a_grade_however_many_dates_tell_of_it():
    rows = predicted(
        ("E1", "2022-01-01", "G01", 0.1, True),
        ("E1", "2022-04-01", "G01", 0.3, True),
        ("E2", "2022-01-01", "G01", 0.1, False),
        ("E1", "2022-07-01", "G02", 0.5, False),
    )
    table = performance_by_grade(rows).set_index("grade")
    first = table.loc["G01"]
    assert (first["rows"], first["enterprises"], first["defaults"]) == (3, 2, 1)
    assert (first["rate"], first["pd_12m"]) == (0.5, pytest.approx((0.2 + 0.1) / 2))
    assert first["p"] == pytest.approx(jeffreys_test(1, 2, 0.15))
    assert first["low"] < 0.5 < first["high"]


def test_performance_speaks_of_calibrate_and_test_rows_only_each_figure_in_its_interval():
    rng = np.random.default_rng(2)
    rows = pd.DataFrame(
        {
            "enterprise_id": [f"E{n}" for n in range(300)],
            "split": np.repeat(["fit", "calibrate", "test"], 100),
            "model": "trees",
            "pd_12m": rng.random(300),
        }
    )
    rows["defaulted"] = pd.array(rng.random(300) < rows["pd_12m"], dtype="boolean")
    table = measure_performance(rows, 60, 7)
    assert set(table["split"]) == {"calibrate", "test"}
    assert (table["low"] <= table["value"]).all()
    assert (table["value"] <= table["high"]).all()
    assert set(table["rows"]) == {100}


def test_the_headline_takes_the_place_of_the_models_own_word_on_the_test_rows():
    own = pd.DataFrame({"split": ["fit", "test"], "pd_12m": [0.1, 0.2]})
    blind = pd.DataFrame({"split": ["test"], "pd_12m": [0.3]})
    found = with_headline(own, blind)
    assert found["split"].tolist() == ["fit", "same_enterprises", "test"]
    assert found["pd_12m"].tolist() == [0.1, 0.2, 0.3]
    assert with_headline(own, blind.iloc[:0]).equals(own)


def test_each_vintage_has_its_own_ranking():
    walked = pd.DataFrame(
        {
            "enterprise_id": list("ABCDABCD"),
            "vintage": ["2020-01"] * 4 + ["2020-07"] * 4,
            "model": "trees",
            "defaulted": [True, False, False, False, True, False, True, False],
            "score": [4.0, 1.0, 2.0, 3.0, 1.0, 2.0, 3.0, 4.0],
        }
    )
    found = performance_by_vintage(walked, 50, 1)
    # All above; then 1 of 4 pairs in order (the 3 above the 2).
    assert found["auc"].tolist() == [1.0, 0.25]
    assert found["defaults"].tolist() == [1, 2]


def test_test_rows_of_those_who_may_be_lent_to_are_measured_apart_and_among_all():
    rng = np.random.default_rng(5)
    count = 400
    rows = pd.DataFrame(
        {
            "enterprise_id": [f"E{n}" for n in range(count)],
            "as_of": pd.Timestamp("2023-01-01"),
            "split": np.repeat(["fit", "test"], count // 2),
            "model": "trees",
            "pd_12m": rng.random(count),
        }
    )
    rows["defaulted"] = pd.array(rng.random(count) < rows["pd_12m"], dtype="boolean")
    known = rows[rows.index % 3 == 0]  # of both splits
    found = with_eligible(rows, known)
    assert found[found["split"] != "eligible"].reset_index(drop=True).equals(rows)
    apart = found[found["split"] == "eligible"]
    assert apart["enterprise_id"].tolist() == [
        name for name in known["enterprise_id"] if int(name[1:]) >= count // 2
    ]
    table = measure_performance(found, 20, 7).drop_duplicates("split").set_index("split")
    assert table["rows"].to_dict() == {"eligible": len(apart), "test": count // 2}
    assert with_eligible(rows, rows).equals(rows)
    assert with_eligible(rows, rows.iloc[:0]).equals(rows)
