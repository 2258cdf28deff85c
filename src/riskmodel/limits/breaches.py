"""Check a book against the terms once more before it leaves: every constraint anew, from the rows.

Defence in depth: nothing here is taken from the allocation or from what it wrote beside the rows.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from riskmodel.limits.caps import compute_caps
from riskmodel.limits.constraints import NOT_KNOWN
from riskmodel.limits.economics import (
    Pairs,
    Terms,
    interpolate_caps,
    limit_levels,
    line_economics,
    next_level_above,
    round_levels,
)
from riskmodel.limits.eligibility import check_eligibility
from riskmodel.limits.policy import CONSTRAINT_FEATURES, DESTINATION, SECTOR, Bank
from riskmodel.limits.pricing import rate_band

CENT = 0.01
"""CNY by which a sum may differ: sums of some 100,000 amounts in another order differ by less."""
CLOSE = 1e-9
"""Share by which a PD, a rate or a loss may differ when it is worked out on other rows."""


def find_breaches(
    rows: pd.DataFrame, scored: pd.DataFrame, agreements: pd.DataFrame, terms: Terms, *, grid: int
) -> list[str]:
    """Find what the terms do not allow in the recommendations, in words with counts.

    `rows` are a book's recommendations; `scored`, `agreements`, `grid` as in `recommend`.
    """
    offers = rows[rows["decision"] == "offer"].reset_index(drop=True)
    silent = rows[rows["decision"] != "offer"]
    whose = pd.Index(scored["enterprise_id"]).get_indexer(pd.Index(offers["enterprise_id"]))
    of_bank = offers["bank"].map({bank.name: bank for bank in terms.banks.bank})
    amounts = offers[["limit_cny", "expected_loss_cny", "annual_rate", "pd_12m"]].to_numpy(float)
    counted = {
        "declines with a limit": int((silent["limit_cny"] != 0).sum()),
        "offers by a bank that has no terms": int(of_bank.isna().sum()),
        "offers to an enterprise that was not scored": int((whose < 0).sum()),
        "offers without a limit, rate, loss or PD": int((~np.isfinite(amounts)).any(axis=1).sum()),
    }
    if found := _in_words(counted):
        return found
    silent_features = [
        feature for feature in CONSTRAINT_FEATURES if scored.get(feature, EMPTY).isna().all()
    ]
    known = scored.drop(columns=silent_features, errors="ignore")
    others = known.iloc[whose].reset_index(drop=True)
    found = _in_words(_of_offers(offers, others, agreements, list(of_bank), terms))
    return found + _of_levels(offers, others, terms, grid) + _of_sums(offers, others, terms)


EMPTY = pd.Series(dtype="float64")


def _in_words(counted: Mapping[str, int]) -> list[str]:
    return [f"{count:,} {what}" for what, count in counted.items() if count]


def _of_offers(
    offers: pd.DataFrame,
    others: pd.DataFrame,
    agreements: pd.DataFrame,
    of_bank: list[Bank],
    terms: Terms,
) -> dict[str, int]:
    """Offers that break a term by themselves; `others` are their enterprises, row by row."""
    policy, limit = terms.policy, offers["limit_cny"]
    pairs = pd.MultiIndex.from_frame(offers[["enterprise_id", "bank"]])
    in_force = pairs.isin(pd.MultiIndex.from_frame(agreements[["enterprise_id", "bank"]]))
    own_pd = others["pd_12m"].to_numpy(np.float64)
    low, high = np.asarray([rate_band(bank, policy) for bank in of_bank]).reshape(-1, 2).T
    rate = offers["annual_rate"].to_numpy(np.float64)
    largest = np.asarray([bank.max_limit_cny for bank in of_bank], dtype=np.float64)
    riskiest = np.asarray([bank.max_pd for bank in of_bank], dtype=np.float64)
    return {
        "enterprises with more than one offer": int(
            offers.loc[offers["enterprise_id"].duplicated(), "enterprise_id"].nunique()
        ),
        "offers without an agreement in force": int(
            policy.agreement.required and (~in_force).sum()
        ),
        "offers to an enterprise that is not eligible": int(
            (~check_eligibility(others, policy)["eligible"]).sum()
        ),
        "offers with another PD than the model's": int(
            (~np.isclose(offers["pd_12m"], own_pd, rtol=CLOSE, atol=0)).sum()
        ),
        "offers above the bank's largest PD": int((~(own_pd <= riskiest)).sum()),
        "limits above the enterprise's cap": int(
            (limit > compute_caps(others, policy)["cap_cny"] + CENT).sum()
        ),
        "limits above the programme's ceiling": int((limit > policy.caps.max_limit_cny).sum()),
        "limits above the bank's largest": int((limit > largest).sum()),
        "limits below the smallest line": int((limit < policy.caps.min_limit_cny).sum()),
        "rates outside the bank's band": int(((rate < low - CLOSE) | (rate > high + CLOSE)).sum()),
    }


def _of_levels(offers: pd.DataFrame, others: pd.DataFrame, terms: Terms, grid: int) -> list[str]:
    """Limits that are no level of their pair, and losses that are not those of their level."""
    if offers.empty:
        return []
    bank = pd.Index(terms.banks.names).get_indexer(pd.Index(offers["bank"])).astype(np.int64)
    pairs, levels_cny = Pairs(np.arange(len(offers)), bank), limit_levels(grid, terms.policy.caps)
    caps = compute_caps(others, terms.policy)
    lines = line_economics(others, caps, pairs, terms, round_levels(levels_cny))
    lines = interpolate_caps(
        lines, line_economics(others, caps, pairs, terms, next_level_above(levels_cny))
    )
    same = np.abs(lines.limit_cny - offers["limit_cny"].to_numpy()[:, None]) <= CENT
    known = same.any(axis=1)
    loss = lines.loss_cny[np.arange(len(offers)), same.argmax(axis=1)]
    alike = np.isclose(offers["expected_loss_cny"], loss, rtol=CLOSE, atol=CENT)
    return _in_words(
        {
            "limits at no level of the terms": int((~known).sum()),
            "expected losses that are not those of the limit": int((known & ~alike).sum()),
        }
    )


def _of_sums(offers: pd.DataFrame, others: pd.DataFrame, terms: Terms) -> list[str]:
    """Budgets, loss caps, sectors and destinations that the offers together exceed."""
    banks = terms.banks
    found: list[tuple[str, float, float]] = []
    for bank in banks.bank:
        mine = offers["bank"] == bank.name
        limit = float(offers.loc[mine, "limit_cny"].sum())
        loss = float(offers.loc[mine, "expected_loss_cny"].sum())
        found.append((f"{bank.name}: budget", limit, bank.budget_cny))
        found.append((f"{bank.name}: loss cap", loss, bank.loss_cap_cny))
        for sector, sum_cny in _by(offers[mine], others[mine], SECTOR).items():
            capacity = bank.sector_cap_cny(str(sector))
            found.append((f"{bank.name}: sector {sector}", sum_cny, capacity))
    for place, sum_cny in _by(offers, others, DESTINATION).items():
        found.append((f"destination {place}", sum_cny, banks.destination_cap_cny(str(place))))
    return [
        f"{where} exceeded by {sum_cny - capacity:,.2f} CNY"
        for where, sum_cny, capacity in found
        if sum_cny > capacity + CENT
    ]


def _by(offers: pd.DataFrame, others: pd.DataFrame, feature: str) -> "pd.Series[float]":
    """The offers' limits by the word of a feature; none where the source does not know it."""
    if feature not in others.columns:
        return pd.Series(dtype="float64")
    words = others[feature].astype("object").where(others[feature].notna(), NOT_KNOWN).astype("str")
    summed: pd.Series[float] = offers["limit_cny"].groupby(words.to_numpy()).sum()
    return summed
