"""What a card reads: rows of a table as known at each as-of date, in SQL.

A version of a row is visible from its `known_at` until a correction of it is known, and counts if
its event lies before `as_of`. Nothing else in the package decides about time.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from riskmodel.tables.canonical import CANONICAL
from riskmodel.tables.declared import Table

VISIBLE = (
    "{t}.known_at < p.cut AND ({t}.known_until IS NULL OR {t}.known_until >= p.cut)"
    " AND NOT {t}.withdrawn"
)


@dataclass(frozen=True)
class Relation:
    """A named set of rows: its base table, the columns it adds and what it needs to be built."""

    name: str
    base: str
    adds: tuple[str, ...]
    needs: Mapping[str, frozenset[str]]
    sql: str


def versions(table: Table, columns: frozenset[str], *, source: str) -> str:
    """Every version of every row with the instant at which the next version became known."""
    key = ", ".join(table.key)
    kept = sorted(columns | set(table.key) | _owner(table))
    return (
        f"SELECT {', '.join(kept)}, {event_date(table)} AS event_on, epoch_us(known_at) AS known_at, withdrawn,"
        f" lead(epoch_us(known_at)) OVER (PARTITION BY {key} ORDER BY known_at) AS known_until"
        f" FROM {source}"
    )


def event_date(table: Table) -> str:
    """The SQL date on which a row happened: a month's record speaks of the month's end."""
    return "last_day(month)" if table.event == "month" else table.event


def visible(table: Table, columns: frozenset[str], window: str) -> str:
    """Rows of one table seen from each row of the panel, once per as-of date."""
    names = "".join(f", t.{name}" for name in sorted(columns - {"enterprise_id"}))
    return (
        f"SELECT p.*{names}, t.event_on"
        f" FROM panel p JOIN {table.name}_versions t USING (enterprise_id)"
        f" WHERE {VISIBLE.format(t='t')} AND t.event_on < p.as_of {window}"
    )


SETTLED = Relation(
    "settled",
    "declarations",
    ("received_usd", "paid_on", "days_to_cash", "days_late", "days_unpaid", "unpaid_usd"),
    {"declarations": frozenset({"fob_usd"}), "receipts": frozenset({"declaration_id"})},
    """
    WITH paid AS (
        SELECT p.row_id, t.declaration_id, max(t.event_on) AS paid_on,
               sum(CAST(t.amount_usd AS DECIMAL(38, 6)))::DOUBLE AS received_usd
        FROM panel p JOIN receipts_versions t USING (enterprise_id)
        WHERE {receipts_visible} AND t.event_on < p.as_of AND t.declaration_id IS NOT NULL
        GROUP BY ALL
    ), joined AS (
        SELECT d.*, coalesce(paid.received_usd, 0) AS received_usd, paid.paid_on
        FROM ({declarations}) d LEFT JOIN paid USING (row_id, declaration_id)
    ), whole AS (SELECT *, received_usd >= .5 * fob_usd AS is_paid FROM joined)
    SELECT *,
        CASE WHEN is_paid THEN paid_on - event_on END AS days_to_cash,
        CASE WHEN is_paid THEN paid_on ELSE as_of END - event_on - {terms} AS days_late,
        CASE WHEN NOT is_paid THEN as_of - event_on END AS days_unpaid,
        greatest(fob_usd - received_usd, 0) AS unpaid_usd
    FROM whole
    """,
)
"""Declarations with what has been received for them: half of the value counts as paid."""

ACCOUNTS = Relation(
    "accounts",
    "bank_records",
    (),
    {"bank_records": frozenset()},
    """
    SELECT * FROM ({bank_records}) t WHERE event_on >= s_3
    QUALIFY row_number() OVER (PARTITION BY row_id, lender, account_id ORDER BY event_on DESC) = 1
    """,
)
"""The newest record of each account, if it is not older than three months."""

LINE_MONTHS = Relation(
    "line_months",
    "line_months",
    (),
    {"line_months": frozenset(), "lines": frozenset()},
    """
    SELECT p.*, t.* EXCLUDE (line_id, known_at, known_until, withdrawn, month)
    FROM panel p JOIN lines_versions l USING (enterprise_id)
    JOIN line_months_versions t USING (line_id)
    WHERE {lines_visible} AND {line_months_visible} AND t.event_on < p.as_of
    """,
)
"""Months of the programme's own lines, which learn their enterprise from the line."""

RELATIONS: Mapping[str, Relation] = {r.name: r for r in (SETTLED, ACCOUNTS, LINE_MONTHS)}


def base_table(name: str) -> Table:
    """The declared table that a card's table or relation starts from."""
    return CANONICAL[RELATIONS[name].base if name in RELATIONS else name]


def needed(name: str, columns: frozenset[str]) -> dict[str, frozenset[str]]:
    """The canonical tables and columns without which these columns cannot be had."""
    if name not in RELATIONS:
        return {name: columns}
    relation = RELATIONS[name]
    needs = dict(relation.needs)
    own = columns - set(relation.adds)
    needs[relation.base] = needs[relation.base] | own
    if "days_late" in columns:
        needs[relation.base] |= {"terms_days"}
    return needs


def _owner(table: Table) -> set[str]:
    return {"enterprise_id"} & set(table.by_name)
