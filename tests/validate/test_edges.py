"""Each check at the very edge of what it asks, on the rows it is about, by enterprise."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

from riskmodel.benchmarks.reject_inference.accepted_performance import (
    MAX_UNSUPPORTED,
    compute_weights,
)
from riskmodel.features import definitions_by_name
from riskmodel.model.leakage.looked_at import Suspect, suspects_table
from riskmodel.settings import ValidateSettings, default_settings
from riskmodel.statistics.calibration import jeffreys_test, jeffreys_test_in_cycle
from riskmodel.statistics.psi import psi
from riskmodel.validate import (
    Evidence,
    measure_performance,
    performance_by_vintage,
    performance_checks,
    time_travel,
)
from riskmodel.validate.checks import CHECKS
from riskmodel.validate.evidence import Check
from riskmodel.validate.performance import adjust_holm, performance_by_grade

PLAIN = default_settings().validate_.with_values({"bootstrap_draws": 60})


def asking(**changes: object) -> ValidateSettings:
    return PLAIN.with_values(changes)


def drawn(seed: int = 1, count: int = 600, noise: float = 0.0, **columns: object) -> pd.DataFrame:
    """Test rows of the champion, an enterprise each, whose outcomes follow their PDs."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(-1.5, 1.2, count)
    rows = pd.DataFrame(
        {
            "enterprise_id": [f"E{n:05d}" for n in range(count)],
            "as_of": pd.Timestamp("2023-01-01"),
            "split": "test",
            "model": "trees",
            "grade": "G01",
            "pd_12m": 1 / (1 + np.exp(-odds - noise * rng.normal(size=count))),
            "defaulted": rng.random(count) < 1 / (1 + np.exp(-odds)),
        }
    )
    return rows.assign(**columns)


def evidence(rows: pd.DataFrame, settings: ValidateSettings = PLAIN) -> Evidence:
    return Evidence(rows, rows, (), "trees", True, True, (0, 1), settings, 7)


def run(name: str, rows: pd.DataFrame, settings: ValidateSettings = PLAIN) -> Check:
    return CHECKS[name](evidence(rows, settings))


# the ranking


def test_the_ranking_is_held_to_the_intervals_lower_end_not_to_the_figure() -> None:
    rows = drawn(count=300)
    found = run("ranking", rows, asking(min_auc=0.5))
    assert found.passed
    between = (found.low + found.value) / 2
    assert not run("ranking", rows, asking(min_auc=between)).passed
    assert run("ranking", rows, asking(min_auc=found.low)).passed
    assert not run("ranking", rows, asking(min_auc=np.nextafter(found.low, 1))).passed


def with_apart(seed: int, shift: float = 0.0) -> pd.DataFrame:
    """Test rows that rank well, and half of them once more as those who may be lent to, whose odds
    are moved by the shift."""
    rows = drawn(seed, count=1200)
    apart = rows[::2].assign(split="eligible")
    odds = np.log(apart["pd_12m"] / (1 - apart["pd_12m"])) + shift
    return pd.concat([rows, apart.assign(pd_12m=1 / (1 + np.exp(-odds)))], ignore_index=True)


@pytest.mark.parametrize("seed", [1, 31])
def test_those_who_may_be_lent_to_fail_where_they_surely_rank_or_lie_wrong(seed: int) -> None:
    rows = with_apart(seed)
    found = run("eligible", rows)
    assert found.passed
    assert "600 of 1,200 test rows" in found.text
    assert run("eligible", rows, asking(min_auc=found.high)).passed
    assert not run("eligible", rows, asking(min_auc=np.nextafter(found.high, 1))).passed
    assert not run("eligible", with_apart(seed, shift=-1.5)).passed
    assert run("calibration_overall", with_apart(seed, shift=-1.5)).passed


def test_nothing_is_said_of_those_who_may_be_lent_to_where_they_are_not_apart() -> None:
    found = run("eligible", drawn())
    assert found.passed
    assert np.isnan(found.value)


def test_another_models_rows_change_nothing_for_the_champion() -> None:
    ours, theirs = drawn(), drawn(2, model="single_feature")
    both = pd.concat([theirs, ours], ignore_index=True)
    for name in ("ranking", "calibration_overall", "calibration_slope", "enough_defaults"):
        assert run(name, both) == run(name, ours)


