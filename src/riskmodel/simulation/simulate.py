"""Simulate an economy in batches of enterprises, and write its tables whole or not at all."""

import shutil
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from riskmodel import __version__
from riskmodel.errors import UsageError, machine_faults
from riskmodel.runs.seeds_seen import NOTE
from riskmodel.simulation import bureau, customs, programme_tables, truth_tables
from riskmodel.simulation.arrival import ArrivalProcess
from riskmodel.simulation.arrow_columns import counts, dates, words
from riskmodel.simulation.buyers import Market, make_market
from riskmodel.simulation.calendar import BURN, Calendar
from riskmodel.simulation.common_factors import Factors, draw_factors, step_records
from riskmodel.simulation.exchange_rates import Rates, draw_rates
from riskmodel.simulation.kernel_records import record_of
from riskmodel.simulation.life_histories import simulate_lives
from riskmodel.simulation.limit_evaluation import Environment
from riskmodel.simulation.lives import Lives, replace_lives
from riskmodel.simulation.names import KINDS, PROVINCES, SECTORS
from riskmodel.simulation.parameter_files import BASE, as_tables, load_parameters
from riskmodel.simulation.parameters import Parameters
from riskmodel.simulation.programme import Banks, make_banks
from riskmodel.simulation.random_streams import Ints
from riskmodel.simulation.trade import Deals, record_deals
from riskmodel.simulation.traits import Traits, draw_traits
from riskmodel.storage.files import refuse_occupied, write_parquet, write_text

MAX_ENTERPRISES = 9_999_999
"""As many as seven-digit ids leave room for."""
ENTERPRISES_PER_FILE = 10_000
"""Enterprises whose rows one file holds: fixed, so that no setting of the work changes a byte."""
MAX_ATTEMPTS = 20
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Simulation:
    """A simulated economy: what all enterprises share, and the numbers that it is made from."""

    enterprises: int
    seed: int
    scenario: str
    calendar: Calendar
    parameters: Parameters
    rates: Rates
    factors: Factors
    market: Market
    banks: Banks

    @property
    def environment(self) -> Environment:
        """The environment as the kernels take it."""
        return Environment(
            step_records(self.factors), self.market, record_of(self.parameters), self.parameters
        )


@dataclass(frozen=True)
class SimulatedEnterprises:
    """Some enterprises of a simulation with their histories and deals."""

    traits: Traits
    attempt: Ints
    lives: Lives
    deals: Deals


def prepare_simulation(
    enterprises: int,
    months: int,
    seed: int,
    scenario: str = BASE,
    changed: Parameters | None = None,
) -> Simulation:
    """Prepare the simulation of a seed: the same for the same numbers and scenario.

    `changed` takes the place of the scenario's parameters. `UsageError` for sizes that cannot be
    drawn, `SettingsError` for an unknown scenario.
    """
    if not 1 <= enterprises <= MAX_ENTERPRISES:
        raise UsageError(
            f"simulate: {enterprises} enterprises asked; "
            f"give 1 to {MAX_ENTERPRISES:,} (--enterprises)."
        )
    if seed < 0:
        raise UsageError(f"simulate: seed {seed} is below 0; give a whole number from 0 (--seed).")
    calendar, parameters = Calendar(months), changed or load_parameters(scenario)
    rates = draw_rates(calendar, parameters, seed)
    return Simulation(
        enterprises=enterprises,
        seed=seed,
        scenario=scenario,
        calendar=calendar,
        parameters=parameters,
        rates=rates,
        factors=draw_factors(calendar, rates, parameters, seed),
        market=make_market(enterprises, int(calendar.step_edges[0]), parameters, seed),
        banks=make_banks(parameters.programme),
    )


def simulate_enterprises(simulation: Simulation, first: int, last: int) -> SimulatedEnterprises:
    """Simulate the enterprises of the numbers from `first` up to but not `last`.

    Whoever is there when the simulation begins must have lived until then: others are drawn anew.
    """
    number = np.arange(first, last)
    attempt = np.zeros(len(number), dtype=np.int64)
    environment = simulation.environment

    def draw(mask: Any) -> tuple[Traits, Lives]:
        """The masked enterprises at their present attempts."""
        traits = draw_traits(
            number[mask], attempt[mask], simulation.calendar, simulation.parameters, simulation.seed
        )
        steps = simulation.calendar.steps
        return traits, simulate_lives(
            traits,
            environment.factors,
            simulation.market,
            simulation.banks,
            environment.record,
            steps,
        )

    traits, lives = draw(np.ones(len(number), dtype=np.bool_))
    for _ in range(MAX_ATTEMPTS):
        ended = np.minimum(lives.defaulted, lives.exited) < BURN
        anew = ended & (traits.enters < 0)
        if not anew.any():
            break
        attempt = attempt + anew
        others, other_lives = draw(anew)
        traits = traits.replace_rows(anew, others)
        replace_lives(lives, anew, other_lives)
    deals = record_deals(
        lives,
        traits,
        simulation.calendar,
        environment.factors,
        simulation.market,
        environment.record,
    )
    return SimulatedEnterprises(traits, attempt, lives, deals)


