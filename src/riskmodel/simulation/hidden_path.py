"""One month of an enterprise's hidden life, while nobody asks whether it is in arrears.

History and the future of the truth both go this way: what differs is only the key of the draws.
Arrears, exit and default hang on the path, and the path on none of them.
"""

import math

import numpy as np
from numba import njit

from riskmodel.simulation.buyers import (
    NOBODY,
    Market,
    destination_of,
    failure_day,
    match_buyer,
    risk_of,
)
from riskmodel.simulation.calendar import BURN
from riskmodel.simulation.deals import (
    ADVANCE,
    BUYER,
    CANCELLED,
    DAY,
    ENDS,
    FIRST_DEAL,
    KEPT,
    LETTER_OF_CREDIT,
    LETTER_OF_CREDIT_DAYS,
    MAX_DEALS,
    PLACE,
    RISK,
    SLOT,
    TELEGRAPHIC,
    WEIGHT,
    choose_settlement,
    deal_value,
    payment_day,
    shipment_day,
)
from riskmodel.simulation.kernel_records import Record, Records
from riskmodel.simulation.names import SETTLEMENT_SHARES
from riskmodel.simulation.random_streams import Floats, normal, poisson, subkey, uniform
from riskmodel.simulation.traits import NEVER, SLOTS

STATE = (
    *("cash_months", "demand", "lateness", "scale_cny", "slow_scale_cny", "path_drawn_cny"),
    *("activity", "distress", "sales_usd", "interest_cny", "deals"),
)
"""The hidden state at a month's end: cash in months of sales, log demand (its own part), log odds
of late payment, smoothed monthly sales (fast and slow), the line's balance on the path, the share
of orders that can be shipped, log odds of falling into arrears, the month's sales, its interest,
and the deals that would happen at full activity."""
CASH, DEMAND, LATENESS, SCALE, SLOW, DRAWN, ACTIVITY, DISTRESS, SALES, INTEREST, DEALS = range(11)
BEGINNING = 1_000_000
"""The number of a life's first draws: no step bears it."""
PIPE = 24
"""Months ahead for which payments are on their way: a ring in USD, by step modulo `PIPE`."""
_DEMAND, _COUNT, _LATENESS, _SHOCK = 0, 1, 2, 3
_BUYER, _SUCCESSOR, _FATE = 8, 14, 20
_YEAR = 365.25
SETTLEMENT_EDGES = tuple(float(one) for one in np.cumsum(SETTLEMENT_SHARES))


@njit(cache=True, nogil=True)
def expit(log_odds: float) -> float:
    """The share whose log odds are given."""
    return 1.0 / (1.0 + math.exp(-log_odds))


@njit(cache=True, nogil=True)
def enter_buyer(book: Floats, slot: int, buyer: int, market: Market) -> None:
    """A buyer into the book, with what the slot needs to know of it."""
    book[slot, BUYER] = buyer
    book[slot, ENDS] = NEVER if buyer == NOBODY else failure_day(buyer, market)
    book[slot, PLACE] = 0 if buyer == NOBODY else destination_of(buyer, market)
    book[slot, RISK] = 0.0 if buyer == NOBODY else risk_of(buyer, market)


@njit(cache=True, nogil=True)
def begin_life(
    state: Floats,
    pipe: Floats,
    book: Floats,
    t: Record,
    step: int,
    now: Record,
    market: Market,
    p: Record,
) -> None:
    """A life's first state, in place: usual cash give or take, stationary demand, first buyers."""
    key = subkey(t.key, BEGINNING)
    state[:] = 0.0
    pipe[:] = 0.0
    state[CASH] = t.target_cash + 0.8 * normal(key, 0)
    spread = p.trade.demand_shock / math.sqrt(1.0 - p.trade.demand_persistence**2)
    state[DEMAND] = spread * normal(key, 1)
    late = p.payment.late_shock / math.sqrt(1.0 - p.payment.late_persistence**2)
    state[LATENESS] = late * normal(key, 2)
    usual = math.exp(t.size + state[DEMAND]) / 12.0 * now.cny
    state[SCALE] = usual
    state[SLOW] = usual
    state[ACTIVITY] = 1.0
    for slot in range(SLOTS):
        buyer = match_buyer(
            key, 3 + slot, t.quality, float(now.first_day),
            p.buyers.quality_match, market,
        )  # fmt: skip
        enter_buyer(book, slot, buyer, market)
    if t.enters < 0:
        # Those that trade already are owed about what they shipped in the months before.
        due = t.terms // 30 + 1
        for ahead in range(due):
            pipe[(step + ahead) % PIPE] = usual / now.cny * 0.9


