"""The programme: who may apply, how a bank sees and decides, what limit and rate it gives."""

import math
from typing import NamedTuple

import numpy as np
from numba import njit

from riskmodel.simulation.kernel_records import Record
from riskmodel.simulation.names import BANK_APPETITE, BANK_SPREAD, BANKS, PROVINCES, SECTORS
from riskmodel.simulation.parameters import Programme
from riskmodel.simulation.random_streams import Floats, normal, subkey, uniform

ACCEPT, DECLINE, WITHDRAWN = 0, 1, 2
DECISIONS = ("accept", "decline", "withdrawn")
GRADES = ("A", "B", "C")
REFUSED = len(GRADES)
APPLICATION = (
    *("step", "bank", "renewal", "decision", "overridden", "grade", "asked", "limit", "rate"),
    *("randomised", "line", "view", "propensity", "cap"),
)
"""The columns of an application: the step in which it was made, position of the bank, whether it
renews, position of the decision, whether that departed from the bank's rule, position of the grade
(`REFUSED` below the rule's cut), the sum asked for, the limit the policy gave (also where refused:
what it would have been), yearly rate, whether the limit was drawn by experiment, number of the line
within the enterprise (0: none), the bank's view in log odds, the chance that the policy gave the
grade this limit, and the ceiling-bound base in CNY."""
(STEP, BANK, RENEWAL, DECISION, OVERRIDDEN, GRADE, ASKED, LIMIT, RATE, RANDOMISED, LINE, VIEW,
 PROPENSITY, CAP) = range(len(APPLICATION))  # fmt: skip
_WISH, _VIEW, _OVERRIDE, _WITHDRAW, _EXPERIMENT, _LEVEL, _RATE, _ASK, _SIZE = range(40, 49)


class Banks(NamedTuple):
    """The banks' own ways, banks x what they like: appetite, sectors, provinces, price."""

    appetite: Floats
    sectors: Floats
    provinces: Floats
    spread: Floats


def make_banks(p: Programme) -> Banks:
    """A bank's liking of a sector or a province is its own and stays: a fixed pattern."""
    bank = np.arange(1, len(BANKS) + 1)[:, None]
    return Banks(
        appetite=np.asarray(BANK_APPETITE, dtype=np.float64),
        sectors=p.sector_liking * np.sin(1.7 * bank * np.arange(1, len(SECTORS) + 1) + 8),
        provinces=p.region_liking * np.sin(2.3 * bank * np.arange(1, len(PROVINCES) + 1) + 3),
        spread=np.asarray(BANK_SPREAD, dtype=np.float64),
    )


@njit(cache=True, nogil=True)
def choose_bank(key: np.uint64, t: Record) -> int:
    """A bank among those signed with; -1 where there is none."""
    best, most = -1, 0.0
    chosen = subkey(key, _WISH)
    for bank in range(len(t.signed)):
        draw = uniform(chosen, bank)
        if t.signed[bank] and draw > most:
            best, most = bank, draw
    return best


@njit(cache=True, nogil=True)
def _grade(view: float, cut: float, p: Record) -> int:
    if view < cut - 2.0 * p.grade_width:
        return 0
    if view < cut - p.grade_width:
        return 1
    return 2 if view < cut else REFUSED


@njit(cache=True, nogil=True)
def _level(draw: float, grade: int, p: Record) -> tuple[float, float]:
    """The share of the base that the policy gives a grade, and with what chance it does."""
    chances = p.chances_a if grade == 0 else (p.chances_b if grade == 1 else p.chances_c)
    place = 0
    while place < len(chances) - 1 and draw > chances[place]:
        draw -= chances[place]
        place += 1
    return p.levels[place], chances[place]


@njit(cache=True, nogil=True)
def decide_application(
    row: Floats,
    key: np.uint64,
    t: Record,
    distress: float,
    base_cny: float,
    banks: Banks,
    p: Record,
) -> None:
    """Fills in a bank's decision on an application whose step, bank and renewal are given."""
    g, bank = p.programme, int(row[BANK])
    cut = (
        g.cut
        + banks.appetite[bank]
        + banks.sectors[bank, t.sector]
        + banks.provinces[bank, t.province]
    )
    view = distress + g.view_sigma * normal(key, _VIEW) - g.renewal_grace * row[RENEWAL]
    grade = _grade(view, cut, g)
    overridden = uniform(key, _OVERRIDE) < g.overridden_share
    withdrawn = uniform(key, _WITHDRAW) < g.withdrawn_share
    level, chance = _level(uniform(key, _LEVEL), grade, g)
    experiment = uniform(key, _EXPERIMENT) < g.randomised_share
    if experiment:
        level = g.randomised_low + (g.randomised_high - g.randomised_low) * uniform(key, _SIZE)
    cap = min(base_cny, g.ceiling_cny)
    limit = math.floor(min(level * cap, g.ceiling_cny) / 1000.0) * 1000.0
    accepted = (grade < REFUSED) != overridden
    decision = ACCEPT if accepted and limit >= g.min_line_cny else DECLINE
    row[DECISION] = WITHDRAWN if withdrawn else decision
    row[OVERRIDDEN] = 1.0 if overridden and not withdrawn else 0.0
    row[GRADE] = grade
    row[ASKED] = math.ceil(limit * math.exp(0.3 * normal(key, _ASK)) / 10_000.0) * 10_000.0
    row[LIMIT] = limit
    rate = (
        g.rate + banks.spread[bank] + g.rate_grade * (grade - 1) + g.rate_sigma * normal(key, _RATE)
    )
    row[RATE] = round(rate, 4)
    row[RANDOMISED] = 1.0 if experiment else 0.0
    row[VIEW] = view
    row[PROPENSITY] = chance
    row[CAP] = cap
