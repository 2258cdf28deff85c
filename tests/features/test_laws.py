"""Every feature keeps the laws, bit for bit, and whoever breaks one is caught by the same checks.

No feature sees the future; none depends on the order of rows, on how the work is cut, or on what
else is asked. A law takes a case and gives the names of the features that break it.
"""

import importlib.util
import threading
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import settings as rules
from tests.nightly import examples

from riskmodel import months
from riskmodel.features import DEFINITIONS, compute, definitions_by_name
from riskmodel.features import spec as say
from riskmodel.features.aggregates import AGGREGATES
from riskmodel.features.spec import FeatureDefinition, Measure
from riskmodel.settings import FeaturesSettings, SourcesSettings
from riskmodel.sources import Source
from riskmodel.sources.checks import validate_rows
from riskmodel.sources.checks.key_rules import sort_by_key
from riskmodel.sources.folder import read_folder
from riskmodel.sources.source import fingerprint
from riskmodel.storage.files import write_folder
from riskmodel.tables.canonical import CANONICAL

pytestmark = pytest.mark.slow


def beside(name):
    """A module of this folder."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


reference, drawn = beside("reference"), beside("test_reference")


@dataclass(frozen=True)
class Case:
    """Features over a source, for rows of `enterprise_id` and `as_of` numbered from 0."""

    source: Source
    rows: pd.DataFrame
    definitions: tuple[FeatureDefinition, ...]
    settings: FeaturesSettings
    portion: int = 17

    def features(self, *, threads=1):
        """The features' values, numbered as the rows are."""
        found = compute(
            self.source, self.rows, self.settings, definitions=self.definitions, threads=threads
        )
        return found.frame.set_axis(self.rows.index)

    @cached_property
    def honest(self):
        """The features that every other computation has to give again."""
        return self.features()

    def differing(self, found):
        """The features that have other bits, in the rows that were found."""
        first, second = self.honest.loc[found.index], found
        return {c.name for c in self.definitions if not same_bits(first[c.name], second[c.name])}


def same_bits(first, second):
    if first.dtype == float:
        return np.array_equal(first.to_numpy().view(np.int64), second.to_numpy().view(np.int64))
    return first.equals(second)


# Sources of which some or all must give the same features


def start_of(day, source):
    """The instant before which a row must be known."""
    return pd.Timestamp(months.day_start(day.date(), source.timezone))


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
    cut = start_of(as_of, source)

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
    start, tables = start_of(as_of, past), {}
    for name, rows in past.known_before(start).tables.items():
        time, then = ("known_at", start) if CANONICAL[name].timed else ("on", as_of.date())
        other = future.tables[name]
        other = other.filter(pc.greater_equal(other[time], pa.scalar(then, other[time].type)))
        tables[name] = sort_by_key(pa.concat_tables([rows, other]), CANONICAL[name])
    return replace(past, tables=tables, fingerprint=fingerprint(tables))


# The laws


def keeps_time(case, future=rewritten):
    """What becomes known at or after a date changes nothing at that date."""
    broken = set()
    for as_of, rows in case.rows.groupby("as_of"):
        other = replace(case, source=future(case.source, as_of), rows=rows)
        broken |= case.differing(other.features())
    return broken


def keeps_time_with_the_future_deleted(case):
    return keeps_time(case, lambda source, as_of: source.known_before(start_of(as_of, source)))


def keeps_whatever_the_order_of_rows(case):
    """The tables' rows are mixed, and come through the contract's door once more."""
    with TemporaryDirectory() as folder:
        tables = {name: case.source.frame(name) for name in case.source.tables}
        mixed = {name: frame.sample(frac=1, random_state=5) for name, frame in tables.items()}
        write_folder(mixed, Path(folder) / "mixed")
        door = SourcesSettings(
            timezone=case.source.timezone, max_rejected_share=0, max_unknown_ids_share=0
        )
        source = read_folder(Path(folder) / "mixed", door).source
    return case.differing(replace(case, source=source).features())


def keeps_whatever_the_order_asked(case):
    shuffled = case.rows.sample(frac=1, random_state=5)
    return case.differing(replace(case, rows=shuffled).features())


def keeps_whatever_is_asked_beside(case):
    """Rows are asked in two halves, and those of one enterprise alone."""
    alone = case.rows[case.rows["enterprise_id"] == case.rows["enterprise_id"].iloc[-1]]
    asked = (case.rows.iloc[::2], case.rows.iloc[1::2], alone)
    return set().union(*(case.differing(replace(case, rows=one).features()) for one in asked))


def keeps_whatever_the_portions(case, *, threads=1):
    """The work is cut into portions of a few enterprises."""
    portions = case.settings.with_values({"chunk_enterprises": case.portion})
    return case.differing(replace(case, settings=portions).features(threads=threads))