def compared(noise: float) -> Check:
    ours = drawn(count=3000, noise=noise)
    simple = drawn(count=3000, noise=0.0, model="single_feature").sample(frac=1, random_state=1)
    return run("not_below_single_feature", pd.concat([ours, simple], ignore_index=True))


def test_a_model_that_is_surely_a_little_below_single_feature_fails() -> None:
    below = compared(0.5)
    assert -0.05 < below.low < below.value < below.high < 0
    assert not below.passed


def test_a_model_that_may_be_as_good_as_single_feature_passes() -> None:
    near = compared(0.03)
    assert near.low < 0 < near.high
    assert near.passed
    assert near.value == pytest.approx(0, abs=0.01)


def test_the_difference_from_single_feature_is_taken_row_by_row_of_the_same_key() -> None:
    ours = drawn(count=400)
    twice = pd.concat([ours, ours.assign(as_of=pd.Timestamp("2023-04-01"))], ignore_index=True)
    simple = twice.assign(model="single_feature").sample(frac=1, random_state=3)
    found = run("not_below_single_feature", pd.concat([twice, simple], ignore_index=True))
    assert (found.value, found.low, found.high) == (0, 0, 0)
    assert found.passed


@pytest.mark.parametrize(
    "name", ["ranking", "not_below_single_feature", "calibration_overall", "calibration_slope"]
)
def test_an_interval_does_not_narrow_where_each_enterprise_tells_five_times(name: str) -> None:
    once = pd.concat([drawn(noise=0.3), drawn(noise=0.9, model="single_feature")])
    dates = pd.date_range("2023-01-01", periods=5)
    often = once.drop(columns="as_of").merge(pd.DataFrame({"as_of": dates}), how="cross")
    first, second = run(name, once), run(name, often)
    assert (second.low, second.high) == pytest.approx((first.low, first.high), abs=1e-4)
    assert second.low < second.high


def test_figures_of_performance_and_vintages_do_not_narrow_either() -> None:
    once = drawn().assign(vintage="2023-01", score=lambda rows: rows["pd_12m"])
    often = pd.concat([once] * 5, ignore_index=True)
    ends = ["low", "high"]
    for first, second in (
        (measure_performance(once, 40, 1), measure_performance(often, 40, 1)),
        (performance_by_vintage(once, 40, 1), performance_by_vintage(often, 40, 1)),
    ):
        assert second[ends].to_numpy() == pytest.approx(first[ends].to_numpy(), abs=1e-4)
        assert (second["low"] < second["high"]).all()
        assert (second["rows"] == 5 * first["rows"]).all()
        assert (second["defaults"] == 5 * first["defaults"]).all()


# calibration


def graded(**rates: tuple[int, int]) -> pd.DataFrame:
    """Grades of a PD of 10 %, each with so many defaults among so many enterprises."""
    tables = [
        drawn(count=count, grade=grade, pd_12m=0.1, defaulted=np.arange(count) < bad).assign(
            enterprise_id=lambda rows, grade=grade: grade + rows["enterprise_id"]
        )
        for grade, (bad, count) in rates.items()
    ]
    return pd.concat(tables, ignore_index=True)


ALONE = asking(asset_correlation=0.0, max_failed_grades_share=0.0)


@pytest.mark.parametrize(
    ("bad", "count", "passed"),
    [
        (247, 2000, True),  # surely above 10 %, and by less than a quarter
        (250, 2000, True),  # by a quarter is not by more
        (253, 2000, False),
        (5, 25, True),  # twice the PD, and by chance
        (100, 2000, True),
        (40, 2000, True),  # far below is prudent
    ],
)
def test_a_grade_fails_that_defaults_surely_and_by_more_than_the_margin_above_its_pd(
    bad: int, count: int, passed: bool
) -> None:
    found = run("calibration_by_grade", graded(G01=(bad, count)), ALONE)
    assert found.passed == passed
    assert found.value == (0.0 if passed else 1.0)
    assert ("G01" in found.text) != passed


