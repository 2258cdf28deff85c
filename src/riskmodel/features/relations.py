"""Named sets of rows that a feature may read: what two tables say together at a date.

A relation is one function from a batch to a view, with the columns that it adds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from riskmodel.features import kernels
from riskmodel.features.encoded_table import EncodedTable, Floats, Places, split_cents
from riskmodel.features.market_statistics import (
    MARKET_MONTHS,
    RELEASED,
    MarketStatistics,
    Whole,
    can_match_receipts,
    is_late,
    mask_sales,
    unit_values,
)
from riskmodel.features.point_in_time import EnterpriseDates, VisibleRows
from riskmodel.features.spec import column
from riskmodel.features.visible_tables import VisibleTables
from riskmodel.tables.canonical import CANONICAL
from riskmodel.tables.declared import Table

ACCOUNT_MONTHS = 3
"""Age up to which an account's newest record counts, in months."""
NOT_EXPIRED = (column("expires_on", "open"),)
PAID_SHARE = 0.5
"""The part of a declaration's value that counts as paid."""


class RelationInputs(VisibleTables, Protocol):
    """Inputs from which a relation is built; a `Batch` is one."""

    @property
    def pairs(self) -> EnterpriseDates:
        """The enterprises and dates asked."""
        ...

    @property
    def at_month_start(self) -> "RelationInputs":
        """The same pairs at the first day of each date's month."""
        ...

    @property
    def market(self) -> MarketStatistics | None:
        """Market statistics of all enterprises' declarations, where a feature reads them."""
        ...


@dataclass(frozen=True)
class Relation:
    """A relation's declaration: its base table, the columns it adds, the columns it needs.

    `needs` are tables and columns without which it cannot be had; `takes` are columns that it
    reads where they are there, and `optional_relation` a relation; `extra` are needs of added columns.
    """

    base: str
    view: Callable[[RelationInputs], VisibleRows]
    adds: frozenset[str] = frozenset()
    required: Mapping[str, frozenset[str]] = field(default_factory=dict)
    optional: Mapping[str, frozenset[str]] = field(default_factory=dict)
    optional_relation: str = ""
    required_by_column: Mapping[str, Mapping[str, frozenset[str]]] = field(default_factory=dict)


def settlement(batch: RelationInputs) -> VisibleRows:
    """Declarations with what has been received for them."""
    declared, received = batch.view("declarations"), batch.view("receipts")
    codes, other, words = shared_codes(
        (declared.rows, "declaration_id"), (received.rows, "declaration_id")
    )
    sums, paid_on = kernels.sum_matches(
        declared.first, declared.last, declared.seen, codes, (received.first, received.last),
        received.seen, other, words, *received.rows.cents("amount_usd"), received.rows.event,
    )  # fmt: skip
    fob, event, as_of = declared.numbers("fob_usd"), declared.event, declared.as_of
    paid = sums >= PAID_SHARE * fob
    terms = np.nan_to_num(declared.numbers("terms_days"))
    return declared.with_columns(
        {
            "age_days": (as_of - event).astype(np.float64),
            "received_usd": sums,
            "paid_on": paid_on,
            "days_to_cash": np.where(paid, paid_on - event, np.nan),
            "days_late": np.where(paid, paid_on, as_of) - event - terms,
            "days_unpaid": np.where(paid, np.nan, as_of - event),
            "unpaid_usd": np.maximum(_less(fob, sums), 0.0),
        }
    )


def accounts(batch: RelationInputs) -> VisibleRows:
    """Each account's newest record, if it is not older than three months."""
    records = batch.view("bank_records")
    codes, most = records.rows.joint_codes(("lender", "account_id"))
    start = batch.pairs.start(ACCOUNT_MONTHS)
    newest = kernels.newest_by_code(
        records.first, records.last, records.seen, records.event, start, codes, most
    )
    return records.filter(newest)


def receipt_matches(batch: RelationInputs) -> VisibleRows:
    """Receipts: is the declaration on record, and how old was it; is the payer any buyer."""
    receipts, declared = batch.view("receipts"), batch.view("declarations")
    added = {}
    if receipts.rows.has("declaration_id"):
        places = match_places((receipts, "declaration_id"), (declared, "declaration_id"))
        added["matched"] = (places >= 0).astype(np.float64)
        added["days_since_declared"] = receipts.event - take_at(declared.event, places)
    if receipts.rows.has("payer_id") and declared.rows.has("buyer_id"):
        null = receipts.rows.codes("payer_id")[0][receipts.seen] < 0
        places = match_places((receipts, "payer_id"), (declared, "buyer_id"))
        added["payer_is_buyer"] = np.where(null, np.nan, places >= 0)
    return receipts.with_columns(added)


