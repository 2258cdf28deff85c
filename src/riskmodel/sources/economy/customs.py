"""The trade tables: declarations, receipts, purchases, refunds."""

from typing import Any

import numpy as np
import pyarrow as pa

from riskmodel.sources.economy.arrival import Post, in_office_hours
from riskmodel.sources.economy.calendar import Floats, Ints
from riskmodel.sources.economy.catalogue import (
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
from riskmodel.sources.economy.columns import counts, dates, ids, money, with_gaps, words
from riskmodel.sources.economy.exchange import Rates
from riskmodel.sources.economy.parameters import Parameters
from riskmodel.sources.economy.population import Traits
from riskmodel.sources.economy.randomness import chosen, spread
from riskmodel.sources.economy.trade import UNPAID, Deals

ENTERPRISE_DIGITS = 6
DECLARATION_DIGITS = 8


def enterprise_ids(numbers: Ints) -> Any:
    """`E000001` for the first enterprise."""
    return ids("E", numbers + 1, ENTERPRISE_DIGITS)


def declaration_ids(numbers: Ints) -> Any:
    """`D00000001` for the first declaration."""
    return ids("D", numbers + 1, DECLARATION_DIGITS)


def declarations(
    deals: Deals, traits: Traits, rates: Rates, *, post: Post, parameters: Parameters
) -> Any:
    """Customs releases a few days after shipment; gamers' unit values are odd."""
    rng, count = post.rng, len(deals.day)
    good = 2 * traits.sector[deals.enterprise] + (rng.random(count) < 0.35)
    unit_value = np.array([good[1] for good in GOODS])[good] * spread(rng, 0.25, count)
    odd = np.where(deals.staged, parameters.trade.gamed_unit_value, 1.0)
    currency = chosen(rng, CURRENCY_SHARES, count)
    rows = pa.table(
        {
            "declaration_id": declaration_ids(np.arange(count)),
            "enterprise_id": enterprise_ids(deals.enterprise),
            "declared_on": dates(deals.day),
            "fob_usd": money(deals.fob_usd),
            "status": words(deals.cancelled.astype(np.int64), ("released", "cancelled")),
            "via_platform": pa.array(deals.platform),
            "trade_mode": words(chosen(rng, TRADE_MODE_SHARES, count), TRADE_MODES),
            "transport_mode": words(chosen(rng, TRANSPORT_MODE_SHARES, count), TRANSPORT_MODES),
            "hs_code": words(good, [good[0] for good in GOODS]),
            "destination": words(deals.reach, DESTINATIONS),
            "buyer_id": ids("B", deals.buyer + 1, ENTERPRISE_DIGITS),
            "settlement": words(deals.settlement, SETTLEMENTS),
            "terms_days": counts(deals.terms),
            "currency": words(currency, CURRENCIES),
            "amount": money(deals.fob_usd / rates.usd_per_unit(deals.day, currency)),
            "quantity": money(deals.fob_usd / (unit_value * odd)),
            "unit": words(good, [good[2] for good in GOODS]),
        }
    )
    known = in_office_hours(deals.day + 1 + rng.geometric(post.rates.customs_daily, count), rng)
    return post.corrected_or_withdrawn(rows, known, ("fob_usd", "amount"))


def receipts(deals: Deals, *, post: Post, parameters: Parameters) -> Any:
    """Deposits and final payments, known the next day; a few name no declaration."""
    rng = post.rng
    ahead = np.flatnonzero((deals.deposit > 0) & ~deals.cancelled & (deals.fob_usd > 0))
    final = np.flatnonzero(deals.paid_on < UNPAID)
    deal = np.concatenate([ahead, final])
    share = np.concatenate([deals.deposit[ahead], 1 - deals.deposit[final]])
    day = np.concatenate([deals.day[ahead] + 1, deals.paid_on[final]])
    inside = day <= post.calendar.last_day
    deal, share, day = deal[inside], share[inside], day[inside]
    count = len(deal)
    fees = 1 - parameters.payment.fee_most * rng.random(count)
    unmatched = rng.random(count) < parameters.payment.unmatched_share
    stranger = rng.random(count) < parameters.payment.stranger_share
    payer = np.where(stranger, 900_000 + deals.enterprise[deal] % 90_000, deals.buyer[deal] + 1)
    rows = pa.table(
        {
            "receipt_id": ids("R", np.arange(count) + 1, DECLARATION_DIGITS),
            "enterprise_id": enterprise_ids(deals.enterprise[deal]),
            "received_on": dates(day),
            "amount_usd": money(deals.fob_usd[deal] * share * fees),
            "declaration_id": with_gaps(declaration_ids(deal), unmatched),
            "payer_id": ids("B", payer, ENTERPRISE_DIGITS),
        }
    )
    known = in_office_hours(day + 1, rng)
    return post.corrected_or_withdrawn(rows, known, ("amount_usd",))


def purchases(
    deals: Deals, traits: Traits, cny: Floats, *, post: Post, parameters: Parameters
) -> Any:
    """Suppliers' invoices before each deal, with value added tax; known within two weeks."""
    rng, calendar = post.rng, post.calendar
    bought = (deals.fob_usd > 0) & (rng.random(len(deals.day)) < parameters.trade.purchase_share)
    day = deals.day - rng.integers(5, 45, len(deals.day))
    # Goods that are only staged are not bought either.
    deal = np.flatnonzero(bought & (day >= calendar.first_day) & ~deals.staged)
    day, enterprise, count = day[deal], deals.enterprise[deal], len(deal)
    ratio = traits.cost_ratio[enterprise] / parameters.trade.purchase_share
    returned = rng.random(count) < parameters.trade.invoice_return_share
    amount = deals.fob_usd[deal] * cny[deals.month[deal]] * ratio * spread(rng, 0.12, count)
    amount = np.where(returned, -0.2 * amount, amount)
    supplier = enterprise * 5 + np.minimum(rng.geometric(0.45, count), 5)
    void = rng.random(count) < parameters.trade.void_share
    rows = pa.table(
        {
            "invoice_id": ids("P", np.arange(count) + 1, DECLARATION_DIGITS),
            "enterprise_id": enterprise_ids(enterprise),
            "invoiced_on": dates(day),
            "amount_cny": money(amount),
            "supplier_id": ids("S", supplier % (3 * traits.count) + 1, 7),
            "tax_cny": money(parameters.trade.vat_rate * amount),
            "status": words(void.astype(np.int64), ("valid", "void")),
        }
    )
    known = in_office_hours(day + rng.integers(1, post.rates.invoice_days + 1, count), rng)
    return post.corrected_or_withdrawn(rows, known, ("amount_cny", "tax_cny"))


def refunds(
    deals: Deals, traits: Traits, cny: Floats, *, post: Post, parameters: Parameters
) -> Any:
    """Claims weeks after the deal; most are known when paid, the slow ones before and again."""
    rng = post.rng
    real = (deals.fob_usd > 0) & ~deals.cancelled & ~deals.staged
    claimed = deals.day + rng.integers(15, 60, len(deals.day))
    made = real & (rng.random(len(deals.day)) < parameters.trade.refund_share)
    deal = np.flatnonzero(made & (claimed <= post.calendar.last_day))
    claimed, count = claimed[deal], len(deal)
    slow = rng.random(count) < parameters.payment.refund_slow_share
    paid = claimed + np.where(slow, rng.integers(70, 200, count), rng.integers(8, 36, count))
    rate = traits.refund_rate[deals.enterprise[deal]]
    amount = deals.fob_usd[deal] * cny[deals.month[deal]] * rate

    def rows(take: Ints, *, paid_known: bool) -> Any:
        """The chosen claims as rows, with or without their day of payment."""
        open_ = slow[take] & (not paid_known)
        return pa.table(
            {
                "refund_id": ids("F", take + 1, DECLARATION_DIGITS),
                "enterprise_id": enterprise_ids(deals.enterprise[deal[take]]),
                "claimed_on": dates(claimed[take]),
                "amount_cny": money(amount[take]),
                "declaration_id": declaration_ids(deal[take]),
                "paid_on": dates(paid[take], missing=open_),
            }
        )

    everyone, later = np.arange(count), np.flatnonzero(slow)
    heard = np.where(slow, claimed + 35, paid) + rng.integers(1, 10, count)
    first = post.corrected_or_withdrawn(
        rows(everyone, paid_known=False), in_office_hours(heard, rng), ("amount_cny",)
    )
    again = post.plain(
        rows(later, paid_known=True).append_column(
            "withdrawn", pa.array(np.zeros(len(later), dtype=bool))
        ),
        in_office_hours(paid[later] + rng.integers(1, 10, len(later)), rng),
    )
    return pa.concat_tables([first, again.select(first.column_names)])