def keeps_whatever_the_threads(case):
    return keeps_whatever_the_portions(case, threads=2)


def agrees_with_the_reference(case):
    settings = case.settings
    expected = reference.reference(
        case.source, case.rows, case.definitions, cny_per_usd=settings.cny_per_usd
    )
    return set(reference.differing(case.honest, expected, case.definitions))


OF_ANY_SOURCE = (
    keeps_time_with_the_future_deleted,
    keeps_whatever_the_order_asked,
    keeps_whatever_is_asked_beside,
    keeps_whatever_the_portions,
    keeps_whatever_the_threads,
)
LAWS = (keeps_time, keeps_whatever_the_order_of_rows, *OF_ANY_SOURCE)


# Every feature of the registry, on the fictional economy

AS_OF = pd.Timestamp("2013-10-01")


@pytest.fixture(scope="module")
def economy(simulation, settings):
    """Every feature at the beginning of a month and within one."""
    who = simulation.frame("enterprises")["enterprise_id"].drop_duplicates().to_frame()
    days = pd.DataFrame({"as_of": [AS_OF, pd.Timestamp("2014-02-17")]})
    return Case(simulation, who.merge(days, how="cross"), DEFINITIONS, settings)


@pytest.fixture(scope="module")
def broken(economy):
    """The features that break each law."""
    return {law.__name__: law(economy) for law in LAWS}


@pytest.mark.parametrize("feature", [feature.name for feature in DEFINITIONS])
def test_a_feature_keeps_every_law(broken, feature):
    assert [law for law, definitions in broken.items() if feature in definitions] == []


def test_the_rewritten_future_is_seen_once_it_is_past(economy):
    """The law of time can fail: a month later the same rows change most features."""
    later = economy.rows.assign(as_of=economy.rows["as_of"] + pd.DateOffset(months=1))
    plain = replace(economy, rows=later[economy.rows["as_of"] == AS_OF])
    changed = replace(plain, source=rewritten(economy.source, AS_OF))
    same = {*definitions_by_name(DEFINITIONS)} - plain.differing(changed.features())
    assert len(same) < len(DEFINITIONS) / 10, same


@pytest.mark.parametrize(
    "table",
    ["declarations", "receipts", "purchases", "bank_records", "settlement", "receipt_matches"],
)
def test_rows_that_are_known_too_early_are_caught(economy, foreknown, table):
    definitions = {feature.name for feature in DEFINITIONS if feature.table == table}
    assert len(definitions & economy.differing(foreknown)) > len(definitions) / 2


@pytest.fixture(scope="module")
def foreknown(economy):
    """The features if each row had been known two months before it was."""

    def change(name, frame):
        timed = CANONICAL[name].timed
        early = pd.Timedelta(days=60)
        return frame.assign(known_at=frame["known_at"] - early) if timed else frame

    return replace(economy, source=with_tables(economy.source, change)).features()


# Features of any kind, on tables drawn at random


@rules(drawn.CALM, max_examples=examples(15, 4))
@given(drawn.sources, drawn.sources, drawn.drawn_definitions())
def test_no_feature_tells_apart_sources_that_knew_the_same(settings, source, other, definitions):
    case = Case(source, drawn.ASKED, (*DEFINITIONS, *definitions), settings)
    assert keeps_time(case, lambda past, as_of: spliced(past, other, as_of)) == set()


@rules(drawn.CALM, max_examples=examples(15, 4))
@given(drawn.sources, drawn.drawn_definitions())
def test_features_never_declared_before_keep_the_laws(settings, source, definitions):
    case = Case(source, drawn.ASKED, tuple(definitions), settings, portion=1)
    broken = {law.__name__: law(case) for law in OF_ANY_SOURCE}
    assert not any(broken.values()), broken


LATE = drawn.INSTANTS[-1]


def test_whoever_is_registered_late_had_the_same_rows_before(settings):
    """The register, and a line, may come to be known after what is told of them."""
    day, row = date(2024, 3, 10), drawn.row
    tables = {
        "enterprises": [
            row("enterprises", enterprise_id="E1", known_at=LATE),
            row("enterprises", enterprise_id="E2"),
        ],
        "inquiries": [
            row("inquiries", inquiry_id=f"Q{who}", enterprise_id=who, lender="l", inquired_on=day)
            for who in ("E1", "E2")
        ],
        "lines": [row("lines", line_id="L", enterprise_id="E2", bank="a", granted_on=day,
                      limit_cny=1.0, known_at=LATE)],
        "line_months": [row("line_months", line_id="L", month=day.replace(day=1), days_past_due=3)],
    }  # fmt: skip
    definitions = [
        FeatureDefinition(table, "", "none", table, Measure("count"), ("", ""))
        for table in ("inquiries", "line_months")
    ]
    rows = pd.DataFrame({"enterprise_id": ["E1", "E2"], "as_of": pd.Timestamp("2024-07-01")})
    case = Case(drawn.source_of(tables), rows, tuple(definitions), settings)
    assert case.honest["inquiries"].tolist() == [1, 1]
    assert case.honest["line_months"].tolist() == [0, 0]
    assert keeps_time_with_the_future_deleted(case) == set()


