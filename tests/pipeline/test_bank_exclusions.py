"""Agreements with banks that have no terms: counted, by bank and by enterprise."""

import pandas as pd

from riskmodel.limits import banks_from
from riskmodel.pipeline.bank_exclusions import count_exclusions

ROW = {
    "funding_rate": 0.04,
    "capital_cost": 0.12,
    "min_rate": 0.10,
    "reference_rate": 0.12,
    "max_rate": 0.15,
    "budget_cny": 30_000_000.0,
    "max_expected_loss_share": 0.05,
    "max_limit_cny": 10_000_000.0,
    "max_pd": 0.10,
}


def test_what_is_left_out_is_counted_by_bank_and_who_has_no_other_bank_is_named() -> None:
    pairs = [("E1", "west"), ("E1", "north"), ("E2", "west"), ("E2", "east"), ("E3", "north")]
    signed = pd.DataFrame(pairs, columns=["enterprise_id", "bank"])
    found = count_exclusions(signed, banks_from({"bank": [{"name": "north", **ROW}]}, "banks"))

    assert found.by_bank == {"east": 1, "west": 2}
    assert found.enterprises == ("E2",)
    assert found.record() == {
        "agreements": 3,
        "enterprises": 1,
        "by_bank": {"east": 1, "west": 2},
    }
