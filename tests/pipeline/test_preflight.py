"""Before the first stage: everything that a run is told, every fault at once."""

import os
import shutil
from pathlib import Path

import pandas as pd
import pytest

from riskmodel.cli.main import main
from riskmodel.errors import SettingsError
from riskmodel.pipeline.preflight import RunPlan, plan_run, refuse_banks_without_terms

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
DAY = pd.Timestamp("2014-07-01")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose source has one enterprise, with a number, a flag and a text."""
    (tmp_path / "experiments").mkdir()
    for toml in EXPERIMENTS.glob("*.toml"):
        shutil.copy(toml, tmp_path / "experiments")
    data = tmp_path / "data"
    data.mkdir()
    who = {"enterprise_id": ["E1"]}
    known = {"known_at": [pd.Timestamp("2014-01-01")]}
    pd.DataFrame(who).to_parquet(data / "enterprises.parquet")
    columns = {"staff": [3], "listed": [True], "owner": ["a"]}
    pd.DataFrame({**who, **known, **columns}).to_parquet(data / "attributes.parquet")
    outcome = {"as_of": [DAY], "defaulted": [False], "observed_until": [DAY]}
    pd.DataFrame({**who, **outcome}).to_parquet(data / "outcomes.parquet")
    monkeypatch.setenv("RISKMODEL_ROOT", str(tmp_path))
    return tmp_path


def plan(root: Path, *words: str, banks: tuple[str, ...] = ()) -> RunPlan:
    data = f"run.data={str(root / 'data')!r}"
    return plan_run(root / "experiments/baseline.toml", (data, *words), banks, root)


def faults(root: Path, *words: str, banks: tuple[str, ...] = ()) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        plan(root, *words, banks=banks)
    return list(caught.value.faults)


def change(root: Path, file: str, old: str, new: str) -> None:
    path = root / "experiments" / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def test_the_faults_of_all_files_are_told_at_once_a_line_each(root: Path) -> None:
    change(root, "baseline.toml", "[run]", "[runs]")
    change(root, "policy.toml", "lgd = 0.62", 'lgd = "high"')
    change(root, "policy.toml", "[caps]", "[caps]\nceling_cny = 1.0")
    change(root, "banks.toml", "budget_cny = 80_000_000.0", "budget_cny = -1")
    found = faults(root, "validate.conditions=['no_check']", "datasets.split.folds=x")

    assert [one.split(": ")[:2] for one in found] == [
        ["baseline.toml", "unknown table [runs]. The nearest known one is 'run'."],
        ["--set datasets.split.folds=x", "datasets.split.folds"],
        ["policy.toml", "caps.celing_cny"],
        ["policy.toml", "economics.lgd"],
        ["banks.toml", "bank.0.budget_cny"],
        ["validate.conditions", "no check is called 'no_check'. The nearest is 'enough_defaults'."],
    ]


def test_a_fault_of_a_bank_names_the_bank_and_what_to_do_with_a_key(root: Path) -> None:
    change(root, "banks.toml", "budget_cny = 80_000_000.0", "budget_cny = -1")
    change(root, "banks.toml", "max_limit_cny = 5_000_000.0", "max_limt_cny = 5_000_000.0")
    found = "\n".join(faults(root))

    assert "bank.0.budget_cny: bank_of_china: Input should be greater" in found
    assert "bank.1.max_limit_cny: china_merchants: Field required. Add it." in found
    assert "bank.1.max_limt_cny: china_merchants: no such key. Correct its name" in found


def test_a_faulty_item_of_a_list_is_one_fault(root: Path) -> None:
    (found,) = faults(root, "model.candidates=['tree']")

    assert "model.candidates.0: Input should be 'scorecard'" in found


@pytest.mark.parametrize("kind", ["folder", "circle", "pipe"])
def test_terms_that_are_no_file_are_not_called_absent(root: Path, kind: str) -> None:
    path = root / "experiments" / "banks.toml"
    path.unlink()
    make = {
        "folder": path.mkdir,
        "circle": lambda: path.symlink_to(path.name),
        "pipe": lambda: os.mkfifo(path),
    }
    make[kind]()
    (found,) = faults(root)

    assert found.startswith("limits.banks: banks.toml is no file, but stands beside baseline.toml")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("features.exclude=['deals_6']", "features.exclude: no feature is called 'deals_6'"),
        ("features.exclude=['attribute_stuff']", "nearest known one is 'attribute_staff'"),
        (
            "features.attributes={ stuff = { unit = 'CNY' } }",
            "features.attributes: 'stuff' is no column",
        ),
        ("features.attributes={ owner = { risk = 'rises' } }", "'owner' is a text, which has no"),
        (
            "model.leakage.allowlist=['deal_6m']",
            "model.leakage.allowlist: no feature is called 'deal_6m'",
        ),
        (
            "model.scorecard.special_codes={ staff = [96] }",
            "nearest known one is 'attribute_staff'",
        ),
        (
            "model.single_feature.feature=exports",
            "model.single_feature.feature: no feature is called 'exports'",
        ),
        ("model.single_feature.feature=attribute_owner", "is a text, not a number"),
        ("validate.conditions=['rankings']", "The nearest is 'ranking'"),
        ("validate.conditions=['leaks_left_out']", "It is now 'leaks_excluded'"),
        ("validate.conditions=['not_below_one_number']", "It is now 'not_below_single_feature'"),
        ("limits.previous_run=2014-06-01-none-0123456789", "is no run with limits"),
        ("limits.policy=none.toml", "limits.policy: none.toml is not beside baseline.toml"),
        ("limits.banks=''", "limits.banks:  is not beside"),
        ("limits.banks=3", "limits.banks: Input should be a valid string"),
        ("limits.exclude_banks=3", "limits.exclude_banks: Input should be a valid tuple"),
    ],
)
def test_a_name_that_is_not_there_is_told_before_anything_runs(
    root: Path, words: str, told: str
) -> None:
    assert any(told in one for one in faults(root, words))


@pytest.mark.parametrize(
    "words",
    [
        "features.exclude=['deals_6m', 'attribute_owner']",
        "features.attributes={ staff = { risk = 'falls' }, listed = { unit = 'EUR' } }",
        "model.leakage.allowlist=['attribute_staff']",
        "model.scorecard.special_codes={ attribute_staff = [96] }",
        "model.single_feature.feature=attribute_staff",
        "model.single_feature.feature=exports_usd_6m",
    ],
)
def test_names_of_the_registry_and_of_the_sources_attributes_are_known(
    root: Path, words: str
) -> None:
    assert plan(root, words).banks.names[0] == "bank_of_china"


def test_a_feature_that_is_left_out_is_no_baseline(root: Path) -> None:
    words = ("model.single_feature.feature=deals_6m", "features.exclude=['deals_6m']")
    assert any("is left out by features.exclude" in one for one in faults(root, *words))


def test_a_rule_on_an_attribute_that_the_source_lacks_is_told(root: Path) -> None:
    change(
        root,
        "policy.toml",
        'feature = "deals_6m"\nwindow = "6 months"',
        'feature = "attribute_stuff"',
    )
    (found,) = faults(root)
    assert found.startswith("policy.toml: eligibility.too_few_deals.feature: ")
    assert "'attribute_staff'" in found


def test_a_churn_curve_that_the_source_lacks_is_told(root: Path) -> None:
    change(root, "policy.toml", 'churn_file = ""', 'churn_file = "churn.parquet"')
    segment = 'segments = [{ name = "all", cumulative_share = 1.0 }]'
    change(root, "policy.toml", "segments = []", segment)
    (found,) = faults(root)
    assert found.startswith("policy.toml: pricing.churn_file: _terms/churn.parquet is not in")
    (root / "data/_terms").mkdir()
    (root / "data/_terms/churn.parquet").touch()
    assert plan(root).policy.pricing.churn_file == "churn.parquet"


def test_every_unknown_feature_of_the_terms_is_told_with_its_key(root: Path) -> None:
    change(root, "policy.toml", 'feature = "deals_6m"', 'feature = "deals_6"')
    change(root, "policy.toml", 'sales_feature = "exports_cny_12m"', 'sales_feature = "sales"')
    assert [one.split(": ")[1] for one in faults(root)] == [
        "eligibility.too_few_deals.feature",
        "caps.sales_feature",
    ]


def test_a_bank_that_is_not_there_is_told_with_all_else(root: Path) -> None:
    found = faults(root, "datasets.split.folds=1", banks=("north", "ping_an"))
    assert len(found) == 2
    assert found[1].startswith("--bank north: no such bank")


@pytest.mark.parametrize("file", ["policy.toml", "banks.toml", "baseline.toml"])
@pytest.mark.parametrize("broken", [b"\n[", b"\nx = \xc4\xd0", b"\nx = [" + b"[" * 5000])
def test_a_file_that_is_no_toml_is_a_bad_setting_and_no_run_is_begun(
    root: Path, file: str, broken: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    path = root / "experiments" / file
    path.write_bytes(path.read_bytes() + broken)
    words = ["run", str(root / "experiments/baseline.toml"), "--data", str(root / "data")]

    assert main(words) == 4
    assert f"SettingsError: {file}: not readable as TOML" in capsys.readouterr().err
    assert not (root / "experiments/runs").exists()


@pytest.mark.parametrize("file", ["policy.toml", "banks.toml", "baseline.toml"])
def test_a_byte_order_mark_changes_nothing(root: Path, file: str) -> None:
    plain = plan(root)
    path = root / "experiments" / file
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert plan(root) == plain


def with_agreements(root: Path, *rows: tuple[str, str | None, str]) -> None:
    """E1's agreements: bank, ended_on, known_at; signed in 2013."""
    pd.DataFrame(
        {
            "enterprise_id": "E1",
            "bank": [row[0] for row in rows],
            "signed_on": pd.Timestamp("2013-01-01"),
            "ended_on": pd.to_datetime([row[1] for row in rows]),
            "known_at": pd.to_datetime([row[2] for row in rows]),
        }
    ).to_parquet(root / "data/agreements.parquet")


