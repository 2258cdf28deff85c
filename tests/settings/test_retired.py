"""Old names of settings: each is refused with the name that it has now."""

import tomllib
from pathlib import Path

import pytest

from riskmodel.errors import SettingsError
from riskmodel.limits.policy import banks_from, policy_from
from riskmodel.settings import load_settings
from riskmodel.settings.retired import BANKS, POLICY, SETTINGS, VALUES
from riskmodel.settings.tables import all_keys

EXPERIMENTS = Path(__file__).parents[2] / "experiments"


@pytest.fixture
def experiment(tmp_path):
    """Writes an experiment's TOML and names it."""

    def written(text=""):
        path = tmp_path / "spring.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return written


@pytest.mark.parametrize("old", SETTINGS)
def test_an_old_key_is_refused_with_the_new_one_in_toml_and_in_set(experiment, old):
    table, key = old.split(".")
    path = experiment(f"[{table}]\n{key} = 3\n")
    for words, where in (((), "spring.toml"), ((f"{old}=3",), f"--set {old}=3")):
        with pytest.raises(SettingsError) as caught:
            load_settings(experiment() if words else path, words)
        (fault,) = caught.value.faults
        assert fault.startswith(f"{where}: ")
        assert fault.endswith(f" now {SETTINGS[old]}.")


def test_an_old_key_is_told_in_full(experiment):
    with pytest.raises(SettingsError) as caught:
        load_settings(experiment("[model]\nleaves = 4\n"))
    told = "spring.toml: unknown key model.leaves. It is now model.trees.num_leaves."
    assert str(caught.value) == told


def test_every_new_key_is_one_of_the_settings():
    known = set(all_keys())
    assert set(SETTINGS.values()) <= known
    assert set(VALUES) <= known
    assert not known & set(SETTINGS)


@pytest.mark.parametrize(
    ("words", "new"),
    [
        ("model.source=champion", "'champion' is now 'score_champion'"),
        ("model.source=fit", "'fit' is now 'train'"),
        ("model.candidates=['trees', 'glass_box']", "'glass_box' is now 'ebm'"),
        ("model.leakage.action=leave_out", "'leave_out' is now 'exclude'"),
        ("limits.limit_response=learnt", "'learnt' is now 'estimated'"),
    ],
)
def test_an_old_value_is_refused_with_the_new_one(experiment, words, new):
    with pytest.raises(SettingsError) as caught:
        load_settings(experiment(), [words])
    assert new in str(caught.value)


def test_set_reaches_a_nested_table_and_overrides_its_toml(experiment):
    path = experiment("[model.trees]\nnum_leaves = 6\n")
    assert load_settings(path).model.trees.num_leaves == 6
    assert load_settings(path, ["model.trees.num_leaves=4"]).model.trees.num_leaves == 4


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[model.tree]\nl2 = 3", "unknown table [model.tree]. The nearest known one is 'trees'."),
        ("[model]\nnum_leaves = 3", "The nearest known one is 'model.trees.num_leaves'."),
        ("[model.trees]\nleaves = 3", "The nearest known one is 'num_leaves'."),
        ("[model]\ntrees = 3", "model.trees must be a table. Its value is now"),
    ],
)
def test_unknown_tables_and_keys_at_any_depth_name_the_nearest_one(experiment, text, told):
    with pytest.raises(SettingsError) as caught:
        load_settings(experiment(text))
    assert told in str(caught.value)


def test_a_single_entry_of_a_mapping_is_not_set_alone(experiment):
    with pytest.raises(SettingsError, match=r"Give features\.attributes as a whole"):
        load_settings(experiment(), ["features.attributes.age={ risk = 'rises' }"])


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("feature = ", "card = ", "eligibility.0.card: exports_too_small: no such key."),
        ("[pricing]", "[price]", "price: no such key. It is now pricing."),
        ("[behaviour]", "[learning]", "learning: no such key. It is now behaviour."),
        ("utilisation = ", "drawn_share = ", "It is now economics.utilisation."),
        ("max_limit_cny = ", "ceiling_cny = ", "It is now caps.max_limit_cny."),
    ],
)
def test_an_old_key_of_the_policy_is_refused_with_the_new_one(old, new, told):
    text = (EXPERIMENTS / "policy.toml").read_text("utf-8")
    assert f"\n{old}" in text
    with pytest.raises(SettingsError) as caught:
        policy_from(tomllib.loads(text.replace(f"\n{old}", f"\n{new}", 1)), "policy.toml")
    (fault,) = caught.value.faults
    assert fault.startswith("policy.toml: ")
    assert told in fault


@pytest.mark.parametrize("old", [key for key in BANKS if key.startswith("bank.")])
def test_an_old_key_of_a_bank_is_refused_with_the_new_one(old):
    values = tomllib.loads((EXPERIMENTS / "banks.toml").read_text("utf-8"))
    bank, new = values["bank"][0], BANKS[old].split(".")[1]
    bank[old.split(".")[1]] = bank.pop(new, {})
    with pytest.raises(SettingsError) as caught:
        banks_from(values, "banks.toml")
    (fault,) = caught.value.faults
    assert fault.endswith(f"no such key. It is now {BANKS[old]}.")


def test_no_old_key_of_the_terms_is_a_new_one():
    for renamed in (POLICY, BANKS):
        assert not set(renamed) & set(renamed.values())
