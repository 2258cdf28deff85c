"""The programme's tables: agreements, applications, lines, line months."""

from typing import Any

import numpy as np
import pyarrow as pa

from riskmodel.sources.economy.arrival import Post, in_office_hours
from riskmodel.sources.economy.calendar import Ints
from riskmodel.sources.economy.catalogue import BANKS
from riskmodel.sources.economy.columns import counts, dates, ids, money, words
from riskmodel.sources.economy.customs import enterprise_ids
from riskmodel.sources.economy.history import History
from riskmodel.sources.economy.lateness import days_past_due
from riskmodel.sources.economy.population import NEVER, Traits
from riskmodel.sources.economy.programme import ACCEPT, DECISIONS, Applications

REASONS = ("", "risk", "changed_mind")
LINE_DIGITS = 8


def line_ids(numbers: Ints) -> Any:
    """`L00000001` for line number 0."""
    return ids("L", numbers + 1, LINE_DIGITS)


def agreements(traits: Traits, history: History, *, post: Post) -> Any:
    """Signatures early in the month of signing; those that leave end theirs in a later row."""
    last = history.states.exited[-1]
    signing = traits.signs < np.minimum(post.calendar.months, last)
    enterprise, bank = np.nonzero(traits.signed & signing[:, None])
    signed = post.calendar.day_in(traits.signs[enterprise], 1 + (enterprise + bank) % 9)

    def rows(take: Ints, ended: Ints, *, missing: bool) -> Any:
        """The chosen agreements as rows."""
        return pa.table(
            {
                "enterprise_id": enterprise_ids(enterprise[take]),
                "bank": words(bank[take], BANKS),
                "signed_on": dates(signed[take]),
                "ended_on": dates(ended, missing=np.full(len(take), missing)),
            }
        )

    everyone, left = np.arange(len(bank)), np.flatnonzero(last[enterprise] != NEVER)
    ended = post.calendar.month_end(last[enterprise[left]])
    known = in_office_hours(signed + post.rng.integers(1, 4, len(signed)), post.rng)
    heard = in_office_hours(ended + post.rng.integers(1, 15, len(ended)), post.rng)
    return pa.concat_tables(
        [
            post.plain(rows(everyone, signed, missing=True), known),
            post.plain(rows(left, ended, missing=False), heard),
        ]
    )


def application_days(applied: Applications, post: Post) -> tuple[Ints, Ints, Ints]:
    """The days of application, decision and grant: fixed by the enterprise, after signing."""
    asked = post.calendar.day_in(applied.month, 10 + applied.enterprise % 5)
    decided = asked + 1 + (applied.enterprise + applied.month) % 5
    return asked, decided, post.calendar.day_in(applied.month, 20 + applied.enterprise % 6)


def applications(applied: Applications, *, post: Post) -> Any:
    """Every application with its decision, known the day after it."""
    asked, decided, _ = application_days(applied, post)
    count = len(asked)
    rows = pa.table(
        {
            "application_id": ids("A", np.arange(count) + 1, LINE_DIGITS),
            "enterprise_id": enterprise_ids(applied.enterprise),
            "bank": words(applied.bank, BANKS),
            "applied_on": dates(asked),
            "asked_cny": money(applied.asked),
            "decision": words(applied.decision, DECISIONS),
            "decided_on": dates(decided),
            "reason": words(applied.decision, REASONS, missing=applied.decision == ACCEPT),
            "overridden": pa.array(applied.overridden),
        }
    )
    return post.corrected(rows, in_office_hours(decided + 1, post.rng), ("asked_cny",))


def lines(applied: Applications, *, post: Post) -> Any:
    """The granted lines, for one year each."""
    granted = applied.where(applied.line >= 0)
    _, _, day = application_days(granted, post)
    rows = pa.table(
        {
            "line_id": line_ids(granted.line),
            "enterprise_id": enterprise_ids(granted.enterprise),
            "bank": words(granted.bank, BANKS),
            "granted_on": dates(day),
            "limit_cny": money(granted.limit),
            "expires_on": dates(
                post.calendar.day_in(granted.month + 12, 20 + granted.enterprise % 6)
            ),
            "annual_rate": pa.array(granted.rate),
            "randomised": pa.array(granted.randomised),
        }
    )
    return post.plain(rows, in_office_hours(day + post.rng.integers(1, 4, len(day)), post.rng))


def line_months(history: History, traits: Traits, *, post: Post) -> Any:
    """Each live line's month-end, reported one to ten days later."""
    states, rng = history.states, post.rng
    month, enterprise = np.nonzero(states.line >= 0)
    cell = (month, enterprise)
    owing = (states.drawn + states.lost)[cell] > 0
    days = days_past_due(states, traits.day_late, traits.pays_line_first)[cell] * owing
    due = states.interest[cell] + np.where(days >= 90, states.drawn[cell], 0.0)
    rows = pa.table(
        {
            "line_id": line_ids(states.line[cell]),
            "month": dates(post.calendar.edges[month]),
            "days_past_due": counts(days),
            "drawn_cny": money(states.drawn[cell]),
            "due_cny": money(due),
            "paid_cny": money(np.where(days > 0, 0.0, due)),
            "written_off_cny": money(states.written_off[cell]),
            "recovered_cny": money(states.recovered[cell]),
        }
    )
    first, last = post.rates.line_first_days, post.rates.line_last_days
    by_bank = rng.integers(first, last - 2, (post.calendar.months, len(BANKS)))[
        month, states.bank[cell]
    ]
    lag = by_bank + rng.integers(0, 4, len(month))
    known = in_office_hours(post.calendar.month_end(month) + lag, rng)
    return post.corrected(rows, known, ("drawn_cny",))