def test_agreements_with_banks_without_terms_stop_the_run_and_name_every_bank(root: Path) -> None:
    early = "2013-01-02"
    with_agreements(root, ("ping_an", None, early), ("north", None, early), ("west", None, early))
    told = plan(root, "run.as_of=2014-07-01")
    with pytest.raises(SettingsError) as caught:
        refuse_banks_without_terms(told.settings, told.banks)
    assert "2 of 3 agreements in force are with 2 banks" in str(caught.value)
    assert "north (1), west (1)" in str(caught.value)
    assert "limits.exclude_banks" in str(caught.value)


def test_a_bank_that_is_left_out_by_name_stops_nothing(root: Path) -> None:
    with_agreements(root, ("north", None, "2013-01-02"))
    told = plan(root, "run.as_of=2014-07-01", "limits.exclude_banks=['north']")
    refuse_banks_without_terms(told.settings, told.banks)


def test_a_bank_with_terms_cannot_be_left_out_by_name(root: Path) -> None:
    with_agreements(root, ("ping_an", None, "2013-01-02"))
    told = plan(root, "run.as_of=2014-07-01", "limits.exclude_banks=['ping_an']")
    with pytest.raises(SettingsError, match=r"ping_an stands in banks\.toml"):
        refuse_banks_without_terms(told.settings, told.banks)


@pytest.mark.parametrize(
    "row", [("north", "2014-06-30", "2013-01-02"), ("north", None, "2014-07-01 09:00")]
)
def test_an_agreement_that_has_ended_or_is_not_known_yet_stops_nothing(
    root: Path, row: tuple[str, str | None, str]
) -> None:
    with_agreements(root, row)
    told = plan(root, "run.as_of=2014-07-01")
    refuse_banks_without_terms(told.settings, told.banks)


def test_the_command_stops_with_the_banks_names_before_any_folder_is_made(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with_agreements(root, ("north", None, "2013-01-02"))
    words = ["run", str(root / "experiments/baseline.toml"), "--data", str(root / "data")]
    assert main([*words, "--as-of", "2014-07-01"]) == 4
    assert "north (1)" in capsys.readouterr().err
    assert not (root / "experiments/runs").exists()
