"""The language of feature definitions: a feature is declared without saying how it is computed."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Risk = Literal["rises", "falls", "none"]
"""Direction of default risk as the feature grows; "none" where both are plausible."""

Word = str | float | int | bool
Operator = Literal["is", "is_not", "above", "at_least", "below", "at_most", "missing", "open"]

EXTRA_MONTHS: Mapping[str, Callable[[int], int]] = MappingProxyType(
    {
        "growth": lambda months: months,
        "lost_share": lambda months: months,
        "growth_on_year": lambda months: 12,
        "growth_on_lunar_year": lambda months: 13,
    }
)
"""The kinds that hold a window against an earlier one, and the months by which that reaches back."""

TEXT_KINDS = frozenset({"category", "top_group"})
"""The kinds of measures whose value is a text."""


@dataclass(frozen=True)
class Condition:
    """A row counts only if its column stands so to the word.

    `is_not` holds for null too; `missing` is null; `open` is null, or a date on or after `as_of`.
    Every other comparison fails on null.
    """

    column: str
    operator: Operator
    word: Word | tuple[Word, ...] = ""


@dataclass(frozen=True)
class Measure:
    """One aggregate over the rows of one table that are known and fall into the window.

    `kind` names the aggregate; `months` is the window `[as_of - months, as_of)`, 0 for all that
    is known; `by` the column whose groups are compared; `condition` the condition of a share.
    """

    kind: str
    column: str = ""
    months: int = 0
    where: tuple[Condition, ...] = ()
    by: str = ""
    condition: tuple[Condition, ...] = ()

    @property
    def columns(self) -> frozenset[str]:
        """Every column that the measure reads."""
        named = {self.column, self.by} | {c.column for c in (*self.where, *self.condition)}
        return frozenset(named - {""})

    @property
    def required_columns(self) -> frozenset[str]:
        """The columns without which the measure says nothing.

        An absent column is null throughout, so that `is_not` and `open` keep every row: what only
        these ask for need not be there.
        """
        asked = (*(c for c in self.where if c.operator not in ("is_not", "open")), *self.condition)
        return frozenset({self.column, self.by, *(c.column for c in asked)} - {""})

    @property
    def months_back(self) -> int:
        """Months that the measure looks back: its window, and the one it is compared with."""
        return self.months + EXTRA_MONTHS.get(self.kind, lambda months: 0)(self.months)


@dataclass(frozen=True)
class Expression:
    """An expression over other features; `if_undefined` stands where it has no value of its own.

    That is where a denominator is zero or missing, and where a logarithm's operand is not above 0.
    """

    kind: Literal["ratio", "product", "difference", "total", "log"]
    operands: tuple[str, ...]
    if_undefined: float | None = None


@dataclass(frozen=True)
class FeatureDefinition:
    """A feature's definition: meaning, unit, direction of risk, and the measure that gives it.

    `texts` are its meaning in English and Chinese, as dictionary and reasons show it.
    `family` groups features into one business reason. A feature with `model=False` serves rules and
    economics only and is never offered to a model. A `category` feature holds text.
    """

    name: str
    unit: str
    risk: Risk
    table: str
    value: Measure | Expression
    texts: tuple[str, str]
    family: str = ""
    model: bool = True

    @property
    def category(self) -> bool:
        """Return true where the feature is a text with few levels."""
        return isinstance(self.value, Measure) and self.value.kind in TEXT_KINDS

    @property
    def window(self) -> str:
        """The window in words, for the data dictionary."""
        if isinstance(self.value, Expression):
            return "as its parts"
        return f"{self.value.months} months" if self.value.months else "all that is known"


def feature(
    name: str,
    unit: str,
    risk: Risk,
    table: str,
    value: Measure | Expression,
    texts: tuple[str, str],
    *,
    family: str = "",
    model: bool = True,
) -> FeatureDefinition:
    """Declare a feature; see `FeatureDefinition` for what each argument means.

    >>> exports = feature(
    ...     "exports_usd_6m", "USD", "falls", "declarations",
    ...     total("fob_usd", months=6), ("Exports in the last six months", "近六个月出口额"),
    ...     family="size",
    ... )
    >>> exports.window
    '6 months'
    """
    return FeatureDefinition(name, unit, risk, table, value, texts, family, model)


def where(*conditions: Condition) -> tuple[Condition, ...]:
    """Several conditions, all of which must hold."""
    return conditions


def column(name: str, operator: Operator, word: Word | Iterable[Word] = "") -> Condition:
    """One condition; several words mean any of them."""
    plain = word if isinstance(word, (str, int, float, bool)) else tuple(word)
    return Condition(name, operator, plain)


Where = tuple[Condition, ...]


def count(*, months: int = 0, where: Where = ()) -> Measure:
    """Count rows.

    >>> sorted(count(months=6, where=(column("status", "is_not", "cancelled"),)).columns)
    ['status']
    """
    return Measure("count", "", months, where)


def total(column: str, *, months: int = 0, where: Where = ()) -> Measure:
    """Sum a column; 0 where there is no row.

    >>> exports = total("fob_usd", months=6)
    >>> exports.kind, exports.months_back
    ('total', 6)
    """
    return Measure("total", column, months, where)


def total_if_any(column: str, *, months: int = 0, where: Where = ()) -> Measure:
    """Sum a column; missing where no row has a value."""
    return Measure("total_if_any", column, months, where)


def mean(column: str, *, months: int = 0, where: Where = ()) -> Measure:
    """The mean of the values that are there; missing where there is none."""
    return Measure("mean", column, months, where)


def largest(column: str, *, months: int = 0, where: Where = ()) -> Measure:
    """The largest value; missing where there is none."""
    return Measure("largest", column, months, where)


def smallest(column: str, *, months: int = 0, where: Where = ()) -> Measure:
    """The smallest value; missing where there is none."""
    return Measure("smallest", column, months, where)


def distinct(column: str, *, months: int = 0, where: Where = ()) -> Measure:
    """Count different values; null is none."""
    return Measure("distinct", column, months, where)


def share(condition: Condition, *, months: int = 0, where: Where = ()) -> Measure:
    """Rows that meet the condition, over all rows; missing where there is no row."""
    return Measure("share", "", months, where, condition=(condition,))


def value_share(
    column: str, condition: Condition, *, months: int = 0, where: Where = ()
) -> Measure:
    """The sum over rows that meet the condition, over the whole sum; missing where that is 0."""
    return Measure("value_share", column, months, where, condition=(condition,))


def months_since_last(*, months: int = 0, where: Where = ()) -> Measure:
    """Months (30.4375 days) since the newest row."""
    return Measure("months_since_last", "", months, where)


def months_since_first(*, months: int = 0, where: Where = ()) -> Measure:
    """Months (30.4375 days) since the oldest row."""
    return Measure("months_since_first", "", months, where)


def top_share(column: str, *, by: str, months: int, where: Where = ()) -> Measure:
    """The largest group's part of the sum; rows without a group are left out."""
    return Measure("top_share", column, months, where, by)


