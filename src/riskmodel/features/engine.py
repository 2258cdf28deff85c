"""The engine: features over a source at any set of enterprises and dates, part by part.

It interprets the features' declarations; no feature has code of its own here. Each part of whole
enterprises is a job by itself, so memory is bounded by a part and any number of them may run at a
time.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from riskmodel.features.aggregates import AGGREGATES
from riskmodel.features.attributes import NOTHING, Kind, Stated, attribute_definitions
from riskmodel.features.batch import Batch, Rates, SharedInputs
from riskmodel.features.catalogue import (
    DEFINITIONS,
    definitions_by_name,
)
from riskmodel.features.market_statistics import (
    collect_keys,
    combine_partitions,
    list_keys,
    sum_partition,
)
from riskmodel.features.plan import Plan, available, make_plan
from riskmodel.features.spec import Expression, FeatureDefinition, Measure
from riskmodel.progress import Progress, no_progress
from riskmodel.settings import FeaturesSettings
from riskmodel.sources import Source
from riskmodel.sources.partitions.chunks import map_in_threads
from riskmodel.sources.partitions.sorted_source import SortedSource, sorted_source

Values = dict[str, Any]
T = TypeVar("T")


@dataclass(frozen=True)
class Features:
    """One row per enterprise and date: `enterprise_id`, `as_of`, a column a feature.

    `definitions` are those that could be computed; `absent` names the others and what they lack.
    """

    frame: pd.DataFrame
    definitions: tuple[FeatureDefinition, ...]
    absent: pd.DataFrame


def compute(
    source: Source,
    rows: pd.DataFrame,
    settings: FeaturesSettings,
    *,
    definitions: Sequence[FeatureDefinition] | None = None,
    threads: int = 1,
    progress: Progress = no_progress,
) -> Features:
    """Every feature's value for every row (`enterprise_id`, `as_of`), as known at `as_of`.

    Features whose tables or columns the source lacks are left out and listed in `absent`. The result
    does not depend on the order of rows, the number of threads or the size of the partitions.
    """
    wanted = available(source, settings) if definitions is None else tuple(definitions)
    cut = sorted_source(source, enterprises_per_partition=settings.chunk_enterprises)
    plan = make_plan(wanted, cut)
    asked = rows[["enterprise_id", "as_of"]].reset_index(drop=True)
    days = asked["as_of"].to_numpy().astype("datetime64[D]").astype(np.int32)
    places = places_by_partition(cut.firsts, asked["enterprise_id"])

    def of(number: int) -> tuple[pa.Array, NDArray[np.int32]]:
        own = places[number]
        return pa.array(asked["enterprise_id"].iloc[own], pa.string()), days[own]

    map_partitions = map_partitions_in_threads(threads)
    shared = share_inputs(cut, np.unique(days), plan, settings, map_partitions)
    numbers = [number for number in range(cut.partition_count) if len(places[number])]
    found: list[Values] = []
    for values in map_partitions(lambda n: compute_partition(cut, n, of(n), plan, shared), numbers):
        found.append(values)
        progress(f"features, partition {len(found)} of {len(numbers)}")
    order = np.concatenate([places[n] for n in numbers]) if numbers else np.empty(0, int)
    columns = {
        feature.name: _restore_order([v[feature.name] for v in found], order, feature)
        for feature in plan.definitions
    }
    frame = pd.concat([asked, pd.DataFrame(columns, index=asked.index)], axis=1)
    absent = pd.DataFrame(list(plan.absent.items()), columns=["feature", "needs"])
    return Features(frame, plan.definitions, absent)


def compute_partition(
    source: SortedSource,
    number: int,
    asked: tuple[pa.Array, NDArray[np.int32]],
    plan: Plan,
    shared: SharedInputs,
) -> Values:
    """One partition's values for the ids and days (since 1970) asked, in their order."""
    batch = Batch(source.read_partition(number, plan.needs), shared, source.timezone)
    return compute_values(batch.with_pairs(*asked), plan)


def compute_values(batch: Batch, plan: Plan) -> Values:
    """Every feature for every pair of the batch: float64 arrays, text as Arrow arrays."""
    found: Values = {}
    for feature in plan.definitions:
        found[feature.name] = (
            compute_expression(feature.value, found)
            if isinstance(feature.value, Expression)
            else _compute_measure(batch, feature.table, feature.value)
        )
    return found


def share_inputs(
    source: SortedSource,
    days: NDArray[np.int32],
    plan: Plan,
    settings: FeaturesSettings,
    map_partitions: "MapPartitions",
) -> SharedInputs:
    """Collect what every batch reads beside its own rows, for these days.

    `map_partitions` does the work on every partition: by threads here, or by other machines.
    """
    shared = SharedInputs(shared_rates(source), settings.cny_per_usd)
    if not plan.reads_market or not len(days):
        return shared
    firsts = np.unique(days.astype("datetime64[D]").astype("datetime64[M]"))
    starts = firsts.astype("datetime64[D]").astype(np.int32)
    return replace(shared, market=_market_statistics(source, starts, plan, map_partitions))


