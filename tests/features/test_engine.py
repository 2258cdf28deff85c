"""The engine as a whole: absent tables, expressions, attributes, order and portions."""

import numpy as np
import pandas as pd
import pytest

from riskmodel.errors import RiskModelError, SettingsError
from riskmodel.features import (
    DEFINITIONS,
    FAMILIES,
    available,
    compute,
    definitions_by_name,
    dictionary,
)
from riskmodel.features.relations import RELATIONS
from riskmodel.tables.canonical import CANONICAL


@pytest.fixture
def few(drawn):
    """One declaration with only the columns that must be there; no other history."""
    return drawn(
        {
            "declarations": pd.DataFrame(
                {
                    "declaration_id": ["D1"],
                    "enterprise_id": ["E1"],
                    "declared_on": pd.to_datetime(["2024-06-10"]),
                    "fob_usd": [100.0],
                    "status": ["released"],
                    "known_at": pd.to_datetime(["2024-06-11"], utc=True),
                }
            )
        }
    )


ROWS = pd.DataFrame({"enterprise_id": ["E1", "E2"], "as_of": pd.to_datetime("2024-07-01")})


def test_features_whose_table_or_column_is_absent_are_left_out_with_the_reason(few, settings):
    found = compute(few, ROWS, settings)
    needs = found.absent.set_index("feature")["needs"]
    assert needs["receipts_usd_6m"] == "receipts"
    assert needs["exports_platform_usd_12m"] == "declarations.via_platform"
    assert needs["days_to_cash_12m"] == "receipts"
    assert needs["receipts_to_exports_12m"] == "receipts"  # an expression lacks what its part lacks
    assert needs["debt_to_sales"] == "bank_records"
    assert needs["line_days_past_due_24m"] == "line_months"
    assert needs["age_months"] == "enterprises.registered_on"
    assert set(needs.index).isdisjoint(found.frame.columns)
    assert {*needs.index, *found.frame.columns} == {
        *definitions_by_name(),
        "enterprise_id",
        "as_of",
    }


def test_a_filter_on_an_absent_column_takes_it_as_null(drawn, settings):
    """A folder without `status` has no cancelled declarations, one without `ended_on` no ends."""
    known = pd.to_datetime(["2024-06-11"], utc=True)
    declarations = pd.DataFrame(
        {
            "declaration_id": ["D1"],
            "enterprise_id": ["E1"],
            "declared_on": pd.to_datetime(["2024-06-10"]),
            "fob_usd": [100.0],
            "known_at": known,
        }
    )
    agreements = pd.DataFrame(
        {
            "enterprise_id": ["E1"],
            "bank": ["bank_a"],
            "signed_on": pd.to_datetime(["2024-06-10"]),
            "known_at": known,
        }
    )
    found = compute(drawn({"declarations": declarations, "agreements": agreements}), ROWS, settings)
    frame = found.frame.set_index("enterprise_id")
    assert frame.loc["E1", "exports_usd_6m"] == 100
    assert frame.loc["E1", "banks_signed"] == 1
    needs = found.absent.set_index("feature")["needs"]
    assert needs["cancelled_share_12m"] == "declarations.status"
    assert needs["exports_platform_usd_12m"] == "declarations.via_platform"


def test_no_exports_give_no_returned_share_but_a_missing_share_of_the_largest_deal(few, settings):
    frame = compute(few, ROWS, settings).frame.set_index("enterprise_id")
    assert frame.loc["E1", "largest_deal_share_12m"] == 1
    assert frame.loc["E2", "returned_share_12m"] == 0
    assert np.isnan(frame.loc["E2", "largest_deal_share_12m"])


def test_without_rates_yuan_are_counted_at_the_rate_of_the_settings(few, settings):
    frame = compute(few, ROWS, settings).frame.set_index("enterprise_id")
    assert frame.loc["E1", "exports_cny_12m"] == pytest.approx(620)


def test_a_feature_asked_for_alone_brings_its_parts(few, settings):
    definitions = [definitions_by_name()["exports_cny_12m"]]
    found = compute(few, ROWS, settings, definitions=definitions)
    assert [feature.name for feature in found.definitions] == [
        "exports_usd_12m",
        "cny_per_usd",
        "exports_cny_12m",
    ]


def test_no_rows_asked_are_no_rows_answered(few, settings):
    found = compute(few, ROWS.iloc[:0], settings)
    assert found.frame.empty
    assert "exports_usd_6m" in found.frame


def test_features_left_out_by_the_settings_are_not_there_and_unknown_names_are_refused(
    few, settings
):
    without = settings.with_values({"exclude": ("deals_6m",)})
    assert "deals_6m" not in {feature.name for feature in available(few, without)}
    with pytest.raises(SettingsError, match="no feature is called deals_9m"):
        available(few, settings.with_values({"exclude": ("deals_9m",)}))


def test_attributes_stand_as_given_whatever_their_columns_are_called(drawn, settings):
    attributes = pd.DataFrame(
        {
            "enterprise_id": ["E1", "E1"],
            "row": [1.5, 2.5],
            "cut": [True, False],
            "as_of": ["north", "south"],
            "known_at": pd.to_datetime(
                ["2024-01-01", "2024-06-30T16:00"], utc=True, format="mixed"
            ),
        }
    )
    frame = compute(drawn({"attributes": attributes}), ROWS, settings).frame
    first, second = (frame.iloc[place] for place in (0, 1))
    assert first["attribute_row"] == 1.5
    assert first["attribute_cut"] == 1
    assert first["attribute_as_of"] == "north"
    assert second[["attribute_row", "attribute_cut", "attribute_as_of"]].isna().all()


def test_every_feature_reads_what_the_contract_declares_and_belongs_to_a_family():
    for feature in DEFINITIONS:
        assert feature.family in FAMILIES, feature.name
        assert all(feature.texts), feature.name
        assert feature.risk in ("rises", "falls", "none")
    assert len(DEFINITIONS) >= 120
    assert len(definitions_by_name(DEFINITIONS)) == len(DEFINITIONS)
    assert set(dictionary()["table"]) <= {*CANONICAL, *RELATIONS}


def test_a_feature_declared_twice_is_our_fault():
    with pytest.raises(RiskModelError, match="declared twice"):
        definitions_by_name([DEFINITIONS[0], DEFINITIONS[0]])
