"""The lives of enterprises, month by month: the path, arrears, lines, leaving, losses."""

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from riskmodel.simulation.arrears import (
    DEFAULTED,
    entry_chance,
    exit_chance,
    high_loss_chance,
    roll_chance,
    unpaid_exit_chance,
)
from riskmodel.simulation.buyers import Market
from riskmodel.simulation.calendar import BURN
from riskmodel.simulation.deals import BUYER, CANCELLED, FIRST_DEAL, KEPT, PLATFORM, deal_value
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
    choose_bank,
    decide_application,
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

MAX_APPLICATIONS = 96
AHEAD = 12
"""Months ahead for which the state keeps the payments that are on their way."""
_FATE = 2_000_000
"""Numbers of the draws that decide what hangs on the path; those of the path lie below."""
_ARREARS, _LEAVES, _UNPAID, _APPLIES, _LOSS, _LOSS_SIZE, _WAIT, _STAGED = range(8)
_BATCH, _WORTH = 1000, 2000


class Lives(NamedTuple):
    """The simulated histories: arrays enterprises x steps unless the shape is given.

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


CREDIT = np.dtype(
    [
        *((name, np.int64) for name in ("arrears", "previous_arrears", "ailing", "defaulted")),
        *((name, np.int64) for name in ("exited", "unpaid", "applied", "may_apply")),
        *((name, np.int64) for name in ("line", "opened", "bank", "expires", "live")),
        *((name, np.int64) for name in ("write_off_wait", "staged")),
        *((name, np.float64) for name in ("limit", "rate", "owed", "lost", "lgd")),
        *((name, np.float64) for name in ("written_off", "recovered", "kept")),
    ],
    align=True,
)
"""An enterprise's credit in the month that is simulated, as one record that the kernels change: its
arrears now and a month before, whether it stopped paying for good (`ailing`), steps of default and
exit, the number of applications and the step of the next one allowed; its line (number, 0: none;
`opened` so far; whether it can be drawn: `live`), what it owes, lost and what came back; the share
of the shipped deals that arrears left, and the number of staged declarations."""


class Exports(NamedTuple):
    """Exports on record by step: their USD, their CNY in the programme's weights, their deals."""

    declared: Floats
    weighted: Floats
    deals: Ints


def simulate_lives(
    traits: Traits, factors: Records, market: Market, banks: Banks, p: Record, steps: int
) -> Lives:
    """Simulate the lives of the enterprises through the given number of steps."""
    lives = _empty(traits.enterprises, steps)
    credits = np.zeros(traits.enterprises, dtype=CREDIT)
    credits["defaulted"], credits["exited"], credits["expires"] = NEVER, NEVER, -1
    _simulate_lives(
        lives, credits, first_step(traits), traits.rows(), factors, market, banks, p
    )  # fmt: skip
    for name in ("defaulted", "exited", "unpaid", "lgd", "applied"):
        getattr(lives, name)[:] = credits[name]
    return lives


def replace_lives(lives: Lives, mask: Flags, others: Lives) -> None:
    """Put the others' lives into the places that the mask selects."""
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
        applications=np.zeros((count, MAX_APPLICATIONS, len(APPLICATION))),
        applied=np.zeros(count, dtype=np.int64),
    )


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
def _next_arrears(
    state: Floats, arrears: int, ailing: int, t: Record, draw: float, p: Record
) -> int:
    if arrears == DEFAULTED:
        return DEFAULTED
    if ailing > 0:
        return arrears + 1
    if arrears == 0:
        return 1 if draw < entry_chance(state, t) else 0
    return arrears + 1 if draw < roll_chance(state, arrears, p) else 0


@njit(cache=True, nogil=True)
def _draw_loss(fate: np.uint64, t: Record, now: Record, p: Record) -> float:
    """Draw the loss given default, a share of what is owed: two humps."""
    g = p.programme
    high = uniform(fate, _LOSS) < high_loss_chance(t, now, p)
    middle = g.lgd_high if high else g.lgd_low
    return min(max(middle + 0.05 * normal(fate, _LOSS_SIZE), 0.0), 1.0)


