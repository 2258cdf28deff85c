"""The deals on record: those of the hidden path that arrears left, and those that gamers staged."""

from typing import NamedTuple

import numpy as np
from numba import njit

from riskmodel.simulation.buyers import LIVES, NOBODY, Market
from riskmodel.simulation.calendar import BURN, Calendar
from riskmodel.simulation.deals import (
    ADVANCE,
    CANCELLED,
    DAY,
    FIRST_DEAL,
    GOOD,
    KEPT,
    LETTER_OF_CREDIT,
    LETTER_OF_CREDIT_DAYS,
    PLATFORM,
    SIDE,
    SLOT,
    TELEGRAPHIC,
    WEIGHT,
    choose_settlement,
    deal_value,
    payment_day,
    shipment_day,
)
from riskmodel.simulation.hidden_path import (
    DEALS,
    LATENESS,
    SETTLEMENT_EDGES,
    choose_slot,
    enter_buyer,
)
from riskmodel.simulation.kernel_records import Record, Records
from riskmodel.simulation.life_histories import fate_key, staged_usd
from riskmodel.simulation.lives import Lives
from riskmodel.simulation.names import GOODS_OF_SECTOR, GOODS_SHARES, HONG_KONG, SECTORS
from riskmodel.simulation.random_streams import Flags, Floats, Ints, subkey, uniform
from riskmodel.simulation.traits import NEVER, SLOTS, Traits

NUMBERS = (
    *("row", "month", "day", "buyer", "destination", "good", "settlement", "terms", "paid_on"),
    *("platform", "cancelled", "staged"),
)
(ROW, MONTH, SHIPPED, PARTNER, COUNTRY, PRODUCT, WAY, TERMS, PAID, ON_PLATFORM, VOID,
 STAGED) = range(len(NUMBERS))  # fmt: skip
_GOOD_EDGES = tuple(float(one) for one in np.cumsum(GOODS_SHARES))
_STAGED_DAY, _STAGED_TERMS = 3000, 60
BESIDE = 0.05
"""Goods that belong to the sector beside the enterprise's own (proposal)."""
SEASON_MONTHS = 18
"""Months after which a buyer takes another good (proposal)."""
OWN_BUYERS = 10**9
"""Numbers of the buyers that only one gamer has lie above this."""


class Deals(NamedTuple):
    """One entry a deal, by enterprise and day; days are day numbers, `NEVER` where unpaid.

    `row` is the enterprise's position in the part, `number` tells the deals of a simulation apart and
    makes the id: enterprise * 100,000 + the deal's place in the enterprise's own order.
    """

    row: Ints
    number: Ints
    month: Ints
    day: Ints
    buyer: Ints
    destination: Ints
    good: Ints
    settlement: Ints
    terms: Ints
    paid_on: Ints
    platform: Flags
    cancelled: Flags
    staged: Flags
    fob_usd: Floats
    deposit: Floats


def record_deals(
    lives: Lives,
    traits: Traits,
    calendar: Calendar,
    factors: Records,
    market: Market,
    p: Record,
) -> Deals:
    """The deals within the simulation."""
    last = BURN + calendar.months
    most = int(lives.states[:, BURN:last, DEALS].sum() + lives.staged[:, BURN:last].sum())
    numbers = np.zeros((most, len(NUMBERS)), dtype=np.int64)
    amounts = np.zeros((most, 2))
    rows = traits.rows()
    count = _fill_deals(numbers, amounts, lives, rows, factors, market, p, last)
    numbers, amounts = numbers[:count], amounts[:count]
    order = np.lexsort((numbers[:, SHIPPED], numbers[:, ROW]))
    numbers, amounts = numbers[order], amounts[order]
    row = numbers[:, ROW]
    within = np.arange(count) - np.searchsorted(row, row)
    return Deals(
        row=row,
        number=traits.number[row] * 100_000 + within,
        month=numbers[:, MONTH],
        day=numbers[:, SHIPPED],
        buyer=numbers[:, PARTNER],
        destination=numbers[:, COUNTRY],
        good=numbers[:, PRODUCT],
        settlement=numbers[:, WAY],
        terms=numbers[:, TERMS],
        paid_on=numbers[:, PAID],
        platform=numbers[:, ON_PLATFORM] == 1,
        cancelled=numbers[:, VOID] == 1,
        staged=numbers[:, STAGED] == 1,
        fob_usd=amounts[:, 0],
        deposit=amounts[:, 1],
    )


@njit(cache=True, nogil=True)
def _choose_good(key: np.uint64, number: int, sector: int) -> int:
    """A good of the sector, or of the one beside it."""
    draw, place = uniform(key, number), 0
    if uniform(subkey(key, number), 0) < BESIDE:
        sector = (sector + 1) % len(SECTORS)
    while place < GOODS_OF_SECTOR - 1 and draw > _GOOD_EDGES[place]:
        place += 1
    return sector * GOODS_OF_SECTOR + place


