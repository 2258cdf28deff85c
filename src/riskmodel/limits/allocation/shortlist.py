"""The options that may be an enterprise's best one: a short list each, out of all."""

from dataclasses import dataclass

import numpy as np

from riskmodel.limits.allocation import kernels
from riskmodel.limits.allocation.blocks import BlockMap, run_all
from riskmodel.limits.allocation.options import Floats, Ints, Options

EVERY_OPTION = 1.0
"""A slack with which every open option is listed."""


@dataclass(frozen=True)
class Shortlist:
    """Options as a list an enterprise: enterprise i has the places `start[i]` to `start[i + 1]`.

    A place has its `pair` and `level` in the options, its value, limit and loss (CNY). `top` is
    each enterprise's largest value, 0 where it has no option. Constraints are the pairs'.
    """

    start: Ints
    pair: Ints
    level: Ints
    value: Floats
    limit: Floats
    loss: Floats
    top: Floats
    limit_constraints: Ints
    loss_constraints: Ints

    @property
    def enterprises(self) -> int:
        return len(self.top)

    def use_of(self, places: Ints, constraints: int) -> Floats:
        """Return the use of each constraint by these places, CNY."""
        use = np.zeros(constraints)
        for of_pairs, amount in (
            (self.limit_constraints, self.limit),
            (self.loss_constraints, self.loss),
        ):
            for row in of_pairs[self.pair[places]].T:
                counted = row >= 0
                use += np.bincount(row[counted], amount[places][counted], constraints)
        return use


@dataclass(frozen=True)
class ShortlistRule:
    """Rule of a shortlist: options that may be best while `prices` move by the share `slack`.

    An option uses no more than `max_use` of each constraint; at most `most` an enterprise are
    listed.
    """

    prices: Floats
    max_use: Floats
    slack: float = EVERY_OPTION
    most: int = np.iinfo(np.int64).max


def make_shortlist(options: Options, who: Ints, rule: ShortlistRule, over: BlockMap) -> Shortlist:
    """Make the shortlist of the enterprises `who`; options without value are left out."""
    whole = (
        options.start, options.limit_constraints, options.loss_constraints,
        options.value, options.limit, options.loss,
        rule.prices, rule.slack, rule.max_use, rule.most,
    )  # fmt: skip
    counts = np.zeros(len(who), dtype=np.int64)
    run_all(over(lambda a, b: kernels.count_shortlist(who, *whole, counts, a, b), len(who)))
    start = np.concatenate([[0], np.cumsum(counts)])
    pair, level = (np.empty(start[-1], dtype=np.int64) for _ in range(2))
    value, limit, loss = (np.empty(start[-1]) for _ in range(3))
    top = np.empty(len(who))
    lists = (start, pair, level, value, limit, loss, top)
    run_all(over(lambda a, b: kernels.write_shortlist(who, *whole, *lists, a, b), len(who)))
    return Shortlist(*lists, options.limit_constraints, options.loss_constraints)
