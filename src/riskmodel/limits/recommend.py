"""The month's book: a decision, a limit and a rate for every enterprise and bank that signed."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmodel.errors import DataError, SettingsError
from riskmodel.limits.allocation import Allocation, allocate
from riskmodel.limits.allocation.options import Options
from riskmodel.limits.behaviour.fit import Behaviour
from riskmodel.limits.binding_constraints import Solution
from riskmodel.limits.book import (
    CARRIED,
    Book,
    Case,
    build_certificate,
    build_funnel,
    build_recommendations,
    by_bank,
)
from riskmodel.limits.caps import compute_caps
from riskmodel.limits.constraints import Constraints, build_constraints, refuse_closed_constraints
from riskmodel.limits.economics import (
    LineEconomics,
    Pairs,
    Terms,
    equal_steps,
    interpolate_caps,
    limit_levels,
    line_economics,
    next_level_above,
    profit_curves,
    round_levels,
)
from riskmodel.limits.eligibility import check_eligibility
from riskmodel.limits.policy import Banks, Policy
from riskmodel.limits.pricing import TakeUp, build_take_up

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
CURVE_STEPS = 10


@dataclass(frozen=True)
class AllocationProblem:
    """The month before it is decided: pairs, each level's economics, and constraints."""

    case: Case
    lines: LineEconomics
    rows: Constraints
    options: Options


def recommend(
    scored: pd.DataFrame,
    agreements: pd.DataFrame,
    policy: Policy,
    banks: Banks,
    *,
    grid: int,
    churn: pd.DataFrame | None = None,
    behaviour: Behaviour | None = None,
    last_prices: pd.DataFrame | None = None,
    left_out: Collection[str] = (),
    threads: int = 1,
) -> Book:
    """Recommend limits: eligibility, caps, economics and allocation for one as-of date.

    `scored` has one row an enterprise: enterprise_id, as_of, pd_12m, pd_low, pd_high, grade,
    and the features that the terms read, as far as the source has them. `agreements` holds the pairs in
    force: enterprise_id, bank. `grid` is the number of levels of a limit: the cap and round numbers
    below it, the same for all. `behaviour` is the behaviour of past lines. `last_prices` are the rows of
    last month's certificate, from which the search for prices starts. `left_out` are enterprises
    that have signed only with banks that are left out: their decline says so. `SettingsError` for a pair at
    a bank without a row, or a churn curve that the policy does not ask for or lacks; `DataError`
    for scores that are not one row an enterprise.
    """
    problem = build_problem(
        scored,
        agreements,
        Terms(policy, banks, take_up_curve(churn, policy), behaviour or Behaviour()),
        grid=grid,
        left_out=left_out,
    )
    warm_start = None if last_prices is None else problem.rows.prices(last_prices)
    return build_book(
        problem, allocate(problem.options, warm_start=warm_start, threads=threads), agreements
    )


def build_problem(
    scored: pd.DataFrame,
    agreements: pd.DataFrame,
    terms: Terms,
    *,
    grid: int,
    price_table: pd.DataFrame | None = None,
    left_out: Collection[str] = (),
) -> AllocationProblem:
    """Build the month's allocation problem: each level's profit and use, enterprises by id.

    `price_table` as in `build_constraints`, `left_out` and errors as in `recommend`."""
    _refuse_bad_scores(scored)
    _refuse_unknown_banks(agreements, terms.banks)
    refuse_closed_constraints(terms.banks, terms.policy.caps.min_limit_cny)
    # In one order, so that equal enterprises' ties fall alike however the rows came.
    scored = scored.sort_values("enterprise_id", ignore_index=True)
    case = Case(
        scored=scored,
        verdicts=check_eligibility(scored, terms.policy),
        caps=compute_caps(scored, terms.policy),
        may_lend=_may_lend(scored, agreements, terms.policy, terms.banks),
        left_out=scored["enterprise_id"].isin(list(left_out)).to_numpy(np.bool_),
        terms=terms,
    )
    pairs = case.pairs
    levels_cny = limit_levels(grid, terms.policy.caps)
    lines = line_economics(scored, case.caps, pairs, terms, round_levels(levels_cny))
    above = line_economics(scored, case.caps, pairs, terms, next_level_above(levels_cny))
    lines = interpolate_caps(lines, above)
    rows = build_constraints(scored, pairs, terms.banks, price_table=price_table)
    return AllocationProblem(case, lines, rows, _options(case, lines, rows))


