"""What all enterprises together say of a buyer or of goods, as known at the start of a month.

The only features that reach beyond one enterprise read these. They are built part by part, in
whole cents and counts, so that neither the parts nor their order can change a bit.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from riskmodel.features import kernels
from riskmodel.features.encoded_table import Coded, Days, Flags, Floats
from riskmodel.features.point_in_time import Kept, Pairs, View
from riskmodel.features.spec import column, where

if TYPE_CHECKING:
    from riskmodel.features.batch import Batch

RELEASED = where(column("status", "is_not", "cancelled"))
SALES = where(column("fob_usd", "above", 0))
POOL_MONTHS = 12
"""How far back the pools look, in months."""
LATE_DAYS = 30
"""Days past the terms from which a declaration counts as paid late."""
FEWEST_SALES = 10
"""Sales that goods need for a median unit value."""
_STEPS = 100
"""Steps of unit values to a unit of the natural logarithm."""
_SPAN, _LOWEST = 1 << 14, -(1 << 13)

Whole = NDArray[np.int64]

NAMED = pa.schema([("kind", pa.string()), ("word", pa.string()), ("several", pa.bool_())])
ADDED = pa.schema([("kind", pa.string()), ("key", pa.int64()), ("amount", pa.int64())])
_MOST_WAITING = 4_000_000
"""Keys of several parts that wait until they are added."""
_GOODS = (("goods", "hs_code"), ("unit", "unit"))


@dataclass(frozen=True)
class Census:
    """Who and what there is: buyers of several enterprises, codes of goods, units; all sorted."""

    buyers: pa.Array
    goods: pa.Array
    units: pa.Array


@dataclass(frozen=True)
class Pools:
    """For each month's first day: sold and late cents by shared buyer, median unit values.

    `sold` and `late` are dates x buyers, `medians` dates x (goods x units), NaN where too few
    sales are known.
    """

    days: Days
    census: Census
    sold: Whole
    late: Whole
    medians: Floats

    def digest(self, day: int) -> str:
        """A digest of all that is known at one of the days, whoever else is named."""
        date = int(np.searchsorted(self.days, day))
        found = hashlib.sha256()
        for sums in (self.sold[date], self.late[date]):
            places = np.flatnonzero(sums)
            found.update("\n".join(self.census.buyers.take(pa.array(places)).to_pylist()).encode())
            found.update(sums[places].tobytes())
        kinds = np.flatnonzero(~np.isnan(self.medians[date]))
        goods = self.census.goods.take(pa.array(kinds // max(len(self.census.units), 1)))
        units = self.census.units.take(pa.array(kinds % max(len(self.census.units), 1)))
        found.update(repr((goods.to_pylist(), units.to_pylist())).encode())
        found.update(self.medians[date][kinds].tobytes())
        return found.hexdigest()

    def dates_of(self, pairs: Pairs) -> NDArray[np.int64]:
        """Each pair's place among the pools' dates; the pairs are at month starts."""
        return np.searchsorted(self.days, pairs.as_of)

    def buyer_codes(self, rows: Coded) -> NDArray[np.int32]:
        """Each row's buyer among the shared ones, or -1."""
        return rows.codes_among("buyer_id", self.census.buyers)

    def medians_of(self, rows: Coded, seen: NDArray[np.int32], dates: Whole) -> Floats:
        """The median unit value of the goods at each place."""
        goods = _goods(rows, self.census)[seen]
        found = self.medians[dates, np.maximum(goods, 0)]
        return np.where(goods < 0, np.nan, found)


def sold(view: View) -> Kept:
    """Which rows are sales that were not cancelled."""
    return view.keep((*RELEASED, *SALES))


def late_after(view: View) -> Flags:
    """Whether each declaration of `settled` was paid, or is still unpaid, long past its terms."""
    with np.errstate(invalid="ignore"):
        return np.asarray(view.added["days_late"] > LATE_DAYS)


def tells_lateness(batch: "Batch") -> bool:
    """Whether the batch's receipts say which declarations they pay."""
    return batch.has("receipts") and all(
        batch.rows(table).has("declaration_id") for table in ("declarations", "receipts")
    )


def unit_values(view: View) -> Floats:
    """FOB value by quantity; NaN where either is missing or not above 0."""
    fob, quantity = view.numbers("fob_usd"), view.numbers("quantity")
    out = np.full(len(fob), np.nan)
    return np.divide(fob, quantity, out=out, where=(fob > 0) & (quantity > 0))


def named(rows: Coded) -> pa.Table:
    """Who and what one part's declarations name: kind, word, whether several enterprises do."""
    found = [_words("buyer", *_buyers(rows))] if rows.has("buyer_id") else []
    if rows.has("hs_code") and rows.has("unit"):
        found += [_words(kind, _there(rows, name)) for kind, name in _GOODS]
    return pa.concat_tables([NAMED.empty_table(), *found])


