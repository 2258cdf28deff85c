"""Declare a table: its columns with kind, meaning and trap, and its key."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Kind = Literal["id", "text", "code", "date", "instant", "number", "integer", "flag"]


@dataclass(frozen=True)
class Column:
    """One column of a declared table.

    `optional` columns may be null or absent altogether (`?` in the contract). `negative` says
    that values below zero have a meaning. `codes` closes the list of a `code` column's values;
    `pattern` is a regular expression that a whole text must match.
    """

    name: str
    kind: Kind
    meaning: str
    unit: str = ""
    optional: bool = False
    negative: bool = False
    codes: frozenset[str] = frozenset()
    pattern: str = ""

    @property
    def longest(self) -> int:
        """The most characters that a text of this column may have."""
        return 128 if self.kind == "id" else 1000

    @property
    def largest(self) -> float:
        """The largest size that a number of this column may have.

        Money is summed in whole hundredths of 64 bits: over 90,000 amounts of 10^12, a trillion,
        can be. Other currencies and units are smaller, and their numbers larger.
        """
        if self.kind == "integer":
            return 1e9
        return 1e12 if self.unit in ("CNY", "USD") else 1e15


@dataclass(frozen=True)
class Table:
    """A declared table: its key, its event date and its columns.

    `event` names the date on which a row happened ("" where there is none); if it is `month`,
    the row speaks of that month's end. `timed` tables carry `known_at` and, optionally,
    `withdrawn`.
    """

    name: str
    meaning: str
    key: tuple[str, ...]
    event: str
    columns: tuple[Column, ...]
    timed: bool = True
    open_columns: bool = False

    def column(self, name: str) -> Column:
        """The declared column of that name; `KeyError` if there is none."""
        return self.by_name[name]

    @property
    def by_name(self) -> Mapping[str, Column]:
        """The columns by name, in declared order."""
        return MappingProxyType({column.name: column for column in self.columns})

    @property
    def required_columns(self) -> tuple[str, ...]:
        """The columns that must be there and may not be null."""
        return tuple(column.name for column in self.columns if not column.optional)


def identifier(name: str, meaning: str, *, optional: bool = False) -> Column:
    """A text id of any characters, 1-128 long."""
    return Column(name, "id", meaning, optional=optional)


def text(name: str, meaning: str, *, optional: bool = True, pattern: str = "") -> Column:
    """A free text, or one that must match a pattern."""
    return Column(name, "text", meaning, optional=optional, pattern=pattern)


def code(name: str, meaning: str, codes: str | frozenset[str], *, optional: bool = True) -> Column:
    """A word from a closed list (given as a set, or as words between blanks)."""
    closed = frozenset(codes.split()) if isinstance(codes, str) else codes
    return Column(name, "code", meaning, optional=optional, codes=closed)


def day(name: str, meaning: str, *, optional: bool = False) -> Column:
    """A calendar date in the platform's time zone."""
    return Column(name, "date", meaning, optional=optional)


def money(
    name: str, meaning: str, unit: str = "CNY", *, optional: bool = True, negative: bool = False
) -> Column:
    """An amount of money, double."""
    return Column(name, "number", meaning, unit, optional=optional, negative=negative)


def number(
    name: str, meaning: str, unit: str, *, optional: bool = True, negative: bool = False
) -> Column:
    """A measured number, double."""
    return Column(name, "number", meaning, unit, optional=optional, negative=negative)


def integer(name: str, meaning: str, unit: str, *, optional: bool = True) -> Column:
    """A count, never below zero."""
    return Column(name, "integer", meaning, unit, optional=optional)


def flag(name: str, meaning: str, *, optional: bool = True) -> Column:
    """True or false."""
    return Column(name, "flag", meaning, optional=optional)
