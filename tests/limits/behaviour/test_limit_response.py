"""The response to the limit: causal where the policy's draw is known, honest where it is not."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from riskmodel import months
from riskmodel.datasets import past_lines
from riskmodel.errors import DataError
from riskmodel.limits.behaviour.limit_response import (
    Estimate,
    LimitResponse,
    ResponseSettings,
    fit_response,
)
from riskmodel.limits.behaviour.slopes import covariance, fit_within_strata, pool_slopes
from riskmodel.settings import load_settings
from riskmodel.simulation import write_simulation
from riskmodel.sources.folder import read_folder

HOW = ResponseSettings(
    prior_slope=0.8, prior_sd=0.3, transfer_sd=0.25, spread=0.4, quantile=0.9, early_days=1
)
LEVELS = np.array([0.4, 0.55, 0.7, 0.85, 1.0])
CHANCES = {"A": [0.05, 0.1, 0.2, 0.25, 0.4], "C": [0.4, 0.25, 0.2, 0.1, 0.05]}


def lent(count: int, seed: int, *, slope: float = 1.0) -> pd.DataFrame:
    """Lines of a policy that gives the risky (grade C) smaller shares, by known chances."""
    rng = np.random.default_rng(seed)
    risk = rng.normal(-2.5, 1.2, count)
    grade = np.where(risk + rng.normal(0, 0.7, count) > -2.5, "C", "A")
    share = np.where(
        grade == "C",
        rng.choice(LEVELS, count, p=CHANCES["C"]),
        rng.choice(LEVELS, count, p=CHANCES["A"]),
    )
    own = risk + slope * (share - 0.7)
    early = rng.random(count) < 1 / (1 + np.exp(-own - 1.5))
    defaulted = early & (
        rng.random(count) < (1 / (1 + np.exp(-own))) / (1 / (1 + np.exp(-own - 1.5)))
    )
    return pd.DataFrame(
        {
            "enterprise_id": [f"E{i:06d}" for i in range(count)],
            "as_of": pd.Timestamp("2012-01-20"),
            "share": share,
            "grade": grade,
            "randomised": rng.random(count) < 0.02,
            "defaulted": defaulted,
            "past_due": np.where(defaulted, 95.0, np.where(early, 12.0, 0.0)),
            "pd_12m": 1 / (1 + np.exp(-(risk + rng.normal(0, 0.5, count)))),
        }
    )


def naive(found: LimitResponse) -> Estimate:
    """The plain regression of default on the share that stands beside what was learnt."""
    (plain,) = (one for one in found.estimates if one.lines == "naive")
    return plain


def test_within_grades_the_slope_is_found_that_a_plain_regression_misses() -> None:
    past = lent(20_000, 1)
    found = fit_response(past, HOW)
    plain = naive(found)
    seen = {(one.lines, one.outcome): one for one in found.estimates}
    for outcome in ("default", "early"):
        one = seen["strata", outcome]
        assert abs(one.slope - 1.0) < 3 * one.standard_error
    assert plain.slope < 1.0 - 4 * plain.standard_error
    assert abs(found.slope - 1.0) < 2.5 * found.slope_sd
    assert found.basis == "strata"
    assert abs(found.balance) < 0.03


def test_the_standard_error_of_the_slope_is_what_it_varies_by() -> None:
    slopes, errors = [], []
    for seed in range(60):
        past = lent(1_500, 100 + seed)
        stratum = (past["grade"] == "C").to_numpy(np.int64)
        event = past["defaulted"].to_numpy(float)
        fit = fit_within_strata(past["share"].to_numpy(), event, stratum, np.zeros(len(past)))
        slopes.append(fit.slope)
        errors.append(covariance([fit.influence], np.arange(len(past)))[0, 0] ** 0.5)
    assert np.std(slopes) == pytest.approx(np.mean(errors), rel=0.25)


def test_pooling_is_the_normal_posterior() -> None:
    # One outcome at 1 with variance .25, prior at 0 with variance .25: half way, variance .125.
    mean, sd = pool_slopes(np.array([1.0]), np.array([[0.25]]), (0.0, 0.5), 0.3)
    assert mean == pytest.approx(0.5)
    assert sd == pytest.approx(0.125**0.5)
    # A second one, sharp but .5 away at a guess: it counts as one of variance .25.
    both = np.array([[0.25, 0.0], [0.0, 0.0]])
    mean, sd = pool_slopes(np.array([1.0, 2.0]), both, (0.0, 0.5), 0.5)
    assert mean == pytest.approx(1.0)
    assert sd == pytest.approx((1 / 12) ** 0.5)


def test_without_strata_or_experiment_the_prior_is_all_there_is() -> None:
    past = lent(3_000, 2).drop(columns=["grade", "randomised"])
    found = fit_response(past, HOW)
    assert (found.basis, found.slope, found.slope_sd) == ("prior", 0.8, 0.3)


def test_without_grades_the_experiments_lines_alone_are_used() -> None:
    past = lent(20_000, 3).drop(columns=["grade"])
    found = fit_response(past, HOW)
    assert found.basis == "randomised"
    lines = {one.lines: one.rows for one in found.estimates if one.outcome == "early"}
    assert lines["strata"] == int(past["randomised"].sum())
    assert found.slope_sd > fit_response(lent(20_000, 3), HOW).slope_sd


def test_thin_evidence_gives_wide_intervals_and_stays_near_the_prior() -> None:
    thin, thick = fit_response(lent(400, 4), HOW), fit_response(lent(30_000, 4), HOW)
    assert thick.slope_sd < 0.15 < thin.slope_sd <= HOW.prior_sd
    assert abs(thin.slope - HOW.prior_slope) < HOW.prior_sd


def test_a_helped_enterprise_may_have_a_falling_pd() -> None:
    found = fit_response(lent(30_000, 6, slope=-1.0), HOW)
    share = np.array([[0.4, 1.0]])
    best, _, _ = found.shift(pd.DataFrame({"pd_12m": [0.05]}), share)
    assert best[0, 1] < best[0, 0]


def test_the_cautious_end_is_never_below_the_best_and_meets_it_at_the_centre() -> None:
    found = fit_response(lent(5_000, 7), HOW)
    scored = pd.DataFrame({"pd_12m": [0.01, 0.1, np.nan]})
    centre = found.centre.at(np.log(np.array([0.01 / 0.99, 0.1 / 0.9, np.nan])))
    share = np.column_stack([np.full(3, 0.2), centre, np.full(3, 1.3)])
    best, low, high = found.shift(scored, share)
    assert (high[:, [0, 2]] > best[:, [0, 2]]).all()
    assert (low[:, [0, 2]] < best[:, [0, 2]]).all()
    for end in (best, low, high):
        assert end[:, 1] == pytest.approx(np.zeros(3))


def test_a_candidates_shift_hangs_on_itself_alone_and_one_share_serves_as_many() -> None:
    found = fit_response(lent(5_000, 8), HOW)
    scored = pd.DataFrame({"pd_12m": [0.01, 0.2, np.nan]})
    share = np.array([[0.3, 1.0]] * 3)
    whole = np.stack(found.shift(scored, share))
    alone = [np.stack(found.shift(scored.iloc[[i]], share[[i]])) for i in range(3)]
    assert (whole == np.concatenate(alone, axis=1)).all()
    one = np.stack(found.shift(scored, share[:, 1]))
    assert (whole[:, :, 1] == one).all()


def test_the_order_of_rows_changes_nothing() -> None:
    past = lent(3_000, 9)
    assert fit_response(past, HOW) == fit_response(past.sample(frac=1, random_state=1), HOW)


def test_the_text_gives_the_same_response_again() -> None:
    found = fit_response(lent(30_000, 5), HOW)
    assert LimitResponse.from_text(json.loads(json.dumps(found.to_text()))) == found


def test_past_lines_without_a_share_are_refused() -> None:
    with pytest.raises(DataError, match="no column share"):
        fit_response(lent(10, 1).drop(columns="share"), HOW)


@pytest.mark.slow
def test_in_the_economy_the_causal_slope_is_nearer_the_truth_than_the_naive(tmp_path: Path) -> None:
    folder = tmp_path / "simulation"
    write_simulation(folder, enterprises=3_000, months=60, seed=71)
    tables = ("declarations", "receipts", "purchases", "refunds", "inquiries")
    for name in tables:  # lines alone are asked here, and reading the rest takes long
        (folder / f"{name}.parquet").unlink()
    (tmp_path / "plain.toml").write_text("", encoding="utf-8")
    settings = load_settings(tmp_path / "plain.toml")
    run = pd.Timestamp("2014-07-01").date()
    source = read_folder(folder, settings.sources).source
    source = source.known_before(months.day_start(run, settings.sources.timezone))
    past = past_lines(source, settings.datasets, run)
    past["month"] = past["as_of"].dt.to_period("M").dt.to_timestamp()
    granted = pd.read_parquet(folder / "truth" / "applications.parquet")
    granted = granted[granted["decision"] == "accept"].assign(
        month=lambda d: pd.to_datetime(d["as_of"])
    )
    past = past.merge(granted[["enterprise_id", "month", "cap_cny"]], on=["enterprise_id", "month"])
    past = past.assign(share=past["limit_cny"] / past["cap_cny"])
    truth = pd.read_parquet(folder / "truth" / "limit_response.parquet")
    truth = truth[(truth["share_of_cap"] >= 0.4) & truth["pd_12m"].between(1e-5, 0.999)]
    odds = truth.assign(odds=np.log(truth["pd_12m"] / (1 - truth["pd_12m"])))
    wide = odds.pivot_table(index="enterprise_id", columns="share_of_cap", values="odds").dropna()
    true = float(
        ((wide.iloc[:, -1] - wide.iloc[:, 0]) / (wide.columns[-1] - wide.columns[0])).mean()
    )
    found = fit_response(past, HOW)
    plain = naive(found)
    assert found.basis == "strata"
    assert abs(found.balance) < 0.1 or found.balance == 0.0
    assert abs(found.slope - true) < abs(plain.slope - true)
    assert abs(found.slope - true) < 2.5 * found.slope_sd
