"""What the stage `limits` is made of: the candidates, what past lines teach, last month's run."""

from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from riskmodel import datasets as data
from riskmodel import features as feature
from riskmodel import limits as lending
from riskmodel.datasets.panel import KEY
from riskmodel.errors import SettingsError
from riskmodel.features.spec import Card
from riskmodel.limits.behaviour.usage import CARDS as USE
from riskmodel.limits.book import BANK_MAXIMUM
from riskmodel.limits.constraints import ROWS
from riskmodel.limits.diagnostics.regional_parity import Matching, between_provinces
from riskmodel.limits.diagnostics.stability import Tolerance, changes, counted, monotone_in_exports
from riskmodel.limits.diagnostics.uncertainty import cost_of_pd_error, limit_interval, summed
from riskmodel.limits.recourse.recourse import NextLevel, Recommender, Score, causes_of, raising
from riskmodel.runs.run_record import OUTPUTS, read_record
from riskmodel.settings import Settings
from riskmodel.sources import Source
from riskmodel.storage.files import sha256

CAP_PART, PD_MOVE = 0.5, 0.1
"""A cap explains a change of which it moved at least this part; a PD that moved by so many log-odds."""


@dataclass(frozen=True)
class Programme:
    """What past lines are read from at one date: the source as known then, its cards, the terms."""

    source: Source
    cards: tuple[Card, ...]
    policy: lending.Policy
    settings: Settings

    @property
    def day(self) -> pd.Timestamp:
        """The as-of date."""
        return pd.Timestamp(self.settings.run.as_of)


def past_lines(programme: Programme) -> pd.DataFrame:
    """Past lines whose year is over, with the features at their grants.

    The champion's PD is not among them: it has learnt from some of their outcomes, so that it would
    hide a part of what the limit did.
    """
    settings = programme.settings
    day = programme.day.date()
    lines = data.past_lines(programme.source, settings.datasets, day, programme.cards)
    if lines.empty:
        return lines
    found = feature.compute(
        programme.source,
        lines[KEY].drop_duplicates(),
        settings.features,
        cards=(*programme.cards, *USE),
        threads=settings.run.threads,
    )
    return lines.merge(found.frame, on=KEY, how="left", validate="many_to_one")


def with_use(programme: Programme, candidates: pd.DataFrame) -> pd.DataFrame:
    """The candidates with the cards on the use of their own lines, as far as the source has them."""
    settings = programme.settings
    found = feature.compute(
        programme.source,
        candidates[KEY],
        settings.features,
        cards=USE,
        threads=settings.run.threads,
    )
    return candidates.merge(found.frame, on=KEY, how="left", validate="1:1")


def taught(programme: Programme) -> lending.Learnt:
    """What past lines teach, where the settings want it so and there are any."""
    if programme.settings.limits.response == "stated":
        return lending.Learnt()
    return lending.learn(past_lines(programme), programme.policy)


@dataclass(frozen=True)
class LastMonth:
    """What a month takes from the one before: its name, its recommendations, its priced rows."""

    name: str
    recommendations: pd.DataFrame
    rows: pd.DataFrame


LAST = {
    "recommendations": ("enterprise_id", "bank", "decision", "limit_cny", "cap_cny", "pd_12m",
                        "binding_constraint", "refusals"),
    "rows": ("bank", "row", "key", "price"),
}  # fmt: skip


def last_month(folder: Path) -> LastMonth:
    """From a run's folder; `SettingsError` where its limits are not there, of another form, or not
    what the run wrote."""
    found, kept = {}, read_record(folder).get(OUTPUTS, {}).get("limits", {})
    for name, columns in LAST.items():
        try:
            found[name] = pd.read_parquet(folder / "limits" / f"{name}.parquet")
        except (OSError, ValueError) as error:
            raise SettingsError(
                f"limits.last_run: {folder.name} is no run with limits. Name another, or none."
            ) from error
        if not set(columns) <= set(found[name].columns):
            raise SettingsError(
                f"limits.last_run: {folder.name} has limits of another version. Set last_run to ''."
            )
        if sha256(folder / "limits" / f"{name}.parquet") != kept.get(f"limits/{name}.parquet"):
            raise SettingsError(
                f"limits.last_run: {folder.name}/limits/{name}.parquet is not what the run wrote, or"
                " the run kept no digest of it. Run it again, or set last_run to ''."
            )
    return LastMonth(folder.name, **found)


