"""The aggregates: one function each, from a measure to SQL over visible rows.

Sums run over decimals, so they are exact and no order of rows or threads can change a bit.
"""

from collections.abc import Callable, Mapping

from riskmodel.features.language import Condition, Measure, Word

COMPARED = {
    "is": "=",
    "is_not": "IS DISTINCT FROM",
    "above": ">",
    "at_least": ">=",
    "below": "<",
    "at_most": "<=",
}
MONTH_DAYS = 30.4375


def literal(word: Word) -> str:
    """A word of a condition as SQL."""
    if isinstance(word, bool):
        return str(word).lower()
    if isinstance(word, str):
        return "'" + word.replace("'", "''") + "'"
    return repr(word)


def condition_sql(condition: Condition) -> str:
    """A condition as SQL; never null."""
    name, words = condition.column, condition.word
    if condition.operator == "missing":
        return f"({name} IS NULL)"
    if condition.operator == "open":
        return f"({name} IS NULL OR {name} >= as_of)"
    if isinstance(words, tuple):
        test = f"{name} IN ({', '.join(literal(word) for word in words)})"
        return f"coalesce({test}, false)"
    return f"coalesce({name} {COMPARED[condition.operator]} {literal(words)}, false)"


def rows_sql(measure: Measure) -> str:
    """The FILTER clause: the measure's window and its conditions."""
    tests = [f"event_on >= s_{measure.months}"] if measure.months else []
    tests += [condition_sql(condition) for condition in measure.where]
    return f" FILTER (WHERE {' AND '.join(tests)})" if tests else ""


def both(measure: Measure) -> str:
    """The FILTER clause of the rows that also meet the share's condition."""
    met = Measure("", "", measure.months, measure.where + measure.met)
    return rows_sql(met)


def exact_sum(column: str, rows: str) -> str:
    """A sum without rounding on the way."""
    return f"sum(CAST({column} AS DECIMAL(38, 6))){rows}::DOUBLE"


def _count(m: Measure) -> str:
    return f"count(*){rows_sql(m)}::DOUBLE"


def _total(m: Measure) -> str:
    return f"coalesce({exact_sum(m.column, rows_sql(m))}, 0)"


def _mean(m: Measure) -> str:
    rows = rows_sql(m)
    return f"{exact_sum(m.column, rows)} / nullif(count({m.column}){rows}, 0)"


def _largest(m: Measure) -> str:
    return f"max({m.column}){rows_sql(m)}::DOUBLE"


def _smallest(m: Measure) -> str:
    return f"min({m.column}){rows_sql(m)}::DOUBLE"


def _distinct(m: Measure) -> str:
    return f"count(DISTINCT {m.column}){rows_sql(m)}::DOUBLE"


def _share(m: Measure) -> str:
    return f"count(*){both(m)}::DOUBLE / nullif(count(*){rows_sql(m)}, 0)"


def _value_share(m: Measure) -> str:
    met, whole = exact_sum(m.column, both(m)), exact_sum(m.column, rows_sql(m))
    return f"CASE WHEN {whole} <> 0 THEN coalesce({met}, 0) / {whole} END"


def _months_since_last(m: Measure) -> str:
    return f"(any_value(as_of) - max(event_on){rows_sql(m)}) / {MONTH_DAYS}"


def _months_since_first(m: Measure) -> str:
    return f"(any_value(as_of) - min(event_on){rows_sql(m)}) / {MONTH_DAYS}"


PLAIN: Mapping[str, Callable[[Measure], str]] = {
    "count": _count,
    "total": _total,
    "mean": _mean,
    "largest": _largest,
    "smallest": _smallest,
    "distinct": _distinct,
    "share": _share,
    "value_share": _value_share,
    "months_since_last": _months_since_last,
    "months_since_first": _months_since_first,
}
"""Aggregates of one pass over the rows of an enterprise and date."""

GROUPED: Mapping[str, str] = {
    "top_share": "max(part) / nullif(max(whole), 0)",
    "herfindahl": "sum((part / whole) ** 2 ORDER BY part) FILTER (WHERE whole <> 0)",
}
"""Aggregates over the groups' parts of the whole."""

EMPTY_IS_ZERO = frozenset({"count", "total", "distinct", "months_active"})
"""Aggregates that are 0, not missing, for an enterprise without rows."""