def census(parts: Iterable[pa.Table]) -> Census:
    """Who and what all parts name; a buyer only if several enterprises do."""
    whole = pa.concat_tables([NAMED.empty_table(), *parts])
    by_word = whole.group_by(["kind", "word"]).aggregate([("several", "any"), ("word", "count")])
    several = pc.or_(by_word["several_any"], pc.greater(by_word["word_count"], 1))
    kept = by_word.filter(pc.or_(several, pc.not_equal(by_word["kind"], "buyer")))

    def of(kind: str) -> pa.Array:
        words = kept.filter(pc.equal(kept["kind"], kind))["word"].combine_chunks()
        return pa.concat_arrays([words.take(pc.array_sort_indices(words))])

    return Census(of("buyer"), of("goods"), of("unit"))


def part_pool(batch: "Batch", days: Days, among: Census) -> pa.Table:
    """What one part adds: kind, key, amount (cents, or a count of sales); keys ascending.

    The batch is asked for all its enterprises at every day of `days`. The key of `sold` and
    `late` is date x buyer, that of `sales` date x goods x unit x step.
    """
    view = batch.view("declarations")
    shape = (len(days), len(among.buyers))
    sums, late_sums = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
    if view.rows.has("buyer_id") and len(among.buyers):
        late = (
            late_after(batch.view("settled"))
            if tells_lateness(batch)
            else np.zeros(len(view.seen), np.bool_)
        )
        codes = view.rows.codes_among("buyer_id", among.buyers)
        kernels.pooled(
            *view.window(POOL_MONTHS), *sold(view), late, codes, view.rows.cents("fob_usd")[0],
            view.seen, view.pairs.date, sums, late_sums,
        )  # fmt: skip
    added = {"sold": _there_only(sums), "late": _there_only(late_sums)}
    added["sales"] = _sales(view, among)
    return pa.concat_tables(
        pa.table([[kind] * len(keys), keys, amounts], schema=ADDED)
        for kind, (keys, amounts) in added.items()
    )


def pooled(parts: Iterable[pa.Table], days: Days, among: Census) -> Pools:
    """The parts' amounts added and the medians found."""
    shape = (len(days), len(among.buyers))
    sums = {"sold": np.zeros(shape, np.int64), "late": np.zeros(shape, np.int64)}
    sales: list[pa.Table] = []
    for part in parts:
        for kind, whole in sums.items():
            own = part.filter(pc.equal(part["kind"], kind))
            whole.flat[own["key"].to_numpy()] += own["amount"].to_numpy()
        sales.append(part.filter(pc.equal(part["kind"], "sales")).select(["key", "amount"]))
        if sum(len(one) for one in sales) > _MOST_WAITING:
            sales = [_added(sales)]
    found = _added(sales).sort_by("key") if sales else ADDED.empty_table()
    kinds = max(len(among.goods) * len(among.units), 1)
    medians = _medians(found["key"].to_numpy(), found["amount"].to_numpy(), (len(days), kinds))
    return Pools(days, among, sums["sold"], sums["late"], medians)


def _added(tables: Sequence[pa.Table]) -> pa.Table:
    """Amounts of the same key added."""
    sums = pa.concat_tables(tables).group_by("key").aggregate([("amount", "sum")])
    return sums.rename_columns({"amount_sum": "amount"})


def _there_only(sums: Whole) -> tuple[Whole, Whole]:
    """Keys and amounts that are not 0."""
    keys = np.flatnonzero(sums)
    return keys, sums.ravel()[keys]


def _sales(view: View, among: Census) -> tuple[Whole, Whole]:
    """The part's sales by date, goods and step of unit value: keys, counts."""
    rows = view.rows
    if not all(rows.has(name) for name in ("hs_code", "unit", "quantity")):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    goods, values = _goods(rows, among)[view.seen], unit_values(view)
    inside = np.arange(len(view.seen)) >= view.by_place(view.window(POOL_MONTHS)[0])
    used = kernels.gathered(*sold(view)) & inside & (goods >= 0) & ~np.isnan(values)
    step = np.floor(_STEPS * np.log(values[used])).astype(np.int64) - _LOWEST
    date = view.by_place(view.pairs.date)[used]
    kinds = max(len(among.goods) * len(among.units), 1)
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
    enough = sales >= FEWEST_SALES
    step = keys[place[enough]] % _SPAN + _LOWEST
    medians.flat[groups[enough]] = np.exp((step + 0.5) / _STEPS)
    return medians


def _goods(rows: Coded, among: Census) -> Whole:
    """Each row's kind of goods, or -1."""
    goods = rows.codes_among("hs_code", among.goods).astype(np.int64)
    units = rows.codes_among("unit", among.units)
    return np.where((goods < 0) | (units < 0), -1, goods * len(among.units) + units)


def _buyers(rows: Coded) -> tuple[pa.Array, Flags]:
    """The part's buyers, and whether several of its enterprises sell to them."""
    codes, words = rows.codes("buyer_id")
    enterprises = kernels.enterprises_of(codes, rows.offsets, max(len(words), 1))[: len(words)]
    return words.filter(pa.array(enterprises > 0)), enterprises[enterprises > 0] > 1


def _words(kind: str, words: pa.Array, several: Flags | None = None) -> pa.Table:
    flags = np.zeros(len(words), np.bool_) if several is None else several
    return pa.table([[kind] * len(words), words, flags], schema=NAMED)


def _there(rows: Coded, name: str) -> pa.Array:
    codes, words = rows.codes(name)
    return words.take(pa.array(np.unique(codes[codes >= 0])))