@dataclass(frozen=True)
class Questions:
    """What reviewers and enterprises ask of a month's book, answered at its prices.

    `raising`: what would raise each limit. `intervals`: each limit's interval over the PD's and the
    response's. `pd_errors`: what an error of the PD costs, by bank. `monotone`: limits decided
    again with higher exports. `provinces`: alike enterprises of other provinces. `changes` and
    `change_counts`: against last month's limits; empty where no last run is named.
    """

    raising: pd.DataFrame
    intervals: pd.DataFrame
    pd_errors: pd.DataFrame
    monotone: pd.DataFrame
    provinces: pd.DataFrame
    changes: pd.DataFrame
    change_counts: pd.DataFrame


@dataclass(frozen=True)
class Decided:
    """A month's candidates (with all their cards), its book, its terms, and the model's score."""

    candidates: pd.DataFrame
    signed: pd.DataFrame
    terms: lending.Terms
    book: lending.Book
    score: Score


def asked(decided: Decided, settings: Settings, last: pd.DataFrame | None) -> Questions:
    """The questions of `Questions` for one month; `last` are last month's recommendations."""
    how, candidates = settings.limits, decided.candidates
    month = _month(decided, how.grid, decided.terms)
    recommender = Recommender(decided.score, month.decide)
    rows = decided.book.recommendations
    best = replace(decided.terms, learnt=replace(decided.terms.learnt, cautious=False))
    variants = {"response_best": _month(decided, how.grid, best).decide}
    lines = _lines(rows, candidates)
    costs = cost_of_pd_error(candidates, month.decide, month.earned, chosen=lines)
    alike = Matching(how.match_log_odds, how.match_log_cap, how.match_nearest, how.match_least)
    changed = pd.DataFrame() if last is None else changes(last, rows, _tolerance(how.change_share))
    return Questions(
        raising=raising(
            candidates,
            causes_of(rows, decided.terms.policy),
            recommender,
            next_level=NextLevel(how.next_share, how.next_cny),
        ),
        intervals=limit_interval(candidates, month.decide, chosen=lines, variants=variants),
        pd_errors=summed(costs, "bank"),
        monotone=monotone_in_exports(candidates, recommender).counts,
        provinces=_provinces(decided, alike, settings.run.seed),
        changes=changed,
        change_counts=counted(changed) if len(changed) else changed,
    )


def _lines(recommendations: pd.DataFrame, candidates: pd.DataFrame) -> pd.DataFrame:
    """The book's offer of each candidate, in their order; bank "" where there is none."""
    offers = recommendations[recommendations["decision"] == "offer"]
    named = offers.set_index("enterprise_id")[["bank", "limit_cny", "annual_rate"]]
    found = named.reindex(candidates["enterprise_id"])
    return found.fillna({"bank": "", "limit_cny": 0.0}).reset_index()


def _month(decided: Decided, grid: int, terms: lending.Terms) -> lending.Month:
    return lending.Month.of(decided.candidates, decided.signed, terms, decided.book, grid)


def _tolerance(large: float) -> Tolerance:
    return Tolerance(
        large=large,
        cap_part=CAP_PART,
        pd_move=PD_MOVE,
        row_codes=(*ROWS, "other_allocation"),
        bank_codes=(BANK_MAXIMUM, "pd_cut"),
    )


def _provinces(decided: Decided, alike: Matching, seed: int) -> pd.DataFrame:
    if "province" not in decided.candidates:
        return pd.DataFrame()
    rows = decided.book.recommendations
    offers = rows[rows["decision"] == "offer"].merge(
        decided.candidates[["enterprise_id", "province"]], on="enterprise_id", validate="m:1"
    )
    return between_provinces(offers, alike, seed=seed).rows if len(offers) else pd.DataFrame()
