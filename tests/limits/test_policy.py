import tomllib
from pathlib import Path
from typing import Any

import pytest

from riskmodel.errors import SettingsError
from riskmodel.limits import banks_from, policy_from

EXPERIMENTS = Path(__file__).parents[2] / "experiments"


def table(name: str) -> dict[str, Any]:
    return tomllib.loads((EXPERIMENTS / name).read_text("utf-8"))


def test_the_programmes_terms_stand_in_its_policy() -> None:
    policy = policy_from(table("policy.toml"), "policy.toml")
    thresholds = {rule.feature: (rule.min_value, rule.max_value) for rule in policy.eligibility}
    assert thresholds["exports_usd_6m"] == (100_000.0, None)
    assert thresholds["deals_6m"] == (3.0, None)
    caps = policy.caps
    assert (caps.ratio_on_platform, caps.ratio_off_platform, caps.max_limit_cny) == (
        1.0,
        0.8,
        10_000_000.0,
    )
    assert policy.pricing.max_all_in_rate == 0.24
    assert policy.agreement.required


def test_seven_banks_lend() -> None:
    assert banks_from(table("banks.toml"), "banks.toml").names == (
        "bank_of_china",
        "china_merchants",
        "china_construction",
        "ping_an",
        "postal_savings",
        "bank_of_shanghai",
        "industrial_bank",
    )


def test_the_contest_has_one_bank_with_100_million_and_no_agreements() -> None:
    policy = policy_from(table("cumcm2020c-policy.toml"), "policy")
    (bank,) = banks_from(table("cumcm2020c-banks.toml"), "banks").bank
    assert (bank.budget_cny, bank.min_rate, bank.max_rate) == (100_000_000.0, 0.04, 0.15)
    assert not policy.agreement.required
    assert (policy.caps.min_limit_cny, policy.caps.max_limit_cny) == (100_000.0, 1_000_000.0)


@pytest.mark.parametrize("name", ["policy", "banks", "cumcm2020c-policy", "cumcm2020c-banks"])
def test_every_number_of_the_terms_has_a_source_or_is_called_a_proposal(name: str) -> None:
    text = (EXPERIMENTS / f"{name}.toml").read_text("utf-8")
    assert "proposal" in text.lower()
    if "policy" in name:
        values = [line for line in text.splitlines() if "= 0." in line or "= 1" in line]
        bare = [line for line in values if "#" not in line and "cumulative_share" not in line]
        assert [line for line in bare if not _in_sourced_table(text, line)] == []


def _in_sourced_table(text: str, line: str) -> bool:
    """The contest's [capital] names its source once, for the table."""
    head = text[: text.index(line)].rsplit("\n[", 1)[1]
    return "#" in head.splitlines()[0]


def test_an_eighth_bank_is_one_more_row(bank_row: Any) -> None:
    rows = [bank_row(f"bank_{number}") for number in range(8)]
    assert len(banks_from({"bank": rows}, "banks").bank) == 8


def test_a_bank_named_twice_is_refused(bank_row: Any) -> None:
    with pytest.raises(SettingsError, match="name of its own"):
        banks_from({"bank": [bank_row("one"), bank_row("one")]}, "banks.toml")


@pytest.mark.parametrize("name", ["../north", "North", "", "a" * 33])
def test_a_bank_name_that_could_leave_its_folder_is_refused(name: str, bank_row: Any) -> None:
    with pytest.raises(SettingsError, match=r"bank\.0\.name"):
        banks_from({"bank": [bank_row(name)]}, "banks.toml")


def test_a_base_rate_outside_the_band_is_refused(bank_row: Any) -> None:
    with pytest.raises(SettingsError, match="reference_rate"):
        banks_from({"bank": [bank_row("north", reference_rate=0.2)]}, "banks.toml")


def test_an_unknown_key_is_refused(terms: dict[str, Any]) -> None:
    terms["caps"] = {**terms["caps"], "celing_cny": 1.0}
    with pytest.raises(SettingsError, match=r"policy\.toml: caps\.celing_cny"):
        policy_from(terms, "policy.toml")


def test_a_rule_on_an_unknown_feature_names_the_nearest_one(terms: dict[str, Any]) -> None:
    terms["eligibility"] = [{**terms["eligibility"][0], "feature": "exports_usd_6"}]
    with pytest.raises(SettingsError, match="'exports_usd_6m'"):
        policy_from(terms, "policy.toml")


def test_a_rule_has_exactly_one_threshold(terms: dict[str, Any]) -> None:
    terms["eligibility"] = [{**terms["eligibility"][0], "max_value": 5.0}]
    with pytest.raises(SettingsError, match="exactly one"):
        policy_from(terms, "policy.toml")


def test_a_churn_curve_needs_segments(terms: dict[str, Any]) -> None:
    terms["pricing"] = {**terms["pricing"], "churn_file": "churn.parquet"}
    with pytest.raises(SettingsError, match="together"):
        policy_from(terms, "policy.toml")
