"""The book as frames: a row a pair, the funnel, the certificate, and a row a bank."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmodel.limits.binding_constraints import (
    DECLINES,
    Screening,
    Solution,
    decline_codes,
    offer_codes,
)
from riskmodel.limits.caps import PARTS
from riskmodel.limits.constraints import BUDGET, LOSS_CAP
from riskmodel.limits.economics import Pairs, Terms
from riskmodel.limits.eligibility import SEPARATOR, funnel
from riskmodel.limits.policy import AGREEMENT, LEFT_OUT, Banks
from riskmodel.limits.pricing import binding_rate_bounds
from riskmodel.statistics.outward_rounding import format_lower, format_upper

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
CARRIED = ("enterprise_id", "as_of", "pd_12m", "pd_low", "pd_high", "grade")
COLUMNS = (
    "enterprise_id", "bank", "as_of", "decision", "limit_cny", "annual_rate", "pd_12m", "pd_low",
    "pd_high", "grade", "pd_at_limit", "expected_loss_cny", "expected_profit_cny", "cap_cny",
    "binding_constraint", "to_next_cny", "rate_held_by", "refusals", "refusal_text_en",
    "refusal_text_zh",
)  # fmt: skip
TEXTS = (
    "bank", "decision", "binding_constraint", "rate_held_by", "refusals", "refusal_text_en",
    "refusal_text_zh",
)  # fmt: skip

LEFT_OUT_WORDS = (
    "All banks with which an agreement is in force are left out of this run",
    "已签协议的银行均未纳入本次测算",
)


@dataclass(frozen=True)
class Certificate:
    """Proof of how good the allocation is: no allocation is worth more than `bound`, in CNY.

    `value` is the sum of the offers' expected profit. `rows` has one row a constraint: bank ("" for all
    together), constraint, segment (a sector or destination, else ""), capacity_cny, used_cny, shadow_price
    (CNY of expected profit that one more CNY of capacity earns).
    """

    value: float
    bound: float
    gap: float
    max_violation: float
    rows: pd.DataFrame

    @property
    def gap_text(self) -> str:
        """The bound and the gap in words, rounded outward."""
        return (
            f"at most {format_upper(self.bound, ',.0f')} CNY by any allocation, so proven within"
            f" {format_upper(self.gap, '.3%')} of the best"
        )

    @property
    def text(self) -> str:
        """The whole proof in words."""
        return (
            f"Worth {format_lower(self.value, ',.0f')} CNY a year, {self.gap_text}. The largest amount"
            f" by which any of {len(self.rows):,} constraints is exceeded:"
            f" {format_upper(self.max_violation, ',.2f')} CNY."
        )


@dataclass(frozen=True)
class Book:
    """A month's recommendations and what stands behind them.

    `recommendations` has one row a pair, and one with bank "" for an enterprise without any;
    a cap between two round levels has the profit and loss that a straight line between these gives
    (`economics.interpolate_at_cap`). `to_next_cny` says how far an offer's limit is from the next larger thing that would hold it:
    the second part of the cap where the first binds, else the cap.
    `pairs_not_scored` counts signed pairs whose enterprise was not scored.
    """

    recommendations: pd.DataFrame
    funnel: pd.DataFrame
    caps: pd.DataFrame
    certificate: Certificate
    curves: pd.DataFrame
    by_bank: pd.DataFrame
    pairs_not_scored: int


@dataclass(frozen=True)
class Case:
    """Inputs of a month's decision, checked and capped.

    `may_lend` is enterprises x banks; `left_out` flags enterprises that have signed only with banks
    that are left out.
    """

    scored: pd.DataFrame
    verdicts: pd.DataFrame
    caps: pd.DataFrame
    may_lend: Flags
    left_out: Flags
    terms: Terms

    @property
    def pairs(self) -> Pairs:
        """The pairs that have signed."""
        return Pairs.of(self.may_lend)

    @property
    def pd_12m(self) -> Floats:
        """The enterprises' PDs at their usual limits."""
        return self.scored["pd_12m"].to_numpy(np.float64)


