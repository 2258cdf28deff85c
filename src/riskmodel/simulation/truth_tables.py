"""The tables of `truth/`, hidden from the economy: only evaluation may read them."""

from typing import Any

import numpy as np
import pyarrow as pa

from riskmodel.simulation.arrow_columns import counts, dates, money, words
from riskmodel.simulation.buyers import NOBODY
from riskmodel.simulation.calendar import BURN, Calendar
from riskmodel.simulation.common_factors import Factors
from riskmodel.simulation.customs import declaration_ids, enterprise_ids
from riskmodel.simulation.futures import RESULTS
from riskmodel.simulation.hidden_path import STATE
from riskmodel.simulation.limit_evaluation import (
    Environment,
    alive,
    cells_to_evaluate,
    evaluate_limits,
    evaluation_steps,
)
from riskmodel.simulation.lives import AHEAD, Lives
from riskmodel.simulation.names import DESTINATIONS, SECTORS
from riskmodel.simulation.programme import DECISIONS, GRADES
from riskmodel.simulation.programme_tables import Applications, application_ids
from riskmodel.simulation.random_streams import Floats, Ints
from riskmodel.simulation.trade import Deals
from riskmodel.simulation.traits import NEVER, SLOTS, Traits, first_step

SHARES = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0)
"""The shares of the programme's limit at which responses are written."""


def lives_table(lives: Lives, traits: Traits, attempt: Ints, calendar: Calendar) -> Any:
    """One row an enterprise: its traits, and what came of it, within a year of the simulation's end.

    `defaulted_on` is the end of the first month with 90 days past due, null if none came.
    """

    def month_end(steps: Ints) -> Any:
        """The end of each step's month, null where it never came."""
        never = steps >= NEVER
        return dates(calendar.month_end(np.where(never, 0, steps - BURN)), missing=never)

    return pa.table(
        {
            "enterprise_id": enterprise_ids(traits.number),
            "attempt": counts(attempt),
            "quality": pa.array(traits.quality),
            "gamer": pa.array(traits.gamer),
            "line_slope": pa.array(traits.line_slope),
            "entered_on": dates(calendar.day_in(traits.enters, np.ones_like(traits.enters))),
            "exited_on": month_end(lives.exited),
            "left_unpaid": pa.array(lives.unpaid),
            "defaulted_on": month_end(lives.defaulted),
            "lgd": pa.array(lives.lgd, mask=lives.defaulted >= NEVER),
        }
    )


def states_table(lives: Lives, traits: Traits, calendar: Calendar) -> Any:
    """One row an enterprise and month lived, from the one before the simulation to its last, and to the
    month of default: all that is needed to go on from there."""
    last = BURN + calendar.months
    step = np.arange(lives.arrears.shape[1])[None, :]
    lived = (step >= first_step(traits)[:, None]) & (step <= lives.exited[:, None])
    lived &= (step <= lives.defaulted[:, None]) & (step >= BURN - 1) & (step < last)
    row, at = np.nonzero(lived)
    cell = (row, at)
    columns: dict[str, Any] = {
        "enterprise_id": enterprise_ids(traits.number[row]),
        "month": dates(calendar.day_in(at - BURN, np.ones_like(at))),
        "arrears": pa.array(lives.arrears[cell]),
        "ailing": pa.array(lives.ailing[cell] > 0),
        "limit_cny": money(lives.limit[cell] * lives.live[cell]),
        "base_cny": pa.array(lives.base[cell]),
        "annual_rate": pa.array(lives.rate[cell]),
        "drawn_cny": money(lives.owed[cell]),
    }
    columns |= {name: pa.array(lives.states[row, at, one]) for one, name in enumerate(STATE)}
    columns |= {
        f"due_in_{month + 1}_usd": pa.array(lives.ahead[row, at, month]) for month in range(AHEAD)
    }
    columns |= {
        f"buyer_{slot + 1}": pa.array(
            lives.buyers[row, at, slot], mask=lives.buyers[row, at, slot] == NOBODY
        )
        for slot in range(SLOTS)
    }
    return pa.table(columns)


