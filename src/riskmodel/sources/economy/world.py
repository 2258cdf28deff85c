"""A world: drawn stage by stage, rendered as tables, written whole or not at all."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from riskmodel.errors import UsageError
from riskmodel.sources.economy import bureau, customs, lending, truth
from riskmodel.sources.economy.arrival import Post
from riskmodel.sources.economy.calendar import Calendar, Floats
from riskmodel.sources.economy.catalogue import KINDS, PROVINCES, SECTORS
from riskmodel.sources.economy.columns import counts, dates, words
from riskmodel.sources.economy.exchange import Rates, draw_rates
from riskmodel.sources.economy.flows import Flows, monthly_flows
from riskmodel.sources.economy.hazard import true_hazard
from riskmodel.sources.economy.history import History, lived
from riskmodel.sources.economy.parameters import Parameters, load_parameters
from riskmodel.sources.economy.population import Traits, draw_network, draw_traits
from riskmodel.sources.economy.randomness import stream
from riskmodel.sources.economy.trade import Deals, demand_paths, draw_deals
from riskmodel.sources.files import refuse_occupied, write_parquet

MOST_ENTERPRISES = 899_999
"""As many as six-digit ids leave room for."""


@dataclass(frozen=True)
class World:
    """Everything that is true of a fictional economy, before any table is written.

    `demand` and `hazard` are months x enterprises; `deals` are those that happened.
    """

    calendar: Calendar
    parameters: Parameters
    seed: int
    traits: Traits
    demand: Floats
    flows: Flows
    history: History
    deals: Deals
    rates: Rates


def draw_world(enterprises: int, months: int, seed: int) -> World:
    """The world of a seed: the same for the same three numbers.

    `UsageError` for sizes that cannot be drawn.
    """
    if not 1 <= enterprises <= MOST_ENTERPRISES:
        raise UsageError(
            f"world: {enterprises} enterprises asked; "
            f"give 1 to {MOST_ENTERPRISES:,} (--enterprises)."
        )
    if seed < 0:
        raise UsageError(f"world: seed {seed} is below 0; give a whole number from 0 (--seed).")
    calendar, parameters = Calendar(months), load_parameters()
    rates = draw_rates(calendar, parameters.fx, seed)
    traits = draw_traits(enterprises, calendar, parameters, seed)
    network = draw_network(traits, calendar, parameters, seed)
    own, common = demand_paths(traits, calendar, parameters, seed)
    demand = own + common
    deals = draw_deals(traits, network, demand, parameters=parameters, seed=seed)
    flows = monthly_flows(deals, traits, calendar, cny=rates.cny_by_month, parameters=parameters)
    history = lived(traits, flows, demand, parameters=parameters, seed=seed)
    # What an enterprise can still ship this month was settled at the end of the month before.
    activity = history.states.activity[np.maximum(deals.month - 1, 0), deals.enterprise]
    gone = history.states.exited[deals.month, deals.enterprise] <= deals.month
    happened = deals.where((deals.kept_below < activity) & ~gone)
    return World(calendar, parameters, seed, traits, demand, flows, history, happened, rates)


def enterprises_table(world: World, post: Post) -> Any:
    """The register, known when an enterprise joins, or from the world's first day."""
    traits, calendar = world.traits, world.calendar
    rows = pa.table(
        {
            "enterprise_id": customs.enterprise_ids(np.arange(traits.count)),
            "registered_on": dates(traits.registered),
            "province": words(traits.province, PROVINCES),
            "sector": words(traits.sector, SECTORS),
            "kind": words(traits.kind, KINDS),
            "employees": counts(traits.employees),
        }
    )
    joined = calendar.edges[np.maximum(traits.enters, 0)].astype(np.float64)
    return post.plain(rows, joined)


def tables_of(world: World) -> Iterator[tuple[str, Any]]:
    """Each table of the source folder, and of `truth/`, with its path without suffix."""
    w, p, cny = world, world.parameters, world.rates.cny_by_month

    def post(name: str) -> Post:
        """The delivery of one table, with draws of its own."""
        return Post(w.calendar, p.arrival, stream(w.seed, f"table {name}"))

    seen = w.history, w.traits
    yield "enterprises", enterprises_table(w, post("enterprises"))
    yield (
        "declarations",
        customs.declarations(w.deals, w.traits, w.rates, post=post("declarations"), parameters=p),
    )
    yield "receipts", customs.receipts(w.deals, post=post("receipts"), parameters=p)
    trade = (w.deals, w.traits, cny)
    yield "purchases", customs.purchases(*trade, post=post("purchases"), parameters=p)
    yield "refunds", customs.refunds(*trade, post=post("refunds"), parameters=p)
    yield (
        "bank_records",
        bureau.bank_records(*seen, w.flows, post=post("bank_records"), parameters=p),
    )
    yield "inquiries", bureau.inquiries(*seen, post=post("inquiries"), parameters=p)
    yield "agreements", lending.agreements(w.traits, w.history, post=post("agreements"))
    yield "applications", lending.applications(w.history.applications, post=post("applications"))
    yield "lines", lending.lines(w.history.applications, post=post("lines"))
    yield "line_months", lending.line_months(*seen, post=post("line_months"))
    yield "fx_rates", w.rates.table()
    hazard = true_hazard(w.history, w.traits, w.demand, p)
    yield "truth/enterprises", truth.hidden_lives(*seen, w.calendar)
    yield (
        "truth/enterprise_months",
        truth.hidden_months(w.history, hazard, w.demand, traits=w.traits, calendar=w.calendar),
    )
    yield "truth/staged_declarations", truth.staged_declarations(w.deals)


def write_world(
    out: Path,
    *,
    enterprises: int,
    months: int,
    seed: int,
    progress: Callable[[str], None] | None = None,
) -> None:
    """A source folder that keeps the contract, with `truth/` beside its tables.

    `progress` hears the name of each table before it is written. `UsageError` if `out` exists
    and is not empty, or if the sizes cannot be drawn.
    """
    refuse_occupied(out)
    tell = progress or (lambda _: None)
    tell("history")
    world = draw_world(enterprises, months, seed)
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        for name, table in tables_of(world):
            tell(name)
            write_parquet(table, part / f"{name}.parquet")
        part.replace(out)
    finally:
        shutil.rmtree(part, ignore_errors=True)