def build_book(
    problem: AllocationProblem, allocation: Allocation, agreements: pd.DataFrame
) -> Book:
    """Build the book's frames from the problem and its allocation."""
    case = problem.case
    pairs = case.pairs
    of = Solution(pairs, problem.lines, problem.options, problem.rows, allocation)
    rows, proof = build_recommendations(case, of), build_certificate(of)
    known = case.scored["enterprise_id"]
    return Book(
        recommendations=rows,
        funnel=build_funnel(case),
        caps=case.caps,
        certificate=proof,
        curves=_curves(case, pairs),
        by_bank=by_bank(rows, proof, case.terms.banks),
        pairs_not_scored=int((~agreements["enterprise_id"].isin(known)).sum()),
    )


def take_up_curve(churn: pd.DataFrame | None, policy: Policy) -> TakeUp | None:
    """Return the take-up where the policy names a churn curve; a mismatch is a `SettingsError`."""
    if (churn is None) != (policy.pricing.churn_file == ""):
        given = "was not found" if churn is None else "is given, and the policy names none"
        raise SettingsError(
            f"pricing.churn_file: 1 churn curve {given}. "
            "Put the file into the source's _terms folder, or set churn_file to fit."
        )
    return None if churn is None else build_take_up(churn, policy)


def _refuse_bad_scores(scored: pd.DataFrame) -> None:
    absent = [name for name in CARRIED if name not in scored.columns]
    if absent:
        raise DataError(
            f"scored: {len(absent)} columns missing (first: {absent[0]}). Score them first."
        )
    twice = scored["enterprise_id"][scored["enterprise_id"].duplicated()]
    if len(twice):
        raise DataError(
            f"scored.enterprise_id: {len(twice)} of {len(scored)} rows repeat an id "
            f"(first: {twice.iloc[0]}). Give one row an enterprise."
        )
    known = scored["pd_12m"].dropna()
    outside = int((~known.between(0, 1)).sum())
    if outside:
        raise DataError(
            f"scored.pd_12m: {outside} of {len(scored)} rows outside 0 to 1. Give probabilities."
        )


def _refuse_unknown_banks(agreements: pd.DataFrame, banks: Banks) -> None:
    strange = agreements.loc[~agreements["bank"].isin(banks.names), "bank"]
    if len(strange):
        raise SettingsError(
            f"banks: {len(strange)} of {len(agreements)} agreements are with a bank that has no row "
            f"(first: {strange.iloc[0]}). Add a [[bank]] row to the banks' file."
        )


def _may_lend(
    scored: pd.DataFrame, agreements: pd.DataFrame, policy: Policy, banks: Banks
) -> Flags:
    """Enterprises x banks: who may lend to whom; all to all where no agreement is required."""
    may_lend = np.full((len(scored), len(banks.bank)), not policy.agreement.required)
    if policy.agreement.required:
        row = pd.Index(scored["enterprise_id"]).get_indexer(pd.Index(agreements["enterprise_id"]))
        column = pd.Index(banks.names).get_indexer(pd.Index(agreements["bank"]))
        may_lend[row[row >= 0], column[row >= 0]] = True
    return may_lend


def _options(case: Case, lines: LineEconomics, rows: Constraints) -> Options:
    """The levels that eligibility, the banks' PD cut and the floor leave open, under the rows."""
    pairs = case.pairs
    cut = np.asarray([bank.max_pd for bank in case.terms.banks.bank])[pairs.bank]
    eligible = case.verdicts["eligible"].to_numpy(np.bool_)[pairs.enterprise]
    allowed = (eligible & (case.pd_12m[pairs.enterprise] <= cut))[:, None] & lines.opens
    return Options(
        start=pairs.starts(len(case.scored)),
        limit_constraints=rows.limit_constraints,
        loss_constraints=rows.loss_constraints,
        value=np.where(allowed, lines.profit_cny, -np.inf),
        limit=np.where(allowed, lines.limit_cny, 0.0),
        loss=np.where(allowed, lines.loss_cny, 0.0),
        capacity=rows.table["capacity_cny"].to_numpy(np.float64),
    )


def _curves(case: Case, pairs: Pairs) -> pd.DataFrame:
    """Profit by the size of the line, over the pairs worth a picture: eligible, with PD and cap."""
    cap = case.caps["cap_cny"].to_numpy(np.float64)
    able = case.verdicts["eligible"].to_numpy(np.bool_) & np.isfinite(case.pd_12m) & (cap > 0)
    asked = able[pairs.enterprise]
    some = Pairs(pairs.enterprise[asked], pairs.bank[asked])
    lines = line_economics(case.scored, case.caps, some, case.terms, equal_steps(CURVE_STEPS))
    return profit_curves(lines, some, case.scored["grade"], case.terms.banks)
