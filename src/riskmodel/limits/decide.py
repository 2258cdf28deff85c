"""One enterprise's decision by itself: its best pair and level at the month's shadow prices.

The prices carry what the others' claims on budgets, loss caps and shares are worth, so that "what
if this enterprise were otherwise" is answered without a new allocation.
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmodel.limits.book import Book
from riskmodel.limits.caps import compute_caps
from riskmodel.limits.constraints import NO_CONSTRAINT, build_constraints
from riskmodel.limits.economics import Pairs, Terms, line_economics, pds_within_appetite
from riskmodel.limits.recommend import AllocationProblem, build_problem

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class DecisionRule:
    """Rule of a month's decisions: agreements, terms, levels, and the certificate's shadow prices."""

    agreements: pd.DataFrame
    terms: Terms
    prices: pd.DataFrame
    grid: int

    @classmethod
    def of(
        cls, scored: pd.DataFrame, agreements: pd.DataFrame, terms: Terms, book: Book, grid: int
    ) -> Self:
        """The month of a book, with the ranks that a churn curve is read by held as they were."""
        cap = compute_caps(scored, terms.policy)["cap_cny"].to_numpy(np.float64)
        reference_pds = pds_within_appetite(scored["pd_12m"].to_numpy(np.float64), cap, terms)
        return cls(
            agreements, replace(terms, reference_pds=reference_pds), book.certificate.rows, grid
        )

    def decide(self, scored: pd.DataFrame) -> pd.DataFrame:
        """Decide each enterprise's best pair and level net of shadow prices, with nothing coupled.

        One row an enterprise, in the order given: enterprise_id, bank ("" none), limit_cny,
        annual_rate, pd_at_limit, expected_profit_cny, net_cny (after the shadow prices).
        """
        mine = self.agreements[self.agreements["enterprise_id"].isin(scored["enterprise_id"])]
        problem = build_problem(scored, mine, self.terms, grid=self.grid, price_table=self.prices)
        found = _best(problem, problem.rows.prices(self.prices))
        return found.set_index("enterprise_id").loc[scored["enterprise_id"]].reset_index()

    def profit(self, scored: pd.DataFrame, lines: pd.DataFrame) -> pd.Series:
        """Return given lines' yearly profit after shadow prices, at their agreed rates, CNY.

        `lines` (bank, limit_cny, annual_rate) is one an enterprise, in their order; bank "" earns 0.
        With a churn curve the rate is that of the curve, whatever was agreed.
        """
        named = lines["bank"].isin(self.terms.banks.names).to_numpy() & (
            lines["limit_cny"].to_numpy() > 0
        )
        profit = np.zeros(len(scored))
        if named.any():
            some = scored[named].reset_index(drop=True)
            profit[named] = self._net(some, lines[named].reset_index(drop=True))
        return pd.Series(profit, index=scored.index)

    def _net(self, some: pd.DataFrame, lines: pd.DataFrame) -> Floats:
        banks = self.terms.banks
        place = pd.Index(banks.names).get_indexer(pd.Index(lines["bank"])).astype(np.int64)
        pairs = Pairs(np.arange(len(some)), place)
        limit = lines["limit_cny"].to_numpy(np.float64)
        found = line_economics(
            some,
            compute_caps(some, self.terms.policy),
            pairs,
            self.terms,
            lambda _, __: limit[:, None],
        )
        gross = found.profit_cny[:, 0]
        if self.terms.curve is None:
            agreed = lines["annual_rate"].to_numpy(np.float64)
            gross = gross + found.earning_cny[:, 0] * (agreed - found.annual_rate[:, 0])
        rows = build_constraints(some, pairs, banks, price_table=self.prices)
        prices = rows.prices(self.prices)
        charged = _charge(prices, rows.limit_constraints) * limit
        net: Floats = (
            gross - charged - _charge(prices, rows.loss_constraints) * found.loss_cny[:, 0]
        )
        return net


def _best(problem: AllocationProblem, prices: Floats) -> pd.DataFrame:
    options, lines, pairs = problem.options, problem.lines, problem.case.pairs
    ids = problem.case.scored["enterprise_id"].to_numpy(object)
    net = (
        options.value
        - _charge(prices, options.limit_constraints)[:, None] * options.limit
        - _charge(prices, options.loss_constraints)[:, None] * options.loss
    )
    level = net.argmax(axis=1)
    everyone = np.arange(len(level))
    best = pd.DataFrame(
        {
            "enterprise_id": ids[pairs.enterprise],
            "bank": np.asarray(problem.case.terms.banks.names, dtype=object)[pairs.bank],
            "limit_cny": lines.limit_cny[everyone, level],
            "annual_rate": lines.annual_rate[everyone, level],
            "pd_at_limit": lines.pd_12m[everyone, level],
            "expected_profit_cny": lines.profit_cny[everyone, level],
            "net_cny": net[everyone, level],
        }
    )
    # As in the allocation, a line that earns nothing net of the prices is not given.
    best = best[(best["net_cny"] > 0) & (options.value[everyone, level] > 0)]
    first = best.sort_values(["net_cny"], ascending=False, kind="stable")
    whole = first.drop_duplicates("enterprise_id").set_index("enterprise_id").reindex(ids)
    nothing = {"bank": "", "limit_cny": 0.0, "expected_profit_cny": 0.0, "net_cny": 0.0}
    found: pd.DataFrame = whole.fillna(nothing).rename_axis("enterprise_id").reset_index()
    return found


def _charge(prices: Floats, rows: NDArray[np.int64]) -> Floats:
    """Cost of one yuan of each pair: the sum of its constraints' shadow prices."""
    charge: Floats = np.where(rows != NO_CONSTRAINT, np.append(prices, 0.0)[rows], 0.0).sum(axis=1)
    return charge
