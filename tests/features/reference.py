"""Every feature, slowly and plainly: the contract's words as code, to hold the engine against.

Nothing here is taken from the engine. Rows are dicts with None for null; sums are fractions of the
decimals as they are written, so that .1 + .2 - .3 is 0.
"""

import math
import operator
from calendar import monthrange
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import cache, cached_property
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from riskmodel.features import DEFINITIONS, definitions_by_name
from riskmodel.features.catalogue import with_operands
from riskmodel.features.spec import Condition, Expression, FeatureDefinition, Measure
from riskmodel.months import lunar_year_days
from riskmodel.sources import Source
from riskmodel.tables.canonical import CANONICAL

Row = dict[str, Any]
MONTH_DAYS = 30.4375


def reference(
    source: Source,
    rows: pd.DataFrame,
    definitions: Sequence[FeatureDefinition],
    *,
    cny_per_usd: float,
) -> pd.DataFrame:
    """Every feature's value for every row (`enterprise_id`, `as_of`): a column a feature."""
    with_all = with_operands(
        definitions, definitions_by_name(DEFINITIONS) | definitions_by_name(definitions)
    )
    tables = {name: table.to_pylist() for name, table in source.tables.items()}

    @cache
    def past(day: date) -> Past:
        return Past(tables, day, ZoneInfo(source.timezone), past)

    found = []
    for who, as_of in zip(rows["enterprise_id"], rows["as_of"], strict=True):
        values: dict[str, Any] = {}
        for feature in with_all:
            if isinstance(feature.value, Expression):
                parts = [values[name] for name in feature.value.operands]
                values[feature.name] = expressed(feature.value, parts)
            else:
                values[feature.name] = measured(feature, past(as_of.date()), who)
                if feature.value.kind == "exchange_rate" and values[feature.name] is None:
                    values[feature.name] = cny_per_usd
        found.append(values)
    frame = pd.DataFrame(found, columns=[feature.name for feature in definitions], dtype=object)
    return frame.astype({feature.name: float for feature in definitions if not feature.category})


def measured(feature: FeatureDefinition, past: "Past", who: str) -> Any:
    """A measure's value for one enterprise on one day; None where it is missing."""
    measure = feature.value
    rows = [row for row in past.of(feature.table, who) if meets(row, measure.where, past.day)]
    value = KINDS[measure.kind](measure, Seen(rows, past.day, measure.months))
    return float(value) if isinstance(value, Fraction) else value


def expressed(derived: Expression, parts: list[float | None]) -> float | None:
    """An expression's value out of its features' values; `if_undefined` where it has none of its own."""
    first = parts[0]
    if derived.kind == "log":
        return math.log(first) if first is not None and first > 0 else derived.if_undefined
    if derived.kind == "ratio" and not parts[1]:
        return derived.if_undefined
    if None in parts:
        return None
    if derived.kind == "ratio":
        return first / parts[1]
    if derived.kind == "difference":
        return first - parts[1]
    return math.prod(parts) if derived.kind == "product" else sum(parts)


def differing(
    found: pd.DataFrame, expected: pd.DataFrame, definitions: Iterable[FeatureDefinition]
) -> list[str]:
    """The features that differ by more than a billionth, in what is missing, or in a text."""
    return [
        feature.name
        for feature in definitions
        if not alike(found[feature.name], expected[feature.name])
    ]


def alike(found: pd.Series, expected: pd.Series) -> bool:
    """Whether two columns agree, row by row."""
    if expected.dtype == float:
        # What is 0 in decimals may be a little beside it in doubles.
        return np.allclose(found, expected, rtol=1e-9, atol=1e-12, equal_nan=True)
    return found.astype(object).where(found.notna(), None).tolist() == expected.tolist()


# What counts at a date


