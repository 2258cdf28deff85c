"""The engine says what the contract's words say: it agrees with the reference on every feature."""

import importlib.util
import random
from datetime import date, datetime, timedelta
from functools import cache
from itertools import permutations
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as rules
from hypothesis import strategies as st
from tests.nightly import examples

from riskmodel.features import DEFINITIONS, compute
from riskmodel.features import spec as say
from riskmodel.features.aggregates import AGGREGATES
from riskmodel.features.relations import RELATIONS
from riskmodel.features.spec import FeatureDefinition, Measure
from riskmodel.sources import Source
from riskmodel.sources.checks.columns import ARROW_TYPES
from riskmodel.sources.source import fingerprint
from riskmodel.tables.canonical import CANONICAL

pytestmark = pytest.mark.slow


def beside(name):
    """A module of this folder."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


plain = beside("reference")
ZONE = "Asia/Shanghai"

# Tables drawn at random, of few words each, so that keys, groups and edges of windows meet.

DAYS = [date(2024, 2, 29), date(2024, 3, 31), date(2024, 7, 1), date(2024, 7, 15)]
EDGES = sorted({plain.back(day, months) for day in DAYS for months in (0, 1, 3, 6, 12, 15)})
EVENTS = [edge + timedelta(days=days) for edge in EDGES for days in (-20, -1, 0, 1, 9)]
STARTS = [datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(ZONE)) for day in EDGES]
INSTANTS = [start + timedelta(microseconds=step) for start in STARTS for step in (-1, 0)]
AMOUNTS = [0.1, 0.2, 0.3, 0.5, 7.0, 12.34, 250_000.01]
COUNTS = [0, 1, 30, 31, 60, 90]
MOST = {"declarations": 120, "receipts": 60, "bank_records": 32, "purchases": 24, "refunds": 12,
        "line_months": 12, "inquiries": 10}  # fmt: skip
IDS = {"enterprise_id": 3, "declaration_id": 70, "receipt_id": 50, "invoice_id": 16, "refund_id": 8,
       "inquiry_id": 8, "account_id": 2, "lender": 2}  # fmt: skip
WORDS = {
    "destination": ["USA", "HKG", "DEU"],
    "settlement": ["TT", "LC", "OA"],
    "currency": ["CNY", "USD"],
    "fob_usd": [0.1, 0.2, 0.2, 7.0, 7.0, -0.3, -0.2],
    "quantity": [1.0, 2.0, 3.0, 0.0],
    "hs_code": ["01", "01", "01", "01", "02"],
    "unit": ["kg"],
    "bank": ["a", "b"],
    "payer_id": ["buyer_id0", "buyer_id1", "other"],
}
RARE = {"cancelled", "void"}


@cache
def words(column):
    """What a drawn table may hold in a column."""
    if column.name in WORDS:
        return WORDS[column.name]
    if column.kind == "id":
        return [f"{column.name}{place}" for place in range(IDS.get(column.name, 4))]
    if column.kind == "date":
        return [day.replace(day=1) for day in EVENTS] if column.name == "month" else EVENTS
    amounts = AMOUNTS * 3 + [-amount for amount in AMOUNTS if column.negative]
    return {
        "code": sorted(column.codes) + sorted(column.codes - RARE) * 4,
        "number": amounts,
        "text": ["p", "q"],
        "integer": COUNTS,
        "flag": [True, False],
        "instant": INSTANTS,
    }[column.kind]


def row_of(table, chance):
    """A row: one in ten is withdrawn; most were known early, the others at some edge."""
    row = {
        column.name: None
        if column.optional and chance.random() < 0.1
        else chance.choice(words(column))
        for column in table.columns
    }
    if table.timed:
        row["known_at"] = chance.choice([INSTANTS[0], INSTANTS[0], chance.choice(INSTANTS)])
        row["withdrawn"] = chance.random() < 0.1
    return row


def rows_by(table, count, seed):
    """So many rows by a seed, less those that are of one key and instant."""
    chance = random.Random(f"{table.name} {seed}")
    own = (*table.key, "known_at") if table.timed else table.key
    rows = [row_of(table, chance) for _ in range(count)]
    return list({tuple(row[name] for name in own): row for row in rows}.values())


def drawn_rows(table):
    """Rows of a table, mostly many: corrected, withdrawn, moved and late ones among them."""
    most = MOST.get(table.name, 6)
    # Drawn as a whole, for speed; what fails is still made small by its number of rows.
    count = st.integers(0, most) | st.just(most) | st.just(most)
    return st.builds(rows_by, st.just(table), count, st.integers(0, 2**32 - 1))


def row(table, **values):
    """A row with these values and no others, known early."""
    empty = dict.fromkeys(CANONICAL[table].by_name)
    return empty | {"known_at": INSTANTS[0], "withdrawn": False} | values


def registered(tables):
    """The tables with rows of the register: one always known, one late for whom none was drawn."""
    there = {one["enterprise_id"] for one in tables["enterprises"]}
    first = row("enterprises", enterprise_id="first")
    late = [
        row("enterprises", enterprise_id=who, known_at=INSTANTS[-1])
        for who in NAMED
        if who not in there
    ]
    return tables | {"enterprises": [first, *tables["enterprises"], *late]}


def source_of(tables):
    """A source of rows by table, in the contract's order."""
    arrow = {}
    for name, rows in tables.items():
        table = CANONICAL[name]
        order = (*table.key, "known_at") if table.timed else table.key
        schema = pa.schema([(one.name, ARROW_TYPES[one.kind]) for one in table.columns])
        ordered = sorted(rows, key=lambda row: [row[one] for one in order])
        arrow[name] = pa.Table.from_pylist(ordered, schema=schema)
    return Source(arrow, ZONE, fingerprint(arrow))


