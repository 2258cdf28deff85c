"""Enterprises and their hidden traits."""

from typing import Any, NamedTuple

import numpy as np

from riskmodel.simulation.calendar import BURN, Calendar
from riskmodel.simulation.kernel_records import Records, rows_of
from riskmodel.simulation.names import (
    BANKS,
    KIND_SHARES,
    PROVINCE_SHARES,
    SECTOR_RISK,
    SECTORS,
    TERMS_DAYS,
    TERMS_SHARES,
)
from riskmodel.simulation.parameters import Parameters
from riskmodel.simulation.random_streams import (
    Flags,
    Floats,
    Ints,
    choices,
    exponentials,
    integers,
    lognormals,
    normals,
    stream,
    subkeys,
    uniforms,
)

NEVER = 1_000_000
"""A month, step or day beyond every simulation."""
SLOTS = 6
"""An enterprise's buyers at most."""


class Traits(NamedTuple):
    """The traits of enterprises that do not change; one entry an enterprise.

    `number` counts from 0 and makes the id; `key` is the key of its own draws. `size` is the log
    of twelve-month exports in USD at mean demand; `enters` and `signs` are months (below zero:
    before the simulation; `NEVER`); `loan` is another lender's loan in months of usual sales (0: none);
    `line_slope` is what a line drawn to its cap adds to the log odds of falling into arrears;
    `taste` moves the drawn share; `share` is enterprises x `SLOTS`, `signed` enterprises x banks.
    """

    number: Ints
    key: np.ndarray
    size: Floats
    quality: Floats
    gamer: Flags
    enters: Ints
    registered: Ints
    province: Ints
    sector: Ints
    sector_risk: Floats
    kind: Ints
    employees: Ints
    deal_usd: Floats
    platform_share: Floats
    cost_ratio: Floats
    refund_rate: Floats
    terms: Ints
    target_cash: Floats
    loan: Floats
    line_slope: Floats
    taste: Floats
    recovery: Floats
    signs: Ints
    signed: Flags
    share: Floats
    day_late: Ints

    @property
    def enterprises(self) -> int:
        """The number of enterprises."""
        return len(self.size)

    def rows(self) -> Records:
        """A record an enterprise, as the kernels take it."""
        return rows_of(self._asdict())

    def replace_rows(self, mask: Flags, others: "Traits") -> "Traits":
        """Return these traits, with the others' in the places that the mask selects."""
        fields = [field.copy() for field in self]
        for field, other in zip(fields, others, strict=True):
            field[mask] = other
        return Traits._make(fields)


class _Draws(NamedTuple):
    """The addresses of an enterprise's draws.

    `number` is for what it keeps, `again` for what is drawn anew with each attempt.
    """

    seed: int
    number: Ints
    again: Ints

    def key(self, name: str) -> np.uint64:
        """Return the key of one trait's draws."""
        return stream(self.seed, f"traits {name}")


def draw_traits(
    number: Ints, attempt: Ints, calendar: Calendar, parameters: Parameters, seed: int
) -> Traits:
    """Draw the enterprises of the given numbers.

    Who did not live to see the simulation is drawn anew, with the next `attempt`: all but its date of
    entry, size, sector and place, which were drawn among those that live.
    """
    draws = _Draws(seed, number, number * 64 + attempt)
    gamer, size = _draw_size(draws, parameters)
    kind = choices(draws.key("kind"), number, KIND_SHARES)
    quality = _draw_quality(draws, gamer, kind, parameters)
    enters = _draw_entry(number, size, calendar, parameters, draws.key("entry"))
    return Traits(
        number=number,
        key=subkeys(stream(seed, "life"), draws.again),
        size=size,
        quality=quality,
        gamer=gamer,
        enters=enters,
        kind=kind,
        **_draw_register(draws, size, enters, calendar, parameters),
        **_draw_trade(draws, size, quality, parameters),
        **_draw_credit(draws, quality, enters, parameters),
    )


