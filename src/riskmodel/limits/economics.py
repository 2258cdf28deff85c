"""Expected profit and loss of a line, by pair of enterprise and bank and by level of the limit."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmodel.limits.behaviour.fit import Behaviour
from riskmodel.limits.capital import risk_weight
from riskmodel.limits.feature_values import feature_values
from riskmodel.limits.policy import Banks, Caps, Policy
from riskmodel.limits.pricing import TakeUp, rates_in_band, risk_based_rates, segment_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

PREFERRED = (1.0, 1.25, 1.6, 2.0, 2.5, 3.15, 4.0, 5.0, 6.3, 8.0)
"""The preferred numbers R10 (ISO 3): a round step of about a quarter."""


LARGEST_SHARE = 2.0
"""Of the programme's own limit: no past line tells of a larger one (`limit_response.SHARES`)."""


@dataclass(frozen=True)
class Terms:
    """Terms of lending: policy, banks, the take-up curve (None: every offer is taken) and
    behaviour.

    `reference_pds` are the sorted PDs among which a curve's segments are found; None: those of the
    enterprises at hand.
    """

    policy: Policy
    banks: Banks
    curve: TakeUp | None = None
    behaviour: Behaviour = field(default_factory=Behaviour)
    reference_pds: Floats | None = None


@dataclass(frozen=True)
class Pairs:
    """Pairs that may deal: positions of enterprise and bank, by enterprise, then bank."""

    enterprise: Ints
    bank: Ints

    @classmethod
    def of(cls, may_lend: Flags) -> "Pairs":
        """From enterprises x banks."""
        enterprise, bank = np.nonzero(may_lend)
        return cls(enterprise, bank)

    def starts(self, enterprises: int) -> Ints:
        """Return the position of each enterprise's first pair, and the end."""
        return np.searchsorted(self.enterprise, np.arange(enterprises + 1))


@dataclass(frozen=True)
class LineEconomics:
    """Arrays of pairs x levels; `cap_cny` is one a pair.

    `pd_12m` is the PD at that limit; `earning_cny` the expected balance that bears interest;
    `loss_cny` the expected loss if the offer is taken; `profit_cny` the expected yearly profit,
    with the chance that it is taken; `opens` whether the level reaches the floor.
    """

    cap_cny: Floats
    limit_cny: Floats
    pd_12m: Floats
    annual_rate: Floats
    earning_cny: Floats
    loss_cny: Floats
    profit_cny: Floats
    opens: Flags


Grid = Callable[[Floats, float], Floats]
"""From the pairs' caps and the step of rounding to limits, pairs x levels, ascending."""


def line_economics(
    scored: pd.DataFrame, caps: pd.DataFrame, pairs: Pairs, terms: Terms, grid: Grid
) -> LineEconomics:
    """Compute expected profit and loss over the grid, at the best rate of each level.

    `scored` has `pd_12m` (at the usual limit; missing: nothing can be earned) and the features
    that `terms.behaviour` reads; `caps` are those of `caps.compute_caps`: `cap_cny` (0 where there is no
    cap) and `programme_cny`, of which past limits were shares.
    """
    policy = terms.policy
    cap_cny = caps["cap_cny"].to_numpy(np.float64)
    usual = caps["programme_cny"].to_numpy(np.float64)
    pd_12m = scored["pd_12m"].to_numpy(np.float64)
    bank_cap = _bank_caps(cap_cny, pairs, terms)
    limit = grid(bank_cap, policy.caps.rounding_cny)
    usual = usual[pairs.enterprise, None]
    share = np.where(usual > 0, limit / np.where(usual > 0, usual, 1.0), 0.0)
    share = np.minimum(share, LARGEST_SHARE)
    moved = terms.behaviour.shift(scored, pairs.enterprise, share, policy.economics)
    default = shift_pd(pd_12m[pairs.enterprise, None], moved)
    drawn, owed = terms.behaviour.expected_utilisation(
        scored, pairs.enterprise, limit, policy.economics
    )
    loss = policy.economics.lgd * owed * default * limit
    earning = drawn * limit * (1 - default)
    costs = _costs(_Line(pairs, limit, default, earning, owed), scored, terms) + loss
    reference_pds = (
        pds_within_appetite(pd_12m, cap_cny, terms)
        if terms.reference_pds is None
        else terms.reference_pds
    )
    rate, profit = _best_rates(_RateInputs(pd_12m, reference_pds, pairs), earning, costs, terms)
    return LineEconomics(
        cap_cny=bank_cap,
        limit_cny=limit,
        pd_12m=default,
        annual_rate=rate,
        earning_cny=earning,
        loss_cny=loss,
        profit_cny=profit,
        opens=limit >= policy.caps.min_limit_cny,
    )


