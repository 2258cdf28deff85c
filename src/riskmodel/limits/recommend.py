"""The month's book: a decision, a limit and a rate for every enterprise and bank that signed."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmodel.errors import DataError, SettingsError
from riskmodel.limits.allocation import allocated
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
from riskmodel.limits.economics import Prospects, Terms, profit_curves, prospects
from riskmodel.limits.eligibility import judged
from riskmodel.limits.options import Options
from riskmodel.limits.policy import Banks, Policy
from riskmodel.limits.price import TakeUp, take_up

Flags = NDArray[np.bool_]


def recommend(
    candidates: pd.DataFrame,
    signed: pd.DataFrame,
    policy: Policy,
    banks: Banks,
    *,
    grid: int,
    churn: pd.DataFrame | None = None,
) -> Book:
    """Eligibility, caps, economics and allocation for one as-of date.

    `candidates` has one row an enterprise: enterprise_id, as_of, pd_12m, pd_low, pd_high, grade,
    and the cards that the terms read, as far as the source has them. `signed` holds the pairs in
    force: enterprise_id, bank. `grid` is the number of steps of a cap. `SettingsError` for a pair
    at a bank without a row, or a churn curve that the policy does not ask for or lacks;
    `DataError` for candidates that are not one row an enterprise.
    """
    _refuse_bad_candidates(candidates)
    _refuse_unknown_banks(signed, banks)
    # In one order, so that equal enterprises' ties fall alike however the rows came.
    candidates = candidates.sort_values("enterprise_id", ignore_index=True)
    case = Case(
        candidates=candidates,
        verdicts=judged(candidates, policy),
        caps=capped(candidates, policy),
        paired=_paired(candidates, signed, policy, banks),
        terms=Terms(policy, banks, _curve(churn, policy)),
    )
    pd_12m = candidates["pd_12m"].to_numpy(np.float64)
    lines = prospects(pd_12m, case.caps["cap_cny"].to_numpy(), case.terms, steps=grid)
    options = _options(case, lines)
    allocation = allocated(options)
    rows = rows_of(case, lines, options, allocation)
    return Book(
        recommendations=rows,
        funnel=whole_funnel(case),
        caps=case.caps,
        certificate=certificate_of(allocation, options, banks),
        curves=profit_curves(lines, _asked(case, pd_12m), candidates["grade"], banks),
        by_bank=by_bank(rows, allocation, options, banks),
        pairs_without_candidate=int(
            (~signed["enterprise_id"].isin(candidates["enterprise_id"])).sum()
        ),
    )


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


def _curve(churn: pd.DataFrame | None, policy: Policy) -> TakeUp | None:
    """The churn curve where the policy asks for one; neither is ignored in silence."""
    if (churn is None) != (policy.price.churn_file == ""):
        given = "was not found" if churn is None else "is given, and the policy names none"
        raise SettingsError(
            f"price.churn_file: 1 churn curve {given}. "
            "Put the file into the source's _terms folder, or set churn_file to fit."
        )
    return None if churn is None else take_up(churn, policy)


def _paired(candidates: pd.DataFrame, signed: pd.DataFrame, policy: Policy, banks: Banks) -> Flags:
    """Enterprises x banks: who may lend to whom; all to all where no agreement is required."""
    paired = np.full((len(candidates), len(banks.bank)), not policy.agreement.required)
    if policy.agreement.required:
        row = pd.Index(candidates["enterprise_id"]).get_indexer(pd.Index(signed["enterprise_id"]))
        column = pd.Index(banks.names).get_indexer(pd.Index(signed["bank"]))
        paired[row[row >= 0], column[row >= 0]] = True
    return paired


def _options(case: Case, lines: Prospects) -> Options:
    """The levels that eligibility, agreement, the banks' PD cut and the floor leave open."""
    banks = case.terms.banks.bank
    pd_12m = case.candidates["pd_12m"].to_numpy(np.float64)
    below_cut = pd_12m[:, None] <= np.asarray([bank.largest_pd for bank in banks])
    eligible = case.verdicts["eligible"].to_numpy(np.bool_)
    return Options(
        value=lines.profit_cny,
        uses=np.stack([lines.limit_cny, lines.loss_cny]),
        allowed=(case.paired & below_cut & eligible[:, None])[:, :, None] & lines.opens,
        capacity=np.asarray(
            [[bank.budget_cny for bank in banks], [bank.loss_cap_cny for bank in banks]]
        ),
    )


def _asked(case: Case, pd_12m: NDArray[np.float64]) -> Flags:
    """The pairs whose profit is worth a picture: eligible, signed, with a PD and a cap."""
    capable = case.caps["cap_cny"].to_numpy() > 0
    able = case.verdicts["eligible"].to_numpy(np.bool_) & np.isfinite(pd_12m) & capable
    return np.asarray(case.paired & able[:, None])
