"""The record of simulated lives: what is kept of each enterprise and month."""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from riskmodel.simulation.deals import BUYER
from riskmodel.simulation.hidden_path import PIPE, STATE
from riskmodel.simulation.kernel_records import Record
from riskmodel.simulation.programme import APPLICATION
from riskmodel.simulation.random_streams import Flags, Floats, Ints
from riskmodel.simulation.traits import NEVER, SLOTS

MAX_APPLICATIONS = 96
AHEAD = 12
"""Months ahead for which the state keeps the payments that are on their way."""


class Lives(NamedTuple):
    """The simulated histories: arrays enterprises x steps unless the shape is given.

    `states` is enterprises x steps x `STATE`, `ahead` payments on their way in USD by month ahead,
    `buyers` the slots' buyers. `arrears` are steps of arrears at the month's end; `line` is the
    number of the enterprise's line (0: none), `bank`, `limit`, `rate` its terms, `owed` what it is
    reported to owe, `written_off` and `recovered` the month's; `kept` is the share of the shipped
    deals that arrears left; `base` is the programme's limit as of the month's end, and `gate` whether
    its exports pass the programme's gate then; `staged` the number of staged declarations. One entry an enterprise:
    `defaulted`, `exited` as steps or `NEVER`, `unpaid` whether it left its debts, `lgd` what a
    default costs. `applications` is enterprises x `MAX_APPLICATIONS` x `APPLICATION`, of which
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


def replace_lives(lives: Lives, mask: Flags, others: Lives) -> None:
    """Put the others' lives into the places that the mask selects."""
    for name in Lives._fields:
        getattr(lives, name)[mask] = getattr(others, name)


def create_lives(count: int, steps: int) -> Lives:
    """Create the record of this many lives and steps, nothing in it yet."""
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
def record_credit(lives: Lives, i: int, step: int, credit: Record, interest: float) -> None:
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
def record_path(lives: Lives, i: int, step: int, state: Floats, pipe: Floats, book: Floats) -> None:
    """Record the path's hidden state, payments on their way and buyers at the month's end."""
    lives.states[i, step] = state.astype(np.float32)
    for ahead in range(AHEAD):
        lives.ahead[i, step, ahead] = round(pipe[(step + 1 + ahead) % PIPE])
    for slot in range(SLOTS):
        lives.buyers[i, step, slot] = int(book[slot, BUYER])