def test_a_grades_p_is_held_after_the_allowance_for_several_grades() -> None:
    # alone 34 of 250 has a p of .01 to .05; with two more that are as they should be it has thrice
    p = jeffreys_test(34, 250, 0.1)
    assert 0.05 / 3 < p < 0.05
    assert not run("calibration_by_grade", graded(G01=(34, 250)), ALONE).passed
    three = graded(G01=(34, 250), G02=(25, 250), G03=(24, 250))
    assert run("calibration_by_grade", three, ALONE).passed
    own = float(performance_by_grade(graded(G01=(34, 250)))["p_adjusted"].iloc[0])
    tight = asking(asset_correlation=0.0, max_failed_grades_share=0.0, min_calibration_p_value=own)
    assert run("calibration_by_grade", graded(G01=(34, 250)), tight).passed


def test_a_grade_that_defaults_by_just_the_margin_above_its_pd_does_not_fail() -> None:
    # 1,250 of 2,000 is .625: a quarter above .5 without any rounding
    rows = graded(G01=(1250, 2000)).assign(pd_12m=0.5)
    assert run("calibration_by_grade", rows, ALONE).passed
    more = graded(G01=(1252, 2000)).assign(pd_12m=0.5)
    assert not run("calibration_by_grade", more, ALONE).passed


def test_the_cycle_excuses_what_independent_defaults_would_not() -> None:
    rows = graded(G01=(400, 2000))
    assert not run("calibration_by_grade", rows, ALONE).passed
    cyclic = asking(asset_correlation=0.12, max_failed_grades_share=0.0)
    assert run("calibration_by_grade", rows, cyclic).passed
    table = performance_by_grade(rows, 0.12)
    expected = jeffreys_test_in_cycle(400, 2000, 0.1, 0.12)
    assert table["p_adjusted"].tolist() == pytest.approx([expected])
    assert table["p"].tolist() == pytest.approx([jeffreys_test(400, 2000, 0.1)])
    ends = beta.ppf([0.025, 0.975], 400.5, 1600.5)
    assert table.loc[0, ["low", "high"]].to_numpy(float) == pytest.approx(ends)


def test_the_share_of_failed_grades_may_reach_what_is_asked_and_not_pass_it() -> None:
    bad = {f"G{n:02d}": (600, 2000) if n == 1 else (200, 2000) for n in range(1, 6)}
    rows = graded(**bad)
    assert run("calibration_by_grade", rows, asking(max_failed_grades_share=0.2)).passed
    assert not run("calibration_by_grade", rows, asking(max_failed_grades_share=0.19)).passed


def test_holm_orders_by_size_and_gives_back_the_order_it_was_given() -> None:
    # .01 x 4, .02 x 3, .03 x 2, .9 x 1, never below the one before, never above 1
    found = adjust_holm(pd.Series([0.9, 0.01, 0.03, 0.02], index=list("dacb")))
    assert found.to_dict() == pytest.approx({"d": 0.9, "a": 0.04, "c": 0.06, "b": 0.06})
    assert adjust_holm(pd.Series([0.6, 0.7])).tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("low", "high", "p", "passed"),
    [
        (1.25, 2.0, 0.001, True),
        (1.2501, 2.0, 0.001, False),
        (0.5, 0.8, 0.999, True),
        (0.5, 0.7999, 0.999, False),
        (0.5, 2.0, 0.001, True),
        (1.5, 2.0, 0.05, True),
        (1.5, 2.0, 0.0499, False),
        (0.5, 0.6, 0.9501, False),
        (0.5, 0.6, 0.94, True),
    ],
)
def test_the_overall_rate_touches_its_pd_within_the_margin_or_is_no_rare_year(
    monkeypatch: pytest.MonkeyPatch, low: float, high: float, p: float, passed: bool
) -> None:
    monkeypatch.setattr(performance_checks, "percentile_interval", lambda values: (low, high))
    monkeypatch.setattr(performance_checks, "jeffreys_test_in_cycle", lambda *given: p)
    assert run("calibration_overall", drawn(), asking(max_calibration_error=0.25)).passed == passed


