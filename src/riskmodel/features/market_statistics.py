"""Market statistics of buyers and goods over all enterprises, as known at the start of a month.

The only features that reach beyond one enterprise read these. They are built part by part, in
whole cents and counts, so that neither the parts nor their order can change a bit.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from riskmodel.features import kernels
from riskmodel.features.encoded_table import Days, EncodedTable, Flags, Floats
from riskmodel.features.point_in_time import EnterpriseDates, Mask, VisibleRows
from riskmodel.features.spec import column, where
from riskmodel.features.visible_tables import VisibleTables

RELEASED = where(column("status", "is_not", "cancelled"))
SALES = where(column("fob_usd", "above", 0))
MARKET_MONTHS = 12
"""Months that market statistics look back."""
LATE_DAYS = 30
"""Days past the terms from which a declaration counts as paid late."""
MIN_SALES = 10
"""Sales that goods need for a median unit value."""
_STEPS = 100
"""Steps of unit values to a unit of the natural logarithm."""
_SPAN, _LOWEST = 1 << 14, -(1 << 13)

Whole = NDArray[np.int64]

KEYS = pa.schema([("kind", pa.string()), ("word", pa.string()), ("several", pa.bool_())])
SUMS = pa.schema([("kind", pa.string()), ("key", pa.int64()), ("amount", pa.int64())])
_MAX_PENDING_KEYS = 4_000_000
"""Keys of several parts that wait until they are added."""
_GOODS = (("goods", "hs_code"), ("unit", "unit"))


@dataclass(frozen=True)
class MarketKeys:
    """Keys of the market: buyers of several enterprises, codes of goods, units; all sorted."""

    buyers: pa.Array
    goods: pa.Array
    units: pa.Array


@dataclass(frozen=True)
class MarketStatistics:
    """For each month's first day: sold and late cents by shared buyer, median unit values.

    `mask_sales` and `late` are dates x buyers, `medians` dates x (goods x units), NaN where too few
    sales are known.
    """

    days: Days
    keys: MarketKeys
    sales_cents: Whole
    late_cents: Whole
    median_unit_values: Floats

    def digest(self, day: int) -> str:
        """A digest of all that is known at one of the days, whoever else is named."""
        date = int(np.searchsorted(self.days, day))
        found = hashlib.sha256()
        for sums in (self.sales_cents[date], self.late_cents[date]):
            places = np.flatnonzero(sums)
            found.update("\n".join(self.keys.buyers.take(pa.array(places)).to_pylist()).encode())
            found.update(sums[places].tobytes())
        kinds = np.flatnonzero(~np.isnan(self.median_unit_values[date]))
        goods = self.keys.goods.take(pa.array(kinds // max(len(self.keys.units), 1)))
        units = self.keys.units.take(pa.array(kinds % max(len(self.keys.units), 1)))
        found.update(repr((goods.to_pylist(), units.to_pylist())).encode())
        found.update(self.median_unit_values[date][kinds].tobytes())
        return found.hexdigest()

    def dates_of(self, pairs: EnterpriseDates) -> NDArray[np.int64]:
        """Each pair's place among the pools' dates; the pairs are at month starts."""
        return np.searchsorted(self.days, pairs.as_of)

    def buyer_codes(self, rows: EncodedTable) -> NDArray[np.int32]:
        """Each row's buyer among the shared ones, or -1."""
        return rows.codes_among("buyer_id", self.keys.buyers)

    def medians_of(self, rows: EncodedTable, seen: NDArray[np.int32], dates: Whole) -> Floats:
        """The median unit value of the goods at each place."""
        goods = _goods(rows, self.keys)[seen]
        found = self.median_unit_values[dates, np.maximum(goods, 0)]
        return np.where(goods < 0, np.nan, found)


def mask_sales(view: VisibleRows) -> Mask:
    """Return which rows are sales that were not cancelled."""
    return view.mask((*RELEASED, *SALES))