def top_group(column: str, *, by: str, months: int, where: Where = ()) -> Measure:
    """The text of the group with the largest sum; missing where no row has a group.

    `by` is a column of text. Of groups whose sums are equal to a millionth it is the first in
    alphabetical order (of code points).
    """
    return Measure("top_group", column, months, where, by)


def herfindahl(column: str, *, by: str, months: int, where: Where = ()) -> Measure:
    """The sum of squared shares of the groups: 1 is one group."""
    return Measure("herfindahl", column, months, where, by)


def months_active(*, months: int, where: Where = ()) -> Measure:
    """In how many of the window's months there is a row."""
    return Measure("months_active", "", months, where)


def longest_gap(*, months: int, where: Where = ()) -> Measure:
    """The longest run of the window's months without a row."""
    return Measure("longest_gap", "", months, where)


def volatility(column: str, *, months: int, where: Where = ()) -> Measure:
    """Standard deviation of the monthly totals over their mean."""
    return Measure("volatility", column, months, where)


def trend(column: str, *, months: int, where: Where = ()) -> Measure:
    """Least-squares slope of the monthly totals, a month, over their mean."""
    return Measure("trend", column, months, where)


def growth(column: str, *, months: int, where: Where = ()) -> Measure:
    """The window against the one before: (now - then) / (now + then) * 2; between -2 and 2."""
    return Measure("growth", column, months, where)


def growth_on_year(column: str, *, months: int, where: Where = ()) -> Measure:
    """The window against the same months of the year before, as `growth`."""
    return Measure("growth_on_year", column, months, where)


def growth_on_lunar_year(column: str, *, months: int, where: Where = ()) -> Measure:
    """The window against the same days of the lunar year before, as `growth`.

    Both windows lie alike to their lunar new years: see `riskmodel.months.lunar_year_days`.
    """
    return Measure("growth_on_lunar_year", column, months, where)


def peak_share(column: str, *, months: int, where: Where = ()) -> Measure:
    """The largest month's part of the window's sum; missing where the sum is not above 0."""
    return Measure("peak_share", column, months, where)


def new_share(column: str, *, by: str, months: int, where: Where = ()) -> Measure:
    """The part of the window's sum with groups that no row before the window has.

    Rows without a group are left out; missing where the sum is 0.
    """
    return Measure("new_share", column, months, where, by)


def lost_share(column: str, *, by: str, months: int, where: Where = ()) -> Measure:
    """The part of the sum of the window before with groups that no row of this window has.

    Rows without a group are left out; missing where the sum is 0.
    """
    return Measure("lost_share", column, months, where, by)


def lag(column: str, *, months: int = 0, where: Where = ()) -> Measure:
    """Mean days from the row's event to the date in the column; rows without that date, or with
    one on or after `as_of`, are left out; missing where no row is left."""
    return Measure("lag", column, months, where)


def latest(column: str, *, months: int = 0, where: Where = ()) -> Measure:
    """The value as it stands in the newest row; missing where that is null.

    Of rows of one day the last by the table's key is the newest.
    """
    return Measure("latest", column, months, where)


def category(column: str) -> Measure:
    """The text as it stands in the newest row known."""
    return Measure("category", column)


def exchange_rate(currency: str) -> Measure:
    """Units of the currency for one US dollar, by the newest rate before `as_of`."""
    return Measure("exchange_rate", currency)


def months_from(column: str) -> Measure:
    """Months (30.4375 days) from the date in the newest row known to `as_of`."""
    return Measure("months_from", column)


def ratio(upper: str, lower: str, *, if_undefined: float | None = None) -> Expression:
    """One feature over another; `if_undefined` where the lower one is 0 or missing."""
    return Expression("ratio", (upper, lower), if_undefined)


def product(*operands: str) -> Expression:
    """Features multiplied."""
    return Expression("product", operands)


def difference(first: str, second: str) -> Expression:
    """One feature less another."""
    return Expression("difference", (first, second))


def sum_of(*operands: str) -> Expression:
    """Features added; missing where any is missing."""
    return Expression("total", operands)


def log(operand: str, *, if_undefined: float | None = None) -> Expression:
    """The natural logarithm of a feature; `if_undefined` where the feature is missing or not above 0."""
    return Expression("log", (operand,), if_undefined)
