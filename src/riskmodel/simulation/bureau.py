"""The records of other lenders and the bureau: month-end accounts and credit inquiries."""

from typing import Any, NamedTuple

import numpy as np

from riskmodel.simulation.arrival import ArrivalProcess
from riskmodel.simulation.arrow_columns import counts, dates, ids, money, with_gaps, words
from riskmodel.simulation.calendar import BURN
from riskmodel.simulation.common_factors import Factors
from riskmodel.simulation.customs import enterprise_ids
from riskmodel.simulation.days_past_due import TIERS, days_past_due, tier_of
from riskmodel.simulation.hidden_path import CASH, SALES, SCALE, SLOW
from riskmodel.simulation.lives import Lives
from riskmodel.simulation.names import BANKS, LENDERS
from riskmodel.simulation.parameters import Parameters
from riskmodel.simulation.programme_tables import Applications, application_days
from riskmodel.simulation.random_streams import (
    Flags,
    Floats,
    Ints,
    integers,
    lognormals,
    normals,
    uniforms,
)
from riskmodel.simulation.traits import Traits, first_step

PRODUCTS = ("deposit", "loan", "overdraft")
DEPOSIT, LOAN, OVERDRAFT, SECOND_DEPOSIT = range(4)
INQUIRY_REASONS = ("application", "review", "other")


class Accounts(NamedTuple):
    """One entry an account and month; amounts in CNY, NaN where the product has none.

    `row` is the enterprise's position in the batch; `days` is -1 where nothing can be overdue.
    """

    row: Ints
    month: Ints
    kind: Ints
    limit: Floats
    balance: Floats
    lowest: Floats
    due: Floats
    inflow: Floats
    outflow: Floats
    days: Ints


class Flows(NamedTuple):
    """Money through the accounts, enterprises x months of the simulation, in CNY."""

    inflow: Floats
    outflow: Floats


def monthly_flows(
    lives: Lives, traits: Traits, factors: Factors, came: Floats, parameters: Parameters
) -> Flows:
    """Compute what went out, beside the given inflow: goods, fixed costs, interest."""
    inside = slice(BURN, BURN + came.shape[1])
    states = lives.states[:, inside].astype(np.float64)
    sales = np.where(lives.kept[:, inside] > 0, np.maximum(states[:, :, SALES], 0.0), 0.0)
    goods = sales * traits.cost_ratio[:, None] * factors.cost_cny[inside]
    fixed = parameters.cash.fixed_share * np.minimum(states[:, :, SLOW], 3 * states[:, :, SCALE])
    return Flows(inflow=came, outflow=goods + fixed + lives.interest[:, inside])


def reporting_months(lives: Lives, traits: Traits, months: int, months_after_default: int) -> Flags:
    """Return the enterprises x months in which accounts are reported at all."""
    step = np.arange(BURN, BURN + months)[None, :]
    there = (step >= first_step(traits)[:, None]) & (step <= lives.exited[:, None])
    return np.asarray(there & (step - lives.defaulted[:, None] <= months_after_default))


