"""A deal: drawn from its key alone, so that history, future and tables see the same one."""

import math

import numpy as np
from numba import njit

from riskmodel.simulation.kernel_records import Record
from riskmodel.simulation.random_streams import Floats, normal, uniform
from riskmodel.simulation.traits import NEVER

MAX_DEALS = 480
"""Deals of an enterprise in a month, at most."""
FIRST_DEAL = 32
"""The number of a month's first deal; those before are the month's own draws."""
BUYER, ENDS, PLACE, RISK, WEIGHT = range(5)
"""The columns of the book of buyers, a row a slot: number, day of failure, position of the country,
risk, and the month's weight in the orders."""
KEPT, SLOT, VALUE, LATE, DELAY, HOPELESS, DISPUTED, RETURNED, CANCELLED, ADVANCE, DAY = range(11)
SETTLED, PLATFORM, SIDE, GOOD = range(11, 15)
LETTER_OF_CREDIT_DAYS = 30
LETTER_OF_CREDIT = 2
TELEGRAPHIC = 0


@njit(cache=True, nogil=True)
def shipment_day(draw: float, now: Record) -> int:
    """The day of the month at which its busyness reaches the draw; `now` is the step's record."""
    days = now.days
    wanted, day = draw * now.busy[days], int(draw * days)
    while day > 0 and now.busy[day] > wanted:
        day -= 1
    while day < days - 1 and now.busy[day + 1] <= wanted:
        day += 1
    return now.first_day + day


@njit(cache=True, nogil=True)
def choose_settlement(key: np.uint64, edges: tuple[float, ...]) -> int:
    """The position of a deal's way of settlement."""
    draw, place = uniform(key, SETTLED), 0
    while place < len(edges) - 1 and draw > edges[place]:
        place += 1
    return place


@njit(cache=True, nogil=True)
def deal_value(key: np.uint64, deal_usd: float, p: Record) -> float:
    """A deal's value in USD: below zero where goods came back, nothing where it was cancelled."""
    value = deal_usd * math.exp(p.trade.deal_sigma * normal(key, VALUE))
    if uniform(key, RETURNED) < p.trade.return_share:
        return round(-0.3 * value, 2)
    return round(value, 2)


@njit(cache=True, nogil=True)
def payment_day(
    key: np.uint64,
    shipped: int,
    due: int,
    entry: Floats,
    quality: float,
    lateness: float,
    p: Record,
) -> int:
    """The day on which a deal is paid, in time or late; `NEVER` where it is not.

    `entry` is the buyer's row in the book.
    """
    pay, risk, fails = p.payment, entry[RISK], entry[ENDS]
    log_odds = pay.late_logit + pay.late_buyer * risk - pay.late_quality * quality + lateness
    if uniform(key, LATE) < 1.0 / (1.0 + math.exp(-log_odds)):
        median = pay.delay_median_days * math.exp(
            pay.delay_buyer * risk - pay.delay_quality * quality
        )
        delay = 1 + int(median * math.exp(pay.delay_sigma * normal(key, DELAY)))
        if delay > pay.hopeless_days and uniform(key, HOPELESS) < pay.hopeless_unpaid:
            return NEVER
    else:
        delay = -int(12.0 * uniform(key, DELAY))
    if uniform(key, DISPUTED) < pay.dispute_share * math.exp(-0.4 * quality):
        return NEVER
    day = max(due + delay, shipped + 1)
    return day if day < fails else NEVER
