"""Orders become deals, deals become receivables, purchases and refunds.

Trade is drawn as it would be if the enterprise stayed healthy; the monthly state then thins it.
"""

from dataclasses import dataclass, fields, replace

import numpy as np

from riskmodel.sources.economy.calendar import Calendar, Flags, Floats, Ints
from riskmodel.sources.economy.catalogue import (
    HONG_KONG,
    SECTORS,
    SETTLEMENT_SHARES,
    TERMS_DAYS,
    TERMS_SHARES,
)
from riskmodel.sources.economy.columns import cents
from riskmodel.sources.economy.parameters import Parameters
from riskmodel.sources.economy.population import NEVER, Network, Traits
from riskmodel.sources.economy.randomness import chosen, spread, stream

UNPAID = 10**7
"""A day number beyond every world."""


@dataclass(frozen=True)
class Deals:
    """One entry a deal, ordered by month and enterprise; days are day numbers.

    `kept_below` is the activity above which the deal happens. `paid_on` is `UNPAID` where the
    money never comes; `deposit` is the part paid at once. `reach` is the destination.
    """

    enterprise: Ints
    month: Ints
    day: Ints
    fob_usd: Floats
    buyer: Ints
    reach: Ints
    platform: Flags
    staged: Flags
    cancelled: Flags
    settlement: Ints
    terms: Ints
    deposit: Floats
    paid_on: Ints
    kept_below: Floats

    def where(self, mask: Flags) -> "Deals":
        """The deals that the mask selects."""
        return Deals(**{field.name: getattr(self, field.name)[mask] for field in fields(self)})


def demand_paths(
    traits: Traits, calendar: Calendar, parameters: Parameters, seed: int
) -> tuple[Floats, Floats]:
    """Log demand of each enterprise, and what moves all or a sector: two arrays months x N."""
    p = parameters.trade
    rng = stream(seed, "demand")
    own = rng.standard_normal((calendar.months, traits.count))
    world = p.world_shock * rng.standard_normal((calendar.months, 1))
    sector = p.sector_shock * rng.standard_normal((calendar.months, len(SECTORS)))
    stationary = p.demand_shock / np.sqrt(1 - p.demand_persistence**2)
    state, shared = stationary * rng.standard_normal(traits.count), np.zeros(len(SECTORS))
    demand, common = [], []
    for month in range(calendar.months):
        state = p.demand_persistence * state + p.demand_shock * own[month]
        shared = p.world_persistence * shared + world[month] + sector[month]
        demand.append(state)
        common.append(shared[traits.sector])
    return np.stack(demand), np.stack(common)


def draw_deals(
    traits: Traits, network: Network, demand: Floats, *, parameters: Parameters, seed: int
) -> Deals:
    """Every deal that would happen, with its day, buyer and payment; `demand` is months x N."""
    calendar = Calendar(len(demand))
    rng = stream(seed, "deals")
    weights = calendar.day_weights(parameters.trade)
    edges = np.concatenate([[0.0], np.cumsum(weights)])
    bounds = edges[calendar.edges - calendar.first_day]
    month_weight = np.diff(bounds)
    mean_deal = traits.deal_usd * np.exp(parameters.trade.deal_sigma**2 / 2)
    intensity = np.exp(traits.size + demand) / 365.0 / mean_deal * month_weight[:, None]
    open_ = traits.enters[None, :] <= np.arange(calendar.months)[:, None]
    numbers = rng.poisson(intensity * open_).ravel()
    position = np.repeat(np.arange(numbers.size), numbers)
    month, enterprise = position // traits.count, position % traits.count
    place = bounds[month] + rng.random(len(month)) * month_weight[month]
    day = calendar.first_day + np.searchsorted(edges, place, side="right") - 1
    honest = _dressed(traits, network, (enterprise, month, day), parameters=parameters, rng=rng)
    staged = _staged(traits, network, calendar, parameters=parameters, seed=seed)
    return _joined(honest, staged)


