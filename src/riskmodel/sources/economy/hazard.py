"""The oracle: the twelve-month default probability that the hidden state implies."""

from dataclasses import dataclass

import numpy as np

from riskmodel.sources.economy.calendar import Floats
from riskmodel.sources.economy.history import History
from riskmodel.sources.economy.parameters import Parameters
from riskmodel.sources.economy.population import NEVER, Traits
from riskmodel.sources.economy.state import (
    DEFAULTED,
    exit_shares,
    odds_to_share,
    roll_shares,
)

HORIZON_MONTHS = 12


@dataclass(frozen=True)
class Outlook:
    """Expected cash and demand `ahead` months on, and the distress that they bring."""

    distress: Floats
    demand: Floats
    spread: Floats


def true_hazard(history: History, traits: Traits, demand: Floats, parameters: Parameters) -> Floats:
    """PD of the next twelve months at each month's end, months x enterprises.

    The arrears chain is run along the *expected* path of cash and demand, with a lognormal
    correction for their spread: an approximation in closed form of what a simulation from the
    hidden state gives. NaN once defaulted, gone, or before the first export.
    """
    states = history.states
    reached = [(states.arrears == step).astype(np.float64) for step in range(DEFAULTED)]
    defaulted = np.zeros_like(demand)
    indebted = np.where((traits.leverage > 0) | (states.drawn > 0), 1.0, 0.3 * (states.line >= 0))
    for ahead in range(1, HORIZON_MONTHS + 1):
        view = _outlook(history, traits, demand, ahead, parameters)
        entering = odds_to_share(view.distress + view.spread / 2) * indebted
        ailing = _leaving_unpaid(traits, view.demand, parameters) * 0.25 * indebted
        current, first, second, third = reached
        to_second, to_third, to_default = roll_shares(view.distress, parameters.arrears)
        defaulted = defaulted + third * to_default
        cured = first * (1 - to_second) + second * (1 - to_third) + third * (1 - to_default)
        enters = np.minimum(entering + ailing, 1.0)
        reached = [current * (1 - enters) + cured, current * enters]
        reached += [first * to_second, second * to_third]
    month = np.arange(demand.shape[0])[:, None]
    there = (states.arrears < DEFAULTED) & (states.exited == NEVER) & (traits.enters <= month)
    return np.where(there, defaulted, np.nan)


def _outlook(
    history: History, traits: Traits, demand: Floats, ahead: int, parameters: Parameters
) -> Outlook:
    """Where cash, demand and distress are expected `ahead` months on."""
    cash, arrears, trade = parameters.cash, parameters.arrears, parameters.trade
    states = history.states
    keeps, lasts = (1 - cash.reversion) ** ahead, trade.demand_persistence**ahead
    moved = (1 - keeps) * (states.cash_months - traits.target_cash)
    variance = cash.surprise_sigma**2 * (1 - keeps**2) / (1 - (1 - cash.reversion) ** 2)
    shift = arrears.cash_slope * moved + arrears.demand_slope * (1 - lasts) * demand
    return Outlook(
        distress=states.distress + shift,
        demand=demand * lasts,
        spread=np.full_like(demand, arrears.cash_slope**2 * variance),
    )


def _leaving_unpaid(traits: Traits, demand: Floats, parameters: Parameters) -> Floats:
    """The monthly share that leaves its debts behind; months x enterprises."""
    leaves = [exit_shares(traits, month, now, parameters) for month, now in enumerate(demand)]
    return parameters.arrears.ailing_share * np.stack(leaves)
