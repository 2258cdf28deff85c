"""The lives of enterprises, month by month: the path, arrears, lines, leaving, losses."""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from riskmodel.simulation.arrears import (
    DEFAULTED,
    entering,
    high_loss_share,
    leaving,
    rolling,
    unpaid,
)
from riskmodel.simulation.buyers import Market
from riskmodel.simulation.calendar import BURN
from riskmodel.simulation.deals import BUYER, CANCELLED, FIRST_DEAL, KEPT, PLATFORM, worth
from riskmodel.simulation.hidden_path import (
    ACTIVITY,
    DEALS,
    DISTRESS,
    DRAWN,
    INTEREST,
    PIPE,
    STATE,
    advance,
    begin,
)
from riskmodel.simulation.kernel_records import Record, Records
from riskmodel.simulation.programme import (
    ACCEPT,
    APPLICATION,
    BANK,
    DECISION,
    LIMIT,
    LINE,
    RATE,
    RENEWAL,
    STEP,
    Banks,
    decided,
    wished_bank,
)
from riskmodel.simulation.random_streams import (
    Flags,
    Floats,
    Ints,
    normal,
    poisson,
    subkey,
    uniform,
)
from riskmodel.simulation.traits import NEVER, SLOTS, Traits, first_step

MOST_APPLICATIONS = 96
AHEAD = 12
"""Months ahead for which the state keeps the payments that are on their way."""
_FATE = 2_000_000
"""Numbers of the draws that decide what hangs on the path; those of the path lie below."""
_ARREARS, _LEAVES, _UNPAID, _APPLIES, _LOSS, _LOSS_SIZE, _WAIT, _STAGED = range(8)
_BATCH, _WORTH = 1000, 2000


class Lives(NamedTuple):
    """What happened: arrays enterprises x steps unless the shape is given.

    `states` is enterprises x steps x `STATE`, `ahead` payments on their way in USD by month ahead,
    `buyers` the slots' buyers. `arrears` are steps of arrears at the month's end; `line` is the
    number of the enterprise's line (0: none), `bank`, `limit`, `rate` its terms, `owed` what it is
    reported to owe, `written_off` and `recovered` the month's; `kept` is the share of the shipped
    deals that arrears left; `base` is the programme's limit as of the month's end, and `gate` whether
    its exports pass the programme's gate then; `staged` the number of staged declarations. One entry an enterprise:
    `defaulted`, `exited` as steps or `NEVER`, `unpaid` whether it left its debts, `lgd` what a
    default costs. `applications` is enterprises x `MOST_APPLICATIONS` x `APPLICATION`, of which
    `applied` are filled.
    """

    states: NDArray[np.float32]
    ahead: NDArray[np.float32]
    buyers: NDArray[np.int32]
    arrears: NDArray[np.int8]
    ailing: NDArray[np.int8]
    line: NDArray[np.int16]
    bank: NDArray[np.int8]
    limit: Floats
    rate: NDArray[np.float32]
    live: NDArray[np.bool_]
    owed: Floats
    interest: NDArray[np.float32]
    written_off: NDArray[np.float32]
    recovered: NDArray[np.float32]
    kept: NDArray[np.float32]
    base: NDArray[np.float32]
    gate: NDArray[np.bool_]
    staged: NDArray[np.int16]
    defaulted: Ints
    exited: Ints
    unpaid: NDArray[np.bool_]
    lgd: Floats
    applications: Floats
    applied: Ints


def lived(
    traits: Traits, factors: Records, market: Market, banks: Banks, p: Record, steps: int
) -> Lives:
    """The lives of the enterprises through the given number of steps."""
    lives = _empty(traits.enterprises, steps)
    _live(lives, first_step(traits), traits.rows(), factors, market, banks, p)
    return lives


def replace_lives(lives: Lives, mask: Flags, others: Lives) -> None:
    """Puts the others' lives into the places that the mask selects."""
    for name in Lives._fields:
        getattr(lives, name)[mask] = getattr(others, name)