@njit(cache=True, nogil=True)
def _update_buyers(
    book: Floats,
    t: Record,
    now: Record,
    key: np.uint64,
    market: Market,
    p: Record,
) -> float:
    """Buyers fail, leave, come back; fills each slot's weight in the orders and sums them."""
    day, b = float(now.first_day), p.buyers
    total = 0.0
    for slot in range(SLOTS):
        fate = uniform(key, _FATE + slot)
        if book[slot, BUYER] == NOBODY:
            anew = fate < b.regained_monthly
        elif book[slot, ENDS] <= day:
            anew = fate < b.replaced_share
            enter_buyer(book, slot, NOBODY, market)
        else:
            # The smaller the buyer, the looser the tie.
            loose = b.churn_monthly * (0.1 + 0.5 * slot)
            anew = fate < (b.main_churn if slot == 0 else loose)
        if anew:
            buyer = match_buyer(key, _BUYER + slot, t.quality, day, b.quality_match, market)
            enter_buyer(book, slot, buyer, market)
        book[slot, WEIGHT] = 0.0
        if book[slot, BUYER] != NOBODY:
            pull = now.destination[int(book[slot, PLACE])]
            book[slot, WEIGHT] = t.share[slot] * math.exp(pull)
        total += book[slot, WEIGHT]
    return total


@njit(cache=True, nogil=True)
def choose_slot(draw: float, book: Floats, total: float) -> int:
    """The slot at a uniform draw, by weight."""
    left = draw * total
    for slot in range(SLOTS - 1):
        left -= book[slot, WEIGHT]
        if left < 0.0 and book[slot, WEIGHT] > 0.0:
            return slot
    last = SLOTS - 1
    while last > 0 and book[last, WEIGHT] <= 0.0:
        last -= 1
    return last


@njit(cache=True, nogil=True)
def _ship_deals(
    state: Floats,
    pipe: Floats,
    book: Floats,
    total: float,
    t: Record,
    step: int,
    key: np.uint64,
    factors: Records,
    p: Record,
) -> float:
    """The month's deals: their sales in USD; what will be paid goes into the pipe."""
    now = factors[step]
    sales, back = 0.0, p.payment.refund_wait_months
    for one in range(int(state[DEALS])):
        deal = subkey(key, FIRST_DEAL + one)
        if uniform(deal, KEPT) >= state[ACTIVITY]:
            continue
        value = deal_value(deal, t.deal_usd, p)
        if value > 0.0 and uniform(deal, CANCELLED) < p.trade.cancelled_share:
            continue
        sales += value
        if value <= 0.0:
            continue
        slot = choose_slot(uniform(deal, SLOT), book, total)
        day = shipment_day(uniform(deal, DAY), now)
        way = choose_settlement(deal, SETTLEMENT_EDGES)
        terms = LETTER_OF_CREDIT_DAYS if way == LETTER_OF_CREDIT else t.terms
        paid = payment_day(
            deal, day, day + terms, book[slot], t.quality,
            state[LATENESS] + now.lateness, p,
        )  # fmt: skip
        rest = value
        if way == TELEGRAPHIC and uniform(deal, ADVANCE) < p.payment.deposit_share:
            pipe[step % PIPE] += value * p.payment.deposit_part
            rest = value * (1.0 - p.payment.deposit_part)
        pipe[(step + back) % PIPE] += value * t.refund_rate * p.trade.refund_share
        if paid < NEVER:
            ahead = 0
            while ahead < PIPE - 1 and factors[step + ahead + 1].first_day <= paid:
                ahead += 1
            if ahead < PIPE - 1:
                pipe[(step + ahead) % PIPE] += rest
    return sales


