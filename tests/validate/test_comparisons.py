"""Candidates are compared on the same rows, with the enterprise as the unit."""

import numpy as np
import pandas as pd
import pytest

from riskmodel.validate.performance import compare_candidates


def ranked(model: str, scores, *, split: str = "test", defaulted=(1, 1, 0, 0)) -> pd.DataFrame:
    count = len(scores)
    return pd.DataFrame(
        {
            "enterprise_id": [f"E{n}" for n in range(count)],
            "as_of": pd.Timestamp("2020-01-01"),
            "split": split,
            "model": model,
            "defaulted": np.array(defaulted, bool),
            "pd_12m": scores,
        }
    )


def test_the_lead_of_the_champion_is_the_difference_of_both_aucs_by_delong():
    # AUC 1 against 3 of 4 pairs. Placements differ by (0, .5) of the bad and (0, .5) of the good:
    # each variance is .125 / 2, so that the error is the root of .125.
    ours, theirs = (
        ranked("trees", [0.9, 0.8, 0.2, 0.1]),
        ranked("scorecard", [0.9, 0.3, 0.4, 0.1]),
    )
    found = compare_candidates(pd.concat([ours, theirs]), "trees")
    assert found[["model", "split", "rows", "defaults"]].to_numpy().tolist() == [
        ["scorecard", "test", 4, 2]
    ]
    reach = 1.959964 * np.sqrt(0.125)
    assert found.loc[0, ["auc_ahead", "low", "high"]].tolist() == pytest.approx(
        [0.25, 0.25 - reach, 0.25 + reach], abs=1e-6
    )
    # scipy 1.17: 2 * norm.sf(.25 / sqrt(.125))
    assert found["p"][0] == pytest.approx(0.4795, abs=1e-4)


def test_copies_of_an_enterprises_rows_make_no_lead_surer():
    rng = np.random.default_rng(3)
    bad = rng.random(300) < 0.2
    ours, theirs = (ranked(name, rng.normal(0, 1, 300) + bad * x, defaulted=bad)
                    for name, x in (("trees", 1.5), ("scorecard", 1.0)))  # fmt: skip
    once = pd.concat([ours, theirs])
    later = once.assign(as_of=pd.Timestamp("2021-01-01"))
    one, two = (compare_candidates(rows, "trees") for rows in (once, pd.concat([once, later])))
    assert two["rows"][0] == 2 * one["rows"][0]
    assert two["low"][0] == pytest.approx(one["low"][0])


def test_without_both_outcomes_or_another_candidate_nothing_is_compared():
    alone = ranked("trees", [0.9, 0.8, 0.2, 0.1])
    assert compare_candidates(alone, "trees").empty
    none = pd.concat([alone, ranked("scorecard", [0.9, 0.3, 0.4, 0.1])]).assign(defaulted=False)
    assert compare_candidates(none, "trees").empty
