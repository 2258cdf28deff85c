"""The chances that hang on a path: falling into arrears, rolling, default, leaving, losses."""

import math

from numba import njit

from riskmodel.simulation.calendar import BURN
from riskmodel.simulation.hidden_path import CASH, DEMAND, DISTRESS, DRAWN, expit
from riskmodel.simulation.kernel_records import Record
from riskmodel.simulation.random_streams import Floats

CURRENT, DEFAULTED = 0, 4
"""Steps of arrears: current, 1-30, 31-60, 61-90 days, and default at 90."""


@njit(cache=True, nogil=True)
def entry_chance(state: Floats, t: Record) -> float:
    """The month's chance of falling into arrears; none for those who owe nothing."""
    if t.loan <= 0.0 and state[DRAWN] <= 0.0:
        return 0.0
    return expit(state[DISTRESS])


@njit(cache=True, nogil=True)
def roll_chance(state: Floats, arrears: int, p: Record) -> float:
    """The month's chance of going on to the next step of arrears rather than curing."""
    a = p.arrears
    base = a.roll_to_60 if arrears == 1 else (a.roll_to_90 if arrears == 2 else a.roll_to_default)
    push = a.roll_slope * (state[DISTRESS] - a.roll_centre)
    return expit(math.log(base / (1.0 - base)) + min(max(push, -1.5), 1.5))


@njit(cache=True, nogil=True)
def exit_chance(state: Floats, t: Record, step: int, now: Record, p: Record) -> float:
    """The month's chance of leaving the trade: by years of export, size, quality, demand, cash."""
    e = p.exit
    years = min(max((step - BURN - t.enters) // 12, 0), len(e.yearly) - 1)
    large = e.large_factor if math.exp(t.size) > e.large_usd else 1.0
    common = now.demand + now.sector[t.sector]
    tilt = (
        -e.quality_slope * t.quality
        - e.demand_slope * (state[DEMAND] + common)
        - e.cash_slope * (state[CASH] - t.target_cash)
    )
    return min(e.yearly[years] / 12.0 * large * math.exp(tilt), 0.3)


@njit(cache=True, nogil=True)
def unpaid_exit_chance(state: Floats, owes: bool, p: Record) -> float:
    """The chance that one who leaves leaves its debts unpaid: the weaker, the likelier."""
    if not owes:
        return 0.0
    a = p.arrears
    log_odds = math.log(a.ailing_share / (1.0 - a.ailing_share))
    return expit(log_odds + a.ailing_slope * (state[DISTRESS] - a.ailing_centre))


@njit(cache=True, nogil=True)
def high_loss_chance(t: Record, now: Record, p: Record) -> float:
    """The chance that a default in that month costs nearly all: it moves with the cycle."""
    g = p.programme
    log_odds = math.log(g.lgd_high_share / (1.0 - g.lgd_high_share))
    common = now.demand + now.sector[t.sector]
    return expit(log_odds - g.lgd_demand * common - g.lgd_quality * t.recovery)
