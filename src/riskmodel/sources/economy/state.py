"""The hidden monthly state of every enterprise, and how one month leads to the next."""

from dataclasses import dataclass, fields, replace

import numpy as np

from riskmodel.sources.economy.calendar import Flags, Floats, Ints
from riskmodel.sources.economy.flows import Flows
from riskmodel.sources.economy.parameters import Arrears, Parameters
from riskmodel.sources.economy.population import NEVER, Traits

DEFAULTED = 4
"""The arrears state of default: 90 days past due; 0 is current, 1-3 are the steps between."""


@dataclass(frozen=True)
class State:
    """One entry an enterprise at a month's end (stacked: months x enterprises).

    `distress` is the log odds of entering arrears. `defaulted`, `ailing`, `exited` are month
    indices (`NEVER`). `activity` is the share of its healthy trade that still happens. `line` is
    the live line's number (-1: none) with its bank, limit, month of expiry and balances in CNY.
    """

    cash_months: Floats
    distress: Floats
    arrears: Ints
    defaulted: Ints
    ailing: Ints
    exited: Ints
    activity: Floats
    line: Ints
    bank: Ints
    limit: Floats
    rate: Floats
    expires: Ints
    drawn: Floats
    interest: Floats
    written_off: Floats
    lost: Floats
    recovered: Floats

    def there(self, month: int, enters: Ints) -> Flags:
        """Those that trade or owe: begun, and not yet gone."""
        return np.asarray((enters <= month) & (self.exited == NEVER))


def stacked(states: list[State]) -> State:
    """The months' states as one: each field months x enterprises."""
    return State(
        **{f.name: np.stack([getattr(state, f.name) for state in states]) for f in fields(State)}
    )


def first_state(traits: Traits, parameters: Parameters, rng: np.random.Generator) -> State:
    """Everyone current, without a line, at its usual cash give or take."""
    count = traits.count
    zeros, none, never = np.zeros(count), np.full(count, -1), np.full(count, NEVER)
    return State(
        cash_months=traits.target_cash + 0.8 * rng.standard_normal(count),
        distress=np.full(count, parameters.arrears.level),
        arrears=np.zeros(count, dtype=np.int64),
        defaulted=never,
        ailing=never,
        exited=never,
        activity=np.ones(count),
        line=none,
        bank=none,
        limit=zeros,
        rate=zeros,
        expires=never,
        drawn=zeros,
        interest=zeros,
        written_off=zeros,
        lost=zeros,
        recovered=zeros,
    )


def odds_to_share(logit: Floats) -> Floats:
    """The share whose log odds are given."""
    return np.asarray(1 / (1 + np.exp(-logit)), dtype=np.float64)


def standing_distress(traits: Traits, month: int, arrears: Arrears) -> Floats:
    """The part of distress that a month's cash, demand and debt do not move."""
    years = np.maximum(month - traits.enters, 0) / 12
    return np.asarray(
        arrears.level
        - arrears.quality_slope * traits.quality
        + arrears.young_slope * np.exp(-years / arrears.young_years)
        + traits.sector_risk
    )


def roll_shares(distress: Floats, arrears: Arrears) -> tuple[Floats, Floats, Floats]:
    """The shares that roll from 1-30 to 31-60, to 61-90 days, and to default; the rest cures."""
    push = np.clip(arrears.roll_slope * (distress - arrears.roll_centre), -1.5, 1.5)
    base = (arrears.roll_to_60, arrears.roll_to_90, arrears.roll_to_default)
    first, second, third = (odds_to_share(np.log(b / (1 - b)) + push) for b in base)
    return first, second, third


def with_cash(
    state: State,
    month: int,
    traits: Traits,
    *,
    flows: Flows,
    parameters: Parameters,
    rng: np.random.Generator,
) -> State:
    """Cash after a month's receipts, costs, debt service and shocks."""
    cash = parameters.cash
    scale, earlier = flows.scale[month], flows.scale[max(month - 6, 0)]
    came = (flows.receipts[month] + flows.refunds[month] - flows.purchases[month]) / scale
    # Fixed costs were set for the sales of half a year ago: a fall in orders eats cash.
    fixed = cash.fixed_share * np.minimum(earlier / scale, 3.0)
    service = traits.leverage * parameters.records.loan_rate + state.interest / scale
    surprise = np.tanh(came - fixed - service - cash.normal_flow)
    return replace(
        state,
        cash_months=state.cash_months
        + cash.reversion * (traits.target_cash - state.cash_months)
        + cash.passthrough * surprise
        + cash.shock_sigma * rng.standard_normal(traits.count),
    )


