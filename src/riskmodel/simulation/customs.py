"""The trade tables: declarations, receipts, purchases, refunds."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from riskmodel.simulation.arrival import FIRST, ArrivalProcess
from riskmodel.simulation.arrow_columns import counts, dates, ids, money, with_gaps, words
from riskmodel.simulation.buyers import buyer_numbers
from riskmodel.simulation.calendar import BURN, Calendar
from riskmodel.simulation.exchange_rates import Rates
from riskmodel.simulation.names import (
    CURRENCIES,
    CURRENCY_SHARES,
    DESTINATIONS,
    GOODS,
    SETTLEMENTS,
    TRADE_MODE_SHARES,
    TRADE_MODES,
    TRANSPORT_MODE_SHARES,
    TRANSPORT_MODES,
)
from riskmodel.simulation.parameters import Parameters
from riskmodel.simulation.random_streams import (
    Floats,
    Ints,
    choices,
    integers,
    lognormals,
    uniforms,
)
from riskmodel.simulation.trade import OWN_BUYERS, Deals
from riskmodel.simulation.traits import Traits

ENTERPRISE_DIGITS, DEAL_DIGITS, BUYER_DIGITS = 7, 12, 10


@dataclass(frozen=True)
class Payments:
    """Money that came in, one entry a payment, by enterprise: in USD, or in CNY for refunds."""

    row: Ints
    day: Ints
    amount: Floats


def enterprise_ids(numbers: Ints) -> Any:
    """`E0000001` for the first enterprise."""
    return ids("E", numbers + 1, ENTERPRISE_DIGITS)


def declaration_ids(numbers: Ints) -> Any:
    """`D000000100001` for the first declaration of the first enterprise."""
    return ids("D", numbers + 100_001, DEAL_DIGITS)


def buyer_ids(buyer: Ints) -> Any:
    """Ids that do not show the order of the buyers; gamers' own ones look like the others."""
    own = buyer >= OWN_BUYERS
    shown = buyer_numbers(np.where(own, 700_000_000 + buyer - OWN_BUYERS, buyer))
    return ids("B", shown, BUYER_DIGITS)


def declarations(
    deals: Deals, traits: Traits, rates: Rates, *, arrivals: ArrivalProcess, parameters: Parameters
) -> Any:
    """Customs releases a few days after shipment, some weeks; gamers' unit values are odd."""
    n, key = deals.number, arrivals.key
    price = np.array([good[1] for good in GOODS])[deals.good]
    price = price * lognormals(key("own price"), traits.number, 0.2)[deals.row]
    price = price * lognormals(key("price"), n, 0.15)
    price = price * np.where(deals.staged, parameters.trade.gamed_unit_value, 1.0)
    currency = choices(key("currency"), n, CURRENCY_SHARES)
    amount = deals.fob_usd / rates.usd_per_unit(deals.day, currency)
    slow = uniforms(key("slow"), n) < parameters.arrival.customs_slow
    wait = np.log(uniforms(key("lag"), n)) / np.log(1 - parameters.arrival.customs_daily)
    days = np.where(
        slow, integers(key("weeks"), n, 8, 35), 1 + np.minimum(wait, 20).astype(np.int64)
    )
    d = arrivals.deliver_with_withdrawals(n, arrivals.in_office_hours(deals.day + days, n))
    r = d.row
    return d.table(
        {
            "declaration_id": declaration_ids(n[r]),
            "enterprise_id": enterprise_ids(traits.number[deals.row[r]]),
            "declared_on": dates(deals.day[r]),
            "fob_usd": money(d.reported_amounts(deals.fob_usd)),
            "status": words(deals.cancelled[r].astype(np.int64), ("released", "cancelled")),
            "via_platform": pa.array(deals.platform[r]),
            "trade_mode": words(choices(key("mode"), n[r], TRADE_MODE_SHARES), TRADE_MODES),
            "transport_mode": words(
                choices(key("transport"), n[r], TRANSPORT_MODE_SHARES), TRANSPORT_MODES
            ),
            "hs_code": words(deals.good[r], [good[0] for good in GOODS]),
            "destination": words(deals.destination[r], DESTINATIONS),
            "buyer_id": buyer_ids(deals.buyer[r]),
            "settlement": words(deals.settlement[r], SETTLEMENTS),
            "terms_days": counts(deals.terms[r]),
            "currency": words(currency[r], CURRENCIES),
            "amount": money(d.reported_amounts(amount)),
            "quantity": money((deals.fob_usd / price)[r]),
            "unit": words(deals.good[r], [good[2] for good in GOODS]),
        }
    )


def receipts(
    deals: Deals, traits: Traits, *, arrivals: ArrivalProcess, parameters: Parameters
) -> tuple[Any, Payments]:
    """Deposits and final payments, known the next day; a few name no declaration."""
    key, last = arrivals.key, arrivals.calendar.last_day
    ahead = np.flatnonzero((deals.deposit > 0) & (deals.day < last))
    final = np.flatnonzero(deals.paid_on <= last)
    deal = np.concatenate([ahead, final])
    is_final = np.repeat([0, 1], [len(ahead), len(final)])
    day = np.concatenate([deals.day[ahead] + 1, deals.paid_on[final]])
    order = np.lexsort((is_final, deal))
    deal, is_final, day = deal[order], is_final[order], day[order]
    n = deals.number[deal] * 2 + is_final
    share = np.where(is_final == 1, 1 - deals.deposit[deal], deals.deposit[deal])
    fees = 1 - parameters.payment.max_fee * uniforms(key("fee"), n)
    amount = deals.fob_usd[deal] * share * fees
    unmatched = uniforms(key("unmatched"), n) < parameters.payment.unmatched_share
    stranger = uniforms(key("stranger"), n) < parameters.payment.stranger_share
    payer = np.where(
        stranger, OWN_BUYERS + 100_000_000 + traits.number[deals.row[deal]], deals.buyer[deal]
    )
    d = arrivals.deliver_with_withdrawals(n, arrivals.in_office_hours(day + 1, n))
    r = d.row
    rows = d.table(
        {
            "receipt_id": ids("R", n[r] + 200_002, DEAL_DIGITS + 1),
            "enterprise_id": enterprise_ids(traits.number[deals.row[deal[r]]]),
            "received_on": dates(day[r]),
            "amount_usd": money(d.reported_amounts(amount)),
            "declaration_id": with_gaps(declaration_ids(deals.number[deal[r]]), unmatched[r]),
            "payer_id": buyer_ids(payer[r]),
        }
    )
    return rows, Payments(deals.row[deal], day, amount)


