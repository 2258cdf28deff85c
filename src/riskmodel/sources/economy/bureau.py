"""What other lenders and the bureau see: month-end accounts and credit inquiries."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from riskmodel.sources.economy.arrival import Post, in_office_hours
from riskmodel.sources.economy.calendar import Flags, Floats, Ints
from riskmodel.sources.economy.catalogue import BANKS, LENDERS
from riskmodel.sources.economy.columns import counts, dates, ids, money, with_gaps, words
from riskmodel.sources.economy.customs import enterprise_ids
from riskmodel.sources.economy.flows import Flows
from riskmodel.sources.economy.history import History
from riskmodel.sources.economy.lateness import TIERS, days_past_due, tier_of
from riskmodel.sources.economy.lending import application_days
from riskmodel.sources.economy.parameters import Parameters
from riskmodel.sources.economy.population import NEVER, Traits
from riskmodel.sources.economy.randomness import spread
from riskmodel.sources.economy.state import State, odds_to_share

PRODUCTS = ("deposit", "loan", "overdraft")
INQUIRY_REASONS = ("application", "review", "other")


@dataclass(frozen=True)
class Accounts:
    """One entry an account and month; amounts in CNY, NaN where the product has none."""

    enterprise: Ints
    month: Ints
    kind: Ints
    limit: Floats
    balance: Floats
    lowest: Floats
    due: Floats
    inflow: Floats
    outflow: Floats
    days: Ints

    @property
    def product(self) -> Ints:
        """Position in `PRODUCTS`: kinds 0 and 3 are both deposits."""
        return self.kind % 3


def reported(history: History, traits: Traits, months_after_default: int) -> Flags:
    """Months x enterprises in which accounts are reported at all."""
    states = history.states
    month = np.arange(states.arrears.shape[0])[:, None]
    there = (traits.enters <= month) & (states.exited == NEVER)
    return np.asarray(there & (month - states.defaulted <= months_after_default))


def bank_records(
    history: History, traits: Traits, flows: Flows, *, post: Post, parameters: Parameters
) -> Any:
    """All accounts' months, a few of them missing, 5-20 days after the month's end."""
    rng, records = post.rng, parameters.records
    open_ = reported(history, traits, records.months_after_default)
    has_second = rng.random(traits.count) < records.second_deposit
    has_overdraft = rng.random(traits.count) < records.overdraft_share
    main = rng.uniform(0.5, 1.0, traits.count)
    shares = np.where(has_second, main, 1.0), np.where(has_second, 1 - main, 0.0)
    there = history, flows
    parts = [
        _deposit(there, open_, shares[0], kind=0, post=post, parameters=parameters),
        _deposit(there, open_ & has_second, shares[1], kind=3, post=post, parameters=parameters),
        _loan(
            history.states, open_ & (traits.leverage > 0), traits, post=post, parameters=parameters
        ),
        _overdraft(there, open_ & has_overdraft, post=post, parameters=parameters),
    ]
    joined = {
        name: np.concatenate([getattr(part, name) for part in parts])
        for name in Accounts.__dataclass_fields__
    }
    kept = rng.random(len(joined["month"])) >= records.missing_share
    accounts = Accounts(**{name: values[kept] for name, values in joined.items()})
    return _posted(accounts, traits, post)


def _deposit(
    there: tuple[History, Flows],
    mask: Flags,
    share: Floats,
    *,
    kind: int,
    post: Post,
    parameters: Parameters,
) -> Accounts:
    """A current account: its part of the hidden cash, seen roughly, and of the flows."""
    (history, flows), records, rng = there, parameters.records, post.rng
    cell = np.nonzero(mask)
    month, enterprise = cell
    count, part = len(month), share[enterprise]
    habit = spread(rng, records.habit_sigma, len(share))[enterprise]
    earlier = history.states.activity[np.maximum(month - 1, 0), enterprise]
    cash = np.maximum(history.states.cash_months, 0.02)[cell] * flows.scale[cell]
    balance = part * habit * cash * spread(rng, records.balance_sigma, count)
    inflow = (flows.receipts + flows.refunds)[cell] * earlier
    before = flows.scale[np.maximum(month - 6, 0), enterprise]
    # Fixed costs follow the sales of half a year ago and do not shrink with activity.
    fixed = parameters.cash.fixed_share * np.minimum(before, 3 * flows.scale[cell])
    outflow = flows.purchases[cell] * earlier + fixed + history.states.interest[cell]
    return Accounts(
        enterprise=enterprise,
        month=month,
        kind=np.full(count, kind),
        limit=np.full(count, np.nan),
        balance=balance,
        lowest=balance * rng.uniform(0.1, 0.9, count),
        due=np.full(count, np.nan),
        inflow=part * inflow * spread(rng, records.flow_sigma, count),
        outflow=part * outflow * spread(rng, records.flow_sigma, count),
        days=np.full(count, -1),
    )


def _loan(
    states: State, mask: Flags, traits: Traits, *, post: Post, parameters: Parameters
) -> Accounts:
    """A term loan: paid down and renewed yearly, served or not as the arrears say."""
    records, rng = parameters.records, post.rng
    cell = np.nonzero(mask)
    month, enterprise = cell
    count = len(month)
    lagging = rng.random(traits.count) < records.lag_share
    spared = rng.random(traits.count) < records.spared_share
    days = days_past_due(states, traits.day_late, lagging)
    # A spared loan is served while the programme's line is not: another lender's view is partial.
    days = np.where(spared & (states.drawn + states.lost > 0), 0, days)[cell]
    technical = (rng.random(count) < records.technical_overdue) & (days == 0)
    days = np.where(technical, rng.integers(1, 16, count), days)
    limit = np.round(traits.leverage * np.exp(traits.size) * 6.5, -3)[enterprise]
    balance = limit * (1 - records.instalment * ((month + enterprise) % 12))
    return Accounts(
        enterprise=enterprise,
        month=month,
        kind=np.full(count, 1),
        limit=limit,
        balance=balance,
        lowest=np.full(count, np.nan),
        due=limit * records.instalment + balance * records.loan_rate / 12,
        inflow=np.full(count, np.nan),
        outflow=np.full(count, np.nan),
        days=days,
    )


def _overdraft(
    there: tuple[History, Flows], mask: Flags, *, post: Post, parameters: Parameters
) -> Accounts:
    """An overdraft, used more the less cash there is; never overdue, repaid from the account."""
    (history, flows), rng = there, post.rng
    cell = np.nonzero(mask)
    month, enterprise = cell
    count = len(month)
    limit = np.round(0.5 * flows.scale.max(axis=0), -3)[enterprise]
    need = 0.2 - 0.7 * history.states.cash_months[cell] + 0.9 * rng.standard_normal(count)
    balance = -limit * odds_to_share(need)
    return Accounts(
        enterprise=enterprise,
        month=month,
        kind=np.full(count, 2),
        limit=limit,
        balance=balance,
        lowest=np.maximum(balance * rng.uniform(1.0, 1.6, count), -limit),
        due=-balance * parameters.records.loan_rate / 12,
        inflow=np.full(count, np.nan),
        outflow=np.full(count, np.nan),
        days=np.where(rng.random(count) < 0.003, rng.integers(1, 10, count), 0),
    )


def _posted(accounts: Accounts, traits: Traits, post: Post) -> Any:
    """The canonical rows of all accounts."""
    rng, days, count = post.rng, accounts.days, len(accounts.days)
    silent = days < 0
    home = rng.integers(0, len(LENDERS), traits.count)
    lender = (home[accounts.enterprise] + 3 * (accounts.kind % 2) * (1 + accounts.kind)) % len(
        LENDERS
    )
    unpaid = np.where(days > 0, 0.1, 1.0)
    behind = np.minimum(np.ceil(days / 30), 12) * accounts.due
    overdue = np.where(days >= 90, np.abs(accounts.balance), np.where(days > 0, behind, 0.0))
    gaps = {
        name: np.isnan(getattr(accounts, name)) for name in ("limit", "lowest", "due", "inflow")
    }
    rows = pa.table(
        {
            "enterprise_id": enterprise_ids(accounts.enterprise),
            "lender": words(lender, LENDERS),
            "account_id": ids("K", 4 * accounts.enterprise + accounts.kind, 8),
            "month": dates(post.calendar.edges[accounts.month]),
            "product": words(accounts.product, PRODUCTS),
            "limit_cny": money(accounts.limit, missing=gaps["limit"]),
            "balance_cny": money(accounts.balance),
            "lowest_cny": money(accounts.lowest, missing=gaps["lowest"]),
            "due_cny": money(accounts.due, missing=gaps["due"]),
            "paid_cny": money(accounts.due * unpaid, missing=gaps["due"]),
            "inflow_cny": money(accounts.inflow, missing=gaps["inflow"]),
            "outflow_cny": money(accounts.outflow, missing=gaps["inflow"]),
            "overdue_cny": money(overdue, missing=silent),
            "days_past_due": counts(days, missing=silent),
            "tier": with_gaps(words(tier_of(days), TIERS), silent),
        }
    )
    first, last = post.rates.lender_first_days, post.rates.lender_last_days
    by_lender = rng.integers(first, last - 2, (post.calendar.months, len(LENDERS)))[
        accounts.month, lender
    ]
    known = post.calendar.month_end(accounts.month) + by_lender + rng.integers(0, 4, count)
    return post.corrected_or_withdrawn(rows, in_office_hours(known, rng), ("balance_cny",))


def inquiries(history: History, traits: Traits, *, post: Post, parameters: Parameters) -> Any:
    """Those short of cash ask around, in bursts; every programme application is asked about too."""
    rng, records = post.rng, parameters.records
    states, applied = history.states, history.applications
    short = odds_to_share(-2.0 * (states.cash_months - 0.9))
    there = reported(history, traits, records.months_after_default)
    rate = (records.inquiry_base + records.inquiry_need * short) * there
    number = rng.poisson(rate * (states.arrears < 4))
    cell = np.repeat(np.arange(number.size), number.ravel())
    month, enterprise = cell // traits.count, cell % traits.count
    asked, _, _ = application_days(applied, post)
    elsewhere = post.calendar.day_in(month, 1 + rng.integers(0, 28, len(month)))
    lender = rng.integers(0, len(LENDERS), len(month))
    day = np.concatenate([elsewhere, asked + 1])
    reason = np.concatenate(
        [rng.integers(0, 3, len(month)), np.where(applied.renewal, 1, 0).astype(np.int64)]
    )
    rows = pa.table(
        {
            "inquiry_id": ids("Q", np.arange(len(day)) + 1, 8),
            "enterprise_id": enterprise_ids(np.concatenate([enterprise, applied.enterprise])),
            "lender": words(
                np.concatenate([lender, len(LENDERS) + applied.bank]), (*LENDERS, *BANKS)
            ),
            "inquired_on": dates(day),
            "reason": words(reason, INQUIRY_REASONS),
        }
    )
    known = in_office_hours(day + rng.integers(1, 8, len(day)), rng)
    return post.corrected_or_withdrawn(rows, known, ())