def render_tables(
    simulation: Simulation, simulated: SimulatedEnterprises
) -> Iterator[tuple[str, Any]]:
    """Render each table's rows of some enterprises, of the source folder and of `truth/`."""
    w, traits, lives = simulation, simulated.traits, simulated.lives
    yield "enterprises", enterprises_table(w, traits, _arrivals(w, "enterprises"))
    payments = yield from _trade_tables(w, simulated)
    applied = programme_tables.collect_applications(lives, traits, w.calendar)
    flows = bureau.monthly_flows(lives, traits, w.factors, payments, w.parameters)
    arrivals = _arrivals(w, "bank_records")
    yield (
        "bank_records",
        bureau.bank_records(lives, traits, flows, arrivals=arrivals, parameters=w.parameters),
    )
    arrivals = _arrivals(w, "inquiries")
    yield (
        "inquiries",
        bureau.inquiries(lives, traits, applied, arrivals=arrivals, parameters=w.parameters),
    )
    yield from _programme_tables(w, simulated, applied)
    yield from _truth_tables(w, simulated, applied)


def _arrivals(simulation: Simulation, table: str) -> ArrivalProcess:
    """Return the arrival process of one table, with draws of its own."""
    return ArrivalProcess(
        simulation.calendar, simulation.parameters.arrival, simulation.seed, table
    )  # fmt: skip


def _trade_tables(
    w: Simulation, simulated: SimulatedEnterprises
) -> Generator[tuple[str, Any], None, Any]:
    """Render the tables of trade; returns what came in, in CNY by enterprise and month."""
    traits, deals, p = simulated.traits, simulated.deals, w.parameters
    arrivals = _arrivals(w, "declarations")
    yield (
        "declarations",
        customs.declarations(deals, traits, w.rates, arrivals=arrivals, parameters=p),
    )
    arrivals = _arrivals(w, "receipts")
    rows, paid = customs.receipts(deals, traits, arrivals=arrivals, parameters=p)
    yield "receipts", rows
    arrivals = _arrivals(w, "purchases")
    rows = customs.purchases(
        deals, traits, w.rates, arrivals=arrivals, parameters=p, places=3 * w.enterprises
    )
    yield "purchases", rows
    arrivals = _arrivals(w, "refunds")
    rows, back = customs.refunds(deals, traits, w.rates, arrivals=arrivals, parameters=p)
    yield "refunds", rows
    inside = slice(BURN, BURN + w.calendar.months)
    receipts = customs.monthly(paid, w.calendar, traits.enterprises) * w.factors.cny[inside]
    return receipts + customs.monthly(back, w.calendar, traits.enterprises)


def _programme_tables(
    w: Simulation, simulated: SimulatedEnterprises, applied: programme_tables.Applications
) -> Iterator[tuple[str, Any]]:
    """Render the programme's agreements, applications, lines and line months."""
    traits, lives = simulated.traits, simulated.lives
    arrivals = _arrivals(w, "agreements")
    yield "agreements", programme_tables.agreements(traits, lives, arrivals=arrivals)
    arrivals = _arrivals(w, "applications")
    yield "applications", programme_tables.applications(applied, arrivals=arrivals)
    yield "lines", programme_tables.lines(applied, arrivals=_arrivals(w, "lines"))
    opened = applied["enterprise"] * 1000 + applied["line"]
    arrivals = _arrivals(w, "line_months")
    yield "line_months", programme_tables.line_months(lives, traits, opened, arrivals=arrivals)


