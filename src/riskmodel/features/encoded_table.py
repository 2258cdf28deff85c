"""One table of one batch as plain arrays: days, instants, cents, codes."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pt
from numpy.typing import NDArray

from riskmodel.features.kernels import encode_by_enterprise
from riskmodel.features.spec import Condition, Where, Word
from riskmodel.sources.partitions.versions import UNTIL
from riskmodel.tables.declared import Table

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Days = NDArray[np.int32]
Places = NDArray[np.int64]

NEVER = np.int32(2**31 - 1)
"""The day of a date that is null."""
ALWAYS = np.int32(-(2**31))
"""The day of a row without an event: before any date."""
_FOREVER = 2**63 - 1
_MAX_IN_CENTS = 4e13


class Cache:
    """Makes each value when it is first asked for, and keeps it."""

    def __init__(self) -> None:
        self._kept: dict[Any, Any] = {}

    def __call__(self, key: Any, make: Callable[[], Any]) -> Any:
        """The value of the key."""
        if key not in self._kept:
            self._kept[key] = make()
        return self._kept[key]


class EncodedTable:
    """The rows of whole enterprises, in canonical order, with `known_at` and `known_until`.

    An absent column of numbers or dates is null throughout: a plan asks only for features that can
    do without it.

    `rows` is sorted by enterprise, event, key and `known_at`; `ids` are the batch's enterprises,
    sorted. Columns are turned into arrays when they are asked for, once.
    """

    def __init__(self, rows: pa.Table, declared: Table, ids: pa.Array) -> None:
        self.rows, self.declared = rows, declared
        self._ids = ids
        self._cache = Cache()

    @cached_property
    def offsets(self) -> Places:
        """Each enterprise's first row, and the number of rows; one more enterprise has none."""
        numbers = self.codes_among("enterprise_id", self._ids)
        return np.searchsorted(numbers, np.arange(len(self._ids) + 2)).astype(np.int64)

    @cached_property
    def known_at(self) -> NDArray[np.int64]:
        """The instant each row became known, in microseconds."""
        return _integers(self._column("known_at"), np.int64, -_FOREVER)

    @cached_property
    def known_until(self) -> NDArray[np.int64]:
        """The instant a later version became known; of a row taken back, that of its own."""
        until = _integers(self._column(UNTIL), np.int64, _FOREVER)
        withdrawn = np.asarray(self._column("withdrawn").fill_null(False))
        return np.where(withdrawn, self.known_at, until)

    @cached_property
    def event(self) -> Days:
        """The day on which each row happened: of a month's record, the month's last."""
        if not self.declared.event:
            return np.full(len(self.rows), ALWAYS, np.int32)
        days = self.days(self.declared.event)
        if self.declared.event != "month":
            return days
        after = days.astype("datetime64[D]").astype("datetime64[M]") + 1
        return after.astype("datetime64[D]").astype(np.int32) - np.int32(1)

    def has(self, name: str) -> bool:
        """Return true where the rows have the column."""
        return name in self.rows.column_names

    def is_text(self, name: str) -> bool:
        """Return true where the column holds text."""
        kind = self.rows.schema.field(name).type
        return bool(pt.is_string(kind) or pt.is_large_string(kind) or pt.is_dictionary(kind))

    def is_dictionary(self, name: str) -> bool:
        """Return true where the column comes dictionary-encoded."""
        return bool(pt.is_dictionary(self.rows.schema.field(name).type))

    def texts(self, name: str) -> pa.Array:
        """A column of text as it is."""
        return self._column(name)

    def number(self, name: str) -> Floats:
        """The column as numbers, NaN for null; flags are 1 and 0, dates days since 1970."""
        return self._cache(("number", name), lambda: self._number(name))

    def days(self, name: str) -> Days:
        """The column as days since 1970; `NEVER` for null."""
        return self._cache(("days", name), lambda: self._days(name))

    def codes(self, name: str) -> tuple[NDArray[np.int32], pa.Array]:
        """The column's words as codes within the batch, -1 for null, and the words."""
        return self._cache(("codes", name), lambda: _encode(self._column(name)))

    def codes_among(self, name: str, words: pa.Array) -> NDArray[np.int32]:
        """The column in the codes of the given words, -1 for null or another word."""
        codes, own = self.codes(name)
        places = np.asarray(pc.index_in(own, words).fill_null(-1)).astype(np.int32)
        return np.append(places, np.int32(-1))[codes]

    def local_codes(self, name: str) -> tuple[NDArray[np.int32], int]:
        """The column's words as codes within each enterprise, and how many one has at most."""
        return self._cache(("local", name), lambda: self._local(name))

    def ranks(self, name: str) -> NDArray[np.int32]:
        """Each row's place of its word among the batch's in alphabetical order, -1 for null."""
        codes, words = self.codes(name)
        return np.append(np.asarray(pc.rank(words)).astype(np.int32), np.int32(-1))[codes]

    def joint_codes(self, names: tuple[str, str]) -> tuple[NDArray[np.int32], int]:
        """Two columns together as codes within each enterprise, and how many there can be."""
        (one, most), (other, others) = self.local_codes(names[0]), self.local_codes(names[1])
        codes = np.where((one < 0) | (other < 0), -1, one * others + other)
        return codes.astype(np.int32), most * others

    def cents(self, name: str) -> tuple[NDArray[np.int64], Floats]:
        """The column as whole cents and what is left of each value; null is nothing."""
        return self._cache(("cents", name), lambda: split_cents(self.number(name)))

    def mask_of_one(self, condition: Condition) -> Flags:
        """Return which rows meet the condition, which does not depend on a date."""
        return self._cache(("met", condition), lambda: self._mask_of_one(condition))

    def mask(self, where: Where) -> Flags:
        """Return which rows meet all the conditions, none of which depends on a date."""
        return self._cache(("met", where), lambda: self._mask(where))

    def _mask(self, where: Where) -> Flags:
        keep = np.ones(len(self.rows), np.bool_)
        for condition in where:
            keep &= self.mask_of_one(condition)
        return keep

    def _mask_of_one(self, condition: Condition) -> Flags:
        if not self.has(condition.column):  # absent is null throughout
            return np.full(len(self.rows), condition.operator in ("is_not", "missing"))
        if not self.is_text(condition.column):
            return meets(self.number(condition.column), condition)
        codes, words = self.codes(condition.column)
        values = np.array([*words.to_pylist(), None], dtype=object)
        return np.array([_text_meets(word, condition) for word in values], dtype=np.bool_)[codes]

    def _local(self, name: str) -> tuple[NDArray[np.int32], int]:
        if self.is_text(name):
            codes, words = self.codes(name)
            count = len(words)
        else:
            codes, values = encode_numbers(self.number(name))
            count = len(values)
        local, most = encode_by_enterprise(codes, self.offsets, max(count, 1))
        return local, max(most, 1)

    def _number(self, name: str) -> Floats:
        return _floats(self._column(name)) if self.has(name) else np.full(len(self.rows), np.nan)

    def _days(self, name: str) -> Days:
        if not self.has(name):
            return np.full(len(self.rows), NEVER)
        return _integers(self._column(name), np.int32, int(NEVER))

    def _column(self, name: str) -> Any:
        return self._cache(("column", name), lambda: _one_chunk(self.rows[name]))