def _draw_size(draws: _Draws, parameters: Parameters) -> tuple[Flags, Floats]:
    """Draw who games, and the log of yearly exports in USD."""
    p, n = parameters.population, draws.number
    gamer = uniforms(draws.key("gamer"), n) < p.gamer_share
    size = np.log(p.size_median_usd) + p.size_sigma * normals(draws.key("size"), n)
    # A gamer is too small for the gate: that is why it games.
    return gamer, np.where(gamer, np.minimum(size, np.log(p.gamer_usd)), size)


def _draw_quality(draws: _Draws, gamer: Flags, kind: Ints, parameters: Parameters) -> Floats:
    """Draw the hidden quality, moved for gamers and for persons."""
    p = parameters.population
    quality = normals(draws.key("quality"), draws.again) + p.gamer_quality * gamer
    return np.asarray(quality - p.kind_quality * (kind == len(KIND_SHARES) - 1))


def _draw_register(
    draws: _Draws, size: Floats, enters: Ints, calendar: Calendar, parameters: Parameters
) -> dict[str, Any]:
    """Draw the traits that the register states: `registered`, place, sector, staff."""
    p, n, key = parameters.population, draws.number, draws.key
    sector = _draw_sector(n, enters, calendar.months, parameters, key("sector"))
    wait = np.minimum(p.head_start_years * exponentials(key("head start"), n), 4.0)
    first = calendar.day_in(enters, integers(key("registered"), n, 1, 29))
    staff = np.exp(0.6 * (size - 10.5)) * lognormals(key("staff"), n, 0.6)
    return {
        "registered": first - (365 * wait).astype(np.int64) - 30,
        "province": choices(key("province"), n, PROVINCE_SHARES),
        "sector": sector,
        "sector_risk": np.asarray(SECTOR_RISK, dtype=np.float64)[sector],
        "employees": 1 + staff.astype(np.int64),
    }


def _draw_trade(
    draws: _Draws, size: Floats, quality: Floats, parameters: Parameters
) -> dict[str, Any]:  # fmt: skip
    """Draw the traits of deals: their size, costs, terms, buyers' shares, lateness of records."""
    p, trade, n, key = parameters.population, parameters.trade, draws.number, draws.key
    scale = np.exp(p.deal_size_power * (size - np.log(p.size_median_usd)))
    on, off = p.platform_weight * p.platform_share, p.platform_weight * (1 - p.platform_share)
    cost = trade.cost_sigma * normals(key("cost"), draws.again)
    refund = trade.refund_rate + 0.03 * normals(key("refund"), n)
    return {
        "deal_usd": p.deal_median_usd * scale * lognormals(key("deal"), n, p.deal_sigma_between),
        "platform_share": _beta(key("platform"), n, on, off),
        "cost_ratio": trade.cost_ratio - trade.cost_quality * quality + cost,
        "refund_rate": np.clip(refund, 0.05, 0.16),
        "terms": np.asarray(TERMS_DAYS)[choices(key("terms"), n, TERMS_SHARES)],
        "share": _buyer_shares(n, size, parameters, draws.seed),
        "day_late": integers(key("late day"), n, 1, 30),
    }


def _draw_credit(
    draws: _Draws, quality: Floats, enters: Ints, parameters: Parameters
) -> dict[str, Any]:  # fmt: skip
    """Draw the traits of credit: cash, another lender's loan, response to a line, agreements."""
    p, cash, arrears = parameters.population, parameters.cash, parameters.arrears
    n, key = draws.number, draws.key
    borrows = uniforms(key("borrower"), n) < p.loan_share
    leverage = p.leverage_low + (p.leverage_high - p.leverage_low) * uniforms(key("loan"), n)
    wait = (p.sign_wait_months * exponentials(key("signing"), n)).astype(np.int64)
    signs = np.maximum(enters + p.sign_history_months, enters + p.sign_history_months + wait)
    target = cash.target_sigma * normals(key("target"), draws.again)
    return {
        "target_cash": cash.target_months + cash.target_quality * quality + target,
        "loan": np.where(borrows, 12 * leverage, 0.0),
        "line_slope": arrears.line_slope_median
        * lognormals(key("line slope"), n, arrears.line_slope_sigma),
        "taste": parameters.programme.taste_sigma * normals(key("taste"), n),
        "recovery": normals(key("recovery"), n),
        "signs": np.where(uniforms(key("signer"), n) < p.sign_share, signs, NEVER),
        "signed": _draw_agreements(n, parameters, key("banks")),
    }


