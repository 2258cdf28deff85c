"""One batch: the tables of whole enterprises, the rows asked of them, and what each of these sees."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from riskmodel.features.encoded_table import Days, EncodedTable, Floats
from riskmodel.features.market_statistics import MarketStatistics
from riskmodel.features.point_in_time import EnterpriseDates, VisibleRows
from riskmodel.features.relations import RELATIONS
from riskmodel.tables.canonical import CANONICAL

Rates = Mapping[str, tuple[Days, Floats]]


@dataclass(frozen=True)
class SharedInputs:
    """Inputs that every batch reads beside its own enterprises.

    `rates` are a currency's days (ascending) with units for one US dollar; `cny_per_usd` stands
    where no rate is known. `market` are there if a feature asks for them.
    """

    rates: Rates
    cny_per_usd: float
    market: MarketStatistics | None = None


class Batch:
    """Tables of whole enterprises, and what `pairs` see of them; columns and views are made once.

    `tables` have rows as `riskmodel.sources.partitions.sorted_source` gives them. Without `pairs` nobody asks yet:
    see `with_pairs` and `at_every_day`.
    """

    def __init__(self, tables: Mapping[str, pa.Table], shared: SharedInputs, timezone: str) -> None:
        ids = enterprises(tables)
        rows = {name: EncodedTable(table, CANONICAL[name], ids) for name, table in tables.items()}
        self._begin(rows, ids, shared, EnterpriseDates.of(*_NOBODY, timezone))

    def _begin(
        self,
        rows: Mapping[str, EncodedTable],
        ids: pa.Array,
        shared: SharedInputs,
        pairs: EnterpriseDates,
    ) -> None:
        self.ids, self.shared, self.pairs = ids, shared, pairs
        self._rows = rows
        self._views: dict[str, VisibleRows] = {}

    def with_pairs(self, ids: pa.Array, as_of: Days) -> "Batch":
        """The same rows, seen by these enterprises at these days.

        An enterprise that has no row in any table sees nothing.
        """
        places = np.asarray(pc.index_in(ids, self.ids).fill_null(len(self.ids)))
        return self._seen_by_pairs(
            EnterpriseDates.of(places.astype(np.int64), as_of, self.pairs.timezone)
        )

    def at_every_day(self, days: Days) -> "Batch":
        """The same rows, seen by every enterprise at every day."""
        enterprise = np.repeat(np.arange(len(self.ids)), len(days))
        as_of = np.tile(days, len(self.ids))
        return self._seen_by_pairs(EnterpriseDates.of(enterprise, as_of, self.pairs.timezone))

    @property
    def at_month_start(self) -> "Batch":
        """The same pairs at the first day of each date's month; itself where all are that."""
        pairs = self.pairs.at_month_start()
        # Itself is not kept: a circle would hold its arrays until the collector comes by.
        return self if pairs is self.pairs else self._month_start

    @cached_property
    def _month_start(self) -> "Batch":
        return self._seen_by_pairs(self.pairs.at_month_start())

    @property
    def market(self) -> MarketStatistics | None:
        """Market statistics of all enterprises' declarations, where a feature reads them."""
        return self.shared.market

    @property
    def tables(self) -> tuple[str, ...]:
        """The tables that are there."""
        return tuple(self._rows)

    def has(self, table: str) -> bool:
        """Return true where the table is there."""
        return table in self._rows

    def view(self, name: str) -> VisibleRows:
        """Return the rows of a table or relation that each pair sees."""
        if name not in self._views:
            self._views[name] = (
                RELATIONS[name].view(self)
                if name in RELATIONS
                else VisibleRows.of(self._rows[name], self.pairs)
            )
        return self._views[name]

    def rows(self, table: str) -> EncodedTable:
        """All rows of a table, visible or not."""
        return self._rows[table]

    def _seen_by_pairs(self, pairs: EnterpriseDates) -> "Batch":
        other = object.__new__(Batch)
        other._begin(self._rows, self.ids, self.shared, pairs)
        return other


_NOBODY = (np.empty(0, np.int64), np.empty(0, np.int32))


def enterprises(tables: Mapping[str, pa.Table]) -> pa.Array:
    """All enterprises that have a row in some table, sorted."""
    found = [_distinct(rows["enterprise_id"]) for rows in tables.values()]
    whole = pa.concat_arrays([pa.array([], pa.string()), *found]).unique()
    return whole.take(pc.array_sort_indices(whole))


def _distinct(column: pa.ChunkedArray) -> pa.Array:
    words = column.unique()
    return (words.dictionary_decode() if pa.types.is_dictionary(words.type) else words).cast(
        pa.string()
    )
