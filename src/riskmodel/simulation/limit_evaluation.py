"""Evaluate limits on the futures of saved hidden states: where to start, and at which limits."""

from typing import NamedTuple

import numpy as np

from riskmodel.simulation.buyers import Market
from riskmodel.simulation.calendar import BURN
from riskmodel.simulation.futures import StartStates, simulate_futures
from riskmodel.simulation.kernel_records import Record, Records
from riskmodel.simulation.lives import Lives
from riskmodel.simulation.parameters import Parameters
from riskmodel.simulation.random_streams import Flags, Floats, Ints
from riskmodel.simulation.traits import Traits, first_step


class Environment(NamedTuple):
    """The environment of all enterprises: the common factors, the buyers, the parameters, for the kernels."""

    factors: Records
    market: Market
    record: Record
    parameters: Parameters


def alive(lives: Lives, traits: Traits) -> Flags:
    """Enterprises x steps: entered, not gone, not in default at the month's end."""
    step = np.arange(lives.arrears.shape[1])[None, :]
    there = (step >= first_step(traits)[:, None]) & (step < lives.exited[:, None])
    return np.asarray(there & (step < lives.defaulted[:, None]))


def start_states(lives: Lives, cell: tuple[Ints, Ints], limit: Floats, rate: float) -> StartStates:
    """Return the states at the ends of the cells' steps, to be gone on from with the given limits.

    `rate` is the price where there is no line.
    """
    row, step = cell
    held = lives.rate[cell].astype(np.float64)
    return StartStates(
        row=row,
        step=step + 1,
        state=lives.states[cell].astype(np.float64),
        ahead=lives.ahead[cell].astype(np.float64),
        buyers=lives.buyers[cell].astype(np.int64),
        arrears=lives.arrears[cell].astype(np.int64),
        ailing=lives.ailing[cell].astype(np.int64),
        rate=np.where(held > 0, held, rate),
        limit=np.asarray(limit, dtype=np.float64),
    )


def evaluate_limits(
    lives: Lives,
    traits: Traits,
    cell: tuple[Ints, Ints],
    limit: Floats,
    *,
    environment: Environment,
    paths: int,
) -> Floats:
    """Compute the truth of each cell at its limit: a row of `RESULTS` each."""
    starts = start_states(lives, cell, limit, environment.parameters.programme.rate)
    return simulate_futures(
        starts, traits.rows(), environment.factors, environment.market, environment.record, paths
    )


def evaluation_steps(months: int, parameters: Parameters) -> Ints:
    """The steps at whose ends the written table looks ahead: the last of the simulation, and back."""
    o = parameters.oracle
    last = BURN + months - 1
    steps = last - o.table_every_months * np.arange(o.table_dates)
    return np.asarray(np.sort(steps[steps >= BURN]), dtype=np.int64)


def cells_to_evaluate(
    lives: Lives, traits: Traits, steps: Ints
) -> tuple[tuple[Ints, Ints], Floats]:
    """Cells and limits of those with a line, and of those that pass the gate at the 1:1 rule."""
    at = alive(lives, traits)[:, steps]
    held = lives.live[:, steps] & (lives.line[:, steps] > 0)
    due = lives.gate[:, steps] & ~held
    row, place = np.nonzero(at & (held | due))
    cell = (row, steps[place])
    limit = np.where(held[row, place], lives.limit[cell], lives.base[cell])
    return cell, np.floor(limit / 1000) * 1000
