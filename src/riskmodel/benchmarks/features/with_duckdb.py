"""The work in DuckDB's SQL: one snapshot a date, no join with a panel, three kinds of query."""

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

from riskmodel.benchmarks.features.task import (
    GROUPED,
    MONTH_DAYS,
    MONTHLY,
    PLAIN,
    ZERO,
    Aggregate,
    Rows,
    Task,
    aggregates_of,
    alike,
    group_column,
    reach,
    window_rows,
)
from riskmodel.features.spec import Condition, Measure, Where, Word

COMPARED = {"above": ">", "at_least": ">=", "below": "<", "at_most": "<="}


def prepare(task: Task) -> Callable[[Path], None]:
    """The library loaded; what is returned reads, computes and writes a file a date."""
    import duckdb

    def work(out: Path) -> None:
        with duckdb.connect(config={"threads": task.threads}) as connection:
            connection.execute("SET preserve_insertion_order = false")
            connection.execute(_lives(task))
            for as_of in task.dates:
                connection.execute(_snapshot(task, as_of))
                path = _text(str(out / f"{as_of}.parquet"))
                connection.execute(
                    f"COPY ({_features(task, as_of)}) TO {path} (FORMAT parquet, COMPRESSION zstd)"
                )

    return work


def _lives(task: Task) -> str:
    """All versions: the instant at which the next one became known, a flag for each `where`."""
    flags = [f"{_all(where)} AS {flag}" for where, flag in task.flags.items()]
    columns = ", ".join([*task.aggregate_columns, *flags])
    files = _text(str(task.folder / "declarations/*.parquet"))
    return (
        f"CREATE TABLE lives AS SELECT enterprise_id, declared_on, {columns}, known_at, withdrawn,"
        " lead(known_at) OVER (PARTITION BY declaration_id ORDER BY known_at) AS known_until"
        f" FROM {files}"
    )


def _snapshot(task: Task, as_of: date) -> str:
    """The rows visible at the date."""
    cut = f"TIMESTAMPTZ '{task.known_before(as_of).isoformat()}'"
    return (
        f"CREATE OR REPLACE TEMP VIEW seen AS SELECT * FROM lives WHERE known_at < {cut}"
        f" AND (known_until IS NULL OR known_until >= {cut}) AND NOT withdrawn"
        f" AND declared_on < {_day(as_of)}"
    )


def _features(task: Task, as_of: date) -> str:
    """Every enterprise with all features: the queries' answers joined to the register."""
    queries = [*_plain(task, as_of), *_group_measures(task, as_of), *_monthly(task, as_of)]
    tables = " ".join(f"LEFT JOIN ({query}) USING (enterprise_id)" for query in queries)
    listed = ", ".join(
        f"coalesce({name}, 0)::DOUBLE AS {name}" if m.kind in ZERO else f"{name}::DOUBLE AS {name}"
        for name, m in task.measures.items()
    )
    files = _text(str(task.folder / "enterprises.parquet"))
    return (
        f"SELECT enterprise_id, {_day(as_of)} AS as_of, {listed}"
        f" FROM (SELECT enterprise_id FROM {files}) {tables}"
    )


def _plain(task: Task, as_of: date) -> list[str]:
    """A query for the measures with a window, and one for those of all that is known."""
    queries = []
    for measures in alike(task.of_kinds(PLAIN), lambda m: reach([m]) > 0).values():
        listed = ", ".join(f"{_formula(task, m, as_of)} AS {n}" for n, m in measures.items())
        seen = _visible_rows(measures, as_of)
        queries.append(f"SELECT enterprise_id, {listed} FROM {seen} GROUP BY enterprise_id")
    return queries


def _visible_rows(measures: Mapping[str, Measure], as_of: date) -> str:
    """The visible rows of the days that some of the measures look at."""
    first, _ = Rows(reach(measures.values()), 0, ()).edges(as_of)
    return f"(FROM seen WHERE declared_on >= {_day(first)})" if first else "seen"


def _formula(task: Task, m: Measure, as_of: date) -> str:
    """The measure by its parts."""
    first, *second = (_aggregate(task, part, as_of) for part in aggregates_of(m))
    if m.kind in ("share", "value_share"):
        return f"coalesce({first}, 0) / nullif({second[0]}, 0)"
    if m.kind in ("growth", "growth_on_year"):
        now, then = f"coalesce({first}, 0)", f"coalesce({second[0]}, 0)"
        return f"2 * ({now} - {then}) / nullif(abs({now}) + abs({then}), 0)"
    since = m.kind in ("months_since_last", "months_since_first")
    return f"({_day(as_of)} - {first}) / {MONTH_DAYS}" if since else first


def _aggregate(task: Task, part: Aggregate, as_of: date) -> str:
    function = {"mean": "avg"}.get(part.function, part.function)
    return f"{function}({part.column}){_filter(task, part.rows, as_of)}"


def _group_measures(task: Task, as_of: date) -> list[str]:
    """A query for each column of groups: sums and last days by group, then over the groups."""
    return [
        _over_groups(task, by, measures, as_of)
        for by, measures in alike(task.of_kinds(GROUPED), group_column).items()
    ]