def build_recommendations(case: Case, of: Solution) -> pd.DataFrame:
    """One row a pair, and one for each enterprise without a pair, by enterprise and bank."""
    enterprise, bank = of.pairs.enterprise, of.pairs.bank
    policy, banks, is_offer = case.terms.policy, case.terms.banks, of.is_offer
    at = (np.arange(len(bank)), of.level)
    binding = offer_codes(of, _cap_part(case, of))
    rate_bound = np.full(len(bank), "", dtype=object)
    if case.terms.curve is None:
        rate_bound = binding_rate_bounds(case.pd_12m, policy, banks)[enterprise, bank]
    by_pair = _scored_columns(case, enterprise).assign(
        bank=np.asarray(banks.names, dtype=object)[bank],
        decision=np.where(is_offer, "offer", "decline"),
        limit_cny=np.where(is_offer, of.lines.limit_cny[at], 0.0),
        annual_rate=np.where(is_offer, of.lines.annual_rate[at], np.nan),
        pd_at_limit=np.where(is_offer, of.lines.pd_12m[at], np.nan),
        expected_loss_cny=np.where(is_offer, of.lines.loss_cny[at], 0.0),
        expected_profit_cny=np.where(is_offer, of.lines.profit_cny[at], 0.0),
        cap_cny=of.lines.cap_cny,
        binding_constraint=np.where(is_offer, binding, decline_codes(of, _screen(case, of.pairs))),
        to_next_cny=np.where(is_offer, _to_next(case, of, binding), np.nan),
        rate_held_by=np.where(is_offer, rate_bound, ""),
    )
    rows = pd.concat([_in_words(by_pair), _without_pair(case)], ignore_index=True)
    rows = rows.sort_values(["enterprise_id", "bank"], kind="stable", ignore_index=True)
    return rows[list(COLUMNS)].astype(dict.fromkeys(TEXTS, "str"))


BANK_MAXIMUM = "bank_maximum"


def _cap_part(case: Case, of: Solution) -> NDArray[np.object_]:
    """The part of the cap that binds each pair: the programme's, or the bank's own maximum."""
    programme = case.caps["cap_cny"].to_numpy()[of.pairs.enterprise]
    part = case.caps["binding"].to_numpy(object)[of.pairs.enterprise]
    return np.where(of.lines.cap_cny < programme, BANK_MAXIMUM, part).astype(object)


def _to_next(case: Case, of: Solution, binding: NDArray[np.object_]) -> Floats:
    """Distance of each offer from what would bind it next, in CNY."""
    largest = np.asarray([bank.max_limit_cny for bank in case.terms.banks.bank])
    parts = case.caps[list(PARTS)].to_numpy(np.float64)[of.pairs.enterprise]
    every = np.sort(np.column_stack([parts, largest[of.pairs.bank]]), axis=1)
    limit = of.lines.limit_cny[np.arange(len(of.level)), of.level]
    by_cap = np.isin(binding.astype(str), [*PARTS, BANK_MAXIMUM])
    return np.where(by_cap, every[:, 1] - every[:, 0], of.lines.cap_cny - limit)


def _screen(case: Case, pairs: Pairs) -> Screening:
    pd_12m = case.pd_12m[pairs.enterprise]
    cut = np.asarray([one.max_pd for one in case.terms.banks.bank])[pairs.bank]
    return Screening(
        first_refusal=_first(case.verdicts["refusals"]).to_numpy(object)[pairs.enterprise],
        has_pd=np.isfinite(pd_12m),
        within_max_pd=pd_12m <= cut,
    )


def _scored_columns(case: Case, enterprise: NDArray[np.int64]) -> pd.DataFrame:
    """The enterprises' own columns and the refusals, for these enterprises."""
    words = case.verdicts[["refusals", "refusal_text_en", "refusal_text_zh"]]
    both = pd.concat([case.scored[list(CARRIED)], words], axis=1)
    return both.iloc[enterprise].reset_index(drop=True)


def _in_words(rows: pd.DataFrame) -> pd.DataFrame:
    """Texts for declines that no rule explains: from the code of what decided."""
    plain = (rows["decision"] == "decline") & (rows["refusals"] == "")
    english = rows["binding_constraint"].map({code: text[0] for code, text in DECLINES.items()})
    chinese = rows["binding_constraint"].map({code: text[1] for code, text in DECLINES.items()})
    return rows.assign(
        refusal_text_en=rows["refusal_text_en"].where(~plain, english),
        refusal_text_zh=rows["refusal_text_zh"].where(~plain, chinese),
    )


def _without_pair(case: Case) -> pd.DataFrame:
    """Enterprises that no bank may lend to: declined, with the agreement among the refusals."""
    alone = np.flatnonzero(~case.may_lend.any(axis=1))
    rows = _scored_columns(case, alone)
    code, english, chinese = _reason_without_pair(case, alone)
    return rows.assign(
        bank="",
        decision="decline",
        limit_cny=0.0,
        annual_rate=np.nan,
        pd_at_limit=np.nan,
        expected_loss_cny=0.0,
        expected_profit_cny=0.0,
        cap_cny=case.caps["cap_cny"].to_numpy()[alone],
        to_next_cny=np.nan,
        rate_held_by="",
        refusals=_with(rows["refusals"], code),
        refusal_text_en=_with(rows["refusal_text_en"], english),
        refusal_text_zh=_with(rows["refusal_text_zh"], chinese),
        binding_constraint=_first(_with(rows["refusals"], code)),
    )


