"""The engine: cards over a source at any set of enterprises and as-of dates, by DuckDB.

It interprets the cards' declarations; no feature has code of its own here.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from riskmodel import months
from riskmodel.errors import SettingsError
from riskmodel.features import relations
from riskmodel.features.aggregates import EMPTY_IS_ZERO, GROUPED, PLAIN, condition_sql, rows_sql
from riskmodel.features.language import Card, Derived, Measure
from riskmodel.features.monthly import MONTHLY, reach
from riskmodel.features.registry import CARDS, attribute_cards, by_name, with_parts
from riskmodel.features.standing import KINDS, standing, standing_feature
from riskmodel.settings import FeaturesSettings
from riskmodel.sources import Source
from riskmodel.tables.canonical import CANONICAL

if TYPE_CHECKING:
    import duckdb

Progress = Callable[[str], None]
Columns = dict[str, Any]


@dataclass(frozen=True)
class Features:
    """One row per enterprise and date: `enterprise_id`, `as_of`, a column a card.

    `cards` are those that could be computed; `absent` names the others and what they lack.
    """

    frame: pd.DataFrame
    cards: tuple[Card, ...]
    absent: pd.DataFrame


def available(source: Source, settings: FeaturesSettings) -> tuple[Card, ...]:
    """Every card that this run may use: the registry's and one for each attribute."""
    cards = (*CARDS, *attribute_cards(attribute_columns(source)))
    unknown = sorted(set(settings.leave_out) - set(by_name(cards)))
    if unknown:
        raise SettingsError(f"features.leave_out: no card is called {unknown[0]}. Fix the name.")
    return tuple(card for card in cards if card.name not in settings.leave_out)


def compute(
    source: Source,
    rows: pd.DataFrame,
    settings: FeaturesSettings,
    *,
    cards: Sequence[Card] | None = None,
    threads: int = 1,
    progress: Progress | None = None,
) -> Features:
    """Every card's value for every row (`enterprise_id`, `as_of`), as known at `as_of`.

    Cards whose tables or columns the source lacks are left out and listed in `absent`. The result
    does not depend on the order of rows, the number of threads or the size of the chunks.
    """
    wanted = available(source, settings) if cards is None else tuple(cards)
    wanted = with_parts(wanted, by_name(CARDS) | by_name(wanted))
    lacking = {card.name: _lacks(card, source, by_name(wanted)) for card in wanted}
    able = tuple(card for card in wanted if not lacking[card.name])
    panel = _panel(rows, source.timezone, able)
    values: Columns = {}
    values.update(_event_features(source, panel, able, (settings, threads, progress)))
    values.update(_standing_features(source, panel, able))
    values.update(_exchange_rates(source, panel, able, settings.cny_per_usd))
    for card in able:
        if isinstance(card.value, Derived):
            values[card.name] = _derived(card.value, values)
    frame = panel[["enterprise_id", "as_of"]].assign(**{c.name: values[c.name] for c in able})
    absent = pd.DataFrame(
        [(name, needs) for name, needs in lacking.items() if needs], columns=["feature", "needs"]
    )
    return Features(frame, able, absent)


def computed_cards(names: Iterable[str], attributes: dict[str, str]) -> tuple[Card, ...]:
    """The cards of these names, out of the registry's and those of the given attributes."""
    known = by_name((*CARDS, *attribute_cards(attributes)))
    return tuple(known[name] for name in names)


def attribute_columns(source: Source) -> dict[str, str]:
    """The columns of `attributes` with their kind: number, flag or text."""
    import pyarrow as pa

    if not source.has("attributes"):
        return {}
    own = set(CANONICAL["attributes"].by_name)
    kinds = {pa.bool_(): "flag", pa.string(): "text"}
    schema = source.tables["attributes"].schema
    return {f.name: kinds.get(f.type, "number") for f in schema if f.name not in own}