NAMED = words(CANONICAL["enterprises"].by_name["enterprise_id"])
DRAWN = [name for name in CANONICAL if name not in ("outcomes", "attributes")]
sources = (
    st.fixed_dictionaries({name: drawn_rows(CANONICAL[name]) for name in DRAWN})
    .map(registered)
    .map(source_of)
)
ASKED = pd.DataFrame(
    [(who, pd.Timestamp(day)) for who in (*NAMED, "nobody") for day in DAYS],
    columns=["enterprise_id", "as_of"],
)


# Measures drawn at random: any kind over any column, window and condition.

ADDED = {
    "settlement": ("declarations", {"age_days": "integer", "received_usd": "number", "days_to_cash": "integer",
                                 "days_late": "integer", "days_unpaid": "integer",
                                 "unpaid_usd": "number", "paid_on": "date"}),
    "accounts": ("bank_records", {}),
    "lines_in_force": ("lines", {"drawn_cny": "number", "days_past_due": "integer"}),
    "month_ends": ("declarations", {"days_to_month_end": "integer"}),
    "receipt_matches": ("receipts", {"matched": "flag", "days_since_declared": "integer",
                                    "payer_is_buyer": "flag"}),
    "round_trips": ("declarations", {"came_back": "flag"}),
    "market": ("declarations", {"buyer_others_usd": "number", "buyer_others_late_usd": "number",
                               "buyer_others_late_share": "share", "unit_value_to_median": "share"}),
}  # fmt: skip
EVENTFUL = [name for name in DRAWN if CANONICAL[name].event and CANONICAL[name].timed]


def kinds_of(table):
    """The columns that a feature on a table or relation may read, with their kind."""
    base, added = ADDED.get(table, (table, {}))
    own = {one.name: one.kind for one in CANONICAL[base].columns if one.kind != "instant"}
    return {name: kind for name, kind in (own | added).items() if name != "withdrawn"}


def conditions(table):
    """A condition on a column of the table, of an operator that fits it."""
    return st.one_of([conditions_on(table, name, kind) for name, kind in kinds_of(table).items()])


