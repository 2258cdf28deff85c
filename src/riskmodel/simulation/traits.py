"""Who is there: enterprises with their hidden traits."""

from typing import NamedTuple

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
    """What does not change in an enterprise's life; one entry an enterprise.

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
        """These traits, with the others' in the places that the mask selects."""
        fields = [field.copy() for field in self]
        for field, other in zip(fields, others, strict=True):
            field[mask] = other
        return Traits._make(fields)


def draw_traits(
    number: Ints, attempt: Ints, calendar: Calendar, parameters: Parameters, seed: int
) -> Traits:
    """The enterprises of the given numbers.

    Who did not live to see the simulation is drawn anew, with the next `attempt`: all but its date of
    entry, size, sector and place, which were drawn among those that live.
    """
    p, cash, n = parameters.population, parameters.cash, number
    again = number * 64 + attempt

    def key(name: str) -> np.uint64:
        return stream(seed, f"traits {name}")

    gamer = uniforms(key("gamer"), n) < p.gamer_share
    size = np.log(p.size_median_usd) + p.size_sigma * normals(key("size"), n)
    # A gamer is too small for the gate: that is why it games.
    size = np.where(gamer, np.minimum(size, np.log(p.gamer_usd)), size)
    kind = choices(key("kind"), n, KIND_SHARES)
    quality = normals(key("quality"), again) + p.gamer_quality * gamer
    quality = quality - p.kind_quality * (kind == len(KIND_SHARES) - 1)
    enters = _draw_entry(n, size, calendar, parameters, key("entry"))
    signs = np.maximum(
        enters + p.sign_history_months,
        enters
        + p.sign_history_months
        + (p.sign_wait_months * exponentials(key("signing"), n)).astype(np.int64),
    )
    sector = _draw_sector(n, enters, calendar.months, parameters, key("sector"))
    deals = p.deal_size_power * (size - np.log(p.size_median_usd))
    weight = p.platform_weight
    borrows = uniforms(key("borrower"), n) < p.loan_share
    reach = p.leverage_low + (p.leverage_high - p.leverage_low) * uniforms(key("loan"), n)
    wait = np.minimum(p.head_start_years * exponentials(key("head start"), n), 4.0)
    return Traits(
        number=n,
        key=subkeys(stream(seed, "life"), again),
        size=size,
        quality=quality,
        gamer=gamer,
        enters=enters,
        registered=calendar.day_in(enters, integers(key("registered"), n, 1, 29))
        - (365 * wait).astype(np.int64)
        - 30,
        province=choices(key("province"), n, PROVINCE_SHARES),
        sector=sector,
        sector_risk=np.asarray(SECTOR_RISK, dtype=np.float64)[sector],
        kind=kind,
        employees=1
        + (np.exp(0.6 * (size - 10.5)) * lognormals(key("staff"), n, 0.6)).astype(np.int64),
        deal_usd=p.deal_median_usd
        * np.exp(deals)
        * lognormals(key("deal"), n, p.deal_sigma_between),
        platform_share=_beta(
            key("platform"), n, weight * p.platform_share, weight * (1 - p.platform_share)
        ),
        cost_ratio=parameters.trade.cost_ratio
        - parameters.trade.cost_quality * quality
        + parameters.trade.cost_sigma * normals(key("cost"), again),
        refund_rate=np.clip(
            parameters.trade.refund_rate + 0.03 * normals(key("refund"), n), 0.05, 0.16
        ),
        terms=np.asarray(TERMS_DAYS)[choices(key("terms"), n, TERMS_SHARES)],
        target_cash=cash.target_months
        + cash.target_quality * quality
        + cash.target_sigma * normals(key("target"), again),
        loan=np.where(borrows, 12 * reach, 0.0),
        line_slope=parameters.arrears.line_slope_median
        * lognormals(key("line slope"), n, parameters.arrears.line_slope_sigma),
        taste=parameters.programme.taste_sigma * normals(key("taste"), n),
        recovery=normals(key("recovery"), n),
        signs=np.where(uniforms(key("signer"), n) < p.sign_share, signs, NEVER),
        signed=_draw_agreements(n, parameters, key("banks")),
        share=_buyer_shares(n, size, parameters, seed),
        day_late=integers(key("late day"), n, 1, 30),
    )


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