def with_distress(
    state: State,
    month: int,
    traits: Traits,
    *,
    flows: Flows,
    demand: Floats,
    parameters: Parameters,
) -> State:
    """The log odds of entering arrears, from cash, quality, demand, debt and age."""
    p = parameters.arrears
    owed = 12 * traits.leverage + state.drawn / flows.scale[month]
    return replace(
        state,
        distress=standing_distress(traits, month, p)
        - p.cash_slope * (state.cash_months - parameters.cash.target_months)
        - p.demand_slope * demand
        + p.debt_slope * owed
        + p.ailing_jump * (state.ailing != NEVER),
    )


def with_arrears(
    state: State, month: int, traits: Traits, parameters: Parameters, rng: np.random.Generator
) -> State:
    """Arrears entered, rolled or cured; the fourth step is default and stays."""
    draw = rng.random(traits.count)
    there = state.there(month, traits.enters)
    indebted = (traits.leverage > 0) | (state.drawn > 0)
    entering = odds_to_share(state.distress) * (there & indebted)
    steps = np.stack([entering, *roll_shares(state.distress, parameters.arrears)])
    now = np.minimum(state.arrears, DEFAULTED - 1)
    goes_on = draw < steps[now, np.arange(traits.count)]
    arrears = np.where(goes_on & there, state.arrears + 1, 0)
    arrears = np.where(state.arrears == DEFAULTED, DEFAULTED, arrears)
    fresh = (arrears == DEFAULTED) & (state.defaulted == NEVER)
    return replace(state, arrears=arrears, defaulted=np.where(fresh, month, state.defaulted))


def exit_shares(traits: Traits, month: int, demand: Floats, parameters: Parameters) -> Floats:
    """The monthly shares that leave: by years of export, size, quality and demand."""
    p = parameters.exit
    years = np.clip((month - traits.enters) // 12, 0, len(p.yearly) - 1)
    large = np.where(np.exp(traits.size) > 100_000.0, p.large_factor, 1.0)
    tilt = np.exp(-p.quality_slope * traits.quality - p.demand_slope * demand)
    return np.clip(np.asarray(p.yearly)[years] / 12 * large * tilt, 0.0, 0.3)


def with_exit(
    state: State,
    month: int,
    traits: Traits,
    *,
    demand: Floats,
    parameters: Parameters,
    rng: np.random.Generator,
) -> State:
    """Some leave and repay; some of them leave their debts behind and ail first."""
    draw, kind = rng.random(traits.count), rng.random(traits.count)
    free = state.there(month, traits.enters) & (state.arrears == 0) & (state.ailing == NEVER)
    leaves = free & (draw < exit_shares(traits, month, demand, parameters))
    unpaid = leaves & (kind < parameters.arrears.ailing_share)
    over = (state.ailing <= month - 12) & (state.arrears == 0) & (state.exited == NEVER)
    return replace(
        state,
        ailing=np.where(unpaid, month, state.ailing),
        exited=np.where((leaves & ~unpaid) | over, month, state.exited),
    )


def with_activity(state: State, month: int, parameters: Parameters) -> State:
    """How much of its healthy trade an enterprise still does next month."""
    cash = parameters.cash
    fed = odds_to_share(cash.starved_slope * (state.cash_months - cash.starved_months))
    starved = cash.starved_least + (1 - cash.starved_least) * fed
    slowed = starved * np.array([1.0, 0.9, 0.75, 0.6, 0.4])[state.arrears]
    slowed = np.where(state.ailing != NEVER, 0.3 * slowed, slowed)
    over = (state.exited <= month) | (state.defaulted <= month - 4)
    return replace(state, activity=np.where(over, 0.0, slowed))
