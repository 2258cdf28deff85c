"""What decided each pair: the cap or row that binds an offer, or why there is none."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from riskmodel.limits.allocation import Allocation
from riskmodel.limits.economics import Prospects
from riskmodel.limits.options import Options

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Words = NDArray[np.object_]

ROWS = ("bank_budget", "bank_loss_cap")
"""The rows of each bank, in the order of the allocation's measures."""

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
            "Placed elsewhere by the programme's allocation this month",
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
    }
)
"""Why a pair without a failed rule is declined, in words."""


@dataclass(frozen=True)
class Pairs:
    """The pairs in question, by position, and what is known of each beforehand."""

    enterprise: Ints
    bank: Ints
    first_refusal: Words
    has_pd: Flags
    below_cut: Flags


def decided(pairs: Pairs, options: Options, lines: Prospects, allocation: Allocation) -> Words:
    """The code of what decides each pair, for those that are offered nothing.

    The first that holds: the first failed rule, then the codes of `DECLINES` in their order.
    """
    chosen = allocation.bank[pairs.enterprise]
    opens: Flags = np.any(lines.opens[pairs.enterprise, pairs.bank], axis=1)
    earns: Flags = np.any(_values(pairs, options) > 0, axis=1)
    tight = scarcest(pairs, options, allocation)
    tests: list[tuple[Flags, str | Words]] = [
        (pairs.first_refusal != "", pairs.first_refusal),
        (~pairs.has_pd, "pd_horizon"),
        (~pairs.below_cut, "pd_cut"),
        (~opens, "floor"),
        (~earns, "profit"),
        (chosen >= 0, "other_allocation"),
    ]
    words: Words = np.select(
        [holds for holds, _ in tests], [_spread(word, tight) for _, word in tests], tight
    )
    return words


def held(pairs: Pairs, options: Options, allocation: Allocation, cap_part: Words) -> Words:
    """What keeps each offered pair's limit from being larger.

    A bank's row where it is below the most profitable level, else "profit" below the cap, else
    the part of the cap that binds.
    """
    level = allocation.level[pairs.enterprise]
    best = _values(pairs, options).argmax(axis=1)
    limit = options.uses[0, pairs.enterprise, pairs.bank]
    everyone = np.arange(len(level))
    below_best = limit[everyone, level] < limit[everyone, best]
    below_cap = limit[everyone, level] < limit[:, -1]
    tight = scarcest(pairs, options, allocation)
    profit = _spread("profit", tight)
    words: Words = np.where(below_best, tight, np.where(below_cap, profit, cap_part))
    return words


def scarcest(pairs: Pairs, options: Options, allocation: Allocation) -> Words:
    """The bank's row that weighs most on each pair's best level: by its price, else by its room."""
    best = _values(pairs, options).argmax(axis=1)
    uses = options.uses[:, pairs.enterprise, pairs.bank, best]
    charge = allocation.prices[:, pairs.bank] * uses
    room = (options.capacity - allocation.used)[:, pairs.bank]
    crowding = uses / np.maximum(room, 1e-9)
    row = np.where(charge.sum(axis=0) > 0, charge.argmax(axis=0), crowding.argmax(axis=0))
    words: Words = np.asarray(ROWS, dtype=object)[row]
    return words


def _values(pairs: Pairs, options: Options) -> NDArray[np.float64]:
    """The values of each pair's allowed levels; minus infinity for the others."""
    allowed = options.allowed[pairs.enterprise, pairs.bank]
    values: NDArray[np.float64] = options.value[pairs.enterprise, pairs.bank]
    return np.where(allowed, values, -np.inf)


def _spread(word: str | Words, like: Words) -> Words:
    return word if isinstance(word, np.ndarray) else np.full(len(like), word, dtype=object)
