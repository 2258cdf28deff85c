"""Settings: known keys of known types, overridden one by one, kept as TOML."""

import tomllib
from datetime import date

import pytest
import tomli_w

from riskmodel.errors import SettingsError
from riskmodel.settings import default_settings, flat_values, load_settings, resolved_settings


@pytest.fixture
def experiment(tmp_path):
    """Writes an experiment's TOML and names it."""

    def written(text=""):
        path = tmp_path / "spring.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return written


def test_an_experiment_that_says_nothing_has_the_defaults_and_its_files_name(experiment):
    found = load_settings(experiment())
    assert found.run.name == "spring"
    assert found.datasets.horizon_months == 12
    assert found.datasets == default_settings().datasets


def test_an_experiment_overrides_single_values_and_set_overrides_the_experiment(experiment):
    path = experiment("[datasets]\nhorizon_months = 6\n[datasets.split]\nfolds = 4\n")
    found = load_settings(path, ["datasets.split.folds=3", "run.as_of=2014-07-01"])
    assert (found.datasets.horizon_months, found.datasets.split.folds) == (6, 3)
    assert found.datasets.default_definition == default_settings().datasets.default_definition
    assert found.run.as_of == date(2014, 7, 1)


def test_later_words_override_earlier_ones(experiment):
    found = load_settings(experiment(), ["run.seed=1", "run.seed=2"])
    assert found.run.seed == 2


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("features.exclude=['deals_6m']", ("deals_6m",)),
        ("features.exclude = [ 'deals_6m' , 'deals_12m' ]", ("deals_6m", "deals_12m")),
    ],
)
def test_set_takes_lists(experiment, words, value):
    assert load_settings(experiment(), [words]).features.exclude == value


def test_set_takes_words_without_quotes(experiment):
    assert load_settings(experiment(), ["datasets.split.gap=known"]).datasets.split.gap == "known"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "[dataset]\nhorizon_months = 3",
            "unknown table [dataset]. The nearest known one is 'datasets'",
        ),
        (
            "[model]\ninner_fold = 3",
            "unknown key model.inner_fold. The nearest known one is 'inner_folds'",
        ),
        ("model = 3", "model must be a table"),
        ("[model", "not readable as TOML"),
        (
            "[model.trees]\nmax_rounds = 'many'",
            "model.trees.max_rounds: Input should be a valid integer",
        ),
        (
            "[model.trees]\nmax_rounds = 3.5",
            "model.trees.max_rounds: Input should be a valid integer",
        ),
        (
            "[model.trees]\nmax_rounds = 0",
            "model.trees.max_rounds: Input should be greater than or equal to 1",
        ),
        (
            "[model.trees]\nmax_rounds = true",
            "model.trees.max_rounds: Input should be a valid integer",
        ),
        (
            "[datasets.split]\ngap = 'wide'",
            "datasets.split.gap: Input should be 'horizon' or 'known'",
        ),
        ("[run]\nas_of = '2014-02-30'", "'2014-02-30' is not a date"),
        ("[model.master_scale]\npd_bounds = [0.1, 0.05]", "pd_bounds must rise"),
    ],
)
def test_what_is_unknown_or_ill_typed_is_refused_in_one_line(experiment, text, words):
    with pytest.raises(SettingsError) as caught:
        load_settings(experiment(text))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 4


def test_every_fault_is_told_at_once_a_line_each_with_its_file_or_word_and_its_key(experiment):
    path = experiment("[model.trees]\nmax_rounds = 0\nnum_leaves = 1\ntreez = 3\n[dataset]\n")
    with pytest.raises(SettingsError) as caught:
        load_settings(path, ["datasets.split.folds=1", "folds=3", "run.as_of=July"])
    head, *lines = str(caught.value).splitlines()
    assert head == "7 faults, to be mended together:"
    assert [line.strip() for line in lines] == [
        "spring.toml: unknown key model.trees.treez. The nearest known one is 'num_leaves'.",
        "spring.toml: unknown table [dataset]. The nearest known one is 'datasets'.",
        "--set folds=3: not of the form table.key=value.",
        "--set run.as_of=July: run.as_of: 'July' is not a date like 2014-07-01. Fix the value.",
        "--set datasets.split.folds=1: datasets.split.folds: Input should be greater than or equal to 2."
        " Fix the value.",
        "spring.toml: model.trees.max_rounds: Input should be greater than or equal to 1. Fix the value.",
        "spring.toml: model.trees.num_leaves: Input should be 'auto'; or Input should be greater than or equal to 2."
        " Fix the value.",
    ]
    assert list(caught.value.faults) == [line.strip() for line in lines]


