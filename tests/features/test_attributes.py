"""Columns of `attributes`: each its own reason, with what an experiment states of it."""

import pandas as pd
import pytest

from riskmodel.errors import SettingsError
from riskmodel.features import available, dictionary, select_definitions
from riskmodel.features.attributes import MAX_LETTERS, attribute_definitions, short_text
from riskmodel.settings import AttributeSettings

ATTRIBUTES = pd.DataFrame(
    {
        "enterprise_id": ["E1"],
        "late": [2.0],
        "owner": [True],
        "age": [40.0],
        "region": ["north"],
        "known_at": pd.to_datetime(["2024-01-01"], utc=True),
    }
)


@pytest.fixture
def source(drawn):
    return drawn({"attributes": ATTRIBUTES})


def stated(settings, **columns):
    given = {name: AttributeSettings(**one) for name, one in columns.items()}
    return settings.with_values({"attributes": given})


def test_what_is_stated_is_the_features_and_what_is_not_named_has_its_name(source, settings):
    given = stated(
        settings,
        late={"en": "Late payments", "zh": "逾期次数", "unit": "count", "risk": "rises"},
        region={"en": "Seat"},
    )
    found = {c.name: c for c in available(source, given) if c.table == "attributes"}
    late, owner = found["attribute_late"], found["attribute_owner"]
    assert (late.risk, late.unit, late.texts) == ("rises", "count", ("Late payments", "逾期次数"))
    assert (owner.risk, owner.unit, owner.texts) == ("none", "yes or no", ("owner", "owner"))
    assert found["attribute_region"].texts == ("Seat", "Seat")
    assert len({one.family for one in found.values()}) == 4


def test_the_dictionary_of_a_run_names_the_columns(source, settings):
    given = stated(settings, late={"en": "Late payments", "zh": "逾期次数", "unit": "count"})
    words = dictionary(available(source, given)).set_index("feature")
    assert words.loc["attribute_late", ["meaning", "zh", "unit", "family"]].tolist() == [
        "Late payments",
        "逾期次数",
        "count",
        "attribute_late",
    ]
    assert words.loc["attribute_age", ["meaning", "unit"]].tolist() == ["age", "as given"]


@pytest.mark.parametrize(
    ("name", "one", "told"),
    [
        ("lateness", {"unit": "days"}, "'lateness' is no column of the source's attributes"),
        ("region", {"risk": "falls"}, "'region' is a text, which has no direction"),
    ],
)
def test_what_cannot_hold_of_a_column_is_refused(source, settings, name, one, told):
    with pytest.raises(SettingsError, match=told):
        available(source, stated(settings, late={"risk": "rises"}, **{name: one}))


def test_features_read_back_from_a_run_keep_what_was_stated():
    columns = {"late": "number", "age": "number"}
    names = ["attribute_late", "attribute_age"]
    given = {"late": AttributeSettings(risk="rises", unit="count")}
    assert [(c.risk, c.unit) for c in select_definitions(names, columns, given)] == [
        ("rises", "count"),
        ("none", "as given"),
    ]


@pytest.mark.parametrize(
    "name", ["l" * 3000, "two\nlines", "\u202edesrever", "", " ", "\u200b", "a  b", "=1+1", "<b>"]
)
def test_a_name_from_outside_is_one_short_visible_line_and_stays_a_family_of_its_own(name):
    columns = dict.fromkeys([name, f"{name}l", short_text(name)], "number")
    found = attribute_definitions(columns)
    assert len({one.family for one in found}) == len(columns)
    for one in found:
        for text in (*one.texts, one.family.removeprefix("attribute_")[:MAX_LETTERS]):
            assert text.isprintable()
            assert 0 < len(text) <= MAX_LETTERS


def test_a_long_text_keeps_its_beginning_and_its_end():
    assert short_text("abcdefghijklmnop", 9) == "abcde…nop"
