"""The lives of enterprises, month by month: the path, arrears, lines, leaving, losses."""

import math

import numpy as np
from numba import njit

from riskmodel.simulation.arrears import DEFAULTED
from riskmodel.simulation.buyers import Market
from riskmodel.simulation.calendar import BURN
from riskmodel.simulation.credit_steps import (
    STAGED,
    apply_for_line,
    close_line,
    leave_trade,
    move_arrears,
    passes_gate,
    update_owed,
    write_off,
)
from riskmodel.simulation.deals import CANCELLED, FIRST_DEAL, KEPT, PLATFORM, deal_value
from riskmodel.simulation.hidden_path import (
    ACTIVITY,
    DEALS,
    DISTRESS,
    DRAWN,
    INTEREST,
    PIPE,
    STATE,
    advance_month,
    begin_life,
)
from riskmodel.simulation.kernel_records import Record, Records
from riskmodel.simulation.lives import (
    CREDIT,
    Exports,
    Lives,
    create_lives,
    record_credit,
    record_path,
)
from riskmodel.simulation.programme import Banks
from riskmodel.simulation.random_streams import (
    Floats,
    Ints,
    normal,
    poisson,
    subkey,
    uniform,
)
from riskmodel.simulation.traits import NEVER, SLOTS, Traits, first_step

_FATE = 2_000_000
"""Numbers of the draws that decide what hangs on the path; those of the path lie below."""
_WORTH = 2000


def simulate_lives(
    traits: Traits, factors: Records, market: Market, banks: Banks, p: Record, steps: int
) -> Lives:
    """Simulate the lives of the enterprises through the given number of steps."""
    lives = create_lives(traits.enterprises, steps)
    credits = np.zeros(traits.enterprises, dtype=CREDIT)
    credits["defaulted"], credits["exited"], credits["expires"] = NEVER, NEVER, -1
    _simulate_lives(
        lives, credits, first_step(traits), traits.rows(), factors, market, banks, p
    )  # fmt: skip
    for name in ("defaulted", "exited", "unpaid", "lgd", "applied"):
        getattr(lives, name)[:] = credits[name]
    return lives


@njit(cache=True, nogil=True)
def is_staging(t: Record, step: int, line: int, expires: int) -> bool:
    """Return whether a gamer stages declarations in this month: the two before it applies or renews."""
    if not t.gamer:
        return False
    if line > 0:
        return 1 <= expires - step <= 2
    since = step - BURN - (t.signs - 2)
    return since >= 0 and since % 12 < 2


@njit(cache=True, nogil=True)
def kept_share(arrears: int, ailing: int, since_default: int) -> float:
    """The share of its shipments that arrears leave an enterprise."""
    if since_default >= 4:
        return 0.0
    kept = 1.0 - (0.10 * arrears if arrears < DEFAULTED else 0.6)
    return 0.3 * kept if ailing > 0 else kept


@njit(cache=True, nogil=True)
def staged_usd(key: np.uint64, number: int, p: Record) -> float:
    """The value of a staged declaration."""
    return round(p.trade.gamed_deal_usd * math.exp(0.3 * normal(key, _WORTH + number)), 2)


@njit(cache=True, nogil=True)
def fate_key(t: Record, step: int) -> np.uint64:
    """The key of what befalls an enterprise in a month beside its path."""
    return subkey(t.key, _FATE + step)


@njit(cache=True, nogil=True)
def _sum_exports(
    state: Floats, kept: float, staged: int, t: Record, step: int, fate: np.uint64, p: Record
) -> tuple[float, float, int]:  # fmt: skip
    """The month's declared exports in USD, in the programme's weights, and their number."""
    from_path = subkey(t.key, step)
    total, weighted, number = 0.0, 0.0, 0
    for one in range(int(state[DEALS])):
        deal = subkey(from_path, FIRST_DEAL + one)
        if uniform(deal, KEPT) >= kept:
            continue
        value = deal_value(deal, t.deal_usd, p)
        if value > 0.0 and uniform(deal, CANCELLED) < p.trade.cancelled_share:
            continue
        on = uniform(deal, PLATFORM) < t.platform_share
        total += value
        weighted += value * (p.programme.on_platform if on else p.programme.off_platform)
        number += 1
    for one in range(staged):
        value = staged_usd(fate, one, p)
        total += value
        weighted += value * p.programme.on_platform
        number += 1
    return total, weighted, number


@njit(cache=True, nogil=True)
def _record_exports(
    credit: Record,
    exports: Exports,
    activity: float,
    state: Floats,
    t: Record,
    step: int,
    fate: np.uint64,
    p: Record,
) -> None:
    """Put the month's exports on record: what arrears leave of the path's, and staged ones."""
    since = step - credit.defaulted if credit.arrears == DEFAULTED else -1
    kept = kept_share(credit.previous_arrears, credit.ailing, since)
    # In single precision, as it is recorded: `trade` draws the same deals from the record.
    credit.kept = np.float64(np.float32(kept * activity))
    credit.staged = 0
    sound = credit.arrears == 0 and credit.ailing == 0
    if sound and is_staging(t, step, credit.line, credit.expires):
        credit.staged = 2 + poisson(p.trade.gamed_deals / 2.0, uniform(fate, STAGED))
    total, heavy, number = _sum_exports(state, credit.kept, credit.staged, t, step, fate, p)
    exports.declared[step], exports.weighted[step], exports.deals[step] = total, heavy, number


@njit(cache=True, nogil=True)
def _simulate_lives(
    lives: Lives,
    credits: Records,
    begins: Ints,
    traits: Records,
    factors: Records,
    market: Market,
    banks: Banks,
    p: Record,
) -> None:
    """Simulate the enterprises one after the other, month by month, into `lives` and `credits`."""
    g = p.programme
    steps = lives.arrears.shape[1]
    state, pipe, book = np.zeros(len(STATE)), np.zeros(PIPE), np.zeros((SLOTS, 5))
    exports = Exports(np.zeros(steps), np.zeros(steps), np.zeros(steps, dtype=np.int64))
    for i in range(len(begins)):
        t, credit, first = traits[i], credits[i], begins[i]
        begin_life(state, pipe, book, t, first, factors[first], market, p)
        exports.declared[:] = 0.0
        exports.weighted[:] = 0.0
        exports.deals[:] = 0
        for step in range(first, steps):
            if credit.exited <= step:
                break
            now, fate = factors[step], fate_key(t, step)
            was_defaulted = credit.arrears == DEFAULTED
            apply_for_line(
                credit, lives.applications[i], exports, state[DISTRESS], t, step, fate, banks, p
            )  # fmt: skip
            live = credit.line > 0 and credit.expires > step and not was_defaulted
            credit.live = 1 if live else 0
            activity, terms = state[ACTIVITY], (credit.limit if live else 0.0, credit.rate, live)
            advance_month(state, pipe, book, t, step, t.key, terms, factors, market, p)
            move_arrears(credit, state, t, step, fate, now, p)
            update_owed(credit, state[DRAWN], p)
            leave_trade(credit, state, t, step, fate, now, p)
            write_off(credit, step, p)
            _record_exports(credit, exports, activity, state, t, step, fate, p)
            record_path(lives, i, step, state, pipe, book)
            record_credit(lives, i, step, credit, state[INTEREST])
            year = exports.weighted[max(step - 11, 0) : step + 1].sum()
            lives.base[i, step] = min(year, g.ceiling_cny)
            lives.gate[i, step] = passes_gate(exports, max(step - 5, 0), step + 1, g)
            close_line(credit, step, state[DRAWN], p)
