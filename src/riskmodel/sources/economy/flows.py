"""Deals summed to monthly flows: what the hidden cash balance lives on."""

from dataclasses import dataclass

import numpy as np

from riskmodel.sources.economy.calendar import Calendar, Flags, Floats, Ints
from riskmodel.sources.economy.parameters import Parameters
from riskmodel.sources.economy.population import Traits
from riskmodel.sources.economy.trade import Deals

REFUND_WAIT_DAYS = 75
"""About when a refund reaches the account, after the declaration (the cash path's own rounding)."""


@dataclass(frozen=True)
class Flows:
    """Months x enterprises, in CNY unless the name says USD.

    `scale` is smoothed monthly sales; `base_usd` are declared exports of twelve months in the
    programme's weights; `gate_usd` and `gate_deals` are those of six months.
    """

    sales: Floats
    receipts: Floats
    refunds: Floats
    purchases: Floats
    scale: Floats
    base_usd: Floats
    gate_usd: Floats
    gate_deals: Floats


def monthly_flows(
    deals: Deals, traits: Traits, calendar: Calendar, *, cny: Floats, parameters: Parameters
) -> Flows:
    """The flows of every enterprise; `cny` is CNY per USD by month."""
    shape = (calendar.months, traits.count)
    honest = ~deals.cancelled
    real = honest & ~deals.staged
    value = deals.fob_usd * cny[deals.month]
    refunded = calendar.month_of(deals.day + REFUND_WAIT_DAYS)

    def by_month(month: Ints, amount: Floats, rows: Flags) -> Floats:
        """Sums of the rows whose month lies inside the world."""
        inside = rows & (month >= 0) & (month < calendar.months)
        cell = month[inside] * traits.count + deals.enterprise[inside]
        total = np.bincount(cell, amount[inside], shape[0] * shape[1])
        return np.asarray(total.reshape(shape), dtype=np.float64)

    sales = by_month(deals.month, value, real)
    early = by_month(deals.month, value * deals.deposit, real & (deals.deposit > 0) & (value > 0))
    weight = np.where(
        deals.platform, parameters.programme.on_platform, parameters.programme.off_platform
    )
    return Flows(
        sales=sales,
        receipts=early
        + by_month(calendar.month_of(deals.paid_on), value * (1 - deals.deposit), real),
        refunds=by_month(
            refunded, value * traits.refund_rate[deals.enterprise], real & (value > 0)
        ),
        purchases=np.maximum(sales, 0.0) * traits.cost_ratio[None, :],
        scale=_smoothed(sales, traits, calendar, cny=cny, parameters=parameters),
        base_usd=_rolling(by_month(deals.month, deals.fob_usd * weight, honest), 12),
        gate_usd=_rolling(by_month(deals.month, deals.fob_usd, honest), 6),
        gate_deals=_rolling(by_month(deals.month, np.ones(len(value)), honest), 6),
    )


def _smoothed(
    sales: Floats, traits: Traits, calendar: Calendar, *, cny: Floats, parameters: Parameters
) -> Floats:
    """Exponentially smoothed sales, never below a tenth of the usual: what costs are set to."""
    usual = np.exp(traits.size) / 12 * cny[0]
    level, levels, weight = usual, [], parameters.cash.smoothing
    for month in range(calendar.months):
        level = np.where(traits.enters < month, (1 - weight) * level + weight * sales[month], level)
        levels.append(np.maximum(level, 0.1 * usual))
    return np.stack(levels)


def _rolling(amounts: Floats, months: int) -> Floats:
    """Sums over the months before each month, at most `months` of them."""
    totals = np.concatenate([np.zeros((1, amounts.shape[1])), np.cumsum(amounts, axis=0)])
    ends = np.arange(amounts.shape[0])
    return np.asarray(totals[ends] - totals[np.maximum(ends - months, 0)], dtype=np.float64)
