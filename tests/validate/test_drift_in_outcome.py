"""Drift in the outcome: later rows against rows of the fit's own dates, by the same models."""

import numpy as np
import pandas as pd
import pytest

from riskmodel.settings import load_settings
from riskmodel.validate import Evidence, run_checks
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
