"""The stage `limits`: eligibility, caps, economics, the allocation, and questions about the book."""

from dataclasses import dataclass, replace

import pandas as pd

from riskmodel import datasets as data
from riskmodel import features as feature
from riskmodel import limits as lending
from riskmodel.datasets.panel import KEY
from riskmodel.limits.behaviour.usage import DEFINITIONS as USE
from riskmodel.limits.book import BANK_MAXIMUM
from riskmodel.limits.constraints import CONSTRAINT_KINDS
from riskmodel.limits.diagnostics.regional_parity import Matching, measure_regional_parity
from riskmodel.limits.diagnostics.stability import (
    Tolerance,
    check_monotonicity,
    count_changes,
    explain_changes,
)
from riskmodel.limits.diagnostics.uncertainty import (
    cost_of_pd_error,
    limit_interval,
    summarise_costs,
)
from riskmodel.limits.recourse.recourse import (
    NextLevel,
    Recommender,
    Score,
    find_causes,
    find_recourse,
)
from riskmodel.pipeline.artifacts.datasets import horizon_months
from riskmodel.pipeline.artifacts.model import champion_of
from riskmodel.pipeline.artifacts.terms import (
    Programme,
    agreements_of,
    banks_of,
    churn_of,
    programme_of,
    scored_of,
    terms_of,
    twelve_month_pds,
)
from riskmodel.pipeline.bank_exclusions import count_exclusions
from riskmodel.pipeline.last_run import last_run_of
from riskmodel.runs.run_folder import Run
from riskmodel.runs.stage_inputs import StageInputs
from riskmodel.settings import Settings
from riskmodel.tables.run.declaration import conform_all
from riskmodel.tables.run.limits import TABLES

INPUTS = StageInputs(
    "limits",
    settings=("run.as_of", "run.data", "run.seed", "run.threads", "features", "datasets", "limits"),
    stages=("sources", "features", "datasets", "model"),
)

CAP_PART, PD_MOVE = 0.5, 0.1
"""A cap explains a change of which it moved at least this part; a PD that moved by so many log-odds."""


@dataclass(frozen=True)
class Questions:
    """Answers to what reviewers and enterprises ask of a month's book, at its shadow prices.

    `recourse`: what would raise each limit. `intervals`: each limit's interval over the PD's and the
    response's. `pd_errors`: what an error of the PD costs, by bank. `monotonicity`: limits decided
    again with higher exports. `regional_parity`: alike enterprises of other provinces. `changes` and
    `change_counts`: against last month's limits; empty where no last run is named.
    """

    recourse: pd.DataFrame
    intervals: pd.DataFrame
    pd_errors: pd.DataFrame
    monotonicity: pd.DataFrame
    regional_parity: pd.DataFrame
    changes: pd.DataFrame
    change_counts: pd.DataFrame


@dataclass(frozen=True)
class MonthlyBook:
    """A month's candidates (with all their features), its book, its terms, and the model's score."""

    scored: pd.DataFrame
    agreements: pd.DataFrame
    terms: lending.Terms
    book: lending.Book
    score: Score


def recommend_limits(run: Run) -> lending.Book:
    """Compute eligibility, caps, economics and the allocation under the banks' constraints."""
    run.begin("limits")
    settings, programme, last = run.settings, programme_of(run), last_run_of(run)
    policy, banks = programme.policy, banks_of(run)
    behaviour = behaviour_of(programme)
    signed, known = agreements_of(run, programme.source, banks)
    without = count_exclusions(signed, banks)
    book = lending.recommend(
        scored_of(run, programme),
        known,
        policy,
        banks,
        grid=settings.limits.limit_levels,
        left_out=without.enterprises,
        churn=churn_of(run, policy),
        behaviour=behaviour,
        last_prices=last.constraints if last else None,
        threads=settings.run.threads,
    )
    run.write(
        "limits",
        **conform_all(
            TABLES,
            recommendations=book.recommendations,
            funnel=book.funnel,
            caps=book.caps,
            by_bank=book.by_bank,
            curves=book.curves,
            constraints=book.certificate.rows,
        ),
    )
    proof = {
        "value": book.certificate.value,
        "bound": book.certificate.bound,
        "gap": book.certificate.gap,
        "largest_violation": book.certificate.max_violation,
        "last_run": last.name if last else "",
    }
    run.write_json("limits", "certificate", proof)
    run.write_json("limits", "excluded_banks", without.record())
    run.write_json("limits", "behaviour", behaviour.to_text())
    return book


