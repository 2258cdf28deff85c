"""The monthly steps of an enterprise's credit: applying, arrears, leaving, losses."""

import numpy as np
from numba import njit

from riskmodel.simulation.arrears import (
    DEFAULTED,
    entry_chance,
    exit_chance,
    high_loss_chance,
    roll_chance,
    unpaid_exit_chance,
)
from riskmodel.simulation.calendar import BURN
from riskmodel.simulation.kernel_records import Record
from riskmodel.simulation.lives import MAX_APPLICATIONS, Exports
from riskmodel.simulation.programme import (
    ACCEPT,
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
from riskmodel.simulation.random_streams import Floats, normal, uniform

_ARREARS, _LEAVES, _UNPAID, _APPLIES, _LOSS, _LOSS_SIZE, _WAIT, STAGED = range(8)
"""Numbers of an enterprise's draws in a month."""


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
def passes_gate(exports: Exports, first: int, last: int, g: Record) -> bool:
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
    if not passes_gate(exports, max(step - 6, 0), step, p.programme):
        return False
    eager = t.gamer and (step - BURN - t.signs) % 12 == 0
    return eager or uniform(fate, _APPLIES) < p.programme.apply_monthly


@njit(cache=True, nogil=True)
def apply_for_line(
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
def move_arrears(
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
def update_owed(credit: Record, drawn: float, p: Record) -> None:
    """Update what is owed on the line: the path's balance while current, frozen in arrears."""
    slips = credit.arrears == 1 and credit.previous_arrears == 0
    if credit.arrears == 0:
        credit.owed = drawn
    elif slips and credit.live > 0 and credit.owed > 0.0:
        # those that slip draw what they still can; then the line is frozen
        credit.owed += p.programme.last_draw * max(credit.limit - credit.owed, 0.0)
    credit.owed = round(credit.owed, 2) if credit.line > 0 else 0.0


@njit(cache=True, nogil=True)
def leave_trade(
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
def write_off(credit: Record, step: int, p: Record) -> None:
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
def close_line(credit: Record, step: int, drawn: float, p: Record) -> None:
    """Close a line that has run out and is repaid, or whose recoveries have ended."""
    repaid = credit.arrears == 0 and credit.owed <= 0.0 and drawn <= 0.0
    ended = credit.write_off_wait + p.programme.recovery_months
    worked_out = credit.arrears == DEFAULTED and step - credit.defaulted > ended
    if credit.line > 0 and ((credit.live == 0 and repaid) or worked_out):
        credit.line, credit.limit = 0, 0.0