def test_a_byte_order_mark_is_no_fault(experiment):
    found = load_settings(experiment("\ufeff[datasets.split]\nfolds = 3\n"))
    assert found.datasets.split.folds == 3


@pytest.mark.parametrize("number", ["nan", "inf", "-inf", "1e300", "1e9999", "9" * 40, "-1e300"])
def test_no_number_of_the_settings_may_be_infinite_none_or_beyond_all_sense(experiment, number):
    """Numbers in lists and tables too; a few accept the largest where it means "any"."""
    plain = load_settings(experiment()).tables()
    taken = []
    for key, value in flat_values(plain).items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            try:
                load_settings(experiment(), [f"{key}={number}"])
            except SettingsError as error:
                assert key in str(error)
            else:
                taken.append(key)
    assert taken == []


@pytest.mark.parametrize(
    "words",
    [
        "model.master_scale.pd_bounds=[nan]",
        "model.scorecard.special_codes={ x = [inf] }",
        "model.trees.early_delinquency_weights=[[nan, 0.4]]",
        "model.calibration.central_tendency=nan",
        "run.as_of=0001-01-01",
        "run.as_of=9999-12-31",
        "run.as_of=2014-07-01T00:00:00",
        "run.as_of=20140701.5",
        "run.as_of=''",
        "datasets.split.test_from=soon",
        "datasets.split.test_from=12:30:00",
        "sources.timezone=Asia/Shangai",
        "sources.timezone=''",
        "sources.timezone=../../etc/passwd",
        "run.name=' '",
        "run.data=3",
        "features.exclude=deals_6m",
        "features.exclude=[1]",
        "features.attributes={ x = { risk = 'up' } }",
        "model.candidates=[]",
        "publish.tracking=1",
        "model.trees.max_rounds=" + "[" * 2000,
    ],
)
def test_a_value_that_is_none_of_its_kind_is_refused_with_its_key(experiment, words):
    with pytest.raises(SettingsError) as caught:
        load_settings(experiment(), [words])
    assert words.partition("=")[0] in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "words", ["folds=3", "datasets.split.folds", "datasets.=3", ".folds=3", "model.trees."]
)
def test_set_words_of_another_form_are_refused(experiment, words):
    with pytest.raises(SettingsError, match="not of the form"):
        load_settings(experiment(), [words])


def test_an_unknown_key_in_set_names_the_nearest_known_one(experiment):
    with pytest.raises(SettingsError, match="nearest known one is 'horizon_months'"):
        load_settings(experiment(), ["datasets.horizon_month=6"])


def test_a_file_that_is_not_there_is_a_bad_setting(tmp_path):
    with pytest.raises(SettingsError, match="no such file"):
        load_settings(tmp_path / "none.toml")


def test_resolved_settings_survive_toml(experiment):
    words = [
        "run.as_of=2014-07-01",
        "features.exclude=['deals_6m']",
        "datasets.split.test_from=auto",
    ]
    found = load_settings(experiment(), words)
    text = tomli_w.dumps(found.tables())
    assert resolved_settings(tomllib.loads(text), "settings.toml") == found


def test_resolved_settings_must_be_whole(experiment):
    tables = load_settings(experiment()).tables()
    tables["model"]["trees"].pop("max_rounds")
    with pytest.raises(SettingsError, match=r"model\.trees\.max_rounds: Field required"):
        resolved_settings(tables, "settings.toml")


def test_settings_never_change(experiment):
    found = load_settings(experiment())
    with pytest.raises(ValueError, match="frozen"):
        found.model.trees.max_rounds = 3