def present_months(large: bool, parameters: Parameters) -> Floats:
    """The chance of still being there after each month of age, up to the oldest."""
    p = parameters.exit
    age = np.arange(int(12 * parameters.population.oldest_years))
    yearly = np.asarray(p.yearly)[np.minimum(age // 12, len(p.yearly) - 1)]
    leaves = yearly / 12 * (p.large_factor if large else 1.0)
    return np.asarray(np.cumprod(1 - leaves))


def _draw_entry(
    number: Ints, size: Floats, calendar: Calendar, parameters: Parameters, key: np.uint64
) -> Ints:
    """The month of the first export, as a constant inflow leaves it.

    Those that exist when the simulation begins have the ages of survivors; the rest enter evenly.
    `inflow` is the flow within the simulation over that before it.
    """
    draw = uniforms(key, number)
    large = np.exp(size) > parameters.exit.large_usd
    enters = np.zeros(len(number), dtype=np.int64)
    for group in (False, True):
        there = present_months(group, parameters)
        inside = calendar.months * parameters.population.inflow
        edges = np.cumsum(np.concatenate([[inside], there]))
        place = draw * edges[-1]
        before = -np.searchsorted(edges, place, side="right").astype(np.int64)
        within = (place / parameters.population.inflow).astype(np.int64)
        month = np.where(place < inside, np.minimum(within, calendar.months - 1), before)
        enters = np.where(large == group, month, enters)
    return enters


def _draw_sector(
    number: Ints, enters: Ints, months: int, parameters: Parameters, key: np.uint64
) -> Ints:
    """Sectors evenly; from a month on, entrants choose by the drifted shares."""
    p = parameters.population
    even = choices(key, number, (1.0,) * len(SECTORS))
    if not p.drift_before_end:
        return even
    return np.where(
        enters >= months - p.drift_before_end, choices(key, number, p.drift_sectors), even
    )


def _draw_agreements(number: Ints, parameters: Parameters, key: np.uint64) -> Flags:
    pair = number[:, None] * len(BANKS) + np.arange(len(BANKS))
    drawn = uniforms(key, pair.ravel()).reshape(pair.shape)
    return np.asarray(drawn < parameters.programme.pair_share)


def _buyer_shares(number: Ints, size: Floats, parameters: Parameters, seed: int) -> Floats:
    """Shares of the slots: a main buyer, and the rest in falling parts, slower for the large."""
    p = parameters.buyers
    main = _beta(stream(seed, "traits main buyer"), number, p.main_share_a, p.main_share_b)
    fall = np.clip(p.fall_base + p.fall_size * (size - np.log(500_000.0)), 0.1, 0.85)
    rest = fall[:, None] ** np.arange(1, SLOTS)[None, :]
    rest = rest / rest.sum(axis=1, keepdims=True) * (1 - main)[:, None]
    return np.column_stack([main, rest])


def _beta(key: np.uint64, number: Ints, a: float, b: float) -> Floats:
    from scipy.special import betaincinv

    return np.asarray(betaincinv(a, b, uniforms(key, number)), dtype=np.float64)


def first_step(traits: Traits) -> Ints:
    """The step in which each life begins: its entry, or the first of all for those older."""
    return np.maximum(traits.enters + BURN, 0)
