"""Which cards a source can give, what each lacks, and the columns that they read."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.types as pt

from riskmodel.errors import SettingsError
from riskmodel.features import relations
from riskmodel.features.catalogue import CARDS, attribute_cards, by_name, with_parts
from riskmodel.features.spec import Card, Derived, Measure
from riskmodel.settings import FeaturesSettings
from riskmodel.sources import Source
from riskmodel.sources.partitions.sorted_source import Sorted
from riskmodel.sources.partitions.versions import UNTIL
from riskmodel.tables.canonical import CANONICAL

Columns = Callable[[str], Collection[str]]


@dataclass(frozen=True)
class Plan:
    """The cards that can be computed, parts before expressions; what the others lack.

    `needs` are the columns of each canonical table that the cards read.
    """

    cards: tuple[Card, ...]
    absent: Mapping[str, str]
    needs: Mapping[str, frozenset[str]]

    @property
    def asks_peers(self) -> bool:
        """Whether a card reads what other enterprises' declarations say."""
        return any(c.table == "peers" for c in self.cards if isinstance(c.value, Measure))


def available(source: Source | Sorted, settings: FeaturesSettings) -> tuple[Card, ...]:
    """Every card that a run may use: the registry's and one for each attribute."""
    columns = attribute_columns(source)
    _refuse_stray(settings.attribute_risk, columns)
    cards = (*CARDS, *attribute_cards(columns, settings.attribute_risk))
    unknown = sorted(set(settings.leave_out) - set(by_name(cards)))
    if unknown:
        raise SettingsError(f"features.leave_out: no card is called {unknown[0]}. Fix the name.")
    return tuple(card for card in cards if card.name not in settings.leave_out)


def _refuse_stray(risk: Mapping[str, str], columns: Mapping[str, str]) -> None:
    """Raises `SettingsError` where a direction is stated for what has none, or is not there."""
    stray = sorted(name for name in risk if columns.get(name, "text") == "text")
    if stray:
        raise SettingsError(
            f"features.attribute_risk: {len(stray)} of {len(risk)} names are no number or flag of"
            f" attributes (first: {stray[0]}). Fix the name, or leave it out."
        )


def planned(wanted: Sequence[Card], source: Sorted) -> Plan:
    """The plan for these cards on a source."""

    def columns(table: str) -> Collection[str]:
        return source.columns(table) if source.has(table) else ()

    cards = with_parts(wanted, by_name(CARDS) | by_name(wanted))
    known = by_name(cards)
    lacking = {card.name: _lacks(card, columns, known) for card in cards}
    able = tuple(card for card in cards if not lacking[card.name])
    absent = {name: needs for name, needs in lacking.items() if needs}
    return Plan(able, absent, _needs(able, columns))


def attribute_columns(source: Source | Sorted) -> dict[str, str]:
    """The columns of `attributes` with their kind: number, flag or text."""
    if not source.has("attributes"):
        return {}
    schema = (
        source.types("attributes")
        if isinstance(source, Sorted)
        else source.tables["attributes"].schema
    )
    return attribute_kinds(schema)


def attribute_kinds(schema: pa.Schema) -> dict[str, str]:
    """The kind of each open column of a schema of `attributes`: number, flag or text."""
    own = {*CANONICAL["attributes"].by_name, UNTIL}
    # pandas writes a frame's index beside its columns under names of its own.
    named = (f for f in schema if f.name not in own and not f.name.startswith("__index_level_"))
    return {f.name: _attribute_kind(f.type) for f in named}


def _attribute_kind(kind: pa.DataType) -> str:
    if pt.is_boolean(kind):
        return "flag"
    texts = (pt.is_string, pt.is_large_string, pt.is_string_view, pt.is_dictionary)
    return "text" if any(is_text(kind) for is_text in texts) else "number"


def _lacks(card: Card, columns: Columns, known: Mapping[str, Card]) -> str:
    """What the source would have to hold for this card; empty if it has it all."""
    if isinstance(card.value, Derived):
        parts = (_lacks(known[part], columns, known) for part in card.value.cards)
        return next((lack for lack in parts if lack), "")
    if card.value.kind == "exchange_rate":
        return ""
    return _missing(card.table, card.value.needed, columns)


def _needs(cards: Iterable[Card], columns: Columns) -> dict[str, frozenset[str]]:
    """The columns that the cards read, and those that relations read where they are there."""
    needs: dict[str, frozenset[str]] = defaultdict(frozenset)
    for card in cards:
        if not isinstance(card.value, Measure) or card.value.kind == "exchange_rate":
            continue
        for table, names in _read(card.table, card.value, columns).items():
            needs[table] |= names
    return dict(needs)


def _read(name: str, measure: Measure, columns: Columns) -> dict[str, frozenset[str]]:
    """The columns that a measure on one table or relation reads, of those that are there."""
    adds = relations.added(name)
    base = relations.base_table(name).name
    found = _taken(name, measure.needed, columns)
    found[base] = found[base] | ((measure.columns - adds) & set(columns(base)))
    return found


def _taken(name: str, wanted: frozenset[str], columns: Columns) -> dict[str, frozenset[str]]:
    """The columns that are needed, and those that are only taken where they are there."""
    found = dict(relations.needed(name, wanted))
    if name == "line_months":
        found.pop("lines")  # the sorted source has put there what the lines say
    for table, names in relations.taken(name).items():
        if columns(table):
            found[table] = found.get(table, frozenset()) | (names & set(columns(table)))
    other = relations.through(name)
    if other and not _missing(other, frozenset(), columns):
        for table, names in _taken(other, frozenset(), columns).items():
            found[table] = found.get(table, frozenset()) | names
    return found


def _missing(name: str, wanted: frozenset[str], columns: Columns) -> str:
    """The first table or column that is not there; empty if all are."""
    for table, names in relations.needed(name, wanted).items():
        there = columns(table)
        if not there:
            return table
        lacking = sorted(names - set(there))
        if lacking:
            return f"{table}.{lacking[0]}"
    return ""