def _lacks(card: Card, source: Source, known: dict[str, Card]) -> str:
    """What the source would have to hold for this card; empty if it has it all."""
    if isinstance(card.value, Derived):
        parts = (_lacks(known[part], source, known) for part in card.value.cards)
        return next((lack for lack in parts if lack), "")
    if card.value.kind == "exchange_rate":
        return ""
    for table, columns in relations.needed(card.table, card.value.columns).items():
        if not source.has(table):
            return table
        missing = sorted(columns - set(source.tables[table].schema.names))
        if missing:
            return f"{table}.{missing[0]}"
    return ""


def _windows(cards: Iterable[Card]) -> list[int]:
    """Every window start, in months before `as_of`, that some card needs."""
    needed = {3}
    for card in cards:
        measure = card.value
        if isinstance(measure, Measure) and measure.months:
            needed.add(measure.months)
            if measure.kind in MONTHLY:
                needed |= set(range(1, reach(measure.kind, measure.months) + 1))
    return sorted(needed)


def _panel(rows: pd.DataFrame, timezone: str, cards: Sequence[Card]) -> pd.DataFrame:
    """The rows with their number, the instant of the cut and the start of every window."""
    panel = rows[["enterprise_id", "as_of"]].reset_index(drop=True)
    days = pd.Series(panel["as_of"].unique()).sort_values()
    by_day = pd.DataFrame({"as_of": days})
    cuts = [months.day_start(day.date(), timezone) for day in days]
    by_day["cut"] = pd.to_datetime(pd.Series(cuts, index=by_day.index, dtype=object), utc=True)
    for count in _windows(cards):
        by_day[f"s_{count}"] = months.shifted_days(by_day["as_of"], -count)
    panel = panel.merge(by_day, on="as_of", how="left", validate="many_to_one")
    return panel.assign(row_id=np.arange(len(panel)))


def _event_features(
    source: Source,
    panel: pd.DataFrame,
    cards: Sequence[Card],
    how: tuple[FeaturesSettings, int, Progress | None],
) -> Columns:
    import duckdb

    settings, threads, progress = how
    groups: dict[str, list[Card]] = defaultdict(list)
    for card in cards:
        if isinstance(card.value, Measure) and card.value.kind not in KINDS | {"exchange_rate"}:
            groups[card.table].append(card)
    values = _empty(len(panel), [card for group in groups.values() for card in group])
    if not groups or panel.empty:
        return values
    connection = duckdb.connect(config={"threads": threads})
    _register_versions(connection, source, groups)
    chunks = _chunks(panel, settings.chunk_enterprises)
    for number, chunk in enumerate(chunks, 1):
        connection.register("panel_frame", _sql_panel(chunk))
        connection.execute("CREATE OR REPLACE TEMP TABLE panel AS SELECT * FROM panel_frame")
        for name, group in groups.items():
            if progress:
                progress(f"features of {name}, part {number} of {len(chunks)}")
            _fill(connection, name, group, values)
    connection.close()
    return values


def _empty(length: int, cards: Sequence[Card]) -> Columns:
    """Columns as they are for enterprises without any row."""
    empties = {
        card.name: 0.0 if isinstance(card.value, Measure) and _zero(card.value) else np.nan
        for card in cards
    }
    return {name: np.full(length, empty) for name, empty in empties.items()}


def _zero(measure: Measure) -> bool:
    return measure.kind in EMPTY_IS_ZERO