def split_cents(values: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Values as whole cents and the rest of each; the rest is empty where it is 0 throughout.

    Of a value with two decimals the rest is exactly 0. NaN counts as 0; what is too large to be
    counted in cents is all rest.
    """
    there = np.where(np.isnan(values), 0.0, values)
    cents = np.where(np.abs(there) < _MAX_IN_CENTS, np.rint(there * 100.0), 0.0)
    rest = there - cents / 100.0
    return cents.astype(np.int64), rest if rest.any() else np.empty(0)


def encode_numbers(values: Floats) -> tuple[NDArray[np.int32], Floats]:
    """Numbers as codes of their own, -1 for NaN."""
    there = ~np.isnan(values)
    found, places = np.unique(values[there], return_inverse=True)
    codes = np.full(len(values), -1, np.int32)
    codes[there] = places
    return codes, found


def meets(values: Floats, condition: Condition) -> Flags:
    """Return which numbers meet the condition; NaN is null."""
    word, operator = condition.word, condition.operator
    if operator == "missing":
        return np.isnan(values)
    if isinstance(word, tuple):
        inside = np.isin(values, [float(one) for one in word])
        return ~inside if operator == "is_not" else inside
    given = float(word)
    with np.errstate(invalid="ignore"):
        compared = {
            "is": lambda: values == given,
            "is_not": lambda: values != given,
            "above": lambda: values > given,
            "at_least": lambda: values >= given,
            "below": lambda: values < given,
            "at_most": lambda: values <= given,
        }
        return np.asarray(compared[operator]())


def _text_meets(text: str | None, condition: Condition) -> bool:
    if condition.operator == "missing":
        return text is None
    words: tuple[Word, ...] = (
        condition.word if isinstance(condition.word, tuple) else (condition.word,)
    )
    if condition.operator == "is_not":
        return text not in words
    return (
        text is not None
        and {
            "is": lambda: text in words,
            "above": lambda: text > str(words[0]),
            "at_least": lambda: text >= str(words[0]),
            "below": lambda: text < str(words[0]),
            "at_most": lambda: text <= str(words[0]),
        }[condition.operator]()
    )


def _one_chunk(column: Any) -> Any:
    if isinstance(column, pa.ChunkedArray):
        if pt.is_dictionary(column.type):
            column = column.unify_dictionaries()
        column = column.combine_chunks()
    return column.chunk(0) if isinstance(column, pa.ChunkedArray) else column


def _integers(column: Any, kind: Any, null: int) -> Any:
    """A date's or instant's number; `null` where it is null."""
    width = pa.int32() if kind is np.int32 else pa.int64()
    if pt.is_date32(column.type) or pt.is_timestamp(column.type):
        column = column.view(width) if _bits(column.type) == _bits(width) else column.cast(width)
    filled = column.fill_null(pa.scalar(null, column.type)) if column.null_count else column
    return np.asarray(filled).astype(kind, copy=True)


def _bits(kind: pa.DataType) -> int:
    return int(kind.bit_width)


def _floats(column: Any) -> Floats:
    if pt.is_date32(column.type):
        column = column.view(pa.int32())
    if pt.is_boolean(column.type):
        column = column.cast(pa.int8())
    if column.null_count or not pt.is_float64(column.type):
        column = column.cast(pa.float64(), safe=False).fill_null(np.nan)
    return np.array(column, dtype=np.float64)


def _encode(column: Any) -> tuple[NDArray[np.int32], pa.Array]:
    if not pt.is_dictionary(column.type):
        column = column.dictionary_encode()
    codes = column.indices
    filled = codes.fill_null(-1) if codes.null_count else codes
    return np.asarray(filled).astype(np.int32), column.dictionary.cast(pa.string())