def _reason_without_pair(case: Case, alone: NDArray[np.int64]) -> list[pd.Series]:
    """Code and words in two languages: no agreement, or agreements only with banks left out."""
    agreement = case.terms.policy.agreement
    left_out = case.left_out[alone]
    words = zip((LEFT_OUT, *LEFT_OUT_WORDS), (AGREEMENT, agreement.en, agreement.zh), strict=True)
    return [pd.Series(np.where(left_out, there, none), dtype="str") for there, none in words]


def _with(words: pd.Series, last: pd.Series) -> pd.Series:
    return (words + SEPARATOR + last).where(words != "", last)


def _first(words: pd.Series) -> pd.Series:
    return words.astype("str").str.split(SEPARATOR, regex=False).str[0].astype("str")


def build_funnel(case: Case) -> pd.DataFrame:
    """The rules' funnel, with the agreement as its last step where it is required, and after it
    the banks left out, where an enterprise has signed with no other."""
    steps = funnel(case.scored, case.terms.policy)
    if not case.terms.policy.agreement.required:
        return steps
    without = ~case.may_lend.any(axis=1)
    eligible = case.verdicts["eligible"].to_numpy(np.bool_)
    others_failed = case.verdicts["refusals"].to_numpy(object)
    rules = [rule.name for rule in case.terms.policy.eligibility]
    alone = [int(((others_failed == rule) & ~without).sum()) for rule in rules]
    elsewhere = without & case.left_out
    last = [_step(AGREEMENT, without & ~elsewhere, eligible, eligible & (~without | elsewhere))]
    if elsewhere.any():
        last.append(_step(LEFT_OUT, elsewhere, eligible, eligible & ~without))
    return pd.concat([steps.assign(failed_alone=alone), pd.DataFrame(last)], ignore_index=True)


def _step(rule: str, failed: Flags, eligible: Flags, left: Flags) -> dict[str, str | int]:
    return {
        "rule": rule,
        "tested": len(eligible),
        "missing": 0,
        "failed": int(failed.sum()),
        "failed_alone": int((failed & eligible).sum()),
        "left": int(left.sum()),
    }


def build_certificate(of: Solution) -> Certificate:
    """The proof of the allocation, with what each row holds, uses and is worth."""
    allocation = of.allocation
    return Certificate(
        value=allocation.value,
        bound=allocation.bound,
        gap=allocation.gap,
        max_violation=allocation.max_violation,
        rows=of.rows.table.assign(used_cny=allocation.used, shadow_price=allocation.shadow_prices),
    )


def by_bank(rows: pd.DataFrame, proof: Certificate, banks: Banks) -> pd.DataFrame:
    """One row a bank: pairs, offers, sums against its rows, the limit-weighted rate, the prices."""
    offers = rows[rows["decision"] == "offer"]
    offers = offers.assign(interest=offers["annual_rate"] * offers["limit_cny"])
    summed = ["limit_cny", "expected_loss_cny", "expected_profit_cny", "interest"]
    sums = offers.groupby("bank")[summed].sum()
    sums = sums.reindex(list(banks.names), fill_value=0.0)
    own = {
        row: proof.rows[proof.rows["constraint"] == row].set_index("bank").loc[list(banks.names)]
        for row in (BUDGET, LOSS_CAP)
    }
    return pd.DataFrame(
        {
            "bank": banks.names,
            "pairs": rows["bank"].value_counts().reindex(banks.names, fill_value=0).to_numpy(),
            "offers": offers["bank"].value_counts().reindex(banks.names, fill_value=0).to_numpy(),
            "limit_cny": sums["limit_cny"].to_numpy(),
            "budget_cny": own[BUDGET]["capacity_cny"].to_numpy(),
            "expected_loss_cny": sums["expected_loss_cny"].to_numpy(),
            "loss_cap_cny": own[LOSS_CAP]["capacity_cny"].to_numpy(),
            "expected_profit_cny": sums["expected_profit_cny"].to_numpy(),
            "mean_rate": (
                sums["interest"] / sums["limit_cny"].where(sums["limit_cny"] > 0)
            ).to_numpy(),
            "shadow_price_of_budget": own[BUDGET]["shadow_price"].to_numpy(),
            "shadow_price_of_loss_cap": own[LOSS_CAP]["shadow_price"].to_numpy(),
        }
    )