def _empty(count: int, steps: int) -> Lives:
    cells = (count, steps)
    return Lives(
        states=np.zeros((*cells, len(STATE)), dtype=np.float32),
        ahead=np.zeros((*cells, AHEAD), dtype=np.float32),
        buyers=np.full((*cells, SLOTS), -1, dtype=np.int32),
        arrears=np.zeros(cells, dtype=np.int8),
        ailing=np.zeros(cells, dtype=np.int8),
        line=np.zeros(cells, dtype=np.int16),
        bank=np.zeros(cells, dtype=np.int8),
        limit=np.zeros(cells),
        rate=np.zeros(cells, dtype=np.float32),
        live=np.zeros(cells, dtype=np.bool_),
        owed=np.zeros(cells),
        interest=np.zeros(cells, dtype=np.float32),
        written_off=np.zeros(cells, dtype=np.float32),
        recovered=np.zeros(cells, dtype=np.float32),
        kept=np.zeros(cells, dtype=np.float32),
        base=np.zeros(cells, dtype=np.float32),
        gate=np.zeros(cells, dtype=np.bool_),
        staged=np.zeros(cells, dtype=np.int16),
        defaulted=np.full(count, NEVER, dtype=np.int64),
        exited=np.full(count, NEVER, dtype=np.int64),
        unpaid=np.zeros(count, dtype=np.bool_),
        lgd=np.zeros(count),
        applications=np.zeros((count, MOST_APPLICATIONS, len(APPLICATION))),
        applied=np.zeros(count, dtype=np.int64),
    )


@njit(cache=True, nogil=True)
def staging(t: Record, step: int, line: int, expires: int) -> bool:
    """Whether a gamer stages declarations in this month: the two before it applies or renews."""
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
def _declared(
    state: Floats, kept: float, staged: int, t: Record, step: int, fate: np.uint64, p: Record
) -> tuple[float, float, int]:  # fmt: skip
    """The month's declared exports in USD, in the programme's weights, and their number."""
    from_path = subkey(t.key, step)
    total, weighted, number = 0.0, 0.0, 0
    for one in range(int(state[DEALS])):
        deal = subkey(from_path, FIRST_DEAL + one)
        if uniform(deal, KEPT) >= kept:
            continue
        value = worth(deal, t.deal_usd, p)
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
def _next_arrears(
    state: Floats, arrears: int, ailing: int, t: Record, draw: float, p: Record
) -> int:
    if arrears == DEFAULTED:
        return DEFAULTED
    if ailing > 0:
        return arrears + 1
    if arrears == 0:
        return 1 if draw < entering(state, t) else 0
    return arrears + 1 if draw < rolling(state, arrears, p) else 0


@njit(cache=True, nogil=True)
def _loss(fate: np.uint64, t: Record, now: Record, p: Record) -> float:
    """What a default in this month costs, of what is owed: two humps."""
    g = p.programme
    high = uniform(fate, _LOSS) < high_loss_share(t, now, p)
    middle = g.lgd_high if high else g.lgd_low
    return min(max(middle + 0.05 * normal(fate, _LOSS_SIZE), 0.0), 1.0)


