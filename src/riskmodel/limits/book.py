"""The book as frames: a row a pair, the funnel, the certificate, and a row a bank."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmodel.limits.allocation import Allocation
from riskmodel.limits.binding import DECLINES, ROWS, Pairs, decided, held
from riskmodel.limits.economics import Prospects, Terms
from riskmodel.limits.eligibility import SEPARATOR, funnel
from riskmodel.limits.options import Options
from riskmodel.limits.policy import AGREEMENT, Banks

Flags = NDArray[np.bool_]
CARRIED = ("enterprise_id", "as_of", "pd_12m", "pd_low", "pd_high", "grade")
COLUMNS = (
    "enterprise_id", "bank", "as_of", "decision", "limit_cny", "annual_rate", "pd_12m", "pd_low",
    "pd_high", "grade", "pd_at_limit", "expected_loss_cny", "expected_profit_cny", "cap_cny",
    "binding_constraint", "refusals", "refusal_text_en", "refusal_text_zh",
)  # fmt: skip
TEXTS = (
    "bank", "decision", "binding_constraint", "refusals", "refusal_text_en", "refusal_text_zh"
)  # fmt: skip


@dataclass(frozen=True)
class Certificate:
    """Proof of how good the allocation is: no allocation is worth more than `bound`, in CNY.

    `rows` has one row a bank and row: bank, row, capacity_cny, used_cny, price (CNY of expected
    profit that one more yuan of capacity earns).
    """

    value: float
    bound: float
    gap: float
    largest_violation: float
    rows: pd.DataFrame


@dataclass(frozen=True)
class Book:
    """A month's recommendations and what stands behind them.

    `recommendations` has one row a pair, and one with bank "" for an enterprise without any.
    `pairs_without_candidate` counts signed pairs whose enterprise was not scored.
    """

    recommendations: pd.DataFrame
    funnel: pd.DataFrame
    caps: pd.DataFrame
    certificate: Certificate
    curves: pd.DataFrame
    by_bank: pd.DataFrame
    pairs_without_candidate: int


@dataclass(frozen=True)
class Case:
    """What is known before anything is decided; `paired` is enterprises x banks."""

    candidates: pd.DataFrame
    verdicts: pd.DataFrame
    caps: pd.DataFrame
    paired: Flags
    terms: Terms


def rows_of(case: Case, lines: Prospects, options: Options, allocation: Allocation) -> pd.DataFrame:
    """One row a pair, and one for each enterprise without a pair, by enterprise and bank."""
    enterprise, bank = np.nonzero(case.paired)
    pairs = _pairs(case, enterprise, bank)
    level = allocation.level[enterprise]
    offered = allocation.bank[enterprise] == bank
    at = (enterprise, bank, np.where(offered, level, 0))
    lender = lines.cap_cny[enterprise, bank] < case.caps["cap_cny"].to_numpy()[enterprise]
    part = np.where(lender, "bank_maximum", case.caps["binding"].to_numpy(object)[enterprise])
    signed = _carried(case, enterprise).assign(
        bank=np.asarray(case.terms.banks.names, dtype=object)[bank],
        decision=np.where(offered, "offer", "decline"),
        limit_cny=np.where(offered, lines.limit_cny[at], 0.0),
        annual_rate=np.where(offered, lines.annual_rate[at], np.nan),
        pd_at_limit=np.where(offered, lines.pd_12m[at], np.nan),
        expected_loss_cny=np.where(offered, lines.loss_cny[at], 0.0),
        expected_profit_cny=np.where(offered, lines.profit_cny[at], 0.0),
        cap_cny=lines.cap_cny[enterprise, bank],
        binding_constraint=np.where(
            offered,
            held(pairs, options, allocation, part),
            decided(pairs, options, lines, allocation),
        ),
    )
    rows = pd.concat([_in_words(signed), _unsigned(case)], ignore_index=True)
    rows = rows.sort_values(["enterprise_id", "bank"], kind="stable", ignore_index=True)
    return rows[list(COLUMNS)].astype(dict.fromkeys(TEXTS, "str"))


def _pairs(case: Case, enterprise: NDArray[np.int64], bank: NDArray[np.int64]) -> Pairs:
    pd_12m = case.candidates["pd_12m"].to_numpy(np.float64)[enterprise]
    cut = np.asarray([one.largest_pd for one in case.terms.banks.bank])[bank]
    return Pairs(
        enterprise=enterprise,
        bank=bank,
        first_refusal=_first(case.verdicts["refusals"]).to_numpy(object)[enterprise],
        has_pd=np.isfinite(pd_12m),
        below_cut=pd_12m <= cut,
    )


def _carried(case: Case, enterprise: NDArray[np.int64]) -> pd.DataFrame:
    """The candidates' own columns and the refusals, for these enterprises."""
    words = case.verdicts[["refusals", "refusal_text_en", "refusal_text_zh"]]
    both = pd.concat([case.candidates[list(CARRIED)], words], axis=1)
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


