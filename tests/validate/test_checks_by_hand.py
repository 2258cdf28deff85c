"""Figures of the checks, and where each of them turns from a pass into a failure, by hand."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

from riskmodel.benchmarks.reject_inference.accepted_performance import (
    MAX_UNSUPPORTED,
    AcceptanceWeights,
    compute_weights,
    for_all_applicants,
)
from riskmodel.features import definitions_by_name
from riskmodel.model.leakage.looked_at import Suspect, suspects_table
from riskmodel.settings import ValidateSettings, default_settings
from riskmodel.statistics.bootstrap import bootstrap_weights
from riskmodel.statistics.calibration import jeffreys_test_in_cycle
from riskmodel.statistics.discrimination import auc
from riskmodel.statistics.psi import psi
from riskmodel.validate import Evidence, time_travel
from riskmodel.validate.drift_checks import check_drift_in_time, check_drift_to_scored
from riskmodel.validate.leakage_checks import (
    check_leak_single_feature,
    check_leak_time_travel,
    check_leaks_excluded,
)
from riskmodel.validate.performance import (
    adjust_holm,
    measure_performance,
    performance_by_grade,
    performance_by_vintage,
)
from riskmodel.validate.performance_checks import (
    check_calibration_by_grade,
    check_calibration_overall,
    check_calibration_slope,
    check_enough_defaults,
    check_not_below_single_feature,
    check_out_of_time,
    check_ranking,
)
from riskmodel.validate.verdict import Verdict


def settings(**changed: Any) -> ValidateSettings:
    return default_settings().validate_.with_values({"bootstrap_draws": 80, **changed})


def rows(pd_12m: Any, defaulted: Any, **columns: Any) -> pd.DataFrame:
    """Test rows of the champion, an enterprise each."""
    count = len(pd_12m)
    frame = pd.DataFrame(
        {
            "enterprise_id": [f"E{n:05d}" for n in range(count)],
            "as_of": pd.Timestamp("2023-01-01"),
            "split": "test",
            "model": "trees",
            "grade": "G01",
            "pd_12m": np.asarray(pd_12m, float),
            "defaulted": pd.array(np.asarray(defaulted, bool), dtype="boolean"),
        }
    )
    return frame.assign(**columns)


def evidence(
    predictions: pd.DataFrame, panel: pd.DataFrame | None = None, **parts: Any
) -> Evidence:
    definitions = [definitions_by_name()[name] for name in ("exports_usd_6m", "days_past_due_now")]
    whole = {
        "predictions": predictions, "panel": predictions if panel is None else panel, "definitions": definitions,
        "champion": "trees", "by_time": True, "by_enterprise": True, "time_travel": (0, 10),
        "settings": settings(), "seed": 3,
    }  # fmt: skip
    return Evidence(**{**whole, **parts})


def a_year(count: int, bad: int, pd_12m: float, **columns: Any) -> pd.DataFrame:
    """So many rows of one PD, of which the first few default."""
    return rows(np.full(count, pd_12m), np.arange(count) < bad, **columns)


# --- ranking ---


def ranked(better: int = 40) -> pd.DataFrame:
    """Forty defaulters and forty others; so many defaulters stand above all others."""
    bad = np.repeat([True, False], 40)
    scores = np.where(bad, np.where(np.arange(80) < better, 0.9, 0.1), 0.5)
    return rows(scores, bad)


def test_the_rankings_figure_and_interval_are_of_the_champions_test_rows() -> None:
    test = ranked(30)
    other = ranked(40).assign(model="unconstrained_trees")
    fit = ranked(40).assign(split="fit")
    found = check_ranking(evidence(pd.concat([test, other, fit], ignore_index=True)))
    assert found.value == pytest.approx(0.75)
    draws = bootstrap_weights(test["enterprise_id"], 80, 3)
    y, p = test["defaulted"].to_numpy(float), test["pd_12m"].to_numpy()
    ends = np.quantile([auc(p, y, w) for w in draws], [0.025, 0.975])
    assert (found.low, found.high) == pytest.approx(tuple(ends))
    assert found.low < 0.75 < found.high


def test_the_ranking_passes_where_the_lower_end_just_reaches_what_is_asked() -> None:
    low = check_ranking(evidence(ranked(30))).low
    assert check_ranking(evidence(ranked(30), settings=settings(min_auc=low))).passed
    above = settings(min_auc=float(np.nextafter(low, 1)))
    assert not check_ranking(evidence(ranked(30), settings=above)).passed
    assert check_ranking(evidence(ranked(30), settings=above)).value > above.min_auc


def compared(ours: int, theirs: int) -> Evidence:
    simple = ranked(theirs).assign(model="single_feature")
    return evidence(pd.concat([ranked(ours), simple], ignore_index=True))


def test_single_feature_is_not_beaten_by_a_difference_that_no_draw_bridges() -> None:
    same = check_not_below_single_feature(compared(30, 30))
    assert same.threshold == 0.0
    assert (same.passed, same.value, same.low, same.high) == (True, 0.0, 0.0, 0.0)
    worse = check_not_below_single_feature(compared(30, 38))
    assert worse.value == pytest.approx(-0.2)
    assert worse.low < -0.2 < worse.high < 0
    assert not worse.passed
    better = check_not_below_single_feature(compared(38, 30))
    assert better.passed
    assert better.value == pytest.approx(0.2)
    # one pair in eighty worse: .025, which a draw that leaves the pair out does not see
    little = check_not_below_single_feature(compared(39, 40))
    assert little.value == pytest.approx(-0.025)
    assert (little.high, little.passed) == (0.0, True)


def test_a_champion_of_single_feature_is_not_held_against_itself() -> None:
    e = compared(30, 38)
    found = check_not_below_single_feature(Evidence(**{**e.__dict__, "champion": "single_feature"}))
    assert (found.passed, found.threshold) == (True, 0.0)
    assert np.isnan([found.value, found.low, found.high]).all()


# --- calibration ---


def test_the_overall_ratio_may_be_off_by_the_margin_in_either_direction() -> None:
    def of(bad: int, margin: float) -> Any:
        asked = settings(
            max_calibration_error=margin, asset_correlation=0.0, min_calibration_p_value=0.05
        )
        return check_calibration_overall(evidence(a_year(4_000, bad, 0.1), settings=asked))

    high = of(600, 0.25)
    assert high.value == pytest.approx(1.5)
    assert (high.threshold, high.passed) == (1.25, False)
    assert 1.25 < high.low < 1.5 < high.high
    assert of(600, high.low - 1 + 1e-9).passed
    assert not of(600, high.low - 1 - 1e-9).passed
    low = of(200, 0.25)
    assert low.value == pytest.approx(0.5)
    assert not low.passed
    assert of(200, 1 / low.high - 1 + 1e-9).passed
    assert not of(200, 1 / low.high - 1 - 1e-9).passed


def test_a_rare_year_of_the_cycle_passes_and_a_rarer_one_does_not() -> None:
    def of(p: float) -> Any:
        asked = settings(
            max_calibration_error=0.1, asset_correlation=0.12, min_calibration_p_value=p
        )
        return check_calibration_overall(evidence(a_year(4_000, 700, 0.1), settings=asked))

    rare = jeffreys_test_in_cycle(700, 4_000, 0.1, 0.12)
    assert 0.01 < rare < 0.2
    assert of(rare - 1e-9).passed
    assert of(rare).passed
    assert not of(rare + 1e-9).passed
    assert f"{rare:.4f}" == "0.1187"
    assert "p 0.118 under" in of(0.05).text  # rounded outward: a lower bound is never above it


def test_in_the_cycle_an_enterprise_on_two_dates_counts_once() -> None:
    twice = a_year(40, 8, 0.1).assign(enterprise_id=np.repeat([f"E{n}" for n in range(20)], 2))
    asked = settings(max_calibration_error=0.1, asset_correlation=0.0)
    text = check_calibration_overall(evidence(twice, settings=asked)).text
    # 4 of 20, not 8 of 40
    assert f"{beta.cdf(0.1, 4.5, 16.5):.5f}" == "0.07795"
    assert "p 0.077 under" in text  # rounded outward
    assert f"{beta.cdf(0.1, 4.5, 16.5):.3f}" != f"{beta.cdf(0.1, 8.5, 32.5):.3f}"


def graded(rate_of_second: float) -> pd.DataFrame:
    """Two grades of 4,000 at a PD of .1: one right, the other as given."""
    second = a_year(4_000, int(4_000 * rate_of_second), 0.1, grade="G02")
    second["enterprise_id"] = "F" + second["enterprise_id"]
    return pd.concat([a_year(4_000, 400, 0.1), second], ignore_index=True)


def test_a_grade_fails_that_defaults_significantly_and_materially_more() -> None:
    def of(rate: float, **changed: float) -> Any:
        usual = {
            "asset_correlation": 0.0,
            "max_calibration_error": 0.25,
            "max_failed_grades_share": 0.0,
        }
        return check_calibration_by_grade(
            evidence(graded(rate), settings=settings(**usual | changed))
        )

    found = of(0.15)
    assert (found.value, found.passed) == (0.5, False)
    assert ": G02." in found.text
    assert of(0.15, max_failed_grades_share=0.5).passed
    assert not of(0.15, max_failed_grades_share=0.49).passed
    assert of(0.125).passed  # the margin itself is none over it
    assert not of(0.1255).passed
    assert of(0.15, asset_correlation=0.3).passed  # not rare in such a cycle
    assert of(0.05).passed
    assert of(0.15, min_calibration_p_value=1e-30).passed
    # 1.645 (.1 / 4,000)^.5 / .1 = 8.2 %, rounded outward
    assert "only a rate 9% above its PD would show" in found.text
    assert "1,000 defaults" in found.text or "1000 defaults" in found.text


def test_the_slope_may_be_off_by_the_margin_in_either_direction() -> None:
    rng = np.random.default_rng(5)
    odds = rng.normal(-1, 1.5, 4_000)
    bad = rng.random(4_000) < 1 / (1 + np.exp(-odds))

    def of(stretch: float, margin: float) -> Any:
        stretched = rows(1 / (1 + np.exp(-stretch * odds)), bad)
        return check_calibration_slope(
            evidence(stretched, settings=settings(max_slope_error=margin))
        )

    far = of(2.0, 0.2)
    assert far.value == pytest.approx(0.5, abs=0.05)
    assert (far.threshold, far.passed) == (0.8, False)
    assert of(2.0, 1 - far.high + 1e-9).passed
    assert not of(2.0, 1 - far.high - 1e-9).passed
    near = of(0.5, 0.2)
    assert near.value == pytest.approx(2.0, abs=0.2)
    assert not near.passed
    assert of(0.5, near.low - 1 + 1e-9).passed
    assert not of(0.5, near.low - 1 - 1e-9).passed
    assert of(1.0, 0.2).passed


def test_defaults_are_enough_from_the_stated_number_on() -> None:
    def of(bad: int) -> Any:
        return check_enough_defaults(
            evidence(a_year(200, bad, 0.1), settings=settings(min_test_defaults=20))
        )

    assert (of(20).passed, of(19).passed, of(20).value, of(20).threshold) == (True, False, 20.0, 20)
    low, high = beta.ppf([0.025, 0.975], 20.5, 180.5)
    assert f"{low:.3%} - {high:.3%}" == "6.417% - 14.730%"
    assert "6.41% - 14.73%" in of(20).text  # rounded outward


def test_out_of_time_is_what_the_split_says() -> None:
    yes, no = (check_out_of_time(evidence(ranked(), by_time=flag)) for flag in (True, False))
    assert (yes.passed, yes.value, no.passed, no.value, yes.threshold) == (
        True,
        1.0,
        False,
        0.0,
        1.0,
    )
    assert "out of time and of enterprise" in yes.text
    alone = check_out_of_time(evidence(ranked(), by_enterprise=False)).text
    assert "are out of time: later" in alone


# --- leaks ---


def with_features(**features: Any) -> pd.DataFrame:
    return ranked().assign(**features)


def single(panel: pd.DataFrame, **parts: Any) -> Any:
    return check_leak_single_feature(evidence(ranked(), panel, **parts))


def test_a_feature_alone_is_ranked_in_either_direction_and_by_its_holes() -> None:
    bad = ranked()["defaulted"].to_numpy(float)
    half = np.where(np.arange(80) % 4 == 0, 1 - bad, bad)  # a quarter the other way round
    assert single(with_features(exports_usd_6m=half)).value == pytest.approx(0.75)
    assert single(with_features(exports_usd_6m=-half)).value == pytest.approx(0.75)
    holes = np.where(half > 0, np.nan, 7.0)
    assert single(with_features(exports_usd_6m=holes)).value == pytest.approx(0.75)
    assert single(with_features(exports_usd_6m=np.nan)).value == 0.5
    # holes count as the middle value of what is known: 20 of 40 defaulters above, 20 tied
    some = np.where(bad > 0, np.where(np.arange(80) < 20, 9.0, np.nan), np.where(np.arange(80) % 2, 1.0, 5.0))  # fmt: skip
    middle = np.nanmedian(some)
    filled = np.where(np.isnan(some), middle, some)
    assert single(with_features(exports_usd_6m=some)).value == pytest.approx(
        max(auc(filled, bad), auc(np.isnan(some).astype(float), bad))
    )


def test_a_feature_at_the_bound_is_no_leak_and_the_best_are_named_first() -> None:
    bad = ranked()["defaulted"].to_numpy(float)
    quarter = np.where(np.arange(80) % 4 == 0, 1 - bad, bad)
    eighth = np.where(np.arange(80) % 8 == 0, 1 - bad, bad)
    panel = with_features(exports_usd_6m=quarter, days_past_due_now=eighth)
    found = single(panel, settings=settings(max_single_feature_auc=0.875))
    assert (found.value, found.passed) == (0.875, True)
    assert "days_past_due_now (AUC 0.875), exports_usd_6m (AUC 0.750)" in found.text
    assert not single(panel, settings=settings(max_single_feature_auc=0.874)).passed
    tied = single(with_features(exports_usd_6m=quarter, days_past_due_now=quarter))
    assert "days_past_due_now (AUC 0.750), exports_usd_6m" in tied.text
    fit = pd.concat([panel, panel.assign(split="fit", exports_usd_6m=bad)], ignore_index=True)
    assert single(fit).value == pytest.approx(0.875)
    assert single(fit, by_time=False).value == 1.0


def test_three_features_are_named_and_no_more() -> None:
    names = ("exports_usd_6m", "days_past_due_now", "debt_cny", "deals_6m")
    panel = with_features(**dict.fromkeys(names, 1.0))
    found = single(panel, definitions=[definitions_by_name()[name] for name in names])
    assert found.text.count("(AUC 0.500)") == 3


def suspects(*fates: str) -> pd.DataFrame:
    names = ["exports_usd_6m", "days_past_due_now", "debt_cny", "deals_6m"]
    found = [
        Suspect(name, "alone", "ranks alone", 0.9, 0.8, 0.99, 0.9, fate)
        for name, fate in zip(names, fates, strict=False)
    ]
    return suspects_table(tuple(found))


def test_what_became_of_columns_that_look_like_leaks_is_counted() -> None:
    none = check_leaks_excluded(evidence(ranked()))
    assert (none.passed, none.value, none.threshold) == (True, 0.0, 0.0)
    two = check_leaks_excluded(
        evidence(ranked(), suspects=suspects("excluded", "excluded", "watched"))
    )
    assert (two.passed, two.value) == (False, 2.0)
    assert "1 stay in" in two.text
    kept = check_leak_single_feature(evidence(ranked(), suspects=suspects("kept")))
    assert not kept.passed
    watched = check_leak_single_feature(evidence(ranked(), suspects=suspects("watched", "cleared")))
    assert watched.passed


def test_no_value_may_change_without_the_future() -> None:
    one, none = (check_leak_time_travel(evidence(ranked(), time_travel=(n, 10))) for n in (1, 0))
    assert (one.passed, one.value, one.threshold, none.passed) == (False, 1.0, 0.0, True)


def test_a_verdict_in_words() -> None:
    assert Verdict("pass", (), ()).text == "pass"
    assert Verdict("fail", ("a", "b"), ("c",)).text == "fail: a, b"
    assert not Verdict("fail", ("a",), ()).publishable
    assert Verdict("pass with conditions", (), ("c", "d")).text == "pass with conditions: c, d"


# --- the future taken away ---


def test_values_are_compared_on_the_middle_date_without_what_became_known_from_then_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cuts: list[Any] = []

    def known_before(cut: Any) -> str:
        cuts.append(cut)
        return "past"

    days = pd.to_datetime(["2012-10-01", "2013-01-01", "2013-07-01", "2013-10-01"])
    grid = pd.MultiIndex.from_product([["E1", "E2", "E3"], days], names=["enterprise_id", "as_of"])
    frame = grid.to_frame(index=False).assign(a=[1.0] * 4 + [np.nan] * 4 + [3.0] * 4, b="x")
    definitions = [
        SimpleNamespace(name="a"),
        SimpleNamespace(name="b"),
        SimpleNamespace(name="gone"),
    ]

    def compute(source: str, asked: pd.DataFrame, _: Any, *, definitions: Any) -> SimpleNamespace:
        assert source == "past"
        assert set(asked["as_of"]) == {days[2]}
        now = {"E1": (1.0, "x"), "E2": (np.nan, "y"), "E3": (4.0, "x")}
        values = [now[one] for one in asked["enterprise_id"]]
        return SimpleNamespace(
            frame=asked.reset_index(drop=True).assign(
                a=[one for one, _ in values], b=[one for _, one in values]
            )
        )

    monkeypatch.setattr(time_travel, "compute", compute)
    source = SimpleNamespace(timezone="Asia/Shanghai", known_before=known_before)
    features = SimpleNamespace(frame=frame.assign(gone=0.0), definitions=definitions)

    def found(sample: int) -> tuple[int, int]:
        return time_travel.count_changed_values(source, features, None, sample=sample, seed=1)  # type: ignore[arg-type]

    # E3's a and E2's b; E2's a is missing both times
    assert found(9) == (2, 9)
    assert found(2)[1] == 6
    assert [str(cut) for cut in cuts] == ["2013-06-30 16:00:00+00:00"] * 2


# --- drift ---


def spread(low: float, high: float, split: str) -> pd.DataFrame:
    """Two hundred rows whose PDs lie evenly between two."""
    return rows(np.linspace(low, high, 200), np.zeros(200)).assign(split=split)


def test_drift_is_from_the_rows_fitted_on_to_those_that_are_meant() -> None:
    here, there = (0.01, 0.1), (0.3, 0.5)

    def figure(check: Any, by_time: bool = True, **at: tuple[float, float]) -> float:
        every = pd.concat([spread(*ends, split) for split, ends in at.items()], ignore_index=True)
        return float(check(evidence(every, by_time=by_time)).value)

    # the fit that scores has learnt from all rows, where there is one
    assert figure(check_drift_to_scored, train_all=here, fit=there, score=here) == pytest.approx(
        0, abs=0.01
    )
    assert figure(check_drift_to_scored, train_all=there, fit=here, score=here) > 1
    assert figure(check_drift_to_scored, fit=here, test=there, score=here) == pytest.approx(
        0, abs=0.01
    )
    assert figure(check_drift_to_scored, fit=here, test=here, score=there) > 1
    folds = {"fit": there, "test": here, "score": here}
    assert figure(check_drift_to_scored, by_time=False, **folds) == pytest.approx(0, abs=0.01)
    # the model's own word on the test rows goes before that of models without the enterprise
    own = {"fit": here, "test": there, "same_enterprises": here, "score": there}
    assert figure(check_drift_in_time, **own) == pytest.approx(0, abs=0.01)
    assert figure(check_drift_in_time, fit=here, test=there, score=here) > 1
    assert np.isnan(figure(check_drift_to_scored, fit=here, test=here))
    champion = spread(*here, "fit"), spread(*here, "score"), spread(*there, "score")
    other = pd.concat([*champion[:2], champion[2].assign(model="free_trees")], ignore_index=True)
    assert check_drift_to_scored(evidence(other)).value == pytest.approx(0, abs=0.01)


def test_a_drift_at_what_is_asked_passes_and_above_it_fails() -> None:
    every = pd.concat([spread(0.01, 0.1, "fit"), spread(0.02, 0.11, "score")], ignore_index=True)
    found = check_drift_to_scored(evidence(every))
    assert found.threshold == 0.25
    then, now = np.linspace(0.01, 0.1, 200), 0.01 + 0.09 * np.linspace(0, 1, 200) ** 2
    skewed = pd.concat([rows(then, np.zeros(200), split="fit"), rows(now, np.zeros(200), split="score")])  # fmt: skip
    figure = check_drift_to_scored(evidence(skewed)).value
    assert figure == pytest.approx(psi(then, now), abs=1e-12)
    assert psi(then, now) != pytest.approx(psi(now, then), abs=1e-3)
    at = check_drift_to_scored(evidence(every, settings=settings(max_psi=found.value)))
    below = settings(max_psi=float(np.nextafter(found.value, 0)))
    assert at.passed
    assert not check_drift_to_scored(evidence(every, settings=below)).passed


# --- statistics ---


# --- performance ---


def test_each_split_and_model_has_its_metrics_and_splits_of_one_outcome_none() -> None:
    test = ranked(30)
    calibrate = a_year(10, 0, 0.1, split="calibrate")
    own = ranked(40).assign(split="same_enterprises")
    learnt = ranked(40).assign(split="fit")
    table = measure_performance(pd.concat([test, calibrate, own, learnt], ignore_index=True), 40, 3)
    assert set(table["split"]) == {"test", "same_enterprises"}
    by = table.set_index(["split", "metric"])
    assert by.loc[("test", "auc"), ["value", "rows", "defaults"]].tolist() == [0.75, 80, 40]
    assert by.loc[("test", "ks"), "value"] == pytest.approx(0.75)
    assert by.loc[("test", "realised_to_expected"), "value"] == pytest.approx(
        0.5 / test["pd_12m"].mean()
    )
    assert by.loc[("test", "auc"), "low"] < 0.75 < by.loc[("test", "auc"), "high"]


def test_draws_without_a_default_are_left_out_of_every_interval() -> None:
    # of 30 rows one defaults: a third of the draws miss it, and their ratio of 0 says nothing
    table = measure_performance(a_year(30, 1, 0.1), 80, 3).set_index("metric")
    assert table.loc["realised_to_expected", "low"] >= 1 / 3 - 1e-9
    assert table.loc["realised_to_expected", "value"] == pytest.approx(1 / 3)


def test_vintages_are_ranked_by_score_with_their_interval() -> None:
    walked = ranked(30).assign(vintage="2020-01").rename(columns={"pd_12m": "score"})
    (found,) = performance_by_vintage(walked, 80, 3).itertuples()
    draws = bootstrap_weights(walked["enterprise_id"], 80, 3)
    y, s = walked["defaulted"].to_numpy(float), walked["score"].to_numpy()
    ends = np.quantile([auc(s, y, w) for w in draws], [0.025, 0.975])
    assert (found.auc, found.rows, found.defaults) == (0.75, 80, 40)
    assert (found.low, found.high) == pytest.approx(tuple(ends))


def test_grades_have_jeffreys_interval_and_p_and_the_cycles_after_holm() -> None:
    table = performance_by_grade(graded(0.12), 0.1)
    assert table["grade"].tolist() == ["G01", "G02"]
    assert table["rate"].tolist() == pytest.approx([0.1, 0.12])
    second = table.iloc[1]
    ends = beta.ppf([0.025, 0.975], 480.5, 3520.5)
    assert (second["low"], second["high"]) == pytest.approx(tuple(ends))
    assert second["p"] == pytest.approx(beta.cdf(0.1, 480.5, 3520.5))
    cycle = [jeffreys_test_in_cycle(n, 4_000, 0.1, 0.1) for n in (400, 480)]
    assert table["p_adjusted"].tolist() == pytest.approx(
        [max(cycle[0], 2 * cycle[1]), 2 * cycle[1]]
    )
    assert performance_by_grade(graded(0.12))["p_adjusted"].iloc[1] == pytest.approx(
        2 * second["p"]
    )


def test_adjusted_ps_end_at_one() -> None:
    assert adjust_holm(pd.Series([0.6, 0.4], index=[5, 2])).to_dict() == {5: 0.8, 2: 0.8}
    assert adjust_holm(pd.Series([0.9, 0.7, 0.02])).tolist() == pytest.approx([1.0, 1.0, 0.06])


# --- applicants ---


def test_nearly_all_overlap_up_to_a_twentieth() -> None:
    one = AcceptanceWeights(np.ones(2), 2.0, 0.0, MAX_UNSUPPORTED)
    assert MAX_UNSUPPORTED == 0.05
    assert one.overlaps
    assert not AcceptanceWeights(np.ones(2), 2.0, 0.0, 0.0501).overlaps
    propensity = np.asarray([0.1, 0.05, 0.5, 0.04])
    made = compute_weights(propensity, np.asarray([True, True, True, False]), floor=0.05)
    # 10, 20 and 2: a propensity at the floor is not below it
    assert made.weights == pytest.approx(np.asarray([10, 20, 2]) * 3 / 32)
    assert (made.trimmed, made.unsupported) == (0.0, 0.25)
    edges = compute_weights(np.asarray([0.0, 1.0]), np.asarray([False, True]))
    assert edges.weights.tolist() == [1.0]


def test_the_corrected_interval_is_of_draws_with_both_outcomes() -> None:
    accepted = ranked(30)[["enterprise_id", "pd_12m", "defaulted"]].astype({"defaulted": bool})
    weights = np.linspace(0.5, 1.5, 80)
    table = for_all_applicants(accepted, weights, draws=60, seed=2).set_index("metric")
    p, y = accepted["pd_12m"].to_numpy(float), accepted["defaulted"].to_numpy(float)
    draws = bootstrap_weights(accepted["enterprise_id"], 60, 2)
    ends = np.quantile([auc(p, y, w * weights) for w in draws], [0.025, 0.975])
    assert table.loc["auc", ["low", "high"]].tolist() == pytest.approx(list(ends))
    assert table.loc["auc", "accepted"] == pytest.approx(0.75)
    assert list(table.index) == ["auc", "brier", "realised_to_expected"]
