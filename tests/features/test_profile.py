"""What the profile says of the features: how each ranks defaults, and how it drifts."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from riskmodel.features import FAMILIES, Features, definitions_by_name
from riskmodel.features.profile import Profile, profile
from riskmodel.features.ranking import rankings
from riskmodel.features.spec import FeatureDefinition, Measure, Risk, category, total
from riskmodel.statistics.discrimination import clustered_auc
from riskmodel.statistics.psi import psi

GOOD, BAD, SCORED = False, True, None


def feature(
    name: str, risk: Risk = "rises", family: str = "size", *, text: bool = False
) -> FeatureDefinition:
    value: Measure = category("x") if text else total("x")
    return FeatureDefinition(name, "USD", risk, "declarations", value, (name, name), family)


def drawn(
    values: Mapping[str, object],
    defaulted: list[bool | None],
    definitions: list[FeatureDefinition],
    days: str | list[str] = "2020-01-01",
) -> Profile:
    """The profile of drawn columns; enterprises are numbered, every row its own unless given."""
    frame = pd.DataFrame({"enterprise_id": range(len(defaulted)), **values})
    frame["as_of"] = pd.to_datetime(days)
    found = Features(frame, tuple(definitions), pd.DataFrame())
    return profile(found, pd.Series(defaulted, dtype="boolean"))


def one(found: Profile, name: str = "x") -> pd.Series:
    return found.features.set_index("feature").loc[name]


def clustered(seed: int, firms: int = 60) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Values, outcomes and enterprises: four rows each, alike within an enterprise."""
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(firms), 4)
    bad = rng.random(len(who)) < np.repeat(rng.beta(1, 3, firms), 4)
    values = np.repeat(rng.normal(size=firms), 4) + 0.5 * rng.normal(size=len(who)) + 0.7 * bad
    return np.round(values, 1), bad, who


# how well one feature ranks


def test_the_interval_holds_the_truth_about_nineteen_times_in_twenty() -> None:
    simulations = [clustered(seed, firms=40) for seed in range(300)]
    truth = np.mean([clustered_auc(*simulation).auc for simulation in simulations])
    held = []
    for values, bad, who in simulations:
        frame = pd.DataFrame({"x": values, "enterprise_id": who, "as_of": pd.Timestamp(0)})
        told = rankings(Features(frame, (feature("x"),), pd.DataFrame()), pd.Series(bad)).iloc[0]
        held.append(told["low"] <= truth <= told["high"])
    assert 0.91 <= np.mean(held) <= 0.985


def test_few_defaults_make_a_wide_interval_and_one_makes_none() -> None:
    rng = np.random.default_rng(5)
    widths = []
    for bad in (100, 4, 1):
        outcomes = [True] * bad + [False] * 200
        told = one(drawn({"x": rng.normal(size=len(outcomes))}, outcomes, [feature("x")]))
        widths.append(told["high"] - told["low"])
    assert widths[1] > 3 * widths[0]
    assert np.isnan(widths[2])


def test_rows_without_a_value_or_a_label_are_left_out_of_the_ranking() -> None:
    told = one(drawn({"x": [9.0, 1, 2, None, 9]}, [BAD, GOOD, GOOD, BAD, SCORED], [feature("x")]))
    assert (told["rows"], told["defaults"], told["auc"]) == (3, 1, 1.0)
    assert told["known_share"] == 0.8


def test_the_ranking_is_told_by_half_year_of_the_as_of_date() -> None:
    days = ["2020-01-01", "2020-06-30", "2020-07-01", "2021-01-01"]
    told = drawn({"x": [2.0, 1, 1, 1]}, [BAD, GOOD, GOOD, BAD], [feature("x")], days).periods
    assert told["period"].tolist() == ["2020 H1", "2020 H2", "2021 H1"]
    assert told["rows"].tolist() == [2, 1, 1]
    assert told["auc"].iloc[0] == 1
    assert told["auc"].iloc[1:].isna().all()


# expected and found


@pytest.mark.parametrize(
    ("risk", "found", "agreement"),
    [
        ("rises", "rises", "agrees"),
        ("falls", "rises", "disagrees"),
        ("none", "rises", "undeclared"),
        ("falls", "falls", "agrees"),
        ("rises", "falls", "disagrees"),
        ("rises", "unclear", "undecided"),
    ],
)
def test_a_feature_is_held_to_the_direction_that_it_declares(
    risk: Risk, found: str, agreement: str
) -> None:
    slope = {"rises": 1, "falls": -1, "unclear": 0}[found]
    outcomes = [bool(row % 2) for row in range(200)]
    values = np.random.default_rng(6).normal(size=200) + slope * np.array(outcomes)
    told = one(drawn({"x": values}, outcomes, [feature("x", risk)]))
    assert (told["found"], told["agreement"]) == (found, agreement)


