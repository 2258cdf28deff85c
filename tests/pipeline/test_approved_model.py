"""Which version scores: the one in force on the run's own day, for the run's own purpose."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from riskmodel.errors import DataError, NotApproved, SettingsError
from riskmodel.model import RiskModel
from riskmodel.model.calibration import Calibration, Curve
from riskmodel.model.inputs import Inputs
from riskmodel.model.learners.single_feature import SingleFeature
from riskmodel.model.master_scale import MasterScale
from riskmodel.pipeline.approved_model import (
    approved_for,
    approved_model,
    approved_of,
    model_from,
    texts_to_score,
)
from riskmodel.pipeline.experiment import _note_approved
from riskmodel.pipeline.stage_keys import StageKeys
from riskmodel.registry import review, versions
from riskmodel.registry.intended_use import IntendedUse, differences
from riskmodel.runs import tracking
from riskmodel.runs.run_folder import Run, create_run
from riskmodel.settings import Settings, default_settings

pytestmark = pytest.mark.slow

OURS = IntendedUse("export_credit", "lines", "12", "90", "doubtful loss substandard")
CONTEST = IntendedUse("cumcm2020c", "outcomes", "ever", "given", "given")
POLICY = 'name = "export_credit"\n'
SAID = {"by": "reviewer one", "reason": "checks read"}
JULY, AUGUST = date(2014, 7, 1), date(2014, 8, 1)


def model(number: float, purpose: IntendedUse | None) -> RiskModel:
    ranker = SingleFeature(Inputs(("exports_usd_6m",), (-1,), {}), sign=-1, median=number)
    line = Calibration(Curve("logistic", 0.5, (0.3,)), 0.1, ((-5.0, 0.1, 0.1),), 0.9, {})
    facts = {"purpose": purpose.texts()} if purpose else {}
    return RiskModel("single_feature", ranker, line, MasterScale((0.1, 0.3)), facts)


@pytest.fixture
def registered(root: Path, script: Path, registration):
    """Registers a model for this purpose; its number. The stand-in script needs a `pd`."""
    run_id = tracking.start_run(root, "try", {}, {})
    (root / "experiments" / "policy.toml").write_text(POLICY, "utf-8")

    def made(number: float, purpose: IntendedUse | None) -> str:
        one = model(number, purpose)
        files = one.to_files()
        files["model.json"] = json.dumps(json.loads(files["model.json"]) | {"pd": 0.25})
        tags = purpose.texts() if purpose else {}
        plain = registration(one.fingerprint, **tags)
        return versions.register(root, run_id, replace(plain, files=files), script=script)

    return made


def monthly(as_of: date, **datasets: object) -> Settings:
    settings = default_settings()
    return settings.with_values(
        {
            "run": settings.run.with_values({"as_of": as_of}),
            "model": settings.model.with_values({"source": "score_champion"}),
            "datasets": settings.datasets.with_values(datasets),
        }
    )


def run_of(root: Path, settings: Settings, **population: object) -> Run:
    """A run's folder, as far as the stage before the model has come."""
    run = create_run(root / "experiments" / "runs" / "monthly", settings)
    (run.folder / "policy.toml").write_text(POLICY, "utf-8")
    facts = {"kind": "lines", "horizon_months": 12} | population
    run.write_json("datasets", "population", facts)
    return run


def test_a_run_asks_what_is_in_force_on_its_own_day(root: Path, registered) -> None:
    first, second = registered(1.0, OURS), registered(2.0, OURS)
    review.approve(root, first, **SAID, on=JULY)
    review.approve(root, second, **SAID, on=AUGUST)

    with pytest.raises(NotApproved, match=r"'export_credit' is in force on 2014-06-30\. Version 2"):
        approved_for(monthly(date(2014, 6, 30)), POLICY, root)
    for day, version in (
        (JULY, first),
        (date(2014, 7, 31), first),
        (AUGUST, second),
        (date.today(), second),
    ):
        found = approved_for(monthly(day), POLICY, root)
        assert found is not None
        assert found.version == version
    assert approved_for(default_settings(), POLICY, root) is None  # it fits its model itself


def test_a_version_approved_today_does_not_score_the_past_and_the_line_says_from_when(
    root: Path, registered
) -> None:
    version, today = registered(1.0, OURS), date.today()
    review.approve(root, version, **SAID, on=today)
    with pytest.raises(NotApproved, match=rf"Version {version} is, from {today}: run as of that"):
        approved_for(monthly(JULY), POLICY, root)


