"""The back-test on a small economy: truth asked once a level, months in proportion, scenarios whose
tables are the base's until their event."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from riskmodel import datasets
from riskmodel.benchmarks import backtest, backtest_study
from riskmodel.benchmarks.backtest import (
    BACK,
    BacktestMonth,
    Economy,
    SimulationSize,
    backtest_month,
    describe,
    observed_year,
    read_simulation_size,
    run_stresses,
    stress_summary,
)
from riskmodel.limits import banks_from, policy_from
from riskmodel.limits.agreements import agreements_in_force
from riskmodel.limits.backtest.backtest import BOOK, ORACLE
from riskmodel.limits.backtest.measures import average_over_simulations
from riskmodel.limits.economics import Terms
from riskmodel.limits.recommend import AllocationProblem, build_problem
from riskmodel.settings import default_settings, read_toml
from riskmodel.simulation import true_outcome, write_simulation
from riskmodel.sources.folder import accept_reading, read_folder

pytestmark = pytest.mark.slow

ECONOMY = Economy(write_simulation, true_outcome)
TERMS = Path(__file__).parents[2] / "experiments"
ENTERPRISES, MONTHS, SEED = 300, 48, 5
SETTINGS = default_settings()
FEW = SETTINGS.with_values(
    {
        "datasets.as_of_dates.step_months": 6,
        "model.inner_folds": 2,
        "model.trees.max_rounds": 40,
        "model.calibration.bootstrap_draws": 20,
    }
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A base simulation and one with a shock two years before its end."""
    out = tmp_path_factory.mktemp("simulations")
    for scenario in ("base", "shock"):
        write_simulation(
            out / scenario, enterprises=ENTERPRISES, months=MONTHS, seed=SEED, scenario=scenario
        )
    return out


@pytest.fixture(scope="module")
def problem(folder: Path) -> AllocationProblem:
    """The month when the shock begins, by drawn features: what the line's stages do is theirs."""
    source = accept_reading(read_folder(folder / "base", SETTINGS.sources), SETTINGS.sources).source
    end = pd.Timestamp(datasets.find_last_as_of(source, SETTINGS.datasets)).to_period("M")
    as_of = (end - BACK[0]).to_timestamp()
    ids = source.frame("enterprises")["enterprise_id"].astype("str").sort_values()
    rng = np.random.default_rng(1)
    exports = rng.uniform(1e6, 3e6, len(ids))
    candidates = pd.DataFrame(
        {
            "enterprise_id": ids.to_numpy(),
            "as_of": as_of,
            "exports_usd_6m": exports / 2,
            "exports_usd_12m": exports,
            "exports_cny_12m": exports * 6.2,
            "deals_6m": 9.0,
            "pd_12m": rng.uniform(0.002, 0.05, len(ids)),
            "grade": "G03",
        }
    )
    candidates = candidates.assign(
        pd_low=candidates["pd_12m"] / 2, pd_high=2 * candidates["pd_12m"]
    )
    policy = policy_from(read_toml(TERMS / "policy.toml"), "policy.toml")
    banks = banks_from(read_toml(TERMS / "banks.toml"), "banks.toml")
    signed = agreements_in_force(source, as_of)
    return build_problem(candidates, signed, Terms(policy, banks), grid=3)


@pytest.fixture(scope="module")
def month(folder: Path, problem: AllocationProblem) -> BacktestMonth:
    return backtest_month(folder / "base", problem, ECONOMY, SETTINGS, paths=4)


def test_all_books_have_the_volume_of_ours_and_nobody_beats_the_oracle(
    month: BacktestMonth,
) -> None:
    limits = {name: lines["limit_cny"].sum() for name, lines in month.evaluated.items()}
    profits = month.figures.set_index("book")["profit_cny"]
    for name, volume in limits.items():
        if name != ORACLE:
            assert volume == pytest.approx(limits[BOOK])
    assert profits[ORACLE] >= profits[BOOK]
    assert month.value_of_information["regret"].min() >= -1e-3  # the allocation's own gap
    at_one = month.frontier[month.frontier["step"] == 1].set_index("book")["profit_cny"]
    assert at_one[BOOK] == pytest.approx(profits[BOOK])
    assert describe(month).endswith(f"regret {month.value_of_information['regret'].iloc[0]:.0%}")


def test_the_truth_is_asked_in_the_order_of_the_lines(folder: Path, month: BacktestMonth) -> None:
    line = month.evaluated[BOOK].dropna(subset=["pd_12m"]).iloc[-1]
    alone = true_outcome(
        folder / "base", [line["enterprise_id"]], month.as_of, [line["limit_cny"]], paths=4
    )
    assert line["pd_12m"] == pytest.approx(alone["pd_12m"].iloc[0], rel=1e-12)