def pd_table(lives: Lives, traits: Traits, calendar: Calendar, environment: Environment) -> Any:
    """Render the truth of those with a line, at its limit, and of those that the gate lets in, at the
    limit of the 1:1 rule, at the dates that evaluation uses."""
    steps = evaluation_steps(calendar.months, environment.parameters)
    cell, limit = cells_to_evaluate(lives, traits, steps)
    results = evaluate_limits(
        lives,
        traits,
        cell,
        limit,
        environment=environment,
        paths=environment.parameters.oracle.paths,
    )
    return pa.table(
        _key(traits, cell, calendar)
        | {"has_line": pa.array(lives.live[cell]), "limit_cny": money(limit)}
        | _results(results)
    )


def response_table(
    lives: Lives, traits: Traits, calendar: Calendar, environment: Environment, stride: int
) -> Any:
    """PDs at several limits on the same futures, of a few enterprises at the simulation's end."""
    step = BURN + calendar.months - 1
    there = alive(lives, traits)[:, step] & lives.gate[:, step] & (lives.arrears[:, step] == 0)
    chosen = np.flatnonzero(there & (traits.number % stride == 0))
    row, share = np.repeat(chosen, len(SHARES)), np.tile(SHARES, len(chosen))
    cell = (row, np.full(len(row), step))
    cap = lives.base[cell].astype(np.float64)
    results = evaluate_limits(
        lives,
        traits,
        cell,
        cap * share,
        environment=environment,
        paths=environment.parameters.oracle.paths,
    )
    return pa.table(
        _key(traits, cell, calendar)
        | {"cap_cny": money(cap), "share_of_cap": pa.array(share)}
        | _results(results)
    )


def applications_table(
    applied: Applications,
    lives: Lives,
    traits: Traits,
    calendar: Calendar,
    environment: Environment,
) -> Any:
    """The applications as the banks saw them, and what is true of each at the limit that the policy
    gave it, or would have given: also of the rejected.

    `propensity` is the chance with which the policy gives the grade that share of the base.
    """
    within = np.flatnonzero(applied["month"] >= calendar.opening)
    row, step = applied["row"][within], applied["month"][within] + BURN - 1
    cell = (row, step)
    limit = applied["limit"][within]
    results = evaluate_limits(
        lives,
        traits,
        cell,
        limit,
        environment=environment,
        paths=environment.parameters.oracle.application_paths,
    )
    return pa.table(
        {"application_id": application_ids(applied["number"][within])}
        | _key(traits, cell, calendar)
        | {
            "decision": words(applied["decision"][within], DECISIONS),
            "grade": words(applied["grade"][within], (*GRADES, "none")),
            "view": pa.array(applied["view"][within]),
            "cap_cny": money(applied["cap"][within]),
            "limit_cny": money(limit),
            "randomised": pa.array(applied["randomised"][within] > 0),
            "propensity": pa.array(applied["propensity"][within]),
        }
        | _results(results)
    )


def staged_table(deals: Deals) -> Any:
    """The declarations that gamers staged."""
    return pa.table({"declaration_id": declaration_ids(deals.number[deals.staged])})


def common_table(factors: Factors, calendar: Calendar) -> Any:
    """The common factors of every month that was lived, also before and after the simulation."""
    steps = np.arange(calendar.steps)
    columns: dict[str, Any] = {
        "month": dates(calendar.step_edges[steps]),
        "demand": pa.array(factors.demand[steps]),
        "cny_per_usd": pa.array(factors.cny[steps]),
        "lateness": pa.array(factors.lateness[steps]),
        "distress": pa.array(factors.distress[steps]),
    }
    columns |= {
        f"sector_{name}": pa.array(factors.sector[steps, one]) for one, name in enumerate(SECTORS)
    }
    columns |= {
        f"destination_{name}": pa.array(factors.destination[steps, one])
        for one, name in enumerate(DESTINATIONS)
    }
    return pa.table(columns)


def _key(traits: Traits, cell: tuple[Ints, Ints], calendar: Calendar) -> dict[str, Any]:
    """`enterprise_id` and `as_of`, the first day after each cell's step."""
    row, step = cell
    return {
        "enterprise_id": enterprise_ids(traits.number[row]),
        "as_of": dates(calendar.day_in(step + 1 - BURN, np.ones_like(step))),
    }


def _results(results: Floats) -> dict[str, Any]:
    return {name: pa.array(results[:, one]) for one, name in enumerate(RESULTS)}
