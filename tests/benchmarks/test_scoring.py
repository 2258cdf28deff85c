"""The scoring's benchmark: the contenders give the same contributions, and each has its line."""

import numpy as np
import pytest

from riskmodel.benchmarks import scoring

SMALL = {"small": {"trees.max_rounds": 12, "trees.num_leaves": 6, "trees.max_depth": 4}}


def test_every_contender_has_its_line_and_agrees_with_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scoring, "FIT_ROWS", 800)
    monkeypatch.setattr(scoring, "FEATURES", 12)
    monkeypatch.setattr(scoring, "BLOCK", 150)

    table = scoring.bench_scoring(400, lambda line: None, ensembles=SMALL)

    assert list(table.columns) == scoring.COLUMNS
    assert list(table["name"]) == [
        "riskmodel",
        "riskmodel, scores and reasons",
        "riskmodel, scores alone",
        "riskmodel, tables once",
        "LightGBM's pred_contrib",
        "shap's TreeExplainer",
    ]
    apart = table.set_index("name")["largest_difference"]
    assert apart[["LightGBM's pred_contrib", "shap's TreeExplainer"]].lt(1e-9).all()
    assert table["seconds"].gt(0).all()
    assert table["rows"].tolist() == [400, 400, 400, 0, 400, 400]
    timed = table[table["rows"] > 0]
    each = (timed["seconds"] / timed["rows"]).to_numpy()
    assert timed["ratio"].to_numpy() == pytest.approx(each / each[0])


def test_a_contender_with_other_values_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = scoring.Trees.contributions
    monkeypatch.setattr(scoring, "FIT_ROWS", 800)
    monkeypatch.setattr(scoring, "FEATURES", 12)
    moved = np.array([1e-6, -1e-6, *[0.0] * 11])  # the sum stays: one that moves is refused
    monkeypatch.setattr(scoring.Trees, "contributions", lambda *given: ours(*given) + moved)

    table = scoring.bench_scoring(60, lambda line: None, ensembles=SMALL)

    apart = table.set_index("name")["largest_difference"].dropna()
    assert len(apart) == 2
    assert np.all(apart > 5e-7)