def test_the_strongest_feature_is_the_one_that_ranks_best_in_either_direction() -> None:
    outcomes = [BAD, BAD, GOOD, GOOD]
    found = drawn(
        {"up": [4.0, 1, 3, 2], "down": [1.0, 2, 3, 2]}, outcomes, [feature("up"), feature("down")]
    )
    assert found.strongest["feature"].tolist() == ["down", "up"]
    assert found.strongest["strength"].tolist() == [1 - 0.5 / 4, 0.5]
    assert "The strongest alone is down: AUC 0.875 (" in found.text
    both = found.strongest.iloc[0]
    assert both["low"] < both["strength"] < both["high"]


def test_every_feature_computed_is_told_family_by_family() -> None:
    definitions = [
        feature(name, family=one.family) for name, one in reversed(definitions_by_name().items())
    ]
    values = {one.name: np.arange(4.0) for one in definitions}
    found = drawn(values, [BAD, GOOD, GOOD, SCORED], definitions)
    present = {one.family for one in definitions}
    assert sorted(found.features["feature"]) == sorted(values)
    assert found.families["family"].tolist() == [name for name in FAMILIES if name in present]
    assert found.families["cards"].sum() == len(definitions)
    assert tuple(found.families[["meaning", "zh"]].iloc[0]) == next(iter(FAMILIES.values()))


# drift

QUARTERS = ["2020-01-01", "2020-12-31", "2021-01-01", "2022-01-01"]


def test_drift_is_the_stability_index_of_each_date_against_the_first_year() -> None:
    rng = np.random.default_rng(7)
    days = np.repeat(QUARTERS, 300).tolist()
    x = rng.normal(size=1200) + np.repeat([0, 0.1, 0.3, 0.6], 300)
    x[rng.random(1200) < 0.1] = np.nan
    found = drawn({"x": x}, [GOOD] * 1200, [feature("x")], days)
    expected = [psi(x[:600], x[600:900]), psi(x[:600], x[900:])]
    assert found.drift["as_of"].tolist() == [pd.Timestamp(day) for day in QUARTERS[2:]]
    assert found.drift["psi"].tolist() == pytest.approx(expected)
    told = one(found)
    assert (told["drift"], told["drifted_on"]) == (max(expected), pd.Timestamp("2022-01-01"))
    assert told["known_before"] == np.mean(~np.isnan(x[:600]))


def test_without_drift_the_index_exceeds_what_chance_gives_about_once_in_twenty() -> None:
    rng = np.random.default_rng(8)
    definitions = [feature(f"x{place}") for place in range(400)]
    values = {one.name: rng.normal(size=600) for one in definitions}
    days = ["2020-01-01"] * 300 + ["2021-01-01"] * 300
    told = drawn(values, [GOOD] * 600, definitions, days).drift
    assert 0.02 < (told["psi"] > told["by_chance"]).mean() < 0.09


def test_rows_of_one_enterprise_count_once_in_what_chance_gives() -> None:
    rng = np.random.default_rng(9)
    days = ["2020-01-01"] * 300 + ["2020-06-01"] * 300 + ["2021-01-01"] * 300
    traits = rng.normal(size=(600, 200))
    places = np.r_[np.arange(300), np.arange(300), np.arange(300, 600)]
    definitions = [feature(f"x{place}") for place in range(200)]
    values = {one.name: traits[places, place] for place, one in enumerate(definitions)}
    told = drawn({**values, "enterprise_id": places}, [GOOD] * 900, definitions, days).drift
    # 300 enterprises against 300, ten bins: chi-square of 9 at .95 is 16.919
    assert told["by_chance"].mean() == pytest.approx(16.919 * 2 / 300, rel=0.03)
    assert 0.01 < (told["psi"] > told["by_chance"]).mean() < 0.1


def test_what_chance_gives_allows_for_enterprises_that_both_dates_share() -> None:
    rng = np.random.default_rng(10)
    days = ["2020-01-01"] * 300 + ["2021-01-01"] * 300
    definitions = [feature(f"x{place}") for place in range(300)]
    values = {
        one.name: np.tile(rng.normal(size=300), 2) + 0.5 * rng.normal(size=600)
        for one in definitions
    }
    places = np.tile(np.arange(300), 2)
    told = drawn({**values, "enterprise_id": places}, [GOOD] * 600, definitions, days).drift
    assert 0.015 < (told["psi"] > told["by_chance"]).mean() < 0.09


