"""Reasons: the families that raise the risk against the peers', each faithful, in two languages."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st
from tests.explain.conftest import Line, Model, Sum, peers_of

from riskmodel.explain import (
    Baseline,
    compute_strengths,
    find_reasons,
    reason_texts,
    reasons_in_columns,
    sum_by_family,
)
from riskmodel.explain.reasons import COLUMNS
from riskmodel.features import definitions_by_name
from riskmodel.features.attributes import attribute_definitions
from riskmodel.model.inputs import Inputs
from riskmodel.settings import AttributeSettings, default_settings, load_settings

FOUR = default_settings().explain
WORSE = {
    "exports_usd_6m": -0.1,
    "exports_usd_12m": -0.4,
    "days_past_due_now": 0.3,
    "inquiries_3m": 0.2,
    "debt_cny": -0.9,
}


def test_the_strongest_family_comes_first_and_names_its_strongest_feature(held_against, rows_of):
    found = find_reasons(held_against(), rows_of(WORSE), FOUR)
    assert found["family"].tolist() == ["size", "arrears", "inquiries"]
    assert found["feature"].tolist() == ["exports_usd_12m", "days_past_due_now", "inquiries_3m"]
    assert found["rank"].tolist() == [1, 2, 3]
    # strengths are twice the differences: the calibration's slope is 2
    assert found["contribution"].tolist() == pytest.approx([1.0, 0.6, 0.4])
    assert found["share"].tolist() == pytest.approx([0.5, 0.3, 0.2])


def test_there_are_at_most_four_reasons(held_against, rows_of):
    rows = rows_of(WORSE | {"debt_cny": 0.4, "top_buyer_share_12m": 0.5, "sector": "toys"})
    found = find_reasons(held_against({"sector": 0.3}), rows, FOUR)
    assert found["family"].tolist() == ["register", "buyers", "size", "debt"]


def test_a_family_that_lowers_the_risk_or_hardly_raises_it_is_no_reason(held_against, rows_of):
    rows = rows_of({"exports_usd_6m": 0.5, "days_past_due_now": 0.96, "inquiries_3m": 0.04})
    found = find_reasons(held_against(), rows, FOUR)
    assert found["family"].tolist() == ["arrears"]


def test_an_enterprise_that_nothing_speaks_against_has_no_reasons(held_against, rows_of):
    found = find_reasons(held_against(), rows_of({"debt_cny": -1.0}, {"inquiries_3m": 0.2}), FOUR)
    assert found["enterprise_id"].tolist() == ["E1"]


def test_nobody_has_reasons_where_nothing_raises_the_risk(held_against, rows_of):
    found = find_reasons(held_against(), rows_of({}), FOUR)
    assert found.empty
    assert list(found.columns) == COLUMNS


def test_what_is_usual_among_the_reference_rows_is_no_reason_however_much_it_adds(
    held_against, rows_of
):
    baseline = held_against(reference_group={"debt_cny": 5.0})
    found = find_reasons(baseline, rows_of({"debt_cny": 5.0, "inquiries_3m": 0.1}), FOUR)
    assert found["family"].tolist() == ["inquiries"]


def test_the_words_say_high_low_not_on_record_or_which_text_in_both_languages(
    held_against, rows_of
):
    baseline = held_against({"sector": 0.05}, missing={"inquiries_3m": 0.2})
    rows = rows_of(
        {"exports_usd_6m": -0.4, "days_past_due_now": 0.3, "inquiries_3m": np.nan, "sector": "toys"}
    )
    found = find_reasons(baseline, rows, FOUR)
    assert found["text_en"].tolist() == [
        "Exports in the last six months: low",
        "Days past due at other lenders: high",
        "Credit inquiries in three months: not on record",
        "Sector: toys",
    ]
    assert found["text_zh"].tolist() == [
        "近六个月出口额偏低",
        "其他金融机构逾期天数偏高",
        "近三个月信贷查询次数无记录",
        "所属行业：toys",
    ]


def test_a_value_below_the_reference_rows_is_never_called_high(held_against, rows_of):
    # a free model may see risk where the feature does not
    found = find_reasons(held_against({"debt_cny": -1.0}), rows_of({"debt_cny": -1.0}), FOUR)
    assert found["text_en"].str.endswith(": unusual").tolist() == [True]


def test_a_text_that_the_model_does_not_know_is_unusual_and_an_absent_one_not_on_record(
    held_against, rows_of
):
    baseline = held_against(missing={"sector": 0.5})
    found = find_reasons(baseline, rows_of({"sector": "rockets"}, {"sector": None}), FOUR)
    assert found["text_en"].tolist() == ["Sector: unusual", "Sector: not on record"]


ATTRIBUTES = {"debt": "number", "listed": "flag", "sector": "text", "age": "number"}
STATED = {"debt": AttributeSettings(en="Debt", zh="负债（元）", unit="CNY", risk="rises")}


def attributes_baseline(held_to=0.0):
    """A sum of four columns of `attributes`, of which only one has a direction."""
    definitions = attribute_definitions(ATTRIBUTES, STATED)
    names = tuple(one.name for one in definitions)
    inputs = Inputs(names, (1, 0, 0, 0), {"attribute_sector": ("lamps", "high", "=1+1\n<b>")})
    ranker = Sum(inputs, (1.0, 2.0, 3.0, -1.0), (0.5, 0.5, 0.5, 0.5))
    group = peers_of(ranker, {**dict.fromkeys(names, held_to), "attribute_sector": "lamps"})
    return Baseline(Model(ranker, Line()), group, definitions_by_name(definitions))


def attributes_row(**values):
    given = {"debt": 0.0, "listed": 0.0, "sector": "lamps", "age": 0.0} | values
    frame = pd.DataFrame([{f"attribute_{name}": one for name, one in given.items()}])
    return frame.assign(enterprise_id="E0", as_of=pd.Timestamp("2024-07-01"))


def test_each_column_of_attributes_is_its_own_reason_with_its_words_and_unit():
    rows = attributes_row(debt=2.0, listed=1.0, sector="high", age=-0.9)
    found = find_reasons(attributes_baseline(), rows, FOUR)
    assert dict(zip(found["family"], found["text_en"], strict=True)) == {
        "attribute_debt": "Debt (CNY): high",
        "attribute_listed": "listed: yes",
        "attribute_sector": "sector: high",
        "attribute_age": "age: low",
    }
    assert sorted(found["text_zh"]) == sorted(
        ["负债（元）偏高", "listed：是", "sector：high", "age偏低"]
    )


def test_a_name_that_stands_in_both_languages_has_its_unit_in_both():
    (feature,) = attribute_definitions({"debt": "number"}, {"debt": AttributeSettings(unit="CNY")})
    baseline = attributes_baseline()
    named = {**baseline.definitions, feature.name: feature}
    told = reason_texts(replace(baseline, definitions=named)).set_index("reason")
    high = told.loc["attribute_debt: high", ["text_en", "text_zh"]].tolist()
    assert high == ["debt (CNY): high", "debt（CNY）偏高"]


def test_a_column_that_is_not_given_is_a_reason_of_its_own():
    rows = attributes_row(debt=np.nan, listed=np.nan, sector=None)
    found = find_reasons(attributes_baseline(), rows, FOUR)
    assert sorted(found["text_en"]) == [
        "Debt (CNY) is not given",
        "listed is not given",
        "sector is not given",
    ]
    assert "负债（元）未提供" in found["text_zh"].tolist()


def test_the_vocabulary_has_each_reason_once_also_where_a_text_is_a_word_of_it():
    told, rows = reason_texts(attributes_baseline()), attributes_row(sector="high", debt=1.0)
    assert told["reason"].is_unique
    wide = reasons_in_columns(attributes_baseline(), rows, FOUR)
    assert wide["reason_1"].tolist() == ["attribute_sector = high"]
    assert wide["reason_2"].tolist() == ["attribute_debt: high"]


def test_a_value_from_outside_stands_on_one_line():
    found = find_reasons(attributes_baseline(), attributes_row(sector="=1+1\n<b>"), FOUR)
    assert found["text_en"].tolist() == ["sector: =1+1 <b>"]


VALUE = st.floats(-2, 2, allow_subnormal=False)


@rules(max_examples=60, deadline=None)
@given(st.lists(st.lists(VALUE, min_size=6, max_size=6), min_size=1, max_size=6))
def test_reasons_only_raise_fall_in_strength_and_keep_their_enterprise(
    held_against, rows_of, drawn
):
    baseline = held_against()
    names = [name for name in baseline.inputs.names if name != "sector"]
    rows = rows_of(*(dict(zip(names, one, strict=True)) for one in drawn))
    found = find_reasons(baseline, rows, FOUR)
    families = sum_by_family(compute_strengths(baseline, rows), baseline.definitions)
    assert (found["contribution"] > 0).all()
    for name, group in found.groupby("enterprise_id"):
        assert group["rank"].tolist() == list(range(1, len(group) + 1))
        assert len(group) <= 4
        assert group["contribution"].is_monotonic_decreasing
        own = families.loc[int(name[1:]), group["family"]]
        assert own.tolist() == pytest.approx(group["contribution"].tolist())


def test_blocks_of_rows_give_the_reasons_of_the_whole(held_against, rows_of, monkeypatch):
    baseline = held_against()
    rows = rows_of(WORSE, {}, {"debt_cny": 1.0}, WORSE | {"debt_cny": 3.0}, {"inquiries_3m": 1.0})
    whole = find_reasons(baseline, rows, FOUR)
    monkeypatch.setitem(find_reasons.__globals__, "BLOCK", 2)
    assert find_reasons(baseline, rows, FOUR).equals(whole)


def test_a_row_of_columns_carries_the_same_reasons_and_the_vocabulary_their_words(
    held_against, rows_of
):
    baseline = held_against()
    rows = rows_of({}, WORSE).set_axis([7, 8])
    long, wide = find_reasons(baseline, rows, FOUR), reasons_in_columns(baseline, rows, FOUR)
    assert wide.index.tolist() == [7, 8]
    assert wide.loc[7].isna().all()
    told = reason_texts(baseline).set_index("reason")
    named = wide.loc[8, ["reason_1", "reason_2", "reason_3"]].tolist()
    assert told.loc[named, "text_zh"].tolist() == long["text_zh"].tolist()
    assert told.loc[named, "family"].tolist() == long["family"].tolist()
    assert wide.loc[8, ["strength_1", "strength_2", "strength_3"]].tolist() == pytest.approx(
        long["contribution"].tolist()
    )
    assert wide.loc[8, ["reason_4", "strength_4"]].isna().all()


def test_a_scorecards_reasons_are_strengths_below_the_best(scorecard, rows_of):
    found = find_reasons(scorecard, rows_of({"debt_cny": 4.0, "inquiries_3m": 0.5}), FOUR)
    # twice (4 + 1) and twice (.5 + 1); what stands at the peers' value cannot answer for anything
    assert found["feature"].tolist() == ["debt_cny", "inquiries_3m"]
    assert found["contribution"].tolist() == pytest.approx([10.0, 3.0])


def test_the_default_settings_allow_four_reasons(tmp_path: Path):
    path = tmp_path / "plain.toml"
    path.write_text("", encoding="utf-8")
    assert load_settings(path).explain.max_reasons == 4
