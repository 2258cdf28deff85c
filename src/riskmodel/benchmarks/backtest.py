"""Back-test of earlier months' limits on fictional economies whose truth is known.

The pipeline decides as it would have on an earlier day. The truth of the twelve months after is then
compared: its book beside the 1:1 rule, beside that rule with a cut at the same volume, and beside the book of
an oracle. A scenario's tables are the base's until its event, so a book decided before it is the
same, and only the truth differs.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from riskmodel import datasets
from riskmodel.datasets.default_events import default_dates
from riskmodel.limits.allocation import allocate
from riskmodel.limits.backtest import backtest, measures
from riskmodel.limits.backtest.backtest import BOOK, CUT, ORACLE, RULE
from riskmodel.limits.economics import Terms
from riskmodel.limits.recommend import AllocationProblem, build_problem
from riskmodel.pipeline.artifacts.terms import agreements_of, banks_of, programme_of, scored_of
from riskmodel.pipeline.stages.datasets import build_datasets
from riskmodel.pipeline.stages.features import compute_features
from riskmodel.pipeline.stages.limits import behaviour_of
from riskmodel.pipeline.stages.model import fit_models
from riskmodel.pipeline.stages.sources import read_sources
from riskmodel.runs.run_folder import Run, create_run
from riskmodel.settings import Settings, read_toml
from riskmodel.sources.folder import accept_reading, read_folder
from riskmodel.storage.files import write_text

Ints = NDArray[np.int64]
BACK = (24, 12)
"""Months before the simulation's end at which a book is decided; the events begin at the first."""
EVENTS = ("shock", "tariff", "yuan")
OTHER_SIMULATIONS = ("drift", "gaming", "thin")
"""Scenarios whose enterprises differ from the beginning: the pipeline is run anew in their simulations."""
BUDGETS_FOR = 3_000
"""Enterprises of the demo, which the budgets of the banks' file are made for; others in
proportion."""
PATHS = 64
"""Futures that a question to the truth is answered from."""
DRAWS = 500
WHOLE = ("too_high", "too_high_cny", "losing", "losing_cny")
TRIALS, CANDIDATES = 3, ("trees", "single_feature")


class WriteSimulation(Protocol):
    """Writes a fictional economy to a folder."""

    def __call__(
        self, out: Path, *, enterprises: int, months: int, seed: int, scenario: str = "base"
    ) -> None:
        """A source folder with `truth/` beside its tables."""


class Question(Protocol):
    """Asks the truth of a written simulation, an answer an id in their order."""

    def __call__(
        self,
        simulation: Path | str,
        enterprise_ids: Sequence[str],
        as_of: str,
        limit_cny: Sequence[float],
        *,
        paths: int,
    ) -> pd.DataFrame:
        """A row an id, the answers in columns of their names."""


@dataclass(frozen=True)
class Economy:
    """The fictional economy as the benchmarks may use it: to write simulations, and to ask their truth
    (`riskmodel.simulation`)."""

    write: WriteSimulation
    outcome: Question

    def truth(
        self, simulation: Path, asked: pd.DataFrame, as_of: str, *, paths: int = PATHS
    ) -> pd.DataFrame:
        """Return the truth of enterprises at limits: the columns of `limits.backtest.Outcome`.

        The questions are dealt out over two threads: an answer does not depend on the others.
        """
        halves = np.array_split(np.arange(len(asked)), 2)

        def answer(rows: Ints) -> pd.DataFrame:
            some = asked.iloc[rows]
            limits = some["limit_cny"].to_numpy(np.float64).tolist()
            return self.outcome(
                simulation, some["enterprise_id"].tolist(), as_of, limits, paths=paths
            )

        with ThreadPoolExecutor(2) as pool:
            found = pd.concat(list(pool.map(answer, halves)), ignore_index=True)
        return asked.assign(
            pd_12m=found["pd_12m"].to_numpy(),
            drawn_share=found["drawn_share"].to_numpy(),
            owed_share=found["drawn_share_at_default"].to_numpy(),
            lgd=found["lgd"].to_numpy(),
        )


