"""Reasons: families of contributions that raise the risk, in two languages."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as rules
from hypothesis import strategies as st

from riskmodel.explain import by_family, reasons
from riskmodel.features import by_name
from riskmodel.settings import ExplainSettings, load_settings

CARDS = by_name()
FOUR = ExplainSettings(reasons=4, least_share=0.05)
# Two cards of one family ("size"), and one of each of five other families.
NAMES = [
    "exports_usd_6m",
    "exports_usd_12m",
    "days_past_due_now",
    "inquiries_3m",
    "debt_cny",
    "top_buyer_share_12m",
    "sector",
]


def drawn(*rows):
    """Contributions by feature, with a base."""
    return pd.DataFrame(list(rows), columns=NAMES).assign(base=-3.0)


def features(count, **values):
    columns = dict.fromkeys(NAMES, 1.0) | {"sector": "toys"} | values
    return pd.DataFrame(columns, index=range(count)).assign(
        enterprise_id=[f"E{n}" for n in range(count)], as_of=pd.Timestamp("2024-07-01")
    )


def test_a_familys_contribution_is_the_sum_of_its_features():
    shares = drawn([0.5, -0.2, 0.1, 0.0, 0.3, 0.0, -0.4])
    found = by_family(shares, CARDS)
    assert found["size"].iloc[0] == pytest.approx(0.3)
    assert found["arrears"].iloc[0] == pytest.approx(0.1)
    assert found["base"].iloc[0] == -3
    assert found.sum(axis=1).iloc[0] == pytest.approx(shares.sum(axis=1).iloc[0])


def test_the_strongest_family_comes_first_and_names_its_strongest_card():
    shares = drawn([0.1, 0.4, 0.3, 0.2, -0.9, 0.0, 0.0])
    found = reasons(features(1), shares, CARDS, FOUR)
    assert found["family"].tolist() == ["size", "arrears", "inquiries"]
    assert found["card"].tolist() == ["exports_usd_12m", "days_past_due_now", "inquiries_3m"]
    assert found["rank"].tolist() == [1, 2, 3]
    assert found["contribution"].tolist() == pytest.approx([0.5, 0.3, 0.2])
    assert found["share"].tolist() == pytest.approx([0.5, 0.3, 0.2])


def test_there_are_at_most_four_reasons():
    shares = drawn([0.1, 0.1, 0.3, 0.25, 0.4, 0.5, 0.6])
    found = reasons(features(1), shares, CARDS, FOUR)
    assert found["family"].tolist() == ["register", "buyers", "debt", "arrears"]


def test_a_family_that_lowers_the_risk_or_hardly_raises_it_is_no_reason():
    shares = drawn([-0.5, 0.4, 0.96, 0.04, 0.0, 0.0, 0.0])
    found = reasons(features(1), shares, CARDS, FOUR)
    assert found["family"].tolist() == ["arrears"]


def test_an_enterprise_that_nothing_speaks_against_has_no_reasons():
    shares = drawn([-0.5, 0.4, -0.1, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.2, 0.0, 0.0, 0.0, 0.0])
    found = reasons(features(2), shares, CARDS, FOUR)
    assert found["enterprise_id"].tolist() == ["E1"]


def test_nobody_has_reasons_where_nothing_raises_the_risk():
    found = reasons(features(1), drawn([-0.5, 0, 0, 0, 0, 0, 0]), CARDS, FOUR)
    assert found.empty
    assert {"text_en", "text_zh", "rank"} <= set(found.columns)


def test_the_words_say_high_low_unusual_or_not_on_record_in_both_languages():
    shares = drawn([0.4, 0.0, 0.3, 0.2, 0.0, 0.0, 0.1])
    rows = features(1, inquiries_3m=np.nan)
    found = reasons(rows, shares, CARDS, FOUR)
    assert found["text_en"].tolist() == [
        "Exports in the last six months: low",
        "Days past due at other lenders: high",
        "Credit inquiries in three months: not on record",
        "Sector: unusual",
    ]
    assert found["text_zh"].tolist() == [
        "近六个月出口额偏低",
        "其他金融机构逾期天数偏高",
        "近三个月信贷查询次数无记录",
        "所属行业异常",
    ]


SHARE = st.floats(-2, 2, allow_subnormal=False)


@rules(max_examples=60, deadline=None)
@given(st.lists(st.lists(SHARE, min_size=7, max_size=7), min_size=1, max_size=6))
def test_reasons_only_raise_fall_in_strength_and_keep_their_enterprise(rows):
    shares = drawn(*rows)
    found = reasons(features(len(rows)), shares, CARDS, FOUR)
    families = by_family(shares, CARDS)
    assert (found["contribution"] > 0).all()
    for name, group in found.groupby("enterprise_id"):
        assert group["rank"].tolist() == list(range(1, len(group) + 1))
        assert len(group) <= 4
        assert group["contribution"].is_monotonic_decreasing
        own = families.loc[int(name[1:]), group["family"]]
        assert own.tolist() == group["contribution"].tolist()


def test_the_default_settings_allow_four_reasons(tmp_path: Path):
    path = tmp_path / "plain.toml"
    path.write_text("", encoding="utf-8")
    assert load_settings(path).explain.reasons == 4
