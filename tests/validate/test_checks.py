"""Checks and verdict: what passes, what fails, and what was conceded beforehand."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from riskmodel.errors import SettingsError
from riskmodel.features import definitions_by_name
from riskmodel.model.leakage.looked_at import Suspect, suspects_table
from riskmodel.settings import load_settings
from riskmodel.validate import (
    Evidence,
    measure_performance,
    performance_by_grade,
    reach_verdict,
    run_checks,
)
from riskmodel.validate.checks import CHECKS, NEED_TEST_ROWS

NAMES = ["exports_usd_6m", "days_past_due_now"]


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    path = tmp_path_factory.mktemp("settings") / "plain.toml"
    path.write_text("", encoding="utf-8")
    return load_settings(path, ["validate.bootstrap_draws=60"]).validate_


@pytest.fixture(scope="module")
def evidence(settings):
    """A sound model: PDs are the true ones, on rows fitted, tested and scored."""
    rng = np.random.default_rng(8)
    count = 3000
    odds = rng.normal(-2.2, 1.3, count)
    p = 1 / (1 + np.exp(-odds))
    split = np.repeat(["fit", "test", "score"], count // 3)
    bad = pd.Series(rng.random(count) < p, dtype="boolean").mask(split == "score")
    keys = pd.DataFrame(
        {
            "enterprise_id": [f"E{n:04d}" for n in range(count)],
            "as_of": pd.Timestamp("2023-01-01"),
            "split": split,
            "defaulted": bad,
        }
    )
    grade = pd.cut(p, [0, 0.03, 0.08, 0.2, 1], labels=["G01", "G02", "G03", "G04"]).astype(str)
    ours = keys.assign(model="trees", pd_12m=p, grade=grade)
    dull = keys.assign(model="single_feature", pd_12m=p * rng.uniform(0.3, 1.7, count), grade=grade)
    panel = keys.assign(
        exports_usd_6m=-odds + rng.normal(0, 2, count), days_past_due_now=rng.normal(0, 1, count)
    )
    definitions = [definitions_by_name()[name] for name in NAMES]
    both = pd.concat([ours, dull], ignore_index=True)
    return Evidence(both, panel, definitions, "trees", True, True, (0, 400), settings, 7)


def changed(evidence, **parts):
    return Evidence(**{**evidence.__dict__, **parts})


def failed(evidence):
    table = run_checks(evidence)
    return set(table.loc[~table["passed"], "check"])


def with_pds(evidence, change):
    """The same evidence with other PDs of the champion."""
    rows = evidence.predictions
    ours = rows["model"] == "trees"
    return changed(
        evidence, predictions=rows.assign(pd_12m=rows["pd_12m"].mask(ours, change(rows["pd_12m"])))
    )


def test_a_sound_model_passes_every_check(evidence):
    table = run_checks(evidence)
    assert table["check"].tolist() == list(CHECKS)
    assert failed(evidence) == set()
    assert table["text"].str.len().min() > 20
    assert reach_verdict(table, evidence.settings).text == "pass"


def test_pds_that_rank_by_chance_fail_the_ranking_and_stand_below_single_feature(evidence):
    noise = pd.Series(np.random.default_rng(1).uniform(0.05, 0.3, len(evidence.predictions)))
    assert {"ranking", "not_below_single_feature"} <= failed(with_pds(evidence, lambda p: noise))


def test_pds_a_third_of_the_true_ones_fail_the_calibration(evidence):
    low = with_pds(evidence, lambda p: p / 3)
    assert {"calibration_overall", "calibration_by_grade"} <= failed(low)


def test_pds_far_too_high_fail_the_overall_calibration_but_no_grade(evidence):
    found = failed(with_pds(evidence, lambda p: p.clip(upper=0.33) * 3))
    assert "calibration_overall" in found
    assert "calibration_by_grade" not in found


def test_pds_that_lie_too_far_apart_fail_the_slope_and_nothing_of_the_ranking(evidence):
    def spread(p):
        odds = np.log(p / (1 - p))
        return 1 / (1 + np.exp(-2 * odds - 2.2))

    found = run_checks(with_pds(evidence, spread)).set_index("check")
    assert not found.loc["calibration_slope", "passed"]
    assert found.loc["calibration_slope", "value"] == pytest.approx(0.5, abs=0.1)
    assert found.loc["ranking", "passed"]


def test_a_bound_in_a_checks_words_is_never_better_than_it_is(evidence, monkeypatch):
    monkeypatch.setattr(
        "riskmodel.validate.performance_checks.percentile_interval", lambda values: (0.6996, 0.8004)
    )
    text = CHECKS["ranking"](evidence).text
    assert "0.699 to 0.801; its lower end must reach 0.7." in text
    rows = changed(evidence, settings=evidence.settings.with_values({"min_auc": 0.705}))
    assert "must reach 0.705." in CHECKS["ranking"](rows).text
    monkeypatch.setattr("riskmodel.validate.drift_checks.psi", lambda then, now: 0.25004)
    assert "0.251;" in CHECKS["drift_to_scored"](evidence).text


def test_the_place_of_the_headline_is_said(evidence):
    texts = [
        run_checks(changed(evidence, by_time=time, by_enterprise=own)).set_index("check").text
        for time, own in ((True, True), (True, False), (False, True))
    ]
    words = ("(out of time and of enterprise)", "(out of time)", "(out of enterprise, not out of")
    assert all(word in text["ranking"] for word, text in zip(words, texts, strict=True))


def test_scored_enterprises_unlike_the_fitted_ones_drift(evidence):
    rows = evidence.predictions
    away = rows["pd_12m"].mask(rows["split"] == "score", 0.9)
    assert failed(changed(evidence, predictions=rows.assign(pd_12m=away))) == {"drift_to_scored"}


def test_few_defaults_and_folds_of_the_same_dates_are_said(evidence):
    few = changed(evidence, by_time=False)
    assert failed(few) == {"out_of_time"}
    scarce = evidence.settings.with_values({"min_test_defaults": 10_000})
    assert "enough_defaults" in failed(changed(evidence, settings=scarce))


@pytest.mark.parametrize("by_time", [True, False])
def test_a_planted_leak_is_found_and_named(evidence, by_time):
    leak = evidence.panel["defaulted"].astype("Float64").astype(float)
    planted = changed(
        evidence, panel=evidence.panel.assign(days_past_due_now=leak), by_time=by_time
    )
    check = CHECKS["leak_single_feature"](planted)
    assert not check.passed
    assert "days_past_due_now" in check.text
    assert check.value == 1


def test_a_leak_may_lie_in_what_is_missing_or_run_downwards(evidence):
    leak = evidence.panel["defaulted"].astype("Float64").astype(float)
    gone = evidence.panel.assign(exports_usd_6m=leak.mask(leak == 1, np.nan))
    check = CHECKS["leak_single_feature"](changed(evidence, panel=gone))
    assert not check.passed
    assert "exports_usd_6m" in check.text
    downwards = evidence.panel.assign(exports_usd_6m=-leak)
    assert not CHECKS["leak_single_feature"](changed(evidence, panel=downwards)).passed


def suspect(feature, why, fate):
    return Suspect(feature, "alone", why, 0.97, 0.95, 0.98, 0.9, fate)


def test_the_features_that_rank_best_alone_are_named_the_best_first(evidence, monkeypatch):
    first, second = "exports_usd_6m (AUC 0.621)", "days_past_due_now (AUC 0.523)"
    assert f"{first}, {second}; above" in CHECKS["leak_single_feature"](evidence).text
    monkeypatch.setattr("riskmodel.validate.leakage_checks.NAMED_FEATURES", 1)
    assert f"{first}; above" in CHECKS["leak_single_feature"](evidence).text


def test_columns_left_out_as_leaks_are_named_and_are_a_condition(evidence):
    found = suspects_table([suspect("days_past_due_now", "ranks 0.970 alone", "excluded")])
    leaky = changed(evidence, suspects=found)
    check = CHECKS["leaks_excluded"](leaky)
    assert not check.passed
    assert check.value == 1
    assert "left out: days_past_due_now (ranks 0.970 alone)." in check.text
    assert (
        reach_verdict(run_checks(leaky), leaky.settings).text
        == "pass with conditions: leaks_excluded"
    )


def test_a_leak_that_is_left_out_does_not_fail_the_model_and_one_that_is_kept_does(evidence):
    leak = evidence.panel["defaulted"].astype("Float64").astype(float)
    panel = evidence.panel.assign(days_past_due_now=leak)
    out, kept = (
        changed(
            evidence,
            panel=panel.assign(days_past_due_now=leak if fate == "excluded" else 0.0),
            suspects=suspects_table([suspect("days_past_due_now", "ranks 1.000 alone", fate)]),
        )
        for fate in ("excluded", "kept")
    )
    assert failed(out) == {"leaks_excluded"}
    assert failed(kept) == {"leak_single_feature"}
    text = CHECKS["leak_single_feature"](kept).text
    assert "Kept in spite of it: days_past_due_now (ranks 1.000 alone)." in text


def test_what_a_person_cleared_or_what_is_only_watched_is_named_and_passes(evidence):
    leak = evidence.panel["defaulted"].astype("Float64").astype(float)
    found = suspects_table(
        [
            suspect("days_past_due_now", "ranks 1.000 alone", "cleared"),
            suspect("exports_usd_6m", "lifts the others by 0.080", "watched"),
        ]
    )
    honest = changed(evidence, panel=evidence.panel.assign(days_past_due_now=leak), suspects=found)
    assert failed(honest) == set()
    text = CHECKS["leaks_excluded"](honest).text
    assert "cleared by name: days_past_due_now" in text
    assert "ask where they come from: exports_usd_6m (lifts the others by 0.080)." in text


@pytest.mark.parametrize(("kind", "fails"), [("strong", False), ("proven", False), ("alone", True)])
def test_a_column_that_ranks_well_passes_if_it_is_found_honest_and_fails_if_nothing_tells(
    evidence, kind, fails
):
    leak = evidence.panel["defaulted"].astype("Float64").astype(float)
    found = replace(suspect("days_past_due_now", "ranks 0.970 alone", "watched"), kind=kind)
    ranks = changed(
        evidence,
        panel=evidence.panel.assign(days_past_due_now=leak),
        suspects=suspects_table([found]),
    )
    assert failed(ranks) == ({"leak_single_feature"} if fails else set())
    assert "days_past_due_now (ranks 0.970 alone)" in CHECKS["leaks_excluded"](ranks).text


def test_one_value_that_changes_without_the_future_is_a_leak(evidence):
    assert failed(changed(evidence, time_travel=(1, 400))) == {"leak_time_travel"}


def test_a_model_without_single_feature_beside_it_is_compared_with_nothing(evidence):
    alone = evidence.predictions[evidence.predictions["model"] == "trees"]
    check = CHECKS["not_below_single_feature"](changed(evidence, predictions=alone))
    assert check.passed
    assert "nothing was compared" in check.text


def checks(**passed):
    return pd.DataFrame({"check": list(passed), "passed": list(passed.values())})


def test_a_failure_that_was_conceded_is_a_condition_and_any_other_fails(settings):
    conceding = settings.with_values({"conditions": ("out_of_time",)})
    good = reach_verdict(checks(ranking=True, out_of_time=True), conceding)
    weak = reach_verdict(checks(ranking=True, out_of_time=False), conceding)
    bad = reach_verdict(checks(ranking=False, out_of_time=False), conceding)
    assert (good.word, weak.word, bad.word) == ("pass", "pass with conditions", "fail")
    assert (good.publishable, weak.publishable, bad.publishable) == (True, True, False)
    assert weak.text == "pass with conditions: out_of_time"
    assert bad.text == "fail: ranking"
    assert (bad.failed, bad.conditions) == (("ranking",), ("out_of_time",))


def test_a_condition_that_names_no_check_is_a_bad_setting(settings):
    conceding = settings.with_values({"conditions": ("rankings",)})
    with pytest.raises(SettingsError, match="no check is called rankings"):
        reach_verdict(checks(ranking=True), conceding)


def test_where_there_are_no_test_rows_the_checks_of_test_rows_fail_and_say_so(evidence):
    rows = evidence.predictions
    untested = changed(
        evidence, predictions=rows.assign(split=rows["split"].replace("test", "fit")), by_time=False
    )

    table = run_checks(untested).set_index("check")

    assert failed(untested) == {*NEED_TEST_ROWS, "out_of_time"}
    assert table.loc["ranking", "text"].startswith("There are no test rows")
    assert np.isfinite(table.loc["drift_to_scored", "value"])
    assert reach_verdict(table.reset_index(), evidence.settings).word == "fail"
    assert measure_performance(untested.predictions, 20, 7).empty
    assert performance_by_grade(untested.rows("test")).empty