def lines_in_force(batch: RelationInputs) -> VisibleRows:
    """Lines not expired, or expired and still drawn, with what their newest month says."""
    lines, months = batch.view("lines"), batch.view("line_months")
    places = match_places((lines, "line_id"), (months, "line_id"))
    columns = ("drawn_cny", "days_past_due")
    added = {name: take_at(months.numbers(name), places) for name in columns}
    open_lines = kernels.gather(*lines.mask(NOT_EXPIRED))
    return lines.with_columns(added).filter(open_lines | (added["drawn_cny"] > 0))


def month_ends(batch: RelationInputs) -> VisibleRows:
    """Declarations, and how many days of their month were left."""
    declared = batch.view("declarations")
    days = declared.event.astype("datetime64[D]")
    next_month = (days.astype("datetime64[M]") + 1).astype("datetime64[D]")
    left = (next_month - days).astype(np.float64) - 1
    return declared.with_columns({"days_to_month_end": left})


def round_trips(batch: RelationInputs) -> VisibleRows:
    """Declarations, and whether a sale's value came back from the same buyer."""
    declared = batch.view("declarations")
    counts, at = declared.mask(RELEASED)
    back = kernels.is_reversed(
        declared.first, declared.last, declared.seen, counts, at,
        declared.rows.local_codes("buyer_id")[0], declared.rows.number("fob_usd"), declared.event,
    )  # fmt: skip
    return declared.with_columns({"came_back": np.asarray(back, dtype=np.float64)})


def market(batch: RelationInputs) -> VisibleRows:
    """Declarations, with statistics of their buyers (own rows left out) and goods at the month's start."""
    declared, known = batch.view("declarations"), batch.at_month_start.view("declarations")
    market = batch.market
    assert market is not None, "a plan with features of the market has market statistics"
    dates = market.dates_of(known.pairs)
    added = {}
    if declared.rows.has("buyer_id"):
        codes = market.buyer_codes(declared.rows)
        local, most = declared.rows.local_codes("buyer_id")
        window = known.window(MARKET_MONTHS)

        def others(keep: NDArray[np.bool_], at: NDArray[np.int32], sums: Whole) -> Floats:
            return kernels.sum_of_others(
                declared.first, declared.last, declared.seen, local, codes, *window, known.seen,
                keep, at, known.rows.cents("fob_usd")[0], dates, sums, most,
            )  # fmt: skip

        added["buyer_others_usd"] = others(*mask_sales(known), market.sales_cents)
        if can_match_receipts(batch):
            late = is_late(batch.at_month_start.view("settlement")) & kernels.gather(
                *mask_sales(known)
            )
            added["buyer_others_late_usd"] = others(late, known.own, market.late_cents)
            whole = added["buyer_others_usd"]
            added["buyer_others_late_share"] = np.divide(
                added["buyer_others_late_usd"], whole,
                out=np.full(len(whole), np.nan), where=whole > 0,
            )  # fmt: skip
    if all(declared.rows.has(name) for name in ("hs_code", "unit", "quantity")):
        medians = market.medians_of(declared.rows, declared.seen, declared.by_place(dates))
        added["unit_value_to_median"] = unit_values(declared) / medians
    return declared.with_columns(added)


def match_places(one: tuple[VisibleRows, str], other: tuple[VisibleRows, str]) -> Places:
    """The other view's last place with the text that each place of the first has; -1 where none has."""
    (rows, own), (others, name) = one, other
    theirs, ours, words = shared_codes((others.rows, name), (rows.rows, own))
    return kernels.last_match(
        rows.first, rows.last, rows.seen, ours, (others.first, others.last), others.seen, theirs, words
    )  # fmt: skip


def take_at(values: NDArray[Any], places: Places) -> Floats:
    """The values at these places as numbers, NaN where there is none."""
    found = np.full(len(places), np.nan)
    found[places >= 0] = values[places[places >= 0]]
    return found


def _less(amounts: Floats, others: Floats) -> Floats:
    """A difference of amounts in whole cents, so that equal remainders are equal numbers."""
    (cents, rest), (other, other_rest) = split_cents(amounts), split_cents(others)
    whole = (cents - other) / 100.0
    return whole + (rest if len(rest) else 0.0) - (other_rest if len(other_rest) else 0.0)