def bank_records(
    lives: Lives, traits: Traits, flows: Flows, *, arrivals: ArrivalProcess, parameters: Parameters
) -> Any:
    """All accounts' months, a few of them missing, 5-20 days after the month's end."""
    records, n, key = parameters.records, traits.number, arrivals.key
    open_ = reporting_months(lives, traits, arrivals.calendar.months, records.months_after_default)
    has_second = uniforms(key("second"), n) < records.second_deposit
    has_overdraft = uniforms(key("overdraft"), n) < records.overdraft_share
    main = np.where(has_second, 0.5 + 0.5 * uniforms(key("main"), n), 1.0)

    def cells(mask: Flags) -> tuple[Ints, Ints]:
        """The positions of enterprise and month in which an account is open."""
        row, month = np.nonzero(open_ & mask[:, None])
        return row, month

    every = np.ones(len(n), dtype=np.bool_)
    inputs = (lives, traits, arrivals, parameters)
    parts = [
        _deposit(cells(every), main, DEPOSIT, flows, inputs),
        _loan(cells(traits.loan > 0), inputs),
        _overdraft(cells(has_overdraft), inputs),
        _deposit(cells(has_second), 1 - main, SECOND_DEPOSIT, flows, inputs),
    ]
    joined = Accounts._make(np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.lexsort((joined.month, joined.kind, joined.row))
    joined = Accounts._make(column[order] for column in joined)
    kept = uniforms(key("missing"), _number(joined, traits)) >= records.missing_share
    return _account_table(Accounts._make(column[kept] for column in joined), traits, arrivals)


ReportingInputs = tuple[Lives, Traits, ArrivalProcess, Parameters]


def _number(accounts: Accounts, traits: Traits) -> Ints:
    return (traits.number[accounts.row] * 4 + accounts.kind) * 256 + accounts.month


def _all_missing(count: int) -> Floats:
    return np.full(count, np.nan)


def _deposit(
    cell: tuple[Ints, Ints], share: Floats, kind: int, flows: Flows, inputs: ReportingInputs
) -> Accounts:
    """A current account: its part of the hidden cash, seen roughly, and of the flows."""
    lives, traits, arrivals, parameters = inputs
    row, month = cell
    key, records = arrivals.key, parameters.records
    n = (traits.number[row] * 4 + kind) * 256 + month
    habit = lognormals(key("habit"), traits.number, records.habit_sigma)[row] * share[row]
    state = lives.states[row, month + BURN].astype(np.float64)
    cash = np.maximum(state[:, CASH], 0.02) * state[:, SCALE]
    balance = habit * cash * lognormals(key("balance"), n, records.balance_sigma)
    return Accounts(
        row=row,
        month=month,
        kind=np.full(len(row), kind),
        limit=_all_missing(len(row)),
        balance=balance,
        lowest=balance * (0.1 + 0.8 * uniforms(key("lowest"), n)),
        due=_all_missing(len(row)),
        inflow=share[row] * flows.inflow[cell] * lognormals(key("inflow"), n, records.flow_sigma),
        outflow=share[row]
        * flows.outflow[cell]
        * lognormals(key("outflow"), n, records.flow_sigma),
        days=np.full(len(row), -1),
    )


def _loan(cell: tuple[Ints, Ints], inputs: ReportingInputs) -> Accounts:
    """A term loan: paid down and renewed yearly, served or not as the arrears say."""
    lives, traits, arrivals, parameters = inputs
    row, month = cell
    key, records, number = arrivals.key, parameters.records, traits.number
    n = (number[row] * 4 + LOAN) * 256 + month
    lagging = uniforms(key("lagging"), number) < records.lag_share
    spared = uniforms(key("spared"), number) < records.spared_share
    owes = lives.owed[row, month + BURN] > 0
    # A spared loan is served while the programme's line is not: another lender sees only part.
    spares = spared[row] & (owes | (lives.written_off[row].sum(axis=1) > 0))
    days = days_past_due(lives, traits, lagging, (row, month + BURN))
    days = np.where(spares, 0, days)
    technical = (uniforms(key("technical"), n) < records.technical_overdue) & (days == 0)
    days = np.where(technical, integers(key("technical days"), n, 1, 16), days)
    limit = np.round(traits.loan * np.exp(traits.size) / 12 * 6.5, -3)[row]
    balance = limit * (1 - records.instalment * ((month + number[row]) % 12))
    return Accounts(
        row=row,
        month=month,
        kind=np.full(len(row), LOAN),
        limit=limit,
        balance=balance,
        lowest=_all_missing(len(row)),
        due=limit * records.instalment + balance * records.loan_rate / 12,
        inflow=_all_missing(len(row)),
        outflow=_all_missing(len(row)),
        days=days,
    )


def _overdraft(cell: tuple[Ints, Ints], inputs: ReportingInputs) -> Accounts:
    """An overdraft, used more the less cash there is; never overdue, repaid from the account."""
    lives, traits, arrivals, parameters = inputs
    row, month = cell
    key = arrivals.key
    n = (traits.number[row] * 4 + OVERDRAFT) * 256 + month
    limit = np.round(0.5 * np.exp(traits.size) / 12 * 6.5, -3)[row]
    cash = lives.states[row, month + BURN, CASH].astype(np.float64)
    need = 0.2 - 0.7 * cash + parameters.records.overdraft_sigma * normals(key("need"), n)
    balance = -limit / (1 + np.exp(-need))
    some = uniforms(key("overdrawn"), n) < 0.003
    return Accounts(
        row=row,
        month=month,
        kind=np.full(len(row), OVERDRAFT),
        limit=limit,
        balance=balance,
        lowest=np.maximum(balance * (1 + 0.6 * uniforms(key("deepest"), n)), -limit),
        due=-balance * parameters.records.loan_rate / 12,
        inflow=_all_missing(len(row)),
        outflow=_all_missing(len(row)),
        days=np.where(some, integers(key("few days"), n, 1, 10), 0),
    )


def _account_table(accounts: Accounts, traits: Traits, arrivals: ArrivalProcess) -> Any:
    """The canonical rows of all accounts."""
    key, days = arrivals.key, accounts.days
    enterprise, n = traits.number[accounts.row], _number(accounts, traits)
    home = integers(key("home"), enterprise, 0, len(LENDERS))
    lender = (home + 3 * (accounts.kind % 2) * (1 + accounts.kind)) % len(LENDERS)
    first, last = arrivals.rates.lender_first_days, arrivals.rates.lender_last_days
    of_lender = integers(key("lender lag"), accounts.month * len(LENDERS) + lender, first, last - 2)
    reported_on = (
        arrivals.calendar.month_end(accounts.month) + of_lender + integers(key("lag"), n, 0, 4)
    )
    d = arrivals.deliver_with_withdrawals(n, arrivals.in_office_hours(reported_on, n))
    r = d.row
    days, silent, due = days[r], days[r] < 0, accounts.due[r]
    behind = np.minimum(np.ceil(days / 30), 12) * due
    overdue = np.where(days >= 90, np.abs(accounts.balance[r]), np.where(days > 0, behind, 0.0))
    no_due, no_flow = np.isnan(due), np.isnan(accounts.inflow[r])

    def amounts(values: Floats) -> Any:
        """A column of money with nulls where there is none."""
        return money(values[r], missing=np.isnan(values[r]))

    return d.table(
        {
            "enterprise_id": enterprise_ids(enterprise[r]),
            "lender": words(lender[r], LENDERS),
            "account_id": ids("K", (enterprise[r] + 1) * 10 + accounts.kind[r], 8),
            "month": dates(arrivals.calendar.edges[accounts.month[r]]),
            "product": words(accounts.kind[r] % len(PRODUCTS), PRODUCTS),
            "limit_cny": amounts(accounts.limit),
            "balance_cny": money(d.reported_amounts(accounts.balance)),
            "lowest_cny": amounts(accounts.lowest),
            "due_cny": amounts(accounts.due),
            "paid_cny": money(due * np.where(days > 0, 0.1, 1.0), missing=no_due),
            "inflow_cny": money(accounts.inflow[r], missing=no_flow),
            "outflow_cny": money(accounts.outflow[r], missing=no_flow),
            "overdue_cny": money(overdue, missing=silent),
            "days_past_due": counts(days, missing=silent),
            "tier": with_gaps(words(tier_of(days), TIERS), silent),
        }
    )


def inquiries(
    lives: Lives,
    traits: Traits,
    applied: Applications,
    *,
    arrivals: ArrivalProcess,
    parameters: Parameters,
) -> Any:
    """Other lenders asked more often where cash is short; the banks at each application."""
    records, calendar, key = parameters.records, arrivals.calendar, arrivals.key
    there = reporting_months(lives, traits, calendar.months, 0)
    cash = lives.states[:, BURN : BURN + calendar.months, CASH].astype(np.float64)
    need = 1 / (1 + np.exp(records.inquiry_slope * (cash - 0.5)))
    number = traits.number[:, None] * 256 + np.arange(calendar.months)
    drawn = uniforms(key("asked"), number.ravel()).reshape(number.shape)
    row, month = np.nonzero(there & (drawn < records.inquiry_base + records.inquiry_need * need))
    n = number[row, month]
    day = calendar.day_in(month, integers(key("day"), n, 1, 29))
    lender = integers(key("lender"), n, 0, len(LENDERS))
    kind = 1 + (uniforms(key("kind"), n) < 0.4).astype(np.int64)
    asked, _, _ = application_days(applied, calendar)
    inside = asked >= calendar.edges[calendar.opening]
    from_bank = applied["number"][inside] + 10**12
    n = np.concatenate([n, from_bank])
    enterprise = np.concatenate([traits.number[row], applied["enterprise"][inside]])
    day = np.concatenate([day, asked[inside]])
    lender = np.concatenate([lender, len(LENDERS) + applied["bank"][inside]])
    kind = np.concatenate([kind, np.zeros(len(from_bank), dtype=np.int64)])
    order = np.lexsort((n, day, enterprise))
    n, enterprise, day, lender, kind = (a[order] for a in (n, enterprise, day, lender, kind))
    within = np.arange(len(n)) - np.searchsorted(enterprise, enterprise)
    d = arrivals.deliver_with_withdrawals(
        n, arrivals.in_office_hours(day + integers(key("lag"), n, 1, 8), n)
    )
    r = d.row
    return d.table(
        {
            "inquiry_id": ids("Q", (enterprise[r] + 1) * 10_000 + within[r] + 1, 11),
            "enterprise_id": enterprise_ids(enterprise[r]),
            "lender": words(lender[r], (*LENDERS, *BANKS)),
            "inquired_on": dates(day[r]),
            "reason": words(kind[r], INQUIRY_REASONS),
        }
    )