def conditions_on(table, name, kind):
    missing = st.just(say.column(name, "missing"))
    if kind == "date":
        return missing | st.just(say.column(name, "open"))
    if kind in ("number", "integer", "share"):
        listed = {"number": AMOUNTS, "integer": COUNTS, "share": [0.25, 0.9, 1.1]}[kind]
        operators = ["above", "at_least", "below", "at_most"]
        operators += [] if kind == "share" else ["is", "is_not"]
        chosen = st.tuples(st.sampled_from(operators), st.sampled_from(listed))
        return missing | chosen.map(lambda pair: say.column(name, *pair))
    listed = (
        [True, False]
        if kind == "flag"
        else words(CANONICAL[ADDED.get(table, (table,))[0]].by_name[name])
    )
    word = st.sampled_from(listed)
    several = word if kind == "flag" else word | st.tuples(word, word)
    chosen = st.tuples(st.sampled_from(["is", "is_not"]), several)
    return missing | chosen.map(lambda pair: say.column(name, *pair))


@st.composite
def measures(draw, table):
    """A measure over a table or relation."""
    kinds = kinds_of(table)
    numbers = [name for name, kind in kinds.items() if kind in ("number", "integer", "share")]
    texts = [name for name, kind in kinds.items() if kind in ("id", "code", "text")]
    dates = [name for name, kind in kinds.items() if kind == "date"]
    kind = draw(st.sampled_from([kind for kind in plain.KINDS if kind not in STANDING]))
    # a share is a quotient, of which sums that are equal in decimals may differ in doubles
    amounts = [name for name in numbers if kinds[name] != "share"]
    read = {"lag": dates, "distinct": [*numbers, *texts], "top_group": amounts}.get(kind, numbers)
    if not read:
        kind, read = "count", [""]
    months = draw(st.sampled_from([1, 2, 3, 6, 12] + [0] * 2 * (kind not in WINDOWED)))
    where = st.lists(conditions(table), max_size=2).map(tuple)
    met = (draw(conditions(table)),) if kind in ("share", "value_share") else ()
    by = draw(st.sampled_from(texts)) if kind in GROUPED else ""
    column = "" if kind in UNREAD else draw(st.sampled_from(read))
    return Measure(kind, column, months, draw(where), by, met)


STANDING = {"category", "months_from", "exchange_rate"}
UNREAD = {
    "count",
    "share",
    "months_since_last",
    "months_since_first",
    "months_active",
    "longest_gap",
}
GROUPED = {"top_share", "top_group", "herfindahl", "new_share", "lost_share"}
WINDOWED = {*GROUPED, "months_active", "longest_gap", "volatility", "trend", "growth",
            "growth_on_year", "growth_on_lunar_year", "peak_share"}  # fmt: skip


@st.composite
def drawn_definitions(draw):
    """Eight features that nobody has declared before."""
    tables = draw(st.lists(st.sampled_from([*EVENTFUL, *ADDED]), min_size=8, max_size=8))
    return [
        FeatureDefinition(f"drawn_{place}", "", "none", table, draw(measures(table)), ("", ""))
        for place, table in enumerate(tables)
    ]


def disagreeing(source, rows, definitions, settings):
    """The features of which the engine says something else than the reference."""
    found = compute(source, rows, settings, definitions=definitions)
    assert found.absent.empty, found.absent
    expected = plain.reference(source, rows, definitions, cny_per_usd=settings.cny_per_usd)
    return plain.differing(found.frame, expected, definitions)


CALM = rules(
    max_examples=examples(40, 12),
    deadline=None,
    derandomize=True,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=[
        HealthCheck.too_slow,
        HealthCheck.data_too_large,
        HealthCheck.large_base_example,
    ],
)