@njit(cache=True, nogil=True)
def _passes_gate(exports: Exports, first: int, last: int, g: Record) -> bool:
    """Return whether exports from step `first` up to but not `last` pass the programme's gate."""
    return (
        exports.declared[first:last].sum() >= g.gate_usd
        and exports.deals[first:last].sum() >= g.gate_deals
    )


@njit(cache=True, nogil=True)
def _wants_line(
    credit: Record, exports: Exports, t: Record, step: int, fate: np.uint64, p: Record
) -> bool:  # fmt: skip
    """Return whether an enterprise without a line applies for one in this month."""
    signed = step - BURN >= t.signs
    if credit.line > 0 or not signed or step < credit.may_apply:
        return False
    if not _passes_gate(exports, max(step - 6, 0), step, p.programme):
        return False
    eager = t.gamer and (step - BURN - t.signs) % 12 == 0
    return eager or uniform(fate, _APPLIES) < p.programme.apply_monthly


@njit(cache=True, nogil=True)
def _apply(
    credit: Record,
    applications: Floats,
    exports: Exports,
    distress: float,
    t: Record,
    step: int,
    fate: np.uint64,
    banks: Banks,
    p: Record,
) -> None:
    """Apply to a bank or renew in the middle of the month, on what was known before it."""
    renews = credit.line > 0 and credit.expires == step and credit.arrears != DEFAULTED
    sound = credit.arrears == 0 and credit.ailing == 0
    if not sound or credit.applied >= MAX_APPLICATIONS:
        return
    if not renews and not _wants_line(credit, exports, t, step, fate, p):
        return
    row = applications[credit.applied]
    row[STEP] = step
    row[RENEWAL] = 1.0 if renews else 0.0
    row[BANK] = credit.bank if renews else choose_bank(fate, t)
    if row[BANK] < 0:
        return
    credit.applied += 1
    base = exports.weighted[max(step - 12, 0) : step].sum()
    decide_application(row, fate, t, distress, base, banks, p)
    if row[DECISION] == ACCEPT:
        credit.opened += 1
        credit.line, credit.bank, credit.expires = credit.opened, int(row[BANK]), step + 12
        credit.limit, credit.rate, row[LINE] = row[LIMIT], row[RATE], float(credit.opened)
    else:
        credit.may_apply = step + p.programme.again_months


@njit(cache=True, nogil=True)
def _move_arrears(
    credit: Record, state: Floats, t: Record, step: int, fate: np.uint64, now: Record, p: Record
) -> None:  # fmt: skip
    """Move arrears a month on; a default draws its loss and the months until it is written off."""
    g = p.programme
    credit.previous_arrears = credit.arrears
    credit.arrears = _next_arrears(
        state, credit.arrears, credit.ailing, t, uniform(fate, _ARREARS), p
    )  # fmt: skip
    if credit.arrears == DEFAULTED and credit.previous_arrears != DEFAULTED:
        credit.defaulted = step
        credit.lgd = _draw_loss(fate, t, now, p)
        credit.write_off_wait = g.write_off_first + int(
            uniform(fate, _WAIT) * (g.write_off_last - g.write_off_first + 1)
        )


@njit(cache=True, nogil=True)
def _update_owed(credit: Record, drawn: float, p: Record) -> None:
    """Update what is owed on the line: the path's balance while current, frozen in arrears."""
    slips = credit.arrears == 1 and credit.previous_arrears == 0
    if credit.arrears == 0:
        credit.owed = drawn
    elif slips and credit.live > 0 and credit.owed > 0.0:
        # those that slip draw what they still can; then the line is frozen
        credit.owed += p.programme.last_draw * max(credit.limit - credit.owed, 0.0)
    credit.owed = round(credit.owed, 2) if credit.line > 0 else 0.0


@njit(cache=True, nogil=True)
def _leave(
    credit: Record, state: Floats, t: Record, step: int, fate: np.uint64, now: Record, p: Record
) -> None:  # fmt: skip
    """Draw whether a sound enterprise leaves the trade, and whether it leaves its debts unpaid."""
    sound = credit.arrears == 0 and credit.ailing == 0
    if not sound or uniform(fate, _LEAVES) >= exit_chance(state, t, step, now, p):
        return
    owes = t.loan > 0.0 or credit.owed > 0.0
    if uniform(fate, _UNPAID) < unpaid_exit_chance(state, owes, p):
        credit.ailing = 1
        credit.unpaid = 1
    else:
        credit.exited = step


