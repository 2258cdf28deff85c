"""Directions that an experiment states for columns of `attributes`."""

import pandas as pd
import pytest

from riskmodel.errors import SettingsError
from riskmodel.features import available, select_definitions

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


def stated(settings, **risk):
    return settings.with_values({"attribute_risk": risk})


def test_a_stated_direction_is_the_features_and_what_is_not_named_has_none(source, settings):
    definitions = {
        c.name: c for c in available(source, stated(settings, late="rises", owner="falls"))
    }
    assert definitions["attribute_late"].risk == "rises"
    assert definitions["attribute_owner"].risk == "falls"
    assert definitions["attribute_age"].risk == "none"
    assert definitions["attribute_region"].risk == "none"


@pytest.mark.parametrize("name", ["lateness", "region"])
def test_a_direction_for_a_text_or_for_nothing_is_refused(source, settings, name):
    with pytest.raises(SettingsError, match=rf"1 of 2 names .*\(first: {name}\)"):
        available(source, stated(settings, late="rises", **{name: "falls"}))


def test_features_read_back_from_a_run_keep_their_directions():
    columns = {"late": "number", "age": "number"}
    names = ["attribute_late", "attribute_age"]
    assert [c.risk for c in select_definitions(names, columns, {"late": "rises"})] == [
        "rises",
        "none",
    ]
    assert [c.risk for c in select_definitions(names, columns)] == ["none", "none"]
