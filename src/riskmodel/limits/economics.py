"""What a line earns and may lose, for each enterprise, bank and level of the grid."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmodel.limits.capital import risk_weight
from riskmodel.limits.policy import Banks, Policy
from riskmodel.limits.price import TakeUp, rates_in_band, risk_based, segment_of

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Prospects:
    """Arrays of enterprises x banks x levels.

    `pd_12m` is the PD at that limit; `loss_cny` the expected loss if the offer is taken;
    `profit_cny` the expected yearly profit, with the chance that it is taken; `opens` whether the
    level reaches the floor. `cap_cny` is enterprises x banks.
    """

    cap_cny: Floats
    limit_cny: Floats
    pd_12m: Floats
    annual_rate: Floats
    loss_cny: Floats
    profit_cny: Floats
    opens: Flags


@dataclass(frozen=True)
class Terms:
    """Who lends on what terms, and how many take an offer (None: all of them)."""

    policy: Policy
    banks: Banks
    curve: TakeUp | None = None


def prospects(pd_12m: Floats, cap_cny: Floats, terms: Terms, *, steps: int) -> Prospects:
    """Expected profit and loss over the grid, at the best rate of each level.

    `pd_12m` and `cap_cny` are one an enterprise: the PD at the typical limit (missing: nothing
    can be earned), and the programme's cap, 0 where there is none.
    """
    policy = terms.policy
    bank_cap, limit = _limits(cap_cny, terms, steps)
    share = limit / np.where(cap_cny > 0, cap_cny, 1.0)[:, None, None]
    default = pd_at(pd_12m[:, None, None], share, policy)
    loss = policy.economics.lgd * policy.economics.exposure_at_default * default * limit
    earning = policy.economics.drawn_share * limit * (1 - default)
    costs = _costs(limit, default, terms) + loss
    served = (pd_12m <= max(bank.largest_pd for bank in terms.banks.bank)) & (cap_cny > 0)
    rate, profit = _priced(_Asked(pd_12m, served), earning, costs, terms)
    return Prospects(
        cap_cny=bank_cap,
        limit_cny=limit,
        pd_12m=default,
        annual_rate=rate,
        loss_cny=loss,
        profit_cny=profit,
        opens=limit >= policy.caps.floor_cny,
    )


def pd_at(pd_12m: Floats, limit_share: Floats, policy: Policy) -> Floats:
    """The PD at a limit, given as a share of the cap: the logit moves by the policy's slope."""
    inside = np.clip(pd_12m, 1e-9, 1 - 1e-9)
    move = policy.economics.pd_slope * (limit_share - policy.economics.pd_centre)
    odds = inside / (1 - inside) * np.exp(move)
    moved: Floats = odds / (1 + odds)
    return moved


def profit_curves(lines: Prospects, pairs: Flags, grade: pd.Series, banks: Banks) -> pd.DataFrame:
    """Mean expected profit, loss and PD by bank, grade and level, over the pairs that are asked.

    Columns: bank, grade, level (share of the cap), pairs, expected_profit_cny, expected_loss_cny,
    pd_12m.
    """
    steps = lines.limit_cny.shape[2]
    enterprise, bank = np.nonzero(pairs)
    level = np.arange(1, steps + 1) / steps
    long = pd.DataFrame(
        {
            "bank": np.repeat(np.asarray(banks.names, dtype=object)[bank], steps),
            "grade": np.repeat(grade.to_numpy(dtype=object)[enterprise], steps),
            "level": np.tile(level, len(bank)),
            "expected_profit_cny": lines.profit_cny[pairs].reshape(-1),
            "expected_loss_cny": lines.loss_cny[pairs].reshape(-1),
            "pd_12m": lines.pd_12m[pairs].reshape(-1),
        }
    )
    by = long.groupby(["bank", "grade", "level"], sort=True)
    means = by.mean()
    means.insert(0, "pairs", by.size())
    return means.reset_index()


def _limits(cap_cny: Floats, terms: Terms, steps: int) -> tuple[Floats, Floats]:
    """The cap at each bank, and equal steps of it, all rounded down."""
    rounding = terms.policy.caps.rounding_cny
    largest = np.asarray([bank.max_limit_cny for bank in terms.banks.bank])
    bank_cap = np.floor(np.minimum(cap_cny[:, None], largest) / rounding) * rounding
    level = np.arange(1, steps + 1) / steps
    # The nudge keeps a step that is whole, but for floating point, from falling to the one below.
    limit = np.floor(bank_cap[:, :, None] * level / rounding + 1e-9) * rounding
    return bank_cap, limit


def _costs(limit: Floats, default: Floats, terms: Terms) -> Floats:
    """Funding, capital and opening: what is paid whatever the rate; enterprises x banks x levels.

    Defaulted lines earn nothing; what their funding costs lies inside the LGD.
    """
    economics = terms.policy.economics
    funding = np.asarray([bank.funding_rate for bank in terms.banks.bank])[None, :, None]
    asked = np.asarray([bank.capital_cost for bank in terms.banks.bank])[None, :, None]
    weighted = risk_weight(default, terms.policy.capital) * economics.exposure_at_default * limit
    capital = asked * economics.capital_ratio * weighted
    costs: Floats = (
        funding * economics.drawn_share * limit * (1 - default)
        + capital
        + economics.opening_cost_cny
    )
    return costs


@dataclass(frozen=True)
class _Asked:
    """The enterprises' PDs, and whether any bank would serve them at all."""

    pd_12m: Floats
    served: Flags


def _priced(asked: _Asked, earning: Floats, costs: Floats, terms: Terms) -> tuple[Floats, Floats]:
    """The rate and the expected profit, which is earning x rate - costs if the offer is taken."""
    if terms.curve is None:
        rate = risk_based(asked.pd_12m, terms.policy, terms.banks)[:, :, None]
        return np.broadcast_to(rate, earning.shape), earning * rate - costs
    allowed = rates_in_band(terms.curve, terms.policy, terms.banks)
    segment = segment_of(asked.pd_12m, asked.served, terms.policy)
    best_rate = np.full(earning.shape, np.nan)
    best = np.full(earning.shape, -np.inf)
    for position, rate_asked in enumerate(terms.curve.rates):
        taken = terms.curve.taken[segment, position][:, None, None]
        profit = taken * (earning * rate_asked - costs)
        better = (profit > best) & allowed[position][None, :, None]
        best = np.where(better, profit, best)
        best_rate = np.where(better, rate_asked, best_rate)
    return best_rate, best
