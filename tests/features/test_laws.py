"""Every card keeps the laws, bit for bit, and whoever breaks one is caught by the same checks.

No card sees the future; none depends on the order of rows, on how the work is cut, or on what
else is asked. A law takes a case and gives the names of the cards that break it.
"""

import importlib.util
import threading
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import settings as rules

from riskmodel import months
from riskmodel.features import CARDS, by_name, compute
from riskmodel.features import language as say
from riskmodel.features.aggregates import AGGREGATES
from riskmodel.features.language import Card, Measure
from riskmodel.settings import FeaturesSettings
from riskmodel.sources import Source
from riskmodel.sources.source import fingerprint
from riskmodel.tables.canonical import CANONICAL


def beside(name):
    """A module of this folder."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


drawn = beside("test_reference")


@dataclass(frozen=True)
class Case:
    """Cards over a source, for rows of `enterprise_id` and `as_of` numbered from 0."""

    source: Source
    rows: pd.DataFrame
    cards: tuple[Card, ...]
    settings: FeaturesSettings

    def features(self, *, threads=1):
        """The cards' values, numbered as the rows are."""
        found = compute(self.source, self.rows, self.settings, cards=self.cards, threads=threads)
        return found.frame.set_axis(self.rows.index)

    @cached_property
    def honest(self):
        """The features that every other computation has to give again."""
        return self.features()

    def differing(self, found):
        """The cards that have other bits, in the rows that were found."""
        first, second = self.honest.loc[found.index], found
        return {c.name for c in self.cards if not same_bits(first[c.name], second[c.name])}


def same_bits(first, second):
    if first.dtype == float:
        return np.array_equal(first.to_numpy().view(np.int64), second.to_numpy().view(np.int64))
    return first.equals(second)


# Sources of which some or all must give the same features


def with_tables(source, change):
    """The source with `change` applied to each table's frame, in canonical types."""
    tables = {}
    for name, table in source.tables.items():
        frame = change(name, source.frame(name))
        tables[name] = pa.Table.from_pandas(frame, schema=table.schema, preserve_index=False)
    return replace(source, tables=tables, fingerprint=fingerprint(tables))


def garbled(frame):
    """Every number made another."""
    plain = frame.select_dtypes("number").columns
    return frame.assign(**{name: frame[name] * 3 + 1 for name in plain})


def rewritten(source, as_of):
    """The future deleted, changed and added to; every row of the past corrected or withdrawn."""
    cut = pd.Timestamp(months.day_start(as_of.date(), source.timezone))

    def change(name, frame):
        table = CANONICAL[name]
        if name == "fx_rates":
            return frame.assign(usd_per_unit=frame["usd_per_unit"].where(frame["on"] < as_of, 9.0))
        if not table.timed:
            return frame
        past, future = frame[frame["known_at"] < cut], frame[frame["known_at"] >= cut]
        parts = [
            past,
            garbled(future.iloc[::2]),
            garbled(past.iloc[::2]).assign(known_at=cut),
            past.iloc[1::2].assign(known_at=cut, withdrawn=True),
        ]
        own = table.key[-1]
        if table.by_name[own].kind == "id" and own != "enterprise_id":
            parts.append(past.assign(known_at=cut, **{own: "new " + past[own]}))
        every = pd.concat(parts).drop_duplicates([*table.key, "known_at"])
        return every.sort_values([*table.key, "known_at"])

    return with_tables(source, change)


def spliced(past, future, as_of):
    """What one source knew before the date, and what another came to know from then on."""
    cut = pd.Timestamp(months.day_start(as_of.date(), past.timezone))

    def change(name, frame):
        time = "known_at" if CANONICAL[name].timed else "on"
        then = cut if time == "known_at" else as_of
        other = future.frame(name)
        return pd.concat([frame[frame[time] < then], other[other[time] >= then]])

    return with_tables(past, change)


# The laws


def keeps_time(case, future=rewritten):
    """What becomes known at or after a date changes nothing at that date."""
    broken = set()
    for as_of, rows in case.rows.groupby("as_of"):
        other = replace(case, source=future(case.source, as_of), rows=rows)
        broken |= case.differing(other.features())
    return broken


def keeps_whatever_the_order_of_tables(case):
    mixed = with_tables(case.source, lambda _, frame: frame.sample(frac=1, random_state=5))
    return case.differing(replace(case, source=mixed).features())


def keeps_whatever_the_order_asked(case):
    shuffled = case.rows.sample(frac=1, random_state=5)
    return case.differing(replace(case, rows=shuffled).features())


def keeps_whatever_else_is_asked(case):
    thirds = [case.rows.iloc[part::3] for part in range(3)]
    enterprise = [rows for _, rows in case.rows.groupby("enterprise_id")][:1]
    asked = [replace(case, rows=rows).features() for rows in (*thirds, *enterprise)]
    return set().union(*(case.differing(found) for found in asked))


def keeps_whatever_the_portions(case):
    portions = [case.settings.model_copy(update={"chunk_enterprises": size}) for size in (1, 17)]
    found = [replace(case, settings=one).features() for one in portions[-1:]]
    return set().union(*(case.differing(one) for one in found))


def keeps_whatever_the_threads(case):
    portions = case.settings.model_copy(update={"chunk_enterprises": 17})
    return case.differing(replace(case, settings=portions).features(threads=2))