def test_a_book_decided_before_a_shock_is_the_same_and_loses_more(
    folder: Path, month: BacktestMonth, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backtest, "PATHS", 4)
    table = run_stresses(
        folder,
        read_simulation_size(folder / "base"),
        month,
        (TERMS, ECONOMY, SETTINGS),
        scenarios=("shock",),
    )
    base, shock = (table[table["scenario"] == name] for name in ("base", "shock"))
    assert shock["same_book"].all()
    assert shock["limit_cny"].tolist() == base["limit_cny"].tolist()
    assert shock["base_loss_cny"].tolist() == base["loss_cny"].tolist()
    assert shock["loss_cny"].sum() > 1.1 * base["loss_cny"].sum()
    assert shock["profit_cny"].sum() < base["profit_cny"].sum()
    assert shock["losing"].iloc[0] >= base["losing"].iloc[0]
    summary = stress_summary(table).set_index("scenario")
    assert summary.loc["base", "profit_against_base_cny"] == pytest.approx(0, abs=1e-6)
    lost = shock["profit_cny"].sum() - base["profit_cny"].sum()
    assert summary.loc["shock", "profit_against_base_cny"] == pytest.approx(lost)
    assert summary.loc["base", "too_high"] == 0  # the same oracle


def test_a_scenarios_states_are_the_bases_until_its_event(
    folder: Path, month: BacktestMonth
) -> None:
    base, shock = (
        pd.read_parquet(folder / name / "truth" / "enterprise_months.parquet")
        for name in ("base", "shock")
    )
    before, also = (
        frame[pd.to_datetime(frame["month"]) < month.as_of].reset_index(drop=True)
        for frame in (base, shock)
    )
    pd.testing.assert_frame_equal(before, also)
    assert not base.equals(shock)


def test_the_source_shows_the_defaults_that_the_economy_drew(folder: Path) -> None:
    lives = pd.read_parquet(folder / "base" / "truth" / "enterprises.parquet")
    end = pd.to_datetime(lives["defaulted_on"]).max().to_period("M")
    as_of = (end - 11).to_timestamp()
    seen = observed_year(folder / "base", SETTINGS, str(as_of.date())).set_index("enterprise_id")
    true = pd.to_datetime(lives.set_index("enterprise_id")["defaulted_on"])
    shown = true[(true >= as_of) & (true < as_of + pd.DateOffset(months=12))].index
    caught = seen.loc[seen["defaulted"]].index
    assert len(caught) > 0
    assert set(caught) <= set(true.dropna().index)
    assert len(set(caught) & set(shown)) >= 0.7 * len(caught)
    drawn = seen["drawn_share"].dropna()
    assert len(drawn) > 20 and drawn.between(0, 1).all()


def test_the_table_has_an_interval_over_simulations_for_every_measure(month: BacktestMonth) -> None:
    table = backtest_study._over_simulations([(1, month), (2, month)])
    assert table["simulations"].eq(2).all()
    lift = table.set_index("measure").loc["lift_over_cut"]
    assert lift["low"] == pytest.approx(lift["value"]) == pytest.approx(lift["high"])
    assert backtest_study._responses([(1, month)]).empty  # this month's terms have learnt nothing
    causes = backtest_study._causes([(1, month)])
    assert causes["name"].tolist() == month.value_of_information["knows"].tolist()
    assert average_over_simulations(pd.DataFrame({"measure": [], "seed": [], "value": []})).empty


def test_a_simulation_says_what_it_was_made_with(folder: Path) -> None:
    assert read_simulation_size(folder / "shock") == SimulationSize(ENTERPRISES, MONTHS, SEED)


def test_a_month_is_weighed_with_what_past_lines_teach_and_budgets_in_proportion(
    folder: Path,
) -> None:
    problem, as_of = backtest.build_month(folder / "base", TERMS, FEW, back=BACK[1])
    given = banks_from(read_toml(TERMS / "banks.toml"), "banks.toml")
    share = ENTERPRISES / backtest.BUDGETS_FOR
    for ours, theirs in zip(problem.case.terms.banks.bank, given.bank, strict=True):
        assert ours.budget_cny == pytest.approx(share * theirs.budget_cny)
    assert problem.case.scored["as_of"].eq(pd.Timestamp(as_of)).all()
    assert problem.case.scored["pd_12m"].between(0, 1).any()