@njit(cache=True, nogil=True)
def _fill_deals(
    numbers: Ints,
    amounts: Floats,
    lives: Lives,
    traits: Records,
    factors: Records,
    market: Market,
    p: Record,
    last: int,
) -> int:
    """The deals one after the other; returns how many."""
    book, count = np.zeros((SLOTS, 5)), 0
    for i in range(len(traits)):
        t = traits[i]
        for slot in range(SLOTS):
            enter_buyer(book, slot, NOBODY, market)
        for step in range(BURN, last):
            now, total = factors[step], 0.0
            for slot in range(SLOTS):
                buyer = lives.buyers[i, step, slot]
                if buyer != book[slot, 0]:
                    enter_buyer(book, slot, buyer, market)
                pull = np.exp(now.destination[int(book[slot, 2])])
                book[slot, WEIGHT] = 0.0 if buyer == NOBODY else t.share[slot] * pull
                total += book[slot, WEIGHT]
            month = subkey(t.key, step)
            for one in range(int(lives.states[i, step, DEALS])):
                key = subkey(month, FIRST_DEAL + one)
                if uniform(key, KEPT) < lives.kept[i, step]:
                    slot = choose_slot(uniform(key, SLOT), book, total)
                    lateness = lives.states[i, step, LATENESS] + now.lateness
                    _fill_deal(
                        numbers[count], amounts[count], key, t, step, now, book[slot], lateness, p
                    )
                    numbers[count, ROW], numbers[count, MONTH] = i, step - BURN
                    count += 1
            fate = fate_key(t, step)
            for one in range(lives.staged[i, step]):
                _fill_staged(numbers[count], fate, one, now, t)
                amounts[count, 0] = staged_usd(fate, one, p)
                numbers[count, ROW], numbers[count, MONTH] = i, step - BURN
                count += 1
    return count


@njit(cache=True, nogil=True)
def _fill_deal(
    numbers: Ints,
    amounts: Floats,
    key: np.uint64,
    t: Record,
    step: int,
    now: Record,
    entry: Floats,
    lateness: float,
    p: Record,
) -> None:
    """One deal's row; `entry` is its buyer's row in the book."""
    value = deal_value(key, t.deal_usd, p)
    void = value > 0.0 and uniform(key, CANCELLED) < p.trade.cancelled_share
    way, buyer = choose_settlement(key, SETTLEMENT_EDGES), int(entry[0])
    day = shipment_day(uniform(key, DAY), now)
    terms = LETTER_OF_CREDIT_DAYS if way == LETTER_OF_CREDIT else t.terms
    numbers[SHIPPED], numbers[PARTNER], numbers[COUNTRY] = day, buyer, int(entry[2])
    # A buyer has its usual good for some time; a deal may be in another one of the sector.
    season = (step + buyer) // SEASON_MONTHS
    usual = _choose_good(subkey(subkey(t.key, season), buyer % LIVES), buyer // LIVES, t.sector)
    aside = uniform(key, SIDE) < p.trade.side_goods
    numbers[PRODUCT] = _choose_good(key, GOOD, t.sector) if aside else usual
    numbers[WAY], numbers[TERMS] = way, terms
    numbers[ON_PLATFORM] = uniform(key, PLATFORM) < t.platform_share
    numbers[VOID], numbers[STAGED], numbers[PAID] = void, 0, NEVER
    amounts[0], amounts[1] = value, 0.0
    if value > 0.0 and not void:
        numbers[PAID] = payment_day(key, day, day + terms, entry, t.quality, lateness, p)
        if way == TELEGRAPHIC and uniform(key, ADVANCE) < p.payment.deposit_share:
            amounts[1] = p.payment.deposit_part


@njit(cache=True, nogil=True)
def _fill_staged(numbers: Ints, fate: np.uint64, one: int, now: Record, t: Record) -> None:
    """A staged declaration: to a buyer of the gamer's own in Hong Kong, late in the month, unpaid."""
    numbers[SHIPPED] = now.first_day + 19 + int(8.0 * uniform(fate, _STAGED_DAY + one))
    numbers[PARTNER] = OWN_BUYERS + 2 * t.number + one % 2
    numbers[COUNTRY] = HONG_KONG
    numbers[PRODUCT] = _choose_good(fate, _STAGED_DAY, t.sector)
    numbers[WAY], numbers[TERMS], numbers[PAID] = TELEGRAPHIC, _STAGED_TERMS, NEVER
    numbers[ON_PLATFORM], numbers[VOID], numbers[STAGED] = 1, 0, 1