@njit(cache=True, nogil=True)
def _live(
    lives: Lives,
    begins: Ints,
    traits: Records,
    factors: Records,
    market: Market,
    banks: Banks,
    p: Record,
) -> None:
    g = p.programme
    steps = lives.arrears.shape[1]
    state, pipe, book = np.zeros(len(STATE)), np.zeros(PIPE), np.zeros((SLOTS, 5))
    declared, weighted = np.zeros(steps), np.zeros(steps)
    numbers = np.zeros(steps, dtype=np.int64)
    for i in range(len(begins)):
        t, first = traits[i], begins[i]
        begin(state, pipe, book, t, first, factors[first], market, p)
        declared[:] = 0.0
        weighted[:] = 0.0
        numbers[:] = 0
        arrears, ailing, line, opened, bank, expires = 0, 0, 0, 0, 0, -1
        limit, rate, owed, lost, wait, may_apply = 0.0, 0.0, 0.0, 0.0, 0, 0
        for step in range(first, steps):
            if lives.exited[i] <= step:
                break
            now, fate = factors[step], fate_key(t, step)
            defaulted = arrears == DEFAULTED
            # 1. the programme: applications in the middle of the month, on what went before
            renews = line > 0 and expires == step and not defaulted
            signed = step - BURN >= t.signs
            sound = arrears == 0 and ailing == 0
            low, year = max(step - 6, 0), max(step - 12, 0)
            gate = (
                declared[low:step].sum() >= g.gate_usd and numbers[low:step].sum() >= g.gate_deals
            )
            wants = line == 0 and signed and sound and gate and step >= may_apply
            if wants:
                eager = t.gamer and (step - BURN - t.signs) % 12 == 0
                wants = eager or uniform(fate, _APPLIES) < g.apply_monthly
            if (wants or (renews and sound)) and lives.applied[i] < MOST_APPLICATIONS:
                row = lives.applications[i, lives.applied[i]]
                row[STEP] = step
                row[RENEWAL] = 1.0 if renews else 0.0
                row[BANK] = bank if renews else wished_bank(fate, t)
                if row[BANK] >= 0:
                    lives.applied[i] += 1
                    base = weighted[year:step].sum()
                    decided(row, fate, t, state[DISTRESS], base, banks, p)
                    if row[DECISION] == ACCEPT:
                        opened += 1
                        line, bank, expires = opened, int(row[BANK]), step + 12
                        limit, rate, row[LINE] = row[LIMIT], row[RATE], float(opened)
                    else:
                        may_apply = step + g.again_months
            live = line > 0 and expires > step and not defaulted
            # 2. the path
            activity, terms = state[ACTIVITY], (limit if live else 0.0, rate, live)
            advance(state, pipe, book, t, step, t.key, terms, factors, market, p)
            # 3. what hangs on it
            before = arrears
            arrears = _next_arrears(state, arrears, ailing, t, uniform(fate, _ARREARS), p)
            if arrears == DEFAULTED and before != DEFAULTED:
                lives.defaulted[i] = step
                lives.lgd[i] = _loss(fate, t, now, p)
                wait = g.write_off_first + int(
                    uniform(fate, _WAIT) * (g.write_off_last - g.write_off_first + 1)
                )
            if arrears == 0:
                owed = state[DRAWN]
            elif arrears == 1 and before == 0 and live and owed > 0.0:
                # those that slip draw what they still can; then the line is frozen
                owed += g.last_draw * max(limit - owed, 0.0)
            owed = round(owed, 2) if line > 0 else 0.0
            # 4. leaving
            if arrears == 0 and ailing == 0 and not defaulted:
                owes = t.loan > 0.0 or owed > 0.0
                if uniform(fate, _LEAVES) >= leaving(state, t, step, now, p):
                    pass
                elif uniform(fate, _UNPAID) < unpaid(state, owes, p):
                    ailing = 1
                    lives.unpaid[i] = True
                else:
                    lives.exited[i] = step
            # 5. losses, and the line's end
            since = step - lives.defaulted[i]
            written = owed if since == wait and arrears == DEFAULTED else 0.0
            lost += written
            owed -= written
            paying = arrears == DEFAULTED and wait < since <= wait + g.recovery_months
            lives.written_off[i, step] = written
            if paying and line > 0:
                lives.recovered[i, step] = lost * (1.0 - lives.lgd[i]) / g.recovery_months
            # 6. trade on record
            kept = kept_share(before, ailing, since if arrears == DEFAULTED else -1)
            kept = np.float64(np.float32(kept * activity))
            staged = 0
            if arrears == 0 and ailing == 0 and staging(t, step, line, expires):
                staged = 2 + poisson(p.trade.gamed_deals / 2.0, uniform(fate, _STAGED))
            total, heavy, number = _declared(state, kept, staged, t, step, fate, p)
            declared[step], weighted[step], numbers[step] = total, heavy, number
            # 7. on the record
            lives.states[i, step] = state.astype(np.float32)
            for ahead in range(AHEAD):
                lives.ahead[i, step, ahead] = round(pipe[(step + 1 + ahead) % PIPE])
            for slot in range(SLOTS):
                lives.buyers[i, step, slot] = int(book[slot, BUYER])
            lives.arrears[i, step] = arrears
            lives.ailing[i, step] = ailing
            lives.line[i, step] = line
            lives.bank[i, step] = bank
            lives.limit[i, step] = limit if line > 0 else 0.0
            lives.rate[i, step] = rate
            lives.live[i, step] = live
            lives.owed[i, step] = owed
            lives.interest[i, step] = state[INTEREST] if arrears < 2 and line > 0 else 0.0
            lives.kept[i, step] = kept
            lives.staged[i, step] = staged
            lives.base[i, step] = min(weighted[max(step - 11, 0) : step + 1].sum(), g.ceiling_cny)
            half = slice(max(step - 5, 0), step + 1)
            lives.gate[i, step] = (
                declared[half].sum() >= g.gate_usd and numbers[half].sum() >= g.gate_deals
            )
            done = not live and arrears == 0 and owed <= 0.0 and state[DRAWN] <= 0.0
            worked_out = arrears == DEFAULTED and since > wait + g.recovery_months
            if line > 0 and (done or worked_out):
                line, limit = 0, 0.0
