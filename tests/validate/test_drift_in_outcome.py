"""Drift in the outcome: later rows against rows of the fit's own dates, by the same models."""

import numpy as np
import pandas as pd
import pytest

from riskmodel.datasets import split
from riskmodel.features import definitions_by_name
from riskmodel.model import FitTask, fit
from riskmodel.settings import load_settings
from riskmodel.validate import Evidence, run_checks, with_headline
from riskmodel.validate.drift_checks import check_drift_in_outcome

SEEDS = 100


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    path = tmp_path_factory.mktemp("settings") / "plain.toml"
    path.write_text("", encoding="utf-8")
    return load_settings(path).validate_


def rows(seed: int, count: int, later: float, *, dates: int = 1) -> pd.DataFrame:
    """Cross-validated rows and as many later ones; a slope of 1 before, and `later` after."""
    rng = np.random.default_rng(seed)
    score = np.tile(rng.normal(-2.2, 1.2, 2 * count), dates)
    late = np.tile(np.arange(2 * count) >= count, dates)
    odds = -2.2 + np.where(late, later, 1.0) * (score + 2.2)
    return pd.DataFrame(
        {
            "enterprise_id": [f"E{n:05d}" for n in range(2 * count)] * dates,
            "as_of": pd.Timestamp("2020-01-01"),
            "split": np.where(late, "test", "cross_validated"),
            "defaulted": np.tile(rng.random(2 * count), dates) < 1 / (1 + np.exp(-odds)),
            "model": "trees",
            "pd_12m": 1 / (1 + np.exp(-score)),
            "grade": "G01",
        }
    )


def evidence(found: pd.DataFrame, settings, **facts) -> Evidence:
    known = {"by_time": True, "by_enterprise": True, "time_travel": (0, 1), "seed": 7} | facts
    return Evidence(found, found, [], "trees", settings=settings, **known)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("count", [1_500, 6_000])
def test_an_outcome_that_the_score_ranks_less_later_is_drift(settings, seed, count):
    found = check_drift_in_outcome(evidence(rows(seed, count, 0.35), settings))
    assert not found.passed
    assert found.value < -0.1
    assert found.low < found.value < found.high < found.threshold == 0
    assert "The outcome drifts" in found.text


def test_without_drift_the_alarm_is_false_once_in_forty_times(settings):
    fewer = settings.with_values({"bootstrap_draws": 100})
    alarms = sum(
        not check_drift_in_outcome(evidence(rows(seed, 800, 1.0), fewer)).passed
        for seed in range(SEEDS)
    )
    assert alarms <= 7  # of 100 at .025: more than 7 come once in 200 times


def test_an_enterprise_on_five_dates_tells_once(settings):
    """Each row five times: with rows for units a chance difference would look like drift."""
    alarms = sum(
        not check_drift_in_outcome(
            evidence(rows(seed, 400, 1.0, dates=5), settings.with_values({"bootstrap_draws": 60}))
        ).passed
        for seed in range(40)
    )
    assert alarms <= 4  # 40 at .025


def test_later_rows_that_are_ranked_better_pass(settings):
    found = check_drift_in_outcome(evidence(rows(1, 3_000, 2.0), settings))
    assert found.passed
    assert found.low > 0


def test_nothing_is_compared_where_the_split_is_not_by_time_or_a_version_is_replayed(settings):
    found = rows(1, 500, 0.2)
    folds = check_drift_in_outcome(evidence(found, settings, by_time=False))
    alone = check_drift_in_outcome(evidence(found[found["split"] == "test"], settings))
    for one in (folds, alone):
        assert one.passed
        assert "no cross-validated rows" in one.text


def test_jumps_of_the_default_rate_stand_beside_it(settings):
    words = "The default rate jumps from 2.00% (2019) to 5.00% (2020)."
    found = rows(1, 500, 1.0)
    assert words in check_drift_in_outcome(evidence(found, settings, jumps=words)).text
    assert (
        words in check_drift_in_outcome(evidence(found, settings, jumps=words, by_time=False)).text
    )


def test_a_test_without_a_gap_is_not_out_of_time_in_full(settings):
    table = run_checks(evidence(rows(1, 1_500, 1.0), settings, gap="none")).set_index("check")
    assert not table.loc["out_of_time", "passed"]
    assert "without a gap" in table.loc["out_of_time", "text"]
    assert "labels of these may tell of days after it began" in table.loc["out_of_time", "text"]
    table = run_checks(evidence(rows(1, 1_500, 1.0), settings)).set_index("check")
    assert table.loc["out_of_time", "passed"]
    assert "with a gap" in table.loc["out_of_time", "text"]


def yearly_panel(seed: int, count: int, *, drifts: bool) -> pd.DataFrame:
    """Ten yearly dates of labels without dates; from the eighth on other risks decide, or the same."""
    rng = np.random.default_rng(seed)
    years = np.repeat(np.arange(10), count)
    exports, arrears = rng.normal(12, 1, 10 * count), rng.normal(15, 15, 10 * count)
    kept = np.where(drifts & (years >= 7), 0.1, 1.0)
    odds = -2.6 - kept * (1.0 * (exports - 12) - 0.05 * (arrears - 15))
    end = pd.Timestamp("2020-12-31")
    return pd.DataFrame(
        {
            "enterprise_id": [f"E{n:06d}" for n in range(10 * count)],
            "as_of": pd.to_datetime([f"{2008 + year}-01-01" for year in years]),
            "defaulted": rng.random(10 * count) < 1 / (1 + np.exp(-odds)),
            "label_ends_on": end,
            "label_known_on": end,
            "exports_usd_6m": np.exp(exports),
            "days_past_due_now": arrears,
        }
    )


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "drifts"), [(1, True), (2, True), (3, False), (4, False)])
def test_drift_planted_in_ten_years_of_labels_fails_the_check_and_none_passes(
    tmp_path, seed, drifts
):
    path = tmp_path / "small.toml"
    path.write_text("", encoding="utf-8")
    few = ("trees.max_rounds=60", "trees.learning_rate=0.1", "tuning.trials=1")
    small = [
        f"model.{one}" for one in ("candidates=['trees']", "calibration.bootstrap_draws=40", *few)
    ]
    given = load_settings(path, small)
    rows = yearly_panel(seed, 300, drifts=drifts)
    found = split(rows, given.datasets)
    assert found.by_time
    assert found.gap == "none"
    panel = rows.assign(split=found.frame["split"]).astype({"defaulted": "boolean"})
    definitions = [definitions_by_name()[name] for name in ("exports_usd_6m", "days_past_due_now")]
    fitted = fit(panel, found, FitTask(definitions, given))
    predictions = with_headline(fitted.predictions, fitted.out_of_fold)
    check = check_drift_in_outcome(evidence(predictions, given.validate_, gap="none"))
    assert check.passed is not drifts
    assert (check.value < -0.08) is drifts
