"""No card sees the future: rows known at or after the as-of date change nothing."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from riskmodel import months
from riskmodel.features import CARDS, compute
from riskmodel.sources import Source
from riskmodel.tables.canonical import CANONICAL

AS_OF = pd.Timestamp("2013-10-01")


@dataclass(frozen=True)
class Both:
    """Features of the economy as it is, and of one whose future was rewritten."""

    honest: pd.DataFrame
    rewritten: pd.DataFrame
    cheating: pd.DataFrame


def rows_of(source, *days):
    enterprises = source.frame("enterprises")[["enterprise_id"]]
    return enterprises.merge(pd.DataFrame({"as_of": pd.to_datetime(list(days))}), how="cross")


def with_tables(source, change):
    """The source with `change` applied to each table's frame, in canonical types."""
    tables = {}
    for name, table in source.tables.items():
        frame = change(name, source.frame(name))
        tables[name] = pa.Table.from_pandas(frame, schema=table.schema, preserve_index=False)
    return replace(source, tables=tables)


def garbled(frame):
    """Every value that is neither key nor time made another."""
    plain = frame.select_dtypes("number").columns
    return frame.assign(**{name: frame[name] * 3 + 1 for name in plain})


def rewrite(name, frame):
    """The future deleted, changed and added to; every row of the past corrected or withdrawn."""
    table = CANONICAL[name]
    if name == "fx_rates":
        return frame.assign(usd_per_unit=frame["usd_per_unit"].where(frame["on"] < AS_OF, 9.0))
    if not table.timed:
        return frame
    cut = pd.Timestamp(months.day_start(AS_OF.date(), "Asia/Shanghai"))
    past, future = frame[frame["known_at"] < cut], frame[frame["known_at"] >= cut]
    kept = garbled(future.iloc[::2])
    added = past.assign(known_at=cut)
    own = table.key[-1]
    if table.by_name[own].kind == "id" and own != "enterprise_id":
        added = added.assign(**{own: "new " + added[own]})
    corrected = garbled(past.iloc[::2]).assign(known_at=cut)
    withdrawn = past.iloc[1::2].assign(known_at=cut, withdrawn=True)
    parts = [past, kept, corrected, withdrawn] + ([added] if own != "enterprise_id" else [])
    every = pd.concat(parts).drop_duplicates([*table.key, "known_at"])
    return every.sort_values([*table.key, "known_at"])


def foreknown(name, frame):
    """The same rows, as if each had been known two months before it was."""
    if not CANONICAL[name].timed:
        return frame
    return frame.assign(known_at=frame["known_at"] - pd.Timedelta(days=60))


@pytest.fixture(scope="module")
def both(world: Source, settings) -> Both:
    rows = rows_of(world, AS_OF)
    found = [
        compute(source, rows, settings, cards=CARDS).frame
        for source in (world, with_tables(world, rewrite), with_tables(world, foreknown))
    ]
    return Both(*found)


def same_bits(first, second):
    if first.dtype == float:
        return np.array_equal(first.to_numpy().view(np.int64), second.to_numpy().view(np.int64))
    return first.reset_index(drop=True).equals(second.reset_index(drop=True))


@pytest.mark.parametrize("card", [card.name for card in CARDS])
def test_rows_known_at_or_after_the_as_of_date_do_not_change(both, card):
    assert same_bits(both.honest[card], both.rewritten[card])


def test_the_rewritten_future_is_seen_once_it_is_past(world, settings):
    """The test above can fail: a month later the same rows change most cards."""
    later = rows_of(world, AS_OF + pd.DateOffset(months=1))
    plain = compute(world, later, settings, cards=CARDS).frame
    changed = compute(with_tables(world, rewrite), later, settings, cards=CARDS).frame
    same = [card.name for card in CARDS if same_bits(plain[card.name], changed[card.name])]
    assert len(same) < len(CARDS) / 10, same


@pytest.mark.parametrize("table", ["declarations", "receipts", "bank_records", "settled"])
def test_features_that_know_rows_too_early_are_caught(both, table):
    cards = [card.name for card in CARDS if card.table == table]
    differing = [name for name in cards if not same_bits(both.honest[name], both.cheating[name])]
    assert len(differing) > len(cards) / 2


def test_the_order_of_rows_asked_changes_nothing(world, settings):
    rows = rows_of(world, AS_OF, "2014-04-01")
    shuffled = rows.sample(frac=1, random_state=5)
    plain = compute(world, rows, settings).frame
    again = compute(world, shuffled, settings).frame.set_axis(shuffled.index).sort_index()
    assert all(same_bits(plain[name], again[name]) for name in plain)


def test_the_order_of_rows_in_the_tables_changes_nothing(world, settings):
    rows = rows_of(world, AS_OF)
    mixed = with_tables(world, lambda _, frame: frame.sample(frac=1, random_state=5))
    plain, again = (compute(source, rows, settings).frame for source in (world, mixed))
    assert all(same_bits(plain[name], again[name]) for name in plain)


def test_portions_and_threads_change_nothing(world, settings):
    rows = rows_of(world, AS_OF, "2014-04-01")
    portions = settings.model_copy(update={"chunk_enterprises": 17})
    plain = compute(world, rows, settings, threads=1).frame
    again = compute(world, rows, portions, threads=2).frame
    assert all(same_bits(plain[name], again[name]) for name in plain)


def test_other_enterprises_and_dates_asked_beside_change_nothing(world, settings):
    rows = rows_of(world, AS_OF, "2014-04-01")
    some = rows.iloc[::7]
    plain = compute(world, rows, settings).frame.iloc[::7]
    alone = compute(world, some, settings).frame
    assert all(same_bits(plain[name], alone[name]) for name in plain)
