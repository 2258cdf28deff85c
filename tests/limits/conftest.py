"""Terms and banks drawn for the tests, apart from the experiments' own."""

from typing import Any

import pandas as pd
import pytest

from riskmodel.limits import Banks, Policy, banks_from, policy_from


def rule(name: str, feature: str, missing: str, **threshold: float) -> dict[str, Any]:
    words = {"en": f"{name} in words", "zh": f"{name}说明", "source": "drawn"}
    return {"name": name, "feature": feature, "missing": missing, **threshold, **words}


TERMS: dict[str, Any] = {
    "eligibility": [
        rule("exports_too_small", "exports_usd_6m", "refuse", min_value=100_000.0),
        rule("too_few_deals", "deals_6m", "refuse", min_value=3.0),
        rule("arrears", "days_past_due_24m", "pass", max_value=30.0),
    ],
    "agreement": {"required": True, "en": "No agreement", "zh": "未签约", "source": "drawn"},
    "caps": {
        "exports_feature": "exports_usd_12m",
        "platform_feature": "exports_platform_usd_12m",
        "sales_feature": "exports_cny_12m",
        "ratio_on_platform": 1.0,
        "ratio_off_platform": 0.8,
        "max_limit_cny": 10_000_000.0,
        "min_limit_cny": 50_000.0,
        "rounding_cny": 1_000.0,
        "cny_per_usd_if_missing": 6.0,
    },
    "need": {
        "cycle_days": 90.0,
        "min_cost_share": 0.6,
        "max_cost_share": 0.95,
        "cost_share_if_missing": 0.8,
        "min_growth": -0.2,
        "max_growth": 0.2,
        "growth_if_missing": 0.0,
    },
    "economics": {
        "lgd": 0.6,
        "credit_conversion_factor": 0.5,
        "utilisation": 0.5,
        "capital_ratio": 0.1,
        "opening_cost_cny": 800.0,
        "pd_slope": 0.8,
        "pd_centre": 1.0,
    },
    "capital": {
        "lgd": 0.4,
        "maturity_years": 1.0,
        "sales_million_eur": 5.0,
        "min_pd": 0.0005,
    },
    "pricing": {
        "max_all_in_rate": 0.24,
        "pass_through": 0.5,
        "reference_pd": 0.03,
        "churn_file": "",
        "segments": [],
    },
}


def bank(name: str, **changes: float) -> dict[str, Any]:
    row = {
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
    return {"name": name, **row, **changes}


@pytest.fixture
def terms() -> dict[str, Any]:
    return {name: table if isinstance(table, list) else {**table} for name, table in TERMS.items()}


@pytest.fixture
def policy() -> Policy:
    return policy_from(TERMS, "terms")


@pytest.fixture
def banks() -> Banks:
    return banks_from(
        {"bank": [bank("north_bank"), bank("south_bank", reference_rate=0.13)]}, "banks"
    )


@pytest.fixture
def bank_row() -> Any:
    return bank


@pytest.fixture
def scored() -> pd.DataFrame:
    """Five: two sound ones, a small one, one in arrears with two deals, one without a PD."""
    return pd.DataFrame(
        {
            "enterprise_id": ["E1", "E2", "E3", "E4", "E5"],
            "as_of": pd.Timestamp("2014-07-01"),
            "exports_usd_6m": [500_000.0, 300_000.0, 99_999.0, 400_000.0, 250_000.0],
            "deals_6m": [9.0, 3.0, 4.0, 2.0, 7.0],
            "days_past_due_24m": [0.0, float("nan"), 30.0, 31.0, 0.0],
            "exports_usd_12m": [1_000_000.0, 600_000.0, 150_000.0, 800_000.0, 500_000.0],
            "exports_platform_usd_12m": [1_000_000.0, 0.0, 0.0, 0.0, 0.0],
            "exports_cny_12m": [6_000_000.0, 3_600_000.0, 900_000.0, 4_800_000.0, 3_000_000.0],
            "pd_12m": [0.01, 0.03, 0.02, 0.02, float("nan")],
            "pd_low": [0.005, 0.02, 0.01, 0.01, float("nan")],
            "pd_high": [0.02, 0.05, 0.04, 0.04, float("nan")],
            "grade": ["G03", "G05", "G04", "G04", ""],
        }
    )