def _truth_tables(
    w: Simulation, simulated: SimulatedEnterprises, applied: programme_tables.Applications
) -> Iterator[tuple[str, Any]]:
    """Render the tables under `truth/`."""
    traits, lives, environment = simulated.traits, simulated.lives, w.environment
    stride = max(1, w.enterprises // w.parameters.oracle.response_enterprises)
    yield (
        "truth/enterprises",
        truth_tables.lives_table(lives, traits, simulated.attempt, w.calendar),
    )
    yield "truth/enterprise_months", truth_tables.states_table(lives, traits, w.calendar)
    yield "truth/staged_declarations", truth_tables.staged_table(simulated.deals)
    yield "truth/pd_12m", truth_tables.pd_table(lives, traits, w.calendar, environment)
    yield (
        "truth/limit_response",
        truth_tables.response_table(lives, traits, w.calendar, environment, stride),
    )
    yield (
        "truth/applications",
        truth_tables.applications_table(applied, lives, traits, w.calendar, environment),
    )


def enterprises_table(simulation: Simulation, traits: Traits, arrivals: ArrivalProcess) -> Any:
    """The register, known when an enterprise joins, or from the simulation's first day."""
    calendar = simulation.calendar
    joined = calendar.edges[np.maximum(traits.enters, 0)].astype(np.float64)
    d = arrivals.deliver(traits.number, joined)
    r = d.row
    return d.table(
        {
            "enterprise_id": customs.enterprise_ids(traits.number[r]),
            "registered_on": dates(traits.registered[r]),
            "province": words(traits.province[r], PROVINCES),
            "sector": words(traits.sector[r], SECTORS),
            "kind": words(traits.kind[r], KINDS),
            "employees": counts(traits.employees[r]),
        }
    )


def write_simulation(
    out: Path,
    *,
    enterprises: int,
    months: int,
    seed: int,
    scenario: str = BASE,
    partition_size: int = 2_500,
    threads: int = 2,
    progress: Progress = lambda _done: None,
    changed: Parameters | None = None,
) -> None:
    """Write a source folder that keeps the data contract, with `truth/` beside its tables.

    Same numbers and scenario, same bytes: neither `partition_size`, the enterprises that are worked on at
    once (memory grows with it, not with `enterprises`), nor `threads` changes any. What is done
    stays beside `out` when the work is stopped, and the same call goes on from there. `progress`
    hears how many enterprises are written. `UsageError` if `out` exists and is not
    empty, or if the sizes cannot be drawn.
    """
    refuse_occupied(out)
    if partition_size < 1 or threads < 1:
        raise UsageError(
            f"simulate: partition size {partition_size}, threads {threads}: both must be 1 or more."
        )
    simulation = prepare_simulation(enterprises, months, seed, scenario, changed)
    unfinished = out.with_name(f".{out.name}.{_fingerprint(simulation)}.part")
    work = partial(_write_files, partition_size=partition_size, threads=threads, progress=progress)
    try:
        with machine_faults(out):
            work(simulation, unfinished, range(0, enterprises, ENTERPRISES_PER_FILE))
            _write_common_tables(simulation, unfinished)
            for mark in unfinished.glob(".done-*"):
                mark.unlink()
            out.parent.mkdir(parents=True, exist_ok=True)
            unfinished.replace(out)
    finally:
        if unfinished.exists() and not any(unfinished.glob(".done-*")):
            shutil.rmtree(unfinished, ignore_errors=True)


def _write_common_tables(simulation: Simulation, folder: Path) -> None:
    """Write what is common to all enterprises: rates, common factors, the simulation's description."""
    write_parquet(simulation.rates.table(), folder / "fx_rates.parquet")
    common = truth_tables.common_table(simulation.factors, simulation.calendar)
    write_parquet(common, folder / "truth" / "common.parquet")
    write_text(folder / "truth" / "simulation.toml", _description(simulation))
    write_text(folder / NOTE, _note(simulation))


def _write_files(
    simulation: Simulation,
    folder: Path,
    starts: range,
    *,
    partition_size: int,
    threads: int,
    progress: Progress,
) -> None:
    """The files of every range of enterprises that is not done yet."""
    left = [first for first in starts if not _mark(folder, first).exists()]
    done = sum(
        min(ENTERPRISES_PER_FILE, simulation.enterprises - one)
        for one in starts
        if one not in set(left)
    )
    progress(done)
    with ThreadPoolExecutor(threads) as pool:
        work = {
            pool.submit(
                partial(_write_range, simulation, folder, partition_size=partition_size), one
            )
            for one in left
        }
        try:
            for ready in as_completed(work):
                done += ready.result()
                progress(done)
        finally:
            for one in work:
                one.cancel()


def _write_range(simulation: Simulation, folder: Path, first: int, *, partition_size: int) -> int:
    """One file a table with the rows of the range that begins at `first`; returns its size."""
    last = min(first + ENTERPRISES_PER_FILE, simulation.enterprises)
    chunks: dict[str, list[Any]] = {}
    for begin in range(first, last, partition_size):
        simulated = simulate_enterprises(simulation, begin, min(begin + partition_size, last))
        for name, rows in render_tables(simulation, simulated):
            chunks.setdefault(name, []).append(rows)
    alone = simulation.enterprises <= ENTERPRISES_PER_FILE
    for name, rows in chunks.items():
        path = folder / (
            f"{name}.parquet" if alone else f"{name}/{first // ENTERPRISES_PER_FILE:05d}.parquet"
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(
            pa.concat_tables(rows).combine_chunks(), path, compression="zstd", compression_level=1
        )
    _mark(folder, first).touch()
    return last - first


def _mark(folder: Path, first: int) -> Path:
    return folder / f".done-{first:08d}"


def _description(simulation: Simulation) -> str:
    import tomli_w

    return _note(simulation) + "\n" + tomli_w.dumps(as_tables(simulation.parameters))


def _note(simulation: Simulation) -> str:
    """The folder's note on itself beside its tables: nothing that is hidden in the economy."""
    import tomli_w

    made = {
        "riskmodel": __version__,
        "enterprises": simulation.enterprises,
        "months": simulation.calendar.months,
        "seed": simulation.seed,
        "scenario": simulation.scenario,
    }
    return tomli_w.dumps({"simulation": made})


def _fingerprint(simulation: Simulation) -> str:
    return sha256(_description(simulation).encode()).hexdigest()[:12]
