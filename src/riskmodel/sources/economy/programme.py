"""The programme's lines: who applies, how banks decide on noisy views, draws and losses."""

from dataclasses import dataclass, fields, replace

import numpy as np

from riskmodel.sources.economy.calendar import Flags, Floats, Ints
from riskmodel.sources.economy.catalogue import BANK_APPETITE, BANK_SPREAD, BANKS, SECTORS
from riskmodel.sources.economy.columns import cents
from riskmodel.sources.economy.flows import Flows
from riskmodel.sources.economy.parameters import Parameters
from riskmodel.sources.economy.population import NEVER, Traits
from riskmodel.sources.economy.state import DEFAULTED, State, odds_to_share

ACCEPT, DECLINE, WITHDRAWN = 0, 1, 2
DECISIONS = ("accept", "decline", "withdrawn")


@dataclass(frozen=True)
class Applications:
    """One entry an application; `line` is -1 where none was granted, `limit` then 0."""

    enterprise: Ints
    bank: Ints
    month: Ints
    renewal: Flags
    decision: Ints
    overridden: Flags
    asked: Floats
    limit: Floats
    rate: Floats
    randomised: Flags
    line: Ints

    def where(self, mask: Flags) -> "Applications":
        """The applications that the mask selects."""
        return Applications(**{f.name: getattr(self, f.name)[mask] for f in fields(self)})


def joined(parts: list[Applications]) -> Applications:
    """All months' applications as one."""
    return Applications(
        **{
            f.name: np.concatenate([getattr(part, f.name) for part in parts])
            for f in fields(Applications)
        }
    )


def applications_of(
    state: State,
    month: int,
    traits: Traits,
    *,
    flows: Flows,
    parameters: Parameters,
    rng: np.random.Generator,
) -> Applications:
    """This month's applications, first ones and renewals, with the banks' decisions."""
    p = parameters.programme
    renewal = (state.line >= 0) & (state.expires == month) & (state.arrears <= 1)
    renewal &= state.there(month, traits.enters) & (state.ailing == NEVER)
    gate = (flows.gate_usd[month] >= p.gate_usd) & (flows.gate_deals[month] >= p.gate_deals)
    fresh = (state.line < 0) & (traits.signs <= month) & gate & (state.arrears == 0)
    fresh &= state.there(month, traits.enters) & (state.ailing == NEVER)
    fresh &= traits.signed.any(axis=1) & (rng.random(traits.count) < p.apply_monthly)
    wish = rng.random((traits.count, len(BANKS))) * traits.signed
    enterprise = np.flatnonzero(renewal | fresh)
    again = renewal[enterprise]
    bank = np.where(again, state.bank[enterprise], wish[enterprise].argmax(axis=1))
    priced = _priced(enterprise, bank, flows.base_usd[month], parameters=parameters, rng=rng)
    limit, rate, randomised, asked = priced
    decision, overridden = _decided(
        state.distress[enterprise] - p.renewal_grace * again,
        bank,
        traits.sector[enterprise],
        parameters=parameters,
        rng=rng,
    )
    decision = np.where(limit < 10_000.0, DECLINE, decision)
    accepted = decision == ACCEPT
    return Applications(
        enterprise=enterprise,
        bank=bank,
        month=np.full(len(enterprise), month),
        renewal=again,
        decision=decision,
        overridden=overridden,
        asked=asked,
        limit=np.where(accepted, limit, 0.0),
        rate=rate,
        randomised=randomised & accepted,
        # At most one line an enterprise and month: the pair numbers it once and for all.
        line=np.where(accepted, month * traits.count + enterprise, -1),
    )


def _priced(
    enterprise: Ints,
    bank: Ints,
    base_usd: Floats,
    *,
    parameters: Parameters,
    rng: np.random.Generator,
) -> tuple[Floats, Floats, Flags, Floats]:
    """Limit in CNY, yearly rate, whether the limit was drawn by experiment, the sum asked for."""
    p, count = parameters.programme, len(enterprise)
    noise = np.exp(p.limit_sigma * rng.standard_normal(count))
    randomised = rng.random(count) < p.randomised_share
    experiment = rng.uniform(p.randomised_low, p.randomised_high, count)
    wanted = base_usd[enterprise] * np.where(randomised, experiment, noise)
    limit = np.floor(np.minimum(wanted, p.ceiling_cny) / 1_000.0) * 1_000.0
    rate = p.rate + np.asarray(BANK_SPREAD)[bank] + p.rate_sigma * rng.standard_normal(count)
    asked = np.ceil(limit * np.exp(0.3 * rng.standard_normal(count)) / 10_000.0) * 10_000.0
    return limit, np.round(rate, 4), randomised, asked