def is_late(view: VisibleRows) -> Flags:
    """Return which declarations of `settlement` were paid, or are still unpaid, long past their terms."""
    with np.errstate(invalid="ignore"):
        return np.asarray(view.added["days_late"] > LATE_DAYS)


def can_match_receipts(batch: VisibleTables) -> bool:
    """Return true where the batch's receipts say which declarations they pay."""
    return batch.has("receipts") and all(
        batch.rows(table).has("declaration_id") for table in ("declarations", "receipts")
    )


def unit_values(view: VisibleRows) -> Floats:
    """FOB value by quantity; NaN where either is missing or not above 0."""
    fob, quantity = view.numbers("fob_usd"), view.numbers("quantity")
    out = np.full(len(fob), np.nan)
    return np.divide(fob, quantity, out=out, where=(fob > 0) & (quantity > 0))


def list_keys(rows: EncodedTable) -> pa.Table:
    """List the keys of one partition's declarations: kind, word, whether several enterprises have it."""
    found = [_words("buyer", *_buyers(rows))] if rows.has("buyer_id") else []
    if rows.has("hs_code") and rows.has("unit"):
        found += [_words(kind, _words_present(rows, name)) for kind, name in _GOODS]
    return pa.concat_tables([KEYS.empty_table(), *found])


def collect_keys(parts: Iterable[pa.Table]) -> MarketKeys:
    """Collect the keys of all partitions; a buyer only if several enterprises sell to it."""
    whole = pa.concat_tables([KEYS.empty_table(), *parts])
    by_word = whole.group_by(["kind", "word"]).aggregate([("several", "any"), ("word", "count")])
    several = pc.or_(by_word["several_any"], pc.greater(by_word["word_count"], 1))
    kept = by_word.filter(pc.or_(several, pc.not_equal(by_word["kind"], "buyer")))

    def of(kind: str) -> pa.Array:
        words = kept.filter(pc.equal(kept["kind"], kind))["word"].combine_chunks()
        return pa.concat_arrays([words.take(pc.array_sort_indices(words))])

    return MarketKeys(of("buyer"), of("goods"), of("unit"))


def sum_partition(batch: VisibleTables, days: Days, market_keys: MarketKeys) -> pa.Table:
    """Sum one partition: kind, key, amount (cents, or a count of sales); keys ascending.

    The batch is asked for all its enterprises at every day of `days`. The key of `mask_sales` and
    `late` is date x buyer, that of `sales` date x goods x unit x step.
    """
    view = batch.view("declarations")
    shape = (len(days), len(market_keys.buyers))
    sums, late_sums = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    if view.rows.has("buyer_id") and len(market_keys.buyers):
        late = (
            is_late(batch.view("settlement"))
            if can_match_receipts(batch)
            else np.zeros(len(view.seen), np.bool_)
        )
        codes = view.rows.codes_among("buyer_id", market_keys.buyers)
        kernels.add_to_market(
            *view.window(MARKET_MONTHS), *mask_sales(view), late, codes, view.rows.cents("fob_usd")[0],
            view.seen, view.pairs.date, sums, late_sums,
        )  # fmt: skip
    added = {"sold": _nonzero(sums), "late": _nonzero(late_sums)}
    added["sales"] = _sales(view, market_keys)
    return pa.concat_tables(
        pa.table([[kind] * len(keys), keys, amounts], schema=SUMS)
        for kind, (keys, amounts) in added.items()
    )


