"""The programme's tables: agreements, applications, lines, line months."""

from typing import Any

import numpy as np
import pyarrow as pa

from riskmodel.simulation.arrival import FIRST, ArrivalProcess
from riskmodel.simulation.arrow_columns import counts, dates, ids, money, words
from riskmodel.simulation.calendar import BURN, Calendar
from riskmodel.simulation.customs import enterprise_ids
from riskmodel.simulation.days_past_due import days_past_due
from riskmodel.simulation.lives import Lives
from riskmodel.simulation.names import BANKS
from riskmodel.simulation.programme import ACCEPT, APPLICATION, DECISIONS, GRADES
from riskmodel.simulation.random_streams import Ints, integers
from riskmodel.simulation.traits import Traits

LINE_DIGITS = 10
Applications = dict[str, Any]


def line_ids(enterprise: Ints, line: Ints) -> Any:
    """`L0000001001` for the first line of the first enterprise."""
    return ids("L", (enterprise + 1) * 1000 + line, LINE_DIGITS)


def application_ids(number: Ints) -> Any:
    """`A0000001001` for the first application of the first enterprise."""
    return ids("A", number, LINE_DIGITS)


def agreements(traits: Traits, lives: Lives, *, arrivals: ArrivalProcess) -> Any:
    """Signatures early in the month of signing; those that leave end theirs in a later row."""
    months = arrivals.calendar.months
    gone = lives.exited - BURN
    signing = (traits.signs < months) & (traits.signs < gone)
    row, bank = np.nonzero(traits.signed & signing[:, None])
    enterprise = traits.number[row]
    signed = arrivals.calendar.day_in(traits.signs[row], 1 + (enterprise + bank) % 9)
    left = gone[row] < months
    ended = arrivals.calendar.month_end(np.where(left, gone[row], 0))
    n = enterprise * len(BANKS) + bank
    # What was signed before the records begin is known from their first day on.
    held = np.maximum(signed, arrivals.calendar.first_day)
    known = arrivals.in_office_hours(held + integers(arrivals.key("lag"), n, 1, 4), n)
    heard = arrivals.in_office_hours(ended + integers(arrivals.key("heard"), n, 1, 15), n, "end")
    d = arrivals.deliver(n, known, np.where(left, heard, np.nan))
    r = d.row
    return d.table(
        {
            "enterprise_id": enterprise_ids(enterprise[r]),
            "bank": words(bank[r], BANKS),
            "signed_on": dates(signed[r]),
            "ended_on": dates(ended[r], missing=d.version == FIRST),
        }
    )


def collect_applications(lives: Lives, traits: Traits, calendar: Calendar) -> Applications:
    """Every application that matters to the simulation, a column a field of `APPLICATION`, with

    `row`, `enterprise` and `month` (of the simulation), and `number`, which makes the id. Those from
    before the programme's records are left out, unless their line lives when those begin.
    """
    filled = np.arange(lives.applications.shape[1])[None, :] < lives.applied[:, None]
    row, place = np.nonzero(filled)
    values = lives.applications[row, place]
    columns = {name: values[:, one] for one, name in enumerate(APPLICATION)}
    month = columns["step"].astype(np.int64) - BURN
    on_record = (month >= calendar.opening) & (month < calendar.months)
    taken_over = (month < calendar.opening) & (month > calendar.opening - 12)
    # Only the last line before the opening can live then.
    later = np.append(row[1:] == row[:-1], False) & np.append(month[1:] < calendar.opening, False)
    opened = np.append(columns["line"][1:] > 0, False)
    kept = on_record | (taken_over & (columns["line"] > 0) & ~(later & opened))
    whole_ones = ("bank", "decision", "grade", "line")
    return {
        "row": row[kept],
        "enterprise": traits.number[row[kept]],
        "month": month[kept],
        "number": (traits.number[row[kept]] + 1) * 1000 + place[kept] + 1,
    } | {
        name: column[kept].astype(np.int64) if name in whole_ones else column[kept]
        for name, column in columns.items()
    }


def application_days(applied: Applications, calendar: Calendar) -> tuple[Ints, Ints, Ints]:
    """The days of application, decision and grant: fixed by the enterprise, after signing."""
    enterprise, month = applied["enterprise"], applied["month"]
    asked = calendar.day_in(month, 10 + enterprise % 5)
    decision_day = asked + 1 + (enterprise + month) % 5
    return asked, decision_day, calendar.day_in(month, 20 + enterprise % 6)