@dataclass(frozen=True)
class SimulationSize:
    """Size and seed of a simulation."""

    enterprises: int
    months: int
    seed: int


def read_simulation_size(simulation: Path) -> SimulationSize:
    """Read a written simulation's size and seed from its own folder."""
    parts = read_toml(simulation / "truth" / "simulation.toml")["simulation"]
    return SimulationSize(parts["enterprises"], parts["months"], parts["seed"])


@dataclass(frozen=True)
class BacktestMonth:
    """Back-test of one month of one simulation.

    `evaluated` are the credit lines of each book, evaluated by the truth; the tables are those of
    `limits.backtest.measures` and `limits.backtest.value_of_information`.
    """

    as_of: str
    problem: AllocationProblem
    evaluated: Mapping[str, pd.DataFrame]
    figures: pd.DataFrame
    observed_outcomes: pd.DataFrame
    swaps: pd.DataFrame
    frontier: pd.DataFrame
    value_of_information: pd.DataFrame
    intervals: pd.DataFrame
    response: pd.DataFrame
    base_rate: float


def build_month(
    simulation: Path, terms: Path, settings: Settings, *, back: int, scratch: Path | None = None
) -> tuple[AllocationProblem, str]:
    """Build the allocation problem `back` months before the simulation's end; return it and its date.

    Sources to model are run by the run's own stages, in `scratch` (a folder that is thrown away if none).
    """
    source = accept_reading(read_folder(simulation, settings.sources), settings.sources).source
    end = pd.Timestamp(datasets.find_last_as_of(source, settings.datasets)).to_period("M")
    as_of = (end - back).to_timestamp().date()
    with TemporaryDirectory() as folder:
        runs = (scratch or Path(folder)) / "experiments" / "runs"
        run = create_run(runs / f"{as_of}-backtest", _settings(settings, simulation, str(as_of)))
        for name in ("policy.toml", "banks.toml"):
            write_text(run.folder / name, (terms / name).read_text(encoding="utf-8"))
        read_sources(run)
        compute_features(run)
        build_datasets(run)
        fit_models(run)
        return build_run_problem(run, int(source.tables["enterprises"].num_rows)), str(as_of)


def _settings(settings: Settings, simulation: Path, as_of: str) -> Settings:
    run = {
        "name": "backtest",
        "data": str(simulation.resolve()),
        "as_of": pd.Timestamp(as_of).date(),
    }
    model = {"tuning.trials": TRIALS, "candidates": CANDIDATES}
    return settings.with_values(
        {
            "run": settings.run.with_values(run),
            "model": settings.model.with_values(model),
        }
    )


def build_run_problem(run: Run, enterprises: int) -> AllocationProblem:
    """Build the run's allocation problem, with budgets in proportion to the enterprises."""
    programme, given = programme_of(run), banks_of(run)
    share = enterprises / BUDGETS_FOR
    larger = [one.with_values({"budget_cny": share * one.budget_cny}) for one in given.bank]
    banks = given.with_values({"bank": tuple(larger)})
    _, known = agreements_of(run, programme.source, banks)
    return build_problem(
        scored_of(run, programme),
        known,
        Terms(programme.policy, banks, behaviour=behaviour_of(programme)),
        grid=run.settings.limits.limit_levels,
    )


