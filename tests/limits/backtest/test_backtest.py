"""Books held against the truth: the economics by hand, the rules, the oracle, the measures."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from riskmodel.errors import DataError
from riskmodel.limits import Banks, Behaviour, Policy
from riskmodel.limits.allocation import allocate
from riskmodel.limits.backtest.backtest import (
    BOOK,
    CUT,
    CUT_AT_BASE,
    NAMES,
    ORACLE,
    PARTS,
    RULE,
    Outcome,
    book_lines,
    clean_truth,
    evaluate_lines,
    limits_to_query,
    mix_outcomes,
    options_under,
    predicted_outcome_of,
    profit_and_loss,
    rule_books,
    rule_lines,
    true_outcome_of,
    truncate_to_volume,
    value_of_information,
)
from riskmodel.limits.backtest.measures import (
    CURSE,
    LIFT,
    REGRET,
    average_over_simulations,
    bootstrap_intervals,
    compute_measures,
    excess_limits,
    observed_outcomes,
    response_errors,
    stress_loss_caps,
    summarise_books,
    swap_sets,
)
from riskmodel.limits.behaviour.limit_response import Centre, Estimate, LimitResponse
from riskmodel.limits.capital import risk_weight
from riskmodel.limits.economics import Terms
from riskmodel.limits.recommend import AllocationProblem, build_problem

PAIRS = [("E1", "north_bank"), ("E1", "south_bank"), ("E2", "south_bank"), ("E5", "north_bank")]


@pytest.fixture
def terms(policy: Policy, banks: Banks) -> Terms:
    return Terms(policy, banks)


@pytest.fixture
def problem(scored: pd.DataFrame, terms: Terms) -> AllocationProblem:
    sound = scored.assign(pd_12m=[0.01, 0.03, 0.02, 0.02, 0.001])
    return build_problem(
        sound, pd.DataFrame(PAIRS, columns=["enterprise_id", "bank"]), terms, grid=4
    )


def truth_at(
    problem: AllocationProblem, pds: dict[str, float], *books: pd.DataFrame
) -> pd.DataFrame:
    """A drawn truth of all levels: PDs by enterprise, more drawn of small limits."""
    asked = limits_to_query(problem, *books)
    return asked.assign(
        pd_12m=asked["enterprise_id"].map(pds),
        drawn_share=np.clip(400_000 / asked["limit_cny"], 0.2, 0.9),
        owed_share=0.9,
        lgd=0.7,
    )


def lines(**columns: list[object]) -> pd.DataFrame:
    frame = pd.DataFrame(columns)
    given = {"bank": "north_bank", "annual_rate": 0.12, "fixed_cny": 800.0}
    given |= {"expected_profit_cny": 0.0}
    return frame.assign(**{name: value for name, value in given.items() if name not in frame})


def test_a_line_earns_its_margin_less_loss_capital_and_opening(terms: Terms) -> None:
    pd_12m, limit = np.array([0.02]), np.array([1_000_000.0])
    outcome = Outcome(pd_12m, np.array([0.4]), np.array([0.7]), np.array([0.5]))
    given = (limit, np.array([0.12]), np.array([0]), np.array([800.0]))
    profit, loss = profit_and_loss(given, outcome, terms)
    # .02 * .5 * .7 of a million; .12 asked, .04 paid, on .4 of it for the 98 % who stay
    assert loss == pytest.approx([7_000.0])
    capital = 0.12 * 0.1 * risk_weight(pd_12m, terms.policy.capital)[0] * 700_000
    assert profit == pytest.approx([0.4 * 1e6 * 0.98 * 0.08 - 7_000 - capital - 800], rel=1e-12)


def test_whoever_is_gone_earns_and_loses_nothing_and_is_no_default(terms: Terms) -> None:
    truth = pd.DataFrame(
        {"enterprise_id": ["E1", "E2"], "limit_cny": [1e6, 1e6], "pd_12m": [np.nan, 0.5],
         "drawn_share": [np.nan, 0.5], "owed_share": [np.nan, 0.9], "lgd": [np.nan, 0.6]}
    )  # fmt: skip
    evaluated = evaluate_lines(
        lines(enterprise_id=["E1", "E2"], limit_cny=[1e6, 1e6]), clean_truth(truth, terms), terms
    )
    assert evaluated.loc[0, ["profit_cny", "loss_cny"]].tolist() == [0.0, 0.0]
    figures = summarise_books({BOOK: evaluated}).iloc[0]
    assert (figures["gone"], figures["bad_rate"], figures["limit_cny"]) == (1, 0.5, 2e6)


def test_who_is_in_default_already_owes_the_whole_line_and_earns_nothing(terms: Terms) -> None:
    truth = pd.DataFrame(
        {"enterprise_id": ["E1"], "limit_cny": [1e6], "pd_12m": [1.0],
         "drawn_share": [np.nan], "owed_share": [np.nan], "lgd": [np.nan]}
    )  # fmt: skip
    evaluated = evaluate_lines(
        lines(enterprise_id=["E1"], limit_cny=[1e6]), clean_truth(truth, terms), terms
    )
    assert evaluated["loss_cny"].tolist() == [pytest.approx(0.6 * 1e6)]
    assert evaluated["profit_cny"].iloc[0] < -0.6e6


def test_a_truth_with_holes_or_without_a_line_is_refused(terms: Terms) -> None:
    truth = pd.DataFrame(
        {"enterprise_id": ["E1"], "limit_cny": [1e6], "pd_12m": [0.1],
         "drawn_share": [np.nan], "owed_share": [0.9], "lgd": [0.6]}
    )  # fmt: skip
    with pytest.raises(DataError, match="1 rows with a PD lack a share"):
        clean_truth(truth, terms)
    whole = truth.assign(drawn_share=0.5)
    with pytest.raises(DataError, match="1 of 1 lines are not in it"):
        evaluate_lines(lines(enterprise_id=["E1"], limit_cny=[2e6]), whole, terms)


def test_what_was_believed_gives_the_lines_own_profit_and_loss_back(
    problem: AllocationProblem,
) -> None:
    again, lines_ = options_under(problem, predicted_outcome_of(problem)), problem.lines
    open_ = np.isfinite(problem.options.value)
    assert open_.any()
    open_[:, -1] = False  # the cap: the month takes it on the chord between two rungs
    assert open_.any()
    assert again.value[open_] == pytest.approx(lines_.profit_cny[open_], rel=1e-9)
    assert again.loss[open_] == pytest.approx(lines_.loss_cny[open_], rel=1e-9)
    assert predicted_outcome_of(problem).drawn_share[open_] == pytest.approx(0.5)


def test_knowing_every_part_is_the_truth_and_knowing_none_is_what_was_believed(
    problem: AllocationProblem,
) -> None:
    truth = truth_at(problem, {"E1": 0.03, "E2": 0.001, "E5": 0.2})
    predicted, true = predicted_outcome_of(problem), true_outcome_of(problem, truth)
    open_ = np.isfinite(problem.options.value)
    for name in NAMES:
        all_known, none_known = (
            getattr(mix_outcomes(parts, predicted, true), name)[open_] for parts in (PARTS, ())
        )
        assert all_known == pytest.approx(getattr(true, name)[open_], rel=1e-9)
        assert none_known == pytest.approx(getattr(predicted, name)[open_], rel=1e-9)


def test_the_level_is_that_at_the_cap_and_the_response_what_moves_below_it(
    problem: AllocationProblem,
) -> None:
    truth = truth_at(problem, {"E1": 0.05, "E2": 0.05, "E5": 0.05})
    predicted, true = predicted_outcome_of(problem), true_outcome_of(problem, truth)
    level = mix_outcomes(("pd_level",), predicted, true).pd_12m
    assert level[:, -1] == pytest.approx(0.05)
    of_first = np.isfinite(problem.options.value[0])
    assert of_first.sum() > 1
    assert (np.diff(level[0, of_first]) > 0).all()  # the stated slope below the true level
    flat = mix_outcomes(("pd_response",), predicted, true).pd_12m[0, of_first]
    assert flat == pytest.approx(np.full(of_first.sum(), predicted.pd_12m[0, -1]))


def test_the_oracle_has_no_regret_and_nobody_has_less(problem: AllocationProblem) -> None:
    truth = truth_at(problem, {"E1": 0.15, "E2": 0.001, "E5": 0.002})
    table = value_of_information(problem, truth).set_index("knows")
    assert table.loc["everything", "regret"] == 0
    assert table.loc["everything", "believed_cny"] == pytest.approx(
        table.loc["everything", "profit_cny"]
    )
    assert (table["regret"] >= -1e-9).all()
    assert table.loc["nothing", "regret"] > 0.01  # E1 is thought sound and is not
    assert table.loc["pd_level", "regret"] < table.loc["nothing", "regret"]


def test_whoever_is_gone_is_chosen_by_nobody_who_knows(problem: AllocationProblem) -> None:
    truth = truth_at(problem, {"E1": np.nan, "E2": 0.001, "E5": 0.002})
    kept = clean_truth(truth, problem.case.terms)
    chosen = book_lines(problem, allocate(options_under(problem, true_outcome_of(problem, kept))))
    assert set(chosen["enterprise_id"]) == {"E2", "E5"}


def test_the_rule_gives_a_yuan_a_dollar_in_order_at_the_banks_in_turn(
    problem: AllocationProblem,
) -> None:
    rules = rule_books(problem)
    assert rules[RULE]["enterprise_id"].tolist() == ["E1", "E2", "E5"]
    assert rules[CUT]["enterprise_id"].tolist() == ["E5", "E1", "E2"]  # .001, .01, .03
    assert rules[RULE]["limit_cny"].tolist() == [1_000_000.0, 480_000.0, 400_000.0]
    in_turn = rule_lines(problem, np.zeros(len(PAIRS)), np.array([1.0, 0.0, 0.0, 0.0, 2.0]))
    # second in the order, E1 goes to the second of its two banks
    assert in_turn[["enterprise_id", "bank"]].to_numpy().tolist()[:2] == [
        ["E2", "south_bank"], ["E1", "south_bank"],
    ]  # fmt: skip
    base = rules[CUT_AT_BASE].set_index("enterprise_id")["annual_rate"]
    assert base.to_dict() == {"E5": 0.12, "E1": 0.13, "E2": 0.13}


def test_a_cut_to_a_volume_gives_the_last_line_in_part() -> None:
    rule = lines(enterprise_id=["E1", "E2", "E3"], limit_cny=[300.0, 300.0, 300.0])
    assert truncate_to_volume(rule, 450.0)["limit_cny"].tolist() == [300.0, 150.0]
    assert truncate_to_volume(rule, 600.0)["limit_cny"].tolist() == [300.0, 300.0]
    assert truncate_to_volume(rule, 0.0).empty
    assert truncate_to_volume(rule, 5_000.0)["limit_cny"].sum() == 900.0


def evaluated(**columns: list[object]) -> pd.DataFrame:
    shares = {"drawn_share": 0.5, "owed_share": 0.9, "lgd": 0.6, "loss_cny": 0.0}
    frame = lines(**columns)
    return frame.assign(**{name: share for name, share in shares.items() if name not in frame})


OURS = evaluated(
    enterprise_id=["E1", "E2"], limit_cny=[100.0, 300.0], profit_cny=[8.0, 16.0],
    expected_profit_cny=[10.0, 20.0], pd_12m=[0.01, 0.03],
)  # fmt: skip
THEIRS = evaluated(
    enterprise_id=["E2", "E3"], limit_cny=[200.0, 200.0], profit_cny=[10.0, 6.0],
    pd_12m=[0.02, 0.08],
)  # fmt: skip
BEST = evaluated(
    enterprise_id=["E1", "E4"], limit_cny=[50.0, 350.0], profit_cny=[6.0, 26.0],
    pd_12m=[0.01, 0.01],
)  # fmt: skip
BOOKS = {BOOK: OURS, CUT: THEIRS, CUT_AT_BASE: THEIRS, ORACLE: BEST}


def test_figures_are_sums_and_rates_of_the_lines() -> None:
    figures = summarise_books({BOOK: OURS}).iloc[0]
    assert figures[["lines", "limit_cny", "profit_cny"]].tolist() == [2, 400.0, 24.0]
    assert figures["bad_rate"] == pytest.approx(0.02)
    assert figures["bad_rate_by_limit"] == pytest.approx((1 + 9) / 400)
    assert figures["curse_cny"] == 6.0


def test_measures_compare_with_the_rule_and_the_oracle() -> None:
    measured = compute_measures(BOOKS)
    assert measured[LIFT] == pytest.approx(24 / 16 - 1)
    assert measured[REGRET] == pytest.approx(1 - 24 / 32)
    assert measured[CURSE] == pytest.approx(30 / 24 - 1)


def test_intervals_hold_the_value_are_repeatable_and_closed_where_all_are_alike() -> None:
    once, again = (bootstrap_intervals(BOOKS, draws=300, seed=3) for _ in range(2))
    pd.testing.assert_frame_equal(once, again)
    bad = once.set_index("measure").loc["bad_rate"]
    assert bad["low"] == pytest.approx(0.01) and bad["high"] == pytest.approx(0.03)
    alike = evaluated(
        enterprise_id=["E1", "E2", "E3"], limit_cny=[1.0] * 3, profit_cny=[2.0] * 3,
        expected_profit_cny=[3.0] * 3, pd_12m=[0.1] * 3,
    )  # fmt: skip
    same = bootstrap_intervals(dict.fromkeys(BOOKS, alike), draws=20, seed=1).set_index("measure")
    assert same.loc[CURSE, ["low", "value", "high"]].tolist() == pytest.approx([0.5] * 3)


def test_swap_sets_part_the_enterprises_of_two_books() -> None:
    sets = swap_sets(OURS, THEIRS).set_index("set")
    assert sets["enterprises"].to_dict() == {"both": 1, "ours only": 1, "theirs only": 1}
    assert sets.loc["both", ["limit_cny", "their_limit_cny"]].tolist() == [300.0, 200.0]
    assert sets.loc["theirs only", ["profit_cny", "their_profit_cny"]].tolist() == [0.0, 6.0]
    assert sets["bad_rate"].tolist() == pytest.approx([0.03, 0.01, 0.08])
    alone = swap_sets(OURS, OURS).set_index("set")
    assert alone.loc["ours only", "enterprises"] == 0


def test_what_happened_counts_defaults_and_looks_at_the_lines_in_force() -> None:
    outcomes = pd.DataFrame(
        {"enterprise_id": ["E1", "E2", "E3"], "defaulted": [False, True, True],
         "drawn_share": [0.2, np.nan, 0.9], "lost_cny": [0.0, 40.0, 7.0]}
    )  # fmt: skip
    row = observed_outcomes({BOOK: OURS}, outcomes).iloc[0]
    assert (row["defaults"], row["default_rate"], row["lines_seen"]) == (1, 0.5, 1)
    assert (row["seen_drawn_share"], row["true_drawn_share"], row["lost_cny"]) == (0.2, 0.5, 40.0)


def test_months_of_a_simulation_count_as_one_in_the_interval_over_simulations() -> None:
    measured = pd.DataFrame(
        {"measure": ["regret"] * 4, "seed": [1, 1, 2, 3], "value": [0.1, 0.3, 0.1, 0.3]}
    )
    row = average_over_simulations(measured).iloc[0]
    # .2, .1, .3: mean .2, standard deviation .1, t with two degrees of freedom 4.302653
    assert (row["simulations"], row["value"]) == (3, pytest.approx(0.2))
    assert row["high"] - row["value"] == pytest.approx(4.302653 * 0.1 / 3**0.5, rel=1e-6)
    assert np.isnan(average_over_simulations(measured[measured["seed"] == 1])["low"].iloc[0])


def test_a_stress_breaks_the_caps_that_held_before(banks: Banks) -> None:
    caps = [bank.loss_cap_cny for bank in banks.bank]
    ids, names = ["E1", "E2", "E3"], ["north_bank", "north_bank", "south_bank"]
    base = evaluated(
        enterprise_id=ids, bank=names, limit_cny=[1e6] * 3, profit_cny=[9.0] * 3,
        loss_cny=[0.5 * caps[0], 0.4 * caps[0], 1.5 * caps[1]], pd_12m=[0.1] * 3,
    )  # fmt: skip
    worse = base.assign(loss_cny=base["loss_cny"] * 1.2, profit_cny=-1.0)
    table = stress_loss_caps(base, worse, banks).set_index("bank")
    assert table["breaks"].to_dict() == {"north_bank": True, "south_bank": False}  # over before
    assert table.loc["north_bank", ["base_profit_cny", "profit_cny"]].tolist() == [18.0, -2.0]


def test_a_limit_is_too_high_by_what_the_stress_takes_off_it() -> None:
    losing = evaluated(
        enterprise_id=["E1", "E2", "E3", "E4"], limit_cny=[100.0] * 4,
        profit_cny=[-3.0, 16.0, 1.0, 1.0], pd_12m=[0.1] * 4,
    )  # fmt: skip
    # E1 from 300 to 60: our 100 is 40 too high; E2 from 80 to 0; E3 rises; E4 no oracle gave a line
    before = evaluated(enterprise_id=["E1", "E2", "E3"], limit_cny=[300.0, 80.0, 50.0])
    now = evaluated(enterprise_id=["E1", "E3"], limit_cny=[60.0, 70.0])
    assert excess_limits(losing, now, before) == {
        "too_high": 2, "too_high_cny": 40.0 + 80.0, "losing": 1, "losing_cny": 3.0,
    }  # fmt: skip


def test_a_churn_curve_cannot_be_read_back(problem: AllocationProblem) -> None:
    from riskmodel.limits.pricing import TakeUp

    curve = TakeUp(np.array([0.1]), np.array([[0.5]]))
    case = replace(problem.case, terms=replace(problem.case.terms, curve=curve))
    with pytest.raises(DataError, match="churn curve"):
        predicted_outcome_of(replace(problem, case=case))


def test_responses_are_held_against_the_true_slopes(problem: AllocationProblem) -> None:
    naive = Estimate("naive", "default", 100, 10, -1.0, 0.4)
    behaviour = LimitResponse(
        "strata",
        0.5,
        0.2,
        0.0,
        0.8,
        Centre(1.0, 0.0, 0.0, 0.0, 0.0),
        0.0,
        (naive,),
    )
    case = problem.case
    terms = replace(case.terms, behaviour=Behaviour(behaviour))
    usual = case.caps.set_index("enterprise_id")["programme_cny"]
    rows = [(who, share) for who in ("E1", "E2") for share in (0.5, 1.0)]
    slope = {"E1": 0.4, "E2": 0.8}
    odds = np.asarray([-4.0 + slope[who] * share for who, share in rows])
    truth = pd.DataFrame(
        {
            "enterprise_id": [who for who, _ in rows],
            "limit_cny": [usual[who] * share for who, share in rows],
            "pd_12m": 1 / (1 + np.exp(-odds)),
        }
    )
    known = replace(problem, case=replace(case, terms=terms))
    found = response_errors(known, truth).set_index("measure")["value"]
    assert found["true_slope"] == pytest.approx(0.6)
    assert found["fitted_rmse"] == pytest.approx((0.5 * (0.1**2 + 0.3**2)) ** 0.5)
    assert found["naive_rmse"] == pytest.approx((0.5 * (1.4**2 + 1.8**2)) ** 0.5)
    assert found["stated_slope"] == terms.policy.economics.pd_slope
    assert response_errors(problem, truth).empty
