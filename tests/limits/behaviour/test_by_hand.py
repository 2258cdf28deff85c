"""What past lines teach, in figures that were worked out by hand or by a second library."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from riskmodel.limits import Banks, Policy, Terms, fit_behaviour
from riskmodel.limits.behaviour import limit_response, utilisation
from riskmodel.limits.behaviour.limit_response import Centre, LimitResponse, ResponseSettings
from riskmodel.limits.behaviour.slopes import covariance, fit_within_strata, pool_slopes
from riskmodel.limits.behaviour.strata import (
    centre_within_strata,
    correlation,
    encode_enterprises,
    is_randomised,
    known_log_odds,
    log_odds,
    stated_log_odds,
    strata,
)
from riskmodel.limits.behaviour.usage import DEFINITIONS, utilisation_inputs
from riskmodel.limits.behaviour.utilisation import Column, StatedUtilisation, Utilisation
from riskmodel.limits.economics import Pairs, equal_steps, line_economics

HOW = ResponseSettings(
    prior_slope=0.8, prior_sd=0.3, transfer_sd=0.25, spread=0.4, quantile=0.9, early_days=2
)
STATED = StatedUtilisation(drawn_share=0.5, credit_conversion=0.5, weight=10.0, quantile=0.9)
NORMAL_90 = 1.2815515655446004
CENTRE = Centre(0.6, 0.0, 0.0, 0.0, 0.0)


def answer(**changes: object) -> LimitResponse:
    """A response of slope 1, standard deviation .3 of its mean and .4 between enterprises."""
    whole = {
        "basis": "strata", "slope": 1.0, "slope_sd": 0.3, "spread": 0.4, "quantile": 0.9,
        "centre": CENTRE, "balance": 0.0, "estimates": (),
    }  # fmt: skip
    return LimitResponse(**{**whole, **changes})  # type: ignore[arg-type]


# --- shares of the cap ---


def test_shares_of_the_cap_above_the_largest_one_are_held_to_it(
    policy: Policy, banks: Banks
) -> None:
    # A cap of three times the programme's own limit: the levels are shares 1, 2 and 3.
    rows = pd.DataFrame({"enterprise_id": ["E1"], "pd_12m": [0.03]})
    caps = pd.DataFrame({"cap_cny": [3e6], "programme_cny": [1e6]})
    pair = Pairs(np.asarray([0]), np.asarray([0]))
    lines = line_economics(rows, caps, pair, Terms(policy, banks), equal_steps(3))
    assert lines.limit_cny[0].tolist() == [1e6, 2e6, 3e6]
    # odds .03 / .97 x e^.8 = .0688307
    assert lines.pd_12m[0].tolist() == pytest.approx([0.03, 0.0643980, 0.0643980], abs=1e-6)


def test_without_a_programme_limit_the_share_is_none_and_the_pd_the_lowest(
    policy: Policy, banks: Banks
) -> None:
    rows = pd.DataFrame({"enterprise_id": ["E1"], "pd_12m": [0.03]})
    caps = pd.DataFrame({"cap_cny": [1e6], "programme_cny": [0.0]})
    pair = Pairs(np.asarray([0]), np.asarray([0]))
    lines = line_economics(rows, caps, pair, Terms(policy, banks), equal_steps(1))
    # odds .03 / .97 x e^-.8 = .0138967
    assert lines.pd_12m[0, 0] == pytest.approx(0.0137063, abs=1e-6)


def test_past_shares_are_held_to_what_policy_gives_and_lines_without_a_cap_are_left_out() -> None:
    past = pd.DataFrame(
        {
            "enterprise_id": list("abcdef"),
            "share": [0.01, 0.05, 9.0, 0.0, np.nan, np.inf],
            "defaulted": False,
        }
    )
    found = limit_response.fit_response(past, HOW)
    assert found.centre == Centre((0.05 + 0.05 + 2.0) / 3, 0.0, 0.0, 0.0, 0.0)


# --- the centre ---


def test_the_pd_holds_at_the_share_that_past_lines_had() -> None:
    past = pd.DataFrame(
        {"enterprise_id": [f"E{n}" for n in range(8)], "share": 0.6, "defaulted": False}
    )
    found = limit_response.fit_response(past, HOW)
    at = found.shift(pd.DataFrame({"pd_12m": [0.03]}), np.asarray([[0.6, 1.0, 0.35]]))
    assert at[0][0].tolist() == pytest.approx([0.0, 0.8 * 0.4, -0.8 * 0.25])
    assert at[2][0, 0] == pytest.approx(0.0)


def test_with_known_log_odds_the_centre_is_the_share_that_such_lines_had() -> None:
    past = pd.DataFrame(
        {
            "enterprise_id": [f"E{n}" for n in range(10)],
            "log_odds": [-3.0, -1.0] * 5,
            "share": [0.4, 0.8] * 5,
            "defaulted": False,
        }
    )
    centre = limit_response.fit_response(past, HOW).centre
    assert (centre.level, centre.slope) == (pytest.approx(0.6), pytest.approx(0.2))
    assert (centre.middle, centre.low, centre.high) == (-2.0, -3.0, -1.0)
    asked = np.asarray([-3.0, -1.5, -9.0, 9.0, np.nan])
    assert centre.at(asked).tolist() == pytest.approx([0.4, 0.7, 0.4, 0.8, 0.6])
    # nine lines tell of their mean and no more; no line of none
    assert limit_response.fit_response(past.head(9), HOW).centre.slope == 0.0
    assert limit_response.fit_response(past.head(0), HOW).centre.level == 1.0


def test_the_centre_goes_no_further_than_the_outermost_hundredths_of_past_lines() -> None:
    odds = np.arange(201) / 100 - 3  # -3 to -1
    past = pd.DataFrame(
        {
            "enterprise_id": [f"E{n}" for n in range(201)],
            "log_odds": odds,
            "share": (odds + 4) / 4,
            "defaulted": False,
        }
    )
    centre = limit_response.fit_response(past, HOW).centre
    assert (centre.low, centre.high) == (pytest.approx(-2.98), pytest.approx(-1.02))
    ends = centre.at(np.asarray([-3.0, -2.98, -1.02, 5.0]))
    assert ends[0] == ends[1]
    assert ends[2] == ends[3]


def test_the_centre_moves_with_the_candidates_own_log_odds() -> None:
    found = answer(centre=Centre(0.6, 0.2, -2.0, -3.0, -1.0))
    best, _, _ = found.shift(pd.DataFrame({"log_odds": [-3.0, -1.0]}), np.asarray([0.9, 0.9]))
    assert best.tolist() == pytest.approx([0.9 - 0.4, 0.9 - 0.8])


def test_the_ends_of_a_move_lie_at_the_stated_quantile() -> None:
    best, low, high = answer().shift(
        pd.DataFrame({"pd_12m": [0.03]}), np.asarray([[1.0, 0.2, 0.6]])
    )
    half = NORMAL_90 * 0.5 * 0.4  # (.3^2 + .4^2)^.5 = .5 a share, .4 away
    assert best[0].tolist() == pytest.approx([0.4, -0.4, 0.0])
    assert high[0].tolist() == pytest.approx([0.4 + half, -0.4 + half, 0.0])
    assert low[0].tolist() == pytest.approx([0.4 - half, -0.4 - half, 0.0])


# --- the slope ---


def fourfold(small: int, large: int, of: int = 100) -> pd.DataFrame:
    """Lines of one grade at shares .5 and 1, of which so many default."""
    event = np.zeros(2 * of, dtype=bool)
    event[:small] = True
    event[of : of + large] = True
    return pd.DataFrame(
        {
            "enterprise_id": [f"E{n:04d}" for n in range(2 * of)],
            "share": np.repeat([0.5, 1.0], of),
            "grade": "A",
            "defaulted": event,
        }
    )


def test_in_one_grade_the_slope_is_the_log_odds_ratio_with_its_known_error() -> None:
    past = fourfold(10, 20)
    fit = fit_within_strata(
        past["share"].to_numpy(), past["defaulted"].to_numpy(float), strata(past), np.zeros(200)
    )
    # (ln(20 / 80) - ln(10 / 90)) / .5, error (1/10 + 1/90 + 1/20 + 1/80)^.5 / .5
    assert fit.slope == pytest.approx(1.6218604, abs=1e-3)
    error = covariance([fit.influence], np.arange(200))[0, 0] ** 0.5
    assert error == pytest.approx(0.8333333, abs=1e-3)
    (one, *_) = limit_response.fit_response(past, HOW).estimates
    assert (one.lines, one.outcome, one.rows, one.events) == ("strata", "default", 200, 30)
    assert (one.slope, one.standard_error) == (pytest.approx(fit.slope), pytest.approx(error))


def test_known_log_odds_are_taken_into_account_beside_the_grade() -> None:
    # Half the lines are three times as risky and get the small share more often.
    rng = np.random.default_rng(0)
    known = np.repeat([0.0, np.log(3.0)], 20_000)
    share = np.where(rng.random(40_000) < np.where(known > 0, 0.7, 0.3), 0.5, 1.0)
    event = (rng.random(40_000) < 1 / (1 + np.exp(3 - known - share))).astype(float)
    one = np.zeros(40_000, dtype=np.int64)
    with_it = fit_within_strata(share, event, one, known)
    without = fit_within_strata(share, event, one, np.zeros(40_000))
    assert with_it.slope == pytest.approx(1.0, abs=0.25)
    assert without.slope < 0.5


def test_rows_of_one_enterprise_count_as_one_in_the_covariance() -> None:
    influences = [np.asarray([1.0, 2.0, 3.0]), np.asarray([0.0, 1.0, -1.0])]
    assert covariance(influences, np.asarray([0, 0, 1])).tolist() == [[18.0, 0.0], [0.0, 2.0]]


def test_pooling_weighs_by_precision_and_keeps_the_others_at_a_distance() -> None:
    # variances .04 and .01 + .2^2 = .05, prior 1 with variance .25: precisions 25, 20, 4
    mean, sd = pool_slopes(np.asarray([1.0, 2.0]), np.diag([0.04, 0.01]), (0.5, 0.5), 0.2)
    assert mean == pytest.approx((25 * 1.0 + 20 * 2.0 + 4 * 0.5) / 49)
    assert sd == pytest.approx(49**-0.5)


def test_ten_events_give_an_estimate_and_nine_do_not() -> None:
    ten, nine = (limit_response.fit_response(fourfold(4, many), HOW) for many in (6, 5))
    assert {one.lines for one in ten.estimates} == {"strata", "naive"}
    assert (nine.basis, nine.slope, nine.slope_sd, nine.estimates) == ("prior", 0.8, 0.3, ())
    # and of those that do not default alike
    turned = fourfold(4, 5).assign(defaulted=lambda d: ~d["defaulted"])
    assert limit_response.fit_response(turned, HOW).basis == "prior"


def test_events_that_separate_by_share_give_no_estimate() -> None:
    assert limit_response.fit_response(fourfold(0, 60), HOW).basis == "prior"


def test_lines_of_one_share_tell_nothing_of_a_slope() -> None:
    assert limit_response.fit_response(fourfold(10, 20).assign(share=0.7), HOW).basis == "prior"


def test_early_signs_count_from_the_stated_days_on_and_defaults_among_them() -> None:
    late = fourfold(20, 30).rename(columns={"defaulted": "late"})
    past = late.assign(
        past_due=np.where(late["late"], 2.0, 1.0), defaulted=[True] * 3 + [False] * 197
    )
    found = limit_response.fit_response(past, HOW)
    (early, *_) = found.estimates
    assert (early.outcome, early.events) == ("early", 50)
    # A default counts as an early sign whatever the days say; an unknown number of days does not.
    past = past.assign(
        defaulted=[False] * 197 + [True] * 3, past_due=past["past_due"].replace(1.0, np.nan)
    )
    (early, *_) = limit_response.fit_response(past, HOW).estimates
    assert early.events == 53


def test_the_early_outcome_alone_is_pooled_at_its_distance() -> None:
    late = fourfold(20, 30).rename(columns={"defaulted": "late"})
    past = late.assign(past_due=np.where(late["late"], 2.0, 0.0), defaulted=False)
    found = limit_response.fit_response(past, HOW)
    (early,) = (one for one in found.estimates if one.outcome == "early")
    precision = 1 / (early.standard_error**2 + 0.25**2)
    prior = 1 / 0.3**2
    expected = (early.slope * precision + 0.8 * prior) / (precision + prior)
    assert found.slope == pytest.approx(expected, abs=1e-6)
    assert found.slope_sd == pytest.approx((precision + prior) ** -0.5, abs=1e-6)


def test_the_slope_is_that_of_defaults_pooled_with_the_stated_one() -> None:
    found = limit_response.fit_response(fourfold(10, 20), HOW)
    (one, *_) = found.estimates
    precision, prior = one.standard_error**-2, 0.3**-2
    assert found.slope == pytest.approx((one.slope * precision + 0.8 * prior) / (precision + prior))
    assert (found.spread, found.quantile) == (0.4, 0.9)


def test_only_lines_of_a_known_grade_count_where_some_have_one() -> None:
    past = fourfold(10, 20)
    strange = past.assign(grade="", enterprise_id="X" + past["enterprise_id"], randomised=True)
    both = pd.concat([past.assign(randomised=False), strange], ignore_index=True)
    (one, *_) = limit_response.fit_response(both, HOW).estimates
    assert one.rows == 200


def test_lines_by_experiment_have_an_estimate_of_their_own() -> None:
    past = pd.concat([fourfold(10, 20).assign(randomised=True), fourfold(0, 0)], ignore_index=True)
    past = past.assign(enterprise_id=[f"E{n:04d}" for n in range(400)])
    of = {
        (one.lines, one.outcome): one.rows
        for one in limit_response.fit_response(past, HOW).estimates
    }
    assert of == {("strata", "default"): 400, ("randomised", "default"): 200, ("naive", "default"): 400}  # fmt: skip


def test_the_balance_is_the_correlation_of_share_and_earlier_risk_within_grades() -> None:
    past = fourfold(10, 20).assign(pd_12m=0.02)
    past.loc[::2, "pd_12m"] = 0.05
    assert limit_response.fit_response(past, HOW).balance == pytest.approx(0.0, abs=1e-12)
    tied = past.assign(log_odds=-past["share"] * 2)
    assert limit_response.fit_response(tied, HOW).balance == pytest.approx(-1.0)
    # without a PD the log of exports stands in
    sold = past.drop(columns="pd_12m").assign(exports_usd_12m=np.expm1(past["share"]))
    assert limit_response.fit_response(sold, HOW).balance == pytest.approx(1.0)


# --- columns of past lines ---


def test_log_odds_come_as_they_are_or_from_the_pd_and_holes_are_the_mean() -> None:
    assert stated_log_odds(pd.DataFrame({"pd_12m": [0.2, 0.0, 1.0]})).tolist() == pytest.approx(
        [np.log(0.25), np.log(1e-6 / (1 - 1e-6)), -np.log(1e-6 / (1 - 1e-6))]
    )
    given = pd.DataFrame({"log_odds": [-1.0, np.nan, -3.0], "pd_12m": 0.5})
    assert log_odds(given).tolist() == [-1.0, -2.0, -3.0]
    unknown = pd.DataFrame({"pd_12m": [np.nan, np.nan]})
    assert known_log_odds(unknown) is None
    assert log_odds(unknown).tolist() == [0.0, 0.0]


def test_columns_within_strata_and_their_correlation() -> None:
    rows = pd.DataFrame(
        {"grade": ["B", "A", None, "B"], "randomised": [True, None, False, True], "e": list("xyxz")}
    )
    assert strata(rows).tolist() == [2, 1, 0, 2]
    assert is_randomised(rows).tolist() == [True, False, False, True]
    assert is_randomised(rows[["e"]]).tolist() == [False] * 4
    assert encode_enterprises(rows["e"]).tolist() == [0, 1, 0, 2]
    centred = centre_within_strata(np.asarray([1.0, 5.0, 7.0, 4.0]), strata(rows))
    assert centred.tolist() == [-1.5, 0.0, 0.0, 1.5]
    assert correlation(np.asarray([3.0, -4.0]), np.asarray([1.0, 0.0])) == pytest.approx(0.6)
    assert correlation(np.zeros(2), np.ones(2)) == 0.0


# --- the drawn share ---


def few(share: float, count: int = 10, **columns: object) -> pd.DataFrame:
    rows = pd.DataFrame(
        {
            "enterprise_id": [f"E{n}" for n in range(count)],
            "limit_cny": 100_000.0,
            "drawn_share": share,
        }
    )
    return rows.assign(**columns)


def test_the_stated_conversion_is_weighed_by_the_undrawn_part() -> None:
    past = few(0.2, drawn_at_default=[0.74] + [np.nan] * 9)
    found = utilisation.fit_utilisation(past, STATED)
    # (10 x .2 + 10 x .5) / 20 = .35 drawn; so .65 is not, of which the default drew .39
    assert found.level == pytest.approx(0.35)
    assert found.credit_conversion == pytest.approx((0.39 + 10 * 0.65 * 0.5) / (0.65 + 10 * 0.65))
    assert (found.rows, found.defaults, found.r2) == (10, 1, 0.0)


def test_a_conversion_stays_between_none_and_all() -> None:
    all_of_it = few(0.2, drawn_at_default=9.0)
    none_of_it = few(0.9, drawn_at_default=0.0)
    assert utilisation.fit_utilisation(all_of_it, STATED).credit_conversion == 1.0
    assert utilisation.fit_utilisation(none_of_it, STATED).credit_conversion == 0.0


def test_the_interval_of_few_lines_is_that_of_their_departures() -> None:
    past = few(0.5).assign(drawn_share=np.linspace(0.05, 0.95, 10))
    found = utilisation.fit_utilisation(past, STATED)
    assert found.level == pytest.approx(0.5)
    # the first and last tenth of ten departures a tenth apart, -.45 to .45
    assert (found.below, found.above) == (pytest.approx(-0.36), pytest.approx(0.36))
    assert found.typical_use == pytest.approx(0.5)
    assert found.quantile == 0.9
    nothing = utilisation.fit_utilisation(past.head(0), STATED)
    assert (nothing.below, nothing.above, nothing.typical_use) == (0.0, 0.0, 0.0)


def test_a_hundred_lines_teach_more_than_a_mean_and_ninety_nine_do_not() -> None:
    rng = np.random.default_rng(5)
    many = few(0.5, 100, exports_cny_12m=rng.uniform(1e5, 1e6, 100))
    many["drawn_share"] = 0.2 + 0.5 * (many["exports_cny_12m"] > 4e5)
    assert utilisation.fit_utilisation(many, STATED).columns
    assert utilisation.fit_utilisation(many.head(99), STATED).columns == ()


def test_columns_that_tell_nothing_of_held_out_lines_leave_the_mean() -> None:
    rng = np.random.default_rng(6)
    many = few(0.5, 200, exports_cny_12m=rng.uniform(1e5, 1e6, 200))
    many["drawn_share"] = rng.uniform(0, 1, 200)
    found = utilisation.fit_utilisation(many, STATED)
    assert (found.columns, found.r2) == ((), 0.0)


def test_lines_that_all_draw_alike_teach_that_and_no_more() -> None:
    rng = np.random.default_rng(6)
    many = few(0.4, 200, exports_cny_12m=rng.uniform(1e5, 1e6, 200))
    found = utilisation.fit_utilisation(many, STATED)
    assert (found.columns, found.r2) == ((), 0.0)
    assert found.level == pytest.approx((200 * 0.4 + 10 * 0.5) / 210)


def test_the_drawn_share_is_a_ridge_that_a_second_library_gives() -> None:
    from sklearn.linear_model import Ridge

    rng = np.random.default_rng(7)
    sales = np.exp(rng.normal(13, 0.5, 400))
    past = few(0.5, 400, exports_cny_12m=sales)
    signal = np.log(1e5 / sales)
    past["drawn_share"] = np.clip(
        0.5 + 0.1 * (signal - signal.mean()) + rng.normal(0, 0.02, 400), 0, 1
    )
    past.loc[:39, "exports_cny_12m"] = np.nan
    found = utilisation.fit_utilisation(past, STATED)
    (column,) = found.columns
    order = past.sort_values("enterprise_id", kind="stable")
    read = np.log(1e5 / order["exports_cny_12m"].to_numpy())
    known = np.isfinite(read)
    low, high = np.quantile(read[known], [0.01, 0.99])
    held = np.clip(read[known], low, high)
    assert (column.name, column.low, column.high) == (
        "limit_to_sales", pytest.approx(low), pytest.approx(high),
    )  # fmt: skip
    assert (column.mean, column.scale) == (pytest.approx(held.mean()), pytest.approx(held.std()))
    design = np.zeros((400, 2))
    design[known, 0] = (held - held.mean()) / held.std()
    design[:, 1] = ~known
    share = order["drawn_share"].to_numpy()
    fold = np.arange(400) % 5

    def blind(strength: float) -> np.ndarray:
        guessed = np.empty(400)
        for one in range(5):
            fit = Ridge(strength).fit(design[fold != one], share[fold != one])
            guessed[fold == one] = fit.predict(design[fold == one])
        return guessed

    losses = {s: float(((share - blind(s)) ** 2).mean()) for s in (1.0, 10.0, 100.0, 1000.0)}
    best = min(losses, key=losses.__getitem__)
    whole = Ridge(best).fit(design, share)
    assert (column.effect, column.absent) == tuple(pytest.approx(one) for one in whole.coef_)
    assert found.level == pytest.approx(float(whole.intercept_))
    assert found.r2 == pytest.approx(1 - losses[best] / share.var())
    low, high = np.quantile(share - blind(best), [0.1, 0.9])
    assert (found.below, found.above) == (pytest.approx(low), pytest.approx(high))


def test_a_drawn_share_is_the_level_and_its_columns_effects_within_their_bounds() -> None:
    rule = Utilisation(
        0.4, (Column("limit_to_sales", -3.0, 0.0, -1.0, 0.5, 0.1, -0.05),),
        0.3, 0.5, -0.2, 0.3, 0.5, 100, 5, 0.9,
    )  # fmt: skip
    rows = pd.DataFrame({"exports_cny_12m": [np.e * 1e5, 1e9, 1e5, np.nan]})
    limit = np.full(4, 1e5)
    best, low, high = rule.interval(rows, limit)
    # log(limit / sales) is -1, held to -3, 0, and not known
    assert best.tolist() == pytest.approx([0.4, 0.01, 0.6, 0.35])
    assert low.tolist() == pytest.approx([0.2, 0.0, 0.4, 0.15])
    assert high.tolist() == pytest.approx([0.7, 0.31, 0.9, 0.65])
    performing, owed = rule.share(rows, limit)
    assert performing.tolist() == best.tolist()
    assert owed.tolist() == pytest.approx([0.7, 0.505, 0.8, 0.675])
    own, _ = rule.share(rows.assign(limit_cny=limit))
    assert own.tolist() == best.tolist()


def test_an_interval_holds_the_expected_share_whatever_the_departures_were() -> None:
    usual = Utilisation(0.4, (), 0.3, 0.5, -0.2, 0.3, 0.5, 100, 5, 0.9)
    rows, limit = pd.DataFrame({"enterprise_id": ["E1"]}), np.asarray([1e5])
    above = [float(one[0]) for one in replace(usual, below=0.1).interval(rows, limit)]
    below = [float(one[0]) for one in replace(usual, above=-0.1).interval(rows, limit)]
    assert above == pytest.approx([0.4, 0.4, 0.7])
    assert below == pytest.approx([0.4, 0.2, 0.4])


def test_a_lines_own_history_is_read_as_it_stands() -> None:
    rows = pd.DataFrame(
        {
            "line_drawn_cny_now": [200e3, np.nan, 150e3, 50e3],
            "line_limit_cny_now": [400e3, np.nan, np.nan, 100e3],
            "line_drawn_cny_24m": [2.4e6, np.nan, 600e3, 0.0],
            "line_limit_cny_24m": [4.8e6, np.nan, 1.2e6, 0.0],
            "line_months_24m": [12.0, np.nan, 3.0, 1.0],
            "exports_cny_12m": [1e6, np.nan, 2e5, 1e5],
            "deposits_cny": [50e3, -5.0, np.nan, 100e3],
            "log_odds": [-3.0, np.nan, -2.0, -1.0],
            "age_months": [np.e - 1, -4.0, np.nan, 0.0],
            "overdraft_use": [0.25, np.nan, -1.0, 0.5],
        }
    )
    found = utilisation_inputs(rows, np.full(4, 100e3), 0.3)
    hand = {
        "served": [1.0, 0.0, 1.0, 1.0],
        "lapsed": [0.0, 0.0, 1.0, 0.0],
        # the typical .3 and the own .5 by months / (months + 3): .8, 0, .5; no limits known: .3
        "use": [0.46, 0.3, 0.4, 0.3],
        "recent_use": [0.5, 0.3, 0.4, 0.5],
        "carried": [1.0, 0.0, 1.0, 0.5],
        "carried_over": [1.0, 0.0, 0.5, 0.0],
        "limit_to_sales": [np.log(0.1), np.nan, np.log(0.5), 0.0],
        "deposits_to_limit": [np.log(1.5), 0.0, np.nan, np.log(2.0)],
        "log_odds": [-3.0, np.nan, -2.0, -1.0],
        "age_months": [1.0, 0.0, np.nan, 0.0],
        "overdraft_use": [0.25, np.nan, -1.0, 0.5],
    }
    for name, values in hand.items():
        assert found[name].tolist() == pytest.approx(values, nan_ok=True), name
    stays = utilisation_inputs(rows.iloc[[0]], np.asarray([np.nan]), 0.3)
    assert stays["carried"].tolist() == [0.5]


def test_balances_look_back_a_quarter_and_use_two_years() -> None:
    assert [feature.value.months for feature in DEFINITIONS] == [3, 3, 24, 24, 24]  # type: ignore[union-attr]
    assert [feature.name[-3:] for feature in DEFINITIONS] == ["now", "now", "24m", "24m", "24m"]


def test_half_a_year_of_the_panels_own_features_stands_in_for_the_lines_history() -> None:
    rows = pd.DataFrame(
        {"line_use_6m": [0.5, np.nan], "line_drawn_cny_6m": [6e5, np.nan],
         "line_limit_cny_6m": [1.2e6, np.nan]}
    )  # fmt: skip
    found = utilisation_inputs(rows, np.full(2, 200e3), 0.2)
    # 100,000 of 200,000 a month over six months, so weight 6 / 9
    assert found["carried"].tolist() == [0.5, 0.0]
    assert found["recent_use"].tolist() == [0.5, 0.2]
    assert found["use"].tolist() == pytest.approx([0.2 + 6 / 9 * 0.3, 0.2])
    assert found["served"].tolist() == [1.0, 0.0]
    assert found["lapsed"].tolist() == [0.0, 0.0]


# --- both, from the policy ---


def test_shares_are_of_the_programmes_own_limit_and_the_policys_values_are_handed_on(
    policy: Policy,
) -> None:
    given = policy.with_values({
            "economics": policy.economics.with_values({"pd_slope": 0.7, "utilisation": 0.2, "credit_conversion_factor": 0.9}
            ),
            "behaviour": policy.behaviour.with_values({"pd_slope_sd": 0.21, "transfer_sd": 0.22, "heterogeneity_sd": 0.23,
                        "utilisation_prior_lines": 30.0, "response_quantile": 0.85, "early_days_past_due": 7}
            ),
        }
    )  # fmt: skip
    past = few(0.6, exports_usd_12m=1e6, exports_cny_12m=1e9, defaulted=False)
    found = fit_behaviour(past.assign(limit_cny=400_000.0), given)
    assert found.response is not None
    assert found.utilisation is not None
    # .8 a dollar off the platform: 400,000 is half of the programme's limit
    assert found.response.centre.level == pytest.approx(0.5)
    assert (found.response.slope, found.response.slope_sd) == (0.7, 0.21)
    assert (found.response.spread, found.response.quantile) == (0.23, 0.85)
    assert found.utilisation.level == pytest.approx((10 * 0.6 + 30 * 0.2) / 40)
    assert (found.utilisation.credit_conversion, found.utilisation.quantile) == (
        pytest.approx(0.9),
        0.85,
    )
    assert found.cautious


def test_past_shares_are_of_the_programmes_limit_and_not_of_the_need(policy: Policy) -> None:
    # 800,000 for the dollars, and a need of 1,000,000 x .8 x 90 / 360 = 200,000
    past = few(0.6, exports_usd_12m=1e6, exports_cny_12m=1e6, defaulted=False)
    found = fit_behaviour(past.assign(limit_cny=200_000.0), policy)
    assert found.response is not None
    assert found.response.centre.level == pytest.approx(0.25)


def test_the_month_takes_the_cautious_end_and_the_best_only_where_it_is_told_to(
    policy: Policy,
) -> None:
    from riskmodel.limits import Behaviour

    rows, first = pd.DataFrame({"pd_12m": [0.03]}), np.asarray([0])
    share = np.asarray([[1.0]])
    cautious = Behaviour(answer()).shift(rows, first, share, policy.economics)
    best = Behaviour(answer(), cautious=False).shift(rows, first, share, policy.economics)
    stated = Behaviour().shift(rows, first, np.asarray([[0.5]]), policy.economics)
    assert best[0, 0] == pytest.approx(0.4)
    assert cautious[0, 0] == pytest.approx(0.4 + NORMAL_90 * 0.5 * 0.4)
    assert stated[0, 0] == pytest.approx(0.8 * (0.5 - 1.0))
