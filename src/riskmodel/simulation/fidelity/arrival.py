"""Facts on arrival: how late rows come, how many are mended, what never comes."""

from collections.abc import Callable

from riskmodel.months import month_ends
from riskmodel.simulation.fidelity.fact import Fact
from riskmodel.simulation.fidelity.measure import (
    Measurement,
    bootstrap_interval,
    median_by,
    ratio,
    require_cases,
    share_by,
    share_of,
    sums_by,
)
from riskmodel.simulation.fidelity.tables import Tables

LENDERS_FIRST, LENDERS_LAST = 5, 20


def lag(name: str, event: str) -> Callable[[Tables], Measurement]:
    """The median days from an event to the day on which its row was first known."""

    def measure(tables: Tables) -> Measurement:
        rows = tables.versions(name, ["enterprise_id", event]).drop_duplicates("key")
        days = (rows["known_on"] - rows[event]).dt.days
        return median_by(days, rows["enterprise_id"], tables.enterprises)

    return measure


def refund_wait(tables: Tables) -> Measurement:
    """The median days from a refund's claim to its payment."""
    rows = tables.current("refunds", ["enterprise_id", "claimed_on", "paid_on"]).dropna()
    days = (rows["paid_on"] - rows["claimed_on"]).dt.days
    return median_by(days, rows["enterprise_id"], tables.enterprises)


def lenders_in_time(tables: Tables) -> Measurement:
    """The share of bank months first known within the usual days after the month's end."""
    rows = tables.versions("bank_records", ["enterprise_id", "month"]).drop_duplicates("key")
    days = (rows["known_on"] - month_ends(rows["month"])).dt.days
    inside = days.between(LENDERS_FIRST, LENDERS_LAST)
    return share_by(rows["enterprise_id"], tables.enterprises, inside)


def corrected_share(name: str, value: str) -> Callable[[Tables], Measurement]:
    """The share of a table's keys whose value is corrected, or which are withdrawn, later.

    Another row that leaves the value as it was (a refund's day of payment) mends nothing.
    """

    def measure(tables: Tables) -> Measurement:
        rows = tables.versions(name, [value])
        again = rows["key"].eq(rows["key"].shift())
        given, before = rows[value].fillna(0), rows[value].shift().fillna(0)
        corrected = again & ((given != before) | rows["withdrawn"])
        keys = int((~again).sum())
        return share_of(float(rows.loc[corrected, "key"].nunique()), keys)

    return measure


def unmatched_receipts(tables: Tables) -> Measurement:
    """The share of receipts that name no declaration, or none that is known."""
    rows = tables.current("receipts", ["enterprise_id", "declaration_id"])
    return share_by(rows["enterprise_id"], tables.enterprises, rows["declaration_id"] < 0)


def missing_bank_months(tables: Tables) -> Measurement:
    """The share of months missing between an account's first and last reported one."""
    account = ["enterprise_id", "lender", "account_id"]
    rows = tables.plain("bank_records", [*account, "month"]).drop_duplicates()
    rows = rows.assign(month=12 * rows["month"].dt.year + rows["month"].dt.month)
    found = rows.groupby(account, observed=True, sort=False)["month"].agg(["min", "max", "size"])
    span = found["max"] - found["min"] + 1
    require_cases(float(span.sum()), "months of accounts")
    who = found.index.get_level_values("enterprise_id")
    return bootstrap_interval(sums_by(who, tables.enterprises, span - found["size"], span), ratio)


_CORRECTED = (
    ("declarations", "fob_usd"), ("receipts", "amount_usd"), ("purchases", "amount_cny"),
    ("refunds", "amount_cny"), ("bank_records", "balance_cny"),
    ("applications", "asked_cny"), ("line_months", "drawn_cny"),
)  # fmt: skip

FACTS = (
    Fact(
        "days until a declaration is known", "days", (1, 7), "proposal: days",
        lag("declarations", "declared_on"), "Median to the first version.",
    ),
    Fact(
        "days until a receipt is known", "days", (1, 1), "proposal: the next day",
        lag("receipts", "received_on"), "Median to the first version.",
    ),
    Fact(
        "days until a refund is paid", "days", (10, 60), "proposal: weeks", refund_wait,
        "Median from claim to payment, of those paid.",
    ),
    Fact(
        "bank months known after 5-20 days", "share", (0.95, 1.0), "proposal: 5-20 days",
        lenders_in_time, "First versions; tolerance 5 points.",
    ),
    *(
        Fact(
            f"corrected or withdrawn: {name}", "share", (0.008, 0.022), "proposal: 1-2 %",
            corrected_share(name, value),
            f"Keys with a later row that changes {value} or takes it back; tolerance .2 points.",
        )
        for name, value in _CORRECTED
    ),
    Fact(
        "receipts that name no declaration", "share", (0.01, 0.04), "proposal: a few per cent",
        unmatched_receipts, "Null, or an id that declarations lacks.",
    ),
    Fact(
        "bank months missing", "share", (0.01, 0.03), "proposal: some", missing_bank_months,
        "Between the first and the last month that an account reports.",
    ),
)  # fmt: skip