# Whoever breaks a law is caught


def rows_known_or_not(view, _):
    """Looks ahead: the rows of the enterprise, whenever they become known."""
    counts = np.diff(view.rows.offsets)
    return counts[view.pairs.enterprise].astype(float)


def rows_that_will_be_corrected(view, _):
    """Looks ahead: of what is seen, the rows of which another version will come."""
    last = view.rows.known_until[view.seen] == np.iinfo(np.int64).max
    return by_pair(view, ~last)


def rows_known_in_any_version(view, _):
    """Counts a corrected row twice: it keeps the laws, but is not what the contract says."""
    rows, found = view.rows, []
    for who, as_of, cut in zip(
        view.pairs.enterprise, view.pairs.as_of, view.pairs.day_start, strict=True
    ):
        own = slice(rows.offsets[who], rows.offsets[who + 1])
        found.append(np.sum((rows.known_at[own] < cut) & (rows.event[own] < as_of)))
    return np.array(found, dtype=float)


def number_in_the_portion(view, _):
    """Depends on who else is in the portion."""
    return view.pairs.enterprise.astype(float)


def number_asked(view, _):
    """Depends on what else is asked, and in which order."""
    return np.arange(len(view.first), dtype=float)


def thread(view, _):
    """Depends on who computes it."""
    alone = threading.current_thread() is threading.main_thread()
    return np.full(len(view.first), float(alone))


def by_pair(view, flags):
    """How many of each pair's places are flagged."""
    before = np.concatenate([[0], np.cumsum(flags)])
    return (before[view.last] - before[view.first]).astype(float)


CHEATS = {
    rows_known_or_not: {keeps_time, keeps_time_with_the_future_deleted},
    rows_that_will_be_corrected: {keeps_time, keeps_time_with_the_future_deleted},
    rows_known_in_any_version: set(),
    number_in_the_portion: {keeps_whatever_the_portions, keeps_whatever_the_threads},
    number_asked: {keeps_whatever_the_order_asked, keeps_whatever_is_asked_beside},
    thread: {keeps_whatever_the_threads},
}
COUNT = FeatureDefinition("rows", "", "none", "declarations", Measure("count"), ("", ""))


@pytest.mark.parametrize("cheat", CHEATS)
def test_a_feature_that_cheats_is_caught(economy, monkeypatch, cheat):
    monkeypatch.setitem(AGGREGATES, "count", cheat)
    case = replace(economy, definitions=(COUNT,))
    assert agrees_with_the_reference(case) == {"rows"}
    caught = {law for law in LAWS if law(case)}
    assert caught >= CHEATS[cheat]
    assert CHEATS[cheat] or not caught


def test_a_door_that_leaves_the_rows_as_they_come_is_caught(economy, monkeypatch):
    monkeypatch.setattr(validate_rows, "sort_by_key", lambda rows, _: rows)
    assert keeps_whatever_the_order_of_rows(economy)


def days_of_trade(view, _):
    """Days from the oldest row to the newest; missing without rows."""
    event, found = view.rows.event[view.seen], view.last > view.first
    days = np.full(len(found), np.nan)
    days[found] = event[view.last[found] - 1] - event[view.first[found]]
    return days


def days_of_trade_in_words(_, seen):
    return (seen.rows[-1]["event"] - seen.rows[0]["event"]).days if seen.rows else None


def test_an_honest_feature_of_a_new_kind_keeps_every_law(economy, monkeypatch):
    monkeypatch.setitem(AGGREGATES, "days_of_trade", days_of_trade)
    monkeypatch.setitem(reference.KINDS, "days_of_trade", days_of_trade_in_words)
    by_sea = say.where(say.column("transport_mode", "is", "sea"))
    measures = {
        "days_of_trade": Measure("days_of_trade"),
        "sea_volatility_5m": say.volatility("fob_usd", months=5, where=by_sea),
    }
    definitions = [
        FeatureDefinition(name, "", "none", "declarations", one, ("", ""))
        for name, one in measures.items()
    ]
    case = replace(economy, definitions=tuple(definitions))
    assert [law.__name__ for law in (*LAWS, agrees_with_the_reference) if law(case)] == []
    assert case.honest["days_of_trade"].nunique() > 10
    assert case.honest["sea_volatility_5m"].nunique() > 10