PD_CLIP = 1e-9
"""PDs are held this far from 0 and 1 before their log-odds are taken or moved."""


def pds_within_appetite(pd_12m: Floats, cap_cny: Floats, terms: Terms) -> Floats:
    """Return the sorted PDs of the enterprises that some bank would serve."""
    largest = max(bank.max_pd for bank in terms.banks.bank)
    return np.sort(pd_12m[(pd_12m <= largest) & (cap_cny > 0)])


def shift_pd(pd_12m: Floats, move: Floats) -> Floats:
    """Shift PDs by a move of their log-odds.

    >>> shift_pd(np.array([0.02]), np.array([0.5])).round(4).tolist()
    [0.0326]
    """
    inside = np.clip(pd_12m, PD_CLIP, 1 - PD_CLIP)
    odds = inside / (1 - inside) * np.exp(move)
    moved: Floats = odds / (1 + odds)
    return moved


def limit_levels(levels: int, caps: Caps) -> Floats:
    """Return the round limits that are the same for all enterprises, ascending.

    They are the smallest limit, preferred numbers and the largest, about as many as `levels`,
    evenly spread by ratio.

    >>> caps = Caps.model_construct(rounding_cny=1e4, min_limit_cny=5e4, max_limit_cny=1e6)
    >>> limit_levels(5, caps).tolist()
    [50000.0, 100000.0, 200000.0, 500000.0, 1000000.0]
    """
    step, floor = caps.rounding_cny, caps.min_limit_cny
    decades = 10.0 ** np.arange(0, 13)
    every = np.floor(np.outer(decades, PREFERRED).reshape(-1) / step + 1e-9) * step
    between = every[(every > floor) & (every < caps.max_limit_cny)]
    levels_cny = np.unique(np.concatenate([[floor], between, [caps.max_limit_cny]]))
    kept = np.round(np.linspace(0, len(levels_cny) - 1, max(min(levels, len(levels_cny)), 2)))
    chosen: Floats = levels_cny[kept.astype(np.int64)]
    return chosen


def round_levels(levels_cny: Floats) -> Grid:
    """The cap as the last level, and before it the common levels below it; 0 where there is none."""

    def grid(cap_cny: Floats, _: float) -> Floats:
        below = np.searchsorted(levels_cny, cap_cny, side="left")[:, None]
        places = below - np.arange(len(levels_cny) - 1, 0, -1)
        before = np.where(places >= 0, levels_cny[np.maximum(places, 0)], 0.0)
        return np.column_stack([before, cap_cny])

    return grid


def next_level_above(levels_cny: Floats) -> Grid:
    """The first level that is not below the cap, as the only level."""

    def grid(cap_cny: Floats, _: float) -> Floats:
        above = np.searchsorted(levels_cny, cap_cny, side="left")
        found: Floats = levels_cny[np.minimum(above, len(levels_cny) - 1)][:, None]
        return found

    return grid


def interpolate_at_cap(of: Floats, above: Floats, limit_cny: Floats, next_cny: Floats) -> Floats:
    """`of` (pairs x levels) with its last level, the cap, on the chord between its neighbours: the
    level before it and the one not below it, whose value is `above` (one a pair).

    So between two levels a line is worth what a straight line says, at any shadow prices: a cap
    that rises inside the gap never makes a smaller line the better one, which a kink at each
    enterprise's own cap would. For a profit that bends down (and a loss that bends up) the chord
    errs on the cautious side.
    """
    if of.shape[1] < 2:
        return of
    before, cap = limit_cny[:, -2], limit_cny[:, -1]
    gap = next_cny - before
    inside = (before > 0) & (gap > 0) & (cap < next_cny)
    part = np.where(inside, (cap - before) / np.where(gap > 0, gap, 1.0), 1.0)
    last = np.where(inside, of[:, -2] + part * (above - of[:, -2]), of[:, -1])
    return np.column_stack([of[:, :-1], last])


def interpolate_caps(lines: LineEconomics, above: LineEconomics) -> LineEconomics:
    """The levels with the cap's profit and loss on the chord; `above` holds each pair's next level."""
    beside = (lines.limit_cny, above.limit_cny[:, 0])
    return replace(
        lines,
        profit_cny=interpolate_at_cap(lines.profit_cny, above.profit_cny[:, 0], *beside),
        loss_cny=interpolate_at_cap(lines.loss_cny, above.loss_cny[:, 0], *beside),
    )