def purchases(
    deals: Deals,
    traits: Traits,
    rates: Rates,
    *,
    arrivals: ArrivalProcess,
    parameters: Parameters,
    places: int,
) -> Any:
    """Suppliers' invoices before each deal, with value added tax; known within two weeks.

    `places` is the number of suppliers, which enterprises share.
    """
    key, trade = arrivals.key, parameters.trade
    day = deals.day - integers(key("ahead"), deals.number, 5, 45)
    bought = uniforms(key("bought"), deals.number) < trade.purchase_share
    # Goods that are only staged are not bought either.
    bought &= (deals.fob_usd > 0) & (day >= arrivals.calendar.first_day) & ~deals.staged
    deal = np.flatnonzero(bought)
    day, row, n = day[deal], deals.row[deal], deals.number[deal]
    ratio = traits.cost_ratio[row] / trade.purchase_share
    cny = rates.cny_by_step[deals.month[deal] + BURN]
    amount = deals.fob_usd[deal] * cny * ratio * lognormals(key("price"), n, 0.12)
    returned = uniforms(key("returned"), n) < trade.invoice_return_share
    amount = np.where(returned, -0.2 * amount, amount)
    place = np.minimum((-np.log(uniforms(key("supplier"), n)) / 0.6).astype(np.int64), 5)
    supplier = integers(key("who supplies"), traits.number[row] * 8 + place, 0, places)
    void = uniforms(key("void"), n) < trade.void_share
    known = arrivals.in_office_hours(
        day + integers(key("lag"), n, 1, arrivals.rates.invoice_days + 1), n
    )
    d = arrivals.deliver_with_withdrawals(n, known)
    r = d.row
    return d.table(
        {
            "invoice_id": ids("P", n[r] + 100_001, DEAL_DIGITS),
            "enterprise_id": enterprise_ids(traits.number[row[r]]),
            "invoiced_on": dates(day[r]),
            "amount_cny": money(d.reported_amounts(amount)),
            "supplier_id": ids("S", supplier[r] + 1, 8),
            "tax_cny": money(d.reported_amounts(trade.vat_rate * amount)),
            "status": words(void[r].astype(np.int64), ("valid", "void")),
        }
    )


def refunds(
    deals: Deals, traits: Traits, rates: Rates, *, arrivals: ArrivalProcess, parameters: Parameters
) -> tuple[Any, Payments]:
    """Claims weeks after the deal; most are known when paid, the slow ones before and again."""
    key, last = arrivals.key, arrivals.calendar.last_day
    claimed = deals.day + integers(key("claim"), deals.number, 15, 60)
    made = uniforms(key("made"), deals.number) < parameters.trade.refund_share
    made &= (deals.fob_usd > 0) & ~deals.cancelled & ~deals.staged & (claimed <= last)
    deal = np.flatnonzero(made)
    claimed, row, n = claimed[deal], deals.row[deal], deals.number[deal]
    slow = uniforms(key("slow"), n) < parameters.payment.refund_slow_share
    paid = claimed + np.where(
        slow, integers(key("long"), n, 70, 200), integers(key("short"), n, 8, 36)
    )
    cny = rates.cny_by_step[deals.month[deal] + BURN]
    amount = deals.fob_usd[deal] * cny * traits.refund_rate[row]
    heard = np.where(slow, claimed + 35, paid) + integers(key("heard"), n, 1, 10)
    again = np.where(slow, paid + integers(key("again"), n, 1, 10), np.nan)
    again = np.where(slow, arrivals.in_office_hours(np.nan_to_num(again), n, "hours again"), np.nan)
    d = arrivals.deliver_with_withdrawals(n, arrivals.in_office_hours(heard, n), again)
    r = d.row
    rows = d.table(
        {
            "refund_id": ids("F", n[r] + 100_001, DEAL_DIGITS),
            "enterprise_id": enterprise_ids(traits.number[row[r]]),
            "claimed_on": dates(claimed[r]),
            "amount_cny": money(d.reported_amounts(amount)),
            "declaration_id": declaration_ids(deals.number[deal[r]]),
            "paid_on": dates(paid[r], missing=slow[r] & (d.version == FIRST)),
        }
    )
    return rows, Payments(row, paid, amount)


def monthly(payments: Payments, calendar: Calendar, count: int) -> Floats:
    """Payments summed by enterprise and month of the simulation."""
    month = calendar.month_of(payments.day)
    inside = (month >= 0) & (month < calendar.months)
    cell = payments.row[inside] * calendar.months + month[inside]
    total = np.bincount(cell, payments.amount[inside], count * calendar.months)
    return np.asarray(total.reshape(count, calendar.months), dtype=np.float64)