def _chunks(panel: pd.DataFrame, enterprises: int) -> list[pd.DataFrame]:
    codes, _ = pd.factorize(panel["enterprise_id"], sort=True)
    return [chunk for _, chunk in panel.groupby(codes // enterprises, sort=True)]


def _sql_panel(chunk: pd.DataFrame) -> Any:
    """The chunk as Arrow: dates as dates, the cut in microseconds."""
    import pyarrow as pa

    table = pa.Table.from_pandas(
        chunk.assign(cut=chunk["cut"].dt.as_unit("us").astype("int64")), preserve_index=False
    )
    fields = [
        pa.field(f.name, pa.date32()) if pa.types.is_timestamp(f.type) else f for f in table.schema
    ]
    return table.cast(pa.schema(fields))


def _register_versions(
    connection: "duckdb.DuckDBPyConnection", source: Source, groups: dict[str, list[Card]]
) -> None:
    """Each table once, with the columns that the cards read and the life of every version."""
    columns: dict[str, set[str]] = defaultdict(set)
    for name, group in groups.items():
        for card in group:
            assert isinstance(card.value, Measure)
            for table, needs in relations.needed(name, card.value.columns).items():
                columns[table] |= needs
        if name == relations.SETTLED.name:
            columns["receipts"] |= {"amount_usd"}
    for table, names in columns.items():
        connection.register(f"{table}_source", source.tables[table])
        sql = relations.versions(CANONICAL[table], frozenset(names), source=f"{table}_source")
        connection.execute(f"CREATE TEMP TABLE {table}_versions AS {sql}")


def _fill(
    connection: "duckdb.DuckDBPyConnection", name: str, cards: Sequence[Card], values: Columns
) -> None:
    """All cards of one relation, written into their places."""
    connection.execute(f"CREATE OR REPLACE TEMP TABLE seen AS {_relation_sql(connection, name)}")
    measures = {card.name: card.value for card in cards if isinstance(card.value, Measure)}
    plain = {n: m for n, m in measures.items() if m.kind in PLAIN}
    if plain:
        listed = ", ".join(f"{PLAIN[m.kind](m)} AS {n}" for n, m in plain.items())
        _place(connection, f"SELECT row_id, {listed} FROM seen GROUP BY row_id", plain, values)
    for key, members in _alike(measures, GROUPED, lambda m: (m.by, m.column, m.months, m.where)):
        listed = ", ".join(f"{GROUPED[m.kind]} AS {n}" for n, m in members.items())
        query = f"SELECT row_id, {listed} FROM ({_parts(key)}) GROUP BY row_id"
        _place(connection, query, members, values)
    for key, members in _alike(measures, MONTHLY, lambda m: (m.column, m.where)):
        _place_monthly(connection, key, members, values)


def _alike(
    measures: dict[str, Measure], kinds: Iterable[str], key: Callable[[Measure], Any]
) -> list[tuple[Any, dict[str, Measure]]]:
    """Measures of these kinds that can share one query, by what they share."""
    groups: dict[Any, dict[str, Measure]] = defaultdict(dict)
    for name, measure in measures.items():
        if measure.kind in set(kinds):
            groups[key(measure)][name] = measure
    return list(groups.items())


def _relation_sql(connection: "duckdb.DuckDBPyConnection", name: str) -> str:
    """The visible rows of a table, or of a relation that is built from several."""
    base = relations.base_table(name)
    seen = {
        table: relations.visible(CANONICAL[table], _columns(connection, table), "")
        for table in _registered(connection)
        if CANONICAL[table].event and "enterprise_id" in _columns(connection, table)
    }
    if name not in relations.RELATIONS:
        return seen[base.name]
    terms = "coalesce(terms_days, 0)" if "terms_days" in _columns(connection, base.name) else "0"
    lives = {
        "receipts_visible": relations.VISIBLE.format(t="t"),
        "lines_visible": relations.VISIBLE.format(t="l"),
        "line_months_visible": relations.VISIBLE.format(t="t"),
    }
    return relations.RELATIONS[name].sql.format(**seen, **lives, terms=terms)


def _registered(connection: "duckdb.DuckDBPyConnection") -> list[str]:
    found = connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()
    suffix = "_versions"
    return [name.removesuffix(suffix) for (name,) in found if name.endswith(suffix)]


def _columns(connection: "duckdb.DuckDBPyConnection", table: str) -> frozenset[str]:
    found = connection.execute(
        "SELECT column_name FROM duckdb_columns() WHERE table_name = ?", [f"{table}_versions"]
    ).fetchall()
    times = {"known_at", "known_until", "withdrawn", "event_on"}
    return frozenset(name for (name,) in found) - times


def _parts(key: tuple[str, str, int, tuple[Any, ...]]) -> str:
    """Each group's part of the whole, exact; rows without a group are left out."""
    by, column, span, conditions = key
    tests = rows_sql(Measure("", "", span, conditions)).removeprefix(" FILTER (WHERE ")
    tests = f"{tests.removesuffix(')')} AND {by} IS NOT NULL" if tests else f"{by} IS NOT NULL"
    exact = f"sum(CAST({column} AS DECIMAL(38, 6)))"
    return (
        f"SELECT row_id, part::DOUBLE AS part,"
        f" (sum(part) OVER (PARTITION BY row_id))::DOUBLE AS whole FROM"
        f" (SELECT row_id, {by}, {exact} AS part FROM seen WHERE {tests} GROUP BY ALL)"
    )


def _place(
    connection: "duckdb.DuckDBPyConnection", query: str, names: Iterable[str], values: Columns
) -> None:
    found = connection.execute(query).fetchnumpy()
    places = np.asarray(found["row_id"])
    for name in names:
        column = np.ma.filled(np.ma.asarray(found[name]).astype(float), np.nan)
        values[name][places] = column


def _place_monthly(
    connection: "duckdb.DuckDBPyConnection",
    key: tuple[str, tuple[Any, ...]],
    members: dict[str, Measure],
    values: Columns,
) -> None:
    """Monthly totals once, then every aggregate over them."""
    column, conditions = key
    furthest = max(reach(m.kind, m.months) for m in members.values())
    tests = [f"event_on >= s_{furthest}", *(condition_sql(c) for c in conditions)]
    bucket = " + ".join(f"(event_on < s_{month})::INT" for month in range(1, furthest + 1))
    total = f"coalesce(sum(CAST({column} AS DECIMAL(38, 6))), 0)::DOUBLE" if column else "0.0"
    found = connection.execute(
        f"SELECT row_id, {bucket} AS bucket, {total} AS total, count(*) AS rows FROM seen"
        f" WHERE {' AND '.join(tests)} GROUP BY ALL"
    ).fetchnumpy()
    everyone = connection.execute("SELECT row_id FROM panel ORDER BY row_id").fetchnumpy()["row_id"]
    rows, month = np.searchsorted(everyone, found["row_id"]), np.asarray(found["bucket"])
    totals, counts = np.zeros((2, len(everyone), furthest))
    totals[rows, month], counts[rows, month] = found["total"], found["rows"]
    for name, measure in members.items():
        values[name][everyone] = MONTHLY[measure.kind](totals, counts, measure.months)


def _standing_features(source: Source, panel: pd.DataFrame, cards: Sequence[Card]) -> Columns:
    values: Columns = {}
    for table in ("enterprises", "attributes"):
        group = [
            card
            for card in cards
            if card.table == table and isinstance(card.value, Measure) and card.value.kind in KINDS
        ]
        if group:
            found = standing(source.frame(table), panel[["enterprise_id", "as_of", "cut"]])
            for card in group:
                values[card.name] = standing_feature(card, found, panel["as_of"]).to_numpy()
    return values


def _exchange_rates(
    source: Source, panel: pd.DataFrame, cards: Sequence[Card], otherwise: float
) -> Columns:
    """The newest rate before `as_of`; `otherwise` where the source has none."""
    values: Columns = {}
    for card in cards:
        if not (isinstance(card.value, Measure) and card.value.kind == "exchange_rate"):
            continue
        per_usd = np.full(len(panel), otherwise)
        if source.has("fx_rates"):
            rates = source.frame("fx_rates")
            rates = rates[rates["currency"] == card.value.column].sort_values("on")
            place = np.searchsorted(rates["on"].to_numpy(), panel["as_of"].to_numpy()) - 1
            known = place >= 0
            per_usd[known] = 1 / rates["usd_per_unit"].to_numpy()[place[known]]
        values[card.name] = per_usd
    return values


def _derived(derived: Derived, values: Columns) -> Any:
    """An expression over cards that are there already."""
    parts = [values[name] for name in derived.cards]
    if derived.kind == "ratio":
        upper, lower = parts
        nil = np.nan if derived.nil is None else derived.nil
        useful = np.isfinite(lower) & (lower != 0)
        return np.where(
            useful, np.divide(upper, lower, out=np.zeros(len(upper)), where=useful), nil
        )
    if derived.kind == "difference":
        return parts[0] - parts[1]
    return np.prod(parts, axis=0) if derived.kind == "product" else np.sum(parts, axis=0)