def back(day: date, months: int) -> date:
    """The same day so many calendar months before, clipped at the month's end."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def happened(row: Row, event: str) -> date:
    """When a row happened: a month's record speaks of the month's last day."""
    day = row[event]
    return day.replace(day=monthrange(day.year, day.month)[1]) if event == "month" else day


@dataclass(frozen=True)
class Past:
    """What was known of a source, and had happened, at the start of a day in the zone."""

    tables: dict[str, list[Row]]
    day: date
    zone: ZoneInfo
    at: Callable[[date], "Past"]
    related: dict[tuple[str, str], list[Row]] = field(default_factory=dict)

    def newest(self, table: str) -> list[Row]:
        """The newest version known of each key, unless it is withdrawn."""
        cut = datetime(self.day.year, self.day.month, self.day.day, tzinfo=self.zone)
        known = [row for row in self.tables.get(table, ()) if row["known_at"] < cut]
        newest = {}
        for row in sorted(known, key=lambda row: row["known_at"]):
            newest[tuple(row[name] for name in CANONICAL[table].key)] = row
        return [row for row in newest.values() if not row["withdrawn"]]

    def rows(self, table: str) -> list[Row]:
        """The rows of a table that count, in canonical order."""
        key, event = CANONICAL[table].key, CANONICAL[table].event
        if not event:
            return self.newest(table)
        rows = [row | {"event": happened(row, event)} for row in self.newest(table)]
        before = [row for row in rows if row["event"] < self.day]
        return sorted(before, key=lambda row: [row["event"], *(row[name] for name in key)])

    @cached_property
    def owned(self) -> dict[tuple[str, str | None], list[Row]]:
        """The rows that count by table and enterprise; a month of a line names none."""
        owned = defaultdict(list)
        for name in self.tables:
            for row in self.rows(name) if CANONICAL[name].timed else ():
                owned[name, row.get("enterprise_id")].append(row)
        return owned

    def of(self, name: str, who: str) -> list[Row]:
        """The rows of a table or relation that count for an enterprise."""
        if name in RELATIONS and (name, who) not in self.related:
            self.related[name, who] = list(RELATIONS[name](self, who))
        return self.related[name, who] if name in RELATIONS else self.owned[name, who]

    @cached_property
    def pool(self) -> "Pool":
        """What all enterprises sold in the twelve months before the day."""
        owners = {who for name, who in self.owned if name == "declarations"}
        sales = [
            row
            for who in owners
            for row in self.of("settlement", who)
            if row.get("status") != "cancelled" and row["fob_usd"] > 0
        ]
        return Pool([row for row in sales if row["event"] >= back(self.day, 12)])


def meets(row: Row, conditions: Iterable[Condition], as_of: date) -> bool:
    """Whether a row stands as every condition says."""
    return all(holds(row[one.column], one, as_of) for one in conditions)


def holds(value: Any, condition: Condition, as_of: date) -> bool:
    """Whether a value stands so to the condition's word, or to any of its words."""
    words = condition.word if isinstance(condition.word, tuple) else (condition.word,)
    if condition.operator == "missing":
        return value is None
    if condition.operator == "open":
        return value is None or value >= as_of
    if condition.operator == "is_not":
        return value not in words
    if condition.operator == "is":
        return value in words
    return value is not None and COMPARED[condition.operator](value, condition.word)


COMPARED = {
    "above": operator.gt,
    "at_least": operator.ge,
    "below": operator.lt,
    "at_most": operator.le,
}


# Relations: what the rows of a table are together with those of another


def settlement(past: Past, who: str) -> Iterator[Row]:
    """Declarations with what has been received for them; half of the value counts as paid."""
    for row in past.of("declarations", who):
        number, day, fob = row["declaration_id"], row["event"], exact(row["fob_usd"])
        receipts = [one for one in past.of("receipts", who) if one["declaration_id"] == number]
        received = total_of(receipts, "amount_usd")
        paid = received >= fob / 2
        paid_on = max((one["event"] for one in receipts), default=None)
        until = paid_on if paid else past.day
        yield row | {
            "age_days": (past.day - day).days,
            "received_usd": float(received),
            "paid_on": paid_on,
            "days_to_cash": (paid_on - day).days if paid and paid_on else None,
            "days_late": (until - day).days - (row.get("terms_days") or 0) if until else None,
            "days_unpaid": None if paid else (past.day - day).days,
            "unpaid_usd": float(max(fob - received, 0)),
        }


def accounts(past: Past, who: str) -> Iterator[Row]:
    """Each account's newest record, if it is of the last three months."""
    newest = {(row["lender"], row["account_id"]): row for row in past.of("bank_records", who)}
    for row in past.of("bank_records", who):
        if row is newest[row["lender"], row["account_id"]] and row["event"] >= back(past.day, 3):
            yield row


def line_months(past: Past, who: str) -> Iterator[Row]:
    """The months of the programme's lines that are the enterprise's, with the line's limit."""
    lines = {line["line_id"]: line for line in past.newest("lines")}
    for row in past.owned["line_months", None]:
        line = lines.get(row["line_id"])
        if line and line["enterprise_id"] == who:
            yield row | {"limit_cny": line["limit_cny"]}