def test_a_flag_that_was_rare_in_the_first_year_drifts_when_it_is_common() -> None:
    days = ["2020-01-01"] * 1000 + ["2021-01-01"] * 1000
    x = np.repeat([0.0, 1.0, 0.0, 1.0], [960, 40, 400, 600])
    told = drawn({"x": x}, [GOOD] * 2000, [feature("x")], days).drift.iloc[0]
    assert told["psi"] == pytest.approx(1.99787, abs=1e-5)
    # one bin can move freely: chi-square of 1 at .95 is 3.841
    assert told["by_chance"] == pytest.approx(3.841 * 2 / 1000, rel=0.2)


def test_rows_that_are_only_scored_stand_apart_from_labelled_ones() -> None:
    days = ["2020-01-01"] * 2 + ["2021-01-01"] * 4
    found = drawn({"x": [1.0, 2, 1, 2, 9, 9]}, [GOOD] * 4 + [SCORED] * 2, [feature("x")], days)
    assert found.drift["labelled"].tolist() == [True, False]
    assert found.drift["enterprises"].tolist() == [2, 2]
    told = one(found)
    assert told["drift"] == pytest.approx(0)
    assert told["drift_to_scored"] > 0.2


def test_a_row_that_is_only_scored_is_never_what_others_are_compared_with() -> None:
    found = drawn({"x": [1.0, 2, 9, 9]}, [GOOD, GOOD, SCORED, SCORED], [feature("x")])
    assert found.drift["labelled"].tolist() == [False]
    assert np.isnan(one(found)["drift"])
    assert one(found)["drift_to_scored"] > 0.2


def test_a_text_drifts_by_its_levels_and_ranks_nobody() -> None:
    days = ["2020-01-01"] * 4 + ["2021-01-01"] * 4
    values = {"t": list("aabbaabb"), "u": [*"aabbcc", None, "b"]}
    definitions = [feature("t", text=True), feature("u", text=True)]
    found = drawn(values, [GOOD, BAD] * 4, definitions, days)
    assert one(found, "t")["drift"] == pytest.approx(0)
    assert one(found, "u")["drift"] > 0.5
    assert one(found, "u")["known_then"] == 0.75
    assert found.features["auc"].isna().all()
    assert found.text.startswith("No labelled row")


def test_the_bands_follow_the_feature_of_each_family_that_drifted_most() -> None:
    days = ["2020-01-01"] * 11 + ["2021-01-01"] * 11
    still, moved = np.tile(np.arange(11.0), 2), np.arange(22.0)
    definitions = [feature("still"), feature("moved"), feature("age", family="age")]
    found = drawn({"still": still, "moved": moved, "age": still}, [GOOD] * 22, definitions, days)
    assert found.bands["feature"].tolist() == ["moved", "moved", "age", "age"]
    assert found.bands[["low", "middle", "high"]].iloc[1].tolist() == [12, 16, 20]


def test_the_order_of_the_rows_changes_nothing() -> None:
    values, bad, who = clustered(9)
    days = np.tile(QUARTERS, 60)
    told = []
    for order in (np.arange(len(who)), np.random.default_rng(1).permutation(len(who))):
        columns = {"x": values[order], "enterprise_id": who[order]}
        told.append(drawn(columns, bad[order].tolist(), [feature("x")], days[order].tolist()))
    for name in ("features", "periods", "drift", "bands"):
        pd.testing.assert_frame_equal(getattr(told[0], name), getattr(told[1], name))


# nothing to say


@pytest.mark.parametrize(
    ("outcomes", "definitions"),
    [
        ([SCORED, SCORED, SCORED], [feature("x")]),
        ([GOOD, GOOD, GOOD], [feature("x")]),
        ([GOOD, BAD, BAD], []),
        ([], [feature("x")]),
    ],
    ids=["no label", "one outcome", "no feature", "no row"],
)
def test_where_nothing_can_be_ranked_or_compared_the_tables_are_there_and_say_so(
    outcomes: list[bool | None], definitions: list[FeatureDefinition]
) -> None:
    found = drawn({"x": np.arange(float(len(outcomes)))}, outcomes, definitions)
    assert found.strongest.empty
    assert found.drift.empty
    assert found.bands.empty
    assert found.text.startswith("No labelled row of both outcomes")
    assert len(found.features) == len(definitions)
    assert found.features["drift"].isna().all()
    assert found.features.nlargest(3, "drift").shape[0] == len(definitions)