def test_a_rare_year_is_judged_by_enterprises_not_by_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[tuple[float, ...]] = []
    monkeypatch.setattr(
        performance_checks, "jeffreys_test_in_cycle", lambda *one: given.append(one) or 0.5
    )
    rows = drawn(count=100)
    run("calibration_overall", pd.concat([rows] * 4, ignore_index=True))
    rate, mean = rows["defaulted"].mean(), rows["pd_12m"].mean()
    assert given == [pytest.approx((rate * 100, 100, mean, PLAIN.asset_correlation))]


@pytest.mark.parametrize(
    ("low", "high", "passed"),
    [(1.1, 2.0, True), (1.1001, 2.0, False), (0.5, 0.9, True), (0.5, 0.8999, False)],
)
def test_the_slope_touches_one_within_its_margin(
    monkeypatch: pytest.MonkeyPatch, low: float, high: float, passed: bool
) -> None:
    monkeypatch.setattr(performance_checks, "percentile_interval", lambda values: (low, high))
    assert run("calibration_slope", drawn(), asking(max_slope_error=0.1)).passed == passed


def test_so_many_defaults_as_asked_for_are_enough_and_one_fewer_is_not() -> None:
    rows = drawn()
    count = int(rows["defaulted"].sum())
    assert run("enough_defaults", rows, asking(min_test_defaults=count)).passed
    assert not run("enough_defaults", rows, asking(min_test_defaults=count + 1)).passed
    other = drawn(split="fit", defaulted=True)
    both = pd.concat([rows, other], ignore_index=True)
    assert run("enough_defaults", both).value == count


# drift


def shifted(split: str, by: float) -> pd.DataFrame:
    return drawn(split=split, pd_12m=np.linspace(0.01, 0.5, 600) + by)


def test_a_stability_index_between_a_quarter_and_one_is_drift() -> None:
    rows = pd.concat([shifted("fit", 0.0), shifted("score", 0.1)], ignore_index=True)
    found = run("drift_to_scored", rows)
    assert 0.25 < found.value < 1.25
    assert not found.passed
    assert run("drift_to_scored", rows, asking(max_psi=found.value)).passed
    assert found.high == pytest.approx(16.919 * 2 / 600, rel=0.5)


def test_what_comes_by_chance_does_not_shrink_where_each_enterprise_tells_five_times() -> None:
    once = pd.concat([shifted("fit", 0.0), shifted("score", 0.0)], ignore_index=True)
    often = pd.concat([once] * 5, ignore_index=True)
    assert run("drift_to_scored", often).high == pytest.approx(run("drift_to_scored", once).high)


@pytest.mark.parametrize(
    ("name", "by_time", "compared", "ignored"),
    [
        ("drift_in_time", True, ("fit", "same_enterprises"), "test"),
        ("drift_in_time", True, ("fit", "test"), "score"),
        ("drift_to_scored", True, ("train_all", "score"), "fit"),
        ("drift_to_scored", True, ("fit", "score"), "test"),
        ("drift_to_scored", False, ("test", "score"), "fit"),
    ],
)
def test_drift_is_from_the_rows_fitted_on_to_those_that_follow(
    name: str, by_time: bool, compared: tuple[str, str], ignored: str
) -> None:
    first, second = compared
    near = [shifted(first, 0.0), shifted(second, 0.0), shifted(ignored, 0.4)]
    far = [shifted(first, 0.0), shifted(second, 0.4), shifted(ignored, 0.0)]
    for tables, passed in ((near, True), (far, False)):
        rows = pd.concat(tables, ignore_index=True)
        assert CHECKS[name](replace(evidence(rows), by_time=by_time)).passed == passed


def test_an_index_has_its_bins_from_the_rows_fitted_on() -> None:
    # all of the second sample lie in the first one's lowest tenth
    narrow = drawn(split="score", pd_12m=np.linspace(0.01, 0.02, 600))
    rows = pd.concat([shifted("fit", 0.0), narrow], ignore_index=True)
    e, a = np.array([60.5] * 10) / 605, np.array([600.5, *[0.5] * 9]) / 605
    expected = ((a - e) * np.log(a / e)).sum()
    assert run("drift_to_scored", rows).value == pytest.approx(expected)


