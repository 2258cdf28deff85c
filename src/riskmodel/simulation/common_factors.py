"""The common factors: global demand, sectors, destinations, the yuan, and scenarios' events."""

from typing import NamedTuple

import numpy as np

from riskmodel.simulation.calendar import BURN, Calendar
from riskmodel.simulation.exchange_rates import Rates
from riskmodel.simulation.kernel_records import Records, rows_of
from riskmodel.simulation.names import DESTINATIONS, SECTORS
from riskmodel.simulation.parameters import CommonFactors, Parameters
from riskmodel.simulation.random_streams import Floats, Ints, normals, stream

MAX_DAYS = 31
MONTHS_OF_COSTS = 12.0
"""Months over which domestic costs follow the exchange rate (the mean of their memory)."""


class Factors(NamedTuple):
    """The common factors by step.

    `demand` is the log of global demand with the yuan's part; `sector` steps x sectors and
    `destination` steps x destinations are logs too; `lateness` and `distress` are added log odds;
    `cny` is CNY per USD and `cost_cny` the rate that domestic costs still follow. `edges` holds
    each step's first day, `busy` the cumulated weights of days since the first step.
    """

    demand: Floats
    sector: Floats
    destination: Floats
    lateness: Floats
    distress: Floats
    cny: Floats
    cost_cny: Floats
    edges: Ints
    busy: Floats


def draw_factors(calendar: Calendar, rates: Rates, parameters: Parameters, seed: int) -> Factors:
    """The common factors of a simulation, as they came, also before it begins and after it ends."""
    p = parameters.common
    steps = len(calendar.step_edges) - 1
    cny = rates.cny_by_step
    cost = _smooth_costs(cny)
    weights = calendar.day_weights(parameters.trade)
    destination = _paths(
        seed, "destinations", steps, len(DESTINATIONS), p.destination_persistence,
        p.destination_shock,
    )  # fmt: skip
    destination[_steps_since(p.tariff_before_end, calendar), p.tariff_destination] += (
        p.tariff_demand
    )
    common = _paths(seed, "world", steps, 1, p.global_persistence, p.global_shock)[:, 0]
    blow = _shock_profile(p, calendar)
    return Factors(
        demand=common + p.yuan_demand * np.log(cny / cost) + p.shock_demand * blow,
        sector=_paths(
            seed, "sectors", steps, len(SECTORS), p.sector_persistence, p.sector_shock
        ),
        destination=destination,
        lateness=p.shock_lateness * blow,
        distress=p.shock_distress * blow,
        cny=cny,
        cost_cny=np.asarray(cny * np.exp(p.yuan_margin * np.log(cost / cny))),
        edges=calendar.step_edges,
        busy=np.concatenate([[0.0], np.cumsum(weights)]),
    )  # fmt: skip


def step_records(factors: Factors) -> Records:
    """A record a step, as the kernels take it: the factors, the first day, the number of days, and
    how the month's busyness mounts from day to day (`busy`, from 0)."""
    first, last = factors.edges[:-1], factors.edges[1:]
    day = np.minimum(first[:, None] + np.arange(MAX_DAYS + 1), last[:, None]) - factors.edges[0]
    mounted = factors.busy[day]
    return rows_of(
        {
            "demand": factors.demand,
            "sector": factors.sector,
            "destination": factors.destination,
            "lateness": factors.lateness,
            "distress": factors.distress,
            "cny": factors.cny,
            "cost_cny": factors.cost_cny,
            "first_day": first,
            "days": last - first,
            "busy": mounted - mounted[:, :1],
        }
    )


def _paths(
    seed: int, name: str, steps: int, count: int, persistence: float, shock: float
) -> Floats:
    """Stationary autoregressive paths, steps x count."""
    key = stream(seed, name)
    drawn = normals(key, np.arange((steps + 1) * count)).reshape(steps + 1, count)
    state = drawn[0] * shock / np.sqrt(1 - persistence**2)
    path = np.empty((steps, count))
    for step in range(steps):
        state = persistence * state + shock * drawn[step + 1]
        path[step] = state
    return path


def _smooth_costs(rate: Floats) -> Floats:
    """The rate smoothed as costs follow it."""
    keep, level = 1 - 1 / MONTHS_OF_COSTS, rate[0]
    followed = np.empty_like(rate)
    for step, now in enumerate(rate):
        level = keep * level + (1 - keep) * now
        followed[step] = level
    return followed


def _steps_since(before_end: int, calendar: Calendar) -> slice:
    """The steps from so many months before the simulation's end on; none for 0."""
    steps = len(calendar.step_edges) - 1
    return slice(max(BURN + calendar.months - before_end, 0), steps) if before_end else slice(0, 0)


def _shock_profile(p: CommonFactors, calendar: Calendar) -> Floats:
    """The shape of the shock: mounting over its months to full force, then fading."""
    blow = np.zeros(len(calendar.step_edges) - 1)
    hit = _steps_since(p.shock_before_end, calendar)
    after = np.arange(len(blow[hit])) + 1
    fading = p.shock_fade ** np.maximum(after - p.shock_months, 0)
    blow[hit] = np.minimum(after / p.shock_months, 1.0) * fading
    return blow