def backtest_month(
    simulation: Path,
    problem: AllocationProblem,
    economy: Economy,
    settings: Settings,
    *,
    paths: int = PATHS,
) -> BacktestMonth:
    """Evaluate the month's book, the rules and the oracle by the truth of the year after."""
    as_of = str(pd.Timestamp(problem.case.scored["as_of"].iloc[0]).date())
    threads, terms = settings.run.threads, problem.case.terms
    rules = backtest.rule_books(problem)
    steps = measures.frontier_lines(problem, rules, threads=threads)
    lines = [book for books in steps.values() for book in books.values()]
    asked = backtest.limits_to_query(problem, *rules.values(), *lines)
    truth = backtest.clean_truth(economy.truth(simulation, asked, as_of, paths=paths), terms)
    true_options = backtest.options_under(problem, backtest.true_outcome_of(problem, truth))
    best = backtest.book_lines(problem, allocate(true_options, threads=threads))
    books = steps[1.0] | {ORACLE: best}
    evaluated = {name: backtest.evaluate_lines(book, truth, terms) for name, book in books.items()}
    whole = backtest.evaluate_lines(rules[RULE], truth, terms)
    return BacktestMonth(
        as_of=as_of,
        problem=problem,
        evaluated=evaluated,
        figures=measures.summarise_books(evaluated),
        observed_outcomes=measures.observed_outcomes(
            evaluated, observed_year(simulation, settings, as_of)
        ),
        swaps=measures.swap_sets(evaluated[BOOK], evaluated[CUT]),
        frontier=measures.frontier(steps, truth, terms),
        value_of_information=backtest.value_of_information(problem, truth, threads=threads),
        intervals=measures.bootstrap_intervals(evaluated, draws=DRAWS, seed=settings.run.seed),
        response=measures.response_errors(problem, truth),
        base_rate=float(whole["pd_12m"].mean()),
    )


def observed_year(simulation: Path, settings: Settings, as_of: str) -> pd.DataFrame:
    """Return what the source itself shows of the year after.

    Columns: enterprise_id, defaulted, and of the lines in force drawn_share (mean over months
    without arrears) and lost_cny.
    """
    source = accept_reading(read_folder(simulation, settings.sources), settings.sources).source
    first = pd.Timestamp(as_of)
    last = first + pd.DateOffset(months=settings.datasets.horizon_months)
    events = default_dates(source, settings.datasets)
    found = datasets.current_rows(source, "enterprises")[["enterprise_id"]].astype("str")
    on = pd.to_datetime(events.reindex(found["enterprise_id"])).to_numpy()
    found = found.assign(defaulted=(on >= first.to_datetime64()) & (on < last.to_datetime64()))
    states = datasets.current_rows(source, "line_months")
    states = states[(states["month"] >= first) & (states["month"] < last)]
    lines = datasets.current_rows(source, "lines")[["line_id", "enterprise_id", "limit_cny"]]
    states = states.merge(lines, on="line_id", validate="many_to_one")
    sound = states["days_past_due"].eq(0)
    states = states.assign(
        drawn_share=(states["drawn_cny"] / states["limit_cny"]).clip(upper=1.0).where(sound),
        lost_cny=states["written_off_cny"].fillna(0) - states["recovered_cny"].fillna(0),
    )
    by = states.groupby(states["enterprise_id"].astype("str"))
    seen = pd.DataFrame({"drawn_share": by["drawn_share"].mean(), "lost_cny": by["lost_cny"].sum()})
    return found.merge(seen.reset_index(), on="enterprise_id", how="left", validate="1:1")


def run_stresses(
    folder: Path,
    size: SimulationSize,
    base: BacktestMonth,
    setup: tuple[Path, Economy, Settings],
    scenarios: Sequence[str] = (*EVENTS, *OTHER_SIMULATIONS),
) -> pd.DataFrame:
    """Evaluate the scenarios of a simulation beside its base's first month; they are written to `folder`.

    One row a scenario and bank: scenario, same_book (whether the base's own book is evaluated), the
    columns of `measures.stress_loss_caps`, and of the whole book bad_rate and the figures of
    `measures.excess_limits`; the base's own stand in the rows of scenario "base". Where the scenario has
    other enterprises its book is its own: nothing is compared with the base's lines, `breaks` says
    that a cap does not hold, and too_high is missing.
    """
    terms, economy, settings = setup
    found = [_stress_rows("base", base.evaluated, base)]
    for scenario in scenarios:
        simulation = folder / scenario
        if not simulation.exists():
            economy.write(
                simulation,
                enterprises=size.enterprises,
                months=size.months,
                seed=size.seed,
                scenario=scenario,
            )
        problem = base.problem
        if scenario not in EVENTS:
            problem, _ = build_month(simulation, terms, settings, back=BACK[0])
        evaluated = _book_and_oracle(simulation, problem, economy, settings)
        found.append(_stress_rows(scenario, evaluated, base))
    return pd.concat(found, ignore_index=True)