def received(past: Past, who: str) -> Iterator[Row]:
    """Receipts, and whether they name a declaration and a buyer of the enterprise."""
    declarations = past.of("declarations", who)
    numbers = {row["declaration_id"]: row["event"] for row in declarations}
    buyers = {row.get("buyer_id") for row in declarations}
    for row in past.of("receipts", who):
        payer = row.get("payer_id")
        yield row | {
            "matched": row["declaration_id"] in numbers,
            "days_since_declared": days_between(numbers.get(row["declaration_id"]), row["event"]),
            "payer_is_buyer": None if payer is None else payer in buyers,
        }


def days_between(start: date | None, end: date) -> int | None:
    return (end - start).days if start else None


def lines_in_force(past: Past, who: str) -> Iterator[Row]:
    """The lines that are not expired, or still drawn by their newest month, with that month's words."""
    newest = {month["line_id"]: month for month in past.of("line_months", who)}
    for line in past.of("lines", who):
        month = newest.get(line["line_id"], {})
        drawn, expires = month.get("drawn_cny"), line.get("expires_on")
        if expires is None or expires >= past.day or (drawn or 0) > 0:
            yield line | {"drawn_cny": drawn, "days_past_due": month.get("days_past_due")}


def month_ends(past: Past, who: str) -> Iterator[Row]:
    """Declarations, and the days of their month that were left."""
    for row in past.of("declarations", who):
        day = row["event"]
        yield row | {"days_to_month_end": monthrange(day.year, day.month)[1] - day.day}


def round_trips(past: Past, who: str) -> Iterator[Row]:
    """Declarations, and whether the sale came back whole from its buyer."""
    rows = past.of("declarations", who)
    counting = [row for row in rows if row.get("status") != "cancelled"]
    for row in rows:
        sale = row in counting and row["fob_usd"] > 0 and row["buyer_id"] is not None
        came_back = [
            one
            for one in counting
            if one["fob_usd"] == -row["fob_usd"]
            and one["buyer_id"] == row["buyer_id"]
            and one["event"] >= row["event"]
        ]
        yield row | {"came_back": sale and len(came_back) > 0}


def market(past: Past, who: str) -> Iterator[Row]:
    """Declarations, and what all enterprises' sales, as known when the month began, say of them."""
    pool = past.at(past.day.replace(day=1)).pool
    for row in past.of("declarations", who):
        named = row.get("buyer_id") is not None
        sales = [
            sale for sale in pool.to_buyer[row.get("buyer_id")] if sale["enterprise_id"] != who
        ]
        late = [sale for sale in sales if sale["days_late"] is not None and sale["days_late"] > 30]
        others, others_late = total_of(sales, "fob_usd"), total_of(late, "fob_usd")
        own, median = unit_value(row), pool.median(row)
        yield row | {
            "buyer_others_usd": float(others) if named else None,
            "buyer_others_late_usd": float(others_late) if named else None,
            "buyer_others_late_share": float(others_late / others) if named and others else None,
            "unit_value_to_median": own / median if own and median else None,
        }