@njit(cache=True, nogil=True)
def _update_drawn(
    state: Floats, t: Record, limit: float, rate: float, live: bool, p: Record
) -> None:
    """The drawn balance moves towards need, or runs off; cash follows, interest is due."""
    g = p.programme
    before = state[DRAWN]
    if live:
        need = expit(g.draw_level - g.draw_slope * state[CASH] + t.taste)
        after = before + g.draw_speed * (need * limit - before)
    else:
        after = g.runoff * before if before > 0.05 * state[SCALE] else 0.0
    # Beyond a month and a half of sales a draw no longer relieves; goods and debtors pay part back.
    change = min(max((after - before) / state[SCALE], -1.5), 1.5)
    state[CASH] += change * (g.relief if change > 0.0 else g.pressure)
    state[DRAWN] = after
    state[INTEREST] = after * rate / 12.0


@njit(cache=True, nogil=True)
def advance_month(
    state: Floats,
    pipe: Floats,
    book: Floats,
    t: Record,
    step: int,
    path_key: np.uint64,
    line: tuple[float, float, bool],
    factors: Records,
    market: Market,
    p: Record,
) -> None:
    """One month on, in place; `line` is the limit, its yearly rate, and whether it is open."""
    limit, rate, live = line
    now, cash, trade = factors[step], p.cash, p.trade
    key = subkey(path_key, step)
    state[DEMAND] = trade.demand_persistence * state[DEMAND] + trade.demand_shock * normal(
        key, _DEMAND
    )
    state[LATENESS] = p.payment.late_persistence * state[LATENESS] + p.payment.late_shock * normal(
        key, _LATENESS
    )
    total = _update_buyers(book, t, now, key, market, p)
    common = now.demand + now.sector[t.sector]
    demand = state[DEMAND] + common
    mean = t.deal_usd * math.exp(trade.deal_sigma**2 / 2.0)
    orders = math.exp(t.size + demand) * now.busy[now.days] / _YEAR / mean * total
    state[DEALS] = min(poisson(orders, uniform(key, _COUNT)), MAX_DEALS)
    sales = _ship_deals(state, pipe, book, total, t, step, key, factors, p)
    state[SALES] = sales
    cny = now.cny
    came = pipe[step % PIPE] * cny - sales * t.cost_ratio * now.cost_cny
    pipe[step % PIPE] = 0.0
    service = t.loan * p.records.loan_rate / 12.0 + state[INTEREST] / state[SCALE]
    fixed = cash.fixed_share * min(state[SLOW] / state[SCALE], 3.0)
    flow = came / state[SCALE] - fixed - service - cash.drawings
    state[CASH] += (
        cash.reversion * (t.target_cash - state[CASH])
        + cash.passthrough * cash.max_surprise * math.tanh(flow / cash.max_surprise)
        + cash.shock_sigma * normal(key, _SHOCK)
    )
    _update_drawn(state, t, limit, rate, live, p)
    usual = math.exp(t.size) / 12.0 * cny
    state[SCALE] = max(
        (1.0 - cash.smoothing) * state[SCALE] + cash.smoothing * sales * cny, 0.1 * usual
    )
    state[SLOW] = max(
        (1.0 - cash.slow_smoothing) * state[SLOW] + cash.slow_smoothing * sales * cny, 0.1 * usual
    )
    fed = expit(cash.starved_slope * (state[CASH] - cash.starved_months))
    state[ACTIVITY] = cash.min_activity + (1.0 - cash.min_activity) * fed
    state[DISTRESS] = _distress(state, t, step, demand, now, p)


@njit(cache=True, nogil=True)
def _distress(
    state: Floats,
    t: Record,
    step: int,
    demand: float,
    now: Record,
    p: Record,
) -> float:
    """The log odds of falling into arrears in a month."""
    a = p.arrears
    years = max(step - BURN - t.enters, 0) / 12.0
    # A year's exports at one yuan a dollar: the programme's own measure of a line's size.
    cap = 12.0 * state[SLOW] / now.cny
    return (
        a.level
        - a.quality_slope * t.quality
        + a.young_slope * math.exp(-years / a.young_years)
        + t.sector_risk
        # The last months of cash matter, more than enough does not help much.
        + a.cash_slope * math.log1p(math.exp(a.cash_knee - state[CASH]))
        - a.demand_slope * demand
        + a.loan_slope * t.loan
        + t.line_slope * state[DRAWN] / cap
        + now.distress
    )
