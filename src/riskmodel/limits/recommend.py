"""The month's book: a decision, a limit and a rate for every enterprise and bank that signed."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmodel.errors import DataError, SettingsError
from riskmodel.limits.allocation import Allocation, allocate
from riskmodel.limits.allocation.options import Options
from riskmodel.limits.behaviour.fit import Learnt
from riskmodel.limits.binding_constraints import Decided
from riskmodel.limits.book import (
    CARRIED,
    Book,
    Case,
    by_bank,
    certificate_of,
    rows_of,
    whole_funnel,
)
from riskmodel.limits.caps import capped
from riskmodel.limits.constraints import Rows, refuse_closed_rows, rows_for
from riskmodel.limits.economics import (
    Pairs,
    Prospects,
    Terms,
    equal_steps,
    next_rung,
    on_chords,
    profit_curves,
    prospects,
    round_levels,
    rungs,
)
from riskmodel.limits.eligibility import judged
from riskmodel.limits.policy import Banks, Policy
from riskmodel.limits.pricing import TakeUp, take_up

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
CURVE_STEPS = 10


@dataclass(frozen=True)
class Weighed:
    """The month before it is decided: the pairs with what each level of each would earn, and the
    rows that hold them."""

    case: Case
    lines: Prospects
    rows: Rows
    options: Options


def recommend(
    candidates: pd.DataFrame,
    signed: pd.DataFrame,
    policy: Policy,
    banks: Banks,
    *,
    grid: int,
    churn: pd.DataFrame | None = None,
    learnt: Learnt | None = None,
    last_prices: pd.DataFrame | None = None,
    left_out: Collection[str] = (),
    threads: int = 1,
) -> Book:
    """Eligibility, caps, economics and allocation for one as-of date.

    `candidates` has one row an enterprise: enterprise_id, as_of, pd_12m, pd_low, pd_high, grade,
    and the features that the terms read, as far as the source has them. `signed` holds the pairs in
    force: enterprise_id, bank. `grid` is the number of levels of a limit: the cap and round numbers
    below it, the same for all. `learnt` is what past lines teach. `last_prices` are the rows of
    last month's certificate, from which the search for prices starts. `left_out` are enterprises
    that have signed only with banks that are left out: their decline says so. `SettingsError` for a pair at
    a bank without a row, or a churn curve that the policy does not ask for or lacks; `DataError`
    for candidates that are not one row an enterprise.
    """
    weighed = weigh(
        candidates,
        signed,
        Terms(policy, banks, curve_of(churn, policy), learnt or Learnt()),
        grid=grid,
        left_out=left_out,
    )
    warm_start = None if last_prices is None else weighed.rows.prices(last_prices)
    return book_of(
        weighed, allocate(weighed.options, warm_start=warm_start, threads=threads), signed
    )


def weigh(
    candidates: pd.DataFrame,
    signed: pd.DataFrame,
    terms: Terms,
    *,
    grid: int,
    priced: pd.DataFrame | None = None,
    left_out: Collection[str] = (),
) -> Weighed:
    """What each level of each pair would earn and use; the candidates in the order of their ids.

    `priced` as in `concentration.rows_for`, `left_out` and errors as in `recommend`.
    """
    _refuse_bad_candidates(candidates)
    _refuse_unknown_banks(signed, terms.banks)
    refuse_closed_rows(terms.banks, terms.policy.caps.min_limit_cny)
    # In one order, so that equal enterprises' ties fall alike however the rows came.
    candidates = candidates.sort_values("enterprise_id", ignore_index=True)
    case = Case(
        candidates=candidates,
        verdicts=judged(candidates, terms.policy),
        caps=capped(candidates, terms.policy),
        paired=_paired(candidates, signed, terms.policy, terms.banks),
        left_out=candidates["enterprise_id"].isin(list(left_out)).to_numpy(np.bool_),
        terms=terms,
    )
    pairs = case.pairs
    ladder = rungs(grid, terms.policy.caps)
    lines = prospects(candidates, case.caps, pairs, terms, round_levels(ladder))
    above = prospects(candidates, case.caps, pairs, terms, next_rung(ladder))
    lines = on_chords(lines, above)
    rows = rows_for(candidates, pairs, terms.banks, priced=priced)
    return Weighed(case, lines, rows, _options(case, lines, rows))


def book_of(weighed: Weighed, allocation: Allocation, signed: pd.DataFrame) -> Book:
    """The book as frames, from what was weighed and what was chosen of it."""
    case = weighed.case
    pairs = case.pairs
    of = Decided(pairs, weighed.lines, weighed.options, weighed.rows, allocation)
    rows, proof = rows_of(case, of), certificate_of(of)
    known = case.candidates["enterprise_id"]
    return Book(
        recommendations=rows,
        funnel=whole_funnel(case),
        caps=case.caps,
        certificate=proof,
        curves=_curves(case, pairs),
        by_bank=by_bank(rows, proof, case.terms.banks),
        pairs_without_candidate=int((~signed["enterprise_id"].isin(known)).sum()),
    )


def curve_of(churn: pd.DataFrame | None, policy: Policy) -> TakeUp | None:
    """The churn curve where the policy asks for one; neither is ignored in silence."""
    if (churn is None) != (policy.pricing.churn_file == ""):
        given = "was not found" if churn is None else "is given, and the policy names none"
        raise SettingsError(
            f"pricing.churn_file: 1 churn curve {given}. "
            "Put the file into the source's _terms folder, or set churn_file to fit."
        )
    return None if churn is None else take_up(churn, policy)


def _refuse_bad_candidates(candidates: pd.DataFrame) -> None:
    absent = [name for name in CARRIED if name not in candidates.columns]
    if absent:
        raise DataError(
            f"candidates: {len(absent)} columns missing (first: {absent[0]}). Score them first."
        )
    twice = candidates["enterprise_id"][candidates["enterprise_id"].duplicated()]
    if len(twice):
        raise DataError(
            f"candidates.enterprise_id: {len(twice)} of {len(candidates)} rows repeat an id "
            f"(first: {twice.iloc[0]}). Give one row an enterprise."
        )
    known = candidates["pd_12m"].dropna()
    outside = int((~known.between(0, 1)).sum())
    if outside:
        raise DataError(
            f"candidates.pd_12m: {outside} of {len(candidates)} rows outside 0 to 1. "
            "Give probabilities."
        )


def _refuse_unknown_banks(signed: pd.DataFrame, banks: Banks) -> None:
    strange = signed.loc[~signed["bank"].isin(banks.names), "bank"]
    if len(strange):
        raise SettingsError(
            f"banks: {len(strange)} of {len(signed)} agreements are with a bank that has no row "
            f"(first: {strange.iloc[0]}). Add a [[bank]] row to the banks' file."
        )


def _paired(candidates: pd.DataFrame, signed: pd.DataFrame, policy: Policy, banks: Banks) -> Flags:
    """Enterprises x banks: who may lend to whom; all to all where no agreement is required."""
    paired = np.full((len(candidates), len(banks.bank)), not policy.agreement.required)
    if policy.agreement.required:
        row = pd.Index(candidates["enterprise_id"]).get_indexer(pd.Index(signed["enterprise_id"]))
        column = pd.Index(banks.names).get_indexer(pd.Index(signed["bank"]))
        paired[row[row >= 0], column[row >= 0]] = True
    return paired


def _options(case: Case, lines: Prospects, rows: Rows) -> Options:
    """The levels that eligibility, the banks' PD cut and the floor leave open, under the rows."""
    pairs = case.pairs
    cut = np.asarray([bank.max_pd for bank in case.terms.banks.bank])[pairs.bank]
    eligible = case.verdicts["eligible"].to_numpy(np.bool_)[pairs.enterprise]
    allowed = (eligible & (case.pd_12m[pairs.enterprise] <= cut))[:, None] & lines.opens
    return Options(
        start=pairs.starts(len(case.candidates)),
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
    lines = prospects(case.candidates, case.caps, some, case.terms, equal_steps(CURVE_STEPS))
    return profit_curves(lines, some, case.candidates["grade"], case.terms.banks)
