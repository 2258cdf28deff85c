"""Stability: how far models that are fitted again name the same reasons."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from riskmodel.explain import measure_stability, resample_enterprises
from riskmodel.explain.stability import measure_overlap
from riskmodel.settings import default_settings

FOUR = default_settings().explain
DAY = pd.Timestamp("2024-07-01")


def named(**families):
    """Reasons by enterprise, strongest first."""
    rows = [
        {"enterprise_id": name, "as_of": DAY, "family": family, "rank": rank}
        for name, own in families.items()
        for rank, family in enumerate(own.split(), 1)
    ]
    return pd.DataFrame(rows)


def test_overlap_is_the_families_in_common_over_the_larger_number_named():
    one = named(A="debt size arrears", B="debt", C="age", D="size debt", F="size debt")
    other = named(A="debt arrears age growth", C="debt", D="debt size", E="age", F="age debt")
    found = measure_overlap(one, other).set_index("enterprise_id")
    shared = {"A": 2 / 4, "B": 0.0, "C": 0.0, "D": 1.0, "E": 0.0, "F": 1 / 2}
    assert found["overlap"].to_dict() == shared
    # F's second reasons agree, its first ones do not
    assert found["first"].to_dict() == {name: name == "A" for name in shared}


def test_the_same_model_names_the_same_reasons(held_against, rows_of):
    baseline = held_against()
    rows = rows_of({"debt_cny": 1.0, "inquiries_3m": 0.5}, {"exports_usd_6m": -1.0}, {})
    found = measure_stability(baseline, [baseline], rows, FOUR, seed=1).set_index("refit")
    assert found.loc["1", ["overlap", "low", "high", "first"]].tolist() == [1, 1, 1, 1]
    # the third row has no reason in either: it shows nothing
    assert found.loc["all", "rows"] == 2


def test_a_model_that_looks_elsewhere_names_other_reasons(held_against, rows_of):
    one = held_against({"inquiries_3m": 0.0})
    other = held_against({"debt_cny": 0.0})
    rows = rows_of({"debt_cny": 1.0, "inquiries_3m": 1.0}, {"debt_cny": 2.0, "inquiries_3m": 1.0})
    found = measure_stability(one, [one, other], rows, FOUR, seed=1).set_index("refit")
    assert found["overlap"].to_dict() == {"1": 1.0, "2": 0.0, "all": 0.5}
    assert found["first"].to_dict() == {"1": 1.0, "2": 0.0, "all": 0.5}


def test_the_interval_counts_an_enterprise_once_however_many_rows_it_has(held_against, rows_of):
    """One enterprise on many dates leaves the interval open as one enterprise on one date does."""
    one, other = held_against({"inquiries_3m": 0.0}), held_against({"debt_cny": 0.0})
    same = {"exports_usd_6m": -1.0}
    apart = {"debt_cny": 1.0, "inquiries_3m": 1.0}
    rows = rows_of(*[same] * 20, *[apart] * 20)
    found = measure_stability(one, [other], rows, FOUR, seed=1).iloc[0]
    whole = rows.assign(
        enterprise_id=np.repeat(["E0", "E1"], 20),
        as_of=[DAY + pd.Timedelta(days=number) for number in range(40)],
    )
    clustered = measure_stability(one, [other], whole, FOUR, seed=1).iloc[0]
    assert found["overlap"] == clustered["overlap"] == 0.5
    assert found["high"] - found["low"] < 0.5
    assert clustered[["low", "high"]].tolist() == [0.0, 1.0]


def test_without_a_refit_nothing_is_said(held_against, rows_of):
    assert measure_stability(held_against(), [], rows_of({}), FOUR, seed=1).empty


def test_enterprises_are_drawn_whole_and_keep_their_ids():
    rows = pd.DataFrame({"enterprise_id": list("AABBBC"), "value": range(6)})
    drawn = resample_enterprises(rows, seed=4)
    counts = drawn.groupby("enterprise_id")["value"].value_counts()
    for name, own in rows.groupby("enterprise_id"):
        times = {int(counts.get((name, value), 0)) for value in own["value"]}
        assert len(times) == 1
    assert resample_enterprises(rows, seed=4).equals(drawn)
    assert not all(resample_enterprises(rows, seed=s).equals(drawn) for s in range(5, 10))


@pytest.fixture(scope="module")
def drawn():
    """Eight hundred rows whose risk three families carry, and a way to fit trees to them."""
    rng = np.random.default_rng(8)
    names = ["exports_usd_6m", "days_past_due_now", "inquiries_3m", "debt_cny"]
    values = rng.normal(size=(800, 4))
    odds = -1.5 - 0.9 * values[:, 0] + 0.7 * values[:, 1] + 0.5 * values[:, 2]
    return pd.DataFrame(values, columns=names).assign(
        enterprise_id=[f"E{number}" for number in range(800)],
        as_of=DAY,
        defaulted=rng.random(800) < 1 / (1 + np.exp(-odds)),
    )


def test_refits_on_enterprises_drawn_again_mostly_agree(drawn, held_against):
    import lightgbm

    from riskmodel.explain import Baseline
    from riskmodel.features import definitions_by_name
    from riskmodel.model.inputs import Inputs
    from riskmodel.model.learners.trees import Trees
    from riskmodel.model.reference_group import fit_reference_group

    calibration = held_against().model.calibration
    inputs = Inputs(("exports_usd_6m", "days_past_due_now", "inquiries_3m", "debt_cny"),
                    (-1, 1, 1, 1), {})  # fmt: skip

    def fitted(rows: pd.DataFrame) -> Baseline:
        how = {"objective": "binary", "num_leaves": 4, "num_threads": 1, "verbosity": -1}
        data = lightgbm.Dataset(inputs.matrix(rows), label=rows["defaulted"].astype(float))
        how["monotone_constraints"] = list(inputs.signs)
        trees = Trees(inputs, lightgbm.train(how, data, 40).model_to_string())
        model: Any = type(held_against().model)(trees, calibration)
        return Baseline(model, fit_reference_group(trees, rows, 0.5), definitions_by_name())

    again = (fitted(resample_enterprises(drawn, seed)) for seed in range(2))
    found = measure_stability(fitted(drawn), again, drawn, FOUR, seed=1).set_index("refit")
    line = found.loc["all"]
    assert line["low"] <= line["overlap"] <= line["high"]
    assert 0.6 < line["overlap"] < 1.0
    assert 0.5 < line["first"] < 1.0