def applications(applied: Applications, *, arrivals: ArrivalProcess) -> Any:
    """Every application with its decision and the grade it was made on, known the day after."""
    made = applied["month"] >= arrivals.calendar.opening
    applied = {name: column[made] for name, column in applied.items()}
    asked, decision_day, _ = application_days(applied, arrivals.calendar)
    n = applied["number"]
    d = arrivals.deliver_with_corrections(n, arrivals.in_office_hours(decision_day + 1, n))
    r = d.row
    accepted, grade = applied["decision"][r] == ACCEPT, applied["grade"][r]
    # Why: the grade where it was accepted, that there was none where it was not.
    reason = np.where(accepted, grade, np.where(applied["decision"][r] == 1, 4, 5))
    texts = (*(f"grade {name}" for name in GRADES), "override", "risk", "changed_mind")
    return d.table(
        {
            "application_id": application_ids(n[r]),
            "enterprise_id": enterprise_ids(applied["enterprise"][r]),
            "bank": words(applied["bank"][r], BANKS),
            "applied_on": dates(asked[r]),
            "asked_cny": money(d.reported_amounts(applied["asked"])),
            "decision": words(applied["decision"][r], DECISIONS),
            "decided_on": dates(decision_day[r]),
            "reason": words(reason, texts),
            "overridden": pa.array(applied["overridden"][r] > 0),
        }
    )


def lines(applied: Applications, *, arrivals: ArrivalProcess) -> Any:
    """The granted lines, for one year each; those of the pilot from the programme's opening on."""
    _, _, day = application_days(applied, arrivals.calendar)
    day = np.maximum(day, arrivals.calendar.edges[arrivals.calendar.opening])
    n = applied["number"]
    granted = np.flatnonzero(applied["line"] > 0)
    known = arrivals.in_office_hours(day + integers(arrivals.key("lag"), n, 1, 4), n)[granted]
    d = arrivals.deliver(n[granted], known)
    r = granted[d.row]
    expires = arrivals.calendar.day_in(applied["month"][r] + 12, 20 + applied["enterprise"][r] % 6)
    return d.table(
        {
            "line_id": line_ids(applied["enterprise"][r], applied["line"][r]),
            "enterprise_id": enterprise_ids(applied["enterprise"][r]),
            "bank": words(applied["bank"][r], BANKS),
            "granted_on": dates(day[r]),
            "limit_cny": money(applied["limit"][r]),
            "expires_on": dates(expires),
            "annual_rate": pa.array(applied["rate"][r]),
            "randomised": pa.array(applied["randomised"][r] > 0),
        }
    )


def line_months(
    lives: Lives, traits: Traits, known_lines: Ints, *, arrivals: ArrivalProcess
) -> Any:
    """Each line's month-end, reported one to ten days later, of the lines that are known.

    `known_lines` are enterprise * 1,000 + line of the lines in the table `lines`.
    """
    calendar, key = arrivals.calendar, arrivals.key
    row, month = np.nonzero(lives.line[:, BURN + calendar.opening : BURN + calendar.months] > 0)
    month = month + calendar.opening
    line = lives.line[row, month + BURN].astype(np.int64)
    listed = np.isin(traits.number[row] * 1000 + line, known_lines)
    row, month, line = row[listed], month[listed], line[listed]
    cell = (row, month + BURN)
    owed, no_lag = lives.owed[cell], np.zeros(traits.enterprises, dtype=np.bool_)
    in_workout = (owed > 0) | (lives.arrears[cell] == 4)
    days = np.where(in_workout, days_past_due(lives, traits, no_lag, cell), 0)
    due = lives.interest[cell] + np.where(days >= 90, owed, 0.0)
    enterprise = traits.number[row]
    n = enterprise * 1000 + month
    first, last = arrivals.rates.line_first_days, arrivals.rates.line_last_days
    of_bank = integers(key("bank lag"), month * len(BANKS) + lives.bank[cell], first, last - 2)
    lag = of_bank + integers(key("lag"), n, 0, 4)
    d = arrivals.deliver_with_corrections(
        n, arrivals.in_office_hours(calendar.month_end(month) + lag, n)
    )
    r = d.row

    def amounts(values: Any) -> Any:
        """A column of money."""
        return money(np.asarray(values, dtype=np.float64)[r])

    return d.table(
        {
            "line_id": line_ids(enterprise[r], line[r]),
            "month": dates(calendar.edges[month[r]]),
            "days_past_due": counts(days[r]),
            "drawn_cny": money(d.reported_amounts(owed)),
            "due_cny": amounts(due),
            "paid_cny": amounts(np.where(days > 0, 0.0, due)),
            "written_off_cny": amounts(lives.written_off[cell]),
            "recovered_cny": amounts(lives.recovered[cell]),
        }
    )
