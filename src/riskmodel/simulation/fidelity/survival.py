"""Facts on survival: how long a destination is served, who stops exporting, and who owes then."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from riskmodel.simulation.fidelity.fact import Fact
from riskmodel.simulation.fidelity.measure import (
    Flags,
    Floats,
    Ints,
    Measurement,
    bootstrap_interval,
    ratio,
    require_cases,
    share_of,
    sums_by,
)
from riskmodel.simulation.fidelity.tables import Tables, cached
from riskmodel.simulation.fidelity.trade import exports, months_since, pairs_of

OLD = 4
"""From this year of a spell, or of exporting, on all years count as one."""
LARGE_USD, LARGE_DEALS = 100_000.0, 3
YEARS = 5
MIN_MONTHS_SEEN = 3
"""Months of a life that are not watched: a pace of one or two tells no size."""
FAR = 10**6


@cached
def spell_hazards(tables: Tables) -> Floats:
    """Each enterprise's destinations given up and at risk: by year of the spell, 1 to `OLD`.

    Columns: given up in year 1, 2, ..., then at risk in year 1, 2, ... A spell of which the
    beginning is not seen counts only once it is known to be in year `OLD` or later.
    """
    pairs = pairs_of(tables, "destination")
    served = pairs.usd > 0
    require_cases(served.shape[1], "years", OLD + 1)
    least, seen = served[:, 0].astype(np.int64), np.zeros(len(served), dtype=bool)
    stops = np.zeros((len(served), OLD))
    risks = np.zeros((len(served), OLD))
    for year in range(served.shape[1] - 1):
        there, stopped = served[:, year], ~served[:, year + 1]
        age = np.minimum(least, OLD)
        counts = there & (seen | (age == OLD))
        rows = np.flatnonzero(counts)
        risks[rows, age[rows] - 1] += 1
        stops[rows, age[rows] - 1] += stopped[rows]
        begins = ~there & served[:, year + 1]
        least = np.where(served[:, year + 1], least + 1, 0)
        seen = (seen & there & served[:, year + 1]) | begins
    columns = [*stops.T, *risks.T]
    return sums_by(pairs.enterprise, tables.enterprises, *columns)


def spell_mean(tables: Tables) -> Measurement:
    """The mean years of a spell within its first five, from the yearly hazards."""

    def mean(sums: Floats) -> Floats:
        """The sum of the shares that still live at the beginning of each year."""
        hazard = sums[..., :OLD] / sums[..., OLD:]
        return np.asarray(1 + np.cumprod(1 - hazard, axis=-1).sum(axis=-1))

    return bootstrap_interval(spell_hazards(tables), mean)


def spell_hazard_falls(tables: Tables) -> Measurement:
    """The hazard in year four and later over that of the first year."""
    first, old = 0, OLD - 1

    def falls(sums: Floats) -> Floats:
        """One hazard over the other."""
        early = sums[..., first] / sums[..., OLD + first]
        return np.asarray(sums[..., old] / sums[..., OLD + old] / early)

    return bootstrap_interval(spell_hazards(tables), falls)


@dataclass(frozen=True)
class Lives:
    """Months lived as an exporter, enterprises x months of the simulation.

    `at_risk`: there, neither gone nor in default, and seen for `MIN_MONTHS_SEEN` months; `leaves`:
    gone in this month. `year` counts years of export from 0, the last one stays. `large`, one
    entry an enterprise: a pace of 100,000 USD and three sales a year over all months seen.
    """

    at_risk: Flags
    leaves: Flags
    year: Ints
    large: Flags


@cached
def lives(tables: Tables) -> Lives:
    """The months lived, from the truth's days of entry, exit and default."""
    out = exports(tables)
    entered, exited, defaulted = hidden_months(tables, out.first)
    month, came = np.arange(out.months)[None, :], np.maximum(entered, 0)
    ends = np.minimum(exited, defaulted)
    pace = 12 / np.maximum(np.minimum(ends + 1, out.months) - came, 1)
    usd, deals = out.usd.sum(axis=1) * pace, out.deals.sum(axis=1) * pace
    return Lives(
        at_risk=(month - came[:, None] >= MIN_MONTHS_SEEN) & (month <= ends[:, None]),
        leaves=(month == exited[:, None]) & (exited <= defaulted)[:, None],
        year=np.clip((month - entered[:, None]) // 12, 0, YEARS - 1),
        large=(usd >= LARGE_USD) & (deals >= LARGE_DEALS),
    )


def hidden_months(tables: Tables, first: pd.Timestamp) -> tuple[Ints, Ints, Ints]:
    """The months of entry, exit and default, counted from `first`; far away where none came."""
    days = hidden_lives(tables).set_index("enterprise_id").reindex(range(tables.enterprises))
    entered, exited, defaulted = (
        np.where(days[name].notna(), months_since(days[name].fillna(first), first), FAR)
        for name in ("entered_on", "exited_on", "defaulted_on")
    )
    return entered, exited, defaulted


def hidden_lives(tables: Tables) -> pd.DataFrame:
    """The truth's lives: enterprise_id, entered_on, exited_on, defaulted_on, left_unpaid.

    Those that leave their debts unpaid leave by their default, if no other day is given.
    """
    days = ["entered_on", "exited_on", "defaulted_on"]
    lives = tables.hidden("enterprises", ["enterprise_id", *days, "left_unpaid"])
    unpaid = lives["left_unpaid"].eq(True)
    exited = lives["exited_on"].fillna(lives["defaulted_on"].where(unpaid))
    return lives.assign(exited_on=exited, left_unpaid=unpaid)


def exit_in(year: int) -> Callable[[Tables], Measurement]:
    """The yearly exit of small exporters in a year of export (from 1; the fifth and later)."""

    def measure(tables: Tables) -> Measurement:
        life = lives(tables)
        cells = life.at_risk & ~life.large[:, None] & (life.year == year - 1)
        sums = np.stack([(life.leaves & cells).sum(axis=1), cells.sum(axis=1)], axis=1)
        require_cases(float(sums[:, 1].sum()), "months at risk", 120)
        return bootstrap_interval(sums.astype(np.float64), lambda s: 1 - (1 - ratio(s)) ** 12)

    return measure


def exit_of_large(tables: Tables) -> Measurement:
    """The exit of large exporters over that of small ones of the same years of export."""
    life = lives(tables)
    parts = []
    for large in (life.large, ~life.large):
        for year in range(YEARS):
            cells = life.at_risk & large[:, None] & (life.year == year)
            parts += [(life.leaves & cells).sum(axis=1), cells.sum(axis=1)]
    sums = np.stack(parts, axis=1).astype(np.float64)
    require_cases(float(sums[:, : 2 * YEARS : 2].sum()), "exits of large exporters")

    def over(totals: Floats) -> Floats:
        """Exits of large ones over those expected at the hazards of small ones."""
        cut = totals.reshape(*totals.shape[:-1], 2, YEARS, 2)
        small = cut[..., 1, :, 0] / np.maximum(cut[..., 1, :, 1], 1)
        return np.asarray(cut[..., 0, :, 0].sum(-1) / (small * cut[..., 0, :, 1]).sum(-1))

    return bootstrap_interval(sums, over)


def exits_unpaid(tables: Tables) -> Measurement:
    """The share of exits that leave debts unpaid."""
    hidden = hidden_lives(tables)
    gone = hidden["exited_on"] < tables.end
    return share_of(float((gone & hidden["left_unpaid"]).sum()), float(gone.sum()))


EXITS = (
    (0.32, 0.48, "35-45 %"),
    (0.20, 0.30, "25 %"),
    (0.13, 0.23, "18 %"),
    (0.08, 0.16, "12 %"),
    (0.04, 0.10, "6-8 %"),
)
"""The yearly exit of small exporters by year of export, with a tolerance, and as proposed."""

FACTS = (
    Fact(
        "destination spell, mean", "years", (1.5, 2.5), "three Chinese customs studies: 1.6",
        spell_mean,
        "Years with sales of an enterprise to a country, within five years, from yearly hazards."
        " Published means count spells that the panel cuts short as they are: hence up to 2.5.",
    ),
    Fact(
        "destination hazard, year 4+ over year 1", "ratio", (0.1, 0.6),
        "three Chinese customs studies: falls clearly after year 4", spell_hazard_falls,
        "Spells in their fourth year or later, whose beginning need not be seen, against new ones.",
    ),
    *(
        Fact(
            f"exit of small ones, year {year}{' and later' if year == YEARS else ''}", "share",
            (low, high), f"proposal: {says}", exit_in(year),
            "Monthly exits over months at risk, made yearly; small: under 100,000 USD or three sales"
            " a year at the pace of its life; watched from the fourth month to default (truth).",
        )
        for year, (low, high, says) in enumerate(EXITS, start=1)
    ),
    Fact(
        "exit of large ones over small ones", "ratio", (0.35, 0.65), "proposal: halved",
        exit_of_large,
        "Exits of those past 100,000 USD and three sales, over those expected at the small ones'"
        " hazards by year of export (truth).",
    ),
    Fact(
        "exits that leave unpaid debt", "share", (0.10, 0.20), "proposal: 10-20 %", exits_unpaid,
        "Of all that left before the simulation's end, paid or unpaid (truth).",
    ),
)  # fmt: skip