@njit(cache=True, nogil=True)
def _write_off(credit: Record, step: int, p: Record) -> None:
    """Write off what a defaulted line owes once its wait is over; recoveries follow monthly."""
    since, wait = step - credit.defaulted, credit.write_off_wait
    months = p.programme.recovery_months
    in_default = credit.arrears == DEFAULTED
    credit.written_off = credit.owed if since == wait and in_default else 0.0
    credit.lost += credit.written_off
    credit.owed -= credit.written_off
    recovers = in_default and wait < since <= wait + months and credit.line > 0
    credit.recovered = credit.lost * (1.0 - credit.lgd) / months if recovers else 0.0


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
        credit.staged = 2 + poisson(p.trade.gamed_deals / 2.0, uniform(fate, _STAGED))
    total, heavy, number = _sum_exports(state, credit.kept, credit.staged, t, step, fate, p)
    exports.declared[step], exports.weighted[step], exports.deals[step] = total, heavy, number


@njit(cache=True, nogil=True)
def _record_credit(lives: Lives, i: int, step: int, credit: Record, interest: float) -> None:
    """Record the month's end of an enterprise's credit."""
    has_line = credit.line > 0
    lives.arrears[i, step] = credit.arrears
    lives.ailing[i, step] = credit.ailing
    lives.line[i, step] = credit.line
    lives.bank[i, step] = credit.bank
    lives.limit[i, step] = credit.limit if has_line else 0.0
    lives.rate[i, step] = credit.rate
    lives.live[i, step] = credit.live > 0
    lives.owed[i, step] = credit.owed
    lives.interest[i, step] = interest if credit.arrears < 2 and has_line else 0.0
    lives.written_off[i, step] = credit.written_off
    lives.recovered[i, step] = credit.recovered
    lives.kept[i, step] = credit.kept
    lives.staged[i, step] = credit.staged


@njit(cache=True, nogil=True)
def _record_path(
    lives: Lives, i: int, step: int, state: Floats, pipe: Floats, book: Floats
) -> None:
    """Record the path's hidden state, payments on their way and buyers at the month's end."""
    lives.states[i, step] = state.astype(np.float32)
    for ahead in range(AHEAD):
        lives.ahead[i, step, ahead] = round(pipe[(step + 1 + ahead) % PIPE])
    for slot in range(SLOTS):
        lives.buyers[i, step, slot] = int(book[slot, BUYER])


@njit(cache=True, nogil=True)
def _close_line(credit: Record, step: int, drawn: float, p: Record) -> None:
    """Close a line that has run out and is repaid, or whose recoveries have ended."""
    repaid = credit.arrears == 0 and credit.owed <= 0.0 and drawn <= 0.0
    ended = credit.write_off_wait + p.programme.recovery_months
    worked_out = credit.arrears == DEFAULTED and step - credit.defaulted > ended
    if credit.line > 0 and ((credit.live == 0 and repaid) or worked_out):
        credit.line, credit.limit = 0, 0.0


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
            _apply(
                credit, lives.applications[i], exports, state[DISTRESS], t, step, fate, banks, p
            )  # fmt: skip
            live = credit.line > 0 and credit.expires > step and not was_defaulted
            credit.live = 1 if live else 0
            activity, terms = state[ACTIVITY], (credit.limit if live else 0.0, credit.rate, live)
            advance_month(state, pipe, book, t, step, t.key, terms, factors, market, p)
            _move_arrears(credit, state, t, step, fate, now, p)
            _update_owed(credit, state[DRAWN], p)
            _leave(credit, state, t, step, fate, now, p)
            _write_off(credit, step, p)
            _record_exports(credit, exports, activity, state, t, step, fate, p)
            _record_path(lives, i, step, state, pipe, book)
            _record_credit(lives, i, step, credit, state[INTEREST])
            year = exports.weighted[max(step - 11, 0) : step + 1].sum()
            lives.base[i, step] = min(year, g.ceiling_cny)
            lives.gate[i, step] = _passes_gate(exports, max(step - 5, 0), step + 1, g)
            _close_line(credit, step, state[DRAWN], p)
