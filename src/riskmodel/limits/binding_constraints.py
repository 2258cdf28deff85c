"""The binding constraint of each offer, and the reason of each decline."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from riskmodel.limits.allocation import Allocation
from riskmodel.limits.allocation.options import Options
from riskmodel.limits.constraints import NO_CONSTRAINT, Constraints
from riskmodel.limits.economics import LineEconomics, Pairs

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Words = NDArray[np.object_]

DECLINES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "pd_horizon": (
            "No twelve-month default probability can be stated for this enterprise",
            "无法给出该企业的十二个月违约概率",
        ),
        "pd_cut": (
            "The default probability is above the bank's limit of appetite",
            "违约概率高于该银行的准入上限",
        ),
        "floor": (
            "The cap is below the smallest line worth opening",
            "可用额度上限低于最低开户额度",
        ),
        "profit": (
            "At no size does the line earn its expected loss and costs",
            "任何额度下收益均不足以覆盖预期损失与成本",
        ),
        "other_allocation": (
            "Not placed at this bank by the programme's allocation this month",
            "本月项目分配未列入该银行",
        ),
        "bank_budget": (
            "The bank's budget was taken by lines of more expected profit",
            "该银行预算已分配给预期收益更高的额度",
        ),
        "bank_loss_cap": (
            "The bank's cap on expected loss was taken by lines of more expected profit",
            "该银行预期损失上限已被预期收益更高的额度占用",
        ),
        "sector_share": (
            "The bank's share for this sector was taken by lines of more expected profit",
            "该银行对该行业的额度上限已被预期收益更高的额度占用",
        ),
        "destination_share": (
            "The programme's share for this export destination was taken by lines of more expected"
            " profit",
            "本项目对该出口目的地的额度上限已被预期收益更高的额度占用",
        ),
    }
)
"""Reasons of declines without a failed rule: English, Chinese."""


@dataclass(frozen=True)
class Screening:
    """Each pair's first failed rule, and flags for a known PD and for one at or below the bank's `max_pd`."""

    first_refusal: Words
    has_pd: Flags
    within_max_pd: Flags


@dataclass(frozen=True)
class Solution:
    """The pairs with their levels, constraints and allocation; positions are of pairs."""

    pairs: Pairs
    lines: LineEconomics
    options: Options
    rows: Constraints
    allocation: Allocation

    @property
    def is_offer(self) -> Flags:
        """The pairs that are offered a line."""
        chosen = self.allocation.pair[self.pairs.enterprise]
        return np.asarray(chosen == np.arange(len(self.pairs.bank)))

    @property
    def level(self) -> Ints:
        """The level of each offered pair's line, 0 for the others."""
        chosen = self.allocation.level[self.pairs.enterprise]
        return np.where(self.is_offer, chosen, 0)


def decline_codes(of: Solution, known: Screening) -> Words:
    """Return the code of what decides each pair, for those that are offered nothing.

    The first that holds: the first failed rule, then the codes of `DECLINES` in their order.
    """
    elsewhere = of.allocation.pair[of.pairs.enterprise] >= 0
    opens: Flags = np.asarray(of.lines.opens.any(axis=1))
    earns: Flags = np.asarray((of.options.value > 0).any(axis=1))
    tight = scarcest_constraint(of)
    tests: list[tuple[Flags, str | Words]] = [
        (known.first_refusal != "", known.first_refusal),
        (~known.has_pd, "pd_horizon"),
        (~known.within_max_pd, "pd_cut"),
        (~opens, "floor"),
        (~earns, "profit"),
        (elsewhere, "other_allocation"),
    ]
    words: Words = np.select(
        [holds for holds, _ in tests], [_broadcast(word, tight) for _, word in tests], tight
    )
    return words


def offer_codes(of: Solution, cap_part: Words) -> Words:
    """Return the code of what keeps each offered pair's limit from being larger.

    A constraint where it is below the most profitable level, else "profit" below the cap, else the
    part of the cap that binds."""
    everyone = np.arange(len(of.pairs.bank))
    limit = of.lines.limit_cny
    chosen, best = of.level, of.options.value.argmax(axis=1)
    below_best = limit[everyone, chosen] < limit[everyone, best]
    below_cap = limit[everyone, chosen] < limit[:, -1]
    tight = scarcest_constraint(of)
    words: Words = np.where(
        below_best, tight, np.where(below_cap, _broadcast("profit", tight), cap_part)
    )
    return words


def scarcest_constraint(of: Solution) -> Words:
    """Return the constraint that weighs most on each pair's best level: by its price, else by its
    room."""
    everyone = np.arange(len(of.pairs.bank))
    best = of.options.value.argmax(axis=1)
    row = np.column_stack([of.rows.limit_constraints, of.rows.loss_constraints])
    there = row != NO_CONSTRAINT
    use = np.column_stack(
        [
            *[of.options.limit[everyone, best]] * of.rows.limit_constraints.shape[1],
            *[of.options.loss[everyone, best]] * of.rows.loss_constraints.shape[1],
        ]
    )
    charge = np.where(there, of.allocation.shadow_prices[row] * use, 0.0)
    room = (of.options.capacity - of.allocation.used)[row]
    crowding = np.where(there, use / np.maximum(room, 1e-9), 0.0)
    column = np.where(charge.sum(axis=1) > 0, charge.argmax(axis=1), crowding.argmax(axis=1))
    words: Words = of.rows.table["constraint"].to_numpy(object)[row[everyone, column]]
    return words


def _broadcast(word: str | Words, like: Words) -> Words:
    return word if isinstance(word, np.ndarray) else np.full(len(like), word, dtype=object)