def test_missing_values_that_become_the_largest_ones_drift() -> None:
    then = np.r_[np.arange(100.0), [np.nan] * 10]
    now = np.r_[np.arange(100.0), [99.0] * 10]
    e, a = np.array([10.5, 10.5]) / 115.5, np.array([20.5, 0.5]) / 115.5
    expected = ((a - e) * np.log(a / e)).sum()
    assert psi(then, now) == pytest.approx(expected)


# leaks


def leaky(leaks_in: str, by_time: bool, most: float = 0.9) -> Check:
    """A column that tells the outcome in one split's rows and nothing in the other's."""
    parts = [drawn(split=split) for split in ("fit", "test")]
    values = [
        (rows["defaulted"] if rows["split"].iloc[0] == leaks_in else rows["pd_12m"] * 0).astype(
            float
        )
        for rows in parts
    ]
    panel = pd.concat(parts, ignore_index=True).assign(days_past_due_now=np.concatenate(values))
    feature = definitions_by_name()["days_past_due_now"]
    found = replace(
        evidence(panel, asking(max_single_feature_auc=most)),
        definitions=(feature,),
        by_time=by_time,
    )
    return CHECKS["leak_single_feature"](found)


@pytest.mark.parametrize(("by_time", "split"), [(True, "test"), (False, "fit")])
def test_a_single_feature_is_tried_on_the_rows_of_the_headline(by_time: bool, split: str) -> None:
    other = {"test": "fit", "fit": "test"}[split]
    assert leaky(split, by_time).value == 1
    assert leaky(other, by_time).value == 0.5
    assert not leaky(split, by_time).passed
    assert leaky(split, by_time, most=1.0).passed


def test_each_column_left_out_counts_and_only_those() -> None:
    fates = ["excluded", "excluded", "cleared", "watched", "kept"]
    found = suspects_table(
        [Suspect(f"x{n}", "alone", "why", 0.9, 0.8, 1, 0.9, fate) for n, fate in enumerate(fates)]
    )
    check = CHECKS["leaks_excluded"](replace(evidence(drawn()), suspects=found))
    assert (check.value, check.passed) == (2, False)


class Frozen:
    """A source that tells what it was asked for."""

    timezone = "Asia/Shanghai"

    def __init__(self) -> None:
        self.cut: object = None

    def known_before(self, moment: object) -> "Frozen":
        self.cut = moment
        return self


def test_the_canary_looks_at_a_date_in_the_middle_at_its_very_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    days = pd.to_datetime(["2023-01-01", "2023-02-01", "2023-03-01"])
    frame = pd.DataFrame(
        [(f"E{n}", day) for n in range(4) for day in days], columns=["enterprise_id", "as_of"]
    ).assign(x=1.0, y=np.nan)
    definitions = (SimpleNamespace(name="x"), SimpleNamespace(name="y"))

    def computed(
        source: object, rows: pd.DataFrame, settings: object, *, definitions: object
    ) -> object:
        asked.append(rows)
        again = rows.assign(x=[1.0, 2.0, np.nan][: len(rows)] + [1.0] * (len(rows) - 3), y=np.nan)
        return SimpleNamespace(frame=again)

    asked: list[pd.DataFrame] = []
    monkeypatch.setattr(time_travel, "compute", computed)
    source, features = Frozen(), SimpleNamespace(frame=frame, definitions=definitions)
    changed: Callable[..., tuple[int, int]] = time_travel.count_changed_values
    assert changed(source, features, None, sample=3, seed=1) == (2, 3 * 2)
    assert set(asked[0]["as_of"]) == {days[1]}
    cut = pd.Timestamp(source.cut).tz_convert("Asia/Shanghai")
    assert (cut.date(), cut.time().isoformat()) == (date(2023, 2, 1), "00:00:00")
    assert changed(source, features, None, sample=9, seed=1) == (2, 4 * 2)


# statistics


def test_a_twentieth_of_the_applicants_may_lie_below_the_floor_and_at_it_none_does() -> None:
    assert MAX_UNSUPPORTED == 0.05
    few = compute_weights(np.r_[0.01, np.full(19, 0.1)], np.ones(20, bool), floor=0.1)
    assert (few.unsupported, few.overlaps) == (0.05, True)
    more = compute_weights(np.r_[0.01, 0.01, np.full(19, 0.1)], np.ones(21, bool), floor=0.1)
    assert not more.overlaps