def _unsigned(case: Case) -> pd.DataFrame:
    """Enterprises that no bank may lend to: declined, with the agreement among the refusals."""
    alone = np.flatnonzero(~case.paired.any(axis=1))
    rows = _carried(case, alone)
    agreement = case.terms.policy.agreement
    return rows.assign(
        bank="",
        decision="decline",
        limit_cny=0.0,
        annual_rate=np.nan,
        pd_at_limit=np.nan,
        expected_loss_cny=0.0,
        expected_profit_cny=0.0,
        cap_cny=case.caps["cap_cny"].to_numpy()[alone],
        refusals=_with(rows["refusals"], AGREEMENT),
        refusal_text_en=_with(rows["refusal_text_en"], agreement.en),
        refusal_text_zh=_with(rows["refusal_text_zh"], agreement.zh),
        binding_constraint=_first(_with(rows["refusals"], AGREEMENT)),
    )


def _with(words: pd.Series, last: str) -> pd.Series:
    return (words + SEPARATOR + last).where(words != "", last)


def _first(words: pd.Series) -> pd.Series:
    return words.astype("str").str.split(SEPARATOR, regex=False).str[0].astype("str")


def whole_funnel(case: Case) -> pd.DataFrame:
    """The rules' funnel, with the agreement as its last step where it is required."""
    steps = funnel(case.candidates, case.terms.policy)
    if not case.terms.policy.agreement.required:
        return steps
    without = ~case.paired.any(axis=1)
    eligible = case.verdicts["eligible"].to_numpy(np.bool_)
    others_failed = case.verdicts["refusals"].to_numpy(object)
    rules = [rule.name for rule in case.terms.policy.eligibility]
    alone = [int(((others_failed == rule) & ~without).sum()) for rule in rules]
    last = {
        "rule": AGREEMENT,
        "tested": len(eligible),
        "missing": 0,
        "failed": int(without.sum()),
        "failed_alone": int((without & eligible).sum()),
        "left": int((~without & eligible).sum()),
    }
    return pd.concat([steps.assign(failed_alone=alone), pd.DataFrame([last])], ignore_index=True)


def certificate_of(allocation: Allocation, options: Options, banks: Banks) -> Certificate:
    count = len(banks.names)
    rows = pd.DataFrame(
        {
            "bank": np.tile(np.asarray(banks.names, dtype=object), len(ROWS)),
            "row": np.repeat(np.asarray(ROWS, dtype=object), count),
            "capacity_cny": options.capacity.reshape(-1),
            "used_cny": allocation.used.reshape(-1),
            "price": allocation.prices.reshape(-1),
        }
    )
    return Certificate(
        value=allocation.value,
        bound=allocation.bound,
        gap=allocation.gap,
        largest_violation=allocation.largest_violation,
        rows=rows,
    )


def by_bank(
    rows: pd.DataFrame, allocation: Allocation, options: Options, banks: Banks
) -> pd.DataFrame:
    """One row a bank: pairs, offers, sums against its rows, the limit-weighted rate, the prices."""
    offers = rows[rows["decision"] == "offer"]
    offers = offers.assign(interest=offers["annual_rate"] * offers["limit_cny"])
    sums = offers.groupby("bank")[["limit_cny", "expected_profit_cny", "interest"]].sum()
    sums = sums.reindex(list(banks.names), fill_value=0.0)
    return pd.DataFrame(
        {
            "bank": banks.names,
            "pairs": rows["bank"].value_counts().reindex(banks.names, fill_value=0).to_numpy(),
            "offers": offers["bank"].value_counts().reindex(banks.names, fill_value=0).to_numpy(),
            "limit_cny": sums["limit_cny"].to_numpy(),
            "budget_cny": options.capacity[0],
            "expected_loss_cny": allocation.used[1],
            "loss_cap_cny": options.capacity[1],
            "expected_profit_cny": sums["expected_profit_cny"].to_numpy(),
            "mean_rate": (
                sums["interest"] / sums["limit_cny"].where(sums["limit_cny"] > 0)
            ).to_numpy(),
            "price_of_budget": allocation.prices[0],
            "price_of_loss_cap": allocation.prices[1],
        }
    )