def _book_and_oracle(
    simulation: Path, problem: AllocationProblem, economy: Economy, settings: Settings
) -> dict[str, pd.DataFrame]:
    """Evaluate the month's book and the oracle's by the truth of a scenario's simulation."""
    as_of = str(pd.Timestamp(problem.case.scored["as_of"].iloc[0]).date())
    terms, threads = problem.case.terms, settings.run.threads
    asked = backtest.limits_to_query(problem)
    truth = backtest.clean_truth(economy.truth(simulation, asked, as_of), terms)
    true_options = backtest.options_under(problem, backtest.true_outcome_of(problem, truth))
    chosen = {BOOK: problem.options, ORACLE: true_options}
    books = {
        name: backtest.book_lines(problem, allocate(options, threads=threads))
        for name, options in chosen.items()
    }
    return {name: backtest.evaluate_lines(book, truth, terms) for name, book in books.items()}


def _stress_rows(
    scenario: str, evaluated: Mapping[str, pd.DataFrame], base: BacktestMonth
) -> pd.DataFrame:
    """Return the scenario's rows, a bank each; the base's losses are 0 where the book is another one."""
    book, banks = evaluated[BOOK], base.problem.case.terms.banks
    same = scenario not in OTHER_SIMULATIONS
    before = base.evaluated[BOOK] if same else book.assign(loss_cny=0.0, profit_cny=0.0)
    rows = measures.stress_loss_caps(before, book, banks)
    whole = measures.excess_limits(book, evaluated[ORACLE], base.evaluated[ORACLE])
    if not same:
        whole |= {"too_high": np.nan, "too_high_cny": np.nan}
    return rows.assign(
        scenario=scenario, same_book=same, bad_rate=book["pd_12m"].mean(),
        base_book_profit_cny=base.evaluated[BOOK]["profit_cny"].sum(), **whole,
    )  # fmt: skip


def describe(month: BacktestMonth) -> str:
    """Describe the month's result in one sentence."""
    book = month.evaluated[BOOK][["limit_cny", "profit_cny"]].sum() / 1e6
    measured = month.intervals.set_index("measure")["value"]
    return (
        f"{book['limit_cny']:,.0f} million CNY, true profit {book['profit_cny']:,.1f} million,"
        f" {measured[measures.LIFT]:+.0%} over the 1:1 rule with a cut at equal volume and prices"
        f" ({measured[measures.LIFT_AT_BASE]:+.0%} at base rates); bad rate"
        f" {measured[measures.BAD]:.2%} where the eligible have {month.base_rate:.2%}; regret"
        f" {measured[measures.REGRET]:.0%}"
    )


def stress_summary(stress: pd.DataFrame) -> pd.DataFrame:
    """Summarise the stress, one row a scenario.

    Columns: scenario, caps_over (banks whose true expected loss is above their cap), profit_cny,
    profit_against_base_cny, bad_rate, too_high, too_high_cny, losing, losing_cny.
    """
    by = stress.assign(over=stress["loss_cny"] > stress["loss_cap_cny"]).groupby(
        "scenario", sort=False
    )
    sums, whole = by[["over", "profit_cny"]].sum(), by.first()
    return pd.DataFrame(
        {
            "caps_over": sums["over"],
            "profit_cny": sums["profit_cny"],
            "profit_against_base_cny": sums["profit_cny"] - whole["base_book_profit_cny"],
            **{name: whole[name] for name in ("bad_rate", *WHOLE)},
        }
    ).reset_index()