def each_kind():
    """A feature of each kind over declarations, of each table, and of each column that a relation adds."""
    released = say.where(say.column("status", "is_not", "cancelled"))
    met = say.column("settlement", "is", ("OA", "LC"))
    read = {"distinct": "hs_code", "lag": "declared_on", **dict.fromkeys(UNREAD, "")}
    found = {
        kind: ("declarations", Measure(kind, read.get(kind, "fob_usd"), 6, released,
                                       "buyer_id" if kind in GROUPED else "",
                                       (met,) if kind in ("share", "value_share") else ()))
        for kind in sorted({*plain.KINDS} - STANDING)
    }  # fmt: skip
    found |= {f"rows_of_{table}": (table, say.count()) for table in (*EVENTFUL, *ADDED)}
    for relation, (_, columns) in ADDED.items():
        for name, kind in columns.items():
            holds = say.column(name, "open" if kind == "date" else "missing")
            if kind == "date":
                found[f"lag_{name}"] = (relation, say.lag(name))
            elif kind in ("number", "integer", "share"):
                found[f"mean_{name}"] = (relation, say.mean(name))
                found[f"distinct_{name}"] = (relation, say.distinct(name))
            elif kind == "flag":
                holds = say.column(name, "is", True)
            found[f"share_{name}"] = (relation, say.share(holds))
    return [
        FeatureDefinition(name, "", "none", *feature, ("", "")) for name, feature in found.items()
    ]


def rows_of(simulation):
    """Some enterprises of the economy on ends of months, inside months, and on applications' days."""
    who = sorted(simulation.frame("enterprises")["enterprise_id"].unique())[::3]
    days = ["2013-02-28", "2013-08-31", "2014-01-31", "2014-03-17"]
    regular = [(one, pd.Timestamp(day)) for one in who for day in days]
    applied = simulation.frame("applications").query("enterprise_id in @who")
    asked = applied[["enterprise_id", "applied_on"]].itertuples(index=False, name=None)
    return pd.DataFrame([*regular, *asked], columns=["enterprise_id", "as_of"]).drop_duplicates()


def test_every_feature_agrees_on_the_fictional_economy(simulation, settings):
    definitions = (*DEFINITIONS, *each_kind())
    assert disagreeing(simulation, rows_of(simulation), definitions, settings) == []


def test_every_kind_and_relation_has_its_reference():
    assert {*plain.KINDS} == {*AGGREGATES, "exchange_rate"}
    assert {*plain.RELATIONS} == {*RELATIONS, "line_months", "fx_rates"}


@CALM
@given(sources)
def test_every_feature_agrees_on_drawn_tables(settings, source):
    assert disagreeing(source, ASKED, DEFINITIONS, settings) == []


@CALM
@given(sources, drawn_definitions())
def test_features_never_declared_before_agree_on_drawn_tables(settings, source, definitions):
    assert disagreeing(source, ASKED, definitions, settings) == []


@pytest.mark.parametrize("amounts", permutations([0.1, 0.2, -0.3]))
def test_months_that_cancel_out_have_neither_spread_nor_trend_nor_peak(settings, amounts):
    declarations = [
        row("declarations", declaration_id=f"D{month}", enterprise_id="first",
            declared_on=date(2024, month, 10), fob_usd=amount)
        for month, amount in zip((4, 5, 6), amounts, strict=True)
    ]  # fmt: skip
    source = source_of(registered({"enterprises": [], "declarations": declarations}))
    kinds = (say.volatility, say.trend, say.peak_share, say.growth)
    definitions = [
        FeatureDefinition(
            kind.__name__, "", "none", "declarations", kind("fob_usd", months=3), ("", "")
        )
        for kind in kinds
    ]
    rows = pd.DataFrame({"enterprise_id": ["first"], "as_of": [pd.Timestamp("2024-07-01")]})
    found = compute(source, rows, settings, definitions=definitions).frame.loc[0]
    assert found[[feature.name for feature in definitions]].isna().all()
    assert disagreeing(source, rows, definitions, settings) == []