def _dressed(
    traits: Traits,
    network: Network,
    when: tuple[Ints, Ints, Ints],
    *,
    parameters: Parameters,
    rng: np.random.Generator,
) -> Deals:
    """Deals of the given enterprises, months and days with all else drawn."""
    enterprise, month, day = when
    p, count = parameters.trade, len(enterprise)
    slot = (rng.random(count)[:, None] > network.share[enterprise]).sum(axis=1)
    slot = np.minimum(slot, network.share.shape[1] - 1)
    first = network.buyer[enterprise, slot]
    failed = network.fails[first] <= day
    buyer = np.where(failed, network.successor[enterprise, slot], first)
    lost = failed & (rng.random(count) > parameters.buyers.replaced_share)
    returned = rng.random(count) < p.return_share
    cancelled = rng.random(count) < p.cancelled_share
    fob = traits.deal_usd[enterprise] * spread(rng, p.deal_sigma, count)
    settlement = chosen(rng, SETTLEMENT_SHARES, count)
    usual = np.asarray(TERMS_DAYS)[chosen(rng, TERMS_SHARES, traits.count)][enterprise]
    terms = np.where(settlement == 2, 30, usual)
    deposits = (settlement == 0) & (rng.random(count) < parameters.payment.deposit_share)
    deals = Deals(
        enterprise=enterprise,
        month=month,
        day=day,
        fob_usd=cents(np.where(returned, -0.3 * fob, fob)),
        buyer=buyer,
        reach=network.destination[buyer],
        platform=rng.random(count) < traits.platform_share[enterprise],
        staged=np.zeros(count, dtype=bool),
        cancelled=cancelled & ~returned,
        settlement=settlement,
        terms=terms,
        deposit=np.where(deposits, parameters.payment.deposit_part, 0.0),
        paid_on=np.full(count, UNPAID),
        kept_below=rng.random(count),
    )
    alive = ~lost & (network.fails[buyer] > day)
    paid = replace(deals, paid_on=_payment(deals, traits, network, parameters=parameters, rng=rng))
    return paid.where(alive)


def _payment(
    deals: Deals,
    traits: Traits,
    network: Network,
    *,
    parameters: Parameters,
    rng: np.random.Generator,
) -> Ints:
    """The day on which each deal is paid: on time, late, or never."""
    p, count = parameters.payment, len(deals.day)
    risk, quality = network.risk[deals.buyer], traits.quality[deals.enterprise]
    logit = p.late_logit + p.late_buyer * risk - p.late_quality * quality
    late = rng.random(count) < 1 / (1 + np.exp(-logit))
    mean = p.delay_mean_days * np.exp(0.35 * risk - 0.2 * quality)
    delay = np.where(late, 1 + rng.exponential(mean), -rng.integers(0, 12, count))
    delay = np.round(delay).astype(np.int64)
    hopeless = (delay > p.hopeless_days) & (rng.random(count) < p.hopeless_unpaid)
    disputed = rng.random(count) < p.dispute_share * np.exp(-0.4 * quality)
    due = deals.day + np.maximum(deals.terms + delay, 1)
    failed = network.fails[deals.buyer] <= due
    never = hopeless | disputed | failed | (deals.fob_usd < 0) | deals.cancelled
    return np.where(never, UNPAID, due)


def _staged(
    traits: Traits,
    network: Network,
    calendar: Calendar,
    *,
    parameters: Parameters,
    seed: int,
) -> Deals:
    """Declarations that gamers stage in the two months before they sign: nobody pays them."""
    rng = stream(seed, "gamers")
    games = np.flatnonzero(
        traits.gamer & (traits.signs < calendar.months) & (traits.signs != NEVER)
    )
    enterprise = np.repeat(games, 3 + rng.poisson(parameters.trade.gamed_deals, len(games)))
    count = len(enterprise)
    month = np.maximum(traits.signs[enterprise] - 1 - rng.integers(0, 2, count), 0)
    fob = cents(parameters.trade.gamed_deal_usd * spread(rng, 0.3, count))
    own_buyers = len(network.risk) + enterprise
    return Deals(
        enterprise=enterprise,
        month=month,
        day=calendar.day_in(month, 20 + rng.integers(0, 8, count)),
        fob_usd=fob,
        buyer=own_buyers,
        reach=np.full(count, HONG_KONG),
        platform=np.ones(count, dtype=bool),
        staged=np.ones(count, dtype=bool),
        cancelled=np.zeros(count, dtype=bool),
        settlement=np.zeros(count, dtype=np.int64),
        terms=np.full(count, 60),
        deposit=np.zeros(count),
        paid_on=np.full(count, UNPAID),
        kept_below=np.zeros(count),
    )


def _joined(first: Deals, second: Deals) -> Deals:
    """Both sets of deals, ordered by month, enterprise and day."""
    both = {
        field.name: np.concatenate([getattr(first, field.name), getattr(second, field.name)])
        for field in fields(Deals)
    }
    order = np.lexsort((both["day"], both["enterprise"], both["month"]))
    return Deals(**{name: values[order] for name, values in both.items()})