def equal_steps(levels: int) -> Grid:
    """Equal steps of the cap, rounded down."""

    def grid(cap_cny: Floats, step: float) -> Floats:
        level = np.arange(1, levels + 1) / levels
        # The nudge keeps a step that is whole, but for floating point, from falling to the one below.
        rounded: Floats = np.floor(cap_cny[:, None] * level / step + 1e-9) * step
        return rounded

    return grid


def profit_curves(
    lines: LineEconomics, pairs: Pairs, grade: pd.Series, banks: Banks
) -> pd.DataFrame:
    """Average expected profit, loss and PD by bank, grade and level, over the pairs.

    `lines` are over equal steps of the cap. Columns: bank, grade, level (share of the cap), pairs,
    expected_profit_cny, expected_loss_cny, pd_12m.
    """
    steps = lines.limit_cny.shape[1]
    level = np.arange(1, steps + 1) / steps
    bank = np.asarray(banks.names, dtype=object)[pairs.bank]
    long = pd.DataFrame(
        {
            "bank": np.repeat(bank, steps),
            "grade": np.repeat(grade.to_numpy(dtype=object)[pairs.enterprise], steps),
            "level": np.tile(level, len(bank)),
            "expected_profit_cny": lines.profit_cny.reshape(-1),
            "expected_loss_cny": lines.loss_cny.reshape(-1),
            "pd_12m": lines.pd_12m.reshape(-1),
        }
    )
    by = long.groupby(["bank", "grade", "level"], sort=True)
    means = by.mean()
    means.insert(0, "pairs", by.size())
    return means.reset_index()


def _bank_caps(cap_cny: Floats, pairs: Pairs, terms: Terms) -> Floats:
    """The cap of each pair: the programme's, or the bank's own where that is less; rounded down."""
    step = terms.policy.caps.rounding_cny
    largest = np.asarray([bank.max_limit_cny for bank in terms.banks.bank])
    least = np.minimum(cap_cny[pairs.enterprise], largest[pairs.bank])
    rounded: Floats = np.floor(least / step) * step
    return rounded


@dataclass(frozen=True)
class _Line:
    """The pairs with what costs hang on: pairs x levels, `owed` a share of the limit at default."""

    pairs: Pairs
    limit: Floats
    default: Floats
    earning: Floats
    owed: Floats


def _costs(line: _Line, scored: pd.DataFrame, terms: Terms) -> Floats:
    """Funding, capital, opening and subsidy: what is paid whatever the rate; pairs x levels.

    Defaulted lines earn nothing; what their funding costs lies inside the LGD.
    """
    economics, policy = terms.policy.economics, terms.policy
    of = line.pairs.bank
    funding = np.asarray([bank.funding_rate for bank in terms.banks.bank])[of, None]
    capital_cost = np.asarray([bank.capital_cost for bank in terms.banks.bank])[of, None]
    weighted = risk_weight(line.default, policy.capital) * line.owed * line.limit
    through = feature_values(scored, policy.caps.platform_feature).fillna(0.0).clip(lower=0.0)
    subsidy = economics.subsidy_cny_per_usd * through.to_numpy()[line.pairs.enterprise, None]
    costs: Floats = (
        funding * line.earning
        + capital_cost * economics.capital_ratio * weighted
        + economics.opening_cost_cny
        + subsidy
    )
    return costs


@dataclass(frozen=True)
class _RateInputs:
    """The enterprises' PDs, the sorted ones of those that are served, and the pairs."""

    pd_12m: Floats
    reference_pds: Floats
    pairs: Pairs


def _best_rates(
    given: _RateInputs, earning: Floats, costs: Floats, terms: Terms
) -> tuple[Floats, Floats]:
    """The rate and the expected profit, which is earning x rate - costs if the offer is taken."""
    pairs = given.pairs
    if terms.curve is None:
        offered = risk_based_rates(given.pd_12m, terms.policy, terms.banks)
        rate = offered[pairs.enterprise, pairs.bank][:, None]
        return np.broadcast_to(rate, earning.shape), earning * rate - costs
    allowed = rates_in_band(terms.curve, terms.policy, terms.banks)
    segment = segment_of(given.pd_12m, given.reference_pds, terms.policy)[pairs.enterprise]
    best_rate = np.full(earning.shape, np.nan)
    best = np.full(earning.shape, -np.inf)
    for position, rate_asked in enumerate(terms.curve.rates):
        taken = terms.curve.taken[segment, position][:, None]
        profit = taken * (earning * rate_asked - costs)
        better = (profit > best) & allowed[position][pairs.bank, None]
        best = np.where(better, profit, best)
        best_rate = np.where(better, rate_asked, best_rate)
    return best_rate, best