def answer_questions(run: Run, book: lending.Book) -> Questions:
    """Answer what reviewers and enterprises ask of the month's book, at its shadow prices."""
    programme, banks, last = programme_of(run), banks_of(run), last_run_of(run)
    champion, horizon = champion_of(run), horizon_months(run)

    def score(features: pd.DataFrame) -> pd.DataFrame:
        return twelve_month_pds(run, champion.score(features), horizon)

    terms = terms_of(run)
    _, known = agreements_of(run, programme.source, banks)
    decided = MonthlyBook(scored_of(run, programme), known, terms, book, score)
    before = last.recommendations if last else None
    found = answer(decided, run.settings, before)
    run.write(
        "limits",
        **conform_all(
            TABLES,
            recourse=found.recourse,
            intervals=found.intervals,
            pd_errors=found.pd_errors,
            monotonicity=found.monotonicity,
            regional_parity=found.regional_parity,
            changes=found.changes,
            change_counts=found.change_counts,
        ),
    )
    return found


def past_lines(programme: Programme) -> pd.DataFrame:
    """Past lines whose year is over, with the features at their grants.

    The champion's PD is not among them: it was fitted to some of their outcomes, so that it would
    hide a part of what the limit did.
    """
    settings = programme.settings
    day = programme.day.date()
    lines = data.past_lines(programme.source, settings.datasets, day, programme.definitions)
    if lines.empty:
        return lines
    found = feature.compute(
        programme.source,
        lines[KEY].drop_duplicates(),
        settings.features,
        definitions=(*programme.definitions, *USE),
        threads=settings.run.threads,
    )
    return lines.merge(found.frame, on=KEY, how="left", validate="many_to_one")


def behaviour_of(programme: Programme) -> lending.Behaviour:
    """Fit the behaviour of past lines, where the settings ask for it and there are any."""
    if programme.settings.limits.limit_response == "assumed":
        return lending.Behaviour()
    return lending.fit_behaviour(past_lines(programme), programme.policy)


def answer(decided: MonthlyBook, settings: Settings, last: pd.DataFrame | None) -> Questions:
    """The questions of `Questions` for one month; `last` are last month's recommendations."""
    limits, scored = settings.limits, decided.scored
    month = _month(decided, limits.limit_levels, decided.terms)
    recommender = Recommender(decided.score, month.decide)
    rows = decided.book.recommendations
    best = replace(decided.terms, behaviour=replace(decided.terms.behaviour, cautious=False))
    variants = {"response_best": _month(decided, limits.limit_levels, best).decide}
    lines = _lines(rows, scored)
    costs = cost_of_pd_error(scored, month.decide, month.profit, chosen=lines)
    alike = Matching(
        limits.regional_parity.pd_caliper,
        limits.regional_parity.cap_caliper,
        limits.regional_parity.neighbours,
        limits.regional_parity.min_matches,
    )
    changed = (
        pd.DataFrame()
        if last is None
        else explain_changes(last, rows, _tolerance(limits.material_change_share))
    )
    return Questions(
        recourse=find_recourse(
            scored,
            find_causes(rows, decided.terms.policy),
            recommender,
            next_level=NextLevel(limits.next_level.min_share, limits.next_level.min_cny),
        ),
        intervals=limit_interval(scored, month.decide, chosen=lines, variants=variants),
        pd_errors=summarise_costs(costs, "bank"),
        monotonicity=check_monotonicity(scored, recommender).counts,
        regional_parity=_compare_regions(decided, alike, settings.run.seed),
        changes=changed,
        change_counts=count_changes(changed) if len(changed) else changed,
    )


def _lines(recommendations: pd.DataFrame, scored: pd.DataFrame) -> pd.DataFrame:
    """The book's offer of each candidate, in their order; bank "" where there is none."""
    offers = recommendations[recommendations["decision"] == "offer"]
    named = offers.set_index("enterprise_id")[["bank", "limit_cny", "annual_rate"]]
    found = named.reindex(scored["enterprise_id"])
    return found.fillna({"bank": "", "limit_cny": 0.0}).reset_index()


def _month(decided: MonthlyBook, grid: int, terms: lending.Terms) -> lending.DecisionRule:
    return lending.DecisionRule.of(decided.scored, decided.agreements, terms, decided.book, grid)


def _tolerance(large: float) -> Tolerance:
    return Tolerance(
        large=large,
        cap_part=CAP_PART,
        pd_move=PD_MOVE,
        row_codes=(*CONSTRAINT_KINDS, "other_allocation"),
        bank_codes=(BANK_MAXIMUM, "pd_cut"),
    )


def _compare_regions(decided: MonthlyBook, alike: Matching, seed: int) -> pd.DataFrame:
    if "province" not in decided.scored:
        return pd.DataFrame()
    rows = decided.book.recommendations
    offers = rows[rows["decision"] == "offer"].merge(
        decided.scored[["enterprise_id", "province"]], on="enterprise_id", validate="m:1"
    )
    return measure_regional_parity(offers, alike, seed=seed).rows if len(offers) else pd.DataFrame()
