"""Who is there: enterprises with their hidden traits, and the buyers that they share."""

from dataclasses import dataclass

import numpy as np

from riskmodel.sources.economy.calendar import Calendar, Flags, Floats, Ints
from riskmodel.sources.economy.catalogue import (
    BANKS,
    DESTINATION_SHARES,
    KIND_SHARES,
    PROVINCE_SHARES,
    SECTOR_RISK,
    SECTORS,
)
from riskmodel.sources.economy.parameters import Buyers, Parameters
from riskmodel.sources.economy.randomness import chosen, spread, stream

NEVER = 10_000
"""A month index beyond every world."""


@dataclass(frozen=True)
class Traits:
    """What does not change in an enterprise's life; one entry an enterprise.

    `size` is the log of twelve-month exports in USD at mean demand, `enters` and `signs` are
    month indices (below zero: before the world; `NEVER`), `leverage` is other lenders' loans
    over yearly sales (0: none), `signed` is enterprises x banks.
    """

    size: Floats
    quality: Floats
    gamer: Flags
    enters: Ints
    registered: Ints
    province: Ints
    sector: Ints
    kind: Ints
    employees: Ints
    deal_usd: Floats
    platform_share: Floats
    cost_ratio: Floats
    refund_rate: Floats
    target_cash: Floats
    leverage: Floats
    signs: Ints
    signed: Flags
    pays_line_first: Flags
    day_late: Ints

    @property
    def count(self) -> int:
        """The number of enterprises."""
        return len(self.size)

    @property
    def sector_risk(self) -> Floats:
        """The standing distress of each enterprise's sector."""
        return np.asarray(SECTOR_RISK, dtype=np.float64)[self.sector]


@dataclass(frozen=True)
class Network:
    """Who buys from whom: buyers' traits, and enterprises x slots of buyers.

    `fails` is the day on which a buyer stops paying, `share` the cumulated share of a slot in
    an enterprise's orders, `successor` the buyer that takes over when the first one fails.
    """

    risk: Floats
    destination: Ints
    fails: Ints
    buyer: Ints
    successor: Ints
    share: Floats


def draw_traits(count: int, calendar: Calendar, parameters: Parameters, seed: int) -> Traits:
    """The enterprises of a world."""
    p, cash = parameters.population, parameters.cash
    rng = stream(seed, "traits")
    gamer = rng.random(count) < p.gamer_share
    quality = rng.standard_normal(count) + p.gamer_quality * gamer
    size = np.log(p.size_median_usd) + p.size_sigma * rng.standard_normal(count)
    # A gamer is too small for the gate: that is why it games.
    size = np.where(gamer, np.minimum(size, np.log(150_000.0)), size)
    enters = _entry(count, calendar, parameters, rng)
    waits = np.where(
        enters < p.sign_first_month - p.sign_history_months,
        p.sign_first_month,
        enters + p.sign_history_months,
    )
    signs = waits + rng.exponential(p.sign_wait_months, count).astype(np.int64)
    signer = rng.random(count) < p.sign_share
    borrows = rng.random(count) < p.loan_share
    wait = np.minimum(rng.exponential(p.head_start_years, count), 2.5 * p.head_start_years)
    head_start = (365 * wait).astype(np.int64) + 30
    deals = p.deal_size_power * (size - np.log(p.size_median_usd))
    return Traits(
        size=size,
        quality=quality,
        gamer=gamer,
        enters=enters,
        registered=calendar.day_in(enters, 1 + rng.integers(0, 28, count)) - head_start,
        province=chosen(rng, PROVINCE_SHARES, count),
        sector=rng.integers(0, len(SECTORS), count),
        kind=chosen(rng, KIND_SHARES, count),
        employees=1 + (np.exp(0.6 * (size - 10.5)) * spread(rng, 0.6, count)).astype(np.int64),
        deal_usd=p.deal_median_usd * np.exp(deals) * spread(rng, p.deal_sigma_between, count),
        platform_share=rng.beta(
            p.platform_weight * p.platform_share, p.platform_weight * (1 - p.platform_share), count
        ),
        cost_ratio=parameters.trade.cost_ratio
        - parameters.trade.cost_quality * quality
        + 0.015 * rng.standard_normal(count),
        refund_rate=np.clip(
            parameters.trade.refund_rate + 0.03 * rng.standard_normal(count), 0.05, 0.16
        ),
        target_cash=cash.target_months
        + cash.target_quality * quality
        + cash.target_sigma * rng.standard_normal(count),
        leverage=np.where(borrows, rng.uniform(p.leverage_low, p.leverage_high, count), 0.0),
        signs=np.where(signer, signs, NEVER),
        signed=rng.random((count, len(BANKS))) < parameters.programme.pair_share,
        pays_line_first=rng.random(count) < parameters.records.lag_share,
        day_late=rng.integers(1, 30, count),
    )


def _entry(
    count: int, calendar: Calendar, parameters: Parameters, rng: np.random.Generator
) -> Ints:
    """The month of the first export: before the world for some, uniform over it for the rest."""
    p = parameters.population
    age = np.minimum(rng.exponential(12 * p.age_mean_years, count), 12 * p.oldest_years)
    before = -age.astype(np.int64) - 1
    inside = rng.integers(0, calendar.months, count)
    return np.where(rng.random(count) < p.present_share, before, inside)


def draw_network(traits: Traits, calendar: Calendar, parameters: Parameters, seed: int) -> Network:
    """The buyers and who they buy from; better enterprises find safer buyers."""
    p = parameters.buyers
    rng = stream(seed, "buyers")
    buyers = max(20, int(p.per_enterprise * traits.count))
    risk = np.sort(rng.standard_normal(buyers))
    hazard = p.failure_monthly * np.exp(p.failure_slope * risk)
    fails = calendar.first_day + rng.exponential(30.4 / hazard).astype(np.int64)
    return Network(
        risk=risk,
        destination=chosen(rng, DESTINATION_SHARES, buyers),
        fails=fails,
        buyer=_matched(traits, p, buyers, rng),
        successor=_matched(traits, p, buyers, rng),
        share=_shares(traits, p, rng),
    )


def _matched(traits: Traits, p: Buyers, buyers: int, rng: np.random.Generator) -> Ints:
    """A buyer for each slot, by rank of risk: a Gaussian copula with the seller's quality."""
    from scipy.special import ndtr

    noise = rng.standard_normal((traits.count, p.slots))
    rank = -p.quality_match * traits.quality[:, None] + np.sqrt(1 - p.quality_match**2) * noise
    return np.asarray(np.minimum((ndtr(rank) * buyers).astype(np.int64), buyers - 1))


def _shares(traits: Traits, p: Buyers, rng: np.random.Generator) -> Floats:
    """Cumulated shares of the slots: a main buyer, and the rest in falling parts."""
    main = rng.beta(p.main_share_a, p.main_share_b, traits.count)
    fall = np.clip(0.2 + 0.12 * (traits.size - 11.0), 0.1, 0.85)
    rest = fall[:, None] ** np.arange(1, p.slots)[None, :]
    rest = rest / rest.sum(axis=1, keepdims=True) * (1 - main)[:, None]
    return np.cumsum(np.column_stack([main, rest]), axis=1)