def places_by_partition(firsts: Sequence[str], ids: pd.Series) -> list[NDArray[np.int64]]:
    """The places of the ids that fall into each partition, by the partitions' first ids."""
    codes, words = pd.factorize(ids)
    own = (
        np.searchsorted(
            np.array(firsts, dtype=object), np.asarray(words, dtype=object), side="right"
        )
        - 1
    )
    number = np.maximum(own, 0)[codes] if len(codes) else codes
    order = np.argsort(number, kind="stable")
    ends = np.searchsorted(number[order], np.arange(len(firsts) + 1))
    return [order[ends[k] : ends[k + 1]] for k in range(len(firsts))]


def select_definitions(
    names: Iterable[str], attributes: Mapping[str, Kind], stated: Stated = NOTHING
) -> tuple[FeatureDefinition, ...]:
    """The features of these names, out of the registry's and those of the given attributes.

    `stated` are the words, units and directions of attributes.
    """
    known = definitions_by_name((*DEFINITIONS, *attribute_definitions(attributes, stated)))
    return tuple(known[name] for name in names)


def _compute_measure(batch: Batch, table: str, measure: Measure) -> Any:
    if measure.kind == "exchange_rate":
        shared = batch.shared
        return rate_at(shared.rates, measure.column, batch.pairs.as_of, shared.cny_per_usd)
    return AGGREGATES[measure.kind](batch.view(table), measure)


def rate_at(
    rates: Rates, currency: str, as_of: NDArray[np.int32], otherwise: float
) -> NDArray[np.float64]:
    """Units for one US dollar by the newest rate before each day."""
    out = np.full(len(as_of), otherwise)
    if currency in rates:
        days, units = rates[currency]
        place = np.searchsorted(days, as_of) - 1
        out[place >= 0] = units[place[place >= 0]]
    return out


def compute_expression(derived: Expression, values: Values) -> NDArray[np.float64]:
    """An expression over features that are there already."""
    operands = [values[name] for name in derived.operands]
    if_undefined = np.nan if derived.if_undefined is None else derived.if_undefined
    if derived.kind == "ratio":
        upper, lower = operands
        useful = np.isfinite(lower) & (lower != 0)
        return np.divide(upper, lower, out=np.full(len(upper), if_undefined), where=useful)
    if derived.kind == "log":
        above = operands[0] > 0
        return np.log(operands[0], out=np.full(len(operands[0]), if_undefined), where=above)
    if derived.kind == "difference":
        return np.asarray(operands[0] - operands[1])
    joined = np.prod if derived.kind == "product" else np.sum
    return np.asarray(joined(np.stack(operands), axis=0))


def shared_rates(source: SortedSource) -> Rates:
    """Each currency's days, ascending, with its units for one US dollar."""
    if not source.has("fx_rates"):
        return {}
    frame = source.read_unpartitioned("fx_rates").to_pandas().sort_values("on")
    days = frame["on"].to_numpy().astype("datetime64[D]").astype(np.int32)
    units = 1 / frame["usd_per_unit"].to_numpy(float)
    return {
        str(currency): (days[own], units[own])
        for currency, own in frame.reset_index(drop=True).groupby("currency").indices.items()
    }


def _market_statistics(
    source: SortedSource, days: NDArray[np.int32], plan: Plan, map_partitions: "MapPartitions"
) -> Any:
    """Compute the market statistics at these month starts, in two passes over the partitions."""
    nothing = SharedInputs({}, 1.0)
    needs = {t: plan.needs[t] for t in ("declarations", "receipts") if t in plan.needs}
    who = {"declarations": needs["declarations"] & {"buyer_id", "hs_code", "unit"}}

    def batch(number: int, columns: Mapping[str, frozenset[str]]) -> Batch:
        return Batch(source.read_partition(number, columns), nothing, source.timezone)

    numbers = range(source.partition_count)
    among = collect_keys(
        map_partitions(lambda n: list_keys(batch(n, who).rows("declarations")), numbers)
    )
    added = map_partitions(
        lambda n: sum_partition(batch(n, needs).at_every_day(days), days, among), numbers
    )
    return combine_partitions(added, days, among)


class MapPartitions(Protocol):
    """Does some work on every partition and gives the results in the order of the numbers."""

    def __call__(self, work: Callable[[int], T], numbers: Sequence[int]) -> Iterator[T]: ...


def map_partitions_in_threads(threads: int) -> MapPartitions:
    """So many partitions at a time; no more results than that wait in memory."""

    def map_partitions(work: Callable[[int], T], numbers: Sequence[int]) -> Iterator[T]:
        return map(work, numbers) if threads == 1 else map_in_threads(work, numbers, threads)

    return map_partitions


def _restore_order(
    partitions: Sequence[Any], order: NDArray[np.int64], feature: FeatureDefinition
) -> Any:
    """A feature's values of all partitions in the order asked."""
    back = np.argsort(order, kind="stable")
    if feature.category:
        whole = pa.concat_arrays([pa.array([], pa.string()), *partitions])
        return whole.take(pa.array(back)).to_pandas().astype("str").array
    return np.concatenate([np.empty(0), *partitions])[back]
