"""How far scored rows lie from the labelled ones, and the ranking beyond these."""

import numpy as np
import pandas as pd
import pytest

from riskmodel.features import definitions_by_name
from riskmodel.validate import Draws, describe_distance, measure_beyond, measure_distance

NAMES = ("exports_usd_6m", "days_late_12m")
DEFINITIONS = tuple(definitions_by_name()[name] for name in NAMES)
DRAWS = Draws(60, 7)


def drawn(seed: int, shift: float, labelled: int = 900, scored: int = 500) -> pd.DataFrame:
    """Labelled rows, then scored ones of other enterprises, whose exports lie lower by the shift."""
    rng = np.random.default_rng(seed)
    count = labelled + scored
    split = np.repeat(["fit", "score"], [labelled, scored])
    return pd.DataFrame(
        {
            "enterprise_id": [f"E{n}" for n in range(count)],
            "split": split,
            "exports_usd_6m": np.exp(rng.normal(12, 1, count) - shift * (split == "score")),
            "days_late_12m": rng.normal(0, 1, count),
        }
    )


@pytest.mark.parametrize("seed", [1, 2, 53])
def test_rows_that_are_alike_cannot_be_told_from_each_other_and_others_can(seed: int) -> None:
    panel = drawn(seed, 0.0)
    alike = measure_distance(panel, {"scored": np.ones(len(panel), bool)}, DEFINITIONS, DRAWS).iloc[
        0
    ]
    assert alike["low"] - 0.03 < 0.5 < alike["high"] + 0.03
    assert alike["far"] < 0.05
    panel = drawn(seed, 3.0)
    apart = measure_distance(panel, {"scored": np.ones(len(panel), bool)}, DEFINITIONS, DRAWS).iloc[
        0
    ]
    assert apart["low"] > 0.95
    assert apart["far"] > 0.5


def test_each_group_is_measured_alone_and_one_without_rows_is_left_out() -> None:
    panel = drawn(3, 0.0)
    half = panel.index.to_numpy() % 2 == 0
    panel.loc[half & (panel["split"] == "score"), "exports_usd_6m"] /= 30
    groups = {
        "scored_without_line": half,
        "scored_with_line": ~half,
        "scored_eligible": np.zeros(len(panel), bool),
    }
    found = measure_distance(panel, groups, DEFINITIONS, DRAWS).set_index("group")
    assert found["rows"].to_dict() == {"scored_without_line": 250, "scored_with_line": 250}
    assert found.loc["scored_without_line", "low"] > 0.9
    assert found.loc["scored_with_line", "auc"] < 0.6
    assert (found["share"] == 0.5).all()


def test_ranking_beyond_the_labelled_rows_has_its_interval_and_no_figure_of_one_outcome() -> None:
    rng = np.random.default_rng(4)
    p = rng.uniform(0.02, 0.6, 800)
    rows = pd.DataFrame(
        {
            "enterprise_id": [f"E{n}" for n in range(800)],
            "pd_12m": p,
            "defaulted": rng.random(800) < p,
        }
    )
    good = rows[~rows["defaulted"]]
    found = measure_beyond({"no_line": rows, "new_line": good}, DRAWS)
    some = found.set_index("group").loc["no_line"]
    assert some["low"] < some["auc"] < some["high"]
    assert some["ratio_low"] < 1 < some["ratio_high"]
    assert (some["rows"], some["defaults"]) == (800, rows["defaulted"].sum())
    assert np.isnan(found.set_index("group").loc["new_line", "auc"])
    said = describe_distance(measure_distance(drawn(1, 1.0), {}, DEFINITIONS, DRAWS), found)
    assert "800 rows" in said[0]
    assert said[1].endswith("of ranking nothing can be seen there.")


def test_what_one_side_lacks_does_not_tell_the_sides_apart() -> None:
    panel = drawn(5, 0.0)
    scored = panel["split"] == "score"
    panel["line_use_6m"] = np.where(scored, np.nan, np.linspace(0, 1, len(panel)))
    three = (*DEFINITIONS, definitions_by_name()["line_use_6m"])
    found = measure_distance(panel, {"scored": np.ones(len(panel), bool)}, three, DRAWS).iloc[0]
    assert found["auc"] < 0.6