def _decided(
    distress: Floats,
    bank: Ints,
    sector: Ints,
    *,
    parameters: Parameters,
    rng: np.random.Generator,
) -> tuple[Ints, Flags]:
    """Each decision, and whether it departs from what the bank's rule said on its view."""
    p, count = parameters.programme, len(bank)
    # A bank's liking of a sector is its own and stays: a fixed pattern, not a draw.
    liking = p.sector_liking * np.sin(1.7 * (bank + 1) * (sector + 1) + len(SECTORS))
    view = distress + p.view_sigma * rng.standard_normal(count)
    rule = view < p.cut + np.asarray(BANK_APPETITE)[bank] + liking
    overridden = rng.random(count) < p.overridden_share
    decision = np.where(rule ^ overridden, ACCEPT, DECLINE)
    decision = np.where(rng.random(count) < p.withdrawn_share, WITHDRAWN, decision)
    return decision, overridden & (decision != WITHDRAWN)


def with_lines(state: State, month: int, applied: Applications) -> State:
    """New lines opened; expired ones, repaid ones and those of the gone closed."""
    gone = (state.exited <= month) & (state.defaulted == NEVER)
    done = (state.expires <= month) & (state.drawn <= 0) & (state.defaulted == NEVER)
    closed = (state.line >= 0) & (gone | done)
    opened = applied.where(applied.line >= 0)
    spot = opened.enterprise

    def placed(old: Ints, new: Ints, empty: int) -> Ints:
        """The old values, emptied where closed, and the new line's where one was opened."""
        values = np.where(closed, empty, old)
        values[spot] = new
        return values

    limit = np.where(closed, 0.0, state.limit)
    rate = np.where(closed, 0.0, state.rate)
    limit[spot], rate[spot] = opened.limit, opened.rate
    return replace(
        state,
        line=placed(state.line, opened.line, -1),
        bank=placed(state.bank, opened.bank, -1),
        expires=placed(state.expires, np.full(len(spot), month + 12), NEVER),
        limit=limit,
        rate=rate,
        drawn=np.where(closed, 0.0, state.drawn),
    )


def with_draws(
    state: State, month: int, taste: Floats, *, scale: Floats, parameters: Parameters
) -> State:
    """The drawn balance follows need while current, freezes in arrears, runs off after expiry."""
    p = parameters.programme
    need = odds_to_share(p.draw_level - p.draw_slope * state.cash_months + taste)
    wanted = state.drawn + p.draw_speed * (need * state.limit - state.drawn)
    wanted = np.where(wanted < 0.01 * state.limit, 0.0, wanted)
    runoff = np.where(state.drawn < 0.1 * state.limit, 0.0, 0.5 * state.drawn)
    late = np.where(
        state.arrears == 1,
        state.drawn + p.last_draw * np.maximum(state.limit - state.drawn, 0.0),
        0.0,
    )
    live = (state.line >= 0) & (state.expires > month)
    drawn = np.where(live, wanted, runoff)
    drawn = np.where(state.arrears > 0, state.drawn, drawn)
    # Those that slip draw what they still can, but nobody draws on an untouched or expired line.
    drawn = np.where((state.arrears == 1) & (state.drawn > 0) & live, late, drawn)
    drawn = cents(np.where(state.line >= 0, drawn, 0.0))
    # Beyond a month and a half of sales a draw no longer relieves, nor does a repayment press.
    change = np.clip((drawn - state.drawn) / scale, -1.5, 1.5)
    return replace(
        state,
        drawn=drawn,
        cash_months=state.cash_months + np.where(state.arrears > 0, 0.0, change),
        interest=cents(np.where(state.arrears < 2, state.rate / 12 * drawn, 0.0)),
    )


def with_losses(
    state: State, month: int, *, write_off_after: Ints, lgd: Floats, months: int
) -> State:
    """Defaulted lines written off after their wait, recoveries in equal parts, then closed."""
    since = np.where(state.defaulted == NEVER, -1, month - state.defaulted)
    held = (state.arrears == DEFAULTED) & (state.line >= 0)
    written = np.where(held & (since == write_off_after), state.drawn, 0.0)
    lost = state.lost + written
    paying = held & (since > write_off_after) & (since <= write_off_after + months)
    closed = held & (since > write_off_after + months)
    return replace(
        state,
        written_off=written,
        lost=lost,
        drawn=state.drawn - written,
        recovered=cents(np.where(paying, lost * (1 - lgd) / months, 0.0)),
        line=np.where(closed, -1, state.line),
    )