def test_a_run_keeps_its_version_to_its_end_and_takes_up_a_review_when_it_begins_again(
    root: Path, registered
) -> None:
    first, second = registered(1.0, OURS), registered(2.0, OURS)
    review.approve(root, first, **SAID, on=JULY)
    run, told = run_of(root, monthly(AUGUST)), []
    run.note(data_fingerprint="data")
    _note_approved(run, approved_for(run.settings, POLICY, root), told.append)
    key = StageKeys(run).key("model", "04_model", {})

    review.approve(root, second, **SAID, on=AUGUST)  # while the run is on its way

    assert approved_of(run).version == first
    assert approved_model(run).ranker == model(1.0, OURS).ranker
    assert StageKeys(run).key("model", "04_model", {}) == key
    by_hand = Run(run.folder.with_name("by-hand"), run.folder, run.settings)
    assert approved_of(by_hand).version == first

    _note_approved(run, approved_for(run.settings, POLICY, root), told.append)
    assert approved_of(run).version == second
    assert approved_model(run).ranker == model(2.0, OURS).ranker
    assert StageKeys(run).key("model", "04_model", {}) != key
    assert told[-1] == "an earlier go used version 1: model and after are run again"


@pytest.mark.parametrize(
    ("settings", "population", "found"),
    [
        ({}, {"horizon_months": 6}, "horizon_months 12 instead of 6"),
        ({}, {"horizon_months": None}, "horizon_months 12 instead of ever"),
        ({}, {"kind": "outcomes"}, "population lines instead of outcomes"),
        ({"default_definition.days_past_due": 30}, {}, "days_past_due 90 instead of 30"),
        (
            {"default_definition.tiers": ("loss",)},
            {},
            "tiers doubtful loss substandard instead of loss",
        ),
    ],
)
def test_a_run_for_another_outcome_is_a_setting_that_is_off(
    settings, population, found: str, root: Path, registered
) -> None:
    review.approve(root, registered(1.0, OURS), **SAID, on=JULY)
    run = run_of(root, monthly(JULY, **settings), **population)
    with pytest.raises(SettingsError, match=found):
        approved_model(run)
    if settings:  # what the settings say themselves is told before the first stage
        with pytest.raises(SettingsError, match=found):
            approved_for(run.settings, POLICY, root)


def test_a_run_of_another_programme_finds_no_model_of_its_own(root: Path, registered) -> None:
    review.approve(root, registered(1.0, OURS), **SAID, on=JULY)
    with pytest.raises(NotApproved, match="of the programme 'cumcm2020c' is in force"):
        approved_for(monthly(JULY), 'name = "cumcm2020c"\n', root)


def test_files_are_scored_by_no_version_of_another_programme(root: Path, registered) -> None:
    ours, contests = registered(1.0, OURS), registered(2.0, CONTEST)
    silent, shorter = registered(3.0, None), registered(4.0, replace(OURS, horizon_months="6"))
    with pytest.raises(NotApproved, match="programme cumcm2020c instead of export_credit"):
        texts_to_score(root, contests, None)
    with pytest.raises(NotApproved, match="programme not stated instead of export_credit"):
        texts_to_score(root, silent, None)
    assert texts_to_score(root, contests, "cumcm2020c")[0] == contests
    assert texts_to_score(root, shorter, None)[0] == shorter  # nothing is in force yet

    review.approve(root, ours, **SAID, on=JULY)

    assert texts_to_score(root, None, None)[0] == ours
    assert texts_to_score(root, ours, None)[0] == ours
    with pytest.raises(NotApproved, match="horizon_months 6 instead of 12"):
        texts_to_score(root, shorter, None)


def test_a_number_that_was_given_again_is_not_what_was_approved(root: Path, registered) -> None:
    review.approve(root, registered(1.0, OURS), **SAID, on=JULY)
    with tracking.connect_store(root) as mlflow:
        mlflow.MlflowClient().delete_registered_model("default-risk")
    with pytest.raises(NotApproved, match="version 1, approved on 2014-07-01, is not registered"):
        approved_for(monthly(JULY), POLICY, root)

    assert registered(2.0, OURS) == "1"  # MLflow counts anew

    with pytest.raises(NotApproved, match="version 1, approved on 2014-07-01, is another model"):
        approved_for(monthly(JULY), POLICY, root)
    with pytest.raises(NotApproved, match="is another model"):
        texts_to_score(root, None, None)


@pytest.mark.parametrize(
    "texts",
    [
        {},
        {"model.json": ""},
        {"model.json": "{}"},
        {"model.json": "[]"},
        {"model.json": "[" * 100_000},
        {"model.json": '{"format": 3, "name": "trees", "inputs": 7}'},
        {"model.json": '{"format": 99}'},
    ],
)
def test_texts_that_are_no_model_are_bad_data(texts: dict[str, str]) -> None:
    with pytest.raises(DataError):
        model_from(texts, "1")


def test_a_part_that_is_not_wanted_is_not_held() -> None:
    assert differences(OURS, IntendedUse()) == ""
    assert differences(OURS, OURS) == ""
    assert differences(IntendedUse(), OURS).count("not stated") == 5