def combine_partitions(
    parts: Iterable[pa.Table], days: Days, market_keys: MarketKeys
) -> MarketStatistics:
    """The parts' amounts added and the medians found."""
    shape = (len(days), len(market_keys.buyers))
    sums = {"sold": np.zeros(shape, np.int64), "late": np.zeros(shape, np.int64)}
    sales: list[pa.Table] = []
    for part in parts:
        for kind, whole in sums.items():
            own = part.filter(pc.equal(part["kind"], kind))
            whole.flat[own["key"].to_numpy()] += own["amount"].to_numpy()
        sales.append(part.filter(pc.equal(part["kind"], "sales")).select(["key", "amount"]))
        if sum(len(one) for one in sales) > _MAX_PENDING_KEYS:
            sales = [_add_by_key(sales)]
    found = _add_by_key(sales).sort_by("key") if sales else SUMS.empty_table()
    kinds = max(len(market_keys.goods) * len(market_keys.units), 1)
    medians = _medians(found["key"].to_numpy(), found["amount"].to_numpy(), (len(days), kinds))
    return MarketStatistics(days, market_keys, sums["sold"], sums["late"], medians)


def _add_by_key(tables: Sequence[pa.Table]) -> pa.Table:
    """Amounts of the same key added."""
    sums = pa.concat_tables(tables).group_by("key").aggregate([("amount", "sum")])
    return sums.rename_columns({"amount_sum": "amount"})


def _nonzero(sums: Whole) -> tuple[Whole, Whole]:
    """Keys and amounts that are not 0."""
    keys = np.flatnonzero(sums)
    return keys, sums.ravel()[keys]


def _sales(view: VisibleRows, market_keys: MarketKeys) -> tuple[Whole, Whole]:
    """The part's sales by date, goods and step of unit value: keys, counts."""
    rows = view.rows
    if not all(rows.has(name) for name in ("hs_code", "unit", "quantity")):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    goods, values = _goods(rows, market_keys)[view.seen], unit_values(view)
    inside = np.arange(len(view.seen)) >= view.by_place(view.window(MARKET_MONTHS)[0])
    used = kernels.gather(*mask_sales(view)) & inside & (goods >= 0) & ~np.isnan(values)
    step = np.floor(_STEPS * np.log(values[used])).astype(np.int64) - _LOWEST
    date = view.by_place(view.pairs.date)[used]
    kinds = max(len(market_keys.goods) * len(market_keys.units), 1)
    keys, counts = np.unique((date * kinds + goods[used]) * _SPAN + step, return_counts=True)
    return keys, counts


def _medians(keys: Whole, counts: Whole, shape: tuple[int, int]) -> Floats:
    """The lower median step of each date and kind of goods, as a unit value."""
    medians = np.full(shape, np.nan)
    groups, begin = np.unique(keys // _SPAN, return_index=True)
    end = np.append(begin[1:], len(keys))
    running = np.concatenate([[0], np.cumsum(counts)])
    sales = running[end] - running[begin]
    middle = running[begin] + (sales - 1) // 2
    place = np.searchsorted(running, middle, side="right") - 1
    enough = sales >= MIN_SALES
    step = keys[place[enough]] % _SPAN + _LOWEST
    medians.flat[groups[enough]] = np.exp((step + 0.5) / _STEPS)
    return medians


def _goods(rows: EncodedTable, market_keys: MarketKeys) -> Whole:
    """Each row's kind of goods, or -1."""
    goods = rows.codes_among("hs_code", market_keys.goods).astype(np.int64)
    units = rows.codes_among("unit", market_keys.units)
    return np.where((goods < 0) | (units < 0), -1, goods * len(market_keys.units) + units)


def _buyers(rows: EncodedTable) -> tuple[pa.Array, Flags]:
    """The part's buyers, and whether several of its enterprises sell to them."""
    codes, words = rows.codes("buyer_id")
    enterprises = kernels.count_enterprises(codes, rows.offsets, max(len(words), 1))[: len(words)]
    return words.filter(pa.array(enterprises > 0)), enterprises[enterprises > 0] > 1


def _words(kind: str, words: pa.Array, several: Flags | None = None) -> pa.Table:
    flags = np.zeros(len(words), np.bool_) if several is None else several
    return pa.table([[kind] * len(words), words, flags], schema=KEYS)


def _words_present(rows: EncodedTable, name: str) -> pa.Array:
    codes, words = rows.codes(name)
    return words.take(pa.array(np.unique(codes[codes >= 0])))