@dataclass(frozen=True)
class Pool:
    """All enterprises' sales of a year."""

    sales: list[Row]

    @cached_property
    def to_buyer(self) -> dict[str | None, list[Row]]:
        """The sales by buyer."""
        found = defaultdict(list)
        for row in self.sales:
            found[row.get("buyer_id")].append(row)
        return found

    @cached_property
    def steps(self) -> dict[tuple[str, str], list[int]]:
        """The steps of a hundredth of a logarithm in which unit values lie, by goods and unit."""
        found = defaultdict(list)
        for row in self.sales:
            if unit_value(row):
                found[row["hs_code"], row["unit"]].append(
                    math.floor(100 * math.log(unit_value(row)))
                )
        return found

    def median(self, row: Row) -> float | None:
        """The lower median of the unit values of the row's goods, if there are ten."""
        steps = sorted(self.steps[row.get("hs_code"), row.get("unit")])
        return math.exp((steps[(len(steps) - 1) // 2] + 0.5) / 100) if len(steps) >= 10 else None


def unit_value(row: Row) -> float | None:
    """What one unit of the goods was worth, where that can be known."""
    named = row.get("hs_code") is not None and row.get("unit") is not None
    if named and (row.get("quantity") or 0) > 0 and row["fob_usd"] > 0:
        return row["fob_usd"] / row["quantity"]
    return None


def rates(past: Past, _: str) -> Iterator[Row]:
    """The exchange rates of the days before."""
    return (row for row in past.tables.get("fx_rates", ()) if row["on"] < past.day)


RELATIONS: dict[str, Callable[[Past, str], Iterable[Row]]] = {
    "settlement": settlement,
    "accounts": accounts,
    "line_months": line_months,
    "lines_in_force": lines_in_force,
    "month_ends": month_ends,
    "receipt_matches": received,
    "round_trips": round_trips,
    "market": market,
    "fx_rates": rates,
}


# Kinds: one value from the rows that meet the measure's conditions


@dataclass(frozen=True)
class Seen:
    """The rows that count for a measure, oldest first; its window is of so many months."""

    rows: list[Row]
    as_of: date
    months: int

    def between(self, start: date, end: date) -> list[Row]:
        """The rows from one day until before another."""
        return [row for row in self.rows if start <= row["event"] < end]

    def ago(self, first: int, last: int) -> list[Row]:
        """The rows of the months from `first` until `last` months before."""
        return self.between(back(self.as_of, first), back(self.as_of, last))

    @property
    def window(self) -> list[Row]:
        """The rows of the window; all that is known where it is of no months."""
        return self.ago(self.months, 0) if self.months else self.rows

    @property
    def each_month(self) -> list[list[Row]]:
        """The rows of each month of the window, oldest first."""
        return [self.ago(month + 1, month) for month in reversed(range(self.months))]


Value = Fraction | float | str | None


@cache
def exact(value: float) -> Fraction:
    """A number as its shortest decimal says."""
    return Fraction(repr(float(value)))


def values(rows: Iterable[Row], column: str) -> list[Any]:
    """The values that are there."""
    return [row[column] for row in rows if row[column] is not None]


def total_of(rows: Iterable[Row], column: str) -> Fraction:
    """The sum; null counts as nothing."""
    return sum(map(exact, values(rows, column)), Fraction(0))


def part(upper: Fraction | int, lower: Fraction | int) -> Fraction | None:
    """One over the other; missing where that is 0."""
    return Fraction(upper) / lower if lower else None


def grown(now: Fraction, then: Fraction) -> Fraction | None:
    """The difference over the mean of both sizes."""
    return part(now - then, (abs(now) + abs(then)) / 2)


def months_to(day: date, end: date) -> float:
    return (end - day).days / MONTH_DAYS


def groups(rows: Iterable[Row], measure: Measure) -> dict[Any, Fraction]:
    """The sum of each group; rows without a group are left out."""
    found: dict[Any, list[Row]] = defaultdict(list)
    for row in rows:
        if row[measure.by] is not None:
            found[row[measure.by]].append(row)
    return {group: total_of(members, measure.column) for group, members in found.items()}


def count(_: Measure, seen: Seen) -> Value:
    return float(len(seen.window))


def total(measure: Measure, seen: Seen) -> Value:
    return total_of(seen.window, measure.column)


def total_if_any(measure: Measure, seen: Seen) -> Value:
    return total(measure, seen) if values(seen.window, measure.column) else None


def mean(measure: Measure, seen: Seen) -> Value:
    return part(total(measure, seen), len(values(seen.window, measure.column)))


def largest(measure: Measure, seen: Seen) -> Value:
    return max(values(seen.window, measure.column), default=None)


def smallest(measure: Measure, seen: Seen) -> Value:
    return min(values(seen.window, measure.column), default=None)


def distinct(measure: Measure, seen: Seen) -> Value:
    return float(len(set(values(seen.window, measure.column))))


def met(measure: Measure, seen: Seen) -> list[Row]:
    return [row for row in seen.window if meets(row, measure.condition, seen.as_of)]


def share(measure: Measure, seen: Seen) -> Value:
    return part(len(met(measure, seen)), len(seen.window))


def value_share(measure: Measure, seen: Seen) -> Value:
    return part(total_of(met(measure, seen), measure.column), total(measure, seen))


def months_since_last(_: Measure, seen: Seen) -> Value:
    return months_to(seen.window[-1]["event"], seen.as_of) if seen.window else None


def months_since_first(_: Measure, seen: Seen) -> Value:
    return months_to(seen.window[0]["event"], seen.as_of) if seen.window else None


def top_share(measure: Measure, seen: Seen) -> Value:
    sums = groups(seen.window, measure).values()
    return part(max(sums, default=0), sum(sums))


def top_group(measure: Measure, seen: Seen) -> Value:
    sums = groups(seen.window, measure)
    return min(sums, key=lambda group: (-sums[group], group), default=None)


def herfindahl(measure: Measure, seen: Seen) -> Value:
    sums = groups(seen.window, measure).values()
    return part(sum(one**2 for one in sums), sum(sums) ** 2)


def months_active(_: Measure, seen: Seen) -> Value:
    return float(sum(len(month) > 0 for month in seen.each_month))


def longest_gap(_: Measure, seen: Seen) -> Value:
    signs = "".join("x" if month else " " for month in seen.each_month)
    return float(max(map(len, signs.split("x")))) if seen.window else None


def monthly(measure: Measure, seen: Seen) -> list[Fraction]:
    return [total_of(month, measure.column) for month in seen.each_month]


def volatility(measure: Measure, seen: Seen) -> Value:
    totals = monthly(measure, seen)
    middle = sum(totals) / len(totals)
    variance = sum((one - middle) ** 2 for one in totals) / len(totals)
    return math.sqrt(variance) / float(middle) if middle > 0 else None


def trend(measure: Measure, seen: Seen) -> Value:
    totals = monthly(measure, seen)
    middle, half = sum(totals) / len(totals), Fraction(len(totals) - 1, 2)
    upper = sum((month - half) * one for month, one in enumerate(totals))
    slope = part(upper, sum((month - half) ** 2 for month in range(len(totals))))
    return slope / middle if middle > 0 and slope is not None else None


def peak_share(measure: Measure, seen: Seen) -> Value:
    totals = monthly(measure, seen)
    return max(totals) / sum(totals) if sum(totals) > 0 else None


def growth(measure: Measure, seen: Seen) -> Value:
    then = seen.ago(2 * seen.months, seen.months)
    return grown(total(measure, seen), total_of(then, measure.column))


def growth_on_year(measure: Measure, seen: Seen) -> Value:
    then = seen.ago(seen.months + 12, 12)
    return grown(total(measure, seen), total_of(then, measure.column))


def growth_on_lunar_year(measure: Measure, seen: Seen) -> Value:
    start, end = back(seen.as_of, seen.months), seen.as_of
    year = timedelta(days=lunar_year_days(start, end))
    then = seen.between(start - year, end - year)
    return grown(total(measure, seen), total_of(then, measure.column))


def new_share(measure: Measure, seen: Seen) -> Value:
    now = groups(seen.window, measure)
    old = groups(seen.between(date.min, back(seen.as_of, seen.months)), measure)
    return part(sum(now[group] for group in now if group not in old), sum(now.values()))


def lost_share(measure: Measure, seen: Seen) -> Value:
    now = groups(seen.window, measure)
    then = groups(seen.ago(2 * seen.months, seen.months), measure)
    return part(sum(then[group] for group in then if group not in now), sum(then.values()))


def lag(measure: Measure, seen: Seen) -> Value:
    rows = [row for row in seen.window if row[measure.column] is not None]
    days = [
        (row[measure.column] - row["event"]).days
        for row in rows
        if row[measure.column] < seen.as_of
    ]
    return part(sum(days), len(days))


def latest(measure: Measure, seen: Seen) -> Value:
    value = seen.window[-1][measure.column] if seen.window else None
    return None if value is None else float(value)


def category(measure: Measure, seen: Seen) -> Value:
    return seen.window[-1][measure.column] if seen.window else None


def months_from(measure: Measure, seen: Seen) -> Value:
    day = seen.window[-1][measure.column] if seen.window else None
    return None if day is None else months_to(day, seen.as_of)


def exchange_rate(measure: Measure, seen: Seen) -> Value:
    rates = {
        row["on"]: row["usd_per_unit"] for row in seen.rows if row["currency"] == measure.column
    }
    return 1 / rates[max(rates)] if rates else None


KINDS: dict[str, Callable[[Measure, Seen], Value]] = {
    kind.__name__: kind
    for kind in (
        *(count, total, total_if_any, mean, largest, smallest, distinct, share, value_share),
        *(months_since_last, months_since_first, lag, latest, category, months_from),
        *(top_share, top_group, herfindahl, new_share, lost_share),
        *(months_active, longest_gap, volatility, trend, peak_share),
        *(growth, growth_on_year, growth_on_lunar_year, exchange_rate),
    )
}