def shared_codes(
    one: tuple[EncodedTable, str], other: tuple[EncodedTable, str]
) -> tuple[NDArray[np.int32], NDArray[np.int32], int]:
    """Two columns in the codes of the first: both columns' codes, and how many there are."""
    (rows, name), (other_rows, other_name) = one, other
    codes, words = rows.codes(name)
    return codes, other_rows.codes_among(other_name, words), max(len(words), 1)


_FOB = frozenset({"fob_usd"})
_PAID = {
    "declarations": _FOB | {"declaration_id"},
    "receipts": frozenset({"declaration_id", "amount_usd"}),
}
_LATE = {"receipts": frozenset({"declaration_id", "amount_usd"})}
_BUYER = {"declarations": frozenset({"buyer_id"})}

RELATIONS: dict[str, Relation] = {
    "settlement": Relation(
        "declarations",
        settlement,
        frozenset(
            "age_days received_usd paid_on days_to_cash days_late days_unpaid unpaid_usd".split()
        ),
        _PAID,
        {"declarations": frozenset({"terms_days"})},
        "",
        {"days_late": {"declarations": frozenset({"terms_days"})}},
    ),
    "accounts": Relation(
        "bank_records",
        accounts,
        required={"bank_records": frozenset({"lender", "account_id"})},
    ),
    "receipt_matches": Relation(
        "receipts",
        receipt_matches,
        frozenset({"matched", "days_since_declared", "payer_is_buyer"}),
        {"declarations": frozenset(), "receipts": frozenset()},
        {
            "declarations": frozenset({"declaration_id", "buyer_id"}),
            "receipts": frozenset({"declaration_id", "payer_id"}),
        },
        "",
        {
            "matched": {"receipts": frozenset({"declaration_id"})},
            "days_since_declared": {"receipts": frozenset({"declaration_id"})},
            "payer_is_buyer": {
                "receipts": frozenset({"payer_id"}),
                "declarations": frozenset({"buyer_id"}),
            },
        },
    ),
    "lines_in_force": Relation(
        "lines",
        lines_in_force,
        frozenset({"drawn_cny", "days_past_due"}),
        {"lines": frozenset({"line_id"}), "line_months": frozenset({"line_id"})},
        {
            "lines": frozenset({"expires_on"}),
            "line_months": frozenset({"drawn_cny", "days_past_due"}),
        },
        "",
        {"drawn_cny": {"line_months": frozenset({"drawn_cny"})}},
    ),
    "month_ends": Relation("declarations", month_ends, frozenset({"days_to_month_end"})),
    "round_trips": Relation(
        "declarations",
        round_trips,
        frozenset({"came_back"}),
        {"declarations": _FOB | {"buyer_id"}},
        {"declarations": frozenset({"status"})},
    ),
    "market": Relation(
        "declarations",
        market,
        frozenset(
            {
                "buyer_others_usd",
                "buyer_others_late_usd",
                "buyer_others_late_share",
                "unit_value_to_median",
            }
        ),
        {"declarations": _FOB},
        {"declarations": frozenset("buyer_id hs_code unit quantity status".split())},
        "settlement",
        {
            "buyer_others_usd": _BUYER,
            "buyer_others_late_usd": {**_BUYER, **_LATE},
            "buyer_others_late_share": {**_BUYER, **_LATE},
            "unit_value_to_median": {"declarations": frozenset({"hs_code", "unit", "quantity"})},
        },
    ),
}
"""Every relation by the name under which features read it."""


def base_table(name: str) -> Table:
    """The declared table whose rows a feature's table or relation has."""
    return CANONICAL[RELATIONS[name].base if name in RELATIONS else name]


def required_columns(name: str, columns: frozenset[str]) -> dict[str, frozenset[str]]:
    """The canonical tables and columns without which these columns cannot be had."""
    if name not in RELATIONS:
        lines = {"lines": frozenset[str]()} if name == "line_months" else {}
        return {name: columns, **lines}
    relation = RELATIONS[name]
    needs = dict(relation.required)
    needs[relation.base] = needs.get(relation.base, frozenset()) | (columns - relation.adds)
    for added in sorted(columns & relation.adds):
        for table, more in relation.required_by_column.get(added, {}).items():
            needs[table] = needs.get(table, frozenset()) | more
    return needs


def added_columns(name: str) -> frozenset[str]:
    """The columns that a relation adds."""
    return RELATIONS[name].adds if name in RELATIONS else frozenset()


def optional_columns(name: str) -> dict[str, frozenset[str]]:
    """Further columns that are read where they are there."""
    return dict(RELATIONS[name].optional) if name in RELATIONS else {}


def optional_relation(name: str) -> str:
    """Another relation that is read where it can be had."""
    return RELATIONS[name].optional_relation if name in RELATIONS else ""