def _over_groups(task: Task, by: str, measures: Mapping[str, Measure], as_of: date) -> str:
    inner: dict[str, str] = {}
    outer = []
    for name, m in measures.items():
        if m.kind == "distinct":
            last = f"max(declared_on){_filter(task, Rows(0, 0, m.where), as_of)}"
            place = inner.setdefault(last, f"g{len(inner)}")
            start, _ = window_rows(m).edges(as_of)
            tests = f" FILTER (WHERE {place} >= {_day(start)})" if start else ""
            outer.append(f"count({place}){tests} AS {name}")
            continue
        part = f"sum(coalesce({m.column}, 0)){_filter(task, window_rows(m), as_of)}"
        place = inner.setdefault(part, f"g{len(inner)}")
        upper = f"max({place})" if m.kind == "top_share" else f"sum({place} * {place})"
        lower = f"sum({place})" if m.kind == "top_share" else f"pow(sum({place}), 2)"
        outer.append(f"{upper} / nullif({lower}, 0) AS {name}")
    listed = ", ".join(f"{what} AS {place}" for what, place in inner.items())
    return (
        f"SELECT enterprise_id, {', '.join(outer)} FROM (SELECT enterprise_id, {listed}"
        f" FROM {_visible_rows(measures, as_of)} WHERE {by} IS NOT NULL GROUP BY enterprise_id, {by})"
        " GROUP BY enterprise_id"
    )


def _monthly(task: Task, as_of: date) -> list[str]:
    """One query: totals and counts by enterprise and month, then over the months."""
    measures = task.of_kinds(MONTHLY)
    if not measures:
        return []
    inner: dict[str, str] = {}
    outer = [f"{_over_months(task, m, inner)} AS {name}" for name, m in measures.items()]
    listed = ", ".join(f"{what} AS {place}" for what, place in inner.items())
    by_month = (
        f"SELECT enterprise_id, date_diff('month', declared_on, {_day(as_of)}) - 1 AS bucket,"
        f" {listed} FROM {_visible_rows(measures, as_of)} GROUP BY ALL"
    )
    return [f"SELECT enterprise_id, {', '.join(outer)} FROM ({by_month}) GROUP BY enterprise_id"]


def _over_months(task: Task, m: Measure, inner: dict[str, str]) -> str:
    """An aggregate over the months that have rows; the others are zeros that it counts in."""
    flag = task.flags.get(m.where)
    rows = f" FILTER (WHERE {flag})" if flag else ""
    count = inner.setdefault(f"nullif(count(*){rows}, 0)", f"n{len(inner)}")
    inside = f" FILTER (WHERE bucket < {m.months})"
    if m.kind == "months_active":
        return f"count({count}){inside}"
    if m.kind == "longest_gap":
        # the months as the digits of a binary number: a gap is a run of zeros
        digits = (
            f"bin(sum(1::HUGEINT << bucket) FILTER (WHERE {count} > 0 AND bucket < {m.months}))"
        )
        runs = f"string_split(lpad({digits}, {m.months}, '0'), '1')"
        return f"list_max(list_transform({runs}, lambda run: length(run)))"
    total = inner.setdefault(f"sum(coalesce({m.column}, 0)){rows}", f"t{len(inner)}")
    mean = f"(sum({total}){inside} / {m.months})"
    if m.kind == "trend":
        steps = m.months * (m.months**2 - 1) / 12
        upper = f"sum(({(m.months - 1) / 2} - bucket) * {total}){inside} / nullif({steps}, 0)"
    else:
        some = f"count({total}){inside}"
        between = f"avg({total}){inside} ** 2 * ({m.months} - {some}) / {m.months}"
        upper = f"sqrt({some} * (var_pop({total}){inside} + {between}) / {m.months})"
    return f"CASE WHEN {mean} > 0 THEN {upper} / {mean} END"


def _filter(task: Task, rows: Rows, as_of: date) -> str:
    first, last = rows.edges(as_of)
    flag = task.flags.get(rows.where)
    tests = [flag] if flag else []
    tests += [f"declared_on >= {_day(first)}"] if first else []
    tests += [f"declared_on < {_day(last)}"] if last else []
    return f" FILTER (WHERE {' AND '.join(tests)})" if tests else ""


def _all(where: Where) -> str:
    return " AND ".join(_condition(condition) for condition in where)


def _condition(condition: Condition) -> str:
    name, word = condition.column, condition.word
    if condition.operator == "missing":
        return f"({name} IS NULL)"
    words = word if isinstance(word, tuple) else (word,)
    if condition.operator in ("is", "is_not"):
        one_of = f"coalesce({name} IN ({', '.join(_literal(one) for one in words)}), false)"
        return one_of if condition.operator == "is" else f"NOT {one_of}"
    return f"coalesce({name} {COMPARED[condition.operator]} {_literal(words[0])}, false)"


def _literal(word: Word) -> str:
    if isinstance(word, bool):
        return str(word).lower()
    return _text(word) if isinstance(word, str) else repr(float(word))


def _text(word: str) -> str:
    return "'" + word.replace("'", "''") + "'"


def _day(day: date) -> str:
    return f"DATE '{day}'"
